#include "aws_suites.h"
#include "gt_test.h"
#include "rates.h"

#include <gantry/model/operations.h>

START_TEST(operations_have_their_published_rates)
{
    static const struct {
        const struct gt_operation *operation;
        double per_second;
    } rows[] = {
        {&gt_op_bedrock_agentcore_control_GetGateway, 10},
        {&gt_op_bedrock_agentcore_control_DeleteGateway, 5},
        {&gt_op_bedrock_agentcore_control_ListAgentRuntimeEndpoints, 5},
        {&gt_op_bedrock_agentcore_control_GetGatewayTarget, 20},
        {&gt_op_bedrock_agentcore_control_CreateGateway, 10},
        {&gt_op_iam_GetRole, 15},
        {&gt_op_cognito_idp_CreateUserPool, 15},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const struct gt_rate *rate = gt_rate_of(rows[i].operation);
        ck_assert_ptr_ne(rate, NULL);
        ck_assert_double_eq_tol(rate->per_second, rows[i].per_second, 0.001);
    }
    ck_assert_ptr_eq(gt_rate_of(&gt_op_bedrock_agentcore_InvokeAgentRuntime), NULL);
    ck_assert_ptr_eq(gt_rate_of(&gt_op_lambda_Invoke), NULL);
}
END_TEST

/* How many tokens a bucket gives in a time, asked every millisecond. */
static int taken(struct gt_bucket *bucket, int64_t from_ms, int64_t to_ms)
{
    int count = 0;
    for (int64_t now_ms = from_ms; now_ms < to_ms; now_ms++)
        for (; gt_bucket_wait_ms(bucket, now_ms) == 0; count++)
            gt_bucket_take(bucket);
    return count;
}

START_TEST(a_bucket_gives_its_rate)
{
    struct gt_bucket bucket = gt_bucket_new(10, 1000);
    int first = taken(&bucket, 1000, 2000);
    ck_assert_int_ge(first, 14);
    ck_assert_int_le(first, 15); /* half a second's worth at once */
    int later = taken(&bucket, 2000, 12000);
    ck_assert_int_ge(later, 99);
    ck_assert_int_le(later, 101);
    taken(&bucket, 12000, 12001);
    ck_assert_int_gt(gt_bucket_wait_ms(&bucket, 12000), 0);
    ck_assert_int_eq(gt_bucket_wait_ms(&bucket, 12101), 0);
}
END_TEST

START_TEST(the_adaptive_rate_is_off_until_the_first_throttling)
{
    struct gt_adaptive adaptive = {0};
    for (int64_t now_ms = 1000; now_ms < 3000; now_ms += 50) { /* 20 a second */
        gt_adaptive_sent(&adaptive, now_ms);
        gt_adaptive_answered(&adaptive, false, now_ms);
    }
    ck_assert(!adaptive.on);
    gt_adaptive_answered(&adaptive, true, 3000);
    ck_assert(adaptive.on);
    ck_assert_double_ge(adaptive.bucket.per_second, 12);
    ck_assert_double_le(adaptive.bucket.per_second, 15);
}
END_TEST

START_TEST(the_adaptive_rate_falls_with_throttling_and_recovers)
{
    struct gt_adaptive adaptive = {0};
    int64_t now_ms = 1000;
    for (; now_ms < 3000; now_ms += 50)
        gt_adaptive_sent(&adaptive, now_ms);
    gt_adaptive_answered(&adaptive, true, now_ms);
    double once = adaptive.bucket.per_second;
    gt_adaptive_answered(&adaptive, true, now_ms);
    ck_assert_double_lt(adaptive.bucket.per_second, once);
    for (int i = 0; i < 50; i++)
        gt_adaptive_answered(&adaptive, true, now_ms);
    ck_assert_double_ge(adaptive.bucket.per_second, 0.5);
    for (int i = 0; i < 200; i++) {
        now_ms += gt_bucket_wait_ms(&adaptive.bucket, now_ms);
        gt_bucket_take(&adaptive.bucket);
        gt_adaptive_sent(&adaptive, now_ms);
        gt_adaptive_answered(&adaptive, false, now_ms);
    }
    ck_assert_double_gt(adaptive.bucket.per_second, 5);
    ck_assert_int_lt(now_ms, 120000);
}
END_TEST

Suite *rates_suite(void)
{
    Suite *suite = suite_create("rates");
    TCase *tcase = tcase_create("rates");
    tcase_add_test(tcase, operations_have_their_published_rates);
    tcase_add_test(tcase, a_bucket_gives_its_rate);
    tcase_add_test(tcase, the_adaptive_rate_is_off_until_the_first_throttling);
    tcase_add_test(tcase, the_adaptive_rate_falls_with_throttling_and_recovers);
    suite_add_tcase(suite, tcase);
    return suite;
}
