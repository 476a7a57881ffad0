#include "suites.h"

#include "templates.h"

#include <gantry/base/str.h>
#include <gantry/stack/stack.h>
#include <string.h>

GT_TEST_ARENA

START_TEST(each_template_says_what_it_is_and_names_its_stack)
{
    size_t count = 0;
    for (const struct gt_starter *starter = gt_starters; starter->name != NULL; starter++) {
        ck_assert_msg(gt_starts_with(starter->text, "# "), "%s", starter->name);
        ck_assert_msg(strstr(starter->text, "\nstack: ") != NULL, "%s", starter->name);
        ck_assert_msg(gt_ends_with(starter->text, "\n"), "%s", starter->name);
        count++;
    }
    ck_assert_uint_ge(count, 3);
}
END_TEST

START_TEST(each_template_is_a_valid_manifest)
{
    for (const struct gt_starter *starter = gt_starters; starter->name != NULL; starter++) {
        struct gt_doc doc;
        struct gt_stack stack;
        struct gt_stack_options options = {.region_default = "us-east-1"};
        struct gt_resolver resolver = {0};
        bool ok = gt_doc_parse(arena, starter->name, starter->text, strlen(starter->text), &doc,
                               &diags) &&
                  gt_stack_build(arena, &doc, &resolver, &options, &stack, &diags);
        ck_assert_msg(ok && diags.warnings == 0, "%s:%u: %s", starter->name,
                      diags.list.len > 0 ? diags.list.at[0]->pos.line : 0,
                      diags.list.len > 0 ? diags.list.at[0]->message : "");
    }
}
END_TEST

Suite *starters_suite(void)
{
    Suite *suite = suite_create("starters");
    TCase *tcase = tcase_create("starters");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, each_template_says_what_it_is_and_names_its_stack);
    tcase_add_test(tcase, each_template_is_a_valid_manifest);
    suite_add_tcase(suite, tcase);
    return suite;
}
