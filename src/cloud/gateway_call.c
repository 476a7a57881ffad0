/* tools/call and prompts/get: to the server of the target that the name begins with; and what every
 * request to a target's server has in common. What goes wrong on the way is said with the target's
 * name. */
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { CALL_TIMEOUT_MS = 300 * 1000, FOUND_MOST = 10, DETAIL_MAX = 1000 };

static const char tools_call[] = "tools/call";

struct calling {
    struct gt_visit *visit; /* its end is told this */
    struct gt_upstream *link;
    struct gt_mcp_open *open;
    const char *target;
    struct gt_passing passing;
    bool debug;
};

static void on_notification(void *payload, const json_t *notification)
{
    struct calling *calling = payload;
    const char *method = gt_text_at(notification, "/method");
    const json_t *params = json_object_get(notification, "params");
    if (gt_streq(method, "notifications/progress")) {
        json_t *progress = json_object_get(params, "progress");
        json_t *total = json_object_get(params, "total");
        if (json_is_number(progress))
            gt_mcp_progress(calling->visit->call, json_number_value(progress),
                            json_is_number(total) ? json_number_value(total) : -1.0,
                            gt_text_at(params, "/message"));
    } else if (gt_streq(method, "notifications/message")) {
        gt_mcp_notify(calling->visit->call, method, json_deep_copy(params));
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

/* Of a tool a result that a model can act on; else an error. */
static void fail(struct gt_mcp_call *call, const char *target, const char *text)
{
    const char *message = gt_printf(call->arena, "target %s: %s", target, text);
    if (gt_streq(call->method, tools_call))
        gt_mcp_tool_error(call, "%s", message);
    else
        gt_mcp_error(call, GT_RPC_INTERNAL_ERROR, message, NULL);
}

/* A model can act on "gave no answer"; the rest is for people, with exceptionLevel DEBUG. */
static void answer_failure(struct calling *calling, const struct gt_mcp_outcome *outcome)
{
    struct gt_mcp_call *call = calling->visit->call;
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
    if (calling->debug) {
        const char *body =
            gt_one_line(arena, outcome->body == NULL ? "" : outcome->body, DETAIL_MAX);
        text = gt_printf(arena, "%s: %s%s%s", text, message, *body == '\0' ? "" : ": ", body);
    }
    fail(call, calling->target, text);
}

static void on_done(void *payload, const struct gt_mcp_outcome *outcome)
{
    struct calling *calling = payload;
    struct gt_mcp_call *call = calling->visit->call;
    struct gt_upstream *link = calling->link;
    calling->open = NULL;
    if (outcome->failure != GT_MCP_OK && outcome->failure != GT_MCP_REFUSED)
        gt_mcp_client_reset(link->client); /* what comes back may be another server */
    gt_visit_done(calling->visit);
    gt_passing_back(call, &calling->passing, outcome);
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

/* Of _meta the server gets only the trace: the rest is of the connection with the client. */
static json_t *params_of(struct gt_mcp_call *call)
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
    if (gt_streq(call->method, tools_call) && json_object_get(params, "arguments") == NULL)
        json_object_set_new(params, "arguments", json_object());
    return params;
}

void gt_gateway_forward(struct gt_visit *visit, struct gt_object *gateway, struct gt_object *target,
                        const char *name)
{
    struct gt_mcp_call *call = visit->call;
    const struct gt_request *request = gt_exchange_request(visit->exchange);
    struct calling *calling = GT_NEW(call->arena, struct calling);
    const char *problem = NULL;
    calling->visit = visit;
    calling->target = gt_strdup(call->arena, gt_text_at(target->data, "/name"));
    calling->debug = gt_streq(gt_text_at(gateway->data, "/exceptionLevel"), "DEBUG");
    if (gt_at(target->data, "/targetConfiguration/mcp/lambda") != NULL)
        problem = "the embedded cloud runs no Lambda functions";
    else
        calling->link = gt_upstream_of(visit->door->plane, gateway, target, request, &problem);
    if (calling->link == NULL) {
        gt_visit_done(visit);
        fail(call, calling->target, problem);
        return;
    }
    gt_upstream_hold(calling->link);
    calling->passing = gt_passing_of(call->arena, target, request);
    visit->work = calling;
    visit->end = calling_end;
    json_t *params = params_of(call);
    if (name != NULL)
        json_object_set_new(params, "name", json_string(name));
    const struct gt_mcp_ask ask = {
        .method = call->method,
        .params = params,
        .timeout_ms = CALL_TIMEOUT_MS,
        .on_notification = visit->door->streams ? on_notification : NULL,
        .payload = calling,
        .headers = calling->passing.headers,
        .header_count = calling->passing.header_count,
        .query = calling->passing.query,
    };
    calling->open = gt_mcp_request(calling->link->client, &ask, on_done, calling);
}

/* -- by name -- */

static const struct named {
    const char *method, *member, *unknown;
} named[] = {
    {tools_call, "tools", "Unknown tool"},
    {"prompts/get", "prompts", "Unknown prompt"},
};

static bool offers(const struct gt_object *target, const char *member, const char *name)
{
    const json_t *list = json_object_get(target->hidden, member);
    if (list == NULL && gt_streq(member, "tools"))
        list = gt_at(target->data, "/targetConfiguration/mcp/lambda/toolSchema/inlinePayload");
    size_t i;
    json_t *listed;
    json_array_foreach(gt_iterable(list), i, listed)
    {
        if (gt_streq(gt_text_at(listed, "/name"), name))
            return true;
    }
    return false;
}

struct gt_object *gt_gateway_target(struct gt_local *local, const struct gt_object *gateway,
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

static void answer_search(struct gt_visit *visit, const json_t *found)
{
    struct gt_mcp_call *call = visit->call;
    const json_t *tools = gt_keep(call->arena, gt_names_merged(call->arena, found));
    json_t *best = gt_search_rank(call->arena, tools, gt_text_at(call->params, "/arguments/query"),
                                  FOUND_MOST);
    json_t *content = json_pack("{s:o}", "tools", best);
    char *text = gt_json_canonical(call->arena, content);
    gt_visit_done(visit);
    gt_mcp_result(call, json_pack("{s:[{s:s, s:s}], s:o, s:b}", "content", "type", "text", "text",
                                  text, "structuredContent", content, "isError", 0));
}

static void search(struct gt_visit *visit)
{
    struct gt_mcp_call *call = visit->call;
    if (gt_text_at(call->params, "/arguments/query") != NULL) {
        gt_gateway_gather(visit, &gt_offers[GT_OFFER_TOOLS], answer_search);
        return;
    }
    gt_visit_done(visit);
    gt_mcp_tool_error(call, "the argument query is missing");
}

bool gt_gateway_searches(const struct gt_object *gateway)
{
    return gateway != NULL &&
           gt_streq(gt_text_at(gateway->data, "/protocolConfiguration/mcp/searchType"), "SEMANTIC");
}

static void call_named(struct gt_door *door, struct gt_mcp_call *call, const struct named *kind)
{
    struct gt_local *local = door->plane->local;
    struct gt_visit *visit = GT_NEW(call->arena, struct gt_visit);
    struct gt_object *gateway = gt_object_again(local, &door->gateway), *target = NULL;
    const char *name = gt_text_at(call->params, "/name"), *prefix = NULL, *own = NULL;
    const json_t *arguments = json_object_get(call->params, "arguments");
    gt_visit_begin(door, call, visit);
    const char *problem = name == NULL ? "params.name is missing"
                          : arguments != NULL && !json_is_object(arguments)
                              ? "params.arguments is no object"
                              : NULL;
    if (problem != NULL) {
        gt_visit_done(visit);
        gt_mcp_error(call, GT_RPC_INVALID_PARAMS, problem, NULL);
        return;
    }
    if (gt_streq(kind->method, tools_call) && gt_streq(name, GT_SEARCH_TOOL) &&
        gt_gateway_searches(gateway)) {
        search(visit);
        return;
    }
    if (gateway != NULL && gt_tool_split(call->arena, name, &prefix, &own))
        target = gt_gateway_target(local, gateway, prefix);
    if (target != NULL && (gt_target_is_dynamic(target) || offers(target, kind->member, own))) {
        gt_gateway_forward(visit, gateway, target, own);
        return;
    }
    gt_visit_done(visit);
    gt_mcp_error(
        call, GT_RPC_INVALID_PARAMS,
        gt_printf(call->arena, "%s: %s", kind->unknown, gt_one_line(call->arena, name, 200)), NULL);
}

void gt_gateway_call_tool(void *self, struct gt_mcp_call *call)
{
    call_named(self, call, &named[0]);
}

void gt_gateway_get_prompt(void *self, struct gt_mcp_call *call)
{
    call_named(self, call, &named[1]);
}
