/* IAM roles, their inline policies and their attachments: three types, so that whoever uses a role
 * can wait for what it may do.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html */
#include "types.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/operations.h>
#include <gantry/policy/policy.h>
#include <string.h>

static const struct gt_bind by_name[] = {
    {"RoleName", GT_FROM_IDENTITY, "RoleName"},
    {0},
};

static const struct gt_absence absent[] = {
    {.code = "NoSuchEntity"},
    {.code = NULL},
};

#define BUSY                                                                                       \
    {.code = "ConcurrentModification", .limit_ms = MINUTE, .pacing = true},                        \
    {                                                                                              \
        .code = "EntityTemporarilyUnmodifiable", .limit_ms = MINUTE, .pacing = true                \
    }

/* IAM answers with the document percent-encoded (RFC 3986). */
static void decode_document(json_t *live, const char *member)
{
    const char *text = json_string_value(json_object_get(live, member));
    if (text == NULL || text[strspn(text, " \t\r\n")] == '{')
        return;
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    json_object_set_new(live, member, json_string(gt_percent_decode(scratch, text)));
}

/* A document that is known as a whole: a string with references is checked when they are resolved.
 */
static void check_document(const json_t *properties, const char *member, bool trust,
                           const struct gt_validation *how, struct gt_diags *diags)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    const json_t *document = json_object_get(properties, member);
    const char *text = json_string_value(document);
    if (document == NULL || (text != NULL && strstr(text, "${") != NULL))
        return;
    struct gt_diag where = {.subject = how->subject};
    if (how->marks != NULL)
        where.pos = gt_marks_pos(how->marks, gt_pointer_join(scratch, "", member));
    gt_policy_check(document, trust, &where, diags);
}

/* The role */

static const struct gt_bind trust_policy[] = {
    {"RoleName", GT_FROM_IDENTITY, "RoleName"},
    {"PolicyDocument", GT_FROM_PROPERTY, "/AssumeRolePolicyDocument"},
    {0},
};

static const char *const described[] = {"Description", "MaxSessionDuration", NULL};
static const char *const trusted[] = {"AssumeRolePolicyDocument", NULL};
static const char *const bounded[] = {"PermissionsBoundary", NULL};

static const struct gt_step role_steps[] = {
    {.use = {.operation = &gt_op_iam_UpdateRole, .in = by_name},
     .properties = described,
     .when = GT_STEP_CHANGED,
     .merge_live = true},
    {.use = {.operation = &gt_op_iam_UpdateAssumeRolePolicy, .in = trust_policy},
     .properties = trusted,
     .when = GT_STEP_SET},
    {.use = {.operation = &gt_op_iam_PutRolePermissionsBoundary, .in = by_name},
     .properties = bounded,
     .when = GT_STEP_SET},
    {.use = {.operation = &gt_op_iam_DeleteRolePermissionsBoundary, .in = by_name},
     .properties = bounded,
     .when = GT_STEP_REMOVED},
    {.use = {.operation = NULL}},
};

static const struct gt_identity role_identity[] = {
    {.name = "RoleName", .property = "/RoleName"},
    {.name = NULL},
};

static const struct gt_absence role_exists[] = {
    {.code = "EntityAlreadyExists"},
    {.code = NULL},
};

static const struct gt_transient role_transients[] = {
    {.operation = &gt_op_iam_DeleteRole,
     .code = "DeleteConflict",
     .limit_ms = 30 * SECOND,
     .pacing = true},
    {.code = "MalformedPolicyDocument", .text = "Invalid principal", .limit_ms = MINUTE},
    BUSY,
    {.code = NULL},
};

static const struct gt_attr role_attributes[] = {
    {.path = "RoleName",
     .flags = GT_ATTR_IMMUTABLE | GT_ATTR_CASELESS,
     .words = "the role gets another ARN"},
    {.path = "Path", .flags = GT_ATTR_IMMUTABLE, .words = "the role gets another ARN"},
    {.path = "AssumeRolePolicyDocument", .flags = GT_ATTR_POLICY},
    {.path = NULL},
};

static const char *const role_outputs[] = {"Arn", "RoleName", "RoleId", NULL};

static const struct gt_foreign role_foreign[] = {
    {.list = {.operation = &gt_op_iam_ListRolePolicies, .in = by_name},
     .items = "/PolicyNames",
     .name = "",
     .type = "role_policy",
     .property = "PolicyName",
     .words = "inline policy"},
    {.list = {.operation = &gt_op_iam_ListAttachedRolePolicies, .in = by_name},
     .items = "/AttachedPolicies",
     .name = "/PolicyArn",
     .type = "role_attachment",
     .property = "PolicyArn",
     .words = "attached policy"},
    {.list = {.operation = NULL}},
};

static json_t *role_normalize(const json_t *read)
{
    json_t *live = json_deep_copy(read);
    decode_document(live, "AssumeRolePolicyDocument");
    json_t *boundary = gt_at(live, "/PermissionsBoundary/PermissionsBoundaryArn");
    if (boundary != NULL)
        json_object_set_new(live, "PermissionsBoundary", json_deep_copy(boundary));
    return live;
}

/* A description that is left out stays as it is: an empty one takes it away. */
static void role_prepare(const struct gt_operation *operation, json_t *input,
                         const json_t *properties, const json_t *live)
{
    (void)properties;
    if (operation == &gt_op_iam_UpdateRole && json_object_get(input, "Description") == NULL &&
        !gt_json_empty(json_object_get(live, "Description")))
        json_object_set_new(input, "Description", json_string(""));
}

