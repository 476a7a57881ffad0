#include "store_parts.h"

#include <string.h>

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
    local->changed_end = &local->changed;
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
    *local->changed_end = stored;
    local->changed_end = &stored->next_changed;
}

void gt_object_changed(struct gt_local *local, struct gt_object *object)
{
    note_change(local, stored_of(object));
}

/* -- time -- */

static void fire(void *payload)
{
    struct gt_due *due = payload;
    due->timer = NULL;
    note_change(due->local, due->stored);
    struct gt_object *object = &due->stored->object;
    if (!object->removed && object->kind->due != NULL)
        object->kind->due(due->local, object, due->what);
}

static struct gt_due *due_slot(struct gt_local *local, struct gt_stored *stored, const char *what)
{
    struct gt_due *due = stored->dues;
    while (due != NULL && !gt_streq(due->what, what))
        due = due->next;
    if (due != NULL)
        return due;
    due = GT_NEW(stored->object.arena, struct gt_due);
    *due = (struct gt_due){.next = stored->dues,
                           .local = local,
                           .stored = stored,
                           .what = gt_strdup(stored->object.arena, what)};
    stored->dues = due;
    return due;
}

void gt_stored_due_at(struct gt_local *local, struct gt_object *object, const char *what,
                      int64_t at_ms)
{
    struct gt_due *due = due_slot(local, stored_of(object), what);
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
        gt_stored_due_at(local, object, what, gt_now_ms(local->sys) + delay_ms);
}

void gt_object_due_cancel(struct gt_local *local, struct gt_object *object, const char *what)
{
    for (struct gt_due *due = stored_of(object)->dues; due != NULL; due = due->next) {
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

struct gt_object *gt_stored_add(struct gt_local *local, const struct gt_kind *kind)
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
    struct gt_object *object = gt_stored_add(local, kind);
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
    for (struct gt_due *due = stored_of(object)->dues; due != NULL; due = due->next)
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
    for (struct gt_due *due = stored_of(object)->dues; due != NULL; due = due->next) {
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
    local->changed_end = &local->changed;
    local->whole = true;
    gt_store_purge(local);
}

/* -- changes -- */

const char *const gt_status_names[] = {"status", "Status", NULL};

/* A fault script may want a create or update to end badly: where it would be READY it is what the
 * script says. */
static void land(struct gt_object *object)
{
    json_t *wanted = json_object_get(object->hidden, "land");
    if (wanted == NULL)
        return;
    for (size_t i = 0; gt_status_names[i] != NULL; i++) {
        const char *status = json_string_value(json_object_get(object->data, gt_status_names[i]));
        if (!gt_streq(status, "READY") && !gt_streq(status, "ACTIVE"))
            continue;
        json_object_set(object->data, gt_status_names[i], json_object_get(wanted, "status"));
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
