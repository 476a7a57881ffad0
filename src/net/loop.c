#include "loop_internal.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

struct gt_timer {
    struct gt_loop *loop;
    int64_t due_ms;
    uint64_t order; /* of the start: ties fire first come, first served */
    uint64_t turn;  /* in which it was started: it fires in a later one */
    size_t place;   /* in the heap */
    gt_timer_fn *fn;
    void *payload;
    bool background;
    struct gt_timer *next_free;
};

struct watch {
    unsigned interest, generation;
    gt_io_fn *io;
    gt_fd_fn *readable; /* of gt_loop_watch; then io is NULL */
    void *payload;
    bool background; /* does not keep the loop running */
};

struct callback {
    gt_timer_fn *fn;
    void *payload;
};

typedef GT_VEC(struct callback) callback_vec;

struct gt_loop {
    struct gt_arena *arena;
    const struct gt_sys *sys;
    int epoll_fd;
    GT_VEC(struct gt_timer *) heap;
    struct gt_timer *free_timers;
    GT_VEC(struct watch) watches; /* by descriptor */
    size_t watched;               /* descriptors with an interest */
    size_t waits;                 /* what keeps the loop running */
    callback_vec after_turn, after_turn_running;
    struct callback on_turn;
    uint64_t turn, timer_order;
    bool running, stopping;
};

struct gt_loop *gt_loop_new(const struct gt_sys *sys)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_loop *loop = GT_NEW(arena, struct gt_loop);
    loop->arena = arena;
    loop->sys = sys;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0)
        gt_die("cannot make an epoll descriptor (errno %d)", errno);
    return loop;
}

void gt_loop_free(struct gt_loop *loop)
{
    if (loop == NULL)
        return;
    close(loop->epoll_fd);
    gt_arena_free(loop->arena);
}

const struct gt_sys *gt_loop_sys(const struct gt_loop *loop)
{
    return loop->sys;
}

static bool earlier(const struct gt_timer *a, const struct gt_timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void heap_set(struct gt_loop *loop, size_t place, struct gt_timer *timer)
{
    loop->heap.at[place] = timer;
    timer->place = place;
}

static void heap_up(struct gt_loop *loop, size_t place)
{
    struct gt_timer *timer = loop->heap.at[place];
    for (; place > 0 && earlier(timer, loop->heap.at[(place - 1) / 2]); place = (place - 1) / 2)
        heap_set(loop, place, loop->heap.at[(place - 1) / 2]);
    heap_set(loop, place, timer);
}

static void heap_down(struct gt_loop *loop, size_t place)
{
    struct gt_timer *timer = loop->heap.at[place];
    for (size_t child; (child = 2 * place + 1) < loop->heap.len; place = child) {
        if (child + 1 < loop->heap.len && earlier(loop->heap.at[child + 1], loop->heap.at[child]))
            child++;
        if (!earlier(loop->heap.at[child], timer))
            break;
        heap_set(loop, place, loop->heap.at[child]);
    }
    heap_set(loop, place, timer);
}

static struct gt_timer *timer_start(struct gt_loop *loop, int64_t delay_ms, struct callback call,
                                    bool background)
{
    struct gt_timer *timer = loop->free_timers;
    if (timer == NULL)
        timer = GT_NEW(loop->arena, struct gt_timer);
    else
        loop->free_timers = timer->next_free;
    *timer = (struct gt_timer){.loop = loop,
                               .due_ms = gt_monotonic_ms(loop->sys) + (delay_ms > 0 ? delay_ms : 0),
                               .order = loop->timer_order++,
                               .turn = loop->turn,
                               .fn = call.fn,
                               .payload = call.payload,
                               .background = background};
    if (!background)
        loop->waits++;
    *GT_PUSH(loop->arena, &loop->heap) = timer;
    heap_up(loop, loop->heap.len - 1);
    return timer;
}

struct gt_timer *gt_timer_start(struct gt_loop *loop, int64_t delay_ms, gt_timer_fn *fn,
                                void *payload)
{
    return timer_start(loop, delay_ms, (struct callback){fn, payload}, false);
}

struct gt_timer *gt_timer_background(struct gt_loop *loop, int64_t delay_ms, gt_timer_fn *fn,
                                     void *payload)
{
    return timer_start(loop, delay_ms, (struct callback){fn, payload}, true);
}

void gt_timer_cancel(struct gt_timer *timer)
{
    if (timer == NULL)
        return;
    struct gt_loop *loop = timer->loop;
    size_t place = timer->place;
    struct gt_timer *last = loop->heap.at[--loop->heap.len];
    if (last != timer) {
        heap_set(loop, place, last);
        heap_up(loop, place);
        heap_down(loop, last->place);
    }
    if (!timer->background)
        loop->waits--;
    timer->next_free = loop->free_timers;
    loop->free_timers = timer;
}

static struct watch *watch_of(struct gt_loop *loop, int fd)
{
    while (loop->watches.len <= (size_t)fd)
        GT_PUSH(loop->arena, &loop->watches);
    return &loop->watches.at[fd];
}

/* Tells epoll about a descriptor. Its number may have been closed and opened again unseen, hence
 * the second tries. */
static void tell_epoll(struct gt_loop *loop, int fd, unsigned before)
{
    const struct watch *watch = &loop->watches.at[fd];
    struct epoll_event event = {.data.u64 = (uint64_t)watch->generation << 32 | (uint32_t)fd};
    if (watch->interest & GT_IO_READ)
        event.events |= EPOLLIN;
    if (watch->interest & GT_IO_WRITE)
        event.events |= EPOLLOUT;
    if (watch->interest & GT_IO_HANGUP)
        event.events |= EPOLLRDHUP;
    if (watch->interest == 0) {
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, &event);
        return;
    }
    int first = before == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    int second = before == 0 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(loop->epoll_fd, first, fd, &event) == 0 ||
        epoll_ctl(loop->epoll_fd, second, fd, &event) == 0)
        return;
    gt_die("cannot wait for descriptor %d (errno %d)", fd, errno);
}