static void role_check(const json_t *properties, const struct gt_validation *how,
                       struct gt_diags *diags)
{
    check_document(properties, "AssumeRolePolicyDocument", true, how, diags);
}

const struct gt_type gt_type_role = {
    .name = "role",
    .summary = "IAM role",
    .service = &gt_service_iam,
    .create = {.operation = &gt_op_iam_CreateRole, .out = "/Role"},
    .read = {.operation = &gt_op_iam_GetRole, .in = by_name, .out = "/Role"},
    .remove = {.operation = &gt_op_iam_DeleteRole, .in = by_name},
    .appear_ms = MINUTE,
    .steps = role_steps,
    .identity = role_identity,
    .exists = role_exists,
    .absent = absent,
    .transients = role_transients,
    .attributes = role_attributes,
    .outputs = role_outputs,
    .arn = "Arn",
    .arn_form = "role/*{RoleName}",
    .tags = {.property = "Tags",
             .form = GT_TAGS_LIST,
             .in_read = true,
             .tag = {.operation = &gt_op_iam_TagRole, .in = by_name},
             .untag = {.operation = &gt_op_iam_UntagRole, .in = by_name},
             .tag_member = "Tags",
             .untag_member = "TagKeys"},
    .foreign = role_foreign,
    .normalize = role_normalize,
    .prepare = role_prepare,
    .check = role_check,
};

/* Inline policies. Putting one is making and changing it. */

static const struct gt_bind policy_by_name[] = {
    {"RoleName", GT_FROM_IDENTITY, "RoleName"},
    {"PolicyName", GT_FROM_IDENTITY, "PolicyName"},
    {0},
};

static const struct gt_identity policy_identity[] = {
    {.name = "RoleName", .property = "/RoleName"},
    {.name = "PolicyName", .property = "/PolicyName"},
    {.name = NULL},
};

/* The role may not be seen yet, though its creation was answered. */
static const struct gt_transient policy_transients[] = {
    {.operation = &gt_op_iam_PutRolePolicy,
     .code = "NoSuchEntity",
     .text = "role",
     .limit_ms = MINUTE},
    BUSY,
    {.code = NULL},
};

static const struct gt_attr policy_attributes[] = {
    {.path = "RoleName", .flags = GT_ATTR_IMMUTABLE | GT_ATTR_CASELESS},
    {.path = "PolicyName", .flags = GT_ATTR_IMMUTABLE},
    {.path = "PolicyDocument", .flags = GT_ATTR_POLICY},
    {.path = NULL},
};

static const char *const policy_outputs[] = {"RoleName", "PolicyName", NULL};

static json_t *policy_normalize(const json_t *read)
{
    json_t *live = json_deep_copy(read);
    decode_document(live, "PolicyDocument");
    return live;
}

static void policy_check(const json_t *properties, const struct gt_validation *how,
                         struct gt_diags *diags)
{
    check_document(properties, "PolicyDocument", false, how, diags);
}

const struct gt_type gt_type_role_policy = {
    .name = "role_policy",
    .summary = "inline policy of an IAM role",
    .service = &gt_service_iam,
    .create = {.operation = &gt_op_iam_PutRolePolicy},
    .read = {.operation = &gt_op_iam_GetRolePolicy, .in = policy_by_name},
    .remove = {.operation = &gt_op_iam_DeleteRolePolicy, .in = policy_by_name},
    .appear_ms = MINUTE,
    .create_is_upsert = true,
    .identity = policy_identity,
    .absent = absent,
    .transients = policy_transients,
    .attributes = policy_attributes,
    .outputs = policy_outputs,
    .parent = "RoleName",
    .completes = "RoleName",
    .normalize = policy_normalize,
    .check = policy_check,
};

/* Attachments. There is no call for one: they are read from the list. */

static const struct gt_bind attachment_by_arn[] = {
    {"RoleName", GT_FROM_IDENTITY, "RoleName"},
    {"PolicyArn", GT_FROM_IDENTITY, "PolicyArn"},
    {0},
};

static const struct gt_identity attachment_identity[] = {
    {.name = "RoleName", .property = "/RoleName"},
    {.name = "PolicyArn", .property = "/PolicyArn"},
    {.name = NULL},
};

static const struct gt_transient attachment_transients[] = {
    {.operation = &gt_op_iam_AttachRolePolicy,
     .code = "NoSuchEntity",
     .text = "role with name",
     .limit_ms = MINUTE},
    BUSY,
    {.code = NULL},
};

static const struct gt_attr attachment_attributes[] = {
    {.path = "RoleName", .flags = GT_ATTR_IMMUTABLE | GT_ATTR_CASELESS},
    {.path = "PolicyArn", .flags = GT_ATTR_IMMUTABLE},
    {.path = NULL},
};

static const char *const attachment_outputs[] = {"RoleName", "PolicyArn", NULL};

const struct gt_type gt_type_role_attachment = {
    .name = "role_attachment",
    .summary = "managed policy attached to an IAM role",
    .service = &gt_service_iam,
    .create = {.operation = &gt_op_iam_AttachRolePolicy},
    .read = {.operation = &gt_op_iam_ListAttachedRolePolicies, .in = by_name},
    .read_items = "/AttachedPolicies",
    .read_match = {{"/PolicyArn", "PolicyArn"}},
    .remove = {.operation = &gt_op_iam_DetachRolePolicy, .in = attachment_by_arn},
    .appear_ms = MINUTE,
    .create_is_upsert = true,
    .identity = attachment_identity,
    .absent = absent,
    .transients = attachment_transients,
    .attributes = attachment_attributes,
    .outputs = attachment_outputs,
    .parent = "RoleName",
    .completes = "RoleName",
};
