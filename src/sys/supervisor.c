#define _GNU_SOURCE /* memfd_create, pipe2, SOCK_CLOEXEC */

#include "fault.h"
#include "supervisor_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <gantry/base/buf.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_FREE_FD = 3, TEXTS_MAX = 16 * 1024 * 1024 };

struct gt_supervisor {
    pid_t pid, owner;
    int control, events; /* -1: stopped */
    uint64_t last_id;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_fds(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close_fd(&fds[i]);
}

/* Moves a pair above the standard descriptors, wherever it came to lie. */
static bool lift(int pair[2])
{
    int low[2] = {pair[0], pair[1]};
    for (int i = 0; i < 2; i++)
        pair[i] = fcntl(low[i], F_DUPFD_CLOEXEC, FIRST_FREE_FD);
    int error = errno;
    close_fds(low, 2);
    if (pair[0] >= 0 && pair[1] >= 0)
        return true;
    close_fds(pair, 2);
    errno = error;
    return false;
}

static bool make_sockets(int pair[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0 && lift(pair);
}

/* ours: the end that we keep, which does not block. */
static bool make_pipe(int pair[2], int ours)
{
    return pipe2(pair, O_CLOEXEC) == 0 && lift(pair) && fcntl(pair[ours], F_SETFL, O_NONBLOCK) == 0;
}

static void stop_at_end(void *arg)
{
    gt_supervisor_stop(arg);
}

/* No signal reaches the new process before it ignores those that are not meant for it. */
static pid_t fork_blocked(int control, int events)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0)
        gt_supervisor_main(control, events);
    int error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return pid;
}

bool gt_supervisor_start(struct gt_arena *arena, struct gt_supervisor **supervisor,
                         struct gt_diags *diags)
{
    int control[2] = {-1, -1}, events[2] = {-1, -1};
    pid_t pid = -1;
    if (make_sockets(control) && make_sockets(events))
        pid = fork_blocked(control[1], events[1]);
    int error = errno;
    close_fd(&control[1]);
    close_fd(&events[1]);
    if (pid < 0) {
        close_fd(&control[0]);
        close_fd(&events[0]);
        gt_error(diags, "spawn", "cannot start the supervisor of processes: %s",
                 gt_fault_text(diags->arena, error));
        return false;
    }
    struct gt_supervisor *self = GT_NEW(arena, struct gt_supervisor);
    *self = (struct gt_supervisor){
        .pid = pid, .owner = getpid(), .control = control[0], .events = events[0]};
    gt_arena_defer(arena, stop_at_end, self);
    *supervisor = self;
    return true;
}

/* One packet; `fds` that are -1 at the end are left out. */
static bool send_request(const struct gt_supervisor *self,
                         const struct gt_supervisor_request *request, const int *fds, size_t count)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(GT_SPAWN_FDS * sizeof(int))];
    } control = {0};
    size_t path_len = strlen(request->path);
    char packet[sizeof(*request)];
    memcpy(packet, request, sizeof(*request));
    struct iovec part = {packet, offsetof(struct gt_supervisor_request, path) + path_len + 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    while (count > 0 && fds[count - 1] < 0)
        count--;
    if (count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, count * sizeof(int));
    }
    ssize_t sent;
    do
        sent = sendmsg(self->control, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

static bool read_answer(const struct gt_supervisor *self, struct gt_supervisor_answer *answer)
{
    ssize_t got;
    do
        got = recv(self->control, answer, sizeof(*answer), 0);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof(*answer);
}

static size_t add_texts(struct gt_buf *buf, char *const *texts)
{
    size_t count = 0;
    for (; texts[count] != NULL; count++)
        gt_buf_add(buf, texts[count], strlen(texts[count]) + 1);
    return count;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    for (ssize_t put; len > 0; bytes += put, len -= (size_t)put)
        if ((put = write(fd, bytes, len)) < 0) {
            if (errno != EINTR)
                return false;
            put = 0;
        }
    return true;
}

/* argv, env, folder and `after` in a file that only we and the supervisor see; -1 with errno. */
static int make_texts(const struct gt_child_options *options, struct gt_supervisor_request *request)
{
    struct gt_buf texts = gt_buf_init(TEXTS_MAX);
    request->argc = add_texts(&texts, options->argv);
    request->envc = add_texts(&texts, options->env);
    request->has_folder = options->folder != NULL;
    if (request->has_folder)
        gt_buf_add(&texts, options->folder, strlen(options->folder) + 1);
    if (options->after != NULL)
        request->afterc = add_texts(&texts, options->after);
    request->size = texts.len;
    errno = E2BIG;
    int fd = texts.overflow ? -1 : memfd_create("gantry-spawn", MFD_CLOEXEC);
    if (fd >= 0 && !write_all(fd, texts.ptr, texts.len))
        close_fd(&fd);
    gt_buf_wipe(&texts); /* an environment may hold secrets */
    return fd;
}

static bool refuse(const struct gt_child_options *options,
                   const struct gt_supervisor_answer *answer, struct gt_diags *diags)
{
    const char *reason = gt_fault_text(diags->arena, answer->error);
    if (answer->in_folder) {
        gt_error(diags, "spawn", "cannot run %s in %s: %s", options->argv[0], options->folder,
                 reason)
            ->hint = "check the folder that the program is to run in";
        return false;
    }
    struct gt_diag *diag = gt_error(diags, "spawn", "cannot run %s: %s", options->argv[0], reason);
    if (answer->error == ENOENT)
        diag->hint = "check the program's name, PATH, and the interpreter that a script names";
    else if (answer->error == EACCES)
        diag->hint = "check that the program is a file that may be executed";
    else if (answer->error == ENOEXEC)
        diag->hint = "a script needs a first line that names its interpreter";
    return false;
}

bool gt_supervisor_spawn(struct gt_supervisor *supervisor, const struct gt_child_options *options,
                         struct gt_child *child, struct gt_diags *diags)
{
    enum { READ, WRITE };
    struct gt_supervisor_request request = {.op = GT_SUPERVISOR_SPAWN,
                                            .id = supervisor->last_id + 1};
    struct gt_supervisor_answer answer = {0};
    int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1}, texts = -1;
    bool made = make_pipe(out, READ) && make_pipe(err, READ) &&
                (!options->pipe_in || make_pipe(in, WRITE)) &&
                (texts = make_texts(options, &request)) >= 0;
    answer.error = made ? 0 : errno;
    if (made) {
        const int fds[GT_SPAWN_FDS] = {[GT_SPAWN_TEXTS] = texts,
                                       [GT_SPAWN_OUT] = out[WRITE],
                                       [GT_SPAWN_ERR] = err[WRITE],
                                       [GT_SPAWN_IN] = in[READ]};
        if (!send_request(supervisor, &request, fds, GT_SPAWN_FDS) ||
            !read_answer(supervisor, &answer))
            answer.error = ESRCH;
    }
    close_fd(&texts);
    close_fd(&out[WRITE]);
    close_fd(&err[WRITE]);
    close_fd(&in[READ]);
    if (answer.error == 0) {
        supervisor->last_id = request.id;
        *child = (struct gt_child){
            .id = request.id, .in = in[WRITE], .out = out[READ], .err = err[READ]};
        return true;
    }
    close_fd(&out[READ]);
    close_fd(&err[READ]);
    close_fd(&in[WRITE]);
    return refuse(options, &answer, diags);
}

