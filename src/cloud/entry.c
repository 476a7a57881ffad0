/* A call's entry in the request log: what it was about, who made it, what became of it. */
#include "call.h"

#include <string.h>

enum { SHOWN_MAX = 300 };

static const char *const identifiers[] = {"name",
                                          "gatewayIdentifier",
                                          "gatewayId",
                                          "targetId",
                                          "agentRuntimeId",
                                          "agentRuntimeName",
                                          "endpointName",
                                          "agentRuntimeVersion",
                                          "resourceArn",
                                          "agentRuntimeArn",
                                          "qualifier",
                                          "RoleName",
                                          "PolicyName",
                                          "PolicyArn",
                                          "RoleArn",
                                          "UserPoolId",
                                          "PoolName",
                                          "ClientId",
                                          "ClientName",
                                          "Domain",
                                          "Identifier",
                                          "ResourceArn",
                                          "logGroupName",
                                          "logGroupNamePrefix",
                                          "repositoryName",
                                          "SecretId",
                                          "nextToken",
                                          "NextToken",
                                          "Marker",
                                          "clientToken",
                                          "targetIdList",
                                          "protocolType",
                                          "Bucket",
                                          "Key",
                                          "Name"};

/* Members that say which object a call is about. */
void gt_entry_ids(struct gt_call *call, const json_t *document)
{
    json_t *ids = json_object_get(call->entry, "ids");
    for (size_t i = 0; i < GT_COUNT(identifiers); i++) {
        json_t *value = json_object_get(document, identifiers[i]);
        if (json_is_string(value) || json_is_array(value))
            json_object_set(ids, identifiers[i], value);
    }
}

const char *gt_request_shown(struct gt_arena *arena, const struct gt_request *request)
{
    struct gt_buf text = gt_buf_init(64 * 1024);
    gt_buf_addf(&text, "%s %s", request->method, request->path);
    for (const char *at = request->query; at != NULL && *at != '\0';) {
        size_t len = strcspn(at, "&"), name_len = strcspn(at, "=&");
        gt_buf_addc(&text, at == request->query ? '?' : '&');
        gt_buf_add(&text, at, name_len);
        if (name_len < len)
            gt_buf_adds(&text, "=...");
        at += len + (at[len] == '&');
    }
    const char *shown = gt_one_line(arena, gt_buf_text(&text), SHOWN_MAX);
    gt_buf_done(&text);
    return shown;
}

static json_t *text_or_null(const char *text)
{
    return text == NULL ? json_null() : json_string(text);
}

void gt_entry_write(struct gt_call *call, int status)
{
    struct gt_local *local = call->serve.local;
    const struct gt_request *request = gt_exchange_request(call->serve.exchange);
    json_t *entry = call->entry;
    if (entry == NULL)
        return;
    call->entry = NULL;
    json_object_set_new(entry, "status", status == 0 ? json_null() : json_integer(status));
    json_object_set_new(entry, "error", text_or_null(call->failed));
    json_object_set_new(entry, "account", text_or_null(call->caller.account));
    json_object_set_new(entry, "caller", text_or_null(call->caller.arn));
    json_object_set_new(entry, "region", text_or_null(call->caller.region));
    json_object_set_new(entry, "ms", json_integer(gt_monotonic_ms(local->sys) - call->arrived_ms));
    if (call->failed != NULL)
        json_object_set_new(entry, "message",
                            json_string(gt_one_line(call->serve.arena, call->message, 500)));
    if (call->fault != NULL)
        json_object_set(entry, "fault", json_object_get(call->fault, "fault"));
    if (call->serve.operation == NULL || call->handler == NULL)
        json_object_set_new(entry, "refused",
                            json_string(gt_request_shown(call->serve.arena, request)));
    gt_log_write(local, json_incref(entry));
}

void gt_entry_begin(struct gt_call *call, const struct gt_arrival *arrival)
{
    struct gt_local *local = call->serve.local;
    json_auto_t *time = gt_json_time(gt_now_ms(local->sys));
    call->entry = gt_keep(
        call->serve.arena,
        json_pack("{s:I, s:o, s:O, s:o, s:o, s:b, s:s, s:{}}", "n", (json_int_t)++local->numbers,
                  "k", arrival->counted ? json_integer((json_int_t)++local->arrivals) : json_null(),
                  "time", time, "service", text_or_null(arrival->service), "operation",
                  text_or_null(arrival->operation), "mutating", arrival->mutating, "requestId",
                  call->serve.request_id, "ids"));
}
