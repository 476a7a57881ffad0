#include "client_parts.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { TIMEOUT_MS = 60000, MESSAGE_MAX = 2000 };

static int64_t now_ms(const struct gt_mcp_client *client)
{
    return gt_monotonic_ms(gt_loop_sys(client->options.loop));
}

struct gt_mcp_client *gt_mcp_client_new(const struct gt_mcp_client_options *options)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_mcp_client *client = GT_NEW(arena, struct gt_mcp_client);
    client->arena = arena;
    client->options = *options;
    client->options.url = gt_strdup(arena, options->url);
    client->options.name = gt_strdup(arena, options->name != NULL ? options->name : "gantry");
    client->options.version = gt_strdup(arena, options->version != NULL ? options->version : "0");
    if (options->timeout_ms <= 0)
        client->options.timeout_ms = TIMEOUT_MS;
    if (options->http == NULL)
        gt_client_pipe_open(client, options->in, options->out);
    return client;
}

static void unlink_open(struct gt_mcp_open *open)
{
    struct gt_mcp_client *client = open->client;
    if (open->previous != NULL)
        open->previous->next = open->next;
    else
        client->first = open->next;
    if (open->next != NULL)
        open->next->previous = open->previous;
    else
        client->last = open->previous;
    gt_timer_cancel(open->timer);
    open->timer = NULL;
}

void gt_mcp_client_free(struct gt_mcp_client *client)
{
    if (client == NULL)
        return;
    while (client->first != NULL) {
        struct gt_mcp_open *open = client->first;
        unlink_open(open);
        if (open->drop != NULL)
            open->drop(open->payload);
        gt_arena_free(open->arena);
    }
    gt_client_drop_forwards(client);
    gt_outgoing_drop_all(client);
    gt_client_pipe_close(client);
    gt_link_clear(&client->link);
    gt_link_clear(&client->passed);
    gt_arena_free(client->arena);
}

enum gt_mcp_version gt_mcp_client_version(const struct gt_mcp_client *client)
{
    return client->link.version;
}

const json_t *gt_mcp_client_server(const struct gt_mcp_client *client)
{
    return client->link.server;
}

const char *gt_mcp_client_handshake(const struct gt_mcp_client *client)
{
    return client->link.handshake;
}

void gt_mcp_client_reset(struct gt_mcp_client *client)
{
    if (client->state != GT_CLIENT_CONNECTED) /* what is not connected connects anew */
        return;
    client->state = GT_CLIENT_IDLE;
    client->epoch++;
    gt_link_clear(&client->link);
}

bool gt_mcp_client_ended(const struct gt_mcp_client *client)
{
    return client->end_reason != NULL;
}

void gt_client_finish(struct gt_mcp_open *open, const struct gt_mcp_outcome *outcome)
{
    struct gt_mcp_client *client = open->client;
    struct gt_mcp_outcome told = *outcome;
    told.elapsed_ms = now_ms(client) - open->started_ms;
    if (told.failure == GT_MCP_OK && gt_mcp_is_modern(client->link.version) &&
        gt_streq(open->method, "tools/list"))
        gt_client_note_tools(&client->link, told.result);
    open->finished = true;
    unlink_open(open);
    if (open->fn != NULL)
        open->fn(open->payload, &told);
    gt_outgoing_drop(open->outgoing, true);
    gt_arena_free(open->arena);
}

void gt_client_fail_all(struct gt_mcp_client *client, bool sent,
                        const struct gt_mcp_outcome *outcome)
{
    for (struct gt_mcp_open *open = client->first; open != NULL; open = open->next)
        if (open->sent == sent && open->doom == NULL)
            open->doom = outcome;
    for (struct gt_mcp_open *open = client->first; open != NULL;) {
        if (open->doom != outcome) {
            open = open->next;
            continue;
        }
        gt_client_finish(open, outcome);
        open = client->first; /* a completion may have ended others */
    }
}

static void on_limit(void *payload)
{
    struct gt_mcp_open *open = payload;
    open->timer = NULL;
    struct gt_mcp_outcome outcome = {.failure = GT_MCP_UNREACHABLE,
                                     .message = "no connection to the server in time"};
    if (open->broken != NULL) {
        outcome.message = open->broken;
    } else if (open->sent) {
        outcome =
            (struct gt_mcp_outcome){.failure = GT_MCP_NO_ANSWER, .message = "no answer in time"};
        gt_client_send_cancelled(open);
    }
    gt_client_finish(open, &outcome);
}

