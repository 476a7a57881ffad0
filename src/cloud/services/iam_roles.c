/* IAM roles. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html */
#include "../identity.h"

#include <ctype.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>
#include <strings.h>

/* IAM and STS quotas, "Role trust policy length" and tags of a role. */
enum { MAX_TRUST = 2048, MAX_TAGS = 50, ROLE_ID = 17, DEFAULT_SESSION = 3600 };

#define SERVICE_PATH "/aws-service-role/"

static const char *const documents[] = {"trust", "inline", "attached", "boundary", NULL};
const struct gt_kind gt_kind_role = {.name = "role", .open = documents};

static json_t *no_role(struct gt_serve *call, const char *name)
{
    return gt_serve_fail(call, "NoSuchEntity", "The role with name %s cannot be found.", name);
}

struct gt_object *gt_role_of(struct gt_serve *call, bool change)
{
    const char *name = gt_input_text(call, "/RoleName");
    struct gt_object *role = gt_role_find(call->local, call->account, name);
    if (role == NULL) {
        no_role(call, name);
        return NULL;
    }
    if (change && gt_starts_with(gt_text_at(role->data, "/Path"), SERVICE_PATH)) {
        gt_serve_fail(call, "UnmodifiableEntity",
                      "Cannot perform the operation on the protected role '%s' - this role is only "
                      "modifiable by AWS",
                      role->id);
        return NULL;
    }
    return role;
}

/* As GetRole answers it; ListRoles leaves out tags, boundary and last use. */
static json_t *shown(const struct gt_object *role, bool full)
{
    json_t *shown = json_deep_copy(role->data);
    json_object_set_new(shown, "CreateDate", gt_json_time(role->created_ms));
    json_object_set_new(shown, "AssumeRolePolicyDocument",
                        gt_iam_encoded(json_object_get(role->hidden, "trust")));
    if (!full)
        return shown;
    const char *boundary = gt_text_at(role->hidden, "/boundary");
    if (boundary != NULL)
        /* "Policy" is what IAM answers, although its model has another word. */
        json_object_set_new(shown, "PermissionsBoundary",
                            json_pack("{s:s, s:s}", "PermissionsBoundaryType", "Policy",
                                      "PermissionsBoundaryArn", boundary));
    if (json_object_size(role->tags) > 0)
        json_object_set_new(shown, "Tags", gt_tags_list(role->tags, "Key", "Value"));
    json_object_set_new(shown, "RoleLastUsed", json_object());
    return shown;
}

static json_t *trust_of(struct gt_serve *call, const char *member)
{
    json_t *text = json_object_get(call->input, member);
    if (gt_policy_size(text) > MAX_TRUST)
        return gt_serve_fail(call, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: %d",
                             MAX_TRUST);
    return gt_iam_document(call, json_string_value(text), true);
}

static bool check_boundary(struct gt_serve *call)
{
    const char *arn = gt_input_text(call, "/PermissionsBoundary");
    if (arn == NULL || gt_iam_attachable(call->local, call->account, arn))
        return true;
    gt_serve_fail(call, "NoSuchEntity", "Scope ARN: %s does not exist or is not attachable.", arn);
    return false;
}

/* The key of `tags` that is `key` in another case, or itself; NULL. */
static const char *same_key(const json_t *tags, const char *key)
{
    const char *name;
    json_t *value;
    json_object_foreach(gt_iterable(tags), name, value)
    {
        if (strcasecmp(name, key) == 0)
            return name;
    }
    return NULL;
}

/* `tags` with those of the input over them; new reference, or NULL after failing. */
static json_t *merged_tags(struct gt_serve *call, const json_t *tags)
{
    json_t *merged = tags == NULL ? json_object() : json_copy(gt_iterable(tags));
    const json_t *given = json_object_get(call->input, "Tags");
    json_auto_t *seen = json_object();
    const char *problem = NULL, *code = "InvalidInput";
    for (size_t i = 0; i < json_array_size(given); i++) {
        const char *key = gt_text_at(json_array_get(given, i), "/Key");
        if (strncasecmp(key, "aws:", 4) == 0)
            problem = "Tag keys beginning with aws: are reserved.";
        if (same_key(seen, key) != NULL)
            problem = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        json_object_set_new(seen, key, json_true());
        const char *old = same_key(merged, key);
        if (old != NULL)
            json_object_del(merged, gt_strdup(call->arena, old));
        json_object_set(merged, key, json_object_get(json_array_get(given, i), "Value"));
    }
    if (problem == NULL && json_object_size(merged) > MAX_TAGS) {
        problem = "The number of tags has reached the maximum limit.";
        code = "LimitExceeded";
    }
    if (problem == NULL)
        return merged;
    json_decref(merged);
    return gt_serve_fail(call, code, "%s", problem);
}

