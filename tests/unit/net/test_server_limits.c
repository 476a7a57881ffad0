#include "raw_client.h"

#include <gantry/base/str.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

static void refuses(const char *request, int status)
{
    struct raw_client *client = raw_connect();
    raw_say(client, request);
    const char *head = raw_await(client, "\r\n");
    ck_assert_msg(strtol(head + strlen("HTTP/1.1 "), NULL, 10) == status, "%.80s: %s", request,
                  head);
    raw_await_end(client);
    ck_assert_uint_eq(handled, 0);
}

START_TEST(a_malformed_request_is_refused_without_the_handler)
{
    raw_serve((struct gt_server_options){0});
    refuses("GET / HTTP/1.1\r\n\r\n", 400);
    refuses("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400);
    refuses("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    refuses("GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    refuses("GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    refuses("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    refuses("GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n", 400);
    refuses("GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", 400);
    refuses("GET / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nhello", 400);
    refuses("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400);
    refuses("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
            "0\r\n\r\n",
            400);
    refuses("PUT / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n"
            "\r\n0\r\n\r\n",
            400);
    refuses("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400);
    refuses("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    refuses("GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    refuses("GET http://a@b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    refuses("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400);
    refuses("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400);
    refuses("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501);
    refuses("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505);
}
END_TEST

static const char *repeated(const char *text, size_t count)
{
    struct gt_buf buf = gt_buf_init(64 * 1024 * 1024);
    for (size_t i = 0; i < count; i++)
        gt_buf_adds(&buf, text);
    const char *copy = gt_strdup(raw_arena, gt_buf_text(&buf));
    gt_buf_done(&buf);
    return copy;
}

START_TEST(headers_may_be_as_large_as_said_and_no_larger)
{
    raw_serve((struct gt_server_options){.max_headers = 8192});
    struct raw_client *client = raw_connect();
    raw_say(client, gt_printf(raw_arena, "GET / HTTP/1.1\r\nHost: h\r\nX: %s\r\n\r\n",
                              repeated("x", 8192 - 32)));
    raw_await_answer(client, 200);
    ck_assert_uint_eq(handled, 1);
    handled = 0;
    refuses(gt_printf(raw_arena, "GET / HTTP/1.1\r\nHost: h\r\nX: %s\r\n\r\n",
                      repeated("x", 8192 - 31)),
            431);
    refuses(gt_printf(raw_arena, "GET / HTTP/1.1\r\nHost: h\r\n%s\r\n", repeated("x:\r\n", 3000)),
            431);
    refuses(gt_printf(raw_arena, "GET / HTTP/1.1\r\nHost: h\r\nX: %s", repeated("x", 40000)), 431);
    refuses(gt_printf(raw_arena, "GET / HTTP/1.1\r\nHost: h\r\nCookie: %s\r\n\r\n",
                      repeated("a;", 3000)),
            431);
    refuses(gt_printf(raw_arena, "GET /%s", repeated("x", 40000)), 414);
}
END_TEST

START_TEST(a_query_of_nothing_but_ampersands_is_a_query)
{
    raw_serve((struct gt_server_options){0});
    struct raw_client *client = raw_connect();
    const char *query = repeated("&", 10000);
    raw_say(client, gt_printf(raw_arena, "GET /?%s HTTP/1.1\r\nHost: h\r\n\r\n", query));
    ck_assert_str_eq(raw_await_answer(client, 200),
                     gt_printf(raw_arena, "GET /?%s host=h []", query));
}
END_TEST

START_TEST(a_body_that_is_too_large_is_read_and_refused)
{
    raw_serve((struct gt_server_options){.max_body = 1000});
    struct raw_client *client = raw_connect();
    raw_say(client, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
    raw_say(client, repeated("x", 1000));
    raw_await_answer(client, 200);
    handled = 0;
    struct raw_client *large = raw_connect();
    raw_say(large, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n");
    raw_say(large, repeated("12345", 1000000));
    raw_await_answer(large, 413);
    ck_assert_int_eq(raw_await_end(large), RAW_CLOSED);
    struct raw_client *chunked = raw_connect();
    raw_say(chunked, "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n");
    raw_say(chunked, repeated("x", 1001));
    raw_say(chunked, "\r\n0\r\n\r\n");
    raw_await_answer(chunked, 413);
    ck_assert_int_eq(raw_await_end(chunked), RAW_CLOSED);
    refuses("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n", 413);
    refuses("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\n", 413);
    ck_assert_uint_eq(handled, 0);
}
END_TEST

START_TEST(a_body_in_tiny_pieces_costs_no_more_than_in_one)
{
    enum { PIECES = 30000, KIB_MAX = 32 * 1024 };
    raw_serve((struct gt_server_options){0});
    struct raw_client *client = raw_connect();
    const char *pieces = repeated("1\r\nx\r\n", PIECES);
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    raw_say(client, "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    raw_say(client, pieces);
    raw_say(client, "0\r\n\r\n");
    const char *answer = raw_await_answer(client, 200);
    getrusage(RUSAGE_SELF, &after);
    ck_assert_uint_gt(strlen(answer), PIECES);
    ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, KIB_MAX);
}
END_TEST

START_TEST(one_address_has_its_own_limit)
{
    raw_serve((struct gt_server_options){.max_connections_per_ip = 2});
    struct raw_client *first = raw_connect(), *second = raw_connect();
    raw_say(first, GET("/"));
    raw_await_answer(first, 200);
    raw_say(second, GET("/"));
    raw_await_answer(second, 200);
    struct raw_client *third = raw_connect();
    ck_assert_int_ne(raw_await_end(third), RAW_OPEN);
    raw_say(first, GET("/"));
    raw_await_answer(first, 200);
    raw_close(first);
    raw_run_ms(20);
    struct raw_client *fourth = raw_connect();
    raw_say(fourth, GET("/"));
    raw_await_answer(fourth, 200);
}
END_TEST

enum { NEVER_MS = 60000 };

static int64_t ms_until_end(struct raw_client *client, const char *trickle, enum raw_end end)
{
    int64_t start = gt_monotonic_ms(gt_sys_real());
    while (client->end == RAW_OPEN) {
        raw_run_ms(20);
        if (client->end == RAW_OPEN && trickle != NULL)
            send(client->fd, trickle, strlen(trickle), MSG_NOSIGNAL);
        ck_assert_int_lt(gt_monotonic_ms(gt_sys_real()) - start, NEVER_MS / 2);
    }
    ck_assert(client->end == end || trickle != NULL);
    return gt_monotonic_ms(gt_sys_real()) - start;
}

START_TEST(a_request_that_trickles_has_its_time_in_all)
{
    raw_serve((struct gt_server_options){.request_timeout_ms = 300, .idle_timeout_ms = NEVER_MS});
    const char *const starts[] = {
        "G",
        "GET / HTTP/1.1\r\n",
        "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\nx",
        "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1",
    };
    for (size_t i = 0; i < GT_COUNT(starts); i++) {
        struct raw_client *client = raw_connect();
        raw_run_ms(100);
        raw_say(client, starts[i]);
        int64_t ms = ms_until_end(client, "0", RAW_CLOSED);
        ck_assert_msg(ms >= 250, "%d ms for %s", (int)ms, starts[i]);
        ck_assert_ptr_nonnull(strstr(gt_buf_text(&client->in), "HTTP/1.1 408 "));
    }
    ck_assert_uint_eq(handled, 0);
}
END_TEST

START_TEST(a_trickling_first_line_after_an_answer_is_noticed_too)
{
    raw_serve((struct gt_server_options){.request_timeout_ms = 200, .idle_timeout_ms = NEVER_MS});
    struct raw_client *client = raw_connect();
    raw_say(client, GET("/"));
    raw_await_answer(client, 200);
    raw_run_ms(200);
    int64_t ms = ms_until_end(client, "G", RAW_CLOSED);
    ck_assert_msg(ms >= 190, "%d ms", (int)ms);
}
END_TEST

START_TEST(an_idle_connection_has_its_own_time)
{
    enum { IDLE_MS = 2000, GRAIN_MS = 10 };
    raw_serve((struct gt_server_options){.request_timeout_ms = 50, .idle_timeout_ms = IDLE_MS});
    const struct gt_sys *sys = gt_sys_real();
    int64_t connected = gt_monotonic_ms(sys);
    struct raw_client *fresh = raw_connect(), *used = raw_connect();
    raw_run_ms(500);
    int64_t asked = gt_monotonic_ms(sys);
    bool in_time = asked - connected < IDLE_MS / 2; /* this machine may have stood still */
    if (in_time) {
        raw_say(used, GET("/"));
        raw_await_answer(used, 200);
    }
    ms_until_end(fresh, NULL, RAW_CLOSED);
    int64_t ms = gt_monotonic_ms(sys) - connected;
    ck_assert_msg(ms >= IDLE_MS - GRAIN_MS, "%d ms", (int)ms);
    ms_until_end(used, NULL, RAW_CLOSED);
    ms = gt_monotonic_ms(sys) - (in_time ? asked : connected);
    ck_assert_msg(ms >= IDLE_MS - GRAIN_MS, "%d ms", (int)ms);
    ck_assert_uint_eq(fresh->in.len + used->in.len, 0);
}
END_TEST

START_TEST(a_handler_may_take_longer_than_a_request)
{
    raw_serve((struct gt_server_options){
        .handler = raw_hold, .request_timeout_ms = 50, .idle_timeout_ms = 50});
    struct raw_client *client = raw_connect();
    raw_say(client, GET("/"));
    raw_await_held(1);
    raw_run_ms(1500);
    gt_reply(held[0], 200, NULL, 0, "slow", 4);
    ck_assert_str_eq(raw_await_answer(client, 200), "slow");
}
END_TEST

START_TEST(a_client_that_does_not_take_its_answer_is_let_go)
{
    enum { SIZE = 32 * 1024 * 1024 };
    raw_serve((struct gt_server_options){.handler = raw_hold, .idle_timeout_ms = 500});
    struct raw_client *client = raw_connect();
    raw_say(client, GET("/"));
    raw_await_held(1);
    gt_loop_unwatch(raw_loop, client->fd);
    char *body = gt_alloc(raw_arena, SIZE);
    int64_t start = gt_monotonic_ms(gt_sys_real()), ms = 0;
    gt_reply(held[0], 200, NULL, 0, body, SIZE);
    while (gt_server_busy(raw_server) > 0) {
        raw_run_ms(20);
        ms = gt_monotonic_ms(gt_sys_real()) - start;
        ck_assert_int_lt(ms, NEVER_MS);
    }
    ck_assert_msg(ms >= 300, "%d ms", (int)ms);
    client->end = RAW_CLOSED; /* it is not watched any more */
}
END_TEST

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

START_TEST(a_chunk_extension_without_end_does_not_spin)
{
    raw_serve((struct gt_server_options){.request_timeout_ms = 1000});
    struct raw_client *client = raw_connect();
    raw_say(client, "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;");
    double before = cpu_seconds();
    raw_say(client, repeated("x", 100000));
    raw_await_end(client);
    ck_assert(cpu_seconds() - before < 0.5);
}
END_TEST

START_TEST(a_lack_of_descriptors_does_not_spin)
{
    struct rlimit limit;
    raw_serve((struct gt_server_options){0});
    raw_run_ms(20);
    struct raw_client *client = raw_connect();
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const struct rlimit none = {.rlim_cur = (rlim_t)client->fd + 1, .rlim_max = limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    double before = cpu_seconds();
    raw_run_ms(1000);
    ck_assert(cpu_seconds() - before < 0.5);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    raw_say(client, GET("/late"));
    ck_assert_str_eq(raw_await_answer(client, 200), "GET /late?(none) host=h []");
}
END_TEST

START_TEST(a_lack_of_descriptors_is_over_when_there_are_some_again)
{
    struct rlimit limit;
    raw_serve_held(); /* a connection that stays */
    struct raw_client *client = raw_connect();
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const struct rlimit none = {.rlim_cur = (rlim_t)client->fd + 1, .rlim_max = limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    raw_run_ms(200);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    raw_say(client, GET("/late"));
    raw_await_held(2);
    gt_reply(held[0], 200, NULL, 0, "", 0);
    gt_reply(held[1], 200, NULL, 0, "", 0);
}
END_TEST

static void leaves(void (*leave)(struct raw_client *client))
{
    raw_serve((struct gt_server_options){.handler = raw_hold, .max_connections = 2});
    for (size_t i = 1; i <= 4; i++) { /* none of them keeps a place */
        struct raw_client *client = raw_connect();
        raw_say(client, GET("/"));
        raw_await_held(i);
        ck_assert_uint_eq(gone_count, i - 1);
        leave(client);
        raw_await_gone(i);
    }
    ck_assert_uint_eq(gt_server_busy(raw_server), 4);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_str_eq(gt_exchange_request(held[i])->path, "/");
        gt_reply(held[i], 200, NULL, 0, "nobody", 6);
    }
    raw_run_ms(10);
    ck_assert_uint_eq(gt_server_busy(raw_server), 0);
    ck_assert_uint_eq(gone_count, 4);
}

START_TEST(a_client_that_closes_while_the_handler_works_is_gone)
{
    leaves(raw_close);
}
END_TEST

static void reset(struct raw_client *client)
{
    const struct linger linger = {.l_onoff = 1};
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    raw_close(client);
}

START_TEST(a_client_that_resets_is_gone)
{
    leaves(reset);
}
END_TEST

static void half_close(struct raw_client *client)
{
    shutdown(client->fd, SHUT_WR);
}

START_TEST(a_client_that_closes_its_half_is_gone)
{
    leaves(half_close);
}
END_TEST

static void close_with_bytes(struct raw_client *client)
{
    raw_say(client, GET("/more"));
    raw_close(client);
}

START_TEST(a_client_that_closes_behind_pipelined_bytes_is_gone)
{
    leaves(close_with_bytes);
}
END_TEST

START_TEST(a_half_closed_client_gets_what_is_answered_at_once)
{
    raw_serve((struct gt_server_options){0});
    struct raw_client *client = raw_connect();
    raw_say(client, GET("/"));
    half_close(client);
    raw_await_answer(client, 200);
}
END_TEST

START_TEST(who_asks_late_is_told_that_the_client_went)
{
    struct raw_client *client = raw_serve_held();
    raw_close(client);
    raw_await_gone(1);
    gt_exchange_on_gone(held[0], NULL, NULL);
    raw_run_ms(10);
    raw_hold(NULL, held[0]);
    ck_assert_uint_eq(gone_count, 1);
    raw_await_gone(2);
    gt_reply(held[0], 200, NULL, 0, "", 0);
}
END_TEST

Suite *server_limits_suite(void)
{
    Suite *suite = suite_create("server_limits");
    TCase *tcase = tcase_create("server_limits");
    tcase_add_checked_fixture(tcase, raw_setup, raw_teardown);
    tcase_add_test(tcase, a_malformed_request_is_refused_without_the_handler);
    tcase_add_test(tcase, headers_may_be_as_large_as_said_and_no_larger);
    tcase_add_test(tcase, a_query_of_nothing_but_ampersands_is_a_query);
    tcase_add_test(tcase, a_body_that_is_too_large_is_read_and_refused);
    tcase_add_test(tcase, a_body_in_tiny_pieces_costs_no_more_than_in_one);
    tcase_add_test(tcase, one_address_has_its_own_limit);
    tcase_add_test(tcase, a_request_that_trickles_has_its_time_in_all);
    tcase_add_test(tcase, a_trickling_first_line_after_an_answer_is_noticed_too);
    tcase_add_test(tcase, an_idle_connection_has_its_own_time);
    tcase_add_test(tcase, a_handler_may_take_longer_than_a_request);
    tcase_add_test(tcase, a_client_that_does_not_take_its_answer_is_let_go);
    tcase_add_test(tcase, a_chunk_extension_without_end_does_not_spin);
    tcase_add_test(tcase, a_lack_of_descriptors_does_not_spin);
    tcase_add_test(tcase, a_lack_of_descriptors_is_over_when_there_are_some_again);
    tcase_add_test(tcase, a_client_that_closes_while_the_handler_works_is_gone);
    tcase_add_test(tcase, a_client_that_resets_is_gone);
    tcase_add_test(tcase, a_client_that_closes_its_half_is_gone);
    tcase_add_test(tcase, a_client_that_closes_behind_pipelined_bytes_is_gone);
    tcase_add_test(tcase, a_half_closed_client_gets_what_is_answered_at_once);
    tcase_add_test(tcase, who_asks_late_is_told_that_the_client_went);
    suite_add_tcase(suite, tcase);
    return suite;
}
