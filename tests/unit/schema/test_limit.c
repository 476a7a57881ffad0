#include "schema_suites.h"

#include <string.h>

GT_TEST_ARENA

/* Generous, for sanitizers on a busy machine; what is not bounded takes hours, or the stack. */
enum { SOON_MS = 200 * 1000 };

/* {"a":{"a":...}} */
static json_t *deep_object(size_t depth)
{
    json_t *value = json_null();
    for (size_t i = 0; i < depth; i++)
        value = json_pack("{s:o}", "a", value);
    return gt_keep(arena, value);
}

static void gives_up(const struct gt_schema *schema, const json_t *value, const char *part)
{
    double begin = now_ms();
    const char *problems = problems_of(arena, schema, value);
    ck_assert_msg(strstr(problems, part) != NULL, "%s", problems);
    ck_assert(now_ms() - begin < SOON_MS);
}

START_TEST(refuses_values_that_are_nested_too_deeply)
{
    const struct gt_schema *schema =
        schema_of(arena, "{'type':['object','null'],'additionalProperties':{'$ref':'#'}}");
    ck_assert_str_eq(problems_of(arena, schema, deep_object(400)), "");
    gives_up(schema, deep_object(2000), "is nested too deeply");
}
END_TEST

START_TEST(follows_deep_values_in_equality_only_so_far)
{
    json_t *value = gt_keep(arena, json_pack("[O, O]", deep_object(1900), deep_object(1900)));
    gives_up(schema_of(arena, "{'uniqueItems':true}"), value, "is nested too deeply");
    gives_up(schema_of(arena, "{'not':{'uniqueItems':true}}"), value, "is nested too deeply");
}
END_TEST

START_TEST(refuses_schemas_that_are_nested_too_deeply)
{
    struct gt_schema_problem problem;
    for (size_t depth = 100; depth <= 1500; depth += 1400) {
        const char *text = gt_printf(arena, "%strue%s", repeated(arena, "{'items':", depth),
                                     repeated(arena, "}", depth));
        const struct gt_schema *schema = gt_schema_compile(arena, json_of(arena, text), &problem);
        ck_assert_int_eq(schema != NULL, depth == 100);
    }
    ck_assert_str_eq(problem.message, "is nested too deeply");
}
END_TEST

/* Schemas in $defs that each lead to the next, @ in `each`, and the last one, `end`. */
static const json_t *chain(size_t len, const char *each, const char *end)
{
    json_t *defs = json_object();
    for (size_t i = 0; i < len; i++) {
        const char *text = "", *from = each;
        for (const char *at; (at = strchr(from, '@')) != NULL; from = at + 1)
            text = gt_printf(arena, "%s%.*s{'$ref':'#/$defs/%zu'}", text, (int)(at - from), from,
                             i + 1);
        text = gt_printf(arena, "%s%s", text, from);
        json_object_set(defs, gt_printf(arena, "%zu", i), json_of(arena, text));
    }
    json_object_set(defs, gt_printf(arena, "%zu", len), json_of(arena, end));
    return gt_keep(arena, json_pack("{s:s, s:o}", "$ref", "#/$defs/0", "$defs", defs));
}

START_TEST(refuses_too_many_references_in_a_row)
{
    struct gt_schema_problem problem;
    const json_t *schema = chain(100, "{'allOf':[@]}", "true");
    ck_assert_ptr_nonnull(gt_schema_compile(arena, schema, &problem));
    schema = chain(10000, "{'allOf':[@]}", "true");
    ck_assert_ptr_null(gt_schema_compile(arena, schema, &problem));
    ck_assert_str_eq(problem.message, "has too many references in a row");
}
END_TEST

/* Each schema asks for the next one twice: 2^60 ways through it. */
START_TEST(gives_up_where_the_ways_double)
{
    struct gt_schema_problem problem;
    const struct gt_schema *schema =
        gt_schema_compile(arena, chain(60, "{'allOf':[@,@]}", "{'type':'null'}"), &problem);
    ck_assert_ptr_nonnull(schema);
    gives_up(schema, json_of(arena, "null"), "takes too long to check");
}
END_TEST

START_TEST(gives_up_though_the_opposite_is_asked_for)
{
    struct gt_schema_problem problem;
    const struct gt_schema *schema =
        gt_schema_compile(arena, chain(60, "{'not':{'anyOf':[@,@]}}", "{'type':'null'}"), &problem);
    ck_assert_ptr_nonnull(schema);
    gives_up(schema, json_of(arena, "7"), "takes too long to check");
}
END_TEST

START_TEST(ends_dynamic_references_that_go_round)
{
    gives_up(schema_of(arena, "{'$dynamicAnchor':'a','$dynamicRef':'#a'}"), json_of(arena, "1"),
             "is nested too deeply");
}
END_TEST

static const struct expensive {
    const char *pattern, *unit;
    size_t times;
    const char *end;
} expensive[] = {
    {"^(a+)+$", "a", 40, "!"},
    {"(a+)+$", "a", 40, "!"},
    {"^(a|aa)+$", "a", 100, "!"},
    {"(a|a)*[bc]", "a", 5000, "!"},
    {"^(([a-z])+.)+[A-Z]([a-z])+$", "a", 60, ""},
    {"\\\\s+$", " ", 300000, "x"},
    {"(.*)\\\\1(.*)\\\\2x", "ab", 20000, ""},
};

