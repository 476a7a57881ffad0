/* Objects as documents: to be saved, and to be shown to people. */
#include "store_parts.h"

static json_t *save_one(const struct gt_stored *stored)
{
    const struct gt_object *object = &stored->object;
    json_t *dues = json_object();
    for (const struct gt_due *due = stored->dues; due != NULL; due = due->next)
        if (due->timer != NULL)
            json_object_set_new(dues, due->what, json_integer(due->at_ms));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:O, s:O, s:O, s:I, s:I, s:I, s:o}", "kind",
                     object->kind->name, "account", object->account, "region", object->region, "id",
                     object->id, "parent", object->parent, "arn", object->arn, "data", object->data,
                     "hidden", object->hidden, "tags", object->tags, "created",
                     (json_int_t)object->created_ms, "updated", (json_int_t)object->updated_ms,
                     "order", (json_int_t)object->order, "due", dues);
}

json_t *gt_store_save(const struct gt_local *local)
{
    json_t *all = json_array();
    for (size_t i = 0; gt_kinds[i] != NULL; i++)
        for (const struct gt_stored *at = local->shelves[i].first; at != NULL; at = at->next)
            if (!at->object.removed)
                json_array_append_new(all, save_one(at));
    return all;
}

void gt_store_take_changes(struct gt_local *local, json_t *objects, json_t *gone)
{
    while (local->changed != NULL) {
        struct gt_stored *stored = local->changed;
        local->changed = stored->next_changed;
        stored->next_changed = NULL;
        stored->changed = false;
        if (objects == NULL)
            continue;
        if (stored->object.removed)
            json_array_append_new(gone, json_integer((json_int_t)stored->object.order));
        else
            json_array_append_new(objects, save_one(stored));
    }
    local->changed_end = &local->changed;
}

static bool load_one(struct gt_local *local, json_t *saved, struct gt_diags *diags)
{
    const char *kind_name = "", *account, *region, *id, *parent, *arn;
    json_t *data, *hidden, *tags, *dues;
    json_int_t created, updated, order;
    const struct gt_kind *kind = NULL;
    if (json_unpack(saved, "{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:o}",
                    "kind", &kind_name, "account", &account, "region", &region, "id", &id, "parent",
                    &parent, "arn", &arn, "data", &data, "hidden", &hidden, "tags", &tags,
                    "created", &created, "updated", &updated, "order", &order, "due", &dues) == 0)
        kind = gt_kind_find(kind_name);
    if (kind == NULL || !json_is_object(data) || !json_is_object(hidden) || !json_is_object(tags) ||
        !json_is_object(dues)) {
        gt_error(diags, "bad-state",
                 "the saved state holds an object of kind \"%s\" that cannot "
                 "be read",
                 gt_one_line(diags->arena, kind_name, 60))
            ->hint = "it was saved by another version of gantry; use another folder";
        return false;
    }
    struct gt_object *object = gt_stored_add(local, kind);
    object->account = gt_strdup(object->arena, account);
    object->region = gt_strdup(object->arena, region);
    object->id = gt_strdup(object->arena, id);
    object->parent = gt_strdup(object->arena, parent);
    object->arn = gt_strdup(object->arena, arn);
    object->data = json_deep_copy(data);
    object->hidden = json_deep_copy(hidden);
    object->tags = json_deep_copy(tags);
    object->created_ms = created;
    object->updated_ms = updated;
    object->order = (uint64_t)order;
    if (object->order > local->order)
        local->order = object->order;
    const char *what;
    json_t *at_ms;
    json_object_foreach(dues, what, at_ms)
        gt_stored_due_at(local, object, what, json_integer_value(at_ms));
    return true;
}

