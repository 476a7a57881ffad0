#include "net_suites.h"
#include "test_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gantry/base/str.h>
#include <gantry/net/http.h>
#include <loop_run.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

GT_TEST_ARENA

extern char **environ;

enum { REQUEST_MAX = 64 * 1024 };

static struct gt_loop *loop;
static struct gt_http *http;
static struct gt_test_server server;

struct result {
    int calls;
    enum gt_http_outcome outcome;
    int status;
    const char *body, *error, *kind;
    size_t body_len;
    bool timed_out, too_large;
};

static void take_result(void *payload, const struct gt_http_response *response)
{
    struct result *result = payload;
    result->calls++;
    result->outcome = response->outcome;
    result->status = response->status;
    result->body = gt_strndup(arena, response->body, response->body_len);
    result->body_len = response->body_len;
    result->error = gt_strdup(arena, response->error);
    result->kind = gt_strdup(arena, gt_http_header(response, "x-kind"));
    result->timed_out = response->timed_out;
    result->too_large = response->too_large;
}

static void start(gt_test_serve_fn *serve, const struct gt_http_options *options)
{
    server = gt_test_server_start(serve);
    loop = gt_loop_new(gt_sys_real());
    http = gt_http_new(loop, options != NULL ? options : &(struct gt_http_options){0});
}

static void teardown(void)
{
    gt_http_free(http);
    gt_loop_free(loop);
    if (server.pid > 0)
        gt_test_server_stop(&server);
    arena_teardown();
}

static const char *url(const char *path)
{
    return gt_printf(arena, "http://127.0.0.1:%d%s", server.port, path);
}

static struct result run(struct gt_http_request request)
{
    struct result result = {0};
    if (request.method == NULL)
        request.method = "GET";
    if (request.url == NULL)
        request.url = url("/");
    gt_http_send(http, &request, take_result, &result);
    ck_assert_int_eq(result.calls, 0);
    gt_loop_run(loop);
    ck_assert_int_eq(result.calls, 1);
    return result;
}

static void echo(int fd, struct gt_test_counts *counts)
{
    static char request[REQUEST_MAX], head[256];
    while (gt_test_read_request(fd, request, sizeof(request), counts)) {
        snprintf(head, sizeof(head),
                 "HTTP/1.1 100 Continue\r\nX-Kind: interim\r\n\r\n"
                 "HTTP/1.1 201 Created\r\nX-KIND:  echo \r\nContent-Length: %zu\r\n\r\n",
                 strlen(request));
        gt_test_write(fd, head);
        gt_test_write(fd, request);
    }
}

START_TEST(a_request_is_sent_as_it_stands)
{
    start(echo, &(struct gt_http_options){.user_agent = "gantry/test"});
    const struct gt_header headers[] = {{"X-One", "a  b"}, {"X-Empty", ""}};
    struct result result = run((struct gt_http_request){.method = "PUT",
                                                        .url = url("/a/../b//%2Fc/./d?x=%20&y"),
                                                        .headers = headers,
                                                        .header_count = 2,
                                                        .body = "{\"a\":1}",
                                                        .body_len = 7});
    ck_assert_int_eq(result.outcome, GT_HTTP_ANSWERED);
    ck_assert_int_eq(result.status, 201);
    ck_assert_str_eq(result.kind, "echo");
    ck_assert_ptr_eq(result.error, NULL);
    ck_assert(gt_starts_with(result.body, "PUT /a/../b//%2Fc/./d?x=%20&y HTTP/1.1\r\n"));
    ck_assert_ptr_ne(strstr(result.body, "\r\nX-One: a  b\r\n"), NULL);
    ck_assert_ptr_ne(strstr(result.body, "\r\nX-Empty:\r\n"), NULL);
    ck_assert_ptr_ne(strstr(result.body, "\r\nUser-Agent: gantry/test\r\n"), NULL);
    ck_assert_ptr_ne(strstr(result.body, "\r\nContent-Length: 7\r\n"), NULL);
    ck_assert_ptr_eq(strstr(result.body, "Expect"), NULL);
    ck_assert_ptr_eq(strstr(result.body, "Content-Type"), NULL);
    ck_assert(gt_ends_with(result.body, "\r\n\r\n{\"a\":1}"));
}
END_TEST

