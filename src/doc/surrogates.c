#include "surrogates.h"

#include <gantry/base/buf.h>
#include <string.h>

/* The value of four hexadecimal digits, or -1. */
static long four_digits(const char *text)
{
    long value = 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit = text[i] == '\0' ? NULL : strchr(digits, text[i]);
        if (digit == NULL)
            return -1;
        value = value * 16 + (digit - digits) % 16;
    }
    return value;
}

/* The character that a pair of escapes at `at` stands for, or 0. */
static unsigned long pair_at(const char *at, const char *end)
{
    if (end - at < 12 || memcmp(at, "\\u", 2) != 0 || memcmp(at + 6, "\\u", 2) != 0)
        return 0;
    long high = four_digits(at + 2), low = four_digits(at + 8);
    if (high < 0xD800 || high > 0xDBFF || low < 0xDC00 || low > 0xDFFF)
        return 0;
    return 0x10000ul + ((unsigned long)(high - 0xD800) << 10) + (unsigned long)(low - 0xDC00);
}

/* Whether it is worth trying to read the text as JSON. */
static bool may_have_pairs(const struct gt_source *source)
{
    const char *at = source->bytes, *end = source->bytes + source->len;
    while (at < end && (at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
        if (pair_at(at, end) != 0)
            return true;
        at += 2;
    }
    return false;
}

static bool is_json(const struct gt_source *source)
{
    json_auto_t *value = json_loadb(source->bytes, source->len, JSON_DECODE_ANY, NULL);
    return value != NULL;
}

struct gt_source gt_join_surrogates(struct gt_arena *arena, struct gt_source source)
{
    if (!may_have_pairs(&source) || !is_json(&source))
        return source;
    struct gt_buf buf = gt_buf_init(source.len);
    const char *end = source.bytes + source.len;
    for (const char *at = source.bytes; at < end;) { /* in JSON a backslash begins an escape */
        unsigned long value = pair_at(at, end);
        size_t taken = value != 0 ? 12 : *at == '\\' && end - at > 1 ? 2 : 1;
        if (value != 0)
            gt_buf_addf(&buf, "\\U%08lX", value);
        else
            gt_buf_add(&buf, at, taken);
        at += taken;
    }
    source.bytes = gt_strndup(arena, gt_buf_text(&buf), buf.len);
    source.len = buf.len;
    gt_buf_done(&buf);
    return source;
}