START_TEST(gives_up_on_catastrophic_patterns)
{
    const struct expensive *row = &expensive[_i];
    const struct gt_schema *schema =
        schema_of(arena, gt_printf(arena, "{'pattern':'%s'}", row->pattern));
    json_t *value =
        gt_keep(arena, json_pack("s+", repeated(arena, row->unit, row->times), row->end));
    gives_up(schema, value, "takes too long to be compared with a pattern");
}
END_TEST

START_TEST(gives_up_on_many_expensive_values)
{
    const struct gt_schema *schema = schema_of(
        arena, "{'items':{'pattern':'[a-z]+\\\\d[a-z]'},'not':{'items':{'pattern':'y'}}}");
    json_t *values = gt_keep(arena, json_array());
    for (size_t i = 0; i < 1000; i++)
        json_array_append_new(values, json_pack("s+", repeated(arena, "a", 10000), "-5a5a"));
    gives_up(schema, values, "takes too long to check");
}
END_TEST

START_TEST(takes_long_texts_for_patterns_that_are_simple)
{
    const struct gt_schema *schema = schema_of(arena, "{'pattern':'^[A-Za-z0-9+/]*={0,2}$'}");
    json_t *value = gt_keep(arena, json_string(repeated(arena, "abcd", 500000)));
    ck_assert_str_eq(problems_of(arena, schema, value), "");
    schema = schema_of(arena, "{'pattern':'FROM'}");
    value = gt_keep(arena, json_pack("s+", repeated(arena, "FRO ", 50000), "FROM"));
    ck_assert_str_eq(problems_of(arena, schema, value), "");
}
END_TEST

START_TEST(finds_equal_items_in_long_arrays)
{
    const struct gt_schema *schema = schema_of(arena, "{'uniqueItems':true}");
    json_t *values = gt_keep(arena, json_array());
    for (int i = 0; i < 100000; i++)
        json_array_append_new(values, json_pack("{s:i, s:[i]}", "a", i, "b", i % 7));
    ck_assert_str_eq(problems_of(arena, schema, values), "");
    json_array_append_new(values, json_pack("{s:[f], s:f}", "b", 3.0, "a", 3.0));
    ck_assert_str_eq(problems_of(arena, schema, values),
                     ": must have no equal items, but 3 and 100000 are");
}
END_TEST

START_TEST(finds_numbers_that_are_equal_in_another_spelling)
{
    const struct gt_schema *schema = schema_of(arena, "{'uniqueItems':true}");
    const json_t *values = json_of(arena, "[1,2,3,4,5,6,7,8,9,0,-0.0,9007199254740993]");
    ck_assert_str_eq(problems_of(arena, schema, values),
                     ": must have no equal items, but 9 and 10 are");
    values = json_of(arena, "[1,2,3,4,5,6,7,8,9,9007199254740992.0,9007199254740993]");
    ck_assert_str_eq(problems_of(arena, schema, values), "");
}
END_TEST

START_TEST(takes_numbers_of_any_size)
{
    static const struct {
        const char *schema, *value;
        bool valid;
    } rows[] = {
        {"{'maximum':9223372036854775807}", "9.3e18", false},
        {"{'maximum':9.3e18}", "9223372036854775807", true},
        {"{'minimum':-1e308}", "-1.7e308", false},
        {"{'exclusiveMaximum':9007199254740993}", "9007199254740992.0", true},
        {"{'exclusiveMaximum':9007199254740992.0}", "9007199254740993", false},
        {"{'enum':[9007199254740993]}", "9007199254740992.0", false},
        {"{'multipleOf':9223372036854775807}", "9223372036854775806", false},
        {"{'multipleOf':9223372036854775807}", "1e300", false},
        {"{'multipleOf':1e-320}", "1.7e308", true},
        {"{'multipleOf':3e-300}", "1e308", false},
        {"{'type':'integer'}", "1e308", true},
        {"{'maxLength':1e308,'minLength':0.0}", "''", true},
        {"{'minItems':18446744073709551616.0}", "[]", false},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const char *problems =
            problems_of(arena, schema_of(arena, rows[i].schema), json_of(arena, rows[i].value));
        ck_assert_msg((*problems == '\0') == rows[i].valid, "%s %s: %s", rows[i].schema,
                      rows[i].value, problems);
    }
}
END_TEST

Suite *limit_suite(void)
{
    Suite *suite = suite_create("limit");
    TCase *tcase = tcase_create("limit");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, refuses_values_that_are_nested_too_deeply);
    tcase_add_test(tcase, follows_deep_values_in_equality_only_so_far);
    tcase_add_test(tcase, refuses_schemas_that_are_nested_too_deeply);
    tcase_add_test(tcase, refuses_too_many_references_in_a_row);
    tcase_add_test(tcase, gives_up_where_the_ways_double);
    tcase_add_test(tcase, gives_up_though_the_opposite_is_asked_for);
    tcase_add_test(tcase, ends_dynamic_references_that_go_round);
    tcase_add_loop_test(tcase, gives_up_on_catastrophic_patterns, 0, GT_COUNT(expensive));
    tcase_add_test(tcase, gives_up_on_many_expensive_values);
    tcase_add_test(tcase, takes_long_texts_for_patterns_that_are_simple);
    tcase_add_test(tcase, finds_equal_items_in_long_arrays);
    tcase_add_test(tcase, finds_numbers_that_are_equal_in_another_spelling);
    tcase_add_test(tcase, takes_numbers_of_any_size);
    suite_add_tcase(suite, tcase);
    return suite;
}
