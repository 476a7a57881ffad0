/* What the tests of the sys layer share: an arena, a sink and a folder of its own for each test. */
#ifndef GANTRY_TESTS_SYS_TEST_H
#define GANTRY_TESTS_SYS_TEST_H

#include "suites.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gantry/base/str.h>
#include <gt_test.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

GT_TEST_ARENA

static char folder[] = "/tmp/gantry-sys-XXXXXX";

static inline char *in_folder(const char *name)
{
    return gt_printf(arena, "%s/%s", folder, name);
}

static inline void folder_setup(void)
{
    arena_setup();
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static inline void remove_tree(const char *path)
{
    DIR *dir = opendir(path);
    if (dir != NULL) {
        for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                remove_tree(gt_printf(arena, "%s/%s", path, entry->d_name));
        closedir(dir);
    }
    remove(path);
}

static inline void folder_teardown(void)
{
    remove_tree(folder);
    arena_teardown();
}

static inline size_t count_files(const char *path)
{
    size_t count = 0;
    DIR *dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return count;
}

/* Puts a file there by plain means. */
static inline void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    fclose(file);
}

static inline char *get(const char *path)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s is not there", path);
    char *text = gt_alloc(arena, 4096);
    size_t len = fread(text, 1, 4095, file);
    ck_assert_uint_lt(len, 4095);
    fclose(file);
    return text;
}

/* The only error so far. */
static inline const struct gt_diag *only_error(void)
{
    ck_assert_uint_eq(diags.errors, 1);
    return diags.list.at[diags.list.len - 1];
}

/* Waits for a child and fails the test with what the child's exit status says. */
static inline void reap(pid_t pid, int expected)
{
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == expected, "the child: status %d",
                  status);
}

static inline Suite *folder_suite(const char *name, TCase **tcase)
{
    Suite *suite = suite_create(name);
    *tcase = tcase_create(name);
    tcase_add_checked_fixture(*tcase, folder_setup, folder_teardown);
    suite_add_tcase(suite, *tcase);
    return suite;
}

#endif
