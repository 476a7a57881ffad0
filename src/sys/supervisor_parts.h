/* What the files of the supervisor's own process share: its children, and how they are ended. */
#ifndef GANTRY_SRC_SYS_SUPERVISOR_PARTS_H
#define GANTRY_SRC_SYS_SUPERVISOR_PARTS_H

#include "supervisor_wire.h"

#include <gantry/base/arena.h>
#include <sys/types.h>

struct gt_ward {
    uint64_t id;                 /* 0: a program that tidies up after another one */
    pid_t pid;                   /* and its group */
    bool ended, reported, asked; /* asked: SIGTERM has been sent */
    struct gt_child_exit exit;
    int64_t kill_at_ms;     /* monotonic; INT64_MAX: nothing is planned */
    struct gt_arena *arena; /* of `after`; or NULL */
    char **after, **env;    /* what runs when it has ended; or NULL */
};

/* A process that has left its child's group and is to be ended with it. */
struct gt_stray {
    pid_t pid;
    unsigned long long start;
    int64_t kill_at_ms;
};

struct gt_leftover { /* removed when the parent has gone */
    const char *path;
    bool is_folder;
    unsigned parents;
};

struct gt_warden {
    struct gt_arena *arena;
    GT_VEC(struct gt_ward) children;
    GT_VEC(struct gt_stray) strays;
    GT_VEC(struct gt_leftover) leftovers;
    int signals; /* signalfd(2) for SIGCHLD */
};

/* -- supervisor_end.c -- */

struct gt_ward *gt_warden_find(struct gt_warden *self, uint64_t id);
/* Takes in what has ended; the rest of a child's group is asked to end. */
void gt_warden_reap(struct gt_warden *self);
void gt_warden_end(struct gt_warden *self, uint64_t id, int64_t grace_ms);
void gt_warden_kill_due(struct gt_warden *self);
/* Milliseconds to the next kill, for poll; -1: none is planned. */
int gt_warden_next_due_ms(const struct gt_warden *self);
void gt_warden_end_all(struct gt_warden *self);

#endif
