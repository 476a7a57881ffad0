/* What each operation of the tiny cloud does. */
#include "tiny_operations.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/sys/sys.h>
#include <string.h>

/* What must be gone before another thing can go. */
static const struct {
    const char *kind, *child, *code, *message;
} holds[] = {
    {"role", "role_policy", "DeleteConflict", "Cannot delete entity, must delete policies first."},
    {"role", "role_attachment", "DeleteConflict", "Cannot delete entity, must detach first."},
    {"gateway", "target", "ValidationException", "Gateway has targets associated with it"},
    {"user_pool", "domain", "InvalidParameterException", "User pool has a domain configured"},
};

typedef void act_fn(struct tiny_act *act);
struct tiny_row {
    const char *operation;
    act_fn *fn;
    const char *kind;
    const char *out; /* the member of the output that holds the object or the list; NULL: all */
};

static const char *text(const json_t *object, const char *member)
{
    const char *value = json_string_value(json_object_get(object, member));
    return value == NULL ? "" : value;
}

static void set_text(json_t *object, const char *member, const char *value)
{
    json_object_set_new(object, member, json_string(value));
}

static void refuse(struct tiny_act *act, const char *const error[2])
{
    act->code = error[0];
    act->message = error[1];
}

bool tiny_is_below(const struct tiny_object *object, const char *kind, const char *parent)
{
    size_t len = strlen(parent);
    return !object->gone && strcmp(object->kind, kind) == 0 &&
           (len == 0 || (strncmp(object->key, parent, len) == 0 && object->key[len] == '/'));
}

/* The ids in the input: all of them, or all but the last. */
static const char *key_of(const struct tiny_act *act, bool parent)
{
    const char *key = "";
    for (size_t i = 0; act->kind->ids[i] != NULL; i++) {
        if (parent && act->kind->ids[i + 1] == NULL)
            break;
        key = gt_printf(act->cloud->arena, "%s%s%s", key, i == 0 ? "" : "/",
                        text(act->input, act->kind->ids[i]));
    }
    return key;
}

static struct tiny_object *object_of(struct tiny_act *act)
{
    struct tiny_object *object = tiny_find(act->cloud, act->kind->name, key_of(act, false));
    if (object == NULL || object->visible_ms > tiny_now(act->cloud)) {
        refuse(act, act->kind->absent);
        return NULL;
    }
    return object;
}

/* -- statuses -- */

void tiny_status(struct tiny_object *object, const char *status, const char *reason)
{
    bool runtime = strcmp(object->kind, "runtime") == 0 || strcmp(object->kind, "endpoint") == 0;
    set_text(object->doc, "status", status);
    json_object_del(object->doc, "statusReasons");
    json_object_del(object->doc, "failureReason");
    if (reason != NULL && runtime)
        set_text(object->doc, "failureReason", reason);
    else if (reason != NULL)
        json_object_set_new(object->doc, "statusReasons", json_pack("[s]", reason));
}

static void advance(struct tiny_cloud *cloud, struct tiny_object *object)
{
    if (object->next == NULL || object->reads_left-- > 0)
        return;
    if (strcmp(object->next, "gone") == 0)
        object->gone = true;
    else
        set_text(object->doc, "status", object->next);
    object->next = NULL;
    object->settled_ms = tiny_now(cloud);
}

static void begin(struct tiny_act *act, struct tiny_object *object, const char *status)
{
    const struct tiny_script *script = act->script;
    if (!act->kind->settles)
        return;
    bool fails = script != NULL && script->status != NULL;
    tiny_status(object, status, fails ? script->reason : NULL);
    object->next = fails ? script->status : "READY";
    object->reads_left = act->cloud->reads;
}

/* -- what an answer shows -- */

static json_t *shown(const struct tiny_kind *kind, const struct tiny_object *object)
{
    json_t *doc = json_deep_copy(object->doc);
    if (kind->tags_shown && strcmp(kind->tags, "Tags") == 0) {
        json_t *list = json_array(), *value;
        const char *name;
        json_object_foreach(object->tags, name, value)
            json_array_append_new(list, json_pack("{s:s, s:O}", "Key", name, "Value", value));
        json_object_set_new(doc, kind->tags, list);
    } else if (kind->tags_shown) {
        json_object_set_new(doc, kind->tags, json_deep_copy(object->tags));
    }
    return doc;
}

