#define _GNU_SOURCE /* pipe2, POSIX_SPAWN_SETSID */

#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <gantry/sys/process.h>
#include <gantry/sys/sys.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOK_MS = 20, REST_MS = 20000 /* for what looks after its children to end them */ };

static int set_up(posix_spawnattr_t *attributes, posix_spawn_file_actions_t *actions, int in,
                  int out)
{
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGXFSZ);
    int error = posix_spawnattr_setsigmask(attributes, &none);
    if (error == 0)
        error = posix_spawnattr_setsigdefault(attributes, &defaults);
    if (error == 0)
        error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                                         POSIX_SPAWN_SETSIGDEF);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(actions, in, STDIN_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
    return error;
}

static int spawn(char *const *argv, int in, int out, pid_t *pid)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    int error = posix_spawnattr_init(&attributes);
    if (error != 0)
        return error;
    error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        error = set_up(&attributes, &actions, in, out);
        if (error == 0)
            error = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&attributes);
    return error;
}

bool gt_companion_start(char *const *argv, struct gt_companion *companion, struct gt_diags *diags)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    pid_t pid = -1;
    int error = pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 ? 0 : errno;
    if (error == 0 && fcntl(out[0], F_SETFL, O_NONBLOCK) != 0)
        error = errno;
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* what a killed one leaves behind comes to us */
    if (error == 0)                   /* the last that may fail: nobody is left behind */
        error = spawn(argv, in[0], out[1], &pid);
    if (in[0] >= 0)
        close(in[0]);
    if (out[1] >= 0)
        close(out[1]);
    if (error == 0) {
        *companion = (struct gt_companion){.pid = pid, .in = in[1], .out = out[0]};
        return true;
    }
    if (in[1] >= 0)
        close(in[1]);
    if (out[0] >= 0)
        close(out[0]);
    return gt_fault(diags, error, "cannot run", argv[0]);
}

/* What it left behind are children of ours now. */
static void await_rest(const struct gt_sys *sys)
{
    int64_t end_ms = gt_monotonic_ms(sys) + REST_MS;
    for (pid_t ended; (ended = waitpid(-1, NULL, WNOHANG)) >= 0 && gt_monotonic_ms(sys) < end_ms;)
        if (ended == 0)
            poll(NULL, 0, LOOK_MS);
}

int gt_companion_stop(struct gt_companion *companion, int64_t grace_ms)
{
    const struct gt_sys *sys = gt_sys_real();
    int64_t end_ms = gt_monotonic_ms(sys) + grace_ms;
    int status = 0;
    pid_t ended;
    if (companion->in >= 0)
        close(companion->in);
    companion->in = -1;
    while ((ended = waitpid((pid_t)companion->pid, &status, WNOHANG)) == 0 &&
           gt_monotonic_ms(sys) < end_ms) {
        /* What it still says is read, so that it is not held up by a full pipe. */
        char dropped[4096];
        struct pollfd poll_out = {.fd = companion->out, .events = POLLIN};
        if (poll(&poll_out, 1, LOOK_MS) > 0 && read(companion->out, dropped, sizeof(dropped)) <= 0)
            poll(NULL, 0, LOOK_MS);
    }
    bool killed = ended == 0;
    if (killed) {
        kill((pid_t)companion->pid, SIGKILL);
        waitpid((pid_t)companion->pid, &status, 0);
    }
    close(companion->out);
    companion->out = -1;
    if (!killed && ended > 0 && WIFEXITED(status))
        return WEXITSTATUS(status);
    await_rest(sys);
    return -1;
}
