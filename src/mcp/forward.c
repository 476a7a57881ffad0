/* Messages of another client, passed on as they stand: version and session are its own, and what
 * its handshake brought is remembered from what passes. */
#include "client_parts.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

enum { UNAUTHORIZED = 401, NOT_FOUND = 404, SUBSCRIPTION_MS = 7 * 24 * 3600 * 1000 };

struct gt_forward {
    struct gt_forward *previous, *next;
    struct gt_mcp_client *client;
    struct gt_arena *arena;
    struct gt_outgoing *outgoing;
    struct gt_timer *timer;     /* it ends in the next turn, without having been sent */
    const json_t *message, *id; /* id: of requests */
    const char *method;
    const char *session; /* that it was sent with */
    const char *problem;
    bool modern, answered, replayed;
    int64_t started_ms;
    void (*on_message)(void *payload, const json_t *message); /* NULL: of our own making */
    gt_mcp_done_fn *fn;
    void *payload;
};

static void dispose(struct gt_forward *forward)
{
    if (forward->previous != NULL)
        forward->previous->next = forward->next;
    else
        forward->client->forwards = forward->next;
    if (forward->next != NULL)
        forward->next->previous = forward->previous;
    gt_timer_cancel(forward->timer);
    gt_arena_free(forward->arena);
}

void gt_client_drop_forwards(struct gt_mcp_client *client)
{
    while (client->forwards != NULL)
        dispose(client->forwards);
}

static int64_t now_ms(const struct gt_mcp_client *client)
{
    return gt_monotonic_ms(gt_loop_sys(client->options.loop));
}

static void finish(struct gt_forward *forward, const struct gt_mcp_outcome *outcome)
{
    struct gt_mcp_outcome told = *outcome;
    told.elapsed_ms = now_ms(forward->client) - forward->started_ms;
    forward->fn(forward->payload, &told);
    dispose(forward);
}

static void end_unsent(void *payload)
{
    struct gt_forward *forward = payload;
    forward->timer = NULL;
    finish(forward, &(struct gt_mcp_outcome){.failure = GT_MCP_OK});
}

static void end_later(struct gt_forward *forward)
{
    if (forward->timer == NULL)
        forward->timer = gt_timer_start(forward->client->options.loop, 0, end_unsent, forward);
}

static struct gt_forward *new_forward(struct gt_mcp_client *client, const json_t *message)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_forward *forward = GT_NEW(arena, struct gt_forward);
    struct gt_rpc rpc = gt_rpc_read(message);
    *forward = (struct gt_forward){
        .next = client->forwards,
        .client = client,
        .arena = arena,
        .message = gt_keep(arena, json_incref(gt_iterable(message))),
        .id = rpc.kind == GT_RPC_REQUEST ? rpc.id : NULL,
        .method = rpc.method,
        .started_ms = now_ms(client),
    };
    if (client->forwards != NULL)
        client->forwards->previous = forward;
    client->forwards = forward;
    return forward;
}

/* -- what passes -- */

static void remember_handshake(struct gt_forward *forward, const json_t *result)
{
    struct gt_link *link = &forward->client->passed;
    json_t *opening = json_incref(gt_iterable(forward->message));
    gt_link_clear(link);
    link->arena = gt_arena_new();
    link->opening = gt_keep(link->arena, opening);
    link->version_name = gt_strdup(link->arena, gt_text_at(result, "/protocolVersion"));
    link->version = gt_mcp_version_find(link->version_name);
    link->session = gt_strdup(link->arena, gt_outgoing_header(forward->outgoing, "mcp-session-id"));
}

static void remember(struct gt_forward *forward, const json_t *result)
{
    struct gt_link *link = &forward->client->passed;
    if (gt_streq(forward->method, "initialize") && !forward->modern)
        remember_handshake(forward, result);
    if (!gt_streq(forward->method, "tools/list"))
        return;
    if (link->arena == NULL)
        link->arena = gt_arena_new();
    gt_client_note_tools(link, result);
}

/* -- a session that the server forgot -- */

static bool lost_session(const struct gt_forward *forward, int status)
{
    return status == NOT_FOUND && forward->session != NULL && !forward->replayed &&
           forward->client->passed.opening != NULL;
}

static void send(struct gt_forward *forward);

static void send_own(struct gt_forward *outer, const json_t *message, gt_mcp_done_fn *fn)
{
    struct gt_forward *forward = new_forward(outer->client, message);
    forward->replayed = true;
    forward->fn = fn;
    forward->payload = outer;
    send(forward);
}

static void initialized_told(void *payload, const struct gt_mcp_outcome *outcome)
{
    (void)outcome;
    send(payload);
}

static void on_reopened(void *payload, const struct gt_mcp_outcome *outcome)
{
    struct gt_forward *forward = payload;
    if (outcome->failure != GT_MCP_OK) {
        finish(forward, outcome);
        return;
    }
    json_auto_t *message = gt_rpc_notification("notifications/initialized", NULL);
    send_own(forward, message, initialized_told);
}

/* The other client made its handshake long ago and cannot be asked to make it again: it is made for
 * it, and the message, which was not worked on, sent once more. */
