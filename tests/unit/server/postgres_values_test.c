/* Values of PostgreSQL as JSON, and JSON as parameters. */
#include "suites.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <postgres/values.h>
#include <string.h>

GT_TEST_ARENA

enum {
    BOOL = 16,
    BYTEA = 17,
    INT8 = 20,
    INT4 = 23,
    TEXT = 25,
    JSON_TEXT = 114,
    FLOAT8 = 701,
    JSONS = 199,
    BOOL_ARRAY = 1000,
    BYTEA_ARRAY = 1001,
    INT4_ARRAY = 1007,
    TEXT_ARRAY = 1009,
    FLOAT8_ARRAY = 1022,
    TIMESTAMP = 1114,
    TIMESTAMPTZ = 1184,
    TIMESTAMPTZ_ARRAY = 1185,
    NUMERIC = 1700,
    JSONB = 3802,
    POINT = 600
};

static const char *written_bytes(unsigned oid, const char *text, size_t len)
{
    struct gt_buf out = gt_buf_init(1 << 20);
    gt_pg_write_value(&out, oid, text, len);
    const char *copy = gt_strdup(arena, gt_buf_text(&out));
    gt_buf_done(&out);
    return copy;
}

static const char *written(unsigned oid, const char *text)
{
    return written_bytes(oid, text, strlen(text));
}

