#include <gantry/ui/options.h>

#include <gantry/base/str.h>
#include <gantry/sys/sys.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct given {         /* an option as it was written, before the command is known */
    const char *shown; /* "--file", "-f" */
    const char *name;  /* of the table's first row with this spelling */
    const char *value; /* NULL for flags */
};

struct parser {
    struct gt_arena *arena;
    const struct gt_grammar *grammar;
    struct gt_args *args;
    struct gt_diags *diags;
    GT_VEC(struct given) given;
    GT_VEC(struct given) lacking; /* options whose value was forgotten */
    GT_VEC(const char *) unknown; /* options that no row has, as they were written */
    char **argv;
    int argc, at;
};

static const struct gt_option *find_long(const struct gt_grammar *grammar, const char *name,
                                         size_t len)
{
    for (size_t i = 0; i < grammar->option_count; i++) {
        const struct gt_option *option = &grammar->options[i];
        if (strlen(option->name) == len && strncmp(option->name, name, len) == 0)
            return option;
        if (option->alias != NULL && strlen(option->alias) == len &&
            strncmp(option->alias, name, len) == 0)
            return option;
    }
    return NULL;
}

static const struct gt_option *find_letter(const struct gt_grammar *grammar, char letter)
{
    for (size_t i = 0; i < grammar->option_count; i++)
        if (grammar->options[i].letter == letter)
            return &grammar->options[i];
    return NULL;
}

GT_PRINTF(2, 3) static struct gt_diag *usage(struct parser *parser, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct gt_diag *diag =
        gt_error(parser->diags, "usage", "%s", gt_vprintf(parser->arena, format, args));
    va_end(args);
    const struct gt_command *command = parser->args->command;
    diag->hint =
        command == NULL
            ? gt_printf(parser->arena, "see `%s help`", parser->grammar->program)
            : gt_printf(parser->arena, "see `%s help %s`", parser->grammar->program, command->name);
    return diag;
}

static void report_unknown(struct parser *parser, const char *shown)
{
    GT_VEC(const char *) names = {0};
    const struct gt_command *command = parser->args->command;
    for (size_t i = 0; i < parser->grammar->option_count; i++) {
        const struct gt_option *option = &parser->grammar->options[i];
        if (command != NULL && !gt_option_applies(parser->grammar, option, command))
            continue;
        *GT_PUSH(parser->arena, &names) = option->name;
        if (option->alias != NULL)
            *GT_PUSH(parser->arena, &names) = option->alias;
    }
    *GT_PUSH(parser->arena, &names) = NULL;
    struct gt_diag *diag = usage(parser, "unknown option %s", shown);
    bool is_word = gt_starts_with(shown, "--") || shown[2] != '\0';
    const char *nearest = is_word ? gt_nearest(shown + strspn(shown, "-"), names.at) : NULL;
    if (nearest != NULL)
        diag->hint = gt_printf(parser->arena, "did you mean --%s?", nearest);
}

/* The next argument as the value of `shown`; an option in its place is a value that was forgotten:
 * told when the command is known. */
static bool next_value(struct parser *parser, const struct gt_option *option, const char *shown,
                       const char **value)
{
    if (parser->at + 1 < parser->argc) {
        const char *next = parser->argv[parser->at + 1];
        bool looks_like_option = gt_starts_with(next, "--") &&
                                 (next[2] == '\0' || find_long(parser->grammar, next + 2,
                                                               strcspn(next + 2, "=")) != NULL);
        if (!looks_like_option) {
            *value = parser->argv[++parser->at];
            return true;
        }
    }
    *GT_PUSH(parser->arena, &parser->lacking) =
        (struct given){.shown = shown, .name = option->name, .value = option->argument};
    return false;
}

static void keep(struct parser *parser, const struct gt_option *option, const char *shown,
                 const char *value)
{
    *GT_PUSH(parser->arena, &parser->given) =
        (struct given){.shown = shown, .name = option->name, .value = value};
}

