/*
 * What the sections of a manifest have in common while they are lowered to resources: the document,
 * the resources made so far, and what one section tells the next. Lowering is pure; each section
 * has a file.
 */
#ifndef GANTRY_STACK_LOWER_H
#define GANTRY_STACK_LOWER_H

#include <gantry/base/json.h>
#include <gantry/base/map.h>
#include <gantry/base/str.h>
#include <gantry/model/endpoints.h>
#include <gantry/stack/stack.h>

/* One entry of a section. */
struct gt_item {
    const char *section; /* "gateways" */
    const char *name;    /* "tools" */
    const char *pointer; /* "/gateways/tools" */
    const json_t *value;
};

struct gt_identity_client {
    const char *name, *address;
};

struct gt_identity_facts {
    struct gt_item item;
    const char *pool;           /* address of the user pool, or NULL: an issuer elsewhere */
    const char *discovery_url;  /* references left */
    const char *server;         /* identifier of the resource server, or NULL */
    const char *server_address; /* or NULL where it is not in the stack */
    const char *domain;         /* address of the domain, or NULL */
    const json_t *scopes;       /* name -> description, or NULL */
    GT_VEC(struct gt_identity_client) clients;
};

struct gt_runtime_facts {
    struct gt_item item;
    const char *address;
    bool jwt;     /* callers need a token: the gateway's role is no credential for it */
    bool foreign; /* existing */
};

struct gt_provider_facts {
    struct gt_item item;
    const char *address;
    bool oauth;
    const char *secret; /* ARN (or pattern) of the secret, or NULL */
};

struct gt_gateway_facts {
    struct gt_item item;
    const char *address;
    const char *role;     /* address of the role that Gantry makes, or NULL: a role of one's own */
    const char *name;     /* at the service; NULL: existing */
    const char *arn_name; /* the name as ids and ARNs have it: lower case */
    size_t target_count;
    GT_VEC(const char *) targets; /* addresses of those that need something of the role */
    struct gt_grants *grants;     /* what they need; NULL: nothing yet */
};

struct gt_low {
    struct gt_arena *arena;
    const struct gt_stack_options *options;
    struct gt_stack *stack;
    struct gt_diags *diags;
    json_t *doc; /* merged, resolved, checked */
    struct gt_marks *marks;

    const char *region;
    const struct gt_partition *partition;
    const char *account; /* the id, or ${aws.account} */

    GT_VEC(struct gt_resource *) resources;
    struct gt_map by_address;
    struct gt_map identities, runtimes, providers, gateways,
        roles;                /* name -> facts; roles -> item */
    bool lost_targets;        /* some name a gateway that is not there */
    struct gt_map attributes; /* type -> names that references to it may start with */
};

/* Calls fn for each entry of a section, in the manifest's order. */
typedef void gt_item_fn(struct gt_low *low, const struct gt_item *item);
void gt_each_item(struct gt_low *low, const char *section, gt_item_fn *fn);

/* A member of an entry as text; NULL when it is absent. */
const char *gt_item_text(const struct gt_item *item, const char *key);
bool gt_item_true(const struct gt_item *item, const char *key, bool otherwise);

/* The pointer of a member: "/gateways/tools/role". */
const char *gt_item_pointer(struct gt_low *low, const struct gt_item *item, const char *key);

/* A member that is an object, as an item of its own. */
struct gt_item gt_item_child(struct gt_low *low, const struct gt_item *item, const char *name,
                             const json_t *value, const char *path);

/* Errors and warnings at a manifest pointer. */
struct gt_diag *gt_low_error(struct gt_low *low, const char *pointer, const char *code,
                             const char *format, ...) GT_PRINTF(4, 5);
struct gt_diag *gt_low_warning(struct gt_low *low, const char *pointer, const char *code,
                               const char *format, ...) GT_PRINTF(4, 5);

/* A hint for a name that is not in the map: "did you mean ...?", or the names that are in it. */
const char *gt_low_suggest(struct gt_low *low, const struct gt_map *names, const char *word);

/* A new resource of an entry; two with one address are an error. The address is a format. */
struct gt_resource *gt_low_add(struct gt_low *low, const struct gt_item *item, const char *type,
                               const char *address, ...) GT_PRINTF(4, 5);

/* Sets a property; steals `value`, NULL sets nothing. `from`: the manifest pointer that it comes
 * from, or NULL when Gantry made it. */
void gt_low_put(struct gt_low *low, struct gt_resource *resource, const char *property,
                json_t *value, const char *from);
void gt_low_put_text(struct gt_low *low, struct gt_resource *resource, const char *property,
                     const char *text);

