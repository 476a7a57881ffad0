/*
 * The running program: where it writes, what was asked, what went wrong. Commands write results to
 * `out` and diagnostics to `diags`; nothing here needs the network, so that `gantry version` starts
 * at once.
 */
#ifndef GANTRY_PROGRAM_PROGRAM_H
#define GANTRY_PROGRAM_PROGRAM_H

#include "exit.h"
#include "grammar.h"

#include <gantry/base/map.h>
#include <gantry/sys/sys.h>
#include <gantry/ui/events.h>
#include <gantry/ui/progress.h>

struct gt_program {
    struct gt_arena *arena;
    const struct gt_sys *sys;
    const struct gt_args *args;
    struct gt_stream out, err, events_file;
    struct gt_events events;
    enum gt_verbosity verbosity;
    bool json; /* standard output holds events and nothing else */
    struct gt_diags diags;
    size_t reported;    /* how many of diags were printed */
    struct gt_map said; /* their keys */
};

/* Opens the streams; colours and verbosity have their defaults. */
void gt_program_init(struct gt_program *program, struct gt_arena *arena, const struct gt_sys *sys);

/* Takes over what the options say; false with an error when the file of --events cannot be made, or
 * an output would overwrite the manifest. */
bool gt_program_configure(struct gt_program *program, const struct gt_args *args);

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

static inline bool gt_asked(const struct gt_program *program, enum option option)
{
    return gt_args_has(program->args, option);
}

static inline const char *gt_option_text(const struct gt_program *program, enum option option)
{
    return gt_args_text(program->args, option, NULL);
}

#endif
