/* The client over Streamable HTTP: each message in a POST of its own. */
#include "client_parts.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <strings.h>

enum { NOT_FOUND = 404 };

static void ignore_message(void *owner, struct gt_outgoing *outgoing, const json_t *message)
{
    (void)owner, (void)outgoing, (void)message;
}

static void ignore_end(void *owner, struct gt_outgoing *outgoing,
                       const struct gt_mcp_outcome *outcome)
{
    (void)owner, (void)outgoing, (void)outcome;
}

void gt_client_http_tell(struct gt_mcp_client *client, const json_t *message, gt_client_told_fn *fn)
{
    struct gt_arena *arena = gt_arena_new();
    gt_header_vec headers = {0};
    gt_client_headers(arena, &client->link, message, &headers);
    gt_outgoing_start(&(struct gt_outgoing_options){
        .client = client,
        .message = message,
        .headers = headers.at,
        .header_count = headers.len,
        .timeout_ms = client->options.timeout_ms,
        .on_message = ignore_message,
        .on_end = fn != NULL ? fn : ignore_end,
        .owner = client,
    });
    gt_arena_free(arena);
}

/* The server ended the session; what it refused for that was not worked on. */
static bool lost_session(const struct gt_mcp_open *open, const struct gt_mcp_outcome *outcome)
{
    return outcome->http_status == NOT_FOUND && open->with_session && !open->repeated &&
           !(outcome->failure == GT_MCP_REFUSED && outcome->code == GT_RPC_METHOD_NOT_FOUND);
}

static void repeat(struct gt_mcp_open *open)
{
    struct gt_mcp_client *client = open->client;
    gt_outgoing_drop(open->outgoing, true);
    open->outgoing = NULL;
    open->sent = false;
    open->repeated = true;
    if (open->epoch == client->epoch) /* else another request has noticed already */
        gt_mcp_client_reset(client);
    gt_client_arm(open);
    if (client->state == GT_CLIENT_CONNECTED)
        gt_client_dispatch(open);
    else
        gt_client_connect(client);
}

static void settle(struct gt_mcp_open *open, const struct gt_mcp_outcome *outcome)
{
    if (lost_session(open, outcome))
        repeat(open);
    else
        gt_client_finish(open, outcome);
}

/* Errors need not name the request: what comes in its POST is its own. */
static bool is_ours(const struct gt_mcp_open *open, const struct gt_rpc *rpc, int status)
{
    if (rpc->error != NULL && (rpc->id == NULL || status >= 300))
        return true;
    return json_is_integer(rpc->id) && json_integer_value(rpc->id) == open->id;
}

static void on_message(void *owner, struct gt_outgoing *outgoing, const json_t *message)
{
    struct gt_mcp_open *open = owner;
    struct gt_mcp_outcome outcome = {0};
    struct gt_rpc rpc = gt_rpc_read(message);
    gt_outgoing_head(outgoing, &outcome);
    switch (rpc.kind) {
    case GT_RPC_RESPONSE:
        if (!is_ours(open, &rpc, outcome.http_status)) {
            open->problem = "the answer is for another request";
            break;
        }
        gt_client_outcome(&rpc, &outcome, open->arena);
        settle(open, &outcome);
        break;
    case GT_RPC_NOTIFICATION:
        gt_client_notify(open->client, open, &rpc, message);
        break;
    case GT_RPC_REQUEST: {
        json_auto_t *answer = gt_client_answer(open->client, &rpc);
        gt_client_http_tell(open->client, answer, NULL);
        break;
    }
    case GT_RPC_INVALID:
        open->problem = rpc.problem; /* a text of the program */
        break;
    }
}

/* A 2xx answer that is over, without the response. */
static void set_missing(const struct gt_mcp_open *open, const struct gt_outgoing *outgoing,
                        struct gt_mcp_outcome *outcome)
{
    outcome->failure = GT_MCP_GARBLED;
    if (open->problem != NULL) {
        outcome->message =
            gt_printf(open->arena, "the answer is no MCP message: %s", open->problem);
    } else if (gt_outgoing_streamed(outgoing)) {
        outcome->failure = GT_MCP_NO_ANSWER;
        outcome->message = "the stream ended before the answer";
    } else {
        outcome->message =
            gt_printf(open->arena, "HTTP status %d without an answer", outcome->http_status);
    }
}

static void on_end(void *owner, struct gt_outgoing *outgoing, const struct gt_mcp_outcome *outcome)
{
    struct gt_mcp_open *open = owner;
    struct gt_mcp_outcome told = *outcome;
    open->outgoing = NULL;
    if (told.failure == GT_MCP_OK)
        set_missing(open, outgoing, &told);
    if (told.failure == GT_MCP_NO_ANSWER && gt_outgoing_timed_out(outgoing))
        gt_client_send_cancelled(open);
    settle(open, &told);
}

/* The handshakes do not speak of what was agreed before. */
static struct gt_link link_of(const struct gt_mcp_open *open)
{
    if (!open->handshake)
        return open->client->link;
    enum gt_mcp_version version = gt_client_request_version(open);
    if (!gt_mcp_is_modern(version))
        return (struct gt_link){0};
    return (struct gt_link){.version = version, .version_name = gt_mcp_version_name(version)};
}

/* The request's own headers take the place of those of the same name. */
static void add_own(const struct gt_mcp_open *open, gt_header_vec *headers)
{
    size_t kept = 0;
    for (size_t i = 0; i < headers->len; i++) {
        bool given = false;
        for (size_t j = 0; j < open->header_count; j++)
            given = given || strcasecmp(headers->at[i].name, open->headers[j].name) == 0;
        if (!given)
            headers->at[kept++] = headers->at[i];
    }
    headers->len = kept;
    for (size_t j = 0; j < open->header_count; j++)
        *GT_PUSH(open->arena, headers) = open->headers[j];
}

void gt_client_http_send(struct gt_mcp_open *open)
{
    struct gt_link link = link_of(open);
    gt_header_vec headers = {0};
    json_auto_t *message = gt_client_message(open);
    gt_client_headers(open->arena, &link, message, &headers);
    add_own(open, &headers);
    open->with_session = link.session != NULL;
    int64_t left_ms = gt_client_disarm(open);
    open->outgoing = gt_outgoing_start(&(struct gt_outgoing_options){
        .client = open->client,
        .message = message,
        .headers = headers.at,
        .header_count = headers.len,
        .query = open->query,
        .timeout_ms = left_ms,
        .split = true,
        .on_message = on_message,
        .on_end = on_end,
        .owner = open,
    });
}
