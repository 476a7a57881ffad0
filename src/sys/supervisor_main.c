#define _GNU_SOURCE /* dup3, MSG_CMSG_CLOEXEC */

#include "supervisor_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <gantry/base/str.h>
#include <gantry/sys/file.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONTROL = 3, /* where the sockets go, so that all behind them can be closed */
    EVENTS = 4,
    FIRST_OTHER = 5
};

/* Tells the parent; what it has no room for now waits. */
static void report(struct gt_warden *self)
{
    for (size_t i = 0; i < self->children.len; i++) {
        struct gt_ward *child = &self->children.at[i];
        if (!child->ended || child->reported)
            continue;
        if (send(EVENTS, &child->exit, sizeof(child->exit), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
            (errno == EAGAIN || errno == ENOBUFS))
            return;
        child->reported = true;
    }
}

static void forget_ended(struct gt_warden *self)
{
    size_t kept = 0;
    for (size_t i = 0; i < self->children.len; i++)
        if (!self->children.at[i].reported || self->children.at[i].kill_at_ms != INT64_MAX)
            self->children.at[kept++] = self->children.at[i];
    self->children.len = kept;
}

/* Cuts `count` texts off the file's bytes; NULL when they are not there. */
static char **take_texts(struct gt_arena *arena, char **at, const char *end, size_t count)
{
    if (count > (size_t)(end - *at))
        return NULL;
    char **texts = gt_calloc(arena, count + 1, sizeof(*texts));
    for (size_t i = 0; i < count; i++) {
        char *nul = memchr(*at, '\0', (size_t)(end - *at));
        if (nul == NULL)
            return NULL;
        texts[i] = *at;
        *at = nul + 1;
    }
    return texts;
}

static bool read_texts(struct gt_arena *arena, const struct gt_supervisor_request *request, int fd,
                       struct gt_spawn *spawn, char ***after)
{
    char *bytes = gt_alloc(arena, request->size + 1);
    size_t len = 0;
    for (ssize_t got; len < request->size; len += (size_t)got)
        if ((got = pread(fd, bytes + len, request->size - len, (off_t)len)) <= 0)
            return false;
    char *at = bytes, *end = bytes + len;
    spawn->argv = take_texts(arena, &at, end, request->argc);
    spawn->env = spawn->argv == NULL ? NULL : take_texts(arena, &at, end, request->envc);
    char **folder =
        spawn->env == NULL ? NULL : take_texts(arena, &at, end, request->has_folder ? 1 : 0);
    spawn->folder = folder == NULL ? NULL : folder[0];
    *after = folder == NULL ? NULL : take_texts(arena, &at, end, request->afterc);
    return *after != NULL && spawn->argv[0] != NULL;
}

static void spawn(struct gt_warden *self, const struct gt_supervisor_request *request,
                  const int fds[GT_SPAWN_FDS])
{
    struct gt_arena *arena = gt_arena_new_secret();
    struct gt_supervisor_answer answer = {.id = request->id};
    struct gt_ward child = {
        .id = request->id, .exit.id = request->id, .kill_at_ms = INT64_MAX, .arena = arena};
    struct gt_spawn what = {
        .in = fds[GT_SPAWN_IN], .out = fds[GT_SPAWN_OUT], .err = fds[GT_SPAWN_ERR]};
    if (fds[GT_SPAWN_ERR] < 0 ||
        !read_texts(arena, request, fds[GT_SPAWN_TEXTS], &what, &child.after)) {
        answer.error = EINVAL;
    } else if (gt_spawn_child(&what, &child.pid, &answer)) {
        child.env = what.env;
        if (child.after[0] == NULL)
            child.after = child.env = NULL;
        *GT_PUSH(self->arena, &self->children) = child;
        if (child.after != NULL)
            arena = NULL; /* it is the child's */
        else
            self->children.at[self->children.len - 1].arena = NULL;
    }
    gt_arena_free(arena);
    send(CONTROL, &answer, sizeof(answer), MSG_NOSIGNAL);
}

static void remember(struct gt_warden *self, const struct gt_supervisor_request *request)
{
    for (size_t i = 0; i < self->leftovers.len; i++)
        if (strcmp(self->leftovers.at[i].path, request->path) == 0)
            return;
    *GT_PUSH(self->arena, &self->leftovers) =
        (struct gt_leftover){.path = gt_strdup(self->arena, request->path),
                             .is_folder = request->is_folder,
                             .parents = request->parents};
}

/* Before anything is waited for: another parent may make files of the same names as soon as this
 * one has gone. */
static void remove_leftovers(const struct gt_warden *self)
{
    for (size_t i = 0; i < self->leftovers.len; i++) {
        const struct gt_leftover *leftover = &self->leftovers.at[i];
        if (leftover->is_folder)
            gt_folder_remove(leftover->path, leftover->parents);
        else
            unlink(leftover->path);
    }
}

static void take_fds(struct msghdr *message, int fds[GT_SPAWN_FDS])
{
    size_t taken = 0;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
         part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count && taken < GT_SPAWN_FDS; i++)
            memcpy(&fds[taken++], CMSG_DATA(part) + i * sizeof(int), sizeof(int));
    }
}

