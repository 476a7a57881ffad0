/*
 * The event loop: one thread, timers, descriptors, and libcurl's multi interface (net/http.h).
 *
 * A turn waits, handles ready descriptors, fires due timers, calls the on-turn function, and only
 * then lets HTTP requests leave: nothing submitted in a turn leaves the process before that turn's
 * on-turn function returned. Write-ahead records committed there are durable before the call that
 * they announce. A request submitted outside of a turn waits for the end of the next one.
 */
#ifndef GANTRY_NET_LOOP_H
#define GANTRY_NET_LOOP_H

#include <gantry/sys/sys.h>

struct gt_loop;
struct gt_timer;

struct gt_loop *gt_loop_new(const struct gt_sys *sys);
void gt_loop_free(struct gt_loop *loop); /* after the clients that run on it; NULL is allowed */
const struct gt_sys *gt_loop_sys(const struct gt_loop *loop);

/*
 * Calls fn(payload) once, `delay_ms` from now; 0: in the next turn. Timers that are due in the same
 * turn fire by time, then in the order of their start. The timer is freed when it fired or was
 * cancelled; the handle is valid until then.
 */
typedef void gt_timer_fn(void *payload);
struct gt_timer *gt_timer_start(struct gt_loop *loop, int64_t delay_ms, gt_timer_fn *fn,
                                void *payload);
void gt_timer_cancel(struct gt_timer *timer); /* NULL is allowed */

/* Calls fn(payload) whenever the descriptor (socket, pipe, terminal) is readable or at its end,
 * until it is unwatched; unwatch before closing it. */
typedef void gt_fd_fn(void *payload, int fd);
void gt_loop_watch(struct gt_loop *loop, int fd, gt_fd_fn *fn, void *payload);
void gt_loop_unwatch(struct gt_loop *loop, int fd);

/*
 * As gt_loop_watch, for both directions: calls fn(payload, fd, ready) whenever what `interest`
 * names is possible. At the end or after an error `ready` has all of the interest, so the next read
 * or write says what happened; GT_IO_ERROR is set besides when the descriptor is broken (the reader
 * of a pipe is gone, a connection was reset). Calling it again changes the interest;
 * gt_loop_unwatch, or an interest of 0, ends it.
 */
enum { GT_IO_READ = 1, GT_IO_WRITE = 2, GT_IO_ERROR = 4 };
typedef void gt_io_fn(void *payload, int fd, unsigned ready);
void gt_loop_watch_io(struct gt_loop *loop, int fd, unsigned interest, gt_io_fn *fn, void *payload);

/* Calls fn(payload) at the end of every turn, after all completions of the turn: where the journal
 * commits its group. One function; NULL: none. */
void gt_loop_on_turn(struct gt_loop *loop, gt_timer_fn *fn, void *payload);

/*
 * Runs until gt_loop_stop was called (the turn is finished first) or nothing is left to wait for:
 * no timer, no watched descriptor, no open request. Not from inside a callback of the same loop.
 *
 * With a virtual clock (gt_sys.skip_ms) the loop does not sleep: while no descriptor is watched,
 * time jumps to the next timer; with descriptors it jumps after having waited in vain.
 */
void gt_loop_run(struct gt_loop *loop);
void gt_loop_stop(struct gt_loop *loop);

#endif
