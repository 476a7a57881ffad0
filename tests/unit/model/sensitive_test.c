#include "suites.h"

#include <gantry/model/operations.h>
#include <gantry/model/validate.h>
#include <gt_test.h>

GT_TEST_ARENA

static json_t *masked(const struct gt_shape *shape, const char *text)
{
    json_t *value = gt_keep(arena, json_loads(text, JSON_DECODE_ANY, NULL));
    ck_assert_ptr_nonnull(value);
    return gt_keep(arena, gt_mask_sensitive(shape, value));
}

START_TEST(masks_strings_of_sensitive_shapes)
{
    json_t *shown = masked(gt_op_secretsmanager_CreateSecret.input,
                           "{\"Name\": \"n\", \"SecretString\": \"s3cret\"}");
    ck_assert_str_eq(json_string_value(json_object_get(shown, "Name")), "n");
    ck_assert_str_eq(json_string_value(json_object_get(shown, "SecretString")), "(sensitive)");
}
END_TEST

START_TEST(masks_all_that_lies_below_a_sensitive_shape)
{
    json_t *shown = masked(gt_op_bedrock_agentcore_control_CreateAgentRuntime.input,
                           "{\"environmentVariables\": {\"A\": \"x\", \"B\": [\"y\", 1]},"
                           " \"agentRuntimeName\": \"lark\", \"unknown\": {\"z\": \"shown\"}}");
    char *text = json_dumps(shown, JSON_COMPACT | JSON_SORT_KEYS);
    ck_assert_str_eq(text, "{\"agentRuntimeName\":\"lark\",\"environmentVariables\":"
                           "{\"A\":\"(sensitive)\",\"B\":[\"(sensitive)\",1]},"
                           "\"unknown\":{\"z\":\"shown\"}}");
    free(text);
}
END_TEST

START_TEST(masks_nothing_without_a_shape_and_never_the_original)
{
    json_t *value = gt_keep(arena, json_pack("{s:s}", "SecretString", "s"));
    json_t *plain = gt_keep(arena, gt_mask_sensitive(NULL, value));
    ck_assert(json_equal(plain, value));
    ck_assert_ptr_ne(plain, value);
    gt_keep(arena, gt_mask_sensitive(gt_op_secretsmanager_CreateSecret.input, value));
    ck_assert_str_eq(json_string_value(json_object_get(value, "SecretString")), "s");
}
END_TEST

Suite *sensitive_suite(void)
{
    Suite *suite = suite_create("sensitive");
    TCase *test = tcase_create("sensitive");
    tcase_add_checked_fixture(test, arena_setup, arena_teardown);
    tcase_add_test(test, masks_strings_of_sensitive_shapes);
    tcase_add_test(test, masks_all_that_lies_below_a_sensitive_shape);
    tcase_add_test(test, masks_nothing_without_a_shape_and_never_the_original);
    suite_add_tcase(suite, test);
    return suite;
}