static void set_description(json_t *data, const char *text)
{
    if (*text == '\0')
        json_object_del(data, "Description");
    else
        json_object_set_new(data, "Description", json_string(text));
}

struct new_role {
    const char *name, *path, *description;
    int64_t session;
    json_t *trust, *tags; /* stolen */
    const char *boundary;
};

static struct gt_object *add_role(struct gt_serve *call, const struct new_role *new)
{
    struct gt_arena *arena = call->arena;
    const char *arn = gt_printf(arena, "arn:%s:iam::%s:role%s%s", call->partition, call->account,
                                new->path, new->name);
    const char *id = gt_printf(arena, "AROA%s",
                               gt_identity_random(call->local, arena, GT_ALPHABET_UPPER, ROLE_ID));
    json_t *data =
        json_pack("{s:s, s:s, s:s, s:s, s:I}", "Path", new->path, "RoleName", new->name, "RoleId",
                  id, "Arn", arn, "MaxSessionDuration", (json_int_t) new->session);
    if (new->description != NULL)
        set_description(data, new->description);
    struct gt_object *role =
        gt_object_new(call->local, &gt_kind_role, call->account, "", "", new->name, data);
    gt_object_set_arn(role, arn);
    json_object_set_new(role->hidden, "trust", new->trust);
    json_object_set_new(role->hidden, "inline", json_object());
    json_object_set_new(role->hidden, "attached", json_object());
    if (new->boundary != NULL)
        json_object_set_new(role->hidden, "boundary", json_string(new->boundary));
    json_object_update(role->tags, new->tags);
    json_decref(new->tags);
    gt_object_touch(call->local, role);
    return role;
}

static json_t *create_role(struct gt_serve *call)
{
    struct new_role new = {
        .name = gt_input_text(call, "/RoleName"),
        .path = gt_input_text(call, "/Path"),
        .description = gt_input_text(call, "/Description"),
        .boundary = gt_input_text(call, "/PermissionsBoundary"),
        .session = gt_input_number(call, "/MaxSessionDuration", DEFAULT_SESSION),
    };
    if (new.path == NULL)
        new.path = "/";
    if (gt_role_find(call->local, call->account, new.name) != NULL)
        return gt_serve_fail(call, "EntityAlreadyExists", "Role with name %s already exists.",
                             new.name);
    if (!check_boundary(call) || (new.tags = merged_tags(call, NULL)) == NULL)
        return NULL;
    new.trust = trust_of(call, "AssumeRolePolicyDocument");
    if (new.trust == NULL) {
        json_decref(new.tags);
        return NULL;
    }
    return json_pack("{s:o}", "Role", shown(add_role(call, &new), true));
}

/* "AWSServiceRoleForNetworkBedrockAgentcore" from "network.bedrock-agentcore.amazonaws.com": a
 * guess, since each service chooses its own. `service` ends in .amazonaws.com. */
static char *service_role_name(struct gt_arena *arena, const char *service, const char *suffix)
{
    size_t len = (size_t)(strstr(service, ".amazonaws.com") - service);
    char *name = gt_alloc(arena, len + 1);
    size_t at = 0;
    bool start = true;
    for (size_t i = 0; i < len; i++) {
        bool word = isalnum((unsigned char)service[i]) != 0;
        if (word)
            name[at++] = start ? (char)toupper((unsigned char)service[i]) : service[i];
        start = !word;
    }
    return gt_printf(arena, "AWSServiceRoleFor%s%s%s", name, suffix == NULL ? "" : "_",
                     suffix == NULL ? "" : suffix);
}

