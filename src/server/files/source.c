/* The source type `filesystem`: its settings, its readiness. */
#include "files.h"

#include <errno.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/sys/file.h>
#include <unistd.h>

static const struct gt_key path_key = {.takes = GT_TAKES_TEXT, .summary = "a folder"};

static const struct gt_key keys[] = {
    {.name = "allowed_paths",
     .takes = GT_TAKES_LIST,
     .flags = GT_KEY_REQUIRED,
     .element = &path_key,
     .summary = "folders that may be looked into, with all that is below; none of them may be a "
                "link, and links in them are not followed"},
    {.name = "max_bytes",
     .takes = GT_TAKES_INTEGER,
     .min = 1,
     .max = 1 << 28,
     .summary = "bytes that one call reads at the most (1048576)"},
    {.name = "hidden",
     .takes = GT_TAKES_BOOLEAN,
     .summary = "whether names that begin with a dot may be seen (false)"},
    {.name = NULL},
};

/* Relative folders start at the configuration's own; from here on they are absolute. */
static bool check(const struct gt_config *config, const struct gt_source_config *source,
                  struct gt_diags *diags)
{
    struct gt_arena *arena = config->arena;
    json_t *paths = json_object_get(source->settings, "allowed_paths"), *path;
    const char *base = gt_pointer_join(arena, source->pointer, "allowed_paths");
    size_t errors = diags->errors, i;
    json_array_foreach(paths, i, path)
    {
        const char *text = json_string_value(path);
        const char *full = NULL;
        if (*text != '\0') {
            const char *folder = gt_path_real(arena, config->folder);
            full = gt_path_below(arena, folder != NULL ? folder : config->folder, text);
            full = gt_root_parse(arena, full);
        }
        if (full == NULL)
            gt_config_error(config, diags, gt_pointer_index(arena, base, i), "bad-path",
                            "an allowed folder needs a path")
                ->hint = "write the folder, as in [/data/reports]";
        else
            json_array_set_new(paths, i, json_string(full));
    }
    if (json_array_size(paths) == 0)
        gt_config_error(config, diags, base, "no-path", "no folder is allowed")->hint =
            "list folders: [/data/reports]";
    return diags->errors == errors;
}

static struct gt_source *open_source(const struct gt_source_host *host,
                                     const struct gt_source_config *config)
{
    const json_t *paths = json_object_get(config->settings, "allowed_paths"), *path;
    struct gt_arena *arena = gt_arena_new();
    struct gt_files_source *source = GT_NEW(arena, struct gt_files_source);
    const char **roots = gt_calloc(arena, json_array_size(paths) + 1, sizeof(*roots));
    size_t i;
    json_array_foreach(paths, i, path) roots[i] = gt_strdup(arena, json_string_value(path));
    *source = (struct gt_files_source){
        .base = {.type = &gt_source_filesystem, .name = config->name, .host = *host},
        .arena = arena,
        .roots = roots,
        .count = json_array_size(paths),
        .max_bytes = gt_files_number(config->settings, "max_bytes", 0),
        .hidden = json_is_true(json_object_get(config->settings, "hidden")),
    };
    return &source->base;
}

/* -- readiness -- */

struct probe {
    struct gt_files_job job; /* first; has no call */
    struct gt_timer *timer;
    const char *const *roots;
    size_t count, failed; /* failed: 0, or which one it was, from 1 */
    gt_probed_fn *fn;     /* NULL: it was told */
    void *payload;
};

static void leave_probe(struct probe *probe, const char *reason)
{
    gt_probed_fn *fn = probe->fn;
    probe->fn = NULL;
    gt_timer_cancel(probe->timer);
    gt_files_job_forget(&probe->job);
    fn(probe->payload, reason);
}

static void look(void *payload)
{
    struct probe *probe = payload;
    for (size_t i = 0; i < probe->count && probe->failed == 0; i++) {
        int fd = gt_beneath_root(probe->roots[i]);
        if (fd < 0)
            probe->failed = i + 1;
        else
            close(fd);
    }
}

static void on_looked(void *payload)
{
    struct probe *probe = payload;
    if (probe->fn != NULL)
        leave_probe(probe,
                    probe->failed == 0
                        ? NULL
                        : gt_printf(probe->job.arena, "allowed folder %zu is not there, or is none",
                                    probe->failed));
    gt_arena_free(probe->job.arena);
}

static void on_late(void *payload)
{
    struct probe *probe = payload;
    probe->timer = NULL;
    leave_probe(probe, "the file system does not answer");
}

static void end_probe(struct gt_files_job *job)
{
    leave_probe((struct probe *)job, "the source is closed");
}

static void probe_source(struct gt_source *base, int64_t timeout_ms, gt_probed_fn *fn,
                         void *payload)
{
    struct gt_files_source *source = (struct gt_files_source *)base;
    struct gt_arena *arena = gt_arena_new();
    struct probe *probe = GT_NEW(arena, struct probe);
    const char **roots = gt_calloc(arena, source->count, sizeof(*roots));
    for (size_t i = 0; i < source->count; i++)
        roots[i] = gt_strdup(arena, source->roots[i]);
    *probe = (struct probe){
        .job = {.arena = arena, .close = end_probe},
        .roots = roots,
        .count = source->count,
        .fn = fn,
        .payload = payload,
    };
    gt_files_job_enter(source, &probe->job);
    probe->timer = gt_timer_start(base->host.loop, timeout_ms, on_late, probe);
    gt_work(base->host.workers, look, on_looked, probe);
}

static void close_source(struct gt_source *base)
{
    struct gt_files_source *source = (struct gt_files_source *)base;
    while (source->jobs != NULL)
        source->jobs->close(source->jobs);
    gt_arena_free(source->arena);
}

const struct gt_source_type gt_source_filesystem = {
    .name = "filesystem",
    .summary = "folders of this machine",
    .keys = keys,
    .check = check,
    .open = open_source,
    .probe = probe_source,
    .close = close_source,
};