static void on_connected(void *payload)
{
    struct gt_mcp_open *open = payload;
    open->timer = NULL;
    if (open->client->state != GT_CLIENT_CONNECTED) { /* it was reset meanwhile */
        gt_client_connect(open->client);
        return;
    }
    struct gt_mcp_outcome outcome = gt_client_connected(open->client);
    gt_client_finish(open, &outcome);
}

void gt_client_break(struct gt_mcp_open *open, const char *why)
{
    gt_timer_cancel(open->timer);
    open->broken = gt_strdup(open->arena, why);
    open->timer = gt_timer_start(open->client->options.loop, 0, on_limit, open);
}

int64_t gt_client_disarm(struct gt_mcp_open *open)
{
    int64_t left_ms = open->started_ms + open->timeout_ms - now_ms(open->client);
    gt_timer_cancel(open->timer);
    open->timer = NULL;
    return left_ms > 0 ? left_ms : 1;
}

void gt_client_arm(struct gt_mcp_open *open)
{
    int64_t left_ms = gt_client_disarm(open);
    open->timer = gt_timer_start(open->client->options.loop, left_ms, on_limit, open);
}

void gt_client_dispatch(struct gt_mcp_open *open)
{
    struct gt_mcp_client *client = open->client;
    if (client->end_reason != NULL) {
        gt_client_break(open, client->end_reason);
        return;
    }
    open->sent = true;
    open->epoch = client->epoch;
    if (client->options.http != NULL)
        gt_client_http_send(open);
    else
        gt_client_pipe_send(open);
}

struct gt_mcp_open *gt_client_ask(struct gt_mcp_client *client, const struct gt_client_ask *spec,
                                  gt_mcp_done_fn *fn, void *payload)
{
    const struct gt_mcp_ask *ask = &spec->ask;
    struct gt_arena *arena = gt_arena_new();
    struct gt_mcp_open *open = GT_NEW(arena, struct gt_mcp_open);
    *open = (struct gt_mcp_open){
        .previous = client->last,
        .client = client,
        .arena = arena,
        .method = gt_strdup(arena, ask->method),
        .params = gt_keep(arena, json_incref(gt_iterable(ask->params))),
        .id = ++client->last_id,
        .started_ms = now_ms(client),
        .timeout_ms = ask->timeout_ms > 0 ? ask->timeout_ms : client->options.timeout_ms,
        .headers = gt_calloc(arena, ask->header_count + 1, sizeof(*open->headers)),
        .header_count = ask->header_count,
        .query = gt_strdup(arena, ask->query),
        .on_notification = ask->on_notification,
        .notification_payload = ask->payload,
        .fn = fn,
        .payload = payload,
        .drop = spec->drop,
        .handshake = spec->handshake,
    };
    for (size_t i = 0; i < ask->header_count; i++) {
        open->headers[i].name = gt_strdup(arena, ask->headers[i].name);
        open->headers[i].value = gt_strdup(arena, ask->headers[i].value);
    }
    if (client->last != NULL)
        client->last->next = open;
    else
        client->first = open;
    client->last = open;
    if (open->method != NULL) /* connecting has limits of its own */
        gt_client_arm(open);
    if (!open->handshake && client->state != GT_CLIENT_CONNECTED)
        gt_client_connect(client);
    else if (open->method != NULL)
        gt_client_dispatch(open);
    else
        open->timer = gt_timer_start(client->options.loop, 0, on_connected, open);
    return open;
}

struct gt_mcp_open *gt_mcp_request(struct gt_mcp_client *client, const struct gt_mcp_ask *ask,
                                   gt_mcp_done_fn *fn, void *payload)
{
    return gt_client_ask(client, &(struct gt_client_ask){.ask = *ask}, fn, payload);
}

void gt_mcp_connect(struct gt_mcp_client *client, gt_mcp_done_fn *fn, void *payload)
{
    gt_client_ask(client, &(struct gt_client_ask){0}, fn, payload);
}

void gt_mcp_cancel(struct gt_mcp_open *open)
{
    if (open == NULL || open->finished)
        return;
    if (open->sent)
        gt_client_send_cancelled(open);
    open->finished = true;
    unlink_open(open);
    gt_outgoing_drop(open->outgoing, false);
    gt_arena_free(open->arena);
}

