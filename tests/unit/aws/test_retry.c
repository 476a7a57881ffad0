#include "aws_suites.h"
#include "fixed_sys.h"
#include "gt_test.h"
#include "retry.h"

#include <gantry/model/operations.h>

#define GATEWAY &gt_op_bedrock_agentcore_control_CreateGateway
#define POOL &gt_op_cognito_idp_CreateUserPool
#define ROLE &gt_op_iam_CreateRole

/* What becomes of an attempt: of a call that is not repeatable, and of one that is. */
static const struct row {
    const char *name;
    const struct gt_operation *operation;
    enum gt_http_outcome outcome;
    int status;
    enum gt_aws_failure decoded; /* what the codec made of an answer */
    const char *code;
    enum gt_retry once, repeatable;
    bool maybe_done, throttled;
} rows[] = {
    {"no connection", GATEWAY, GT_HTTP_NOT_SENT, 0, 0, NULL, GT_RETRY_BACK_OFF, GT_RETRY_BACK_OFF,
     false, false},
    {"no answer", GATEWAY, GT_HTTP_MAYBE_SENT, 0, 0, NULL, GT_RETRY_NONE, GT_RETRY_BACK_OFF, true,
     false},
    {"half an answer", GATEWAY, GT_HTTP_MAYBE_SENT, 200, 0, NULL, GT_RETRY_NONE, GT_RETRY_BACK_OFF,
     true, false},
    {"half a refusal", GATEWAY, GT_HTTP_MAYBE_SENT, 404, 0, NULL, GT_RETRY_NONE, GT_RETRY_BACK_OFF,
     true, false},
    {"500", GATEWAY, GT_HTTP_ANSWERED, 500, GT_AWS_REFUSED, "InternalServerException",
     GT_RETRY_NONE, GT_RETRY_BACK_OFF, true, false},
    {"503 without a code", GATEWAY, GT_HTTP_ANSWERED, 503, GT_AWS_REFUSED, "HTTP 503",
     GT_RETRY_NONE, GT_RETRY_BACK_OFF, true, false},
    {"503 of a proxy", GATEWAY, GT_HTTP_ANSWERED, 503, GT_AWS_GARBLED, "HTTP 503", GT_RETRY_NONE,
     GT_RETRY_BACK_OFF, true, false},
    {"503 that says slow down", GATEWAY, GT_HTTP_ANSWERED, 503, GT_AWS_REFUSED, "SlowDown",
     GT_RETRY_BACK_OFF, GT_RETRY_BACK_OFF, false, true},
    {"a page in place of success", GATEWAY, GT_HTTP_ANSWERED, 200, GT_AWS_GARBLED, "HTTP 200",
     GT_RETRY_NONE, GT_RETRY_BACK_OFF, true, false},
    {"a proxy's refusal", GATEWAY, GT_HTTP_ANSWERED, 403, GT_AWS_GARBLED, "HTTP 403", GT_RETRY_NONE,
     GT_RETRY_NONE, false, false},
    {"throttling", GATEWAY, GT_HTTP_ANSWERED, 429, GT_AWS_REFUSED, "ThrottlingException",
     GT_RETRY_BACK_OFF, GT_RETRY_BACK_OFF, false, true},
    {"throttling with 400", ROLE, GT_HTTP_ANSWERED, 400, GT_AWS_REFUSED, "Throttling",
     GT_RETRY_BACK_OFF, GT_RETRY_BACK_OFF, false, true},
    {"429 without a code", GATEWAY, GT_HTTP_ANSWERED, 429, GT_AWS_GARBLED, "HTTP 429",
     GT_RETRY_BACK_OFF, GT_RETRY_BACK_OFF, false, true},
    {"Cognito's quota", POOL, GT_HTTP_ANSWERED, 400, GT_AWS_REFUSED, "LimitExceededException",
     GT_RETRY_NONE, GT_RETRY_NONE, false, false},
    {"ECR's quota", &gt_op_ecr_CreateRepository, GT_HTTP_ANSWERED, 400, GT_AWS_REFUSED,
     "LimitExceededException", GT_RETRY_NONE, GT_RETRY_NONE, false, false},
    {"Logs' quota", &gt_op_logs_CreateLogGroup, GT_HTTP_ANSWERED, 400, GT_AWS_REFUSED,
     "LimitExceededException", GT_RETRY_NONE, GT_RETRY_NONE, false, false},
    {"Cognito's throttling", POOL, GT_HTTP_ANSWERED, 400, GT_AWS_REFUSED,
     "TooManyRequestsException", GT_RETRY_BACK_OFF, GT_RETRY_BACK_OFF, false, true},
    {"IAM's quota", ROLE, GT_HTTP_ANSWERED, 409, GT_AWS_REFUSED, "LimitExceeded", GT_RETRY_NONE,
     GT_RETRY_NONE, false, false},
    {"a refusal", GATEWAY, GT_HTTP_ANSWERED, 400, GT_AWS_REFUSED, "ValidationException",
     GT_RETRY_NONE, GT_RETRY_NONE, false, false},
    {"a conflict", GATEWAY, GT_HTTP_ANSWERED, 409, GT_AWS_REFUSED, "ConflictException",
     GT_RETRY_NONE, GT_RETRY_NONE, false, false},
    {"a modelled retryable conflict", &gt_op_bedrock_agentcore_StopRuntimeSession, GT_HTTP_ANSWERED,
     409, GT_AWS_REFUSED, "RetryableConflictException", GT_RETRY_BACK_OFF, GT_RETRY_BACK_OFF, false,
     false},
    {"expired keys", GATEWAY, GT_HTTP_ANSWERED, 403, GT_AWS_REFUSED, "ExpiredTokenException",
     GT_RETRY_EXPIRED, GT_RETRY_EXPIRED, false, false},
    {"a wrong signature", GATEWAY, GT_HTTP_ANSWERED, 403, GT_AWS_REFUSED,
     "InvalidSignatureException", GT_RETRY_NONE, GT_RETRY_NONE, false, false},
    {"success", GATEWAY, GT_HTTP_ANSWERED, 200, GT_AWS_OK, NULL, GT_RETRY_NONE, GT_RETRY_NONE,
     false, false},
};

