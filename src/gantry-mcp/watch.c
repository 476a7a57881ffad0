#include "watch.h"

#include <gantry/base/str.h>
#include <gantry/sys/file.h>
#include <gantry/ui/report.h>
#include <string.h>
#include <sys/stat.h>

enum { LOOK_MS = 500, BYTES_MAX = 16 * 1024 * 1024 };

struct gt_config_watch {
    struct gt_arena *arena;
    struct gt_program *program;
    struct gt_loop *loop;
    struct gt_service *service;
    struct gt_config_options options;
    struct stat seen, latest; /* read last; found last */
    char *bytes;              /* as they were loaded, or found wanting, last; in `kept` */
    struct gt_arena *kept;
    struct gt_timer *timer;
};

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* A configuration that is wrong is reported, and the one that holds stays. */
static void reload(struct gt_config_watch *watch, const char *bytes)
{
    struct gt_program *program = watch->program;
    struct gt_arena *arena = gt_arena_new();
    struct gt_diags diags = gt_diags_init(arena);
    struct gt_config_options options = watch->options;
    options.bytes = bytes;
    options.len = strlen(bytes);
    /* A file that lost its content, on a full disk say, is not one that wants a server of nothing.
     */
    struct gt_config *config = NULL;
    if (bytes[strspn(bytes, " \t\r\n")] == '\0')
        gt_error(&diags, "empty", "%s is empty", options.path)->hint =
            "write it, or stop the server";
    else
        config = gt_config_load(program->sys, &options, &diags);
    bool good = config != NULL && gt_service_replace(watch->service, config, &diags);
    gt_report(&program->err, &diags, program->verbosity == GT_QUIET);
    gt_stream_flush(&program->err);
    for (size_t i = 0; i < diags.list.len; i++)
        gt_program_event(program, "diagnostic", gt_report_document(diags.list.at[i]));
    gt_program_say(program, good ? "%s was read again" : "%s is not used: the one before stays",
                   watch->options.path);
    gt_program_event(program, "reloaded",
                     json_pack("{s:b, s:I}", "valid", good, "errors", (json_int_t)diags.errors));
    gt_arena_free(arena);
}

static void look(void *payload)
{
    struct gt_config_watch *watch = payload;
    struct stat now;
    watch->timer = gt_timer_start(watch->loop, LOOK_MS, look, watch);
    if (stat(watch->options.path, &now) != 0)
        return;
    bool settled = is_same(&now, &watch->latest); /* else it may be half written */
    watch->latest = now;
    if (!settled || is_same(&now, &watch->seen))
        return;
    watch->seen = now;
    struct gt_arena *arena = gt_arena_new_secret();
    struct gt_diags ignored = gt_diags_init(arena);
    char *bytes = gt_file_text(arena, watch->options.path, BYTES_MAX, &ignored);
    if (bytes != NULL && !gt_streq(bytes, watch->bytes)) {
        struct gt_arena *before = watch->kept;
        watch->kept = arena;
        watch->bytes = bytes;
        gt_arena_free(before);
        reload(watch, bytes);
        return;
    }
    gt_arena_free(arena);
}

struct gt_config_watch *gt_config_watch_new(struct gt_program *program, struct gt_loop *loop,
                                            struct gt_service *service,
                                            const struct gt_config_options *options)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_config_watch *watch = GT_NEW(arena, struct gt_config_watch);
    *watch = (struct gt_config_watch){
        .arena = arena, .program = program, .loop = loop, .service = service, .options = *options};
    /* What is there now was loaded a moment ago. */
    watch->kept = gt_arena_new_secret();
    struct gt_diags ignored = gt_diags_init(watch->kept);
    if (stat(options->path, &watch->seen) == 0)
        watch->bytes = gt_file_text(watch->kept, options->path, BYTES_MAX, &ignored);
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