static void take_long(struct parser *parser, const char *arg)
{
    size_t len = strcspn(arg + 2, "=");
    const char *value = arg[2 + len] == '=' ? arg + 3 + len : NULL;
    const char *shown = gt_strndup(parser->arena, arg, len + 2);
    const struct gt_option *option = find_long(parser->grammar, arg + 2, len);
    if (option == NULL) {
        *GT_PUSH(parser->arena, &parser->unknown) = shown;
        return;
    }
    if (option->kind == GT_OPTION_FLAG && value != NULL)
        usage(parser, "option %s takes no value", shown);
    else if (option->kind == GT_OPTION_FLAG || value != NULL ||
             next_value(parser, option, shown, &value))
        keep(parser, option, shown, value);
}

/* "-f FILE", "-fFILE", "-qy": flags may stand together, the last may take a value. "-once" is
 * neither: a dash was forgotten. */
static void take_short(struct parser *parser, const char *arg)
{
    if (strlen(arg) > 3 && find_long(parser->grammar, arg + 1, strcspn(arg + 1, "=")) != NULL) {
        *GT_PUSH(parser->arena, &parser->unknown) =
            gt_strndup(parser->arena, arg, strcspn(arg, "="));
        return;
    }
    for (const char *letter = arg + 1; *letter != '\0'; letter++) {
        const char *shown = gt_printf(parser->arena, "-%c", *letter), *value = NULL;
        const struct gt_option *option = find_letter(parser->grammar, *letter);
        if (option == NULL) {
            *GT_PUSH(parser->arena, &parser->unknown) = shown;
            return;
        }
        if (option->kind == GT_OPTION_FLAG) {
            keep(parser, option, shown, NULL);
            continue;
        }
        if (letter[1] != '\0')
            keep(parser, option, shown, letter + 1 + (letter[1] == '='));
        else if (next_value(parser, option, shown, &value))
            keep(parser, option, shown, value);
        return;
    }
}

static void split(struct parser *parser)
{
    bool options = true;
    for (parser->at = 1; parser->at < parser->argc; parser->at++) {
        const char *arg = parser->argv[parser->at];
        if (options && gt_streq(arg, "--"))
            options = false;
        else if (options && gt_starts_with(arg, "--"))
            take_long(parser, arg);
        else if (options && arg[0] == '-' && arg[1] != '\0')
            take_short(parser, arg);
        else
            *GT_PUSH(parser->arena, &parser->args->words) = arg;
    }
}

const struct gt_command *gt_command_find(const struct gt_grammar *grammar, const char *name)
{
    for (const struct gt_command *command = grammar->commands; command->name != NULL; command++)
        if (gt_streq(command->name, name) ||
            (command->alias != NULL && gt_streq(command->alias, name)))
            return command;
    return NULL;
}

/* The last words of the commands below `group` ("list" of "state list"), or of all when NULL. */
static const char *const *command_names(struct parser *parser, const char *group)
{
    GT_VEC(const char *) names = {0};
    for (const struct gt_command *command = parser->grammar->commands; command->name != NULL;
         command++) {
        const char *space = strchr(command->name, ' ');
        if (group == NULL && space == NULL) {
            *GT_PUSH(parser->arena, &names) = command->name;
            if (command->alias != NULL)
                *GT_PUSH(parser->arena, &names) = command->alias;
        } else if (group != NULL && space != NULL &&
                   strncmp(command->name, group, (size_t)(space - command->name)) == 0) {
            *GT_PUSH(parser->arena, &names) = space + 1;
        }
    }
    *GT_PUSH(parser->arena, &names) = NULL;
    return names.at;
}

static void drop_word(struct gt_args *args)
{
    args->words.len--;
    memmove(args->words.at, args->words.at + 1, args->words.len * sizeof(args->words.at[0]));
}

static void unknown_command(struct parser *parser, const char *group, const char *word)
{
    const char *const *names = command_names(parser, group);
    const char *nearest = word == NULL ? NULL : gt_nearest(word, names);
    struct gt_diag *diag =
        word == NULL ? usage(parser, "%s needs a command", group)
                     : usage(parser, "unknown command \"%s\"",
                             group == NULL ? word : gt_printf(parser->arena, "%s %s", group, word));
    if (nearest != NULL) {
        diag->hint = gt_printf(parser->arena, "did you mean `%s %s%s%s`?", parser->grammar->program,
                               group == NULL ? "" : group, group == NULL ? "" : " ", nearest);
    } else if (group != NULL) {
        const char *list = names[0];
        for (size_t i = 1; names[i] != NULL; i++)
            list = gt_printf(parser->arena, "%s, %s", list, names[i]);
        diag->hint = gt_printf(parser->arena, "one of %s", list);
    }
}

