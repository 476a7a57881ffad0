#include "sys_test.h"

#include <gantry/sys/file.h>

START_TEST(reads_a_whole_file)
{
    char *bytes;
    size_t len;
    put(in_folder("a"), "hello\n");
    ck_assert_int_eq(gt_file_read(arena, in_folder("a"), 6, &bytes, &len, &diags), GT_READ_OK);
    ck_assert_str_eq(bytes, "hello\n");
    ck_assert_uint_eq(len, 6);
    put(in_folder("empty"), "");
    ck_assert_int_eq(gt_file_read(arena, in_folder("empty"), 6, &bytes, &len, &diags), GT_READ_OK);
    ck_assert_str_eq(bytes, "");
    ck_assert_uint_eq(len, 0);
}
END_TEST

START_TEST(reads_what_has_no_size)
{
    char *bytes;
    size_t len;
    ck_assert_int_eq(gt_file_read(arena, "/dev/zero", 100, &bytes, &len, &diags), GT_READ_FAILED);
    ck_assert_str_eq(only_error()->code, "file-too-large");
    ck_assert_int_eq(gt_file_read(arena, "/proc/self/status", 1 << 20, &bytes, &len, &diags),
                     GT_READ_OK);
    ck_assert_uint_gt(len, 100);
}
END_TEST

START_TEST(reads_standard_input)
{
    static char text[100000];
    memset(text, 'x', sizeof(text));
    FILE *file = tmpfile();
    ck_assert_uint_eq(fwrite(text, 1, sizeof(text), file), sizeof(text));
    rewind(file);
    int pair[2];
    ck_assert_int_eq(pipe(pair), 0);
    pid_t pid = fork();
    if (pid == 0) {
        ssize_t put_bytes = write(pair[1], text, sizeof(text));
        _exit(put_bytes == (ssize_t)sizeof(text) ? 0 : 1);
    }
    close(pair[1]);
    dup2(pair[0], STDIN_FILENO);
    close(pair[0]);
    char *bytes;
    size_t len;
    ck_assert_int_eq(gt_file_read(arena, "-", sizeof(text), &bytes, &len, &diags), GT_READ_OK);
    ck_assert_uint_eq(len, sizeof(text));
    ck_assert_int_eq(memcmp(bytes, text, len), 0);
    reap(pid, 0);
    fclose(file);
}
END_TEST

START_TEST(takes_an_absent_file_as_an_answer)
{
    char *bytes;
    size_t len;
    ck_assert_int_eq(gt_file_read(arena, in_folder("none"), 10, &bytes, &len, &diags),
                     GT_READ_ABSENT);
    ck_assert_int_eq(gt_file_read(arena, in_folder("no/ne"), 10, &bytes, &len, &diags),
                     GT_READ_ABSENT);
    ck_assert_uint_eq(diags.list.len, 0);
}
END_TEST

START_TEST(says_why_a_file_cannot_be_read)
{
    char *bytes;
    size_t len;
    put(in_folder("a"), "12345");
    ck_assert_int_eq(gt_file_read(arena, in_folder("a"), 4, &bytes, &len, &diags), GT_READ_FAILED);
    ck_assert_str_eq(only_error()->message,
                     gt_printf(arena, "%s is larger than 4 bytes", in_folder("a")));
    gt_diags_rewind(&diags, 0);
    ck_assert_int_eq(gt_file_read(arena, folder, 4, &bytes, &len, &diags), GT_READ_FAILED);
    ck_assert_str_eq(only_error()->message,
                     gt_printf(arena, "cannot read %s: is a directory", folder));
    gt_diags_rewind(&diags, 0);
    ck_assert_int_eq(gt_file_read(arena, in_folder("a/b"), 4, &bytes, &len, &diags),
                     GT_READ_FAILED);
    ck_assert_str_eq(only_error()->hint, "a part of the path is a file, not a folder");
}
END_TEST

START_TEST(makes_folders_with_their_parents)
{
    struct stat info;
    ck_assert(gt_folder_make(in_folder("a/b/c"), 0700, &diags));
    ck_assert(gt_folder_make(in_folder("a/b/c"), 0700, &diags));
    ck_assert(gt_folder_make(in_folder("a/d//e/"), 0700, &diags));
    ck_assert_int_eq(stat(in_folder("a"), &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, 0700);
    ck_assert_int_eq(stat(in_folder("a/d/e"), &info), 0);
    ck_assert(gt_folder_make("/", 0700, &diags));
    ck_assert(gt_folder_make(".", 0700, &diags));
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert(gt_folder_make("x/y", 0700, &diags));
    ck_assert_int_eq(stat(in_folder("x/y"), &info), 0);
}
END_TEST

START_TEST(says_what_stands_in_the_way_of_a_folder)
{
    put(in_folder("file"), "");
    ck_assert(!gt_folder_make(in_folder("file"), 0700, &diags));
    ck_assert_str_eq(
        only_error()->message,
        gt_printf(arena, "cannot make the folder %s: not a directory", in_folder("file")));
    gt_diags_rewind(&diags, 0);
    ck_assert(!gt_folder_make(in_folder("file/a/b"), 0700, &diags));
    ck_assert_str_eq(
        only_error()->message,
        gt_printf(arena, "cannot make the folder %s: not a directory", in_folder("file")));
}
END_TEST

START_TEST(removes_files)
{
    put(in_folder("a"), "");
    ck_assert(gt_file_remove(in_folder("a"), &diags));
    ck_assert_int_ne(access(in_folder("a"), F_OK), 0);
    ck_assert(gt_file_remove(in_folder("a"), &diags));
    ck_assert(!gt_file_remove(folder, &diags));
    ck_assert_uint_eq(diags.errors, 1);
}
END_TEST

Suite *file_suite(void)
{
    TCase *tcase;
    Suite *suite = folder_suite("file", &tcase);
    tcase_add_test(tcase, reads_a_whole_file);
    tcase_add_test(tcase, reads_what_has_no_size);
    tcase_add_test(tcase, reads_standard_input);
    tcase_add_test(tcase, takes_an_absent_file_as_an_answer);
    tcase_add_test(tcase, says_why_a_file_cannot_be_read);
    tcase_add_test(tcase, makes_folders_with_their_parents);
    tcase_add_test(tcase, says_what_stands_in_the_way_of_a_folder);
    tcase_add_test(tcase, removes_files);
    return suite;
}
