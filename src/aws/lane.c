#include "client.h"

/* As many as there are connections to a host; more would only queue there. */
enum { IN_FLIGHT_MAX = 16 };

static void pump(struct gt_lane *lane);

static void on_token(void *payload)
{
    struct gt_lane *lane = payload;
    lane->timer = NULL;
    pump(lane);
}

static int64_t wait_ms(const struct gt_open_call *call, int64_t now_ms)
{
    struct gt_lane *lane = call->lane;
    int64_t own_ms = call->bucket == NULL ? 0 : gt_bucket_wait_ms(&call->bucket->bucket, now_ms);
    int64_t adaptive_ms = lane->adaptive.on ? gt_bucket_wait_ms(&lane->adaptive.bucket, now_ms) : 0;
    return own_ms > adaptive_ms ? own_ms : adaptive_ms;
}

static void take_turn(struct gt_open_call *call, int64_t now_ms)
{
    struct gt_lane *lane = call->lane;
    gt_lane_leave(call);
    if (call->bucket != NULL)
        gt_bucket_take(&call->bucket->bucket);
    if (lane->adaptive.on)
        gt_bucket_take(&lane->adaptive.bucket);
    gt_adaptive_sent(&lane->adaptive, now_ms);
    lane->in_flight++;
    gt_call_start(call);
}

/* Starts those whose turn it is, in their order; a call whose operation is out of tokens does not
 * hold up those behind it. */
static void pump(struct gt_lane *lane)
{
    int64_t now_ms = gt_monotonic_ms(lane->aws->sys), soonest_ms = -1;
    struct gt_open_call *next;
    for (struct gt_open_call *call = lane->first; call != NULL; call = next) {
        next = call->next_waiting;
        if (lane->in_flight >= IN_FLIGHT_MAX)
            return; /* the next answer comes back here */
        int64_t ms = wait_ms(call, now_ms);
        if (ms == 0)
            take_turn(call, now_ms);
        else if (soonest_ms < 0 || ms < soonest_ms)
            soonest_ms = ms;
    }
    gt_timer_cancel(lane->timer);
    lane->timer =
        soonest_ms < 0 ? NULL : gt_timer_start(lane->aws->options.loop, soonest_ms, on_token, lane);
}

void gt_lane_enter(struct gt_open_call *call)
{
    struct gt_lane *lane = call->lane;
    call->state = GT_CALL_WAITING;
    call->next_waiting = NULL;
    if (lane->last != NULL)
        lane->last->next_waiting = call;
    else
        lane->first = call;
    lane->last = call;
    pump(lane);
}

void gt_lane_leave(struct gt_open_call *call)
{
    struct gt_lane *lane = call->lane;
    struct gt_open_call *before = NULL;
    for (struct gt_open_call *at = lane->first; at != call; at = at->next_waiting)
        before = at;
    if (before != NULL)
        before->next_waiting = call->next_waiting;
    else
        lane->first = call->next_waiting;
    if (lane->last == call)
        lane->last = before;
}

void gt_lane_done(struct gt_lane *lane)
{
    lane->in_flight--;
    pump(lane);
}
