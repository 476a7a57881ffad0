#include "sys_test.h"

#include <gantry/sys/file.h>
#include <signal.h>

static bool append_text(struct gt_append *append, const char *text)
{
    return gt_append_write(append, text, strlen(text), &diags);
}

START_TEST(appends_to_what_is_there)
{
    struct gt_append *append;
    struct stat info;
    const char *path = in_folder("log");
    ck_assert(gt_append_open(arena, path, 0600, &append, &diags));
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, 0600);
    ck_assert(append_text(append, "one\n"));
    ck_assert_str_eq(get(path), "one\n");
    gt_append_close(append);
    gt_append_close(append);
    ck_assert(gt_append_open(arena, path, 0600, &append, &diags));
    ck_assert(append_text(append, "two\n"));
    ck_assert_str_eq(get(path), "one\ntwo\n");
    gt_append_close(NULL);
}
END_TEST

static int append_under_limit(struct gt_append *append)
{
    char text[8000];
    memset(text, 'x', sizeof(text));
    struct rlimit limit = {.rlim_cur = 4096, .rlim_max = 4096};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 2;
    bool good = gt_append_write(append, text, sizeof(text), &diags);
    return good || diags.errors != 1 || diags.warnings != 0;
}

START_TEST(leaves_no_half_record_when_the_disk_is_full)
{
    struct gt_append *append;
    const char *path = in_folder("log");
    ck_assert(gt_append_open(arena, path, 0600, &append, &diags));
    ck_assert(append_text(append, "one\n"));
    pid_t pid = fork();
    if (pid == 0)
        _exit(append_under_limit(append));
    reap(pid, 0);
    ck_assert_str_eq(get(path), "one\n");
    ck_assert(append_text(append, "two\n"));
    ck_assert_str_eq(get(path), "one\ntwo\n");
}
END_TEST

START_TEST(says_why_it_cannot_append)
{
    struct gt_append *append;
    ck_assert(!gt_append_open(arena, folder, 0600, &append, &diags));
    ck_assert_str_eq(only_error()->hint, "the path names a folder, not a file");
    gt_diags_rewind(&diags, 0);
    ck_assert(gt_append_open(arena, "/dev/full", 0600, &append, &diags));
    ck_assert(!append_text(append, "x"));
    ck_assert_str_eq(only_error()->code, "no-space");
}
END_TEST

Suite *append_suite(void)
{
    TCase *tcase;
    Suite *suite = folder_suite("append", &tcase);
    tcase_add_test(tcase, appends_to_what_is_there);
    tcase_add_test(tcase, leaves_no_half_record_when_the_disk_is_full);
    tcase_add_test(tcase, says_why_it_cannot_append);
    return suite;
}
