#include "raw_client.h"

#include <gantry/base/str.h>
#include <gantry/net/http.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct gt_http *http;
static const char *folder, *path;

static void setup(void)
{
    static char template[] = "/tmp/gantry-net-XXXXXX";
    raw_setup();
    http = gt_http_new(raw_loop, &(struct gt_http_options){0});
    folder = mkdtemp(template);
    ck_assert_ptr_nonnull(folder);
    path = gt_printf(raw_arena, "%s/socket", folder);
}

static void teardown(void)
{
    gt_http_free(http);
    unlink(path);
    rmdir(folder);
    raw_teardown();
}

struct call {
    struct gt_http_open *open;
    struct gt_buf data;
    int pieces, completions, status;
    enum gt_http_outcome outcome;
    const char *body, *type, *error;
    bool cancels;
    struct call *cancels_also;
};

static void on_data(void *payload, const struct gt_http_response *response, const char *bytes,
                    size_t len)
{
    struct call *call = payload;
    call->pieces++;
    gt_buf_add(&call->data, bytes, len);
    ck_assert_int_eq(response->status, 200);
    ck_assert_uint_eq(response->body_len, 0);
    call->type = gt_strdup(raw_arena, gt_http_header(response, "content-type"));
    if (call->cancels)
        gt_http_cancel(call->open);
    if (call->cancels_also != NULL)
        gt_http_cancel(call->cancels_also->open);
    gt_loop_stop(raw_loop);
}

static void on_completion(void *payload, const struct gt_http_response *response)
{
    struct call *call = payload;
    call->completions++;
    call->outcome = response->outcome;
    call->status = response->status;
    call->body = gt_strdup(raw_arena, response->body);
    call->error = gt_strdup(raw_arena, response->error);
    gt_loop_stop(raw_loop);
}

enum { WAITS = 3000 }; /* of some milliseconds each */

static struct call *new_call(void)
{
    struct call *call = GT_NEW(raw_arena, struct call);
    call->data = gt_buf_init(1024 * 1024);
    return call;
}

static struct call *start(struct gt_http_request request)
{
    struct call *call = new_call();
    if (request.method == NULL)
        request.method = "GET";
    if (request.url == NULL)
        request.url = gt_printf(raw_arena, "http://127.0.0.1:%d/path", gt_server_port(raw_server));
    call->open = gt_http_start(http, &request, on_completion, call);
    return call;
}

static void finish(struct call *call)
{
    for (int i = 0; i < WAITS && call->completions == 0; i++)
        raw_run_ms(5);
    ck_assert_int_eq(call->completions, 1);
    gt_buf_done(&call->data);
}

static const struct gt_header sse = {"Content-Type", "text/event-stream"};

START_TEST(data_comes_in_pieces_and_the_completion_follows)
{
    raw_serve((struct gt_server_options){.handler = raw_hold});
    struct call *call = start((struct gt_http_request){.on_data = on_data, .max_body = 4});
    raw_await_held(1);
    gt_stream_begin(held[0], 200, &sse, 1);
    for (int i = 1; i <= 3; i++) {
        gt_stream_write(held[0], "piece", 5);
        for (int n = 0; n < WAITS && call->pieces < i; n++)
            raw_run_ms(5);
        ck_assert_int_eq(call->pieces, i);
        ck_assert_int_eq(call->completions, 0);
    }
    gt_stream_end(held[0]);
    raw_run_ms(10);
    ck_assert_str_eq(gt_buf_text(&call->data), "piecepiecepiece");
    ck_assert_str_eq(call->type, "text/event-stream");
    finish(call);
    ck_assert_int_eq(call->outcome, GT_HTTP_ANSWERED);
    ck_assert_str_eq(call->body, "");
}
END_TEST

START_TEST(an_error_is_collected_even_so)
{
    raw_serve((struct gt_server_options){.handler = raw_hold});
    struct call *call = start((struct gt_http_request){.on_data = on_data});
    raw_await_held(1);
    gt_reply(held[0], 404, NULL, 0, "none", 4);
    finish(call);
    ck_assert_int_eq(call->status, 404);
    ck_assert_str_eq(call->body, "none");
    ck_assert_int_eq(call->pieces, 0);
}
END_TEST

START_TEST(a_stream_that_breaks_off_is_no_answer)
{
    raw_serve((struct gt_server_options){.handler = raw_hold});
    struct call *call = start((struct gt_http_request){.on_data = on_data});
    raw_await_held(1);
    gt_reply_cut(held[0], 200, NULL, 0, "0123456789", 10, 4);
    finish(call);
    ck_assert_int_eq(call->outcome, GT_HTTP_MAYBE_SENT);
    ck_assert_int_eq(call->pieces, 1);
}
END_TEST

