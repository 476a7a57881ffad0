#include "sys_test.h"

#include <gantry/sys/file.h>
#include <signal.h>
#include <time.h>

static enum gt_lock_result lock_as(const char *holder, struct gt_file_lock **lock, char **other)
{
    return gt_file_lock(arena, in_folder("lock"), holder, lock, other, &diags);
}

START_TEST(locks_once)
{
    struct gt_file_lock *lock, *second;
    char *other = NULL;
    struct stat info;
    ck_assert_int_eq(lock_as("alice on host, pid 1", &lock, &other), GT_LOCKED);
    ck_assert_int_eq(stat(in_folder("lock"), &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, 0600);
    /* An OFD lock is held against the same process, too. */
    ck_assert_int_eq(lock_as("bob", &second, &other), GT_LOCK_HELD);
    ck_assert_str_eq(other, "alice on host, pid 1");
    gt_file_unlock(lock);
    gt_file_unlock(lock);
    ck_assert_int_eq(lock_as("bob", &second, &other), GT_LOCKED);
    ck_assert_str_eq(get(in_folder("lock")), "bob");
    gt_file_unlock(second);
    gt_file_unlock(NULL);
    ck_assert_str_eq(get(in_folder("lock")), "");
    ck_assert_uint_eq(diags.list.len, 0);
}
END_TEST

/* A child that takes the lock, says so, and holds it until it is killed. */
static pid_t hold_in_child(void)
{
    int pair[2];
    ck_assert_int_eq(pipe(pair), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct gt_file_lock *lock;
        char *other;
        char result = lock_as("the child", &lock, &other) == GT_LOCKED ? 'y' : 'n';
        if (write(pair[1], &result, 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    char result = 'n';
    ck_assert_int_eq(read(pair[0], &result, 1), 1);
    ck_assert_int_eq(result, 'y');
    close(pair[0]);
    close(pair[1]);
    return pid;
}

START_TEST(names_the_process_that_holds_the_lock)
{
    struct gt_file_lock *lock;
    char *other = NULL;
    pid_t pid = hold_in_child();
    enum gt_lock_result result = lock_as("we", &lock, &other);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    ck_assert_int_eq(result, GT_LOCK_HELD);
    ck_assert_str_eq(other, "the child");
    ck_assert_uint_eq(diags.list.len, 0);
    /* The kernel freed it with the process, however it ended. */
    ck_assert_int_eq(lock_as("we", &lock, &other), GT_LOCKED);
    ck_assert_str_eq(get(in_folder("lock")), "we");
}
END_TEST

START_TEST(frees_the_lock_with_the_arena)
{
    struct gt_arena *own = gt_arena_new();
    struct gt_file_lock *lock;
    char *other;
    ck_assert_int_eq(gt_file_lock(own, in_folder("lock"), "x", &lock, &other, &diags), GT_LOCKED);
    gt_arena_free(own);
    ck_assert_int_eq(lock_as("y", &lock, &other), GT_LOCKED);
}
END_TEST

START_TEST(is_not_handed_to_programs_that_are_run)
{
    struct gt_file_lock *lock;
    char *other;
    ck_assert_int_eq(lock_as("we", &lock, &other), GT_LOCKED);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("sleep", "sleep", "30", (char *)NULL);
        _exit(127);
    }
    /* The child has the descriptor until it has become the other program. */
    gt_file_unlock(lock);
    enum gt_lock_result result = GT_LOCK_HELD;
    for (int i = 0; i < 6000 && result == GT_LOCK_HELD; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        result = lock_as("again", &lock, &other);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    ck_assert_int_eq(result, GT_LOCKED);
}
END_TEST

START_TEST(refuses_a_symbolic_link)
{
    struct gt_file_lock *lock;
    char *other;
    put(in_folder("precious"), "text");
    ck_assert_int_eq(symlink("precious", in_folder("lock")), 0);
    ck_assert_int_eq(lock_as("x", &lock, &other), GT_LOCK_FAILED);
    ck_assert_uint_eq(diags.errors, 1);
    ck_assert_str_eq(get(in_folder("precious")), "text");
}
END_TEST

START_TEST(says_why_it_cannot_lock)
{
    struct gt_file_lock *lock;
    char *other;
    ck_assert_int_eq(gt_file_lock(arena, in_folder("no/lock"), "x", &lock, &other, &diags),
                     GT_LOCK_FAILED);
    ck_assert_str_eq(
        only_error()->message,
        gt_printf(arena, "cannot lock %s: no such file or directory", in_folder("no/lock")));
}
END_TEST

Suite *lock_suite(void)
{
    TCase *tcase;
    Suite *suite = folder_suite("lock", &tcase);
    tcase_add_test(tcase, locks_once);
    tcase_add_test(tcase, names_the_process_that_holds_the_lock);
    tcase_add_test(tcase, frees_the_lock_with_the_arena);
    tcase_add_test(tcase, is_not_handed_to_programs_that_are_run);
    tcase_add_test(tcase, refuses_a_symbolic_link);
    tcase_add_test(tcase, says_why_it_cannot_lock);
    return suite;
}
