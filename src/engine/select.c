/*
 * Which items a run is about: --target and --exclude. What is made needs what it refers to; what
 * goes must wait for what refers to it. So a target takes along what it needs, and in a removal
 * what needs it; an exclusion takes along the other side.
 */
#include "internal.h"

#include <string.h>

static bool named(const char *const *addresses, const char *address)
{
    for (; addresses != NULL && *addresses != NULL; addresses++) {
        if (strcmp(*addresses, address) == 0)
            return true;
    }
    return false;
}

static bool is_removed(const struct gt_item *item)
{
    return item->engine->o.destroy || item->resource == NULL;
}

static bool needs(const struct gt_item *item, const struct gt_item *other)
{
    for (size_t i = 0; item->resource != NULL && i < item->resource->depends.len; i++) {
        if (gt_streq(gt_item_needs(item, i), other->address))
            return true;
    }
    for (size_t i = 0; item->entry != NULL && i < item->entry->depends.len; i++) {
        if (gt_streq(item->entry->depends.at[i], other->address))
            return true;
    }
    return false;
}

/* Sets `selected` of an item and of all that goes with it: what needs it, or what it needs. */
static void spread(struct gt_item *item, bool selected, bool to_dependents)
{
    struct gt_engine *engine = item->engine;
    item->selected = selected;
    for (size_t i = 0; i < engine->items.len; i++) {
        struct gt_item *other = engine->items.at[i];
        if (other->selected != selected &&
            (to_dependents ? needs(other, item) : needs(item, other)))
            spread(other, selected, to_dependents);
    }
}

static bool check_names(struct gt_engine *engine, const char *const *addresses, const char *option)
{
    bool good = true;
    for (; addresses != NULL && *addresses != NULL; addresses++) {
        if (gt_item_find(engine, *addresses) != NULL || strcmp(*addresses, "*") == 0)
            continue;
        const char **all = gt_calloc(engine->arena, engine->items.len + 1, sizeof(*all));
        for (size_t i = 0; i < engine->items.len; i++)
            all[i] = engine->items.at[i]->address;
        const char *nearest = gt_nearest(*addresses, all);
        struct gt_diag *diag = gt_error(engine->diags, "unknown-address",
                                        "%s %s: no resource has that address", option, *addresses);
        diag->hint = nearest == NULL ? "gantry show lists the addresses"
                                     : gt_printf(engine->arena, "did you mean %s?", nearest);
        good = false;
    }
    return good;
}

bool gt_items_select(struct gt_engine *engine)
{
    const struct gt_engine_options *o = &engine->o;
    if (!check_names(engine, o->targets, "--target") ||
        !check_names(engine, o->excludes, "--exclude") ||
        !check_names(engine, o->replaces, "--replace") ||
        !check_names(engine, o->allow_replace, "--allow-replace"))
        return false;
    bool some = o->targets != NULL && *o->targets != NULL;
    for (size_t i = 0; i < engine->items.len; i++)
        engine->items.at[i]->selected = !some;
    for (size_t i = 0; i < engine->items.len; i++) {
        struct gt_item *item = engine->items.at[i];
        if (some && named(o->targets, item->address))
            spread(item, true, is_removed(item));
    }
    for (size_t i = 0; i < engine->items.len; i++) {
        struct gt_item *item = engine->items.at[i];
        if (named(o->excludes, item->address))
            spread(item, false, !is_removed(item));
    }
    return true;
}
