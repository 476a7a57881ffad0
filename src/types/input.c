/* Inputs of calls, made of the identity, the wanted properties and the last read. */
#include "types.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

static bool is_tags(const struct gt_type *type, const char *name)
{
    return type->tags.property != NULL && strcmp(type->tags.property, name) == 0;
}

/* Whether a service would refuse this value as empty, so that it is left out. */
static bool refused_as_empty(const struct gt_shape *shape, const json_t *value)
{
    if (json_is_null(value))
        return true;
    if (json_is_array(value) || (json_is_object(value) && shape->kind == GT_SHAPE_MAP))
        return shape->min > 0 && gt_json_empty(value);
    if (shape->kind != GT_SHAPE_STRUCTURE || !gt_json_empty(value))
        return false;
    bool needs_member = shape->flags & GT_SHAPE_UNION;
    for (size_t i = 0; i < shape->member_count; i++)
        needs_member |= (shape->members[i].flags & GT_MEMBER_REQUIRED) != 0;
    return needs_member;
}

static void prune(const struct gt_shape *shape, json_t *value)
{
    if (json_is_array(value) && shape->kind == GT_SHAPE_LIST) {
        size_t i;
        json_t *item;
        json_array_foreach(value, i, item) prune(shape->element, item);
    }
    if (!json_is_object(value))
        return;
    const char *key;
    void *next;
    json_t *item;
    json_object_foreach_safe(value, next, key, item)
    {
        const struct gt_shape *below = NULL;
        if (shape->kind == GT_SHAPE_MAP) {
            below = shape->element;
        } else if (shape->kind == GT_SHAPE_STRUCTURE) {
            const struct gt_member *member = gt_member_find(shape, key);
            below = member == NULL ? NULL : member->shape;
        }
        if (below == NULL)
            continue;
        prune(below, item);
        if (refused_as_empty(below, item))
            json_object_del(value, key);
    }
}

static json_t *bound_value(const struct gt_type *type, const struct gt_use *use,
                           const struct gt_bind *bind, const struct gt_input_sources *from)
{
    json_error_t error;
    json_t *value = NULL;
    switch (bind->from) {
    case GT_FROM_IDENTITY:
        value = json_object_get(from->identity, bind->name);
        break;
    case GT_FROM_LIVE:
        value = gt_at(from->live, bind->name);
        break;
    case GT_FROM_TEXT:
        return json_string(bind->name);
    case GT_FROM_JSON:
        return json_loads(bind->name, JSON_DECODE_ANY, &error);
    case GT_FROM_PROPERTY: {
        value = gt_at(from->properties, bind->name);
        const struct gt_member *member = gt_member_find(use->operation->input, bind->member);
        return value == NULL ? NULL
                             : gt_text_documents(type, member == NULL ? NULL : member->shape,
                                                 bind->name, value);
    }
    }
    return value == NULL ? NULL : json_deep_copy(value);
}

/* Sets what the binds say, drops what must not be empty, and lets the type have the last word. */
static json_t *finished(const struct gt_type *type, const struct gt_use *use,
                        const struct gt_input_sources *from, json_t *input)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    for (const struct gt_bind *bind = use->in; bind != NULL && bind->member != NULL; bind++) {
        json_t *value = bound_value(type, use, bind, from);
        if (value != NULL)
            gt_put_at(input, gt_printf(scratch, "/%s", bind->member), value);
    }
    if (use->operation->input != NULL)
        prune(use->operation->input, input);
    if (type->prepare != NULL)
        type->prepare(use->operation, input, from->properties, from->live);
    return input;
}

static json_t *property_value(const struct gt_type *type, const struct gt_member *member,
                              const json_t *value)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    if (!is_tags(type, member->name))
        return gt_text_documents(type, member->shape, gt_pointer_join(scratch, "", member->name),
                                 value);
    json_auto_t *map = gt_type_tags_map(type, value);
    return gt_type_tags_form(type, map);
}

json_t *gt_type_input(const struct gt_type *type, const struct gt_use *use,
                      const struct gt_input_sources *from, bool with_properties)
{
    json_t *input = json_object();
    const struct gt_shape *shape = use->operation->input;
    for (size_t i = 0; with_properties && shape != NULL && i < shape->member_count; i++) {
        const struct gt_member *member = &shape->members[i];
        const json_t *value = json_object_get(from->properties, member->name);
        if (value != NULL && !(member->flags & GT_MEMBER_IDEMPOTENCY_TOKEN))
            json_object_set_new(input, member->name, property_value(type, member, value));
    }
    return finished(type, use, from, input);
}

/* What of a live value a shape has members for; NULL when nothing is left. New reference. */
static json_t *sendable(const struct gt_shape *shape, const json_t *live)
{
    if (gt_json_empty(live))
        return NULL;
    if (shape->kind == GT_SHAPE_STRUCTURE && json_is_object(live)) {
        json_t *copy = json_object();
        for (size_t i = 0; i < shape->member_count; i++) {
            const struct gt_member *member = &shape->members[i];
            json_t *part = sendable(member->shape, json_object_get(live, member->name));
            if (part != NULL && !(member->flags & GT_MEMBER_IDEMPOTENCY_TOKEN))
                json_object_set_new(copy, member->name, part);
            else
                json_decref(part);
        }
        if (json_object_size(copy) > 0)
            return copy;
        json_decref(copy);
        return NULL;
    }
    if (shape->kind == GT_SHAPE_LIST && json_is_array(live)) {
        json_t *copy = json_array(), *item;
        size_t i;
        json_array_foreach(live, i, item)
        {
            json_t *part = sendable(shape->element, item);
            if (part != NULL)
                json_array_append_new(copy, part);
        }
        return copy;
    }
    return json_deep_copy(live);
}

