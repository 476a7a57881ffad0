/*
 * IAM policy documents: canonical form, comparison, evaluation.
 * Source: IAM User Guide, "IAM JSON policy elements reference" and "Policy evaluation logic".
 */
#ifndef GANTRY_POLICY_POLICY_H
#define GANTRY_POLICY_POLICY_H

#include <gantry/base/diag.h>

/*
 * The canonical form of a policy: Statement as a list; Action, NotAction, Resource, NotResource,
 * principals and condition values as sorted lists without doubles (a single one too); action and
 * condition-operator names in lower case where IAM ignores case; Effect, Sid kept; statements
 * sorted; the account-id form and the root-ARN form of an account principal are one. `policy` may
 * be an object or a string that holds JSON, URL-encoded or not. New reference; NULL when it is no
 * policy document.
 */
json_t *gt_policy_canonical(const json_t *policy);

/* Whether two documents say the same. Two that are no policies are compared as JSON. */
bool gt_policy_equal(const json_t *a, const json_t *b);

/* Reports what IAM would refuse: Version, Effect, Action without a service prefix, both Action and
 * NotAction, principals in an identity policy (trust false) or none in a trust policy (true),
 * unknown elements and condition operators. Diagnostics ("bad-policy") take position and subject
 * from `where`, which may be NULL. Texts with ${...} in them are not looked at. */
bool gt_policy_check(const json_t *policy, bool trust, const struct gt_diag *where,
                     struct gt_diags *diags);

enum gt_decision { GT_IMPLICIT_DENY, GT_ALLOW, GT_EXPLICIT_DENY };

/* How closely a policy names the principal that asks, which is a session of a role. */
enum gt_naming {
    GT_NAMED_ANYHOW, /* its account will do: that leaves it to the account who of it may */
    GT_NAMED_ROLE,   /* its role, or everybody */
    GT_NAMED_ITSELF  /* the session's own ARN */
};

struct gt_access {
    const char *action;         /* "bedrock-agentcore:InvokeAgentRuntime" */
    const char *resource;       /* ARN, or "*" */
    const char *principal_kind; /* "Service", "AWS", "Federated"; NULL for identity policies */
    const char *principal;      /* "bedrock-agentcore.amazonaws.com", an ARN */
    enum gt_naming naming;      /* with principal_kind: a statement must name it so, or closer */
    const json_t *context; /* condition keys (any case) -> string or list of strings; may be NULL */
};

/*
 * Evaluates documents together: an explicit deny wins, then an allow. A condition operator that is
 * not known fails closed: an allow with it does not apply, a deny with it does (unless another part
 * of the statement does not match). A policy variable without a value matches nothing. A document
 * that is no policy allows and denies nothing. With principal_kind, a statement without Resource is
 * about the object that the policy is attached to.
 */
enum gt_decision gt_policy_evaluate(const json_t *const *policies, size_t count,
                                    const struct gt_access *access);

/* IAM's own size of a policy document: its characters without white space outside strings. */
size_t gt_policy_size(const json_t *policy);

#endif
