#include "net_suites.h"

#include <dirent.h>
#include <gantry/net/workers.h>
#include <gantry/sys/sys.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

GT_TEST_ARENA

struct job {
    int begun[2], pipe[2];
    int runs, dones;
};

static struct gt_loop *loop;
static struct gt_workers *workers;

static void setup(void)
{
    arena_setup();
    loop = gt_loop_new(gt_sys_real());
    workers = gt_workers_new(loop, 2);
}

static void teardown(void)
{
    gt_loop_free(loop);
    arena_teardown();
}

static void count_run(void *payload)
{
    ((struct job *)payload)->runs++;
}

static void count_done(void *payload)
{
    ((struct job *)payload)->dones++;
}

static void stop(void *payload)
{
    count_done(payload);
    gt_loop_stop(loop);
}

/* As a read from a file system that hangs. */
static void hang(void *payload)
{
    const struct job *job = payload;
    char byte = 'b';
    ssize_t n = write(job->begun[1], &byte, 1);
    while (n >= 0 && read(job->pipe[0], &byte, 1) < 0) {
    }
}

START_TEST(work_comes_back_in_a_turn_of_the_loop)
{
    struct job job = {0};
    gt_work(workers, count_run, stop, &job);
    ck_assert_int_eq(job.dones, 0);
    gt_loop_run(loop);
    ck_assert_int_eq(job.runs, 1);
    ck_assert_int_eq(job.dones, 1);
    gt_workers_free(workers);
}
END_TEST

START_TEST(what_was_never_begun_is_handed_back_at_the_end)
{
    struct job job = {0};
    for (int i = 0; i < 100; i++)
        gt_work(workers, count_run, count_done, &job);
    gt_workers_free(workers);
    ck_assert_int_eq(job.dones, 100);
}
END_TEST

static int threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    ck_assert_ptr_nonnull(tasks);
    for (const struct dirent *task; (task = readdir(tasks)) != NULL;)
        count += task->d_name[0] != '.';
    closedir(tasks);
    return count;
}

START_TEST(work_that_hangs_does_not_hold_up_the_end)
{
    struct job stuck = {0}, other = {0};
    struct timespec from, to;
    char byte;
    ck_assert_int_eq(pipe(stuck.begun) + pipe(stuck.pipe), 0);
    for (int i = 0; i < 2; i++) {
        gt_work(workers, hang, count_done, &stuck);
        ck_assert_int_eq(read(stuck.begun[0], &byte, 1), 1);
    }
    gt_work(workers, count_run, count_done, &other);
    clock_gettime(CLOCK_MONOTONIC, &from);
    gt_workers_free(workers);
    clock_gettime(CLOCK_MONOTONIC, &to);
    ck_assert_int_le(to.tv_sec - from.tv_sec, 30);
    ck_assert_int_eq(stuck.dones, 0);
    ck_assert_int_eq(other.runs, 0);
    ck_assert_int_eq(other.dones, 1);
    /* The threads end, and need nothing that is gone. */
    ck_assert_int_eq(write(stuck.pipe[1], "ab", 2), 2);
    enum { WAITS = 60000 };
    for (int i = 0; i < WAITS && threads() > 1; i++)
        poll(NULL, 0, 1);
    ck_assert_int_eq(threads(), 1);
    for (int i = 0; i < 2; i++) {
        close(stuck.begun[i]);
        close(stuck.pipe[i]);
    }
}
END_TEST

Suite *workers_suite(void)
{
    Suite *suite = suite_create("workers");
    TCase *tcase = tcase_create("workers");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, work_comes_back_in_a_turn_of_the_loop);
    tcase_add_test(tcase, what_was_never_begun_is_handed_back_at_the_end);
    tcase_add_test(tcase, work_that_hangs_does_not_hold_up_the_end);
    suite_add_tcase(suite, tcase);
    return suite;
}
