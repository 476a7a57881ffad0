/* Removing an object, and believing it only when it is seen to be gone. */
#include "internal.h"

enum { REPEATS_MAX = 3 };

static void send_remove(struct gt_task *task);
static void remove_next(struct gt_task *task);

static void removed(struct gt_task *task)
{
    struct gt_item *item = task->item;
    struct gt_session *session = task->engine->o.session;
    gt_settle_lost(task);
    gt_diags_rewind(&task->diags, 0);
    if (task->deposed) {
        json_t *rest = json_deep_copy(item->entry->deposed);
        json_array_remove(rest, 0);
        item->entry->deposed = gt_keep(session->state->arena, rest);
        task->repeats = 0;
        remove_next(task);
        return;
    }
    gt_state_remove(session->state, item->address);
    item->entry = NULL;
    gt_set_json(&item->live, NULL);
    gt_set_json(&item->identity, NULL);
    gt_task_done(task);
}

/* What a node removes: its item's object, or the one that a replacement left. */
static const json_t *removed_identity(const struct gt_node *node)
{
    const struct gt_item *item = node->item;
    if (!node->deposed)
        return item->identity;
    return item->entry == NULL ? NULL : json_array_get(item->entry->deposed, 0);
}

/* Whether the object that holds this one is removed in this run, after it. */
static bool parent_goes(const struct gt_task *task)
{
    const struct gt_type *type = task->item->type;
    if (!type->goes_with_parent || task->engine->interrupted)
        return false;
    const json_t *parent = json_object_get(task->identity, type->parent);
    for (size_t i = 0; i < task->node->next.len; i++) {
        const struct gt_node *next = task->node->next.at[i];
        const json_t *identity = removed_identity(next);
        if (next->removes && next->action != GT_ACTION_FORGET && json_object_size(identity) == 1 &&
            json_equal(json_object_iter_value(json_object_iter(gt_iterable(identity))), parent))
            return true;
    }
    return false;
}

static void resend(struct gt_task *task)
{
    gt_settle_lost(task);
    if (task->repeats++ < REPEATS_MAX) {
        gt_diags_rewind(&task->diags, 0);
        send_remove(task);
    } else if (parent_goes(task)) {
        removed(task);
    } else {
        gt_task_fail(task);
    }
}

static void on_removed(struct gt_task *task, enum gt_mutated result, const json_t *output)
{
    (void)output;
    if (result == GT_MUTATION_FAILED && parent_goes(task)) {
        removed(task);
        return;
    }
    if (result == GT_MUTATION_FAILED) {
        gt_task_fail(task);
        return;
    }
    if (!task->deposed)
        gt_item_enter(task->item, "deleting");
    task->mutated = true;
    gt_wait_absent(task, removed);
}

static void send_remove(struct gt_task *task)
{
    struct gt_item *item = task->item;
    struct gt_input_sources from = {task->identity, task->last, item->live};
    gt_mutate(task, item->type->remove.operation,
              gt_type_input(item->type, &item->type->remove, &from, false), GT_MUTATION_REMOVE,
              on_removed);
}

/* -- the service's own protection against deletion -- */

static void on_unprotected(struct gt_task *task, enum gt_mutated result, const json_t *output)
{
    (void)output;
    if (result == GT_MUTATED || result == GT_MUTATION_LOST) {
        gt_settle_lost(task);
        gt_wait_settled(task, send_remove);
    } else {
        gt_task_fail(task);
    }
}

static const struct gt_step *protection_step(const struct gt_type *type)
{
    for (const struct gt_step *step = type->steps; step != NULL && step->use.operation != NULL;
         step++) {
        if (gt_type_step_writes(type, step, type->protection))
            return step;
    }
    return NULL;
}

/* Whether the service would refuse the deletion although the manifest does not protect the object.
 */
static bool is_protected(const struct gt_task *task)
{
    const struct gt_type *type = task->item->type;
    if (type->protection == NULL || task->deposed)
        return false;
    json_auto_t *on = json_loads(type->protection_on, JSON_DECODE_ANY, NULL);
    const json_t *live = json_object_get(task->item->live, type->protection);
    return live != NULL && json_equal(live, on);
}

static void unprotect(struct gt_task *task, const struct gt_step *step)
{
    struct gt_item *item = task->item;
    const struct gt_type *type = item->type;
    json_t *off = json_object();
    json_object_set_new(off, type->protection,
                        json_loads(type->protection_off, JSON_DECODE_ANY, NULL));
    struct gt_input_sources from = {task->identity, gt_keep(task->arena, off), item->live};
    gt_mutate(task, step->use.operation, gt_type_step_input(type, step, &from, NULL),
              GT_MUTATION_CHANGE, on_unprotected);
}

static void remove_own(struct gt_task *task)
{
    const struct gt_item *item = task->item;
    const struct gt_step *step = is_protected(task) ? protection_step(item->type) : NULL;
    bool goes = item->live != NULL &&
                gt_status_standing(&item->type->status, item->live) == GT_STANDING_DELETING;
    if (goes)
        gt_wait_absent(task, removed);
    else if (step != NULL)
        unprotect(task, step);
    else
        send_remove(task);
}

/* -- whose it is by now -- */

static void on_owner(void *payload, const struct gt_reading *reading)
{
    struct gt_task *task = payload;
    if (reading->found == GT_READ_ERROR) {
        gt_diags_copy(&task->diags, reading->error);
        gt_task_fail(task);
    } else if (reading->found == GT_FOUND && gt_is_taken_over(task->item, reading->live)) {
        gt_report_taken_over(task->item, reading->live, &task->diags);
        gt_task_fail(task);
    } else {
        remove_own(task);
    }
}

/* Names are given anew, ids of a service are not. */
static bool is_named(const struct gt_type *type)
{
    const struct gt_identity *id = type->identity;
    while (id->name != NULL && id->property != NULL)
        id++;
    return id->name == NULL;
}

/* Minutes may have gone by since the plan was made, in which somebody made another of that name. */
static void check_owner(struct gt_task *task)
{
    struct gt_item *item = task->item;
    if (!gt_type_reads_tags(item->type) || !is_named(item->type)) {
        remove_own(task);
        return;
    }
    struct gt_object object = {.type = item->type,
                               .address = item->address,
                               .identity = item->identity,
                               .properties = item->entry->applied,
                               .with_tags = true};
    gt_read_object(task->engine, &object, on_owner, task);
}

/* First what was replaced, then the object itself where that goes, too. */
static void remove_next(struct gt_task *task)
{
    struct gt_item *item = task->item;
    json_t *former = item->entry == NULL ? NULL : json_array_get(item->entry->deposed, 0);
    task->deposed = former != NULL;
    task->identity = gt_keep(task->arena, json_deep_copy(task->deposed ? former : item->identity));
    if (task->deposed)
        send_remove(task);
    else if (task->node->deposed)
        gt_task_done(task);
    else if (task->action == GT_ACTION_FORGET)
        removed(task);
    else
        check_owner(task);
}

void gt_task_remove(struct gt_task *task)
{
    task->resend = resend;
    remove_next(task);
}