START_TEST(only_what_is_safe_is_repeated)
{
    const struct row *row = &rows[_i];
    struct gt_http_response response = {.outcome = row->outcome, .status = row->status};
    struct gt_aws_answer answer = {
        .failure = row->decoded, .http_status = row->status, .code = row->code};
    gt_retry_classify(row->operation, &response, &answer);
    ck_assert_msg(answer.maybe_done == row->maybe_done, "%s: maybe_done", row->name);
    ck_assert_msg(answer.throttled == row->throttled, "%s: throttled", row->name);
    struct gt_retry_facts facts = {.operation = row->operation,
                                   .response = &response,
                                   .answer = &answer,
                                   .signed_ms = 1768653296000};
    ck_assert_msg(gt_retry_verdict(&facts) == row->once, "%s: once", row->name);
    facts.repeatable = true;
    ck_assert_msg(gt_retry_verdict(&facts) == row->repeatable, "%s: repeatable", row->name);
}
END_TEST

static const struct {
    const char *code;
    int64_t off_s;
    bool tried;
    enum gt_retry verdict;
} clocks[] = {
    {"InvalidSignatureException", 3600, false, GT_RETRY_SKEW},
    {"SignatureDoesNotMatch", -3600, false, GT_RETRY_SKEW},
    {"RequestTimeTooSkewed", 1000, false, GT_RETRY_SKEW},
    {"RequestExpired", 1000, false, GT_RETRY_SKEW},
    {"RequestExpired", 10, false, GT_RETRY_EXPIRED},
    {"InvalidSignatureException", 3600, true, GT_RETRY_NONE},
    {"InvalidSignatureException", 200, false, GT_RETRY_NONE},
    {"ValidationException", 3600, false, GT_RETRY_NONE},
};

START_TEST(a_wrong_clock_is_put_right_once)
{
    int64_t signed_ms = 1768653296000;
    struct gt_http_response response = {.outcome = GT_HTTP_ANSWERED, .status = 403};
    struct gt_aws_answer answer = {.failure = GT_AWS_REFUSED,
                                   .http_status = 403,
                                   .code = clocks[_i].code,
                                   .date_ms = signed_ms + clocks[_i].off_s * 1000};
    struct gt_retry_facts facts = {.operation = GATEWAY,
                                   .response = &response,
                                   .answer = &answer,
                                   .skew_tried = clocks[_i].tried,
                                   .signed_ms = signed_ms};
    ck_assert_int_eq(gt_retry_verdict(&facts), clocks[_i].verdict);
    facts.signed_ms = 0; /* an unsigned request has no clock */
    ck_assert_int_eq(gt_retry_verdict(&facts), GT_RETRY_NONE);
}
END_TEST

