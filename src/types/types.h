/*
 * What the files of the layer share: the types themselves, how properties map to shapes, and texts
 * that several tables have.
 */
#ifndef GANTRY_TYPES_TYPES_H
#define GANTRY_TYPES_TYPES_H

#include <gantry/base/compiler.h>
#include <gantry/model/validate.h>
#include <gantry/types/type.h>

extern const struct gt_type gt_type_user_pool, gt_type_user_pool_domain, gt_type_resource_server,
    gt_type_user_pool_client, gt_type_role, gt_type_role_policy, gt_type_role_attachment,
    gt_type_gateway, gt_type_target, gt_type_runtime, gt_type_runtime_endpoint,
    gt_type_oauth_provider, gt_type_api_key_provider, gt_type_log_group;

enum { SECOND = 1000, MINUTE = 60 * SECOND };

/* IAM is consistent in the end only: how long the consumer of a new role may refuse it. */
enum { IAM_LAG = 2 * MINUTE };

/* Attributes of authorizerConfiguration, the same for gateways and runtimes. Private endpoints are
 * left out by reads. */
#define JWT "authorizerConfiguration/customJWTAuthorizer/"
#define JWT_ATTRIBUTES                                                                             \
    {.path = JWT "allowedAudience", .flags = GT_ATTR_SET},                                         \
        {.path = JWT "allowedClients", .flags = GT_ATTR_SET},                                      \
        {.path = JWT "allowedScopes", .flags = GT_ATTR_SET},                                       \
        {.path = JWT "customClaims", .flags = GT_ATTR_SET, .key = "inboundTokenClaimName"},        \
        {.path = JWT "customClaims/*/authorizingClaimMatchValue/claimMatchValue/"                  \
                     "matchValueStringList",                                                       \
         .flags = GT_ATTR_SET},                                                                    \
        {.path = JWT "allowedWorkloadConfiguration/hostingEnvironments",                           \
         .flags = GT_ATTR_SET,                                                                     \
         .key = "arn"},                                                                            \
        {.path = JWT "allowedWorkloadConfiguration/workloadIdentities", .flags = GT_ATTR_SET},     \
        {.path = JWT "privateEndpoint/**", .flags = GT_ATTR_WRITE_ONLY},                           \
    {                                                                                              \
        .path = JWT "privateEndpointOverrides/**", .flags = GT_ATTR_WRITE_ONLY                     \
    }

/* Tags of AgentCore's objects, by the member of live that is the ARN. */
extern const struct gt_operation gt_op_bedrock_agentcore_control_ListTagsForResource,
    gt_op_bedrock_agentcore_control_TagResource, gt_op_bedrock_agentcore_control_UntagResource;
#define AGENTCORE_TAGS(arn_binds)                                                                  \
    {                                                                                              \
        .property = "tags", .form = GT_TAGS_MAP,                                                   \
        .list = {.operation = &gt_op_bedrock_agentcore_control_ListTagsForResource,                \
                 .in = (arn_binds),                                                                \
                 .out = "/tags"},                                                                  \
        .tag = {.operation = &gt_op_bedrock_agentcore_control_TagResource, .in = (arn_binds)},     \
        .untag = {.operation = &gt_op_bedrock_agentcore_control_UntagResource, .in = (arn_binds)}, \
        .tag_member = "tags", .untag_member = "tagKeys"                                            \
    }

/* The member of an input that is the property of this name: of the create call, else of a step;
 * NULL when the type has no such property. */
const struct gt_member *gt_property_member(const struct gt_type *type, const char *name);

/* A structure whose members are the type's properties; lives in the arena. */
const struct gt_shape *gt_properties_shape(const struct gt_type *type, struct gt_arena *arena);

/* Whether one of the binds of a call sets a top-level member. */
bool gt_use_binds(const struct gt_use *use, const char *member);

/* A copy of a value in which documents (policies, JSON texts) are the text that the shape wants;
 * new reference. `pointer` is the value's place in the properties. */
json_t *gt_text_documents(const struct gt_type *type, const struct gt_shape *shape,
                          const char *pointer, const json_t *value);

/* Whether an ASCII text contains another, case ignored; `part` NULL is contained in all. */
bool gt_mentions(const char *text, const char *part);

/* An error at a property, for the checks of types: "a.b: message". */
struct gt_diag *gt_property_error(const struct gt_validation *how, const char *pointer,
                                  struct gt_diags *diags, const char *code, const char *format, ...)
    GT_PRINTF(5, 6);

/* A text at `pointer` that is known: none that still holds a reference; else NULL. */
const char *gt_known_text(const json_t *properties, const char *pointer);

/* Whether a list of strings at `pointer` has this one. */
bool gt_list_has(const json_t *properties, const char *pointer, const char *text);

#endif
