#include "scalar.h"

#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/doc/doc.h>
#include <string.h>

enum {
    MAX_BYTES = 1024 * 1024 * 1024,
    MAX_IMPLICIT_KEY = 1000 /* YAML allows 1024 characters before the colon */
};

static void print_map(struct gt_buf *out, const json_t *map, unsigned indent);
static void print_list(struct gt_buf *out, const json_t *list, unsigned indent);

static void new_line(struct gt_buf *out, unsigned indent)
{
    gt_buf_addc(out, '\n');
    for (unsigned i = 0; i < indent; i++)
        gt_buf_addc(out, ' ');
}

/* The code point at *text (valid UTF-8), which moves behind it. */
static unsigned long next_char(const char **text)
{
    const unsigned char *at = (const unsigned char *)*text;
    unsigned more = at[0] < 0x80 ? 0 : at[0] < 0xE0 ? 1 : at[0] < 0xF0 ? 2 : 3;
    unsigned long value = more == 0 ? at[0] : at[0] & (0x3Fu >> more);
    for (unsigned i = 1; i <= more; i++)
        value = value << 6 | (at[i] & 0x3Fu);
    *text += more + 1;
    return value;
}

/* Characters that may stand in YAML text as they are and are no line break to any version of it. */
static bool is_printable(unsigned long c)
{
    return (c >= 0x20 && c < 0x7F) ||
           (c >= 0xA0 && c != 0x2028 && c != 0x2029 && c != 0xFEFF && c != 0xFFFE && c != 0xFFFF);
}

static bool all_printable(const char *text, size_t len, const char *also)
{
    const char *end = text + len;
    while (text < end) {
        unsigned long c = next_char(&text);
        if (!is_printable(c) && (c == 0 || c > 0x7F || strchr(also, (int)c) == NULL))
            return false;
    }
    return true;
}

/* Words that are no strings to readers of YAML 1.1. */
static bool is_old_word(const char *text)
{
    static const char *const words[] = {"y",  "Y",  "yes", "Yes", "YES", "n",   "N",   "no",
                                        "No", "NO", "on",  "On",  "ON",  "off", "Off", "OFF"};
    for (size_t i = 0; i < GT_COUNT(words); i++)
        if (strcmp(words[i], text) == 0)
            return true;
    return false;
}

/* What looks like a number, a date or a time to some version of YAML. */
static bool is_number_like(const char *text)
{
    return strchr("0123456789+.", text[0]) != NULL &&
           text[strspn(text, "0123456789_:.+-eExXoabcdefABCDEFTZ ")] == '\0';
}

static bool is_plain(const char *text, size_t len)
{
    if (len == 0 || strchr(" :", text[len - 1]) != NULL || !all_printable(text, len, ""))
        return false;
    bool starts = ((unsigned char)text[0] & 0x80) != 0 || (text[0] >= 'a' && text[0] <= 'z') ||
                  (text[0] >= 'A' && text[0] <= 'Z') || strchr("0123456789_/.$+(", text[0]) != NULL;
    if (!starts || strstr(text, ": ") != NULL || strstr(text, " #") != NULL ||
        gt_starts_with(text, "..."))
        return false;
    return gt_core_read(text).type == GT_CORE_STRING && !is_old_word(text) && !is_number_like(text);
}

/* Whether the text can stand as a literal block: no first line and no blank line that would make
 * readers guess another indentation. */
static bool is_literal(const char *text, size_t len)
{
    if (strchr(text, '\n') == NULL || strchr(" \t\n", text[0]) != NULL ||
        !all_printable(text, len, "\t\n"))
        return false;
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        size_t blank = strspn(line, " \t");
        if (*line == '\t' || (blank > 0 && (line[blank] == '\n' || line[blank] == '\0')))
            return false;
    }
    return true;
}

static void print_literal(struct gt_buf *out, const char *text, size_t len, unsigned indent)
{
    size_t breaks = 0;
    while (breaks < len && text[len - 1 - breaks] == '\n')
        breaks++;
    gt_buf_adds(out, breaks == 0 ? "|-" : breaks == 1 ? "|" : "|+");
    const char *end = text + len - (breaks > 0);
    for (const char *line = text; line <= end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (stop == NULL)
            stop = end;
        new_line(out, stop == line ? 0 : indent);
        gt_buf_add(out, line, (size_t)(stop - line));
        line = stop + 1;
    }
}

