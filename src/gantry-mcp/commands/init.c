/* gantry-mcp init: a configuration with one source and the tools that go with it. */
#include "../settings.h"
#include "commands.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/server/edit.h>
#include <gantry/server/tool.h>
#include <gantry/sys/file.h>

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

/* What a new configuration has for each kind of source. Texts are JSON. */
static const struct kit {
    const char *type, *source; /* the source's name in the file */
    const char *settings;      /* where the options say nothing; after them in the file */
    const char *password;      /* the variable, where the options name none; NULL: no password */
    const char *tools;
} kits[] = {
    {.type = "postgres",
     .source = "database",
     .settings = "{\"host\": \"127.0.0.1\", \"database\": \"postgres\", \"user\": \"postgres\"}",
     .password = "PGPASSWORD",
     .tools = "{\"postgres_query\": {\"type\": \"postgres-query\", \"source\": \"database\","
              " \"description\": \"Runs one SQL query on the database and returns its rows. It can"
              " only read.\", \"permissions\": [\"SELECT\"], \"timeout_ms\": 5000}}"},
    {.type = "redis",
     .source = "cache",
     .settings = "{\"host\": \"127.0.0.1\"}",
     .tools = "{\"cache_invalidate\": {\"type\": \"redis-invalidate\", \"source\": \"cache\","
              " \"description\": \"Removes the entries of the cache whose keys match a pattern.\","
              " \"patterns\": [\"cache:*\"]}}"},
    {.type = "filesystem",
     .source = "files",
     .settings = "{\"allowed_paths\": [\"data\"]}",
     .tools = "{\"file_list\": {\"type\": \"file-list\", \"source\": \"files\","
              " \"description\": \"Lists the files of a folder.\"},"
              " \"file_read\": {\"type\": \"file-read\", \"source\": \"files\","
              " \"description\": \"Reads a file.\"}}"},
};

static const struct kit *find_kit(struct gt_program *program)
{
    const char *type = gt_args_text(program->args, OPTION_TYPE, kits[0].type);
    const char *names[GT_COUNT(kits) + 1] = {NULL}, *all = "";
    for (size_t i = 0; i < GT_COUNT(kits); i++) {
        if (gt_streq(kits[i].type, type))
            return &kits[i];
        names[i] = kits[i].type;
        all = gt_printf(program->arena, "%s%s%s", all, i > 0 ? ", " : "", names[i]);
    }
    const char *near = gt_nearest(type, names);
    gt_error(&program->diags, "usage", "there is no kind of source \"%s\"", type)->hint =
        near != NULL ? gt_printf(program->arena, "did you mean %s?", near)
                     : gt_printf(program->arena, "use one of %s", all);
    return NULL;
}

static json_t *parsed(struct gt_arena *arena, const char *text)
{
    return gt_keep(arena, json_loads(text, 0, NULL));
}

/* What the options say, and the kit where they say nothing. */
static json_t *source_of(struct gt_program *program, const struct kit *kit)
{
    const struct gt_source_type *type = gt_source_type_find(kit->type);
    json_t *given = gt_settings_of(program, kit->type, type->keys, gt_source_common_keys);
    if (given == NULL)
        return NULL;
    json_object_update_missing(given, parsed(program->arena, kit->settings));
    if (kit->password != NULL && json_object_get(given, "password") == NULL)
        json_object_set_new(given, "password",
                            json_string(gt_printf(program->arena, "${env.%s}", kit->password)));
    /* In the order of the table, which is that in which people write them. */
    json_t *out = json_pack("{s:s}", "type", kit->type);
    for (const struct gt_key *key = type->keys; key->name != NULL; key++)
        if (json_object_get(given, key->name) != NULL)
            json_object_set(out, key->name, json_object_get(given, key->name));
    json_object_update_missing(out, given);
    return gt_keep(program->arena, out);
}

/* The tools of the kit; those of a database may use the one that is configured. */
static json_t *tools_of(struct gt_program *program, const struct kit *kit, const json_t *source)
{
    json_t *tools = parsed(program->arena, kit->tools), *tool;
    const char *database = gt_text_at(source, "/database"), *name;
    json_object_foreach(tools, name, tool)
    {
        const struct gt_tool_type *type = gt_tool_type_find(gt_text_at(tool, "/type"));
        if (database != NULL && gt_key_find(type->keys, "allowed_databases") != NULL)
            json_object_set_new(tool, "allowed_databases", json_pack("[s]", database));
    }
    return tools;
}

/* A server's name made of that of the folder: '-' for what is not usual in one. */
static const char *name_of(struct gt_program *program, const char *path)
{
    const char *given = gt_option_text(program, OPTION_NAME);
    struct gt_arena *arena = program->arena;
    const char *folder = gt_path_real(arena, gt_path_folder(arena, path, NULL));
    const char *last = folder != NULL ? strrchr(folder, '/') + 1 : "";
    if (given != NULL)
        return given;
    char *name = gt_strdup(arena, *last != '\0' ? last : "gantry-mcp");
    for (char *c = name; *c != '\0'; c++)
        *c = isalnum((unsigned char)*c) ? *c : '-';
    return name;
}

static bool is_free(struct gt_program *program, const char *path)
{
    struct stat info;
    if (gt_streq(path, "-"))
        gt_error(&program->diags, "usage", "init writes a file, and - is none")->hint =
            "name a file with --config FILE";
    else if (lstat(path, &info) == 0 && !gt_asked(program, OPTION_FORCE))
        gt_error(&program->diags, "file-exists", "%s is there already", path)->hint =
            "use --force to overwrite it, or --config to write another file";
    return program->diags.errors == 0;
}

static void say_next(struct gt_program *program, const json_t *source)
{
    const char *password = gt_text_at(source, "/password");
    size_t head = strlen("${env.");
    if (password != NULL && strncmp(password, "${env.", head) == 0)
        gt_program_say(program, "next: export %.*s=..., then `gantry-mcp validate`",
                       (int)strcspn(password + head, "}"), password + head);
    else
        gt_program_say(program, "next: edit it, then `gantry-mcp validate`");
}

static void work(struct gt_program *program)
{
    const char *path = gt_config_file(program);
    const struct kit *kit = find_kit(program);
    const json_t *source = kit != NULL ? source_of(program, kit) : NULL;
    if (source == NULL || !is_free(program, path))
        return;
    struct gt_arena *arena = program->arena;
    const json_t *sources = gt_pack(arena, "{s:O}", kit->source, source);
    const char *text =
        gt_config_new_text(arena, name_of(program, path), sources, tools_of(program, kit, source));
    struct gt_edit edit;
    size_t len = strlen(text);
    if (!gt_edit_begin(arena, path, text, len, &edit, &program->diags) ||
        !gt_config_judge(program->sys, "", 0, &edit, &program->diags) ||
        !gt_file_write(path, text, len, GT_MODE_KEEP, NULL, &program->diags))
        return;
    gt_program_event(program, "initialized",
                     json_pack("{s:s, s:s}", "file", path, "type", kit->type));
    gt_program_print(program, gt_printf(arena, "wrote %s\n", path));
    say_next(program, source);
}

int gt_command_init(struct gt_program *program, const struct gt_args *args)
{
    (void)args;
    work(program);
    return gt_program_exit(program, GT_EXIT_DONE);
}