void gt_supervisor_signal(struct gt_supervisor *supervisor, uint64_t id, int signal)
{
    const struct gt_supervisor_request request = {
        .op = GT_SUPERVISOR_SIGNAL, .id = id, .signal = signal};
    send_request(supervisor, &request, NULL, 0);
}

void gt_supervisor_end(struct gt_supervisor *supervisor, uint64_t id, int64_t grace_ms)
{
    const struct gt_supervisor_request request = {
        .op = GT_SUPERVISOR_END, .id = id, .grace_ms = grace_ms};
    send_request(supervisor, &request, NULL, 0);
}

int gt_supervisor_fd(const struct gt_supervisor *supervisor)
{
    return supervisor->events;
}

bool gt_supervisor_next(struct gt_supervisor *supervisor, struct gt_child_exit *ended, bool *gone)
{
    struct gt_child_exit packet;
    ssize_t got;
    do
        got = recv(supervisor->events, &packet, sizeof(packet), MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    *gone = got == 0 || (got < 0 && errno != EAGAIN);
    if (got != (ssize_t)sizeof(packet))
        return false;
    *ended = packet;
    return true;
}

static void remove_at_end(const struct gt_supervisor *supervisor, const char *path,
                          struct gt_supervisor_request *request)
{
    size_t len = strlen(path);
    if (*path != '/' || len >= sizeof(request->path))
        return; /* a path that no system call would take */
    request->op = GT_SUPERVISOR_REMOVE;
    memcpy(request->path, path, len);
    send_request(supervisor, request, NULL, 0);
}

void gt_supervisor_remove_at_end(struct gt_supervisor *supervisor, const char *path)
{
    remove_at_end(supervisor, path, &(struct gt_supervisor_request){0});
}

void gt_supervisor_remove_folder_at_end(struct gt_supervisor *supervisor, const char *path,
                                        unsigned parents)
{
    remove_at_end(supervisor, path,
                  &(struct gt_supervisor_request){.is_folder = true, .parents = parents});
}

void gt_supervisor_stop(struct gt_supervisor *supervisor)
{
    if (supervisor == NULL || supervisor->control < 0)
        return;
    /* Not in a fork of the parent, which only lets go of its copies; a copy that another one still
     * holds must not keep the supervisor waiting. */
    bool is_owner = getpid() == supervisor->owner;
    if (is_owner)
        shutdown(supervisor->control, SHUT_RDWR);
    close_fd(&supervisor->control);
    close_fd(&supervisor->events);
    while (is_owner && waitpid(supervisor->pid, NULL, 0) < 0 && errno == EINTR) {
    }
}
