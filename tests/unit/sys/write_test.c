#include "sys_test.h"

#include <gantry/sys/file.h>
#include <signal.h>

static bool write_text(const char *path, const char *text, const char *backup)
{
    return gt_file_write(path, text, strlen(text), 0600, backup, &diags);
}

START_TEST(makes_and_replaces_a_file)
{
    struct stat info;
    ck_assert(write_text(in_folder("a"), "one", NULL));
    ck_assert_int_eq(stat(in_folder("a"), &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, 0600);
    ck_assert(write_text(in_folder("a"), "two", NULL));
    ck_assert_str_eq(get(in_folder("a")), "two");
    ck_assert(write_text(in_folder("a"), "", NULL));
    ck_assert_str_eq(get(in_folder("a")), "");
    ck_assert_uint_eq(count_files(folder), 1);
}
END_TEST

START_TEST(keeps_the_mode_whatever_the_umask_says)
{
    struct stat info;
    mode_t before = umask(0077);
    ck_assert(write_text(in_folder("a"), "one", NULL));
    ck_assert_int_eq(chmod(in_folder("a"), 0664), 0);
    ck_assert(gt_file_write(in_folder("a"), "two", 3, GT_MODE_KEEP, NULL, &diags));
    ck_assert(gt_file_write(in_folder("b"), "new", 3, GT_MODE_KEEP, NULL, &diags));
    umask(before);
    ck_assert_int_eq(stat(in_folder("a"), &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0664);
    ck_assert_int_eq(stat(in_folder("b"), &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0600);
}
END_TEST

START_TEST(replaces_the_file_and_does_not_write_into_it)
{
    ck_assert(write_text(in_folder("a"), "one", NULL));
    ck_assert_int_eq(link(in_folder("a"), in_folder("same")), 0);
    ck_assert(write_text(in_folder("a"), "two", NULL));
    ck_assert_str_eq(get(in_folder("same")), "one");
}
END_TEST

START_TEST(writes_beside_the_working_folder)
{
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert(write_text("plain", "x", "plain.backup"));
    ck_assert(write_text("plain", "y", "plain.backup"));
    ck_assert_str_eq(get(in_folder("plain")), "y");
    ck_assert_str_eq(get(in_folder("plain.backup")), "x");
}
END_TEST

START_TEST(keeps_the_former_version)
{
    const char *path = in_folder("a"), *backup = in_folder("a.backup");
    ck_assert(write_text(path, "one", backup));
    ck_assert_uint_eq(count_files(folder), 1);
    ck_assert(write_text(path, "two", backup));
    ck_assert_str_eq(get(backup), "one");
    ck_assert(write_text(path, "three", backup));
    ck_assert_str_eq(get(backup), "two");
    ck_assert_str_eq(get(path), "three");
    ck_assert_uint_eq(count_files(folder), 2);
}
END_TEST

START_TEST(keeps_the_former_version_when_the_backup_is_that_file)
{
    const char *path = in_folder("a"), *backup = in_folder("a.backup");
    ck_assert(write_text(path, "one", NULL));
    ck_assert_int_eq(link(path, backup), 0); /* as after a crash between the two renames */
    ck_assert(write_text(path, "two", backup));
    ck_assert_str_eq(get(backup), "one");
    ck_assert_uint_eq(count_files(folder), 2);
}
END_TEST

START_TEST(keeps_a_copy_on_another_file_system)
{
    struct stat here, there;
    if (stat(folder, &here) != 0 || stat("/dev/shm", &there) != 0 || here.st_dev == there.st_dev ||
        access("/dev/shm", W_OK) != 0)
        return; /* this machine has only one file system to try on */
    const char *backup = gt_printf(arena, "/dev/shm/%s", strrchr(folder, '/') + 1);
    ck_assert(write_text(in_folder("a"), "one", NULL));
    bool good = write_text(in_folder("a"), "two", backup);
    const char *kept = good ? get(backup) : "";
    unlink(backup);
    ck_assert(good);
    ck_assert_str_eq(kept, "one");
}
END_TEST

START_TEST(writes_through_symbolic_links)
{
    struct stat info;
    ck_assert(gt_folder_make(in_folder("far/away"), 0700, &diags));
    ck_assert_int_eq(symlink("far/away/real", in_folder("link")), 0);
    ck_assert_int_eq(symlink(in_folder("link"), in_folder("link2")), 0);
    ck_assert(write_text(in_folder("link2"), "one", NULL)); /* what it names is not there yet */
    ck_assert(write_text(in_folder("link2"), "two", NULL));
    ck_assert_str_eq(get(in_folder("far/away/real")), "two");
    ck_assert_int_eq(lstat(in_folder("link"), &info), 0);
    ck_assert(S_ISLNK(info.st_mode));
    ck_assert_int_eq(lstat(in_folder("link2"), &info), 0);
    ck_assert(S_ISLNK(info.st_mode));
    ck_assert_uint_eq(count_files(in_folder("far/away")), 1);
    ck_assert_uint_eq(count_files(folder), 3);
}
END_TEST

START_TEST(refuses_loops_of_links)
{
    ck_assert_int_eq(symlink("b", in_folder("a")), 0);
    ck_assert_int_eq(symlink("a", in_folder("b")), 0);
    ck_assert(!write_text(in_folder("a"), "x", NULL));
    ck_assert_uint_eq(diags.errors, 1);
    ck_assert_uint_eq(count_files(folder), 2);
}
END_TEST

START_TEST(refuses_to_replace_a_folder)
{
    ck_assert(gt_folder_make(in_folder("d"), 0700, &diags));
    ck_assert(!write_text(in_folder("d"), "x", NULL));
    ck_assert_str_eq(only_error()->message,
                     gt_printf(arena, "cannot write %s: is a directory", in_folder("d")));
    gt_diags_rewind(&diags, 0);
    ck_assert(!write_text(in_folder("new/"), "x", NULL));
    gt_diags_rewind(&diags, 0);
    put(in_folder("f"), "one");
    ck_assert(!write_text(in_folder("f"), "two", in_folder("d")));
    ck_assert_uint_eq(diags.errors, 1);
    ck_assert_str_eq(get(in_folder("f")), "one");
    ck_assert_uint_eq(count_files(folder), 2);
}
END_TEST

START_TEST(says_that_the_folder_is_not_there)
{
    ck_assert(!write_text(in_folder("no/a"), "x", NULL));
    ck_assert_str_eq(
        only_error()->message,
        gt_printf(arena, "cannot write %s: no such file or directory", in_folder("no/a")));
    ck_assert_str_eq(only_error()->hint, "check the path; its folder must exist");
}
END_TEST

START_TEST(writes_to_devices_and_pipes_as_they_are)
{
    struct stat info;
    ck_assert(write_text("/dev/null", "x", NULL));
    ck_assert_int_eq(stat("/dev/null", &info), 0);
    ck_assert(S_ISCHR(info.st_mode));
    ck_assert(!write_text("/dev/full", "x", NULL));
    ck_assert_str_eq(only_error()->message, "cannot write /dev/full: no space left on device");
    ck_assert_str_eq(only_error()->code, "no-space");
}
END_TEST

/* In a child of its own: what a limit on file sizes does to a write of more than the limit. */
static int write_under_limit(const char *path, const char *backup)
{
    static char text[100000];
    memset(text, 'x', sizeof(text));
    struct rlimit limit = {.rlim_cur = 4096, .rlim_max = 4096};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 2;
    bool good = gt_file_write(path, text, sizeof(text), 0600, backup, &diags);
    return good || diags.errors != 1 || !gt_streq(diags.list.at[0]->code, "no-space");
}

START_TEST(leaves_the_former_file_when_the_disk_is_full)
{
    const char *path = in_folder("a"), *backup = in_folder("a.backup");
    ck_assert(write_text(path, "zero", NULL));
    ck_assert(write_text(path, "one", backup));
    pid_t pid = fork();
    if (pid == 0)
        _exit(write_under_limit(path, backup));
    reap(pid, 0);
    ck_assert_str_eq(get(path), "one");
    ck_assert_str_eq(get(backup), "zero");
    ck_assert_uint_eq(count_files(folder), 2);
}
END_TEST

/* As somebody who is not root, since root may write everywhere. */
static int write_without_permission(const char *path)
{
    if (geteuid() == 0 && setuid(65534) != 0)
        return 2;
    bool good = gt_file_write(path, "x", 1, 0600, NULL, &diags);
    return good || diags.errors != 1 || !gt_streq(diags.list.at[0]->code, "no-permission");
}

START_TEST(says_that_the_folder_may_not_be_written)
{
    ck_assert(write_text(in_folder("a"), "one", NULL));
    ck_assert_int_eq(chmod(folder, 0555), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(write_without_permission(in_folder("a")));
    int status;
    waitpid(pid, &status, 0);
    ck_assert_int_eq(chmod(folder, 0700), 0);
    ck_assert_int_eq(status, 0);
    ck_assert_str_eq(get(in_folder("a")), "one");
    ck_assert_uint_eq(count_files(folder), 1);
}
END_TEST

START_TEST(takes_names_of_every_length)
{
    char name[256];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    ck_assert(write_text(in_folder(name), "x", NULL));
    ck_assert_str_eq(get(in_folder(name)), "x");
}
END_TEST

Suite *write_suite(void)
{
    TCase *tcase;
    Suite *suite = folder_suite("write", &tcase);
    tcase_add_test(tcase, makes_and_replaces_a_file);
    tcase_add_test(tcase, keeps_the_mode_whatever_the_umask_says);
    tcase_add_test(tcase, replaces_the_file_and_does_not_write_into_it);
    tcase_add_test(tcase, writes_beside_the_working_folder);
    tcase_add_test(tcase, keeps_the_former_version);
    tcase_add_test(tcase, keeps_the_former_version_when_the_backup_is_that_file);
    tcase_add_test(tcase, keeps_a_copy_on_another_file_system);
    tcase_add_test(tcase, writes_through_symbolic_links);
    tcase_add_test(tcase, refuses_loops_of_links);
    tcase_add_test(tcase, refuses_to_replace_a_folder);
    tcase_add_test(tcase, says_that_the_folder_is_not_there);
    tcase_add_test(tcase, writes_to_devices_and_pipes_as_they_are);
    tcase_add_test(tcase, leaves_the_former_file_when_the_disk_is_full);
    tcase_add_test(tcase, says_that_the_folder_may_not_be_written);
    tcase_add_test(tcase, takes_names_of_every_length);
    return suite;
}
