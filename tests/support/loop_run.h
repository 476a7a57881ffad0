/*
 * Lets a loop run on for a while, as a test does where nothing tells it that what it caused has
 * come. Both sides are often in the test's own process: where that stood still for all of the time,
 * it is over with what came meanwhile not looked at. Hence so many turns at least.
 */
#ifndef GANTRY_TESTS_LOOP_RUN_H
#define GANTRY_TESTS_LOOP_RUN_H

#include <gantry/net/loop.h>
#include <gantry/sys/sys.h>

enum { GT_TEST_TURNS = 12 };

struct gt_test_step {
    struct gt_loop *loop;
    bool over;
};

static inline void gt_test_step_over(void *payload)
{
    struct gt_test_step *step = payload;
    step->over = true;
    gt_loop_stop(step->loop);
}

/* Until *done (NULL: never), at most for so long, but for some turns. */
static inline void gt_test_run_until(struct gt_loop *loop, int64_t ms, const bool *done)
{
    int64_t end_ms = gt_monotonic_ms(gt_sys_real()) + ms;
    int64_t left_ms = ms;
    for (int i = 0; i < GT_TEST_TURNS || left_ms > 0; i++) {
        struct gt_test_step step = {.loop = loop};
        int64_t step_ms = ms / GT_TEST_TURNS < left_ms ? ms / GT_TEST_TURNS : left_ms;
        step_ms = step_ms > 0 ? step_ms : 1;
        struct gt_timer *timer = gt_timer_start(loop, step_ms, gt_test_step_over, &step);
        while (!step.over && (done == NULL || !*done))
            gt_loop_run(loop);
        if (!step.over)
            gt_timer_cancel(timer);
        if (done != NULL && *done)
            return;
        left_ms = end_ms - gt_monotonic_ms(gt_sys_real());
    }
}

static inline void gt_test_run_ms(struct gt_loop *loop, int64_t ms)
{
    gt_test_run_until(loop, ms, NULL);
}

#endif
