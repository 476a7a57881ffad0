/* The store's own view of its objects, for the files that make it up. */
#ifndef GANTRY_CLOUD_STORE_PARTS_H
#define GANTRY_CLOUD_STORE_PARTS_H

#include "cloud.h"

struct gt_due {
    struct gt_due *next;
    struct gt_local *local;
    struct gt_stored *stored;
    const char *what;
    int64_t at_ms;
    struct gt_timer *timer; /* NULL: not waiting; the slot stays for the next time */
};

struct gt_stored {
    struct gt_object object; /* first: what others see */
    struct gt_stored *next, *previous;
    struct gt_due *dues;
    bool changed; /* in this turn: in the list of these */
    struct gt_stored *next_changed;
};

/* The members by which the kinds tell their status; ends with NULL. */
extern const char *const gt_status_names[];

/* Appends an empty object. */
struct gt_object *gt_stored_add(struct gt_local *local, const struct gt_kind *kind);
/* gt_object_due at a time of the wall clock. */
void gt_stored_due_at(struct gt_local *local, struct gt_object *object, const char *what,
                      int64_t at_ms);

#endif
