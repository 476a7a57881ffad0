/* The commands: one file each in this folder. A command returns the exit code (exit.h). */
#ifndef GANTRY_PROGRAM_COMMANDS_H
#define GANTRY_PROGRAM_COMMANDS_H

#include <gantry/ui/options.h>

gt_command_fn gt_command_init;
gt_command_fn gt_command_validate;
gt_command_fn gt_command_show;
gt_command_fn gt_command_diff;
gt_command_fn gt_command_apply;
gt_command_fn gt_command_destroy;
gt_command_fn gt_command_output;
gt_command_fn gt_command_status;
gt_command_fn gt_command_state_list;
gt_command_fn gt_command_state_show;
gt_command_fn gt_command_state_move;
gt_command_fn gt_command_state_forget;
gt_command_fn gt_command_state_unlock;
gt_command_fn gt_command_import;
gt_command_fn gt_command_verify;
gt_command_fn gt_command_token;
gt_command_fn gt_command_connect;
gt_command_fn gt_command_up;
gt_command_fn gt_command_local;
gt_command_fn gt_command_help;

#endif
