#include "cloud.h"

#include <string.h>

struct due {
    struct due *next;
    struct gt_local *local;
    struct gt_stored *stored;
    const char *what;
    int64_t at_ms;
    struct gt_timer *timer; /* NULL: not waiting; the slot stays for the next time */
};

struct gt_stored {
    struct gt_object object; /* first: what others see */
    struct gt_stored *next, *previous;
    struct due *dues;
    bool changed; /* in this turn: in the list of these */
    struct gt_stored *next_changed;
};

static size_t kind_index(const struct gt_kind *kind)
{
    for (size_t i = 0; gt_kinds[i] != NULL; i++)
        if (gt_kinds[i] == kind)
            return i;
    gt_die("the kind %s is not listed in kinds.c", kind->name);
}

const struct gt_kind *gt_kind_find(const char *name)
{
    for (const struct gt_kind *const *kind = gt_kinds; *kind != NULL; kind++)
        if (gt_streq((*kind)->name, name))
            return *kind;
    return NULL;
}

void gt_store_init(struct gt_local *local)
{
    size_t count = 0;
    while (gt_kinds[count] != NULL)
        count++;
    local->shelves = gt_calloc(local->arena, count + 1, sizeof(*local->shelves));
}

static struct gt_stored *stored_of(const struct gt_object *object)
{
    union {
        const struct gt_object *in;
        struct gt_stored *out;
    } cast = {.in = object};
    return cast.out;
}

static void note_change(struct gt_local *local, struct gt_stored *stored)
{
    if (stored->changed || local->options.state_folder == NULL)
        return;
    stored->changed = true;
    stored->next_changed = local->changed;
    local->changed = stored;
}

void gt_object_changed(struct gt_local *local, struct gt_object *object)
{
    note_change(local, stored_of(object));
}

/* -- time -- */

static void fire(void *payload)
{
    struct due *due = payload;
    due->timer = NULL;
    note_change(due->local, due->stored);
    struct gt_object *object = &due->stored->object;
    if (!object->removed && object->kind->due != NULL)
        object->kind->due(due->local, object, due->what);
}

static struct due *due_slot(struct gt_local *local, struct gt_stored *stored, const char *what)
{
    struct due *due = stored->dues;
    while (due != NULL && !gt_streq(due->what, what))
        due = due->next;
    if (due != NULL)
        return due;
    due = GT_NEW(stored->object.arena, struct due);
    *due = (struct due){.next = stored->dues,
                        .local = local,
                        .stored = stored,
                        .what = gt_strdup(stored->object.arena, what)};
    stored->dues = due;
    return due;
}

static void due_at(struct gt_local *local, struct gt_object *object, const char *what,
                   int64_t at_ms)
{
    struct due *due = due_slot(local, stored_of(object), what);
    gt_timer_cancel(due->timer);
    int64_t delay_ms = at_ms - gt_now_ms(local->sys);
    due->at_ms = at_ms;
    due->timer = gt_timer_start(local->loop, delay_ms < 0 ? 0 : delay_ms, fire, due);
    gt_object_changed(local, object);
}

void gt_object_due(struct gt_local *local, struct gt_object *object, const char *what,
                   int64_t delay_ms)
{
    if (!object->removed)
        due_at(local, object, what, gt_now_ms(local->sys) + delay_ms);
}

void gt_object_due_cancel(struct gt_local *local, struct gt_object *object, const char *what)
{
    for (struct due *due = stored_of(object)->dues; due != NULL; due = due->next) {
        if (!gt_streq(due->what, what))
            continue;
        gt_timer_cancel(due->timer);
        due->timer = NULL;
        gt_object_changed(local, object);
    }
}

/* -- coming and going -- */

static void note_landing(const struct gt_local *local, struct gt_object *object)
{
    if (local->landing != NULL)
        json_object_set_new(object->hidden, "land", json_deep_copy(local->landing));
}

