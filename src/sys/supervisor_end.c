/* How the supervisor ends what it has started: asked first, killed when the time is over, whole
 * groups and what has left them. */
#include "proctree.h"
#include "supervisor_parts.h"

#include <errno.h>
#include <gantry/sys/sys.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    GRACE_MS = 2000,
    NAP_MS = 20,
    GIVE_UP_MS = 5000, /* for what not even SIGKILL ends: another user's, or waiting for a disk */
    AFTER_MS = 10000   /* for what tidies up behind a child */
};

static int64_t now_ms(void)
{
    return gt_monotonic_ms(gt_sys_real());
}

struct gt_ward *gt_warden_find(struct gt_warden *self, uint64_t id)
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
static void end_rest(struct gt_ward *child)
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

/* What the child has started elsewhere does not stand below us: a program of its own ends it. That
 * one is not asked to end with the others, and killed when it takes too long. */
static void tidy_up(struct gt_warden *self, size_t index)
{
    struct gt_ward *child = &self->children.at[index];
    struct gt_supervisor_answer answer = {0};
    pid_t pid;
    if (child->after == NULL)
        return;
    const struct gt_spawn what = {.argv = child->after,
                                  .env = child->env,
                                  .in = -1,
                                  .out = STDOUT_FILENO, /* ours is /dev/null */
                                  .err = STDOUT_FILENO};
    bool runs = gt_spawn_child(&what, &pid, &answer);
    gt_arena_free(child->arena);
    child->arena = NULL;
    child->after = child->env = NULL;
    if (runs)
        *GT_PUSH(self->arena, &self->children) = (struct gt_ward){
            .pid = pid, .reported = true, .asked = true, .kill_at_ms = now_ms() + AFTER_MS};
}

void gt_warden_reap(struct gt_warden *self)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        for (size_t i = 0; i < self->children.len; i++) {
            struct gt_ward *child = &self->children.at[i];
            if (child->pid != pid || child->ended)
                continue;
            child->ended = true;
            child->exit.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
            child->exit.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
            end_rest(child);
            tidy_up(self, i);
            break;
        }
    }
}

/* Ends those that left the group by setsid(2) but still stand below the leader. */
static void end_strays(struct gt_warden *self, const struct gt_ward *child, int64_t kill_at_ms)
{
    struct gt_arena *arena = gt_arena_new();
    gt_proc_vec below = gt_proc_below(arena, child->pid);
    for (size_t i = 0; i < below.len; i++) {
        if (below.at[i].group == child->pid || below.at[i].dead)
            continue;
        ask(below.at[i].pid);
        *GT_PUSH(self->arena, &self->strays) =
            (struct gt_stray){below.at[i].pid, below.at[i].start, kill_at_ms};
    }
    gt_arena_free(arena);
}

void gt_warden_end(struct gt_warden *self, uint64_t id, int64_t grace_ms)
{
    struct gt_ward *child = gt_warden_find(self, id);
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
static void kill_stray(struct gt_arena *arena, const gt_proc_vec *below,
                       const struct gt_stray *stray)
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

static void kill_due_strays(struct gt_warden *self, int64_t now)
{
    size_t kept = 0;
    gt_proc_vec below = {0};
    struct gt_arena *arena = gt_arena_new();
    for (size_t i = 0; i < self->strays.len; i++) {
        struct gt_stray stray = self->strays.at[i];
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

void gt_warden_kill_due(struct gt_warden *self)
{
    int64_t now = now_ms();
    for (size_t i = 0; i < self->children.len; i++) {
        struct gt_ward *child = &self->children.at[i];
        if (child->kill_at_ms > now)
            continue;
        if (!child->ended || is_ours(child->pid))
            kill(-child->pid, SIGKILL);
        child->kill_at_ms = INT64_MAX;
    }
    if (self->strays.len > 0)
        kill_due_strays(self, now);
}

int gt_warden_next_due_ms(const struct gt_warden *self)
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

/* -- the end of all -- */

/* Whether SIGTERM has reached it: to some programs a second one means to drop everything. */
static bool was_asked(const struct gt_warden *self, const struct gt_proc *proc)
{
    for (size_t i = 0; i < self->strays.len; i++)
        if (self->strays.at[i].pid == proc->pid && self->strays.at[i].start == proc->start)
            return true;
    for (size_t i = 0; i < self->children.len; i++)
        if (self->children.at[i].pid == proc->group && self->children.at[i].asked)
            return true;
    return false;
}

/* Of the group of a program that tidies up and has time left. */
static bool is_tidying(const struct gt_warden *self, pid_t group)
{
    for (size_t i = 0; i < self->children.len; i++) {
        const struct gt_ward *child = &self->children.at[i];
        if (child->id == 0 && !child->ended && (group == 0 || child->pid == group) &&
            child->kill_at_ms > now_ms())
            return true;
    }
    return false;
}

/* Everything below us; by groups where there is no /proc. */
static void signal_all(const struct gt_warden *self, bool ask_only)
{
    struct gt_arena *arena = gt_arena_new();
    gt_proc_vec below = gt_proc_below(arena, getpid());
    for (size_t i = 0; i < below.len; i++) {
        if (is_tidying(self, below.at[i].group))
            continue;
        if (!ask_only)
            kill(below.at[i].pid, SIGKILL);
        else if (!was_asked(self, &below.at[i]))
            ask(below.at[i].pid);
    }
    for (size_t i = 0; i < self->children.len && below.len == 0; i++)
        if (!self->children.at[i].ended && self->children.at[i].id != 0)
            kill(-self->children.at[i].pid, ask_only ? SIGTERM : SIGKILL);
    gt_arena_free(arena);
}

/* Takes in what has ended; true when nothing is left. Since orphans come to us, no child means that
 * nothing stands below us at all. */
static bool all_ended(struct gt_warden *self)
{
    siginfo_t info;
    gt_warden_reap(self);
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
}

void gt_warden_end_all(struct gt_warden *self)
{
    int64_t start = now_ms();
    gt_warden_reap(self);
    signal_all(self, true);
    while (!all_ended(self) && (now_ms() < start + GRACE_MS + GIVE_UP_MS || is_tidying(self, 0))) {
        if (now_ms() >= start + GRACE_MS)
            signal_all(self, false);
        struct pollfd fd = {.fd = self->signals, .events = POLLIN};
        struct signalfd_siginfo signalled;
        poll(&fd, 1, NAP_MS);
        while (read(self->signals, &signalled, sizeof(signalled)) > 0) {
        }
    }
}
