/*
 * The token endpoint for machines: client credentials against an app client of a user pool, and
 * access tokens shaped like Cognito's. A domain that is unknown, not ACTIVE, or whose name is still
 * on its way through DNS (knob token_dns_ms) is a host that nobody answers for: the connection is
 * reset.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html, RFC 6749.
 */
#include "call.h"
#include "identity.h"

#include <gantry/base/base64.h>
#include <gantry/base/hash.h>
#include <gantry/base/map.h>
#include <gantry/jose/jose.h>
#include <gantry/sys/sys.h>
#include <string.h>
#include <strings.h>

enum { MS = 1000, MAX_PARAMETERS = 50 };

struct token_request {
    struct gt_local *local;
    struct gt_exchange *exchange;
    struct gt_arena *arena;
    struct gt_map form;
    const char *domain, *id, *secret; /* id and secret of the client, NULL when not given */
    struct gt_object *client, *pool;
};

static void reply(const struct token_request *request, int status, const json_t *body)
{
    static const struct gt_header headers[] = {
        {"Content-Type", "application/json;charset=UTF-8"},
        {"Cache-Control", "no-store"},
        {"Pragma", "no-cache"},
    };
    struct gt_buf text = gt_buf_init(1 << 20);
    gt_buf_add_json(&text, body, JSON_COMPACT);
    gt_reply(request->exchange, status, headers, GT_COUNT(headers), gt_buf_text(&text), text.len);
    gt_buf_wipe(&text);
}

/* All of Cognito's errors are 400, invalid_client too. */
static bool refuse(const struct token_request *request, const char *error)
{
    json_auto_t *body = json_pack("{s:s}", "error", error);
    reply(request, 400, body);
    return false;
}

static bool read_form(struct token_request *request)
{
    struct gt_arena *arena = request->arena;
    const struct gt_request *http = gt_exchange_request(request->exchange);
    const char *type = gt_request_header(http, "content-type");
    static const char wanted[] = "application/x-www-form-urlencoded";
    if (type == NULL || strcspn(type, "; ") != strlen(wanted) ||
        strncasecmp(type, wanted, strlen(wanted)) != 0 || strlen(http->body) != http->body_len)
        return refuse(request, "invalid_request");
    request->form = gt_map_init(arena);
    for (const char *at = http->body; *at != '\0';) {
        size_t len = strcspn(at, "&"), name_len = strcspn(at, "=&");
        const char *value_at = at + name_len + (at[name_len] == '=');
        const char *name = gt_decode_percent(arena, at, name_len, true);
        char *value = gt_decode_percent(arena, value_at, (size_t)(at + len - value_at), true);
        if (name == NULL || value == NULL || gt_map_get(&request->form, name) != NULL ||
            request->form.entries.len >= MAX_PARAMETERS)
            return refuse(request, "invalid_request");
        gt_map_set(&request->form, name, value);
        at += len + (at[len] == '&');
    }
    return true;
}

/* Parameters without a value count as left out (RFC 6749 section 3.2). */
static const char *parameter(const struct token_request *request, const char *name)
{
    const char *value = gt_map_get(&request->form, name);
    return value == NULL || *value == '\0' ? NULL : value;
}

/* The client by HTTP Basic, or in the body; by both only where they say the same. */
static bool read_client(struct token_request *request)
{
    struct gt_arena *arena = request->arena;
    const char *id = parameter(request, "client_id"), *secret = parameter(request, "client_secret");
    const char *header = gt_request_header(gt_exchange_request(request->exchange), "authorization");
    request->id = id;
    request->secret = secret;
    if (header == NULL)
        return id != NULL || refuse(request, "invalid_request");
    char *bytes = NULL;
    size_t len = 0;
    static const char scheme[] = "basic ";
    const char *encoded =
        strncasecmp(header, scheme, strlen(scheme)) == 0 ? header + strlen(scheme) : "";
    encoded += strspn(encoded, " ");
    char *colon = gt_base64_decode(arena, encoded, &bytes, &len) && strlen(bytes) == len
                      ? strchr(bytes, ':')
                      : NULL;
    if (colon == NULL)
        return refuse(request, "invalid_request");
    *colon = '\0';
    request->id = gt_percent_decode(arena, bytes);
    request->secret = gt_percent_decode(arena, colon + 1);
    if ((id != NULL && !gt_streq(id, request->id)) ||
        (secret != NULL && !gt_streq(secret, request->secret)))
        return refuse(request, "invalid_request");
    return true;
}

