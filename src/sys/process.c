#define _GNU_SOURCE /* pipe2 */

#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <gantry/sys/process.h>
#include <gantry/sys/sys.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    UNKNOWN_STATUS = 255 << 8, /* as of exit(255) */
    FIRST_FREE_FD = 3,         /* pipes must not lie where the program's own three go */
    SLICE_MS = 50 /* how often we look whether a program that keeps its pipes has ended */
};

/* One pipe from the program, and where its bytes go. */
struct stream {
    int fd; /* our end; -1: closed */
    char *at;
    size_t len, max;
    bool overflow;
};

struct running {
    const struct gt_process *process;
    pid_t pid;
    struct stream out, err;
    int64_t deadline_ms; /* monotonic; INT64_MAX: none */
    int status;
    bool ended, timed_out;
};

static int64_t now_ms(void)
{
    return gt_monotonic_ms(gt_sys_real());
}

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0)
            close(pair[i]);
        pair[i] = -1;
    }
}

/* A pipe whose ends lie above the standard descriptors and whose reading end does not block. */
static bool make_pipe(int pair[2])
{
    int low[2];
    pair[0] = pair[1] = -1;
    if (pipe2(low, O_CLOEXEC) != 0)
        return false;
    for (int i = 0; i < 2; i++)
        pair[i] = fcntl(low[i], F_DUPFD_CLOEXEC, FIRST_FREE_FD);
    int error = errno;
    close_pair(low);
    if (pair[0] >= 0 && pair[1] >= 0 && fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0)
        return true;
    close_pair(pair);
    errno = error;
    return false;
}

/* Signals as a new program expects them, whatever we ignore or block. */
static int set_signals(posix_spawnattr_t *attributes, bool own_group)
{
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGXFSZ);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (own_group)
        flags |= POSIX_SPAWN_SETPGROUP;
    int error = posix_spawnattr_setsigmask(attributes, &none);
    if (error == 0)
        error = posix_spawnattr_setsigdefault(attributes, &defaults);
    if (error == 0)
        error = posix_spawnattr_setpgroup(attributes, 0);
    return error != 0 ? error : posix_spawnattr_setflags(attributes, flags);
}

static int set_files(posix_spawn_file_actions_t *actions, int out, int err)
{
    int error = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(actions, err, STDERR_FILENO);
    return error;
}

/* 0 or an errno; what cannot be executed is found here too. */
static int spawn(const struct gt_process *process, int out, int err, pid_t *pid)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    int error = posix_spawnattr_init(&attributes);
    if (error != 0)
        return error;
    error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        error = set_signals(&attributes, process->own_group);
        if (error == 0)
            error = set_files(&actions, out, err);
        if (error == 0)
            error = posix_spawnp(pid, process->argv[0], &actions, &attributes, process->argv,
                                 process->env != NULL ? process->env : environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&attributes);
    return error;
}

static bool start(struct running *running, struct gt_diags *diags)
{
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    int error = make_pipe(out) && make_pipe(err) ? 0 : errno;
    if (error == 0)
        error = spawn(running->process, out[1], err[1], &running->pid);
    if (error != 0) {
        close_pair(out);
        close_pair(err);
        return gt_fault(diags, error, "cannot run", running->process->argv[0]);
    }
    close(out[1]);
    close(err[1]);
    running->out.fd = out[0];
    running->err.fd = err[0];
    return true;
}

static void close_stream(struct stream *stream)
{
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
}

/* Takes what is there; more than fits is read and dropped, so that the program is not held up. */
static void drain(struct stream *stream)
{
    char rest[4096];
    while (stream->fd >= 0) {
        size_t room = stream->max - stream->len;
        ssize_t got = room > 0 ? read(stream->fd, stream->at + stream->len, room)
                               : read(stream->fd, rest, sizeof(rest));
        if (got > 0 && room == 0) {
            stream->overflow = true;
            return; /* a program that never stops writing must not keep us from the deadline */
        }
        if (got > 0)
            stream->len += (size_t)got;
        else if (got == 0 || (errno != EINTR && errno != EAGAIN))
            close_stream(stream);
        else if (errno == EAGAIN)
            return;
    }
}

static void end(struct running *running)
{
    kill(running->process->own_group ? -running->pid : running->pid, SIGKILL);
}

static void look_whether_ended(struct running *running, bool wait)
{
    pid_t got;
    do
        got = waitpid(running->pid, &running->status, wait ? 0 : WNOHANG);
    while (got < 0 && errno == EINTR);
    if (got < 0) /* someone else has taken the status: SIGCHLD is ignored */
        running->status = UNKNOWN_STATUS;
    running->ended = running->ended || got != 0;
}

/* Waits for bytes, or for a short while; both ends gone makes it a plain nap. */
static void wait_a_little(const struct running *running, int64_t left_ms, int nap_ms)
{
    struct pollfd fds[] = {{.fd = running->out.fd, .events = POLLIN},
                           {.fd = running->err.fd, .events = POLLIN}};
    poll(fds, GT_COUNT(fds), left_ms < nap_ms ? (int)left_ms : nap_ms);
}

/*
 * Until the program has ended. Its pipes' ends are no sign of that: it may close them early, and a
 * program that it leaves behind may keep them open.
 */
static void watch(struct running *running)
{
    int nap_ms = 1;
    while (!running->ended && !running->out.overflow) {
        int64_t left_ms = running->deadline_ms - now_ms();
        if (left_ms <= 0) {
            running->timed_out = true;
            break;
        }
        bool open = running->out.fd >= 0 || running->err.fd >= 0;
        wait_a_little(running, left_ms, open ? SLICE_MS : nap_ms);
        if (!open && nap_ms < SLICE_MS)
            nap_ms *= 2;
        look_whether_ended(running, false);
        drain(&running->out);
        drain(&running->err);
    }
    if (!running->ended) {
        end(running);
        look_whether_ended(running, true);
    }
    drain(&running->out);
    drain(&running->err);
    close_stream(&running->out);
    close_stream(&running->err);
}

static void fill(struct running *running, struct gt_process_result *result)
{
    int status = running->status;
    *result = (struct gt_process_result){
        .exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
        .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .timed_out = running->timed_out,
        .out = running->out.at,
        .out_len = running->out.len,
        .err = running->err.at,
        .err_len = running->err.len,
    };
}

bool gt_process_run(struct gt_arena *arena, const struct gt_process *process,
                    struct gt_process_result *result, struct gt_diags *diags)
{
    struct running running = {
        .process = process,
        .out = {.fd = -1, .at = gt_alloc(arena, process->max_out + 1), .max = process->max_out},
        .err = {.fd = -1, .at = gt_alloc(arena, process->max_err + 1), .max = process->max_err},
        .deadline_ms = process->timeout_ms > 0 ? now_ms() + process->timeout_ms : INT64_MAX,
    };
    if (!start(&running, diags))
        return false;
    watch(&running);
    if (running.out.overflow) {
        gt_error(diags, "process-output", "%s printed more than %zu bytes", process->argv[0],
                 process->max_out);
        return false;
    }
    fill(&running, result);
    return true;
}
