/* The proof that a destroy left nothing: each object that was removed is read once more. */
#ifndef GANTRY_PROGRAM_LEFTOVER_H
#define GANTRY_PROGRAM_LEFTOVER_H

#include "context.h"

struct gt_removed {
    const char *address;
    const struct gt_type *type;
    json_t *identity; /* kept by the arena */
};

struct gt_removals {
    GT_VEC(struct gt_removed) list;
};

/* What a plan deletes; copies, since the plan's documents change while it is carried out. */
struct gt_removals gt_removals_of(struct gt_arena *arena, const struct gt_plan *plan);

/* Reads all of them at once, again for a while where one is still there (reads may lag). What
 * stays, and what could not be read, is an error. */
bool gt_removals_prove(struct gt_context *context, const struct gt_removals *removals);

#endif