/* Digests of equal length are compared to their end, so time tells nothing about the secret. */
static bool same_secret(struct gt_arena *arena, const char *a, const char *b)
{
    const char *one = gt_sha256_hex(arena, a, strlen(a)), *two = gt_sha256_hex(arena, b, strlen(b));
    unsigned char difference = 0;
    for (size_t i = 0; one[i] != '\0'; i++)
        difference |= (unsigned char)(one[i] ^ two[i]);
    return difference == 0;
}

static bool check_secret(const struct token_request *request)
{
    const json_t *secrets = json_object_get(request->client->hidden, "secrets");
    if (json_array_size(secrets) == 0)
        return request->secret == NULL;
    bool same = false;
    for (size_t i = 0; i < json_array_size(secrets); i++) {
        const char *value = gt_text_at(json_array_get(secrets, i), "/value");
        same |= same_secret(request->arena, value, request->secret == NULL ? "" : request->secret);
    }
    return same;
}

/* Two regions may have domains of one prefix, which have one path here: the client decides. False
 * when no such domain can be reached. */
static bool find_client(struct token_request *request)
{
    struct gt_local *local = request->local;
    bool reachable = false;
    int64_t horizon = gt_local_now_ms(local) - gt_local_knob(local)->token_dns_ms;
    struct gt_object *domain = NULL;
    while ((domain = gt_object_next(local, &gt_kind_user_pool_domain, NULL, NULL, NULL, domain)) !=
           NULL) {
        const json_t *active = json_object_get(domain->hidden, "activeMs");
        if (!gt_streq(domain->id, request->domain) ||
            !gt_streq(gt_text_at(domain->data, "/Status"), "ACTIVE") ||
            (active != NULL && json_integer_value(active) > horizon))
            continue;
        reachable = true;
        if (request->client == NULL && request->id != NULL)
            request->client = gt_object_find(local, &gt_kind_user_pool_client, domain->account,
                                             domain->region, domain->parent, request->id);
    }
    if (request->client != NULL)
        request->pool = gt_object_find(local, &gt_kind_user_pool, request->client->account,
                                       request->client->region, "", request->client->parent);
    return reachable;
}

static bool listed(const json_t *list, const char *word)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (gt_streq(json_string_value(json_array_get(list, i)), word))
            return true;
    return false;
}

/* There are no users here, so no code and no refresh token is ever good. */
static bool check_grant(const struct token_request *request)
{
    static const struct {
        const char *grant, *flow;
    } grants[] = {
        {"client_credentials", "client_credentials"},
        {"authorization_code", "code"},
        {"refresh_token", "code"},
    };
    const char *grant = parameter(request, "grant_type");
    const json_t *data = request->client->data;
    const json_t *flows = json_object_get(data, "AllowedOAuthFlows");
    bool enabled = json_is_true(json_object_get(data, "AllowedOAuthFlowsUserPoolClient"));
    for (size_t i = 0; i < GT_COUNT(grants); i++) {
        if (!gt_streq(grants[i].grant, grant))
            continue;
        if (!enabled || !listed(flows, grants[i].flow))
            return refuse(request, "unauthorized_client");
        return i == 0 || refuse(request, "invalid_grant");
    }
    return refuse(request, grant == NULL ? "invalid_request" : "unsupported_grant_type");
}

static bool add_scope(const struct token_request *request, struct gt_buf *scopes, const char *scope)
{
    const json_t *allowed = json_object_get(request->client->data, "AllowedOAuthScopes");
    if (!listed(allowed, scope) || !gt_pool_has_scope(request->local, request->pool, scope))
        return false;
    if (scopes->len > 0)
        gt_buf_addc(scopes, ' ');
    gt_buf_adds(scopes, scope);
    return true;
}

