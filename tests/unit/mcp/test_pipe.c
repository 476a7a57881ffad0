#include "mcp_suites.h"

#include <fcntl.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/mcp/stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

GT_TEST_ARENA

static struct gt_loop *loop;
static struct gt_buf trace;
static int ours[2], theirs[2]; /* what the pipe reads, what it writes: [0] to read, [1] to write */
static struct gt_mcp_pipe *pipe_under_test;

static void note_message(void *payload, const json_t *message, const char *problem)
{
    (void)payload;
    gt_buf_addf(&trace, "%s;", problem != NULL ? problem : gt_json_canonical(arena, message));
}

static void note_end(void *payload, const char *reason)
{
    (void)payload;
    gt_buf_addf(&trace, "end: %s", reason);
}

static struct gt_mcp_pipe *open_pipe(size_t max_line)
{
    pipe_under_test = gt_mcp_pipe_new(&(struct gt_mcp_pipe_options){.loop = loop,
                                                                    .in = ours[0],
                                                                    .out = theirs[1],
                                                                    .owned = true,
                                                                    .max_line = max_line,
                                                                    .on_message = note_message,
                                                                    .on_end = note_end});
    return pipe_under_test;
}

static void setup(void)
{
    arena_setup();
    loop = gt_loop_new(gt_sys_real());
    trace = gt_buf_init(1024 * 1024);
    ck_assert_int_eq(pipe(ours), 0);
    ck_assert_int_eq(pipe(theirs), 0);
}

static void teardown(void)
{
    close(ours[1]);
    close(theirs[0]);
    gt_mcp_pipe_free(pipe_under_test, 0);
    gt_loop_free(loop);
    gt_buf_done(&trace);
    arena_teardown();
}

static void put(const char *text)
{
    ck_assert_int_eq(write(ours[1], text, strlen(text)), (ssize_t)strlen(text));
}

static void shut(void)
{
    close(ours[1]);
    ours[1] = -1;
}

START_TEST(lines_are_messages_until_the_end)
{
    open_pipe(0);
    put("{\"a\":1}\r\n\n{\"b\":2}\n[1]\n{\"c\":");
    put("3}");
    shut();
    gt_loop_run(loop);
    ck_assert_str_eq(gt_buf_text(&trace),
                     "{\"a\":1};{\"b\":2};[1];{\"c\":3};end: the input has ended");
}
END_TEST

START_TEST(a_line_that_is_no_json_is_a_problem_and_not_the_end)
{
    open_pipe(0);
    put("nonsense\n{\"a\":1}\n");
    shut();
    gt_loop_run(loop);
    ck_assert_ptr_nonnull(strstr(gt_buf_text(&trace), "no JSON"));
    ck_assert_ptr_nonnull(strstr(gt_buf_text(&trace), "{\"a\":1};end:"));
}
END_TEST

START_TEST(a_line_that_is_too_long_ends_the_pipe)
{
    open_pipe(16);
    put("{\"a\":1}\n{\"bbbbbbbbbbbbbbbbbbb\":1}\n{\"c\":1}\n");
    gt_loop_run(loop);
    ck_assert_str_eq(gt_buf_text(&trace), "{\"a\":1};a line is too long;end: a line is too long");
}
END_TEST

static size_t received;
static void receive(void *payload, int fd)
{
    char bytes[4096];
    (void)payload;
    ssize_t len = read(fd, bytes, sizeof(bytes));
    ck_assert_int_gt(len, 0);
    received += (size_t)len;
    if (gt_mcp_pipe_pending(pipe_under_test) == 0 && len < (ssize_t)sizeof(bytes)) {
        gt_loop_unwatch(loop, fd);
        shut();
    }
}

START_TEST(more_than_a_pipe_holds_is_queued_and_arrives)
{
    struct gt_mcp_pipe *p = open_pipe(0);
    char *text = gt_alloc(arena, 100001);
    memset(text, 'x', 100000);
    json_t *message = gt_pack(arena, "{s:s}", "t", text);
    for (int i = 0; i < 10; i++)
        gt_mcp_pipe_send(p, message);
    ck_assert_uint_gt(gt_mcp_pipe_pending(p), 500000);
    received = 0;
    gt_loop_watch(loop, theirs[0], receive, NULL);
    gt_loop_run(loop);
    ck_assert_uint_eq(received, 10 * (100000 + strlen("{\"t\":\"\"}\n")));
}
END_TEST

START_TEST(a_reader_that_goes_is_the_end_told_later)
{
    struct gt_mcp_pipe *p = open_pipe(0);
    close(theirs[0]);
    gt_mcp_pipe_send(p, gt_pack(arena, "{}"));
    ck_assert_str_eq(gt_buf_text(&trace), "");
    gt_loop_run(loop);
    theirs[0] = -1;
    ck_assert_str_eq(gt_buf_text(&trace), "end: the other side no longer reads");
}
END_TEST