static void set_watch(struct gt_loop *loop, int fd, struct watch wanted)
{
    struct watch *watch = watch_of(loop, fd);
    const struct watch before = *watch;
    bool counted = before.interest != 0 && !before.background;
    bool counts = wanted.interest != 0 && !wanted.background;
    wanted.generation = before.generation + (wanted.interest == 0);
    *watch = wanted;
    loop->watched += (size_t)(wanted.interest != 0) - (size_t)(before.interest != 0);
    loop->waits += (size_t)counts - (size_t)counted;
    if (before.interest != 0 || wanted.interest != 0)
        tell_epoll(loop, fd, before.interest);
}

void gt_loop_io(struct gt_loop *loop, int fd, unsigned interest, gt_io_fn *fn, void *payload)
{
    set_watch(
        loop, fd,
        (struct watch){.interest = interest, .io = fn, .payload = payload, .background = true});
}

void gt_loop_watch_io(struct gt_loop *loop, int fd, unsigned interest, gt_io_fn *fn, void *payload)
{
    set_watch(loop, fd, (struct watch){.interest = interest, .io = fn, .payload = payload});
}

void gt_loop_watch(struct gt_loop *loop, int fd, gt_fd_fn *fn, void *payload)
{
    set_watch(loop, fd, (struct watch){.interest = GT_IO_READ, .readable = fn, .payload = payload});
}

void gt_loop_unwatch(struct gt_loop *loop, int fd)
{
    set_watch(loop, fd, (struct watch){0});
}

void gt_loop_on_turn(struct gt_loop *loop, gt_timer_fn *fn, void *payload)
{
    loop->on_turn = (struct callback){fn, payload};
}

void gt_loop_after_turn(struct gt_loop *loop, gt_timer_fn *fn, void *payload)
{
    *GT_PUSH(loop->arena, &loop->after_turn) = (struct callback){fn, payload};
}

static void forget(callback_vec *calls, const void *payload)
{
    for (size_t i = 0; i < calls->len; i++)
        if (calls->at[i].payload == payload)
            calls->at[i].fn = NULL;
}

