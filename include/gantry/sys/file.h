/*
 * Files: whole reads with a limit, atomic writes, appends that are on disk when they return, locks.
 */
#ifndef GANTRY_SYS_FILE_H
#define GANTRY_SYS_FILE_H

#include <gantry/base/diag.h>

enum gt_read_result { GT_READ_OK, GT_READ_ABSENT, GT_READ_FAILED };

/*
 * Reads a whole file of at most `max` bytes; *bytes is NUL-terminated in the arena. ABSENT (no such
 * file) is an expected outcome and appends nothing; FAILED appends an error. path "-" is stdin.
 */
enum gt_read_result gt_file_read(struct gt_arena *arena, const char *path, size_t max, char **bytes,
                                 size_t *len, struct gt_diags *diags);

/*
 * Replaces a file: temporary file in the same folder with `mode` (less the umask), write, fsync,
 * rename, fsync of the folder. With `backup` not NULL the former version is kept under that path (a
 * hard link, or a copy where the file system has none). On a failure (full disk too) the former
 * file is untouched. A symbolic link stays one: the file that it names is replaced, in that file's
 * folder. A device or a pipe (/dev/stdout) is written to as it is.
 */
bool gt_file_write(const char *path, const char *bytes, size_t len, unsigned mode,
                   const char *backup, struct gt_diags *diags);

/*
 * A file that only grows: every write is on disk when it returns. A write that fails is undone (the
 * file is cut back to where it was), so that no half record stays. The parent folder must exist.
 */
struct gt_append;

/* Opens or makes the file; a new one is on disk too. Closed with the arena at the latest. */
bool gt_append_open(struct gt_arena *arena, const char *path, unsigned mode,
                    struct gt_append **append, struct gt_diags *diags);
bool gt_append_write(struct gt_append *append, const char *bytes, size_t len,
                     struct gt_diags *diags);
void gt_append_close(struct gt_append *append); /* NULL is allowed; a second call does nothing */

/* Cuts a file to its first `len` bytes. */
bool gt_file_cut(const char *path, size_t len, struct gt_diags *diags);

/* Makes a folder and its parents with `mode`; one that is there is no error. */
bool gt_folder_make(const char *path, unsigned mode, struct gt_diags *diags);

/* The absolute path without links and dots of a file or folder that is there, else NULL. */
char *gt_path_real(struct gt_arena *arena, const char *path);

/* Removes a file; one that is absent is no error. */
bool gt_file_remove(const char *path, struct gt_diags *diags);

/*
 * An exclusive lock on a file by an open file description lock (fcntl(2), F_OFD_SETLK), which the
 * kernel frees when the process ends however it ends. `holder` is written into the file. When
 * another process has it: HELD, and *other gets what that one wrote ("" when it has written nothing
 * yet). The file stays when the lock goes: removing it would let two processes lock two files of
 * one name. A child process that does not exec keeps the lock with its parent. Freed with the arena
 * at the latest.
 */
struct gt_file_lock;
enum gt_lock_result { GT_LOCKED, GT_LOCK_HELD, GT_LOCK_FAILED };
enum gt_lock_result gt_file_lock(struct gt_arena *arena, const char *path, const char *holder,
                                 struct gt_file_lock **lock, char **other, struct gt_diags *diags);
void gt_file_unlock(struct gt_file_lock *lock); /* NULL is allowed; a second call does nothing */

#endif
