#include "fields.h"
#include <gantry/base/str.h>
#include <stdint.h>

static bool texts(const json_t *value)
{
    if (!json_is_array(value))
        return false;
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!json_is_string(json_array_get(value, i)))
            return false;
    return true;
}

static bool fits(enum field_kind kind, const json_t *value)
{
    switch (kind) {
    case FIELD_TEXT:
        return json_string_length(value) > 0;
    case FIELD_OBJECT:
        return json_is_object(value);
    case FIELD_ARRAY:
        return json_is_array(value);
    case FIELD_TEXTS:
        return texts(value);
    case FIELD_ANY:
        return true;
    case FIELD_BOOL:
        return json_is_boolean(value);
    case FIELD_INT:
    case FIELD_TIME:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    }
    return false;
}

static const char *const kind_names[] = {
    [FIELD_TEXT] = "a text",           [FIELD_OBJECT] = "an object", [FIELD_ARRAY] = "a list",
    [FIELD_TEXTS] = "a list of texts", [FIELD_ANY] = "a value",      [FIELD_BOOL] = "true or false",
    [FIELD_INT] = "a whole number",    [FIELD_TIME] = "a time",
};

static json_t *value_of(const struct field *field, const void *from)
{
    const char *at = (const char *)from + field->offset;
    switch (field->kind) {
    case FIELD_TEXT: {
        const char *text = *(const char *const *)(const void *)at;
        return text == NULL ? NULL : json_string(text);
    }
    case FIELD_OBJECT:
    case FIELD_ARRAY:
    case FIELD_TEXTS:
    case FIELD_ANY:
        return json_deep_copy(*(json_t *const *)(const void *)at);
    case FIELD_BOOL:
        return *(const bool *)(const void *)at ? json_true() : NULL;
    case FIELD_INT:
        return json_integer(*(const json_int_t *)(const void *)at);
    case FIELD_TIME:
        return json_integer((json_int_t) * (const int64_t *)(const void *)at);
    }
    return NULL;
}

void gt_fields_write(const struct field *fields, size_t count, const void *from, json_t *object)
{
    for (size_t i = 0; i < count; i++) {
        if (fields[i].offset == FIELD_UNBOUND)
            continue;
        json_t *value = value_of(&fields[i], from);
        if (value != NULL)
            json_object_set_new(object, fields[i].name, value);
    }
}

static void store(struct gt_arena *arena, const struct field *field, json_t *value, void *to)
{
    char *at = (char *)to + field->offset;
    switch (field->kind) {
    case FIELD_TEXT:
        *(const char **)(void *)at = gt_strdup(arena, json_string_value(value));
        break;
    case FIELD_OBJECT:
    case FIELD_ARRAY:
    case FIELD_TEXTS:
    case FIELD_ANY:
        *(json_t **)(void *)at = value;
        break;
    case FIELD_BOOL:
        *(bool *)(void *)at = json_is_true(value);
        break;
    case FIELD_INT:
        *(json_int_t *)(void *)at = json_integer_value(value);
        break;
    case FIELD_TIME:
        *(int64_t *)(void *)at = (int64_t)json_integer_value(value);
        break;
    }
}

static const char *unknown_member(struct gt_arena *arena, const struct field *fields, size_t count,
                                  const json_t *object)
{
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        known += json_object_get(object, fields[i].name) != NULL;
    if (known == json_object_size(object))
        return NULL;
    json_auto_t *rest = json_deep_copy(object);
    for (size_t i = 0; i < count; i++)
        json_object_del(rest, fields[i].name);
    return gt_printf(arena, "unknown member \"%s\"", json_object_iter_key(json_object_iter(rest)));
}

const char *gt_fields_read(struct gt_arena *arena, const struct field *fields, size_t count,
                           const json_t *object, void *to)
{
    if (!json_is_object(object))
        return "it is not an object";
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object_get(object, fields[i].name);
        if (value == NULL && fields[i].required)
            return gt_printf(arena, "\"%s\" is missing", fields[i].name);
        if (value == NULL)
            continue;
        if (!fits(fields[i].kind, value))
            return gt_printf(arena, "\"%s\" is not %s", fields[i].name, kind_names[fields[i].kind]);
        if (fields[i].offset != FIELD_UNBOUND)
            store(arena, &fields[i], value, to);
    }
    return unknown_member(arena, fields, count, object);
}
