/* resources: anything by its type and the API's own members. */
#include "lower.h"

#include <gantry/doc/keys.h>

static const char *suggest_type(struct gt_low *low, const char *name)
{
    struct gt_map names = gt_map_init(low->arena);
    for (const struct gt_type *const *type = gt_types; *type != NULL; type++)
        gt_map_set(&names, (*type)->name, &names);
    return gt_low_suggest(low, &names, name);
}

static void lower_one(struct gt_low *low, const struct gt_item *item)
{
    /* What exists may need its parent to be found. */
    static const char *const beside[] = {"type", "properties", "name", "after", NULL};
    const char *type = gt_item_text(item, "type");
    if (type == NULL || gt_is_reported(type))
        return;
    if (gt_type_find(type) == NULL) {
        gt_low_error(low, gt_item_pointer(low, item, "type"), "unknown-type",
                     "there is no resource type \"%s\"", type)
            ->hint = suggest_type(low, type);
        return;
    }
    struct gt_resource *resource = gt_low_add(low, item, type, "%s.%s", type, item->name);
    if (gt_item_text(item, "name") != NULL)
        gt_low_error(low, gt_item_pointer(low, item, "name"), "conflicting-keys",
                     "a resource's name stands in its properties");
    gt_low_common(low, resource, item);
    gt_low_existing(low, resource, item, beside);
}

void gt_lower_resources(struct gt_low *low)
{
    gt_each_item(low, "resources", lower_one);
}
