/* State folders of those who use a cloud that keeps nothing: they go with it. */
#include "cloud.h"

#include <gantry/sys/file.h>
#include <string.h>

enum {
    FOLDERS_MAX = 1000,
    PARENTS = 2 /* .gantry/local and .gantry, when nothing else is there */
};

static bool is_known(const struct gt_local *local, const char *path)
{
    size_t index;
    json_t *known;
    json_array_foreach(local->folders, index, known)
    {
        if (gt_streq(json_string_value(known), path))
            return true;
    }
    return false;
}

bool gt_folders_add(struct gt_local *local, const char *path, const char **problem)
{
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    /* Nothing but what is named after this very cloud is ever removed. */
    const char *end = gt_printf(arena, "/.gantry/local/%s", local->id);
    *problem = NULL;
    if (is_known(local, path)) /* every command of a manifest's folder says so again */
        return true;
    if (local->options.state_folder != NULL)
        *problem = "this cloud keeps its state, so the folder stays";
    else if (path == NULL || *path != '/' || !gt_ends_with(path, end) ||
             strstr(path, "/../") != NULL || strstr(path, "//") != NULL)
        *problem = "\"path\" must be an absolute path that ends with .gantry/local and this "
                   "cloud's id";
    else if (json_array_size(local->folders) >= FOLDERS_MAX)
        *problem = "there are too many folders";
    if (*problem != NULL)
        return false;
    json_array_append_new(local->folders, json_string(path));
    if (local->options.supervisor != NULL) /* also when this cloud is killed */
        gt_supervisor_remove_folder_at_end(local->options.supervisor, path, PARENTS);
    return true;
}

void gt_folders_remove(struct gt_local *local)
{
    size_t index;
    json_t *path;
    json_array_foreach(local->folders, index, path)
        gt_folder_remove(json_string_value(path), PARENTS);
}
