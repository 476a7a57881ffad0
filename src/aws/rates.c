#include "rates.h"

#include <gantry/base/str.h>
#include <string.h>

/* AgentCore's first three: its quotas page. The others are defaults below what the services are
 * known to throttle at; the adaptive rate finds the rest. */
static const struct gt_rate rates[] = {
    {"bedrock-agentcore-control", "GetGateway", 10, false},
    {"bedrock-agentcore-control", "DeleteGateway", 5, false},
    {"bedrock-agentcore-control", "ListAgentRuntimeEndpoints", 5, false},
    {"bedrock-agentcore-control", "Get*", 20, false},
    {"bedrock-agentcore-control", "List*", 20, false},
    {"bedrock-agentcore-control", "*", 10, false},
    {"iam", "*", 15, true},
    {"cognito-idp", "*", 15, true},
    {"sts", "*", 25, true},
    {"ecr", "*", 10, false},
    {"logs", "*", 10, false},
    {"cloudwatch", "DescribeAlarms", 9, false},
    {"cloudwatch", "PutMetricAlarm", 3, false},
    {"cloudwatch", "DeleteAlarms", 3, false},
    {"cloudwatch", "PutDashboard", 10, false},
    {"secretsmanager", "*", 40, false},
};

const struct gt_rate *gt_rate_of(const struct gt_operation *operation)
{
    for (size_t i = 0; i < GT_COUNT(rates); i++) {
        size_t len = strcspn(rates[i].operation, "*");
        bool prefix = rates[i].operation[len] == '*';
        if (gt_streq(rates[i].service, operation->service->name) &&
            (prefix ? strncmp(rates[i].operation, operation->name, len) == 0
                    : gt_streq(rates[i].operation, operation->name)))
            return &rates[i];
    }
    return NULL;
}

struct gt_bucket gt_bucket_new(double per_second, int64_t now_ms)
{
    /* Half a second's worth at once, then evenly: never above the rate in any second by more. */
    double capacity = per_second / 2 < 1 ? 1 : per_second / 2;
    return (struct gt_bucket){capacity, capacity, per_second, now_ms};
}

static void fill(struct gt_bucket *bucket, int64_t now_ms)
{
    bucket->tokens += (double)(now_ms - bucket->filled_ms) / 1000.0 * bucket->per_second;
    if (bucket->tokens > bucket->capacity)
        bucket->tokens = bucket->capacity;
    bucket->filled_ms = now_ms;
}

int64_t gt_bucket_wait_ms(struct gt_bucket *bucket, int64_t now_ms)
{
    fill(bucket, now_ms);
    if (bucket->tokens >= 0.999)
        return 0;
    return (int64_t)((1.0 - bucket->tokens) / bucket->per_second * 1000.0) + 1;
}

void gt_bucket_take(struct gt_bucket *bucket)
{
    bucket->tokens -= 1.0;
}

static const double rate_min = 0.5, smoothing = 0.8, beta = 0.7, growth = 0.4;

void gt_adaptive_sent(struct gt_adaptive *adaptive, int64_t now_ms)
{
    int64_t window = now_ms / 500;
    if (adaptive->window == 0)
        adaptive->window = window;
    if (window > adaptive->window) {
        double rate = adaptive->in_window / ((double)(window - adaptive->window) * 0.5);
        adaptive->measured = rate * smoothing + adaptive->measured * (1 - smoothing);
        adaptive->in_window = 0;
        adaptive->window = window;
    }
    adaptive->in_window++;
}

/* A burst counts before its half second is over. */
static double measured(const struct gt_adaptive *adaptive)
{
    double now = adaptive->in_window / 0.5;
    return now > adaptive->measured ? now : adaptive->measured;
}

/* Newton's method: no libm for one root. */
static double cube_root(double x)
{
    double root = x > 1 ? x : 1;
    for (int i = 0; x > 0 && i < 60; i++)
        root = (2 * root + x / (root * root)) / 3;
    return x > 0 ? root : 0;
}

static void set_rate(struct gt_adaptive *adaptive, double per_second, int64_t now_ms)
{
    fill(&adaptive->bucket, now_ms);
    adaptive->bucket.per_second = per_second > rate_min ? per_second : rate_min;
    adaptive->bucket.capacity = adaptive->bucket.per_second > 1 ? adaptive->bucket.per_second : 1;
    if (adaptive->bucket.tokens > adaptive->bucket.capacity)
        adaptive->bucket.tokens = adaptive->bucket.capacity;
}

void gt_adaptive_answered(struct gt_adaptive *adaptive, bool throttled, int64_t now_ms)
{
    double now_s = (double)now_ms / 1000.0;
    if (throttled) {
        double rate = measured(adaptive) > rate_min ? measured(adaptive) : rate_min;
        if (!adaptive->on)
            adaptive->bucket = (struct gt_bucket){0, 1, rate, now_ms};
        else if (adaptive->bucket.per_second < rate)
            rate = adaptive->bucket.per_second;
        adaptive->on = true;
        adaptive->last_max = rate;
        adaptive->throttled_s = now_s;
        set_rate(adaptive, rate * beta, now_ms);
        return;
    }
    if (!adaptive->on)
        return;
    double k = cube_root(adaptive->last_max * (1 - beta) / growth);
    double t = now_s - adaptive->throttled_s - k;
    double rate = growth * t * t * t + adaptive->last_max, most = 2 * measured(adaptive);
    set_rate(adaptive, rate < most ? rate : most, now_ms);
}
