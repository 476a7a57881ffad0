/*
 * Judging the claims of a token against an authorizer's configuration, as AgentCore's
 * customJWTAuthorizer does; pure. Source: AgentCore developer guide, "Inbound authorization";
 * RFC 6750 section 3.1 for the error codes.
 */
#ifndef GANTRY_JOSE_AUTHORIZER_H
#define GANTRY_JOSE_AUTHORIZER_H

#include <gantry/base/arena.h>
#include <stdbool.h>
#include <stdint.h>

struct gt_refusal {
    int status;              /* 401 or 403 */
    const char *error;       /* "invalid_token", "insufficient_scope" */
    const char *description; /* one line, which claim and why; no claim's secret is in it */
    const char *scope; /* the scopes that would do, separated by spaces; NULL: not about those */
};

/*
 * `authorizer`: {allowedClients, allowedAudience, allowedScopes, customClaims}, each optional, as
 * in CreateGateway's customJWTAuthorizer. `issuer` is the discovery document's. Checked: iss, exp,
 * nbf (60 s leeway), client_id (or azp) in allowedClients, aud (string or list) in allowedAudience,
 * scope or scp (one of allowedScopes at least), customClaims by their operator. A custom claim rule
 * that is not understood refuses, and so does allowedWorkloadConfiguration, which no claim can
 * meet. The refusal's scope has the names of advertisedScopeMapping. True when the token may pass.
 */
bool gt_authorizer_allows(struct gt_arena *arena, const json_t *authorizer, const char *issuer,
                          const json_t *claims, int64_t now_ms, struct gt_refusal *refusal);

/* Whether a token has the scope: in `scope`, else in `scp`, as some issuers call it; words with
 * spaces between them (RFC 6749 section 3.3), or a list. */
bool gt_claims_have_scope(const json_t *claims, const char *scope);

#endif
