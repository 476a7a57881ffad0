/* gantry apply: plan, ask, carry out; or carry out exactly a saved plan. */
#include "../consent.h"
#include "../embedded.h"
#include "../output.h"
#include "../run.h"
#include "../saved_plan.h"
#include "commands.h"

#include <gantry/base/str.h>

/* A saved plan has its own selection of resources. */
static bool check_saved_options(struct gt_program *program)
{
    static const struct {
        enum option option;
        const char *name;
    } own[] = {
        {OPTION_TARGET, "--target"}, {OPTION_EXCLUDE, "--exclude"}, {OPTION_REPLACE, "--replace"}};
    for (size_t i = 0; i < GT_COUNT(own); i++) {
        if (!gt_asked(program, own[i].option))
            continue;
        gt_error(&program->diags, "usage", "%s cannot be given with a saved plan", own[i].name)
            ->hint = "give it to `gantry diff --out FILE`";
        return false;
    }
    return true;
}

static enum gt_exit plan_saved(struct gt_context *context, const struct gt_plan *saved,
                               struct gt_plan **plan)
{
    /* The first plan of a stack chose the lineage that its resources are tagged with. */
    if (context->session->fresh)
        context->session->state->lineage = gt_strdup(context->session->arena, saved->lineage);
    struct gt_engine_options options = gt_context_engine_options(context);
    gt_saved_plan_options(context, saved, &options);
    gt_context_engine(context, &options);
    enum gt_exit code = gt_run_recover(context);
    if (code != GT_EXIT_DONE)
        return code;
    if (!gt_run_plan(context, plan) || !gt_saved_plan_matches(context, saved, *plan))
        return GT_EXIT_FAILED;
    /* What it does was shown when it was made; that it does nothing is news. */
    if (!gt_plan_has_changes(*plan))
        gt_run_show(context, *plan);
    return GT_EXIT_DONE;
}

static enum gt_exit plan_fresh(struct gt_context *context, const struct gt_consent *consent,
                               struct gt_plan **plan)
{
    enum gt_exit code = gt_run_recover(context);
    if (code != GT_EXIT_DONE)
        return code;
    if (!gt_run_plan(context, plan))
        return GT_EXIT_FAILED;
    gt_program_report(context->program);
    gt_run_show(context, *plan);
    if (!gt_plan_has_changes(*plan))
        return GT_EXIT_DONE;
    if (!gt_engine_guards(context->engine, *plan, context->diags))
        return GT_EXIT_FAILED;
    const char *question =
        gt_printf(context->arena,
                  "\nApply this to %s (%s) in account %s, %s?\nOnly yes is a yes: ", (*plan)->stack,
                  (*plan)->environment, (*plan)->account, (*plan)->region);
    return gt_consent_ask(context->program, consent, question, "yes") ? GT_EXIT_DONE
                                                                      : GT_EXIT_FAILED;
}

static int apply(struct gt_context *context, const struct gt_consent *consent,
                 const struct gt_plan *saved)
{
    struct gt_plan *plan;
    enum gt_exit code = gt_context_prepare(context, true);
    if (code == GT_EXIT_DONE)
        code =
            saved != NULL ? plan_saved(context, saved, &plan) : plan_fresh(context, consent, &plan);
    if (code != GT_EXIT_DONE)
        return code;
    gt_program_report(context->program);
    if (!gt_embedded_tell_commands(context))
        return GT_EXIT_FAILED;
    code = gt_run_apply(context, plan);
    if (code == GT_EXIT_DONE)
        gt_output_values(context);
    return code;
}

static int apply_saved(struct gt_context *context, const char *path)
{
    struct gt_plan saved;
    if (!check_saved_options(context->program) || gt_saved_plan_read(context, path, &saved) == NULL)
        return GT_EXIT_FAILED;
    if (!gt_streq(saved.environment, "default"))
        context->environment = saved.environment;
    return apply(context, NULL, &saved);
}

int gt_command_apply(struct gt_program *program, const struct gt_args *args)
{
    struct gt_consent consent = {.prompt = {.in = -1}};
    struct gt_context context = gt_context_new(program);
    int code = GT_EXIT_FAILED;
    if (args->words.len > 0)
        code = apply_saved(&context, args->words.at[0]);
    else if (gt_consent_open(program, &consent))
        code = apply(&context, &consent, NULL);
    gt_consent_close(&consent);
    code = gt_program_exit(program, code);
    gt_context_done(&context);
    return code;
}
