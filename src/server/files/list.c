/* The tool type `file-list`: what is in a folder, in the order of the names. */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MAX_ENTRIES = 1000,
    DEPTH_MAX = 32,
    NAMES_MAX = 100000, /* of one folder that are looked at */
    SEEN_MAX = 1000000  /* of all */
};

struct listing {
    struct gt_files_job job; /* first */
    const char *pattern;     /* NULL: everything */
    int64_t depth, max_entries;
    bool hidden;
    json_t *entries;
    int64_t seen;
    bool truncated;
};

struct folder { /* while it is listed */
    struct gt_arena *arena;
    DIR *stream;
    const char *below; /* the listed folder */
    int64_t depth;     /* levels that are left */
    GT_VEC(const char *) names;
};

static const struct gt_key keys[] = {
    GT_FILES_PERMISSIONS,
    {.name = "max_entries",
     .takes = GT_TAKES_INTEGER,
     .min = 1,
     .max = 100000,
     .summary = "entries that one call returns at the most (1000)"},
    {.name = "max_depth",
     .takes = GT_TAKES_INTEGER,
     .min = 1,
     .max = DEPTH_MAX,
     .summary = "how deep folders in folders are listed at the most (32)"},
    {.name = NULL},
};

/* -- the configuration -- */

static json_t *input_schema(const char *about, int64_t max_entries, int64_t max_depth)
{
    return json_pack(
        "{s:s, s:{s:{s:s, s:s, s:s}, s:{s:s, s:s, s:b}, s:{s:s, s:s, s:i, s:I}, s:{s:s, s:s, s:i}, "
        "s:{s:s, s:s, s:i, s:I}}, s:b}",
        "type", "object", "properties",                                                       //
        "path", "type", "string", "description", about, "default", ".",                       //
        "recursive", "type", "boolean", "description", "folders in it as well", "default", 0, //
        "depth", "type", "integer", "description",
        "how many levels, where it is recursive: 1 is the folder alone", "minimum", 1, "maximum",
        (json_int_t)max_depth, //
        "pattern", "type", "string", "description",
        "only what matches: *.csv by the name, 2024/**/*.csv by the path below the folder",
        "maxLength", 512, //
        "max_entries", "type", "integer", "description", "how many entries at the most", "minimum",
        1, "maximum", (json_int_t)max_entries, //
        "additionalProperties", 0);
}

static json_t *output_schema(void)
{
    json_t *entry = json_pack(
        "{s:s, s:{s:{s:s}, s:{s:s, s:[s, s, s, s]}, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s}}, "
        "s:[s, s, s]}",
        "type", "object", "properties", "path", "type", "string", "type", "type", "string", "enum",
        "file", "folder", "link", "other", "size", "type", "integer", "description",
        "of a file, in bytes", "modified", "type", "string", "description",
        "when it was last changed", "unreadable", "type", "boolean", "description",
        "true for a folder that could not be looked into", "required", "path", "type", "modified");
    return json_pack("{s:s, s:{s:{s:s, s:s}, s:{s:s, s:o}, s:{s:s, s:s}}, s:[s, s, s]}", "type",
                     "object", "properties", "path", "type", "string", "description", "the folder",
                     "entries", "type", "array", "items", entry, "truncated", "type", "boolean",
                     "description", "whether there are more", "required", "path", "entries",
                     "truncated");
}

static bool prepare(struct gt_config *config, struct gt_tool *tool, struct gt_diags *diags)
{
    (void)diags;
    json_t *input = input_schema(gt_files_about(config, tool),
                                 gt_files_number(tool->settings, "max_entries", MAX_ENTRIES),
                                 gt_files_number(tool->settings, "max_depth", DEPTH_MAX));
    tool->input_schema = gt_keep(config->arena, input);
    tool->output_schema = gt_keep(config->arena, output_schema());
    tool->annotations = (struct gt_annotations){
        .read_only = true, .destructive = false, .idempotent = true, .open_world = false};
    return true;
}

/* -- in the thread -- */

static const char *type_of(mode_t mode)
{
    return S_ISREG(mode) ? "file" : S_ISDIR(mode) ? "folder" : S_ISLNK(mode) ? "link" : "other";
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void read_names(struct listing *listing, struct folder *folder)
{
    const struct dirent *entry;
    while (!atomic_load(&listing->job.stop) && (entry = readdir(folder->stream)) != NULL) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (*name == '.' && !listing->hidden))
            continue;
        if (folder->names.len == NAMES_MAX || ++listing->seen > SEEN_MAX) {
            listing->truncated = true;
            break;
        }
        *GT_PUSH(folder->arena, &folder->names) = gt_strdup(folder->arena, name);
    }
    if (folder->names.len > 1)
        qsort(folder->names.at, folder->names.len, sizeof(*folder->names.at), by_name);
}

