/* The hops from a client's secret to the tools behind a gateway, in their order. */
#include "verify_internal.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/jose/authorizer.h>
#include <gantry/jose/jose.h>
#include <gantry/mcp/client.h>

#include <string.h>

enum { REQUEST_TIMEOUT_MS = 60000, FIRST_PAUSE_MS = 250, SHOWN = 300 };

struct check {
    struct gt_arena *arena;
    const struct gt_verify_options *options;
    struct gt_verification *out;
    struct gt_fetch_options fetch;
    int64_t begin_ms; /* of the hop */
    const json_t *discovery;
    struct gt_token token;
};

/* An MCP request through the gateway with a token (NULL: none), and what came of it. */
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

static void end(struct check *check, struct gt_hop hop)
{
    hop.elapsed_ms = now_ms(check) - check->begin_ms;
    *GT_PUSH(check->arena, &check->out->hops) = hop;
    check->out->failed += hop.result == GT_HOP_FAILED;
    check->out->skipped += hop.result == GT_HOP_SKIPPED;
    if (check->options->on_hop != NULL)
        check->options->on_hop(check->options->payload, &hop, true);
}

static void passed(struct check *check, const char *name, const char *detail)
{
    end(check, (struct gt_hop){.name = name, .result = GT_HOP_OK, .detail = detail});
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
    passed(check, "discovery",
           gt_printf(check->arena, "issuer %s", gt_text_at(check->discovery, "/issuer")));
    return true;
}

static bool fetch_token(struct check *check, const struct gt_verify_client *client,
                        const char *scope, struct gt_token *token, struct gt_token_failure *why)
{
    struct gt_token_options options = {
        .loop = check->options->loop,
        .http = check->options->http,
        .client = client,
        .scope = scope,
        .deadline_ms = check->fetch.deadline_ms,
    };
    const char *url = client == check->options->client ? check->out->token_url : NULL;
    return gt_token_fetch(check->arena, &options, &url, token, why);
}

static bool hop_token(struct check *check)
{
    struct gt_token_failure why;
    begin(check, "token");
    if (!fetch_token(check, check->options->client, NULL, &check->token, &why))
        return failed(check, "token", &why);
    passed(check, "token",
           gt_printf(check->arena, "%s, expires in %lld s",
                     check->token.type == NULL ? "of no type" : check->token.type,
                     (long long)check->token.expires_in_s));
    return true;
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

static const char *claims_cause(const struct gt_refusal *refusal)
{
    if (refusal->scope != NULL)
        return "the client's scopes and the gateway's allowedScopes do not meet";
    if (strstr(refusal->description, "aud") != NULL)
        return "tokens by client credentials of Cognito carry no aud claim: use allowedClients in "
               "place of allowedAudience";
    return "the gateway's authorizer is for another client or another issuer";
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
                .message = gt_printf(check->arena, "the gateway would refuse the token: %s",
                                     refusal.description),
                .received =
                    gt_printf(check->arena, "a token with %s", shown_claims(check->arena, claims)),
                .cause = claims_cause(&refusal)});
    passed(check, "claims", shown_claims(check->arena, claims));
    return true;
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
                               gt_printf(trial->check->arena, "Bearer %s", trial->token)};
    gt_mcp_send(sending, &header, 1);
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
        .timeout_ms = REQUEST_TIMEOUT_MS,
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

static void await(struct trial *trial)
{
    while (!trial->done)
        gt_loop_run(trial->check->options->loop);
    trial->done = false;
}

/* Why a gateway, or what stands behind it, answers like this; the first row that fits. */
static const struct {
    enum gt_mcp_failure failure;
    int status;               /* 0: any */
    const char *text, *cause; /* text: part of the message; NULL: any */
} causes[] = {
    {GT_MCP_HTTP_STATUS, 401, NULL, "the gateway's authorizer does not accept the token"},
    {GT_MCP_REFUSED, 401, NULL, "the gateway's authorizer does not accept the token"},
    {GT_MCP_HTTP_STATUS, 403, NULL, "the token lacks a scope that the gateway asks for"},
    {GT_MCP_REFUSED, 403, NULL, "the token lacks a scope that the gateway asks for"},
    {GT_MCP_HTTP_STATUS, 404, NULL, "the gateway is gone, or the URL is that of another one"},
    {GT_MCP_REFUSED, 0, "nknown tool", "the target's tools changed, or it is not READY"},
    {GT_MCP_REFUSED, 0, NULL, "the gateway reached its target, and the server refused"},
    {GT_MCP_UNREACHABLE, 0, NULL, "the gateway's host cannot be reached from here"},
    {GT_MCP_NO_ANSWER, 0, NULL, "the server behind the gateway is slow to start, or hangs"},
    {GT_MCP_GARBLED, 0, NULL, "what answers at this URL is no MCP server"},
    {GT_MCP_HTTP_STATUS, 0, NULL, "the gateway, or the server behind it, is failing"},
};

