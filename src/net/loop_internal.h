/* What the HTTP client and server need of the loop besides its public interface. */
#ifndef GANTRY_NET_LOOP_INTERNAL_H
#define GANTRY_NET_LOOP_INTERNAL_H

#include <gantry/net/loop.h>

/* As gt_loop_watch_io, but a descriptor watched this way does not keep the loop running, and there
 * is GT_IO_HANGUP: the peer of a socket has closed its end, or at least half of it. Unlike
 * GT_IO_READ it says so while bytes are still unread. */
enum { GT_IO_HANGUP = 8 };
void gt_loop_io(struct gt_loop *loop, int fd, unsigned interest, gt_io_fn *fn, void *payload);

/* A timer that does not keep the loop running. */
struct gt_timer *gt_timer_background(struct gt_loop *loop, int64_t delay_ms, gt_timer_fn *fn,
                                     void *payload);

/* Calls fn(payload) once, after the on-turn function of this turn, or of the next one when no turn
 * is under way. The loop does not sleep before that. */
void gt_loop_after_turn(struct gt_loop *loop, gt_timer_fn *fn, void *payload);

/* Takes back what was said with this payload. */
void gt_loop_after_turn_cancel(struct gt_loop *loop, const void *payload);

/* Counts what keeps the loop running besides timers and watched descriptors. */
void gt_loop_hold(struct gt_loop *loop);
void gt_loop_release(struct gt_loop *loop);

#endif
