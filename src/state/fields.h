/*
 * Members of a document bound to members of a struct by a table: the one description that the
 * writer, the reader and its checks share.
 */
#ifndef GANTRY_STATE_FIELDS_H
#define GANTRY_STATE_FIELDS_H

#include <gantry/base/arena.h>
#include <stdbool.h>

enum field_kind {
    FIELD_TEXT,   /* const char *, not empty */
    FIELD_OBJECT, /* json_t * */
    FIELD_ARRAY,  /* json_t * */
    FIELD_TEXTS,  /* json_t *, an array of strings */
    FIELD_ANY,    /* json_t *, null too */
    FIELD_BOOL,   /* bool; false is left out */
    FIELD_INT,    /* json_int_t, not negative */
    FIELD_TIME    /* int64_t, Unix milliseconds */
};

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset; /* FIELD_UNBOUND: only checked; the caller reads and writes it */
    bool required;
};
#define FIELD_UNBOUND ((size_t)-1)

/* Adds the members of `from` that are set to `object`. */
void gt_fields_write(const struct field *fields, size_t count, const void *from, json_t *object);

/*
 * Reads `object` into `to`; documents are borrowed from it, texts copied into the arena. NULL when
 * all is well, else what is wrong ("\"serial\" is not an integer") in the arena; a member that is
 * not in the table is wrong too.
 */
const char *gt_fields_read(struct gt_arena *arena, const struct field *fields, size_t count,
                           const json_t *object, void *to);

#endif
