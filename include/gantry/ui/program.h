/*
 * A running program with a command line: where it writes, what was asked, what went wrong. Commands
 * write results to `out` and diagnostics to `diags`; nothing here needs the network, so that
 * `version` answers at once. Exit codes are part of the interface.
 */
#ifndef GANTRY_UI_PROGRAM_H
#define GANTRY_UI_PROGRAM_H

#include <gantry/base/map.h>
#include <gantry/sys/sys.h>
#include <gantry/ui/events.h>
#include <gantry/ui/options.h>
#include <gantry/ui/progress.h>

enum gt_exit {
    GT_EXIT_DONE = 0,
    GT_EXIT_FAILED = 1,
    GT_EXIT_CHANGES = 2,
    GT_EXIT_PARTLY = 3,
    GT_EXIT_LOCKED = 4,
    GT_EXIT_UNVERIFIED = 5,
    GT_EXIT_USAGE = 64,
    GT_EXIT_INTERRUPTED = 130
};

struct gt_program {
    struct gt_arena *arena;
    const struct gt_sys *sys;
    const struct gt_grammar *grammar;
    const struct gt_args *args;
    struct gt_stream out, err, events_file;
    struct gt_events events;
    enum gt_verbosity verbosity;
    bool json; /* standard output holds events and nothing else */
    struct gt_diags diags;
    size_t reported;    /* how many of diags were printed */
    struct gt_map said; /* their keys */
};

/* A program: its grammar, and the rows of the options that all programs have. */
struct gt_program_kind {
    const struct gt_grammar *grammar;
    size_t help, quiet, verbose, no_color, json,
        events; /* events: GT_NO_OPTION where it has none */
    /* What else the options say, before the command runs; false with an error. May be NULL. */
    bool (*configure)(struct gt_program *program);
};
#define GT_NO_OPTION SIZE_MAX

/* The whole of main: parses, runs the command, flushes; the exit code. */
int gt_program_main(const struct gt_program_kind *kind, int argc, char **argv);

/* Opens the streams; colours and verbosity have their defaults. */
void gt_program_init(struct gt_program *program, struct gt_arena *arena, const struct gt_sys *sys);

/* Takes over what the options say; false with an error when the file of --events cannot be made.
 */
bool gt_program_configure(struct gt_program *program, const struct gt_program_kind *kind,
                          const struct gt_args *args);

/* Prints what was not printed yet of the diagnostics, in the order of their positions. */
void gt_program_report(struct gt_program *program);

/* Reports, and gives the exit code: for DONE and FAILED what the errors say (a command line that
 * was wrong is USAGE), else `otherwise`. */
int gt_program_exit(struct gt_program *program, int otherwise);

/* Text for standard output; nothing with --json. */
void gt_program_print(struct gt_program *program, const char *text);

/* A line for people on standard error: nothing with --quiet or --json. */
void gt_program_say(struct gt_program *program, const char *format, ...) GT_PRINTF(2, 3);

/* An event for machines; steals `members`. */
void gt_program_event(struct gt_program *program, const char *event, json_t *members);

/* A document as result: YAML or JSON text, or with --json an event with the document as member
 * `member`. Borrows it. */
enum gt_document_format { GT_DOCUMENT_YAML, GT_DOCUMENT_JSON };
void gt_program_document(struct gt_program *program, const char *event, const char *member,
                         const json_t *document, enum gt_document_format format);

/* Flushes and closes; an error of standard output turns a success into a failure. */
int gt_program_finish(struct gt_program *program, int code);

/* Commands that are the same for every program: the version, a completion script. */
gt_command_fn gt_program_version;
gt_command_fn gt_program_completion;

/* What `help` explains beside the commands. */
struct gt_help_topic {
    const char *name; /* NULL ends the table */
    void (*print)(struct gt_program *program);
};
struct gt_help_topics {
    const struct gt_help_topic *rows;
    const char *const *names; /* of what `other` explains, for suggestions; ends with NULL */
    bool (*other)(struct gt_program *program, const char *name); /* false: not one of them */
    const char *hint; /* where nothing is near to what was asked for */
};

/* The command `help`: the overview, a command, a topic, or something else; the exit code. */
int gt_program_help(struct gt_program *program, const struct gt_args *args,
                    const struct gt_help_topics *topics);

static inline bool gt_asked(const struct gt_program *program, size_t option)
{
    return gt_args_has(program->args, option);
}

static inline const char *gt_option_text(const struct gt_program *program, size_t option)
{
    return gt_args_text(program->args, option, NULL);
}

#endif
