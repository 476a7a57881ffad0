/*
 * Inline and attached policies of roles, and managed policies as far as they are read.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
 */
#include "../identity.h"

#include <gantry/base/hash.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

/* IAM and STS quotas: all inline policies of a role together, without white space; managed policies
 * attached to a role. */
enum { MAX_INLINE = 10240, MAX_ATTACHED = 10, POLICY_ID = 17 };

const struct gt_kind gt_kind_managed_policy = {.name = "managed_policy"};

static json_t *put_role_policy(struct gt_serve *call)
{
    struct gt_object *role = gt_role_of(call, true);
    if (role == NULL)
        return NULL;
    const char *name = gt_input_text(call, "/PolicyName");
    json_t *document = gt_iam_document(call, gt_input_text(call, "/PolicyDocument"), false);
    if (document == NULL)
        return NULL;
    size_t size = gt_policy_size(json_object_get(call->input, "PolicyDocument"));
    const char *key;
    json_t *other;
    json_object_foreach(json_object_get(role->hidden, "inline"), key, other)
    {
        if (!gt_streq(key, name))
            size += gt_policy_size(other);
    }
    if (size > MAX_INLINE) {
        json_decref(document);
        return gt_serve_fail(call, "LimitExceeded",
                             "Maximum policy size of %d bytes exceeded for role %s", MAX_INLINE,
                             role->id);
    }
    json_t *inlines = json_copy(json_object_get(role->hidden, "inline"));
    json_object_set_new(inlines, name, document);
    gt_role_set(call->local, role, "inline", inlines);
    return json_object();
}

/* The role with the named inline policy; NULL after failing. */
static struct gt_object *role_with_inline(struct gt_serve *call, bool change)
{
    struct gt_object *role = gt_role_of(call, change);
    const char *name = gt_input_text(call, "/PolicyName");
    if (role == NULL || json_object_get(json_object_get(role->hidden, "inline"), name) != NULL)
        return role;
    gt_serve_fail(call, "NoSuchEntity", "The role policy with name %s cannot be found.", name);
    return NULL;
}

static json_t *get_role_policy(struct gt_serve *call)
{
    const struct gt_object *role = role_with_inline(call, false);
    if (role == NULL)
        return NULL;
    const char *name = gt_input_text(call, "/PolicyName");
    const json_t *document = json_object_get(json_object_get(role->hidden, "inline"), name);
    return json_pack("{s:s, s:s, s:o}", "RoleName", role->id, "PolicyName", name, "PolicyDocument",
                     gt_iam_encoded(document));
}

static json_t *delete_role_policy(struct gt_serve *call)
{
    struct gt_object *role = role_with_inline(call, true);
    if (role == NULL)
        return NULL;
    json_t *inlines = json_copy(json_object_get(role->hidden, "inline"));
    json_object_del(inlines, gt_input_text(call, "/PolicyName"));
    gt_role_set(call->local, role, "inline", inlines);
    return json_object();
}

static json_t *list_role_policies(struct gt_serve *call)
{
    const struct gt_object *role = gt_role_of(call, false);
    if (role == NULL)
        return NULL;
    json_auto_t *names = json_array();
    const char *name;
    json_t *document;
    json_object_foreach(json_object_get(role->hidden, "inline"), name, document)
    {
        json_array_append_new(names, json_string(name));
    }
    return gt_serve_page(call, names, NULL);
}

/* Attaching what is attached already is no error. */
static json_t *attach_role_policy(struct gt_serve *call)
{
    struct gt_object *role = gt_role_of(call, true);
    if (role == NULL)
        return NULL;
    const char *arn = gt_input_text(call, "/PolicyArn");
    if (!gt_iam_attachable(call->local, call->account, arn))
        return gt_serve_fail(call, "NoSuchEntity", "Policy %s does not exist or is not attachable.",
                             arn);
    const json_t *attached = json_object_get(role->hidden, "attached");
    if (json_object_get(attached, arn) != NULL)
        return json_object();
    if (json_object_size(attached) >= MAX_ATTACHED)
        return gt_serve_fail(call, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: %d",
                             MAX_ATTACHED);
    json_t *more = json_copy(json_object_get(role->hidden, "attached"));
    json_object_set_new(more, arn, json_string(gt_iam_policy_name(arn)));
    gt_role_set(call->local, role, "attached", more);
    return json_object();
}

