/*
 * The OpenID Connect side of user pools: discovery document and key set below /POOL/.well-known/,
 * and the way to the token endpoint (cognito_token.c) at /cognito/DOMAIN/oauth2/token, which stands
 * for https://DOMAIN.auth.REGION.amazoncognito.com/oauth2/token.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html
 */
#include "identity.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/base/url.h>
#include <gantry/jose/jose.h>
#include <gantry/model/endpoints.h>
#include <string.h>

#define DISCOVERY "/.well-known/openid-configuration"
#define KEYS "/.well-known/jwks.json"
#define DOMAINS "/cognito/"
#define TOKEN "/oauth2/token"

/* Pool ids are unique in all the cloud: their random part is long. */
static struct gt_object *pool_by_id(struct gt_local *local, const char *id)
{
    struct gt_object *pool = NULL;
    while ((pool = gt_object_next(local, &gt_kind_user_pool, NULL, NULL, NULL, pool)) != NULL)
        if (gt_streq(pool->id, id))
            return pool;
    return NULL;
}

const json_t *gt_pool_jwk(struct gt_local *local, const struct gt_object *pool)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    return gt_local_jwk(local, gt_printf(scratch, "pool %s", pool->id));
}

static json_t *key_set(struct gt_local *local, const struct gt_object *pool)
{
    return json_pack("{s:[o]}", "keys", gt_jwk_public(gt_pool_jwk(local, pool)));
}

/* Without a domain Cognito names endpoints below the issuer, which serve nobody. */
static json_t *discovery(struct gt_local *local, const struct gt_object *pool, const char *base)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    const struct gt_object *domain = gt_pool_domain(local, pool);
    const char *issuer = gt_printf(scratch, "%s/%s", base, pool->id), *host = issuer;
    const char *prefix = "";
    if (domain != NULL) {
        host = gt_printf(scratch, "%s" DOMAINS "%s", base, domain->id);
        prefix = "/oauth2";
    }
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:[s,s], s:[s,s,s,s], s:[s], s:[s,s]}",
        "issuer", issuer, "jwks_uri", gt_printf(scratch, "%s" KEYS, issuer),
        "authorization_endpoint", gt_printf(scratch, "%s%s/authorize", host, prefix),
        "token_endpoint", gt_printf(scratch, "%s%s/token", host, prefix), "userinfo_endpoint",
        gt_printf(scratch, "%s%s/userInfo", host, prefix), "revocation_endpoint",
        gt_printf(scratch, "%s%s/revoke", host, prefix), "end_session_endpoint",
        gt_printf(scratch, "%s/logout", host), "id_token_signing_alg_values_supported", "RS256",
        "response_types_supported", "code", "token", "scopes_supported", "openid", "email", "phone",
        "profile", "subject_types_supported", "public", "token_endpoint_auth_methods_supported",
        "client_secret_basic", "client_secret_post");
}

/* What is between a prefix and a suffix of a path, without another slash; NULL. */
static char *between(struct gt_arena *arena, const char *path, const char *prefix,
                     const char *suffix)
{
    size_t skip = strlen(prefix), len = strlen(path), end = strlen(suffix);
    if (!gt_starts_with(path, prefix) || !gt_ends_with(path, suffix) || len <= skip + end)
        return NULL;
    char *middle = gt_strndup(arena, path + skip, len - skip - end);
    return strchr(middle, '/') == NULL ? middle : NULL;
}

static void refuse(struct gt_exchange *exchange, int status, const char *code, const char *message)
{
    json_auto_t *body =
        json_pack("{s:s, s:s, s:s}", "code", code, "message", message, "type", "client");
    gt_reply_json(exchange, status, body);
}

enum document { DOCUMENT_DISCOVERY, DOCUMENT_KEYS, DOCUMENT_NONE };

