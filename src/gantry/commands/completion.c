/* gantry completion SHELL */
#include "../program.h"
#include "commands.h"

#include <gantry/base/str.h>
#include <gantry/ui/help.h>

int gt_command_completion(struct gt_program *program, const struct gt_args *args)
{
    const char *shell = args->words.at[0];
    if (gt_completion(&program->out, &gt_gantry_grammar, shell))
        return GT_EXIT_DONE;
    struct gt_diag *diag =
        gt_error(&program->diags, "usage", "there is no completion for \"%s\"", shell);
    const char *nearest = gt_nearest(shell, gt_completion_shells);
    diag->hint = nearest != NULL ? gt_printf(program->arena, "did you mean %s?", nearest)
                                 : "one of bash, zsh, fish";
    gt_program_report(program);
    return GT_EXIT_USAGE;
}
