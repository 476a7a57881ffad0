/* gantry connect: an MCP server on standard input and output that is a gateway, for desktop clients
 * that cannot fetch tokens by client credentials. */
#include "../callers.h"
#include "../output.h"
#include "commands.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/engine/token_source.h>
#include <gantry/mcp/client.h>
#include <gantry/mcp/stdio.h>

#include <poll.h>
#include <unistd.h>

enum {
    FLUSH_MS = 2000,
    REQUEST_TIMEOUT_MS = 15 * 60 * 1000,
    LAST_ANSWERS_MS = 60 * 1000,
    UNAUTHORIZED = 401
};

struct bridge {
    struct gt_context *context;
    struct gt_mcp_pipe *pipe;
    struct gt_mcp_client *client;
    struct gt_token_source *tokens;
    struct passing *open;   /* all that are on their way */
    struct passing *sender; /* whose request is just being made; NULL: the client's own */
    size_t count;           /* of messages so far */
    struct gt_timer *last;  /* for the answers after the end of the input */
    bool ended, late;
};

struct passing { /* one message on its way; lives in an arena of its own */
    struct passing *next;
    struct gt_arena *arena;
    struct bridge *bridge;
    size_t number;
    const json_t *message;
    const char *token; /* that it was sent with, once it was sent */
    bool again;
};

/* After the input's end answers are still wanted, but none of those that only the client ends. */
static bool is_done(const struct bridge *bridge)
{
    const struct passing *at = bridge->open;
    while (at != NULL && gt_streq(gt_rpc_read(at->message).method, "subscriptions/listen"))
        at = at->next;
    return bridge->ended && (bridge->late || at == NULL);
}

static void finish(struct passing *passing)
{
    struct bridge *bridge = passing->bridge;
    struct passing **at = &bridge->open;
    while (*at != passing)
        at = &(*at)->next;
    *at = passing->next;
    gt_arena_free(passing->arena);
    if (is_done(bridge))
        gt_loop_stop(bridge->context->loop);
}

static void on_message(void *payload, const json_t *message)
{
    struct passing *passing = payload;
    gt_mcp_pipe_send(passing->bridge->pipe, message);
}

/* What the gateway, or the way to it, refused: the client is told where it expects an answer. */
static void refuse(struct passing *passing, const char *why)
{
    struct gt_rpc message = gt_rpc_read(passing->message);
    const char *text = gt_printf(passing->arena, "gantry connect: %s", why);
    if (message.kind == GT_RPC_REQUEST) {
        json_auto_t *error = gt_rpc_error(message.id, true, GT_RPC_INTERNAL_ERROR, text, NULL);
        gt_mcp_pipe_send(passing->bridge->pipe, error);
    } else {
        struct gt_stream *err = &passing->bridge->context->program->err;
        gt_stream_safe(err, text);
        gt_stream_adds(err, "\n");
        gt_stream_flush(err);
    }
}

static void forward(struct passing *passing);

/* Of a 401 the challenge says more than the status (RFC 6750 section 3). */
static const char *reason_of(struct passing *passing, const struct gt_mcp_outcome *outcome)
{
    enum { SHOWN = 500 };
    const char *message =
        outcome->message == NULL ? "the gateway sent no answer" : outcome->message;
    for (size_t i = 0; outcome->http_status == UNAUTHORIZED && i < outcome->header_count; i++)
        if (gt_streq(outcome->headers[i].name, "www-authenticate"))
            return gt_printf(passing->arena, "%s: %s", message,
                             gt_one_line(passing->arena, outcome->headers[i].value, SHOWN));
    return message;
}

/* A token that the gateway does not take (any more) is replaced once. What was answered, and what
 * the client has cancelled, is OK and needs nothing more. */
static void on_done(void *payload, const struct gt_mcp_outcome *outcome)
{
    struct passing *passing = payload;
    if (outcome->failure == GT_MCP_OK) {
        finish(passing);
    } else if (outcome->http_status == UNAUTHORIZED && !passing->again) {
        gt_token_source_refused(passing->bridge->tokens, passing->token);
        passing->again = true;
        forward(passing);
    } else {
        refuse(passing, reason_of(passing, outcome));
        finish(passing);
    }
}

static void forward(struct passing *passing)
{
    passing->bridge->sender = passing;
    gt_mcp_forward(passing->bridge->client, passing->message, on_message, on_done, passing);
    passing->bridge->sender = NULL;
}

struct waiting {
    struct gt_mcp_sending *sending;
    struct gt_arena *arena;
    struct bridge *bridge;
    size_t number; /* of the message; 0: none */
};

/* The message may be gone by now: it was cancelled. */
static void note_token(const struct waiting *waiting, const char *token)
{
    for (struct passing *at = waiting->bridge->open; at != NULL; at = at->next)
        if (at->number == waiting->number)
            at->token = gt_strdup(at->arena, token);
}

static void on_token(void *payload, const char *token, const char *reason)
{
    struct waiting *waiting = payload;
    if (token == NULL) {
        gt_mcp_send_fail(waiting->sending, reason);
    } else {
        struct gt_header header = {"Authorization", gt_printf(waiting->arena, "Bearer %s", token)};
        note_token(waiting, token);
        gt_mcp_send(waiting->sending, &header, 1);
    }
    gt_arena_free(waiting->arena);
}

static void authorise(void *payload, struct gt_mcp_sending *sending,
                      const struct gt_http_request *request)
{
    struct bridge *bridge = payload;
    struct gt_arena *arena = gt_arena_new_secret();
    struct waiting *waiting = GT_NEW(arena, struct waiting);
    *waiting = (struct waiting){sending, arena, bridge,
                                bridge->sender == NULL ? 0 : bridge->sender->number};
    (void)request;
    gt_token_source_get(bridge->tokens, on_token, waiting);
}

