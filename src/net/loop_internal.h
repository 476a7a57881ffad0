/* What the HTTP client needs of the loop besides its public interface. */
#ifndef GANTRY_NET_LOOP_INTERNAL_H
#define GANTRY_NET_LOOP_INTERNAL_H

#include <gantry/net/loop.h>

enum { GT_IO_READ = 1, GT_IO_WRITE = 2, GT_IO_ERROR = 4 };

/* Calls fn with the readiness of a descriptor. `interest` 0 forgets it. Descriptors watched this
 * way do not keep the loop running. */
typedef void gt_io_fn(void *payload, int fd, unsigned ready);
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
