/* Carrying a plan out: nodes start when all they wait for is done, and a failure stops what waits.
 */
#include "internal.h"

#include <assert.h>
#include <string.h>

static void start_ready(struct gt_run *run);

/* -- guards: before the first call -- */

static bool is_allowed(const struct gt_engine *engine, const char *address)
{
    const char *const *allowed = engine->o.allow_replace;
    for (; allowed != NULL && *allowed != NULL; allowed++) {
        if (strcmp(*allowed, "*") == 0 || strcmp(*allowed, address) == 0)
            return true;
    }
    return false;
}

static void check_step(struct gt_engine *engine, const struct gt_plan_step *step,
                       struct gt_diags *diags)
{
    struct gt_diag *diag = NULL;
    bool replaces = step->action == GT_ACTION_REPLACE;
    bool removes = replaces || step->action == GT_ACTION_DELETE;
    if (engine->o.deny_replace && replaces)
        diag = gt_error(diags, "denied", "the plan replaces it, and --deny replace forbids that");
    else if (engine->o.deny_delete && removes)
        diag = gt_error(diags, "denied", "the plan deletes it, and --deny delete forbids that");
    else if (step->needs_consent && !is_allowed(engine, step->address)) {
        diag = gt_error(diags, "needs-consent", "%s breaks its callers: %s",
                        replaces ? "replacing it" : "deleting it",
                        step->breaks == NULL ? "they lose it" : step->breaks);
        diag->hint = gt_printf(diags->arena, "if that is meant: --allow-replace %s", step->address);
    }
    if (diag != NULL)
        diag->subject = step->address;
}

bool gt_engine_guards(struct gt_engine *engine, const struct gt_plan *plan, struct gt_diags *diags)
{
    size_t errors = diags->errors;
    for (size_t i = 0; i < plan->steps.len; i++)
        check_step(engine, &plan->steps.at[i], diags);
    struct gt_plan_counts counts = gt_plan_count(plan);
    long removed = (long)(counts.remove + counts.replace);
    if (engine->o.max_delete >= 0 && removed > engine->o.max_delete)
        gt_error(diags, "max-delete", "the plan deletes %ld resource%s, --max-delete allows %ld",
                 removed, gt_plural((size_t)removed), engine->o.max_delete);
    return diags->errors == errors;
}

/* -- nodes -- */

const char *gt_stop_reason(const struct gt_engine *engine)
{
    return engine->broken      ? "the journal cannot be written"
           : engine->timed_out ? "the deadline is over"
                               : "interrupted";
}

static void skip(struct gt_node *node, const char *why)
{
    struct gt_run *run = node->run;
    if (node->state != GT_NODE_WAITING)
        return;
    node->state = GT_NODE_SKIPPED;
    run->left--;
    bool told = node->other != NULL &&
                (node->other->state == GT_NODE_SKIPPED || node->other->state == GT_NODE_FAILED);
    if (node->action != GT_ACTION_NOOP && node->action != GT_ACTION_READ && !told)
        gt_emit(run->engine, GT_EVENT_SKIPPED, node->item, node->action, gt_engine_now(run->engine),
                why);
    for (size_t i = 0; i < node->next.len; i++)
        skip(node->next.at[i], why);
}

static void finished_when_none_left(struct gt_run *run)
{
    if (run->left == 0)
        gt_loop_stop(run->engine->o.loop);
}

void gt_node_end(struct gt_node *node, enum gt_end end)
{
    struct gt_run *run = node->run;
    node->state = end == GT_END_DONE ? GT_NODE_DONE : GT_NODE_FAILED;
    run->left--;
    run->failed += end == GT_END_FAILED;
    for (size_t i = 0; i < node->next.len; i++) {
        struct gt_node *next = node->next.at[i];
        if (end == GT_END_DONE && --next->waits_for == 0)
            *GT_PUSH(run->engine->arena, &run->ready) = next;
        else if (end != GT_END_DONE)
            skip(next, end == GT_END_FAILED
                           ? gt_printf(run->engine->arena, "%s failed", node->item->address)
                           : gt_stop_reason(run->engine));
    }
    start_ready(run);
    finished_when_none_left(run);
}

/* What needs no call: the state is brought up to date. */
static bool is_silent(const struct gt_node *node)
{
    if (node->wakes || (node->removes && gt_item_has_deposed(node->item)))
        return false;
    return node->action == GT_ACTION_NOOP || node->action == GT_ACTION_READ ||
           node->action == GT_ACTION_FORGET;
}

static void end_silently(struct gt_node *node)
{
    struct gt_item *item = node->item;
    struct gt_engine *engine = node->run->engine;
    if (node->action == GT_ACTION_FORGET) {
        gt_state_remove(engine->o.session->state, item->address);
        item->entry = NULL;
        gt_emit(engine, GT_EVENT_DONE, item, node->action, gt_engine_now(engine), NULL);
    } else if (item->selected && item->resource != NULL && item->live != NULL) {
        gt_entry_complete(item);
    }
    gt_node_end(node, GT_END_DONE);
}

static void start(struct gt_node *node)
{
    struct gt_run *run = node->run;
    node->state = GT_NODE_RUNNING;
    if (run->engine->interrupted) {
        node->state = GT_NODE_WAITING;
        skip(node, gt_stop_reason(run->engine));
    } else if (is_silent(node)) {
        end_silently(node);
    } else {
        gt_task_start(node);
    }
}