static void free_inside(void *payload, const json_t *message, const char *problem)
{
    note_message(payload, message, problem);
    gt_mcp_pipe_free(pipe_under_test, 0);
    pipe_under_test = NULL;
}

START_TEST(may_be_freed_from_inside_a_callback)
{
    pipe_under_test = gt_mcp_pipe_new(&(struct gt_mcp_pipe_options){
        .loop = loop, .in = ours[0], .out = theirs[1], .owned = true, .on_message = free_inside});
    put("{\"a\":1}\n{\"b\":1}\n");
    gt_loop_run(loop);
    ck_assert_str_eq(gt_buf_text(&trace), "{\"a\":1};");
}
END_TEST

START_TEST(one_socket_carries_both_directions)
{
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct gt_mcp_pipe_options options = {.loop = loop,
                                          .in = pair[0],
                                          .out = pair[0],
                                          .owned = true,
                                          .on_message = note_message,
                                          .on_end = note_end};
    struct gt_mcp_pipe *p = gt_mcp_pipe_new(&options);
    gt_mcp_pipe_send(p, gt_pack(arena, "{s:i}", "a", 1));
    char bytes[64] = "";
    ck_assert_int_eq(read(pair[1], bytes, sizeof(bytes) - 1), 8);
    ck_assert_str_eq(bytes, "{\"a\":1}\n");
    ck_assert_int_eq(write(pair[1], "{\"b\":2}\n", 8), 8);
    close(pair[1]);
    gt_loop_run(loop);
    gt_mcp_pipe_free(p, 0);
    ck_assert_str_eq(gt_buf_text(&trace), "{\"b\":2};end: the input has ended");
    close(ours[0]);
    close(theirs[1]);
}
END_TEST

START_TEST(an_input_that_cannot_be_waited_for_is_read_all_the_same)
{
    int null = open("/dev/null", O_RDONLY);
    ck_assert_int_ge(null, 0);
    struct gt_mcp_pipe_options options = {
        .loop = loop, .in = null, .out = theirs[1], .on_message = note_message, .on_end = note_end};
    struct gt_mcp_pipe *p = gt_mcp_pipe_new(&options);
    gt_loop_run(loop);
    ck_assert_str_eq(gt_buf_text(&trace), "end: the input has ended");
    gt_mcp_pipe_free(p, 0);
    close(null);
    close(ours[0]);
    close(theirs[1]);
}
END_TEST

START_TEST(what_is_queued_leaves_before_the_pipe_is_freed)
{
    struct gt_mcp_pipe *p = open_pipe(0);
    gt_mcp_pipe_send(p, gt_pack(arena, "{s:i}", "a", 1));
    gt_mcp_pipe_free(p, 1000);
    pipe_under_test = NULL;
    char bytes[64] = "";
    ck_assert_int_eq(read(theirs[0], bytes, sizeof(bytes) - 1), 8);
    ck_assert_str_eq(bytes, "{\"a\":1}\n");
}
END_TEST

START_TEST(descriptors_of_others_block_again_afterwards)
{
    struct gt_mcp_pipe *p = gt_mcp_pipe_new(&(struct gt_mcp_pipe_options){
        .loop = loop, .in = ours[0], .out = theirs[1], .on_message = note_message});
    ck_assert_int_ne(fcntl(ours[0], F_GETFL) & O_NONBLOCK, 0);
    gt_mcp_pipe_free(p, 0);
    ck_assert_int_eq(fcntl(ours[0], F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_eq(fcntl(theirs[1], F_GETFL) & O_NONBLOCK, 0);
    close(ours[0]);
    close(theirs[1]);
}
END_TEST

Suite *pipe_suite(void)
{
    Suite *suite = suite_create("pipe");
    TCase *tests = tcase_create("pipe");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, lines_are_messages_until_the_end);
    tcase_add_test(tests, a_line_that_is_no_json_is_a_problem_and_not_the_end);
    tcase_add_test(tests, a_line_that_is_too_long_ends_the_pipe);
    tcase_add_test(tests, more_than_a_pipe_holds_is_queued_and_arrives);
    tcase_add_test(tests, a_reader_that_goes_is_the_end_told_later);
    tcase_add_test(tests, may_be_freed_from_inside_a_callback);
    tcase_add_test(tests, one_socket_carries_both_directions);
    tcase_add_test(tests, an_input_that_cannot_be_waited_for_is_read_all_the_same);
    tcase_add_test(tests, what_is_queued_leaves_before_the_pipe_is_freed);
    tcase_add_test(tests, descriptors_of_others_block_again_afterwards);
    suite_add_tcase(suite, tests);
    return suite;
}
