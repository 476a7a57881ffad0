/* tools/call: to the server of the target that the tool's name begins with. What goes wrong on the
 * way there is said with the target's name. */
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { CALL_TIMEOUT_MS = 300 * 1000, FOUND_MOST = 10, DETAIL_MAX = 1000 };

struct calling {
    struct gt_visit visit; /* its end is told this */
    struct gt_upstream *link;
    struct gt_mcp_open *open;
    const char *target;
    json_t *params;
    bool debug;
};

static void unknown_tool(struct gt_visit *visit, const char *name)
{
    struct gt_mcp_call *call = visit->call;
    gt_visit_done(visit);
    gt_mcp_error(call, GT_RPC_INVALID_PARAMS,
                 gt_printf(call->arena, "Unknown tool: %s", gt_one_line(call->arena, name, 200)),
                 NULL);
}

static void on_notification(void *payload, const json_t *notification)
{
    struct calling *calling = payload;
    const char *method = gt_text_at(notification, "/method");
    const json_t *params = json_object_get(notification, "params");
    if (gt_streq(method, "notifications/progress")) {
        json_t *progress = json_object_get(params, "progress");
        json_t *total = json_object_get(params, "total");
        if (json_is_number(progress))
            gt_mcp_progress(calling->visit.call, json_number_value(progress),
                            json_is_number(total) ? json_number_value(total) : -1.0,
                            gt_text_at(params, "/message"));
    } else if (gt_streq(method, "notifications/message")) {
        gt_mcp_notify(calling->visit.call, method, json_deep_copy(params));
    }
}

/* The server's result without what belongs to the connection with it. */
static json_t *passed_on(const struct gt_mcp_call *call, const json_t *result)
{
    json_t *copy = json_copy(gt_iterable(result));
    json_t *meta = json_object_get(copy, "_meta");
    json_object_del(copy, "ttlMs");
    json_object_del(copy, "cacheScope");
    if (!gt_mcp_is_modern(call->version))
        json_object_del(copy, "resultType");
    if (meta != NULL) {
        json_t *kept = json_copy(meta);
        json_object_del(kept, "io.modelcontextprotocol/serverInfo");
        if (json_object_size(kept) > 0)
            json_object_set(copy, "_meta", kept);
        else
            json_object_del(copy, "_meta");
        json_decref(kept);
    }
    return copy;
}

static const char *const failures[] = {
    [GT_MCP_HTTP_STATUS] = "the MCP server answered with an error",
    [GT_MCP_UNREACHABLE] = "the MCP server cannot be reached",
    [GT_MCP_NO_ANSWER] = "the MCP server gave no whole answer",
    [GT_MCP_GARBLED] = "the MCP server's answer is no MCP",
};

/* A model can act on "gave no answer"; the rest is for people, with exceptionLevel DEBUG. */
static void answer_failure(struct calling *calling, const struct gt_mcp_outcome *outcome)
{
    struct gt_mcp_call *call = calling->visit.call;
    struct gt_arena *arena = call->arena;
    const char *message =
        gt_one_line(arena, outcome->message == NULL ? "" : outcome->message, DETAIL_MAX);
    if (outcome->failure == GT_MCP_REFUSED) {
        gt_mcp_error(call, outcome->code,
                     gt_printf(arena, "target %s: %s", calling->target, message),
                     json_deep_copy(outcome->data));
        return;
    }
    const char *text = failures[outcome->failure];
    if (calling->link->trouble != NULL)
        text = "the gateway is not authorized to call the MCP server";
    if (outcome->http_status != 0)
        text = gt_printf(arena, "%s (HTTP %d)", text, outcome->http_status);
    if (!calling->debug) {
        gt_mcp_tool_error(call, "target %s: %s", calling->target, text);
        return;
    }
    const char *body = gt_one_line(arena, outcome->body == NULL ? "" : outcome->body, DETAIL_MAX);
    gt_mcp_tool_error(call, "target %s: %s: %s%s%s", calling->target, text, message,
                      *body == '\0' ? "" : ": ", body);
}

static void on_done(void *payload, const struct gt_mcp_outcome *outcome)
{
    struct calling *calling = payload;
    struct gt_mcp_call *call = calling->visit.call;
    struct gt_upstream *link = calling->link;
    calling->open = NULL;
    if (outcome->failure != GT_MCP_OK && outcome->failure != GT_MCP_REFUSED)
        gt_mcp_client_reset(link->client); /* what comes back may be another server */
    gt_visit_done(&calling->visit);
    if (outcome->failure == GT_MCP_OK)
        gt_mcp_result(call, passed_on(call, outcome->result));
    else
        answer_failure(calling, outcome);
    gt_upstream_release(link);
}

static void calling_end(struct gt_visit *visit, const char *why)
{
    struct calling *calling = visit->work;
    struct gt_mcp_call *call = visit->call;
    struct gt_upstream *link = calling->link;
    gt_mcp_cancel(calling->open);
    gt_visit_done(visit);
    gt_mcp_error(call, GT_RPC_INTERNAL_ERROR, why, NULL);
    gt_upstream_release(link);
}

static void start(struct calling *calling)
{
    const struct gt_mcp_call *call = calling->visit.call;
    const struct gt_mcp_ask ask = {
        .method = "tools/call",
        .params = calling->params,
        .timeout_ms = CALL_TIMEOUT_MS,
        .on_notification =
            json_object_get(call->meta, "progressToken") != NULL ? on_notification : NULL,
        .payload = calling,
    };
    calling->open = gt_mcp_request(calling->link->client, &ask, on_done, calling);
}

