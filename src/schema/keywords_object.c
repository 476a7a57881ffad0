/* The keywords that are about the members of objects by name. */
#include "compile.h"

#include <gantry/base/json.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    const struct gt_member *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* Members of the same name (in properties and required) become one. */
static size_t unite(struct gt_member *members, size_t len)
{
    size_t kept = 0;
    for (size_t i = 0; i < len; i++) {
        struct gt_member *last = kept == 0 ? NULL : &members[kept - 1];
        if (last != NULL && strcmp(last->name, members[i].name) == 0) {
            last->rules = last->rules == NULL ? members[i].rules : last->rules;
            last->required = last->required || members[i].required;
        } else {
            members[kept++] = members[i];
        }
    }
    return kept;
}

static bool is_list_of_names(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!json_is_string(json_array_get(list, i)))
            return false;
    return json_is_array(list);
}

/* Both properties and required, whichever comes first. */
bool gt_keyword_members(struct gt_compile *compile, struct gt_rules *rules,
                        const struct gt_keyword *keyword, const json_t *value)
{
    (void)keyword;
    (void)value;
    const json_t *properties = json_object_get(rules->document, "properties");
    const json_t *required = json_object_get(rules->document, "required");
    struct gt_object_rules *object = gt_rules_object(compile, rules);
    if (object->members != NULL)
        return true;
    if (required != NULL && !is_list_of_names(required))
        return gt_compile_refuse(compile, rules->pointer, "required", "must be a list of names");
    size_t len = 0, room = json_object_size(properties) + json_array_size(required);
    struct gt_member *members = gt_calloc(compile->arena, room, sizeof(*members));
    const char *name;
    json_t *part;
    size_t index;
    json_object_foreach(gt_iterable(properties), name, part)
    {
        members[len++] = (struct gt_member){
            .name = name, .rules = gt_compile_child(compile, rules, "properties", name)};
    }
    json_array_foreach(required, index, part)
    {
        members[len++] = (struct gt_member){.name = json_string_value(part), .required = true};
    }
    qsort(members, len, sizeof(*members), by_name);
    object->members = members;
    object->members_len = unite(members, len);
    for (size_t i = 0; i < object->members_len; i++)
        object->required_len += members[i].required;
    return true;
}

bool gt_keyword_pattern_members(struct gt_compile *compile, struct gt_rules *rules,
                                const struct gt_keyword *keyword, const json_t *value)
{
    struct gt_object_rules *object = gt_rules_object(compile, rules);
    struct gt_pattern_member *patterns =
        gt_calloc(compile->arena, json_object_size(value), sizeof(*patterns));
    const char *text, *reason = NULL;
    json_t *schema;
    json_object_foreach(gt_iterable(value), text, schema)
    {
        const struct gt_regex *regex = gt_regex_compile(compile->arena, text, &reason);
        if (regex == NULL)
            return gt_compile_refuse(compile,
                                     gt_pointer_join(compile->arena, rules->pointer, keyword->name),
                                     text, "is no regular expression: %s", reason);
        patterns[object->patterns_len++] = (struct gt_pattern_member){
            regex, gt_compile_child(compile, rules, keyword->name, text)};
    }
    object->patterns = patterns;
    return true;
}

/* dependentRequired and dependentSchemas. */
bool gt_keyword_dependencies(struct gt_compile *compile, struct gt_rules *rules,
                             const struct gt_keyword *keyword, const json_t *value)
{
    struct gt_object_rules *object = gt_rules_object(compile, rules);
    const char *name;
    json_t *part;
    if (!json_is_object(value))
        return gt_compile_refuse(compile, rules->pointer, keyword->name,
                                 "must be an object of lists of names");
    json_object_foreach(gt_iterable(value), name, part)
    {
        struct gt_dependency *dependency = GT_PUSH(compile->arena, &object->dependencies);
        dependency->name = name;
        if (keyword->holds == GT_HOLDS_MAP)
            dependency->rules = gt_compile_child(compile, rules, keyword->name, name);
        else if (is_list_of_names(part))
            dependency->required = part;
        else
            return gt_compile_refuse(compile,
                                     gt_pointer_join(compile->arena, rules->pointer, keyword->name),
                                     name, "must be a list of names");
    }
    return true;
}
