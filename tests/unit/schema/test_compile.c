#include "schema_suites.h"

#include <string.h>

GT_TEST_ARENA

static const struct row {
    const char *schema, *pointer, *part; /* of the message */
} refused[] = {
    {"7", "", "must be a schema"},
    {"'string'", "", "must be a schema"},
    {"[]", "", "must be a schema"},
    {"null", "", "must be a schema"},
    {"{'type':'text'}", "/type", "must be string, integer"},
    {"{'type':7}", "/type", "must be string, integer"},
    {"{'type':[]}", "/type", "must be string, integer"},
    {"{'type':['string','text']}", "/type", "must be string, integer"},
    {"{'enum':'a'}", "/enum", "a list of values"},
    {"{'minimum':'1'}", "/minimum", "must be a number"},
    {"{'exclusiveMaximum':true}", "/exclusiveMaximum", "must be a number"},
    {"{'multipleOf':0}", "/multipleOf", "greater than 0"},
    {"{'multipleOf':-0.5}", "/multipleOf", "greater than 0"},
    {"{'minLength':-1}", "/minLength", "whole number"},
    {"{'maxItems':1.5}", "/maxItems", "whole number"},
    {"{'minContains':'1'}", "/minContains", "whole number"},
    {"{'uniqueItems':1}", "/uniqueItems", "true or false"},
    {"{'pattern':7}", "/pattern", "must be a string"},
    {"{'pattern':'a('}", "/pattern", "is no regular expression"},
    {"{'properties':[]}", "/properties", "an object of schemas"},
    {"{'properties':{'a':{'type':'text'}}}", "/properties/a/type", "must be string"},
    {"{'properties':{'a/b~':7}}", "/properties/a~1b~0", "must be a schema"},
    {"{'patternProperties':{'[':true}}", "/patternProperties/[", "is no regular expression"},
    {"{'patternProperties':{'a':[]}}", "/patternProperties/a", "must be a schema"},
    {"{'required':'a'}", "/required", "a list of names"},
    {"{'required':['a',1]}", "/required", "a list of names"},
    {"{'dependentRequired':[]}", "/dependentRequired", "an object of lists"},
    {"{'dependentRequired':{'a':'b'}}", "/dependentRequired/a", "a list of names"},
    {"{'dependentSchemas':{'a':[]}}", "/dependentSchemas/a", "must be a schema"},
    {"{'items':[{}]}", "/items", "must be a schema"},
    {"{'prefixItems':{}}", "/prefixItems", "a list of schemas"},
    {"{'allOf':[]}", "/allOf", "at least one"},
    {"{'anyOf':[true,7]}", "/anyOf/1", "must be a schema"},
    {"{'not':null}", "/not", "must be a schema"},
    {"{'$defs':{'unused':{'minimum':'x'}}}", "/$defs/unused/minimum", "must be a number"},
    {"{'$id':7}", "/$id", "must be a string"},
    {"{'$id':'https://a.example/b#c'}", "/$id", "no fragment"},
    {"{'$id':'https://a.example/','items':{'$id':'https://a.example'},'$ref':'x'}", "/$ref",
     "out of the document"},
    {"{'$defs':{'a':{'$id':'x'},'b':{'$id':'./x'}}}", "/$defs/b/$id", "another schema, too"},
    {"{'$anchor':'7'}", "/$anchor", "must be a name"},
    {"{'$anchor':''}", "/$anchor", "must be a name"},
    {"{'$dynamicAnchor':'a b'}", "/$dynamicAnchor", "must be a name"},
    {"{'$anchor':'a','items':{'$anchor':'a'}}", "/items/$anchor", "another schema, too"},
    {"{'$ref':7}", "/$ref", "must be a string"},
    {"{'$ref':'#/$defs/a'}", "/$ref", "leads nowhere: \"#/$defs/a\""},
    {"{'$ref':'#a'}", "/$ref", "leads nowhere"},
    {"{'$dynamicRef':'#a'}", "/$dynamicRef", "leads nowhere"},
    {"{'$ref':'#/const','const':7}", "/const", "must be a schema"},
    {"{'$ref':'#/x/type','x':{'type':'string'}}", "/x/type", "must be a schema"},
    {"{'$ref':'https://elsewhere.example/schema'}", "/$ref", "out of the document"},
    {"{'$ref':'file:///etc/passwd'}", "/$ref", "out of the document"},
    {"{'$ref':'other.json#/a'}", "/$ref", "out of the document"},
    {"{'$ref':'#'}", "", "refers to itself"},
    {"{'$defs':{'a':{'$ref':'#/$defs/b'},'b':{'$ref':'#/$defs/a'}}}", "/$defs/a",
     "refers to itself"},
    {"{'allOf':[{'anyOf':[{'not':{'$ref':'#'}}]}]}", "", "refers to itself"},
    {"{'if':true,'then':{'$ref':'#/oneOf/0'},'oneOf':[{'$ref':'#'}]}", "", "refers to itself"},
    {"{'dependentSchemas':{'a':{'$ref':'#'}}}", "", "refers to itself"},
    {"{'$dynamicRef':'#/$defs/a','$defs':{'a':{'$ref':'#'}}}", "", "refers to itself"},
};

