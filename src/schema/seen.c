#include "run.h"

enum { WORD = 64 };

void gt_seen_init(struct gt_run *run, struct gt_seen *seen, const json_t *value)
{
    size_t len = json_is_array(value) ? json_array_size(value) : json_object_size(value);
    *seen = (struct gt_seen){.words = (len + WORD - 1) / WORD};
    seen->bits =
        seen->words <= 1 ? &seen->one : gt_calloc(run->arena, seen->words, sizeof(*seen->bits));
}

void gt_seen_add(struct gt_seen *seen, size_t index)
{
    if (seen != NULL)
        seen->bits[index / WORD] |= (uint64_t)1 << index % WORD;
}

void gt_seen_add_all(struct gt_seen *seen, const struct gt_seen *more)
{
    for (size_t i = 0; i < seen->words; i++)
        seen->bits[i] |= more->bits[i];
}

bool gt_seen_has(const struct gt_seen *seen, size_t index)
{
    return (seen->bits[index / WORD] >> index % WORD & 1) != 0;
}