static json_t *detach_role_policy(struct gt_serve *call)
{
    struct gt_object *role = gt_role_of(call, true);
    if (role == NULL)
        return NULL;
    const char *arn = gt_input_text(call, "/PolicyArn");
    if (json_object_get(json_object_get(role->hidden, "attached"), arn) == NULL)
        return gt_serve_fail(call, "NoSuchEntity", "Policy %s was not found.", arn);
    json_t *fewer = json_copy(json_object_get(role->hidden, "attached"));
    json_object_del(fewer, arn);
    gt_role_set(call->local, role, "attached", fewer);
    return json_object();
}

static json_t *list_attached_role_policies(struct gt_serve *call)
{
    const struct gt_object *role = gt_role_of(call, false);
    if (role == NULL)
        return NULL;
    const char *prefix = gt_input_text(call, "/PathPrefix");
    json_auto_t *items = json_array();
    const char *arn;
    json_t *name;
    json_object_foreach(json_object_get(role->hidden, "attached"), arn, name)
    {
        const char *path = strstr(arn, ":policy/") + strlen(":policy");
        if (prefix == NULL || gt_starts_with(path, prefix))
            json_array_append_new(items,
                                  json_pack("{s:O, s:s}", "PolicyName", name, "PolicyArn", arn));
    }
    return gt_serve_page(call, items, "PolicyArn");
}

/* How many roles of the account have the policy attached, or as their boundary. */
static void count_uses(struct gt_serve *call, const char *arn, json_int_t *attached,
                       json_int_t *bounding)
{
    struct gt_object *role = NULL;
    while ((role = gt_object_next(call->local, &gt_kind_role, call->account, "", NULL, role)) !=
           NULL) {
        *attached += json_object_get(json_object_get(role->hidden, "attached"), arn) != NULL;
        *bounding += gt_streq(gt_text_at(role->hidden, "/boundary"), arn);
    }
}

/* The policy of the input's PolicyArn: what was put there, NULL for AWS's own; false after failing.
 */
static bool policy_of(struct gt_serve *call, const struct gt_object **policy,
                      const json_t **document)
{
    const char *arn = gt_input_text(call, "/PolicyArn");
    *document = NULL;
    if (gt_iam_is_aws_managed(arn) || gt_iam_is_of(arn, call->account))
        *document = gt_iam_managed(call->local, arn, call->arena);
    *policy = gt_iam_stored(call->local, arn);
    if (*document != NULL)
        return true;
    gt_serve_fail(call, "NoSuchEntity", "Policy %s was not found.", arn);
    return false;
}

/* The path in ".../policy/path/name": "/path/". */
static char *path_of(struct gt_arena *arena, const char *arn)
{
    const char *path = strstr(arn, ":policy/");
    if (path == NULL)
        return gt_strdup(arena, "/");
    path += strlen(":policy");
    return gt_strndup(arena, path, (size_t)(strrchr(path, '/') - path) + 1);
}

