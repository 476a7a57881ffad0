/*
 * Between libyaml and the document: the nodes of a YAML text with their places. An alias is the
 * node that it names, so the nodes form a graph without cycles; building the document copies them.
 */
#ifndef GANTRY_SRC_DOC_NODE_H
#define GANTRY_SRC_DOC_NODE_H

#include "scalar.h"

#include <gantry/doc/doc.h>

enum { GT_DOC_MAX_DEPTH = 64, GT_DOC_MAX_NODES = 1000000, GT_DOC_MAX_BYTES = 8 * 1024 * 1024 };

enum gt_node_kind { GT_NODE_SCALAR, GT_NODE_LIST, GT_NODE_MAP };

struct gt_node_member {
    struct gt_node *key; /* NULL in a list */
    struct gt_node *value;
    struct gt_pos at; /* of the key, or of the element; an alias's own place */
    struct gt_node_member *next;
};

struct gt_node {
    enum gt_node_kind kind;
    enum gt_style style; /* of a scalar */
    bool block;          /* a map or list written without brackets */
    bool open;           /* its end has not been read yet */
    bool checked;        /* its keys have been compared */
    struct gt_pos pos;
    const char *text; /* of a scalar */
    struct gt_core value;
    struct gt_node_member *first, *last;
};

/* A source text: its name, and its bytes to find characters in. */
struct gt_source {
    const char *name;
    const char *bytes;
    size_t len;
};

/*
 * Reads the nodes of one document; *root is NULL when the text holds none. Scalars' texts live in
 * `arena`, nodes in `scratch`. False when anything was wrong; *whole tells whether the text was
 * read to its end nevertheless, so that `*root` is worth looking at for more errors.
 */
struct gt_node_reader {
    struct gt_arena *arena, *scratch;
    const struct gt_source *source;
    struct gt_diags *diags;
};
bool gt_nodes_read(const struct gt_node_reader *reader, struct gt_node **root, bool *whole);

/*
 * Makes the document of a graph of nodes: the values, and the marks in `marks`. NULL with errors
 * when keys are there twice or limits are passed. New reference.
 */
json_t *gt_nodes_build(struct gt_node *root, struct gt_marks *marks, struct gt_diags *diags);

/* User's text for a message: control characters escaped, cut after some 60 bytes. */
const char *gt_doc_shown(struct gt_arena *arena, const char *text);

#endif
