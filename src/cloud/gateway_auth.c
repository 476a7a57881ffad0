/* Bearer tokens of gateways and runtimes with a customJWTAuthorizer: the auth layer's check, to
 * which the cloud's own user pools are issuers that need not be fetched. */
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

static bool own_issuer(void *payload, const char *discovery_url, json_t **document, json_t **jwks)
{
    struct gt_local *local = payload;
    *document = gt_oauth_own_discovery(local, discovery_url);
    *jwks = *document == NULL ? NULL : gt_oauth_own_jwks(local, discovery_url);
    return *document != NULL;
}

struct gt_issuers *gt_plane_issuers_new(struct gt_local *local)
{
    const struct gt_issuers_options options = {
        .loop = gt_local_loop(local),
        .http = gt_local_http(local),
        .own = own_issuer,
        .payload = local,
    };
    return gt_issuers_new(&options);
}

void gt_inbound_check(struct gt_local *local, struct gt_exchange *exchange,
                      const json_t *authorizer, gt_bearer_fn *fn, void *payload)
{
    struct gt_plane *plane = gt_plane_of(local);
    const struct gt_bearer_rule rule = {
        .discovery_url = gt_text_at(authorizer, "/discoveryUrl"),
        .authorizer = authorizer,
    };
    gt_bearer_check(plane == NULL ? NULL : plane->issuers, exchange, &rule, gt_local_now_ms(local),
                    fn, payload);
}

json_t *gt_inbound_metadata(struct gt_local *local, const char *resource, const json_t *authorizer)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    static const char known[] = "/.well-known/openid-configuration";
    const char *url = gt_text_at(authorizer, "/discoveryUrl");
    json_auto_t *own = url == NULL ? NULL : gt_oauth_own_discovery(local, url);
    const char *issuer = gt_text_at(own, "/issuer");
    if (issuer == NULL && url != NULL)
        issuer =
            gt_ends_with(url, known) ? gt_strndup(scratch, url, strlen(url) - strlen(known)) : url;
    return gt_resource_metadata(resource, issuer, json_object_get(authorizer, "allowedScopes"));
}
