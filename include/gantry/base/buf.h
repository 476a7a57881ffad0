/*
 * A growing byte buffer with a stated maximum. Writes are sticky: once a write would pass the
 * maximum the buffer is `overflow`, later writes do nothing, and the caller asks once at the end.
 */
#ifndef GANTRY_BASE_BUF_H
#define GANTRY_BASE_BUF_H

#include <gantry/base/arena.h>
#include <stdbool.h>

struct gt_buf {
    char *ptr; /* always NUL-terminated once written to; NULL when empty */
    size_t len, cap, max;
    bool overflow;
};

/* An empty buffer that may hold `max` bytes. Freed with gt_buf_done. */
struct gt_buf gt_buf_init(size_t max);
void gt_buf_done(struct gt_buf *buf);

/* Like gt_buf_done, and wipes the bytes first: for bodies and headers that hold secrets. */
void gt_buf_wipe(struct gt_buf *buf);

void gt_buf_add(struct gt_buf *buf, const void *bytes, size_t len);
void gt_buf_adds(struct gt_buf *buf, const char *text);
void gt_buf_addc(struct gt_buf *buf, char c);
void gt_buf_addf(struct gt_buf *buf, const char *format, ...) GT_PRINTF(2, 3);

/* The text of a document, with jansson's flags (JSON_COMPACT). */
void gt_buf_add_json(struct gt_buf *buf, const json_t *document, size_t flags);

/* A JSON string of UTF-8 bytes, with its quotes. Source: RFC 8259 section 7. */
void gt_buf_add_quoted(struct gt_buf *buf, const char *text, size_t len);

/* The text so far ("" when nothing was written); borrowed. */
const char *gt_buf_text(const struct gt_buf *buf);

/* Overwrites memory in a way that the compiler does not remove. */
void gt_wipe(void *memory, size_t len);

#endif
