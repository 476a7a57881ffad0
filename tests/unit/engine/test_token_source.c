#include "world.h"

#include <gantry/engine/token_source.h>
#include <test_server.h>
#include <unistd.h>

GT_TEST_ARENA

enum { REQUEST_MAX = 16 * 1024, ANSWER_MAX = 512 };

static struct gt_loop *loop;
static struct gt_http *http;
static struct gt_test_server server;
static struct gt_token_source *source;
static struct gt_verify_client client = {.client_id = "id", .secret = "s", .scope = "a/b"};

/* How the server behaves; set before it is started. */
static int failures;   /* so many requests get a 503 first */
static int expires_in; /* of the tokens; 0: not said */
static bool silent;    /* no answer at all */

static void serve(int fd, struct gt_test_counts *counts)
{
    char request[REQUEST_MAX], body[ANSWER_MAX], answer[2 * ANSWER_MAX];
    while (gt_test_read_request(fd, request, sizeof(request), counts)) {
        int number = counts->requests;
        if (silent)
            gt_test_sleep_ms(60000);
        if (number <= failures)
            snprintf(body, sizeof(body), "{\"message\": \"later\"}");
        else
            snprintf(body, sizeof(body),
                     "{\"access_token\": \"token-%d\", \"token_type\": \"Bearer\", \"expires_in\": "
                     "%d}",
                     number, expires_in);
        snprintf(answer, sizeof(answer), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s",
                 number <= failures ? "503 Service Unavailable" : "200 OK", strlen(body), body);
        gt_test_write(fd, answer);
    }
}

static void refuse(int fd, struct gt_test_counts *counts)
{
    char request[REQUEST_MAX];
    if (gt_test_read_request(fd, request, sizeof(request), counts))
        gt_test_write(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 27\r\n\r\n"
                          "{\"error\": \"invalid_client\"} ");
}

static void start(gt_test_serve_fn *how)
{
    server = gt_test_server_start(how);
    loop = gt_loop_new(gt_sys_real());
    http = gt_http_new(loop, &(struct gt_http_options){0});
    const char *url = gt_printf(arena, "http://127.0.0.1:%d/oauth2/token", server.port);
    source = gt_token_source_new(loop, http, &client, url);
}

static void setup(void)
{
    arena_setup();
    failures = 0;
    expires_in = 3600;
    silent = false;
}

static void teardown(void)
{
    gt_token_source_free(source);
    gt_http_free(http);
    gt_loop_free(loop);
    gt_test_server_stop(&server);
    arena_teardown();
}

struct got {
    int calls;
    const char *token, *reason;
};

static void take(void *payload, const char *token, const char *reason)
{
    struct got *got = payload;
    got->calls++;
    got->token = gt_strdup(arena, token);
    got->reason = gt_strdup(arena, reason);
    gt_loop_stop(loop);
}

static const char *get(void)
{
    struct got got = {0};
    gt_token_source_get(source, take, &got);
    while (got.calls == 0)
        gt_loop_run(loop);
    ck_assert_int_eq(got.calls, 1);
    ck_assert((got.token == NULL) == (got.reason != NULL));
    return got.token == NULL ? got.reason : got.token;
}

START_TEST(a_token_is_used_until_it_runs_out)
{
    start(serve);
    ck_assert_str_eq(get(), "token-1");
    ck_assert_str_eq(get(), "token-1");
    ck_assert_int_eq(server.counts->requests, 1);
}
END_TEST

START_TEST(a_short_life_is_used_by_half)
{
    expires_in = 6;
    start(serve);
    ck_assert_str_eq(get(), "token-1");
    ck_assert_str_eq(get(), "token-1");
    gt_test_sleep_ms(3100);
    ck_assert_str_eq(get(), "token-2");
}
END_TEST

START_TEST(askers_at_one_time_share_a_request)
{
    struct got got[3] = {{0}};
    start(serve);
    for (size_t i = 0; i < GT_COUNT(got); i++)
        gt_token_source_get(source, take, &got[i]);
    while (got[2].calls == 0)
        gt_loop_run(loop);
    for (size_t i = 0; i < GT_COUNT(got); i++) {
        ck_assert_int_eq(got[i].calls, 1);
        ck_assert_str_eq(got[i].token, "token-1");
    }
    ck_assert_int_eq(server.counts->requests, 1);
}
END_TEST

START_TEST(a_refused_token_is_replaced_once)
{
    start(serve);
    const char *first = get();
    gt_token_source_refused(source, first);
    ck_assert_str_eq(get(), "token-2");
    gt_token_source_refused(source, first); /* by somebody who had sent it before */
    gt_token_source_refused(source, NULL);
    ck_assert_str_eq(get(), "token-2");
    ck_assert_int_eq(server.counts->requests, 2);
}
END_TEST

