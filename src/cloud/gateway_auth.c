/* Bearer tokens: who may call a gateway or a runtime with a customJWTAuthorizer, and how a refusal
 * is worded. Source: RFC 6750, RFC 9728; MCP specification, "Authorization". */
#include "data_plane.h"

#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/jose/jose.h>
#include <string.h>
#include <strings.h>

enum { TOKEN_MAX = 16 * 1024, CHALLENGE_MAX = 8 * 1024, UNAUTHORIZED = -32001 };

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
        if (refusal->description != NULL)
            add_quoted(&buf, "error_description", refusal->description);
        if (refusal->scope != NULL)
            add_quoted(&buf, "scope", refusal->scope);
    }
    char *text = gt_strdup(arena, gt_buf_text(&buf));
    gt_buf_done(&buf);
    return text;
}

json_t *gt_resource_metadata(struct gt_local *local, const char *resource, const json_t *authorizer)
{
    static const char known[] = "/.well-known/openid-configuration";
    json_t *document =
        json_pack("{s:s, s:[s]}", "resource", resource, "bearer_methods_supported", "header");
    const char *url = gt_text_at(authorizer, "/discoveryUrl");
    if (url != NULL) {
        json_auto_t *own = gt_oauth_own_discovery(local, url);
        const char *issuer = gt_text_at(own, "/issuer");
        json_t *server = issuer != NULL             ? json_string(issuer)
                         : gt_ends_with(url, known) ? json_stringn(url, strlen(url) - strlen(known))
                                                    : json_string(url);
        json_object_set_new(document, "authorization_servers", json_pack("[o]", server));
    }
    json_t *scopes = json_object_get(authorizer, "allowedScopes");
    if (json_array_size(scopes) > 0)
        json_object_set(document, "scopes_supported", scopes);
    return document;
}

void gt_bearer_refuse(struct gt_exchange *exchange, const char *metadata_url,
                      const struct gt_refusal *refusal)
{
    struct gt_arena *arena = gt_exchange_arena(exchange);
    const char *message = refusal->error == NULL ? "Missing Bearer token"
                          : refusal->status == 403
                              ? gt_printf(arena, "Insufficient scope: %s", refusal->description)
                              : gt_printf(arena, "Invalid Bearer token: %s", refusal->description);
    if (refusal->status >= 500)
        message = refusal->description;
    json_auto_t *body = gt_rpc_error(NULL, true, UNAUTHORIZED, message, NULL);
    struct gt_buf text = gt_buf_init(CHALLENGE_MAX);
    gt_buf_add_json(&text, body, JSON_COMPACT);
    const struct gt_header headers[] = {
        {"Content-Type", "application/json"},
        {"WWW-Authenticate", gt_bearer_challenge(arena, metadata_url, refusal)},
    };
    gt_reply(exchange, refusal->status, headers, refusal->status >= 500 ? 1 : GT_COUNT(headers),
             gt_buf_text(&text), text.len);
    gt_buf_done(&text);
}

struct check {
    struct gt_local *local;
    struct gt_exchange *exchange;
    json_t *authorizer; /* in the exchange's arena */
    const char *token;
    gt_bearer_fn *fn;
    void *payload;
    bool again;
    struct gt_issuer_wait wait;
};

static void refuse(struct check *check, int status, const char *error, const char *description)
{
    const struct gt_refusal refusal = {
        .status = status, .error = error, .description = description};
    check->fn(check->payload, check->exchange, &refusal, NULL);
}

static const char *const outcome_texts[] = {
    [GT_JWT_MALFORMED] = "the token is no signed JSON Web Token",
    [GT_JWT_UNKNOWN_KEY] = "the token is signed with a key that its issuer does not show",
    [GT_JWT_BAD_ALGORITHM] = "the token's algorithm does not fit the key",
    [GT_JWT_BAD_SIGNATURE] = "the token's signature is not valid",
};

static void on_keys(struct gt_issuer_wait *wait, const char *issuer, const json_t *jwks,
                    const char *problem)
{
    struct check *check = wait->payload;
    struct gt_arena *arena = gt_exchange_arena(check->exchange);
    if (problem != NULL) {
        refuse(check, 503, "temporarily_unavailable", problem);
        return;
    }
    json_auto_t *claims = NULL;
    enum gt_jwt_outcome outcome = gt_jwt_verify(check->token, jwks, &claims);
    struct gt_plane *plane = gt_plane_of(check->local);
    if (outcome == GT_JWT_UNKNOWN_KEY && !check->again && plane != NULL) {
        check->again = true;
        gt_issuer_keys(plane, gt_text_at(check->authorizer, "/discoveryUrl"), true, &check->wait);
        return;
    }
    if (outcome != GT_JWT_OK) {
        refuse(check, 401, "invalid_token", outcome_texts[outcome]);
        return;
    }
    struct gt_refusal refusal = {0};
    bool allowed = gt_authorizer_allows(arena, check->authorizer, issuer, claims,
                                        gt_local_now_ms(check->local), &refusal);
    check->fn(check->payload, check->exchange, allowed ? NULL : &refusal, claims);
}

void gt_bearer_check(struct gt_local *local, struct gt_exchange *exchange, const json_t *authorizer,
                     gt_bearer_fn *fn, void *payload)
{
    struct gt_arena *arena = gt_exchange_arena(exchange);
    struct gt_plane *plane = gt_plane_of(local);
    struct check *check = GT_NEW(arena, struct check);
    *check = (struct check){
        .local = local,
        .exchange = exchange,
        .authorizer = gt_keep(arena, json_deep_copy(authorizer)),
        .token = gt_bearer_token(arena,
                                 gt_request_header(gt_exchange_request(exchange), "authorization")),
        .fn = fn,
        .payload = payload,
    };
    check->wait.fn = on_keys;
    check->wait.payload = check;
    const char *url = gt_text_at(authorizer, "/discoveryUrl");
    if (check->token == NULL)
        refuse(check, 401, NULL, NULL);
    else if (strlen(check->token) > TOKEN_MAX)
        refuse(check, 401, "invalid_token", "the token is too long");
    else if (url == NULL || plane == NULL)
        refuse(check, 503, "temporarily_unavailable", "the authorizer has no discoveryUrl");
    else
        gt_issuer_keys(plane, url, false, &check->wait);
}
