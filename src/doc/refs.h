/* References from the inside: what walking a document and resolving it share. */
#ifndef GANTRY_SRC_DOC_REFS_H
#define GANTRY_SRC_DOC_REFS_H

#include <gantry/doc/template.h>

/* The way from the root to a value; made into a pointer only where somebody wants it. */
struct gt_path {
    const struct gt_path *up; /* NULL: the root */
    const char *key;          /* NULL: an element */
    size_t index;
};

/* The JSON pointer of a path; an arena string, "" for NULL. */
const char *gt_path_pointer(struct gt_arena *arena, const struct gt_path *path);

#endif