START_TEST(what_may_pass_is_tried_again)
{
    failures = 2;
    start(serve);
    ck_assert_str_eq(get(), "token-3");
}
END_TEST

START_TEST(a_clear_refusal_is_told_at_once_and_without_the_secret)
{
    start(refuse);
    const char *reason = get();
    ck_assert_msg(strstr(reason, "invalid_client") != NULL, "%s", reason);
    ck_assert_msg(strstr(reason, "HTTP 400") != NULL, "%s", reason);
    ck_assert_ptr_null(strstr(reason, "aWQ6cw"));
    ck_assert_int_eq(server.counts->requests, 1);
    get(); /* the next asker does not get the former reason, but another try */
    ck_assert_int_eq(server.counts->requests, 2);
}
END_TEST

static void again(void *payload, const char *token, const char *reason)
{
    (void)token, (void)reason;
    gt_token_source_get(source, take, payload);
}

START_TEST(an_asker_may_ask_again_from_its_answer)
{
    struct got got = {0};
    start(refuse);
    gt_token_source_get(source, again, &got);
    while (got.calls == 0)
        gt_loop_run(loop);
    ck_assert_ptr_nonnull(got.reason);
    ck_assert_int_eq(server.counts->requests, 2);
}
END_TEST

static void stop(void *payload)
{
    *(bool *)payload = true;
    gt_loop_stop(loop);
}

START_TEST(it_can_be_freed_while_somebody_waits)
{
    struct got got = {0};
    bool late = false;
    silent = true;
    start(serve);
    gt_token_source_get(source, take, &got);
    gt_timer_start(loop, 50, stop, &late);
    while (!late)
        gt_loop_run(loop);
    gt_token_source_free(source);
    source = NULL;
    late = false;
    gt_timer_start(loop, 50, stop, &late);
    while (!late)
        gt_loop_run(loop);
    ck_assert_int_eq(got.calls, 0);
}
END_TEST

/* -- the blocking one -- */

static bool is_over(void *payload)
{
    return *(const bool *)payload;
}

static bool fetch(int64_t deadline_ms, bool *over, struct gt_token_failure *failure)
{
    const char *url = gt_printf(arena, "http://127.0.0.1:%d/oauth2/token", server.port);
    struct gt_token_options options = {.loop = loop,
                                       .http = http,
                                       .client = &client,
                                       .deadline_ms = deadline_ms,
                                       .is_over = over == NULL ? NULL : is_over,
                                       .payload = over};
    struct gt_token token;
    return gt_token_fetch(arena, &options, &url, &token, failure);
}

START_TEST(a_fetch_tries_again_within_its_deadline)
{
    struct gt_token_failure failure;
    failures = 2;
    start(serve);
    ck_assert(fetch(60000, NULL, &failure));
    ck_assert_int_eq(server.counts->requests, 3);
}
END_TEST

START_TEST(a_fetch_ends_with_its_deadline)
{
    struct gt_token_failure failure;
    failures = 1000;
    start(serve);
    ck_assert(!fetch(2000, NULL, &failure));
    int requests = server.counts->requests; /* behind pauses of 0, 250, 500 and 1000 ms */
    ck_assert_msg(requests >= 2 && requests <= 4, "%d requests", requests);
    ck_assert_msg(strstr(failure.received, "HTTP 503") != NULL, "%s", failure.received);
    ck_assert_ptr_nonnull(strstr(failure.sent, "as client id"));
}
END_TEST

START_TEST(a_fetch_is_given_up_when_it_is_over)
{
    struct gt_token_failure failure;
    bool over = false;
    silent = true;
    start(serve);
    gt_timer_start(loop, 50, stop, &over);
    ck_assert(!fetch(60000, &over, &failure));
}
END_TEST

Suite *token_source_suite(void)
{
    const TTest *const tests[] = {
        a_token_is_used_until_it_runs_out,
        a_short_life_is_used_by_half,
        askers_at_one_time_share_a_request,
        a_refused_token_is_replaced_once,
        what_may_pass_is_tried_again,
        a_clear_refusal_is_told_at_once_and_without_the_secret,
        an_asker_may_ask_again_from_its_answer,
        it_can_be_freed_while_somebody_waits,
        a_fetch_tries_again_within_its_deadline,
        a_fetch_ends_with_its_deadline,
        a_fetch_is_given_up_when_it_is_over,
    };
    Suite *suite = suite_create("token_source");
    TCase *tcase = tcase_create("token_source");
    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < GT_COUNT(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
