/* A task: how it begins, how it pauses, how it ends. */
#include "internal.h"

#include <gantry/model/validate.h>

static void fire(void *payload)
{
    struct gt_task *task = payload;
    task->timer = NULL;
    task->later(task);
}

void gt_task_later(struct gt_task *task, int64_t delay_ms, gt_task_fn *fn)
{
    task->later = fn;
    task->timer = gt_timer_start(task->engine->o.loop, delay_ms, fire, task);
}

static void end(struct gt_task *task, enum gt_event_kind kind, enum gt_end how, const char *message)
{
    gt_emit(task->engine, kind, task->item, task->action, task->started_ms, message);
    gt_node_end(task->node, how);
}

/* Of a replacement only the second half is the end of it. */
void gt_task_done(struct gt_task *task)
{
    const struct gt_node *other = task->node->other;
    for (size_t i = 0; i < task->diags.list.len; i++) {
        if (task->diags.list.at[i]->severity != GT_SEVERITY_ERROR)
            gt_diags_copy(task->engine->diags, task->diags.list.at[i]);
    }
    if (other == NULL || other->state == GT_NODE_DONE)
        end(task, GT_EVENT_DONE, GT_END_DONE, NULL);
    else
        gt_node_end(task->node, GT_END_DONE);
}

void gt_task_fail(struct gt_task *task)
{
    const char *message = "it failed";
    for (size_t i = 0; i < task->diags.list.len; i++) {
        const struct gt_diag *diag = task->diags.list.at[i];
        gt_diags_copy(task->engine->diags, diag);
        if (diag->severity == GT_SEVERITY_ERROR)
            message = diag->message;
    }
    end(task, GT_EVENT_FAILED, GT_END_FAILED, message);
}

void gt_task_interrupted(struct gt_task *task)
{
    end(task, GT_EVENT_SKIPPED, GT_END_INTERRUPTED, gt_stop_reason(task->engine));
}

/* A value that came from a service is the service's: it is not held against the models again. */
static void note_reference(void *payload, const char *pointer, const char *expression)
{
    (void)expression;
    json_array_append_new(payload, json_string(pointer));
}

static const char *const *unchecked_paths(struct gt_task *task)
{
    const struct gt_resource *resource = task->item->resource;
    json_t *pointers = gt_keep(task->arena, json_array());
    size_t count = 0;
    gt_each_ref(task->arena, resource->properties, note_reference, pointers);
    while (resource->unchecked != NULL && resource->unchecked[count] != NULL)
        json_array_append_new(pointers, json_string(resource->unchecked[count++]));
    const char **paths = gt_calloc(task->arena, json_array_size(pointers) + 1, sizeof(*paths));
    for (size_t i = 0; i < json_array_size(pointers); i++)
        paths[i] = json_string_value(json_array_get(pointers, i));
    return paths;
}

bool gt_task_resolve(struct gt_task *task)
{
    struct gt_item *item = task->item;
    const struct gt_resource *resource = item->resource;
    bool unknown = false;
    if (!gt_item_resolve(item, &unknown, &task->diags))
        return false;
    if (unknown) {
        gt_error(&task->diags, "unknown-value", "a value that it refers to is not known")->subject =
            item->address;
        return false;
    }
    struct gt_validation how = {
        .marks = resource->marks, .subject = item->address, .unchecked = unchecked_paths(task)};
    size_t errors = task->diags.errors, mark = gt_diags_mark(&task->diags);
    gt_type_validate(item->type, item->wanted, &how, &task->diags);
    if (task->diags.errors > errors)
        return false;
    gt_diags_rewind(&task->diags, mark); /* warnings were given when the manifest was read */
    return true;
}

static void start_apply(struct gt_task *task)
{
    if (task->action == GT_ACTION_NOOP || task->action == GT_ACTION_READ)
        gt_task_finish(task); /* only to be woken */
    else if (task->action == GT_ACTION_CREATE || task->action == GT_ACTION_REPLACE)
        gt_task_create(task);
    else
        gt_task_update(task);
}

void gt_task_start(struct gt_node *node)
{
    struct gt_engine *engine = node->run->engine;
    struct gt_task *task = GT_NEW(engine->arena, struct gt_task);
    task->engine = engine;
    task->node = node;
    task->item = node->item;
    task->arena = gt_arena_new();
    task->diags = gt_diags_init(task->arena);
    task->action = node->action;
    bool goes_on = node->other != NULL && node->other->task != NULL;
    task->started_ms = goes_on ? node->other->task->started_ms : gt_engine_now(engine);
    task->last = gt_item_last(node->item);
    node->task = task;
    if (!goes_on)
        gt_emit(engine, GT_EVENT_STARTED, task->item, task->action, task->started_ms, NULL);
    if (node->removes)
        gt_task_remove(task);
    else
        start_apply(task);
}
