#include "schema_suites.h"

GT_TEST_ARENA

/* A tool's input: without an arena, any memory taken from one would end the test. */
START_TEST(checks_a_flat_object_without_memory)
{
    const struct gt_schema *schema = schema_of(
        arena, "{'type':'object','properties':{'sql':{'type':'string','minLength':1,'maxLength':"
               "100},'limit':{'type':'integer','minimum':1,'maximum':1000,'multipleOf':1},"
               "'mode':{'enum':['fast','slow']},'flag':{'type':'boolean','const':true},"
               "'tags':{'type':'array','items':{'type':'string'},'uniqueItems':true}},"
               "'required':['sql'],'additionalProperties':false,'anyOf':[{'minProperties':9},{}],"
               "'dependentRequired':{'limit':['sql']}}");
    const json_t *value = json_of(
        arena, "{'sql':'SELECT 1','limit':10,'mode':'slow','flag':true,'tags':['a','b','c']}");
    struct gt_schema_problems problems;
    ck_assert(gt_schema_check(schema, NULL, value, &problems));
    ck_assert_uint_eq(problems.len, 0);
}
END_TEST

START_TEST(looks_at_few_unevaluated_members_without_memory)
{
    const struct gt_schema *schema =
        schema_of(arena, "{'allOf':[{'properties':{'a':true}}],'anyOf':[{'required':['b']},{"
                         "'properties':{'b':true}}],'unevaluatedProperties':false}");
    struct gt_schema_problems problems;
    ck_assert(gt_schema_check(schema, NULL, json_of(arena, "{'a':1,'b':2}"), &problems));
}
END_TEST

START_TEST(remembers_many_unevaluated_members_and_items)
{
    json_t *object = gt_keep(arena, json_object()), *array = gt_keep(arena, json_array());
    for (int i = 0; i < 1000; i++) {
        json_object_set_new(object, gt_printf(arena, "x%d", i), json_integer(i));
        json_array_append_new(array, json_integer(i));
    }
    const struct gt_schema *schema =
        schema_of(arena, "{'anyOf':[{'patternProperties':{'^x':true}},{'maxItems':1}],'contains':"
                         "{'minimum':1},'unevaluatedProperties':false,'unevaluatedItems':false}");
    ck_assert_str_eq(problems_of(arena, schema, object), "");
    json_object_set_new(object, "y", json_null());
    ck_assert_str_eq(problems_of(arena, schema, object), ": unknown property \"y\"");
    ck_assert_str_eq(problems_of(arena, schema, array), "/0: is not allowed");
}
END_TEST

Suite *cost_suite(void)
{
    Suite *suite = suite_create("cost");
    TCase *tcase = tcase_create("cost");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, checks_a_flat_object_without_memory);
    tcase_add_test(tcase, looks_at_few_unevaluated_members_without_memory);
    tcase_add_test(tcase, remembers_many_unevaluated_members_and_items);
    suite_add_tcase(suite, tcase);
    return suite;
}
