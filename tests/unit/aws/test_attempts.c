/* What becomes of a call over several attempts. */
#include "aws_suites.h"
#include "client_fixture.h"

#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(throttling_is_waited_out_even_when_not_repeatable)
{
    connect_local();
    gt_scripted_next(client.scripted, throttled);
    gt_scripted_next(client.scripted, throttled);
    gt_scripted_next(client.scripted, ok);
    struct result result = run(false);
    ck_assert_int_eq(result.answer.failure, GT_AWS_OK);
    ck_assert_int_eq(result.answer.attempts, 3);
    struct gt_aws_counts counts = gt_aws_counts(client.aws);
    ck_assert_uint_eq(counts.requests, 3);
    ck_assert_uint_eq(counts.throttled, 2);
    ck_assert_uint_eq(counts.retries, 2);
}
END_TEST

START_TEST(the_attempts_of_a_call_are_alike_but_for_number_and_signature)
{
    connect_local();
    gt_scripted_next(client.scripted, unreachable);
    gt_scripted_next(client.scripted, throttled);
    gt_scripted_next(client.scripted, ok);
    run(false);
    ck_assert_uint_eq(client.scripted->requests.len, 3);
    for (size_t i = 1; i < 3; i++) {
        const struct gt_scripted_request *first = &client.scripted->requests.at[0],
                                         *later = &client.scripted->requests.at[i];
        ck_assert_str_eq(first->body, later->body);
        ck_assert_str_eq(gt_scripted_header(first, "amz-sdk-invocation-id"),
                         gt_scripted_header(later, "amz-sdk-invocation-id"));
        ck_assert_str_eq(gt_scripted_header(later, "amz-sdk-request"),
                         gt_printf(client.arena, "attempt=%zu; max=3", i + 1));
        ck_assert_str_ne(gt_scripted_header(first, "authorization"),
                         gt_scripted_header(later, "authorization"));
    }
}
END_TEST

START_TEST(what_may_have_been_done_is_not_sent_again)
{
    static const struct gt_scripted_answer answers[] = {
        {.outcome = GT_HTTP_MAYBE_SENT, .timed_out = true},
        {.outcome = GT_HTTP_MAYBE_SENT, .status = 200, .body = "{\"gatewayI"},
        {.outcome = GT_HTTP_MAYBE_SENT, .status = 200, .too_large = true},
        {.status = 500, .headers = {{"x-amzn-errortype", "InternalServerException"}}},
        {.status = 502, .body = "<html>"},
        {.status = 504},
        {.status = 202, .body = "<html>"},
        {.status = 202, .body = ""},
    };
    connect_local();
    gt_scripted_next(client.scripted, answers[_i]);
    struct result result = run(false);
    ck_assert_int_ne(result.answer.failure, GT_AWS_OK);
    ck_assert(result.answer.maybe_done);
    ck_assert_int_eq(result.answer.attempts, 1);
    ck_assert_uint_eq(client.scripted->requests.len, 1);
    ck_assert_ptr_ne(result.answer.message, NULL);
}
END_TEST

START_TEST(a_repeatable_call_is_sent_again)
{
    connect_local();
    gt_scripted_next(client.scripted, lost);
    gt_scripted_next(client.scripted, broken);
    gt_scripted_next(client.scripted, ok);
    ck_assert_int_eq(run(true).answer.failure, GT_AWS_OK);
    ck_assert_uint_eq(client.scripted->requests.len, 3);
}
END_TEST

START_TEST(attempts_end_with_the_last_answer)
{
    connect_local();
    gt_scripted_when(client.scripted, NULL, NULL, 0, broken);
    struct result result = run(true);
    ck_assert_int_eq(result.answer.failure, GT_AWS_REFUSED);
    ck_assert_str_eq(result.answer.code, "InternalServerException");
    ck_assert_str_eq(result.answer.message, "oops");
    ck_assert_str_eq(result.answer.request_id, "r-1");
    ck_assert_int_eq(result.answer.http_status, 500);
    ck_assert_int_eq(result.answer.attempts, 3);
    ck_assert_int_eq(result.at_ms - 1000 <= 3000, 1); /* below 1 s and 2 s */
}
END_TEST

START_TEST(attempts_are_as_many_as_the_environment_says)
{
    gt_fixed_sys_set(&client.fixed, "AWS_MAX_ATTEMPTS", "5");
    connect_local();
    gt_scripted_when(client.scripted, NULL, NULL, 0, unreachable);
    struct result result = run(false);
    ck_assert_int_eq(result.answer.failure, GT_AWS_UNREACHABLE);
    ck_assert(!result.answer.maybe_done);
    ck_assert_int_eq(result.answer.attempts, 5);
    ck_assert_str_eq(result.answer.message, "connection refused");
}
END_TEST

START_TEST(attempts_are_as_many_as_the_profile_says)
{
    char path[] = "/tmp/gantry-attempts-XXXXXX";
    static const char config[] = "[default]\nmax_attempts = 2\n";
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, config, sizeof(config) - 1), sizeof(config) - 1);
    close(fd);
    gt_fixed_sys_set(&client.fixed, "AWS_CONFIG_FILE", path);
    gt_fixed_sys_set(&client.fixed, "AWS_SHARED_CREDENTIALS_FILE", "/absent");
    struct gt_profile *profile = NULL;
    bool loaded = gt_profile_load(client.arena, &client.fixed.sys, NULL, &profile, &client.diags);
    unlink(path);
    ck_assert(loaded);
    connect_with(
        (struct gt_aws_options){.endpoint_url = "http://127.0.0.1:5000", .profile = profile});
    gt_scripted_when(client.scripted, NULL, NULL, 0, unreachable);
    ck_assert_int_eq(run(false).answer.attempts, 2);
}
END_TEST

