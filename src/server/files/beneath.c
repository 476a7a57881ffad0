#define _GNU_SOURCE /* O_PATH, syscall */
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TRIES = 8 };

static void close_kept(int fd) /* errno stays */
{
    int code = errno;
    if (fd >= 0)
        close(fd);
    errno = code;
}

int gt_beneath_root(const char *path)
{
    return open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* One name: no link, wherever it leads. With O_PATH the link itself would be opened. */
static int open_name(int folder, const char *name, int flags)
{
    struct stat status;
    int fd = openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || (flags & O_PATH) == 0)
        return fd;
    if (fstat(fd, &status) == 0 && !S_ISLNK(status.st_mode))
        return fd;
    errno = ELOOP;
    close_kept(fd);
    return -1;
}

static int walk(int root, const char *below, int flags)
{
    int folder = root;
    for (;;) {
        char name[NAME_MAX + 1];
        size_t len = strcspn(below, "/");
        bool last = below[len] == '\0';
        int fd = -1;
        if (len > NAME_MAX) {
            errno = ENAMETOOLONG;
        } else if (len == 0 || (len == 2 && memcmp(below, "..", 2) == 0)) {
            errno = EXDEV;
        } else {
            memcpy(name, below, len);
            name[len] = '\0';
            fd = open_name(folder, name, last ? flags : O_PATH);
        }
        if (folder != root)
            close_kept(folder);
        if (fd < 0 || last)
            return fd;
        folder = fd;
        below += len + 1;
    }
}

static int by_openat2(int root, const char *below, int flags)
{
    struct open_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_NOFOLLOW | O_CLOEXEC),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    int fd = -1;
    for (int i = 0; i < TRIES; i++) {
        fd = (int)syscall(SYS_openat2, root, below, &how, sizeof(how));
        if (fd >= 0 || errno != EAGAIN) /* something was renamed meanwhile */
            break;
    }
    return fd;
}

static int open_below(int root, const char *below, int flags, enum gt_beneath_means means)
{
    if (means == GT_BENEATH_WALK)
        return walk(root, below, flags);
    int fd = by_openat2(root, below, flags);
    /* An old kernel; a filter on system calls, as containers have them. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == EAGAIN))
        fd = walk(root, below, flags);
    if (fd < 0 || (flags & O_PATH) == 0)
        return fd;
    struct stat status;
    if (fstat(fd, &status) == 0 && !S_ISLNK(status.st_mode))
        return fd;
    errno = ELOOP;
    close_kept(fd);
    return -1;
}

static int kind_error(mode_t mode)
{
    return S_ISREG(mode) ? 0 : S_ISDIR(mode) ? EISDIR : ENXIO;
}

/* Whether the descriptor is a regular file; else it is closed and errno says what it is. */
static bool is_file(int fd, struct stat *status)
{
    int code = fstat(fd, status) == 0 ? kind_error(status->st_mode) : errno;
    if (code == 0)
        return true;
    close(fd);
    errno = code;
    return false;
}

int gt_beneath_file(int root, const char *below, enum gt_beneath_means means, struct stat *status)
{
    if (*below == '\0') {
        errno = EISDIR;
        return -1;
    }
    /* First what it is: opening a pipe or a device for reading does something to it. */
    int seen = open_below(root, below, O_PATH, means);
    if (seen < 0 || !is_file(seen, status))
        return -1;
    close(seen);
    int fd = open_below(root, below, O_RDONLY | O_NONBLOCK | O_NOCTTY, means);
    return fd >= 0 && is_file(fd, status) ? fd : -1;
}

int gt_beneath_folder(int root, const char *below, enum gt_beneath_means means)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC;
    if (*below == '\0')
        return openat(root, ".", flags);
    int seen = open_below(root, below, O_PATH, means);
    if (seen < 0)
        return -1;
    int fd = openat(seen, ".", flags);
    close_kept(seen);
    return fd;
}

int gt_beneath_enter(int folder, const char *name)
{
    return open_name(folder, name, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
}
