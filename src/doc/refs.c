#include "refs.h"

#include <gantry/base/json.h>

const char *gt_path_pointer(struct gt_arena *arena, const struct gt_path *path)
{
    if (path == NULL)
        return "";
    const char *parent = gt_path_pointer(arena, path->up);
    return path->key != NULL ? gt_pointer_join(arena, parent, path->key)
                             : gt_pointer_index(arena, parent, path->index);
}

bool gt_has_refs(const json_t *value)
{
    if (json_is_string(value))
        return gt_template_is(json_string_value(value));
    for (size_t i = 0; i < json_array_size(value); i++)
        if (gt_has_refs(json_array_get(value, i)))
            return true;
    json_t *object = gt_iterable(value);
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at))
        if (gt_has_refs(json_object_iter_value(at)))
            return true;
    return false;
}

struct visit {
    struct gt_arena *arena;
    gt_ref_fn *fn;
    void *payload;
};

static void visit_text(const struct visit *visit, const char *text, const struct gt_path *path)
{
    struct gt_template template;
    const char *error;
    if (!gt_template_is(text) || !gt_template_parse(visit->arena, text, &template, &error))
        return;
    const char *pointer = gt_path_pointer(visit->arena, path);
    for (size_t i = 0; i < template.parts.len; i++)
        if (template.parts.at[i].expression)
            visit->fn(visit->payload, pointer, template.parts.at[i].text);
}

static void visit_value(const struct visit *visit, const json_t *value, const struct gt_path *path)
{
    if (json_is_string(value)) {
        visit_text(visit, json_string_value(value), path);
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++)
        visit_value(visit, json_array_get(value, i), &(struct gt_path){.up = path, .index = i});
    json_t *object = gt_iterable(value);
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at))
        visit_value(visit, json_object_iter_value(at),
                    &(struct gt_path){.up = path, .key = json_object_iter_key(at)});
}

void gt_each_ref(struct gt_arena *arena, const json_t *value, gt_ref_fn *fn, void *payload)
{
    visit_value(&(struct visit){.arena = arena, .fn = fn, .payload = payload}, value, NULL);
}
