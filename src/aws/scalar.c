#include "scalar.h"

#include <errno.h>
#include <gantry/base/base64.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/sys/sys.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct gt_wire_type gt_wire_type(const struct gt_member *member, enum gt_timestamp_format fallback)
{
    return (struct gt_wire_type){member->shape, member->timestamp_format, fallback};
}

enum gt_timestamp_format gt_wire_time_format(struct gt_wire_type type)
{
    if (type.member_format != GT_TIME_DEFAULT)
        return type.member_format;
    return type.shape->timestamp_format != GT_TIME_DEFAULT ? type.shape->timestamp_format
                                                           : type.fallback;
}

/* gt_time_iso, with milliseconds where there are any. */
static char *iso(struct gt_arena *arena, int64_t unix_ms)
{
    int ms = (int)((unix_ms % 1000 + 1000) % 1000);
    char *text = gt_time_iso(arena, unix_ms);
    return ms == 0 ? text : gt_printf(arena, "%.*s.%03dZ", (int)strlen(text) - 1, text, ms);
}

static char *http_date(struct gt_arena *arena, int64_t unix_ms)
{
    int64_t day = unix_ms / 86400000 - (unix_ms % 86400000 < 0);
    const char *text = gt_time_iso(arena, unix_ms);
    int year, month, date;
    char clock[9] = "";
    if (sscanf(text, "%d-%d-%dT%8s", &year, &month, &date, clock) != 4 || month < 1 || month > 12)
        return gt_strdup(arena, text);
    return gt_printf(arena, "%s, %02d %s %04d %s GMT", days[((day + 4) % 7 + 7) % 7], date,
                     months[month - 1], year, clock);
}

bool gt_http_date_parse(const char *text, int64_t *unix_ms)
{
    int day, year, hour, minute, second, used = 0;
    char month_name[4];
    if (sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT%n", &day, month_name, &year, &hour, &minute,
               &second, &used) != 6 ||
        used == 0)
        return false;
    for (int month = 0; month < 12; month++) {
        if (strcmp(months[month], month_name) != 0)
            continue;
        char written[40];
        snprintf(written, sizeof(written), "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month + 1, day,
                 hour, minute, second);
        return gt_time_parse(written, unix_ms);
    }
    return false;
}

/* Unix seconds; false beyond what a calendar has. */
static bool seconds_to_ms(double seconds, int64_t *unix_ms)
{
    if (!(seconds > -1e11 && seconds < 1e12))
        return false;
    *unix_ms = (int64_t)(seconds * 1000.0 + (seconds < 0 ? -0.5 : 0.5));
    return true;
}

bool gt_wire_time(const json_t *value, int64_t *unix_ms)
{
    if (json_is_number(value))
        return seconds_to_ms(json_number_value(value), unix_ms);
    const char *text = json_string_value(value);
    return text != NULL && (gt_time_parse(text, unix_ms) || gt_http_date_parse(text, unix_ms));
}

static const char *time_text(struct gt_arena *arena, struct gt_wire_type type, const json_t *value)
{
    int64_t unix_ms;
    if (!gt_wire_time(value, &unix_ms))
        return NULL;
    switch (gt_wire_time_format(type)) {
    case GT_TIME_UNIX:
        if (unix_ms % 1000 == 0)
            return gt_printf(arena, "%lld", (long long)(unix_ms / 1000));
        return gt_printf(arena, "%.3f", (double)unix_ms / 1000.0);
    case GT_TIME_HTTP:
        return http_date(arena, unix_ms);
    case GT_TIME_ISO8601:
    case GT_TIME_DEFAULT:
        break;
    }
    return iso(arena, unix_ms);
}

/* The shortest text that reads back as the same number. */
static const char *real_text(struct gt_arena *arena, double number)
{
    char *text = NULL;
    for (int digits = 15; digits <= 17; digits++) {
        text = gt_printf(arena, "%.*g", digits, number);
        if (!(strtod(text, NULL) < number) && !(strtod(text, NULL) > number))
            break;
    }
    return text;
}

