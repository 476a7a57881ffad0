#include "config_support.h"

GT_TEST_ARENA

/* The input schema of a statement with these parameters, as canonical JSON. */
static const char *schema_of(const char *parameters)
{
    struct gt_config *config = good_config(
        arena, gt_printf(arena,
                         "sources: {db: {type: postgres, database: d, user: u}}\n"
                         "tools: {a: {type: postgres-sql, statement: SELECT 1, parameters: %s}}\n",
                         parameters));
    char *text = json_dumps(config->tools.at[0]->input_schema, JSON_COMPACT);
    const char *out = gt_strdup(arena, text);
    free(text);
    gt_config_free(config);
    return out;
}

START_TEST(become_properties_in_their_order)
{
    static const struct {
        const char *parameters, *schema;
    } rows[] = {
        {"[]", "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}"},
        {"[{name: z}, {name: a, type: integer, description: x, default: 1}]",
         "{\"type\":\"object\",\"properties\":{\"z\":{\"type\":\"string\"},"
         "\"a\":{\"type\":\"integer\",\"description\":\"x\",\"default\":1}},"
         "\"additionalProperties\":false,\"required\":[\"z\"]}"},
        {"{z: {}, a: {required: false}}",
         "{\"type\":\"object\",\"properties\":{\"z\":{\"type\":\"string\"},"
         "\"a\":{\"type\":\"string\"}},\"additionalProperties\":false,\"required\":[\"z\"]}"},
        {"{n: {type: number, min_value: 0.5, max_value: 9}, s: {max_length: 3, pattern: \"^a\"}}",
         "{\"type\":\"object\",\"properties\":{"
         "\"n\":{\"type\":\"number\",\"minimum\":0.5,\"maximum\":9},"
         "\"s\":{\"type\":\"string\",\"maxLength\":3,\"pattern\":\"^a\"}},"
         "\"additionalProperties\":false,\"required\":[\"n\",\"s\"]}"},
        {"{l: {type: array, items: {type: integer, allowed_values: [1, 2]}, max_length: 4}}",
         "{\"type\":\"object\",\"properties\":{\"l\":{\"type\":\"array\",\"maxItems\":4,"
         "\"items\":{\"type\":\"integer\",\"enum\":[1,2]}}},"
         "\"additionalProperties\":false,\"required\":[\"l\"]}"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_str_eq(schema_of(rows[i].parameters), rows[i].schema);
}
END_TEST

START_TEST(values_have_the_type_of_the_parameter)
{
    static const struct {
        const char *parameter, *value; /* default as JSON */
    } rows[] = {
        {"{type: string, default: 012}", "\"012\""},
        {"{type: string, default: no}", "\"no\""},
        {"{type: string, allowed_values: [1.10, 2], default: 1.10}", "\"1.10\""},
        {"{type: integer, default: \"${env.PORT_TEXT}\"}", "9000"},
        {"{type: boolean, default: \"true\"}", "true"},
        {"{type: array, items: integer, default: [1]}", "[1]"},
        {"{type: object, default: {a: 1}}", "{\"a\":1}"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const char *schema = schema_of(gt_printf(arena, "{p: %s}", rows[i].parameter));
        const json_t *read = gt_keep(arena, json_loads(schema, 0, NULL));
        ck_assert_str_eq(gt_json_canonical(arena, gt_at(read, "/properties/p/default")),
                         rows[i].value);
        ck_assert_ptr_null(json_object_get(read, "required"));
    }
}
END_TEST

START_TEST(those_of_a_type_are_narrowed_and_never_widened)
{
    struct gt_config *config = good_config(
        arena, "sources: {db: {type: postgres, database: d, user: u}}\n"
               "tools: {a: {type: postgres-query, timeout_ms: 4000, parameters: {\n"
               "  query: {description: the SQL, max_length: 100},\n"
               "  timeout_ms: {default: 1000, min_value: 500, max_value: 99999999}}}}\n");
    const json_t *schema = config->tools.at[0]->input_schema;
    ck_assert_str_eq(gt_text_at(schema, "/properties/query/description"), "the SQL");
    ck_assert_int_eq(json_integer_value(gt_at(schema, "/properties/query/maxLength")), 100);
    ck_assert_int_eq(json_integer_value(gt_at(schema, "/properties/timeout_ms/default")), 1000);
    ck_assert_int_eq(json_integer_value(gt_at(schema, "/properties/timeout_ms/minimum")), 500);
    ck_assert_int_lt(json_integer_value(gt_at(schema, "/properties/timeout_ms/maximum")), 99999999);
    gt_config_free(config);
}
END_TEST

Suite *parameters_suite(void)
{
    Suite *suite = suite_create("parameters");
    TCase *test = tcase_create("parameters");
    tcase_add_checked_fixture(test, arena_setup, arena_teardown);
    tcase_add_test(test, become_properties_in_their_order);
    tcase_add_test(test, values_have_the_type_of_the_parameter);
    tcase_add_test(test, those_of_a_type_are_narrowed_and_never_widened);
    suite_add_tcase(suite, test);
    return suite;
}
