#include "sse_reader.h"

#include <gantry/base/str.h>
#include <string.h>

enum { BOM_SIZE = 3, NAME_MAX_SIZE = 1024 };
static const char bom[] = "\xef\xbb\xbf";

struct gt_sse_reader gt_sse_init(size_t max, gt_sse_fn *fn, void *payload)
{
    return (struct gt_sse_reader){
        .line = gt_buf_init(max),
        .data = gt_buf_init(max),
        .type = gt_buf_init(NAME_MAX_SIZE),
        .id = gt_buf_init(NAME_MAX_SIZE),
        .fn = fn,
        .payload = payload,
    };
}

void gt_sse_done(struct gt_sse_reader *reader)
{
    gt_buf_wipe(&reader->line);
    gt_buf_wipe(&reader->data);
    gt_buf_done(&reader->type);
    gt_buf_done(&reader->id);
}

static void empty(struct gt_buf *buf)
{
    buf->len = 0;
    buf->overflow = false;
    if (buf->ptr != NULL)
        buf->ptr[0] = '\0';
}

static void set(struct gt_buf *buf, const char *value, size_t len)
{
    empty(buf);
    gt_buf_add(buf, value, len);
    if (buf->overflow)
        empty(buf);
}

static void take_field(struct gt_sse_reader *reader, const char *name, const char *value,
                       size_t len)
{
    if (gt_streq(name, "data")) {
        if (reader->has_data)
            gt_buf_addc(&reader->data, '\n');
        gt_buf_add(&reader->data, value, len);
        reader->has_data = true;
        reader->too_large = reader->data.overflow;
    } else if (gt_streq(name, "event")) {
        set(&reader->type, value, len);
    } else if (gt_streq(name, "id") && memchr(value, '\0', len) == NULL) {
        set(&reader->id, value, len);
        reader->has_id = true;
    }
}

static void dispatch(struct gt_sse_reader *reader)
{
    const char *type = gt_buf_text(&reader->type);
    struct gt_sse_event event = {
        .type = *type != '\0' ? type : "message",
        .data = gt_buf_text(&reader->data),
        .len = reader->data.len,
        .id = reader->has_id ? gt_buf_text(&reader->id) : NULL,
    };
    if (reader->has_data)
        reader->fn(reader->payload, &event);
    empty(&reader->type);
    empty(&reader->data);
    reader->has_data = false;
}

static void end_line(struct gt_sse_reader *reader)
{
    char *line = reader->line.ptr;
    size_t len = reader->line.len;
    if (len == 0) {
        dispatch(reader);
        return;
    }
    char *colon = memchr(line, ':', len), *value = line + len;
    if (colon != NULL) {
        *colon = '\0';
        value = colon + 1;
        if (value < line + len && *value == ' ')
            value++;
    }
    if (colon != line) /* a comment begins with the colon */
        take_field(reader, line, value, (size_t)(line + len - value));
    empty(&reader->line);
}

/* Passes over a byte order mark, which may come in pieces; returns how many bytes it took. */
static size_t skip_bom(struct gt_sse_reader *reader, const char *bytes, size_t len)
{
    size_t took = 0;
    while (reader->skipped_bom < BOM_SIZE && took < len) {
        if (bytes[took] != bom[reader->skipped_bom]) {
            gt_buf_add(&reader->line, bom, reader->skipped_bom);
            reader->skipped_bom = BOM_SIZE;
            break;
        }
        took++;
        reader->skipped_bom++;
    }
    return took;
}

static size_t line_part(const char *bytes, size_t len)
{
    size_t part = 0;
    while (part < len && bytes[part] != '\n' && bytes[part] != '\r')
        part++;
    return part;
}

bool gt_sse_feed(struct gt_sse_reader *reader, const char *bytes, size_t len)
{
    size_t at = skip_bom(reader, bytes, len);
    while (at < len && !reader->too_large) {
        if (reader->after_cr && bytes[at] == '\n') {
            reader->after_cr = false;
            at++;
            continue;
        }
        reader->after_cr = false;
        size_t part = line_part(bytes + at, len - at);
        gt_buf_add(&reader->line, bytes + at, part);
        reader->too_large = reader->line.overflow;
        at += part;
        if (at < len && !reader->too_large) {
            reader->after_cr = bytes[at++] == '\r';
            end_line(reader);
        }
    }
    return !reader->too_large;
}
