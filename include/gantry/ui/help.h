/*
 * Help, the manual and shell completion, all generated from the rows of the grammar
 * (ui/options.h).
 */
#ifndef GANTRY_UI_HELP_H
#define GANTRY_UI_HELP_H

#include <gantry/ui/options.h>
#include <gantry/ui/stream.h>

/* The list of commands, with the sections of the grammar. */
void gt_help_overview(struct gt_stream *stream, const struct gt_grammar *grammar);

/* One command, or a group with its commands. */
void gt_help_command(struct gt_stream *stream, const struct gt_grammar *grammar,
                     const struct gt_command *command);

/* Everything: the overview and each command, as one text. */
void gt_help_manual(struct gt_stream *stream, const struct gt_grammar *grammar);

/* The completion script of "bash", "zsh" or "fish"; false: no such shell. */
bool gt_completion(struct gt_stream *stream, const struct gt_grammar *grammar, const char *shell);

/* The shells, ends with NULL. */
extern const char *const gt_completion_shells[];

#endif
