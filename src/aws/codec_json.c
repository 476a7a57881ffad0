#include "codec_json.h"

#include "scalar.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 128 };

static const struct gt_member *member_by_wire_name(const struct gt_shape *shape, const char *name)
{
    const struct gt_member *member = gt_member_find(shape, name);
    if (member != NULL && gt_streq(gt_wire_name(member), name))
        return member;
    for (size_t i = 0; i < shape->member_count; i++)
        if (gt_streq(shape->members[i].location_name, name))
            return &shape->members[i];
    return NULL;
}

struct encoding {
    struct gt_arena *arena;
    const struct gt_operation *operation;
    struct gt_diags *diags;
};

static json_t *to_wire(const struct encoding *encoding, struct gt_wire_type type,
                       const char *member_name, const json_t *value);

static json_t *structure_to_wire(const struct encoding *encoding, const struct gt_shape *shape,
                                 const json_t *value)
{
    json_t *out = json_object();
    const char *key;
    json_t *item;
    json_object_foreach(gt_iterable(value), key, item)
    {
        const struct gt_member *member = gt_member_find(shape, key);
        if (json_is_null(item) || (member != NULL && member->location != GT_LOCATION_BODY))
            continue;
        json_t *written = member == NULL
                              ? json_incref(item)
                              : to_wire(encoding, gt_wire_type(member, GT_TIME_UNIX), key, item);
        if (written == NULL) {
            json_decref(out);
            return NULL;
        }
        json_object_set_new(out, member == NULL ? key : gt_wire_name(member), written);
    }
    return out;
}

static json_t *list_to_wire(const struct encoding *encoding, const struct gt_shape *shape,
                            const char *member_name, const json_t *value)
{
    struct gt_wire_type element = {shape->element, GT_TIME_DEFAULT, GT_TIME_UNIX};
    json_t *out = json_array();
    size_t i;
    json_t *item;
    json_array_foreach(gt_iterable(value), i, item)
    {
        json_t *written = to_wire(encoding, element, member_name, item);
        if (written == NULL) {
            json_decref(out);
            return NULL;
        }
        json_array_append_new(out, written);
    }
    return out;
}

static json_t *map_to_wire(const struct encoding *encoding, const struct gt_shape *shape,
                           const char *member_name, const json_t *value)
{
    struct gt_wire_type element = {shape->element, GT_TIME_DEFAULT, GT_TIME_UNIX};
    json_t *out = json_object();
    const char *key;
    json_t *item;
    json_object_foreach(gt_iterable(value), key, item)
    {
        if (json_is_null(item) && !(shape->flags & GT_SHAPE_SPARSE))
            continue;
        json_t *written = to_wire(encoding, element, member_name, item);
        if (written == NULL) {
            json_decref(out);
            return NULL;
        }
        json_object_set_new(out, key, written);
    }
    return out;
}

static json_t *timestamp_to_wire(const struct encoding *encoding, struct gt_wire_type type,
                                 const char *member_name, const json_t *value)
{
    const char *text = gt_wire_text(encoding->arena, type, value);
    if (text == NULL) {
        gt_input_error(encoding->diags, encoding->operation, member_name, "is no timestamp");
        return NULL;
    }
    if (gt_wire_time_format(type) != GT_TIME_UNIX)
        return json_string(text);
    return strchr(text, '.') != NULL ? json_real(strtod(text, NULL))
                                     : json_integer(strtoll(text, NULL, 10));
}

/* What is not of the shape's kind passes as it is: the service has the last word. */
static json_t *to_wire(const struct encoding *encoding, struct gt_wire_type type,
                       const char *member_name, const json_t *value)
{
    const struct gt_shape *shape = type.shape;
    if (shape->kind == GT_SHAPE_STRUCTURE && json_is_object(value))
        return structure_to_wire(encoding, shape, value);
    if (shape->kind == GT_SHAPE_LIST && json_is_array(value))
        return list_to_wire(encoding, shape, member_name, value);
    if (shape->kind == GT_SHAPE_MAP && json_is_object(value))
        return map_to_wire(encoding, shape, member_name, value);
    if (shape->kind == GT_SHAPE_TIMESTAMP)
        return timestamp_to_wire(encoding, type, member_name, value);
    return json_incref(gt_iterable(value));
}

json_t *gt_json_to_wire(struct gt_arena *arena, const struct gt_operation *operation,
                        const struct gt_shape *shape, const json_t *value, struct gt_diags *diags)
{
    struct encoding encoding = {arena, operation, diags};
    return structure_to_wire(&encoding, shape, value);
}

static json_t *structure_from_wire(struct gt_arena *arena, const struct gt_shape *shape,
                                   const json_t *value)
{
    json_t *out = json_object();
    const char *key;
    json_t *item;
    json_object_foreach(gt_iterable(value), key, item)
    {
        const struct gt_member *member = member_by_wire_name(shape, key);
        if (json_is_null(item))
            continue;
        if (member == NULL)
            json_object_set(out, key, item);
        else
            json_object_set_new(out, member->name, gt_json_from_wire(arena, member->shape, item));
    }
    return out;
}

