/* gantry help: commands, the manifest, the resource types. */
#include "../program.h"
#include "../reference.h"
#include "commands.h"

#include <gantry/base/str.h>
#include <gantry/stack/stack.h>
#include <gantry/ui/help.h>

static void help_manifest(struct gt_program *program)
{
    gt_stream_adds(&program->out, gt_stack_manual(program->arena));
}

static void help_types(struct gt_program *program)
{
    gt_reference_list(&program->out, program->arena);
}

static void help_manual(struct gt_program *program)
{
    gt_help_manual(&program->out, &gt_gantry_grammar);
}

static const struct {
    const char *name;
    void (*print)(struct gt_program *program);
} topics[] = {{"manifest", help_manifest}, {"types", help_types}, {"manual", help_manual}};

static int unknown_topic(struct gt_program *program, const char *topic)
{
    GT_VEC(const char *) names = {0};
    for (size_t i = 0; i < GT_COUNT(topics); i++)
        *GT_PUSH(program->arena, &names) = topics[i].name;
    for (const struct gt_command *at = gt_gantry_grammar.commands; at->name != NULL; at++)
        *GT_PUSH(program->arena, &names) = at->name;
    for (const struct gt_type *const *type = gt_types; *type != NULL; type++)
        *GT_PUSH(program->arena, &names) = (*type)->name;
    *GT_PUSH(program->arena, &names) = NULL;
    struct gt_diag *diag = gt_error(&program->diags, "usage", "there is no help on \"%s\"", topic);
    const char *nearest = gt_nearest(topic, names.at);
    diag->hint = nearest != NULL ? gt_printf(program->arena, "did you mean %s?", nearest)
                                 : "see `gantry help`, or `gantry help types`";
    gt_program_report(program);
    return GT_EXIT_USAGE;
}

int gt_command_help(struct gt_program *program, const struct gt_args *args)
{
    if (args->words.len == 0) {
        gt_help_overview(&program->out, &gt_gantry_grammar);
        return GT_EXIT_DONE;
    }
    const char *topic = args->words.at[0];
    if (args->words.len == 2)
        topic = gt_printf(program->arena, "%s %s", topic, args->words.at[1]);
    const struct gt_command *command = gt_command_find(&gt_gantry_grammar, topic);
    if (command != NULL) {
        gt_help_command(&program->out, &gt_gantry_grammar, command);
        return GT_EXIT_DONE;
    }
    for (size_t i = 0; i < GT_COUNT(topics); i++) {
        if (gt_streq(topics[i].name, topic)) {
            topics[i].print(program);
            return GT_EXIT_DONE;
        }
    }
    const struct gt_type *type = gt_type_find(topic);
    if (type == NULL)
        return unknown_topic(program, topic);
    gt_reference_type(&program->out, program->arena, type);
    return GT_EXIT_DONE;
}