/* Members that the shape has. */
static json_t *only_members(const struct gt_shape *shape, json_t *doc)
{
    const char *name;
    void *next;
    json_t *value;
    json_object_foreach_safe(doc, next, name, value)
    {
        if (gt_member_find(shape, name) == NULL)
            json_object_del(doc, name);
    }
    return doc;
}

static void show(struct tiny_act *act, const struct tiny_object *object)
{
    const struct gt_shape *shape = act->operation->output;
    if (shape == NULL)
        return;
    json_t *doc = shown(act->kind, object);
    if (act->row->out == NULL) {
        json_object_update(act->output, only_members(shape, doc));
        json_decref(doc);
        return;
    }
    only_members(gt_shape_at(shape, gt_printf(act->cloud->arena, "/%s", act->row->out)), doc);
    json_object_set_new(act->output, act->row->out, doc);
}

/* -- creation -- */

static void describe(struct tiny_cloud *cloud, struct tiny_object *object)
{
    json_t *doc = object->doc;
    if (strcmp(object->kind, "gateway") == 0) {
        set_text(doc, "gatewayUrl",
                 gt_printf(cloud->arena,
                           "https://%s.gateway.bedrock-agentcore.us-east-1.amazonaws.com/mcp",
                           object->key));
    } else if (strcmp(object->kind, "runtime") == 0) {
        set_text(doc, "agentRuntimeVersion", "1");
        object->serve_left = cloud->serve_reads;
        object->served = cloud->serve_reads == 0 ? "1" : NULL;
    } else if (strcmp(object->kind, "client") == 0) {
        set_text(doc, "ClientSecret", "the-client-secret-of-the-cloud");
        json_object_del(doc, "GenerateSecret");
    } else if (strcmp(object->kind, "user_pool") == 0) {
        json_object_set(doc, "Name", json_object_get(doc, "PoolName"));
    } else if (strcmp(object->kind, "role") == 0) {
        set_text(doc, "RoleId", "AROATINY");
        json_t *boundary = json_object_get(doc, "PermissionsBoundary");
        if (json_is_string(boundary))
            json_object_set_new(doc, "PermissionsBoundary",
                                json_pack("{s:O}", "PermissionsBoundaryArn", boundary));
    } else if (strcmp(object->kind, "log_group") == 0) {
        set_text(doc, "arn", gt_printf(cloud->arena, "%s:*", text(doc, "logGroupArn")));
    } else if (strcmp(object->kind, "domain") == 0) {
        set_text(doc, "Status", "ACTIVE");
    } else if (strcmp(object->kind, "endpoint") == 0) {
        set_text(doc, "targetVersion", text(doc, "agentRuntimeVersion"));
        set_text(doc, "liveVersion", text(doc, "agentRuntimeVersion"));
    }
}

struct tiny_object *tiny_object_new(struct tiny_cloud *cloud, const struct tiny_kind *kind,
                                    const char *key, json_t *doc)
{
    struct tiny_object *object = GT_NEW(cloud->arena, struct tiny_object);
    json_t *tags = kind->tags == NULL ? NULL : json_object_get(doc, kind->tags);
    *object = (struct tiny_object){.kind = kind->name, .key = gt_strdup(cloud->arena, key)};
    object->doc = gt_keep(cloud->arena, doc);
    object->tags = gt_keep(cloud->arena, json_object());
    if (json_is_object(tags))
        json_object_update(object->tags, tags);
    size_t i;
    json_t *tag;
    json_array_foreach(tags, i, tag)
        json_object_set(object->tags, text(tag, "Key"), json_object_get(tag, "Value"));
    if (kind->tags != NULL)
        json_object_del(doc, kind->tags);
    if (kind->arn != NULL)
        set_text(doc, kind->arn,
                 gt_printf(cloud->arena, "%.*s%s", (int)strcspn(kind->arn_form, "%"),
                           kind->arn_form, key));
    describe(cloud, object);
    *GT_PUSH(cloud->arena, &cloud->objects) = object;
    return object;
}

/* One that is there with the same name, or with the token of this call. */
static struct tiny_object *taken(const struct tiny_act *act, const char *parent, bool by_token)
{
    const char *member = by_token ? "clientToken" : act->kind->unique;
    const json_t *wanted = member == NULL ? NULL : json_object_get(act->input, member);
    for (size_t i = 0; wanted != NULL && i < act->cloud->objects.len; i++) {
        struct tiny_object *object = act->cloud->objects.at[i];
        if (tiny_is_below(object, act->kind->name, parent) &&
            json_equal(json_object_get(object->doc, member), wanted))
            return object;
    }
    return NULL;
}