static void repeat(struct gt_forward *forward)
{
    struct gt_link *link = &forward->client->passed;
    forward->replayed = true;
    forward->outgoing = NULL;
    if (gt_streq(link->session, forward->session))
        send_own(forward, link->opening, on_reopened);
    else
        send(forward);
}

/* -- the answer -- */

static void pass(struct gt_forward *forward, const json_t *message)
{
    if (forward->on_message != NULL)
        forward->on_message(forward->payload, message);
}

static void pass_response(struct gt_forward *forward, const struct gt_rpc *rpc,
                          const json_t *message)
{
    if (forward->id == NULL || json_equal(rpc->id, forward->id)) {
        forward->answered = true;
        if (rpc->result != NULL)
            remember(forward, rpc->result);
        pass(forward, message);
    } else if (rpc->error != NULL) { /* an error that does not name the request is still its own */
        json_auto_t *named = json_copy(gt_iterable(message));
        json_object_set(named, "id", gt_iterable(forward->id));
        forward->answered = true;
        pass(forward, named);
    } else {
        forward->problem = "the answer is for another request";
    }
}

static void on_message(void *owner, struct gt_outgoing *outgoing, const json_t *message)
{
    struct gt_forward *forward = owner;
    struct gt_mcp_outcome head = {0};
    struct gt_rpc rpc = gt_rpc_read(message);
    gt_outgoing_head(outgoing, &head);
    if (head.http_status == UNAUTHORIZED || lost_session(forward, head.http_status))
        return;
    if (rpc.kind == GT_RPC_RESPONSE)
        pass_response(forward, &rpc, message);
    else if (rpc.kind != GT_RPC_INVALID || (json_is_array(message) && forward->id == NULL))
        pass(forward, message);
    else
        forward->problem = rpc.problem;
}

static void on_end(void *owner, struct gt_outgoing *outgoing, const struct gt_mcp_outcome *outcome)
{
    struct gt_forward *forward = owner;
    struct gt_mcp_outcome told = *outcome;
    if (lost_session(forward, outcome->http_status)) {
        repeat(forward);
        return;
    }
    if (forward->answered) {
        told.failure = GT_MCP_OK;
    } else if (told.failure == GT_MCP_OK && forward->id != NULL) {
        told.failure = gt_outgoing_streamed(outgoing) ? GT_MCP_NO_ANSWER : GT_MCP_GARBLED;
        told.message = forward->problem != NULL         ? forward->problem
                       : gt_outgoing_streamed(outgoing) ? "the stream ended before the answer"
                                                        : "the server gave no answer";
    }
    finish(forward, &told);
}

/* -- sending -- */

static const char version_key[] = "/params/_meta/io.modelcontextprotocol~1protocolVersion";

static struct gt_link link_of(const struct gt_forward *forward)
{
    const struct gt_link *passed = &forward->client->passed;
    const char *version = gt_text_at(forward->message, version_key);
    if (version != NULL) /* also one that we do not know: its era is that of _meta */
        return (struct gt_link){
            .version = GT_MCP_2026_07_28, .version_name = version, .mirrored = passed->mirrored};
    if (gt_streq(forward->method, "initialize"))
        return (struct gt_link){0};
    return *passed;
}

static void send(struct gt_forward *forward)
{
    struct gt_mcp_client *client = forward->client;
    struct gt_link link = link_of(forward);
    gt_header_vec headers = {0};
    gt_client_headers(forward->arena, &link, forward->message, &headers);
    forward->session = gt_strdup(forward->arena, link.session);
    forward->modern = gt_mcp_is_modern(link.version);
    bool subscription = gt_streq(forward->method, "subscriptions/listen");
    forward->outgoing = gt_outgoing_start(&(struct gt_outgoing_options){
        .client = client,
        .message = forward->message,
        .headers = headers.at,
        .header_count = headers.len,
        .timeout_ms = subscription ? SUBSCRIPTION_MS : client->options.timeout_ms,
        .split = forward->id != NULL, /* who sent a batch gets one */
        .on_message = on_message,
        .on_end = on_end,
        .owner = forward,
    });
}

/* At 2026-07-28 a request over HTTP is cancelled by closing the stream of its answer. True when the
 * message was such a cancellation. */
static bool take_cancellation(struct gt_forward *forward)
{
    const json_t *id = gt_at(forward->message, "/params/requestId");
    if (!gt_streq(forward->method, "notifications/cancelled") || forward->id != NULL)
        return false;
    bool modern = gt_text_at(forward->message, version_key) != NULL;
    for (struct gt_forward *other = forward->client->forwards; other != NULL; other = other->next) {
        if (!other->modern || other->id == NULL || !json_equal(other->id, id))
            continue;
        modern = true;
        gt_outgoing_drop(other->outgoing, false);
        other->outgoing = NULL;
        end_later(other);
    }
    return modern;
}

void gt_mcp_forward(struct gt_mcp_client *client, const json_t *message,
                    void (*on_message_fn)(void *payload, const json_t *message), gt_mcp_done_fn *fn,
                    void *payload)
{
    struct gt_forward *forward = new_forward(client, message);
    forward->on_message = on_message_fn;
    forward->fn = fn;
    forward->payload = payload;
    if (take_cancellation(forward))
        end_later(forward);
    else
        send(forward);
}
