/* Driving an object again whose status is failed, and closing the intent of a lost call. */
#include "internal.h"

void gt_settle_lost(struct gt_task *task)
{
    struct gt_session *session = task->engine->o.session;
    if (task->lost_intent == 0)
        return;
    gt_session_answer(session, task->lost_intent, task->item->address,
                      gt_state_find(session->state, task->item->address));
    task->lost_intent = 0;
}

static const struct gt_step *merging_step(const struct gt_type *type)
{
    for (const struct gt_step *step = type->steps; step != NULL && step->use.operation != NULL;
         step++) {
        if (step->merge_live)
            return step;
    }
    return NULL;
}

bool gt_drive_again(struct gt_task *task, gt_mutated_fn *fn)
{
    struct gt_item *item = task->item;
    const struct gt_type *type = item->type;
    struct gt_input_sources from = {item->identity, gt_task_properties(task), item->live};
    const struct gt_step *step = merging_step(type);
    if (type->redrive.operation != NULL)
        gt_mutate(task, type->redrive.operation, gt_type_input(type, &type->redrive, &from, false),
                  GT_MUTATION_CHANGE, fn);
    else if (step != NULL)
        gt_mutate(task, step->use.operation, gt_type_step_input(type, step, &from, NULL),
                  GT_MUTATION_CHANGE, fn);
    else
        return false;
    return true;
}

static void on_driven(struct gt_task *task, enum gt_mutated result, const json_t *output)
{
    (void)output;
    gt_task_fn *then = task->then;
    if (result == GT_MUTATED || result == GT_MUTATION_LOST) {
        task->mutated = true;
        gt_settle_lost(task);
        gt_wait_settled(task, then);
    } else {
        gt_task_fail(task);
    }
}

void gt_drive_failed(struct gt_task *task, gt_task_fn *then)
{
    task->then = then;
    if (!gt_drive_again(task, on_driven))
        gt_wait_settled(task, then); /* which reports the failure */
}