static const char *new_key(struct tiny_act *act, const char *parent, json_t *doc)
{
    const struct tiny_kind *kind = act->kind;
    struct gt_arena *arena = act->cloud->arena;
    size_t last = 0;
    while (kind->ids[last + 1] != NULL)
        last++;
    const char *id = text(act->input, kind->given != NULL ? kind->given : kind->ids[last]);
    if (kind->made != NULL) {
        int number = ++act->cloud->made;
        size_t at = strcspn(kind->form, "%");
        int width = (int)strtol(kind->form + at + 1, NULL, 10);
        id = gt_printf(arena, "%.*s%0*d", (int)at, kind->form, width, number);
        set_text(doc, kind->made, id);
    }
    return *parent == '\0' ? id : gt_printf(arena, "%s/%s", parent, id);
}

static void create(struct tiny_act *act)
{
    struct tiny_cloud *cloud = act->cloud;
    const char *parent = key_of(act, true);
    struct tiny_object *object = taken(act, parent, true);
    if (object == NULL) {
        json_t *doc = json_deep_copy(act->input);
        const char *key = new_key(act, parent, doc);
        if (taken(act, parent, false) != NULL || tiny_find(cloud, act->kind->name, key) != NULL) {
            json_decref(doc);
            refuse(act, act->kind->exists);
            return;
        }
        object = tiny_object_new(cloud, act->kind, key, doc);
        object->visible_ms = tiny_now(cloud) + (act->script == NULL ? 0 : act->script->late_ms);
        begin(act, object, "CREATING");
    }
    show(act, object);
}

static void upsert(struct tiny_act *act)
{
    struct tiny_object *object = tiny_find(act->cloud, act->kind->name, key_of(act, false));
    if (object == NULL)
        tiny_object_new(act->cloud, act->kind, key_of(act, false), json_deep_copy(act->input));
    else
        json_object_update(object->doc, gt_iterable(act->input));
}

/* -- reads -- */

static void get(struct tiny_act *act)
{
    struct tiny_object *object = object_of(act);
    if (object == NULL)
        return;
    advance(act->cloud, object);
    if (object->gone)
        refuse(act, act->kind->absent);
    else
        show(act, object);
}

static void get_endpoint(struct tiny_act *act)
{
    if (strcmp(text(act->input, "endpointName"), "DEFAULT") != 0) {
        get(act);
        return;
    }
    struct tiny_object *runtime =
        tiny_find(act->cloud, "runtime", text(act->input, "agentRuntimeId"));
    if (runtime != NULL && runtime->serve_left == 0)
        runtime->served = text(runtime->doc, "agentRuntimeVersion");
    if (runtime == NULL || runtime->served == NULL) {
        refuse(act, act->kind->absent);
    } else {
        set_text(act->output, "name", "DEFAULT");
        set_text(act->output, "status", "READY");
        set_text(act->output, "liveVersion", runtime->served);
    }
    if (runtime != NULL && runtime->serve_left > 0)
        runtime->serve_left--;
}

static void get_domain(struct tiny_act *act)
{
    struct tiny_object *object = object_of(act);
    act->code = NULL;
    json_object_set_new(act->output, "DomainDescription", json_object());
    if (object != NULL)
        show(act, object);
}

/* One page; the token is the number of the first item. */
static void page(struct tiny_act *act, const json_t *items)
{
    const struct tiny_cloud *cloud = act->cloud;
    const struct gt_paginator *pages = act->operation->paginator;
    size_t from = 0, size = json_array_size(items);
    if (pages != NULL && !cloud->stuck)
        from = strtoul(text(act->input, pages->input_token), NULL, 10);
    size_t to = cloud->page_size == 0 || pages == NULL ? size : from + (size_t)cloud->page_size;
    json_t *some = json_array();
    for (size_t i = from; i < size && i < to; i++)
        json_array_append(some, json_array_get(items, i));
    json_object_set_new(act->output, act->row->out, some);
    bool more = pages != NULL && (to < size || cloud->stuck);
    if (more)
        set_text(act->output, pages->output_token, gt_printf(cloud->arena, "%zu", to));
    if (pages != NULL && pages->more != NULL)
        json_object_set_new(act->output, pages->more, json_boolean(more));
}

