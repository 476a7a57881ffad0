#include "watch.h"

#include <gantry/base/str.h>
#include <gantry/sys/file.h>
#include <gantry/ui/report.h>
#include <string.h>
#include <sys/stat.h>

enum { LOOK_MS = 500 };

struct watched {
    const struct gt_config_file *file; /* as it was when the configuration was read last */
    struct stat seen, latest;          /* read last; found last */
};

struct gt_config_watch {
    struct gt_arena *arena;
    struct gt_program *program;
    struct gt_loop *loop;
    struct gt_service *service;
    struct gt_config_options options;
    struct gt_config_files files;
    GT_VEC(struct watched) watched; /* in the arena of files */
    struct gt_timer *timer;
};

/* The time of the last change of the file's state as well: its rights may be what was wrong. */
static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* A pipe cannot: a shell's <(command), standard input. */
static bool can_be_read_again(const char *path)
{
    struct stat info;
    return !gt_streq(path, "-") && (stat(path, &info) != 0 || S_ISREG(info.st_mode));
}

/* From now on these files are watched, which become the watch's. Nothing was seen of them yet: one
 * that was written after it was read and before the first look is noticed then. */
static void follow(struct gt_config_watch *watch, const struct gt_config_files *files)
{
    gt_arena_free(watch->files.arena);
    watch->files = *files;
    memset(&watch->watched, 0, sizeof(watch->watched));
    for (size_t i = 0; i < files->list.len; i++)
        if (i == 0 || can_be_read_again(files->list.at[i].path))
            *GT_PUSH(files->arena, &watch->watched) =
                (struct watched){.file = &watch->files.list.at[i]};
}

static bool is_blank(const struct gt_config_file *file)
{
    return file->bytes != NULL && strspn(file->bytes, " \t\r\n") == file->len;
}

/* Reads all files of the configuration that is there now, and watches those, whether or not it is
 * valid: one that it lacks may come. */
static struct gt_config *load(struct gt_config_watch *watch, struct gt_diags *diags)
{
    struct gt_config_files files = {.arena = gt_arena_new_secret()};
    watch->options.files = &files;
    struct gt_config *config = gt_config_load(watch->program->sys, &watch->options, diags);
    watch->options.files = NULL;
    follow(watch, &files);
    /* A file that lost its content, on a full disk say, is not one that wants a server of nothing.
     */
    if (config == NULL || !is_blank(&watch->files.list.at[0]))
        return config;
    gt_error(diags, "empty", "%s is empty", watch->options.path)->hint =
        "write it, or stop the server";
    gt_config_free(config);
    return NULL;
}

/* A configuration that is wrong is reported, and the one that holds stays. */
static void reload(struct gt_config_watch *watch)
{
    struct gt_program *program = watch->program;
    struct gt_arena *arena = gt_arena_new();
    struct gt_diags diags = gt_diags_init(arena);
    const char *path = watch->options.path;
    struct gt_config *config = load(watch, &diags);
    bool good = config != NULL && gt_service_replace(watch->service, config, &diags);
    gt_report(&program->err, &diags, program->verbosity == GT_QUIET);
    gt_stream_flush(&program->err);
    for (size_t i = 0; i < diags.list.len; i++)
        gt_program_event(program, "diagnostic", gt_report_document(diags.list.at[i]));
    gt_program_say(program, good ? "%s was read again" : "%s is not used: the one before stays",
                   path);
    gt_program_event(program, "reloaded",
                     json_pack("{s:b, s:I}", "valid", good, "errors", (json_int_t)diags.errors));
    gt_arena_free(arena);
}

/* A file's bytes as gt_config_load would have them, NULL where it would not. */
static const char *bytes_of(struct gt_arena *arena, const char *path, bool own, size_t *len)
{
    struct gt_diags ignored = gt_diags_init(arena);
    char *bytes = NULL;
    if (own)
        return gt_file_read(arena, path, GT_CONFIG_FILE_MAX, &bytes, len, &ignored) == GT_READ_OK
                   ? bytes
                   : NULL;
    bytes = gt_file_text(arena, path, GT_CONFIG_REFERENCE_MAX, &ignored);
    *len = bytes != NULL ? strlen(bytes) : 0;
    return bytes;
}

/* Whether a file has other bytes than before. One that is there and cannot be read is tried again
 * at the next look. */
static bool has_changed(struct gt_config_watch *watch)
{
    struct gt_arena *arena = gt_arena_new_secret();
    static const struct stat nothing;
    bool changed = false;
    for (size_t i = 0; i < watch->watched.len; i++) {
        struct watched *one = &watch->watched.at[i];
        const struct gt_config_file *file = one->file;
        size_t len = 0;
        const char *bytes = bytes_of(arena, file->path, i == 0, &len);
        one->seen = bytes != NULL ? one->latest : nothing;
        changed |= bytes == NULL || file->bytes == NULL
                       ? bytes != file->bytes
                       : len != file->len || memcmp(bytes, file->bytes, len) != 0;
    }
    gt_arena_free(arena);
    return changed;
}

static void look(void *payload)
{
    struct gt_config_watch *watch = payload;
    watch->timer = gt_timer_start(watch->loop, LOOK_MS, look, watch);
    bool settled = true, other = false; /* not settled: it may be half written */
    for (size_t i = 0; i < watch->watched.len; i++) {
        struct watched *one = &watch->watched.at[i];
        struct stat now;
        if (stat(one->file->path, &now) != 0)
            memset(&now, 0, sizeof(now)); /* it went */
        settled &= is_same(&now, &one->latest);
        other |= !is_same(&now, &one->seen);
        one->latest = now;
    }
    if (settled && other && has_changed(watch))
        reload(watch);
}

struct gt_config_watch *gt_config_watch_new(struct gt_program *program, struct gt_loop *loop,
                                            struct gt_service *service,
                                            const struct gt_config_options *options)
{
    struct gt_config_files *files = options->files, mine = *files;
    *files = (struct gt_config_files){0};
    if (!can_be_read_again(options->path)) {
        gt_arena_free(mine.arena);
        return NULL;
    }
    struct gt_arena *arena = gt_arena_new();
    struct gt_config_watch *watch = GT_NEW(arena, struct gt_config_watch);
    *watch = (struct gt_config_watch){
        .arena = arena, .program = program, .loop = loop, .service = service, .options = *options};
    watch->options.files = NULL;
    follow(watch, &mine);
    watch->timer = gt_timer_start(loop, LOOK_MS, look, watch);
    return watch;
}

void gt_config_watch_free(struct gt_config_watch *watch)
{
    if (watch == NULL)
        return;
    gt_timer_cancel(watch->timer);
    gt_arena_free(watch->files.arena);
    gt_arena_free(watch->arena);
}
