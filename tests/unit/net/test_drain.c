/* The graceful end of a server: what has begun is finished, the rest is closed. */
#include "raw_client.h"

#include <string.h>
#include <unistd.h>

/* What has to be waited for until the end of a draining takes all of the time that this has. */
enum { LONG_MS = 20000, SOON_MS = LONG_MS / 2 };

enum { FRESH_MS = 900 /* a little less than a client that has just connected is waited for */ };

static unsigned drained;

static void on_drained(void *payload)
{
    ck_assert_ptr_eq(payload, raw_loop);
    drained++;
    gt_loop_stop(raw_loop);
}

static void drain(int64_t limit_ms)
{
    drained = 0;
    gt_server_drain(raw_server, limit_ms, on_drained, raw_loop);
    ck_assert_uint_eq(drained, 0); /* never from inside */
}

/* Runs until the server is drained; how long that took. */
static int64_t await_drained(void)
{
    int64_t start = gt_monotonic_ms(gt_sys_real());
    while (drained == 0)
        gt_loop_run(raw_loop);
    return gt_monotonic_ms(gt_sys_real()) - start;
}

static struct raw_client *used(void)
{
    struct raw_client *client = raw_connect();
    raw_say(client, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    raw_await_held(held_count + 1);
    gt_reply(held[held_count - 1], 200, NULL, 0, "ok", 2);
    raw_await_answer(client, 200);
    return client;
}

START_TEST(a_server_without_clients_is_drained_at_once)
{
    raw_serve((struct gt_server_options){0});
    drain(LONG_MS);
    ck_assert_int_lt(await_drained(), SOON_MS);
    raw_run_ms(50);
    ck_assert_uint_eq(drained, 1);
}
END_TEST

/* At a port below those that the system gives away: nobody else has it while it is free. */
static void serve_below(void)
{
    enum { FIRST = 15000, COUNT = 17000, STEP = 101 };
    bool serves = false;
    for (int i = 0; i < COUNT && !serves; i++) {
        struct gt_diags diags = gt_diags_init(raw_arena);
        const struct gt_server_options options = {.host = "127.0.0.1",
                                                  .port = FIRST + (getpid() + i) * STEP % COUNT,
                                                  .handler = raw_hold};
        serves = gt_server_start(raw_loop, &options, &raw_server, &diags);
    }
    ck_assert(serves);
}

START_TEST(idle_connections_are_closed_and_nobody_is_let_in)
{
    serve_below();
    struct raw_client *idle = used();
    int port = gt_server_port(raw_server);
    drain(LONG_MS);
    ck_assert_int_lt(await_drained(), SOON_MS);
    ck_assert_int_eq(raw_await_end(idle), RAW_CLOSED);
    struct gt_diags diags = gt_diags_init(raw_arena);
    struct gt_server *next = NULL; /* the port is free again */
    const struct gt_server_options options = {.port = port, .handler = raw_echo};
    ck_assert(gt_server_start(raw_loop, &options, &next, &diags));
    gt_server_free(next);
}
END_TEST

START_TEST(what_runs_is_answered_and_its_connection_closed)
{
    struct raw_client *client = raw_serve_held();
    drain(LONG_MS);
    raw_run_ms(200);
    ck_assert_uint_eq(drained, 0);
    ck_assert_int_eq(client->end, RAW_OPEN);
    gt_reply(held[0], 200, NULL, 0, "done", 4);
    const char *head = raw_await(client, "\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(head, "Connection: close\r\n"));
    raw_await(client, "done");
    ck_assert_int_eq(raw_await_end(client), RAW_CLOSED);
    ck_assert_int_lt(await_drained(), SOON_MS);
}
END_TEST

START_TEST(a_stream_ends_when_its_handler_ends_it)
{
    struct raw_client *client = raw_serve_held();
    gt_stream_begin(held[0], 200, NULL, 0);
    raw_await(client, "\r\n\r\n");
    drain(LONG_MS);
    gt_stream_write(held[0], "more", 4);
    raw_await(client, "more");
    ck_assert_uint_eq(drained, 0);
    gt_stream_end(held[0]);
    raw_await(client, "0\r\n\r\n");
    ck_assert_int_eq(raw_await_end(client), RAW_CLOSED);
    ck_assert_int_lt(await_drained(), SOON_MS);
}
END_TEST

START_TEST(a_request_that_has_begun_is_still_served)
{
    static const char *const starts[] = {
        "",
        "PUT / HTTP/1.1\r\nHo",
        "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell",
    };
    static const char whole[] = "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
    raw_serve((struct gt_server_options){0});
    struct raw_client *clients[GT_COUNT(starts)];
    int64_t begun = gt_monotonic_ms(gt_sys_real());
    for (size_t i = 0; i < GT_COUNT(starts); i++) {
        clients[i] = raw_connect();
        raw_say(clients[i], starts[i]);
    }
    raw_run_ms(150);
    drain(LONG_MS);
    raw_run_ms(50);
    for (size_t i = 0; i < GT_COUNT(starts); i++) {
        raw_say(clients[i], whole + strlen(starts[i]));
        /* Who has said nothing at all is not waited for much longer. */
        if (*starts[i] == '\0' && gt_monotonic_ms(gt_sys_real()) - begun > FRESH_MS) {
            raw_await_end(clients[i]);
            continue;
        }
        ck_assert_ptr_nonnull(strstr(raw_await(clients[i], "\r\n\r\n"), " 200 OK\r\n"));
        ck_assert_ptr_nonnull(strstr(raw_await(clients[i], "[hello]"), "PUT /"));
        ck_assert_int_eq(raw_await_end(clients[i]), RAW_CLOSED);
    }
    ck_assert_int_lt(await_drained(), SOON_MS);
}
END_TEST

START_TEST(bytes_that_were_not_read_yet_are_a_request)
{
    raw_serve((struct gt_server_options){.handler = raw_hold});
    struct raw_client *client = used();
    raw_say(client, GET("/late"));
    drain(LONG_MS);
    raw_await_held(2);
    ck_assert_str_eq(gt_exchange_request(held[1])->path, "/late");
    gt_reply(held[1], 200, NULL, 0, "late", 4);
    ck_assert_str_eq(raw_await_answer(client, 200), "late");
    ck_assert_int_lt(await_drained(), SOON_MS);
}
END_TEST

START_TEST(who_connects_and_says_nothing_is_closed_soon)
{
    raw_serve((struct gt_server_options){0});
    struct raw_client *silent = raw_connect();
    raw_run_ms(20);
    drain(LONG_MS);
    ck_assert_int_lt(await_drained(), SOON_MS);
    ck_assert_int_eq(raw_await_end(silent), RAW_CLOSED);
}
END_TEST

START_TEST(the_limit_ends_the_draining)
{
    raw_serve((struct gt_server_options){.handler = raw_hold});
    struct raw_client *client = raw_connect(), *half = raw_connect();
    raw_say(client, GET("/"));
    raw_say(half, "GET /half HTTP/1.1\r\n");
    raw_await_held(1);
    drain(300);
    int64_t ms = await_drained();
    ck_assert_msg(ms >= 250 && ms < SOON_MS, "%d ms", (int)ms);
    ck_assert_int_eq(client->end, RAW_OPEN);
    gt_server_free(raw_server);
    raw_server = NULL;
    ck_assert_uint_eq(gone_count, 1);
    ck_assert_int_ne(raw_await_end(client), RAW_OPEN);
    ck_assert_int_ne(raw_await_end(half), RAW_OPEN);
}
END_TEST

START_TEST(a_client_that_went_does_not_end_its_request)
{
    struct raw_client *client = raw_serve_held();
    raw_close(client);
    raw_await_gone(1);
    drain(LONG_MS);
    raw_run_ms(100);
    ck_assert_uint_eq(drained, 0);
    gt_reply(held[0], 200, NULL, 0, "", 0);
    ck_assert_int_lt(await_drained(), SOON_MS);
}
END_TEST

START_TEST(freeing_while_it_drains_tells_nobody)
{
    raw_serve((struct gt_server_options){.handler = raw_hold});
    struct raw_client *client = used();
    raw_say(client, GET("/"));
    raw_await_held(2);
    drain(100);
    gt_server_free(raw_server);
    raw_server = NULL;
    raw_run_ms(200);
    ck_assert_uint_eq(drained, 0);
}
END_TEST

Suite *drain_suite(void)
{
    Suite *suite = suite_create("drain");
    TCase *tcase = tcase_create("drain");
    tcase_add_checked_fixture(tcase, raw_setup, raw_teardown);
    tcase_add_test(tcase, a_server_without_clients_is_drained_at_once);
    tcase_add_test(tcase, idle_connections_are_closed_and_nobody_is_let_in);
    tcase_add_test(tcase, what_runs_is_answered_and_its_connection_closed);
    tcase_add_test(tcase, a_stream_ends_when_its_handler_ends_it);
    tcase_add_test(tcase, a_request_that_has_begun_is_still_served);
    tcase_add_test(tcase, bytes_that_were_not_read_yet_are_a_request);
    tcase_add_test(tcase, who_connects_and_says_nothing_is_closed_soon);
    tcase_add_test(tcase, the_limit_ends_the_draining);
    tcase_add_test(tcase, a_client_that_went_does_not_end_its_request);
    tcase_add_test(tcase, freeing_while_it_drains_tells_nobody);
    suite_add_tcase(suite, tcase);
    return suite;
}
