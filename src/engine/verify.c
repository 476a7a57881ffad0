/* The hops from a client's secret to the tools behind a gateway, in their order. */
#include "verify_internal.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/jose/authorizer.h>
#include <gantry/jose/jose.h>
#include <gantry/mcp/client.h>

#include <string.h>

enum { REQUEST_TIMEOUT_MS = 60000, SHORTEST_TIMEOUT_MS = 1000, SHOWN = 300 };

/* An MCP client of the gateway with a token (NULL: none), and what came of its last request. */
struct trial {
    struct check *check;
    struct gt_mcp_client *client;
    const char *token;
    enum gt_mcp_failure failure;
    int http_status;
    const char *message, *received;
    const json_t *result;
    bool done;
};

struct check {
    struct gt_arena *arena;
    struct gt_arena *secret; /* for what holds tokens */
    const struct gt_verify_options *options;
    struct gt_verification *out;
    struct gt_fetch_options fetch;
    int64_t begin_ms; /* of the hop */
    const json_t *discovery;
    struct gt_token token;
    struct trial trial; /* with that token */
};

static int64_t now_ms(const struct check *check)
{
    return gt_monotonic_ms(gt_loop_sys(check->options->loop));
}

static void begin(struct check *check, const char *name)
{
    check->begin_ms = now_ms(check);
    if (check->options->on_hop != NULL)
        check->options->on_hop(check->options->payload, &(struct gt_hop){.name = name}, false);
}

/* What was cut short is no result. */
static void end(struct check *check, struct gt_hop hop)
{
    if (gt_is_over(&check->fetch))
        return;
    hop.elapsed_ms = now_ms(check) - check->begin_ms;
    *GT_PUSH(check->arena, &check->out->hops) = hop;
    check->out->failed += hop.result == GT_HOP_FAILED;
    check->out->skipped += hop.result == GT_HOP_SKIPPED;
    if (check->options->on_hop != NULL)
        check->options->on_hop(check->options->payload, &hop, true);
}

static bool passed(struct check *check, const char *name, const char *detail)
{
    end(check, (struct gt_hop){.name = name, .result = GT_HOP_OK, .detail = detail});
    return true;
}

static void skipped(struct check *check, const char *name, const char *why)
{
    begin(check, name);
    end(check, (struct gt_hop){.name = name, .result = GT_HOP_SKIPPED, .detail = why});
}

static bool failed(struct check *check, const char *name, const struct gt_token_failure *why)
{
    end(check, (struct gt_hop){.name = name,
                               .result = GT_HOP_FAILED,
                               .detail = why->message,
                               .sent = why->sent,
                               .received = why->received,
                               .cause = why->cause});
    return false;
}

/* -- token and claims -- */

static bool hop_discovery(struct check *check)
{
    struct gt_token_failure why;
    begin(check, "discovery");
    if (!gt_discover(check->arena, &check->fetch, check->options->client->discovery_url,
                     &check->discovery, &why))
        return failed(check, "discovery", &why);
    check->out->token_url = gt_text_at(check->discovery, "/token_endpoint");
    return passed(check, "discovery",
                  gt_printf(check->arena, "issuer %s", gt_text_at(check->discovery, "/issuer")));
}

static const char *kept(struct check *check, const char *text)
{
    return gt_strdup(check->arena, text);
}

static bool fetch_token(struct check *check, const struct gt_verify_client *client,
                        const char *scope, struct gt_token *token, struct gt_token_failure *why)
{
    int64_t left_ms = check->fetch.end_ms - now_ms(check);
    struct gt_token_options options = {
        .loop = check->options->loop,
        .http = check->options->http,
        .client = client,
        .scope = scope,
        .deadline_ms = left_ms > 0 ? left_ms : 1,
        .is_over = check->options->is_over,
        .payload = check->options->payload,
    };
    struct gt_token_failure failure;
    if (gt_token_fetch(check->secret, &options, &check->out->token_url, token, &failure))
        return true;
    *why = (struct gt_token_failure){kept(check, failure.message), kept(check, failure.sent),
                                     kept(check, failure.received), failure.cause};
    return false;
}

