#include "suites.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/plan/plan.h>
#include <string.h>

GT_TEST_ARENA

static struct gt_plan sample(void)
{
    struct gt_plan plan = {.stack = "lark",
                           .environment = "prod",
                           .version = "0.1.0",
                           .account = "123456789012",
                           .region = "us-east-1",
                           .endpoint = "aws",
                           .lineage = "l",
                           .serial = 7};
    struct gt_plan_step *step = GT_PUSH(arena, &plan.steps);
    *step = (struct gt_plan_step){.address = "gateway.tools",
                                  .type = gt_type_find("gateway"),
                                  .action = GT_ACTION_REPLACE,
                                  .reason = "a | b",
                                  .breaks = "the gateway gets a new URL",
                                  .needs_consent = true};
    struct gt_change *change = GT_PUSH(arena, &step->changes.list);
    *change = (struct gt_change){.pointer = "/name",
                                 .before = gt_pack(arena, "s", "a"),
                                 .after = gt_pack(arena, "s", "b"),
                                 .replaces = true};
    step->digest = gt_plan_step_digest(arena, step);
    *GT_PUSH(arena, &plan.steps) = (struct gt_plan_step){
        .address = "role.gateway.tools", .type = gt_type_find("role"), .action = GT_ACTION_NOOP};
    plan.steps.at[1].digest = gt_plan_step_digest(arena, &plan.steps.at[1]);
    return plan;
}

START_TEST(reads_back_what_it_wrote)
{
    struct gt_plan plan = sample(), again;
    json_auto_t *document = gt_plan_document(&plan);
    ck_assert(gt_plan_parse(arena, document, &again, &diags));
    json_auto_t *copy = gt_plan_document(&again);
    ck_assert(json_equal(document, copy));
    ck_assert_str_eq(gt_plan_step_digest(arena, &again.steps.at[0]), plan.steps.at[0].digest);
}
END_TEST

START_TEST(digest_changes_with_any_member)
{
    struct gt_plan plan = sample();
    const char *before = gt_plan_step_digest(arena, &plan.steps.at[0]);
    plan.steps.at[0].changes.list.at[0].after = gt_pack(arena, "s", "c");
    ck_assert_str_ne(before, gt_plan_step_digest(arena, &plan.steps.at[0]));
}
END_TEST

static const char *const broken[] = {
    "{}",
    "[]",
    "{\"kind\":\"gantry-plan\",\"format\":1}",
    "{\"kind\":\"gantry-plan\",\"format\":2}",
    "{\"kind\":\"gantry-plan\",\"format\":1,\"stack\":\"s\",\"environment\":\"e\",\"lineage\":"
    "\"l\","
    "\"steps\":[{}]}",
    "{\"kind\":\"gantry-plan\",\"format\":1,\"stack\":\"s\",\"environment\":\"e\",\"lineage\":"
    "\"l\","
    "\"steps\":[{\"address\":\"a\",\"type\":\"nothing\",\"action\":\"create\",\"digest\":\"d\"}]}",
    "{\"kind\":\"gantry-plan\",\"format\":1,\"stack\":\"s\",\"environment\":\"e\",\"lineage\":"
    "\"l\","
    "\"steps\":[{\"address\":\"a\",\"type\":\"role\",\"action\":\"eat\",\"digest\":\"d\"}]}",
};

START_TEST(refuses_what_is_no_plan)
{
    json_t *document = gt_keep(arena, json_loads(broken[_i], 0, NULL));
    struct gt_plan plan;
    ck_assert_msg(!gt_plan_parse(arena, document, &plan, &diags), "%s", broken[_i]);
    ck_assert_uint_eq(diags.errors, 1);
    ck_assert_ptr_nonnull(diags.list.at[0]->hint);
}
END_TEST

START_TEST(counts_by_action)
{
    struct gt_plan plan = sample();
    struct gt_plan_counts counts = gt_plan_count(&plan);
    ck_assert_uint_eq(counts.replace, 1);
    ck_assert_uint_eq(counts.noop, 1);
    ck_assert(gt_plan_has_changes(&plan));
    plan.steps.at[0].action = GT_ACTION_READ;
    ck_assert(!gt_plan_has_changes(&plan));
}
END_TEST

START_TEST(text_says_what_breaks_and_what_to_type)
{
    struct gt_plan plan = sample();
    const char *text = gt_plan_text(arena, &plan, false, false);
    ck_assert_ptr_nonnull(strstr(text, "the gateway gets a new URL"));
    ck_assert_ptr_nonnull(strstr(text, "--allow-replace gateway.tools"));
    ck_assert_ptr_nonnull(strstr(text, "name: \"a\" -> \"b\""));
    ck_assert_ptr_nonnull(strstr(text, "1 to replace"));
    ck_assert_ptr_null(strchr(text, '\033'));
    ck_assert_ptr_nonnull(strchr(gt_plan_text(arena, &plan, true, false), '\033'));
}
END_TEST

START_TEST(markdown_cells_cannot_be_broken_out_of)
{
    struct gt_plan plan = sample();
    const char *text = gt_plan_markdown(arena, &plan);
    ck_assert_ptr_nonnull(strstr(text, "a \\| b"));
}
END_TEST

Suite *document_suite(void)
{
    Suite *suite = suite_create("document");
    TCase *tests = tcase_create("document");
    tcase_add_checked_fixture(tests, arena_setup, arena_teardown);
    tcase_add_test(tests, reads_back_what_it_wrote);
    tcase_add_test(tests, digest_changes_with_any_member);
    tcase_add_loop_test(tests, refuses_what_is_no_plan, 0, GT_COUNT(broken));
    tcase_add_test(tests, counts_by_action);
    tcase_add_test(tests, text_says_what_breaks_and_what_to_type);
    tcase_add_test(tests, markdown_cells_cannot_be_broken_out_of);
    suite_add_tcase(suite, tests);
    return suite;
}
