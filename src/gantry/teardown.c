#include "teardown.h"

#include "leftover.h"
#include "run.h"
#include "watch.h"

#include <gantry/base/str.h>

static size_t entries_left(const struct gt_state *state)
{
    size_t count = 0;
    for (size_t i = 0; i < state->entries.entries.len; i++)
        count += state->entries.entries.at[i].value != NULL;
    return count;
}

/* What the services keep of what was deleted, once for each type. */
static void say_kept(struct gt_context *context, const struct gt_removals *removals)
{
    if (context->place != NULL) /* the embedded cloud keeps nothing */
        return;
    struct gt_map seen = gt_map_init(context->arena);
    for (size_t i = 0; i < removals->list.len; i++) {
        const struct gt_removed *removed = &removals->list.at[i];
        if (!removed->type->kept_by_service || removed->type->kept_words == NULL ||
            gt_map_get(&seen, removed->type->name) != NULL)
            continue;
        gt_map_set(&seen, removed->type->name, &seen);
        gt_program_say(context->program, "kept by the service: %s: %s", removed->type->name,
                       removed->type->kept_words);
        gt_program_event(context->program, "kept",
                         json_pack("{s:s, s:s}", "type", removed->type->name, "message",
                                   removed->type->kept_words));
    }
}

static void say_retained(struct gt_context *context, const struct gt_plan *plan)
{
    for (size_t i = 0; i < plan->steps.len; i++)
        if (plan->steps.at[i].retained)
            gt_program_say(context->program, "retained, and no longer owned: %s",
                           plan->steps.at[i].address);
}

static enum gt_exit finish(struct gt_context *context, const struct gt_plan *plan,
                           const struct gt_removals *removals)
{
    gt_watch_begin(context, "looking whether anything is left", 0);
    bool gone = gt_removals_prove(context, removals);
    gt_watch_end(context);
    if (!gone)
        return GT_EXIT_FAILED;
    size_t left = entries_left(context->session->state);
    if (left == 0 && !gt_session_remove(context->session, context->diags))
        return GT_EXIT_FAILED;
    say_retained(context, plan);
    say_kept(context, removals);
    gt_program_event(context->program, "destroyed",
                     json_pack("{s:I, s:I}", "checked", (json_int_t)removals->list.len, "left",
                               (json_int_t)left));
    if (left == 0)
        gt_program_say(context->program, "read %zu deleted resource%s again: nothing is left",
                       removals->list.len, removals->list.len == 1 ? "" : "s");
    else
        gt_program_say(context->program, "%zu resource%s stay%s in the state", left,
                       left == 1 ? "" : "s", left == 1 ? "s" : "");
    return GT_EXIT_DONE;
}

static bool is_wanted(struct gt_context *context, const struct gt_consent *consent,
                      const struct gt_plan *plan)
{
    size_t count = gt_plan_count(plan).remove;
    const char *question = gt_printf(context->arena,
                                     "\nThis deletes %zu resource%s of %s (%s) in account %s, %s.\n"
                                     "Type the stack's name, %s, to go on: ",
                                     count, gt_plural(count), plan->stack, plan->environment,
                                     plan->account, plan->region, plan->stack);
    return gt_consent_ask(context->program, consent, question, plan->stack);
}

enum gt_exit gt_teardown(struct gt_context *context, const struct gt_consent *consent)
{
    struct gt_program *program = context->program;
    struct gt_plan *plan;
    if (!gt_run_plan(context, &plan))
        return GT_EXIT_FAILED;
    gt_program_report(program);
    if (entries_left(context->session->state) == 0) {
        gt_program_say(program, "the state of %s (%s) owns nothing: there is nothing to destroy",
                       context->stack_name, context->stack_environment);
        if (!context->session->fresh && !gt_session_remove(context->session, context->diags))
            return GT_EXIT_FAILED;
        return GT_EXIT_DONE;
    }
    if (consent != NULL)
        gt_run_show(context, plan);
    if (!gt_engine_guards(context->engine, plan, context->diags))
        return GT_EXIT_FAILED;
    if (consent != NULL && !is_wanted(context, consent, plan))
        return GT_EXIT_FAILED;
    struct gt_removals removals = gt_removals_of(context->arena, plan);
    enum gt_exit code = gt_run_apply(context, plan);
    return code == GT_EXIT_DONE ? finish(context, plan, &removals) : code;
}