START_TEST(an_abort_is_maybe_sent)
{
    raw_serve((struct gt_server_options){.handler = raw_hold});
    struct call *call = start((struct gt_http_request){0});
    raw_await_held(1);
    gt_exchange_abort(held[0]);
    finish(call);
    ck_assert_int_eq(call->outcome, GT_HTTP_MAYBE_SENT);
}
END_TEST

START_TEST(cancelling_closes_the_connection_and_completes_nothing)
{
    raw_serve((struct gt_server_options){.handler = raw_hold});
    struct call *call = start((struct gt_http_request){.on_data = on_data});
    raw_await_held(1);
    gt_http_cancel(call->open);
    raw_await_gone(1);
    gt_reply(held[0], 200, NULL, 0, "nobody", 6);
    raw_run_ms(20);
    ck_assert_int_eq(call->completions + call->pieces, 0);
}
END_TEST

START_TEST(what_has_not_left_can_be_cancelled)
{
    raw_serve((struct gt_server_options){0});
    gt_http_cancel(NULL);
    struct call *queued = start((struct gt_http_request){0});
    struct call *flawed = start((struct gt_http_request){.url = "nothing"});
    struct call *flawed_also = start((struct gt_http_request){.url = "nothing"});
    gt_http_cancel(queued->open);
    gt_http_cancel(flawed->open);
    raw_run_ms(20);
    ck_assert_int_eq(queued->completions + flawed->completions, 0);
    ck_assert_uint_eq(handled, 0);
    finish(flawed_also);
    ck_assert_int_eq(flawed_also->outcome, GT_HTTP_NOT_SENT);
}
END_TEST

START_TEST(cancelling_inside_on_data_ends_it_and_others)
{
    raw_serve((struct gt_server_options){.handler = raw_hold});
    struct call *other = start((struct gt_http_request){.on_data = on_data});
    raw_await_held(1);
    struct call *call = start((struct gt_http_request){.on_data = on_data});
    raw_await_held(2);
    call->cancels = true;
    call->cancels_also = other;
    gt_stream_begin(held[1], 200, &sse, 1);
    gt_stream_write(held[1], "x", 1);
    raw_await_gone(2);
    gt_stream_end(held[1]);
    gt_reply(held[0], 200, NULL, 0, "", 0);
    raw_run_ms(20);
    ck_assert_int_eq(call->pieces, 1);
    ck_assert_int_eq(call->completions + other->completions + other->pieces, 0);
    gt_buf_done(&call->data);
}
END_TEST

START_TEST(a_cancelled_request_makes_room_for_the_next)
{
    raw_serve((struct gt_server_options){.handler = raw_hold});
    gt_http_free(http);
    http = gt_http_new(raw_loop, &(struct gt_http_options){.connections_per_host = 1});
    struct call *first = start((struct gt_http_request){0});
    struct call *second = start((struct gt_http_request){0});
    raw_await_held(1);
    raw_run_ms(20);
    ck_assert_uint_eq(held_count, 1);
    gt_http_cancel(first->open);
    raw_await_held(2);
    gt_reply(held[1], 200, NULL, 0, "", 0);
    gt_reply(held[0], 200, NULL, 0, "", 0);
    finish(second);
    ck_assert_int_eq(second->outcome, GT_HTTP_ANSWERED);
}
END_TEST

START_TEST(a_unix_socket_is_private_and_goes_with_its_server)
{
    struct stat status;
    raw_serve((struct gt_server_options){.unix_path = path});
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert(S_ISSOCK(status.st_mode));
    ck_assert_int_eq(status.st_mode & 0777, 0600);
    ck_assert_int_eq(gt_server_port(raw_server), 0);
    struct call *call = start(
        (struct gt_http_request){.url = "http://gantry.local/over/there?q", .unix_socket = path});
    finish(call);
    ck_assert_int_eq(call->status, 200);
    ck_assert_str_eq(call->body, "GET /over/there?q host=gantry.local accept=*/* []");
    gt_server_free(raw_server);
    raw_server = NULL;
    ck_assert_int_eq(stat(path, &status), -1);
    call = start((struct gt_http_request){.url = "http://gantry.local/", .unix_socket = path});
    finish(call);
    ck_assert_int_eq(call->outcome, GT_HTTP_NOT_SENT);
}
END_TEST

static void name_peer(void *payload, struct gt_exchange *exchange)
{
    (void)payload;
    const char *peer = gt_exchange_request(exchange)->peer;
    gt_reply(exchange, 200, NULL, 0, peer, strlen(peer));
}