static void print_quoted(struct gt_buf *out, const char *text, size_t len)
{
    static const struct {
        char c;
        const char *escape;
    } escapes[] = {{'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"}, {'\t', "\\t"}, {'\r', "\\r"}};
    const char *end = text + len;
    gt_buf_addc(out, '"');
    while (text < end) {
        const char *start = text;
        unsigned long c = next_char(&text);
        const char *escape = NULL;
        for (size_t i = 0; i < GT_COUNT(escapes) && escape == NULL; i++)
            if (c == (unsigned char)escapes[i].c)
                escape = escapes[i].escape;
        if (escape != NULL)
            gt_buf_adds(out, escape);
        else if (is_printable(c))
            gt_buf_add(out, start, (size_t)(text - start));
        else
            gt_buf_addf(out, c < 0x100 ? "\\x%02lX" : "\\u%04lX", c);
    }
    gt_buf_addc(out, '"');
}

static void print_string(struct gt_buf *out, const json_t *value, unsigned indent)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    if (is_plain(text, len))
        gt_buf_adds(out, text);
    else if (is_literal(text, len))
        print_literal(out, text, len, indent);
    else
        print_quoted(out, text, len);
}

/* Scalars, and maps and lists without members. */
static void print_flat(struct gt_buf *out, const json_t *value, unsigned indent)
{
    char real[GT_REAL_TEXT];
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        gt_buf_adds(out, "{}");
        break;
    case JSON_ARRAY:
        gt_buf_adds(out, "[]");
        break;
    case JSON_STRING:
        print_string(out, value, indent);
        break;
    case JSON_INTEGER:
        gt_buf_addf(out, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        gt_real_text(json_real_value(value), real);
        gt_buf_adds(out, real);
        break;
    case JSON_TRUE:
        gt_buf_adds(out, "true");
        break;
    case JSON_FALSE:
        gt_buf_adds(out, "false");
        break;
    case JSON_NULL:
        gt_buf_adds(out, "null");
        break;
    }
}

static void print_key(struct gt_buf *out, const char *key, unsigned indent)
{
    size_t len = strlen(key);
    if (len > MAX_IMPLICIT_KEY / 6) { /* an escape has up to six bytes */
        gt_buf_adds(out, "? ");
        print_quoted(out, key, len);
        new_line(out, indent);
    } else if (is_plain(key, len)) {
        gt_buf_adds(out, key);
    } else {
        print_quoted(out, key, len);
    }
    gt_buf_addc(out, ':');
}

/* A value behind "key:". */
static void print_member(struct gt_buf *out, const json_t *value, unsigned indent)
{
    if (json_object_size(value) > 0) {
        new_line(out, indent + 2);
        print_map(out, value, indent + 2);
    } else if (json_array_size(value) > 0) {
        new_line(out, indent + 2);
        print_list(out, value, indent + 2);
    } else {
        gt_buf_addc(out, ' ');
        print_flat(out, value, indent + 2);
    }
}

/* The first line is where the caller left off; the others are indented here. */
static void print_map(struct gt_buf *out, const json_t *map, unsigned indent)
{
    json_t *object = gt_iterable(map);
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        print_key(out, json_object_iter_key(at), indent);
        print_member(out, json_object_iter_value(at), indent);
        if (json_object_iter_next(object, at) != NULL)
            new_line(out, indent);
    }
}

static void print_list(struct gt_buf *out, const json_t *list, unsigned indent)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        if (i > 0)
            new_line(out, indent);
        gt_buf_adds(out, "- ");
        if (json_object_size(value) > 0)
            print_map(out, value, indent + 2);
        else if (json_array_size(value) > 0)
            print_list(out, value, indent + 2);
        else
            print_flat(out, value, indent + 2);
    }
}

char *gt_doc_print_yaml(struct gt_arena *arena, const json_t *value)
{
    struct gt_buf out = gt_buf_init(MAX_BYTES);
    if (json_object_size(value) > 0)
        print_map(&out, value, 0);
    else if (json_array_size(value) > 0)
        print_list(&out, value, 0);
    else
        print_flat(&out, value, 2);
    gt_buf_addc(&out, '\n');
    if (out.overflow)
        gt_die("a document of more than 1 GiB cannot be printed");
    char *text = gt_strndup(arena, gt_buf_text(&out), out.len);
    gt_buf_done(&out);
    return text;
}
