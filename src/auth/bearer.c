#include "issuers.h"

#include <gantry/base/buf.h>
#include <gantry/base/hash.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/jose/jose.h>
#include <gantry/mcp/protocol.h>
#include <string.h>
#include <strings.h>

enum {
    TOKEN_MAX = 16 * 1024,
    CHALLENGE_MAX = 8 * 1024,
    SCOPES_MAX = 4 * 1024,
    SHOWN_MAX = 200,
    UNAUTHORIZED = -32001
};

/* How long a failure to get keys is remembered: before that there is no other answer. */
#define RETRY_AFTER_S "5"

/* -- wording -- */

const char *gt_bearer_token(struct gt_arena *arena, const char *authorization)
{
    static const char scheme[] = "bearer";
    if (authorization == NULL || strncasecmp(authorization, scheme, strlen(scheme)) != 0 ||
        authorization[strlen(scheme)] != ' ')
        return NULL;
    const char *token = authorization + strlen(scheme);
    token += strspn(token, " ");
    size_t len = strcspn(token, " \t");
    return len == 0 ? NULL : gt_strndup(arena, token, len);
}

/* A quoted-string of RFC 9110 section 5.6.4 that needs no escapes. */
static void add_quoted(struct gt_buf *buf, const char *name, const char *value)
{
    if (value == NULL)
        return;
    gt_buf_addf(buf, "%s%s=\"", buf->len > strlen("Bearer ") ? ", " : "", name);
    for (const char *at = value; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        gt_buf_addc(buf, c == '"' || c == '\\' ? '\'' : c < 0x20 || c > 0x7e ? ' ' : *at);
    }
    gt_buf_addc(buf, '"');
}

char *gt_bearer_challenge(struct gt_arena *arena, const char *metadata_url,
                          const struct gt_refusal *refusal)
{
    struct gt_buf buf = gt_buf_init(CHALLENGE_MAX);
    gt_buf_adds(&buf, "Bearer ");
    add_quoted(&buf, "resource_metadata", metadata_url);
    if (refusal->error != NULL) {
        add_quoted(&buf, "error", refusal->error);
        add_quoted(&buf, "error_description", refusal->description);
    }
    add_quoted(&buf, "scope", refusal->scope);
    char *text = gt_strdup(arena, gt_buf_text(&buf));
    gt_buf_done(&buf);
    return text;
}

json_t *gt_resource_metadata(const char *resource, const char *issuer, const json_t *scopes)
{
    json_t *document =
        json_pack("{s:s, s:[s]}", "resource", resource, "bearer_methods_supported", "header");
    if (issuer != NULL)
        json_object_set_new(document, "authorization_servers", json_pack("[s]", issuer));
    if (json_array_size(scopes) > 0)
        json_object_set(document, "scopes_supported", gt_iterable(scopes));
    return document;
}

static const char *message_of(struct gt_arena *arena, const struct gt_refusal *refusal)
{
    if (refusal->status >= 500)
        return gt_printf(arena, "%s: try again in " RETRY_AFTER_S " seconds", refusal->description);
    if (refusal->error == NULL)
        return "Missing Bearer token";
    return gt_printf(arena,
                     refusal->status == 403 ? "Insufficient scope: %s" : "Invalid Bearer token: %s",
                     refusal->description);
}

void gt_bearer_refuse(struct gt_exchange *exchange, const char *metadata_url,
                      const struct gt_refusal *refusal)
{
    struct gt_arena *arena = gt_exchange_arena(exchange);
    json_auto_t *body = gt_rpc_error(NULL, true, UNAUTHORIZED, message_of(arena, refusal), NULL);
    const char *text = gt_json_canonical(arena, body);
    const struct gt_header headers[] = {
        {"Content-Type", "application/json"},
        refusal->status >= 500
            ? (struct gt_header){"Retry-After", RETRY_AFTER_S}
            : (struct gt_header){"WWW-Authenticate",
                                 gt_bearer_challenge(arena, metadata_url, refusal)},
    };
    gt_reply(exchange, refusal->status, headers, GT_COUNT(headers), text, strlen(text));
}

