#include "run.h"

#include "saved_plan.h"
#include "watch.h"

#include <gantry/base/str.h>

enum gt_exit gt_run_recover(struct gt_context *context)
{
    size_t open = context->session->open.len;
    if (open == 0)
        return GT_EXIT_DONE;
    gt_program_say(context->program, "settling %zu call%s that an earlier run left open", open,
                   gt_plural(open));
    gt_watch_begin(context, "settling", 0);
    gt_signals_hold(context);
    bool ok = gt_engine_recover(context->engine, context->diags);
    gt_signals_release(context);
    gt_watch_end(context);
    if (gt_signals_seen())
        return GT_EXIT_INTERRUPTED;
    return ok ? GT_EXIT_DONE : GT_EXIT_FAILED;
}

void gt_run_note_open(struct gt_context *context)
{
    if (context->session->open.len > 0)
        gt_note(context->diags, "open-calls", "a run is going on, or one was cut off")->hint =
            "`gantry apply` settles what a run that was cut off left open, before it plans";
}

bool gt_run_plan(struct gt_context *context, struct gt_plan **plan)
{
    gt_watch_begin(context, "reading what is live", 0);
    bool ok = gt_engine_plan(context->engine, plan, context->diags);
    gt_watch_end(context);
    return ok;
}

/* Nothing to do, nothing that somebody else added, no difference that is left alone. */
static bool says_nothing(const struct gt_plan *plan)
{
    for (size_t i = 0; i < plan->steps.len; i++)
        if (plan->steps.at[i].foreign.len > 0 || plan->steps.at[i].changes.list.len > 0)
            return false;
    return !gt_plan_has_changes(plan);
}

static const char *plan_text(struct gt_context *context, const struct gt_plan *plan)
{
    const struct gt_program *program = context->program;
    bool verbose = program->verbosity == GT_VERBOSE;
    struct gt_plan_counts counts = gt_plan_count(plan);
    size_t count = counts.noop + counts.read;
    if (!says_nothing(plan) || verbose || plan->destroy)
        return gt_plan_text(context->arena, plan, program->out.colour, verbose);
    return gt_printf(context->arena,
                     "No changes: %zu resource%s of %s (%s) in account %s, %s %s as the manifest "
                     "says.\n",
                     count, gt_plural(count), plan->stack, plan->environment, plan->account,
                     plan->region, count == 1 ? "is" : "are");
}

void gt_run_show(struct gt_context *context, const struct gt_plan *plan)
{
    struct gt_program *program = context->program;
    if (gt_events_wanted(&program->events))
        gt_program_event(program, "plan", json_pack("{s:o}", "plan", gt_plan_document(plan)));
    /* With --quiet --yes nobody decides on it. */
    bool wanted = program->verbosity != GT_QUIET || !gt_asked(program, OPTION_YES);
    if (wanted && !program->json)
        gt_program_print(program, plan_text(context, plan));
    gt_stream_flush(&program->out);
}

static const char *const past[GT_ACTION_COUNT] = {
    [GT_ACTION_CREATE] = "created", [GT_ACTION_ADOPT] = "adopted",
    [GT_ACTION_UPDATE] = "updated", [GT_ACTION_REPLACE] = "replaced",
    [GT_ACTION_DELETE] = "deleted", [GT_ACTION_FORGET] = "forgotten",
};

static const char again[] = "; run it again to go on from here";

static const struct {
    const char *words, *outcome, *next;
    enum gt_exit code;
} results[] = {
    [GT_APPLY_DONE] = {"done", "done", "", GT_EXIT_DONE},
    [GT_APPLY_FAILED] = {"failed", "failed", "", GT_EXIT_FAILED},
    [GT_APPLY_PARTLY] = {"partly done", "partly", again, GT_EXIT_PARTLY},
    [GT_APPLY_INTERRUPTED] = {"interrupted", "interrupted", again, GT_EXIT_INTERRUPTED},
};