const char *gt_wire_text(struct gt_arena *arena, struct gt_wire_type type, const json_t *value)
{
    if (type.shape->kind == GT_SHAPE_TIMESTAMP)
        return time_text(arena, type, value);
    switch (json_typeof(value)) {
    case JSON_STRING:
        return json_string_value(value);
    case JSON_INTEGER:
        return gt_printf(arena, "%lld", (long long)json_integer_value(value));
    case JSON_REAL:
        return real_text(arena, json_real_value(value));
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    case JSON_OBJECT:
    case JSON_ARRAY:
    case JSON_NULL:
        break;
    }
    return NULL;
}

/* json_string, with '?' for what is no UTF-8. */
static json_t *text_value(struct gt_arena *arena, const char *text)
{
    json_t *value = json_string(text);
    if (value != NULL)
        return value;
    char *ascii = gt_strdup(arena, text);
    for (char *c = ascii; *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    return json_string(ascii);
}

json_t *gt_wire_timestamp(struct gt_arena *arena, json_t *value)
{
    int64_t unix_ms;
    const char *text = json_string_value(value);
    if (text != NULL && gt_time_parse(text, &unix_ms))
        return json_incref(value); /* with all the digits that the service gave */
    if (text != NULL) {
        char *end;
        double seconds = strtod(text, &end);
        if (*text != '\0' && *end == '\0' && seconds_to_ms(seconds, &unix_ms))
            return json_string(iso(arena, unix_ms));
    }
    return gt_wire_time(value, &unix_ms) ? json_string(iso(arena, unix_ms)) : json_incref(value);
}

static json_t *integer_value(struct gt_arena *arena, const char *text)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0')
        return text_value(arena, text);
    return json_integer(number);
}

static json_t *real_value(struct gt_arena *arena, const char *text)
{
    char *end;
    double number = strtod(text, &end);
    json_t *value = end == text || *end != '\0' ? NULL : json_real(number); /* NULL for NaN too */
    return value != NULL ? value : text_value(arena, text);
}

json_t *gt_wire_value(struct gt_arena *arena, const struct gt_shape *shape, const char *text)
{
    switch (shape->kind) {
    case GT_SHAPE_BOOLEAN:
        if (gt_streq(text, "true") || gt_streq(text, "false"))
            return json_boolean(*text == 't');
        break;
    case GT_SHAPE_INTEGER:
    case GT_SHAPE_LONG:
        return integer_value(arena, text);
    case GT_SHAPE_FLOAT:
    case GT_SHAPE_DOUBLE:
        return real_value(arena, text);
    case GT_SHAPE_TIMESTAMP: {
        json_auto_t *value = text_value(arena, text);
        return gt_wire_timestamp(arena, value);
    }
    case GT_SHAPE_STRUCTURE:
    case GT_SHAPE_LIST:
    case GT_SHAPE_MAP:
    case GT_SHAPE_STRING:
    case GT_SHAPE_BLOB:
    case GT_SHAPE_DOCUMENT:
        break;
    }
    return text_value(arena, text);
}

json_t *gt_bytes_value(struct gt_arena *arena, const char *bytes, size_t len)
{
    json_t *text = memchr(bytes, '\0', len) == NULL ? json_stringn(bytes, len) : NULL;
    if (text != NULL)
        return text;
    return json_pack("{s:s}", "base64", gt_base64(arena, bytes, len));
}

bool gt_value_bytes(struct gt_arena *arena, const json_t *value, const char **bytes, size_t *len)
{
    if (json_is_string(value)) {
        *bytes = json_string_value(value);
        *len = json_string_length(value);
        return true;
    }
    const char *encoded = json_string_value(json_object_get(value, "base64"));
    char *decoded;
    if (encoded == NULL || !gt_base64_decode(arena, encoded, &decoded, len))
        return false;
    *bytes = decoded;
    return true;
}
