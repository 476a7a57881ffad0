/* gantry version: starts nothing, so that it answers at once. */
#include "../program.h"
#include "commands.h"

int gt_command_version(struct gt_program *program, const struct gt_args *args)
{
    (void)args;
    gt_program_event(program, "version", json_pack("{s:s}", "version", GANTRY_VERSION));
    gt_program_print(program, "gantry " GANTRY_VERSION "\n");
    return GT_EXIT_DONE;
}
