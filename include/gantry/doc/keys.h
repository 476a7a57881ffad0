/*
 * The grammar of a file as tables: Gantry's manifest, gantry-mcp's configuration. One row per key
 * says what it takes, what it is for and how it is checked; unknown-key errors with suggestions,
 * the JSON Schema for editors and the manual read the same rows.
 */
#ifndef GANTRY_DOC_KEYS_H
#define GANTRY_DOC_KEYS_H

#include <gantry/doc/doc.h>
#include <stdint.h>

enum { /* what a key takes; several may be set */
       GT_TAKES_TEXT = 1,
       GT_TAKES_INTEGER = 2,
       GT_TAKES_BOOLEAN = 4,
       GT_TAKES_LIST = 8,    /* of `element` */
       GT_TAKES_FIELDS = 16, /* an object with the keys `fields` */
       GT_TAKES_MAP = 32,    /* an object from names of the file's own to `element` */
       GT_TAKES_ANY = 64,    /* anything: somebody else looks at it */
       GT_TAKES_NUMBER = 128 /* whole or not */
};

enum { /* flags of a key */
       GT_KEY_REQUIRED = 1,
       GT_KEY_LITERAL = 2, /* may not hold references that are not resolved yet: what it says
                              decides what else there is */
       GT_KEY_SECRET = 4   /* never shown in a message; a warning when the file itself holds it */
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
    int64_t min, max;           /* of a number; max 0: no upper bound; both 0: any */
};

/* The row of a name, or NULL. `fields` may be NULL. */
const struct gt_key *gt_key_find(const struct gt_key *fields, const char *name);

struct gt_keys_run {
    struct gt_arena *arena;
    const char *document; /* what the file is: "the manifest" */
    const char *referred; /* what references that are left lead to: "resources"; NULL: they lead
                             nowhere and were reported */
    const struct gt_marks *marks;
    struct gt_marks
        *corrected; /* gets the marks of misspelt keys at their right names; may be NULL */
    struct gt_diags *diags;
    bool overlay; /* a part that is merged over another: nothing is required, null removes */
};

/*
 * Checks `value` against `key` and reports every mistake at its position. Gives a copy in which
 * texts are texts as they were typed (`stack: 012` is "012"); what was wrong is replaced by a
 * reference that later steps pass over, so that one mistake is reported once. Where the mark says
 * that a value was written as a reference, messages show the reference and not what it stands for,
 * which may be a secret. New reference. Codes: wrong-type, bad-name, unknown-value, out-of-range,
 * unknown-key, missing-key, reference-not-allowed; the warning literal-secret.
 */
json_t *gt_keys_check(const struct gt_keys_run *run, const struct gt_key *key, const json_t *value,
                      const char *pointer);

/* A text of the document as a message may show it: where the mark says that it was written as a
 * reference, that, since what it stands for may be a secret. */
const char *gt_marks_shown(const struct gt_marks *marks, const char *pointer, const char *text);

/* A JSON Schema (2020-12) of what `key` takes, for editors. References may stand for any scalar
 * that is not literal. New reference. */
json_t *gt_keys_schema(const struct gt_key *key);
json_t *gt_fields_schema(const struct gt_key *fields); /* of an object with these keys */

/* The keys as a text for people; those below `again` (NULL: none) are described elsewhere in it.
 * Arena string. */
char *gt_keys_manual(struct gt_arena *arena, const struct gt_key *fields, const char *again);

/* Whether the text stands in for something that was reported already: a value of the wrong type, a
 * ${var...} that does not exist. */
bool gt_is_reported(const char *text);

/* Such a text. */
#define GT_REPORTED "${gantry.reported}"

#endif
