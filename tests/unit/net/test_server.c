#include "raw_client.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

START_TEST(hands_over_a_request_as_it_was_sent)
{
    raw_serve((struct gt_server_options){0});
    struct raw_client *client = raw_connect();
    raw_say(client, "POST /a%2Fb/%20c?x=%41&y=+&& HTTP/1.1\r\nHost: h:1\r\nX-Two:  b c \t\r\n"
                    "x-two: d\r\nContent-Length: 5\r\n\r\nhello");
    ck_assert_str_eq(raw_await_answer(client, 200),
                     "POST /a%2Fb/%20c?x=%41&y=+&& host=h:1 x-two=b c x-two=d content-length=5 "
                     "[hello]");
}
END_TEST

static void describe(void *payload, struct gt_exchange *exchange)
{
    (void)payload;
    const struct gt_request *request = gt_exchange_request(exchange);
    struct gt_arena *arena = gt_exchange_arena(exchange);
    json_auto_t *text = json_pack(
        "{s:s, s:s, s:s*, s:s*, s:s*, s:s*, s:s}", "target", request->target, "path", request->path,
        "a", gt_request_query(request, arena, "a b"), "empty",
        gt_request_query(request, arena, "empty"), "none", gt_request_query(request, arena, "none"),
        "agent", gt_request_header(request, "user-agent"), "peer", request->peer);
    gt_reply_json(exchange, 201, text);
}

START_TEST(headers_query_and_peer_can_be_asked_for)
{
    raw_serve((struct gt_server_options){.handler = describe});
    struct raw_client *client = raw_connect();
    raw_say(client, "GET http://other/p?q&a+b=%31%202&a+b=3&empty HTTP/1.1\r\nHost: other\r\n"
                    "User-Agent: me\r\n\r\n");
    const char *head = raw_await(client, "\r\n\r\n"), *body = raw_await(client, "}");
    ck_assert_ptr_nonnull(strstr(head, "HTTP/1.1 201 Created"));
    ck_assert_ptr_nonnull(strstr(head, "application/json"));
    ck_assert_ptr_nonnull(strstr(head, "\r\nDate: "));
    ck_assert_ptr_nonnull(
        strstr(body, "{\"target\":\"http://other/p?q&a+b=%31%202&a+b=3&empty\",\"path\":\"/p\","
                     "\"a\":\"1 2\",\"empty\":\"\",\"agent\":\"me\",\"peer\":\"127.0.0.1:"));
}
END_TEST

