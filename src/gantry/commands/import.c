/* gantry import: takes an object that exists into the state, with its owner's consent. */
#include "../consent.h"
#include "../run.h"
#include "../watch.h"
#include "commands.h"

#include <gantry/base/str.h>

static bool check_address(struct gt_context *context, const char *address)
{
    if (gt_stack_find(&context->stack, address) == NULL) {
        size_t count = context->stack.resources.len;
        const char **names = gt_calloc(context->arena, count + 1, sizeof(const char *));
        for (size_t i = 0; i < count; i++)
            names[i] = context->stack.resources.at[i].address;
        const char *nearest = gt_nearest(address, names);
        gt_error(context->diags, "unknown-address", "the manifest has no resource %s", address)
            ->hint = nearest != NULL ? gt_printf(context->arena, "did you mean %s?", nearest)
                                     : "`gantry show` lists the addresses";
        return false;
    }
    if (gt_state_find(context->session->state, address) == NULL)
        return true;
    gt_error(context->diags, "address-taken", "the state has an entry %s already", address)->hint =
        "`gantry state forget` drops it";
    return false;
}

static int import(struct gt_context *context, const struct gt_consent *consent, const char *address,
                  const char *id)
{
    enum gt_exit code = gt_context_prepare(context, true);
    if (code == GT_EXIT_DONE)
        code = gt_run_recover(context);
    if (code != GT_EXIT_DONE)
        return code;
    if (!check_address(context, address))
        return GT_EXIT_FAILED;
    const char *question =
        gt_printf(context->arena,
                  "%s in account %s, %s becomes %s of stack %s (%s): the next apply gives\n"
                  "it the stack's tags and changes it, and destroy deletes it.\n"
                  "Import it? Only yes is a yes: ",
                  id, context->cloud.account, context->cloud.region, address, context->stack_name,
                  context->stack_environment);
    if (!gt_consent_ask(context->program, consent, question, "yes"))
        return GT_EXIT_FAILED;
    gt_watch_begin(context, "importing", 1);
    gt_signals_hold(context);
    bool ok = gt_engine_import(context->engine, address, id, context->diags);
    gt_signals_release(context);
    gt_watch_end(context);
    if (gt_signals_seen())
        return GT_EXIT_INTERRUPTED;
    if (!ok)
        return GT_EXIT_FAILED;
    gt_program_event(context->program, "imported",
                     json_pack("{s:s, s:s}", "address", address, "id", id));
    gt_program_print(context->program,
                     gt_printf(context->arena, "imported %s as %s\n", id, address));
    gt_program_say(context->program, "`gantry diff` shows how it differs from the manifest");
    return GT_EXIT_DONE;
}

int gt_command_import(struct gt_program *program, const struct gt_args *args)
{
    struct gt_context context = gt_context_new(program);
    struct gt_consent consent;
    int code = GT_EXIT_FAILED;
    if (gt_consent_open(program, &consent)) {
        code = import(&context, &consent, args->words.at[0], args->words.at[1]);
        gt_consent_close(&consent);
    }
    code = gt_program_exit(program, code);
    gt_context_done(&context);
    return code;
}
