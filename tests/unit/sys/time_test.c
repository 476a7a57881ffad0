#include "sys_test.h"

#include <gantry/sys/sys.h>

START_TEST(writes_and_reads_times)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-01-17T12:34:56Z", 1768653296000},
        {"2000-02-29T23:59:59Z", 951868799000},
        {"2100-03-01T00:00:00Z", 4107542400000},
        {"1969-12-31T23:59:59Z", -1000},
        {"0001-01-01T00:00:00Z", -62135596800000},
        {"9999-12-31T23:59:59Z", 253402300799000},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        int64_t ms;
        ck_assert_str_eq(gt_time_iso(arena, rows[i].ms), rows[i].text);
        ck_assert(gt_time_parse(rows[i].text, &ms));
        ck_assert_int_eq(ms, rows[i].ms);
    }
    ck_assert_str_eq(gt_time_iso(arena, -1), "1969-12-31T23:59:59Z");
    ck_assert_str_eq(gt_time_iso(arena, 1999), "1970-01-01T00:00:01Z");
}
END_TEST

START_TEST(reads_every_day_of_four_centuries_back)
{
    int64_t day = 86400000;
    for (int64_t days = -146097; days < 146097; days += 1) {
        char *text = gt_time_iso(arena, days * day);
        int64_t ms;
        ck_assert_msg(gt_time_parse(text, &ms) && ms == days * day, "%s", text);
    }
}
END_TEST

START_TEST(reads_fractions_and_offsets)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:01.5Z", 1500},        {"1970-01-01T00:00:00.123456789Z", 123},
        {"1970-01-01T02:00:00+02:00", 0},        {"1969-12-31T19:00:00-0500", 0},
        {"1970-01-01T05:30:00.250+05:30", 250},  {"1970-01-01t00:00:01z", 1000},
        {"1970-01-01 00:00:01Z", 1000},          {"1970-01-01T00:00:01UTC", 1000},
        {"2016-12-31T23:59:60Z", 1483228800000},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        int64_t ms;
        ck_assert_msg(gt_time_parse(rows[i].text, &ms), "%s", rows[i].text);
        ck_assert_int_eq(ms, rows[i].ms);
    }
}
END_TEST

START_TEST(refuses_what_is_no_time)
{
    static const char *const rows[] = {
        "",
        "2026",
        "2026-01-17",
        "2026-01-17T12:34:56",
        "2026-01-17T12:34Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-17T24:00:00Z",
        "2026-01-17T12:60:00Z",
        "2026-01-17T12:34:61Z",
        "2026-01-17T12:34:56.Z",
        "2026-01-17T12:34:56Zx",
        "2026-01-17T12:34:56+2:00",
        "2026-01-17T12:34:56+25:00",
        " 2026-01-17T12:34:56Z",
        "26-01-17T12:34:56Z",
        "1768653296",
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        int64_t ms;
        ck_assert_msg(!gt_time_parse(rows[i], &ms), "%s", rows[i]);
    }
}
END_TEST

START_TEST(reads_durations)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"90s", 90000},     {"10m", 600000},
        {"1h30m", 5400000}, {"500ms", 500},
        {"0s", 0},          {"1d2h", 93600000},
        {"1m500ms", 60500}, {"1h1s", 3601000},
        {"007s", 7000},     {"900000000000000000ms", 900000000000000000},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        int64_t ms;
        ck_assert_msg(gt_duration_parse(rows[i].text, &ms), "%s", rows[i].text);
        ck_assert_int_eq(ms, rows[i].ms);
    }
}
END_TEST

START_TEST(refuses_what_is_no_duration)
{
    static const char *const rows[] = {
        "",
        "5",
        "s",
        "-5s",
        "5x",
        "5 s",
        "30m1h",
        "5s5s",
        "1.5h",
        "5S",
        "5mm",
        "9223372036854775808ms",
        "9223372036854775s808ms",
        "106751991168d",
        "5s ",
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        int64_t ms;
        ck_assert_msg(!gt_duration_parse(rows[i], &ms), "%s", rows[i]);
    }
}
END_TEST

Suite *time_suite(void)
{
    TCase *tcase;
    Suite *suite = folder_suite("time", &tcase);
    tcase_add_test(tcase, writes_and_reads_times);
    tcase_add_test(tcase, reads_every_day_of_four_centuries_back);
    tcase_add_test(tcase, reads_fractions_and_offsets);
    tcase_add_test(tcase, refuses_what_is_no_time);
    tcase_add_test(tcase, reads_durations);
    tcase_add_test(tcase, refuses_what_is_no_duration);
    return suite;
}
