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
 * Reads a text of at most `max` bytes. NULL with an error: no such file ("no-file"), not readable,
 * NUL characters or bytes that are not UTF-8 ("file-not-text").
 */
char *gt_file_text(struct gt_arena *arena, const char *path, size_t max, struct gt_diags *diags);

/* For gt_file_write: the mode of the file that is replaced, and 0666 for a new one. */
#define GT_MODE_KEEP (~0u)

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
 * A file that only grows: every write (but gt_append_hand_over) is on disk when it returns. A write that fails is undone (the
 * file is cut back to where it was), so that no half record stays. The parent folder must exist.
 */
struct gt_append;

/* Opens or makes the file; a new one is on disk too. Closed with the arena at the latest. */
bool gt_append_open(struct gt_arena *arena, const char *path, unsigned mode,
                    struct gt_append **append, struct gt_diags *diags);
bool gt_append_write(struct gt_append *append, const char *bytes, size_t len,
                     struct gt_diags *diags);
/* The same without waiting for the disk: it outlasts the process, but not a power failure. */
bool gt_append_hand_over(struct gt_append *append, const char *bytes, size_t len,
                         struct gt_diags *diags);
void gt_append_close(struct gt_append *append); /* NULL is allowed; a second call does nothing */

/* Cuts a file to its first `len` bytes. */
bool gt_file_cut(const char *path, size_t len, struct gt_diags *diags);

/* Makes a folder and its parents with `mode`; one that is there is no error. */
bool gt_folder_make(const char *path, unsigned mode, struct gt_diags *diags);

/* "a/b" of "a/b/c", "." of "c", "/" of "/c"; the last part alone ("c") in *name, which may be NULL.
 */
const char *gt_path_folder(struct gt_arena *arena, const char *path, const char **name);

/* A path as seen from `folder`: itself where it is absolute. */
const char *gt_path_below(struct gt_arena *arena, const char *folder, const char *path);

/* The absolute path without links and dots of a file or folder that is there, else NULL. */
char *gt_path_real(struct gt_arena *arena, const char *path);

/* Removes a file; one that is absent is no error. */
bool gt_file_remove(const char *path, struct gt_diags *diags);

/*
 * Removes a folder (absolute path, none of the parts that count is empty) with all that is in it,
 * and then as many of its parents as `parents` says, each only when it is empty. Links in it are
 * removed and not followed, and neither the folder nor those parents may be links themselves. What
 * cannot be removed stays; nothing is told.
 */
void gt_folder_remove(const char *path, unsigned parents);

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