static json_t *create_service_linked_role(struct gt_serve *call)
{
    const char *service = gt_input_text(call, "/AWSServiceName");
    if (strstr(service, ".amazonaws.com") == NULL)
        return gt_serve_fail(call, "InvalidInput", "Invalid service principal: %s", service);
    struct new_role new = {
        .name = service_role_name(call->arena, service, gt_input_text(call, "/CustomSuffix")),
        .path = gt_printf(call->arena, SERVICE_PATH "%s/", service),
        .description = gt_input_text(call, "/Description"),
        .session = DEFAULT_SESSION,
    };
    if (gt_role_find(call->local, call->account, new.name) != NULL)
        return gt_serve_fail(call, "InvalidInput",
                             "Service role name %s has been taken in this account, please try a "
                             "different suffix.",
                             new.name);
    new.tags = json_object();
    new.trust =
        json_pack("{s:s, s:[{s:s, s:{s:s}, s:s}]}", "Version", "2012-10-17", "Statement", "Effect",
                  "Allow", "Principal", "Service", service, "Action", "sts:AssumeRole");
    return json_pack("{s:o}", "Role", shown(add_role(call, &new), false));
}

static json_t *get_role(struct gt_serve *call)
{
    const struct gt_object *role = gt_role_of(call, false);
    return role == NULL ? NULL : json_pack("{s:o}", "Role", shown(role, true));
}

/* MaxSessionDuration left out is one hour again (UpdateRole); Description left out stays. */
static json_t *update_role(struct gt_serve *call)
{
    struct gt_object *role = gt_role_of(call, true);
    if (role == NULL)
        return NULL;
    const char *description = gt_input_text(call, "/Description");
    if (description != NULL)
        set_description(role->data, description);
    int64_t session = gt_input_number(call, "/MaxSessionDuration", DEFAULT_SESSION);
    json_object_set_new(role->data, "MaxSessionDuration", json_integer(session));
    gt_object_touch(call->local, role);
    return json_object();
}

static json_t *update_assume_role_policy(struct gt_serve *call)
{
    struct gt_object *role = gt_role_of(call, true);
    json_t *trust = role == NULL ? NULL : trust_of(call, "PolicyDocument");
    if (trust == NULL)
        return NULL;
    gt_role_set(call->local, role, "trust", trust);
    return json_object();
}

static json_t *delete_role(struct gt_serve *call)
{
    struct gt_object *role = gt_role_of(call, true);
    if (role == NULL)
        return NULL;
    if (json_object_size(json_object_get(role->hidden, "attached")) > 0)
        return gt_serve_fail(call, "DeleteConflict",
                             "Cannot delete entity, must detach all policies first.");
    if (json_object_size(json_object_get(role->hidden, "inline")) > 0)
        return gt_serve_fail(call, "DeleteConflict",
                             "Cannot delete entity, must delete policies first.");
    gt_object_remove(call->local, role);
    return json_object();
}

static json_t *list_roles(struct gt_serve *call)
{
    const char *prefix = gt_input_text(call, "/PathPrefix");
    json_auto_t *items = json_array();
    struct gt_object *role = NULL;
    while ((role = gt_object_next(call->local, &gt_kind_role, call->account, "", NULL, role)) !=
           NULL)
        if (prefix == NULL || gt_starts_with(gt_text_at(role->data, "/Path"), prefix))
            json_array_append_new(items, shown(role, false));
    return gt_serve_page(call, items, "RoleName");
}

static json_t *list_instance_profiles_for_role(struct gt_serve *call)
{
    json_auto_t *none = json_array();
    return gt_role_of(call, false) == NULL ? NULL : gt_serve_page(call, none, NULL);
}

static json_t *tag_role(struct gt_serve *call)
{
    struct gt_object *role = gt_role_of(call, false);
    json_t *tags = role == NULL ? NULL : merged_tags(call, role->tags);
    if (tags == NULL)
        return NULL;
    json_object_clear(role->tags);
    json_object_update(role->tags, tags);
    json_decref(tags);
    gt_object_touch(call->local, role);
    return json_object();
}

static json_t *untag_role(struct gt_serve *call)
{
    struct gt_object *role = gt_role_of(call, false);
    if (role == NULL)
        return NULL;
    const json_t *keys = json_object_get(call->input, "TagKeys");
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const char *key = same_key(role->tags, json_string_value(json_array_get(keys, i)));
        if (key != NULL)
            json_object_del(role->tags, gt_strdup(call->arena, key));
    }
    gt_object_touch(call->local, role);
    return json_object();
}

static int by_key(const void *a, const void *b)
{
    const json_t *const *one = a, *const *other = b;
    return strcmp(gt_text_at(*one, "/Key"), gt_text_at(*other, "/Key"));
}

