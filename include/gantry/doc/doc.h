/*
 * Source documents: YAML 1.2 (and so JSON) text becomes a json_t and, beside it, a table of marks:
 * JSON pointer -> where the node stands and how it was written. The document is never changed after
 * loading. Plain scalars follow the YAML 1.2 core schema, quoted ones stay strings; the mark keeps
 * the raw text, so that a shape that wants a string gets "012345678901", "no" and "1.10" as typed.
 */
#ifndef GANTRY_DOC_DOC_H
#define GANTRY_DOC_DOC_H

#include <gantry/base/diag.h>

enum gt_style { GT_STYLE_NONE, GT_STYLE_PLAIN, GT_STYLE_QUOTED, GT_STYLE_BLOCK };

struct gt_mark {
    /* Where the value stands. A block map or list that is a map's member stands where its key does,
     * since its own first character is the first key or dash of its content, lines below. */
    struct gt_pos pos;
    enum gt_style style; /* NONE for maps and lists */
    const char *raw;     /* a scalar's text, without quotes and escapes; NULL for maps and lists */
    struct gt_pos key;   /* where the member's key stands; same as pos in a list and for the root */
};

struct gt_marks; /* JSON pointer -> mark */

struct gt_doc {
    const char *name; /* the file's name as the user gave it */
    json_t *root;     /* borrowed from the arena */
    struct gt_marks *marks;
};

/*
 * Parses one YAML document. Errors (each with its position): bad YAML, more than one document,
 * duplicate keys, keys that are no scalars, unknown tags, bytes that are not UTF-8 (UTF-16 with a
 * byte order mark is converted by libyaml), integers outside int64, .inf and .nan, NUL characters,
 * more than 64 levels, more than 1,000,000 nodes after aliases were copied (the alias limit),
 * recursive aliases, merge keys (`<<`, which YAML 1.2 does not have), more than 8 MiB.
 * All errors but those of syntax and size are reported in one pass. Keys are strings as they are
 * typed: `443:` is "443". An empty file is an empty object. Positions refer to a copy of `name` in
 * `arena`, so the sink must not outlive it.
 */
bool gt_doc_parse(struct gt_arena *arena, const char *name, const char *bytes, size_t len,
                  struct gt_doc *out, struct gt_diags *diags);

struct gt_marks *gt_marks_new(struct gt_arena *arena);

/* Sets or replaces a mark; the strings in `mark` are not copied and must live as long as the table.
 */
void gt_marks_set(struct gt_marks *marks, const char *pointer, struct gt_mark mark);

/* The mark of exactly this pointer, or NULL. */
const struct gt_mark *gt_marks_get(const struct gt_marks *marks, const char *pointer);

/* The mark of the longest prefix of `pointer` that has one; NULL only when the table is empty. */
const struct gt_mark *gt_marks_find(const struct gt_marks *marks, const char *pointer);

/* Position of the longest prefix (an empty position where there is none). */
struct gt_pos gt_marks_pos(const struct gt_marks *marks, const char *pointer);

/* Position of the key of the longest prefix: for "unknown key" and the like. */
struct gt_pos gt_marks_key_pos(const struct gt_marks *marks, const char *pointer);

/* Copies every mark at or below `from_pointer` of `from` to `to_pointer` of `to`. */
void gt_marks_graft(struct gt_marks *to, const char *to_pointer, const struct gt_marks *from,
                    const char *from_pointer);

/*
 * Deep merge of `over` into a copy of `base`: objects merge, everything else replaces, null
 * removes. Marks follow: the result's marks name the file that each surviving value came from. A
 * null `over` (an empty `prod:`) changes nothing. Marks may be NULL. New reference.
 */
json_t *gt_doc_merge(const json_t *base, const struct gt_marks *base_marks, const json_t *over,
                     const struct gt_marks *over_marks, struct gt_marks *out_marks);

/* Block-style YAML text of a document; strings that YAML would read as something else are quoted,
 * so that gt_doc_parse gives the same document again (but for strings with NUL characters, which it
 * refuses). Arena string. */
char *gt_doc_print_yaml(struct gt_arena *arena, const json_t *value);

#endif