START_TEST(the_delay_grows_with_full_jitter)
{
    struct gt_fixed_sys fixed;
    gt_fixed_sys_init(&fixed, 1768653296000);
    struct gt_http_response none = {0};
    static const int64_t most_ms[] = {1000, 2000, 4000, 8000, 16000, 20000, 20000, 20000};
    for (int retry = 1; retry <= 8; retry++) {
        int64_t least = INT64_MAX, largest = 0;
        for (int i = 0; i < 500; i++) {
            int64_t ms = gt_retry_delay_ms(&fixed.sys, &none, retry);
            least = ms < least ? ms : least;
            largest = ms > largest ? ms : largest;
        }
        ck_assert_int_lt(largest, most_ms[retry - 1]);
        ck_assert_int_gt(largest, most_ms[retry - 1] * 9 / 10);
        ck_assert_int_lt(least, most_ms[retry - 1] / 10);
    }
}
END_TEST

static const struct {
    struct gt_header header;
    int64_t least_ms, most_ms;
} asked[] = {
    {{"retry-after", "7"}, 7000, 7000},
    {{"retry-after", "3600"}, 20000, 20000},
    {{"retry-after", "Sat, 17 Jan 2026 12:35:05 GMT"}, 9000, 9000},
    {{"retry-after", "Sat, 17 Jan 2026 12:00:00 GMT"}, 0, 1000},
    {{"retry-after", "soon"}, 0, 1000},
    {{"retry-after", "-5"}, 0, 1000},
    {{"x-amz-retry-after", "1500"}, 1500, 1500},
    {{"x-amz-retry-after", "900000"}, 5000, 6000},
    {{"x-amz-retry-after", "junk"}, 0, 1000},
};

START_TEST(a_delay_that_the_service_asks_for_is_kept)
{
    struct gt_fixed_sys fixed;
    gt_fixed_sys_init(&fixed, 1768653296000);
    struct gt_http_response response = {.headers = &asked[_i].header, .header_count = 1};
    int64_t ms = gt_retry_delay_ms(&fixed.sys, &response, 1);
    ck_assert_int_ge(ms, asked[_i].least_ms);
    ck_assert_int_le(ms, asked[_i].most_ms);
}
END_TEST

START_TEST(the_quota_runs_out_and_fills_with_successes)
{
    struct gt_quota quota = {GT_QUOTA_MAX};
    ck_assert_int_eq(gt_quota_take(&quota, true), 10);
    for (int i = 0; i < 98; i++)
        ck_assert_int_eq(gt_quota_take(&quota, false), 5);
    ck_assert_int_eq(quota.tokens, 0);
    ck_assert_int_eq(gt_quota_take(&quota, false), 0);
    for (int i = 0; i < 4; i++)
        gt_quota_give(&quota, 0);
    ck_assert_int_eq(gt_quota_take(&quota, false), 0);
    gt_quota_give(&quota, 10);
    ck_assert_int_eq(quota.tokens, 14);
    for (int i = 0; i < 1000; i++)
        gt_quota_give(&quota, 5);
    ck_assert_int_eq(quota.tokens, GT_QUOTA_MAX);
}
END_TEST

Suite *retry_suite(void)
{
    Suite *suite = suite_create("retry");
    TCase *tcase = tcase_create("retry");
    tcase_add_loop_test(tcase, only_what_is_safe_is_repeated, 0, (int)GT_COUNT(rows));
    tcase_add_loop_test(tcase, a_wrong_clock_is_put_right_once, 0, (int)GT_COUNT(clocks));
    tcase_add_test(tcase, the_delay_grows_with_full_jitter);
    tcase_add_loop_test(tcase, a_delay_that_the_service_asks_for_is_kept, 0, (int)GT_COUNT(asked));
    tcase_add_test(tcase, the_quota_runs_out_and_fills_with_successes);
    suite_add_tcase(suite, tcase);
    return suite;
}
