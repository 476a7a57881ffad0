#define _GNU_SOURCE /* O_DIRECTORY, O_NOFOLLOW with fdopendir */

#include <dirent.h>
#include <fcntl.h>
#include <gantry/base/str.h>
#include <gantry/sys/file.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH_MAX = 16, FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* Removes a folder below `parent` and what is in it. */
static void remove_tree(int parent, const char *name, int depth)
{
    int fd = openat(parent, name, FOLDER);
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

/* `path` is relative to `parent` and has no empty parts; all but its last part go only when they
 * are empty then. */
static void remove_below(int parent, char *path)
{
    char *slash = strchr(path, '/');
    if (slash == NULL) {
        remove_tree(parent, path, 0);
        return;
    }
    *slash = '\0';
    int fd = openat(parent, path, FOLDER);
    if (fd < 0)
        return;
    remove_below(fd, slash + 1);
    close(fd);
    unlinkat(parent, path, AT_REMOVEDIR);
}

void gt_folder_remove(const char *path, unsigned parents)
{
    struct gt_arena *arena = gt_arena_new();
    char *above = gt_strdup(arena, path), *slash = above + strlen(above);
    for (unsigned i = 0; slash != NULL && i <= parents; i++) {
        char *before = memrchr(above, '/', (size_t)(slash - above));
        bool named = before != NULL && before + 1 < slash && before > above;
        slash = named ? before : NULL;
    }
    if (slash != NULL) {
        *slash = '\0';
        int fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
            remove_below(fd, slash + 1);
            close(fd);
        }
    }
    gt_arena_free(arena);
}
