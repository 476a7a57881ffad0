/* The Condition element against AWS's description of its operators: missing keys, negation,
 * IfExists, and keys with many values. */
#include "suites.h"

#include "../../../src/policy/condition.h"

#include <gt_test.h>

GT_TEST_ARENA

struct row {
    const char *condition, *context;
    enum gt_truth truth;
};

static json_t *parsed(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, 0, &error);
    ck_assert_msg(value != NULL, "%s: %s", text, error.text);
    return gt_keep(arena, value);
}

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum gt_truth got =
            gt_policy_condition(arena, parsed(rows[i].condition), parsed(rows[i].context), true);
        ck_assert_msg(got == rows[i].truth, "%s in %s gave %d", rows[i].condition, rows[i].context,
                      (int)got);
    }
}

START_TEST(compares_strings)
{
    static const struct row rows[] = {
        {"{\"StringEquals\": {\"aws:a\": \"x\"}}", "{\"aws:a\": \"x\"}", GT_TRUE},
        {"{\"StringEquals\": {\"AWS:A\": \"x\"}}", "{\"aws:a\": \"x\"}", GT_TRUE},
        {"{\"stringequals\": {\"aws:a\": \"x\"}}", "{\"aws:a\": \"x\"}", GT_TRUE},
        {"{\"StringEquals\": {\"aws:a\": \"x\"}}", "{\"aws:a\": \"X\"}", GT_FALSE},
        {"{\"StringEquals\": {\"aws:a\": \"*\"}}", "{\"aws:a\": \"x\"}", GT_FALSE},
        {"{\"StringEquals\": {\"aws:a\": [\"x\", \"y\"]}}", "{\"aws:a\": \"y\"}", GT_TRUE},
        {"{\"StringEquals\": {\"aws:a\": \"x\"}}", "{}", GT_FALSE},
        {"{\"StringEquals\": {\"aws:a\": \"x\"}}", "{\"aws:a\": null}", GT_FALSE},
        {"{\"StringEquals\": {\"aws:a\": \"x\", \"aws:b\": \"y\"}}",
         "{\"aws:a\": \"x\", \"aws:b\": \"y\"}", GT_TRUE},
        {"{\"StringEquals\": {\"aws:a\": \"x\", \"aws:b\": \"y\"}}", "{\"aws:a\": \"x\"}",
         GT_FALSE},
        {"{\"StringEquals\": {\"aws:a\": \"x\"}, \"Bool\": {\"aws:b\": \"true\"}}",
         "{\"aws:a\": \"x\", \"aws:b\": \"false\"}", GT_FALSE},
        {"{\"StringNotEquals\": {\"aws:a\": \"x\"}}", "{\"aws:a\": \"y\"}", GT_TRUE},
        {"{\"StringNotEquals\": {\"aws:a\": [\"x\", \"y\"]}}", "{\"aws:a\": \"y\"}", GT_FALSE},
        {"{\"StringNotEquals\": {\"aws:a\": \"x\"}}", "{}", GT_TRUE},
        {"{\"StringEqualsIgnoreCase\": {\"aws:a\": \"ABC\"}}", "{\"aws:a\": \"abc\"}", GT_TRUE},
        {"{\"StringNotEqualsIgnoreCase\": {\"aws:a\": \"ABC\"}}", "{\"aws:a\": \"abc\"}", GT_FALSE},
        {"{\"StringLike\": {\"aws:a\": \"a*\"}}", "{\"aws:a\": \"abc\"}", GT_TRUE},
        {"{\"StringLike\": {\"aws:a\": \"a?\"}}", "{\"aws:a\": \"abc\"}", GT_FALSE},
        {"{\"StringLike\": {\"aws:a\": \"${*}*\"}}", "{\"aws:a\": \"*bc\"}", GT_TRUE},
        {"{\"StringLike\": {\"aws:a\": \"${*}*\"}}", "{\"aws:a\": \"abc\"}", GT_FALSE},
        {"{\"StringNotLike\": {\"aws:a\": \"a*\"}}", "{\"aws:a\": \"abc\"}", GT_FALSE},
        {"{\"StringNotLike\": {\"aws:a\": \"a*\"}}", "{}", GT_TRUE},
        {"{\"StringEquals\": {\"aws:a\": \"${aws:b}\"}}", "{\"aws:a\": \"x\", \"aws:b\": \"x\"}",
         GT_TRUE},
        {"{\"StringEquals\": {\"aws:a\": \"${aws:b}\"}}", "{\"aws:a\": \"x\"}", GT_FALSE},
        {"{\"StringLike\": {\"aws:a\": \"${aws:b}\"}}", "{\"aws:a\": \"x\", \"aws:b\": \"*\"}",
         GT_FALSE},
        {"{}", "{}", GT_TRUE},
    };
    check_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(compares_numbers_and_booleans)
{
    static const struct row rows[] = {
        {"{\"NumericEquals\": {\"s3:max-keys\": \"10\"}}", "{\"s3:max-keys\": 10}", GT_TRUE},
        {"{\"NumericEquals\": {\"s3:max-keys\": 10}}", "{\"s3:max-keys\": \"10.0\"}", GT_TRUE},
        {"{\"NumericNotEquals\": {\"s3:max-keys\": \"10\"}}", "{\"s3:max-keys\": \"11\"}", GT_TRUE},
        {"{\"NumericNotEquals\": {\"s3:max-keys\": \"10\"}}", "{}", GT_TRUE},
        {"{\"NumericLessThan\": {\"s3:max-keys\": \"10\"}}", "{\"s3:max-keys\": \"9\"}", GT_TRUE},
        {"{\"NumericLessThan\": {\"s3:max-keys\": \"10\"}}", "{\"s3:max-keys\": \"10\"}", GT_FALSE},
        {"{\"NumericLessThan\": {\"s3:max-keys\": \"10\"}}", "{}", GT_FALSE},
        {"{\"NumericLessThanEquals\": {\"s3:max-keys\": \"10\"}}", "{\"s3:max-keys\": \"10\"}",
         GT_TRUE},
        {"{\"NumericGreaterThan\": {\"s3:max-keys\": \"9\"}}", "{\"s3:max-keys\": \"10\"}",
         GT_TRUE},
        {"{\"NumericGreaterThanEquals\": {\"s3:max-keys\": \"9\"}}", "{\"s3:max-keys\": \"8\"}",
         GT_FALSE},
        {"{\"NumericGreaterThan\": {\"s3:max-keys\": \"9\"}}", "{\"s3:max-keys\": \"ten\"}",
         GT_FALSE},
        {"{\"NumericLessThanEquals\": {\"s3:max-keys\": \"9\"}}", "{\"s3:max-keys\": \"ten\"}",
         GT_FALSE},
        {"{\"Bool\": {\"aws:SecureTransport\": \"true\"}}", "{\"aws:SecureTransport\": true}",
         GT_TRUE},
        {"{\"Bool\": {\"aws:SecureTransport\": true}}", "{\"aws:SecureTransport\": \"True\"}",
         GT_TRUE},
        {"{\"Bool\": {\"aws:SecureTransport\": \"false\"}}", "{\"aws:SecureTransport\": true}",
         GT_FALSE},
        {"{\"Bool\": {\"aws:SecureTransport\": \"false\"}}", "{}", GT_FALSE},
        {"{\"BinaryEquals\": {\"k:x\": \"QmluYXJ5\"}}", "{\"k:x\": \"QmluYXJ5\"}", GT_TRUE},
        {"{\"BinaryEquals\": {\"k:x\": \"QmluYXJ5\"}}", "{\"k:x\": \"qmluyxj5\"}", GT_FALSE},
    };
    check_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(compares_dates)
{
    static const struct row rows[] = {
        {"{\"DateEquals\": {\"aws:t\": \"2026-08-07T12:00:00Z\"}}",
         "{\"aws:t\": \"2026-08-07T14:00:00+02:00\"}", GT_TRUE},
        {"{\"DateEquals\": {\"aws:t\": \"1786104000\"}}", "{\"aws:t\": \"2026-08-07T12:00:00Z\"}",
         GT_TRUE},
        {"{\"DateNotEquals\": {\"aws:t\": \"2026-08-07T12:00:00Z\"}}",
         "{\"aws:t\": \"2026-08-07T12:00:01Z\"}", GT_TRUE},
        {"{\"DateLessThan\": {\"aws:t\": \"2026-08-08\"}}",
         "{\"aws:t\": \"2026-08-07T23:59:59.999Z\"}", GT_TRUE},
        {"{\"DateLessThan\": {\"aws:t\": \"2026-08-08\"}}", "{\"aws:t\": \"2026-08-08T00:00Z\"}",
         GT_FALSE},
        {"{\"DateLessThanEquals\": {\"aws:t\": \"2026-08-08\"}}",
         "{\"aws:t\": \"2026-08-08T00:00Z\"}", GT_TRUE},
        {"{\"DateGreaterThan\": {\"aws:t\": \"2026\"}}", "{\"aws:t\": \"2026-01-02\"}", GT_TRUE},
        {"{\"DateGreaterThanEquals\": {\"aws:t\": \"2026-01\"}}", "{\"aws:t\": \"2025-12-31\"}",
         GT_FALSE},
        {"{\"DateGreaterThan\": {\"aws:t\": \"2024-02-29\"}}",
         "{\"aws:t\": \"2024-02-29T00:00:01Z\"}", GT_TRUE},
        {"{\"DateLessThan\": {\"aws:t\": \"2026-08-08\"}}", "{\"aws:t\": \"yesterday\"}", GT_FALSE},
        {"{\"DateLessThan\": {\"aws:t\": \"2026-08-08\"}}", "{\"aws:t\": \"2026-08-07T1\"}",
         GT_FALSE},
        {"{\"DateLessThan\": {\"aws:t\": \"2026-08-08\"}}", "{}", GT_FALSE},
    };
    check_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(compares_addresses)
{
    static const struct row rows[] = {
        {"{\"IpAddress\": {\"aws:SourceIp\": \"203.0.113.0/24\"}}",
         "{\"aws:SourceIp\": \"203.0.113.77\"}", GT_TRUE},
        {"{\"IpAddress\": {\"aws:SourceIp\": \"203.0.113.0/24\"}}",
         "{\"aws:SourceIp\": \"203.0.114.77\"}", GT_FALSE},
        {"{\"IpAddress\": {\"aws:SourceIp\": \"203.0.113.0/25\"}}",
         "{\"aws:SourceIp\": \"203.0.113.128\"}", GT_FALSE},
        {"{\"IpAddress\": {\"aws:SourceIp\": \"203.0.113.7\"}}",
         "{\"aws:SourceIp\": \"203.0.113.7\"}", GT_TRUE},
        {"{\"IpAddress\": {\"aws:SourceIp\": \"0.0.0.0/0\"}}", "{\"aws:SourceIp\": \"8.8.8.8\"}",
         GT_TRUE},
        {"{\"IpAddress\": {\"aws:SourceIp\": \"2001:db8::/32\"}}",
         "{\"aws:SourceIp\": \"2001:db8:1::1\"}", GT_TRUE},
        {"{\"IpAddress\": {\"aws:SourceIp\": \"2001:db8::/32\"}}",
         "{\"aws:SourceIp\": \"203.0.113.7\"}", GT_FALSE},
        {"{\"IpAddress\": {\"aws:SourceIp\": \"203.0.113.0/33\"}}",
         "{\"aws:SourceIp\": \"203.0.113.7\"}", GT_FALSE},
        {"{\"IpAddress\": {\"aws:SourceIp\": \"203.0.113.0/24\"}}",
         "{\"aws:SourceIp\": \"AWS Internal\"}", GT_FALSE},
        {"{\"IpAddress\": {\"aws:SourceIp\": \"203.0.113.0/24\"}}", "{}", GT_FALSE},
        {"{\"NotIpAddress\": {\"aws:SourceIp\": [\"203.0.113.0/24\", \"198.51.100.0/24\"]}}",
         "{\"aws:SourceIp\": \"198.51.100.1\"}", GT_FALSE},
        {"{\"NotIpAddress\": {\"aws:SourceIp\": \"203.0.113.0/24\"}}",
         "{\"aws:SourceIp\": \"192.0.2.1\"}", GT_TRUE},
        {"{\"NotIpAddress\": {\"aws:SourceIp\": \"203.0.113.0/24\"}}", "{}", GT_TRUE},
    };
    check_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(compares_arns)
{
    static const struct row rows[] = {
        {"{\"ArnLike\": {\"aws:SourceArn\": \"arn:aws:s3:::b*\"}}",
         "{\"aws:SourceArn\": \"arn:aws:s3:::bucket\"}", GT_TRUE},
        {"{\"ArnEquals\": {\"aws:SourceArn\": \"arn:aws:s3:::b*\"}}",
         "{\"aws:SourceArn\": \"arn:aws:s3:::bucket\"}", GT_TRUE},
        {"{\"ArnLike\": {\"aws:SourceArn\": \"arn:aws:s3:::b*\"}}", "{}", GT_FALSE},
        {"{\"ArnNotLike\": {\"aws:SourceArn\": \"arn:aws:s3:::b*\"}}",
         "{\"aws:SourceArn\": \"arn:aws:s3:::bucket\"}", GT_FALSE},
        {"{\"ArnNotEquals\": {\"aws:SourceArn\": \"arn:aws:s3:::b*\"}}",
         "{\"aws:SourceArn\": \"arn:aws:s3:::other\"}", GT_TRUE},
        {"{\"ArnNotEquals\": {\"aws:SourceArn\": \"arn:aws:s3:::b*\"}}", "{}", GT_TRUE},
        {"{\"ArnLike\": {\"aws:SourceArn\": \"arn:aws:iam::${aws:SourceAccount}:role/*\"}}",
         "{\"aws:SourceArn\": \"arn:aws:iam::123456789012:role/x\","
         " \"aws:SourceAccount\": \"123456789012\"}",
         GT_TRUE},
    };
    check_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(knows_absent_keys)
{
    static const struct row rows[] = {
        {"{\"Null\": {\"aws:a\": \"true\"}}", "{}", GT_TRUE},
        {"{\"Null\": {\"aws:a\": \"true\"}}", "{\"aws:a\": \"x\"}", GT_FALSE},
        {"{\"Null\": {\"aws:a\": true}}", "{\"aws:a\": []}", GT_TRUE},
        {"{\"Null\": {\"aws:a\": \"false\"}}", "{\"aws:a\": \"x\"}", GT_TRUE},
        {"{\"Null\": {\"aws:a\": \"false\"}}", "{}", GT_FALSE},
        {"{\"StringEqualsIfExists\": {\"aws:a\": \"x\"}}", "{}", GT_TRUE},
        {"{\"StringEqualsIfExists\": {\"aws:a\": \"x\"}}", "{\"aws:a\": \"y\"}", GT_FALSE},
        {"{\"StringNotEqualsIfExists\": {\"aws:a\": \"x\"}}", "{\"aws:a\": \"x\"}", GT_FALSE},
        {"{\"BoolIfExists\": {\"aws:a\": \"true\"}}", "{}", GT_TRUE},
        {"{\"NumericLessThanIfExists\": {\"aws:a\": \"1\"}}", "{}", GT_TRUE},
        {"{\"ArnLikeIfExists\": {\"aws:a\": \"arn:aws:s3:::b\"}}", "{}", GT_TRUE},
        {"{\"IpAddressIfExists\": {\"aws:a\": \"192.0.2.0/24\"}}", "{}", GT_TRUE},
    };
    check_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(quantifies_over_many_values)
{
    static const struct row rows[] = {
        {"{\"ForAllValues:StringEquals\": {\"aws:TagKeys\": [\"a\", \"b\"]}}",
         "{\"aws:TagKeys\": [\"a\"]}", GT_TRUE},
        {"{\"ForAllValues:StringEquals\": {\"aws:TagKeys\": [\"a\", \"b\"]}}",
         "{\"aws:TagKeys\": [\"a\", \"c\"]}", GT_FALSE},
        {"{\"ForAllValues:StringEquals\": {\"aws:TagKeys\": [\"a\"]}}", "{}", GT_TRUE},
        {"{\"ForAllValues:StringEquals\": {\"aws:TagKeys\": [\"a\"]}}", "{\"aws:TagKeys\": []}",
         GT_TRUE},
        {"{\"ForAnyValue:StringEquals\": {\"aws:TagKeys\": [\"a\", \"b\"]}}",
         "{\"aws:TagKeys\": [\"c\", \"b\"]}", GT_TRUE},
        {"{\"ForAnyValue:StringEquals\": {\"aws:TagKeys\": [\"a\"]}}", "{\"aws:TagKeys\": \"a\"}",
         GT_TRUE},
        {"{\"ForAnyValue:StringEquals\": {\"aws:TagKeys\": [\"a\"]}}", "{}", GT_FALSE},
        {"{\"ForAnyValue:StringEqualsIfExists\": {\"aws:TagKeys\": [\"a\"]}}", "{}", GT_TRUE},
        {"{\"ForAllValues:StringNotEquals\": {\"aws:TagKeys\": [\"a\"]}}",
         "{\"aws:TagKeys\": [\"b\", \"a\"]}", GT_FALSE},
        {"{\"ForAllValues:StringNotEquals\": {\"aws:TagKeys\": [\"a\"]}}",
         "{\"aws:TagKeys\": [\"b\", \"c\"]}", GT_TRUE},
        {"{\"ForAnyValue:StringNotEquals\": {\"aws:TagKeys\": [\"a\"]}}",
         "{\"aws:TagKeys\": [\"b\", \"a\"]}", GT_TRUE},
        {"{\"ForAnyValue:StringNotEquals\": {\"aws:TagKeys\": [\"a\"]}}", "{}", GT_FALSE},
        {"{\"forallvalues:stringlike\": {\"aws:TagKeys\": [\"x*\"]}}",
         "{\"aws:TagKeys\": [\"xa\", \"xb\"]}", GT_TRUE},
        {"{\"StringEquals\": {\"aws:TagKeys\": \"a\"}}", "{\"aws:TagKeys\": [\"b\", \"a\"]}",
         GT_TRUE},
        {"{\"StringNotEquals\": {\"aws:TagKeys\": \"a\"}}", "{\"aws:TagKeys\": [\"b\", \"a\"]}",
         GT_FALSE},
    };
    check_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(does_not_guess_what_it_does_not_know)
{
    static const struct row rows[] = {
        {"{\"StringAlmostEquals\": {\"aws:a\": \"x\"}}", "{\"aws:a\": \"x\"}", GT_UNKNOWN},
        {"{\"NullIfExists\": {\"aws:a\": \"true\"}}", "{}", GT_UNKNOWN},
        {"{\"StringEquals\": \"x\"}", "{}", GT_UNKNOWN},
        {"{\"StringEquals\": {\"aws:a\": {\"x\": 1}}}", "{\"aws:a\": \"x\"}", GT_UNKNOWN},
        {"{\"StringAlmostEquals\": {\"aws:a\": \"x\"}, \"StringEquals\": {\"aws:a\": \"y\"}}",
         "{\"aws:a\": \"x\"}", GT_FALSE},
        {"{\"StringAlmostEquals\": {\"aws:a\": \"x\"}, \"StringEquals\": {\"aws:a\": \"x\"}}",
         "{\"aws:a\": \"x\"}", GT_UNKNOWN},
    };
    check_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(variables_need_their_version)
{
    json_t *condition = parsed("{\"StringEquals\": {\"aws:a\": \"${aws:b}\"}}");
    json_t *same = parsed("{\"aws:a\": \"x\", \"aws:b\": \"x\"}");
    json_t *literal = parsed("{\"aws:a\": \"${aws:b}\", \"aws:b\": \"x\"}");
    ck_assert_int_eq(gt_policy_condition(arena, condition, same, false), GT_FALSE);
    ck_assert_int_eq(gt_policy_condition(arena, condition, literal, false), GT_TRUE);
    ck_assert_int_eq(gt_policy_condition(arena, NULL, NULL, true), GT_TRUE);
    ck_assert_int_eq(gt_policy_condition(arena, condition, NULL, true), GT_FALSE);
}
END_TEST

Suite *condition_suite(void)
{
    Suite *suite = suite_create("condition");
    TCase *test = tcase_create("condition");
    tcase_add_checked_fixture(test, arena_setup, arena_teardown);
    tcase_add_test(test, compares_strings);
    tcase_add_test(test, compares_numbers_and_booleans);
    tcase_add_test(test, compares_dates);
    tcase_add_test(test, compares_addresses);
    tcase_add_test(test, compares_arns);
    tcase_add_test(test, knows_absent_keys);
    tcase_add_test(test, quantifies_over_many_values);
    tcase_add_test(test, does_not_guess_what_it_does_not_know);
    tcase_add_test(test, variables_need_their_version);
    suite_add_tcase(suite, test);
    return suite;
}