START_TEST(methods_without_a_body_say_so)
{
    start(echo, NULL);
    struct result post = run((struct gt_http_request){.method = "POST"});
    ck_assert_ptr_ne(strstr(post.body, "\r\nContent-Length: 0\r\n"), NULL);
    struct result delete = run((struct gt_http_request){.method = "DELETE"});
    ck_assert(gt_starts_with(delete.body, "DELETE / HTTP/1.1\r\n"));
    ck_assert_ptr_eq(strstr(delete.body, "Content-Length"), NULL);
}
END_TEST

static void head_only(int fd, struct gt_test_counts *counts)
{
    static char request[REQUEST_MAX];
    while (gt_test_read_request(fd, request, sizeof(request), counts))
        gt_test_write(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 500\r\n\r\n");
}

START_TEST(an_answer_to_head_has_no_body)
{
    start(head_only, NULL);
    struct result result = run((struct gt_http_request){.method = "HEAD"});
    ck_assert_int_eq(result.outcome, GT_HTTP_ANSWERED);
    ck_assert_int_eq(result.status, 404);
    ck_assert_uint_eq(result.body_len, 0);
}
END_TEST

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* Answers the first request of a connection; takes the second and closes without a word. */
static void answer_then_die(int fd, struct gt_test_counts *counts)
{
    static char request[REQUEST_MAX];
    if (gt_test_read_request(fd, request, sizeof(request), counts))
        gt_test_write(fd, OK_ANSWER);
    gt_test_read_request(fd, request, sizeof(request), counts);
}

START_TEST(a_request_on_a_dying_connection_arrives_once)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
    start(answer_then_die, NULL);
    for (size_t i = 0; i < GT_COUNT(methods); i++) {
        ck_assert_int_eq(run((struct gt_http_request){0}).outcome, GT_HTTP_ANSWERED);
        int before = atomic_load(&server.counts->requests);
        struct result result = run((struct gt_http_request){.method = methods[i]});
        ck_assert_msg(result.outcome == GT_HTTP_MAYBE_SENT, "%s: outcome", methods[i]);
        int arrived = atomic_load(&server.counts->requests) - before;
        ck_assert_msg(arrived == 1, "%s: %d arrived", methods[i], arrived);
        ck_assert_str_eq(result.error, "the connection was closed before the answer");
    }
}
END_TEST

/* Until the server has counted so many. */
static void await(const atomic_int *count, int wanted)
{
    enum { WAITS = 60000 };
    for (int i = 0; i < WAITS && atomic_load(count) != wanted; i++)
        gt_test_sleep_ms(1);
    ck_assert_int_eq(atomic_load(count), wanted);
}

static void answer_once(int fd, struct gt_test_counts *counts)
{
    static char request[REQUEST_MAX];
    if (gt_test_read_request(fd, request, sizeof(request), counts))
        gt_test_write(fd, OK_ANSWER);
}

START_TEST(a_connection_that_was_closed_while_idle_is_replaced)
{
    start(answer_once, NULL);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(run((struct gt_http_request){0}).outcome, GT_HTTP_ANSWERED);
        await(&server.counts->open, 0);
    }
    ck_assert_int_eq(atomic_load(&server.counts->requests), 3);
}
END_TEST

START_TEST(nothing_is_sent_without_a_connection)
{
    start(answer_once, NULL);
    struct result tls = run(
        (struct gt_http_request){.url = gt_printf(arena, "https://127.0.0.1:%d/", server.port)});
    ck_assert_int_eq(tls.outcome, GT_HTTP_NOT_SENT);
    ck_assert_ptr_ne(tls.error, NULL);
    struct result name = run((struct gt_http_request){.url = "http://no-such-host.invalid/"});
    ck_assert_int_eq(name.outcome, GT_HTTP_NOT_SENT);
    gt_test_server_stop(&server);
    server.pid = 0;
    struct result refused = run((struct gt_http_request){0});
    ck_assert_int_eq(refused.outcome, GT_HTTP_NOT_SENT);
    ck_assert(!refused.timed_out);
}
END_TEST

