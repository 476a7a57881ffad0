/* Removing an object, and believing it only when it is seen to be gone. */
#include "internal.h"

enum { REPEATS_MAX = 3 };

static void send_remove(struct gt_task *task);

static void removed(struct gt_task *task)
{
    struct gt_item *item = task->item;
    struct gt_session *session = task->engine->o.session;
    gt_settle_lost(task);
    if (task->deposed) {
        json_t *rest = json_deep_copy(item->entry->deposed);
        json_array_remove(rest, 0);
        item->entry->deposed = gt_keep(session->state->arena, rest);
        item->entry->status = "ready";
    } else {
        gt_state_remove(session->state, item->address);
        item->entry = NULL;
        gt_set_json(&item->live, NULL);
        gt_set_json(&item->identity, NULL);
    }
    gt_diags_rewind(&task->diags, 0);
    gt_task_done(task);
}

static void resend(struct gt_task *task)
{
    gt_settle_lost(task);
    if (task->repeats++ < REPEATS_MAX) {
        gt_diags_rewind(&task->diags, 0);
        send_remove(task);
    } else {
        gt_task_fail(task);
    }
}

/* Whether the object that holds this one is removed in this run, after it. */
static bool parent_goes(const struct gt_task *task)
{
    const struct gt_type *type = task->item->type;
    if (!type->goes_with_parent)
        return false;
    const json_t *parent = json_object_get(task->identity, type->parent);
    for (size_t i = 0; i < task->node->next.len; i++) {
        const struct gt_node *next = task->node->next.at[i];
        if (next->removes && parent != NULL &&
            json_equal(json_object_get(next->item->identity, type->parent), parent))
            return true;
    }
    return false;
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
        gt_task_entry(task, "deleting");
    task->mutated = true;
    task->resend = resend;
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

void gt_task_remove(struct gt_task *task)
{
    struct gt_item *item = task->item;
    json_t *first = item->entry == NULL ? NULL : json_array_get(item->entry->deposed, 0);
    task->deposed = task->node->deposed && first != NULL;
    const json_t *identity = task->deposed ? first : item->identity;
    task->identity = gt_keep(task->arena, json_deep_copy(identity));
    const struct gt_step *step = is_protected(task) ? protection_step(item->type) : NULL;
    if (task->node->deposed && first == NULL)
        gt_task_done(task);
    else if (step != NULL)
        unprotect(task, step);
    else
        send_remove(task);
}
