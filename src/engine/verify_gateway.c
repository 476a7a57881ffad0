/* What a token opens at a gateway, and what nobody may do there. */
#include "verify_check.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

#include <string.h>

enum { REQUEST_TIMEOUT_MS = 60000, SHORTEST_TIMEOUT_MS = 1000 };

static void authorise(void *payload, struct gt_mcp_sending *sending,
                      const struct gt_http_request *request)
{
    const struct gt_trial *trial = payload;
    (void)request;
    if (trial->token == NULL) {
        gt_mcp_send(sending, NULL, 0);
        return;
    }
    struct gt_header header = {"Authorization",
                               gt_printf(trial->check->secret, "Bearer %s", trial->token)};
    gt_mcp_send(sending, &header, 1);
}

/* A server may need its time to start; the deadline holds all the same. */
static int64_t request_timeout_ms(const struct gt_check *check)
{
    int64_t left_ms = check->fetch.end_ms - gt_check_now_ms(check);
    return left_ms > REQUEST_TIMEOUT_MS    ? REQUEST_TIMEOUT_MS
           : left_ms < SHORTEST_TIMEOUT_MS ? SHORTEST_TIMEOUT_MS
                                           : left_ms;
}

static void open_trial(struct gt_trial *trial, struct gt_check *check, const char *token)
{
    *trial = (struct gt_trial){.check = check, .token = token};
    trial->client = gt_mcp_client_new(&(struct gt_mcp_client_options){
        .loop = check->options->loop,
        .http = check->options->http,
        .url = check->options->gateway->url,
        .authorise = authorise,
        .payload = trial,
        .name = "gantry",
        .version = check->options->version,
        .timeout_ms = request_timeout_ms(check),
    });
}

static const char *header_of(const struct gt_mcp_outcome *outcome, const char *name)
{
    for (size_t i = 0; i < outcome->header_count; i++)
        if (strcmp(outcome->headers[i].name, name) == 0)
            return outcome->headers[i].value;
    return NULL;
}

static void on_outcome(void *payload, const struct gt_mcp_outcome *outcome)
{
    struct gt_trial *trial = payload;
    struct gt_arena *arena = trial->check->arena;
    const char *challenge = header_of(outcome, "www-authenticate");
    trial->failure = outcome->failure;
    trial->http_status = outcome->http_status;
    trial->message = gt_strdup(arena, outcome->message);
    trial->result =
        outcome->result == NULL ? NULL : gt_keep(arena, json_incref(gt_iterable(outcome->result)));
    trial->received =
        outcome->http_status == 0
            ? trial->message
            : gt_printf(arena, "HTTP %d%s%s%s%s", outcome->http_status,
                        trial->message == NULL ? "" : ": ",
                        trial->message == NULL ? ""
                                               : gt_one_line(arena, trial->message, GT_HOP_SHOWN),
                        challenge == NULL ? "" : ", WWW-Authenticate: ",
                        challenge == NULL ? "" : gt_one_line(arena, challenge, GT_HOP_SHOWN));
    trial->done = true;
    gt_loop_stop(trial->check->options->loop);
}

/* Given up, the request is dropped with the client; no other one may follow on it. */
static void await(struct gt_trial *trial)
{
    while (!trial->done && !gt_is_over(&trial->check->fetch))
        gt_loop_run(trial->check->options->loop);
    trial->done = false;
}

static bool trial_failed(struct gt_trial *trial, const char *name, const char *sent)
{
    struct gt_check *check = trial->check;
    return gt_hop_failed(
        check, name,
        &(struct gt_token_failure){
            .message = trial->message,
            .sent = gt_printf(check->arena, "POST %s: %s", check->options->gateway->url, sent),
            .received = trial->received,
            .cause = gt_gateway_cause((int)trial->failure, trial->http_status, trial->message)});
}

/* A gateway that is new answers with passing errors for some moments. */
static bool is_passing(const struct gt_trial *trial)
{
    return trial->failure == GT_MCP_UNREACHABLE || trial->http_status >= 500 ||
           trial->http_status == 429;
}

