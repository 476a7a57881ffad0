/*
 * Changes a YAML file as a person would: new lines go where they belong, all other bytes stay as
 * they are, with their comments, order, quotes and line ends. Each change is proved: the new text
 * is parsed, and must be the old document with exactly that change.
 */
#ifndef GANTRY_DOC_EDIT_H
#define GANTRY_DOC_EDIT_H

#include <gantry/doc/doc.h>

struct gt_edit {
    struct gt_arena *arena;
    const char *name; /* of the file, for messages */
    const char *text; /* as it is now, `len` bytes */
    size_t len;
    const json_t *root; /* what it says; borrowed from the arena */
};

/* Parses the text; false with its errors. Only UTF-8 is edited. `text` is borrowed. */
bool gt_edit_begin(struct gt_arena *arena, const char *name, const char *text, size_t len,
                   struct gt_edit *out, struct gt_diags *diags);

/*
 * Adds a member to the map at `pointer`, or with `key` NULL an element to the list there; behind
 * those that are there, in the style that the map or list is written in. What is null or empty
 * takes either. False with an error, and nothing changed, where a member of that name is there
 * ("exists"), or the text cannot be extended without changing something else ("cannot-edit").
 */
bool gt_edit_add(struct gt_edit *edit, const char *pointer, const char *key, const json_t *value,
                 struct gt_diags *diags);

/* Removes the member or element at `pointer`, with the comments that stand in it; those above and
 * below stay. A map or list that has no other one is {} or [] afterwards. */
bool gt_edit_remove(struct gt_edit *edit, const char *pointer, struct gt_diags *diags);

#endif
