#include "client_parts.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/mcp/relay.h>

enum { OK_STATUS = 200, ACCEPTED = 202, UNAVAILABLE = 503, DEPTH_MAX = 64 };

struct relayed { /* a call that the child works on */
    struct relayed *previous, *next;
    struct gt_mcp_relay *relay;
    struct gt_mcp_call *call;
    struct gt_mcp_open *open;
};

struct waiting { /* a request that came before the child was connected */
    struct waiting *next;
    struct gt_exchange *exchange;
    struct gt_mcp_http_options options;
};

struct gt_mcp_relay {
    struct gt_arena *arena;
    struct gt_loop *loop;
    struct gt_mcp_client *client;
    struct gt_mcp_server *server; /* once the child has said what it is */
    struct gt_mcp_open *connecting;
    struct waiting *first, **last;
    struct relayed *calls;
};

/* -- one call -- */

static void leave(struct relayed *relayed)
{
    if (relayed->previous != NULL)
        relayed->previous->next = relayed->next;
    else
        relayed->relay->calls = relayed->next;
    if (relayed->next != NULL)
        relayed->next->previous = relayed->previous;
}

/* What a child of 2026-07-28 says and a former version does not have. */
static const char *const modern_members[] = {"resultType", "ttlMs", "cacheScope"};

static void pass_result(struct gt_mcp_call *call, const json_t *result)
{
    bool modern = gt_mcp_is_modern(call->version);
    if (!json_is_object(result)) {
        gt_mcp_error(call, GT_RPC_INTERNAL_ERROR, "the server's result is no object", NULL);
        return;
    }
    if (modern) {
        gt_mcp_result(call, json_incref(gt_iterable(result)));
        return;
    }
    if (gt_streq(gt_text_at(result, "/resultType"), "input_required")) {
        gt_mcp_error(call, GT_RPC_INTERNAL_ERROR,
                     "the server asks for input, which this protocol version cannot give", NULL);
        return;
    }
    json_t *copy = json_copy(gt_iterable(result));
    for (size_t i = 0; i < GT_COUNT(modern_members); i++)
        json_object_del(copy, modern_members[i]);
    gt_mcp_result(call, copy);
}

static void on_done(void *payload, const struct gt_mcp_outcome *outcome)
{
    struct relayed *relayed = payload;
    struct gt_mcp_call *call = relayed->call;
    leave(relayed);
    gt_mcp_on_cancel(call, NULL, NULL);
    if (outcome->failure == GT_MCP_OK)
        pass_result(call, outcome->result);
    else if (outcome->failure == GT_MCP_REFUSED && outcome->error != NULL)
        gt_mcp_error(call, outcome->code, gt_text_at(outcome->error, "/message"),
                     json_incref(gt_iterable(outcome->data)));
    else
        gt_mcp_error(call, GT_RPC_INTERNAL_ERROR, outcome->message, NULL);
}

static void on_cancel(void *payload)
{
    struct relayed *relayed = payload;
    leave(relayed);
    gt_mcp_cancel(relayed->open);
    gt_mcp_error(relayed->call, GT_RPC_INTERNAL_ERROR, "the request was cancelled", NULL);
}

static void on_notification(void *payload, const json_t *notification)
{
    struct relayed *relayed = payload;
    struct gt_rpc rpc = gt_rpc_read(notification);
    const json_t *total = json_object_get(rpc.params, "total");
    if (gt_streq(rpc.method, "notifications/progress"))
        gt_mcp_progress(relayed->call, json_number_value(json_object_get(rpc.params, "progress")),
                        json_is_number(total) ? json_number_value(total) : -1,
                        gt_text_at(rpc.params, "/message"));
    else if (gt_streq(rpc.method, "notifications/message"))
        gt_mcp_notify(relayed->call, rpc.method, json_incref(gt_iterable(rpc.params)));
}

static void run(void *self, struct gt_mcp_call *call)
{
    struct gt_mcp_relay *relay = self;
    struct relayed *relayed = GT_NEW(call->arena, struct relayed);
    *relayed = (struct relayed){.next = relay->calls, .relay = relay, .call = call};
    if (relay->calls != NULL)
        relay->calls->previous = relayed;
    relay->calls = relayed;
    bool listens = json_object_get(call->meta, "progressToken") != NULL ||
                   json_object_get(call->meta, "io.modelcontextprotocol/logLevel") != NULL;
    struct gt_mcp_ask ask = {
        .method = call->method,
        .params = call->params,
        .on_notification = listens ? on_notification : NULL,
        .payload = relayed,
    };
    relayed->open = gt_mcp_request(relay->client, &ask, on_done, relayed);
    gt_mcp_on_cancel(call, on_cancel, relayed);
}

/* Subscriptions to resources, logs without a request and tasks need a connection that lasts. */
static const struct gt_mcp_method methods[] = {
    {"tools/list", GT_MCP_LIST, run},
    {"tools/call", GT_MCP_NAMED, run},
    {"prompts/list", GT_MCP_LIST, run},
    {"prompts/get", GT_MCP_NAMED, run},
    {"resources/list", GT_MCP_LIST, run},
    {"resources/templates/list", GT_MCP_LIST, run},
    {"resources/read", GT_MCP_LIST | GT_MCP_NAMED, run},
    {"completion/complete", 0, run},
    {NULL, 0, NULL},
};

/* -- the child -- */

static const char *const passed_capabilities[] = {"tools", "prompts", "resources", "completions",
                                                  "logging"};