json_t *gt_json_from_wire(struct gt_arena *arena, const struct gt_shape *shape, json_t *value)
{
    json_t *out, *item;
    const char *key;
    size_t i;
    if (shape->kind == GT_SHAPE_STRUCTURE && json_is_object(value))
        return structure_from_wire(arena, shape, value);
    if (shape->kind == GT_SHAPE_LIST && json_is_array(value)) {
        out = json_array();
        json_array_foreach(value, i, item)
            json_array_append_new(out, gt_json_from_wire(arena, shape->element, item));
        return out;
    }
    if (shape->kind == GT_SHAPE_MAP && json_is_object(value)) {
        out = json_object();
        json_object_foreach(value, key, item)
            json_object_set_new(out, key, gt_json_from_wire(arena, shape->element, item));
        return out;
    }
    if (shape->kind == GT_SHAPE_TIMESTAMP)
        return gt_wire_timestamp(arena, value);
    return json_incref(value);
}

/* Brackets outside of strings, before a recursive parser sees them. */
static bool is_deep(const char *text, size_t len)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        if (in_string) {
            in_string = text[i] != '"';
            i += text[i] == '\\'; /* and what it escapes */
        } else if (text[i] == '"') {
            in_string = true;
        } else if (text[i] == '{' || text[i] == '[') {
            if (++depth > DEPTH_MAX)
                return true;
        } else if (text[i] == '}' || text[i] == ']') {
            depth--;
        }
    }
    return false;
}

json_t *gt_json_parse(struct gt_arena *arena, const struct gt_http_response *response,
                      const char **flaw)
{
    if (is_deep(response->body, response->body_len)) {
        *flaw = "is nested too deeply";
        return NULL;
    }
    json_t *document = json_loadb(response->body, response->body_len, 0, NULL);
    if (document == NULL) /* an integer beyond 64 bits is better than no answer */
        document = json_loadb(response->body, response->body_len, JSON_DECODE_INT_AS_REAL, NULL);
    if (!json_is_object(document)) {
        *flaw = document == NULL ? "is no JSON" : "is no JSON object";
        json_decref(document);
        return NULL;
    }
    return gt_keep(arena, document);
}

bool gt_json_body(struct gt_arena *arena, const struct gt_operation *operation,
                  const json_t *document, const char *content_type, struct gt_wire *wire,
                  struct gt_diags *diags)
{
    enum { HOW = JSON_COMPACT | JSON_SORT_KEYS };
    size_t len = json_dumpb(document, NULL, 0, HOW);
    if (len == 0 || len > GT_BODY_MAX)
        return gt_input_error(diags, operation, "the input",
                              len == 0 ? "cannot be written as JSON" : "is too large");
    char *body = gt_alloc(arena, len + 1);
    json_dumpb(document, body, len, HOW);
    wire->body = body;
    wire->body_len = len;
    gt_wire_content_type(arena, wire, content_type);
    return true;
}

static const char *first_text(const json_t *body, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_object_get(body, keys[i]));
        if (text != NULL && *text != '\0')
            return text;
    }
    return NULL;
}

/* What AgentCore's ValidationException says beyond its message. */
static const char *with_fields(struct gt_arena *arena, const json_t *body, const char *message)
{
    size_t i;
    json_t *field;
    json_array_foreach(json_object_get(body, "fieldList"), i, field)
    {
        const char *name = json_string_value(json_object_get(field, "name"));
        const char *text = json_string_value(json_object_get(field, "message"));
        if (name == NULL || text == NULL || (message != NULL && strstr(message, text) != NULL))
            continue;
        message = message == NULL ? gt_printf(arena, "%s: %s", name, text)
                                  : gt_printf(arena, "%s; %s: %s", message, name, text);
    }
    return message;
}

bool gt_json_fault(struct gt_arena *arena, const struct gt_http_response *response,
                   struct gt_fault *fault)
{
    static const char *const code_keys[] = {"code", "Code", "__type"};
    static const char *const message_keys[] = {"message", "Message", "errorMessage"};
    const char *flaw;
    /* "AlarmNotFound;Sender": the code of the query protocol that the service once spoke. */
    const char *query_code = gt_http_header(response, "x-amzn-query-error");
    fault->code = gt_http_header(response, "x-amzn-errortype");
    if (query_code != NULL)
        fault->code = gt_strndup(arena, query_code, strcspn(query_code, ";"));
    if (response->body_len == 0)
        return true;
    const json_t *body = gt_json_parse(arena, response, &flaw);
    if (body == NULL)
        return false;
    if (fault->code == NULL || *fault->code == '\0')
        fault->code = first_text(body, code_keys, GT_COUNT(code_keys));
    fault->message =
        with_fields(arena, body, first_text(body, message_keys, GT_COUNT(message_keys)));
    return true;
}
