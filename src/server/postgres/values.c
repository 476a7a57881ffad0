#include "values.h"

#include <ctype.h>
#include <gantry/base/base64.h>
#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 256 * 1024 * 1024, ARRAY_DEPTH = 8 };

typedef void write_fn(struct gt_buf *out, const char *text, size_t len);

/* -- text -- */

/* How many bytes the character at `text` has; 0: it is none. Source: RFC 3629 section 4. */
static size_t character(const unsigned char *text, size_t len)
{
    unsigned char c = text[0];
    size_t size = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (size > len)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    bool bad = (c == 0xe0 && text[1] < 0xa0) || (c == 0xed && text[1] > 0x9f) ||
               (c == 0xf0 && text[1] < 0x90) || (c == 0xf4 && text[1] > 0x8f);
    return bad ? 0 : size;
}

/* How many bytes from the start are UTF-8. */
static size_t valid_length(const char *text, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t i = 0;
    for (size_t size; i < len; i += size) {
        size = bytes[i] < 0x80 ? 1 : character(bytes + i, len - i);
        if (size == 0)
            break;
    }
    return i;
}

/* Text with U+FFFD for each byte that belongs to no character. */
static void add_clean(struct gt_buf *out, const char *text, size_t len)
{
    static const char replacement[] = "\xef\xbf\xbd";
    while (len > 0) {
        size_t good = valid_length(text, len);
        gt_buf_add(out, text, good);
        if (good < len) {
            gt_buf_adds(out, replacement);
            good++;
        }
        text += good;
        len -= good;
    }
}

const char *gt_pg_clean(struct gt_arena *arena, const char *text)
{
    size_t len = strlen(text);
    if (valid_length(text, len) == len)
        return text;
    struct gt_buf clean = gt_buf_init(TEXT_MAX);
    add_clean(&clean, text, len);
    const char *copy = gt_strdup(arena, gt_buf_text(&clean));
    gt_buf_done(&clean);
    return copy;
}

static void write_text(struct gt_buf *out, const char *text, size_t len)
{
    if (valid_length(text, len) == len) {
        gt_buf_add_quoted(out, text, len);
        return;
    }
    struct gt_buf clean = gt_buf_init(TEXT_MAX);
    add_clean(&clean, text, len);
    gt_buf_add_quoted(out, clean.ptr, clean.len);
    gt_buf_done(&clean);
}

/* -- the other types -- */

static void write_boolean(struct gt_buf *out, const char *text, size_t len)
{
    gt_buf_adds(out, len > 0 && text[0] == 't' ? "true" : "false");
}

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* Whether a text is a JSON number; `whole`: without fraction and exponent. RFC 8259 section 6. */
static bool is_number(const char *text, size_t len, bool whole)
{
    const char *at = text + (*text == '-');
    size_t count = digits(at);
    if (count == 0 || (count > 1 && *at == '0'))
        return false;
    at += count;
    if (!whole && *at == '.') {
        count = digits(at + 1);
        at += count + 1;
    }
    if (count > 0 && !whole && (*at == 'e' || *at == 'E')) {
        at += 1 + (at[1] == '+' || at[1] == '-');
        count = digits(at);
        at += count;
    }
    return count > 0 && at == text + len;
}

static void write_integer(struct gt_buf *out, const char *text, size_t len)
{
    const long long safe = 1LL << 53; /* what every client's numbers hold. RFC 7493 section 2.2 */
    long long value = strtoll(text, NULL, 10);
    if (is_number(text, len, true) && value < safe && value > -safe)
        gt_buf_add(out, text, len);
    else
        write_text(out, text, len);
}

/* PostgreSQL's shortest form is a JSON number but for NaN and infinities. */
static void write_float(struct gt_buf *out, const char *text, size_t len)
{
    if (is_number(text, len, false))
        gt_buf_add(out, text, len);
    else
        write_text(out, text, len);
}

/* As it is, where clients read it without surprise: no digit of its numbers is lost. */
static void write_json(struct gt_buf *out, const char *text, size_t len)
{
    json_t *document = json_loadb(
        text, len, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES, NULL);
    if (document != NULL && memchr(text, '\n', len) == NULL && memchr(text, '\r', len) == NULL) {
        gt_buf_add(out, text, len);
    } else {
        json_decref(document);
        document = json_loadb(text, len, JSON_DECODE_ANY, NULL);
        if (document != NULL)
            gt_buf_add_json(out, document, JSON_COMPACT | JSON_ENCODE_ANY);
        else
            write_text(out, text, len);
    }
    json_decref(document);
}