static bool is_listed(const struct tiny_act *act, const struct tiny_object *object,
                      const char *parent)
{
    const char *prefix = text(act->input, "logGroupNamePrefix");
    return tiny_is_below(object, act->kind->name, parent) &&
           object->visible_ms <= tiny_now(act->cloud) && gt_starts_with(object->key, prefix);
}

static void list(struct tiny_act *act)
{
    json_auto_t *items = json_array();
    const char *parent = key_of(act, true);
    const struct gt_shape *shape =
        gt_shape_at(act->operation->output, gt_printf(act->cloud->arena, "/%s/*", act->row->out));
    if (shape == NULL)
        gt_die("tiny cloud: %s has no list %s", act->operation->name, act->row->out);
    for (size_t i = 0; i < act->cloud->objects.len; i++) {
        const struct tiny_object *object = act->cloud->objects.at[i];
        if (!is_listed(act, object, parent))
            continue;
        json_t *doc = shown(act->kind, object);
        if (shape->kind == GT_SHAPE_STRUCTURE)
            json_array_append_new(items, only_members(shape, doc));
        else
            json_array_append(items, json_object_get(doc, "PolicyName"));
        if (shape->kind != GT_SHAPE_STRUCTURE)
            json_decref(doc);
    }
    page(act, items);
}

/* -- changes -- */

/* What the call has members for is replaced by what it was given: left out means reset. */
static void put(struct tiny_act *act)
{
    struct tiny_object *object = object_of(act);
    const struct gt_shape *shape = act->operation->input;
    if (object == NULL)
        return;
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct gt_member *member = &shape->members[i];
        const char *name = member->name;
        bool id = member->flags & GT_MEMBER_IDEMPOTENCY_TOKEN;
        for (size_t j = 0; act->kind->ids[j] != NULL; j++)
            id |= strcmp(act->kind->ids[j], name) == 0;
        json_t *value = json_object_get(act->input, name);
        if (id || gt_streq(act->kind->tags, name))
            continue;
        if (value == NULL)
            json_object_del(object->doc, name);
        else
            json_object_set_new(object->doc, name, json_deep_copy(value));
    }
    begin(act, object, "UPDATING");
    show(act, object);
}

static void put_runtime(struct tiny_act *act)
{
    struct tiny_object *object = object_of(act);
    const json_t *token = json_object_get(act->input, "clientToken");
    if (object == NULL)
        return;
    if (token != NULL && json_equal(json_object_get(object->doc, "lastToken"), token)) {
        show(act, object);
        return;
    }
    long version = strtol(text(object->doc, "agentRuntimeVersion"), NULL, 10);
    object->served = object->served == NULL ? NULL : text(object->doc, "agentRuntimeVersion");
    object->served = gt_strdup(act->cloud->arena, object->served);
    set_text(object->doc, "agentRuntimeVersion", gt_printf(act->cloud->arena, "%ld", version + 1));
    json_object_set(object->doc, "lastToken", gt_iterable(token));
    object->serve_left = act->cloud->serve_reads;
    put(act);
}

/* Sets what is given and leaves the rest. */
static void merge(struct tiny_act *act)
{
    struct tiny_object *object = object_of(act);
    if (object != NULL)
        json_object_update(object->doc, gt_iterable(act->input));
}

static void put_trust(struct tiny_act *act)
{
    struct tiny_object *object = object_of(act);
    if (object != NULL)
        set_text(object->doc, "AssumeRolePolicyDocument", text(act->input, "PolicyDocument"));
}

static void drop_retention(struct tiny_act *act)
{
    struct tiny_object *object = object_of(act);
    if (object != NULL)
        json_object_del(object->doc, "retentionInDays");
}

static void protect_logs(struct tiny_act *act)
{
    struct tiny_object *object =
        tiny_find(act->cloud, "log_group", text(act->input, "logGroupIdentifier"));
    if (object == NULL)
        refuse(act, act->kind->absent);
    else
        json_object_set(object->doc, "deletionProtectionEnabled",
                        json_object_get(act->input, "deletionProtectionEnabled"));
}

static void take_children(struct tiny_cloud *cloud, const char *parent)
{
    for (size_t i = 0; i < cloud->objects.len; i++)
        if (tiny_is_below(cloud->objects.at[i], cloud->objects.at[i]->kind, parent))
            cloud->objects.at[i]->gone = true;
}