START_TEST(an_early_doubt_stays_until_the_end)
{
    connect_local();
    gt_scripted_next(client.scripted, lost);
    gt_scripted_when(client.scripted, NULL, NULL, 0, throttled);
    struct result result = run(true);
    ck_assert(result.answer.throttled);
    ck_assert(result.answer.maybe_done);
}
END_TEST

START_TEST(retry_after_is_kept)
{
    connect_local();
    struct gt_scripted_answer later = throttled;
    later.headers[1] = (struct gt_header){"retry-after", "9"};
    gt_scripted_next(client.scripted, later);
    gt_scripted_next(client.scripted, ok);
    run(false);
    ck_assert_int_ge(client.scripted->requests.at[1].at_ms - client.scripted->requests.at[0].at_ms,
                     9000);
}
END_TEST

START_TEST(retries_of_all_calls_share_their_tokens)
{
    enum { COUNT = 200 };
    static struct result results[COUNT];
    connect_local();
    gt_scripted_when(client.scripted, NULL, NULL, 0, broken);
    for (size_t i = 0; i < COUNT; i++)
        submit(GET_GATEWAY, gateway_id(), true, &results[i]);
    gt_loop_run(client.loop);
    ck_assert_uint_eq(gt_aws_counts(client.aws).retries, 100);
    ck_assert_uint_eq(client.scripted->requests.len, COUNT + 100);
}
END_TEST

START_TEST(a_wrong_clock_is_put_right_for_all_calls)
{
    connect_local();
    gt_scripted_next(
        client.scripted,
        (struct gt_scripted_answer){.status = 403,
                                    .body = "{\"message\":\"Signature expired\"}",
                                    .headers = {{"x-amzn-errortype", "InvalidSignatureException"},
                                                {"date", "Sat, 17 Jan 2026 14:34:56 GMT"}}});
    gt_scripted_when(client.scripted, NULL, NULL, 0, ok);
    ck_assert_int_eq(run(false).answer.failure, GT_AWS_OK);
    ck_assert_uint_eq(client.scripted->requests.len, 2);
    run(true);
    for (size_t i = 1; i < 3; i++)
        ck_assert(gt_starts_with(gt_scripted_header(&client.scripted->requests.at[i], "x-amz-date"),
                                 "20260117T1434"));
}
END_TEST

START_TEST(expired_keys_are_fetched_anew_once)
{
    connect_local();
    gt_scripted_when(
        client.scripted, NULL, NULL, 0,
        (struct gt_scripted_answer){
            .status = 403,
            .body = "{\"message\":\"The security token included in the request is expired\"}",
            .headers = {{"x-amzn-errortype", "ExpiredTokenException"}}});
    struct result result = run(false);
    ck_assert_int_eq(result.answer.failure, GT_AWS_CREDENTIALS);
    ck_assert_str_eq(result.answer.code, "ExpiredTokenException");
    ck_assert_uint_eq(client.scripted->requests.len, 2);
    ck_assert(!result.answer.maybe_done);
}
END_TEST

START_TEST(the_deadline_ends_the_waiting)
{
    connect_local();
    gt_scripted_when(client.scripted, NULL, NULL, 0, throttled);
    struct result result = {0};
    json_t *input = gt_keep(client.arena, gateway_id());
    struct gt_call call = {.operation = GET_GATEWAY, .input = input, .deadline_ms = 50};
    gt_aws_submit(client.aws, &call, take, &result);
    gt_loop_run(client.loop);
    ck_assert_int_eq(result.calls, 1);
    ck_assert_int_eq(result.answer.failure, GT_AWS_REFUSED);
    ck_assert_int_le(result.at_ms, 1050);
    ck_assert_int_eq(client.scripted->requests.at[0].timeout_ms, 50);
}
END_TEST

Suite *attempts_suite(void)
{
    Suite *suite = suite_create("attempts");
    TCase *tcase = tcase_create("attempts");
    tcase_add_checked_fixture(tcase, client_setup, client_teardown);
    tcase_add_test(tcase, throttling_is_waited_out_even_when_not_repeatable);
    tcase_add_test(tcase, the_attempts_of_a_call_are_alike_but_for_number_and_signature);
    tcase_add_loop_test(tcase, what_may_have_been_done_is_not_sent_again, 0, 8);
    tcase_add_test(tcase, a_repeatable_call_is_sent_again);
    tcase_add_test(tcase, attempts_end_with_the_last_answer);
    tcase_add_test(tcase, attempts_are_as_many_as_the_environment_says);
    tcase_add_test(tcase, attempts_are_as_many_as_the_profile_says);
    tcase_add_test(tcase, an_early_doubt_stays_until_the_end);
    tcase_add_test(tcase, retry_after_is_kept);
    tcase_add_test(tcase, retries_of_all_calls_share_their_tokens);
    tcase_add_test(tcase, a_wrong_clock_is_put_right_for_all_calls);
    tcase_add_test(tcase, expired_keys_are_fetched_anew_once);
    tcase_add_test(tcase, the_deadline_ends_the_waiting);
    suite_add_tcase(suite, tcase);
    return suite;
}
