/* A request arrives: who may ask at all, what it is for, and what a fault script says to that. */
#include "call.h"

#include <gantry/base/url.h>
#include <string.h>

/* What the cloud's own HTTP client says of itself, to tell its requests from those of others. */
static const char own_agent[] = "gantry-local";

/* -- who may ask -- */

/* A page of the web may send requests here, by its own name or by one that it made to point here:
 * neither gets an answer. */
static bool may_ask(struct gt_exchange *exchange, const char **host)
{
    const struct gt_request *request = gt_exchange_request(exchange);
    const char *origin = gt_request_header(request, "origin");
    *host = gt_request_header(request, "host");
    bool good = *host != NULL && gt_authority_is_loopback(*host);
    if (good && origin != NULL) {
        const char *scheme = strstr(origin, "://");
        good = (gt_starts_with(origin, "http://") || gt_starts_with(origin, "https://")) &&
               gt_authority_is_loopback(scheme + 3);
    }
    if (good)
        return true;
    json_auto_t *body = json_pack("{s:s}", "message",
                                  "Host and Origin must be loopback names: this is a local "
                                  "development service");
    gt_reply_json(exchange, 403, body);
    return false;
}

/* -- arrival -- */

/* What is no AWS call answers by itself; no handler has it, so that none is missed either. */
static void work_data_plane(struct gt_call *call)
{
    struct gt_local *local = call->serve.local;
    struct gt_exchange *exchange = call->serve.exchange;
    const char *base_url = call->serve.base_url;
    /* Taken by value: the exchange, and the call with it, may be gone afterwards. */
    json_auto_t *entry = json_incref(call->entry);
    call->entry = NULL;
    if (gt_oauth_take(local, exchange, base_url) || gt_gateway_take(local, exchange, base_url) ||
        gt_runtime_take_bearer(local, exchange, base_url)) {
        json_object_set_new(entry, "status", json_null());
        gt_log_write(local, json_incref(entry));
        return;
    }
    call->entry = entry;
    call->data_plane = false;
    gt_route(call);
    if (call->serve.operation != NULL)
        call->handler = gt_handler_find(call->serve.operation);
    gt_work(call);
}

static void begin(struct gt_call *call)
{
    if (call->fault != NULL && gt_fault_time(call->fault) == GT_FAULT_BEFORE)
        gt_mishap_before(call);
    else if (call->data_plane)
        work_data_plane(call);
    else
        gt_work(call);
}

/* For S3 a path is the customer's own. */
static bool is_s3(const struct gt_request *request)
{
    const char *authorization = gt_request_header(request, "authorization");
    return authorization != NULL && strstr(authorization, "/s3/aws4_request") != NULL;
}

/* What is no AWS call, by its path: the names under which the log and the fault script know it. */
static void name_data_plane(struct gt_call *call, struct gt_arrival *arrival)
{
    static const struct {
        const char *service, *operation, *start, *part;
    } names[] = {{"oauth", "Token", "/cognito/", "/oauth2/token"},
                 {"gateway", "Metadata", "/.well-known/", "/.well-known/oauth-protected-resource"},
                 {"oauth", "Discovery", "/", "/.well-known/"},
                 {"gateway", "Mcp", "/gateway/", "/"},
                 {"runtime", "Invoke", "/runtimes/", "/invocations"}};
    const struct gt_request *request = gt_exchange_request(call->serve.exchange);
    const char *authorization = gt_request_header(request, "authorization");
    bool bearer = authorization == NULL || !gt_starts_with(authorization, "AWS4-");
    for (size_t i = 0; i < GT_COUNT(names) && !is_s3(request); i++) {
        if (!gt_starts_with(request->path, names[i].start) ||
            strstr(request->path, names[i].part) == NULL ||
            (gt_streq(names[i].service, "runtime") && !bearer))
            continue;
        arrival->service = names[i].service;
        arrival->operation = names[i].operation;
        call->data_plane = true;
        return;
    }
}

bool gt_exchange_is_own(struct gt_exchange *exchange)
{
    const char *agent = gt_request_header(gt_exchange_request(exchange), "user-agent");
    return agent != NULL && gt_starts_with(agent, own_agent);
}

static void name_aws(struct gt_call *call, struct gt_arrival *arrival)
{
    const struct gt_operation *operation;
    gt_route(call);
    operation = call->serve.operation;
    if (operation != NULL)
        call->handler = gt_handler_find(operation);
    *arrival =
        (struct gt_arrival){.service = call->service == NULL ? NULL : call->service->name,
                            .operation = operation == NULL ? NULL : operation->name,
                            .mutating = operation != NULL && gt_operation_mutates(operation->name),
                            .counted = !gt_exchange_is_own(call->serve.exchange)};
}

static void arrive(struct gt_local *local, struct gt_exchange *exchange, const char *base_url)
{
    struct gt_arena *arena = gt_exchange_arena(exchange);
    struct gt_call *call = GT_NEW(arena, struct gt_call);
    call->serve = (struct gt_serve){.arena = arena,
                                    .local = local,
                                    .exchange = exchange,
                                    .account = "",
                                    .region = GT_LOCAL_REGION,
                                    .partition = "aws",
                                    .caller_arn = "",
                                    .caller_id = "",
                                    .base_url = base_url,
                                    .request_id = gt_uuid(local->sys, arena)};
    call->looks_like = GT_PROTOCOL_REST_JSON;
    call->arrived_ms = gt_monotonic_ms(local->sys);
    struct gt_arrival arrival = {0};
    name_data_plane(call, &arrival);
    if (!call->data_plane)
        name_aws(call, &arrival);
    gt_entry_begin(call, &arrival);
    call->fault = gt_keep(arena, json_incref(gt_iterable(gt_faults_take(local, &arrival))));
    int64_t delay_ms = local->knobs.latency_ms;
    if (gt_streq(gt_fault_name(call), "slow")) {
        const json_t *ms = json_object_get(call->fault, "ms");
        delay_ms += ms == NULL ? 1000 : json_integer_value(ms);
    }
    if (gt_streq(gt_fault_name(call), "block-before"))
        gt_call_hold(call, begin);
    else if (delay_ms > 0)
        gt_call_later(call, delay_ms, begin);
    else
        begin(call);
}

static void health(struct gt_local *local, struct gt_exchange *exchange)
{
    json_auto_t *body = json_pack("{s:s, s:s}", "status", "ok", "id", local->id);
    gt_reply_json(exchange, 200, body);
}

void gt_dispatch(void *payload, struct gt_exchange *exchange)
{
    struct gt_local *local = payload;
    const struct gt_request *request = gt_exchange_request(exchange);
    const char *host;
    if (!may_ask(exchange, &host))
        return;
    const char *base_url = gt_printf(gt_exchange_arena(exchange), "http://%s", host);
    if (gt_streq(request->path, "/_gantry/health") && gt_streq(request->method, "GET"))
        health(local, exchange);
    else
        arrive(local, exchange, base_url);
}
