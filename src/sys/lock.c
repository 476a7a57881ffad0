#define _GNU_SOURCE /* F_OFD_SETLK */

#include "fault.h"
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <gantry/sys/file.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_HOLDER = 1024 };

struct gt_file_lock {
    int fd; /* -1: unlocked */
};

void gt_file_unlock(struct gt_file_lock *lock)
{
    if (lock == NULL || lock->fd < 0)
        return;
    while (ftruncate(lock->fd, 0) != 0 && errno == EINTR)
        continue; /* the text only helps people, the lock goes with the descriptor */
    close(lock->fd);
    lock->fd = -1;
}

static void unlock_deferred(void *lock)
{
    gt_file_unlock(lock);
}

/* Whether the path still names the file that was opened, and not one that was made since. */
static bool is_same_file(int fd, const char *path)
{
    struct stat open_file, named;
    return fstat(fd, &open_file) == 0 && stat(path, &named) == 0 &&
           open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
}

static char *read_holder(struct gt_arena *arena, int fd)
{
    char text[MAX_HOLDER];
    ssize_t len = pread(fd, text, sizeof(text), 0);
    return gt_strndup(arena, text, len < 0 ? 0 : (size_t)len);
}

/* The first bytes tell who has the lock; a disk that is full must not keep anyone from locking. */
static void write_holder(int fd, const char *holder)
{
    size_t len = strlen(holder) < MAX_HOLDER ? strlen(holder) : MAX_HOLDER;
    if (ftruncate(fd, 0) == 0 && pwrite(fd, holder, len, 0) < 0)
        return;
}

/* One attempt; *again when the file was removed between opening and locking it. */
static enum gt_lock_result try_lock(struct gt_arena *arena, const char *path, int *fd, char **other,
                                    bool *again)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    *again = false;
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
    if (*fd < 0)
        return GT_LOCK_FAILED;
    if (fcntl(*fd, F_OFD_SETLK, &whole) == 0) {
        *again = !is_same_file(*fd, path);
        if (!*again)
            return GT_LOCKED;
        close(*fd);
        return GT_LOCK_FAILED;
    }
    int error = errno;
    bool held = error == EAGAIN || error == EACCES;
    if (held)
        *other = read_holder(arena, *fd);
    close(*fd);
    errno = error;
    return held ? GT_LOCK_HELD : GT_LOCK_FAILED;
}

enum gt_lock_result gt_file_lock(struct gt_arena *arena, const char *path, const char *holder,
                                 struct gt_file_lock **lock, char **other, struct gt_diags *diags)
{
    enum gt_lock_result result;
    bool again;
    int fd;
    do
        result = try_lock(arena, path, &fd, other, &again);
    while (again);
    if (result == GT_LOCK_FAILED) {
        gt_fault(diags, errno, "cannot lock", path);
        return result;
    }
    if (result == GT_LOCK_HELD)
        return result;
    write_holder(fd, holder);
    struct gt_file_lock *taken = GT_NEW(arena, struct gt_file_lock);
    taken->fd = fd;
    gt_arena_defer(arena, unlock_deferred, taken);
    *lock = taken;
    return result;
}
