/*
 * Values between JSON and PostgreSQL's text format. Pure. Source: PostgreSQL manual, "Data Types",
 * "Array Input and Output Syntax"; the OIDs of pg_type.dat.
 */
#ifndef GANTRY_SERVER_POSTGRES_VALUES_H
#define GANTRY_SERVER_POSTGRES_VALUES_H

#include <gantry/base/buf.h>

/*
 * Writes a value as it came as JSON, by the OID of its type: booleans, integers and floats are
 * JSON's own (NaN, infinities and integers beyond 2^53, of which clients would lose digits, are
 * text), json and jsonb are what they say, bytea is base64, timestamps are as in RFC 3339 where
 * they have such a form, arrays of these are arrays. numeric is text, so that no digit is lost, and
 * so is every other type. Bytes that are no UTF-8 are replaced by U+FFFD. There are no line breaks
 * in what is written.
 */
void gt_pg_write_value(struct gt_buf *out, unsigned oid, const char *text, size_t len);

/* The type's name for people and models: "integer", "timestamptz"; "other" where it is not known.
 */
const char *gt_pg_type_name(unsigned oid);

/* A text in which what is no UTF-8 is U+FFFD; the text itself where nothing is. */
const char *gt_pg_clean(struct gt_arena *arena, const char *text);

/*
 * A JSON value as the text of a parameter; the server types it. NULL for null, and with *problem
 * set (one line) for what cannot be sent: a text with a NUL character. Arrays become array
 * literals, objects JSON; a number has no more digits than it needs, and 5.0 is 5.
 */
const char *gt_pg_parameter(struct gt_arena *arena, const json_t *value, const char **problem);

#endif
