/*
 * Whether a failed attempt is repeated, and when: the SDKs' standard mode, with their token bucket,
 * and the rule that a call which is not repeatable never leaves twice when the first may have
 * worked. Source: AWS SDKs and Tools Reference Guide, "Retry behavior".
 */
#ifndef GANTRY_AWS_RETRY_H
#define GANTRY_AWS_RETRY_H

#include <gantry/aws/aws.h>

enum gt_retry {
    GT_RETRY_NONE,     /* done, for good or bad */
    GT_RETRY_BACK_OFF, /* after a delay, for tokens */
    GT_RETRY_SKEW,     /* at once, with the clock put right */
    GT_RETRY_EXPIRED   /* at once, with new keys */
};

/* Sets failure, maybe_done and throttled of an answer from the outcome of its attempt. */
void gt_retry_classify(const struct gt_operation *operation,
                       const struct gt_http_response *response, struct gt_aws_answer *answer);

struct gt_retry_facts {
    const struct gt_operation *operation;
    const struct gt_http_response *response;
    const struct gt_aws_answer *answer;
    bool repeatable, skew_tried, expired_tried;
    int64_t signed_ms; /* Unix time that the attempt was signed for; 0: it was not signed */
    int64_t took_ms;   /* the attempt's duration */
};

enum gt_retry gt_retry_verdict(const struct gt_retry_facts *facts);

/* The service said that the keys expired. */
bool gt_retry_is_expired(const struct gt_aws_answer *answer);

/* Full jitter: random below 2^(n-1) seconds, at most 20, for the n-th retry; more where the service
 * asked for it. */
int64_t gt_retry_delay_ms(const struct gt_sys *sys, const struct gt_http_response *response,
                          int retry);

/* The tokens of a client, which retries take and successes give back. */
struct gt_quota {
    int tokens;
};
enum { GT_QUOTA_MAX = 500 };

/* What a retry costs, or 0 when there are no tokens for it; taken. */
int gt_quota_take(struct gt_quota *quota, bool timed_out);

/* After a success: `cost` of the call's last retry, 0: it had none. */
void gt_quota_give(struct gt_quota *quota, int cost);

#endif
