/* The tree of processes as /proc shows it (proc(5)). */
#ifndef GANTRY_SRC_SYS_PROCTREE_H
#define GANTRY_SRC_SYS_PROCTREE_H

#include <gantry/base/arena.h>
#include <stdbool.h>
#include <sys/types.h>

struct gt_proc {
    pid_t pid, parent, group;
    unsigned long long start; /* tells one process from a later one of the same id */
    bool dead;                /* a zombie */
};

typedef GT_VEC(struct gt_proc) gt_proc_vec;

/* What stands below a process now, itself left out; nothing where there is no /proc. */
gt_proc_vec gt_proc_below(struct gt_arena *arena, pid_t root);

#endif
