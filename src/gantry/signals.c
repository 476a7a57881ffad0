/* Signals while the engine or the embedded cloud works, on the loop. */
#include "watch.h"

#include <gantry/ui/interrupt.h>

static int fd = -1;
static unsigned depth; /* of holds, which may be nested */
static bool waiting;   /* a signal stops the loop, and the engine is not told */

static void on_byte(void *payload, int ready)
{
    (void)ready;
    struct gt_context *context = payload;
    if (!gt_interrupt_take())
        return;
    if (waiting)
        gt_loop_stop(context->loop);
    if (waiting || context->engine == NULL)
        return;
    if (context->progress != NULL)
        gt_progress_line(context->progress,
                         "interrupted: waiting for the calls that run; once more stops at once");
    gt_engine_interrupt(context->engine);
}

void gt_signals_hold(struct gt_context *context)
{
    if (depth > 0) {
        depth++;
        return;
    }
    fd = gt_interrupt_hold();
    if (fd < 0)
        return; /* the first signal then ends the process, and the journal covers it */
    gt_loop_watch(context->loop, fd, on_byte, context);
    depth = 1;
}

void gt_signals_release(struct gt_context *context)
{
    if (depth == 0 || --depth > 0)
        return;
    gt_loop_unwatch(context->loop, fd);
    gt_interrupt_release();
}

void gt_signals_wait(struct gt_context *context, const bool *over)
{
    gt_signals_hold(context);
    gt_signals_stop_loop(true);
    while (!gt_interrupt_seen() && !*over)
        gt_loop_run(context->loop);
    gt_signals_stop_loop(false);
    gt_signals_release(context);
    gt_interrupt_forget();
}

void gt_signals_stop_loop(bool on)
{
    waiting = on;
}

void gt_signals_forget(void)
{
    gt_interrupt_forget();
}

bool gt_signals_seen(void)
{
    return gt_interrupt_seen();
}