/* The path says how to misbehave. */
static void misbehave(int fd, struct gt_test_counts *counts)
{
    static char request[REQUEST_MAX];
    if (!gt_test_read_request(fd, request, sizeof(request), counts))
        return;
    if (gt_starts_with(request, "GET /truncated "))
        gt_test_write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":");
    else if (gt_starts_with(request, "GET /no-http "))
        gt_test_write(fd, "220 mail.example.com ESMTP\r\n");
    else if (gt_starts_with(request, "GET /interim "))
        gt_test_write(fd, "HTTP/1.1 100 Continue\r\n\r\n");
    else if (gt_starts_with(request, "GET /early-hints "))
        gt_test_write(fd, "HTTP/1.1 103 Early Hints\r\nX-A: b\r\n\r\n");
    else if (gt_starts_with(request, "GET /half-head "))
        gt_test_write(fd, "HTTP/1.1 200 OK\r\nContent-Ty");
    else if (gt_starts_with(request, "GET /stall "))
        sleep(30);
    else if (gt_starts_with(request, "GET /large-body ")) {
        gt_test_write(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        for (int i = 0; i < 100000; i++)
            gt_test_write(fd, "0123456789012345678901234567890123456789012345678901234567890123");
    } else if (gt_starts_with(request, "GET /large-head ")) {
        gt_test_write(fd, "HTTP/1.1 200 OK\r\n");
        for (int i = 0; i < 20000; i++)
            gt_test_write(fd, "X-Junk: 01234567890123456789012345678901234567890123456789\r\n");
        gt_test_write(fd, "\r\n");
    } else if (gt_starts_with(request, "GET /redirect "))
        gt_test_write(fd, "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n"
                          "Content-Length: 0\r\n\r\n");
}

static const struct {
    const char *path;
    bool timed_out, too_large;
} failures[] = {
    {"/close", false, false},     {"/truncated", false, false}, {"/no-http", false, false},
    {"/half-head", false, false}, {"/stall", true, false},      {"/large-body", false, true},
    {"/large-head", false, true}, {"/interim", false, false},   {"/early-hints", false, false},
};

START_TEST(an_answer_that_is_none_may_have_been_sent)
{
    start(misbehave, NULL);
    struct result result =
        run((struct gt_http_request){.url = url(failures[_i].path),
                                     .max_body = 100000,
                                     .timeout_ms = failures[_i].timed_out ? 1500 : 60000});
    ck_assert_msg(result.outcome == GT_HTTP_MAYBE_SENT, "%s", failures[_i].path);
    ck_assert_msg(result.timed_out == failures[_i].timed_out, "%s", failures[_i].path);
    ck_assert_msg(result.too_large == failures[_i].too_large, "%s", failures[_i].path);
    ck_assert_uint_le(result.body_len, 100000);
    ck_assert_ptr_ne(result.error, NULL);
    ck_assert_ptr_eq(strchr(result.error, '\n'), NULL);
}
END_TEST

START_TEST(a_redirect_is_an_answer)
{
    start(misbehave, NULL);
    struct result result = run((struct gt_http_request){.url = url("/redirect")});
    ck_assert_int_eq(result.status, 302);
    ck_assert_int_eq(atomic_load(&server.counts->requests), 1);
}
END_TEST

static const struct gt_http_request flawed[] = {
    {.headers = &(const struct gt_header){"X-A", "1\r\nX-B: 2"}, .header_count = 1},
    {.headers = &(const struct gt_header){"X-A", "1\nX-B: 2"}, .header_count = 1},
    {.headers = &(const struct gt_header){"X-A: 1\r\nX-B", "2"}, .header_count = 1},
    {.headers = &(const struct gt_header){"", "2"}, .header_count = 1},
    {.method = "GET /other HTTP/1.1\r\nX: "},
    {.url = "http://127.0.0.1/a b"},
    {.url = "http://127.0.0.1/\r\nX: 1"},
    {.url = "file:///etc/passwd"},
    {.url = ""},
};

