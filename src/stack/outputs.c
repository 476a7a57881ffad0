/* outputs and moved: what the stack hands out, and what was renamed. */
#include "lower.h"

#include "schema.h"
#include <string.h>

void gt_lower_outputs(struct gt_low *low)
{
    json_t *outputs = json_object_get(low->doc, "outputs");
    low->stack->outputs = json_is_object(outputs) ? outputs : gt_keep(low->arena, json_object());
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
        gt_map_set(&seen, from, move);
        *GT_PUSH(low->arena, &low->stack->moved) = (struct gt_move){.from = from, .to = to};
    }
}
