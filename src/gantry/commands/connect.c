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

#include <unistd.h>

enum { FLUSH_MS = 2000, REQUEST_TIMEOUT_MS = 15 * 60 * 1000 };

struct bridge {
    struct gt_context *context;
    struct gt_mcp_pipe *pipe;
    struct gt_mcp_client *client;
    struct gt_token_source *tokens;
    size_t open;
    bool ended;
};

struct passing { /* one message on its way; lives in an arena of its own */
    struct gt_arena *arena;
    struct bridge *bridge;
    const json_t *message;
    const char *token; /* that it was sent with */
    bool answered, again;
};

static void finish(struct passing *passing)
{
    struct bridge *bridge = passing->bridge;
    gt_arena_free(passing->arena);
    if (--bridge->open == 0 && bridge->ended)
        gt_loop_stop(bridge->context->loop);
}

static void on_message(void *payload, const json_t *message)
{
    struct passing *passing = payload;
    passing->answered |= gt_rpc_read(message).kind == GT_RPC_RESPONSE;
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
        gt_program_say(passing->bridge->context->program, "%s", text);
    }
}

static void forward(struct passing *passing);

static void on_done(void *payload, const struct gt_mcp_outcome *outcome)
{
    struct passing *passing = payload;
    struct bridge *bridge = passing->bridge;
    if (outcome->http_status == 401 && !passing->answered && !passing->again) {
        gt_token_source_refused(bridge->tokens, passing->token);
        passing->again = true;
        forward(passing);
        return;
    }
    bool expects = gt_rpc_read(passing->message).kind == GT_RPC_REQUEST;
    if (!passing->answered && (expects || outcome->failure != GT_MCP_OK))
        refuse(passing, outcome->message == NULL ? "the gateway sent no answer" : outcome->message);
    finish(passing);
}

static void forward(struct passing *passing)
{
    gt_mcp_forward(passing->bridge->client, passing->message, on_message, on_done, passing);
}

struct waiting {
    struct gt_mcp_sending *sending;
    struct gt_arena *arena;
};

static void on_token(void *payload, const char *token, const char *reason)
{
    struct waiting *waiting = payload;
    if (token == NULL) {
        gt_mcp_send_fail(waiting->sending, reason);
    } else {
        struct gt_header header = {"Authorization", gt_printf(waiting->arena, "Bearer %s", token)};
        gt_mcp_send(waiting->sending, &header, 1);
    }
    gt_arena_free(waiting->arena);
}

static void authorise(void *payload, struct gt_mcp_sending *sending,
                      const struct gt_http_request *request)
{
    const struct bridge *bridge = payload;
    struct gt_arena *arena = gt_arena_new_secret();
    struct waiting *waiting = GT_NEW(arena, struct waiting);
    *waiting = (struct waiting){sending, arena};
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
    struct gt_arena *arena = gt_arena_new();
    struct passing *passing = GT_NEW(arena, struct passing);
    *passing = (struct passing){.arena = arena,
                                .bridge = bridge,
                                .message = gt_keep(arena, json_incref(gt_iterable(message)))};
    bridge->open++;
    forward(passing);
}

static void on_end(void *payload, const char *reason)
{
    struct bridge *bridge = payload;
    (void)reason;
    bridge->ended = true;
    if (bridge->open == 0)
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
    while (!bridge.ended || bridge.open > 0)
        gt_loop_run(context->loop);
    gt_mcp_pipe_free(bridge.pipe, FLUSH_MS);
    gt_mcp_client_free(bridge.client);
    gt_token_source_free(bridge.tokens);
}

/* The gateway that is named, else the only one of the manifest. */
static const char *choose_gateway(struct gt_context *context)
{
    const struct gt_args *args = context->program->args;
    if (args->words.len > 0)
        return args->words.at[0];
    const char *names = "", *only = NULL;
    size_t count = 0;
    for (size_t i = 0; i < context->stack.resources.len; i++) {
        const char *address = context->stack.resources.at[i].address;
        if (!gt_starts_with(address, "gateway."))
            continue;
        only = address + sizeof("gateway.") - 1;
        names = gt_printf(context->arena, "%s%s%s", names, count++ == 0 ? "" : ", ", only);
    }
    if (count == 1)
        return only;
    gt_error(context->diags, "no-gateway", "%s has %s", context->stack_name,
             count == 0 ? "no gateway" : "several gateways")
        ->hint = count == 0 ? "gateways are declared below gateways:"
                            : gt_printf(context->arena, "name one: gantry connect %s", only);
    return NULL;
}

static enum gt_exit connect_to(struct gt_context *context)
{
    enum gt_exit code = gt_callers_open(context);
    if (code != GT_EXIT_DONE)
        return code;
    struct gt_callers callers;
    struct gt_verify_gateway gateway;
    const char *name = choose_gateway(context);
    const struct gt_client_info *chosen =
        name == NULL
            ? NULL
            : gt_callers_choose(context, gt_option_text(context->program, OPTION_CLIENT), name);
    if (chosen == NULL || !gt_callers_gateway(context, name, &gateway) ||
        !gt_callers_collect(context, chosen->name, &callers))
        return GT_EXIT_FAILED;
    const struct gt_verify_client *client = gt_callers_find(&callers, chosen->name);
    if (client == NULL) {
        gt_error(context->diags, "not-applied", "the client %s was not applied", chosen->name)
            ->hint = "run `gantry apply`";
        return GT_EXIT_FAILED;
    }
    struct gt_client_facts *facts =
        gt_calloc(context->arena, context->stack.clients.len + 1, sizeof(*facts));
    gt_fetch_token_urls(context, facts, chosen->name);
    size_t index = (size_t)(chosen - context->stack.clients.at);
    const char *token_url = facts[index].token_url;
    if (token_url == NULL)
        token_url =
            gt_token_url(context->arena, gt_client_place(context->session->state, chosen).domain,
                         context->region);
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
