#include "schema_suites.h"

#include <string.h>

GT_TEST_ARENA

static const struct row {
    const char *schema, *value, *problems;
} rows[] = {
    {"{'type':'integer'}", "'1'", ": must be an integer, not a string"},
    {"{'type':'integer'}", "1.5", ": must be an integer, not a number"},
    {"{'type':'string'}", "1.0", ": must be a string, not an integer"},
    {"{'type':['null','array','object']}", "true",
     ": must be an array or an object or null, not a boolean"},
    {"{'type':'object'}", "null", ": must be an object, not null"},
    {"{'type':'string','minLength':3,'enum':['a']}", "7", ": must be a string, not an integer"},
    {"{'minimum':1}", "0", ": must be at least 1"},
    {"{'minimum':0.1}", "0", ": must be at least 0.1"},
    {"{'maximum':1e100}", "2e100", ": must be at most 1e+100"},
    {"{'exclusiveMinimum':0}", "0", ": must be greater than 0"},
    {"{'exclusiveMaximum':9}", "9.0", ": must be less than 9"},
    {"{'multipleOf':0.01}", "0.075", ": must be a multiple of 0.01"},
    {"{'minimum':5,'multipleOf':2}", "3", ": must be at least 5\n: must be a multiple of 2"},
    {"{'minLength':1}", "''", ": must have at least 1 character, has 0"},
    {"{'maxLength':2}", "'\xc3\xa4\xf0\x9f\x98\x80x'", ": must have at most 2 characters, has 3"},
    {"{'pattern':'^a+$'}", "'b'", ": must match the pattern \"^a+$\""},
    {"{'enum':['public','private',3,null,{'b':1,'a':[]}]}", "'publc'",
     ": is not one of \"public\", \"private\", 3, null, {\"a\":[],\"b\":1}; did you mean "
     "\"public\"?"},
    {"{'enum':['public']}", "7", ": is not one of \"public\""},
    {"{'const':0.1}", "1", ": must be 0.1"},
    {"{'minItems':1}", "[]", ": must have at least 1 item, has 0"},
    {"{'maxItems':1}", "[1,2]", ": must have at most 1 item, has 2"},
    {"{'uniqueItems':true}", "[1,'a',1.0]", ": must have no equal items, but 0 and 2 are"},
    {"{'items':{'type':'string'}}", "['a',7,null]",
     "/1: must be a string, not an integer\n/2: must be a string, not null"},
    {"{'prefixItems':[true],'items':false}", "[1,2]", ": must have at most 1 item"},
    {"{'prefixItems':[{'const':1}]}", "[2]", "/0: must be 1"},
    {"{'contains':{'const':1}}", "[2]",
     ": must have at least 1 item that fits \"contains\", has 0"},
    {"{'contains':{'const':1},'maxContains':0,'minContains':0}", "[1]",
     ": must have at most 0 items that fit \"contains\", has 1"},
    {"{'properties':{'limit':true},'additionalProperties':false}", "{'limti':1}",
     ": unknown property \"limti\"; did you mean \"limit\"?"},
    {"{'properties':{'limit':true},'additionalProperties':false}", "{'limit':1,'limti':1}",
     ": unknown property \"limti\""},
    {"{'properties':{'a':{'type':'string'}},'required':['a','b']}", "{'a':1}",
     "/a: must be a string, not an integer\n: the property \"b\" is missing"},
    {"{'properties':{'a':false}}", "{'a':1}", "/a: is not allowed"},
    {"{'patternProperties':{'^x-':{'type':'string'}}}", "{'x-a':1,'a':1}",
     "/x-a: must be a string, not an integer"},
    {"{'properties':{'a/b':{'properties':{'~':{'minimum':1}}}}}", "{'a/b':{'~':0}}",
     "/a~1b/~0: must be at least 1"},
    {"{'propertyNames':{'maxLength':2}}", "{'long':1}",
     ": the property name \"long\" must have at most 2 characters, has 4"},
    {"{'minProperties':1}", "{}", ": must have at least 1 property, has 0"},
    {"{'maxProperties':1}", "{'a':1,'b':2}", ": must have at most 1 property, has 2"},
    {"{'minProperties':2}", "{}", ": must have at least 2 properties, has 0"},
    {"{'dependentRequired':{'a':['b']}}", "{'a':1}",
     ": the property \"b\" is missing, which \"a\" needs"},
    {"{'dependentSchemas':{'a':{'required':['b']}}}", "{'a':1}", ": the property \"b\" is missing"},
    {"{'not':{'type':'null'}}", "null", ": must not be what \"not\" describes"},
    {"{'anyOf':[{'type':'integer','minimum':1},{'type':'null'}]}", "0", ": must be at least 1"},
    {"{'anyOf':[{'$ref':'#/$defs/a'},{'type':'null'}],'$defs':{'a':{'type':'object','required':"
     "['b']}}}",
     "{}", ": the property \"b\" is missing"},
    {"{'anyOf':[{'minimum':1},{'minimum':2}]}", "0",
     ": fits none of the 2 alternatives of \"anyOf\""},
    {"{'anyOf':[{'type':'string'},{'type':'null'}]}", "0",
     ": fits none of the 2 alternatives of \"anyOf\""},
    {"{'oneOf':[{'minimum':1},{'const':7},{'minimum':3}]}", "5",
     ": fits alternatives 0 and 2 of \"oneOf\", must fit only one"},
    {"{'oneOf':[false,false]}", "5", ": fits none of the 2 alternatives of \"oneOf\""},
    {"{'if':{'type':'integer'},'then':{'minimum':1}}", "0", ": must be at least 1"},
    {"{'properties':{'a':true},'unevaluatedProperties':false}", "{'b':1}",
     ": unknown property \"b\"; did you mean \"a\"?"},
    {"{'allOf':[{'prefixItems':[true]}],'unevaluatedItems':false}", "[1,2]", "/1: is not allowed"},
    {"false", "7", ": is not allowed"},
    {"{'$ref':'#/$defs/no','$defs':{'no':false}}", "7", ": is not allowed"},
};