/* Nodes that end at once make others ready while this runs: one level of it is enough. */
static void start_ready(struct gt_run *run)
{
    if (run->starting)
        return;
    run->starting = true;
    for (size_t i = 0; i < run->ready.len; i++) {
        if (run->ready.at[i]->state == GT_NODE_WAITING)
            start(run->ready.at[i]);
    }
    run->ready.len = 0;
    run->starting = false;
}

void gt_run_interrupt(struct gt_run *run)
{
    run->engine->interrupted = true;
    for (size_t i = 0; i < run->node_count; i++)
        skip(&run->nodes[i], gt_stop_reason(run->engine));
    /* Tasks that only wait end now; those with a call in flight end with its answer. */
    for (size_t i = 0; i < run->node_count; i++) {
        struct gt_task *task = run->nodes[i].task;
        if (run->nodes[i].state != GT_NODE_RUNNING || task == NULL || task->timer == NULL)
            continue;
        gt_timer_cancel(task->timer);
        task->timer = NULL;
        gt_mutation_abandon(task);
        gt_task_interrupted(task);
    }
    finished_when_none_left(run);
}

static void on_deadline(void *payload)
{
    struct gt_run *run = payload;
    run->deadline = NULL;
    run->engine->timed_out = true;
    gt_error(run->engine->diags, "deadline", "the deadline is over")->hint =
        "run gantry apply again: it goes on from here";
    gt_run_interrupt(run);
}

/* -- the run -- */

/* In a turn of the loop, since calls leave at the end of one. */
static void first_turn(void *payload)
{
    start_ready(payload);
    finished_when_none_left(payload);
}

static void run_nodes(struct gt_run *run)
{
    struct gt_engine *engine = run->engine;
    run->left = run->node_count;
    if (engine->o.deadline_ms > 0)
        run->deadline = gt_timer_start(engine->o.loop, engine->o.deadline_ms, on_deadline, run);
    for (size_t i = 0; i < run->node_count; i++) {
        if (run->nodes[i].waits_for == 0)
            *GT_PUSH(engine->arena, &run->ready) = &run->nodes[i];
    }
    if (run->left > 0) {
        gt_timer_start(engine->o.loop, 0, first_turn, run);
        gt_loop_run(engine->o.loop);
    }
    gt_timer_cancel(run->deadline);
    assert(run->left == 0);
}

static void release_tasks(struct gt_run *run)
{
    for (size_t i = 0; i < run->node_count; i++) {
        struct gt_task *task = run->nodes[i].task;
        if (task == NULL)
            continue;
        gt_timer_cancel(task->timer);
        gt_set_json(&task->last, NULL);
        gt_arena_free(task->arena);
    }
}

static bool store_outputs(struct gt_engine *engine)
{
    struct gt_state *state = engine->o.session->state;
    json_t *outputs = NULL;
    if (engine->o.stack != NULL && engine->o.stack->outputs != NULL && !engine->o.destroy &&
        !gt_engine_resolve(engine, engine->o.stack->outputs, &outputs, engine->diags))
        return false;
    state->outputs =
        gt_keep(state->arena, outputs == NULL ? json_object() : json_deep_copy(outputs));
    return true;
}

static enum gt_apply_result result_of(const struct gt_run *run, bool saved)
{
    const struct gt_engine *engine = run->engine;
    bool failed = run->failed > 0 || !saved || engine->broken;
    if (engine->interrupted && !engine->timed_out && !engine->broken)
        return GT_APPLY_INTERRUPTED;
    if (failed || engine->timed_out)
        return run->changed > 0 ? GT_APPLY_PARTLY : GT_APPLY_FAILED;
    return GT_APPLY_DONE;
}

void gt_bind_state(struct gt_engine *engine)
{
    struct gt_state *state = engine->o.session->state;
    const struct gt_cloud *cloud = &engine->o.cloud;
    state->version = engine->o.version;
    state->cloud = (struct gt_cloud){.partition = gt_strdup(state->arena, cloud->partition),
                                     .account = gt_strdup(state->arena, cloud->account),
                                     .region = gt_strdup(state->arena, cloud->region),
                                     .endpoint = gt_strdup(state->arena, cloud->endpoint)};
}

enum gt_apply_result gt_engine_apply(struct gt_engine *engine, const struct gt_plan *plan,
                                     struct gt_diags *diags)
{
    engine->diags = diags;
    engine->started_ms = gt_engine_now(engine);
    if (!gt_engine_guards(engine, plan, diags))
        return GT_APPLY_FAILED;
    gt_bind_state(engine);
    struct gt_run run = {.engine = engine, .plan = plan};
    engine->run = &run;
    gt_graph_build(&run);
    run_nodes(&run);
    bool saved = store_outputs(engine) && !engine->broken;
    saved = gt_session_save(engine->o.session, diags) && saved;
    if (saved)
        gt_emit(engine, GT_EVENT_SAVED, NULL, GT_ACTION_NOOP, engine->started_ms, NULL);
    release_tasks(&run);
    engine->run = NULL;
    gt_emit(engine, GT_EVENT_FINISHED, NULL, GT_ACTION_NOOP, engine->started_ms, NULL);
    return result_of(&run, saved);
}