void gt_loop_after_turn_cancel(struct gt_loop *loop, const void *payload)
{
    forget(&loop->after_turn, payload);
    forget(&loop->after_turn_running, payload);
}

void gt_loop_hold(struct gt_loop *loop)
{
    loop->waits++;
}

void gt_loop_release(struct gt_loop *loop)
{
    loop->waits--;
}

static int64_t wait_ms(const struct gt_loop *loop)
{
    if (loop->after_turn.len > 0)
        return 0;
    if (loop->heap.len == 0)
        return -1;
    int64_t left = loop->heap.at[0]->due_ms - gt_monotonic_ms(loop->sys);
    return left > 0 ? left : 0;
}

static void handle_event(struct gt_loop *loop, const struct epoll_event *event)
{
    int fd = (int)(event->data.u64 & 0xffffffffU);
    const struct watch watch = loop->watches.at[fd];
    if (watch.interest == 0 || watch.generation != (unsigned)(event->data.u64 >> 32))
        return; /* unwatched by an earlier callback of this turn */
    if (watch.readable != NULL) {
        watch.readable(watch.payload, fd);
        return;
    }
    unsigned ready = 0;
    if (event->events & (EPOLLIN | EPOLLHUP))
        ready |= GT_IO_READ;
    if (event->events & EPOLLOUT)
        ready |= GT_IO_WRITE;
    if (event->events & EPOLLRDHUP)
        ready |= GT_IO_HANGUP;
    if (event->events & (EPOLLHUP | EPOLLERR))
        ready |= watch.interest;
    if (event->events & EPOLLERR)
        ready |= GT_IO_ERROR;
    watch.io(watch.payload, fd, ready);
}

static void wait_and_handle(struct gt_loop *loop)
{
    enum { EVENTS = 64, LONGEST_MS = 60 * 60 * 1000 };
    struct epoll_event events[EVENTS];
    int64_t ms = wait_ms(loop);
    if (loop->sys->skip_ms != NULL && loop->watched == 0 && ms > 0) {
        loop->sys->skip_ms(loop->sys->self, ms);
        return;
    }
    int64_t sleep_ms = ms > LONGEST_MS ? LONGEST_MS : ms;
    int count = epoll_wait(loop->epoll_fd, events, EVENTS, (int)sleep_ms);
    if (count == 0 && loop->sys->skip_ms != NULL && ms > 0)
        loop->sys->skip_ms(loop->sys->self, sleep_ms);
    for (int i = 0; i < count; i++)
        handle_event(loop, &events[i]);
}

static void fire_timers(struct gt_loop *loop)
{
    int64_t now_ms = gt_monotonic_ms(loop->sys);
    while (loop->heap.len > 0) {
        struct gt_timer *timer = loop->heap.at[0];
        /* What stands behind a timer of this turn fires in the next one, which does not sleep. */
        if (timer->due_ms > now_ms || timer->turn == loop->turn)
            return;
        struct callback call = {timer->fn, timer->payload};
        gt_timer_cancel(timer);
        call.fn(call.payload);
    }
}

static void finish_turn(struct gt_loop *loop)
{
    if (loop->on_turn.fn != NULL)
        loop->on_turn.fn(loop->on_turn.payload);
    callback_vec calls = loop->after_turn;
    loop->after_turn = loop->after_turn_running;
    loop->after_turn.len = 0;
    loop->after_turn_running = calls;
    for (size_t i = 0; i < calls.len; i++)
        if (calls.at[i].fn != NULL)
            calls.at[i].fn(calls.at[i].payload);
}

void gt_loop_run(struct gt_loop *loop)
{
    if (loop->running)
        gt_die("the event loop was entered twice");
    loop->running = true;
    loop->stopping = false;
    while (!loop->stopping && (loop->waits > 0 || loop->after_turn.len > 0)) {
        loop->turn++;
        wait_and_handle(loop);
        fire_timers(loop);
        finish_turn(loop);
    }
    loop->running = false;
}

void gt_loop_stop(struct gt_loop *loop)
{
    loop->stopping = true;
}
