/*
 * Running a program without a shell and waiting for it: for credential_process and other short
 * helpers. Blocks the calling thread, so never call it from a loop that has calls in flight.
 */
#ifndef GANTRY_SYS_PROCESS_H
#define GANTRY_SYS_PROCESS_H

#include <gantry/base/diag.h>
#include <stdint.h>

struct gt_process {
    char *const *argv;  /* ends with NULL; argv[0] is looked up in PATH unless it has a slash */
    char *const *env;   /* NAME=VALUE, ends with NULL; NULL: this process's environment */
    size_t max_out;     /* bytes of stdout; more is an error, and the program is ended */
    size_t max_err;     /* bytes of stderr that are kept; the rest is dropped */
    int64_t timeout_ms; /* then the program is ended; 0 or less: none */
    bool own_group;     /* a process group of its own, which a timeout ends as a whole */
};

struct gt_process_result {
    int exit_status; /* 0 when it ended by itself and well; -1 when a signal ended it */
    int signal;      /* the signal that ended it, or 0 */
    bool timed_out;  /* ended by us; exit_status and signal say how */
    char *out, *err; /* NUL-terminated; a caller that finds secrets there wipes them (gt_wipe) */
    size_t out_len, err_len;
};

/*
 * Runs the program with stdin from /dev/null. False with an error when it cannot be started or its
 * stdout passes max_out; a program that fails or times out is a result, not an error. What a
 * grandchild writes after the program has ended is not waited for.
 */
bool gt_process_run(struct gt_arena *arena, const struct gt_process *process,
                    struct gt_process_result *result, struct gt_diags *diags);

/*
 * A program that runs beside this one, in a session of its own, until its standard input ends: it
 * must end by itself then. Its standard error is ours.
 */
struct gt_companion {
    long pid;
    int in, out; /* our ends of its standard input (-1: closed) and output, which does not block */
};

bool gt_companion_start(char *const *argv, struct gt_companion *companion, struct gt_diags *diags);

/* Closes its standard input and waits; after grace_ms it is killed. Its exit status, or -1 when it
 * had to be killed or a signal ended it; what it leaves behind then is waited for, too. Closes
 * `out`. A signal handler that then ends the process may call it, also in the middle of such a call
 * (signal-safety(7)). */
int gt_companion_stop(struct gt_companion *companion, int64_t grace_ms);

/*
 * Splits a command line into words as a POSIX shell does with quotes and backslashes, with no
 * expansion of any kind (POSIX.1-2017, XCU 2.2). *words ends with NULL, which *count leaves out.
 * False with a message in *error when a quote or an escape is not finished.
 */
bool gt_words_split(struct gt_arena *arena, const char *text, char ***words, size_t *count,
                    const char **error);

#endif
