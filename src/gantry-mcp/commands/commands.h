/* The commands: one file each in this folder. A command returns the exit code (ui/program.h). */
#ifndef GANTRY_MCP_PROGRAM_COMMANDS_H
#define GANTRY_MCP_PROGRAM_COMMANDS_H

#include <gantry/ui/options.h>

gt_command_fn gt_command_init;
gt_command_fn gt_command_register;
gt_command_fn gt_command_validate;
gt_command_fn gt_command_serve;
gt_command_fn gt_command_tools;
gt_command_fn gt_command_call;
gt_command_fn gt_command_health;
gt_command_fn gt_command_help;

#endif