static bool hop_token(struct check *check)
{
    struct gt_token_failure why;
    begin(check, "token");
    if (!fetch_token(check, check->options->client, NULL, &check->token, &why))
        return failed(check, "token", &why);
    const char *type = check->token.type;
    return passed(check, "token",
                  gt_printf(check->arena, "%s, expires in %lld s",
                            type == NULL ? "of no type" : gt_one_line(check->arena, type, SHOWN),
                            (long long)check->token.expires_in_s));
}

static const char *signature_problem(struct check *check, const json_t *jwks, json_t **claims)
{
    static const char *const problems[] = {
        [GT_JWT_OK] = NULL,
        [GT_JWT_MALFORMED] = "the token is no JSON Web Token",
        [GT_JWT_UNKNOWN_KEY] = "the token is signed with a key that the issuer does not show",
        [GT_JWT_BAD_ALGORITHM] = "the token is signed with an algorithm that is not accepted",
        [GT_JWT_BAD_SIGNATURE] = "the token's signature does not hold",
    };
    return problems[gt_jwt_verify(check->token.access_token, jwks, claims)];
}

/* The names of what an authorizer looks at, of a token; none of them is secret. */
static const char *shown_claims(struct gt_arena *arena, const json_t *claims)
{
    static const char *const names[] = {"iss", "client_id", "aud", "scope", "token_use"};
    json_auto_t *shown = json_object();
    for (size_t i = 0; i < GT_COUNT(names); i++)
        json_object_set(shown, names[i], json_object_get(claims, names[i]));
    return gt_json_canonical(arena, shown);
}

static bool hop_claims(struct check *check)
{
    struct gt_fetched keys = {0};
    const char *url = gt_text_at(check->discovery, "/jwks_uri");
    struct gt_token_failure why = {.cause = "the issuer's keys changed, or it is another issuer"};
    struct gt_refusal refusal;
    json_auto_t *claims = NULL;
    begin(check, "claims");
    why.sent = gt_printf(check->arena, "GET %s", url == NULL ? "(no jwks_uri)" : url);
    if (url != NULL)
        gt_fetch(check->arena, &check->fetch,
                 &(struct gt_http_request){.method = "GET", .url = url}, &keys);
    why.received =
        url == NULL ? "a discovery document without jwks_uri" : gt_received(check->arena, &keys);
    why.message = keys.document == NULL ? "the issuer's keys cannot be read"
                                        : signature_problem(check, keys.document, &claims);
    if (why.message != NULL)
        return failed(check, "claims", &why);
    if (!gt_authorizer_allows(check->arena, check->options->gateway->authorizer,
                              gt_text_at(check->discovery, "/issuer"), claims,
                              gt_now_ms(gt_loop_sys(check->options->loop)), &refusal))
        return failed(
            check, "claims",
            &(struct gt_token_failure){
                .sent = gt_printf(check->arena, "POST %s as client %s", check->out->token_url,
                                  check->options->client->client_id),
                .message = gt_printf(check->arena, "the gateway would refuse the token: %s",
                                     refusal.description),
                .received =
                    gt_printf(check->arena, "a token with %s, where the gateway asks for %s",
                              shown_claims(check->arena, claims),
                              gt_one_line(check->arena,
                                          gt_json_canonical(check->arena,
                                                            check->options->gateway->authorizer),
                                          2 * SHOWN)),
                .cause = gt_claims_cause(&refusal)});
    return passed(check, "claims", shown_claims(check->arena, claims));
}

/* -- through the gateway -- */

