#include "suites.h"

#include "golden.h"

#include <gantry/ui/table.h>

GT_TEST_ARENA

static const char *const titles[] = {"NAME", "ID", NULL};

START_TEST(columns_are_as_wide_as_their_widest_cell)
{
    struct gt_table table = gt_table_new(arena, titles);
    gt_table_add(&table, (const char *const[]){"a", "1"});
    gt_table_add(&table, (const char *const[]){"gr\xc3\xbc\xc3\x9f"
                                               "e",
                                               "2"});
    gt_table_add(&table, (const char *const[]){"b\033", NULL});
    struct gt_stream out = gt_stream_memory();
    gt_table_print(&out, &table);
    ck_assert_str_eq(stream_take(arena, &out), "NAME   ID\n"
                                               "a      1\n"
                                               "gr\xc3\xbc\xc3\x9f"
                                               "e  2\n"
                                               "b\\x1b  -\n");
}
END_TEST

START_TEST(text_is_wrapped_with_a_hanging_indent)
{
    struct gt_stream out = gt_stream_memory();
    gt_wrap(&out, "one two three four\n\nfive", 4, 14);
    ck_assert_str_eq(stream_take(arena, &out), "one two\n    three four\n\n    five\n");
}
END_TEST

START_TEST(a_word_that_is_too_long_stays_whole)
{
    struct gt_stream out = gt_stream_memory();
    gt_wrap(&out, "a incomprehensibilities b", 0, 8);
    ck_assert_str_eq(stream_take(arena, &out), "a\nincomprehensibilities\nb\n");
}
END_TEST

START_TEST(indented_lines_stay_as_they_are)
{
    struct gt_stream out = gt_stream_memory();
    gt_wrap(&out, "see:\n\n  a   b c d e f g\n  h", 0, 8);
    ck_assert_str_eq(stream_take(arena, &out), "see:\n\n  a   b c d e f g\n  h\n");
}
END_TEST

Suite *table_suite(void)
{
    Suite *suite = suite_create("table");
    TCase *tcase = tcase_create("table");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, columns_are_as_wide_as_their_widest_cell);
    tcase_add_test(tcase, text_is_wrapped_with_a_hanging_indent);
    tcase_add_test(tcase, a_word_that_is_too_long_stays_whole);
    tcase_add_test(tcase, indented_lines_stay_as_they_are);
    suite_add_tcase(suite, tcase);
    return suite;
}
