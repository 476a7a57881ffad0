#include "files.h"

#include <errno.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { SHOWN_MAX = 256 };

static const char *const permissions[] = {"READ", NULL};
const struct gt_key gt_files_permission_key = {
    .takes = GT_TAKES_TEXT, .values = permissions, .summary = "READ"};

int64_t gt_files_number(const json_t *settings, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(settings, name);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

const char *gt_files_about(struct gt_config *config, const struct gt_tool *tool)
{
    const struct gt_source_config *source = gt_config_source(config, tool->source);
    const json_t *paths = json_object_get(source->settings, "allowed_paths"), *path;
    const char *all = "", *first = json_string_value(json_array_get(paths, 0));
    size_t i;
    json_array_foreach(paths, i, path) all =
        gt_printf(config->arena, "%s%s%s", all, i > 0 ? " or " : "", json_string_value(path));
    return gt_printf(config->arena, "a path below %s, or relative to %s", all, first);
}

int gt_files_job_root(struct gt_files_job *job)
{
    int fd = gt_beneath_root(job->root);
    if (fd < 0) {
        job->error = errno;
        job->rootless = job->error != EMFILE && job->error != ENFILE;
    }
    return fd;
}

/* -- errors: by what the system says -- */

static const struct {
    int code;
    enum gt_failure failure;
    const char *text;
} errors[] = {
    {ENOENT, GT_FAILURE_ARGUMENTS, "does not exist"},
    {ENOTDIR, GT_FAILURE_ARGUMENTS, "is not a folder, or a part of the path is none"},
    {EISDIR, GT_FAILURE_ARGUMENTS, "is a folder"},
    {ENAMETOOLONG, GT_FAILURE_ARGUMENTS, "has a name that is too long"},
    {ELOOP, GT_FAILURE_DENIED, "is a link or lies behind one, and links are not followed"},
    {EXDEV, GT_FAILURE_DENIED, "leads out of the allowed folder"},
    {ENXIO, GT_FAILURE_DENIED, "is neither a file nor a folder"},
    {EACCES, GT_FAILURE_DENIED, "may not be read by the server"},
    {EPERM, GT_FAILURE_DENIED, "may not be read by the server"},
    {EMFILE, GT_FAILURE_UNAVAILABLE, "cannot be opened: too many files are open"},
    {ENFILE, GT_FAILURE_UNAVAILABLE, "cannot be opened: too many files are open"},
    {EIO, GT_FAILURE_FAILED, "cannot be read: the disk fails"},
    {0, GT_FAILURE_FAILED, "cannot be read"},
};

static void tell_error(struct gt_tool_call *call, const struct gt_files_job *job)
{
    if (job->problem != NULL) {
        gt_tool_fail(call, GT_FAILURE_ARGUMENTS, "%s", job->problem);
        return;
    }
    if (job->rootless) {
        gt_tool_fail(call, GT_FAILURE_UNAVAILABLE,
                     "the allowed folder %s is not there, or is no folder",
                     gt_one_line(call->arena, job->root, SHOWN_MAX));
        return;
    }
    size_t i = 0;
    while (errors[i].code != 0 && errors[i].code != job->error)
        i++;
    gt_tool_fail(call, errors[i].failure, "%s %s", gt_one_line(call->arena, job->path, SHOWN_MAX),
                 errors[i].text);
}

/* -- life -- */

void gt_files_job_forget(struct gt_files_job *job)
{
    *job->previous = job->next;
    if (job->next != NULL)
        job->next->previous = job->previous;
    job->call = NULL;
    atomic_store(&job->stop, true);
}

void gt_files_job_enter(struct gt_files_source *source, struct gt_files_job *job)
{
    job->next = source->jobs;
    if (job->next != NULL)
        job->next->previous = &job->next;
    job->previous = &source->jobs;
    source->jobs = job;
}

static void run(void *payload)
{
    struct gt_files_job *job = payload;
    if (!atomic_load(&job->stop))
        job->work(job);
}

static void done(void *payload)
{
    struct gt_files_job *job = payload;
    struct gt_tool_call *call = job->call;
    if (call == NULL) {
        json_decref(job->structured);
        json_decref(job->content);
    } else {
        gt_files_job_forget(job);
        if (job->structured != NULL)
            gt_tool_done(call, job->structured, job->content);
        else
            tell_error(call, job);
    }
    gt_arena_free(job->arena);
}

static void cancel(struct gt_tool_call *call)
{
    gt_files_job_forget(call->work);
    gt_tool_fail(call, GT_FAILURE_TIMEOUT, "the files could not be read in time");
}

static void end_call(struct gt_files_job *job)
{
    struct gt_tool_call *call = job->call;
    gt_files_job_forget(job);
    gt_tool_fail(call, GT_FAILURE_CANCELLED, "the source is closed");
}

struct gt_files_job *gt_files_job_new(struct gt_tool_call *call, size_t size)
{
    const struct gt_files_source *source = (const struct gt_files_source *)call->source;
    const struct gt_spot_options options = {source->roots, source->count, source->hidden};
    struct gt_arena *arena = gt_arena_new();
    struct gt_spot place;
    const char *problem;
    enum gt_spot_result result =
        gt_spot_find(arena, &options, json_object_get(call->arguments, "path"), &place, &problem);
    if (result != GT_SPOT_OK) {
        gt_tool_fail(call, result == GT_SPOT_BAD ? GT_FAILURE_ARGUMENTS : GT_FAILURE_DENIED, "%s",
                     problem);
        gt_arena_free(arena);
        return NULL;
    }
    struct gt_files_job *job = gt_alloc(arena, size);
    job->arena = arena;
    job->call = call;
    job->root = gt_strdup(arena, source->roots[place.root]);
    job->below = place.below;
    job->path = gt_spot_path(arena, job->root, job->below);
    atomic_init(&job->stop, false);
    return job;
}

void gt_files_job_start(struct gt_files_job *job)
{
    struct gt_files_source *source = (struct gt_files_source *)job->call->source;
    job->close = end_call;
    gt_files_job_enter(source, job);
    job->call->work = job;
    job->call->cancel = cancel;
    gt_work(source->base.host.workers, run, done, job);
}
