/* A small grammar for the tests of the parser, the help and the completion. */
#ifndef GANTRY_TESTS_SAMPLE_H
#define GANTRY_TESTS_SAMPLE_H

#include <gantry/ui/options.h>

enum sample_command {
    SAMPLE_RUN,
    SAMPLE_GET,
    SAMPLE_THINGS,
    SAMPLE_THINGS_LIST,
    SAMPLE_THINGS_MOVE
};

enum sample_option {
    SAMPLE_FILE,
    SAMPLE_TARGET,
    SAMPLE_DENY,
    SAMPLE_MAX,
    SAMPLE_DEADLINE,
    SAMPLE_YES,
    SAMPLE_RUN_FORMAT,
    SAMPLE_LIST_FORMAT,
    SAMPLE_QUIET,
    SAMPLE_HELP,
    SAMPLE_OPTION_COUNT
};

static int sample_run(struct gt_program *program, const struct gt_args *args)
{
    (void)program;
    (void)args;
    return 0;
}

static const char *const sample_kinds[] = {"cat", "dog", NULL};

static const struct gt_command sample_commands[] = {
    {.name = "run",
     .alias = "go",
     .summary = "run it",
     .text = "Runs it.\n\nTwice.",
     .run = sample_run},
    {.name = "get",
     .words = "NAME [MORE]",
     .choices = sample_kinds,
     .summary = "get 'one' [thing]",
     .run = sample_run},
    {.name = "things", .summary = "look at things"},
    {.name = "things list", .summary = "list them", .run = sample_run},
    {.name = "things move", .words = "FROM TO", .summary = "move one", .run = sample_run},
    {0},
};

static const char *const sample_deny[] = {"replace", "delete", NULL};
static const char *const sample_run_formats[] = {"text", "json", NULL};
static const char *const sample_list_formats[] = {"table", "json", NULL};

static const struct gt_option sample_options[SAMPLE_OPTION_COUNT] = {
    [SAMPLE_FILE] = {.name = "file",
                     .letter = 'f',
                     .kind = GT_OPTION_STRING,
                     .argument = "FILE",
                     .group = "Input",
                     .help = "the file",
                     .commands = 1 << SAMPLE_RUN},
    [SAMPLE_TARGET] = {.name = "target",
                       .kind = GT_OPTION_LIST,
                       .argument = "ADDRESS",
                       .group = "Input",
                       .help = "only this",
                       .commands = 1 << SAMPLE_RUN},
    [SAMPLE_DENY] = {.name = "deny",
                     .kind = GT_OPTION_LIST,
                     .argument = "ACTIONS",
                     .choices = sample_deny,
                     .group = "Input",
                     .help = "refuse a plan that does this",
                     .commands = 1 << SAMPLE_RUN},
    [SAMPLE_MAX] = {.name = "max",
                    .kind = GT_OPTION_NUMBER,
                    .argument = "N",
                    .group = "Input",
                    .help = "a limit",
                    .commands = 1 << SAMPLE_RUN},
    [SAMPLE_DEADLINE] = {.name = "deadline",
                         .kind = GT_OPTION_DURATION,
                         .argument = "DURATION",
                         .group = "Input",
                         .help = "a time",
                         .commands = 1 << SAMPLE_RUN},
    [SAMPLE_YES] = {.name = "yes",
                    .alias = "auto-approve",
                    .letter = 'y',
                    .kind = GT_OPTION_FLAG,
                    .group = "Input",
                    .help = "don't ask",
                    .commands = 1 << SAMPLE_RUN},
    [SAMPLE_RUN_FORMAT] = {.name = "format",
                           .kind = GT_OPTION_STRING,
                           .argument = "FORMAT",
                           .choices = sample_run_formats,
                           .group = "Input",
                           .help = "how",
                           .commands = 1 << SAMPLE_RUN},
    [SAMPLE_LIST_FORMAT] = {.name = "format",
                            .kind = GT_OPTION_STRING,
                            .argument = "FORMAT",
                            .choices = sample_list_formats,
                            .group = "Input",
                            .help = "how",
                            .commands = 1 << SAMPLE_THINGS_LIST},
    [SAMPLE_QUIET] = {.name = "quiet",
                      .letter = 'q',
                      .kind = GT_OPTION_FLAG,
                      .group = "Common",
                      .help = "less",
                      .commands = ~UINT64_C(0)},
    [SAMPLE_HELP] = {.name = "help",
                     .letter = 'h',
                     .kind = GT_OPTION_FLAG,
                     .group = "Common",
                     .help = "explain",
                     .commands = ~UINT64_C(0)},
};

static const struct gt_term_text sample_codes[] = {{"0", "good"}, {"64", "bad usage"}, {0}};
static const struct gt_section sample_sections[] = {{"Exit codes", sample_codes}, {0}};

static const struct gt_grammar sample_grammar = {
    .program = "sample",
    .summary = "a sample",
    .version = "1.2.3",
    .commands = sample_commands,
    .options = sample_options,
    .option_count = SAMPLE_OPTION_COUNT,
    .sections = sample_sections,
};

#endif