/* Sorted by key (ListRoleTags). */
static json_t *list_role_tags(struct gt_serve *call)
{
    const struct gt_object *role = gt_role_of(call, false);
    if (role == NULL)
        return NULL;
    json_auto_t *tags = gt_tags_list(role->tags, "Key", "Value");
    size_t count = json_array_size(tags);
    json_t **at = gt_calloc(call->arena, count + 1, sizeof(*at));
    for (size_t i = 0; i < count; i++)
        at[i] = json_array_get(tags, i);
    qsort(at, count, sizeof(*at), by_key);
    json_auto_t *sorted = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append(sorted, at[i]);
    return gt_serve_page(call, sorted, "Key");
}

static json_t *put_boundary(struct gt_serve *call)
{
    struct gt_object *role = gt_role_of(call, true);
    if (role == NULL || !check_boundary(call))
        return NULL;
    gt_role_set(call->local, role, "boundary",
                json_string(gt_input_text(call, "/PermissionsBoundary")));
    return json_object();
}

static json_t *delete_boundary(struct gt_serve *call)
{
    struct gt_object *role = gt_role_of(call, true);
    if (role == NULL)
        return NULL;
    if (gt_text_at(role->hidden, "/boundary") == NULL)
        return gt_serve_fail(call, "NoSuchEntity", "Role %s has no permissions boundary.",
                             role->id);
    gt_role_set(call->local, role, "boundary", NULL);
    return json_object();
}

#define PRINCIPALS                                                                                 \
    "principals of trust policies need not exist; services do not see a deleted role any more, "   \
    "without delay"
#define BOUNDARIES                                                                                 \
    "a boundary policy of the account that nothing here made counts as allowing everything (knob " \
    "assume_policies)"

const struct gt_handler gt_iam_role_handlers[] = {
    {.operation = &gt_op_iam_CreateRole,
     .run = create_role,
     .fidelity = GT_MODELLED,
     .note = PRINCIPALS "; " BOUNDARIES,
     .resource_of = gt_iam_role_arn},
    {.operation = &gt_op_iam_CreateServiceLinkedRole,
     .run = create_service_linked_role,
     .fidelity = GT_GUESSED,
     .note = "the name is made from the service's; the role has no policies",
     .resource_of = gt_iam_role_arn},
    {.operation = &gt_op_iam_GetRole,
     .run = get_role,
     .fidelity = GT_MODELLED,
     .resource_of = gt_iam_role_arn},
    {.operation = &gt_op_iam_UpdateRole,
     .run = update_role,
     .fidelity = GT_MODELLED,
     .note = "that a description left out stays is a guess",
     .resource_of = gt_iam_role_arn},
    {.operation = &gt_op_iam_UpdateAssumeRolePolicy,
     .run = update_assume_role_policy,
     .fidelity = GT_MODELLED,
     .note = PRINCIPALS,
     .resource_of = gt_iam_role_arn},
    {.operation = &gt_op_iam_DeleteRole,
     .run = delete_role,
     .fidelity = GT_MODELLED,
     .note = "there are no instance profiles",
     .resource_of = gt_iam_role_arn},
    {.operation = &gt_op_iam_ListRoles, .run = list_roles, .fidelity = GT_MODELLED},
    {.operation = &gt_op_iam_ListInstanceProfilesForRole,
     .run = list_instance_profiles_for_role,
     .fidelity = GT_MODELLED,
     .note = "there are no instance profiles",
     .resource_of = gt_iam_role_arn},
    {.operation = &gt_op_iam_TagRole,
     .run = tag_role,
     .fidelity = GT_MODELLED,
     .resource_of = gt_iam_role_arn},
    {.operation = &gt_op_iam_UntagRole,
     .run = untag_role,
     .fidelity = GT_MODELLED,
     .resource_of = gt_iam_role_arn},
    {.operation = &gt_op_iam_ListRoleTags,
     .run = list_role_tags,
     .fidelity = GT_MODELLED,
     .resource_of = gt_iam_role_arn},
    {.operation = &gt_op_iam_PutRolePermissionsBoundary,
     .run = put_boundary,
     .fidelity = GT_MODELLED,
     .note = BOUNDARIES,
     .resource_of = gt_iam_role_arn},
    {.operation = &gt_op_iam_DeleteRolePermissionsBoundary,
     .run = delete_boundary,
     .fidelity = GT_MODELLED,
     .resource_of = gt_iam_role_arn},
    {.operation = NULL},
};
