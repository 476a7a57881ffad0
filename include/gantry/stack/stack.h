/*
 * The stack: a manifest lowered to resources, with its graph. Pure: files and environment come
 * through a resolver. Source of the grammar: the manifest reference (gantry help manifest).
 */
#ifndef GANTRY_STACK_STACK_H
#define GANTRY_STACK_STACK_H

#include <gantry/doc/doc.h>
#include <gantry/doc/outside.h>
#include <gantry/doc/template.h>
#include <gantry/types/type.h>

struct gt_resource {
    const char *address; /* "gateway.tools", "user_pool_client.mcp.quick-suite" */
    const struct gt_type *type;
    json_t *properties;     /* with ${ADDRESS.ATTRIBUTE} references left; borrowed */
    struct gt_marks *marks; /* property pointer -> where in the manifest its value came from */
    struct gt_pos pos;      /* of the entry */
    const char *origin;     /* manifest pointer of the entry: "/gateways/tools" */
    json_t
        *tags; /* the tags Gantry adds (gantry:stack and so on) and the user's: a map; NULL: none */

    GT_VEC(size_t) depends; /* indexes into the stack's resources: settled before this one starts */
    GT_VEC(size_t) dependents;  /* the reverse */
    const char *const *serves;  /* addresses that wait for this completing resource, instead of all
                                   that  refer to what it completes; ends with NULL; NULL: all */
    GT_VEC(const char *) after; /* addresses this one waits for without a reference */

    const char *existing; /* an id, ARN or name: read and referenced, never written; or NULL */
    bool protect, retain;
    const char *const *ignore; /* pointers whose drift is left alone; ends with NULL; may be NULL */
    const char *const
        *unchecked; /* pointers the models need not know; ends with NULL; may be NULL */
    json_t *local;  /* what the embedded cloud runs instead of the image; or NULL */
    const char
        *image_pin; /* pointer of an ECR image URI that is to be pinned to its digest, or NULL */
};

struct gt_provider {
    const char *region;  /* NULL: from the environment */
    const char *account; /* NULL: any */
    const char *profile; /* NULL: the default */
    const char *endpoint_url;
    json_t *assume_role;  /* {roleArn, externalId, sessionName, durationSeconds} or NULL */
    json_t *web_identity; /* as in the manifest, or NULL */
};

struct gt_client_info {                                   /* one app client, for output */
    const char *name;                                     /* "IDENTITY.CLIENT" */
    const char *client, *pool, *domain, *resource_server; /* addresses; domain NULL: none */
    const char
        *scope; /* the scopes as a client asks for them, separated by spaces; references left */
    const char *description;
    GT_VEC(const char *) gateways; /* logical names of the gateways it may call */
};

struct gt_move {
    const char *from, *to;
};

struct gt_stack {
    const char *name, *environment; /* environment "default" where the manifest has none */
    struct gt_provider provider;
    GT_VEC(struct gt_resource) resources; /* in an order in which dependencies come first */
    struct gt_map *by_address;            /* address -> struct gt_resource * */
    json_t *outputs;                      /* name -> value with references left */
    GT_VEC(struct gt_client_info) clients;
    GT_VEC(struct gt_move) moved;
    json_t *manifest;            /* the merged document, after var, env and file; it may hold
                                    what came from the environment: not for printing */
    const char *manifest_digest; /* SHA-256 of what was lowered, hex */
};

struct gt_stack_options {
    const char *environment; /* -e; NULL: GANTRY_ENV was empty, too */
    const json_t *variables; /* --var-file and --var merged, name -> value (strings from --var) */
    const char *region;      /* --region, or what the environment says; may be NULL */
    const char
        *region_default; /* from AWS_REGION or the profile: used where the manifest has none */
    const char *account; /* known account, or NULL: the account id is then a reference that the
                            engine resolves: ${aws.account} */
    bool local;          /* --local: the embedded cloud's relaxations */
};

/*
 * Builds the stack, or reports every mistake at once, each with its position. Beside references to
 * resources the properties may hold ${aws.account} where the account is not known yet, and with
 * options.local ${aws.endpoint.cognito-idp}, the URL of the Cognito endpoint in force; the engine
 * knows both. Strings are templates still: "$${" in them stands for "${", and gt_resolve with
 * `final` makes it so.
 */
bool gt_stack_build(struct gt_arena *arena, const struct gt_doc *manifest,
                    const struct gt_resolver *resolver, const struct gt_stack_options *options,
                    struct gt_stack *out, struct gt_diags *diags);

/* The resource at an address, or NULL. */
struct gt_resource *gt_stack_find(const struct gt_stack *stack, const char *address);

/* Splits "gateway.tools.gatewayUrl" into the resource and the attribute pointer ("/gatewayUrl"; ""
 * when the expression is an address alone); filters are passed over. NULL when no resource has that
 * address. */
struct gt_resource *gt_stack_reference(const struct gt_stack *stack, struct gt_arena *arena,
                                       const char *expression, const char **pointer);

/*
 * References may end in filters: ${user_pool.mcp.Id|domain-suffix}. Filters are pure functions of
 * text:
 *
 * - percent-encode: everything but A-Z a-z 0-9 - . _ ~ as %XX (an ARN in a URL)
 * - domain-suffix: of a user pool's id what follows the last '_', in lower case, only a-z and 0-9,
 *   at most 10 characters, without the words that Cognito refuses in a domain prefix
 * - lower: lower case
 */

/* The expression without its filters, trimmed: "user_pool.mcp.Id". */
const char *gt_stack_unfiltered(struct gt_arena *arena, const char *expression);

/* Puts `value` (a scalar) through one filter; *out is a new reference. False when there is no
 * filter of that name or the value is no scalar. */
bool gt_stack_filter(struct gt_arena *arena, const char *name, const json_t *value, json_t **out);

/* Puts `value` through all filters of `expression`, in their order; without filters *out is `value`
 * itself. A new reference. An unknown filter and a value that is no scalar are errors. */
bool gt_stack_filtered(struct gt_arena *arena, const char *expression, json_t *value, json_t **out,
                       struct gt_diags *diags);

/* The lowered resources as a document (gantry show): address -> {type, properties, depends, ...};
 * with `origin`, where each value came from. Secrets are masked. New reference. */
json_t *gt_stack_document(struct gt_arena *arena, const struct gt_stack *stack, bool origin);

/* The JSON Schema (2020-12) of the manifest, from the same tables; new reference. */
json_t *gt_stack_schema(void);

/* The manifest reference as text, from the same tables (gantry help manifest). */
char *gt_stack_manual(struct gt_arena *arena);

#endif
