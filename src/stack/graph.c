/*
 * The graph: what depends on what, cycles, and an order in which dependencies come first and which
 * otherwise is that of the manifest.
 */
#include "lower.h"

#include <gantry/doc/keys.h>
#include <gantry/doc/template.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum color { WHITE, GREY, BLACK };
enum { MAX_CYCLES = 10 };

struct indexes {
    GT_VEC(size_t) list;
};

struct graph {
    struct gt_low *low;
    size_t count;
    struct gt_map index;     /* address -> index + 1 */
    struct gt_map completed; /* address -> struct indexes *: what completes it */
    struct indexes *depends;
    size_t *seen; /* by whom an edge to this one was added last: index + 1 */
    size_t at;    /* the resource whose edges are gathered */
    enum color *color;
    GT_VEC(size_t) order;
    GT_VEC(size_t) path;
    size_t cycles;
};

static bool find(const struct graph *graph, const char *address, size_t *index)
{
    uintptr_t found = (uintptr_t)gt_map_get(&graph->index, address);
    *index = (size_t)found - 1;
    return found != 0;
}

static void add_edge(struct graph *graph, size_t to)
{
    if (to == graph->at || graph->seen[to] == graph->at + 1)
        return;
    graph->seen[to] = graph->at + 1;
    *GT_PUSH(graph->low->arena, &graph->depends[graph->at].list) = to;
}

/* The address that a completing resource completes, or NULL. */
static const char *completes(struct gt_low *low, const struct gt_resource *resource)
{
    const char *property = resource->type->completes, *error, *pointer;
    struct gt_template template;
    if (property == NULL)
        return NULL;
    if (*property != '/')
        property = gt_printf(low->arena, "/%s", property);
    const char *text = gt_text_at(resource->properties, property);
    if (text == NULL || !gt_template_parse(low->arena, text, &template, &error) ||
        template.parts.len != 1 || !template.parts.at[0].expression)
        return NULL;
    const struct gt_resource *other = gt_low_reference(low, template.parts.at[0].text, &pointer);
    return other != NULL ? other->address : NULL;
}

/* Whoever refers to a resource needs what completes it, too: a role without its policies is of no
 * use. What serves only some is left to those. */
static void add_completing(struct graph *graph, const char *address)
{
    struct gt_low *low = graph->low;
    const struct indexes *completing = gt_map_get(&graph->completed, address);
    for (size_t i = 0; completing != NULL && i < completing->list.len; i++) {
        if (completing->list.at[i] == graph->at)
            return;
    }
    for (size_t i = 0; completing != NULL && i < completing->list.len; i++) {
        if (low->resources.at[completing->list.at[i]]->serves == NULL)
            add_edge(graph, completing->list.at[i]);
    }
}

static void add_reference(void *payload, const char *pointer, const char *expression)
{
    struct graph *graph = payload;
    size_t index;
    const struct gt_resource *resource = gt_low_reference(graph->low, expression, &pointer);
    if (resource == NULL || !find(graph, resource->address, &index))
        return;
    add_edge(graph, index);
    add_completing(graph, resource->address);
}

/* Where the manifest says that the resource waits for an address. */
static const char *place_of_after(struct gt_low *low, const struct gt_resource *resource,
                                  const char *address)
{
    const char *pointer = gt_printf(low->arena, "%s/after", resource->origin);
    size_t i;
    json_t *item;
    json_array_foreach(gt_at(low->doc, pointer), i, item)
    {
        if (gt_streq(json_string_value(item), address))
            return gt_pointer_index(low->arena, pointer, i);
    }
    return pointer;
}

static void add_after(struct graph *graph, const struct gt_resource *resource)
{
    struct gt_low *low = graph->low;
    for (size_t i = 0; i < resource->after.len; i++) {
        const char *address = resource->after.at[i];
        size_t index;
        struct gt_diag *diag;
        if (gt_is_reported(address)) {
            continue;
        } else if (!find(graph, address, &index)) {
            diag = gt_low_error(low, place_of_after(low, resource, address), "unknown-address",
                                "nothing in this stack has the address \"%s\"", address);
            diag->hint = gt_low_suggest(low, &low->by_address, address);
            diag->subject = resource->address;
        } else if (index == graph->at) {
            diag = gt_low_error(low, place_of_after(low, resource, address), "self-reference",
                                "%s cannot wait for itself", address);
            diag->subject = resource->address;
        } else {
            add_edge(graph, index);
        }
    }
}

static void gather(struct graph *graph)
{
    struct gt_low *low = graph->low;
    for (size_t i = 0; i < graph->count; i++) {
        const char *address = completes(low, low->resources.at[i]);
        if (address == NULL)
            continue;
        struct indexes *list = gt_map_get(&graph->completed, address);
        if (list == NULL) {
            list = GT_NEW(low->arena, struct indexes);
            gt_map_set(&graph->completed, address, list);
        }
        *GT_PUSH(low->arena, &list->list) = i;
    }
    for (graph->at = 0; graph->at < graph->count; graph->at++) {
        const struct gt_resource *resource = low->resources.at[graph->at];
        gt_each_ref(low->arena, resource->properties, add_reference, graph);
        add_after(graph, resource);
    }
    for (size_t i = 0; i < graph->count; i++) {
        const char *const *serves = low->resources.at[i]->serves;
        for (; serves != NULL && *serves != NULL; serves++) {
            if (!find(graph, *serves, &graph->at))
                continue;
            bool there = false;
            for (size_t d = 0; d < graph->depends[graph->at].list.len; d++)
                there = there || graph->depends[graph->at].list.at[d] == i;
            if (!there)
                *GT_PUSH(low->arena, &graph->depends[graph->at].list) = i;
        }
    }
}