/* A handshake with a server that is gone says nothing about the next one. */
static void stop_handshake(struct gt_mcp_client *client)
{
    struct gt_mcp_open *open = client->first;
    while (open != NULL && !open->handshake)
        open = open->next;
    gt_mcp_cancel(open);
    client->state = GT_CLIENT_IDLE;
}

void gt_mcp_client_rebind(struct gt_mcp_client *client, int in, int out)
{
    struct gt_mcp_outcome lost = {.failure = GT_MCP_NO_ANSWER,
                                  .message = "the server was replaced before it answered"};
    gt_client_pipe_close(client);
    gt_client_pipe_open(client, in, out);
    if (client->state == GT_CLIENT_CONNECTING)
        stop_handshake(client);
    gt_mcp_client_reset(client);
    gt_client_fail_all(client, true, &lost);
    gt_client_connect_if_awaited(client);
}

void gt_client_send_notification(struct gt_mcp_client *client, const char *method, json_t *params)
{
    json_auto_t *message = gt_rpc_notification(method, params);
    if (client->options.http != NULL)
        gt_client_http_tell(client, message, NULL);
    else if (client->pipe != NULL && client->end_reason == NULL)
        gt_mcp_pipe_send(client->pipe, message);
}

/* Over HTTP at 2026-07-28 the closing of the answer's stream says it; initialize is never
 * cancelled. */
void gt_client_send_cancelled(struct gt_mcp_open *open)
{
    struct gt_mcp_client *client = open->client;
    bool http = client->options.http != NULL;
    if (open->handshake || open->broken != NULL || open->epoch != client->epoch ||
        (http && (gt_mcp_is_modern(client->link.version) ||
                  (open->outgoing != NULL && !gt_outgoing_has_left(open->outgoing)))))
        return;
    gt_client_send_notification(client, "notifications/cancelled",
                                json_pack("{s:I}", "requestId", (json_int_t)open->id));
}

bool gt_client_outcome(const struct gt_rpc *response, struct gt_mcp_outcome *outcome,
                       struct gt_arena *arena)
{
    if (response->kind != GT_RPC_RESPONSE)
        return false;
    if (response->error == NULL) {
        outcome->failure = GT_MCP_OK;
        outcome->result = response->result;
        return true;
    }
    json_int_t code = json_integer_value(json_object_get(response->error, "code"));
    const char *message = gt_text_at(response->error, "/message");
    outcome->failure = GT_MCP_REFUSED;
    outcome->error = response->error;
    outcome->code = code < INT32_MIN || code > INT32_MAX ? GT_RPC_INTERNAL_ERROR : (int)code;
    outcome->message = *message != '\0' ? gt_one_line(arena, message, MESSAGE_MAX)
                                        : gt_printf(arena, "error %d", outcome->code);
    outcome->data = json_object_get(response->error, "data");
    return true;
}

/* Progress names its token, which is the request's id; what a subscription sends names it too. */
static struct gt_mcp_open *owner_of(const struct gt_mcp_client *client, const struct gt_rpc *rpc)
{
    const json_t *id = gt_streq(rpc->method, "notifications/progress")
                           ? json_object_get(rpc->params, "progressToken")
                           : gt_at(rpc->params, "/_meta/io.modelcontextprotocol~1subscriptionId");
    if (!json_is_integer(id))
        return NULL;
    for (struct gt_mcp_open *open = client->first; open != NULL; open = open->next)
        if (open->id == json_integer_value(id))
            return open;
    return NULL;
}

void gt_client_notify(struct gt_mcp_client *client, struct gt_mcp_open *open,
                      const struct gt_rpc *rpc, const json_t *message)
{
    if (rpc->params != NULL && open == NULL)
        open = owner_of(client, rpc);
    if (open != NULL && open->on_notification != NULL) {
        open->on_notification(open->notification_payload, message);
        return;
    }
    if (client->observer != NULL)
        client->observer(client->observer_payload, message);
    if (client->options.on_notification != NULL)
        client->options.on_notification(client->options.payload, message);
}

json_t *gt_client_answer(const struct gt_mcp_client *client, const struct gt_rpc *request)
{
    if (gt_streq(request->method, "ping"))
        return gt_rpc_result(request->id, NULL);
    return gt_rpc_error(request->id, !gt_mcp_is_modern(client->link.version),
                        GT_RPC_METHOD_NOT_FOUND, "this client serves no such method", NULL);
}