START_TEST(a_request_that_would_smuggle_is_refused)
{
    start(echo, NULL);
    struct result result = run(flawed[_i]);
    ck_assert_int_eq(result.outcome, GT_HTTP_NOT_SENT);
    ck_assert_ptr_ne(result.error, NULL);
    ck_assert_int_eq(atomic_load(&server.counts->connections), 0);
}
END_TEST

static struct result submitted;

static void submit(void *payload)
{
    (void)payload;
    gt_http_send(http, &(struct gt_http_request){.method = "GET", .url = url("/")}, take_result,
                 &submitted);
}

static void slow_commit(void *payload)
{
    int *turns = payload;
    if (++*turns == 1) {
        gt_test_sleep_ms(50);
        ck_assert_int_eq(atomic_load(&server.counts->connections), 0);
    }
}

START_TEST(nothing_leaves_before_the_turn_committed)
{
    static int turns;
    start(echo, NULL);
    gt_loop_on_turn(loop, slow_commit, &turns);
    gt_timer_start(loop, 0, submit, NULL);
    gt_loop_run(loop);
    ck_assert_int_eq(submitted.outcome, GT_HTTP_ANSWERED);
    ck_assert_int_gt(turns, 1);
}
END_TEST

START_TEST(a_request_from_outside_waits_for_the_first_commit)
{
    static int turns;
    start(echo, NULL);
    gt_loop_on_turn(loop, slow_commit, &turns);
    submit(NULL);
    gt_loop_run(loop);
    ck_assert_int_eq(submitted.outcome, GT_HTTP_ANSWERED);
}
END_TEST

static void slowly(int fd, struct gt_test_counts *counts)
{
    static char request[REQUEST_MAX];
    while (gt_test_read_request(fd, request, sizeof(request), counts)) {
        gt_test_sleep_ms(2);
        gt_test_write(fd, OK_ANSWER);
    }
}

START_TEST(connections_of_a_host_are_capped)
{
    enum { COUNT = 60 };
    start(slowly, &(struct gt_http_options){.connections_per_host = 4});
    struct result results[COUNT] = {0};
    for (size_t i = 0; i < COUNT; i++)
        gt_http_send(http, &(struct gt_http_request){.method = "GET", .url = url("/")}, take_result,
                     &results[i]);
    gt_loop_run(loop);
    for (size_t i = 0; i < COUNT; i++)
        ck_assert_int_eq(results[i].outcome, GT_HTTP_ANSWERED);
    ck_assert_int_le(atomic_load(&server.counts->most_open), 4);
    ck_assert_int_eq(atomic_load(&server.counts->requests), COUNT);
}
END_TEST

START_TEST(a_request_that_waits_too_long_for_a_connection_was_not_sent)
{
    start(misbehave, &(struct gt_http_options){.connections_per_host = 1});
    struct result first = {0}, second = {0};
    struct gt_http_request request = {.method = "GET", .url = url("/stall"), .timeout_ms = 60000};
    struct gt_http_open *open = gt_http_start(http, &request, take_result, &first);
    while (atomic_load(&server.counts->requests) == 0)
        gt_test_run_ms(loop, 20);
    request.timeout_ms = 200;
    gt_http_send(http, &request, take_result, &second);
    while (second.calls == 0)
        gt_test_run_ms(loop, 20);
    ck_assert_int_eq(first.calls, 0);
    ck_assert_int_eq(second.outcome, GT_HTTP_NOT_SENT);
    ck_assert(second.timed_out);
    gt_http_cancel(open);
    gt_loop_run(loop);
    ck_assert_int_eq(atomic_load(&server.counts->requests), 1);
}
END_TEST

static void set_proxy(int port)
{
    static char proxy[64], *environment[] = {proxy, NULL};
    snprintf(proxy, sizeof(proxy), "http_proxy=http://127.0.0.1:%d", port);
    environ = environment;
}

START_TEST(the_proxy_of_the_environment_is_used_unless_told_otherwise)
{
    start(answer_once, NULL);
    const char *far = "http://gantry.invalid/x"; /* a name that nobody has */
    set_proxy(server.port);
    ck_assert_int_eq(run((struct gt_http_request){.url = far}).outcome, GT_HTTP_ANSWERED);
    ck_assert_int_eq(run((struct gt_http_request){.url = far, .no_proxy = true}).outcome,
                     GT_HTTP_NOT_SENT);
}
END_TEST

