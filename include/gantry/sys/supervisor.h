/*
 * Child processes that never outlive us. A single-threaded supervisor, forked before any thread
 * exists, starts the servers in process groups of their own and ends the groups when its socket to
 * the parent closes, however the parent ended. It takes in orphaned grandchildren
 * (prctl(2), PR_SET_CHILD_SUBREAPER), so that those go too that left their group. It removes what
 * was registered as soon as the parent is gone. It is in a session of its own and heeds no signal
 * of a terminal.
 */
#ifndef GANTRY_SYS_SUPERVISOR_H
#define GANTRY_SYS_SUPERVISOR_H

#include <gantry/base/diag.h>
#include <stdint.h>

struct gt_supervisor;

/* Forks the supervisor, which keeps no descriptor of ours but stderr. Freed with the arena at the
 * latest: its children are ended then. False with an error ("spawn"). */
bool gt_supervisor_start(struct gt_arena *arena, struct gt_supervisor **supervisor,
                         struct gt_diags *diags);

struct gt_child_options {
    char *const *argv; /* ends with NULL; argv[0] is looked up in PATH of `env` unless it has '/' */
    char *const *env;  /* NAME=VALUE, ends with NULL; not NULL */
    const char *folder; /* working directory, from which an argv[0] with '/' is found too; NULL: the
                         * supervisor's */
    bool pipe_in;       /* a pipe to its stdin; else /dev/null */
    /* A program that is run when the child has ended, however it and we did: for what the child
     * started elsewhere (a container). It gets the same `env`, its output is dropped, and it has
     * ten seconds. NULL: none. */
    char *const *after;
};

struct gt_child {
    uint64_t id;      /* never used twice */
    int in, out, err; /* our ends, non-blocking and close-on-exec; in is -1 without pipe_in. The
                       * caller closes them. */
};

/*
 * Starts a program; blocks for a moment. False with an error ("spawn": no such program, no such
 * folder, no permission, with the name).
 */
bool gt_supervisor_spawn(struct gt_supervisor *supervisor, const struct gt_child_options *options,
                         struct gt_child *child, struct gt_diags *diags);

/* Sends a signal to the child's whole process group; of one that has ended nothing. */
void gt_supervisor_signal(struct gt_supervisor *supervisor, uint64_t id, int signal);

/*
 * SIGTERM to the group and to what stands below the child outside of it (setsid(2)), and SIGKILL
 * when something of these is left after grace_ms; called again, the shorter grace holds. When a
 * child ends by itself, the rest of its group is ended in the same way with two seconds. A process
 * whose parents have all gone and that has left the group is ended with the supervisor.
 */
void gt_supervisor_end(struct gt_supervisor *supervisor, uint64_t id, int64_t grace_ms);

/* Readable when a child has ended; for gt_loop_watch. */
int gt_supervisor_fd(const struct gt_supervisor *supervisor);

struct gt_child_exit {
    uint64_t id;
    int exit_status; /* -1 when a signal ended it */
    int signal;      /* or 0 */
};
/* The next child that ended; false when there is none now (or the supervisor itself is gone, which
 * *gone says). Never blocks. */
bool gt_supervisor_next(struct gt_supervisor *supervisor, struct gt_child_exit *ended, bool *gone);

/* The supervisor removes this file (absolute path; not a folder) when the parent is gone. */
void gt_supervisor_remove_at_end(struct gt_supervisor *supervisor, const char *path);
/* The same with a folder and all that is in it, as gt_folder_remove. */
void gt_supervisor_remove_folder_at_end(struct gt_supervisor *supervisor, const char *path,
                                        unsigned parents);

/* Removes what was registered, ends all children (SIGTERM, then SIGKILL after two seconds), waits
 * for the supervisor. NULL is allowed; a second call does nothing. */
void gt_supervisor_stop(struct gt_supervisor *supervisor);

#endif
