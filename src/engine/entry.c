/* What the state keeps of an item. */
#include "internal.h"

static json_t *keep(const struct gt_item *item, json_t *value)
{
    return gt_keep(item->engine->o.session->state->arena, value);
}

void gt_entry_depends(struct gt_item *item)
{
    struct gt_state *state = item->engine->o.session->state;
    const struct gt_resource *resource = item->resource;
    item->entry->depends.len = 0;
    for (size_t i = 0; resource != NULL && i < resource->depends.len; i++)
        *GT_PUSH(state->arena, &item->entry->depends) =
            gt_strdup(state->arena, gt_item_needs(item, i));
}

void gt_entry_depose(struct gt_item *item)
{
    struct gt_entry *entry = item->entry;
    if (entry == NULL || entry->identity == NULL || entry->existing ||
        !item->type->create_before_delete)
        return;
    json_t *list = entry->deposed == NULL ? json_array() : json_deep_copy(entry->deposed);
    json_array_append(list, entry->identity);
    entry->deposed = keep(item, list);
}

struct gt_entry *gt_item_enter(struct gt_item *item, const char *status)
{
    struct gt_state *state = item->engine->o.session->state;
    if (item->entry == NULL) {
        item->entry = gt_state_add(state, item->address, item->type->name);
        gt_entry_depends(item);
    }
    item->entry->identity = keep(item, json_deep_copy(item->identity));
    item->entry->status = status;
    item->entry->existing = false;
    return item->entry;
}

static void set_applied(const struct gt_item *item, const json_t *properties)
{
    json_t *pointers;
    item->entry->applied = keep(item, gt_without_secrets(item->type, properties, &pointers));
    item->entry->secrets = keep(item, pointers);
}

void gt_entry_applied(struct gt_task *task, const struct gt_operation *operation)
{
    const struct gt_item *item = task->item;
    json_auto_t *applied = item->entry->applied == NULL || operation == item->type->create.operation
                               ? json_object()
                               : json_deep_copy(item->entry->applied);
    const char *name;
    json_t *value;
    json_object_foreach(item->wanted, name, value)
    {
        if (operation == NULL || gt_member_find(operation->input, name) != NULL)
            json_object_set(applied, name, value);
    }
    set_applied(item, applied);
}

static const char *arn_of(const struct gt_item *item)
{
    if (item->type->arn == NULL)
        return NULL;
    const char *arn = json_string_value(json_object_get(item->live, item->type->arn));
    return arn != NULL ? arn : json_string_value(json_object_get(item->identity, item->type->arn));
}

void gt_entry_complete(struct gt_item *item)
{
    struct gt_state *state = item->engine->o.session->state;
    if (item->entry == NULL)
        item->entry = gt_state_add(state, item->address, item->type->name);
    struct gt_entry *entry = item->entry;
    const struct gt_resource *resource = item->resource;
    entry->identity = keep(item, json_deep_copy(item->identity));
    entry->arn = gt_strdup(state->arena, arn_of(item));
    entry->outputs = keep(item, gt_item_outputs(item));
    entry->existing = resource->existing != NULL;
    entry->retain = resource->retain;
    entry->protect = resource->protect;
    entry->status = "ready";
    if (entry->existing) {
        entry->applied = keep(item, json_object());
        entry->secrets = keep(item, json_array());
    } else {
        set_applied(item, item->wanted);
    }
    gt_entry_depends(item);
}
