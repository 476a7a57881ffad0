/*
 * The keywords of draft 2020-12, one row each. What only describes (title, format, default, ...)
 * has no row: it is not looked at. Source: JSON Schema Core, sections 8 to 11; JSON Schema
 * Validation, section 6.
 */
#include "compile.h"

#include <stdint.h>
#include <string.h>

const struct gt_type_name gt_type_names[] = {
    {"string", "a ", GT_TYPE_STRING}, {"integer", "an ", GT_TYPE_INTEGER},
    {"number", "a ", GT_TYPE_NUMBER}, {"boolean", "a ", GT_TYPE_BOOLEAN},
    {"array", "an ", GT_TYPE_ARRAY},  {"object", "an ", GT_TYPE_OBJECT},
    {"null", "", GT_TYPE_NULL},       {NULL, NULL, 0},
};

/* The group of a schema's rules that a keyword is of, made when it is not there. */
static void *group_of(struct gt_compile *compile, struct gt_rules *rules, enum gt_rules_group group)
{
    switch (group) {
    case GT_GROUP_NUMBER:
        if (rules->number == NULL)
            rules->number = GT_NEW(compile->arena, struct gt_number_rules);
        return rules->number;
    case GT_GROUP_STRING:
        if (rules->string == NULL) {
            rules->string = GT_NEW(compile->arena, struct gt_string_rules);
            rules->string->length.max = SIZE_MAX;
        }
        return rules->string;
    case GT_GROUP_ARRAY:
        if (rules->array == NULL) {
            rules->array = GT_NEW(compile->arena, struct gt_array_rules);
            rules->array->length.max = SIZE_MAX;
            rules->array->contained = (struct gt_range){1, SIZE_MAX};
        }
        return rules->array;
    case GT_GROUP_OBJECT:
        if (rules->object == NULL) {
            rules->object = GT_NEW(compile->arena, struct gt_object_rules);
            rules->object->length.max = SIZE_MAX;
        }
        return rules->object;
    case GT_GROUP_LOGIC:
        if (rules->logic == NULL)
            rules->logic = GT_NEW(compile->arena, struct gt_logic);
        return rules->logic;
    case GT_GROUP_NONE:
        break;
    }
    return rules;
}

struct gt_logic *gt_rules_logic(struct gt_compile *compile, struct gt_rules *rules)
{
    return group_of(compile, rules, GT_GROUP_LOGIC);
}

struct gt_object_rules *gt_rules_object(struct gt_compile *compile, struct gt_rules *rules)
{
    return group_of(compile, rules, GT_GROUP_OBJECT);
}

static void *place(struct gt_compile *compile, struct gt_rules *rules,
                   const struct gt_keyword *keyword)
{
    return (char *)group_of(compile, rules, keyword->group) + keyword->offset;
}

static bool add_type(struct gt_rules *rules, const json_t *value)
{
    const char *name = json_string_value(value);
    for (const struct gt_type_name *type = gt_type_names; name != NULL && type->name != NULL;
         type++) {
        if (strcmp(type->name, name) == 0) {
            rules->types |= type->bit;
            return true;
        }
    }
    return false;
}

static bool fill_type(struct gt_compile *compile, struct gt_rules *rules,
                      const struct gt_keyword *keyword, const json_t *value)
{
    bool ok = json_is_array(value) ? json_array_size(value) > 0 : add_type(rules, value);
    for (size_t i = 0; ok && i < json_array_size(value); i++)
        ok = add_type(rules, json_array_get(value, i));
    return ok || gt_compile_refuse(compile, rules->pointer, keyword->name,
                                   "must be string, integer, number, boolean, array, object or "
                                   "null, or a list of them");
}

static bool fill_value(struct gt_compile *compile, struct gt_rules *rules,
                       const struct gt_keyword *keyword, const json_t *value)
{
    const json_t **to = place(compile, rules, keyword);
    *to = value;
    return true;
}

static bool fill_options(struct gt_compile *compile, struct gt_rules *rules,
                         const struct gt_keyword *keyword, const json_t *value)
{
    return json_is_array(value) ? fill_value(compile, rules, keyword, value)
                                : gt_compile_refuse(compile, rules->pointer, keyword->name,
                                                    "must be a list of values");
}

