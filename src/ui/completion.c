/* Completion scripts. Each shell has a writer that walks the grammar's rows. */
#include <gantry/ui/help.h>

#include <gantry/base/str.h>

#include <string.h>

const char *const gt_completion_shells[] = {"bash", "zsh", "fish", NULL};

static bool is_group_name(const struct gt_command *command)
{
    return command->run == NULL;
}

static bool is_nested(const struct gt_command *command)
{
    return strchr(command->name, ' ') != NULL;
}

static bool takes_file(const char *argument)
{
    return argument != NULL && strstr(argument, "FILE") != NULL;
}

static void add_words(struct gt_stream *out, const char *const *words)
{
    for (; words != NULL && *words != NULL; words++)
        gt_stream_addf(out, " %s", *words);
}

/* Text inside single quotes of a POSIX shell or zsh; `special` characters get a backslash. */
static void add_quoted(struct gt_stream *out, const char *text, const char *special)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            gt_stream_adds(out, "'\\''");
        else if (strchr(special, *text) != NULL)
            gt_stream_addf(out, "\\%c", *text);
        else
            gt_stream_add(out, text, 1);
    }
}

static void bash_values(struct gt_stream *out, const struct gt_grammar *grammar,
                        const struct gt_command *command)
{
    for (size_t i = 0; i < grammar->option_count; i++) {
        const struct gt_option *option = &grammar->options[i];
        if (!gt_option_applies(grammar, option, command) || option->kind == GT_OPTION_FLAG)
            continue;
        gt_stream_addf(out, "        \"%s:--%s\"", command->name, option->name);
        if (option->letter != 0)
            gt_stream_addf(out, "|\"%s:-%c\"", command->name, option->letter);
        gt_stream_adds(out, ") ");
        if (option->choices != NULL) {
            gt_stream_adds(out, "words=\"");
            add_words(out, option->choices);
            gt_stream_adds(out, "\"; options=\"\" ;;\n");
        } else if (takes_file(option->argument)) {
            gt_stream_adds(out, "COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n");
        } else {
            gt_stream_adds(out, "return ;;\n");
        }
    }
}

static void bash_command(struct gt_stream *out, const struct gt_grammar *grammar,
                         const struct gt_command *command)
{
    gt_stream_addf(out, "        \"%s\"", command->name);
    if (command->alias != NULL)
        gt_stream_addf(out, "|\"%s\"", command->alias);
    gt_stream_adds(out, ") ");
    if (command->alias != NULL)
        gt_stream_addf(out, "command=\"%s\"; ", command->name);
    gt_stream_adds(out, "options=\"");
    for (size_t i = 0; i < grammar->option_count; i++)
        if (gt_option_applies(grammar, &grammar->options[i], command))
            gt_stream_addf(out, " --%s", grammar->options[i].name);
    gt_stream_adds(out, "\"; words=\"");
    add_words(out, command->choices);
    if (is_group_name(command))
        for (const struct gt_command *at = grammar->commands; at->name != NULL; at++)
            if (is_nested(at) && gt_starts_with(at->name, command->name))
                gt_stream_adds(out, strchr(at->name, ' '));
    gt_stream_addf(out, "\"%s ;;\n", takes_file(command->words) ? "; files=1" : "");
}

/* Options may stand before the command: the word after one with a value is none. */
static void bash_skipped(struct gt_stream *out, const struct gt_grammar *grammar)
{
    const char *between = "        ";
    for (size_t i = 0; i < grammar->option_count; i++) {
        const struct gt_option *option = &grammar->options[i];
        if (option->kind == GT_OPTION_FLAG)
            continue;
        gt_stream_addf(out, "%s--%s", between, option->name);
        between = "|";
        if (option->alias != NULL)
            gt_stream_addf(out, "|--%s", option->alias);
        if (option->letter != 0)
            gt_stream_addf(out, "|-%c", option->letter);
    }
    if (*between == '|')
        gt_stream_adds(out, ") ((i++)) ;;\n");
}

