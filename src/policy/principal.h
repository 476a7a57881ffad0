/* The Principal and NotPrincipal elements. */
#ifndef GANTRY_POLICY_PRINCIPAL_H
#define GANTRY_POLICY_PRINCIPAL_H

#include <gantry/policy/policy.h>

/* Whether a Principal element names who asks: itself, its account, or the role of its session. */
bool gt_policy_principal_in(struct gt_arena *arena, const json_t *principal,
                            const struct gt_access *access);

/* The same for NotPrincipal, where an account or a role does not stand for its users or sessions.
 */
bool gt_policy_principal_named(struct gt_arena *arena, const json_t *principal,
                               const struct gt_access *access);

#endif
