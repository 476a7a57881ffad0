/* How another gantry is called so that it works on the same stack in the same cloud: for what is
 * printed to be typed, and for the settings of programs that start it. */
#ifndef GANTRY_PROGRAM_INVOCATION_H
#define GANTRY_PROGRAM_INVOCATION_H

#include "context.h"

/* The program: "gantry" where PATH leads to this very file, else its absolute path. */
const char *gt_invocation_program(struct gt_context *context);

/* The options that were given and matter to every command, but --file and --environment: variables,
 * region, profile, endpoint, --local. Paths are absolute. Ends with NULL. */
const char *const *gt_invocation_options(struct gt_context *context);

/* {NAME: value}: the environment in which the embedded cloud in use is found; NULL: AWS is used. */
json_t *gt_invocation_environment(struct gt_context *context);

/* A word for a POSIX shell, quoted where it has to be; gt_shell_quote always quotes. */
const char *gt_shell_word(struct gt_arena *arena, const char *text);
const char *gt_shell_quote(struct gt_arena *arena, const char *text);

#endif