static bool array_has(const json_t *list, const json_t *value)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) if (json_equal(item, value)) return true;
    return false;
}

/* The wanted list, with what the service added to the live one by itself. */
static json_t *wanted_list(const struct gt_type *type, const char *pointer, const json_t *live,
                           const json_t *wanted)
{
    json_t *list = json_deep_copy(wanted);
    const struct gt_attr *attr = gt_type_attr(type, pointer);
    const char *const *kept = attr == NULL ? NULL : attr->kept;
    for (; kept != NULL && *kept != NULL; kept++) {
        json_auto_t *value = json_string(*kept);
        if (array_has(live, value) && !array_has(list, value))
            json_array_append(list, value);
    }
    return list;
}

/* Wanted over live. A union's other members go, and so does what is wanted to be null. */
static json_t *overlay(const struct gt_type *type, const struct gt_shape *shape,
                       const char *pointer, const json_t *live, const json_t *wanted)
{
    if (json_is_array(wanted))
        return wanted_list(type, pointer, live, wanted);
    if (!json_is_object(wanted))
        return json_deep_copy(wanted);
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    bool only_wanted = (shape != NULL && shape->flags & GT_SHAPE_UNION) || !json_is_object(live);
    json_t *merged = only_wanted ? json_object() : json_deep_copy(live);
    const char *key;
    json_t *value;
    json_object_foreach(gt_iterable(wanted), key, value)
    {
        const char *below = gt_pointer_join(scratch, "", key);
        json_object_set_new(merged, key,
                            overlay(type, shape == NULL ? NULL : gt_shape_at(shape, below),
                                    gt_printf(scratch, "%s%s", pointer, below),
                                    json_object_get(live, key), value));
    }
    return merged;
}

/* Updates that take the tags would drop those they are not given; the calls for tags do the rest.
 * Keys of AWS itself are refused as input. */
static json_t *all_tags(const struct gt_type *type, const json_t *live, const json_t *wanted)
{
    json_auto_t *all = gt_type_tags_map(type, live), *own = gt_type_tags_map(type, wanted);
    json_object_update(all, own);
    const char *key;
    void *next;
    json_t *value;
    json_object_foreach_safe(all, next, key, value) if (gt_starts_with(key, "aws:"))
        json_object_del(all, key);
    return gt_type_tags_form(type, all);
}

static json_t *live_base(const struct gt_type *type, const struct gt_step *step, const json_t *live,
                         const json_t *dropped)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    json_t *base = sendable(step->use.operation->input, live);
    if (base == NULL)
        return json_object();
    for (const char *const *path = step->live_excluded; path != NULL && *path != NULL; path++)
        gt_remove_at(base, *path);
    size_t i;
    json_t *pointer;
    json_array_foreach(dropped, i, pointer)
    {
        const char *path = json_string_value(pointer);
        if (path != NULL)
            gt_remove_at(base, *path == '/' ? path : gt_pointer_join(scratch, "", path));
    }
    if (type->tags.property != NULL && json_object_get(live, type->tags.property) != NULL &&
        gt_member_find(step->use.operation->input, type->tags.property) != NULL)
        json_object_set_new(base, type->tags.property,
                            all_tags(type, json_object_get(live, type->tags.property), NULL));
    return base;
}

json_t *gt_type_step_input(const struct gt_type *type, const struct gt_step *step,
                           const struct gt_input_sources *from, const json_t *dropped)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    const struct gt_shape *shape = step->use.operation->input;
    json_t *input = step->merge_live ? live_base(type, step, from->live, dropped) : json_object();
    for (size_t i = 0; i < shape->member_count; i++) {
        const char *name = shape->members[i].name;
        const json_t *wanted = json_object_get(from->properties, name);
        const json_t *live = json_object_get(input, name);
        if (wanted == NULL)
            continue;
        if (is_tags(type, name)) {
            json_object_set_new(input, name, all_tags(type, live, wanted));
        } else if (gt_type_step_writes(type, step, name)) {
            json_auto_t *value = property_value(type, &shape->members[i], wanted);
            json_object_set_new(input, name,
                                overlay(type, shape->members[i].shape,
                                        gt_pointer_join(scratch, "", name), live, value));
        }
    }
    return finished(type, &step->use, from, input);
}

json_t *gt_type_tag_input(const struct gt_type *type, const struct gt_input_sources *from,
                          const json_t *tags)
{
    json_t *input = gt_type_input(type, &type->tags.tag, from, false);
    json_object_set_new(input, type->tags.tag_member, gt_type_tags_form(type, tags));
    return input;
}

json_t *gt_type_untag_input(const struct gt_type *type, const struct gt_input_sources *from,
                            const json_t *keys)
{
    json_t *input = gt_type_input(type, &type->tags.untag, from, false);
    json_object_set_new(input, type->tags.untag_member, json_deep_copy(keys));
    return input;
}
