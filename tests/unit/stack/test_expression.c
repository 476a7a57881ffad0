/* References and filters. */
#include "support.h"

static struct gt_arena *arena;
static struct stack_test test;

static void setup(void)
{
    arena = gt_arena_new();
    test = stack_test(arena);
}

static void teardown(void)
{
    gt_arena_free(arena);
}

START_TEST(splits_a_reference_at_the_longest_address)
{
    const char *pointer;
    ASSERT_BUILT(&test, "gantry: 1\nstack: s\nidentity:\n  mcp: {clients: {a: {}}}\ngateways:\n"
                        "  tools: {identity: mcp}\n");
    const struct gt_resource *found =
        gt_stack_reference(&test.stack, arena, "user_pool_client.mcp.a.ClientId", &pointer);
    ck_assert_str_eq(found->address, "user_pool_client.mcp.a");
    ck_assert_str_eq(pointer, "/ClientId");
    found = gt_stack_reference(&test.stack, arena,
                               " gateway.tools.workloadIdentityDetails.workloadIdentityArn |lower",
                               &pointer);
    ck_assert_str_eq(found->address, "gateway.tools");
    ck_assert_str_eq(pointer, "/workloadIdentityDetails/workloadIdentityArn");
    ck_assert_ptr_nonnull(gt_stack_reference(&test.stack, arena, "gateway.tools", &pointer));
    ck_assert_str_eq(pointer, "");
    ck_assert_ptr_null(gt_stack_reference(&test.stack, arena, "gateway.other.name", &pointer));
}
END_TEST

START_TEST(makes_domain_suffixes_that_cognito_takes)
{
    static const char *const rows[][2] = {
        {"us-east-1_AbC123xyz", "abc123xyz"},
        {"us-east-1_0123456789abcdef", "0123456789"},
        {"us-east-1_AWSxyz", "a0sxyz"},
        {"eu-west-1_xAmazonY", "xama0ony"},
        {"odd", "odd"},
        {"us-east-1_a-b.c", "abc"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        json_auto_t *value = json_string(rows[i][0]), *out = NULL;
        ck_assert(gt_stack_filter(arena, "domain-suffix", value, &out));
        ck_assert_str_eq(json_string_value(out), rows[i][1]);
    }
}
END_TEST

START_TEST(percent_encodes_an_arn_for_a_url)
{
    json_auto_t *value = json_string("arn:aws:x:y:1:runtime/a_b-C"), *out = NULL;
    ck_assert(gt_stack_filtered(arena, "runtime.a.agentRuntimeArn|percent-encode", value, &out,
                                &test.diags));
    ck_assert_str_eq(json_string_value(out), "arn%3Aaws%3Ax%3Ay%3A1%3Aruntime%2Fa_b-C");
}
END_TEST

START_TEST(applies_filters_in_their_order)
{
    json_auto_t *value = json_string("A/B"), *out = NULL;
    ck_assert(gt_stack_filtered(arena, "a.b.c | percent-encode | lower", value, &out, &test.diags));
    ck_assert_str_eq(json_string_value(out), "a%2fb");
    ck_assert_str_eq(gt_stack_unfiltered(arena, " a.b.c | lower"), "a.b.c");
}
END_TEST

START_TEST(gives_the_value_itself_without_filters)
{
    json_auto_t *value = json_object(), *out = NULL;
    ck_assert(gt_stack_filtered(arena, "a.b.c", value, &out, &test.diags));
    ck_assert_ptr_eq(out, value);
}
END_TEST

START_TEST(refuses_unknown_filters_and_maps)
{
    json_auto_t *text = json_string("a"), *map = json_object();
    json_t *out = NULL;
    ck_assert(!gt_stack_filtered(arena, "a.b|lowr", text, &out, &test.diags));
    ASSERT_DIAG(&test, "unknown-filter");
    ck_assert(!gt_stack_filtered(arena, "a.b|lower", map, &out, &test.diags));
    ASSERT_DIAG(&test, "wrong-type");
    ck_assert(!gt_stack_filter(arena, "nope", text, &out));
}
END_TEST

START_TEST(applies_filters_to_variables_too)
{
    ASSERT_BUILT(&test, "gantry: 1\nstack: s\nvariables: {v: a/b}\n"
                        "outputs: {x: \"${var.v|percent-encode}\"}\n");
    ck_assert_str_eq(gt_text_at(test.stack.outputs, "/x"), "a%2Fb");
}
END_TEST

Suite *expression_suite(void)
{
    Suite *suite = suite_create("expression");
    TCase *tcase = tcase_create("expression");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, splits_a_reference_at_the_longest_address);
    tcase_add_test(tcase, makes_domain_suffixes_that_cognito_takes);
    tcase_add_test(tcase, percent_encodes_an_arn_for_a_url);
    tcase_add_test(tcase, applies_filters_in_their_order);
    tcase_add_test(tcase, gives_the_value_itself_without_filters);
    tcase_add_test(tcase, refuses_unknown_filters_and_maps);
    tcase_add_test(tcase, applies_filters_to_variables_too);
    suite_add_tcase(suite, tcase);
    return suite;
}
