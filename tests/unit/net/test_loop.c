#include "fixed_sys.h"
#include "net_suites.h"

#include <gantry/net/loop.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

GT_TEST_ARENA

static struct gt_fixed_sys fixed;
static struct gt_loop *loop;
static struct gt_buf trace;

static void setup(void)
{
    arena_setup();
    gt_fixed_sys_init(&fixed, 1700000000000);
    loop = gt_loop_new(&fixed.sys);
    trace = gt_buf_init(4096);
}

static void teardown(void)
{
    gt_loop_free(loop);
    gt_buf_done(&trace);
    arena_teardown();
}

static void *text(const char *literal)
{
    return gt_strdup(arena, literal);
}

static void note(void *payload)
{
    gt_buf_adds(&trace, payload);
}

START_TEST(timers_fire_by_time_then_by_start)
{
    gt_timer_start(loop, 30, note, text("c"));
    gt_timer_start(loop, 10, note, text("a"));
    gt_timer_start(loop, 20, note, text("B"));
    gt_timer_start(loop, 20, note, text("b"));
    gt_loop_run(loop);
    ck_assert_str_eq(gt_buf_text(&trace), "aBbc");
    ck_assert_int_eq(fixed.monotonic_ms, 1030);
}
END_TEST

static size_t fired;
static int64_t last_ms;

static void in_order(void *payload)
{
    int64_t *due_ms = payload;
    ck_assert_int_eq(*due_ms, fixed.monotonic_ms);
    ck_assert_int_ge(fixed.monotonic_ms, last_ms);
    last_ms = fixed.monotonic_ms;
    fired++;
}

START_TEST(a_thousand_timers_with_cancels_keep_their_order)
{
    enum { COUNT = 1000 };
    struct gt_timer *timers[COUNT];
    fired = 0;
    last_ms = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        int64_t *due_ms = GT_NEW(arena, int64_t);
        int64_t delay_ms = i * 7919 % 503;
        *due_ms = fixed.monotonic_ms + delay_ms;
        timers[i] = gt_timer_start(loop, delay_ms, in_order, due_ms);
    }
    for (unsigned i = 0; i < COUNT; i += 3)
        gt_timer_cancel(timers[i]);
    gt_timer_cancel(NULL);
    gt_loop_run(loop);
    ck_assert_uint_eq(fired, COUNT - (COUNT + 2) / 3);
}
END_TEST

static void start_another(void *payload)
{
    note(payload);
    gt_timer_start(loop, 0, note, text("later "));
}

static void end_of_turn(void *payload)
{
    note(payload);
}

START_TEST(a_timer_of_no_delay_fires_in_the_next_turn)
{
    gt_loop_on_turn(loop, end_of_turn, text("| "));
    gt_timer_start(loop, 0, start_another, text("now "));
    gt_loop_run(loop);
    ck_assert_str_eq(gt_buf_text(&trace), "now | later | ");
}
END_TEST

static void stop(void *payload)
{
    note(payload);
    gt_loop_stop(loop);
}

START_TEST(stop_finishes_the_turn_and_keeps_the_rest_for_the_next_run)
{
    gt_loop_on_turn(loop, end_of_turn, text("| "));
    gt_timer_start(loop, 0, stop, text("stop "));
    gt_timer_start(loop, 0, note, text("same "));
    gt_timer_start(loop, 5, note, text("rest "));
    gt_loop_run(loop);
    ck_assert_str_eq(gt_buf_text(&trace), "stop same | ");
    gt_loop_run(loop);
    ck_assert_str_eq(gt_buf_text(&trace), "stop same | rest | ");
}
END_TEST

START_TEST(run_returns_at_once_when_nothing_waits)
{
    gt_loop_run(loop);
    ck_assert_int_eq(fixed.monotonic_ms, 1000);
}
END_TEST

static void on_readable(void *payload, int fd)
{
    char bytes[16];
    ssize_t len = read(fd, bytes, sizeof(bytes));
    if (len > 0) {
        gt_buf_add(payload, bytes, (size_t)len);
        return;
    }
    gt_buf_adds(payload, "end");
    gt_loop_unwatch(loop, fd);
    close(fd);
}

