/* Taking secrets out of what is kept. */
#include "internal.h"

#include <string.h>

struct strip {
    const struct gt_type *type;
    struct gt_arena *arena;
    json_t *pointers; /* of what was taken out; may be NULL */
};

static json_t *stripped(const struct strip *strip, const char *pointer, const json_t *value);

static json_t *stripped_members(const struct strip *strip, const char *pointer, const json_t *value)
{
    json_t *out = json_object(), *member;
    const char *key;
    json_object_foreach(gt_iterable(value), key, member)
    {
        json_t *kept = stripped(strip, gt_pointer_join(strip->arena, pointer, key), member);
        if (kept != NULL)
            json_object_set_new(out, key, kept);
    }
    return out;
}

static json_t *stripped_items(const struct strip *strip, const char *pointer, const json_t *value)
{
    json_t *out = json_array(), *item;
    size_t i;
    json_array_foreach(value, i, item)
    {
        json_t *kept = stripped(strip, gt_pointer_index(strip->arena, pointer, i), item);
        json_array_append_new(out, kept != NULL ? kept : json_null());
    }
    return out;
}

/* A copy without secrets; NULL when the value itself is one. */
static json_t *stripped(const struct strip *strip, const char *pointer, const json_t *value)
{
    if (*pointer != '\0' && gt_type_secret(strip->type, pointer) && !json_is_object(value) &&
        !json_is_array(value)) {
        if (strip->pointers != NULL)
            json_array_append_new(strip->pointers, json_string(pointer));
        return NULL;
    }
    if (json_is_object(value))
        return stripped_members(strip, pointer, value);
    if (json_is_array(value))
        return stripped_items(strip, pointer, value);
    return json_deep_copy(value);
}

json_t *gt_without_secrets(const struct gt_type *type, const json_t *properties, json_t **pointers)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    struct strip strip = {.type = type, .arena = scratch};
    if (pointers != NULL)
        strip.pointers = *pointers = json_array();
    return stripped(&strip, "", properties);
}

static json_t *last_applied(const struct gt_entry *entry)
{
    json_t *last = json_deep_copy(entry->applied);
    size_t i;
    json_t *pointer;
    json_array_foreach(entry->secrets, i, pointer)
    {
        const char *text = json_string_value(pointer);
        if (text != NULL)
            gt_put_at(last, text, json_string("(secret)"));
    }
    return last;
}

/* What can neither be read nor be changed: of an object that was taken over it is taken for what is
 * wanted, since a new object would be the only other way. */
static json_t *last_assumed(const struct gt_item *item)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    unsigned both = GT_ATTR_WRITE_ONLY | GT_ATTR_IMMUTABLE;
    json_t *last = json_object(), *value;
    const char *name;
    json_object_foreach(item->wanted, name, value)
    {
        const struct gt_attr *attr = gt_type_attr(item->type, gt_pointer_join(scratch, "", name));
        if (attr != NULL && (attr->flags & both) == both)
            json_object_set(last, name, value);
    }
    return last;
}

json_t *gt_item_last(const struct gt_item *item)
{
    bool known = item->entry != NULL && json_object_size(item->entry->applied) > 0;
    return known ? last_applied(item->entry) : last_assumed(item);
}

json_t *gt_item_outputs(const struct gt_item *item)
{
    json_t *chosen = json_object();
    for (const char *const *name = item->type->outputs; name != NULL && *name != NULL; name++) {
        json_t *value = json_object_get(item->live, *name);
        if (value != NULL)
            json_object_set(chosen, *name, value);
    }
    json_t *out = gt_without_secrets(item->type, chosen, NULL);
    json_decref(chosen);
    return out;
}
