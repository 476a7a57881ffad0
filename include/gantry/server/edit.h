/*
 * Making and extending a configuration's text: entries are added and removed as a person would,
 * comments and order stay (doc/edit.h). What an entry means is checked by loading the new text.
 */
#ifndef GANTRY_SERVER_EDIT_H
#define GANTRY_SERVER_EDIT_H

#include <gantry/doc/edit.h>
#include <gantry/server/config.h>

/*
 * The text of a new configuration: `sources` and `tools` as the file has them (objects by name),
 * one tier on 127.0.0.1:8000, and comments that say what goes where. Passwords are not in it:
 * settings refer to ${env.NAME}.
 */
char *gt_config_new_text(struct gt_arena *arena, const char *name, const json_t *sources,
                         const json_t *tools);

/* Adds an entry to "sources" or "tools", which may be a map or a list, or absent. False with an
 * error when one of that name is there, or the text cannot be extended. */
bool gt_config_add(struct gt_edit *edit, const char *section, const char *name,
                   const json_t *settings, struct gt_diags *diags);

/* Removes a tool, and its name from the toolsets. */
bool gt_config_remove_tool(struct gt_edit *edit, const char *name, struct gt_diags *diags);

/* Adds a tool to a toolset, which is made when it is not there. A second time changes nothing. */
bool gt_config_add_to_toolset(struct gt_edit *edit, const char *toolset, const char *tool,
                              struct gt_diags *diags);

/*
 * Loads the text as it was and as it is now, and reports the errors and warnings that are new: the
 * change must not make a file wrong, and may be made in a file that is not right yet, or whose
 * variables are set elsewhere. False with errors when there are some.
 */
bool gt_config_judge(const struct gt_sys *sys, const char *before, size_t before_len,
                     const struct gt_edit *after, struct gt_diags *diags);

#endif