static void connect(struct gt_trial *trial)
{
    for (int64_t pause_ms = GT_FIRST_PAUSE_MS;; pause_ms = gt_longer_pause(pause_ms)) {
        gt_mcp_connect(trial->client, on_outcome, trial);
        await(trial);
        if (trial->failure == GT_MCP_OK || !is_passing(trial) ||
            !gt_pause(&trial->check->fetch, pause_ms))
            return;
        gt_mcp_client_reset(trial->client);
    }
}

bool gt_hop_connect(struct gt_check *check)
{
    struct gt_trial *trial = &check->trial;
    gt_hop_begin(check, "connect");
    open_trial(trial, check, check->token.access_token);
    connect(trial);
    if (gt_is_over(&check->fetch))
        return false;
    if (trial->failure != GT_MCP_OK)
        return trial_failed(trial, "connect", "server/discover, initialize");
    const char *name = gt_text_at(trial->result, "/serverInfo/name");
    return gt_hop_passed(check, "connect",
                         gt_printf(check->arena, "%s, MCP %s%s%s",
                                   gt_mcp_client_handshake(trial->client),
                                   gt_mcp_version_name(gt_mcp_client_version(trial->client)),
                                   name == NULL ? "" : ", server ",
                                   name == NULL ? "" : gt_one_line(check->arena, name, 100)));
}

static const char *tool_names(struct gt_arena *arena, const json_t *tools)
{
    enum { NAMED = 10 };
    const char *text = "";
    size_t count = json_array_size(tools);
    for (size_t i = 0; i < count && i < NAMED; i++) {
        const char *name = gt_text_at(json_array_get(tools, i), "/name");
        text = gt_printf(arena, "%s%s%s", text, i == 0 ? "" : ", ",
                         name == NULL ? "?" : gt_one_line(arena, name, 128));
    }
    return count > NAMED ? gt_printf(arena, "%s and %zu more", text, count - NAMED) : text;
}

bool gt_hop_list(struct gt_check *check)
{
    struct gt_trial *trial = &check->trial;
    gt_hop_begin(check, "tools/list");
    gt_mcp_list(trial->client, "tools/list", "tools", on_outcome, trial);
    await(trial);
    if (trial->failure != GT_MCP_OK)
        return trial_failed(trial, "tools/list", "tools/list");
    check->out->tools = gt_at(trial->result, "/tools");
    size_t count = json_array_size(check->out->tools);
    long long pages = json_integer_value(gt_at(trial->result, "/pages"));
    if (count == 0)
        return gt_hop_failed(
            check, "tools/list",
            &(struct gt_token_failure){
                .message = "the gateway lists no tools",
                .sent =
                    gt_printf(check->arena, "POST %s: tools/list", check->options->gateway->url),
                .received = "an empty list",
                .cause = "no target of the gateway is READY, or their servers offer no tools"});
    return gt_hop_passed(
        check, "tools/list",
        gt_printf(check->arena, "%zu tool%s%s: %s", count, gt_plural(count),
                  pages > 1 ? gt_printf(check->arena, " on %lld pages", pages) : "",
                  tool_names(check->arena, check->out->tools)));
}

static const char *first_text(struct gt_arena *arena, const json_t *result)
{
    const char *text = gt_text_at(result, "/content/0/text");
    return text == NULL ? "no text" : gt_one_line(arena, text, GT_HOP_SHOWN);
}

static bool is_listed(const json_t *tools, const char *name)
{
    for (size_t i = 0; i < json_array_size(tools); i++)
        if (gt_streq(gt_text_at(json_array_get(tools, i), "/name"), name))
            return true;
    return false;
}