static struct gt_aws_counts counts_of(const struct gt_context *context)
{
    struct gt_aws_counts counts = gt_aws_counts(context->aws);
    counts.requests -= context->counted.requests;
    counts.retries -= context->counted.retries;
    return counts;
}

static json_t *summary_document(const struct gt_context *context, enum gt_apply_result result,
                                int64_t elapsed_ms)
{
    json_t *done = json_object();
    for (int i = 0; i < GT_ACTION_COUNT; i++)
        if (past[i] != NULL)
            json_object_set_new(done, past[i], json_integer((json_int_t)context->done[i]));
    struct gt_aws_counts counts = counts_of(context);
    return json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:I}", "outcome", results[result].outcome,
                     "done", done, "failed", (json_int_t)context->failed, "skipped",
                     (json_int_t)context->skipped, "elapsedMs", (json_int_t)elapsed_ms, "requests",
                     (json_int_t)counts.requests, "retries", (json_int_t)counts.retries);
}

static void print_summary(struct gt_context *context, enum gt_apply_result result,
                          int64_t elapsed_ms)
{
    struct gt_arena *arena = context->arena;
    const char *text = "";
    for (int i = 0; i < GT_ACTION_COUNT; i++)
        if (past[i] != NULL && context->done[i] > 0)
            text = gt_printf(arena, "%s%s%zu %s", text, *text == '\0' ? "" : ", ", context->done[i],
                             past[i]);
    if (context->failed > 0)
        text = gt_printf(arena, "%s%s%zu failed", text, *text == '\0' ? "" : ", ", context->failed);
    if (context->skipped > 0)
        text =
            gt_printf(arena, "%s%s%zu skipped", text, *text == '\0' ? "" : ", ", context->skipped);
    struct gt_aws_counts counts = counts_of(context);
    gt_program_event(context->program, "summary", summary_document(context, result, elapsed_ms));
    if (result == GT_APPLY_DONE && *text == '\0')
        return; /* the plan said already that there was nothing to do */
    gt_program_say(context->program, "%s%s%s in %s (%zu request%s)%s", results[result].words,
                   *text == '\0' ? "" : ": ", text, gt_elapsed_text(arena, elapsed_ms),
                   counts.requests, gt_plural(counts.requests),
                   context->fleeting ? "" : results[result].next);
}

static const char *local_hint(const struct gt_context *context)
{
    if (!context->fleeting)
        return "mend the cause, then run `gantry apply --local` again; what the servers print is "
               "shown where `gantry local` runs";
    return context->program->verbosity == GT_QUIET
               ? "mend the cause, then run `gantry up` again; without --quiet it shows what the "
                 "servers print"
               : "mend the cause, then run `gantry up` again; what the servers printed is above";
}

/* The log that a service names in its reason is AWS's; the embedded cloud's servers are heard here.
 */
static void point_at_output(struct gt_context *context)
{
    if (context->place == NULL)
        return;
    for (size_t i = 0; i < context->diags->list.len; i++) {
        struct gt_diag *diag = context->diags->list.at[i];
        if (gt_streq(diag->code, "resource-failed"))
            diag->hint = local_hint(context);
    }
}

enum gt_exit gt_run_apply(struct gt_context *context, const struct gt_plan *plan)
{
    struct gt_plan_counts counts = gt_plan_count(plan);
    size_t total = counts.create + counts.update + counts.replace + counts.remove + counts.adopt +
                   counts.forget;
    int64_t begin_ms = gt_monotonic_ms(context->program->sys);
    gt_watch_begin(context, plan->destroy ? "destroying" : "applying", total);
    gt_signals_hold(context);
    enum gt_apply_result result = gt_engine_apply(context->engine, plan, context->diags);
    gt_signals_release(context);
    gt_watch_end(context);
    point_at_output(context);
    gt_program_report(context->program);
    print_summary(context, result, gt_monotonic_ms(context->program->sys) - begin_ms);
    return results[result].code;
}