static void authorise(void *payload, struct gt_mcp_sending *sending,
                      const struct gt_http_request *request)
{
    const struct trial *trial = payload;
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
static int64_t request_timeout_ms(const struct check *check)
{
    int64_t left_ms = check->fetch.end_ms - now_ms(check);
    return left_ms > REQUEST_TIMEOUT_MS    ? REQUEST_TIMEOUT_MS
           : left_ms < SHORTEST_TIMEOUT_MS ? SHORTEST_TIMEOUT_MS
                                           : left_ms;
}

static void open_trial(struct trial *trial, struct check *check, const char *token)
{
    *trial = (struct trial){.check = check, .token = token};
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
    struct trial *trial = payload;
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
                        trial->message == NULL ? "" : gt_one_line(arena, trial->message, SHOWN),
                        challenge == NULL ? "" : ", WWW-Authenticate: ",
                        challenge == NULL ? "" : gt_one_line(arena, challenge, SHOWN));
    trial->done = true;
    gt_loop_stop(trial->check->options->loop);
}

/* Given up, the request is dropped with the client; no other one may follow on it. */
static void await(struct trial *trial)
{
    while (!trial->done && !gt_is_over(&trial->check->fetch))
        gt_loop_run(trial->check->options->loop);
    trial->done = false;
}

static bool trial_failed(struct trial *trial, const char *name, const char *sent)
{
    struct check *check = trial->check;
    return failed(
        check, name,
        &(struct gt_token_failure){
            .message = trial->message,
            .sent = gt_printf(check->arena, "POST %s: %s", check->options->gateway->url, sent),
            .received = trial->received,
            .cause = gt_gateway_cause((int)trial->failure, trial->http_status, trial->message)});
}

/* A gateway that is new answers with passing errors for some moments. */
static bool is_passing(const struct trial *trial)
{
    return trial->failure == GT_MCP_UNREACHABLE || trial->http_status >= 500 ||
           trial->http_status == 429;
}

static void connect(struct trial *trial)
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