/* -- the check -- */

struct check {
    struct gt_keys_wait wait; /* first */
    struct gt_issuers *issuers;
    struct gt_exchange *exchange;
    struct gt_bearer_rule rule;
    const char *token;
    int64_t now_ms; /* when the request came */
    gt_bearer_fn *fn;
    void *payload;
    bool waited; /* for keys: there are no newer ones */
};

static const char *joined(struct gt_arena *arena, const json_t *scopes)
{
    struct gt_buf text = gt_buf_init(SCOPES_MAX);
    for (size_t i = 0; i < json_array_size(scopes); i++) {
        const char *scope = json_string_value(json_array_get(scopes, i));
        if (scope != NULL)
            gt_buf_addf(&text, "%s%s", text.len == 0 ? "" : " ", scope);
    }
    const char *copy = text.len == 0 ? NULL : gt_strdup(arena, gt_buf_text(&text));
    gt_buf_done(&text);
    return copy;
}

static void refuse_with(const struct check *check, struct gt_refusal *refusal)
{
    if (refusal->status == 401 && refusal->scope == NULL)
        refusal->scope = joined(gt_exchange_arena(check->exchange), check->rule.scopes);
    check->fn(check->payload, check->exchange, refusal, NULL);
}

static void refuse(const struct check *check, int status, const char *error,
                   const char *description)
{
    struct gt_refusal refusal = {.status = status,
                                 .error = error,
                                 .description =
                                     gt_strdup(gt_exchange_arena(check->exchange), description)};
    refuse_with(check, &refusal);
}

static void unavailable(const struct check *check, const char *description)
{
    refuse(check, 503, "temporarily_unavailable", description);
}

static const char *const outcome_texts[] = {
    [GT_JWT_MALFORMED] = "the token is no signed JSON Web Token",
    [GT_JWT_UNKNOWN_KEY] = "the token is signed with a key that its issuer does not show",
    [GT_JWT_BAD_ALGORITHM] = "the token's algorithm does not fit the key",
    [GT_JWT_BAD_SIGNATURE] = "the token's signature is not valid",
};

/* A token that names no key is tried with all: that none fits may mean that there is a new one. */
static bool names_no_key(const char *token)
{
    json_t *header = NULL;
    bool unnamed = gt_jwt_decode(token, &header, NULL) && json_object_get(header, "kid") == NULL;
    json_decref(header);
    return unnamed;
}

/* The token's claims (new reference) when its signature holds. */
static enum gt_jwt_outcome verify(const struct check *check, const struct gt_keys *keys,
                                  json_t **claims)
{
    struct gt_issuers *issuers = check->issuers;
    size_t len = strlen(check->token);
    int64_t now = gt_monotonic_ms(gt_loop_sys(issuers->options.loop));
    const char *digest = gt_sha256_hex(gt_exchange_arena(check->exchange), check->token, len);
    *claims = json_incref(gt_tokens_find(issuers->tokens, digest, keys->generation, now));
    if (*claims != NULL)
        return GT_JWT_OK;
    issuers->verified++;
    enum gt_jwt_outcome outcome = gt_jwt_verify(check->token, keys->jwks, claims);
    if (outcome == GT_JWT_OK)
        gt_tokens_add(issuers->tokens, digest, keys->generation, *claims, len, now);
    return outcome == GT_JWT_BAD_SIGNATURE && names_no_key(check->token) ? GT_JWT_UNKNOWN_KEY
                                                                         : outcome;
}

/* The issuer that an address of a discovery document stands for has no slash at its end, and many
 * an issuer has one in its name. */