/* The scopes of the token: those asked for, or all custom scopes of the client. NULL after
 * refusing. */
static const char *read_scopes(const struct token_request *request)
{
    const char *asked = parameter(request, "scope");
    struct gt_buf scopes = gt_buf_init(1 << 16);
    bool good = true;
    if (asked == NULL) {
        const json_t *allowed = json_object_get(request->client->data, "AllowedOAuthScopes");
        for (size_t i = 0; i < json_array_size(allowed); i++)
            add_scope(request, &scopes, json_string_value(json_array_get(allowed, i)));
    } else {
        for (const char *at = asked + strspn(asked, " "); good && *at != '\0';) {
            size_t len = strcspn(at, " ");
            good = add_scope(request, &scopes, gt_strndup(request->arena, at, len));
            at += len + strspn(at + len, " ");
        }
    }
    good = good && scopes.len > 0 && !scopes.overflow;
    const char *text = good ? gt_strdup(request->arena, gt_buf_text(&scopes)) : NULL;
    gt_buf_done(&scopes);
    if (!good)
        refuse(request, asked == NULL ? "invalid_grant" : "invalid_scope");
    return text;
}

static int64_t lifetime_seconds(const json_t *data)
{
    static const struct {
        const char *unit;
        int64_t seconds;
    } units[] = {{"hours", 3600}, {"seconds", 1}, {"minutes", 60}, {"days", 86400}};
    const json_t *value = json_object_get(data, "AccessTokenValidity");
    const char *unit = gt_text_at(data, "/TokenValidityUnits/AccessToken");
    int64_t seconds = units[0].seconds;
    for (size_t i = 0; i < GT_COUNT(units); i++)
        if (gt_streq(units[i].unit, unit))
            seconds = units[i].seconds;
    return value == NULL ? units[0].seconds : json_integer_value(value) * seconds;
}

static void issue(const struct token_request *request, const char *scopes, const char *issuer_base)
{
    struct gt_local *local = request->local;
    int64_t now = gt_local_now_ms(local) / MS, life = lifetime_seconds(request->client->data);
    const char *issuer = gt_printf(request->arena, "%s/%s", issuer_base, request->pool->id);
    const char *jti = gt_uuid(gt_loop_sys(gt_local_loop(local)), request->arena);
    json_auto_t *claims =
        json_pack("{s:s, s:s, s:s, s:I, s:s, s:I, s:I, s:i, s:s, s:s}", "sub", request->client->id,
                  "token_use", "access", "scope", scopes, "auth_time", (json_int_t)now, "iss",
                  issuer, "exp", (json_int_t)(now + life), "iat", (json_int_t)now, "version", 2,
                  "jti", jti, "client_id", request->client->id);
    const char *token = gt_jwt_sign(request->arena, gt_pool_jwk(local, request->pool), claims);
    if (token == NULL) {
        gt_reply(request->exchange, 500, NULL, 0, "", 0);
        return;
    }
    json_auto_t *body = json_pack("{s:s, s:I, s:s}", "access_token", token, "expires_in",
                                  (json_int_t)life, "token_type", "Bearer");
    reply(request, 200, body);
}

void gt_oauth_token(struct gt_local *local, struct gt_exchange *exchange, const char *domain,
                    const char *issuer_base)
{
    struct token_request request = {.local = local,
                                    .exchange = exchange,
                                    .arena = gt_exchange_arena(exchange),
                                    .domain = domain};
    if (!find_client(&request)) {
        gt_exchange_abort(exchange);
        return;
    }
    if (!gt_streq(gt_exchange_request(exchange)->method, "POST")) {
        static const struct gt_header allow = {"Allow", "POST"};
        gt_reply(exchange, 405, &allow, 1, "", 0);
        return;
    }
    if (!read_form(&request) || !read_client(&request))
        return;
    find_client(&request);
    if (request.client == NULL || request.pool == NULL || !check_secret(&request)) {
        refuse(&request, "invalid_client");
        return;
    }
    const char *scopes = check_grant(&request) ? read_scopes(&request) : NULL;
    if (scopes != NULL)
        issue(&request, scopes, issuer_base);
}
