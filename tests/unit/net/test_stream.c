#include "raw_client.h"

#include <string.h>

static const struct gt_header sse = {"Content-Type", "text/event-stream"};

static struct raw_client *ask(const char *request)
{
    raw_serve((struct gt_server_options){.handler = raw_hold});
    struct raw_client *client = raw_connect();
    raw_say(client, request);
    raw_await_held(1);
    return client;
}

START_TEST(pieces_arrive_as_they_are_written)
{
    struct raw_client *client = ask(GET("/") GET("/next"));
    gt_stream_begin(held[0], 200, &sse, 1);
    const char *head = raw_await(client, "\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(head, "Transfer-Encoding: chunked\r\n"));
    ck_assert_ptr_nonnull(strstr(head, "Content-Type: text/event-stream\r\n"));
    raw_run_ms(20);
    gt_stream_write(held[0], "one", 3);
    ck_assert_uint_eq(gt_stream_pending(held[0]), 3);
    ck_assert_str_eq(raw_await(client, "one\r\n"), "3\r\none\r\n");
    ck_assert_uint_eq(gt_stream_pending(held[0]), 0);
    gt_stream_write(held[0], "", 0);
    raw_run_ms(20);
    gt_stream_write(held[0], "two", 3);
    gt_stream_write(held[0], "three", 5);
    ck_assert_str_eq(raw_await(client, "twothree\r\n"), "8\r\ntwothree\r\n");
    ck_assert_uint_eq(gt_server_busy(raw_server), 1);
    gt_stream_end(held[0]);
    ck_assert_str_eq(raw_await(client, "0\r\n\r\n"), "0\r\n\r\n");
    raw_await_held(2);
    ck_assert_uint_eq(gt_server_busy(raw_server), 1);
    gt_reply(held[1], 200, NULL, 0, "next", 4);
    ck_assert_str_eq(raw_await_answer(client, 200), "next");
    ck_assert_uint_eq(gone_count, 0);
}
END_TEST

static void stream_at_once(void *payload, struct gt_exchange *exchange)
{
    (void)payload;
    gt_stream_begin(exchange, 200, &sse, 1);
    gt_stream_write(exchange, "all", 3);
    gt_stream_end(exchange);
}

START_TEST(a_stream_may_begin_and_end_inside_the_handler)
{
    raw_serve((struct gt_server_options){.handler = stream_at_once});
    struct raw_client *client = raw_connect();
    for (int i = 0; i < 2; i++) {
        raw_say(client, GET("/"));
        raw_await(client, "\r\n\r\n3\r\nall\r\n0\r\n\r\n");
    }
}
END_TEST

START_TEST(http_1_0_gets_a_stream_up_to_the_end)
{
    raw_serve((struct gt_server_options){.handler = stream_at_once});
    struct raw_client *client = raw_connect();
    raw_say(client, "GET / HTTP/1.0\r\nHost: h\r\n\r\n");
    ck_assert_int_eq(raw_await_end(client), RAW_CLOSED);
    ck_assert_str_eq(strstr(gt_buf_text(&client->in), "\r\n\r\n"), "\r\n\r\nall");
}
END_TEST

START_TEST(head_and_not_modified_have_no_stream)
{
    raw_serve((struct gt_server_options){.handler = stream_at_once});
    struct raw_client *client = raw_connect();
    raw_say(client, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    ck_assert_int_eq(raw_await_end(client), RAW_CLOSED);
    ck_assert_str_eq(strstr(gt_buf_text(&client->in), "\r\n\r\n"), "\r\n\r\n");
    ck_assert_uint_eq(gt_server_busy(raw_server), 0);
}
END_TEST

START_TEST(a_stream_of_head_goes_on_without_a_client)
{
    ask("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    gt_stream_begin(held[0], 200, &sse, 1);
    raw_run_ms(20);
    gt_stream_write(held[0], "x", 1);
    ck_assert_uint_eq(gt_stream_pending(held[0]), 0);
    ck_assert_uint_eq(gone_count, 0);
    gt_stream_end(held[0]);
    raw_run_ms(5);
    ck_assert_uint_eq(gt_server_busy(raw_server), 0);
}
END_TEST

START_TEST(a_slow_reader_leaves_bytes_pending)
{
    enum { PIECE = 1024 * 1024, PIECES = 40 };
    struct raw_client *client = ask(GET("/"));
    char *piece = gt_alloc(raw_arena, PIECE);
    gt_loop_unwatch(raw_loop, client->fd);
    gt_stream_begin(held[0], 200, NULL, 0);
    for (int i = 0; i < PIECES; i++) {
        memset(piece, 'a' + i % 26, PIECE);
        gt_stream_write(held[0], piece, PIECE);
        raw_run_ms(1);
    }
    ck_assert_uint_gt(gt_stream_pending(held[0]), PIECE);
    gt_stream_end(held[0]);
    raw_watch(client);
    raw_await(client, "\r\n\r\n");
    size_t got = 0;
    for (size_t len = 1; len > 0;) {
        len = strtoul(raw_await(client, "\r\n"), NULL, 16);
        const char *bytes = raw_await_bytes(client, len + 2);
        for (size_t i = 0; i < len; i++, got++)
            if (bytes[i] != (char)('a' + got / PIECE % 26))
                ck_abort_msg("byte %zu is another", got);
    }
    ck_assert_uint_eq(got, (size_t)PIECE * PIECES);
}
END_TEST

START_TEST(a_client_that_leaves_a_stream_is_gone)
{
    struct raw_client *client = ask(GET("/"));
    gt_stream_begin(held[0], 200, &sse, 1);
    gt_stream_write(held[0], "x", 1);
    raw_await(client, "x");
    raw_close(client);
    raw_await_gone(1);
    gt_stream_write(held[0], "y", 1);
    raw_run_ms(10);
    gt_stream_write(held[0], "z", 1);
    ck_assert_uint_eq(gt_stream_pending(held[0]), 0);
    ck_assert_uint_eq(gt_server_busy(raw_server), 1);
    gt_stream_end(held[0]);
    raw_run_ms(10);
    ck_assert_uint_eq(gt_server_busy(raw_server), 0);
    ck_assert_uint_eq(gone_count, 1);
}
END_TEST

START_TEST(a_client_that_leaves_while_bytes_are_pending_is_gone)
{
    enum { SIZE = 32 * 1024 * 1024 };
    struct raw_client *client = ask(GET("/"));
    gt_loop_unwatch(raw_loop, client->fd);
    gt_stream_begin(held[0], 200, NULL, 0);
    gt_stream_write(held[0], gt_alloc(raw_arena, SIZE), SIZE);
    raw_run_ms(20);
    client->end = RAW_CLOSED;
    raw_close(client);
    raw_await_gone(1);
    gt_stream_end(held[0]);
    raw_run_ms(10);
    ck_assert_uint_eq(gt_server_busy(raw_server), 0);
}
END_TEST

static void cut(struct gt_exchange *exchange, size_t sent)
{
    gt_reply_cut(exchange, 200, &sse, 1, "0123456789", 10, sent);
}

START_TEST(a_cut_answer_ends_early)
{
    raw_serve((struct gt_server_options){.handler = raw_hold});
    static const size_t sent[] = {0, 4, 10, 99};
    static const char *const bodies[] = {"", "0123", "0123456789", "0123456789"};
    for (size_t i = 0; i < GT_COUNT(sent); i++) {
        struct raw_client *client = raw_connect();
        raw_say(client, GET("/"));
        raw_await_held(i + 1);
        cut(held[i], sent[i]);
        ck_assert_ptr_nonnull(strstr(raw_await(client, "\r\n\r\n"), "Content-Length: 10\r\n"));
        raw_await_end(client);
        ck_assert_str_eq(gt_buf_text(&client->in), bodies[i]);
    }
    ck_assert_uint_eq(gt_server_busy(raw_server), 0);
}
END_TEST

static void abort_at_once(void *payload, struct gt_exchange *exchange)
{
    (void)payload;
    gt_exchange_abort(exchange);
}

START_TEST(an_abort_inside_the_handler_is_a_reset)
{
    raw_serve((struct gt_server_options){.handler = abort_at_once});
    struct raw_client *client = raw_connect();
    raw_say(client, GET("/"));
    ck_assert_int_eq(raw_await_end(client), RAW_RESET);
    ck_assert_uint_eq(client->in.len, 0);
    ck_assert_uint_eq(gt_server_busy(raw_server), 0);
}
END_TEST

START_TEST(an_abort_later_is_a_reset)
{
    struct raw_client *client = ask(GET("/"));
    gt_exchange_abort(held[0]);
    ck_assert_int_eq(raw_await_end(client), RAW_RESET);
    raw_run_ms(5);
    ck_assert_uint_eq(gt_server_busy(raw_server), 0);
    ck_assert_uint_eq(gone_count, 0);
}
END_TEST

START_TEST(an_abort_of_a_stream_is_a_reset_behind_what_was_sent)
{
    struct raw_client *client = ask(GET("/"));
    gt_stream_begin(held[0], 200, &sse, 1);
    gt_stream_write(held[0], "part", 4);
    raw_await(client, "part\r\n");
    gt_exchange_abort(held[0]);
    ck_assert_int_eq(raw_await_end(client), RAW_RESET);
    ck_assert_uint_eq(client->in.len, 0);
    raw_run_ms(5);
    ck_assert_uint_eq(gt_server_busy(raw_server), 0);
}
END_TEST

START_TEST(an_abort_with_bytes_pending_ends_the_connection)
{
    enum { SIZE = 32 * 1024 * 1024 };
    struct raw_client *client = ask(GET("/"));
    gt_loop_unwatch(raw_loop, client->fd);
    gt_stream_begin(held[0], 200, NULL, 0);
    gt_stream_write(held[0], gt_alloc(raw_arena, SIZE), SIZE);
    raw_run_ms(20);
    gt_exchange_abort(held[0]);
    raw_watch(client);
    ck_assert_int_eq(raw_await_end(client), RAW_RESET);
    ck_assert_uint_eq(gt_server_busy(raw_server), 0);
}
END_TEST

START_TEST(freeing_the_server_ends_streams)
{
    struct raw_client *client = ask(GET("/"));
    gt_stream_begin(held[0], 200, &sse, 1);
    gt_stream_write(held[0], "x", 1);
    raw_await(client, "x");
    gt_stream_write(held[0], "y", 1);
    gt_server_free(raw_server);
    raw_server = NULL;
    ck_assert_uint_eq(gone_count, 1);
    raw_await_end(client);
}
END_TEST

Suite *stream_suite(void)
{
    Suite *suite = suite_create("stream");
    TCase *tcase = tcase_create("stream");
    tcase_add_checked_fixture(tcase, raw_setup, raw_teardown);
    tcase_add_test(tcase, pieces_arrive_as_they_are_written);
    tcase_add_test(tcase, a_stream_may_begin_and_end_inside_the_handler);
    tcase_add_test(tcase, http_1_0_gets_a_stream_up_to_the_end);
    tcase_add_test(tcase, head_and_not_modified_have_no_stream);
    tcase_add_test(tcase, a_stream_of_head_goes_on_without_a_client);
    tcase_add_test(tcase, a_slow_reader_leaves_bytes_pending);
    tcase_add_test(tcase, a_client_that_leaves_a_stream_is_gone);
    tcase_add_test(tcase, a_client_that_leaves_while_bytes_are_pending_is_gone);
    tcase_add_test(tcase, a_cut_answer_ends_early);
    tcase_add_test(tcase, an_abort_inside_the_handler_is_a_reset);
    tcase_add_test(tcase, an_abort_later_is_a_reset);
    tcase_add_test(tcase, an_abort_of_a_stream_is_a_reset_behind_what_was_sent);
    tcase_add_test(tcase, an_abort_with_bytes_pending_ends_the_connection);
    tcase_add_test(tcase, freeing_the_server_ends_streams);
    suite_add_tcase(suite, tcase);
    return suite;
}