START_TEST(this_machine_is_never_asked_by_way_of_a_proxy)
{
    static const char *const hosts[] = {"127.0.0.1", "LocalHost"};
    start(answer_once, NULL);
    set_proxy(1);
    for (size_t i = 0; i < GT_COUNT(hosts); i++) {
        const char *near = gt_printf(arena, "http://%s:%d/", hosts[i], server.port);
        enum gt_http_outcome outcome = run((struct gt_http_request){.url = near}).outcome;
        ck_assert_msg(outcome == GT_HTTP_ANSWERED, "%s", near);
    }
}
END_TEST

START_TEST(programs_that_are_started_get_no_connection)
{
    enum { FDS = 64 };
    size_t found = 0;
    start(echo, NULL);
    ck_assert_int_eq(run((struct gt_http_request){0}).outcome, GT_HTTP_ANSWERED);
    for (int fd = 0; fd < FDS; fd++) { /* it stays open for the next request */
        struct sockaddr_in peer = {0};
        socklen_t len = sizeof(peer);
        if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0 ||
            ntohs(peer.sin_port) != server.port)
            continue;
        found++;
        ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    }
    ck_assert_uint_eq(found, 1);
}
END_TEST

static void stop_loop(void *payload)
{
    (void)payload;
    gt_loop_stop(loop);
}

START_TEST(freeing_with_open_requests_drops_them)
{
    start(misbehave, &(struct gt_http_options){.connections_per_host = 1});
    struct result results[4] = {0};
    for (size_t i = 0; i < 3; i++)
        gt_http_send(http,
                     &(struct gt_http_request){.method = "GET",
                                               .url = url("/stall"),
                                               .body = "secret",
                                               .body_len = 6,
                                               .secret = true},
                     take_result, &results[i]);
    gt_timer_start(loop, 50, stop_loop, NULL);
    gt_loop_run(loop);
    gt_http_send(http, &(struct gt_http_request){.method = "GET", .url = "nonsense"}, take_result,
                 &results[3]);
    submit(NULL);
    gt_http_free(http);
    http = NULL;
    gt_loop_run(loop); /* nothing is left to wait for */
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(results[i].calls, 0);
}
END_TEST

Suite *http_suite(void)
{
    Suite *suite = suite_create("http");
    TCase *tcase = tcase_create("http");
    tcase_add_checked_fixture(tcase, arena_setup, teardown);
    tcase_add_test(tcase, a_request_is_sent_as_it_stands);
    tcase_add_test(tcase, methods_without_a_body_say_so);
    tcase_add_test(tcase, an_answer_to_head_has_no_body);
    tcase_add_test(tcase, a_request_on_a_dying_connection_arrives_once);
    tcase_add_test(tcase, a_connection_that_was_closed_while_idle_is_replaced);
    tcase_add_test(tcase, nothing_is_sent_without_a_connection);
    tcase_add_loop_test(tcase, an_answer_that_is_none_may_have_been_sent, 0,
                        (int)GT_COUNT(failures));
    tcase_add_test(tcase, a_redirect_is_an_answer);
    tcase_add_loop_test(tcase, a_request_that_would_smuggle_is_refused, 0, (int)GT_COUNT(flawed));
    tcase_add_test(tcase, nothing_leaves_before_the_turn_committed);
    tcase_add_test(tcase, a_request_from_outside_waits_for_the_first_commit);
    tcase_add_test(tcase, connections_of_a_host_are_capped);
    tcase_add_test(tcase, a_request_that_waits_too_long_for_a_connection_was_not_sent);
    tcase_add_test(tcase, the_proxy_of_the_environment_is_used_unless_told_otherwise);
    tcase_add_test(tcase, this_machine_is_never_asked_by_way_of_a_proxy);
    tcase_add_test(tcase, programs_that_are_started_get_no_connection);
    tcase_add_test(tcase, freeing_with_open_requests_drops_them);
    suite_add_tcase(suite, tcase);
    return suite;
}