/* Copies a member of an entry into a property, when it is there. */
void gt_low_copy(struct gt_low *low, struct gt_resource *resource, const char *property,
                 const struct gt_item *item, const char *key);

/* What all entries have: tags, properties, protect, retain, ignore, unchecked, after. To be called
 * when the section has set what it wants. */
void gt_low_common(struct gt_low *low, struct gt_resource *resource, const struct gt_item *item);

/* Lets a property pass that the models refuse; after gt_low_common. */
void gt_low_uncheck(struct gt_low *low, struct gt_resource *resource, const char *property);

/* The tags of a resource that stands beside an entry's own (its role, its log group). */
void gt_low_tags(struct gt_low *low, struct gt_resource *resource, const struct gt_item *item);

/* Reports what is wrong with the tags at a manifest pointer. */
void gt_low_check_tags(struct gt_low *low, const char *pointer);

/* Makes the resource one that exists, if the entry says so. `beside`: the entry's keys that have a
 * meaning then, ends with NULL; a warning names the others. */
bool gt_low_existing(struct gt_low *low, struct gt_resource *resource, const struct gt_item *item,
                     const char *const *beside);

/* "${ADDRESS.ATTRIBUTE}" */
const char *gt_ref(struct gt_arena *arena, const char *address, const char *attribute);

/* "arn:aws:bedrock-agentcore:us-east-1:123456789012:" + resource. */
const char *gt_low_arn(struct gt_low *low, const char *service, const char *resource);

/* Names at the services (names.c). */
enum gt_name_kind {
    GT_NAME_GATEWAY,
    GT_NAME_RUNTIME,
    GT_NAME_ENDPOINT,
    GT_NAME_TARGET,
    GT_NAME_POOL,
    GT_NAME_ROLE,
    GT_NAME_PROVIDER,
    GT_NAME_DOMAIN
};
/* The name for a logical name (several parts with '-' between them; NULL: the stack's alone). */
const char *gt_make_name(struct gt_low *low, enum gt_name_kind kind, const char *logical);
/* `name:` where the entry has it, else gt_make_name; puts it into the property with its position.
 */
const char *gt_low_name(struct gt_low *low, struct gt_resource *resource, const char *property,
                        const struct gt_item *item, enum gt_name_kind kind);

/* Sections. */
void gt_lower_identity(struct gt_low *low);
void gt_lower_providers(struct gt_low *low);
void gt_lower_roles(struct gt_low *low);
void gt_lower_runtimes(struct gt_low *low);
void gt_lower_gateways(struct gt_low *low);
void gt_lower_targets(struct gt_low *low);
void gt_lower_resources(struct gt_low *low);
void gt_lower_outputs(struct gt_low *low);
void gt_lower_moved(struct gt_low *low);

/* The identity that an entry names; NULL, with an error, where there is none. */
const struct gt_identity_facts *gt_low_identity(struct gt_low *low, const struct gt_item *item);

/* Who may call: sets authorizerConfiguration for the identity that an entry names. True when it
 * names one. */
bool gt_low_authorizer(struct gt_low *low, struct gt_resource *resource,
                       const struct gt_item *item);

/* The role of a gateway or runtime ("gateway", "runtime"): that which `role:` names, else a new
 * one, whose address goes to *made (NULL where none is made). Sets roleArn. `source` is the
 * resource part of the ARN that may assume it: "gateway/tools-*". */
void gt_low_service_role(struct gt_low *low, struct gt_resource *resource,
                         const struct gt_item *item, const char *kind, const char *source,
                         const char **made);

/* Inline policies and attachments that an entry declares, for the role at an address. `prefix`
 * starts their addresses: "gateway.tools". */
void gt_low_role_extras(struct gt_low *low, const struct gt_item *item, const char *role,
                        const char *prefix);

/* An inline policy of the role at an address, as role_policy.PREFIX. */
struct gt_resource *gt_low_role_policy(struct gt_low *low, const struct gt_item *item,
                                       const char *role, const char *prefix, const char *name,
                                       json_t *document);

/* The order of things and what depends on what (graph.c): fills depends and dependents, and puts
 * the resources into the stack with dependencies first. */
bool gt_low_graph(struct gt_low *low);

/* As gt_stack_reference, while the stack is being made. */
struct gt_resource *gt_low_reference(struct gt_low *low, const char *expression,
                                     const char **pointer);

/* Whether all references lead somewhere (expression.c). */
void gt_low_check_references(struct gt_low *low);

/* All that can be known to be wrong before any call (checks.c). */
void gt_low_check(struct gt_low *low);

#endif
