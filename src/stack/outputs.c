/* outputs and moved: what the stack hands out, and what was renamed. */
#include "lower.h"

#include <gantry/base/str.h>
#include <gantry/doc/keys.h>
#include <string.h>

void gt_lower_outputs(struct gt_low *low)
{
    json_t *outputs = json_object_get(low->doc, "outputs");
    low->stack->outputs = json_is_object(outputs) ? outputs : gt_keep(low->arena, json_object());
}

static void add_move(struct gt_low *low, struct gt_map *seen, const char *from, const char *to)
{
    gt_map_set(seen, from, low);
    *GT_PUSH(low->arena, &low->stack->moved) = (struct gt_move){.from = from, .to = to};
}

/* `address` with its first component `name` (after the type) replaced; NULL when it has none. */
static const char *renamed(struct gt_arena *arena, const char *address, const char *name,
                           const char *other)
{
    size_t len = strlen(name);
    for (const char *dot = strchr(address, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
        if (strncmp(dot + 1, name, len) == 0 && (dot[1 + len] == '.' || dot[1 + len] == '\0'))
            return gt_printf(arena, "%.*s.%s%s", (int)(dot - address), address, other,
                             dot + 1 + len);
    }
    return NULL;
}

static bool is_of_entry(const struct gt_resource *resource, const char *origin)
{
    size_t len = strlen(origin);
    return resource->origin != NULL && strncmp(resource->origin, origin, len) == 0 &&
           (resource->origin[len] == '\0' || resource->origin[len] == '/');
}

/* An entry of the manifest is several resources: a gateway's role moves with the gateway. The rest
 * of the entry that `to` stands for moves as it does. */
static void move_companions(struct gt_low *low, struct gt_map *seen, const char *from,
                            const struct gt_resource *target)
{
    const char *name = target->origin == NULL ? NULL : strrchr(target->origin, '/');
    const char *dot = strchr(from, '.');
    if (name == NULL || dot == NULL || !gt_streq(target->address + (dot - from) + 1, name + 1))
        return; /* only an entry's own resource, TYPE.NAME, takes the others along */
    for (size_t i = 0; i < low->resources.len; i++) {
        const struct gt_resource *other = low->resources.at[i];
        const char *former = other == target || !is_of_entry(other, target->origin)
                                 ? NULL
                                 : renamed(low->arena, other->address, name + 1, dot + 1);
        if (former != NULL && gt_map_get(seen, former) == NULL &&
            gt_map_get(&low->by_address, former) == NULL)
            add_move(low, seen, former, other->address);
    }
}

void gt_lower_moved(struct gt_low *low)
{
    struct gt_map seen = gt_map_init(low->arena);
    size_t i;
    json_t *move;
    json_array_foreach(json_object_get(low->doc, "moved"), i, move)
    {
        const char *from = gt_text_at(move, "/from"), *to = gt_text_at(move, "/to");
        const char *pointer = gt_pointer_index(low->arena, "/moved", i);
        if (from == NULL || to == NULL || gt_is_reported(from) || gt_is_reported(to))
            continue;
        const struct gt_resource *target = gt_map_get(&low->by_address, to);
        if (target == NULL)
            gt_low_error(low, gt_printf(low->arena, "%s/to", pointer), "unknown-address",
                         "nothing in this stack has the address \"%s\"", to)
                ->hint = gt_low_suggest(low, &low->by_address, to);
        else if (strncmp(from, target->type->name, strlen(target->type->name)) != 0 ||
                 from[strlen(target->type->name)] != '.')
            gt_low_error(low, gt_printf(low->arena, "%s/from", pointer), "bad-move",
                         "\"%s\" is no %s", from, target->type->name)
                ->hint = "a move changes the name, not the type";
        if (gt_map_get(&low->by_address, from) != NULL)
            gt_low_error(low, gt_printf(low->arena, "%s/from", pointer), "bad-move",
                         "\"%s\" is still in the stack", from)
                ->hint = "take the entry out, or the move";
        if (gt_map_get(&seen, from) != NULL)
            gt_low_error(low, gt_printf(low->arena, "%s/from", pointer), "bad-move",
                         "\"%s\" is moved twice", from);
        add_move(low, &seen, from, to);
        if (target != NULL)
            move_companions(low, &seen, from, target);
    }
}