static bool wants_help(const struct parser *parser)
{
    for (size_t i = 0; i < parser->given.len; i++)
        if (gt_streq(parser->given.at[i].name, "help"))
            return true;
    return false;
}

static void choose_command(struct parser *parser)
{
    struct gt_args *args = parser->args;
    if (args->words.len == 0)
        return;
    const char *word = args->words.at[0];
    const struct gt_command *command = gt_command_find(parser->grammar, word);
    if (command == NULL || strchr(word, ' ') != NULL) {
        unknown_command(parser, NULL, word);
        return;
    }
    args->command = command;
    drop_word(args);
    if (command->run != NULL)
        return;
    const char *next = args->words.len > 0 ? args->words.at[0] : NULL;
    const struct gt_command *inner =
        next == NULL ? NULL
                     : gt_command_find(parser->grammar,
                                       gt_printf(parser->arena, "%s %s", command->name, next));
    if (inner != NULL) {
        args->command = inner;
        drop_word(args);
    } else if (next != NULL || !wants_help(parser)) {
        unknown_command(parser, command->name, next);
    }
}

bool gt_option_applies(const struct gt_grammar *grammar, const struct gt_option *option,
                       const struct gt_command *command)
{
    return (option->commands >> (unsigned)(command - grammar->commands) & 1) != 0;
}

/* The row with this name that belongs to the command; any row with the name where there is none
 * yet. */
static const struct gt_option *row_for(const struct gt_grammar *grammar, const char *name,
                                       const struct gt_command *command)
{
    for (size_t i = 0; i < grammar->option_count; i++)
        if (gt_streq(grammar->options[i].name, name) &&
            (command == NULL || gt_option_applies(grammar, &grammar->options[i], command)))
            return &grammar->options[i];
    return NULL;
}

static bool check_choice(struct parser *parser, const struct gt_option *option,
                         const struct given *given, const char *value)
{
    if (option->choices == NULL)
        return true;
    const char *all = "";
    for (const char *const *choice = option->choices; *choice != NULL; choice++) {
        if (gt_streq(*choice, value))
            return true;
        all = gt_printf(parser->arena, "%s%s%s", all, *all == '\0' ? "" : ", ", *choice);
    }
    const char *nearest = gt_nearest(value, option->choices);
    struct gt_diag *diag = usage(parser, "%s cannot be \"%s\"", given->shown, value);
    diag->hint = nearest != NULL
                     ? gt_printf(parser->arena, "did you mean %s? (one of %s)", nearest, all)
                     : gt_printf(parser->arena, "one of %s", all);
    return false;
}

static void set_number(struct parser *parser, const struct given *given, struct gt_value *value)
{
    char *end;
    errno = 0;
    long long number = strtoll(given->value, &end, 10);
    if (given->value[0] < '0' || given->value[0] > '9' || *end != '\0' || errno != 0)
        usage(parser, "%s needs a whole number, not \"%s\"", given->shown, given->value);
    else
        value->number = number;
}

static void set_duration(struct parser *parser, const struct given *given, struct gt_value *value)
{
    if (!gt_duration_parse(given->value, &value->number) || value->number <= 0)
        usage(parser, "%s needs a duration such as 90s, 10m or 1h30m, not \"%s\"", given->shown,
              given->value);
}

static void set_list(struct parser *parser, const struct gt_option *option,
                     const struct given *given, struct gt_value *value)
{
    const char *rest = given->value;
    while (rest != NULL) {
        const char *comma = option->choices == NULL ? NULL : strchr(rest, ',');
        const char *item =
            comma == NULL ? rest : gt_strndup(parser->arena, rest, (size_t)(comma - rest));
        if (check_choice(parser, option, given, item))
            *GT_PUSH(parser->arena, &value->list) = item;
        rest = comma == NULL ? NULL : comma + 1;
    }
}

