#include "suites.h"

#include <gantry/model/operations.h>
#include <gantry/model/validate.h>
#include <gt_test.h>
#include <string.h>

GT_TEST_ARENA

static const struct gt_shape text = {
    .name = "Text", .kind = GT_SHAPE_STRING, .min = INT64_MIN, .max = INT64_MAX};
static const struct gt_shape truth = {
    .name = "Truth", .kind = GT_SHAPE_BOOLEAN, .min = INT64_MIN, .max = INT64_MAX};
static const struct gt_shape whole = {
    .name = "Whole", .kind = GT_SHAPE_LONG, .min = INT64_MIN, .max = INT64_MAX};
static const struct gt_shape real = {
    .name = "Real", .kind = GT_SHAPE_DOUBLE, .min = INT64_MIN, .max = INT64_MAX};

static char *dumped(const json_t *value)
{
    char *out = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
    char *copy = gt_strdup(arena, out);
    free(out);
    return copy;
}

START_TEST(types_scalars_by_their_shape)
{
    static const struct {
        const struct gt_shape *shape;
        const char *json, *raw; /* raw NULL: no mark */
        const char *typed;
    } rows[] = {
        {&text, "12345678901", "012345678901", "\"012345678901\""},
        {&text, "1.1", "1.10", "\"1.10\""},
        {&text, "true", "true", "\"true\""},
        {&text, "16", "0x10", "\"0x10\""},
        {&text, "5", "${var.port}", "\"5\""},
        {&text, "5", NULL, "\"5\""},
        {&text, "2.5", NULL, "\"2.5\""},
        {&text, "false", NULL, "\"false\""},
        {&text, "null", "null", "null"},
        {&text, "\"5\"", "5", "\"5\""},
        {&text, "[1]", NULL, "[1]"},
        {&truth, "\"true\"", NULL, "true"},
        {&truth, "\"False\"", NULL, "false"},
        {&truth, "\"yes\"", NULL, "\"yes\""},
        {&truth, "\"${var.on}\"", NULL, "\"${var.on}\""},
        {&truth, "1", NULL, "1"},
        {&whole, "\"8000\"", NULL, "8000"},
        {&whole, "\"-1\"", NULL, "-1"},
        {&whole, "\"+1\"", NULL, "1"},
        {&whole, "\"80a\"", NULL, "\"80a\""},
        {&whole, "\" 80\"", NULL, "\" 80\""},
        {&whole, "\"\"", NULL, "\"\""},
        {&whole, "\"-\"", NULL, "\"-\""},
        {&whole, "\"99999999999999999999\"", NULL, "\"99999999999999999999\""},
        {&whole, "true", NULL, "true"},
        {&real, "\"0.5\"", NULL, "0.5"},
        {&real, "\"5\"", NULL, "5"},
        {&real, "5", NULL, "5"},
        {&real, "\"1e3\"", NULL, "1000.0"},
        {&real, "\"inf\"", NULL, "\"inf\""},
        {&real, "\"0x10\"", NULL, "\"0x10\""},
        {&real, "\"1e999\"", NULL, "\"1e999\""},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_marks *marks = gt_marks_new(arena);
        if (rows[i].raw != NULL)
            gt_marks_set(marks, "", (struct gt_mark){.style = GT_STYLE_PLAIN, .raw = rows[i].raw});
        json_t *value = gt_keep(arena, json_loads(rows[i].json, JSON_DECODE_ANY, NULL));
        json_t *typed = gt_keep(arena, gt_coerce(rows[i].shape, value, marks));
        ck_assert_msg(strcmp(dumped(typed), rows[i].typed) == 0, "%s as %s gave %s", rows[i].json,
                      rows[i].shape->name, dumped(typed));
    }
}
END_TEST

START_TEST(types_below_structures_lists_and_maps)
{
    struct gt_marks *marks = gt_marks_new(arena);
    gt_marks_set(marks, "/tags/cost~1center",
                 (struct gt_mark){.style = GT_STYLE_PLAIN, .raw = "007"});
    gt_marks_set(marks, "/authorizerConfiguration/customJWTAuthorizer/allowedClients/1",
                 (struct gt_mark){.style = GT_STYLE_PLAIN, .raw = "1e3"});
    json_t *value = gt_keep(
        arena, json_loads("{\"name\": \"n\", \"tags\": {\"cost/center\": 7}, \"unknown\": 5,"
                          "\"authorizerConfiguration\": {\"customJWTAuthorizer\":"
                          "{\"allowedClients\": [\"a\", 1000.0]}}}",
                          0, NULL));
    json_t *typed = gt_keep(
        arena, gt_coerce(gt_op_bedrock_agentcore_control_CreateGateway.input, value, marks));
    ck_assert_str_eq(dumped(typed),
                     "{\"authorizerConfiguration\":{\"customJWTAuthorizer\":"
                     "{\"allowedClients\":[\"a\",\"1e3\"]}},"
                     "\"name\":\"n\",\"tags\":{\"cost/center\":\"007\"},\"unknown\":5}");
    ck_assert(json_is_integer(json_object_get(json_object_get(value, "tags"), "cost/center")));
}
END_TEST

START_TEST(copies_where_no_shape_speaks)
{
    json_t *value = gt_keep(arena, json_pack("{s:[i]}", "a", 1));
    json_t *copy = gt_keep(arena, gt_coerce(NULL, value, NULL));
    ck_assert(json_equal(copy, value));
    ck_assert_ptr_ne(json_object_get(copy, "a"), json_object_get(value, "a"));
}
END_TEST

Suite *coerce_suite(void)
{
    Suite *suite = suite_create("coerce");
    TCase *test = tcase_create("coerce");
    tcase_add_checked_fixture(test, arena_setup, arena_teardown);
    tcase_add_test(test, types_scalars_by_their_shape);
    tcase_add_test(test, types_below_structures_lists_and_maps);
    tcase_add_test(test, copies_where_no_shape_speaks);
    suite_add_tcase(suite, test);
    return suite;
}