static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "\x48656c6c6f" (bytea_output = hex, which the session has). */
static void write_bytes(struct gt_buf *out, const char *text, size_t len)
{
    struct gt_arena *arena = gt_arena_new();
    size_t count = len >= 2 ? (len - 2) / 2 : 0, done = 0;
    unsigned char *bytes = gt_alloc(arena, count + 1);
    bool hex = len >= 2 && text[0] == '\\' && text[1] == 'x' && len % 2 == 0;
    for (; hex && done < count; done++) {
        int high = nibble(text[2 + 2 * done]), low = nibble(text[3 + 2 * done]);
        if (high < 0 || low < 0)
            break;
        bytes[done] = (unsigned char)(high * 16 + low);
    }
    if (hex && done == count) {
        const char *base64 = gt_base64(arena, bytes, count);
        gt_buf_add_quoted(out, base64, strlen(base64));
    } else {
        write_text(out, text, len);
    }
    gt_arena_free(arena);
}

/* "2026-11-21 10:00:00.5+00" (DateStyle = ISO) as "2026-11-21T10:00:00.5Z"; years before Christ,
 * beyond 9999, zones with seconds and infinities stay as they are. Source: RFC 3339 section 5.6. */
static void write_timestamp(struct gt_buf *out, const char *text, size_t len)
{
    enum { DATE = 10, SECONDS = 19, HOURS = 3, MINUTES = 6 }; /* lengths; of +02 and of +05:30 */
    bool usual = len >= SECONDS && text[4] == '-' && text[7] == '-' && text[DATE] == ' ' &&
                 text[13] == ':' && strspn(text, "0123456789-+: .") == len &&
                 isdigit((unsigned char)text[len - 1]);
    size_t zone = SECONDS;
    while (usual && zone < len && text[zone] != '+' && text[zone] != '-')
        zone++;
    size_t zone_len = len - zone;
    if (!usual || (zone_len != 0 && zone_len != HOURS && zone_len != MINUTES)) {
        write_text(out, text, len);
        return;
    }
    bool utc = zone_len == HOURS && strncmp(text + zone, "+00", HOURS) == 0;
    gt_buf_addf(out, "\"%.*sT%.*s%.*s%s\"", DATE, text, (int)(zone - DATE - 1), text + DATE + 1,
                utc ? 0 : (int)zone_len, text + zone,
                utc                 ? "Z"
                : zone_len == HOURS ? ":00"
                                    : "");
}

static const struct type {
    unsigned oid, array; /* the type's own, and that of arrays of it */
    const char *name;
    write_fn *write; /* NULL: text */
} types[] = {
    {16, 1000, "boolean", write_boolean},
    {17, 1001, "bytea", write_bytes},
    {18, 1002, "char", NULL},
    {19, 1003, "name", NULL},
    {20, 1016, "bigint", write_integer},
    {21, 1005, "smallint", write_integer},
    {23, 1007, "integer", write_integer},
    {25, 1009, "text", NULL},
    {26, 1028, "oid", write_integer},
    {114, 199, "json", write_json},
    {700, 1021, "real", write_float},
    {701, 1022, "double precision", write_float},
    {869, 1041, "inet", NULL},
    {650, 651, "cidr", NULL},
    {790, 791, "money", NULL},
    {829, 1040, "macaddr", NULL},
    {1042, 1014, "character", NULL},
    {1043, 1015, "varchar", NULL},
    {1082, 1182, "date", NULL},
    {1083, 1183, "time", NULL},
    {1114, 1115, "timestamp", write_timestamp},
    {1184, 1185, "timestamptz", write_timestamp},
    {1186, 1187, "interval", NULL},
    {1266, 1270, "timetz", NULL},
    {1560, 1561, "bit", NULL},
    {1700, 1231, "numeric", NULL},
    {2950, 2951, "uuid", NULL},
    {3802, 3807, "jsonb", write_json},
};

static const struct type *find(unsigned oid, bool *array)
{
    for (size_t i = 0; i < GT_COUNT(types); i++) {
        *array = types[i].array == oid;
        if (types[i].oid == oid || *array)
            return &types[i];
    }
    return NULL;
}

/* -- arrays: {1,NULL,"a \"b\""}, {{1,2},{3,4}}, [0:1]={1,2} -- */

struct array {
    struct gt_buf *out;
    const char *at, *end;
    write_fn *write;
};

