#include "suites.h"

#include "golden.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

GT_TEST_ARENA

static const char *no_env(void *self, const char *name)
{
    (void)self;
    (void)name;
    return NULL;
}

START_TEST(a_reader_that_went_away_is_an_error_that_stays)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    signal(SIGPIPE, SIG_IGN);
    close(ends[0]);
    struct gt_stream out = gt_stream_open(ends[1], no_env, NULL);
    gt_stream_adds(&out, "result\n");
    ck_assert(!gt_stream_flush(&out));
    ck_assert_int_eq(out.error, EPIPE);
    gt_stream_adds(&out, "more\n");
    ck_assert(!gt_stream_flush(&out));
    gt_stream_done(&out);
    close(ends[1]);
}
END_TEST

START_TEST(a_full_disk_is_an_error)
{
    int fd = open("/dev/full", O_WRONLY);
    if (fd < 0)
        return;
    struct gt_stream out = gt_stream_open(fd, no_env, NULL);
    gt_stream_adds(&out, "result\n");
    ck_assert(!gt_stream_flush(&out));
    ck_assert_int_eq(out.error, ENOSPC);
    gt_stream_done(&out);
    close(fd);
}
END_TEST

START_TEST(all_bytes_arrive_also_through_a_full_non_blocking_pipe)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    enum { LINES = 40000 };
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        close(ends[0]);
        struct gt_stream out = gt_stream_open(ends[1], no_env, NULL);
        for (int i = 0; i < LINES; i++)
            gt_stream_adds(&out, "0123456789\n");
        _exit(gt_stream_flush(&out) ? 0 : 1);
    }
    close(ends[1]);
    size_t total = 0;
    char bytes[4096];
    for (ssize_t got; (got = read(ends[0], bytes, sizeof(bytes))) > 0;)
        total += (size_t)got;
    close(ends[0]);
    ck_assert_uint_eq(total, (size_t)LINES * 11);
}
END_TEST

START_TEST(a_long_formatted_text_is_whole)
{
    struct gt_stream out = gt_stream_memory();
    char *text = gt_alloc(arena, 3000);
    memset(text, 'x', 2999);
    gt_stream_addf(&out, "<%s>", text);
    ck_assert_uint_eq(strlen(stream_take(arena, &out)), 3001);
}
END_TEST

START_TEST(a_pipe_has_no_colour)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    struct gt_stream out = gt_stream_open(ends[1], no_env, NULL);
    ck_assert(!out.tty);
    ck_assert(!out.colour);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

Suite *stream_suite(void)
{
    Suite *suite = suite_create("stream");
    TCase *tcase = tcase_create("stream");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, a_reader_that_went_away_is_an_error_that_stays);
    tcase_add_test(tcase, a_full_disk_is_an_error);
    tcase_add_test(tcase, all_bytes_arrive_also_through_a_full_non_blocking_pipe);
    tcase_add_test(tcase, a_long_formatted_text_is_whole);
    tcase_add_test(tcase, a_pipe_has_no_colour);
    suite_add_tcase(suite, tcase);
    return suite;
}
