#define _GNU_SOURCE /* dup3, MSG_CMSG_CLOEXEC */

#include "proctree.h"
#include "supervisor_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <gantry/base/str.h>
#include <gantry/sys/sys.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CONTROL = 3, /* where the sockets go, so that all behind them can be closed */
    EVENTS = 4,
    FIRST_OTHER = 5,
    GRACE_MS = 2000,
    NAP_MS = 20,
    GIVE_UP_MS = 5000 /* for what not even SIGKILL ends: another user's, or waiting for a disk */
};

struct child {
    uint64_t id;
    pid_t pid;                   /* and its group */
    bool ended, reported, asked; /* asked: SIGTERM has been sent */
    struct gt_child_exit exit;
    int64_t kill_at_ms; /* monotonic; INT64_MAX: nothing is planned */
};

/* A process that has left its child's group and is to be ended with it. */
struct stray {
    pid_t pid;
    unsigned long long start;
    int64_t kill_at_ms;
};

struct supervisor {
    struct gt_arena *arena;
    GT_VEC(struct child) children;
    GT_VEC(struct stray) strays;
    GT_VEC(const char *) files;
    int signals; /* signalfd(2) for SIGCHLD */
};

static int64_t now_ms(void)
{
    return gt_monotonic_ms(gt_sys_real());
}

static struct child *find(struct supervisor *self, uint64_t id)
{
    for (size_t i = 0; i < self->children.len; i++)
        if (self->children.at[i].id == id)
            return &self->children.at[i];
    return NULL;
}

/* SIGTERM, and SIGCONT so that a stopped process sees it too. */
static void ask(pid_t pid)
{
    kill(pid, SIGTERM);
    kill(pid, SIGCONT);
}

/* Whether a process below us is in the group. Its number alone says nothing once its leader has
 * gone: another program's group may have it by now. */
static bool is_ours(pid_t group)
{
    struct gt_arena *arena = gt_arena_new();
    gt_proc_vec below = gt_proc_below(arena, getpid());
    bool found = false;
    for (size_t i = 0; i < below.len && !found; i++)
        found = below.at[i].group == group && !below.at[i].dead;
    gt_arena_free(arena);
    return found;
}

/* The leader has gone: so does the rest of its group, which nobody else looks after. */
static void end_rest(struct child *child)
{
    if (kill(-child->pid, 0) != 0 || !is_ours(child->pid)) {
        child->kill_at_ms = INT64_MAX;
        return;
    }
    if (!child->asked)
        ask(-child->pid);
    child->asked = true;
    if (child->kill_at_ms == INT64_MAX)
        child->kill_at_ms = now_ms() + GRACE_MS;
}

static void reap(struct supervisor *self)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        for (size_t i = 0; i < self->children.len; i++) {
            struct child *child = &self->children.at[i];
            if (child->pid != pid || child->ended)
                continue;
            child->ended = true;
            child->exit.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
            child->exit.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
            end_rest(child);
        }
    }
}