static void take_element(struct array *array)
{
    struct gt_buf text = gt_buf_init(TEXT_MAX);
    bool quoted = array->at < array->end && *array->at == '"';
    array->at += quoted;
    while (array->at < array->end) {
        char c = *array->at;
        if (quoted ? c == '"' : c == ',' || c == '}')
            break;
        if (c == '\\' && array->at + 1 < array->end)
            c = *++array->at;
        gt_buf_addc(&text, c);
        array->at++;
    }
    if (quoted && array->at < array->end)
        array->at++;
    if (!quoted && strcmp(gt_buf_text(&text), "NULL") == 0)
        gt_buf_adds(array->out, "null");
    else
        array->write(array->out, gt_buf_text(&text), text.len);
    gt_buf_done(&text);
}

/* False for what is no array; what was written by then is worth nothing. */
static bool take_array(struct array *array, int depth)
{
    if (depth > ARRAY_DEPTH || array->at >= array->end || *array->at != '{')
        return false;
    array->at++;
    gt_buf_addc(array->out, '[');
    while (array->at < array->end && *array->at != '}') {
        if (*array->at != '{')
            take_element(array);
        else if (!take_array(array, depth + 1))
            return false;
        if (array->at >= array->end || (*array->at != ',' && *array->at != '}'))
            return false;
        if (*array->at == ',') {
            gt_buf_addc(array->out, ',');
            array->at++;
        }
    }
    gt_buf_addc(array->out, ']');
    return array->at++ < array->end;
}

void gt_pg_write_value(struct gt_buf *out, unsigned oid, const char *text, size_t len)
{
    bool is_array;
    const struct type *type = find(oid, &is_array);
    write_fn *write = type != NULL && type->write != NULL ? type->write : write_text;
    if (type == NULL || !is_array) {
        write(out, text, len);
        return;
    }
    const char *bounds = len > 0 && text[0] == '[' ? memchr(text, '=', len) : NULL;
    struct array array = {
        .out = out, .at = bounds != NULL ? bounds + 1 : text, .end = text + len, .write = write};
    size_t before = out->len;
    if (take_array(&array, 0) && array.at == array.end)
        return;
    if (!out->overflow)
        out->len = before;
    write_text(out, text, len);
}

const char *gt_pg_type_name(unsigned oid)
{
    bool is_array;
    const struct type *type = find(oid, &is_array);
    return type == NULL ? "other" : is_array ? "array" : type->name;
}

/* -- parameters -- */

/* As few digits as give the same number again; none behind the point of a whole one. */
static const char *real_text(struct gt_arena *arena, double value)
{
    enum { DIGITS_MIN = 15, DIGITS_MAX = 17, SIZE = 40 };
    const double whole_max = 9007199254740992.0;
    char *text = gt_alloc(arena, SIZE);
    if (value == floor(value) && fabs(value) <= whole_max) {
        snprintf(text, SIZE, "%.0f", value);
        return text;
    }
    int digits = DIGITS_MIN;
    do
        snprintf(text, SIZE, "%.*g", digits, value);
    while (strtod(text, NULL) != value && digits++ < DIGITS_MAX);
    return text;
}

static bool has_nul(const json_t *text)
{
    return strlen(json_string_value(text)) != json_string_length(text);
}

static bool add_literal(struct gt_arena *arena, struct gt_buf *text, const json_t *list,
                        const char **problem)
{
    size_t i;
    const json_t *item;
    gt_buf_addc(text, '{');
    json_array_foreach(list, i, item)
    {
        if (i > 0)
            gt_buf_addc(text, ',');
        if (json_is_array(item)) {
            if (!add_literal(arena, text, item, problem))
                return false;
            continue;
        }
        const char *value = gt_pg_parameter(arena, item, problem);
        if (*problem != NULL)
            return false;
        if (value == NULL) {
            gt_buf_adds(text, "NULL");
            continue;
        }
        gt_buf_addc(text, '"');
        for (const char *at = value; *at != '\0'; at++) {
            if (*at == '"' || *at == '\\')
                gt_buf_addc(text, '\\');
            gt_buf_addc(text, *at);
        }
        gt_buf_addc(text, '"');
    }
    gt_buf_addc(text, '}');
    return true;
}

const char *gt_pg_parameter(struct gt_arena *arena, const json_t *value, const char **problem)
{
    *problem = NULL;
    if (value == NULL || json_is_null(value))
        return NULL;
    if (json_is_string(value)) {
        if (has_nul(value))
            *problem = "has a NUL character, which PostgreSQL cannot store";
        return json_string_value(value);
    }
    if (json_is_real(value))
        return real_text(arena, json_real_value(value));
    if (!json_is_array(value))
        return gt_json_canonical(arena, value);
    struct gt_buf text = gt_buf_init(TEXT_MAX);
    const char *literal =
        add_literal(arena, &text, value, problem) ? gt_strdup(arena, gt_buf_text(&text)) : NULL;
    gt_buf_done(&text);
    return literal;
}