static void set_value(struct parser *parser, const struct gt_option *option,
                      const struct given *given)
{
    struct gt_value *value = &parser->args->values[option - parser->grammar->options];
    value->set = true;
    switch (option->kind) {
    case GT_OPTION_FLAG:
        break;
    case GT_OPTION_STRING:
        if (*given->value == '\0')
            usage(parser, "%s needs a value that is not empty", given->shown);
        else if (check_choice(parser, option, given, given->value))
            value->text = given->value;
        break;
    case GT_OPTION_LIST:
        set_list(parser, option, given, value);
        break;
    case GT_OPTION_NUMBER:
        set_number(parser, given, value);
        break;
    case GT_OPTION_DURATION:
        set_duration(parser, given, value);
        break;
    }
}

static void set_values(struct parser *parser)
{
    for (size_t i = 0; i < parser->given.len; i++) {
        const struct given *given = &parser->given.at[i];
        const struct gt_option *option =
            row_for(parser->grammar, given->name, parser->args->command);
        if (option == NULL)
            usage(parser, "`%s %s` has no option %s", parser->grammar->program,
                  parser->args->command->name, given->shown);
        else
            set_value(parser, option, given);
    }
}

/* What a wrong command line says about how to report it ("--json") still holds. */
static void set_flags(struct parser *parser)
{
    for (size_t i = 0; i < parser->given.len; i++) {
        const struct given *given = &parser->given.at[i];
        const struct gt_option *option =
            row_for(parser->grammar, given->name, parser->args->command);
        if (option != NULL && option->kind == GT_OPTION_FLAG)
            set_value(parser, option, given);
    }
}

struct gt_word_count gt_command_words(const struct gt_command *command)
{
    struct gt_word_count count = {0};
    for (const char *at = command->words; at != NULL && *at != '\0';) {
        count.most++;
        count.least += *at != '[';
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    return count;
}

static void check_words(struct parser *parser)
{
    const struct gt_command *command = parser->args->command;
    if (command == NULL || command->run == NULL || wants_help(parser))
        return;
    struct gt_word_count count = gt_command_words(command);
    if (parser->args->words.len > count.most)
        usage(parser, "unexpected argument \"%s\"", parser->args->words.at[count.most]);
    else if (parser->args->words.len < count.least)
        usage(parser, "`%s %s` needs %s", parser->grammar->program, command->name, command->words);
}

bool gt_args_parse(struct gt_arena *arena, const struct gt_grammar *grammar, int argc, char **argv,
                   struct gt_args *out, struct gt_diags *diags)
{
    size_t errors = diags->errors;
    *out = (struct gt_args){
        .values = gt_calloc(arena, grammar->option_count + 1, sizeof(struct gt_value))};
    struct parser parser = {.arena = arena,
                            .grammar = grammar,
                            .args = out,
                            .diags = diags,
                            .argv = argv,
                            .argc = argc};
    split(&parser);
    choose_command(&parser);
    for (size_t i = 0; i < parser.lacking.len; i++)
        usage(&parser, "option %s needs a value: %s %s", parser.lacking.at[i].shown,
              parser.lacking.at[i].shown, parser.lacking.at[i].value);
    for (size_t i = 0; i < parser.unknown.len; i++)
        report_unknown(&parser, parser.unknown.at[i]);
    if (diags->errors == errors) {
        set_values(&parser);
        check_words(&parser);
    } else {
        set_flags(&parser);
    }
    return diags->errors == errors;
}

bool gt_args_has(const struct gt_args *args, size_t row)
{
    return args->values[row].set;
}

const char *gt_args_text(const struct gt_args *args, size_t row, const char *otherwise)
{
    const struct gt_value *value = &args->values[row];
    return value->set && value->text != NULL ? value->text : otherwise;
}

const char *const *gt_args_list(const struct gt_args *args, struct gt_arena *arena, size_t row)
{
    const struct gt_value *value = &args->values[row];
    const char **list = gt_calloc(arena, value->list.len + 1, sizeof(const char *));
    for (size_t i = 0; i < value->list.len; i++)
        list[i] = value->list.at[i];
    return list;
}
