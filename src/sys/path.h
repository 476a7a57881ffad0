/* Opening folders and bringing what changed in them to the disk. */
#ifndef GANTRY_SRC_SYS_PATH_H
#define GANTRY_SRC_SYS_PATH_H

#include <gantry/base/arena.h>
#include <stdbool.h>

/* Writes a folder's entries to the disk; false with errno set. File systems without it are no
 * error. */
bool gt_folder_sync(const char *folder);

/* Writes all bytes, over interruptions and short writes; false with errno set. */
bool gt_write_all(int fd, const char *bytes, size_t len);

#endif
