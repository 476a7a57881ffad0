/* gantry help: commands, the manifest, the resource types. */
#include "../program.h"
#include "../reference.h"
#include "commands.h"

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

static bool help_type(struct gt_program *program, const char *name)
{
    const struct gt_type *type = gt_type_find(name);
    if (type != NULL)
        gt_reference_type(&program->out, program->arena, type);
    return type != NULL;
}

int gt_command_help(struct gt_program *program, const struct gt_args *args)
{
    static const struct gt_help_topic rows[] = {
        {"manifest", help_manifest}, {"types", help_types}, {"manual", help_manual}, {0}};
    GT_VEC(const char *) names = {0};
    for (const struct gt_type *const *type = gt_types; *type != NULL; type++)
        *GT_PUSH(program->arena, &names) = (*type)->name;
    *GT_PUSH(program->arena, &names) = NULL;
    const struct gt_help_topics topics = {.rows = rows,
                                          .names = names.at,
                                          .other = help_type,
                                          .hint = "see `gantry help`, or `gantry help types`"};
    return gt_program_help(program, args, &topics);
}
