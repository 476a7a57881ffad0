/* gantry show: the lowered resources, the manifest's schema, or a saved plan. */
#include "../context.h"
#include "../saved_plan.h"
#include "commands.h"

#include <gantry/base/str.h>

static enum gt_document_format format_of(const struct gt_program *program)
{
    const char *format = gt_option_text(program, OPTION_SHOW_FORMAT);
    return gt_streq(format, "json") ? GT_DOCUMENT_JSON : GT_DOCUMENT_YAML;
}

static int show_plan(struct gt_context *context, const char *path)
{
    struct gt_program *program = context->program;
    struct gt_plan plan;
    json_t *document = gt_saved_plan_read(context, path, &plan);
    if (document == NULL)
        return GT_EXIT_FAILED;
    if (program->json || gt_asked(program, OPTION_SHOW_FORMAT)) {
        gt_program_document(program, "plan", "plan", document, format_of(program));
        return GT_EXIT_DONE;
    }
    gt_program_print(program,
                     gt_printf(context->arena, "Plan of gantry %s, made from state %lld.\n",
                               plan.version == NULL ? "(unknown)" : plan.version,
                               (long long)plan.serial));
    gt_program_print(program, gt_asked(program, OPTION_SUMMARY)
                                  ? gt_plan_counts_text(context->arena, &plan)
                                  : gt_plan_text(context->arena, &plan, program->out.colour,
                                                 program->verbosity == GT_VERBOSE));
    return GT_EXIT_DONE;
}

static int show_stack(struct gt_context *context)
{
    if (!gt_context_build(context, true))
        return GT_EXIT_FAILED;
    json_auto_t *document = gt_stack_document(context->arena, &context->stack,
                                              gt_asked(context->program, OPTION_ORIGIN));
    gt_program_document(context->program, "resources", "resources", document,
                        format_of(context->program));
    return GT_EXIT_DONE;
}

int gt_command_show(struct gt_program *program, const struct gt_args *args)
{
    if (gt_asked(program, OPTION_SCHEMA)) {
        json_auto_t *schema = gt_stack_schema();
        bool yaml = gt_streq(gt_option_text(program, OPTION_SHOW_FORMAT), "yaml");
        gt_program_document(program, "schema", "schema", schema,
                            yaml ? GT_DOCUMENT_YAML : GT_DOCUMENT_JSON);
        return GT_EXIT_DONE;
    }
    struct gt_context context = gt_context_new(program);
    int code = args->words.len > 0 ? show_plan(&context, args->words.at[0]) : show_stack(&context);
    code = gt_program_exit(program, code);
    gt_context_done(&context);
    return code;
}
