#include <gantry/ui/help.h>

#include <gantry/base/str.h>
#include <gantry/ui/table.h>

#include <string.h>

enum { WIDTH = 88, COMMAND_COLUMN = 16, OPTION_COLUMN = 30 };

static void pad(struct gt_stream *stream, size_t used, size_t column)
{
    if (used + 2 > column) {
        gt_stream_adds(stream, "\n");
        used = 0;
    }
    for (; used < column; used++)
        gt_stream_add(stream, " ", 1);
}

static void title(struct gt_stream *stream, const char *text)
{
    gt_stream_adds(stream, "\n");
    gt_stream_paint(stream, GT_BOLD, text);
    gt_stream_adds(stream, ":\n");
}

/* "  term      text, wrapped and hanging" */
static void definition(struct gt_stream *stream, const char *term, const char *text, size_t column)
{
    gt_stream_addf(stream, "  %s", term);
    pad(stream, strlen(term) + 2, column);
    gt_wrap(stream, text, column, WIDTH);
}

static bool is_below(const struct gt_command *command, const struct gt_command *group)
{
    size_t len = strlen(group->name);
    return strncmp(command->name, group->name, len) == 0 && command->name[len] == ' ';
}

static void print_sections(struct gt_stream *stream, const struct gt_section *section)
{
    for (; section != NULL && section->title != NULL; section++) {
        size_t column = 0;
        for (const struct gt_term_text *row = section->rows; row->term != NULL; row++)
            column = strlen(row->term) > column ? strlen(row->term) : column;
        title(stream, section->title);
        for (const struct gt_term_text *row = section->rows; row->term != NULL; row++)
            definition(stream, row->term, row->text, column + 4);
    }
}

void gt_help_overview(struct gt_stream *stream, const struct gt_grammar *grammar)
{
    gt_stream_addf(stream, "%s: %s\n\nusage: %s COMMAND [OPTIONS]\n", grammar->program,
                   grammar->summary, grammar->program);
    title(stream, "Commands");
    for (const struct gt_command *command = grammar->commands; command->name != NULL; command++)
        if (strchr(command->name, ' ') == NULL)
            definition(stream, command->name, command->summary, COMMAND_COLUMN);
    print_sections(stream, grammar->sections);
    gt_stream_addf(stream, "\n`%s help COMMAND` tells more.\n", grammar->program);
}

static const char *with_choices(struct gt_arena *arena, const struct gt_option *option)
{
    if (option->choices == NULL)
        return option->help;
    const char *text = gt_printf(arena, "%s: ", option->help);
    for (const char *const *choice = option->choices; *choice != NULL; choice++)
        text = gt_printf(arena, "%s%s%s", text, choice == option->choices ? "" : ", ", *choice);
    return text;
}

static void print_option(struct gt_stream *stream, const struct gt_option *option)
{
    struct gt_arena *arena = gt_arena_new();
    const char *letter = option->letter != 0 ? gt_printf(arena, "-%c, ", option->letter) : "    ";
    const char *argument =
        option->argument == NULL ? "" : gt_printf(arena, " %s", option->argument);
    const char *text = with_choices(arena, option);
    if (option->alias != NULL)
        text = gt_printf(arena, "%s (also --%s)", text, option->alias);
    definition(stream, gt_printf(arena, "%s--%s%s", letter, option->name, argument), text,
               OPTION_COLUMN);
    gt_arena_free(arena);
}

/* Options under their groups, in the order of the table. */
static void print_options(struct gt_stream *stream, const struct gt_grammar *grammar,
                          const struct gt_command *command)
{
    const char *group = NULL;
    for (size_t i = 0; i < grammar->option_count; i++) {
        const struct gt_option *option = &grammar->options[i];
        if (!gt_option_applies(grammar, option, command))
            continue;
        if (!gt_streq(group, option->group)) {
            group = option->group;
            title(stream, group);
        }
        print_option(stream, option);
    }
}

void gt_help_command(struct gt_stream *stream, const struct gt_grammar *grammar,
                     const struct gt_command *command)
{
    bool group = command->run == NULL;
    gt_stream_addf(stream, "usage: %s %s%s%s%s [OPTIONS]\n", grammar->program, command->name,
                   group ? " COMMAND" : "", command->words == NULL ? "" : " ",
                   command->words == NULL ? "" : command->words);
    if (command->alias != NULL)
        gt_stream_addf(stream, "       %s %s is the same\n", grammar->program, command->alias);
    gt_stream_adds(stream, "\n");
    gt_wrap(stream, command->text == NULL ? command->summary : command->text, 0, WIDTH);
    if (group) {
        title(stream, "Commands");
        for (const struct gt_command *at = grammar->commands; at->name != NULL; at++)
            if (is_below(at, command))
                definition(stream, at->name, at->summary, COMMAND_COLUMN);
        return;
    }
    print_options(stream, grammar, command);
}

void gt_help_manual(struct gt_stream *stream, const struct gt_grammar *grammar)
{
    gt_stream_addf(stream, "%s %s\n\n", grammar->program, grammar->version);
    gt_help_overview(stream, grammar);
    for (const struct gt_command *command = grammar->commands; command->name != NULL; command++) {
        gt_stream_addf(stream, "\n---- %s ----\n\n", command->name);
        gt_help_command(stream, grammar, command);
    }
}
