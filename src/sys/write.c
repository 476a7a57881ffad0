#include "fault.h"
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <gantry/base/str.h>
#include <gantry/sys/file.h>
#include <gantry/sys/sys.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_LINKS = 40, MAX_NAME = 200, MAX_BACKUP = 1024 * 1024 * 1024 };

/* What is to be written; `path` is the user's, for messages. */
struct job {
    struct gt_arena *scratch;
    const char *path;
    const char *bytes;
    size_t len;
    unsigned mode;
    bool keep_mode; /* exactly so, whatever the umask says */
    struct gt_diags *diags;
};

static bool failed(const struct job *job, int error)
{
    return gt_fault(job->diags, error, "cannot write", job->path);
}

/* The file that a path names in the end, which need not be there yet; NULL with errno set. */
static const char *follow_links(struct gt_arena *arena, const char *path)
{
    for (int i = 0; i < MAX_LINKS; i++) {
        char link[PATH_MAX + 1];
        ssize_t len = readlink(path, link, sizeof(link) - 1);
        if (len < 0)
            return errno == EINVAL || errno == ENOENT ? path : NULL;
        link[len] = '\0';
        const char *name;
        const char *folder = gt_path_folder(arena, path, &name);
        path = link[0] == '/' ? gt_strdup(arena, link) : gt_printf(arena, "%s/%s", folder, link);
    }
    errno = ELOOP;
    return NULL;
}

/* A name beside `path` that nobody else has. */
static const char *temporary(struct gt_arena *arena, const char *path)
{
    const struct gt_sys *sys = gt_sys_real();
    unsigned char random[8];
    sys->random(sys->self, random, sizeof(random));
    const char *name;
    const char *folder = gt_path_folder(arena, path, &name);
    return gt_printf(arena, "%s/.%.*s.%s.tmp", folder, MAX_NAME, name,
                     gt_hex(arena, random, sizeof(random)));
}

/* Makes a new file with the bytes, on disk when this returns; removed again on a failure. */
static bool write_new(const struct job *job, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)job->mode);
    if (fd < 0)
        return failed(job, errno);
    bool written = (!job->keep_mode || fchmod(fd, (mode_t)job->mode) == 0) &&
                   gt_write_all(fd, job->bytes, job->len) && fsync(fd) == 0;
    int error = written ? 0 : errno;
    if (close(fd) != 0 && error == 0)
        error = errno;
    if (error == 0)
        return true;
    unlink(path);
    return failed(job, error);
}

/* Devices, pipes and the like are not replaced but written to. */
static bool write_device(const struct job *job)
{
    int fd = open(job->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return failed(job, errno);
    int error = gt_write_all(fd, job->bytes, job->len) ? 0 : errno;
    if (close(fd) != 0 && error == 0)
        error = errno;
    return error == 0 || failed(job, error);
}

static bool backup_failed(const struct job *job, int error, const char *backup)
{
    return gt_fault(job->diags, error, "cannot keep the former version as", backup);
}

static bool copy_backup(const struct job *job, const char *target, const char *backup)
{
    struct stat info;
    char *bytes;
    size_t len;
    if (gt_file_read(job->scratch, target, MAX_BACKUP, &bytes, &len, job->diags) != GT_READ_OK)
        return false;
    unsigned mode = stat(target, &info) == 0 ? (unsigned)info.st_mode & 0777u : job->mode;
    return gt_file_write(backup, bytes, len, mode, NULL, job->diags);
}

/* Whether a file system, or a rule of the kernel's, only refuses hard links. */
static bool has_no_links(int error)
{
    return error == EPERM || error == EXDEV || error == EMLINK || error == EOPNOTSUPP ||
           error == ENOSYS;
}

static bool keep_backup(const struct job *job, const char *target, const char *backup)
{
    const char *name, *fresh = temporary(job->scratch, backup);
    if (link(target, fresh) != 0) {
        if (errno == ENOENT && access(target, F_OK) != 0)
            return true; /* there is no former version */
        return has_no_links(errno) ? copy_backup(job, target, backup)
                                   : backup_failed(job, errno, backup);
    }
    int error = rename(fresh, backup) == 0 ? 0 : errno;
    unlink(fresh); /* stays when both names are one file already */
    if (error == 0 && !gt_folder_sync(gt_path_folder(job->scratch, backup, &name)))
        error = errno;
    return error == 0 || backup_failed(job, error, backup);
}

static bool replace(const struct job *job, const char *target, const char *backup)
{
    const char *name, *fresh = temporary(job->scratch, target);
    if (!write_new(job, fresh))
        return false;
    if (backup != NULL && !keep_backup(job, target, backup)) {
        unlink(fresh);
        return false;
    }
    if (rename(fresh, target) != 0) {
        int error = errno;
        unlink(fresh);
        return failed(job, error);
    }
    return gt_folder_sync(gt_path_folder(job->scratch, target, &name)) || failed(job, errno);
}

bool gt_file_write(const char *path, const char *bytes, size_t len, unsigned mode,
                   const char *backup, struct gt_diags *diags)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    struct stat info;
    bool there = stat(path, &info) == 0, keep = mode == GT_MODE_KEEP;
    struct job job = {.scratch = scratch, .path = path, .bytes = bytes, .len = len, .diags = diags};
    job.keep_mode = keep && there;
    job.mode = !keep ? mode : there ? (unsigned)info.st_mode & 07777u : 0666u;
    if ((there && S_ISDIR(info.st_mode)) || gt_ends_with(path, "/"))
        return failed(&job, EISDIR);
    if (there && !S_ISREG(info.st_mode))
        return write_device(&job);
    const char *target = follow_links(scratch, path);
    if (target == NULL)
        return failed(&job, errno);
    return replace(&job, target, backup);
}
