/* gantry status: what is there, how it is, and whether somebody else changed it. */
#include "../run.h"
#include "../saved_plan.h"
#include "commands.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/ui/table.h>

struct status {
    const char *address, *type, *id, *status;
    bool drift;
    const struct gt_plan_step *step;
};

/* The identity on one line: the last member names the object within its parents. */
static const char *id_text(struct gt_arena *arena, const struct gt_plan_step *step)
{
    const char *text = NULL;
    for (const struct gt_identity *member = step->type->identity;
         step->identity != NULL && member != NULL && member->name != NULL; member++) {
        const json_t *value = json_object_get(step->identity, member->name);
        const char *part =
            json_is_string(value) ? json_string_value(value) : gt_json_canonical(arena, value);
        text = text == NULL ? part : gt_printf(arena, "%s/%s", text, part);
    }
    return text;
}

/* Changed by somebody else: by its changes' causes, or things that somebody added. */
static bool has_drift(const struct gt_plan_step *step)
{
    for (size_t i = 0; i < step->changes.list.len; i++)
        if (step->changes.list.at[i].cause == GT_CAUSE_DRIFT)
            return true;
    return step->foreign.len > 0;
}

static struct status status_of(struct gt_context *context, const struct gt_plan_step *step)
{
    const json_t *live = gt_engine_live(context->engine);
    const json_t *object = live == NULL ? NULL : json_object_get(live, step->address);
    const char *path = step->type->status.path;
    const char *text = object == NULL || path == NULL ? NULL : gt_text_at(object, path);
    bool vanished = object == NULL && gt_state_find(context->session->state, step->address) != NULL;
    return (struct status){
        .address = step->address,
        .type = step->type->name,
        .id = object == NULL ? NULL : id_text(context->arena, step),
        .status = object == NULL ? "absent"
                  : text == NULL ? "present"
                                 : text,
        .drift = vanished || (object != NULL && has_drift(step)),
        .step = step,
    };
}

static json_t *row_document(const struct status *row)
{
    json_t *foreign = json_array();
    for (size_t i = 0; i < row->step->foreign.len; i++)
        json_array_append_new(foreign, json_string(row->step->foreign.at[i]));
    return json_pack("{s:s, s:s, s:s?, s:s, s:b, s:s, s:o}", "address", row->address, "type",
                     row->type, "id", row->id, "status", row->status, "drift", row->drift,
                     "planned", gt_action_name(row->step->action), "foreign", foreign);
}

static void print_rows(struct gt_context *context, const struct status *rows, size_t count)
{
    static const char *const titles[] = {"ADDRESS", "TYPE", "ID", "STATUS", "DRIFT", NULL};
    struct gt_program *program = context->program;
    json_auto_t *list = json_array();
    struct gt_table table = gt_table_new(context->arena, titles);
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, row_document(&rows[i]));
        struct gt_row *row = gt_table_add(
            &table, (const char *const[]){rows[i].address, rows[i].type, rows[i].id, rows[i].status,
                                          rows[i].drift ? "yes" : "no"});
        row->paints[4] = rows[i].drift ? GT_YELLOW : GT_PLAIN;
        row->paints[3] = gt_streq(rows[i].status, "absent") ? GT_RED : GT_PLAIN;
    }
    if (program->json || gt_streq(gt_option_text(program, OPTION_STATUS_FORMAT), "json"))
        gt_program_document(program, "status", "resources", list, GT_DOCUMENT_JSON);
    else
        gt_table_print(&program->out, &table);
}

static int status(struct gt_context *context)
{
    enum gt_exit code = gt_context_prepare(context, false);
    struct gt_plan *plan;
    if (code != GT_EXIT_DONE)
        return code;
    gt_run_note_open(context);
    if (!gt_run_plan(context, &plan))
        return GT_EXIT_FAILED;
    gt_program_report(context->program);
    struct status *rows = gt_calloc(context->arena, plan->steps.len + 1, sizeof(*rows));
    bool drift = false;
    for (size_t i = 0; i < plan->steps.len; i++) {
        rows[i] = status_of(context, &plan->steps.at[i]);
        drift |= rows[i].drift;
    }
    print_rows(context, rows, plan->steps.len);
    if (gt_plan_has_changes(plan))
        gt_program_say(context->program, "the next apply has changes; see `gantry diff`");
    return drift && gt_asked(context->program, OPTION_EXIT_CODE) ? GT_EXIT_CHANGES : GT_EXIT_DONE;
}

int gt_command_status(struct gt_program *program, const struct gt_args *args)
{
    (void)args;
    struct gt_context context = gt_context_new(program);
    int code = gt_program_exit(program, status(&context));
    gt_context_done(&context);
    return code;
}
