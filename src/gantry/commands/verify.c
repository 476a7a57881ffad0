/* gantry verify: do tools arrive, for those who may call and for nobody else? */
#include "../verification.h"
#include "commands.h"

#include <gantry/base/str.h>

#include <string.h>

/* The JSON object of --arguments; NULL where it is not given. */
static bool read_arguments(struct gt_context *context, const json_t **arguments)
{
    const char *text = gt_option_text(context->program, OPTION_ARGUMENTS);
    json_error_t error;
    *arguments = NULL;
    if (text == NULL)
        return true;
    if (!gt_asked(context->program, OPTION_CALL)) {
        gt_error(context->diags, "usage", "--arguments goes with --call TOOL");
        return false;
    }
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    *arguments = gt_keep(context->arena, value);
    if (json_is_object(value))
        return true;
    gt_error(context->diags, "usage", "--arguments is no JSON object%s%s",
             value == NULL ? ": " : "", value == NULL ? error.text : "")
        ->hint = "write --arguments '{\"name\": \"value\"}'";
    return false;
}

static void print(struct gt_context *context, const char *format,
                  const struct gt_verification_report *report)
{
    struct gt_program *program = context->program;
    if (gt_events_wanted(&program->events))
        gt_program_event(program, "verification", gt_verification_document(context, report));
    if (gt_streq(format, "junit")) {
        gt_program_print(program, gt_verification_junit(context, report));
    } else if (gt_streq(format, "json")) {
        json_auto_t *document = gt_verification_document(context, report);
        if (!program->json)
            gt_program_document(program, "verification", "verification", document,
                                GT_DOCUMENT_JSON);
    } else {
        gt_verification_say(context, report);
    }
}

static enum gt_exit verify(struct gt_context *context)
{
    struct gt_program *program = context->program;
    const char *format = gt_args_text(program->args, OPTION_VERIFY_FORMAT, "text");
    struct gt_verification_options options = {
        .client = gt_option_text(program, OPTION_CLIENT),
        .gateway = gt_option_text(program, OPTION_GATEWAY),
        .call = gt_option_text(program, OPTION_CALL),
        .deadline_ms = gt_callers_deadline_ms(context),
        .say = gt_streq(format, "text"),
    };
    struct gt_verification_report report;
    if (!read_arguments(context, &options.arguments))
        return GT_EXIT_USAGE;
    enum gt_exit code = gt_callers_open(context);
    if (code != GT_EXIT_DONE)
        return code;
    gt_program_report(program);
    code = gt_verification_run(context, &options, &report);
    if (code == GT_EXIT_FAILED)
        return code;
    print(context, format, &report);
    if (report.passed + report.failed > 0)
        return code;
    gt_error(context->diags, "nothing-to-verify", "%s has nothing that can be tried",
             context->stack_name)
        ->hint = "clients are declared below identity.NAME.clients, and gateways name the identity";
    return GT_EXIT_FAILED;
}

int gt_command_verify(struct gt_program *program, const struct gt_args *args)
{
    (void)args;
    struct gt_context context = gt_context_new(program);
    int code = gt_program_exit(program, verify(&context));
    gt_context_done(&context);
    return code;
}
