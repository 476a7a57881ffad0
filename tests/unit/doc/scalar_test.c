#include "doc_test.h"

START_TEST(reads_plain_scalars_by_the_core_schema)
{
    static const struct {
        const char *text, *json;
    } rows[] = {
        {"", "null"},
        {"~", "null"},
        {"null", "null"},
        {"Null", "null"},
        {"NULL", "null"},
        {"nULL", "\"nULL\""},
        {"true", "true"},
        {"True", "true"},
        {"FALSE", "false"},
        {"tRUE", "\"tRUE\""},
        {"no", "\"no\""},
        {"yes", "\"yes\""},
        {"on", "\"on\""},
        {"Off", "\"Off\""},
        {"y", "\"y\""},
        {"0", "0"},
        {"-0", "0"},
        {"+12", "12"},
        {"012345678901", "12345678901"},
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"0o17", "15"},
        {"0x1F", "31"},
        {"0x7fffffffffffffff", "9223372036854775807"},
        {"0o8", "\"0o8\""},
        {"0x", "\"0x\""},
        {"-0x1F", "\"-0x1F\""},
        {"0b1", "\"0b1\""},
        {"1_000", "\"1_000\""},
        {"1.5", "1.5"},
        {"-.5", "-0.5"},
        {"1.", "1.0"},
        {"1e3", "1000.0"},
        {"2.5E-1", "0.25"},
        {".", "\".\""},
        {"1e", "\"1e\""},
        {"e3", "\"e3\""},
        {"1.2.3", "\"1.2.3\""},
        {"+", "\"+\""},
        {"2001-12-14", "\"2001-12-14\""},
        {"12:30:45", "\"12:30:45\""},
        {".infinity", "\".infinity\""},
        {"!!str 12", "\"12\""},
        {"!!str", "\"\""},
        {"!!int '12'", "12"},
        {"!!float 1", "1.0"},
        {"!!null ''", "null"},
        {"! '1'", "\"1\""},
        {"'1'", "\"1\""},
        {"\"true\"", "\"true\""},
        {"|-\n  1", "\"1\""},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const char *text = gt_printf(arena, "a: %s\n", rows[i].text);
        ck_assert_str_eq(as_json(gt_at(parse(text).root, "/a")), rows[i].json);
    }
}
END_TEST

START_TEST(keeps_the_text_as_typed)
{
    static const struct {
        const char *text, *raw;
        enum gt_style style;
    } rows[] = {
        {"012345678901", "012345678901", GT_STYLE_PLAIN},
        {"1.10", "1.10", GT_STYLE_PLAIN},
        {"no", "no", GT_STYLE_PLAIN},
        {"0x1F", "0x1F", GT_STYLE_PLAIN},
        {"", "", GT_STYLE_PLAIN},
        {"'1.10'", "1.10", GT_STYLE_QUOTED},
        {"\"a\\n\"", "a\n", GT_STYLE_QUOTED},
        {"|\n  1\n", "1\n", GT_STYLE_BLOCK},
        {">-\n  a\n  b\n", "a b", GT_STYLE_BLOCK},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_doc doc = parse(gt_printf(arena, "a: %s\n", rows[i].text));
        const struct gt_mark *mark = gt_marks_get(doc.marks, "/a");
        ck_assert_str_eq(mark->raw, rows[i].raw);
        ck_assert_int_eq(mark->style, rows[i].style);
    }
    const struct gt_mark *map = gt_marks_get(parse("a: {b: 1}").marks, "/a");
    ck_assert_ptr_null(map->raw);
    ck_assert_int_eq(map->style, GT_STYLE_NONE);
}
END_TEST

START_TEST(refuses_numbers_that_json_cannot_hold)
{
    static const char *const rows[] = {
        "9223372036854775808",
        "-9223372036854775809",
        "123456789012345678901234567890",
        "0xFFFFFFFFFFFFFFFF",
        "1e999",
        "-1e999",
        ".inf",
        "-.INF",
        "+.Inf",
        ".nan",
        ".NaN",
        "!!float .inf",
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const struct gt_diag *diag = parse_bad(gt_printf(arena, "a:\n  - %s\n", rows[i]));
        ck_assert_str_eq(diag->code, "number-range");
        ck_assert_str_eq(diag->hint, "quote it if it is meant as text");
        ck_assert_uint_eq(diag->pos.line, 2);
        ck_assert_uint_eq(diag->pos.column, 5);
    }
    ck_assert_str_eq(as_json(parse("'9223372036854775808': \"9223372036854775808\"").root),
                     "{\"9223372036854775808\":\"9223372036854775808\"}");
    parse("9223372036854775808: a key is text\n");
}
END_TEST

Suite *scalar_suite(void)
{
    TCase *tcase;
    Suite *suite = arena_suite("scalar", &tcase);
    tcase_add_test(tcase, reads_plain_scalars_by_the_core_schema);
    tcase_add_test(tcase, keeps_the_text_as_typed);
    tcase_add_test(tcase, refuses_numbers_that_json_cannot_hold);
    return suite;
}