/* Appends an empty object. */
static struct gt_object *add(struct gt_local *local, const struct gt_kind *kind)
{
    struct gt_shelf *shelf = &local->shelves[kind_index(kind)];
    struct gt_arena *arena = gt_arena_new();
    struct gt_stored *stored = GT_NEW(arena, struct gt_stored);
    stored->object = (struct gt_object){.kind = kind,
                                        .arena = arena,
                                        .account = "",
                                        .region = "",
                                        .id = "",
                                        .parent = "",
                                        .arn = ""};
    stored->previous = shelf->last;
    if (shelf->last != NULL)
        shelf->last->next = stored;
    else
        shelf->first = stored;
    shelf->last = stored;
    note_change(local, stored);
    return &stored->object;
}

struct gt_object *gt_object_new(struct gt_local *local, const struct gt_kind *kind,
                                const char *account, const char *region, const char *parent,
                                const char *id, json_t *data)
{
    struct gt_object *object = add(local, kind);
    object->account = gt_strdup(object->arena, account);
    object->region = gt_strdup(object->arena, region);
    object->parent = gt_strdup(object->arena, parent);
    object->id = gt_strdup(object->arena, id);
    object->data = data == NULL ? json_object() : data;
    object->hidden = json_object();
    object->tags = json_object();
    object->created_ms = object->updated_ms = gt_local_now_ms(local);
    object->order = ++local->order;
    note_landing(local, object);
    return object;
}

void gt_object_set_arn(struct gt_object *object, const char *arn)
{
    object->arn = gt_strdup(object->arena, arn);
}

static void release(struct gt_object *object)
{
    for (struct due *due = stored_of(object)->dues; due != NULL; due = due->next)
        gt_timer_cancel(due->timer);
    json_decref(object->data);
    json_decref(object->hidden);
    json_decref(object->tags);
    gt_arena_free(object->arena);
}

static bool is_child(const struct gt_object *object, const struct gt_object *parent)
{
    return !object->removed && object != parent && gt_streq(object->parent, parent->id) &&
           gt_streq(object->account, parent->account) && gt_streq(object->region, parent->region) &&
           (object->kind->parent == NULL || object->kind->parent == parent->kind);
}

static void remove_one(struct gt_local *local, struct gt_object *object, bool closing)
{
    object->removed = true;
    for (size_t i = 0; *object->id != '\0' && gt_kinds[i] != NULL; i++)
        for (struct gt_stored *at = local->shelves[i].first; at != NULL; at = at->next)
            if (is_child(&at->object, object))
                remove_one(local, &at->object, closing);
    for (struct due *due = stored_of(object)->dues; due != NULL; due = due->next) {
        gt_timer_cancel(due->timer);
        due->timer = NULL;
    }
    if (object->kind->gone != NULL)
        object->kind->gone(local, object, closing);
    local->removed = true;
    gt_object_changed(local, object);
}

void gt_object_remove(struct gt_local *local, struct gt_object *object)
{
    if (!object->removed)
        remove_one(local, object, false);
}

void gt_store_purge(struct gt_local *local)
{
    if (!local->removed)
        return;
    local->removed = false;
    for (size_t i = 0; gt_kinds[i] != NULL; i++) {
        struct gt_shelf *shelf = &local->shelves[i];
        for (struct gt_stored *at = shelf->first, *next; at != NULL; at = next) {
            next = at->next;
            if (!at->object.removed)
                continue;
            *(at->previous == NULL ? &shelf->first : &at->previous->next) = at->next;
            *(at->next == NULL ? &shelf->last : &at->next->previous) = at->previous;
            release(&at->object);
        }
    }
}

void gt_store_clear(struct gt_local *local, bool closing)
{
    for (size_t i = 0; gt_kinds[i] != NULL; i++)
        for (struct gt_stored *at = local->shelves[i].first; at != NULL; at = at->next)
            if (!at->object.removed)
                remove_one(local, &at->object, closing);
    local->changed = NULL;
    local->whole = true;
    gt_store_purge(local);
}