static void answer(struct gt_local *local, struct gt_exchange *exchange, const char *id,
                   enum document document, const char *base)
{
    const char *method = gt_exchange_request(exchange)->method;
    const struct gt_object *pool = pool_by_id(local, id);
    if (pool == NULL) {
        refuse(exchange, 404, "ResourceNotFoundException",
               gt_printf(gt_exchange_arena(exchange), "User pool %s does not exist.", id));
    } else if (document == DOCUMENT_NONE ||
               (!gt_streq(method, "GET") && !gt_streq(method, "HEAD"))) {
        refuse(exchange, 400, "BadRequest",
               "The server did not understand the operation that was requested.");
    } else {
        json_auto_t *body =
            document == DOCUMENT_KEYS ? key_set(local, pool) : discovery(local, pool, base);
        gt_reply_json(exchange, 200, body);
    }
}

bool gt_oauth_take(struct gt_local *local, struct gt_exchange *exchange, const char *base_url)
{
    static const struct {
        const char *suffix;
        enum document document;
    } documents[] = {
        {DISCOVERY, DOCUMENT_DISCOVERY},
        {KEYS, DOCUMENT_KEYS},
        {"/token", DOCUMENT_NONE},
        {"/authorize", DOCUMENT_NONE},
    };
    struct gt_arena *arena = gt_exchange_arena(exchange);
    const char *path = gt_exchange_request(exchange)->path;
    const char *domain = between(arena, path, DOMAINS, TOKEN);
    if (domain != NULL) {
        gt_oauth_token(local, exchange, domain, base_url);
        return true;
    }
    for (size_t i = 0; i < GT_COUNT(documents); i++) {
        const char *id = between(arena, path, "/", documents[i].suffix);
        if (id == NULL || strchr(id, '_') == NULL)
            continue;
        answer(local, exchange, id, documents[i].document, base_url);
        return true;
    }
    return false;
}

/* "http://localhost:4599/..." in any spelling of the loopback interface, with our port: the path.
 */
static const char *own_path(struct gt_local *local, struct gt_arena *arena, const char *text)
{
    struct gt_url url, own;
    if (!gt_url_split(arena, text, &url) || !gt_url_split(arena, gt_local_url(local), &own) ||
        !gt_streq(url.scheme, own.scheme) || !gt_url_is_loopback(&url) || url.port != own.port)
        return NULL;
    const char *authority = strstr(text, "://") + strlen("://");
    const char *path = authority + strcspn(authority, "/?#");
    return *path == '/' ? path : NULL;
}

/* The pool of a discovery URL of ours or of AWS; *base is what stands before it in the issuer. */
static struct gt_object *pool_by_url(struct gt_local *local, struct gt_arena *arena,
                                     const char *url, const char **base)
{
    const char *path = own_path(local, arena, url);
    *base = gt_local_url(local);
    if (path != NULL) {
        *base = gt_strndup(arena, url, (size_t)(path - url));
        const char *id = between(arena, path, "/", DISCOVERY);
        return id == NULL ? NULL : pool_by_id(local, id);
    }
    static const char official[] = "https://cognito-idp.";
    path = gt_starts_with(url, official) ? strchr(url + strlen(official), '/') : NULL;
    const char *id = path == NULL ? NULL : between(arena, path, "/", DISCOVERY);
    struct gt_object *pool = id == NULL ? NULL : pool_by_id(local, id);
    if (pool == NULL)
        return NULL;
    const char *host = gt_printf(arena, "%s%s.%s", official, pool->region,
                                 gt_partition_of_region(pool->region)->dns_suffix);
    return strlen(host) == (size_t)(path - url) && gt_starts_with(url, host) ? pool : NULL;
}

json_t *gt_oauth_own_discovery(struct gt_local *local, const char *discovery_url)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    const char *base = NULL;
    const struct gt_object *pool = pool_by_url(local, scratch, discovery_url, &base);
    return pool == NULL ? NULL : discovery(local, pool, base);
}

json_t *gt_oauth_own_jwks(struct gt_local *local, const char *discovery_url)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    const char *base = NULL;
    const struct gt_object *pool = pool_by_url(local, scratch, discovery_url, &base);
    return pool == NULL ? NULL : key_set(local, pool);
}