/* Params as the server gets them: its own name of the tool, and of _meta only the trace. */
static json_t *params_of(struct gt_mcp_call *call, const char *tool)
{
    static const char *const traces[] = {"traceparent", "tracestate", "baggage"};
    json_t *params = gt_keep(call->arena, json_copy(gt_iterable(call->params)));
    json_t *meta = json_object();
    for (size_t i = 0; i < GT_COUNT(traces); i++) {
        json_t *value = json_object_get(call->meta, traces[i]);
        if (value != NULL)
            json_object_set(meta, traces[i], value);
    }
    if (json_object_size(meta) > 0)
        json_object_set(params, "_meta", meta);
    else
        json_object_del(params, "_meta");
    json_decref(meta);
    json_object_set_new(params, "name", json_string(tool));
    if (json_object_get(params, "arguments") == NULL)
        json_object_set_new(params, "arguments", json_object());
    return params;
}

static bool lists_tool(const struct gt_object *target, const char *tool)
{
    const json_t *tools = json_object_get(target->hidden, "tools");
    if (tools == NULL)
        tools = gt_at(target->data, "/targetConfiguration/mcp/lambda/toolSchema/inlinePayload");
    size_t i;
    json_t *listed;
    json_array_foreach(gt_iterable(tools), i, listed)
    {
        if (gt_streq(gt_text_at(listed, "/name"), tool))
            return true;
    }
    return false;
}

static struct gt_object *target_named(struct gt_local *local, const struct gt_object *gateway,
                                      const char *name)
{
    for (struct gt_object *at = NULL;
         (at = gt_object_next(local, &gt_kind_target, gateway->account, gateway->region,
                              gateway->id, at)) != NULL;) {
        if (gt_streq(gt_text_at(at->data, "/name"), name) &&
            gt_streq(gt_text_at(at->data, "/status"), "READY"))
            return at;
    }
    return NULL;
}

static void call_target(struct calling *calling, struct gt_object *gateway,
                        struct gt_object *target, const char *tool)
{
    struct gt_mcp_call *call = calling->visit.call;
    const char *problem = NULL;
    if (gt_at(target->data, "/targetConfiguration/mcp/lambda") != NULL)
        problem = "the embedded cloud runs no Lambda functions";
    else
        calling->link = gt_upstream_of(calling->visit.door->plane, gateway, target, &problem);
    if (calling->link == NULL) {
        gt_visit_done(&calling->visit);
        gt_mcp_tool_error(call, "target %s: %s", calling->target, problem);
        return;
    }
    gt_upstream_hold(calling->link);
    calling->params = params_of(call, tool);
    calling->visit.work = calling;
    calling->visit.end = calling_end;
    start(calling);
}

static void answer_search(struct gt_visit *visit, const json_t *tools)
{
    struct gt_mcp_call *call = visit->call;
    json_t *found = gt_search_rank(call->arena, tools, gt_text_at(call->params, "/arguments/query"),
                                   FOUND_MOST);
    json_t *content = json_pack("{s:o}", "tools", found);
    char *text = gt_json_canonical(call->arena, content);
    gt_visit_done(visit);
    gt_mcp_result(call, json_pack("{s:[{s:s, s:s}], s:o, s:b}", "content", "type", "text", "text",
                                  text, "structuredContent", content, "isError", 0));
}

static void search(struct gt_visit *visit)
{
    struct gt_mcp_call *call = visit->call;
    if (gt_text_at(call->params, "/arguments/query") != NULL) {
        gt_gateway_tools(visit, answer_search);
        return;
    }
    gt_visit_done(visit);
    gt_mcp_tool_error(call, "the argument query is missing");
}

void gt_gateway_call_tool(void *self, struct gt_mcp_call *call)
{
    struct gt_door *door = self;
    struct gt_local *local = door->plane->local;
    struct calling *calling = GT_NEW(call->arena, struct calling);
    struct gt_visit *visit = &calling->visit;
    struct gt_object *gateway = gt_object_again(local, &door->gateway), *target = NULL;
    const char *name = gt_text_at(call->params, "/name"), *tool = NULL;
    const json_t *arguments = json_object_get(call->params, "arguments");
    gt_visit_begin(door, call, visit);
    if (name == NULL || (arguments != NULL && !json_is_object(arguments))) {
        gt_visit_done(visit);
        gt_mcp_error(call, GT_RPC_INVALID_PARAMS,
                     name == NULL ? "params.name is missing" : "params.arguments is no object",
                     NULL);
        return;
    }
    if (gateway != NULL && gt_streq(name, GT_SEARCH_TOOL) &&
        gt_streq(gt_text_at(gateway->data, "/protocolConfiguration/mcp/searchType"), "SEMANTIC")) {
        search(visit);
        return;
    }
    if (gateway != NULL && gt_tool_split(call->arena, name, &calling->target, &tool))
        target = target_named(local, gateway, calling->target);
    if (target == NULL || (!gt_target_is_dynamic(target) && !lists_tool(target, tool))) {
        unknown_tool(visit, name);
        return;
    }
    calling->debug = gt_streq(gt_text_at(gateway->data, "/exceptionLevel"), "DEBUG");
    call_target(calling, gateway, target, tool);
}
