/* A hash map from strings to pointers, in an arena. Iteration follows the order of insertion. */
#ifndef GANTRY_BASE_MAP_H
#define GANTRY_BASE_MAP_H

#include <gantry/base/arena.h>

struct gt_map_entry {
    const char *key; /* copied into the arena */
    void *value;
};

struct gt_map {
    struct gt_arena *arena;
    GT_VEC(struct gt_map_entry) entries; /* in the order of insertion */
    size_t *slots; /* index + 1 into entries, 0: free */
    size_t slot_count;
};

struct gt_map gt_map_init(struct gt_arena *arena);

/* Sets key to value; an entry that is there keeps its place. */
void gt_map_set(struct gt_map *map, const char *key, void *value);

/* The value, or NULL when the key is absent. */
void *gt_map_get(const struct gt_map *map, const char *key);

#endif