START_TEST(a_connection_serves_one_request_after_the_other)
{
    raw_serve((struct gt_server_options){0});
    struct raw_client *client = raw_connect();
    for (int i = 0; i < 3; i++) {
        raw_say(client, GET("/again"));
        ck_assert_str_eq(raw_await_answer(client, 200), "GET /again?(none) host=h []");
    }
    raw_say(client, "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    raw_await_answer(client, 200);
    ck_assert_int_eq(raw_await_end(client), RAW_CLOSED);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
    raw_serve((struct gt_server_options){0});
    struct raw_client *client = raw_connect();
    raw_say(client,
            GET("/1") "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi" GET("/3"));
    ck_assert_str_eq(raw_await_answer(client, 200), "GET /1?(none) host=h []");
    ck_assert_str_eq(raw_await_answer(client, 200), "POST /2?(none) host=h content-length=2 [hi]");
    ck_assert_str_eq(raw_await_answer(client, 200), "GET /3?(none) host=h []");
}
END_TEST

START_TEST(pipelined_bytes_are_no_leave)
{
    raw_serve((struct gt_server_options){.handler = raw_hold});
    struct raw_client *client = raw_connect();
    raw_say(client, GET("/1") GET("/2"));
    raw_await_held(1);
    raw_say(client, GET("/3"));
    raw_run_ms(30);
    ck_assert_uint_eq(gone_count, 0);
    ck_assert_uint_eq(held_count, 1);
    for (size_t i = 0; i < 3; i++) {
        raw_await_held(i + 1);
        gt_reply(held[i], 200, NULL, 0, "ok", 2);
        ck_assert_str_eq(raw_await_answer(client, 200), "ok");
    }
    ck_assert_uint_eq(gone_count, 0);
    ck_assert_uint_eq(gt_server_busy(raw_server), 0);
}
END_TEST

static void reply_held(void *payload)
{
    gt_reply(payload, 200, &(struct gt_header){"X-Late", "yes"}, 1, "late", 4);
}

START_TEST(an_answer_from_a_timer_leaves_without_another_event)
{
    struct raw_client *client = raw_serve_held();
    ck_assert_uint_eq(gt_server_busy(raw_server), 1);
    gt_timer_start(raw_loop, 20, reply_held, held[0]);
    ck_assert_ptr_nonnull(strstr(raw_await(client, "\r\n\r\n"), "X-Late: yes\r\n"));
    raw_await(client, "late");
    ck_assert_uint_eq(gt_server_busy(raw_server), 0);
}
END_TEST

START_TEST(five_hundred_exchanges_wait_side_by_side)
{
    enum { COUNT = 500 };
    raw_serve((struct gt_server_options){.handler = raw_hold});
    struct raw_client *client[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        client[i] = raw_connect();
        raw_say(client[i], gt_printf(raw_arena, "GET /%zu HTTP/1.1\r\nHost: h\r\n\r\n", i));
    }
    raw_await_held(COUNT);
    ck_assert_uint_eq(gt_server_busy(raw_server), COUNT);
    for (size_t i = COUNT; i-- > 0;) {
        const char *path = gt_exchange_request(held[i])->path;
        gt_reply(held[i], 200, NULL, 0, path, strlen(path));
    }
    for (size_t i = 0; i < COUNT; i++)
        ck_assert_str_eq(raw_await_answer(client[i], 200), gt_printf(raw_arena, "/%zu", i));
    ck_assert_uint_eq(gt_server_busy(raw_server), 0);
}
END_TEST

START_TEST(beyond_the_limit_connections_wait_for_their_turn)
{
    enum { COUNT = 50 };
    raw_serve((struct gt_server_options){.max_connections = 8});
    struct raw_client *client[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        client[i] = raw_connect();
        raw_say(client[i], "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    }
    for (size_t i = 0; i < COUNT; i++)
        raw_await_answer(client[i], 200);
}
END_TEST

START_TEST(the_next_connection_is_accepted_when_one_goes)
{
    raw_serve((struct gt_server_options){.max_connections = 1});
    struct raw_client *first = raw_connect(), *second = raw_connect();
    raw_say(first, GET("/"));
    raw_await_answer(first, 200);
    raw_say(second, GET("/"));
    raw_run_ms(20);
    ck_assert_uint_eq(second->in.len, 0);
    raw_close(first);
    raw_await_answer(second, 200);
}
END_TEST

START_TEST(a_chunked_upload_is_put_together)
{
    raw_serve((struct gt_server_options){0});
    struct raw_client *client = raw_connect();
    raw_say(client, "PUT /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe");
    raw_run_ms(10);
    raw_say(client, "llo\r\n6;ext=1\r\n world\r\n0\r\nTrailer: x\r\n\r\n");
    ck_assert_str_eq(raw_await_answer(client, 200),
                     "PUT /up?(none) host=h transfer-encoding=chunked [hello world]");
    raw_say(client, GET("/next"));
    raw_await_answer(client, 200);
}
END_TEST

START_TEST(a_large_body_comes_and_goes_whole)
{
    enum { SIZE = 3 * 1024 * 1024 };
    raw_serve((struct gt_server_options){0});
    struct raw_client *client = raw_connect();
    char *body = gt_alloc(raw_arena, SIZE + 1);
    for (size_t i = 0; i < SIZE; i++)
        body[i] = (char)('a' + i % 23);
    raw_say(client,
            gt_printf(raw_arena, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", SIZE));
    raw_say_bytes(client, body, SIZE);
    const char *answer = raw_await_answer(client, 200);
    ck_assert_uint_eq(strlen(answer),
                      strlen("PUT /?(none) host=h content-length=3145728 []") + SIZE);
    ck_assert(memcmp(strchr(answer, '[') + 1, body, SIZE) == 0);
}
END_TEST

START_TEST(expect_100_continue_is_answered_before_the_body)
{
    raw_serve((struct gt_server_options){.max_body = 100});
    struct raw_client *client = raw_connect();
    raw_say(client,
            "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    raw_await(client, "HTTP/1.1 100 Continue\r\n\r\n");
    raw_say(client, "ok");
    raw_await_answer(client, 200);
    raw_say(client,
            "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n");
    raw_await_answer(client, 413);
}
END_TEST

START_TEST(head_has_the_length_and_no_body)
{
    raw_serve((struct gt_server_options){0});
    struct raw_client *client = raw_connect();
    raw_say(client, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    ck_assert_ptr_nonnull(
        strstr(raw_await(client, "\r\n\r\n"), "\r\nContent-Length: 23\r\n")); /* of the echo */
    raw_say(client, GET("/next"));
    ck_assert_str_eq(raw_await_answer(client, 200), "GET /next?(none) host=h []");
}
END_TEST

START_TEST(http_1_0_is_served)
{
    raw_serve((struct gt_server_options){0});
    struct raw_client *client = raw_connect();
    raw_say(client, "GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    ck_assert_str_eq(raw_await_answer(client, 200), "GET /old?(none) connection=keep-alive []");
    raw_say(client, "GET /old HTTP/1.0\r\n\r\n");
    ck_assert_str_eq(raw_await_answer(client, 200), "GET /old?(none) []");
    ck_assert_int_eq(raw_await_end(client), RAW_CLOSED);
}
END_TEST

static void reply_with_headers(void *payload, struct gt_exchange *exchange)
{
    (void)payload;
    static const struct gt_header headers[] = {{"X-Bad", "a\r\nX-Split: b"},
                                               {"Content-Length", "77"},
                                               {"Transfer-Encoding", "chunked"},
                                               {"X-Good", "c"},
                                               {"Set-Cookie", "1"},
                                               {"Set-Cookie", "2"}};
    gt_reply(exchange, 200, headers, GT_COUNT(headers), "body", 4);
}

START_TEST(headers_that_break_the_answer_are_left_out)
{
    raw_serve((struct gt_server_options){.handler = reply_with_headers});
    struct raw_client *client = raw_connect();
    raw_say(client, GET("/"));
    const char *head = raw_await(client, "\r\n\r\n");
    ck_assert_ptr_null(strstr(head, "Split"));
    ck_assert_ptr_null(strstr(head, "chunked"));
    ck_assert_ptr_nonnull(strstr(head, "Content-Length: 4\r\n"));
    ck_assert_ptr_nonnull(strstr(head, "X-Good: c\r\n"));
    ck_assert_ptr_nonnull(strstr(head, "Set-Cookie: 1\r\nSet-Cookie: 2\r\n"));
}
END_TEST

START_TEST(headers_are_added_to_whatever_the_answer_is)
{
    raw_serve((struct gt_server_options){.handler = raw_hold});
    struct raw_client *client = raw_connect();
    raw_say(client, GET("/") GET("/"));
    raw_await_held(1);
    char name[] = "X-Added", value[] = "yes";
    gt_exchange_add_header(held[0], name, value);
    gt_exchange_add_header(held[0], "X-Bad", "a\r\nX-Split: b");
    memset(value, 'n', sizeof(value) - 1);
    gt_reply(held[0], 204, &(struct gt_header){"X-Own", "1"}, 1, NULL, 0);
    const char *head = raw_await(client, "\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(head, "X-Own: 1\r\n"));
    ck_assert_ptr_nonnull(strstr(head, "X-Added: yes\r\n"));
    ck_assert_ptr_null(strstr(head, "Split"));
    raw_await_held(2);
    gt_exchange_add_header(held[1], "X-Added", "stream");
    gt_stream_begin(held[1], 200, NULL, 0);
    ck_assert_ptr_nonnull(strstr(raw_await(client, "\r\n\r\n"), "X-Added: stream\r\n"));
    gt_stream_end(held[1]);
}
END_TEST

START_TEST(an_address_in_use_or_wrong_is_an_error)
{
    raw_serve((struct gt_server_options){0});
    const struct gt_server_options options[] = {
        {.host = "127.0.0.1", .port = gt_server_port(raw_server), .handler = raw_echo},
        {.host = "localhost", .handler = raw_echo},
        {.host = "192.0.2.1", .handler = raw_echo},
    };
    const char *const messages[] = {
        "the address is in use",
        "cannot listen on localhost:0: this is no numeric address",
        "cannot listen on 192.0.2.1:0: this machine has no such address",
    };
    for (size_t i = 0; i < GT_COUNT(options); i++) {
        struct gt_diags diags = gt_diags_init(raw_arena);
        struct gt_server *server;
        ck_assert(!gt_server_start(raw_loop, &options[i], &server, &diags));
        ck_assert_str_eq(diags.list.at[0]->code, i == 0 ? "address-in-use" : "listen");
        ck_assert_msg(gt_ends_with(diags.list.at[0]->message, messages[i]), "%s",
                      diags.list.at[0]->message);
    }
}
END_TEST

START_TEST(ipv6_is_served_where_there_is_any)
{
    struct gt_diags diags = gt_diags_init(raw_arena);
    const struct gt_server_options options = {.host = "::1", .handler = raw_echo};
    if (gt_server_start(raw_loop, &options, &raw_server, &diags))
        ck_assert_int_gt(gt_server_port(raw_server), 0);
    else
        ck_assert_str_eq(diags.list.at[0]->code, "listen");
}
END_TEST

static void reply_to(void *payload)
{
    gone_count++;
    gt_reply(payload, 200, NULL, 0, "nobody", 6);
}

START_TEST(freeing_the_server_tells_those_who_work)
{
    raw_serve((struct gt_server_options){.handler = raw_hold});
    for (size_t i = 0; i < 3; i++)
        raw_say(raw_connect(), GET("/"));
    raw_say(raw_connect(), "GET /half HTTP/1.1\r\nHo");
    raw_await_held(3);
    raw_run_ms(10);
    gt_exchange_on_gone(held[0], reply_to, held[0]);
    gt_exchange_on_gone(held[1], NULL, NULL);
    gt_server_free(raw_server);
    raw_server = NULL;
    ck_assert_uint_eq(gone_count, 2);
}
END_TEST

Suite *server_suite(void)
{
    Suite *suite = suite_create("server");
    TCase *tcase = tcase_create("server");
    tcase_add_checked_fixture(tcase, raw_setup, raw_teardown);
    tcase_add_test(tcase, hands_over_a_request_as_it_was_sent);
    tcase_add_test(tcase, headers_query_and_peer_can_be_asked_for);
    tcase_add_test(tcase, a_connection_serves_one_request_after_the_other);
    tcase_add_test(tcase, pipelined_requests_are_answered_in_order);
    tcase_add_test(tcase, pipelined_bytes_are_no_leave);
    tcase_add_test(tcase, an_answer_from_a_timer_leaves_without_another_event);
    tcase_add_test(tcase, five_hundred_exchanges_wait_side_by_side);
    tcase_add_test(tcase, beyond_the_limit_connections_wait_for_their_turn);
    tcase_add_test(tcase, the_next_connection_is_accepted_when_one_goes);
    tcase_add_test(tcase, a_chunked_upload_is_put_together);
    tcase_add_test(tcase, a_large_body_comes_and_goes_whole);
    tcase_add_test(tcase, expect_100_continue_is_answered_before_the_body);
    tcase_add_test(tcase, head_has_the_length_and_no_body);
    tcase_add_test(tcase, http_1_0_is_served);
    tcase_add_test(tcase, headers_that_break_the_answer_are_left_out);
    tcase_add_test(tcase, headers_are_added_to_whatever_the_answer_is);
    tcase_add_test(tcase, an_address_in_use_or_wrong_is_an_error);
    tcase_add_test(tcase, ipv6_is_served_where_there_is_any);
    tcase_add_test(tcase, freeing_the_server_tells_those_who_work);
    suite_add_tcase(suite, tcase);
    return suite;
}
