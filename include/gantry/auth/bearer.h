/*
 * Bearer tokens on a resource server: keys of the issuers (discovery document and JWKS, fetched
 * without blocking, kept, fetched again when a token names a key that is not among them), the check
 * of a request, and how a refusal is worded. Source: RFC 6750, RFC 8414, RFC 9728, OpenID Connect
 * Discovery; MCP specification, "Authorization".
 *
 * Keys are asked for anew every ten minutes, and at once when a token names one that is not known,
 * though seldom for that reason, since anybody can make up names of keys. While an issuer cannot be
 * reached its keys stay good for a day; without keys requests are refused with 503, and the issuer
 * is asked again by requests that come a few seconds later. However many wait, one fetch is under
 * way.
 *
 * The claims of tokens whose signature held are kept for a minute at most, as long as the issuer
 * shows the same keys; they are judged again for every request.
 */
#ifndef GANTRY_AUTH_BEARER_H
#define GANTRY_AUTH_BEARER_H

#include <gantry/jose/authorizer.h>
#include <gantry/net/server.h>

struct gt_issuers;

struct gt_issuers_options {
    struct gt_loop *loop;
    struct gt_http *http; /* must live until gt_issuers_free has returned */
    /* Issuers that live in this program and are asked directly: new references to the discovery
     * document and the key set of a URL; false: not one of them. May be NULL. */
    bool (*own)(void *payload, const char *discovery_url, json_t **document, json_t **jwks);
    void *payload;
};
struct gt_issuers *gt_issuers_new(const struct gt_issuers_options *options);
/* Requests whose check waits for keys are refused with 503 first. Not from inside a gt_bearer_fn.
 * NULL is allowed. */
void gt_issuers_free(struct gt_issuers *issuers);

struct gt_bearer_rule {
    const char *discovery_url; /* https, or http on this machine; NULL: nobody may pass (503) */
    /* That the discovery document must name (a slash at the end does not count), else nobody may
     * pass (503); NULL: whichever it names. Tokens must name the document's to the letter. */
    const char *issuer;
    const json_t *authorizer; /* see jose/authorizer.h */
    /* A list that every 401 names as the scopes to ask for; NULL: no 401 does. (A 403 for want of
     * scopes names the authorizer's.) */
    const json_t *scopes;
};

/* `refusal`: NULL when the token may pass, valid during the call; its error is NULL when no token
 * was sent; status 503: the issuer's keys cannot be had. claims: borrowed for the call, NULL when
 * refused. */
typedef void gt_bearer_fn(void *payload, struct gt_exchange *exchange,
                          const struct gt_refusal *refusal, const json_t *claims);
/* Checks the request's Authorization header; the rule is copied where it is needed longer. fn is
 * called once, now or in a later turn; it answers the exchange or hands it on. `issuers` NULL: the
 * program ends, who has a token is refused with 503. */
void gt_bearer_check(struct gt_issuers *issuers, struct gt_exchange *exchange,
                     const struct gt_bearer_rule *rule, int64_t now_ms, gt_bearer_fn *fn,
                     void *payload);

/* The token of "Bearer TOKEN", or NULL. */
const char *gt_bearer_token(struct gt_arena *arena, const char *authorization);
/* Answers with the refusal's status, a WWW-Authenticate challenge that names the metadata (503: how
 * long to wait instead), and a JSON-RPC error without an id. */
void gt_bearer_refuse(struct gt_exchange *exchange, const char *metadata_url,
                      const struct gt_refusal *refusal);
/* The value of WWW-Authenticate (RFC 6750 section 3, RFC 9728 section 5.1). */
char *gt_bearer_challenge(struct gt_arena *arena, const char *metadata_url,
                          const struct gt_refusal *refusal);
/* Protected resource metadata (RFC 9728): resource, authorization_servers, scopes_supported. New
 * reference. `issuer` and `scopes` may be NULL. */
json_t *gt_resource_metadata(const char *resource, const char *issuer, const json_t *scopes);

#endif
