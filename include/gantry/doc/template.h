/*
 * References in strings: ${var.NAME}, ${env.NAME}, ${file.PATH}, ${ADDRESS.ATTRIBUTE}; $${ stands
 * for a literal ${. A string that is one reference and nothing else takes the referenced value with
 * its type; otherwise scalars are put into the text.
 */
#ifndef GANTRY_DOC_TEMPLATE_H
#define GANTRY_DOC_TEMPLATE_H

#include <gantry/base/diag.h>

struct gt_template_part {
    const char *text; /* literal text (unescaped), or the expression between the braces, trimmed */
    bool expression;
    size_t offset; /* bytes from the start of the string, for positions */
};

struct gt_template {
    GT_VEC(struct gt_template_part) parts;
};

/* Splits a string. False when a brace is not closed or an expression is empty; `error` gets a
 * message. A string without references is one literal part (or none when empty). */
bool gt_template_parse(struct gt_arena *arena, const char *text, struct gt_template *out,
                       const char **error);

/* Whether the text holds a "${" that is not part of a "$${"; and whether it is one reference and
 * nothing else, so that it may stand for any kind of value. */
bool gt_template_is(const char *text);
bool gt_template_is_whole(const char *text);

/* Whether the document holds an unescaped reference anywhere in its values (a malformed one too).
 */
bool gt_has_refs(const json_t *value);

/* Calls fn for every expression in the document, in document order; pointer is that of the string.
 * Strings with malformed references are passed over: gt_resolve reports them. */
typedef void gt_ref_fn(void *payload, const char *pointer, const char *expression);
void gt_each_ref(struct gt_arena *arena, const json_t *value, gt_ref_fn *fn, void *payload);

enum gt_resolution {
    GT_RESOLVED, /* *value was set: a new reference */
    GT_UNKNOWN,  /* not known yet: the reference stays in the text */
    GT_FAILED    /* a diagnostic was appended */
};

/* Looks one expression up. `pointer` is where it stands. */
typedef enum gt_resolution gt_resolve_fn(void *payload, const char *pointer, const char *expression,
                                         json_t **value, struct gt_diags *diags);

/*
 * A copy of `value` with references replaced. With `final` false (a pass over the manifest: var,
 * env and file), escapes stay escaped and inserted text is escaped, so that a later pass does not
 * read it again; with `final` true `$${` becomes `${` in every string that is wholly resolved (a
 * string with an unknown reference stays as it was). `*unknown` (may be NULL) tells whether any
 * reference was left. Returns a new reference, or NULL when fn failed or a reference is malformed
 * (all failures are reported in one pass). The errors made here have the string's pointer as
 * `subject` and no position, which the caller adds from its marks.
 */
json_t *gt_resolve(struct gt_arena *arena, const json_t *value, bool final, gt_resolve_fn *fn,
                   void *payload, bool *unknown, struct gt_diags *diags);

/* `text` with every "${" as "$${". */
char *gt_template_escape(struct gt_arena *arena, const char *text);

/* `text` with every "$${" as "${": what a text without references stands for. `text` itself where
 * there is none; NULL stays NULL. */
const char *gt_template_unescape(struct gt_arena *arena, const char *text);

#endif