/* Tells the parent; what it has no room for now waits. */
static void report(struct supervisor *self)
{
    for (size_t i = 0; i < self->children.len; i++) {
        struct child *child = &self->children.at[i];
        if (!child->ended || child->reported)
            continue;
        if (send(EVENTS, &child->exit, sizeof(child->exit), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
            (errno == EAGAIN || errno == ENOBUFS))
            return;
        child->reported = true;
    }
}

static void forget_ended(struct supervisor *self)
{
    size_t kept = 0;
    for (size_t i = 0; i < self->children.len; i++)
        if (!self->children.at[i].reported || self->children.at[i].kill_at_ms != INT64_MAX)
            self->children.at[kept++] = self->children.at[i];
    self->children.len = kept;
}

/* Ends those that left the group by setsid(2) but still stand below the leader. */
static void end_strays(struct supervisor *self, const struct child *child, int64_t kill_at_ms)
{
    struct gt_arena *arena = gt_arena_new();
    gt_proc_vec below = gt_proc_below(arena, child->pid);
    for (size_t i = 0; i < below.len; i++) {
        if (below.at[i].group == child->pid || below.at[i].dead)
            continue;
        ask(below.at[i].pid);
        *GT_PUSH(self->arena, &self->strays) =
            (struct stray){below.at[i].pid, below.at[i].start, kill_at_ms};
    }
    gt_arena_free(arena);
}

static void end(struct supervisor *self, uint64_t id, int64_t grace_ms)
{
    struct child *child = find(self, id);
    if (child == NULL || (child->ended && child->kill_at_ms == INT64_MAX))
        return;
    int64_t now = now_ms(), grace = grace_ms < 0 ? 0 : grace_ms;
    int64_t at = grace > INT64_MAX - 1 - now ? INT64_MAX - 1 : now + grace;
    if (!child->asked) {
        end_strays(self, child, at);
        ask(-child->pid);
        child->asked = true;
    }
    if (at < child->kill_at_ms)
        child->kill_at_ms = at;
}

/* Kills a stray that is still the same process, and what it has started. */
static void kill_stray(struct gt_arena *arena, const gt_proc_vec *below, const struct stray *stray)
{
    for (size_t i = 0; i < below->len; i++) {
        if (below->at[i].pid != stray->pid || below->at[i].start != stray->start)
            continue;
        gt_proc_vec started = gt_proc_below(arena, stray->pid);
        kill(stray->pid, SIGKILL);
        for (size_t j = 0; j < started.len; j++)
            kill(started.at[j].pid, SIGKILL);
    }
}

static void kill_due_strays(struct supervisor *self, int64_t now)
{
    size_t kept = 0;
    gt_proc_vec below = {0};
    struct gt_arena *arena = gt_arena_new();
    for (size_t i = 0; i < self->strays.len; i++) {
        struct stray stray = self->strays.at[i];
        if (stray.kill_at_ms > now) {
            self->strays.at[kept++] = stray;
            continue;
        }
        if (below.at == NULL)
            below = gt_proc_below(arena, getpid());
        kill_stray(arena, &below, &stray);
    }
    self->strays.len = kept;
    gt_arena_free(arena);
}

static void kill_due(struct supervisor *self)
{
    int64_t now = now_ms();
    for (size_t i = 0; i < self->children.len; i++) {
        struct child *child = &self->children.at[i];
        if (child->kill_at_ms > now)
            continue;
        if (!child->ended || is_ours(child->pid))
            kill(-child->pid, SIGKILL);
        child->kill_at_ms = INT64_MAX;
    }
    if (self->strays.len > 0)
        kill_due_strays(self, now);
}

/* Milliseconds to the next kill, for poll; -1: none is planned. */
static int next_due_ms(const struct supervisor *self)
{
    int64_t due = INT64_MAX, now = now_ms();
    for (size_t i = 0; i < self->children.len; i++)
        if (self->children.at[i].kill_at_ms < due)
            due = self->children.at[i].kill_at_ms;
    for (size_t i = 0; i < self->strays.len; i++)
        if (self->strays.at[i].kill_at_ms < due)
            due = self->strays.at[i].kill_at_ms;
    if (due == INT64_MAX)
        return -1;
    return due <= now ? 0 : due - now > INT_MAX ? INT_MAX : (int)(due - now);
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
                       struct gt_spawn *spawn)
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
    return folder != NULL && spawn->argv[0] != NULL;
}

static void spawn(struct supervisor *self, const struct gt_supervisor_request *request,
                  const int fds[GT_SPAWN_FDS])
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_supervisor_answer answer = {.id = request->id};
    struct gt_spawn what = {
        .in = fds[GT_SPAWN_IN], .out = fds[GT_SPAWN_OUT], .err = fds[GT_SPAWN_ERR]};
    pid_t pid;
    if (fds[GT_SPAWN_ERR] < 0 || !read_texts(arena, request, fds[GT_SPAWN_TEXTS], &what))
        answer.error = EINVAL;
    else if (gt_spawn_child(&what, &pid, &answer))
        *GT_PUSH(self->arena, &self->children) = (struct child){
            .id = request->id, .pid = pid, .exit.id = request->id, .kill_at_ms = INT64_MAX};
    gt_arena_free(arena);
    send(CONTROL, &answer, sizeof(answer), MSG_NOSIGNAL);
}