static json_t *capabilities_of(struct gt_arena *arena, const json_t *child)
{
    json_t *capabilities = gt_keep(arena, json_object());
    const json_t *given = json_object_get(child, "capabilities");
    for (size_t i = 0; i < GT_COUNT(passed_capabilities); i++) {
        const json_t *value = json_object_get(given, passed_capabilities[i]);
        if (json_is_object(value))
            json_object_set_new(capabilities, passed_capabilities[i],
                                json_copy(gt_iterable(value)));
    }
    json_object_del(json_object_get(capabilities, "resources"), "subscribe");
    return capabilities;
}

static json_t *info_of(struct gt_arena *arena, const json_t *child)
{
    json_t *info = json_object_get(child, "serverInfo");
    if (!json_is_object(info))
        info = gt_at(child, "/_meta/io.modelcontextprotocol~1serverInfo");
    if (!json_is_object(info))
        return gt_pack(arena, "{s:s, s:s}", "name", "server", "version", "0");
    return gt_keep(arena, json_incref(info));
}

static void make_server(struct gt_mcp_relay *relay, const json_t *child)
{
    relay->server = gt_mcp_server_new(&(struct gt_mcp_server_options){
        .loop = relay->loop,
        .server_info = info_of(relay->arena, child),
        .capabilities = capabilities_of(relay->arena, child),
        .instructions = gt_strdup(relay->arena, gt_text_at(child, "/instructions")),
        .methods = methods,
        .self = relay,
    });
}

/* A list that changed; other notifications that belong to no request have nowhere to go. */
static void on_observed(void *payload, const json_t *notification)
{
    static const struct {
        const char *method, *list;
    } changes[] = {
        {"notifications/tools/list_changed", "tools"},
        {"notifications/prompts/list_changed", "prompts"},
        {"notifications/resources/list_changed", "resources"},
    };
    struct gt_mcp_relay *relay = payload;
    const char *method = gt_text_at(notification, "/method");
    for (size_t i = 0; i < GT_COUNT(changes) && relay->server != NULL; i++)
        if (gt_streq(method, changes[i].method))
            gt_mcp_list_changed(relay->server, changes[i].list);
}

/* -- requests that wait for it -- */

static void refuse(struct gt_exchange *exchange, const char *message)
{
    const struct gt_request *request = gt_exchange_request(exchange);
    const char *problem = NULL;
    json_auto_t *body = gt_rpc_parse(gt_exchange_arena(exchange), request->body, request->body_len,
                                     DEPTH_MAX, &problem);
    struct gt_rpc rpc = gt_rpc_read(body);
    if (rpc.kind == GT_RPC_REQUEST) {
        json_auto_t *answer = gt_rpc_error(rpc.id, false, GT_RPC_INTERNAL_ERROR, message, NULL);
        gt_reply_json(exchange, OK_STATUS, answer);
    } else {
        bool accepted = rpc.kind == GT_RPC_NOTIFICATION || rpc.kind == GT_RPC_RESPONSE;
        gt_reply(exchange, accepted ? ACCEPTED : UNAVAILABLE, NULL, 0, "", 0);
    }
}

static void refuse_waiting(struct gt_mcp_relay *relay, const char *message)
{
    struct waiting *next;
    for (struct waiting *waiting = relay->first; waiting != NULL; waiting = next) {
        next = waiting->next; /* it lives in its exchange */
        refuse(waiting->exchange, message);
    }
    relay->first = NULL;
    relay->last = &relay->first;
}

static void on_connected(void *payload, const struct gt_mcp_outcome *outcome)
{
    struct gt_mcp_relay *relay = payload;
    relay->connecting = NULL;
    if (outcome->failure != GT_MCP_OK) {
        refuse_waiting(relay, outcome->message);
        return;
    }
    make_server(relay, outcome->result);
    struct waiting *next;
    for (struct waiting *waiting = relay->first; waiting != NULL; waiting = next) {
        next = waiting->next;
        gt_mcp_http_serve(relay->server, &waiting->options, waiting->exchange, NULL);
    }
    relay->first = NULL;
    relay->last = &relay->first;
}

void gt_mcp_relay_serve(struct gt_mcp_relay *relay, const struct gt_mcp_http_options *options,
                        struct gt_exchange *exchange)
{
    if (relay->server != NULL) {
        gt_mcp_http_serve(relay->server, options, exchange, NULL);
        return;
    }
    struct waiting *waiting = GT_NEW(gt_exchange_arena(exchange), struct waiting);
    *waiting = (struct waiting){.exchange = exchange, .options = *options};
    *relay->last = waiting;
    relay->last = &waiting->next;
    if (relay->connecting == NULL)
        relay->connecting =
            gt_client_ask(relay->client, &(struct gt_client_ask){0}, on_connected, relay);
}

struct gt_mcp_relay *gt_mcp_relay_new(struct gt_loop *loop, struct gt_mcp_client *client)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_mcp_relay *relay = GT_NEW(arena, struct gt_mcp_relay);
    *relay = (struct gt_mcp_relay){.arena = arena, .loop = loop, .client = client};
    relay->last = &relay->first;
    client->observer = on_observed;
    client->observer_payload = relay;
    return relay;
}

void gt_mcp_relay_free(struct gt_mcp_relay *relay)
{
    static const char stopped[] = "the server is being stopped";
    if (relay == NULL)
        return;
    relay->client->observer = NULL;
    gt_mcp_cancel(relay->connecting);
    refuse_waiting(relay, stopped);
    while (relay->calls != NULL) {
        struct relayed *relayed = relay->calls;
        struct gt_mcp_call *call = relayed->call;
        leave(relayed);
        gt_mcp_on_cancel(call, NULL, NULL);
        gt_mcp_cancel(relayed->open);
        gt_mcp_error(call, GT_RPC_INTERNAL_ERROR, stopped, NULL);
    }
    gt_mcp_server_free(relay->server);
    gt_arena_free(relay->arena);
}
