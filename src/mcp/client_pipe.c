/* The client over a pair of descriptors: one stream of messages in each direction, answers in any
 * order. */
#include "client_parts.h"

#include <gantry/base/str.h>

enum { FLUSH_MS = 100, REASON_MAX = 200 };
static const size_t pending_max = (size_t)64 * 1024 * 1024;

static struct gt_mcp_open *find(const struct gt_mcp_client *client, const json_t *id)
{
    struct gt_mcp_open *open = client->first;
    while (open != NULL &&
           (!open->sent || (id != NULL ? !json_is_integer(id) || open->id != json_integer_value(id)
                                       : !open->handshake)))
        open = open->next;
    return open;
}

/* An error without id belongs to the handshake, of which there is one at a time; else it cannot be
 * told whose it is. Answers to what was cancelled belong to nobody. */
static void take_response(struct gt_mcp_client *client, const struct gt_rpc *rpc)
{
    struct gt_mcp_open *open = find(client, rpc->id);
    struct gt_mcp_outcome outcome = {0};
    if (open == NULL)
        return;
    gt_client_outcome(rpc, &outcome, open->arena);
    gt_client_finish(open, &outcome);
}

static void take(struct gt_mcp_client *client, const json_t *message)
{
    struct gt_rpc rpc = gt_rpc_read(message);
    switch (rpc.kind) {
    case GT_RPC_RESPONSE:
        take_response(client, &rpc);
        break;
    case GT_RPC_NOTIFICATION:
        gt_client_notify(client, NULL, &rpc, message);
        break;
    case GT_RPC_REQUEST: {
        json_auto_t *answer = gt_client_answer(client, &rpc);
        gt_mcp_pipe_send(client->pipe, answer);
        break;
    }
    case GT_RPC_INVALID: /* what a server prints besides messages */
        break;
    }
}

static void on_message(void *payload, const json_t *message, const char *problem)
{
    struct gt_mcp_client *client = payload;
    size_t i;
    json_t *item;
    (void)problem;
    if (!json_is_array(message)) {
        take(client, message);
        return;
    }
    json_array_foreach(message, i, item) /* a batch, legal at 2025-03-26 */
        take(client, item);
}

static void on_end(void *payload, const char *reason)
{
    struct gt_mcp_client *client = payload;
    client->end_reason =
        gt_printf(client->end_arena, "the server has ended (%s)",
                  gt_one_line(client->end_arena, reason != NULL ? reason : "pipe", REASON_MAX));
    struct gt_mcp_outcome lost = {
        .failure = GT_MCP_NO_ANSWER,
        .message =
            gt_printf(client->end_arena, "the server ended before it answered (%s)",
                      gt_one_line(client->end_arena, reason != NULL ? reason : "pipe", REASON_MAX)),
    };
    gt_client_fail_all(client, true, &lost);
}

void gt_client_pipe_open(struct gt_mcp_client *client, int in, int out)
{
    struct gt_mcp_pipe_options options = {
        .loop = client->options.loop,
        .in = in,
        .out = out,
        .owned = true,
        .on_message = on_message,
        .on_end = on_end,
        .payload = client,
    };
    client->end_reason = NULL;
    client->end_arena = gt_arena_new();
    client->pipe = gt_mcp_pipe_new(&options);
}

void gt_client_pipe_close(struct gt_mcp_client *client)
{
    gt_mcp_pipe_free(client->pipe, client->end_reason == NULL ? FLUSH_MS : 0);
    gt_arena_free(client->end_arena);
    client->pipe = NULL;
    client->end_arena = NULL;
}

void gt_client_pipe_send(struct gt_mcp_open *open)
{
    struct gt_mcp_client *client = open->client;
    if (gt_mcp_pipe_pending(client->pipe) > pending_max) {
        open->sent = false;
        gt_client_break(open, "the server does not read what it is sent");
        return;
    }
    json_auto_t *message = gt_client_message(open);
    gt_mcp_pipe_send(client->pipe, message);
}
