/*
 * The command line from tables: one row per command, one per option. The parser, the help, the
 * completion scripts and the manual read the same rows. Names are not abbreviated, so that an
 * option which is added later cannot change what a script means.
 */
#ifndef GANTRY_UI_OPTIONS_H
#define GANTRY_UI_OPTIONS_H

#include <gantry/base/diag.h>

#include <stdint.h>

enum gt_option_kind {
    GT_OPTION_FLAG,
    GT_OPTION_STRING,
    GT_OPTION_LIST,    /* may be given several times; with choices also separated by commas */
    GT_OPTION_NUMBER,  /* not negative */
    GT_OPTION_DURATION /* "90s", "1h30m" */
};

/*
 * A row. Rows may share a name when they belong to different commands and have the same kind and
 * letter ("--format" takes other words for each command).
 */
struct gt_option {
    const char *name;  /* "file" */
    const char *alias; /* another spelling that is accepted, or NULL */
    char letter;       /* 'f', or 0 */
    enum gt_option_kind kind;
    const char *argument;       /* "FILE"; NULL for flags; "FILE" also completes file names */
    const char *const *choices; /* the values allowed, ends with NULL; NULL: any */
    const char *group;          /* heading in the help */
    const char *help;           /* a sentence without full stop; wrapped where it is shown */
    uint64_t commands;          /* bit i: command i of the grammar; ~0: all */
};

/* Rows of the options that every program has for all of its commands, below one heading. */
#define GT_OPTION_ROW_QUIET(heading)                                                               \
    {                                                                                              \
        .name = "quiet", .letter = 'q', .kind = GT_OPTION_FLAG, .group = (heading),                \
        .help = "only results and errors", .commands = ~UINT64_C(0)                                \
    }
#define GT_OPTION_ROW_NO_COLOR(heading)                                                            \
    {                                                                                              \
        .name = "no-color", .kind = GT_OPTION_FLAG, .group = (heading),                            \
        .help = "no colours (or NO_COLOR)", .commands = ~UINT64_C(0)                               \
    }
#define GT_OPTION_ROW_HELP(heading)                                                                \
    {                                                                                              \
        .name = "help", .letter = 'h', .kind = GT_OPTION_FLAG, .group = (heading),                 \
        .help = "explain the command", .commands = ~UINT64_C(0)                                    \
    }

struct gt_program;
struct gt_args;
typedef int gt_command_fn(struct gt_program *program, const struct gt_args *args);

struct gt_command {
    const char *name;           /* "apply", "state list"; NULL ends the table */
    const char *alias;          /* or NULL */
    const char *words;          /* "ADDRESS ID", "[PLANFILE]"; NULL: none */
    const char *const *choices; /* of the first word, for completion; ends with NULL; may be NULL */
    const char *summary;        /* one line */
    const char *text;           /* paragraphs, separated by "\n\n" */
    gt_command_fn *run;         /* NULL: a group, "state" */
};

struct gt_term_text {
    const char *term, *text; /* term NULL ends the list */
};

struct gt_section { /* of the overview and the manual: exit codes, files, variables */
    const char *title;
    const struct gt_term_text *rows;
};

struct gt_grammar {
    const char *program, *summary, *version;
    const struct gt_command *commands;
    const struct gt_option *options;
    size_t option_count;
    const struct gt_section *sections; /* ends with a NULL title */
};

struct gt_value {
    bool set;
    const char *text; /* strings: the last one given */
    int64_t number;   /* numbers; durations in milliseconds */
    GT_VEC(const char *) list;
};

struct gt_args {
    const struct gt_command *command; /* NULL: none was given */
    struct gt_value *values;          /* by the row of the option */
    GT_VEC(const char *) words;       /* positional arguments after the command */
};

/*
 * Parses argv[1] and what follows. Every mistake is an error "usage" with a hint: unknown command
 * or option (with the nearest), an option of another command, missing, unwanted or wrong values,
 * too few or too many words. A group without a sub-command is an error that names them.
 */
bool gt_args_parse(struct gt_arena *arena, const struct gt_grammar *grammar, int argc, char **argv,
                   struct gt_args *out, struct gt_diags *diags);

/* Whether a flag or option was given; its text or `otherwise`; its list, which ends with NULL. */
bool gt_args_has(const struct gt_args *args, size_t row);
const char *gt_args_text(const struct gt_args *args, size_t row, const char *otherwise);
const char *const *gt_args_list(const struct gt_args *args, struct gt_arena *arena, size_t row);

/* The command with this name or alias, or NULL. */
const struct gt_command *gt_command_find(const struct gt_grammar *grammar, const char *name);

/* Whether the option belongs to the command. */
bool gt_option_applies(const struct gt_grammar *grammar, const struct gt_option *option,
                       const struct gt_command *command);

/* How many words a command takes at least and at most, from its `words`. */
struct gt_word_count {
    size_t least, most;
};
struct gt_word_count gt_command_words(const struct gt_command *command);

#endif
