/*
 * Changing an object that is there: read, compare, send what differs, look again. The comparison is
 * made anew with what is live at that moment, since most updates reset what they are not given.
 */
#include "internal.h"

#include <string.h>

static void next_step(struct gt_task *task);
static void begin(struct gt_task *task);
static void after_lost(struct gt_task *task);

enum { REPEATS_MAX = 3 };

/* -- tags -- */

static void on_untagged(struct gt_task *task, enum gt_mutated result, const json_t *output)
{
    (void)output;
    gt_task_fn *then = task->then;
    if (result == GT_MUTATED)
        then(task);
    else if (result == GT_MUTATION_LOST)
        after_lost(task);
    else
        gt_task_fail(task);
}

static void untag(struct gt_task *task, const json_t *removed)
{
    struct gt_item *item = task->item;
    struct gt_input_sources from = {item->identity, item->wanted, item->live};
    gt_mutate(task, item->type->tags.untag.operation,
              gt_type_untag_input(item->type, &from, removed), GT_MUTATION_CHANGE, on_untagged);
}

static void on_tagged(struct gt_task *task, enum gt_mutated result, const json_t *output)
{
    if (result == GT_MUTATED && json_array_size(task->untag_keys) > 0) {
        untag(task, task->untag_keys);
        return;
    }
    on_untagged(task, result, output);
}

void gt_run_tags(struct gt_task *task, const json_t *set, const json_t *removed, gt_task_fn *then)
{
    struct gt_item *item = task->item;
    task->then = then;
    task->untag_keys = removed;
    if (json_object_size(set) > 0) {
        struct gt_input_sources from = {item->identity, item->wanted, item->live};
        gt_mutate(task, item->type->tags.tag.operation, gt_type_tag_input(item->type, &from, set),
                  GT_MUTATION_CHANGE, on_tagged);
    } else if (json_array_size(removed) > 0) {
        untag(task, removed);
    } else {
        then(task);
    }
}

static void run_changed_tags(struct gt_task *task)
{
    const struct gt_type *type = task->item->type;
    json_t *set = gt_keep(task->arena, json_object());
    json_t *removed = gt_keep(task->arena, json_array());
    const char *prefix =
        type->tags.property == NULL ? NULL : gt_printf(task->arena, "/%s/", type->tags.property);
    for (size_t i = 0; prefix != NULL && i < task->changes.list.len; i++) {
        const struct gt_change *change = &task->changes.list.at[i];
        if (change->ignored || !gt_starts_with(change->pointer, prefix))
            continue;
        const char *token = change->pointer + strlen(prefix);
        const char *key = gt_pointer_unescape(task->arena, token, strlen(token));
        if (change->after == NULL)
            json_array_append_new(removed, json_string(key));
        else
            json_object_set(set, key, gt_iterable(change->after));
    }
    gt_run_tags(task, set, removed, gt_task_finish);
}

/* -- steps -- */

/* What is there now may have been changed by a call whose answer was lost: begin with a look. */
static void after_lost(struct gt_task *task)
{
    gt_settle_lost(task);
    if (task->repeats++ < REPEATS_MAX) {
        gt_diags_rewind(&task->diags, 0);
        begin(task);
    } else {
        gt_task_fail(task);
    }
}

static void on_changed(struct gt_task *task, enum gt_mutated result, const json_t *output,
                       const struct gt_operation *operation)
{
    (void)output;
    switch (result) {
    case GT_MUTATED:
        task->mutated = true;
        gt_item_enter(task->item, "creating"); /* until all of it has settled again */
        gt_entry_applied(task, operation);
        gt_wait_settled(task, next_step);
        break;
    case GT_MUTATION_LOST:
        after_lost(task);
        break;
    case GT_MUTATION_GONE:
    case GT_MUTATION_TAKEN:
    case GT_MUTATION_FAILED:
        gt_task_fail(task);
        break;
    }
}

/* What is sent: the wanted properties, with what is live in the places that are left alone. */
const json_t *gt_task_properties(struct gt_task *task)
{
    const struct gt_item *item = task->item;
    const char *const *path = item->resource->ignore;
    if (path == NULL || *path == NULL || item->live == NULL)
        return item->wanted;
    json_t *properties = gt_keep(task->arena, json_deep_copy(item->wanted));
    for (; *path != NULL; path++) {
        const json_t *live = gt_at(item->live, *path);
        if (live != NULL)
            gt_put_at(properties, *path, json_deep_copy(live));
        else
            gt_remove_at(properties, *path);
    }
    return properties;
}

static void on_step(struct gt_task *task, enum gt_mutated result, const json_t *output)
{
    const struct gt_step *step = &task->item->type->steps[task->step++];
    on_changed(task, result, output, step->use.operation);
}

static void on_upserted(struct gt_task *task, enum gt_mutated result, const json_t *output)
{
    on_changed(task, result, output, task->item->type->create.operation);
}