static const char *place(struct gt_low *low, const struct gt_resource *resource)
{
    return resource->pos.file == NULL
               ? resource->address
               : gt_printf(low->arena, "%s (%s:%u:%u)", resource->address, resource->pos.file,
                           resource->pos.line, resource->pos.column);
}

static void report_cycle(struct graph *graph, size_t again)
{
    struct gt_low *low = graph->low;
    size_t from = 0;
    if (graph->cycles++ >= MAX_CYCLES)
        return;
    while (graph->path.at[from] != again)
        from++;
    const char *text = "";
    for (size_t i = from; i < graph->path.len; i++)
        text = gt_printf(low->arena, "%s%s -> ", text,
                         place(low, low->resources.at[graph->path.at[i]]));
    const struct gt_resource *first = low->resources.at[again];
    struct gt_diag *diag =
        gt_error(low->diags, "dependency-cycle", "dependency cycle: %s%s", text, first->address);
    diag->pos = first->pos;
    diag->subject = first->address;
    diag->hint = "each waits for the next: take one of the references out";
}

static int by_index(const void *a, const void *b)
{
    const size_t *left = a, *right = b;
    return *left < *right ? -1 : *left > *right;
}

/* Depth first from one resource, without recursion: chains may be long. */
static void visit(struct graph *graph, size_t start, size_t *next)
{
    struct gt_arena *arena = graph->low->arena;
    if (graph->color[start] != WHITE)
        return;
    graph->color[start] = GREY;
    *GT_PUSH(arena, &graph->path) = start;
    while (graph->path.len > 0) {
        size_t node = graph->path.at[graph->path.len - 1];
        if (next[node] == graph->depends[node].list.len) {
            graph->color[node] = BLACK;
            *GT_PUSH(arena, &graph->order) = node;
            graph->path.len--;
            continue;
        }
        size_t to = graph->depends[node].list.at[next[node]++];
        if (graph->color[to] == GREY) {
            report_cycle(graph, to);
        } else if (graph->color[to] == WHITE) {
            graph->color[to] = GREY;
            *GT_PUSH(arena, &graph->path) = to;
        }
    }
}

/* What is kept must keep what it needs. */
static void keep_needed(struct graph *graph)
{
    struct gt_low *low = graph->low;
    for (size_t i = graph->order.len; i-- > 0;) {
        const struct indexes *depends = &graph->depends[graph->order.at[i]];
        if (!low->resources.at[graph->order.at[i]]->retain)
            continue;
        for (size_t d = 0; d < depends->list.len; d++)
            low->resources.at[depends->list.at[d]]->retain = true;
    }
}

static void publish(struct graph *graph)
{
    struct gt_low *low = graph->low;
    struct gt_stack *stack = low->stack;
    size_t *position = gt_calloc(low->arena, graph->count + 1, sizeof(*position));
    for (size_t i = 0; i < graph->count; i++) {
        position[graph->order.at[i]] = i;
        *GT_PUSH(low->arena, &stack->resources) = *low->resources.at[graph->order.at[i]];
    }
    stack->by_address = GT_NEW(low->arena, struct gt_map);
    *stack->by_address = gt_map_init(low->arena);
    for (size_t i = 0; i < graph->count; i++) {
        struct gt_resource *resource = &stack->resources.at[i];
        const struct indexes *depends = &graph->depends[graph->order.at[i]];
        gt_map_set(stack->by_address, resource->address, resource);
        for (size_t d = 0; d < depends->list.len; d++)
            *GT_PUSH(low->arena, &resource->depends) = position[depends->list.at[d]];
        if (resource->depends.len > 1)
            qsort(resource->depends.at, resource->depends.len, sizeof(size_t), by_index);
        for (size_t d = 0; d < resource->depends.len; d++)
            *GT_PUSH(low->arena, &stack->resources.at[resource->depends.at[d]].dependents) = i;
    }
}

bool gt_low_graph(struct gt_low *low)
{
    size_t count = low->resources.len, errors = low->diags->errors;
    struct graph graph = {.low = low,
                          .count = count,
                          .index = gt_map_init(low->arena),
                          .completed = gt_map_init(low->arena)};
    graph.depends = gt_calloc(low->arena, count + 1, sizeof(*graph.depends));
    graph.seen = gt_calloc(low->arena, count + 1, sizeof(*graph.seen));
    graph.color = gt_calloc(low->arena, count + 1, sizeof(*graph.color));
    size_t *next = gt_calloc(low->arena, count + 1, sizeof(*next));
    for (size_t i = 0; i < count; i++)
        gt_map_set(&graph.index, low->resources.at[i]->address, (void *)(uintptr_t)(i + 1));
    gather(&graph);
    for (size_t i = 0; i < count; i++) {
        if (graph.depends[i].list.len > 1)
            qsort(graph.depends[i].list.at, graph.depends[i].list.len, sizeof(size_t), by_index);
    }
    for (size_t i = 0; i < count; i++)
        visit(&graph, i, next);
    keep_needed(&graph);
    publish(&graph);
    return low->diags->errors == errors;
}
