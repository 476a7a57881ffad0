#include <gantry/base/buf.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gt_buf gt_buf_init(size_t max)
{
    return (struct gt_buf){.max = max};
}

void gt_buf_done(struct gt_buf *buf)
{
    free(buf->ptr);
    *buf = (struct gt_buf){.max = buf->max};
}

void gt_wipe(void *memory, size_t len)
{
    volatile unsigned char *byte = memory;
    while (len-- > 0)
        *byte++ = 0;
}

void gt_buf_wipe(struct gt_buf *buf)
{
    if (buf->ptr != NULL)
        gt_wipe(buf->ptr, buf->cap);
    gt_buf_done(buf);
}

/* Room for `more` bytes and a NUL. The old memory is wiped, since it may hold a secret. */
static bool room(struct gt_buf *buf, size_t more)
{
    if (buf->overflow || more > buf->max - buf->len) {
        buf->overflow = true;
        return false;
    }
    size_t wanted = buf->len + more + 1;
    if (wanted <= buf->cap)
        return true;
    size_t cap = buf->cap < 128 ? 128 : buf->cap;
    while (cap < wanted)
        cap = cap > SIZE_MAX / 2 ? wanted : cap * 2;
    char *grown = malloc(cap);
    if (grown == NULL)
        gt_die("out of memory");
    if (buf->ptr != NULL) {
        memcpy(grown, buf->ptr, buf->len);
        gt_wipe(buf->ptr, buf->len);
        free(buf->ptr);
    }
    buf->ptr = grown;
    buf->cap = cap;
    return true;
}

void gt_buf_add(struct gt_buf *buf, const void *bytes, size_t len)
{
    if (!room(buf, len))
        return;
    if (len > 0)
        memcpy(buf->ptr + buf->len, bytes, len);
    buf->len += len;
    buf->ptr[buf->len] = '\0';
}

void gt_buf_adds(struct gt_buf *buf, const char *text)
{
    gt_buf_add(buf, text, strlen(text));
}

void gt_buf_addc(struct gt_buf *buf, char c)
{
    gt_buf_add(buf, &c, 1);
}

void gt_buf_addf(struct gt_buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        gt_die("cannot format a text");
    if (room(buf, (size_t)len)) {
        vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

static int add_json(const char *bytes, size_t len, void *buf)
{
    gt_buf_add(buf, bytes, len);
    return 0;
}

void gt_buf_add_json(struct gt_buf *buf, const json_t *document, size_t flags)
{
    if (json_dump_callback(document, add_json, buf, flags) != 0)
        gt_die("cannot print a document");
}

/* What stands for a character in a JSON string; NULL: it does itself. */
static const char *escaped(unsigned char c, char hex[8])
{
    static const char *const short_forms[] = {
        ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n",  ['\f'] = "\\f",
        ['\r'] = "\\r", ['"'] = "\\\"", ['\\'] = "\\\\",
    };
    if (c < GT_COUNT(short_forms) && short_forms[c] != NULL)
        return short_forms[c];
    if (c >= 0x20)
        return NULL;
    snprintf(hex, 8, "\\u%04x", c);
    return hex;
}

void gt_buf_add_quoted(struct gt_buf *buf, const char *text, size_t len)
{
    char hex[8];
    size_t plain = 0;
    gt_buf_addc(buf, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        const char *form = c >= 0x20 && c != '"' && c != '\\' ? NULL : escaped(c, hex);
        if (form == NULL)
            continue;
        gt_buf_add(buf, text + plain, i - plain);
        gt_buf_adds(buf, form);
        plain = i + 1;
    }
    gt_buf_add(buf, text + plain, len - plain);
    gt_buf_addc(buf, '"');
}

const char *gt_buf_text(const struct gt_buf *buf)
{
    return buf->ptr == NULL ? "" : buf->ptr;
}