static void next_step(struct gt_task *task)
{
    struct gt_item *item = task->item;
    const struct gt_step *steps = item->type->steps;
    struct gt_input_sources from = {item->identity, gt_task_properties(task), item->live};
    for (; steps != NULL && steps[task->step].use.operation != NULL; task->step++) {
        const struct gt_step *step = &steps[task->step];
        if (gt_type_step_wanted(item->type, step, task->changed, task->dropped)) {
            gt_mutate(task, step->use.operation,
                      gt_type_step_input(item->type, step, &from, task->dropped),
                      GT_MUTATION_CHANGE, on_step);
            return;
        }
    }
    run_changed_tags(task);
}

static bool is_tag(const struct gt_type *type, const char *pointer, struct gt_arena *arena)
{
    const char *property = type->tags.property;
    return property != NULL && gt_starts_with(pointer, gt_printf(arena, "/%s/", property));
}

/* The pointers of what differs and is wanted, and of what is no longer wanted; tags go by
 * themselves. */
static void sort_changes(struct gt_task *task)
{
    const struct gt_type *type = task->item->type;
    task->changed = gt_keep(task->arena, json_array());
    task->dropped = gt_keep(task->arena, json_array());
    for (size_t i = 0; i < task->changes.list.len; i++) {
        const struct gt_change *change = &task->changes.list.at[i];
        if (!change->ignored && !is_tag(type, change->pointer, task->arena))
            json_array_append_new(change->after == NULL ? task->dropped : task->changed,
                                  json_string(change->pointer));
    }
}

static void send_changes(struct gt_task *task)
{
    struct gt_item *item = task->item;
    sort_changes(task);
    task->step = 0;
    bool any = json_array_size(task->changed) + json_array_size(task->dropped) > 0;
    if (any && item->type->create_is_upsert) {
        struct gt_input_sources from = {item->identity, gt_task_properties(task), item->live};
        gt_mutate(task, item->type->create.operation,
                  gt_type_input(item->type, &item->type->create, &from, true), GT_MUTATION_CHANGE,
                  on_upserted);
        return;
    }
    next_step(task);
}

static void compare(struct gt_task *task)
{
    struct gt_item *item = task->item;
    struct gt_compare what = {.type = item->type,
                              .wanted = item->wanted,
                              .last = task->last,
                              .live = item->live,
                              .unknown = item->unknown,
                              .ignore = item->resource->ignore};
    task->changes = gt_compare(task->arena, &what);
    if (task->changes.replaces) {
        struct gt_diag *diag = gt_error(&task->diags, "needs-replacement",
                                        "it needs a new object, which the plan could not know");
        diag->subject = item->address;
        diag->hint = "run gantry apply again: the next plan says it";
        gt_task_fail(task);
        return;
    }
    send_changes(task);
}

/* A status alone does not say that all else holds that makes the object usable: only an earlier run
 * that waited for it does. */
static bool is_known_settled(const struct gt_task *task)
{
    const struct gt_entry *entry = task->item->entry;
    return task->repeats == 0 && entry != NULL && gt_streq(entry->status, "ready");
}

static void on_read(void *payload, const struct gt_reading *reading)
{
    struct gt_task *task = payload;
    struct gt_item *item = task->item;
    if (reading->found == GT_READ_ERROR) {
        gt_diags_copy(&task->diags, reading->error);
        gt_task_fail(task);
        return;
    }
    if (reading->found == GT_FOUND && gt_is_taken_over(item, reading->live)) {
        gt_report_taken_over(item, reading->live, &task->diags);
        gt_task_fail(task);
        return;
    }
    if (reading->found == GT_ABSENT) {
        if (task->was_seen) /* a moment ago: to make another would be rash */
            gt_wait_settled(task, compare);
        else
            gt_task_create(task);
        return;
    }
    gt_set_json(&item->live, json_incref(gt_iterable(reading->live)));
    task->was_seen = true;
    enum gt_standing standing = gt_status_standing(&item->type->status, item->live);
    if (standing == GT_STANDING_DELETING)
        gt_wait_absent(task, gt_task_create);
    else if (standing == GT_STANDING_PENDING ||
             (standing == GT_STANDING_SETTLED && !is_known_settled(task)))
        gt_wait_settled(task, compare);
    else if (standing == GT_STANDING_FAILED && !task->mutated)
        gt_drive_failed(task, compare);
    else
        compare(task);
}

static void begin(struct gt_task *task)
{
    struct gt_item *item = task->item;
    struct gt_object object = {.type = item->type,
                               .address = item->address,
                               .identity = item->identity,
                               .properties = item->wanted,
                               .with_tags = true};
    task->identity = item->identity;
    gt_read_object(task->engine, &object, on_read, task);
}

void gt_task_update(struct gt_task *task)
{
    if (!gt_task_resolve(task))
        gt_task_fail(task);
    else
        begin(task);
}