/* -- changes -- */

/* The members by which the kinds tell their status. */
static const char *const status_names[] = {"status", "Status"};

/* A fault script may want a create or update to end badly: where it would be READY it is what the
 * script says. */
static void land(struct gt_object *object)
{
    json_t *wanted = json_object_get(object->hidden, "land");
    if (wanted == NULL)
        return;
    for (size_t i = 0; i < GT_COUNT(status_names); i++) {
        const char *status = json_string_value(json_object_get(object->data, status_names[i]));
        if (!gt_streq(status, "READY") && !gt_streq(status, "ACTIVE"))
            continue;
        json_object_set(object->data, status_names[i], json_object_get(wanted, "status"));
        const char *reason = gt_text_at(wanted, "/reason");
        if (reason != NULL && gt_starts_with(object->kind->name, "runtime"))
            json_object_set_new(object->data, "failureReason", json_string(reason));
        else if (reason != NULL)
            json_object_set_new(object->data, "statusReasons", json_pack("[s]", reason));
        json_object_del(object->hidden, "land");
        return;
    }
}

void gt_object_touch(struct gt_local *local, struct gt_object *object)
{
    note_landing(local, object);
    land(object);
    object->updated_ms = gt_local_now_ms(local);
    gt_object_changed(local, object);
}

/* -- looking -- */

struct gt_object *gt_object_find(struct gt_local *local, const struct gt_kind *kind,
                                 const char *account, const char *region, const char *parent,
                                 const char *id)
{
    struct gt_stored *at = local->shelves[kind_index(kind)].first;
    for (; id != NULL && at != NULL; at = at->next)
        if (!at->object.removed && gt_streq(at->object.id, id) &&
            gt_streq(at->object.parent, parent) && gt_streq(at->object.account, account) &&
            gt_streq(at->object.region, region))
            return &at->object;
    return NULL;
}

struct gt_object *gt_object_find_arn(struct gt_local *local, const char *arn)
{
    if (arn == NULL || *arn == '\0')
        return NULL;
    for (size_t i = 0; gt_kinds[i] != NULL; i++)
        for (struct gt_stored *at = local->shelves[i].first; at != NULL; at = at->next)
            if (!at->object.removed && gt_streq(at->object.arn, arn))
                return &at->object;
    return NULL;
}

static bool fits(const char *wanted, const char *have)
{
    return wanted == NULL || gt_streq(wanted, have);
}

struct gt_object *gt_object_next(struct gt_local *local, const struct gt_kind *kind,
                                 const char *account, const char *region, const char *parent,
                                 struct gt_object *at)
{
    struct gt_stored *next =
        at == NULL ? local->shelves[kind_index(kind)].first : stored_of(at)->next;
    for (; next != NULL; next = next->next)
        if (!next->object.removed && fits(account, next->object.account) &&
            fits(region, next->object.region) && fits(parent, next->object.parent))
            return &next->object;
    return NULL;
}

/* -- as documents -- */

static json_t *save_one(const struct gt_stored *stored)
{
    const struct gt_object *object = &stored->object;
    json_t *dues = json_object();
    for (const struct due *due = stored->dues; due != NULL; due = due->next)
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
        stored->changed = false;
        if (objects == NULL)
            continue;
        if (stored->object.removed)
            json_array_append_new(gone, json_integer((json_int_t)stored->object.order));
        else
            json_array_append_new(objects, save_one(stored));
    }
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
    struct gt_object *object = add(local, kind);
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
    json_object_foreach(dues, what, at_ms) due_at(local, object, what, json_integer_value(at_ms));
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
        if (gt_streq(name, "environmentVariables") && json_is_object(item)) {
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
    for (size_t i = 0; status == NULL && i < GT_COUNT(status_names); i++)
        status = json_string_value(json_object_get(object->data, status_names[i]));
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
