/*
 * The tool type `redis-command`: one command of the author's with parameters in its words. What it
 * may do is known from a table of commands when the configuration is read.
 */
#include "commands.h"
#include "tools.h"
#include "words.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>
#include <strings.h>

enum { MAX_ROWS = 1000, MAX_BYTES = 1024 * 1024 };

struct command { /* of a tool */
    const struct gt_redis_command *row;
    GT_VEC(struct gt_redis_template) words;
    struct gt_redis_caps caps;
};

struct command_call { /* has an arena of its own: the reply may come when the call is long gone */
    struct gt_redis_job job; /* first */
    struct gt_arena *arena;
    struct gt_tool_call *call; /* NULL: nobody waits any more */
    const struct gt_redis_command *row;
    struct gt_redis_words words;
};

static const struct gt_key word_key = {
    .takes = GT_TAKES_TEXT,
    .summary = "a word; $name stands for a parameter, and a list that is a word of its own for as "
               "many words as it has elements"};

static const struct gt_key keys[] = {
    {.name = "command",
     .takes = GT_TAKES_LIST,
     .flags = GT_KEY_REQUIRED,
     .element = &word_key,
     .summary = "the words of the command: [HGETALL, \"cart:$customer\"]"},
    GT_PARAMETERS_KEY,
    {.name = "max_rows",
     .takes = GT_TAKES_INTEGER,
     .min = 1,
     .max = 1000000,
     .summary = "elements of a list that a call returns at the most, of a hash its fields (1000)"},
    {.name = "max_bytes",
     .takes = GT_TAKES_INTEGER,
     .min = 1,
     .max = 1 << 30,
     .summary = "bytes of values that a call returns at the most (1048576)"},
    {.name = NULL},
};

/* -- the configuration -- */

struct preparing {
    struct gt_config *config;
    struct gt_tool *tool;
    struct gt_diags *diags;
    struct command *command;
};

static const char *pointer_of(const struct preparing *work, size_t i)
{
    struct gt_arena *arena = work->config->arena;
    return gt_pointer_index(arena, gt_pointer_join(arena, work->tool->pointer, "command"), i);
}

/* Of a word, or part of it: in a message. */
static const char *shown(const struct preparing *work, size_t i, const char *text)
{
    return gt_one_line(work->config->arena,
                       gt_marks_shown(work->config->marks, pointer_of(work, i), text), 64);
}

static const char *const *parameter_names(const struct preparing *work)
{
    const json_t *properties = json_object_get(work->tool->input_schema, "properties");
    const char **names =
        gt_calloc(work->config->arena, json_object_size(properties) + 1, sizeof(*names));
    size_t count = 0;
    const char *name;
    json_t *ignored;
    json_object_foreach(gt_iterable(properties), name, ignored) names[count++] = name;
    return names;
}

/* The parameters of a word must be there, and a list must be a word of its own. */
static void check_word(const struct preparing *work, size_t i)
{
    const struct gt_redis_template *word = &work->command->words.at[i];
    const json_t *properties = json_object_get(work->tool->input_schema, "properties");
    for (size_t p = 0; p < word->pieces.len; p++) {
        const char *name = word->pieces.at[p].name;
        if (name == NULL)
            continue;
        const json_t *property = json_object_get(properties, name);
        if (property == NULL) {
            const char *near = gt_nearest(name, parameter_names(work));
            gt_config_error(work->config, work->diags, pointer_of(work, i), "unknown-parameter",
                            "there is no parameter \"%s\"", shown(work, i, name))
                ->hint = near != NULL ? gt_printf(work->config->arena, "did you mean $%s?", near)
                                      : "add it under parameters, or write $$ for a $";
        } else if (word->pieces.len > 1 && gt_streq(gt_text_at(property, "/type"), "array")) {
            gt_config_error(work->config, work->diags, pointer_of(work, i), "does-not-fit",
                            "\"%s\" is a list and part of a word", shown(work, i, name))
                ->hint = "write it as a word of its own";
        }
    }
}