START_TEST(refuses_what_is_no_schema)
{
    const struct row *row = &refused[_i];
    struct gt_schema_problem problem = {"untouched", "untouched"};
    ck_assert_msg(gt_schema_compile(arena, json_of(arena, row->schema), &problem) == NULL,
                  "compiles: %s", row->schema);
    ck_assert_str_eq(problem.pointer, row->pointer);
    ck_assert_msg(strstr(problem.message, row->part) != NULL, "%s: %s", row->schema,
                  problem.message);
}
END_TEST

static const char *const accepted[] = {
    "true",
    "false",
    "{}",
    "{'type':['string','null'],'title':7,'default':{'$ref':7},'x-own':[1]}",
    "{'minLength':2.0,'maxLength':1e300}",
    "{'properties':{'$ref':{'type':'string'},'type':true}}",
    "{'items':{'$ref':'#'},'properties':{'a':{'$ref':'#'}},'additionalProperties':{'$ref':'#'}}",
    "{'$ref':'#/$defs/a','$defs':{'a':{'properties':{'b':{'$ref':'#'}}}}}",
    "{'then':false,'else':false,'minContains':2,'const':{'$ref':'nowhere'},'enum':[]}",
    "{'format':'no such format','contentSchema':{'type':7}}",
    "{'$ref':'#/definitions/a%20b','definitions':{'a b':{'type':'string'}}}",
    "{'$id':'https://a.example/b/','$ref':'c','$defs':{'c':{'$id':'c','type':'string'}}}",
};

START_TEST(takes_every_schema)
{
    schema_of(arena, accepted[_i]);
}
END_TEST

START_TEST(cuts_what_it_tells)
{
    const char *text = gt_printf(arena, "{'$ref':'%s'}", repeated(arena, "x\\n", 5000));
    struct gt_schema_problem problem;
    ck_assert_ptr_null(gt_schema_compile(arena, json_of(arena, text), &problem));
    ck_assert_uint_lt(strlen(problem.message), 400);
    ck_assert_ptr_null(strchr(problem.message, '\n'));
}
END_TEST

Suite *compile_suite(void)
{
    Suite *suite = suite_create("compile");
    TCase *tcase = tcase_create("compile");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_loop_test(tcase, refuses_what_is_no_schema, 0, GT_COUNT(refused));
    tcase_add_loop_test(tcase, takes_every_schema, 0, GT_COUNT(accepted));
    tcase_add_test(tcase, cuts_what_it_tells);
    suite_add_tcase(suite, tcase);
    return suite;
}
