/* What somebody else added to an object of ours, a role's inline policies for one: shown, left
 * alone. */
#include "internal.h"

struct listing_of {
    struct gt_item *item;
    const struct gt_foreign *foreign;
};

/* Whether one of our resources is the thing of this name at this item. */
static bool is_ours(const struct gt_item *item, const struct gt_foreign *foreign, const char *name)
{
    const struct gt_engine *engine = item->engine;
    for (size_t i = 0; i < engine->items.len; i++) {
        const struct gt_item *other = engine->items.at[i];
        const json_t *mine = other->identity;
        if (!gt_streq(other->type->name, foreign->type) || mine == NULL ||
            !gt_streq(json_string_value(json_object_get(mine, foreign->property)), name))
            continue;
        const char *key = other->type->completes;
        if (key == NULL ||
            json_equal(json_object_get(mine, key), json_object_get(item->identity, key)))
            return true;
    }
    return false;
}

static void on_listed(void *payload, const struct gt_listing *listing)
{
    struct listing_of *of = payload;
    struct gt_engine *engine = of->item->engine;
    size_t i;
    json_t *entry;
    /* Advice only: who may not list has no foreign things shown. */
    if (listing->ok) {
        json_array_foreach(listing->items, i, entry)
        {
            const char *name = json_string_value(gt_at(entry, of->foreign->name));
            if (name != NULL && !is_ours(of->item, of->foreign, name))
                *GT_PUSH(engine->arena, &of->item->foreign) =
                    gt_printf(engine->arena, "%s %s", of->foreign->words, name);
        }
    }
    gt_read_end(engine);
}

void gt_list_foreign(struct gt_item *item)
{
    struct gt_engine *engine = item->engine;
    const struct gt_foreign *foreign = item->type->foreign;
    if (item->entry == NULL || item->entry->existing)
        return;
    for (; foreign != NULL && foreign->list.operation != NULL; foreign++) {
        struct listing_of *of = GT_NEW(engine->arena, struct listing_of);
        *of = (struct listing_of){item, foreign};
        struct gt_input_sources from = {item->identity, item->entry->applied, item->live};
        gt_read_begin(engine);
        gt_list_all(engine, foreign->list.operation,
                    gt_type_input(item->type, &foreign->list, &from, false), foreign->items,
                    on_listed, of);
    }
}