static bool hop_connect(struct check *check)
{
    struct trial *trial = &check->trial;
    begin(check, "connect");
    open_trial(trial, check, check->token.access_token);
    connect(trial);
    if (gt_is_over(&check->fetch))
        return false;
    if (trial->failure != GT_MCP_OK)
        return trial_failed(trial, "connect", "server/discover, initialize");
    const char *name = gt_text_at(trial->result, "/serverInfo/name");
    return passed(check, "connect",
                  gt_printf(check->arena, "%s, MCP %s%s%s", gt_mcp_client_handshake(trial->client),
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

static bool hop_list(struct check *check)
{
    struct trial *trial = &check->trial;
    begin(check, "tools/list");
    gt_mcp_list(trial->client, "tools/list", "tools", on_outcome, trial);
    await(trial);
    if (trial->failure != GT_MCP_OK)
        return trial_failed(trial, "tools/list", "tools/list");
    check->out->tools = gt_at(trial->result, "/tools");
    size_t count = json_array_size(check->out->tools);
    long long pages = json_integer_value(gt_at(trial->result, "/pages"));
    if (count == 0)
        return failed(
            check, "tools/list",
            &(struct gt_token_failure){
                .message = "the gateway lists no tools",
                .sent =
                    gt_printf(check->arena, "POST %s: tools/list", check->options->gateway->url),
                .received = "an empty list",
                .cause = "no target of the gateway is READY, or their servers offer no tools"});
    return passed(check, "tools/list",
                  gt_printf(check->arena, "%zu tool%s%s: %s", count, gt_plural(count),
                            pages > 1 ? gt_printf(check->arena, " on %lld pages", pages) : "",
                            tool_names(check->arena, check->out->tools)));
}

static const char *first_text(struct gt_arena *arena, const json_t *result)
{
    const char *text = gt_text_at(result, "/content/0/text");
    return text == NULL ? "no text" : gt_one_line(arena, text, SHOWN);
}

static bool is_listed(const json_t *tools, const char *name)
{
    for (size_t i = 0; i < json_array_size(tools); i++)
        if (gt_streq(gt_text_at(json_array_get(tools, i), "/name"), name))
            return true;
    return false;
}

static bool hop_call(struct check *check)
{
    struct trial *trial = &check->trial;
    const char *tool = check->options->call;
    if (check->options->call_where_listed && !is_listed(check->out->tools, tool)) {
        skipped(check, "tools/call", "the gateway does not list the tool");
        return true;
    }
    json_t *arguments = check->options->arguments == NULL
                            ? json_object()
                            : json_incref(gt_iterable(check->options->arguments));
    json_auto_t *params = json_pack("{s:s, s:o}", "name", tool, "arguments", arguments);
    const char *sent = gt_printf(check->arena, "tools/call %s", tool);
    begin(check, "tools/call");
    gt_mcp_request(trial->client, &(struct gt_mcp_ask){.method = "tools/call", .params = params},
                   on_outcome, trial);
    await(trial);
    if (trial->failure != GT_MCP_OK)
        return trial_failed(trial, "tools/call", sent);
    const char *text = first_text(check->arena, trial->result);
    if (!json_is_true(gt_at(trial->result, "/isError")))
        return passed(check, "tools/call", text);
    trial->message = "the tool answered with an error";
    trial->received = text;
    return failed(check, "tools/call",
                  &(struct gt_token_failure){.message = trial->message,
                                             .sent = gt_printf(check->arena, "POST %s: %s",
                                                               check->options->gateway->url, sent),
                                             .received = trial->received,
                                             .cause = gt_gateway_cause(GT_MCP_OK, 0, text)});
}

/* -- what must be refused -- */

static void must_refuse(struct check *check, const char *name, const char *token, const char *what)
{
    struct trial trial;
    begin(check, name);
    open_trial(&trial, check, token);
    connect(&trial);
    if (trial.failure == GT_MCP_OK) {
        /* Some gateways greet anybody and look at the token where it matters. */
        gt_mcp_list(trial.client, "tools/list", "tools", on_outcome, &trial);
        await(&trial);
    }
    bool refused = trial.http_status == 401 || trial.http_status == 403;
    if (refused)
        passed(check, name,
               gt_printf(check->arena, "refused %s: HTTP %d", what, trial.http_status));
    else
        failed(check, name,
               &(struct gt_token_failure){
                   .message = trial.failure == GT_MCP_OK
                                  ? gt_printf(check->arena, "the gateway accepts %s", what)
                                  : gt_printf(check->arena, "no clear refusal of %s", what),
                   .sent = gt_printf(check->arena, "POST %s with %s", check->options->gateway->url,
                                     what),
                   .received = trial.failure == GT_MCP_OK ? "an answer" : trial.received,
                   .cause = trial.failure == GT_MCP_OK
                                ? "the gateway has no authorizer, or one that is too wide"
                                : gt_gateway_cause((int)trial.failure, trial.http_status,
                                                   trial.message)});
    gt_mcp_client_free(trial.client);
}

static void hop_no_token(struct check *check)
{
    must_refuse(check, "no token", NULL, "a call without a token");
}

static void hop_tampered(struct check *check)
{
    const char *token = gt_tampered(check->secret, check->token.access_token);
    if (token == NULL)
        skipped(check, "tampered token", "the token is no signed JSON Web Token");
    else
        must_refuse(check, "tampered token", token, "a token whose signature was changed");
}

static void hop_wrong_scope(struct check *check)
{
    static const char name[] = "wrong scope";
    const json_t *authorizer = check->options->gateway->authorizer;
    struct gt_wrong_scope wrong;
    struct gt_token token;
    struct gt_token_failure why;
    if (json_array_size(json_object_get(authorizer, "allowedScopes")) == 0) {
        skipped(check, name, "the gateway asks for no scope");
    } else if (!gt_find_wrong_scope(check->arena, check->options, &wrong)) {
        skipped(check, name, "no client with another scope exists");
    } else if (!fetch_token(check, wrong.client, wrong.scope, &token, &why)) {
        begin(check, name);
        failed(check, name, &why);
    } else {
        must_refuse(check, name, token.access_token,
                    gt_printf(check->arena, "a token of %s with the scope %s", wrong.client->name,
                              wrong.scope));
    }
}

/* -- in order -- */

/* That it asks for no token is how it is meant. One that clients are to call must ask. */
static bool is_open(const struct gt_verify_options *options)
{
    return options->gateway->open && options->client == NULL;
}

static bool needs_token(const struct check *check)
{
    return !is_open(check->options);
}

static bool calls(const struct check *check)
{
    return check->options->call != NULL;
}

/* Each hop stands on those before it. `wanted` NULL: always. */
static const struct {
    const char *name;
    bool (*run)(struct check *check);
    bool (*wanted)(const struct check *check);
} chain[] = {
    {"discovery", hop_discovery, needs_token},
    {"token", hop_token, needs_token},
    {"claims", hop_claims, needs_token},
    {"connect", hop_connect, NULL},
    {"tools/list", hop_list, NULL},
    {"tools/call", hop_call, calls},
};

static const struct {
    const char *name;
    void (*run)(struct check *check);
    bool needs_token;
} refusals[] = {
    {"no token", hop_no_token, false},
    {"tampered token", hop_tampered, true},
    {"wrong scope", hop_wrong_scope, true},
};

/* Why the pair cannot be tried with a token; NULL: it can. */
static const char *obstacle(const struct gt_verify_options *options)
{
    if (is_open(options))
        return NULL;
    if (options->gateway->authorizer == NULL && !options->gateway->open)
        return "the gateway's callers sign their requests, which takes no token";
    if (options->client == NULL)
        return "no client of the stack may call the gateway";
    return options->client->secret == NULL ? "the client has no secret to get a token with" : NULL;
}

static void try_chain(struct check *check)
{
    const char *why_not = NULL;
    for (size_t i = 0; i < GT_COUNT(chain) && !gt_is_over(&check->fetch); i++) {
        if (chain[i].wanted != NULL && !chain[i].wanted(check))
            continue;
        if (why_not != NULL)
            skipped(check, chain[i].name, why_not);
        else if (!chain[i].run(check))
            why_not = gt_printf(check->arena, "not tried, since %s failed", chain[i].name);
    }
}

static void try_refusals(struct check *check)
{
    for (size_t i = 0; i < GT_COUNT(refusals) && !gt_is_over(&check->fetch); i++) {
        if (refusals[i].needs_token && check->token.access_token == NULL)
            skipped(check, refusals[i].name, "not tried, since there is no token");
        else
            refusals[i].run(check);
    }
}

static void try_all(struct check *check)
{
    const struct gt_verify_gateway *gateway = check->options->gateway;
    const char *why_not = obstacle(check->options);
    if (why_not == NULL)
        try_chain(check);
    else
        skipped(check, "token", why_not);
    if (is_open(check->options))
        skipped(check, "no token", "the gateway asks for no token");
    else if (why_not == NULL)
        try_refusals(check);
    else if (gateway->authorizer != NULL)
        hop_no_token(check);
}

void gt_verify(struct gt_arena *arena, const struct gt_verify_options *options,
               struct gt_verification *out)
{
    int64_t deadline_ms = options->deadline_ms > 0 ? options->deadline_ms : GT_TOKEN_DEADLINE_MS;
    struct check check = {.arena = arena,
                          .secret = gt_arena_new_secret(),
                          .options = options,
                          .out = out,
                          .fetch = {.loop = options->loop,
                                    .http = options->http,
                                    .is_over = options->is_over,
                                    .payload = options->payload}};
    check.fetch.end_ms = now_ms(&check) + deadline_ms;
    *out = (struct gt_verification){0};
    try_all(&check);
    gt_mcp_client_free(check.trial.client);
    gt_arena_free(check.secret);
}
