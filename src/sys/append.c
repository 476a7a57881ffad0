#include "fault.h"
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <gantry/sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct gt_append {
    int fd; /* -1: closed */
    const char *path;
};

void gt_append_close(struct gt_append *append)
{
    if (append == NULL || append->fd < 0)
        return;
    close(append->fd);
    append->fd = -1;
}

static void close_deferred(void *append)
{
    gt_append_close(append);
}

bool gt_append_open(struct gt_arena *arena, const char *path, unsigned mode,
                    struct gt_append **append, struct gt_diags *diags)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, (mode_t)mode);
    if (fd < 0)
        return gt_fault(diags, errno, "cannot write", path);
    struct gt_append *opened = GT_NEW(arena, struct gt_append);
    *opened = (struct gt_append){.fd = fd, .path = gt_strdup(arena, path)};
    gt_arena_defer(arena, close_deferred, opened);
    const char *name;
    if (!gt_folder_sync(gt_path_folder(arena, path, &name))) {
        gt_append_close(opened);
        return gt_fault(diags, errno, "cannot write", path);
    }
    *append = opened;
    return true;
}

/* To the disk; what has no disk behind it (EINVAL) needs none. False with errno set. */
static bool sync_data(int fd)
{
    return fdatasync(fd) == 0 || errno == EINVAL || errno == ENOTSUP;
}

bool gt_file_cut(const char *path, size_t len, struct gt_diags *diags)
{
    return truncate(path, (off_t)len) == 0 || gt_fault(diags, errno, "cannot write", path);
}

static bool append_bytes(struct gt_append *append, const char *bytes, size_t len, bool sync,
                         struct gt_diags *diags)
{
    struct stat before;
    if (fstat(append->fd, &before) != 0)
        return gt_fault(diags, errno, "cannot write", append->path);
    if (gt_write_all(append->fd, bytes, len) && (!sync || sync_data(append->fd)))
        return true;
    int error = errno;
    if (S_ISREG(before.st_mode) &&
        (ftruncate(append->fd, before.st_size) != 0 || !sync_data(append->fd)))
        gt_warning(diags, "file-error", "%s may end in a part of a record: %s", append->path,
                   gt_fault_text(diags->arena, errno));
    return gt_fault(diags, error, "cannot write", append->path);
}

bool gt_append_write(struct gt_append *append, const char *bytes, size_t len,
                     struct gt_diags *diags)
{
    return append_bytes(append, bytes, len, true, diags);
}

bool gt_append_hand_over(struct gt_append *append, const char *bytes, size_t len,
                         struct gt_diags *diags)
{
    return append_bytes(append, bytes, len, false, diags);
}