static const char *cause_of(const struct trial *trial)
{
    for (size_t i = 0; i < GT_COUNT(causes); i++)
        if (causes[i].failure == trial->failure &&
            (causes[i].status == 0 || causes[i].status == trial->http_status) &&
            (causes[i].text == NULL ||
             (trial->message != NULL && strstr(trial->message, causes[i].text) != NULL)))
            return causes[i].cause;
    return NULL;
}

static bool trial_failed(struct trial *trial, const char *name, const char *sent)
{
    struct check *check = trial->check;
    return failed(check, name,
                  &(struct gt_token_failure){.message = trial->message,
                                             .sent = gt_printf(check->arena, "POST %s: %s",
                                                               check->options->gateway->url, sent),
                                             .received = trial->received,
                                             .cause = cause_of(trial)});
}

/* A gateway that is new answers with passing errors for some moments. */
static bool is_passing(const struct trial *trial)
{
    return trial->failure == GT_MCP_UNREACHABLE || trial->http_status >= 500 ||
           trial->http_status == 429;
}

static bool hop_connect(struct trial *trial)
{
    struct check *check = trial->check;
    int64_t end_ms = now_ms(check) + check->fetch.deadline_ms;
    begin(check, "connect");
    for (int64_t pause_ms = FIRST_PAUSE_MS;; pause_ms *= 2) {
        gt_mcp_connect(trial->client, on_outcome, trial);
        await(trial);
        if (trial->failure == GT_MCP_OK || !is_passing(trial) || now_ms(check) + pause_ms > end_ms)
            break;
        gt_pause(check->options->loop, pause_ms);
        gt_mcp_client_reset(trial->client);
    }
    if (trial->failure != GT_MCP_OK)
        return trial_failed(trial, "connect", "server/discover, initialize");
    const char *name = gt_text_at(trial->result, "/serverInfo/name");
    passed(check, "connect",
           gt_printf(check->arena, "%s, MCP %s%s%s", gt_mcp_client_handshake(trial->client),
                     gt_mcp_version_name(gt_mcp_client_version(trial->client)),
                     name == NULL ? "" : ", server ",
                     name == NULL ? "" : gt_one_line(check->arena, name, 100)));
    return true;
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

static bool hop_list(struct trial *trial)
{
    struct check *check = trial->check;
    begin(check, "tools/list");
    gt_mcp_list(trial->client, "tools/list", "tools", on_outcome, trial);
    await(trial);
    if (trial->failure != GT_MCP_OK)
        return trial_failed(trial, "tools/list", "tools/list");
    check->out->tools = gt_at(trial->result, "/tools");
    size_t count = json_array_size(check->out->tools);
    long long pages = json_integer_value(gt_at(trial->result, "/pages"));
    if (count == 0) {
        trial->message = "the gateway lists no tools";
        trial->received = "an empty list";
        failed(check, "tools/list",
               &(struct gt_token_failure){.message = trial->message,
                                          .sent = "tools/list",
                                          .received = trial->received,
                                          .cause = "no target of the gateway is READY, or their "
                                                   "servers offer no tools"});
        return false;
    }
    passed(check, "tools/list",
           gt_printf(check->arena, "%zu tool%s%s: %s", count, gt_plural(count),
                     pages > 1 ? gt_printf(check->arena, " on %lld pages", pages) : "",
                     tool_names(check->arena, check->out->tools)));
    return true;
}

static const char *first_text(struct gt_arena *arena, const json_t *result)
{
    const char *text = gt_text_at(result, "/content/0/text");
    return text == NULL ? "no text" : gt_one_line(arena, text, SHOWN);
}

static void hop_call(struct trial *trial)
{
    struct check *check = trial->check;
    const char *tool = check->options->call;
    if (tool == NULL)
        return;
    json_t *arguments = check->options->arguments == NULL
                            ? json_object()
                            : json_incref(gt_iterable(check->options->arguments));
    json_auto_t *params = json_pack("{s:s, s:o}", "name", tool, "arguments", arguments);
    const char *sent = gt_printf(check->arena, "tools/call %s", tool);
    begin(check, "tools/call");
    gt_mcp_request(trial->client, &(struct gt_mcp_ask){.method = "tools/call", .params = params},
                   on_outcome, trial);
    await(trial);
    if (trial->failure != GT_MCP_OK) {
        trial_failed(trial, "tools/call", sent);
    } else if (json_is_true(gt_at(trial->result, "/isError"))) {
        trial->message = "the tool answered with an error";
        trial->received = first_text(check->arena, trial->result);
        failed(check, "tools/call",
               &(struct gt_token_failure){
                   .message = trial->message,
                   .sent = sent,
                   .received = trial->received,
                   .cause = "the arguments do not suit the tool, or what it works with fails"});
    } else {
        passed(check, "tools/call", first_text(check->arena, trial->result));
    }
}

/* -- what must be refused -- */

static void must_refuse(struct check *check, const char *name, const char *token, const char *what)
{
    struct trial trial;
    begin(check, name);
    open_trial(&trial, check, token);
    gt_mcp_connect(trial.client, on_outcome, &trial);
    await(&trial);
    if (trial.failure == GT_MCP_OK) {
        /* Some gateways greet anybody and look at the token where it matters. */
        gt_mcp_list(trial.client, "tools/list", "tools", on_outcome, &trial);
        await(&trial);
    }
    bool refused = trial.http_status == 401 || trial.http_status == 403;
    if (refused)
        passed(check, name, gt_printf(check->arena, "refused: HTTP %d", trial.http_status));
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
                                : cause_of(&trial)});
    gt_mcp_client_free(trial.client);
}