static bool is_held(struct tiny_act *act, const struct tiny_object *object)
{
    for (size_t i = 0; i < GT_COUNT(holds); i++) {
        if (strcmp(holds[i].kind, object->kind) != 0)
            continue;
        for (size_t j = 0; j < act->cloud->objects.len; j++) {
            const struct tiny_object *child = act->cloud->objects.at[j];
            bool below = strcmp(holds[i].child, "domain") == 0
                             ? !child->gone && strcmp(child->kind, "domain") == 0 &&
                                   strcmp(text(child->doc, "UserPoolId"), object->key) == 0
                             : tiny_is_below(child, holds[i].child, object->key);
            if (below) {
                act->code = holds[i].code;
                act->message = holds[i].message;
                return true;
            }
        }
    }
    bool on = strcmp(text(object->doc, "DeletionProtection"), "ACTIVE") == 0 ||
              json_is_true(json_object_get(object->doc, "deletionProtectionEnabled"));
    if (on) {
        act->code = "InvalidParameterException";
        act->message = "deletion protection is on";
    }
    return on;
}

static void take(struct tiny_act *act)
{
    struct tiny_object *object = object_of(act);
    if (object == NULL || is_held(act, object))
        return;
    if (act->kind->settles) {
        begin(act, object, "DELETING");
        if (act->script == NULL || act->script->status == NULL)
            object->next = "gone";
        show(act, object);
    } else {
        object->gone = true;
        object->settled_ms = tiny_now(act->cloud);
        take_children(act->cloud, object->key);
    }
}

/* -- tags -- */

static struct tiny_object *tagged(struct tiny_act *act)
{
    const char *arn = text(act->input, "resourceArn");
    if (*arn == '\0')
        arn = text(act->input, "ResourceArn");
    for (size_t i = 0; i < act->cloud->objects.len; i++) {
        struct tiny_object *object = act->cloud->objects.at[i];
        const struct tiny_kind *kind = tiny_kind_find(object->kind);
        if (object->gone)
            continue;
        if (strcmp(kind->name, "role") == 0
                ? strcmp(object->key, text(act->input, "RoleName")) == 0
                : kind->arn != NULL && strcmp(text(object->doc, kind->arn), arn) == 0)
            return object;
    }
    static const char *const absent[2] = {"ResourceNotFoundException", "it does not exist"};
    refuse(act, absent);
    return NULL;
}

static json_t *tags_in(const struct tiny_act *act)
{
    json_t *tags = json_object_get(act->input, "tags");
    return tags != NULL ? tags : json_object_get(act->input, "Tags");
}

static void tag(struct tiny_act *act)
{
    struct tiny_object *object = tagged(act);
    size_t i;
    json_t *item, *tags = tags_in(act);
    if (object == NULL)
        return;
    if (json_is_object(tags))
        json_object_update(object->tags, tags);
    json_array_foreach(tags, i, item)
        json_object_set(object->tags, text(item, "Key"), json_object_get(item, "Value"));
}

static void untag(struct tiny_act *act)
{
    struct tiny_object *object = tagged(act);
    size_t i;
    json_t *key, *keys = json_object_get(act->input, "tagKeys");
    if (keys == NULL)
        keys = json_object_get(act->input, "TagKeys");
    json_array_foreach(keys, i, key) if (object != NULL)
        json_object_del(object->tags, json_string_value(key));
}

static void list_tags(struct tiny_act *act)
{
    struct tiny_object *object = tagged(act);
    if (object != NULL)
        json_object_set_new(act->output, "tags", json_deep_copy(object->tags));
}

/* -- others -- */

static void describe_images(struct tiny_act *act)
{
    static const char *const absent[2] = {"ImageNotFoundException", "the image does not exist"};
    if (act->cloud->digest == NULL)
        refuse(act, absent);
    else
        json_object_set_new(act->output, "imageDetails",
                            json_pack("[{s:s}]", "imageDigest", act->cloud->digest));
}

static void nothing(struct tiny_act *act)
{
    (void)act;
}

