/* gantry completion SHELL */
#include "../program.h"
#include "commands.h"

#include <gantry/ui/help.h>

int gt_command_completion(struct gt_program *program, const struct gt_args *args)
{
    const char *shell = args->words.at[0];
    if (gt_completion(&program->out, &gt_gantry_grammar, shell))
        return GT_EXIT_DONE;
    const char *shells = gt_completion_shells[0];
    for (size_t i = 1; gt_completion_shells[i] != NULL; i++)
        shells = gt_printf(program->arena, "%s, %s", shells, gt_completion_shells[i]);
    gt_error(&program->diags, "usage", "there is no completion for \"%s\"", shell)->hint =
        gt_printf(program->arena, "one of %s", shells);
    gt_program_report(program);
    return GT_EXIT_USAGE;
}
