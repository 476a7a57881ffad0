/*
 * How fast calls may leave: the services' published rates per operation at the official endpoints,
 * and a rate that adapts after a service throttled us, at any. Times are monotonic milliseconds.
 */
#ifndef GANTRY_AWS_RATES_H
#define GANTRY_AWS_RATES_H

#include <gantry/model/model.h>

/* A row of the table of rates. */
struct gt_rate {
    const char *service;
    const char *operation; /* a name, or its beginning with '*' at the end */
    double per_second;
    bool shared; /* by all operations that the row is for; else each has its own */
};

/* The rate of an operation, or NULL: none is known. */
const struct gt_rate *gt_rate_of(const struct gt_operation *operation);

struct gt_bucket {
    double tokens, capacity, per_second;
    int64_t filled_ms;
};

struct gt_bucket gt_bucket_new(double per_second, int64_t now_ms);

/* 0 when a token is there, else how long until it is. */
int64_t gt_bucket_wait_ms(struct gt_bucket *bucket, int64_t now_ms);
void gt_bucket_take(struct gt_bucket *bucket);

/*
 * The client-side rate of the SDKs' adaptive retry mode: off until the first throttling, then cut
 * to 0.7 of the measured rate at each throttling, and growing by a cubic curve with each success.
 * Source: botocore, retries/throttling.py; RFC 8312 for the curve.
 */
struct gt_adaptive {
    bool on;
    struct gt_bucket bucket;
    double measured;    /* requests a second, smoothed */
    int64_t window;     /* number of the half second under way */
    int in_window;      /* requests of that half second */
    double last_max;    /* rate at the last throttling */
    double throttled_s; /* when that was */
};

void gt_adaptive_sent(struct gt_adaptive *adaptive, int64_t now_ms);
void gt_adaptive_answered(struct gt_adaptive *adaptive, bool throttled, int64_t now_ms);

#endif
