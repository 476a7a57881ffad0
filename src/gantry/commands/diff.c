/* gantry diff: what apply would do. Reads only: no lock, no file but the plan that was asked for.
 */
#include "../run.h"
#include "../saved_plan.h"
#include "commands.h"

#include <gantry/base/str.h>

static void print_text(struct gt_context *context, const struct gt_plan *plan)
{
    gt_run_show(context, plan);
}

static void print_json(struct gt_context *context, const struct gt_plan *plan)
{
    json_auto_t *document = gt_plan_document(plan);
    gt_program_document(context->program, "plan", "plan", document, GT_DOCUMENT_JSON);
}

static void print_markdown(struct gt_context *context, const struct gt_plan *plan)
{
    gt_program_print(context->program, gt_plan_markdown(context->arena, plan));
}

static const struct {
    const char *name;
    void (*print)(struct gt_context *context, const struct gt_plan *plan);
} formats[] = {{"text", print_text}, {"json", print_json}, {"markdown", print_markdown}};

static void print_plan(struct gt_context *context, const struct gt_plan *plan)
{
    struct gt_program *program = context->program;
    if (gt_asked(program, OPTION_SUMMARY)) {
        gt_program_event(program, "counts", gt_plan_counts_document(plan));
        gt_program_print(program, gt_plan_counts_text(context->arena, plan));
        return;
    }
    const char *format = gt_option_text(program, OPTION_DIFF_FORMAT);
    for (size_t i = 0; i < GT_COUNT(formats); i++)
        if (gt_streq(formats[i].name, program->json || format == NULL ? "text" : format))
            formats[i].print(context, plan);
}

/* --deny and --max-delete refuse the plan; consent to a replacement can still come with apply. */
static bool is_denied(struct gt_context *context, const struct gt_plan *plan)
{
    size_t errors = context->diags->errors;
    struct gt_diags found = gt_diags_init(context->arena);
    gt_engine_guards(context->engine, plan, &found);
    for (size_t i = 0; i < found.list.len; i++)
        if (!gt_streq(found.list.at[i]->code, "needs-consent"))
            gt_diags_copy(context->diags, found.list.at[i]);
    return context->diags->errors > errors;
}

static int diff(struct gt_context *context)
{
    struct gt_program *program = context->program;
    enum gt_exit code = gt_context_prepare(context, false);
    if (code != GT_EXIT_DONE)
        return code;
    gt_run_note_open(context);
    struct gt_plan *plan;
    if (!gt_run_plan(context, &plan))
        return GT_EXIT_FAILED;
    gt_program_report(program);
    if (is_denied(context, plan)) {
        print_plan(context, plan);
        return GT_EXIT_FAILED;
    }
    const char *out = gt_option_text(program, OPTION_OUT);
    if (out != NULL) {
        struct gt_engine_options options = gt_context_engine_options(context);
        plan->options = gt_keep(context->arena, gt_saved_plan_options_document(&options));
        if (!gt_saved_plan_write(context, out, plan))
            return GT_EXIT_FAILED;
    }
    print_plan(context, plan);
    if (out != NULL)
        gt_program_say(program, "saved the plan to %s; `gantry apply %s` applies it", out, out);
    bool changes = gt_plan_has_changes(plan) && gt_asked(program, OPTION_EXIT_CODE);
    return changes ? GT_EXIT_CHANGES : GT_EXIT_DONE;
}

int gt_command_diff(struct gt_program *program, const struct gt_args *args)
{
    (void)args;
    struct gt_context context = gt_context_new(program);
    int code = gt_program_exit(program, diff(&context));
    gt_context_done(&context);
    return code;
}