bool gt_hop_call(struct gt_check *check)
{
    struct gt_trial *trial = &check->trial;
    const char *tool = check->options->call;
    if (check->options->call_where_listed && !is_listed(check->out->tools, tool)) {
        gt_hop_skipped(check, "tools/call", "the gateway does not list the tool");
        return true;
    }
    json_t *arguments = check->options->arguments == NULL
                            ? json_object()
                            : json_incref(gt_iterable(check->options->arguments));
    json_auto_t *params = json_pack("{s:s, s:o}", "name", tool, "arguments", arguments);
    const char *sent = gt_printf(check->arena, "tools/call %s", tool);
    gt_hop_begin(check, "tools/call");
    gt_mcp_request(trial->client, &(struct gt_mcp_ask){.method = "tools/call", .params = params},
                   on_outcome, trial);
    await(trial);
    if (trial->failure != GT_MCP_OK)
        return trial_failed(trial, "tools/call", sent);
    const char *text = first_text(check->arena, trial->result);
    if (!json_is_true(gt_at(trial->result, "/isError")))
        return gt_hop_passed(check, "tools/call", text);
    trial->message = "the tool answered with an error";
    trial->received = text;
    return gt_hop_failed(
        check, "tools/call",
        &(struct gt_token_failure){
            .message = trial->message,
            .sent = gt_printf(check->arena, "POST %s: %s", check->options->gateway->url, sent),
            .received = trial->received,
            .cause = gt_gateway_cause(GT_MCP_OK, 0, text)});
}

/* -- what must be refused -- */

static void must_refuse(struct gt_check *check, const char *name, const char *token,
                        const char *what)
{
    struct gt_trial trial;
    gt_hop_begin(check, name);
    open_trial(&trial, check, token);
    connect(&trial);
    if (trial.failure == GT_MCP_OK) {
        /* Some gateways greet anybody and look at the token where it matters. */
        gt_mcp_list(trial.client, "tools/list", "tools", on_outcome, &trial);
        await(&trial);
    }
    bool refused = trial.http_status == 401 || trial.http_status == 403;
    if (refused)
        gt_hop_passed(check, name,
                      gt_printf(check->arena, "refused %s: HTTP %d", what, trial.http_status));
    else
        gt_hop_failed(check, name,
                      &(struct gt_token_failure){
                          .message = trial.failure == GT_MCP_OK
                                         ? gt_printf(check->arena, "the gateway accepts %s", what)
                                         : gt_printf(check->arena, "no clear refusal of %s", what),
                          .sent = gt_printf(check->arena, "POST %s with %s",
                                            check->options->gateway->url, what),
                          .received = trial.failure == GT_MCP_OK ? "an answer" : trial.received,
                          .cause = trial.failure == GT_MCP_OK
                                       ? "the gateway has no authorizer, or one that is too wide"
                                       : gt_gateway_cause((int)trial.failure, trial.http_status,
                                                          trial.message)});
    gt_mcp_client_free(trial.client);
}

void gt_hop_no_token(struct gt_check *check)
{
    must_refuse(check, "no token", NULL, "a call without a token");
}

void gt_hop_tampered(struct gt_check *check)
{
    const char *token = gt_tampered(check->secret, check->token.access_token);
    if (token == NULL)
        gt_hop_skipped(check, "tampered token", "the token is no signed JSON Web Token");
    else
        must_refuse(check, "tampered token", token, "a token whose signature was changed");
}

void gt_hop_wrong_scope(struct gt_check *check)
{
    static const char name[] = "wrong scope";
    const json_t *authorizer = check->options->gateway->authorizer;
    struct gt_wrong_scope wrong;
    struct gt_token token;
    struct gt_token_failure why;
    if (json_array_size(json_object_get(authorizer, "allowedScopes")) == 0) {
        gt_hop_skipped(check, name, "the gateway asks for no scope");
    } else if (!gt_find_wrong_scope(check->arena, check->options, &wrong)) {
        gt_hop_skipped(check, name, "no client with another scope exists");
    } else if (!gt_check_token(check, wrong.client, wrong.scope, &token, &why)) {
        gt_hop_begin(check, name);
        gt_hop_failed(check, name, &why);
    } else {
        must_refuse(check, name, token.access_token,
                    gt_printf(check->arena, "a token of %s with the scope %s", wrong.client->name,
                              wrong.scope));
    }
}
