/*
 * The table of marks from the inside: a tree of reference tokens, so that a builder that walks a
 * document need not make a pointer per node, and a graft costs what it copies.
 */
#ifndef GANTRY_SRC_DOC_MARKS_H
#define GANTRY_SRC_DOC_MARKS_H

#include <gantry/doc/doc.h>

struct gt_marks_node;

struct gt_marks_node *gt_marks_root(struct gt_marks *marks);

/* The node of a member or an element below `parent`; made where it is not there. */
struct gt_marks_node *gt_marks_member(struct gt_marks *marks, struct gt_marks_node *parent,
                                      const char *key);
struct gt_marks_node *gt_marks_element(struct gt_marks *marks, struct gt_marks_node *parent,
                                       size_t index);

void gt_marks_node_set(struct gt_marks_node *node, const struct gt_mark *mark);

/* The same by reading: NULL where there is no such node (or `parent` is NULL). */
const struct gt_marks_node *gt_marks_look(const struct gt_marks *marks,
                                          const struct gt_marks_node *parent, const char *key);
const struct gt_marks_node *gt_marks_look_root(const struct gt_marks *marks);

/* Where the key of a node that has a mark stands. */
struct gt_pos gt_marks_node_key(const struct gt_marks_node *node);

/* Copies a node's own mark, if it has one; NULL is allowed for `from`. */
void gt_marks_copy_own(struct gt_marks_node *to, const struct gt_marks_node *from);

/* Copies the whole branch below and at `from`; `from` may be NULL and must not hold `to`. */
void gt_marks_copy_branch(struct gt_marks *marks, struct gt_marks_node *to,
                          const struct gt_marks_node *from);

#endif