static void on_line(void *payload, const json_t *message, const char *problem)
{
    struct bridge *bridge = payload;
    if (message == NULL) {
        json_auto_t *error = gt_rpc_error(NULL, true, GT_RPC_PARSE_ERROR, problem, NULL);
        gt_mcp_pipe_send(bridge->pipe, error);
        return;
    }
    struct gt_arena *arena = gt_arena_new_secret();
    struct passing *passing = GT_NEW(arena, struct passing);
    *passing = (struct passing){.next = bridge->open,
                                .arena = arena,
                                .bridge = bridge,
                                .number = ++bridge->count,
                                .message = gt_keep(arena, json_incref(gt_iterable(message)))};
    bridge->open = passing;
    forward(passing);
}

static void on_late(void *payload)
{
    struct bridge *bridge = payload;
    bridge->last = NULL;
    bridge->late = true;
    gt_loop_stop(bridge->context->loop);
}

/* A client that was killed reads no answers. */
static bool is_read(int fd)
{
    struct pollfd out = {.fd = fd, .events = POLLOUT};
    return poll(&out, 1, 0) >= 0 && (out.revents & (POLLERR | POLLNVAL)) == 0;
}

static void on_end(void *payload, const char *reason)
{
    struct bridge *bridge = payload;
    (void)reason;
    bridge->ended = true;
    bridge->late = !is_read(STDOUT_FILENO);
    bridge->last = gt_timer_start(bridge->context->loop, LAST_ANSWERS_MS, on_late, bridge);
    if (is_done(bridge))
        gt_loop_stop(bridge->context->loop);
}

static void serve(struct gt_context *context, const struct gt_verify_client *client,
                  const char *url, const char *token_url)
{
    struct bridge bridge = {.context = context};
    bridge.tokens = gt_token_source_new(context->loop, context->http, client, token_url);
    bridge.client = gt_mcp_client_new(&(struct gt_mcp_client_options){
        .loop = context->loop,
        .http = context->http,
        .url = url,
        .authorise = authorise,
        .payload = &bridge,
        .name = "gantry",
        .version = GANTRY_VERSION,
        .timeout_ms = REQUEST_TIMEOUT_MS,
    });
    bridge.pipe = gt_mcp_pipe_new(&(struct gt_mcp_pipe_options){
        .loop = context->loop,
        .in = STDIN_FILENO,
        .out = STDOUT_FILENO,
        .on_message = on_line,
        .on_end = on_end,
        .payload = &bridge,
    });
    while (!is_done(&bridge))
        gt_loop_run(context->loop);
    gt_timer_cancel(bridge.last);
    gt_mcp_pipe_free(bridge.pipe, FLUSH_MS);
    gt_mcp_client_free(bridge.client);
    gt_token_source_free(bridge.tokens);
    while (bridge.open != NULL)
        finish(bridge.open);
}

/* The gateway that is named, else the only one of the manifest. */
static const char *choose_gateway(struct gt_context *context)
{
    const struct gt_args *args = context->program->args;
    if (args->words.len > 0)
        return gt_callers_check_gateway(context, args->words.at[0]) ? args->words.at[0] : NULL;
    const char *listed;
    const char *const *names = gt_gateway_names(context, &listed);
    if (names[0] != NULL && names[1] == NULL)
        return names[0];
    gt_error(context->diags, "no-gateway", "%s has %s", context->stack_name,
             names[0] == NULL ? "no gateway" : "several gateways")
        ->hint =
        names[0] == NULL
            ? "gateways are declared below gateways:"
            : gt_printf(context->arena, "name one, as in gantry connect %s: %s", names[0], listed);
    return NULL;
}

static bool takes_tokens(struct gt_context *context, const struct gt_verify_gateway *gateway)
{
    if (gateway->authorizer != NULL)
        return true;
    gt_error(context->diags, "no-authorizer",
             "the gateway %s is not one that clients call with tokens", gateway->name)
        ->hint = gateway->open ? "it asks nobody for anything: clients call its URL directly"
                               : "its callers sign their requests";
    return false;
}

static const char *find_token_url(struct gt_context *context, const char *client)
{
    size_t count = context->stack.clients.len, i = 0;
    struct gt_client_facts *facts = gt_calloc(context->arena, count + 1, sizeof(*facts));
    gt_fetch_token_urls(context, facts, client);
    while (i < count && !gt_streq(context->stack.clients.at[i].name, client))
        i++;
    if (facts[i].token_url != NULL)
        return facts[i].token_url;
    struct gt_client_place place =
        gt_client_place(context->session->state, &context->stack.clients.at[i]);
    return gt_token_url(context->arena, place.domain, context->region);
}

static enum gt_exit connect_to(struct gt_context *context)
{
    enum gt_exit code = gt_callers_open(context);
    if (code != GT_EXIT_DONE)
        return code;
    struct gt_verify_gateway gateway;
    const char *name = choose_gateway(context);
    if (name == NULL || !gt_callers_gateway(context, name, &gateway) ||
        !takes_tokens(context, &gateway))
        return GT_EXIT_FAILED;
    const struct gt_verify_client *client = gt_callers_one(context, name);
    if (client == NULL)
        return GT_EXIT_FAILED;
    const char *token_url = find_token_url(context, client->name);
    gt_program_report(context->program);
    serve(context, client, gateway.url, token_url);
    return GT_EXIT_DONE;
}

int gt_command_connect(struct gt_program *program, const struct gt_args *args)
{
    (void)args;
    struct gt_context context = gt_context_new(program);
    int code = gt_program_exit(program, connect_to(&context));
    gt_context_done(&context);
    return code;
}