/* One request; false when the parent has gone. */
static bool serve(struct gt_warden *self)
{
    struct gt_supervisor_request request = {0};
    int fds[GT_SPAWN_FDS] = {-1, -1, -1, -1};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(fds))];
    } control;
    struct iovec part = {&request, sizeof(request)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t len = recvmsg(CONTROL, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (len < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (len <= 0)
        return false;
    take_fds(&message, fds);
    request.path[sizeof(request.path) - 1] = '\0';
    struct gt_ward *child = gt_warden_find(self, request.id);
    switch (request.op) {
    case GT_SUPERVISOR_SPAWN:
        spawn(self, &request, fds);
        break;
    case GT_SUPERVISOR_SIGNAL:
        if (child != NULL && !child->ended)
            kill(-child->pid, request.signal);
        break;
    case GT_SUPERVISOR_END:
        gt_warden_end(self, request.id, request.grace_ms);
        break;
    case GT_SUPERVISOR_REMOVE:
        remember(self, &request);
        break;
    }
    for (size_t i = 0; i < GT_SPAWN_FDS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return true;
}

static void drain_signals(const struct gt_warden *self)
{
    struct signalfd_siginfo info;
    while (read(self->signals, &info, sizeof(info)) > 0) {
    }
}

static void watch(struct gt_warden *self)
{
    bool parent_there = true;
    while (parent_there) {
        bool waiting = false;
        for (size_t i = 0; i < self->children.len; i++)
            waiting = waiting || (self->children.at[i].ended && !self->children.at[i].reported);
        struct pollfd fds[] = {{.fd = CONTROL, .events = POLLIN},
                               {.fd = self->signals, .events = POLLIN},
                               {.fd = waiting ? EVENTS : -1, .events = POLLOUT}};
        if (poll(fds, GT_COUNT(fds), gt_warden_next_due_ms(self)) < 0 && errno != EINTR)
            break;
        if (fds[0].revents != 0)
            parent_there = serve(self);
        drain_signals(self);
        gt_warden_reap(self);
        gt_warden_kill_due(self);
        report(self);
        forget_ended(self);
    }
}

/* Nothing that a terminal or a person sends to all of a group's processes may end us first. */
static void set_signals(void)
{
    static const int ignored[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGPIPE,
                                  SIGUSR1, SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, by_default = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &by_default, NULL);
    for (size_t i = 0; i < GT_COUNT(ignored); i++)
        sigaction(ignored[i], &ignore, NULL);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_SETMASK, &child, NULL);
}

/* Keeps the two sockets and stderr and nothing else of the parent's: no lock, no listening socket,
 * no end of another supervisor's sockets. */
static bool set_files(int control, int events)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fcntl(STDERR_FILENO, F_GETFD) < 0 && dup2(null, STDERR_FILENO) < 0)
        return false;
    control = fcntl(control, F_DUPFD_CLOEXEC, FIRST_OTHER);
    events = fcntl(events, F_DUPFD_CLOEXEC, FIRST_OTHER);
    if (null < 0 || control < 0 || events < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(null, STDOUT_FILENO) < 0 || dup3(control, CONTROL, O_CLOEXEC) < 0 ||
        dup3(events, EVENTS, O_CLOEXEC) < 0)
        return false;
    gt_close_from(FIRST_OTHER);
    return true;
}

void gt_supervisor_main(int control, int events)
{
    struct gt_warden self = {.arena = gt_arena_new()};
    sigset_t child;
    set_signals();
    /* Out of the group and the session of the parent: what is sent to those is not for us. */
    setsid();
    prctl(PR_SET_NAME, "gantry-super");
    if (!set_files(control, events) || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        _exit(1);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    self.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (self.signals < 0)
        _exit(1);
    watch(&self);
    remove_leftovers(&self);
    gt_warden_end_all(&self);
    /* No exit handler of the parent's runs here, and no leak of its memory is ours. */
    _exit(0);
}
