/* Configurations with mistakes (broken/): for each NAME.yaml all that is reported, in order, is in
 * NAME.txt, with its place. */
#include "config_support.h"

GT_TEST_ARENA

static const char *const names[] = {"everything", "lists",      "listeners", "references",
                                    "malformed",  "parameters", "shape",     "unused"};

/* Where two texts begin to differ: the line of each that does. */
static void same_lines(const char *name, const char *got, const char *wanted)
{
    while (*got != '\0' || *wanted != '\0') {
        size_t a = strcspn(got, "\n"), b = strcspn(wanted, "\n");
        ck_assert_msg(a == b && memcmp(got, wanted, a) == 0, "%s: got\n%.*s\nand wanted\n%.*s",
                      name, (int)a, got, (int)b, wanted);
        got += a + (got[a] == '\n');
        wanted += b + (wanted[b] == '\n');
    }
}

START_TEST(every_mistake_is_reported_at_its_place)
{
    const char *name = names[_i];
    const char *text = file_text(arena, gt_printf(arena, "broken/%s.yaml", name));
    const char *wanted = file_text(arena, gt_printf(arena, "broken/%s.txt", name));
    ck_assert_ptr_null(config_of(text, &diags));
    const char *got = reported(arena, &diags);
    same_lines(name, got, wanted);
    ck_assert_msg(strstr(got, SECRET_VALUE) == NULL && strstr(got, "hunter2") == NULL,
                  "%s shows a secret", name);
    for (size_t i = 0; i < diags.list.len; i++)
        ck_assert_str_eq(diags.list.at[i]->pos.file, "gantry-mcp.yaml");
}
END_TEST

START_TEST(a_type_that_came_by_a_reference_is_not_shown)
{
    static const char text[] = "sources: {s: {type: \"${env.SECRET}\"}}\n"
                               "tools: {t: {type: \"${env.SECRET}\"}}\n";
    ck_assert_ptr_null(config_of(text, &diags));
    ck_assert_uint_eq(diags.errors, 2);
    ck_assert_str_eq(diags.list.at[0]->message, "there is no type \"${env.SECRET}\"");
    ck_assert_str_eq(diags.list.at[1]->message, "there is no type \"${env.SECRET}\"");
}
END_TEST

START_TEST(what_is_no_configuration_is_refused_and_nothing_more)
{
    static const char *const texts[] = {
        "[]",
        "just text",
        "tools: [",
        "12",
        "tools: [[]]",
        "tools: {a: [x]}",
        "tools: {a: {type: [x]}}",
        "tools: {a: {type: 5, source: {}}}",
        "sources: text",
        "sources: {a: {type: postgres, password: [x]}}",
        "toolsets: {a: {tools: {b: c}}}",
        "toolsets: {a: [b]}",
        "tiers: {a: {auth: {jwt: 5}}}",
        "tiers: {a: {auth: x, limits: y, toolsets: {z: 1}}}",
        "tiers: [{name: {}}]",
        "tools: {a: {type: postgres-sql, statement: x, parameters: [5]}}",
    };
    for (size_t i = 0; i < GT_COUNT(texts); i++) {
        gt_diags_rewind(&diags, 0);
        ck_assert_msg(config_of(texts[i], &diags) == NULL, "%s was taken", texts[i]);
    }
}
END_TEST

START_TEST(a_file_that_is_not_there_is_named)
{
    const struct gt_config_options options = {.path = "/nowhere/gantry-mcp.yaml"};
    ck_assert_ptr_null(gt_config_load(gt_sys_real(), &options, &diags));
    ck_assert_str_eq(diags.list.at[0]->code, "no-config");
}
END_TEST

Suite *broken_suite(void)
{
    Suite *suite = suite_create("broken");
    TCase *test = tcase_create("broken");
    tcase_add_checked_fixture(test, arena_setup, arena_teardown);
    tcase_add_loop_test(test, every_mistake_is_reported_at_its_place, 0, (int)GT_COUNT(names));
    tcase_add_test(test, a_type_that_came_by_a_reference_is_not_shown);
    tcase_add_test(test, what_is_no_configuration_is_refused_and_nothing_more);
    tcase_add_test(test, a_file_that_is_not_there_is_named);
    suite_add_tcase(suite, test);
    return suite;
}