/* The token with one character in the middle of its signature changed. */
static const char *tampered(struct gt_arena *arena, const char *token)
{
    char *copy = gt_strdup(arena, token);
    char *dot = strrchr(copy, '.');
    size_t len = dot == NULL ? 0 : strlen(dot);
    if (len > 2)
        dot[len / 2] = dot[len / 2] == 'A' ? 'B' : 'A';
    return copy;
}

static bool is_allowed(const json_t *allowed, const char *scope, size_t len)
{
    size_t i;
    json_t *one;
    json_array_foreach(gt_iterable(allowed), i,
                       one) if (json_string_length(one) == len &&
                                strncmp(json_string_value(one), scope, len) == 0) return true;
    return false;
}

/* A scope of the client that the gateway does not allow; NULL: none. */
static const char *foreign_scope(struct gt_arena *arena, const json_t *allowed, const char *scopes)
{
    for (const char *at = scopes; *at != '\0';) {
        size_t len = strcspn(at, " ");
        if (len > 0 && !is_allowed(allowed, at, len))
            return gt_strndup(arena, at, len);
        at += len + strspn(at + len, " ");
    }
    return NULL;
}

static void hop_wrong_scope(struct check *check)
{
    static const char name[] = "wrong scope";
    const struct gt_verify_options *options = check->options;
    const json_t *allowed = gt_at(options->gateway->authorizer, "/allowedScopes");
    const struct gt_verify_client *other = NULL;
    const char *scope = NULL;
    if (json_array_size(allowed) == 0) {
        skipped(check, name, "the gateway asks for no scope");
        return;
    }
    for (size_t i = 0; scope == NULL && i < options->client_count; i++) {
        other = &options->clients[i];
        if (gt_streq(other->discovery_url, options->client->discovery_url))
            scope = foreign_scope(check->arena, allowed, other->scope);
    }
    if (scope == NULL) {
        skipped(check, name, "no client with another scope exists");
        return;
    }
    struct gt_token token;
    struct gt_token_failure why;
    if (!fetch_token(check, other, scope, &token, &why)) {
        begin(check, name);
        failed(check, name, &why);
        return;
    }
    must_refuse(check, name, token.access_token,
                gt_printf(check->arena, "a token of %s with the scope %s", other->name, scope));
}

void gt_verify(struct gt_arena *arena, const struct gt_verify_options *options,
               struct gt_verification *out)
{
    int64_t deadline_ms = options->deadline_ms > 0 ? options->deadline_ms : GT_TOKEN_DEADLINE_MS;
    struct check check = {.arena = arena,
                          .options = options,
                          .out = out,
                          .fetch = {options->loop, options->http, deadline_ms}};
    *out = (struct gt_verification){0};
    bool known = hop_discovery(&check) && hop_token(&check);
    if (known && hop_claims(&check)) {
        struct trial trial;
        open_trial(&trial, &check, check.token.access_token);
        if (hop_connect(&trial) && hop_list(&trial))
            hop_call(&trial);
        gt_mcp_client_free(trial.client);
    }
    must_refuse(&check, "no token", NULL, "a call without a token");
    if (!known)
        return;
    must_refuse(&check, "tampered token", tampered(arena, check.token.access_token),
                "a token whose signature was changed");
    hop_wrong_scope(&check);
}
