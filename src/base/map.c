#include <gantry/base/map.h>

#include <stdint.h>
#include <string.h>

struct gt_map gt_map_init(struct gt_arena *arena)
{
    return (struct gt_map){.arena = arena};
}

/* FNV-1a, 64 bit. */
static uint64_t hash(const char *key)
{
    uint64_t value = 14695981039346656037u;
    for (; *key != '\0'; key++)
        value = (value ^ (unsigned char)*key) * 1099511628211u;
    return value;
}

/* The slot of the key, or the free slot where it belongs. */
static size_t slot_of(const struct gt_map *map, const char *key)
{
    size_t at = (size_t)hash(key) & (map->slot_count - 1);
    while (map->slots[at] != 0 && strcmp(map->entries.at[map->slots[at] - 1].key, key) != 0)
        at = (at + 1) & (map->slot_count - 1);
    return at;
}

static void grow(struct gt_map *map)
{
    map->slot_count = map->slot_count == 0 ? 16 : map->slot_count * 2;
    map->slots = gt_calloc(map->arena, map->slot_count, sizeof(*map->slots));
    for (size_t i = 0; i < map->entries.len; i++)
        map->slots[slot_of(map, map->entries.at[i].key)] = i + 1;
}

void gt_map_set(struct gt_map *map, const char *key, void *value)
{
    if (map->entries.len * 2 >= map->slot_count)
        grow(map);
    size_t slot = slot_of(map, key);
    if (map->slots[slot] == 0) {
        struct gt_map_entry *entry = GT_PUSH(map->arena, &map->entries);
        entry->key = gt_strdup(map->arena, key);
        map->slots[slot] = map->entries.len;
    }
    map->entries.at[map->slots[slot] - 1].value = value;
}

void *gt_map_get(const struct gt_map *map, const char *key)
{
    if (map->slot_count == 0)
        return NULL;
    size_t index = map->slots[slot_of(map, key)];
    return index == 0 ? NULL : map->entries.at[index - 1].value;
}
