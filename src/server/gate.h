/* Limits at run time: a token bucket and counters, for a tier or for one tool. Pure: the caller
 * gives the time. */
#ifndef GANTRY_SERVER_GATE_H
#define GANTRY_SERVER_GATE_H

#include <gantry/server/config.h>

struct gt_gate {
    double tokens;
    int64_t filled_ms;
    bool filled;      /* filled_ms and tokens mean something */
    size_t in_flight; /* accepted and not ended */
    size_t running;   /* of those, not waiting for their turn */
};

/* Takes one token: 0, or how many milliseconds until there is one. */
int64_t gt_gate_take(struct gt_gate *gate, const struct gt_limits *limits, int64_t now_ms);
/* Whether one more may be accepted, and whether one more may run. */
bool gt_gate_has_room(const struct gt_gate *gate, const struct gt_limits *limits);
bool gt_gate_may_run(const struct gt_gate *gate, const struct gt_limits *limits);

#endif
