#include "suites.h"

#include "golden.h"
#include "sample.h"

#include <gantry/ui/help.h>

GT_TEST_ARENA

START_TEST(the_manual_is_made_of_the_rows)
{
    struct gt_stream out = gt_stream_memory();
    gt_help_manual(&out, &sample_grammar);
    golden_check(&out, "sample-manual.txt");
}
END_TEST

START_TEST(each_shell_gets_its_script)
{
    struct gt_stream out = gt_stream_memory();
    ck_assert(gt_completion(&out, &sample_grammar, gt_completion_shells[_i]));
    golden_check(&out, gt_printf(arena, "sample-completion.%s", gt_completion_shells[_i]));
}
END_TEST

START_TEST(an_unknown_shell_gets_none)
{
    struct gt_stream out = gt_stream_memory();
    ck_assert(!gt_completion(&out, &sample_grammar, "tcsh"));
    ck_assert_str_eq(stream_take(arena, &out), "");
}
END_TEST

Suite *help_suite(void)
{
    Suite *suite = suite_create("help");
    TCase *tcase = tcase_create("help");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, the_manual_is_made_of_the_rows);
    tcase_add_loop_test(tcase, each_shell_gets_its_script, 0, 3);
    tcase_add_test(tcase, an_unknown_shell_gets_none);
    suite_add_tcase(suite, tcase);
    return suite;
}
