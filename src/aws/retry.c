#include "retry.h"

#include "scalar.h"

#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>

enum { SKEW_MIN_MS = 4 * 60 * 1000, DELAY_MAX_MS = 20000, ASKED_EXTRA_MS = 5000 };

static bool is_one_of(const char *code, const char *const *codes)
{
    for (; code != NULL && *codes != NULL; codes++)
        if (gt_streq(code, *codes))
            return true;
    return false;
}

static const char *const throttling_codes[] = {"Throttling",
                                               "ThrottlingException",
                                               "ThrottledException",
                                               "RequestThrottledException",
                                               "TooManyRequestsException",
                                               "ProvisionedThroughputExceededException",
                                               "TransactionInProgressException",
                                               "RequestLimitExceeded",
                                               "BandwidthLimitExceeded",
                                               "LimitExceededException",
                                               "RequestThrottled",
                                               "SlowDown",
                                               "PriorRequestNotComplete",
                                               "EC2ThrottledException",
                                               NULL};

/* Services whose LimitExceededException is a quota, which waiting does not cure. */
static const char *const quota_services[] = {"cognito-idp", "ecr", "logs", "secretsmanager", NULL};

static const char *const transient_codes[] = {"RequestTimeout", "RequestTimeoutException", NULL};

static const char *const expired_codes[] = {"ExpiredToken", "ExpiredTokenException",
                                            "RequestExpired", "TokenRefreshRequired", NULL};

static const char *const skew_codes[] = {"RequestTimeTooSkewed",
                                         "RequestExpired",
                                         "RequestInTheFuture",
                                         "InvalidSignatureException",
                                         "SignatureDoesNotMatch",
                                         "AuthFailure",
                                         NULL};

static bool has_own_code(const struct gt_aws_answer *answer)
{
    return answer->code != NULL && !gt_starts_with(answer->code, "HTTP ");
}

static unsigned error_flags(const struct gt_operation *operation,
                            const struct gt_aws_answer *answer)
{
    const struct gt_shape *error = gt_operation_error(operation, answer->code);
    return error == NULL ? 0 : error->flags;
}

static bool is_throttling(const struct gt_operation *operation, const struct gt_aws_answer *answer)
{
    if (gt_streq(answer->code, "LimitExceededException") &&
        is_one_of(operation->service->name, quota_services))
        return false;
    return is_one_of(answer->code, throttling_codes) ||
           (error_flags(operation, answer) & GT_SHAPE_THROTTLING) != 0 ||
           (answer->http_status == 429 && !has_own_code(answer));
}

/* An intermediary or the service failed on the way; the work may have been done. */
static bool is_server_failure(int status)
{
    return status == 500 || status == 502 || status == 503 || status == 504;
}

void gt_retry_classify(const struct gt_operation *operation,
                       const struct gt_http_response *response, struct gt_aws_answer *answer)
{
    switch (response->outcome) {
    case GT_HTTP_NOT_SENT:
        answer->failure = GT_AWS_UNREACHABLE;
        return;
    case GT_HTTP_MAYBE_SENT:
        answer->failure = response->status != 0 ? GT_AWS_GARBLED : GT_AWS_NO_ANSWER;
        answer->maybe_done = true;
        return;
    case GT_HTTP_ANSWERED:
        break;
    }
    if (answer->failure == GT_AWS_OK)
        return;
    answer->throttled = is_throttling(operation, answer);
    bool success = answer->http_status >= 200 && answer->http_status < 300;
    answer->maybe_done = !answer->throttled && (success || answer->http_status >= 500);
}

/* The service's clock and ours disagree beyond what a signature allows. */
static bool is_skewed(const struct gt_retry_facts *facts)
{
    int64_t off_ms = facts->answer->date_ms - facts->signed_ms - facts->took_ms;
    return facts->signed_ms != 0 && facts->answer->date_ms != 0 &&
           is_one_of(facts->answer->code, skew_codes) &&
           (off_ms > SKEW_MIN_MS || off_ms < -SKEW_MIN_MS);
}

