#include "suites.h"

#include <gantry/policy/policy.h>
#include <gt_test.h>

GT_TEST_ARENA

START_TEST(counts_what_iam_counts)
{
    static const struct {
        const char *text;
        size_t size;
    } rows[] = {
        {"{\"a\":\"b\"}", 9},         {"{ \"a\" :\n\t\"b\" }", 9}, {"{\"a\":\"b c\"}", 11},
        {"{\"a\":\"b \\\" c\"}", 14}, {"{\"a\":\"\xC3\xA9\"}", 9},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        json_t *text = gt_keep(arena, json_string(rows[i].text));
        json_t *object = gt_keep(arena, json_loads(rows[i].text, 0, NULL));
        ck_assert_uint_eq(gt_policy_size(text), rows[i].size);
        ck_assert_uint_eq(gt_policy_size(object), rows[i].size);
    }
}
END_TEST

Suite *size_suite(void)
{
    Suite *suite = suite_create("size");
    TCase *test = tcase_create("size");
    tcase_add_checked_fixture(test, arena_setup, arena_teardown);
    tcase_add_test(test, counts_what_iam_counts);
    suite_add_tcase(suite, test);
    return suite;
}