/* Names are bytes; one that is no UTF-8 is shown as well as it can be. */
static json_t *path_json(struct gt_arena *arena, const char *path)
{
    json_t *text = json_string(path);
    return text != NULL ? text : json_string(gt_one_line(arena, path, strlen(path) + 1));
}

static json_t *add_entry(struct listing *listing, struct gt_arena *arena, const char *path,
                         const struct stat *status)
{
    const struct timespec *modified = &status->st_mtim;
    json_t *entry = json_pack(
        "{s:o, s:s, s:s}", "path", path_json(arena, path), "type", type_of(status->st_mode),
        "modified",
        gt_time_iso(arena, (int64_t)modified->tv_sec * 1000 + modified->tv_nsec / 1000000));
    if (S_ISREG(status->st_mode))
        json_object_set_new(entry, "size", json_integer(status->st_size));
    json_array_append_new(listing->entries, entry);
    return entry;
}

static bool goes_on(const struct listing *listing)
{
    return !listing->truncated && !atomic_load(&listing->job.stop);
}

static bool list_folder(struct listing *listing, int fd, const char *below, int64_t depth);

static void list_name(struct listing *listing, struct folder *folder, const char *name)
{
    const char *path =
        *folder->below == '\0' ? name : gt_printf(folder->arena, "%s/%s", folder->below, name);
    struct stat status;
    json_t *entry = NULL;
    if (fstatat(dirfd(folder->stream), name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return; /* gone meanwhile */
    if (listing->pattern == NULL || gt_path_glob(listing->pattern, path)) {
        if ((int64_t)json_array_size(listing->entries) == listing->max_entries) {
            listing->truncated = true;
            return;
        }
        entry = add_entry(listing, folder->arena,
                          gt_spot_path(folder->arena, listing->job.path, path), &status);
    }
    if (!S_ISDIR(status.st_mode) || folder->depth <= 1)
        return;
    int fd = gt_beneath_enter(dirfd(folder->stream), name);
    bool listed = fd >= 0 && list_folder(listing, fd, path, folder->depth - 1);
    if (!listed && entry != NULL)
        json_object_set_new(entry, "unreadable", json_true());
}

/* Takes the descriptor. False when the folder cannot be read. */
static bool list_folder(struct listing *listing, int fd, const char *below, int64_t depth)
{
    struct folder folder = {.arena = gt_arena_new(), .below = below, .depth = depth};
    folder.stream = fdopendir(fd);
    if (folder.stream == NULL) {
        close(fd);
        gt_arena_free(folder.arena);
        return false;
    }
    read_names(listing, &folder);
    bool cut = listing->truncated; /* the names that there are still count */
    listing->truncated = false;
    for (size_t i = 0; i < folder.names.len && goes_on(listing); i++)
        list_name(listing, &folder, folder.names.at[i]);
    listing->truncated |= cut;
    closedir(folder.stream);
    gt_arena_free(folder.arena);
    return true;
}

static void work(struct gt_files_job *job)
{
    struct listing *listing = (struct listing *)job;
    int root = gt_files_job_root(job);
    if (root < 0)
        return;
    int fd = gt_beneath_folder(root, job->below, job->means);
    if (fd < 0)
        job->error = errno;
    close(root);
    if (fd < 0)
        return;
    listing->entries = json_array();
    if (!list_folder(listing, fd, "", listing->depth))
        job->error = errno;
    job->structured = json_pack("{s:o, s:o, s:b}", "path", path_json(job->arena, job->path),
                                "entries", listing->entries, "truncated", listing->truncated);
}

/* -- a call -- */

static void run(struct gt_tool_call *call)
{
    const struct gt_files_source *source = (const struct gt_files_source *)call->source;
    struct listing *listing = (struct listing *)gt_files_job_new(call, sizeof(struct listing));
    if (listing == NULL)
        return;
    int64_t max_depth = gt_files_number(call->tool->settings, "max_depth", DEPTH_MAX);
    listing->job.work = work;
    listing->hidden = source->hidden;
    listing->pattern = gt_strdup(listing->job.arena, gt_text_at(call->arguments, "/pattern"));
    listing->max_entries =
        gt_files_number(call->arguments, "max_entries",
                        gt_files_number(call->tool->settings, "max_entries", MAX_ENTRIES));
    listing->depth = json_is_true(json_object_get(call->arguments, "recursive"))
                         ? gt_files_number(call->arguments, "depth", max_depth)
                         : 1;
    gt_files_job_start(&listing->job);
}

const struct gt_tool_type gt_tool_file_list = {
    .name = "file-list",
    .summary = "lists what is in a folder",
    .category = "files",
    .source = &gt_source_filesystem,
    .own_source = true,
    .keys = keys,
    .prepare = prepare,
    .run = run,
};
