#include "schema_suites.h"

#include <number.h>

GT_TEST_ARENA

START_TEST(compares_without_losing_digits)
{
    static const struct {
        const char *a, *b;
        int order;
    } rows[] = {
        {"1", "1", 0},
        {"1", "1.0", 0},
        {"0", "-0.0", 0},
        {"-1", "1", -1},
        {"1.5", "1", 1},
        {"-1.5", "-1", -1},
        {"2", "1.9999999999999998", 1},
        {"9007199254740993", "9007199254740992.0", 1},
        {"9223372036854775807", "9223372036854775808.0", -1},
        {"-9223372036854775808", "-9223372036854775808.0", 0},
        {"-9223372036854775808", "-1e19", 1},
        {"1e300", "1e301", -1},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const json_t *a = json_of(arena, rows[i].a), *b = json_of(arena, rows[i].b);
        ck_assert_msg(gt_number_compare(a, b) == rows[i].order, "%s %s", rows[i].a, rows[i].b);
        ck_assert_msg(gt_number_compare(b, a) == -rows[i].order, "%s %s", rows[i].b, rows[i].a);
    }
}
END_TEST

START_TEST(divides_decimals_exactly)
{
    static const struct {
        const char *value, *step;
        bool multiple;
    } rows[] = {
        {"0", "0.01", true},
        {"0.0", "7", true},
        {"0.07", "0.01", true},
        {"1.13", "0.01", true},
        {"19.99", "0.01", true},
        {"-4.35", "0.05", true},
        {"0.075", "0.01", false},
        {"0.30000000000000004", "0.1", false},
        {"0.3", "0.1", true},
        {"4.5", "1.5", true},
        {"35", "1.5", false},
        {"10", "2.5", true},
        {"1e3", "3", false},
        {"1e3", "8", true},
        {"1e308", "0.5", true},
        {"1e308", "0.123456789", false},
        {"12391239123", "1e-8", true},
        {"0.0075", "0.0001", true},
        {"0.00751", "0.0001", false},
        {"9223372036854775807", "7", true},
        {"-9223372036854775808", "1024", true},
        {"-9223372036854775808", "3", false},
        {"92233720368547758070", "9223372036854775807", false},
        {"9223372036854775807", "9223372036854775807", true},
        {"5e-324", "5e-324", true},
        {"1.7976931348623157e308", "5e-324", true},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        json_t *value = json_loads(rows[i].value, JSON_DECODE_ANY, NULL);
        if (value == NULL) /* more than an integer of jansson's */
            value = json_loads(rows[i].value, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
        gt_keep(arena, value);
        struct gt_decimal step = gt_decimal_of(json_of(arena, rows[i].step));
        ck_assert_msg(gt_decimal_is_multiple(gt_decimal_of(value), step) == rows[i].multiple,
                      "%s %s", rows[i].value, rows[i].step);
    }
}
END_TEST

START_TEST(writes_the_shortest_text)
{
    static const char *const rows[] = {"1",      "-7",         "0.1",    "0.07",
                                       "1e+100", "123456.789", "1e-320", "0.30000000000000004"};
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        char text[GT_NUMBER_TEXT];
        gt_number_text(json_of(arena, rows[i]), text);
        ck_assert_str_eq(text, rows[i]);
    }
}
END_TEST

START_TEST(knows_integers_by_their_value)
{
    static const char *const integral[] = {"1", "1.0", "-0.0", "1e300", "4503599627370497.0"};
    static const char *const others[] = {"1.5", "-0.1", "5e-324", "2251799813685248.5"};
    for (size_t i = 0; i < GT_COUNT(integral); i++)
        ck_assert(gt_number_is_integral(json_of(arena, integral[i])));
    for (size_t i = 0; i < GT_COUNT(others); i++)
        ck_assert(!gt_number_is_integral(json_of(arena, others[i])));
}
END_TEST

Suite *number_suite(void)
{
    Suite *suite = suite_create("number");
    TCase *tcase = tcase_create("number");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, compares_without_losing_digits);
    tcase_add_test(tcase, divides_decimals_exactly);
    tcase_add_test(tcase, writes_the_shortest_text);
    tcase_add_test(tcase, knows_integers_by_their_value);
    suite_add_tcase(suite, tcase);
    return suite;
}
