/*
 * The grammar of the manifest as tables. One row per key says what it takes, what it is for and how
 * it is checked; unknown-key errors with suggestions, the JSON Schema and the manual read the same
 * rows.
 */
#ifndef GANTRY_STACK_SCHEMA_H
#define GANTRY_STACK_SCHEMA_H

#include <gantry/doc/doc.h>

enum { /* what a key takes; several may be set */
       GT_TAKES_TEXT = 1,
       GT_TAKES_INTEGER = 2,
       GT_TAKES_BOOLEAN = 4,
       GT_TAKES_LIST = 8,    /* of `element` */
       GT_TAKES_FIELDS = 16, /* an object with the keys `fields` */
       GT_TAKES_MAP = 32,    /* an object from names of the manifest's own to `element` */
       GT_TAKES_ANY = 64     /* whatever the API takes: typed by the models later */
};

enum { /* flags of a key */
       GT_KEY_REQUIRED = 1,
       GT_KEY_LITERAL = 2 /* may not refer to resources, since it decides what the resources are */
};

/* How a name or a text must look. */
struct gt_rule {
    const char *pattern; /* full match */
    const char *words;   /* "a letter, then up to 63 letters, digits, '_' and '-'" */
};

struct gt_key {
    const char *name; /* NULL ends a table */
    unsigned takes, flags;
    const char *summary;
    const struct gt_key *fields;
    const struct gt_key *element;
    const char *const *values;  /* the only texts, ends with NULL */
    const struct gt_rule *rule; /* of the text, or of the names of a map */
};

/* The whole manifest: a key that takes fields. */
extern const struct gt_key gt_manifest;

/* The row of a path of names: "gateways", "variables"; NULL when there is none. */
const struct gt_key *gt_key_find(const struct gt_key *fields, const char *name);

struct gt_schema_run {
    struct gt_arena *arena;
    const struct gt_marks *marks;
    struct gt_marks
        *corrected; /* gets the marks of misspelt keys at their right names; may be NULL */
    struct gt_diags *diags;
    bool overlay; /* a part that is merged over another: nothing is required, null removes */
};

/*
 * Checks `value` against `key` and reports every mistake at its position. Gives a copy in which
 * texts are texts as they were typed (`stack: 012` is "012"); what was wrong is replaced by a
 * reference that later steps pass over, so that one mistake is reported once. New reference.
 */
json_t *gt_schema_check(const struct gt_schema_run *run, const struct gt_key *key,
                        const json_t *value, const char *pointer);

/* Whether the text stands in for something that was reported already: a value of the wrong type, a
 * ${var...} that does not exist. */
bool gt_is_reported(const char *text);

/* Such a text. */
#define GT_REPORTED "${gantry.reported}"

#endif