static bool fill_number(struct gt_compile *compile, struct gt_rules *rules,
                        const struct gt_keyword *keyword, const json_t *value)
{
    return json_is_number(value)
               ? fill_value(compile, rules, keyword, value)
               : gt_compile_refuse(compile, rules->pointer, keyword->name, "must be a number");
}

static bool fill_step(struct gt_compile *compile, struct gt_rules *rules,
                      const struct gt_keyword *keyword, const json_t *value)
{
    if (!json_is_number(value) || !(json_number_value(value) > 0))
        return gt_compile_refuse(compile, rules->pointer, keyword->name,
                                 "must be a number greater than 0");
    fill_value(compile, rules, keyword, value);
    rules->number->step = gt_decimal_of(value);
    return true;
}

/* One that is larger than anything can have is as good as none. */
static bool fill_count(struct gt_compile *compile, struct gt_rules *rules,
                       const struct gt_keyword *keyword, const json_t *value)
{
    double count = json_number_value(value);
    if (!json_is_number(value) || !gt_number_is_integral(value) || count < 0)
        return gt_compile_refuse(compile, rules->pointer, keyword->name,
                                 "must be a whole number, 0 or more");
    size_t *to = place(compile, rules, keyword);
    *to = count >= (double)INT64_MAX ? SIZE_MAX : (size_t)count;
    return true;
}

static bool fill_flag(struct gt_compile *compile, struct gt_rules *rules,
                      const struct gt_keyword *keyword, const json_t *value)
{
    bool *to = place(compile, rules, keyword);
    *to = json_is_true(value);
    return json_is_boolean(value) ||
           gt_compile_refuse(compile, rules->pointer, keyword->name, "must be true or false");
}

static bool fill_pattern(struct gt_compile *compile, struct gt_rules *rules,
                         const struct gt_keyword *keyword, const json_t *value)
{
    const char *text = json_string_value(value), *reason = NULL;
    if (text == NULL)
        return gt_compile_refuse(compile, rules->pointer, keyword->name, "must be a string");
    const struct gt_regex **to = place(compile, rules, keyword);
    *to = gt_regex_compile(compile->arena, text, &reason);
    return *to != NULL || gt_compile_refuse(compile, rules->pointer, keyword->name,
                                            "is no regular expression: %s", reason);
}

static bool fill_schema(struct gt_compile *compile, struct gt_rules *rules,
                        const struct gt_keyword *keyword, const json_t *value)
{
    (void)value;
    const struct gt_rules **to = place(compile, rules, keyword);
    *to = gt_compile_child(compile, rules, keyword->name, NULL);
    return true;
}

static bool fill_list(struct gt_compile *compile, struct gt_rules *rules,
                      const struct gt_keyword *keyword, const json_t *value)
{
    struct gt_rules_list *to = place(compile, rules, keyword);
    *to = (struct gt_rules_list){.len = json_array_size(value)};
    to->at = gt_calloc(compile->arena, to->len, sizeof(struct gt_rules *));
    for (size_t i = 0; i < to->len; i++)
        to->at[i] =
            gt_compile_child(compile, rules, keyword->name, gt_printf(compile->arena, "%zu", i));
    return true;
}

#define IN(GROUP, type, member) GT_GROUP_##GROUP, offsetof(struct type, member)