bool gt_retry_is_expired(const struct gt_aws_answer *answer)
{
    return is_one_of(answer->code, expired_codes) ||
           (answer->http_status >= 400 && answer->http_status < 500 && answer->message != NULL &&
            strstr(answer->message, "security token included in the request is expired") != NULL);
}

static bool is_transient(const struct gt_retry_facts *facts)
{
    const struct gt_aws_answer *answer = facts->answer;
    switch (answer->failure) {
    case GT_AWS_UNREACHABLE:
        return true;
    case GT_AWS_NO_ANSWER:
        return facts->repeatable;
    case GT_AWS_GARBLED: /* what is whole and none of the service's would come again */
        if (facts->response->too_large || (facts->response->outcome == GT_HTTP_ANSWERED &&
                                           answer->http_status >= 300 && answer->http_status < 500))
            return false;
        return facts->repeatable;
    case GT_AWS_REFUSED:
        if (is_server_failure(answer->http_status) || is_one_of(answer->code, transient_codes))
            return facts->repeatable;
        return (error_flags(facts->operation, answer) & GT_SHAPE_RETRYABLE) != 0 &&
               (facts->repeatable || !answer->maybe_done);
    case GT_AWS_OK:
    case GT_AWS_CREDENTIALS:
    case GT_AWS_INVALID:
        break;
    }
    return false;
}

enum gt_retry gt_retry_verdict(const struct gt_retry_facts *facts)
{
    const struct gt_aws_answer *answer = facts->answer;
    if (answer->failure == GT_AWS_OK)
        return GT_RETRY_NONE;
    if (is_skewed(facts))
        return facts->skew_tried ? GT_RETRY_NONE : GT_RETRY_SKEW;
    if (facts->signed_ms != 0 && gt_retry_is_expired(answer))
        return facts->expired_tried ? GT_RETRY_NONE : GT_RETRY_EXPIRED;
    return answer->throttled || is_transient(facts) ? GT_RETRY_BACK_OFF : GT_RETRY_NONE;
}

/* What the service asked for in milliseconds; 0: nothing. */
static int64_t asked_ms(const struct gt_sys *sys, const struct gt_http_response *response,
                        int64_t own_ms)
{
    const char *text = gt_http_header(response, "x-amz-retry-after");
    if (text != NULL) { /* milliseconds, believed only so far beyond our own */
        int64_t ms = strtoll(text, NULL, 10);
        return ms < own_ms + ASKED_EXTRA_MS ? ms : own_ms + ASKED_EXTRA_MS;
    }
    text = gt_http_header(response, "retry-after");
    if (text == NULL)
        return 0;
    int64_t date_ms, ms;
    if (gt_http_date_parse(text, &date_ms))
        ms = date_ms - gt_now_ms(sys);
    else if (strlen(text) > 6 || strspn(text, "0123456789") != strlen(text))
        return 0;
    else
        ms = strtoll(text, NULL, 10) * 1000;
    return ms < DELAY_MAX_MS ? ms : DELAY_MAX_MS;
}

int64_t gt_retry_delay_ms(const struct gt_sys *sys, const struct gt_http_response *response,
                          int retry)
{
    unsigned char bytes[4];
    sys->random(sys->self, bytes, sizeof(bytes));
    uint32_t number =
        (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    int64_t most_ms = retry > 5 ? DELAY_MAX_MS : INT64_C(1000) << (retry - 1);
    if (most_ms > DELAY_MAX_MS)
        most_ms = DELAY_MAX_MS;
    int64_t own_ms = (int64_t)((uint64_t)most_ms * number >> 32);
    int64_t asked = asked_ms(sys, response, own_ms);
    return asked > own_ms ? asked : own_ms;
}

int gt_quota_take(struct gt_quota *quota, bool timed_out)
{
    int cost = timed_out ? 10 : 5;
    if (quota->tokens < cost)
        return 0;
    quota->tokens -= cost;
    return cost;
}

void gt_quota_give(struct gt_quota *quota, int cost)
{
    quota->tokens += cost > 0 ? cost : 1;
    if (quota->tokens > GT_QUOTA_MAX)
        quota->tokens = GT_QUOTA_MAX;
}
