/*
 * Finding tools among many: ranking by the words of names and descriptions (BM25, names weigh
 * more), and the hierarchy tier, category, tool with counts. Pure.
 */
#ifndef GANTRY_SERVER_SEARCH_H
#define GANTRY_SERVER_SEARCH_H

#include <gantry/server/tool.h>

struct gt_search;

/* The tools are borrowed. */
struct gt_search *gt_search_new(struct gt_arena *arena, const struct gt_tool *const *tools,
                                size_t count);

struct gt_found {
    const struct gt_tool *tool;
    double score;
};
/* The best first, equal ones by name; at most `most`, of this category where one is given. */
size_t gt_search_find(const struct gt_search *search, struct gt_arena *arena, const char *query,
                      const char *category, struct gt_found *found, size_t most);

/* {total, tiers: [{name, total, categories: [{name, total, tools: [name, ...]}]}]}: the tools'
 * names only where there are at most `named` in all. New reference. */
json_t *gt_tool_hierarchy(const struct gt_tool *const *tools, size_t count, size_t named);

#endif
