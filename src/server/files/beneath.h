/*
 * Opening what lies below a folder and nothing else, whatever happens to the names meanwhile: by
 * descriptors, without following a link. Source: openat2(2), path_resolution(7).
 */
#ifndef GANTRY_SERVER_FILES_BENEATH_H
#define GANTRY_SERVER_FILES_BENEATH_H

#include <stdbool.h>
#include <sys/stat.h>

enum gt_beneath_means {
    GT_BENEATH_BEST, /* openat2 where the kernel has it and lets it be used */
    GT_BENEATH_WALK  /* name by name, as where it does not */
};

/*
 * The allowed folder itself: a descriptor (O_PATH) or -1 with errno. Its path is followed as any
 * other, but its last name must not be a link (ENOTDIR, ELOOP): who may write beside the folder
 * cannot put another one in its place by a link. Opened for each call, as the folder may be
 * replaced.
 */
int gt_beneath_root(const char *path);

/*
 * Opens a regular file below `root` for reading, without waiting: a descriptor and what it is, or
 * -1 with errno: ELOOP or EXDEV for a link or anything that leads out of the folder, EISDIR for a
 * folder, ENXIO for what is neither (it is not opened). `below` is as in struct gt_spot.
 */
int gt_beneath_file(int root, const char *below, enum gt_beneath_means means, struct stat *status);

/* The same for a folder ("": the root's own), to list it. */
int gt_beneath_folder(int root, const char *below, enum gt_beneath_means means);

/* A folder by its name in another one that is open; no link. */
int gt_beneath_enter(int folder, const char *name);

#endif
