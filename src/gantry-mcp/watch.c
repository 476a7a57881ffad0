#include "watch.h"

#include <gantry/base/str.h>
#include <gantry/sys/file.h>
#include <gantry/ui/report.h>
#include <string.h>
#include <sys/stat.h>

enum { LOOK_MS = 500, BYTES_MAX = 16 * 1024 * 1024 };

struct watched {
    const char *path;
    const char *text;         /* as it was loaded, or found wanting, last; NULL: not to be read */
    struct stat seen, latest; /* read last; found last */
};

struct gt_config_watch {
    struct gt_arena *arena;
    struct gt_program *program;
    struct gt_loop *loop;
    struct gt_service *service;
    struct gt_config_options options;
    struct gt_arena *kept; /* secret; holds what follows */
    GT_VEC(struct watched) files;
    struct gt_timer *timer;
};

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* A pipe cannot: a shell's <(command), standard input. */
static bool can_be_read_again(const char *path)
{
    struct stat info;
    return !gt_streq(path, "-") && (stat(path, &info) != 0 || S_ISREG(info.st_mode));
}

static void add(struct gt_config_watch *watch, const char *path, const char *text)
{
    struct watched *file = GT_PUSH(watch->kept, &watch->files);
    file->path = gt_strdup(watch->kept, path);
    file->text = gt_strdup(watch->kept, text);
}

/* From now on the files of this configuration are watched. Nothing was seen of them yet: one that
 * was written after it was read and before the first look is noticed then. */
static void follow(struct gt_config_watch *watch, const struct gt_config *config)
{
    struct gt_arena *before = watch->kept;
    watch->kept = gt_arena_new_secret();
    memset(&watch->files, 0, sizeof(watch->files));
    for (size_t i = 0; i < config->files.len; i++)
        if (i == 0 || can_be_read_again(config->files.at[i].path))
            add(watch, config->files.at[i].path, config->files.at[i].text);
    gt_arena_free(before);
}

/* A configuration that is wrong is reported, and the one that holds stays. */
static void reload(struct gt_config_watch *watch)
{
    struct gt_program *program = watch->program;
    struct gt_arena *arena = gt_arena_new();
    struct gt_diags diags = gt_diags_init(arena);
    const char *path = watch->options.path, *text = watch->files.at[0].text;
    /* A file that lost its content, on a full disk say, is not one that wants a server of nothing.
     */
    struct gt_config *config = NULL;
    if (text != NULL && text[strspn(text, " \t\r\n")] == '\0')
        gt_error(&diags, "empty", "%s is empty", path)->hint = "write it, or stop the server";
    else
        config = gt_config_load(program->sys, &watch->options, &diags);
    if (config != NULL)
        follow(watch, config);
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

/* Reads all anew; whether one has another text than before. */
static bool read_again(struct gt_config_watch *watch)
{
    bool changed = false;
    struct gt_arena *before = watch->kept;
    watch->kept = gt_arena_new_secret();
    struct watched *files = gt_calloc(watch->kept, watch->files.len, sizeof(*files));
    for (size_t i = 0; i < watch->files.len; i++) {
        const struct watched *old = &watch->files.at[i];
        struct gt_diags ignored = gt_diags_init(watch->kept);
        files[i] = (struct watched){
            .path = gt_strdup(watch->kept, old->path), .seen = old->latest, .latest = old->latest};
        files[i].text = gt_file_text(watch->kept, files[i].path, BYTES_MAX, &ignored);
        changed |= !gt_streq(files[i].text, old->text);
    }
    watch->files.at = files;
    watch->files.cap = watch->files.len;
    gt_arena_free(before);
    return changed;
}

static void look(void *payload)
{
    struct gt_config_watch *watch = payload;
    watch->timer = gt_timer_start(watch->loop, LOOK_MS, look, watch);
    bool settled = true, other = false; /* not settled: it may be half written */
    for (size_t i = 0; i < watch->files.len; i++) {
        struct watched *file = &watch->files.at[i];
        struct stat now;
        if (stat(file->path, &now) != 0)
            memset(&now, 0, sizeof(now)); /* it went */
        settled &= is_same(&now, &file->latest);
        other |= !is_same(&now, &file->seen);
        file->latest = now;
    }
    if (settled && other && read_again(watch))
        reload(watch);
}

struct gt_config_watch *gt_config_watch_new(struct gt_program *program, struct gt_loop *loop,
                                            struct gt_service *service,
                                            const struct gt_config_options *options,
                                            const struct gt_config *config)
{
    if (!can_be_read_again(options->path))
        return NULL;
    struct gt_arena *arena = gt_arena_new();
    struct gt_config_watch *watch = GT_NEW(arena, struct gt_config_watch);
    *watch = (struct gt_config_watch){
        .arena = arena, .program = program, .loop = loop, .service = service, .options = *options};
    follow(watch, config);
    watch->timer = gt_timer_start(loop, LOOK_MS, look, watch);
    return watch;
}

void gt_config_watch_free(struct gt_config_watch *watch)
{
    if (watch == NULL)
        return;
    gt_timer_cancel(watch->timer);
    gt_arena_free(watch->kept);
    gt_arena_free(watch->arena);
}
