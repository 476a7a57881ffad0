/*
 * The order of a run. Making follows the stack's graph; removing follows it backwards, as the state
 * remembers it; what a change drops is removed after the change.
 */
#include "internal.h"

#include <string.h>

struct graph {
    struct gt_run *run;
    struct gt_map makers, removers; /* address -> struct gt_node * */
    size_t mark;                    /* of the search for a cycle */
};

static struct gt_node *add_node(struct gt_run *run, struct gt_item *item, enum gt_action action,
                                bool removes)
{
    struct gt_node *node = &run->nodes[run->node_count++];
    node->run = run;
    node->item = item;
    node->action = action;
    node->removes = removes;
    return node;
}

static void add_nodes(struct graph *graph, const struct gt_plan_step *step)
{
    struct gt_run *run = graph->run;
    struct gt_item *item = gt_item_find(run->engine, step->address);
    bool goes = step->action == GT_ACTION_DELETE || step->action == GT_ACTION_FORGET;
    if (step->action == GT_ACTION_REPLACE && item->entry == NULL)
        gt_item_enter(item, "ready"); /* found, and ours by that: removed as all that is ours */
    struct gt_node *maker = goes ? NULL : add_node(run, item, step->action, false);
    if (maker != NULL)
        gt_map_set(&graph->makers, item->address, maker);
    if (goes || step->action == GT_ACTION_REPLACE ||
        (item->selected && gt_item_has_deposed(item))) {
        struct gt_node *node = add_node(run, item, step->action, true);
        node->deposed =
            !goes && (step->action != GT_ACTION_REPLACE || item->type->create_before_delete);
        node->other = maker;
        if (maker != NULL)
            maker->other = node;
        gt_map_set(&graph->removers, item->address, node);
    }
}

static void add_edge(struct graph *graph, struct gt_node *first, struct gt_node *then)
{
    if (first == NULL || then == NULL || first == then)
        return;
    *GT_PUSH(graph->run->engine->arena, &first->next) = then;
    then->waits_for++;
}

static bool reaches(struct graph *graph, struct gt_node *from, const struct gt_node *to)
{
    if (from == to)
        return true;
    if (from->mark == graph->mark)
        return false;
    from->mark = graph->mark;
    for (size_t i = 0; i < from->next.len; i++) {
        if (reaches(graph, from->next.at[i], to))
            return true;
    }
    return false;
}

/* An order that is wished for, and given up where it would make a cycle. */
static void add_soft_edge(struct graph *graph, struct gt_node *first, struct gt_node *then)
{
    if (first == NULL || then == NULL || first == then)
        return;
    graph->mark++;
    if (!reaches(graph, then, first))
        add_edge(graph, first, then);
}

static void order_making(struct graph *graph, struct gt_item *item)
{
    struct gt_node *maker = gt_map_get(&graph->makers, item->address);
    const struct gt_resource *resource = item->resource;
    for (size_t i = 0; maker != NULL && resource != NULL && i < resource->depends.len; i++)
        add_edge(graph, gt_map_get(&graph->makers, gt_item_needs(item, i)), maker);
    struct gt_node *remover = gt_map_get(&graph->removers, item->address);
    if (maker == NULL || remover == NULL)
        return;
    if (remover->deposed)
        add_edge(graph, maker, remover);
    else
        add_edge(graph, remover, maker);
}

/* `item` needed `address` when it was last applied. */
static void order_removal(struct graph *graph, const struct gt_item *item, const char *address)
{
    struct gt_node *needed = gt_map_get(&graph->removers, address);
    if (needed == NULL)
        return;
    add_soft_edge(graph, gt_map_get(&graph->removers, item->address), needed);
    bool before_making = needed->action == GT_ACTION_REPLACE && !needed->deposed;
    if (!before_making)
        add_soft_edge(graph, gt_map_get(&graph->makers, item->address), needed);
}

static bool needs_still(const struct gt_item *item, const char *address)
{
    for (size_t i = 0; item->resource != NULL && i < item->resource->depends.len; i++) {
        if (strcmp(gt_item_needs(item, i), address) == 0)
            return true;
    }
    return false;
}

/* A run that failed half-way may have left a state whose order runs in a circle: what the manifest
 * says, too, comes first, and what closes a circle is given up. */
static void order_removals(struct graph *graph, bool still)
{
    struct gt_engine *engine = graph->run->engine;
    for (size_t i = 0; i < engine->items.len; i++) {
        const struct gt_item *item = engine->items.at[i];
        for (size_t j = 0; item->entry != NULL && j < item->entry->depends.len; j++) {
            const char *address = item->entry->depends.at[j];
            if (needs_still(item, address) == still)
                order_removal(graph, item, address);
        }
    }
}

static void build(struct graph *graph)
{
    struct gt_engine *engine = graph->run->engine;
    for (size_t i = 0; i < engine->items.len; i++)
        order_making(graph, engine->items.at[i]);
    order_removals(graph, true);
    order_removals(graph, false);
}

static bool changes(const struct gt_node *node)
{
    return !node->removes && node->action != GT_ACTION_NOOP && node->action != GT_ACTION_READ;
}

static void mark_waking(struct gt_run *run)
{
    for (size_t i = 0; i < run->node_count; i++) {
        struct gt_node *node = &run->nodes[i];
        if (node->removes || node->item->type->probe.use.operation == NULL)
            continue;
        for (size_t j = 0; j < node->next.len; j++) {
            const struct gt_node *next = node->next.at[j];
            node->wakes |= next->item->type->connects && changes(next);
        }
    }
}

void gt_graph_build(struct gt_run *run)
{
    struct gt_arena *arena = run->engine->arena;
    struct graph graph = {.run = run, .makers = gt_map_init(arena), .removers = gt_map_init(arena)};
    run->nodes = gt_calloc(arena, 2 * run->plan->steps.len + 1, sizeof(*run->nodes));
    for (size_t i = 0; i < run->plan->steps.len; i++)
        add_nodes(&graph, &run->plan->steps.at[i]);
    build(&graph);
    mark_waking(run);
}