static bool has_fixed(const struct preparing *work, size_t i)
{
    return i < work->command->words.len && gt_redis_template_is_fixed(&work->command->words.at[i]);
}

static const char *text_of(const struct preparing *work, size_t i)
{
    const json_t *words = json_object_get(work->tool->settings, "command");
    return has_fixed(work, i) ? json_string_value(json_array_get(words, i)) : NULL;
}

static void check_blocking(const struct preparing *work)
{
    const struct command *command = work->command;
    for (size_t i = 1; i < command->words.len; i++)
        if (text_of(work, i) != NULL && strcasecmp(text_of(work, i), "BLOCK") == 0)
            gt_config_error(work->config, work->diags, pointer_of(work, i), "command-not-possible",
                            "%s with BLOCK cannot be used", command->row->name)
                ->hint = "without BLOCK it answers at once";
}

/* Which command it is must stand in the file, and it must be one that can be sent here. */
static void check_command(const struct preparing *work)
{
    struct command *command = work->command;
    const char *name = text_of(work, 0);
    command->row = gt_redis_command_find(name != NULL ? name : "", text_of(work, 1));
    if (name == NULL || *name == '\0')
        gt_config_error(work->config, work->diags,
                        gt_pointer_join(work->config->arena, work->tool->pointer, "command"),
                        "no-command", "the first word must be the name of a command")
            ->hint = "a parameter cannot choose the command";
    else if ((command->row->flags & GT_REDIS_PARTS) != 0 && command->words.len > 1 &&
             !has_fixed(work, 1))
        gt_config_error(work->config, work->diags, pointer_of(work, 1), "no-command",
                        "the second word of %s must be fixed", command->row->name)
            ->hint = "a parameter cannot choose what the command does";
    else if (command->row->refused != NULL)
        gt_config_error(work->config, work->diags, pointer_of(work, 0), "command-not-possible",
                        "%s cannot be used: it %s", command->row->name, command->row->refused)
            ->hint = "use a command that answers at once and leaves the connection as it is";
    if ((command->row->flags & GT_REDIS_BLOCK) != 0)
        check_blocking(work);
}

static void read_words(const struct preparing *work)
{
    const json_t *words = json_object_get(work->tool->settings, "command"), *text;
    struct gt_arena *arena = work->config->arena;
    size_t i;
    json_array_foreach(words, i, text)
    {
        struct gt_redis_template *word = GT_PUSH(arena, &work->command->words);
        if (gt_redis_template_parse(arena, json_string_value(text), word))
            check_word(work, i);
        else
            gt_config_error(work->config, work->diags, pointer_of(work, i), "bad-word",
                            "a ${ has no name and } behind it")
                ->hint = "write ${name}, or $${ where none is meant";
    }
}

/* -- the schema of what a call returns -- */

static json_t *output_schema(bool pairs)
{
    const char *about = pairs ? "an object of names and values, or a list of both in turn where a "
                                "name is no text; bytes that are no text are {base64: ...}"
                              : "a text, a number, a list of these, or null where there is "
                                "nothing; bytes that are no text are {base64: ...}";
    return json_pack("{s:s, s:{s:{s:s}, s:{s:s, s:s}}, s:[s, s]}", "type", "object", "properties",
                     "reply", "description", about, "truncated", "type", "boolean", "description",
                     "whether a cap on rows or bytes left something out", "required", "reply",
                     "truncated");
}

