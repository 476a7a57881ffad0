#include "suites.h"

#include "golden.h"
#include "reference.h"

#include <string.h>

GT_TEST_ARENA

START_TEST(every_type_has_a_reference)
{
    for (const struct gt_type *const *type = gt_types; *type != NULL; type++) {
        struct gt_stream out = gt_stream_memory();
        gt_reference_type(&out, arena, *type);
        const char *text = stream_take(arena, &out);
        for (const char *const *name = gt_type_properties(*type, arena); *name != NULL; name++)
            ck_assert_msg(strstr(text, gt_printf(arena, "\n  %s", *name)) != NULL, "%s.%s",
                          (*type)->name, *name);
    }
}
END_TEST

START_TEST(the_list_has_every_type)
{
    struct gt_stream out = gt_stream_memory();
    gt_reference_list(&out, arena);
    golden_check(&out, "types.txt");
}
END_TEST

START_TEST(a_reference_names_shapes_limits_and_rules)
{
    struct gt_stream out = gt_stream_memory();
    gt_reference_type(&out, arena, gt_type_find("role_policy"));
    golden_check(&out, "type-role_policy.txt");
}
END_TEST

Suite *reference_suite(void)
{
    Suite *suite = suite_create("reference");
    TCase *tcase = tcase_create("reference");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, every_type_has_a_reference);
    tcase_add_test(tcase, the_list_has_every_type);
    tcase_add_test(tcase, a_reference_names_shapes_limits_and_rules);
    suite_add_tcase(suite, tcase);
    return suite;
}
