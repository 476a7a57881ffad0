/* Where the values of a YAML text stand, in bytes: what edits of the text need to know. */
#ifndef GANTRY_SRC_DOC_LAYOUT_H
#define GANTRY_SRC_DOC_LAYOUT_H

#include <gantry/base/arena.h>
#include <stdbool.h>

enum gt_place_kind { GT_PLACE_SCALAR, GT_PLACE_ALIAS, GT_PLACE_LIST, GT_PLACE_MAP };

struct gt_place {
    enum gt_place_kind kind;
    bool block;      /* a map or list written without brackets */
    bool marked;     /* has an anchor or a tag */
    const char *key; /* of a map's member; NULL in a list */
    size_t key_start, key_end;
    size_t start, end; /* of the value; a block map or list ends with its last value */
    struct gt_place *up;
    GT_VEC(struct gt_place *) parts; /* of a map or list */
};

/* The places of a text that parses; NULL when it is empty, or not in UTF-8. */
struct gt_place *gt_layout(struct gt_arena *arena, const char *text, size_t len);

/* The place of a JSON pointer, or NULL; nothing is found behind an alias. */
struct gt_place *gt_place_find(struct gt_place *root, const char *pointer);

#endif