static json_t *get_policy(struct gt_serve *call)
{
    const struct gt_object *policy = NULL;
    const json_t *document = NULL;
    if (!policy_of(call, &policy, &document))
        return NULL;
    const char *arn = gt_input_text(call, "/PolicyArn");
    json_int_t attached = 0, bounding = 0;
    count_uses(call, arn, &attached, &bounding);
    const char *id = gt_sha256_hex(call->arena, arn, strlen(arn));
    json_t *shown = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:b}", "PolicyId",
        gt_printf(call->arena, "ANPA%.*s", POLICY_ID, id), "PolicyName", gt_iam_policy_name(arn),
        "Arn", arn, "Path", path_of(call->arena, arn), "DefaultVersionId", "v1", "AttachmentCount",
        attached, "PermissionsBoundaryUsageCount", bounding, "IsAttachable", 1);
    int64_t created = policy == NULL ? 0 : policy->created_ms;
    json_object_set_new(shown, "CreateDate", gt_json_time(created));
    json_object_set_new(shown, "UpdateDate", gt_json_time(policy == NULL ? 0 : policy->updated_ms));
    if (policy != NULL)
        json_object_update_missing(shown, policy->data);
    const struct gt_shape *shape = gt_member_find(call->operation->output, "Policy")->shape;
    json_t *output = json_pack("{s:o}", "Policy", gt_pick(shape, shown));
    json_decref(shown);
    return output;
}

/* Policies that are put there have one version, v1. */
static json_t *get_policy_version(struct gt_serve *call)
{
    const struct gt_object *policy = NULL;
    const json_t *document = NULL;
    if (!policy_of(call, &policy, &document))
        return NULL;
    const char *version = gt_input_text(call, "/VersionId");
    if (!gt_streq(version, "v1"))
        return gt_serve_fail(call, "NoSuchEntity",
                             "Policy %s version %s does not exist or is not attachable.",
                             gt_input_text(call, "/PolicyArn"), version);
    return json_pack("{s:{s:o, s:s, s:b, s:o}}", "PolicyVersion", "Document",
                     gt_iam_encoded(document), "VersionId", version, "IsDefaultVersion", 1,
                     "CreateDate", gt_json_time(policy == NULL ? 0 : policy->created_ms));
}

#define ATTACHED                                                                                   \
    "every ARN of AWS's own policies is accepted, a few are known and much shortened, others "     \
    "allow nothing; a policy of the account that nothing here made is accepted and allows "        \
    "nothing (knob assume_policies)"
#define PUT_THERE                                                                                  \
    "policies that were put there and a few of AWS's own, much shortened, with the one version v1"

const struct gt_handler gt_iam_policy_handlers[] = {
    {.operation = &gt_op_iam_PutRolePolicy,
     .run = put_role_policy,
     .fidelity = GT_MODELLED,
     .resource_of = gt_iam_role_arn},
    {.operation = &gt_op_iam_GetRolePolicy,
     .run = get_role_policy,
     .fidelity = GT_MODELLED,
     .resource_of = gt_iam_role_arn},
    {.operation = &gt_op_iam_DeleteRolePolicy,
     .run = delete_role_policy,
     .fidelity = GT_MODELLED,
     .resource_of = gt_iam_role_arn},
    {.operation = &gt_op_iam_ListRolePolicies,
     .run = list_role_policies,
     .fidelity = GT_MODELLED,
     .resource_of = gt_iam_role_arn},
    {.operation = &gt_op_iam_AttachRolePolicy,
     .run = attach_role_policy,
     .fidelity = GT_MODELLED,
     .note = ATTACHED,
     .resource_of = gt_iam_role_arn},
    {.operation = &gt_op_iam_DetachRolePolicy,
     .run = detach_role_policy,
     .fidelity = GT_MODELLED,
     .resource_of = gt_iam_role_arn},
    {.operation = &gt_op_iam_ListAttachedRolePolicies,
     .run = list_attached_role_policies,
     .fidelity = GT_MODELLED,
     .resource_of = gt_iam_role_arn},
    {.operation = &gt_op_iam_GetPolicy,
     .run = get_policy,
     .fidelity = GT_GUESSED,
     .note = PUT_THERE,
     .resource = "{PolicyArn}"},
    {.operation = &gt_op_iam_GetPolicyVersion,
     .run = get_policy_version,
     .fidelity = GT_GUESSED,
     .note = PUT_THERE,
     .resource = "{PolicyArn}"},
    {.operation = NULL},
};