static void write_bash(struct gt_stream *out, const struct gt_grammar *grammar)
{
    const char *name = grammar->program;
    gt_stream_addf(out, "# bash completion for %s\n_%s() {\n", name, name);
    gt_stream_adds(out, "    local cur=\"${COMP_WORDS[COMP_CWORD]}\" "
                        "prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
                        "    local command=\"\" options=\"\" words=\"\" files=\"\" i\n"
                        "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                        "        case \"${COMP_WORDS[i]}\" in\n");
    bash_skipped(out, grammar);
    gt_stream_adds(out, "        -*) ;;\n"
                        "        *) command=\"${command:+$command }${COMP_WORDS[i]}\"\n"
                        "           case \"$command\" in\n           ");
    const char *between = "";
    for (const struct gt_command *command = grammar->commands; command->name != NULL; command++)
        if (is_group_name(command)) {
            gt_stream_addf(out, "%s%s", between, command->name);
            between = "|";
        }
    gt_stream_adds(out, ") ;;\n           *) break ;;\n           esac ;;\n        esac\n    done\n"
                        "    case \"$command\" in\n        \"\") words=\"");
    for (const struct gt_command *command = grammar->commands; command->name != NULL; command++)
        if (!is_nested(command))
            gt_stream_addf(out, " %s", command->name);
    gt_stream_adds(out, "\" ;;\n");
    for (const struct gt_command *command = grammar->commands; command->name != NULL; command++)
        bash_command(out, grammar, command);
    gt_stream_adds(out, "    esac\n    case \"$command:$prev\" in\n");
    for (const struct gt_command *command = grammar->commands; command->name != NULL; command++)
        if (!is_group_name(command))
            bash_values(out, grammar, command);
    gt_stream_addf(out,
                   "    esac\n"
                   "    [[ $cur == -* ]] && words=\"$options\"\n"
                   "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                   "    [[ -n $files && $cur != -* ]] && "
                   "COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
                   "}\ncomplete -o filenames -F _%s %s\n",
                   name, name);
}

static void zsh_option(struct gt_stream *out, const struct gt_option *option)
{
    const char *star = option->kind == GT_OPTION_LIST ? "*" : "";
    if (option->letter != 0)
        gt_stream_addf(out, " \\\n            '%s'{-%c,--%s}'[", star, option->letter,
                       option->name);
    else
        gt_stream_addf(out, " \\\n            '%s--%s[", star, option->name);
    add_quoted(out, option->help, "[]:\\");
    gt_stream_adds(out, "]");
    if (option->kind != GT_OPTION_FLAG)
        gt_stream_addf(out, ":%s:", option->argument);
    if (option->choices != NULL) {
        gt_stream_adds(out, "(");
        add_words(out, option->choices);
        gt_stream_adds(out, ")");
    } else if (takes_file(option->argument)) {
        gt_stream_adds(out, "_files");
    }
    gt_stream_adds(out, "'");
}

/* What the n-th level of `case "$words[n]"` offers for a command. */
static void zsh_command(struct gt_stream *out, const struct gt_grammar *grammar,
                        const struct gt_command *command)
{
    const char *space = strrchr(command->name, ' ');
    gt_stream_addf(out, "        %s", space == NULL ? command->name : space + 1);
    if (command->alias != NULL)
        gt_stream_addf(out, "|%s", command->alias);
    gt_stream_adds(out, ") _arguments -s");
    for (size_t i = 0; i < grammar->option_count; i++)
        if (gt_option_applies(grammar, &grammar->options[i], command))
            zsh_option(out, &grammar->options[i]);
    if (command->choices != NULL) {
        gt_stream_adds(out, " \\\n            '*:word:(");
        add_words(out, command->choices);
        gt_stream_adds(out, ")'");
    } else if (takes_file(command->words)) {
        gt_stream_adds(out, " \\\n            '*:file:_files'");
    }
    gt_stream_adds(out, " ;;\n");
}

static void zsh_list(struct gt_stream *out, const struct gt_grammar *grammar,
                     const struct gt_command *group)
{
    gt_stream_adds(out, "        commands=(");
    for (const struct gt_command *at = grammar->commands; at->name != NULL; at++) {
        const char *space = strchr(at->name, ' ');
        if (group == NULL ? space != NULL : space == NULL || !gt_starts_with(at->name, group->name))
            continue;
        gt_stream_addf(out, "\n            '%s:", space == NULL ? at->name : space + 1);
        add_quoted(out, at->summary, ":\\");
        gt_stream_adds(out, "'");
    }
    gt_stream_adds(out, ")\n        _describe 'command' commands\n        return\n");
}

static void zsh_group(struct gt_stream *out, const struct gt_grammar *grammar,
                      const struct gt_command *group)
{
    gt_stream_addf(out, "    if [[ $words[1] == %s ]]; then\n      if (( CURRENT == 2 )); then\n",
                   group->name);
    zsh_list(out, grammar, group);
    gt_stream_adds(out, "      fi\n      shift words; (( CURRENT-- ))\n      case $words[1] in\n");
    for (const struct gt_command *at = grammar->commands; at->name != NULL; at++)
        if (is_nested(at) && gt_starts_with(at->name, group->name))
            zsh_command(out, grammar, at);
    gt_stream_adds(out, "      esac\n      return\n    fi\n");
}