static bool is_same_issuer(const char *expected, const char *named)
{
    size_t a = strlen(expected), b = strlen(named);
    a -= a > 0 && expected[a - 1] == '/';
    b -= b > 0 && named[b - 1] == '/';
    return a == b && memcmp(expected, named, a) == 0;
}

static void judge(const struct check *check, const char *issuer, const json_t *claims)
{
    struct gt_refusal refusal = {0};
    if (gt_authorizer_allows(gt_exchange_arena(check->exchange), check->rule.authorizer, issuer,
                             claims, check->now_ms, &refusal))
        check->fn(check->payload, check->exchange, NULL, claims);
    else
        refuse_with(check, &refusal);
}

/* Ends the check by the keys that there are; false: it is worth waiting for others. */
static bool conclude(const struct check *check, const struct gt_keys *keys)
{
    struct gt_arena *arena = gt_exchange_arena(check->exchange);
    json_auto_t *claims = NULL;
    if (keys->jwks == NULL) {
        unavailable(check, keys->problem);
        return true;
    }
    if (check->rule.issuer != NULL && !is_same_issuer(check->rule.issuer, keys->issuer)) {
        unavailable(check,
                    gt_printf(arena, "the issuer's discovery document is that of %s, not of %s",
                              gt_one_line(arena, keys->issuer, SHOWN_MAX),
                              gt_one_line(arena, check->rule.issuer, SHOWN_MAX)));
        return true;
    }
    enum gt_jwt_outcome outcome = verify(check, keys, &claims);
    if (outcome == GT_JWT_UNKNOWN_KEY && !check->waited &&
        gt_keys_again(check->issuers, check->rule.discovery_url))
        return false;
    if (outcome == GT_JWT_OK)
        judge(check, keys->issuer, claims);
    else if (outcome == GT_JWT_UNKNOWN_KEY && keys->problem != NULL)
        unavailable(check, keys->problem);
    else
        refuse(check, 401, "invalid_token", outcome_texts[outcome]);
    return true;
}

static void on_keys(struct gt_keys_wait *wait, const struct gt_keys *keys)
{
    conclude((const struct check *)wait, keys);
}

static void wait_for_keys(const struct check *check)
{
    struct gt_arena *arena = gt_exchange_arena(check->exchange);
    struct check *kept = GT_NEW(arena, struct check);
    *kept = *check;
    kept->wait.fn = on_keys;
    kept->waited = true;
    kept->rule = (struct gt_bearer_rule){
        .discovery_url = gt_strdup(arena, check->rule.discovery_url),
        .issuer = gt_strdup(arena, check->rule.issuer),
        .authorizer = gt_keep(arena, json_deep_copy(check->rule.authorizer)),
        .scopes = gt_keep(arena, json_deep_copy(check->rule.scopes)),
    };
    gt_keys_wait(check->issuers, kept->rule.discovery_url, &kept->wait);
}

void gt_bearer_check(struct gt_issuers *issuers, struct gt_exchange *exchange,
                     const struct gt_bearer_rule *rule, int64_t now_ms, gt_bearer_fn *fn,
                     void *payload)
{
    struct gt_keys keys;
    struct check check = {
        .issuers = issuers,
        .exchange = exchange,
        .rule = *rule,
        .token = gt_bearer_token(gt_exchange_arena(exchange),
                                 gt_request_header(gt_exchange_request(exchange), "authorization")),
        .now_ms = now_ms,
        .fn = fn,
        .payload = payload,
    };
    if (check.token == NULL)
        refuse(&check, 401, NULL, NULL);
    else if (strlen(check.token) > TOKEN_MAX)
        refuse(&check, 401, "invalid_token", "the token is too long");
    else if (issuers == NULL || issuers->closing)
        unavailable(&check, "the server is ending");
    else if (rule->discovery_url == NULL)
        unavailable(&check, "the authorizer has no discovery URL");
    else if (!gt_keys_get(issuers, rule->discovery_url, &keys) || !conclude(&check, &keys))
        wait_for_keys(&check);
}
