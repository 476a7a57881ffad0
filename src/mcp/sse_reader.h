/*
 * Reads server-sent events from bytes as they come, in pieces of any size, within a limit. Source:
 * WHATWG HTML, "Server-sent events", sections 9.2.5 and 9.2.6.
 */
#ifndef GANTRY_MCP_SSE_READER_H
#define GANTRY_MCP_SSE_READER_H

#include <gantry/base/buf.h>
#include <stdint.h>

struct gt_sse_event { /* valid during the call */
    const char *type; /* "message" where the stream names none */
    const char *data; /* NUL-terminated; lines joined by line feeds */
    size_t len;
    const char *id; /* the last one that the stream gave, or NULL */
};
typedef void gt_sse_fn(void *payload, const struct gt_sse_event *event);

struct gt_sse_reader {
    struct gt_buf line, data, type, id;
    gt_sse_fn *fn;
    void *payload;
    size_t skipped_bom; /* bytes of a byte order mark seen at the start; above 3: past it */
    bool after_cr;      /* a line feed now belongs to the carriage return before it */
    bool has_data, has_id;
    bool too_large;
};

/* `max`: bytes of one line, and of the data of one event. Freed with gt_sse_done. */
struct gt_sse_reader gt_sse_init(size_t max, gt_sse_fn *fn, void *payload);
void gt_sse_done(struct gt_sse_reader *reader);

/* Calls fn for each event that is complete and has data. False once a line or an event is larger
 * than allowed: nothing more is read. An event that the end of the stream cuts off is none. */
bool gt_sse_feed(struct gt_sse_reader *reader, const char *bytes, size_t len);

#endif
