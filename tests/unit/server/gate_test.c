/* Limits at run time. */
#include "suites.h"

#include <gate.h>

/* Tokens taken in a row at one moment. */
static int burst(struct gt_gate *gate, const struct gt_limits *limits, int64_t now_ms)
{
    int taken = 0;
    while (taken < 1000 && gt_gate_take(gate, limits, now_ms) == 0)
        taken++;
    return taken;
}

START_TEST(nothing_is_limited_without_a_limit)
{
    struct gt_gate gate = {.in_flight = 1000000, .running = 1000000};
    const struct gt_limits none = {0};
    ck_assert_int_eq(burst(&gate, &none, 0), 1000);
    ck_assert(gt_gate_has_room(&gate, &none));
    ck_assert(gt_gate_may_run(&gate, &none));
}
END_TEST

START_TEST(a_full_bucket_holds_a_second)
{
    struct gt_gate gate = {0};
    const struct gt_limits limits = {.requests_per_second = 10};
    ck_assert_int_eq(burst(&gate, &limits, 5000), 10);
    ck_assert_int_eq(burst(&gate, &limits, 5099), 0);
    ck_assert_int_eq(burst(&gate, &limits, 5100), 1);
    ck_assert_int_eq(burst(&gate, &limits, 5350), 2);
    ck_assert_int_eq(burst(&gate, &limits, 5400), 1); /* the half was kept */
    ck_assert_int_eq(burst(&gate, &limits, 1000000), 10);
}
END_TEST

START_TEST(says_how_long_to_wait)
{
    struct gt_gate gate = {0};
    const struct gt_limits limits = {.requests_per_second = 4};
    ck_assert_int_eq(burst(&gate, &limits, 0), 4);
    ck_assert_int_eq(gt_gate_take(&gate, &limits, 0), 250);
    ck_assert_int_eq(gt_gate_take(&gate, &limits, 100), 150);
    ck_assert_int_eq(gt_gate_take(&gate, &limits, 249), 1);
    ck_assert_int_eq(gt_gate_take(&gate, &limits, 250), 0);
}
END_TEST

START_TEST(a_rate_below_one_lets_one_through)
{
    struct gt_gate gate = {0};
    const struct gt_limits limits = {.requests_per_second = 0.1};
    ck_assert_int_eq(burst(&gate, &limits, 0), 1);
    ck_assert_int_eq(gt_gate_take(&gate, &limits, 0), 10000);
    ck_assert_int_eq(gt_gate_take(&gate, &limits, 9999), 1);
    ck_assert_int_eq(burst(&gate, &limits, 10000), 1);
    const struct gt_limits tiny = {.requests_per_second = 1e-300};
    struct gt_gate other = {0};
    ck_assert_int_eq(burst(&other, &tiny, 0), 1);
    ck_assert_int_gt(gt_gate_take(&other, &tiny, 0), 1000000);
}
END_TEST

START_TEST(a_clock_that_goes_back_gives_nothing)
{
    struct gt_gate gate = {0};
    const struct gt_limits limits = {.requests_per_second = 2};
    ck_assert_int_eq(burst(&gate, &limits, 10000), 2);
    ck_assert_int_eq(burst(&gate, &limits, 9000), 0);
    ck_assert_int_eq(burst(&gate, &limits, 9500), 1);
}
END_TEST

START_TEST(a_lower_rate_holds_at_once)
{
    struct gt_gate gate = {0};
    const struct gt_limits high = {.requests_per_second = 100}, low = {.requests_per_second = 2};
    ck_assert_int_eq(gt_gate_take(&gate, &high, 0), 0);
    ck_assert_int_eq(burst(&gate, &low, 0), 2);
    ck_assert_int_eq(burst(&gate, &high, 9), 0);
    ck_assert_int_eq(burst(&gate, &high, 10), 1);
}
END_TEST

START_TEST(room_is_for_as_many_as_said)
{
    struct gt_gate gate = {.in_flight = 2, .running = 2};
    const struct gt_limits three = {.max_in_flight = 3, .max_concurrent = 3};
    ck_assert(gt_gate_has_room(&gate, &three));
    ck_assert(gt_gate_may_run(&gate, &three));
    gate.in_flight = gate.running = 3;
    ck_assert(!gt_gate_has_room(&gate, &three));
    ck_assert(!gt_gate_may_run(&gate, &three));
    gate.in_flight = gate.running = 4; /* after a reload that lowered it */
    ck_assert(!gt_gate_has_room(&gate, &three));
    ck_assert(!gt_gate_may_run(&gate, &three));
}
END_TEST

Suite *gate_suite(void)
{
    Suite *suite = suite_create("gate");
    TCase *cases = tcase_create("gate");
    tcase_add_test(cases, nothing_is_limited_without_a_limit);
    tcase_add_test(cases, a_full_bucket_holds_a_second);
    tcase_add_test(cases, says_how_long_to_wait);
    tcase_add_test(cases, a_rate_below_one_lets_one_through);
    tcase_add_test(cases, a_clock_that_goes_back_gives_nothing);
    tcase_add_test(cases, a_lower_rate_holds_at_once);
    tcase_add_test(cases, room_is_for_as_many_as_said);
    suite_add_tcase(suite, cases);
    return suite;
}