START_TEST(a_peer_on_a_unix_socket_has_no_address)
{
    raw_serve((struct gt_server_options){.unix_path = path, .handler = name_peer});
    struct raw_client *client = raw_connect_unix(path);
    raw_say(client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    ck_assert_str_eq(raw_await_answer(client, 200), "unix");
}
END_TEST

START_TEST(a_client_that_leaves_a_unix_socket_is_gone)
{
    raw_serve((struct gt_server_options){.unix_path = path, .handler = raw_hold});
    struct raw_client *client = raw_connect_unix(path);
    raw_say(client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    raw_await_held(1);
    raw_close(client);
    raw_await_gone(1);
    gt_exchange_abort(held[0]);
    client = raw_connect_unix(path);
    raw_say(client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    raw_await_held(2);
    gt_exchange_abort(held[1]);
    raw_await_end(client);
    ck_assert_uint_eq(client->in.len, 0);
}
END_TEST

static const char *start_error(void)
{
    struct gt_diags diags = gt_diags_init(raw_arena);
    struct gt_server *server;
    const struct gt_server_options options = {.unix_path = path, .handler = raw_echo};
    if (gt_server_start(raw_loop, &options, &server, &diags)) {
        gt_server_free(server);
        return NULL;
    }
    const char *message = diags.list.at[0]->message;
    ck_assert_str_eq(diags.list.at[0]->code,
                     gt_ends_with(message, "in use") ? "address-in-use" : "listen");
    return strrchr(message, ':') + 2;
}

START_TEST(a_socket_that_answers_is_in_use_and_a_stale_one_is_replaced)
{
    raw_serve((struct gt_server_options){.unix_path = path});
    ck_assert_str_eq(start_error(), "the address is in use");
    struct stat status;
    const char *aside = gt_printf(raw_arena, "%s/aside", folder);
    ck_assert_int_eq(link(path, aside), 0);
    gt_server_free(raw_server);
    raw_server = NULL;
    ck_assert_int_eq(rename(aside, path), 0); /* as after a crash */
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_ptr_null(start_error());
    ck_assert_int_eq(stat(path, &status), -1);
}
END_TEST

START_TEST(a_path_that_is_no_socket_is_left_alone)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fclose(file);
    ck_assert_str_eq(start_error(), "there is a file that is no socket");
    ck_assert_int_eq(access(path, F_OK), 0);
    unlink(path);
    path = gt_printf(raw_arena, "%s/none/socket", folder);
    ck_assert_str_eq(start_error(), "the folder does not exist");
    path = gt_printf(raw_arena, "%s/%0200d", folder, 1);
    ck_assert_str_eq(start_error(), "the path is too long for a socket");
}
END_TEST

START_TEST(a_socket_that_is_another_servers_by_now_stays)
{
    struct stat status;
    raw_serve((struct gt_server_options){.unix_path = path});
    unlink(path);
    struct gt_server *first = raw_server;
    raw_serve((struct gt_server_options){.unix_path = path});
    gt_server_free(first);
    ck_assert_int_eq(stat(path, &status), 0);
}
END_TEST

static void streaming_tests(Suite *suite)
{
    TCase *tcase = tcase_create("http_open");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, data_comes_in_pieces_and_the_completion_follows);
    tcase_add_test(tcase, an_error_is_collected_even_so);
    tcase_add_test(tcase, a_stream_that_breaks_off_is_no_answer);
    tcase_add_test(tcase, an_abort_is_maybe_sent);
    tcase_add_test(tcase, cancelling_closes_the_connection_and_completes_nothing);
    tcase_add_test(tcase, what_has_not_left_can_be_cancelled);
    tcase_add_test(tcase, cancelling_inside_on_data_ends_it_and_others);
    tcase_add_test(tcase, a_cancelled_request_makes_room_for_the_next);
    suite_add_tcase(suite, tcase);
}

static void unix_tests(Suite *suite)
{
    TCase *tcase = tcase_create("unix_sockets");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_unix_socket_is_private_and_goes_with_its_server);
    tcase_add_test(tcase, a_peer_on_a_unix_socket_has_no_address);
    tcase_add_test(tcase, a_client_that_leaves_a_unix_socket_is_gone);
    tcase_add_test(tcase, a_socket_that_answers_is_in_use_and_a_stale_one_is_replaced);
    tcase_add_test(tcase, a_path_that_is_no_socket_is_left_alone);
    tcase_add_test(tcase, a_socket_that_is_another_servers_by_now_stays);
    suite_add_tcase(suite, tcase);
}

Suite *http_open_suite(void)
{
    Suite *suite = suite_create("http_open");
    streaming_tests(suite);
    unix_tests(suite);
    return suite;
}