bool gt_store_load(struct gt_local *local, const json_t *objects, struct gt_diags *diags)
{
    size_t index;
    json_t *saved;
    json_array_foreach(gt_iterable(objects), index,
                       saved) if (!load_one(local, saved, diags)) return false;
    for (size_t i = 0; gt_kinds[i] != NULL; i++)
        for (struct gt_stored *at = local->shelves[i].first; at != NULL; at = at->next)
            if (at->object.kind->loaded != NULL && !at->object.removed)
                at->object.kind->loaded(local, &at->object);
    return true;
}

json_t *gt_store_counts(const struct gt_local *local)
{
    json_t *counts = json_object();
    for (size_t i = 0; gt_kinds[i] != NULL; i++) {
        json_int_t count = 0;
        for (const struct gt_stored *at = local->shelves[i].first; at != NULL; at = at->next)
            count += !at->object.removed;
        if (count > 0)
            json_object_set_new(counts, gt_kinds[i]->name, json_integer(count));
    }
    return counts;
}

/* Members of objects' data that hold what only their owner may see. */
static bool is_secret(const char *name)
{
    static const char *const names[] = {"clientSecret", "ClientSecret", "apiKey",
                                        "SecretString", "SecretBinary", "secretString"};
    for (size_t i = 0; i < GT_COUNT(names); i++)
        if (gt_streq(names[i], name))
            return true;
    return false;
}

/* A copy without secrets; of environment variables only the names stay. */
static json_t *without_secrets(const json_t *value)
{
    size_t index;
    const char *name;
    json_t *item;
    if (json_is_array(value)) {
        json_t *copy = json_array();
        json_array_foreach(gt_iterable(value), index, item)
            json_array_append_new(copy, without_secrets(item));
        return copy;
    }
    if (!json_is_object(value))
        return json_deep_copy(value);
    json_t *copy = json_object();
    json_object_foreach(gt_iterable(value), name, item)
    {
        if (is_secret(name))
            continue;
        if ((gt_streq(name, "environmentVariables") || gt_streq(name, "environment")) &&
            json_is_object(item)) {
            const char *variable;
            json_t *ignored, *names = json_array();
            json_object_foreach(item, variable, ignored)
                json_array_append_new(names, json_string(variable));
            json_object_set_new(copy, name, names);
            continue;
        }
        json_object_set_new(copy, name, without_secrets(item));
    }
    return copy;
}

static json_t *show_one(const struct gt_object *object)
{
    static const char *const names[] = {"name",         "Name",           "RoleName",
                                        "PolicyName",   "ClientName",     "agentRuntimeName",
                                        "logGroupName", "repositoryName", "Domain"};
    const char *name = NULL, *status = NULL;
    for (size_t i = 0; name == NULL && i < GT_COUNT(names); i++)
        name = json_string_value(json_object_get(object->data, names[i]));
    for (size_t i = 0; status == NULL && gt_status_names[i] != NULL; i++)
        status = json_string_value(json_object_get(object->data, gt_status_names[i]));
    json_t *data = without_secrets(object->data);
    for (const char *const *member = object->kind->open; member != NULL && *member != NULL;
         member++)
        if (json_object_get(object->hidden, *member) != NULL)
            json_object_set(data, *member, json_object_get(object->hidden, *member));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s*, s:O, s:I, s:I, s:I, s:o}", "kind",
                     object->kind->name, "account", object->account, "region", object->region, "id",
                     object->id, "name", name == NULL ? object->id : name, "arn", object->arn,
                     "parent", object->parent, "status", status, "tags", object->tags, "created",
                     (json_int_t)object->created_ms, "updated", (json_int_t)object->updated_ms,
                     "order", (json_int_t)object->order, "data", data);
}

json_t *gt_store_show(const struct gt_local *local, const char *kind)
{
    json_t *all = json_array();
    for (size_t i = 0; gt_kinds[i] != NULL; i++) {
        if (kind != NULL && !gt_streq(kind, gt_kinds[i]->name))
            continue;
        for (const struct gt_stored *at = local->shelves[i].first; at != NULL; at = at->next)
            if (!at->object.removed)
                json_array_append_new(all, show_one(&at->object));
    }
    return all;
}