static void write_zsh(struct gt_stream *out, const struct gt_grammar *grammar)
{
    const char *name = grammar->program;
    gt_stream_addf(out,
                   "#compdef %s\n_%s() {\n    local -a commands\n"
                   "    if (( CURRENT == 2 )); then\n",
                   name, name);
    zsh_list(out, grammar, NULL);
    gt_stream_adds(out, "    fi\n    shift words; (( CURRENT-- ))\n");
    for (const struct gt_command *at = grammar->commands; at->name != NULL; at++)
        if (is_group_name(at))
            zsh_group(out, grammar, at);
    gt_stream_adds(out, "    case $words[1] in\n");
    for (const struct gt_command *at = grammar->commands; at->name != NULL; at++)
        if (!is_group_name(at) && !is_nested(at))
            zsh_command(out, grammar, at);
    gt_stream_addf(out, "    esac\n}\n_%s \"$@\"\n", name);
}

/* When the command is under way. A command of a group may have the name of another command: that
 * one is not meant then. */
static void fish_condition(struct gt_stream *out, const struct gt_grammar *grammar,
                           const struct gt_command *command)
{
    const char *space = strchr(command->name, ' ');
    if (space == NULL) {
        gt_stream_addf(out, "'__fish_seen_subcommand_from %s%s%s", command->name,
                       command->alias == NULL ? "" : " ",
                       command->alias == NULL ? "" : command->alias);
        for (const struct gt_command *at = grammar->commands; at->name != NULL; at++)
            if (is_group_name(at) && at != command)
                gt_stream_addf(out, "; and not __fish_seen_subcommand_from %s", at->name);
        gt_stream_adds(out, "'");
    } else {
        gt_stream_addf(out,
                       "'__fish_seen_subcommand_from %.*s; and __fish_seen_subcommand_from %s'",
                       (int)(space - command->name), command->name, space + 1);
    }
}

/* fish reads \\ and \' inside single quotes. */
static void fish_text(struct gt_stream *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            gt_stream_adds(out, "\\");
        gt_stream_add(out, text, 1);
    }
}

static void fish_option(struct gt_stream *out, const struct gt_grammar *grammar,
                        const struct gt_command *command, const struct gt_option *option)
{
    gt_stream_addf(out, "complete -c %s -n ", grammar->program);
    fish_condition(out, grammar, command);
    gt_stream_addf(out, " -l %s", option->name);
    if (option->letter != 0)
        gt_stream_addf(out, " -s %c", option->letter);
    if (option->kind != GT_OPTION_FLAG)
        gt_stream_adds(out, takes_file(option->argument) ? " -r -F" : " -x");
    if (option->choices != NULL) {
        gt_stream_adds(out, " -a '");
        add_words(out, option->choices);
        gt_stream_adds(out, "'");
    }
    gt_stream_adds(out, " -d '");
    fish_text(out, option->help);
    gt_stream_adds(out, "'\n");
}

static void fish_command(struct gt_stream *out, const struct gt_grammar *grammar,
                         const struct gt_command *command)
{
    const char *space = strchr(command->name, ' ');
    gt_stream_addf(out, "complete -c %s -n ", grammar->program);
    if (space == NULL)
        gt_stream_adds(out, "__fish_use_subcommand");
    else
        gt_stream_addf(out, "'__fish_seen_subcommand_from %.*s'", (int)(space - command->name),
                       command->name);
    gt_stream_addf(out, " -f -a %s -d '", space == NULL ? command->name : space + 1);
    fish_text(out, command->summary);
    gt_stream_adds(out, "'\n");
    if (command->choices != NULL) {
        gt_stream_addf(out, "complete -c %s -n ", grammar->program);
        fish_condition(out, grammar, command);
        gt_stream_adds(out, " -f -a '");
        add_words(out, command->choices);
        gt_stream_adds(out, "'\n");
    }
    for (size_t i = 0; i < grammar->option_count; i++)
        if (!is_group_name(command) && gt_option_applies(grammar, &grammar->options[i], command))
            fish_option(out, grammar, command, &grammar->options[i]);
}

static void write_fish(struct gt_stream *out, const struct gt_grammar *grammar)
{
    gt_stream_addf(out, "# fish completion for %s\n", grammar->program);
    for (const struct gt_command *at = grammar->commands; at->name != NULL; at++)
        fish_command(out, grammar, at);
}

bool gt_completion(struct gt_stream *stream, const struct gt_grammar *grammar, const char *shell)
{
    static void (*const writers[])(struct gt_stream *,
                                   const struct gt_grammar *) = {write_bash, write_zsh, write_fish};
    for (size_t i = 0; i < GT_COUNT(writers); i++)
        if (gt_streq(gt_completion_shells[i], shell)) {
            writers[i](stream, grammar);
            return true;
        }
    return false;
}