START_TEST(says_what_is_wrong_and_where)
{
    const char *problems =
        problems_of(arena, schema_of(arena, rows[_i].schema), json_of(arena, rows[_i].value));
    ck_assert_str_eq(problems, rows[_i].problems);
}
END_TEST

START_TEST(tells_a_handful_of_problems)
{
    struct gt_schema_problems problems;
    const struct gt_schema *schema = schema_of(arena, "{'items':{'type':'string'}}");
    ck_assert(!gt_schema_check(schema, arena, json_of(arena, "[1,2,3,4,5,6,7,8,9,10]"), &problems));
    ck_assert_uint_eq(problems.len, GT_SCHEMA_PROBLEMS_MAX);
    ck_assert_str_eq(problems.at[7].pointer, "/7");
}
END_TEST

START_TEST(forgets_problems_of_the_check_before)
{
    struct gt_schema_problems problems;
    const struct gt_schema *schema = schema_of(arena, "{'type':'string'}");
    ck_assert(!gt_schema_check(schema, arena, json_of(arena, "1"), &problems));
    ck_assert(gt_schema_check(schema, arena, json_of(arena, "'1'"), &problems));
    ck_assert_uint_eq(problems.len, 0);
}
END_TEST

/* Whatever a client sends, what it is told back stays short and on one line. */
START_TEST(keeps_messages_short)
{
    const char *name = repeated(arena, "n\\n", 100000);
    const char *const values[] = {gt_printf(arena, "{'%s':1}", name),
                                  gt_printf(arena, "{'a':{'%s':'x'}}", name),
                                  gt_printf(arena, "{'b':'%s'}", name)};
    const struct gt_schema *schema =
        schema_of(arena, gt_printf(arena,
                                   "{'properties':{'a':{'additionalProperties':{'type':'null'}},"
                                   "'b':{'enum':[%s'x']}},'additionalProperties':false}",
                                   repeated(arena, "'some value of many',", 1000)));
    for (size_t i = 0; i < GT_COUNT(values); i++) {
        struct gt_schema_problems problems;
        ck_assert(!gt_schema_check(schema, arena, json_of(arena, values[i]), &problems));
        ck_assert_uint_eq(problems.len, 1);
        ck_assert_uint_le(strlen(problems.at[0].message), 403);
        ck_assert_uint_le(strlen(problems.at[0].pointer), 1027);
        ck_assert_ptr_null(strpbrk(problems.at[0].message, "\n\r\t"));
        ck_assert_ptr_null(strpbrk(problems.at[0].pointer, "\n\r\t"));
    }
}
END_TEST

START_TEST(counts_the_values_that_it_leaves_out)
{
    const struct gt_schema *schema = schema_of(
        arena, gt_printf(arena, "{'enum':[%s'x']}", repeated(arena, "'some value of many',", 99)));
    const char *problems = problems_of(arena, schema, json_of(arena, "7"));
    ck_assert_msg(strstr(problems, "\"some value of many\" and 90 more") != NULL, "%s", problems);
}
END_TEST

Suite *message_suite(void)
{
    Suite *suite = suite_create("message");
    TCase *tcase = tcase_create("message");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_loop_test(tcase, says_what_is_wrong_and_where, 0, GT_COUNT(rows));
    tcase_add_test(tcase, tells_a_handful_of_problems);
    tcase_add_test(tcase, forgets_problems_of_the_check_before);
    tcase_add_test(tcase, keeps_messages_short);
    tcase_add_test(tcase, counts_the_values_that_it_leaves_out);
    suite_add_tcase(suite, tcase);
    return suite;
}
