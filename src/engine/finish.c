/* The end of bringing an object about: it is woken, then the state has it. */
#include "internal.h"

enum { PROBE_PAUSE_MS = 1000 };

static void complete(struct gt_task *task)
{
    struct gt_item *item = task->item;
    item->renews = item->updates = false;
    gt_entry_complete(item);
    gt_task_done(task);
}

static bool listed(const char *const *codes, const char *code)
{
    for (; codes != NULL && *codes != NULL; codes++) {
        if (gt_streq(*codes, code))
            return true;
    }
    return false;
}

static void probe(struct gt_task *task);

static void on_probe(void *payload, const struct gt_aws_answer *answer)
{
    struct gt_task *task = payload;
    const struct gt_probe *row = &task->item->type->probe;
    bool asleep = answer->failure != GT_AWS_OK && listed(row->retry_codes, answer->code);
    if (!asleep || task->engine->interrupted ||
        gt_engine_now(task->engine) - task->probe_since_ms >= row->limit_ms) {
        complete(task);
        return;
    }
    const char *why = "it does not answer yet";
    if (answer->message != NULL)
        why = gt_printf(task->engine->arena, "%s: %s", why, answer->message);
    gt_emit(task->engine, GT_EVENT_RETRYING, task->item, task->action, task->started_ms, why);
    gt_task_later(task, PROBE_PAUSE_MS, probe);
}

static void probe(struct gt_task *task)
{
    struct gt_item *item = task->item;
    const struct gt_probe *row = &item->type->probe;
    struct gt_input_sources from = {item->identity, item->wanted, item->live};
    json_auto_t *input = gt_type_input(item->type, &row->use, &from, false);
    json_object_set_new(input, row->payload_member, json_string(row->payload));
    struct gt_call call = {
        .operation = row->use.operation, .input = input, .deadline_ms = row->limit_ms};
    gt_aws_submit(task->engine->o.aws, &call, on_probe, task);
}

static bool is_probed(const struct gt_task *task)
{
    const struct gt_probe *row = &task->item->type->probe;
    const json_t *live = task->item->live;
    return task->node->wakes &&
           (row->only[0] == NULL || gt_streq(gt_text_at(live, row->only[0]), row->only[1])) &&
           (row->unless == NULL || gt_json_empty(gt_at(live, row->unless)));
}

void gt_task_finish(struct gt_task *task)
{
    if (!is_probed(task)) {
        complete(task);
        return;
    }
    task->probe_since_ms = gt_engine_now(task->engine);
    probe(task);
}
