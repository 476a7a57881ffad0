#include "gate.h"

#include <math.h>

int64_t gt_gate_take(struct gt_gate *gate, const struct gt_limits *limits, int64_t now_ms)
{
    double rate = limits->requests_per_second;
    if (rate <= 0)
        return 0;
    double depth = rate < 1 ? 1 : rate;
    if (!gate->filled)
        gate->tokens = depth;
    else if (now_ms > gate->filled_ms)
        gate->tokens += rate * (double)(now_ms - gate->filled_ms) / 1000;
    if (gate->tokens > depth) /* also after a reload with a lower rate */
        gate->tokens = depth;
    gate->filled = true;
    gate->filled_ms = now_ms;
    if (gate->tokens >= 1) {
        gate->tokens -= 1;
        return 0;
    }
    const double longest_ms = 24.0 * 60 * 60 * 1000;
    return (int64_t)fmin(ceil((1 - gate->tokens) / rate * 1000 - 1e-6), longest_ms);
}

bool gt_gate_has_room(const struct gt_gate *gate, const struct gt_limits *limits)
{
    return limits->max_in_flight <= 0 || gate->in_flight < (size_t)limits->max_in_flight;
}

bool gt_gate_may_run(const struct gt_gate *gate, const struct gt_limits *limits)
{
    return limits->max_concurrent <= 0 || gate->running < (size_t)limits->max_concurrent;
}