static const struct tiny_row rows[] = {
    {"CreateRole", create, "role", "Role"},
    {"GetRole", get, "role", "Role"},
    {"UpdateRole", merge, "role", NULL},
    {"UpdateAssumeRolePolicy", put_trust, "role", NULL},
    {"TagRole", tag, "role", NULL},
    {"UntagRole", untag, "role", NULL},
    {"DeleteRole", take, "role", NULL},
    {"PutRolePolicy", upsert, "role_policy", NULL},
    {"GetRolePolicy", get, "role_policy", NULL},
    {"ListRolePolicies", list, "role_policy", "PolicyNames"},
    {"DeleteRolePolicy", take, "role_policy", NULL},
    {"AttachRolePolicy", upsert, "role_attachment", NULL},
    {"ListAttachedRolePolicies", list, "role_attachment", "AttachedPolicies"},
    {"DetachRolePolicy", take, "role_attachment", NULL},
    {"CreateUserPool", create, "user_pool", "UserPool"},
    {"DescribeUserPool", get, "user_pool", "UserPool"},
    {"UpdateUserPool", put, "user_pool", NULL},
    {"ListUserPools", list, "user_pool", "UserPools"},
    {"DeleteUserPool", take, "user_pool", NULL},
    {"CreateUserPoolDomain", create, "domain", NULL},
    {"DescribeUserPoolDomain", get_domain, "domain", "DomainDescription"},
    {"DeleteUserPoolDomain", take, "domain", NULL},
    {"CreateResourceServer", create, "resource_server", "ResourceServer"},
    {"DescribeResourceServer", get, "resource_server", "ResourceServer"},
    {"UpdateResourceServer", put, "resource_server", "ResourceServer"},
    {"DeleteResourceServer", take, "resource_server", NULL},
    {"CreateUserPoolClient", create, "client", "UserPoolClient"},
    {"DescribeUserPoolClient", get, "client", "UserPoolClient"},
    {"UpdateUserPoolClient", put, "client", "UserPoolClient"},
    {"ListUserPoolClients", list, "client", "UserPoolClients"},
    {"DeleteUserPoolClient", take, "client", NULL},
    {"CreateGateway", create, "gateway", NULL},
    {"GetGateway", get, "gateway", NULL},
    {"UpdateGateway", put, "gateway", NULL},
    {"ListGateways", list, "gateway", "items"},
    {"DeleteGateway", take, "gateway", NULL},
    {"CreateGatewayTarget", create, "target", NULL},
    {"GetGatewayTarget", get, "target", NULL},
    {"UpdateGatewayTarget", put, "target", NULL},
    {"ListGatewayTargets", list, "target", "items"},
    {"DeleteGatewayTarget", take, "target", NULL},
    {"CreateAgentRuntime", create, "runtime", NULL},
    {"GetAgentRuntime", get, "runtime", NULL},
    {"UpdateAgentRuntime", put_runtime, "runtime", NULL},
    {"ListAgentRuntimes", list, "runtime", "agentRuntimes"},
    {"DeleteAgentRuntime", take, "runtime", NULL},
    {"CreateAgentRuntimeEndpoint", create, "endpoint", NULL},
    {"GetAgentRuntimeEndpoint", get_endpoint, "endpoint", NULL},
    {"UpdateAgentRuntimeEndpoint", put, "endpoint", NULL},
    {"ListAgentRuntimeEndpoints", list, "endpoint", "runtimeEndpoints"},
    {"DeleteAgentRuntimeEndpoint", take, "endpoint", NULL},
    {"CreateLogGroup", create, "log_group", NULL},
    {"DescribeLogGroups", list, "log_group", "logGroups"},
    {"PutRetentionPolicy", merge, "log_group", NULL},
    {"DeleteRetentionPolicy", drop_retention, "log_group", NULL},
    {"PutLogGroupDeletionProtection", protect_logs, "log_group", NULL},
    {"DeleteLogGroup", take, "log_group", NULL},
    {"TagResource", tag, "gateway", NULL},
    {"UntagResource", untag, "gateway", NULL},
    {"ListTagsForResource", list_tags, "gateway", NULL},
    {"InvokeAgentRuntime", nothing, "runtime", NULL},
    {"DescribeImages", describe_images, "runtime", NULL},
    {"BatchGetImage", nothing, "runtime", NULL},
};

void tiny_perform(struct tiny_act *act)
{
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        if (strcmp(rows[i].operation, act->operation->name) != 0)
            continue;
        act->row = &rows[i];
        act->kind = tiny_kind_find(rows[i].kind);
        rows[i].fn(act);
        return;
    }
    gt_die("tiny cloud: %s is not there", act->operation->name);
}
