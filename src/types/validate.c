/* Checking and typing properties by the shapes of the calls that take them. */
#include "types.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static json_t *text_of(const json_t *document)
{
    char *text = json_dumps(document, JSON_COMPACT);
    if (text == NULL)
        gt_die("cannot print a document");
    json_t *string = json_string(text);
    free(text);
    return string;
}

static json_t *texts_below(struct gt_arena *scratch, const struct gt_type *type,
                           const struct gt_shape *shape, const char *pointer, const json_t *value)
{
    bool compound = json_is_object(value) || json_is_array(value);
    const struct gt_attr *attr = compound ? gt_type_attr(type, pointer) : NULL;
    if (attr != NULL && attr->flags & (GT_ATTR_POLICY | GT_ATTR_JSON) && shape != NULL &&
        shape->kind == GT_SHAPE_STRING)
        return text_of(value);
    if (json_is_object(value)) {
        json_t *copy = json_object(), *member;
        const char *key;
        json_object_foreach(gt_iterable(value), key, member)
        {
            const char *below = gt_pointer_join(scratch, "", key);
            json_object_set_new(copy, key,
                                texts_below(scratch, type,
                                            shape == NULL ? NULL : gt_shape_at(shape, below),
                                            gt_printf(scratch, "%s%s", pointer, below), member));
        }
        return copy;
    }
    if (json_is_array(value)) {
        json_t *copy = json_array(), *item;
        size_t i;
        json_array_foreach(value, i, item) json_array_append_new(
            copy, texts_below(scratch, type, shape == NULL ? NULL : gt_shape_at(shape, "/0"),
                              gt_pointer_index(scratch, pointer, i), item));
        return copy;
    }
    return json_deep_copy(value);
}

json_t *gt_text_documents(const struct gt_type *type, const struct gt_shape *shape,
                          const char *pointer, const json_t *value)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    return texts_below(scratch, type, shape, pointer, value);
}

bool gt_type_validate(const struct gt_type *type, const json_t *properties,
                      const struct gt_validation *how, struct gt_diags *diags)
{
    static const struct gt_validation plain;
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    size_t errors = diags->errors;
    const struct gt_shape *shape = gt_properties_shape(type, scratch);
    json_auto_t *texts = gt_text_documents(type, shape, "", properties);
    gt_validate(shape, texts, how, diags);
    if (type->check != NULL)
        type->check(properties, how == NULL ? &plain : how, diags);
    return diags->errors == errors;
}

json_t *gt_type_coerce(const struct gt_type *type, const json_t *properties,
                       const struct gt_marks *marks)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    return gt_coerce(gt_properties_shape(type, scratch), properties, marks);
}

struct gt_diag *gt_property_error(const struct gt_validation *how, const char *pointer,
                                  struct gt_diags *diags, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *message = gt_vprintf(diags->arena, format, args);
    va_end(args);
    char *path = gt_strdup(diags->arena, *pointer == '/' ? pointer + 1 : pointer);
    for (char *at = path; *at != '\0'; at++)
        *at = *at == '/' ? '.' : *at;
    struct gt_diag *diag = gt_error(diags, code, "%s: %s", path, message);
    if (how->marks != NULL)
        diag->pos = gt_marks_pos(how->marks, pointer);
    diag->subject = how->subject;
    return diag;
}

const char *gt_known_text(const json_t *properties, const char *pointer)
{
    const char *text = gt_text_at(properties, pointer);
    return text == NULL || strstr(text, "${") != NULL ? NULL : text;
}

bool gt_list_has(const json_t *properties, const char *pointer, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach(gt_at(properties, pointer), i,
                       item) if (gt_streq(json_string_value(item), text)) return true;
    return false;
}