static void remember_file(struct supervisor *self, const char *path)
{
    for (size_t i = 0; i < self->files.len; i++)
        if (strcmp(self->files.at[i], path) == 0)
            return;
    *GT_PUSH(self->arena, &self->files) = gt_strdup(self->arena, path);
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
static bool serve(struct supervisor *self)
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
    struct child *child = find(self, request.id);
    switch (request.op) {
    case GT_SUPERVISOR_SPAWN:
        spawn(self, &request, fds);
        break;
    case GT_SUPERVISOR_SIGNAL:
        if (child != NULL && !child->ended)
            kill(-child->pid, request.signal);
        break;
    case GT_SUPERVISOR_END:
        end(self, request.id, request.grace_ms);
        break;
    case GT_SUPERVISOR_REMOVE:
        remember_file(self, request.path);
        break;
    }
    for (size_t i = 0; i < GT_SPAWN_FDS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return true;
}

static void drain_signals(const struct supervisor *self)
{
    struct signalfd_siginfo info;
    while (read(self->signals, &info, sizeof(info)) > 0) {
    }
}

static void watch(struct supervisor *self)
{
    bool parent_there = true;
    while (parent_there) {
        bool waiting = false;
        for (size_t i = 0; i < self->children.len; i++)
            waiting = waiting || (self->children.at[i].ended && !self->children.at[i].reported);
        struct pollfd fds[] = {{.fd = CONTROL, .events = POLLIN},
                               {.fd = self->signals, .events = POLLIN},
                               {.fd = waiting ? EVENTS : -1, .events = POLLOUT}};
        if (poll(fds, GT_COUNT(fds), next_due_ms(self)) < 0 && errno != EINTR)
            break;
        if (fds[0].revents != 0)
            parent_there = serve(self);
        drain_signals(self);
        reap(self);
        kill_due(self);
        report(self);
        forget_ended(self);
    }
}

/* Whether SIGTERM has reached it: to some programs a second one means to drop everything. */
static bool was_asked(const struct supervisor *self, const struct gt_proc *proc)
{
    for (size_t i = 0; i < self->strays.len; i++)
        if (self->strays.at[i].pid == proc->pid && self->strays.at[i].start == proc->start)
            return true;
    for (size_t i = 0; i < self->children.len; i++)
        if (self->children.at[i].pid == proc->group && self->children.at[i].asked)
            return true;
    return false;
}

/* Everything below us; by groups where there is no /proc. */
static void signal_all(const struct supervisor *self, bool ask_only)
{
    struct gt_arena *arena = gt_arena_new();
    gt_proc_vec below = gt_proc_below(arena, getpid());
    for (size_t i = 0; i < below.len; i++) {
        if (!ask_only)
            kill(below.at[i].pid, SIGKILL);
        else if (!was_asked(self, &below.at[i]))
            ask(below.at[i].pid);
    }
    for (size_t i = 0; i < self->children.len && below.len == 0; i++)
        if (!self->children.at[i].ended)
            kill(-self->children.at[i].pid, ask_only ? SIGTERM : SIGKILL);
    gt_arena_free(arena);
}

/* Takes in what has ended; true when nothing is left. Since orphans come to us, no child means that
 * nothing stands below us at all. */
static bool all_ended(void)
{
    pid_t got;
    do
        got = waitpid(-1, NULL, WNOHANG);
    while (got > 0 || (got < 0 && errno == EINTR));
    return got < 0;
}

static void end_all(struct supervisor *self)
{
    int64_t start = now_ms();
    reap(self);
    signal_all(self, true);
    while (!all_ended() && now_ms() < start + GRACE_MS + GIVE_UP_MS) {
        if (now_ms() >= start + GRACE_MS)
            signal_all(self, false);
        struct pollfd fd = {.fd = self->signals, .events = POLLIN};
        poll(&fd, 1, NAP_MS);
        drain_signals(self);
    }
    for (size_t i = 0; i < self->files.len; i++)
        unlink(self->files.at[i]);
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
    struct supervisor self = {.arena = gt_arena_new()};
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
    end_all(&self);
    /* No exit handler of the parent's runs here, and no leak of its memory is ours. */
    _exit(0);
}
