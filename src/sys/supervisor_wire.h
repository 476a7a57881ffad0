/*
 * What the parent and the supervisor say to each other: over `control` requests, one packet each
 * (SOCK_SEQPACKET), with an answer to SPAWN alone; over `events` struct gt_child_exit, one packet
 * each. The parent has gone when `control` ends.
 */
#ifndef GANTRY_SRC_SYS_SUPERVISOR_WIRE_H
#define GANTRY_SRC_SYS_SUPERVISOR_WIRE_H

#include <gantry/sys/supervisor.h>
#include <limits.h>

enum gt_supervisor_op {
    GT_SUPERVISOR_SPAWN,
    GT_SUPERVISOR_SIGNAL,
    GT_SUPERVISOR_END,
    GT_SUPERVISOR_REMOVE
};

/* The descriptors that come with SPAWN. */
enum {
    GT_SPAWN_TEXTS, /* a file (memfd_create(2)) of argv, env, folder and what runs after it, each
                     * text with its NUL: a packet may not be as large as these */
    GT_SPAWN_OUT,
    GT_SPAWN_ERR,
    GT_SPAWN_IN, /* left out: /dev/null */
    GT_SPAWN_FDS
};

struct gt_supervisor_request {
    enum gt_supervisor_op op;
    int signal;                      /* SIGNAL */
    uint64_t id;                     /* of the child; the parent chooses it */
    int64_t grace_ms;                /* END */
    size_t argc, envc, afterc, size; /* SPAWN: how many texts the file has, and bytes */
    bool has_folder;
    bool
        is_folder; /* REMOVE: the path is one, and so many parents go with it when they are empty */
    unsigned parents;
    char path[PATH_MAX]; /* REMOVE; the packet ends behind its NUL */
};

struct gt_supervisor_answer {
    uint64_t id;
    int error;      /* an errno, or 0 */
    bool in_folder; /* it was the folder that could not be entered */
};

/* The supervisor itself, in its own process; both sockets are its ends. Does not return. */
GT_NORETURN void gt_supervisor_main(int control, int events);

/* One program to start, in the supervisor. */
struct gt_spawn {
    char **argv, **env;
    const char *folder;
    int in, out, err; /* in -1: /dev/null */
};
/* Starts it in a process group of its own; its id is the process's. False with the errno in
 * *answer. */
bool gt_spawn_child(const struct gt_spawn *spawn, pid_t *pid, struct gt_supervisor_answer *answer);

/* Closes every descriptor from `first` on. */
void gt_close_from(int first);

#endif
