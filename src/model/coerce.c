#include <gantry/model/validate.h>

#include "path.h"

#include <errno.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/doc/template.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct coercion {
    struct gt_arena *arena; /* scratch, for pointers */
    const struct gt_marks *marks;
};

/* The text of a scalar as its author typed it. A mark that holds a reference is no help: the value
 * came from elsewhere. */
static const char *typed_text(const struct coercion *coercion, const struct gt_model_path *path)
{
    const struct gt_mark *mark =
        coercion->marks == NULL
            ? NULL
            : gt_marks_get(coercion->marks, gt_model_path_pointer(coercion->arena, path));
    bool usable = mark != NULL && mark->raw != NULL && mark->style == GT_STYLE_PLAIN;
    return usable && !gt_template_is(mark->raw) ? mark->raw : NULL;
}

static json_t *to_text(const struct coercion *coercion, const struct gt_model_path *path,
                       json_t *value)
{
    if (!json_is_number(value) && !json_is_boolean(value))
        return json_incref(value);
    const char *typed = typed_text(coercion, path);
    if (typed != NULL)
        return json_string(typed);
    if (json_is_boolean(value))
        return json_string(json_is_true(value) ? "true" : "false");
    if (json_is_integer(value))
        return json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return json_sprintf("%.15g", json_real_value(value));
}

static json_t *to_boolean(json_t *value)
{
    static const char *const words[][2] = {{"true", "false"}, {"True", "False"}, {"TRUE", "FALSE"}};
    const char *text = json_string_value(value);
    for (size_t i = 0; text != NULL && i < GT_COUNT(words); i++) {
        if (gt_streq(text, words[i][0]))
            return json_true();
        if (gt_streq(text, words[i][1]))
            return json_false();
    }
    return json_incref(value);
}

static json_t *to_integer(json_t *value)
{
    const char *text = json_string_value(value);
    if (text == NULL)
        return json_incref(value);
    const char *digits = text + (*text == '-' || *text == '+');
    if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0')
        return json_incref(value);
    errno = 0;
    long long number = strtoll(text, NULL, 10);
    return errno == 0 ? json_integer(number) : json_incref(value);
}

static json_t *to_number(json_t *value)
{
    const char *text = json_string_value(value);
    if (text == NULL || *text == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0')
        return json_incref(value);
    json_t *whole = to_integer(value);
    if (json_is_integer(whole))
        return whole;
    json_decref(whole);
    char *end;
    double number = strtod(text, &end);
    return *end == '\0' && isfinite(number) ? json_real(number) : json_incref(value);
}

static json_t *coerce(const struct coercion *coercion, const struct gt_model_path *path,
                      const struct gt_shape *shape, json_t *value);

static json_t *coerce_object(const struct coercion *coercion, const struct gt_model_path *path,
                             const struct gt_shape *shape, json_t *value)
{
    json_t *copy = json_object();
    const char *key;
    json_t *item;
    json_object_foreach(value, key, item)
    {
        struct gt_model_path below = {.up = path, .key = key};
        const struct gt_shape *inner = shape->element;
        if (shape->kind == GT_SHAPE_STRUCTURE) {
            const struct gt_member *member = gt_member_find(shape, key);
            inner = member == NULL ? NULL : member->shape;
        }
        json_object_set_new(copy, key, coerce(coercion, &below, inner, item));
    }
    return copy;
}

static json_t *coerce_list(const struct coercion *coercion, const struct gt_model_path *path,
                           const struct gt_shape *shape, json_t *value)
{
    json_t *copy = json_array();
    size_t index;
    json_t *item;
    json_array_foreach(value, index, item)
    {
        struct gt_model_path below = {.up = path, .index = index};
        json_array_append_new(copy, coerce(coercion, &below, shape->element, item));
    }
    return copy;
}

/* New reference; scalars that stay as they are share the value, containers never do. */
static json_t *coerce(const struct coercion *coercion, const struct gt_model_path *path,
                      const struct gt_shape *shape, json_t *value)
{
    if (shape == NULL)
        return json_deep_copy(value);
    switch (shape->kind) {
    case GT_SHAPE_STRUCTURE:
    case GT_SHAPE_MAP:
        return json_is_object(value) ? coerce_object(coercion, path, shape, value)
                                     : json_deep_copy(value);
    case GT_SHAPE_LIST:
        return json_is_array(value) ? coerce_list(coercion, path, shape, value)
                                    : json_deep_copy(value);
    case GT_SHAPE_STRING:
    case GT_SHAPE_BLOB:
        return json_is_object(value) || json_is_array(value) ? json_deep_copy(value)
                                                             : to_text(coercion, path, value);
    case GT_SHAPE_BOOLEAN:
        return json_is_string(value) ? to_boolean(value) : json_deep_copy(value);
    case GT_SHAPE_INTEGER:
    case GT_SHAPE_LONG:
        return json_is_string(value) ? to_integer(value) : json_deep_copy(value);
    case GT_SHAPE_FLOAT:
    case GT_SHAPE_DOUBLE:
        return json_is_string(value) ? to_number(value) : json_deep_copy(value);
    case GT_SHAPE_TIMESTAMP:
    case GT_SHAPE_DOCUMENT:
        break;
    }
    return json_deep_copy(value);
}

json_t *gt_coerce(const struct gt_shape *shape, const json_t *value, const struct gt_marks *marks)
{
    struct gt_arena *arena = gt_arena_new();
    struct coercion coercion = {.arena = arena, .marks = marks};
    struct gt_model_path root = {.up = NULL};
    json_t *typed = coerce(&coercion, &root, shape, gt_iterable(value));
    gt_arena_free(arena);
    return typed;
}
