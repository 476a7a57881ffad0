/* State folders of those who use a cloud that keeps nothing: they go with it. */
#include "cloud.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 4, FOLDERS_MAX = 1000 };

bool gt_folders_add(struct gt_local *local, const char *path, const char **problem)
{
    /* Nothing but what is named after this very cloud is ever removed. */
    const char *end = gt_printf(local->arena, "/.gantry/local/%s", local->id);
    *problem = NULL;
    if (local->options.state_folder != NULL)
        *problem = "this cloud keeps its state, so the folder stays";
    else if (path == NULL || *path != '/' || !gt_ends_with(path, end) ||
             strstr(path, "/../") != NULL)
        *problem = "\"path\" must be an absolute path that ends with .gantry/local and this "
                   "cloud's id";
    else if (json_array_size(local->folders) >= FOLDERS_MAX)
        *problem = "there are too many folders";
    if (*problem != NULL)
        return false;
    json_array_append_new(local->folders, json_string(path));
    return true;
}

/* Removes a folder below `parent` and what is in it; links are removed, not followed. */
static void remove_tree(int parent, const char *name, int depth)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (folder == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (gt_streq(entry->d_name, ".") || gt_streq(entry->d_name, ".."))
            continue;
        if (unlinkat(fd, entry->d_name, 0) != 0 && depth < DEPTH_MAX)
            remove_tree(fd, entry->d_name, depth + 1);
    }
    closedir(folder);
    unlinkat(parent, name, AT_REMOVEDIR);
}

void gt_folders_remove(struct gt_local *local)
{
    size_t index;
    json_t *path;
    json_array_foreach(local->folders, index, path)
    {
        remove_tree(AT_FDCWD, json_string_value(path), 0);
        /* .gantry/local and .gantry, when nothing else is in them. */
        char *up = gt_strdup(local->arena, json_string_value(path));
        for (int i = 0; i < 2; i++) {
            *strrchr(up, '/') = '\0';
            rmdir(up);
        }
    }
}
