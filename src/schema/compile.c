#include "compile.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { MESSAGE_MAX = 300 };

bool gt_compile_refuse(struct gt_compile *compile, const char *pointer, const char *key,
                       const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *message = gt_vprintf(compile->arena, format, args);
    va_end(args);
    if (key != NULL)
        pointer = gt_pointer_join(compile->arena, pointer, key);
    compile->problem->pointer = gt_one_line(compile->arena, pointer, GT_SCHEMA_POINTER_MAX);
    compile->problem->message = gt_one_line(compile->arena, message, MESSAGE_MAX);
    return false;
}

static const char *const holds_text[] = {
    [GT_HOLDS_VALUE] = "",
    [GT_HOLDS_SCHEMA] = "must be a schema: an object, true or false",
    [GT_HOLDS_LIST] = "must be a list of schemas, at least one",
    [GT_HOLDS_MAP] = "must be an object of schemas",
};

static bool holds_well(enum gt_keyword_holds holds, const json_t *value)
{
    switch (holds) {
    case GT_HOLDS_LIST:
        return json_array_size(value) > 0;
    case GT_HOLDS_MAP:
        return json_is_object(value);
    case GT_HOLDS_SCHEMA:
    case GT_HOLDS_VALUE:
        break;
    }
    return true;
}

/* The schemas that a keyword holds. */
static bool find_below(struct gt_compile *compile, const char *pointer,
                       const struct gt_keyword *keyword, const json_t *value,
                       struct gt_resource *resource)
{
    const char *below = gt_pointer_join(compile->arena, pointer, keyword->name), *name;
    json_t *schema;
    size_t index;
    if (!holds_well(keyword->holds, value))
        return gt_compile_refuse(compile, below, NULL, "%s", holds_text[keyword->holds]);
    if (keyword->holds == GT_HOLDS_SCHEMA)
        return gt_compile_find(compile, value, below, resource) != NULL;
    json_array_foreach(value, index,
                       schema) if (gt_compile_find(compile, schema,
                                                   gt_pointer_index(compile->arena, below, index),
                                                   resource) == NULL) return false;
    json_object_foreach(gt_iterable(value), name,
                        schema) if (gt_compile_find(compile, schema,
                                                    gt_pointer_join(compile->arena, below, name),
                                                    resource) == NULL) return false;
    return true;
}

static bool find_all_below(struct gt_compile *compile, const struct gt_rules *rules,
                           struct gt_resource *resource)
{
    const char *key;
    json_t *value;
    json_object_foreach(gt_iterable(rules->document), key, value)
    {
        const struct gt_keyword *keyword = gt_keyword_find(key);
        if (keyword != NULL && keyword->holds != GT_HOLDS_VALUE &&
            !find_below(compile, rules->pointer, keyword, value, resource))
            return false;
    }
    return true;
}

struct gt_rules *gt_compile_find(struct gt_compile *compile, const json_t *document,
                                 const char *pointer, struct gt_resource *resource)
{
    struct gt_rules *rules = gt_map_get(&compile->places, pointer);
    if (rules != NULL)
        return rules;
    if (!json_is_object(document) && !json_is_boolean(document)) {
        gt_compile_refuse(compile, pointer, NULL, "%s", holds_text[GT_HOLDS_SCHEMA]);
        return NULL;
    }
    if (compile->depth >= GT_SCHEMA_DEPTH_MAX || strlen(pointer) > GT_SCHEMA_POINTER_MAX) {
        gt_compile_refuse(compile, pointer, NULL, "is nested too deeply");
        return NULL;
    }
    rules = GT_NEW(compile->arena, struct gt_rules);
    rules->document = document;
    rules->pointer = pointer;
    rules->never = json_is_false(document);
    rules->always = json_is_true(document) || json_object_size(document) == 0;
    rules->always = rules->always && !rules->never;
    gt_map_set(&compile->places, pointer, rules);
    *GT_PUSH(compile->arena, &compile->found) = rules;
    compile->depth++;
    bool ok = gt_compile_identify(compile, rules, &resource);
    rules->resource = resource;
    ok = ok && find_all_below(compile, rules, resource);
    compile->depth--;
    return ok ? rules : NULL;
}

const struct gt_rules *gt_compile_child(struct gt_compile *compile, const struct gt_rules *rules,
                                        const char *keyword, const char *name)
{
    const char *pointer = gt_pointer_join(compile->arena, rules->pointer, keyword);
    if (name != NULL)
        pointer = gt_pointer_join(compile->arena, pointer, name);
    return gt_map_get(&compile->places, pointer);
}

static bool fill(struct gt_compile *compile, struct gt_rules *rules)
{
    const char *key;
    json_t *value;
    json_object_foreach(gt_iterable(rules->document), key, value)
    {
        const struct gt_keyword *keyword = gt_keyword_find(key);
        if (keyword != NULL && keyword->fill != NULL &&
            !keyword->fill(compile, rules, keyword, value))
            return false;
    }
    return true;
}

struct gt_schema *gt_schema_compile(struct gt_arena *arena, const json_t *document,
                                    struct gt_schema_problem *problem)
{
    struct gt_compile compile = {.arena = arena,
                                 .document = document,
                                 .places = gt_map_init(arena),
                                 .resources = gt_map_init(arena),
                                 .problem = problem};
    *problem = (struct gt_schema_problem){0};
    const struct gt_rules *root = gt_compile_find(&compile, document, "", NULL);
    bool ok = root != NULL;
    for (size_t i = 0; ok && i < compile.found.len; i++)
        ok = fill(&compile, compile.found.at[i]);
    if (!ok || !gt_compile_check_cycles(&compile))
        return NULL;
    struct gt_schema *schema = GT_NEW(arena, struct gt_schema);
    *schema = (struct gt_schema){root, compile.dynamic};
    return schema;
}
