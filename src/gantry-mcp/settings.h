/* The settings of an entry from the options of the command line. */
#ifndef GANTRY_MCP_PROGRAM_SETTINGS_H
#define GANTRY_MCP_PROGRAM_SETTINGS_H

#include "grammar.h"

#include <gantry/doc/keys.h>
#include <gantry/server/config.h>
#include <gantry/ui/program.h>

/*
 * {type, ...}: what the options say, under the keys that they are for, in the order in which they
 * are listed; --set last. Borrowed from the program's arena; NULL with usage errors, also for an
 * option whose key the type (rows `keys`) does not have. `type` is the value of the key `type`.
 */
json_t *gt_settings_of(struct gt_program *program, const char *type, const struct gt_key *keys,
                       const struct gt_key *common);

/* The names of all kinds of tools and sources; ends with NULL. */
const char *const *gt_kind_names(struct gt_arena *arena);

/* The configuration's path. */
const char *gt_config_file(const struct gt_program *program);

/* A usage error: there is no `what` of this name, but those of `all` (ends with NULL). */
void gt_none_of(struct gt_program *program, const char *what, const char *name,
                const char *const *all);

/* Whether the configuration has the tier of --tier, if one is asked for; else a usage error. */
bool gt_tier_is_there(struct gt_program *program, const struct gt_config *config);

#endif
