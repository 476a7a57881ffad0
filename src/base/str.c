#include <gantry/base/str.h>

#include <gantry/base/buf.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

bool gt_streq(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

const char *gt_plural(size_t count)
{
    return count == 1 ? "" : "s";
}

bool gt_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool gt_ends_with(const char *text, const char *suffix)
{
    size_t len = strlen(text), tail = strlen(suffix);
    return len >= tail && strcmp(text + len - tail, suffix) == 0;
}

/* ASCII only and free of the locale, which towlower and friends are not. */
static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

enum { WORD_MAX = 64 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Damerau-Levenshtein distance (optimal string alignment) of two words up to WORD_MAX; SIZE_MAX
 * beyond. */
static size_t distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    if (n > WORD_MAX || m > WORD_MAX)
        return SIZE_MAX;
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= m; j++)
        above[j] = j;
    for (size_t i = 1; i <= n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            char x = lower(a[i - 1]), y = lower(b[j - 1]);
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y)
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return above[m];
}

const char *gt_nearest(const char *word, const char *const *candidates)
{
    const char *nearest = NULL;
    size_t limit = strlen(word) / 3 + 1, best = limit + 1;
    for (; *candidates != NULL; candidates++) {
        size_t d = distance(word, *candidates);
        if (d < best) {
            best = d;
            nearest = *candidates;
        }
    }
    return best <= limit ? nearest : NULL;
}

char *gt_lower(struct gt_arena *arena, const char *text)
{
    char *copy = gt_strdup(arena, text);
    for (char *c = copy; c != NULL && *c != '\0'; c++)
        *c = lower(*c);
    return copy;
}

static bool unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~", c) != NULL);
}

char *gt_percent_encode(struct gt_arena *arena, const char *text, const char *keep)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out = gt_alloc(arena, strlen(text) * 3 + 1), *to = out;
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (unreserved(*text) || (keep != NULL && strchr(keep, *text) != NULL)) {
            *to++ = *text;
        } else {
            *to++ = '%';
            *to++ = digits[byte >> 4];
            *to++ = digits[byte & 15];
        }
    }
    return out;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *gt_percent_decode(struct gt_arena *arena, const char *text)
{
    char *out = gt_alloc(arena, strlen(text) + 1), *to = out;
    while (*text != '\0') {
        int high = *text == '%' ? hex_value(text[1]) : -1;
        int low = high < 0 ? -1 : hex_value(text[2]);
        if (low >= 0) {
            *to++ = (char)(high * 16 + low);
            text += 3;
        } else {
            *to++ = *text++;
        }
    }
    return out;
}

char *gt_hex(struct gt_arena *arena, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char *out = gt_alloc(arena, len * 2 + 1);
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    return out;
}

long gt_utf8_length(const char *text)
{
    json_t *checked = json_string(text); /* NULL for text that is not UTF-8 */
    if (checked == NULL)
        return -1;
    json_decref(checked);
    long count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

char *gt_one_line(struct gt_arena *arena, const char *text, size_t max)
{
    char *line = gt_alloc(arena, strlen(text) + 4), *end = line;
    bool utf8 = gt_utf8_length(text) >= 0;
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c > ' ' && c != 0x7f)
            *end++ = c >= 0x80 && !utf8 ? '?' : *text;
        else if (end > line && end[-1] != ' ')
            *end++ = ' ';
    }
    while (end > line && end[-1] == ' ')
        end--;
    *end = '\0';
    if ((size_t)(end - line) <= max)
        return line;
    end = line + max;
    while (end > line && ((unsigned char)*end & 0xc0) == 0x80)
        end--;
    memcpy(end, "...", 4);
    return line;
}
