/* gt_config_load: the steps from a file to a configuration, in their order. */
#include "reading.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/sys/file.h>

enum { SHUTDOWN_MS = 10 * 1000, MESSAGE_MAX = 1000 };

static bool read_document(struct gt_reading *reading, const struct gt_config_options *options)
{
    const char *path = options->path;
    char *bytes = NULL;
    const char *text = options->bytes;
    size_t len = options->len;
    enum gt_read_result result = GT_READ_OK;
    if (text == NULL) {
        result =
            gt_file_read(reading->arena, path, GT_CONFIG_FILE_MAX, &bytes, &len, reading->diags);
        text = bytes;
    }
    if (result == GT_READ_ABSENT)
        gt_error(reading->diags, "no-config", "there is no file %s", path)->hint =
            "write one with `gantry-mcp init`, or name yours with --config FILE";
    gt_reading_file(reading, path, text, len);
    if (result != GT_READ_OK)
        return false;
    const char *name = gt_streq(path, "-") ? "(standard input)" : path;
    if (!gt_doc_parse(reading->arena, name, text, len, &reading->doc, reading->diags))
        return false;
    if (json_is_object(reading->doc.root))
        return true;
    gt_reading_error(reading, "", "wrong-type", "a configuration must be a map")->hint =
        "begin with sources: and tools:";
    return false;
}

static void read_all(struct gt_reading *reading, const char *listen)
{
    struct gt_config *config = reading->config;
    gt_reading_top(reading, gt_reading_resolve(reading));
    const json_t *top = gt_reading_final(reading, reading->top);
    const char *name = gt_text_of(top, "/name"), *version = gt_text_of(top, "/version");
    config->marks = reading->doc.marks;
    config->name = name != NULL ? name : "gantry-mcp";
    config->title = gt_text_of(top, "/title");
    config->version = version != NULL ? version : GANTRY_VERSION;
    config->instructions = gt_text_of(top, "/instructions");
    config->shutdown_ms = gt_number_at(top, "/shutdown_ms", SHUTDOWN_MS);
    gt_read_sources(reading);
    gt_read_tiers(reading);
    gt_read_tools(reading);
    gt_read_toolsets(reading);
    if (!reading->elsewhere)
        gt_read_environment(reading);
    if (listen != NULL && !gt_listen_parse(reading->arena, listen, &config->tiers.at[0]))
        gt_error(reading->diags, "usage", "\"%s\" is no address to listen on",
                 gt_one_line(reading->arena, listen, 64))
            ->hint = "use a numeric address such as 127.0.0.1:8000 or [::1]:8000";
    gt_check_listeners(reading);
}

struct gt_config *gt_config_load(const struct gt_sys *sys, const struct gt_config_options *options,
                                 struct gt_diags *diags)
{
    struct gt_arena *arena = gt_arena_new_secret();
    struct gt_diags own = gt_diags_init(arena);
    struct gt_config *config = GT_NEW(arena, struct gt_config);
    struct gt_reading reading = {.arena = arena,
                                 .sys = sys,
                                 .config = config,
                                 .files = options->files,
                                 .diags = &own,
                                 .elsewhere = options->elsewhere};
    config->arena = arena;
    config->path = gt_strdup(arena, options->path);
    config->folder = gt_streq(options->path, "-") ? "." : gt_path_folder(arena, config->path, NULL);
    if (read_document(&reading, options))
        read_all(&reading, options->listen);
    for (size_t i = 0; i < own.list.len; i++) {
        /* Names are what the file says they are, line breaks too. */
        own.list.at[i]->message = gt_one_line(arena, own.list.at[i]->message, MESSAGE_MAX);
        gt_diags_copy(diags, own.list.at[i]);
    }
    if (own.errors == 0)
        return config;
    gt_arena_free(arena);
    return NULL;
}

void gt_config_free(struct gt_config *config)
{
    if (config != NULL)
        gt_arena_free(config->arena);
}
