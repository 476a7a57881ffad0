/*
 * Who may do what, and who is who: the kinds of IAM and Cognito objects, and what their handlers,
 * iam.c and cognito_oauth.c agree on about them.
 */
#ifndef GANTRY_CLOUD_IDENTITY_H
#define GANTRY_CLOUD_IDENTITY_H

#include "serve.h"

/* id: RoleName as given (unique without regard to case: gt_role_find); region ""; data: as GetRole
 * without policies, tags and dates; hidden: {trust, inline: {name: document}, attached: {ARN:
 * name}, boundary?: ARN, past: [{at, member, was}]}. `past` is what gt_role_set writes. */
extern const struct gt_kind gt_kind_role;
/* id: the ARN; region ""; data: as GetPolicy, all optional; hidden: {document}. Nothing here makes
 * one: they are put there (POST /seed). */
extern const struct gt_kind gt_kind_managed_policy;
/* id: pool id; data: as DescribeUserPool, without what is computed; hidden: {mfa?}. */
extern const struct gt_kind gt_kind_user_pool;
/* id: client id; parent: pool id; data: as DescribeUserPoolClient, without secret; hidden:
 * {secrets: [{id, value, createdMs}]}. */
extern const struct gt_kind gt_kind_user_pool_client;
/* id: the prefix; parent: pool id; data: as DescribeUserPoolDomain; hidden: {activeMs?}. */
extern const struct gt_kind gt_kind_user_pool_domain;
/* id: Identifier; parent: pool id; data: as DescribeResourceServer. */
extern const struct gt_kind gt_kind_resource_server;

extern const struct gt_handler gt_iam_role_handlers[], gt_iam_policy_handlers[],
    gt_iam_simulate_handlers[], gt_sts_handlers[], gt_user_pool_handlers[],
    gt_user_pool_client_handlers[], gt_user_pool_domain_handlers[], gt_resource_server_handlers[];

/* `len` random characters of an alphabet. */
#define GT_ALPHABET_LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
#define GT_ALPHABET_UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
#define GT_ALPHABET_MIXED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
char *gt_identity_random(struct gt_local *local, struct gt_arena *arena, const char *alphabet,
                         size_t len);

/* -- IAM -- */

/* The role of a name in any case, or NULL. */
struct gt_object *gt_role_find(struct gt_local *local, const char *account, const char *name);
/* The ARN of the role that RoleName of the input names, whose path is part of it; one that is not
 * there yet is about to get the path of the input. */
const char *gt_iam_role_arn(struct gt_serve *serve);
/* The role of the input's RoleName; NULL after failing. `change`: it is to be changed, which AWS
 * keeps for itself with the roles of its services. */
struct gt_object *gt_role_of(struct gt_serve *call, bool change);
/* Sets a member of hidden (steals `value`; NULL removes it) and remembers what it was, for services
 * that see it later. */
void gt_role_set(struct gt_local *local, struct gt_object *role, const char *member, json_t *value);

/* A document of the input, checked; new reference, or NULL after failing. */
json_t *gt_iam_document(struct gt_serve *call, const char *text, bool trust);
/* As IAM gives a document back: members in its order, lists of one folded, percent-encoded. New
 * reference. */
json_t *gt_iam_encoded(const json_t *document);

/* The document of a managed policy, the customer's or AWS's own (of which a few are known, much
 * shortened). Borrowed from `arena`; NULL when it is not known. */
const json_t *gt_iam_managed(struct gt_local *local, const char *arn, struct gt_arena *arena);
/* The object of a managed policy that was put there, or NULL. */
const struct gt_object *gt_iam_stored(struct gt_local *local, const char *arn);
/* Whether a policy may be attached or be a boundary: known, AWS's own, or of the account while the
 * knob assume_policies is on. */
bool gt_iam_attachable(struct gt_local *local, const char *account, const char *arn);
/* The name in a policy's ARN. */
const char *gt_iam_policy_name(const char *arn);
bool gt_iam_is_aws_managed(const char *arn);
/* Whether the ARN is one of IAM in the account. */
bool gt_iam_is_of(const char *arn, const char *account);

/* What a role may do: its own policies, and what bounds them. */
struct gt_iam_grants {
    GT_VEC(const json_t *) policies; /* inline and attached; in the arena */
    GT_VEC(const char *) names;      /* of the policies, the same places: name or ARN */
    bool bounded;
    const json_t *boundary; /* NULL with `bounded`: one that is not known, which bounds nothing */
};
/* `lag_ms` ago; 0: now. */
struct gt_iam_grants gt_iam_grants(struct gt_local *local, const struct gt_object *role,
                                   int64_t lag_ms, struct gt_arena *arena);
/* Statements of several documents as one document. New reference. */
json_t *gt_iam_joined(const json_t *const *documents, size_t count);

/* -- Cognito -- */

/* The pool of the input's UserPoolId; NULL after failing. */
struct gt_object *gt_pool_of(struct gt_serve *call);
/* The pool's domain, or NULL. */
struct gt_object *gt_pool_domain(struct gt_local *local, const struct gt_object *pool);
/* Whether one of the pool's resource servers defines "identifier/scope". */
bool gt_pool_has_scope(struct gt_local *local, const struct gt_object *pool, const char *scope);

/* cognito_token.c: answers a request to the token endpoint of a domain. `issuer_base`: what stands
 * before the pool's id in the issuer. */
void gt_oauth_token(struct gt_local *local, struct gt_exchange *exchange, const char *domain,
                    const char *issuer_base);
/* The private key of the pool's tokens; borrowed. */
const json_t *gt_pool_jwk(struct gt_local *local, const struct gt_object *pool);

#endif
