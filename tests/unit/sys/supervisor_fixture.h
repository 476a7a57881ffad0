/* What the tests of the supervisor share: one that runs, scripts as its children, waiting. */
#ifndef GANTRY_TESTS_SUPERVISOR_FIXTURE_H
#define GANTRY_TESTS_SUPERVISOR_FIXTURE_H

#include "sys_test.h"

#include <gantry/sys/supervisor.h>
#include <gantry/sys/sys.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

enum { PATIENCE_MS = 60000, NAP_MS = 10, GRACE_MS = 2000, ATTEMPTS = 5 };

static struct gt_supervisor *supervisor;
static char default_path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
static char *default_env[] = {default_path, NULL};

static inline void supervisor_setup(void)
{
    folder_setup();
    ck_assert(gt_supervisor_start(arena, &supervisor, &diags));
}

static inline int64_t now_ms(void)
{
    return gt_monotonic_ms(gt_sys_real());
}

static inline void nap(void)
{
    poll(NULL, 0, NAP_MS);
}

static inline bool spawn_with(char **argv, const char *where, bool pipe_in, struct gt_child *child)
{
    const struct gt_child_options options = {
        .argv = argv, .env = default_env, .folder = where, .pipe_in = pipe_in};
    return gt_supervisor_spawn(supervisor, &options, child, &diags);
}

/* Runs `sh -c script`. */
static inline struct gt_child spawn_script(const char *script, bool pipe_in)
{
    char shell[] = "sh", flag[] = "-c";
    char *argv[] = {shell, flag, gt_strdup(arena, script), NULL};
    struct gt_child child;
    ck_assert_msg(spawn_with(argv, NULL, pipe_in, &child), "%s",
                  diags.errors > 0 ? diags.list.at[0]->message : "");
    return child;
}

static inline void close_child(const struct gt_child *child)
{
    if (child->in >= 0)
        close(child->in);
    close(child->out);
    close(child->err);
}

/* What comes from a pipe until its end, or until it ends with a line (one_line). */
static char *read_text(int fd, bool one_line)
{
    char *text = gt_alloc(arena, 4096);
    size_t len = 0;
    for (int64_t until = now_ms() + PATIENCE_MS;;) {
        ssize_t got = read(fd, text + len, 4095 - len);
        if (got > 0)
            len += (size_t)got;
        if (got == 0 || (one_line && len > 0 && text[len - 1] == '\n'))
            return text;
        ck_assert_msg(now_ms() < until, "no end: %s", text);
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        poll(&wait, 1, 100);
    }
}

static inline struct gt_child_exit next_exit(void)
{
    struct gt_child_exit ended;
    bool gone;
    struct pollfd wait = {.fd = gt_supervisor_fd(supervisor), .events = POLLIN};
    ck_assert_msg(poll(&wait, 1, PATIENCE_MS) == 1, "nothing has ended");
    ck_assert(gt_supervisor_next(supervisor, &ended, &gone));
    ck_assert(!gone);
    return ended;
}

static inline bool is_alive(pid_t pid)
{
    return kill(pid, 0) == 0;
}

static inline void expect_gone(pid_t pid)
{
    for (int64_t until = now_ms() + PATIENCE_MS; is_alive(pid); nap())
        ck_assert_msg(now_ms() < until, "process %d is still there", (int)pid);
}

static inline pid_t read_pid(const struct gt_child *child)
{
    long pid = strtol(read_text(child->out, true), NULL, 10);
    ck_assert_int_gt(pid, 1);
    return (pid_t)pid;
}

static inline pid_t supervisor_pid(void)
{
    struct gt_child child = spawn_script("echo $PPID", false);
    pid_t pid = read_pid(&child);
    close_child(&child);
    next_exit();
    return pid;
}

#define STUBBORN "trap '' TERM; echo $$; while :; do sleep 0.02; done"

#endif
