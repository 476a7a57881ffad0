/* JSON of answers, written by the output's shape. */
#include "call.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static char *http_date(struct gt_arena *arena, int64_t ms)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(ms / 1000);
    struct tm at;
    if (gmtime_r(&seconds, &at) == NULL)
        return gt_strdup(arena, "");
    return gt_printf(arena, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[at.tm_wday], at.tm_mday,
                     months[at.tm_mon], at.tm_year + 1900, at.tm_hour, at.tm_min, at.tm_sec);
}

char *gt_encode_time(struct gt_arena *arena, const json_t *value, enum gt_timestamp_format format)
{
    int64_t ms = 0;
    if (json_is_number(value))
        ms = (int64_t)(json_number_value(value) * 1000);
    else if (!json_is_string(value) || !gt_time_parse(json_string_value(value), &ms))
        return NULL;
    switch (format) {
    case GT_TIME_HTTP:
        return http_date(arena, ms);
    case GT_TIME_UNIX:
        return ms % 1000 == 0 ? gt_printf(arena, "%" PRId64, ms / 1000)
                              : gt_printf(arena, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
    case GT_TIME_DEFAULT:
    case GT_TIME_ISO8601:
        break;
    }
    char *whole = gt_time_iso(arena, ms);
    return ms % 1000 == 0 || ms < 0 ? whole
                                    : gt_printf(arena, "%.19s.%03dZ", whole, (int)(ms % 1000));
}

/* Lists whose order means nothing. */
bool gt_encode_shuffled(const struct gt_call *call, const char *name)
{
    static const char *const names[] = {"AllowedOAuthScopes",
                                        "AllowedOAuthFlows",
                                        "ExplicitAuthFlows",
                                        "SupportedIdentityProviders",
                                        "Scopes",
                                        "allowedAudience",
                                        "allowedClients",
                                        "allowedScopes",
                                        "supportedVersions",
                                        "scopes",
                                        "requestHeaderAllowlist",
                                        "securityGroups",
                                        "subnets",
                                        "allowedRequestHeaders",
                                        "allowedResponseHeaders",
                                        "Tags",
                                        "SchemaAttributes"};
    for (size_t i = 0; gt_local_knob(call->serve.local)->shuffle && i < GT_COUNT(names); i++)
        if (gt_streq(names[i], name))
            return true;
    return false;
}

static json_t *bug(struct gt_call *call, const char *path, const char *what)
{
    gt_fail_internal(
        call, gt_printf(call->serve.arena, "the embedded cloud has a bug: %s of %s: %s",
                        *path == '\0' ? "the output" : path, call->serve.operation->name, what));
    return NULL;
}

static void reverse(json_t *list)
{
    for (size_t i = 0, n = json_array_size(list); i < n / 2; i++) {
        json_auto_t *a = json_incref(json_array_get(list, i));
        json_array_set(list, i, json_array_get(list, n - 1 - i));
        json_array_set(list, n - 1 - i, a);
    }
}

static json_t *encode_structure(struct gt_call *call, const struct gt_shape *shape,
                                const json_t *value, const char *path)
{
    struct gt_arena *arena = call->serve.arena;
    const char *name;
    json_t *item;
    if (!json_is_object(value))
        return bug(call, path, "no object");
    json_object_foreach(gt_iterable(value), name,
                        item) if (gt_member_find(shape, name) ==
                                  NULL) return bug(call, gt_pointer_join(arena, path, name),
                                                   "no member of the shape");
    json_t *copy = json_object();
    for (size_t i = 0; i < shape->member_count && call->failed == NULL; i++) {
        const struct gt_member *member = &shape->members[i];
        if (member->location != GT_LOCATION_BODY)
            continue;
        const char *below = gt_pointer_join(arena, path, member->name);
        item = json_object_get(value, member->name);
        if (item == NULL || json_is_null(item)) {
            if (member->flags & GT_MEMBER_REQUIRED)
                bug(call, below, "required, but missing");
            continue;
        }
        json_t *encoded = gt_encode_json(call, member->shape, item, below);
        if (json_is_array(encoded) && gt_encode_shuffled(call, member->name))
            reverse(encoded);
        if (encoded != NULL)
            json_object_set_new(copy, member->location_name ? member->location_name : member->name,
                                encoded);
    }
    if (gt_local_knob(call->serve.local)->extra_members && json_object_size(copy) > 0 &&
        !(shape->flags & GT_SHAPE_UNION))
        json_object_set_new(copy, "futureMember", json_pack("{s:s}", "note", "no model has this"));
    if (call->failed == NULL)
        return copy;
    json_decref(copy);
    return NULL;
}

static json_t *encode_time(struct gt_call *call, const struct gt_shape *shape, const json_t *value,
                           const char *path)
{
    enum gt_timestamp_format format = shape->timestamp_format;
    if (format == GT_TIME_DEFAULT)
        format = GT_TIME_UNIX;
    char *text = gt_encode_time(call->serve.arena, value, format);
    if (text == NULL)
        return bug(call, path, "no time");
    if (format != GT_TIME_UNIX)
        return json_string(text);
    return json_loads(text, JSON_DECODE_ANY, NULL);
}

json_t *gt_encode_json(struct gt_call *call, const struct gt_shape *shape, const json_t *value,
                       const char *path)
{
    json_t *copy, *item, *encoded;
    size_t index;
    const char *name;
    switch (shape->kind) {
    case GT_SHAPE_STRUCTURE:
        return encode_structure(call, shape, value, path);
    case GT_SHAPE_LIST:
        if (!json_is_array(value))
            return bug(call, path, "no list");
        copy = json_array();
        json_array_foreach(gt_iterable(value), index, item)
        {
            encoded = gt_encode_json(call, shape->element, item,
                                     gt_pointer_index(call->serve.arena, path, index));
            if (encoded != NULL)
                json_array_append_new(copy, encoded);
        }
        return copy;
    case GT_SHAPE_MAP:
        if (!json_is_object(value))
            return bug(call, path, "no map");
        copy = json_object();
        json_object_foreach(gt_iterable(value), name, item)
        {
            encoded = gt_encode_json(call, shape->element, item,
                                     gt_pointer_join(call->serve.arena, path, name));
            if (encoded != NULL)
                json_object_set_new(copy, name, encoded);
        }
        return copy;
    case GT_SHAPE_TIMESTAMP:
        return encode_time(call, shape, value, path);
    case GT_SHAPE_STRING:
    case GT_SHAPE_BLOB:
        return json_is_string(value) ? json_incref(gt_iterable(value)) : bug(call, path, "no text");
    case GT_SHAPE_INTEGER:
    case GT_SHAPE_LONG:
        return json_is_integer(value) ? json_incref(gt_iterable(value))
                                      : bug(call, path, "no integer");
    case GT_SHAPE_BOOLEAN:
        return json_is_boolean(value) ? json_incref(gt_iterable(value))
                                      : bug(call, path, "no boolean");
    case GT_SHAPE_FLOAT:
    case GT_SHAPE_DOUBLE:
    case GT_SHAPE_DOCUMENT:
        break;
    }
    return json_incref(gt_iterable(value));
}
