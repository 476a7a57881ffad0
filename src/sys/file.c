#include "fault.h"
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <gantry/base/str.h>
#include <gantry/sys/file.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_ROOM = 16 * 1024 };

struct bytes {
    char *at;
    size_t len, cap; /* cap leaves one byte for the NUL */
};

static void make_room(struct gt_arena *arena, struct bytes *bytes)
{
    size_t cap = bytes->cap * 2;
    char *moved = gt_alloc(arena, cap + 1);
    memcpy(moved, bytes->at, bytes->len);
    bytes->at = moved;
    bytes->cap = cap;
}

/* Reads to the end, or until there are more than max bytes; false with errno set. */
static bool read_all(struct gt_arena *arena, int fd, size_t max, struct bytes *bytes)
{
    struct stat info;
    bool known = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0;
    size_t size = known ? (size_t)info.st_size : FIRST_ROOM;
    bytes->cap = (size <= max ? size : max) + 1; /* the last read must be able to find the end */
    bytes->at = gt_alloc(arena, bytes->cap + 1);
    while (bytes->len <= max) {
        if (bytes->len == bytes->cap)
            make_room(arena, bytes);
        ssize_t got = read(fd, bytes->at + bytes->len, bytes->cap - bytes->len);
        if (got == 0)
            return true;
        if (got < 0 && errno != EINTR)
            return false;
        if (got > 0)
            bytes->len += (size_t)got;
    }
    return true;
}

enum gt_read_result gt_file_read(struct gt_arena *arena, const char *path, size_t max, char **bytes,
                                 size_t *len, struct gt_diags *diags)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return GT_READ_ABSENT;
    struct bytes read = {0};
    bool good = fd >= 0 && read_all(arena, fd, max, &read);
    int error = errno;
    if (fd >= 0 && !standard)
        close(fd);
    if (!good) {
        gt_fault(diags, error, "cannot read", standard ? "standard input" : path);
        return GT_READ_FAILED;
    }
    if (read.len > max) {
        gt_error(diags, "file-too-large", "%s is larger than %zu bytes",
                 standard ? "standard input" : path, max);
        return GT_READ_FAILED;
    }
    read.at[read.len] = '\0';
    *bytes = read.at;
    *len = read.len;
    return GT_READ_OK;
}

char *gt_file_text(struct gt_arena *arena, const char *path, size_t max, struct gt_diags *diags)
{
    char *bytes = NULL;
    size_t len = 0;
    enum gt_read_result result = gt_file_read(arena, path, max, &bytes, &len, diags);
    if (result == GT_READ_ABSENT)
        gt_error(diags, "no-file", "there is no file %s", path);
    if (result != GT_READ_OK)
        return NULL;
    if (strlen(bytes) == len && gt_utf8_length(bytes) >= 0)
        return bytes;
    gt_error(diags, "file-not-text", "%s is not a text in UTF-8", path);
    return NULL;
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Makes the folders of a path from the top; false with errno set and *failed the folder's path. */
static bool make_folders(struct gt_arena *arena, const char *path, unsigned mode,
                         const char **failed)
{
    if (is_folder(path))
        return true;
    const char *name;
    const char *parent = gt_path_folder(arena, path, &name);
    if (strcmp(parent, path) != 0 && !make_folders(arena, parent, mode, failed))
        return false;
    *failed = path;
    if (name[0] == '\0') /* "a/": the parent is the folder itself */
        return true;
    if (mkdir(path, (mode_t)mode) == 0)
        return gt_folder_sync(parent);
    if (errno != EEXIST)
        return false;
    errno = ENOTDIR;
    return is_folder(path); /* someone else may have made it in the meantime */
}

bool gt_folder_make(const char *path, unsigned mode, struct gt_diags *diags)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    const char *failed = path;
    if (make_folders(scratch, path, mode, &failed))
        return true;
    return gt_fault(diags, errno, "cannot make the folder", failed);
}

bool gt_file_remove(const char *path, struct gt_diags *diags)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    const char *name;
    if (unlink(path) != 0)
        return errno == ENOENT || gt_fault(diags, errno, "cannot remove", path);
    if (!gt_folder_sync(gt_path_folder(scratch, path, &name)))
        return gt_fault(diags, errno, "cannot remove", path);
    return true;
}
