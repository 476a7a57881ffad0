/*
 * Which file a caller means: a path as the caller wrote it, checked without looking at the disk,
 * becomes an allowed folder and names below it. Pure, but for making a setting absolute.
 */
#ifndef GANTRY_SERVER_FILES_PATHS_H
#define GANTRY_SERVER_FILES_PATHS_H

#include <gantry/base/arena.h>
#include <stdbool.h>

struct gt_spot {
    size_t root;       /* which of the allowed folders */
    const char *below; /* names joined by '/', "" for the folder itself; no empty name, . or .. */
};

enum gt_spot_result {
    GT_SPOT_OK,
    GT_SPOT_BAD,    /* no path: too long, NUL in it */
    GT_SPOT_OUTSIDE /* not below an allowed folder, or it has .. in it, or a hidden name */
};

/* A relative path starts at the first folder, an absolute one must lie below one of them. `roots`
 * are as gt_root_parse gives them. *problem (one line) is set unless the result is OK. */
struct gt_spot_options {
    const char *const *roots;
    size_t count;
    bool hidden; /* names that begin with a dot are allowed */
};
enum gt_spot_result gt_spot_find(struct gt_arena *arena, const struct gt_spot_options *options,
                                 const json_t *path, struct gt_spot *place, const char **problem);

/* "/data/reports" of "/data//x/../reports/"; NULL when the path is not absolute. */
const char *gt_root_parse(struct gt_arena *arena, const char *path);

/* "/data/reports/a.txt". */
const char *gt_spot_path(struct gt_arena *arena, const char *root, const char *below);

/*
 * Whether a path (names joined by '/') matches a glob: * and ? stay inside of a name, ** stands for
 * any number of names, [a-z] and [!a-z] for a character. A pattern without '/' is matched against
 * the last name.
 */
bool gt_path_glob(const char *pattern, const char *path);

#endif
