/*
 * Scalars between documents and the wire. In documents timestamps are ISO 8601 texts (Unix seconds
 * are read too) and blobs base64 texts, as in the AWS CLI.
 */
#ifndef GANTRY_AWS_SCALAR_H
#define GANTRY_AWS_SCALAR_H

#include <gantry/base/arena.h>
#include <gantry/model/model.h>
#include <stddef.h>

/* How a value is written: its shape, and the format of a timestamp where neither member nor shape
 * has one of its own. */
struct gt_wire_type {
    const struct gt_shape *shape;
    enum gt_timestamp_format member_format, fallback;
};

struct gt_wire_type gt_wire_type(const struct gt_member *member, enum gt_timestamp_format fallback);

/* The format that counts. */
enum gt_timestamp_format gt_wire_time_format(struct gt_wire_type type);

/* The text of a scalar for a URI, a header, a form or XML; NULL when the value is none that fits.
 */
const char *gt_wire_text(struct gt_arena *arena, struct gt_wire_type type, const json_t *value);

/* A document's timestamp (text or number) in Unix milliseconds; false when it is none. */
bool gt_wire_time(const json_t *value, int64_t *unix_ms);

/* A scalar of an answer that came as text, typed by its shape; what does not fit stays a text. New
 * reference, never NULL. */
json_t *gt_wire_value(struct gt_arena *arena, const struct gt_shape *shape, const char *text);

/* A timestamp of an answer (number, ISO 8601, HTTP date) as ISO 8601 text; anything else as it is.
 * New reference. */
json_t *gt_wire_timestamp(struct gt_arena *arena, json_t *value);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7) to Unix milliseconds; false when none.
 */
bool gt_http_date_parse(const char *text, int64_t *unix_ms);

/* Bytes as a document's value: text where they are UTF-8 without NUL, {"base64": "..."} where not.
 * New reference. */
json_t *gt_bytes_value(struct gt_arena *arena, const char *bytes, size_t len);

/* The reverse; false when the value is neither of the two. */
bool gt_value_bytes(struct gt_arena *arena, const json_t *value, const char **bytes, size_t *len);

#endif