START_TEST(a_watched_pipe_is_read_to_its_end)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    gt_loop_watch(loop, ends[0], on_readable, &trace);
    ck_assert_int_eq(write(ends[1], "bytes ", 6), 6);
    close(ends[1]);
    gt_loop_run(loop);
    ck_assert_str_eq(gt_buf_text(&trace), "bytes end");
    gt_loop_unwatch(loop, ends[0]); /* a second time does nothing */
}
END_TEST

static int pair[2][2];

static void close_both(void *payload, int fd)
{
    (void)fd;
    note(payload);
    for (int i = 0; i < 2; i++) {
        gt_loop_unwatch(loop, pair[i][0]);
        close(pair[i][0]);
        close(pair[i][1]);
    }
}

START_TEST(a_descriptor_unwatched_in_the_same_turn_is_not_called)
{
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pipe(pair[i]), 0);
        gt_loop_watch(loop, pair[i][0], close_both, text("once"));
        ck_assert_int_eq(write(pair[i][1], "x", 1), 1);
    }
    gt_loop_run(loop);
    ck_assert_str_eq(gt_buf_text(&trace), "once");
}
END_TEST

static void fill_then_read(void *payload, int fd, unsigned ready)
{
    gt_buf_addf(&trace, "%u ", ready);
    char byte = 'x';
    if (ready & GT_IO_WRITE) {
        ck_assert_int_eq(write(fd, &byte, 1), 1);
        gt_loop_watch_io(loop, fd, GT_IO_READ, fill_then_read, payload);
        ck_assert_int_eq(write(*(int *)payload, &byte, 1), 1);
        return;
    }
    ck_assert_int_eq(read(fd, &byte, 1), 1);
    gt_loop_watch_io(loop, fd, 0, NULL, NULL);
}

START_TEST(a_socket_is_watched_in_both_directions)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    gt_loop_watch_io(loop, ends[0], GT_IO_READ | GT_IO_WRITE, fill_then_read, &ends[1]);
    gt_loop_run(loop);
    ck_assert_str_eq(gt_buf_text(&trace), "2 1 ");
    close(ends[0]);
    close(ends[1]);
}
END_TEST

static void note_ready(void *payload, int fd, unsigned ready)
{
    (void)payload;
    gt_buf_addf(&trace, "%u ", ready);
    gt_loop_unwatch(loop, fd);
}

START_TEST(a_pipe_without_reader_is_an_error_to_the_writer)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    close(ends[0]);
    gt_loop_watch_io(loop, ends[1], GT_IO_WRITE, note_ready, NULL);
    gt_loop_run(loop);
    ck_assert_str_eq(gt_buf_text(&trace), "6 ");
    close(ends[1]);
}
END_TEST

START_TEST(a_real_clock_waits)
{
    struct gt_loop *real = gt_loop_new(gt_sys_real());
    int64_t start_ms = gt_monotonic_ms(gt_sys_real());
    gt_timer_start(real, 30, note, text("x"));
    gt_loop_run(real);
    ck_assert_int_ge(gt_monotonic_ms(gt_sys_real()) - start_ms, 30);
    gt_loop_free(real);
}
END_TEST

Suite *loop_suite(void)
{
    Suite *suite = suite_create("loop");
    TCase *tcase = tcase_create("loop");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, timers_fire_by_time_then_by_start);
    tcase_add_test(tcase, a_thousand_timers_with_cancels_keep_their_order);
    tcase_add_test(tcase, a_timer_of_no_delay_fires_in_the_next_turn);
    tcase_add_test(tcase, stop_finishes_the_turn_and_keeps_the_rest_for_the_next_run);
    tcase_add_test(tcase, run_returns_at_once_when_nothing_waits);
    tcase_add_test(tcase, a_watched_pipe_is_read_to_its_end);
    tcase_add_test(tcase, a_descriptor_unwatched_in_the_same_turn_is_not_called);
    tcase_add_test(tcase, a_socket_is_watched_in_both_directions);
    tcase_add_test(tcase, a_pipe_without_reader_is_an_error_to_the_writer);
    tcase_add_test(tcase, a_real_clock_waits);
    suite_add_tcase(suite, tcase);
    return suite;
}