static const struct gt_keyword keywords[] = {
    {"$defs", GT_HOLDS_MAP, NULL, GT_GROUP_NONE, 0},
    {"$ref", GT_HOLDS_VALUE, gt_keyword_ref, IN(LOGIC, gt_logic, ref)},
    {"$dynamicRef", GT_HOLDS_VALUE, gt_keyword_dynamic_ref, IN(LOGIC, gt_logic, dynamic_ref)},
    {"type", GT_HOLDS_VALUE, fill_type, IN(NONE, gt_rules, types)},
    {"enum", GT_HOLDS_VALUE, fill_options, IN(NONE, gt_rules, options)},
    {"const", GT_HOLDS_VALUE, fill_value, IN(NONE, gt_rules, constant)},
    {"minimum", GT_HOLDS_VALUE, fill_number, IN(NUMBER, gt_number_rules, minimum)},
    {"maximum", GT_HOLDS_VALUE, fill_number, IN(NUMBER, gt_number_rules, maximum)},
    {"exclusiveMinimum", GT_HOLDS_VALUE, fill_number, IN(NUMBER, gt_number_rules, above)},
    {"exclusiveMaximum", GT_HOLDS_VALUE, fill_number, IN(NUMBER, gt_number_rules, below)},
    {"multipleOf", GT_HOLDS_VALUE, fill_step, IN(NUMBER, gt_number_rules, multiple_of)},
    {"minLength", GT_HOLDS_VALUE, fill_count, IN(STRING, gt_string_rules, length.min)},
    {"maxLength", GT_HOLDS_VALUE, fill_count, IN(STRING, gt_string_rules, length.max)},
    {"pattern", GT_HOLDS_VALUE, fill_pattern, IN(STRING, gt_string_rules, pattern)},
    {"prefixItems", GT_HOLDS_LIST, fill_list, IN(ARRAY, gt_array_rules, prefix)},
    {"items", GT_HOLDS_SCHEMA, fill_schema, IN(ARRAY, gt_array_rules, items)},
    {"minItems", GT_HOLDS_VALUE, fill_count, IN(ARRAY, gt_array_rules, length.min)},
    {"maxItems", GT_HOLDS_VALUE, fill_count, IN(ARRAY, gt_array_rules, length.max)},
    {"uniqueItems", GT_HOLDS_VALUE, fill_flag, IN(ARRAY, gt_array_rules, unique)},
    {"contains", GT_HOLDS_SCHEMA, fill_schema, IN(ARRAY, gt_array_rules, contains)},
    {"minContains", GT_HOLDS_VALUE, fill_count, IN(ARRAY, gt_array_rules, contained.min)},
    {"maxContains", GT_HOLDS_VALUE, fill_count, IN(ARRAY, gt_array_rules, contained.max)},
    {"unevaluatedItems", GT_HOLDS_SCHEMA, fill_schema, IN(NONE, gt_rules, unevaluated_items)},
    {"properties", GT_HOLDS_MAP, gt_keyword_members, IN(OBJECT, gt_object_rules, members)},
    {"required", GT_HOLDS_VALUE, gt_keyword_members, IN(OBJECT, gt_object_rules, members)},
    {"patternProperties", GT_HOLDS_MAP, gt_keyword_pattern_members,
     IN(OBJECT, gt_object_rules, patterns)},
    {"additionalProperties", GT_HOLDS_SCHEMA, fill_schema, IN(OBJECT, gt_object_rules, additional)},
    {"propertyNames", GT_HOLDS_SCHEMA, fill_schema, IN(OBJECT, gt_object_rules, names)},
    {"minProperties", GT_HOLDS_VALUE, fill_count, IN(OBJECT, gt_object_rules, length.min)},
    {"maxProperties", GT_HOLDS_VALUE, fill_count, IN(OBJECT, gt_object_rules, length.max)},
    {"dependentRequired", GT_HOLDS_VALUE, gt_keyword_dependencies,
     IN(OBJECT, gt_object_rules, dependencies)},
    {"dependentSchemas", GT_HOLDS_MAP, gt_keyword_dependencies,
     IN(OBJECT, gt_object_rules, dependencies)},
    {"unevaluatedProperties", GT_HOLDS_SCHEMA, fill_schema,
     IN(NONE, gt_rules, unevaluated_properties)},
    {"allOf", GT_HOLDS_LIST, fill_list, IN(LOGIC, gt_logic, all)},
    {"anyOf", GT_HOLDS_LIST, fill_list, IN(LOGIC, gt_logic, any)},
    {"oneOf", GT_HOLDS_LIST, fill_list, IN(LOGIC, gt_logic, one)},
    {"not", GT_HOLDS_SCHEMA, fill_schema, IN(LOGIC, gt_logic, none)},
    {"if", GT_HOLDS_SCHEMA, fill_schema, IN(LOGIC, gt_logic, condition)},
    {"then", GT_HOLDS_SCHEMA, fill_schema, IN(LOGIC, gt_logic, then)},
    {"else", GT_HOLDS_SCHEMA, fill_schema, IN(LOGIC, gt_logic, otherwise)},
};

const struct gt_keyword *gt_keyword_find(const char *name)
{
    for (size_t i = 0; i < GT_COUNT(keywords); i++)
        if (strcmp(keywords[i].name, name) == 0)
            return &keywords[i];
    return NULL;
}