START_TEST(writes_each_type_as_json)
{
    static const struct {
        unsigned oid;
        const char *text, *json;
    } rows[] = {
        {BOOL, "t", "true"},
        {BOOL, "f", "false"},
        {INT4, "-7", "-7"},
        {INT8, "9007199254740991", "9007199254740991"},
        {INT8, "-9007199254740991", "-9007199254740991"},
        {INT8, "9007199254740992", "\"9007199254740992\""},
        {INT8, "-9223372036854775808", "\"-9223372036854775808\""},
        {FLOAT8, "0.1", "0.1"},
        {FLOAT8, "1e+300", "1e+300"},
        {FLOAT8, "-0", "-0"},
        {FLOAT8, "NaN", "\"NaN\""},
        {FLOAT8, "+1", "\"+1\""},
        {FLOAT8, "01", "\"01\""},
        {FLOAT8, ".5", "\".5\""},
        {FLOAT8, "0x10", "\"0x10\""},
        {INT4, " 1", "\" 1\""},
        {INT4, "1.0", "\"1.0\""},
        {INT4, "", "\"\""},
        {FLOAT8, "-Infinity", "\"-Infinity\""},
        {NUMERIC, "123456789012345678901234567890.10", "\"123456789012345678901234567890.10\""},
        {NUMERIC, "NaN", "\"NaN\""},
        {TEXT, "a\"b\\c\n\t\x01\x7f", "\"a\\\"b\\\\c\\n\\t\\u0001\x7f\""},
        {TEXT, "", "\"\""},
        {TEXT, "gr\xc3\xbcn \xf0\x9f\x8c\xb1", "\"gr\xc3\xbcn \xf0\x9f\x8c\xb1\""},
        {BYTEA, "\\x", "\"\""},
        {BYTEA, "\\x00ff10", "\"AP8Q\""},
        {BYTEA, "\\x0", "\"\\\\x0\""},
        {BYTEA, "\\xzz", "\"\\\\xzz\""},
        {BYTEA, "abc", "\"abc\""},
        {JSONB, "{\"a\": [1, 0.10, null]}", "{\"a\": [1, 0.10, null]}"},
        {JSONB, "12345678901234567890", "12345678901234567890"},
        {JSONB, "\"x\"", "\"x\""},
        {JSON_TEXT, "{\"a\":\n1}", "{\"a\":1}"},
        {JSON_TEXT, "{\"a\":1,\"a\":2}", "{\"a\":2}"},
        {JSON_TEXT, "{\"a\":\"\\u0000\"}", "\"{\\\"a\\\":\\\"\\\\u0000\\\"}\""},
        {JSON_TEXT, "{", "\"{\""},
        {TIMESTAMP, "2026-11-21 10:00:00", "\"2026-11-21T10:00:00\""},
        {TIMESTAMP, "2026-11-21 10:00:00.25", "\"2026-11-21T10:00:00.25\""},
        {TIMESTAMP, "infinity", "\"infinity\""},
        {TIMESTAMP, "0044-03-15 12:00:00 BC", "\"0044-03-15 12:00:00 BC\""},
        {TIMESTAMP, "10000-01-01 00:00:00", "\"10000-01-01 00:00:00\""},
        {TIMESTAMPTZ, "2026-11-21 10:00:00+00", "\"2026-11-21T10:00:00Z\""},
        {TIMESTAMPTZ, "2026-11-21 10:00:00.5-08", "\"2026-11-21T10:00:00.5-08:00\""},
        {TIMESTAMPTZ, "2026-11-21 10:00:00+05:30", "\"2026-11-21T10:00:00+05:30\""},
        {TIMESTAMPTZ, "1890-01-01 00:00:00+00:53:28", "\"1890-01-01 00:00:00+00:53:28\""},
        {POINT, "(1,2)", "\"(1,2)\""},
        {0, "x", "\"x\""},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_str_eq(written(rows[i].oid, rows[i].text), rows[i].json);
}
END_TEST

START_TEST(writes_arrays)
{
    static const struct {
        unsigned oid;
        const char *text, *json;
    } rows[] = {
        {INT4_ARRAY, "{}", "[]"},
        {INT4_ARRAY, "{1,NULL,-3}", "[1,null,-3]"},
        {INT4_ARRAY, "{{1,2},{3,4}}", "[[1,2],[3,4]]"},
        {INT4_ARRAY, "[0:1]={5,6}", "[5,6]"},
        {INT4_ARRAY, "[-1:0][2:2]={{5},{6}}", "[[5],[6]]"},
        {BOOL_ARRAY, "{t,f}", "[true,false]"},
        {FLOAT8_ARRAY, "{0.1,NaN}", "[0.1,\"NaN\"]"},
        {TEXT_ARRAY, "{NULL,\"NULL\",null}", "[null,\"NULL\",\"null\"]"},
        {TEXT_ARRAY, "{\"a,b\",\"c\\\"d\",\"e\\\\f\",\"{}\",\"\",\" \"}",
         "[\"a,b\",\"c\\\"d\",\"e\\\\f\",\"{}\",\"\",\" \"]"},
        {BYTEA_ARRAY, "{\"\\\\x01\",NULL}", "[\"AQ==\",null]"},
        {JSONS, "{\"{\\\"a\\\": 1}\"}", "[{\"a\": 1}]"},
        {TIMESTAMPTZ_ARRAY, "{\"2026-11-21 10:00:00+00\"}", "[\"2026-11-21T10:00:00Z\"]"},
        /* What is no array is text. */
        {INT4_ARRAY, "", "\"\""},
        {INT4_ARRAY, "{", "\"{\""},
        {INT4_ARRAY, "{1", "\"{1\""},
        {INT4_ARRAY, "{1,{2}", "\"{1,{2}\""},
        {INT4_ARRAY, "{1}x", "\"{1}x\""},
        {INT4_ARRAY, "1,2", "\"1,2\""},
        {TEXT_ARRAY, "{\"a", "\"{\\\"a\""},
        {INT4_ARRAY, "{{{{{{{{{{1}}}}}}}}}}", "\"{{{{{{{{{{1}}}}}}}}}}\""},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_str_eq(written(rows[i].oid, rows[i].text), rows[i].json);
}
END_TEST

START_TEST(replaces_only_what_is_no_utf_8)
{
    static const struct {
        const char *text, *json;
    } rows[] = {
        {"gr\xfcn \xc3\xbc", "\"gr\xef\xbf\xbdn \xc3\xbc\""},
        {"\xc3", "\"\xef\xbf\xbd\""},
        {"\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                 /* overlong */
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* a surrogate */
        {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xff\"\n", "\"\xef\xbf\xbd\\\"\\n\""},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const char *json = written(TEXT, rows[i].text);
        ck_assert_str_eq(json, rows[i].json);
        json_decref(json_loads(json, JSON_DECODE_ANY, NULL));
    }
    ck_assert_str_eq(gt_pg_clean(arena, "plain \xc3\xbc"), "plain \xc3\xbc");
    ck_assert_str_eq(gt_pg_clean(arena, "cut \xc3"), "cut \xef\xbf\xbd");
    ck_assert_str_eq(written(INT4_ARRAY, "{\xff}"), "[\"\xef\xbf\xbd\"]");
}
END_TEST

/* Every prefix and every changed byte of what a server may send is JSON all the same. */
START_TEST(whatever_comes_becomes_json)
{
    static const unsigned oids[] = {BOOL,       BYTEA,      INT8,  FLOAT8,      JSON_TEXT, JSONB,
                                    INT4_ARRAY, TEXT_ARRAY, JSONS, TIMESTAMPTZ, NUMERIC};
    static const char *const texts[] = {
        "{\"a\\\"b\",NULL,{1,2}}",  "[0:1]={5,6}", "2026-11-21 10:00:00.5+05:30", "\\x00ff10",
        "{\"a\": [1, 0.10, null]}", "-1.5e10",
    };
    for (size_t o = 0; o < GT_COUNT(oids); o++)
        for (size_t t = 0; t < GT_COUNT(texts); t++)
            for (size_t at = 0; at < strlen(texts[t]); at++) {
                char *changed = gt_strdup(arena, texts[t]);
                changed[at] = (char)(changed[at] ^ (at % 2 == 0 ? 0x81 : 0x06));
                const char *cut = gt_strndup(arena, texts[t], at);
                json_t *a = json_loads(written(oids[o], changed), JSON_DECODE_ANY, NULL);
                json_t *b = json_loads(written(oids[o], cut), JSON_DECODE_ANY, NULL);
                ck_assert_msg(a != NULL && b != NULL, "%u: %s", oids[o], changed);
                json_decref(a);
                json_decref(b);
            }
}
END_TEST

START_TEST(names_types)
{
    ck_assert_str_eq(gt_pg_type_name(INT4), "integer");
    ck_assert_str_eq(gt_pg_type_name(TIMESTAMPTZ), "timestamptz");
    ck_assert_str_eq(gt_pg_type_name(TEXT_ARRAY), "array");
    ck_assert_str_eq(gt_pg_type_name(POINT), "other");
}
END_TEST

static const char *parameter(const char *json)
{
    const char *problem;
    json_t *value = gt_keep(arena, json_loads(json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL));
    ck_assert_ptr_nonnull(value);
    const char *text = gt_pg_parameter(arena, value, &problem);
    return problem != NULL ? gt_printf(arena, "! %s", problem) : text != NULL ? text : "(null)";
}

START_TEST(writes_parameters)
{
    static const struct {
        const char *json, *text;
    } rows[] = {
        {"null", "(null)"},
        {"true", "true"},
        {"5", "5"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"5.0", "5"},
        {"0.1", "0.1"},
        {"1e300", "1e+300"},
        {"0.30000000000000004", "0.30000000000000004"},
        {"\"'; DROP TABLE x; --\"", "'; DROP TABLE x; --"},
        {"\"\"", ""},
        {"[]", "{}"},
        {"[1,null,2.5,true]", "{\"1\",NULL,\"2.5\",\"true\"}"},
        {"[[1,2],[3,4]]", "{{\"1\",\"2\"},{\"3\",\"4\"}}"},
        {"[\"a\\\"b\",\"c\\\\d\",\"NULL\",\"\"]", "{\"a\\\"b\",\"c\\\\d\",\"NULL\",\"\"}"},
        {"[{\"a\":\"\\\"\"}]", "{\"{\\\"a\\\":\\\"\\\\\\\"\\\"}\"}"},
        {"{\"b\":1,\"a\":[2]}", "{\"a\":[2],\"b\":1}"},
        {"\"a\\u0000b\"", "! has a NUL character, which PostgreSQL cannot store"},
        {"[\"ok\",[\"a\\u0000b\"]]", "! has a NUL character, which PostgreSQL cannot store"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_str_eq(parameter(rows[i].json), rows[i].text);
}
END_TEST

/* What is sent as an array comes back as the same. */
START_TEST(array_literals_are_read_back)
{
    static const char *const arrays[] = {
        "[\"\",\"NULL\",\"a\\\"b\",\"c\\\\d\",\"{e,f}\",\" g \",null]",
        "[[\"a\",\"b\"],[\"c\",null]]",
        "[]",
    };
    for (size_t i = 0; i < GT_COUNT(arrays); i++)
        ck_assert_str_eq(written(TEXT_ARRAY, parameter(arrays[i])), arrays[i]);
}
END_TEST

Suite *postgres_values_suite(void)
{
    Suite *suite = suite_create("postgres_values");
    TCase *cases = tcase_create("values");
    tcase_add_checked_fixture(cases, arena_setup, arena_teardown);
    tcase_add_test(cases, writes_each_type_as_json);
    tcase_add_test(cases, writes_arrays);
    tcase_add_test(cases, replaces_only_what_is_no_utf_8);
    tcase_add_test(cases, whatever_comes_becomes_json);
    tcase_add_test(cases, names_types);
    tcase_add_test(cases, writes_parameters);
    tcase_add_test(cases, array_literals_are_read_back);
    suite_add_tcase(suite, cases);
    return suite;
}
