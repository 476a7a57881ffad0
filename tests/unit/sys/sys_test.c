#define _XOPEN_SOURCE 700 /* putenv */

#include "sys_test.h"

#include <gantry/sys/sys.h>
#include <time.h>

START_TEST(reads_both_clocks)
{
    const struct gt_sys *sys = gt_sys_real();
    int64_t now = gt_now_ms(sys);
    ck_assert_int_le(llabs(now / 1000 - (int64_t)time(NULL)), 2);
    int64_t before = gt_monotonic_ms(sys);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    int64_t passed = gt_monotonic_ms(sys) - before;
    ck_assert_int_ge(passed, 19);
    ck_assert_int_lt(passed, 10000);
}
END_TEST

START_TEST(treats_an_empty_variable_as_unset)
{
    static char empty[] = "GANTRY_TEST_EMPTY=", full[] = "GANTRY_TEST_FULL=x";
    putenv(empty);
    putenv(full);
    const struct gt_sys *sys = gt_sys_real();
    ck_assert_ptr_null(gt_env(sys, "GANTRY_TEST_EMPTY"));
    ck_assert_ptr_null(gt_env(sys, "GANTRY_TEST_ABSENT"));
    ck_assert_str_eq(gt_env(sys, "GANTRY_TEST_FULL"), "x");
}
END_TEST

static void all_ones(void *self, unsigned char *bytes, size_t len)
{
    (void)self;
    memset(bytes, 0xFF, len);
}

START_TEST(makes_version_4_uuids)
{
    struct gt_sys ones = *gt_sys_real();
    ones.random = all_ones;
    ck_assert_str_eq(gt_uuid(&ones, arena), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    const char *first = gt_uuid(gt_sys_real(), arena);
    ck_assert_uint_eq(strlen(first), 36);
    ck_assert_str_ne(first, gt_uuid(gt_sys_real(), arena));
}
END_TEST

Suite *sys_suite(void)
{
    TCase *tcase;
    Suite *suite = folder_suite("sys", &tcase);
    tcase_add_test(tcase, reads_both_clocks);
    tcase_add_test(tcase, treats_an_empty_variable_as_unset);
    tcase_add_test(tcase, makes_version_4_uuids);
    return suite;
}
