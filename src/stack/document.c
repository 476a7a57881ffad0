/* The lowered stack as a document, for gantry show. */
#include "lower.h"

#include <stdlib.h>

static json_t *texts(const char *const *list)
{
    json_t *out = json_array();
    for (; list != NULL && *list != NULL; list++)
        json_array_append_new(out, json_string(*list));
    return out;
}

static const char *place_of(struct gt_arena *arena, struct gt_pos pos)
{
    return pos.file == NULL ? "?" : gt_printf(arena, "%s:%u:%u", pos.file, pos.line, pos.column);
}

/* Where each leaf of the properties comes from: its own place, or that of the entry it was made
 * for. */
static void add_origins(struct gt_arena *arena, const struct gt_resource *resource,
                        const json_t *value, const char *pointer, json_t *out)
{
    const char *key;
    json_t *member;
    size_t i;
    if (json_is_object(value) && json_object_size(value) > 0) {
        json_object_foreach(gt_iterable(value), key, member)
            add_origins(arena, resource, member, gt_pointer_join(arena, pointer, key), out);
        return;
    }
    if (json_is_array(value) && json_array_size(value) > 0) {
        json_array_foreach(value, i, member)
            add_origins(arena, resource, member, gt_pointer_index(arena, pointer, i), out);
        return;
    }
    const struct gt_mark *mark = gt_marks_find(resource->marks, pointer);
    bool made = mark == NULL || mark == gt_marks_get(resource->marks, "");
    struct gt_pos pos = mark != NULL ? mark->pos : resource->pos;
    const char *place = place_of(arena, pos);
    json_object_set_new(
        out, pointer,
        json_string(made ? gt_printf(arena, "made for %s (%s)", resource->origin, place) : place));
}

/* What runs on this machine, without the values of its environment: they may be secrets. */
static json_t *shown_local(const json_t *local)
{
    json_t *out = json_copy(gt_iterable(local));
    json_t *environment = json_object_get(out, "environment"), *masked = json_object();
    const char *name;
    json_t *value;
    json_object_foreach(environment, name, value)
        json_object_set_new(masked, name, json_string("(secret)"));
    if (environment != NULL)
        json_object_set(out, "environment", masked);
    json_decref(masked);
    return out;
}

static void set_if(json_t *out, const char *name, json_t *value)
{
    if (gt_json_empty(value) || json_is_false(value))
        json_decref(value);
    else
        json_object_set_new(out, name, value);
}

static json_t *resource_document(struct gt_arena *arena, const struct gt_stack *stack,
                                 const struct gt_resource *resource, bool origin)
{
    json_t *out = json_object(), *depends = json_array();
    json_object_set_new(out, "type", json_string(resource->type->name));
    set_if(out, "existing", json_string(resource->existing));
    set_if(out, "properties", gt_type_redact(resource->type, resource->properties));
    set_if(out, "tags", json_incref(resource->tags));
    for (size_t i = 0; i < resource->depends.len; i++)
        json_array_append_new(depends,
                              json_string(stack->resources.at[resource->depends.at[i]].address));
    set_if(out, "depends", depends);
    set_if(out, "protect", json_boolean(resource->protect));
    set_if(out, "retain", json_boolean(resource->retain));
    set_if(out, "ignore", texts(resource->ignore));
    set_if(out, "unchecked", texts(resource->unchecked));
    set_if(out, "pinned", json_string(resource->image_pin));
    set_if(out, "local", shown_local(resource->local));
    if (origin) {
        json_t *origins = json_object();
        add_origins(arena, resource, resource->properties, "", origins);
        json_object_set_new(out, "entry",
                            json_string(gt_printf(arena, "%s (%s)", resource->origin,
                                                  place_of(arena, resource->pos))));
        set_if(out, "origin", origins);
    }
    return out;
}

json_t *gt_stack_document(struct gt_arena *arena, const struct gt_stack *stack, bool origin)
{
    json_t *out = json_object();
    for (size_t i = 0; i < stack->resources.len; i++) {
        const struct gt_resource *resource = &stack->resources.at[i];
        json_object_set_new(out, resource->address,
                            resource_document(arena, stack, resource, origin));
    }
    return out;
}

struct gt_resource *gt_stack_find(const struct gt_stack *stack, const char *address)
{
    return gt_map_get(stack->by_address, address);
}