static bool prepare(struct gt_config *config, struct gt_tool *tool, struct gt_diags *diags)
{
    struct command *command = GT_NEW(config->arena, struct command);
    struct preparing work = {config, tool, diags, command};
    size_t errors = diags->errors;
    json_t *schema = gt_parameters_schema(config, tool, diags);
    if (schema == NULL)
        return false;
    tool->input_schema = gt_keep(config->arena, schema);
    read_words(&work);
    check_command(&work);
    unsigned flags = command->row->flags;
    bool reads = (flags & GT_REDIS_READS) != 0;
    command->caps.max_bytes = (size_t)gt_redis_setting(tool, "max_bytes", MAX_BYTES);
    command->caps.max_rows = (size_t)gt_redis_setting(tool, "max_rows", MAX_ROWS) *
                             ((flags & GT_REDIS_PAIRS) != 0 ? 2 : 1);
    tool->output_schema = gt_keep(config->arena, output_schema((flags & GT_REDIS_PAIRS) != 0));
    tool->annotations =
        (struct gt_annotations){.read_only = reads,
                                .destructive = !reads,
                                .idempotent = reads || (flags & GT_REDIS_REPEATS) != 0,
                                .open_world = false};
    tool->own = command;
    return diags->errors == errors;
}

/* -- a call -- */

static void on_done(struct gt_redis_job *job, struct gt_redis_reply *reply, const char *reason,
                    bool sent)
{
    struct command_call *work = (struct command_call *)job;
    struct gt_tool_call *call = work->call;
    unsigned flags = work->row->flags;
    if (call != NULL && reply == NULL)
        gt_redis_tell_lost(call, reason, !sent || (flags & GT_REDIS_READS) != 0);
    else if (call != NULL && reply->kind == GT_REDIS_ERROR)
        gt_redis_tell_error(call, reply);
    else if (call != NULL)
        gt_tool_done(call,
                     json_pack("{s:o, s:b}", "reply",
                               (flags & GT_REDIS_PAIRS) != 0 ? gt_redis_json_pairs(reply)
                                                             : gt_redis_json(reply),
                               "truncated", reply->cut),
                     NULL);
    gt_redis_reply_free(reply);
    gt_arena_free(work->arena);
}

static void cancel(struct gt_tool_call *call)
{
    struct command_call *work = call->work;
    work->call = NULL;
    if (gt_redis_take_back((struct gt_redis_source *)call->source, &work->job))
        gt_arena_free(work->arena);
    gt_tool_fail(call, GT_FAILURE_TIMEOUT, "the Redis server did not answer in time");
}

static bool has_block(const struct gt_redis_words *words)
{
    for (size_t i = 1; i < words->count; i++)
        if (words->lens[i] == 5 && strncasecmp(words->at[i], "BLOCK", 5) == 0)
            return true;
    return false;
}

static void run(struct gt_tool_call *call)
{
    const struct command *command = call->tool->own;
    struct gt_arena *arena = gt_arena_new();
    struct command_call *work = GT_NEW(arena, struct command_call);
    const char *missing = NULL;
    *work = (struct command_call){
        .job = {.words = &work->words, .caps = command->caps, .done = on_done},
        .arena = arena,
        .call = call,
        .row = command->row,
    };
    for (size_t i = 0; i < command->words.len && missing == NULL; i++)
        gt_redis_template_fill(arena, &command->words.at[i], call->arguments, &work->words,
                               &missing);
    const char *problem = missing != NULL ? gt_printf(call->arena, "%s is needed", missing)
                          : (command->row->flags & GT_REDIS_BLOCK) != 0 && has_block(&work->words)
                              ? "BLOCK cannot be used"
                              : NULL;
    if (problem != NULL) {
        gt_arena_free(arena);
        gt_tool_fail(call, GT_FAILURE_ARGUMENTS, "%s", problem);
        return;
    }
    call->work = work;
    call->cancel = cancel;
    gt_redis_send((struct gt_redis_source *)call->source, &work->job);
}

const struct gt_tool_type gt_tool_redis_command = {
    .name = "redis-command",
    .summary = "runs one Redis command with parameters in its words",
    .category = "cache",
    .source = &gt_source_redis,
    .keys = keys,
    .prepare = prepare,
    .run = run,
};
