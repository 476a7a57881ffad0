#define _XOPEN_SOURCE 700 /* realpath */
#include "path.h"

#include <gantry/base/str.h>
#include <gantry/sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *gt_path_folder(struct gt_arena *arena, const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    if (name != NULL)
        *name = slash == NULL ? path : slash + 1;
    if (slash == NULL)
        return ".";
    return slash == path ? "/" : gt_strndup(arena, path, (size_t)(slash - path));
}

const char *gt_path_below(struct gt_arena *arena, const char *folder, const char *path)
{
    return path[0] == '/' || gt_streq(folder, ".") ? path : gt_printf(arena, "%s/%s", folder, path);
}

char *gt_path_real(struct gt_arena *arena, const char *path)
{
    char *real = realpath(path, NULL);
    char *copy = gt_strdup(arena, real);
    free(real);
    return copy;
}

bool gt_folder_sync(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES; /* a folder may be writable and not readable */
    int error = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
    close(fd);
    errno = error;
    return error == 0;
}

bool gt_write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, bytes, len);
        if (put < 0 && errno != EINTR)
            return false;
        if (put > 0) {
            bytes += put;
            len -= (size_t)put;
        }
    }
    return true;
}
