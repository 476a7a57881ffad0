/* The items of a run: every address of the stack, then every address that only the state knows. */
#include "internal.h"

#include <string.h>

void gt_set_json(json_t **slot, json_t *value)
{
    json_t *former = *slot;
    *slot = value;
    json_decref(former);
}

struct gt_item *gt_item_find(const struct gt_engine *engine, const char *address)
{
    return gt_map_get(&engine->by_address, address);
}

static struct gt_item *add_item(struct gt_engine *engine, const char *address,
                                const struct gt_type *type)
{
    struct gt_item *item = GT_NEW(engine->arena, struct gt_item);
    item->engine = engine;
    item->address = address;
    item->type = type;
    item->selected = true;
    *GT_PUSH(engine->arena, &engine->items) = item;
    gt_map_set(&engine->by_address, address, item);
    return item;
}

const char *gt_item_needs(const struct gt_item *item, size_t i)
{
    return item->engine->o.stack->resources.at[item->resource->depends.at[i]].address;
}

bool gt_item_has_deposed(const struct gt_item *item)
{
    return item->entry != NULL && json_array_size(item->entry->deposed) > 0;
}

/* A thing that was only referred to does not become ours because the manifest now wants one of its
 * own under that address. */
static bool is_only_referred_to(const struct gt_item *item, const struct gt_entry *entry)
{
    return entry != NULL && entry->existing && item->resource != NULL &&
           item->resource->existing == NULL && !item->engine->o.destroy;
}

static void adopt_entry(struct gt_item *item, struct gt_entry *entry)
{
    if (is_only_referred_to(item, entry))
        return;
    item->entry = entry;
    if (entry != NULL && entry->identity != NULL)
        gt_set_json(&item->identity, json_incref(entry->identity));
}

void gt_items_free(struct gt_engine *engine)
{
    for (size_t i = 0; i < engine->items.len; i++) {
        gt_set_json(&engine->items.at[i]->wanted, NULL);
        gt_set_json(&engine->items.at[i]->unknown, NULL);
        gt_set_json(&engine->items.at[i]->identity, NULL);
        gt_set_json(&engine->items.at[i]->live, NULL);
    }
    engine->items.len = 0;
}

void gt_items_collect(struct gt_engine *engine)
{
    gt_items_free(engine);
    engine->by_address = gt_map_init(engine->arena);
    const struct gt_stack *stack = engine->o.stack;
    const struct gt_state *state = engine->o.session->state;
    for (size_t i = 0; stack != NULL && i < stack->resources.len; i++) {
        struct gt_resource *resource = &stack->resources.at[i];
        struct gt_item *item = add_item(engine, resource->address, resource->type);
        item->resource = resource;
        adopt_entry(item, gt_state_find(state, resource->address));
    }
    for (size_t i = 0; i < state->entries.entries.len; i++) {
        struct gt_entry *entry = state->entries.entries.at[i].value;
        if (entry == NULL || gt_item_find(engine, entry->address) != NULL)
            continue;
        adopt_entry(add_item(engine, entry->address, gt_type_find(entry->type)), entry);
    }
}
