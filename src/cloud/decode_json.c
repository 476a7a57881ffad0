/* AWS JSON bodies, and what every protocol's decoder needs: scalars as text, names of the wire. */
#include "call.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *gt_decode_percent(struct gt_arena *arena, const char *text, size_t len, bool plus)
{
    char *copy = gt_strndup(arena, text, len);
    for (char *at = copy; plus && *at != '\0'; at++)
        if (*at == '+')
            *at = ' ';
    if (strstr(copy, "%00") != NULL)
        return NULL;
    char *decoded = gt_percent_decode(arena, copy);
    return gt_utf8_length(decoded) < 0 ? NULL : decoded;
}

bool gt_decode_content_type(struct gt_call *call, const char *wanted)
{
    const struct gt_request *request = gt_exchange_request(call->serve.exchange);
    const char *type = gt_request_header(request, "content-type");
    type = type == NULL ? "" : gt_lower(call->serve.arena, type);
    size_t len = strcspn(type, "; ");
    if (strlen(wanted) == len && strncmp(type, wanted, len) == 0)
        return true;
    gt_fail_front(call, 415, "UnsupportedMediaTypeException", "Content-Type must be %s, not \"%s\"",
                  wanted, gt_one_line(call->serve.arena, type, 80));
    return false;
}

json_t *gt_decode_body(struct gt_call *call)
{
    const struct gt_request *request = gt_exchange_request(call->serve.exchange);
    json_error_t error;
    json_t *body = json_loadb(request->body, request->body_len,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (body == NULL) {
        gt_fail_parse(call, "the body is no JSON: %s", gt_json_problem(call->serve.arena, &error));
        return NULL;
    }
    if (!json_is_object(body)) {
        json_decref(body);
        gt_fail_parse(call, "the body must be an object");
        return NULL;
    }
    return body;
}

/* Dates of HTTP (RFC 9110, 5.6.7): Sun, 06 Nov 1994 08:49:37 GMT. */
static bool read_http_date(struct gt_arena *arena, const char *text, int64_t *ms)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int day, year, hour, minute, second;
    char month[4];
    if (sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d", &day, month, &year, &hour, &minute,
               &second) != 6)
        return false;
    const char *at = strlen(month) == 3 ? strstr(months, month) : NULL;
    if (at == NULL || (at - months) % 3 != 0)
        return false;
    return gt_time_parse(gt_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02dZ", year,
                                   (int)(at - months) / 3 + 1, day, hour, minute, second),
                         ms);
}

static int64_t to_ms(double seconds)
{
    return (int64_t)(seconds * 1000 + (seconds < 0 ? -0.5 : 0.5));
}

static bool read_seconds(const char *text, int64_t *ms)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(seconds) || fabs(seconds) > 1e11)
        return false;
    *ms = to_ms(seconds);
    return true;
}

static json_t *read_time(struct gt_arena *arena, const char *text)
{
    int64_t ms;
    if (gt_time_parse(text, &ms) || read_http_date(arena, text, &ms) || read_seconds(text, &ms))
        return gt_json_time(ms);
    return NULL;
}

static json_t *read_integer(const char *text)
{
    size_t sign = *text == '-', digits = strspn(text + sign, "0123456789");
    if (digits == 0 || digits > 18 || text[sign + digits] != '\0')
        return NULL;
    return json_integer(strtoll(text, NULL, 10));
}

static json_t *read_double(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    return end == text || *end != '\0' || !isfinite(value) ? NULL : json_real(value);
}

json_t *gt_decode_text(struct gt_call *call, const char *path, const struct gt_shape *shape,
                       enum gt_timestamp_format format, const char *text)
{
    json_t *value = NULL;
    const char *wanted = "text";
    (void)format; /* each of the three forms is told by its looks */
    switch (shape->kind) {
    case GT_SHAPE_INTEGER:
    case GT_SHAPE_LONG:
        value = read_integer(text);
        wanted = "an integer";
        break;
    case GT_SHAPE_FLOAT:
    case GT_SHAPE_DOUBLE:
        value = read_double(text);
        wanted = "a number";
        break;
    case GT_SHAPE_BOOLEAN:
        value = gt_streq(text, "true")    ? json_true()
                : gt_streq(text, "false") ? json_false()
                                          : NULL;
        wanted = "true or false";
        break;
    case GT_SHAPE_TIMESTAMP:
        value = read_time(call->serve.arena, text);
        wanted = "a time";
        break;
    case GT_SHAPE_STRING:
    case GT_SHAPE_BLOB:
    case GT_SHAPE_DOCUMENT:
        value = json_string(text);
        break;
    case GT_SHAPE_STRUCTURE:
    case GT_SHAPE_LIST:
    case GT_SHAPE_MAP:
        break;
    }
    if (value == NULL)
        gt_fail_field(call, path, "Member must be %s", wanted);
    return value;
}

static const struct gt_member *member_on_wire(const struct gt_shape *shape, const char *name)
{
    const struct gt_member *member = gt_member_find(shape, name);
    if (member != NULL && (member->location_name == NULL || gt_streq(member->location_name, name)))
        return member;
    for (size_t i = 0; i < shape->member_count; i++)
        if (gt_streq(shape->members[i].location_name, name))
            return &shape->members[i];
    return NULL;
}

/* A structure with very many unknown members need not be repeated in full to be refused. */
enum { UNKNOWN_KEPT = 8 };

static json_t *structure(const struct gt_shape *shape, const json_t *value)
{
    json_t *copy = json_object(), *item;
    const char *name;
    int unknown = 0;
    json_object_foreach(gt_iterable(value), name, item)
    {
        const struct gt_member *member = member_on_wire(shape, name);
        if (json_is_null(item) && (member == NULL || member->shape->kind != GT_SHAPE_DOCUMENT))
            continue;
        if (member != NULL)
            json_object_set_new(copy, member->name, gt_decode_wire(member->shape, item));
        else if (unknown++ < UNKNOWN_KEPT)
            json_object_set(copy, name, item);
    }
    return copy;
}

json_t *gt_decode_wire(const struct gt_shape *shape, const json_t *value)
{
    json_t *copy, *item;
    size_t index;
    const char *name;
    if (shape->kind == GT_SHAPE_STRUCTURE && json_is_object(value))
        return structure(shape, value);
    if (shape->kind == GT_SHAPE_LIST && json_is_array(value)) {
        copy = json_array();
        json_array_foreach(gt_iterable(value), index, item)
            json_array_append_new(copy, gt_decode_wire(shape->element, item));
        return copy;
    }
    if (shape->kind == GT_SHAPE_MAP && json_is_object(value)) {
        copy = json_object();
        json_object_foreach(gt_iterable(value), name, item)
            json_object_set_new(copy, name, gt_decode_wire(shape->element, item));
        return copy;
    }
    if (shape->kind == GT_SHAPE_TIMESTAMP && json_is_number(value) &&
        fabs(json_number_value(value)) < 1e11)
        return gt_json_time(to_ms(json_number_value(value)));
    return json_incref(gt_iterable(value));
}

json_t *gt_decode_json(struct gt_call *call)
{
    const struct gt_operation *operation = call->serve.operation;
    const struct gt_request *request = gt_exchange_request(call->serve.exchange);
    if (!gt_decode_content_type(call, gt_printf(call->serve.arena, "application/x-amz-json-%s",
                                                operation->service->json_version)))
        return NULL;
    json_auto_t *body = request->body_len == 0 ? json_object() : gt_decode_body(call);
    if (body == NULL)
        return NULL;
    return operation->input == NULL ? json_incref(body) : gt_decode_wire(operation->input, body);
}
