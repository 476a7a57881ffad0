/* gantry destroy: removes what the state owns, and proves that nothing is left. */
#include "../consent.h"
#include "../run.h"
#include "../teardown.h"
#include "commands.h"

#include <gantry/base/str.h>

/* By the state alone: the stack's name and the cloud come from the command line and the state. */
static enum gt_exit prepare_without_manifest(struct gt_context *context)
{
    if (!gt_context_names(context) || !gt_context_profile(context))
        return GT_EXIT_FAILED;
    enum gt_exit code = gt_context_open(context, true);
    if (code != GT_EXIT_DONE)
        return code;
    return gt_context_addresses(context) && gt_context_connect(context) ? GT_EXIT_DONE
                                                                        : GT_EXIT_FAILED;
}

static enum gt_exit prepare(struct gt_context *context)
{
    bool alone = gt_asked(context->program, OPTION_STACK);
    enum gt_exit code =
        alone ? prepare_without_manifest(context) : gt_context_prepare(context, true);
    if (code == GT_EXIT_FAILED && !alone && !context->has_stack)
        gt_note(context->diags, "by-state",
                "`gantry destroy --stack NAME -e ENVIRONMENT` works by the state alone");
    if (code != GT_EXIT_DONE)
        return code;
    struct gt_engine_options options = gt_context_engine_options(context);
    options.destroy = true;
    gt_context_engine(context, &options);
    return gt_run_recover(context);
}

static enum gt_exit destroy(struct gt_context *context, const struct gt_consent *consent)
{
    enum gt_exit code = prepare(context);
    return code == GT_EXIT_DONE ? gt_teardown(context, consent) : code;
}

int gt_command_destroy(struct gt_program *program, const struct gt_args *args)
{
    (void)args;
    struct gt_consent consent;
    struct gt_context context = gt_context_new(program);
    int code = GT_EXIT_FAILED;
    if (gt_consent_open(program, &consent)) {
        code = (int)destroy(&context, &consent);
        gt_consent_close(&consent);
    }
    code = gt_program_exit(program, code);
    gt_context_done(&context);
    return code;
}
