#include "suites.h"

#include <gantry/base/json.h>
#include <gantry/policy/policy.h>
#include <gt_test.h>

GT_TEST_ARENA

#define ONE(statement) "{\"Version\": \"2012-10-17\", \"Statement\": [{" statement "}]}"
#define BASE "\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"*\""

static json_t *parsed(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &error);
    ck_assert_msg(value != NULL, "%s: %s", text, error.text);
    return gt_keep(arena, value);
}

static const struct {
    const char *a, *b;
    bool equal;
} pairs[] = {
    {ONE(BASE), ONE(BASE), true},
    {ONE(BASE), "{\"Version\": \"2012-10-17\", \"Statement\": {" BASE "}}", true},
    {ONE(BASE), "{\"Statement\": [{" BASE "}], \"Version\": \"2012-10-17\"}", true},
    {ONE(BASE), "{\"Statement\": [{" BASE "}]}", false},
    {"{\"Version\": \"2008-10-17\", \"Statement\": [{" BASE "}]}", "{\"Statement\": [{" BASE "}]}",
     true},
    {ONE(BASE), ONE("\"Effect\": \"Allow\", \"Action\": [\"s3:GetObject\"], \"Resource\": [\"*\"]"),
     true},
    {ONE(BASE), ONE("\"Effect\": \"Allow\", \"Action\": \"S3:getobject\", \"Resource\": \"*\""),
     true},
    {ONE(BASE), ONE("\"Effect\": \"Deny\", \"Action\": \"s3:GetObject\", \"Resource\": \"*\""),
     false},
    {ONE(BASE), ONE("\"Effect\": \"Allow\", \"NotAction\": \"s3:GetObject\", \"Resource\": \"*\""),
     false},
    {ONE("\"Effect\": \"Allow\", \"Action\": [\"a:b\", \"a:c\"], \"Resource\": [\"y\", \"x\"]"),
     ONE("\"Effect\": \"Allow\", \"Action\": [\"a:c\", \"a:b\", \"a:c\"],"
         " \"Resource\": [\"x\", \"y\"]"),
     true},
    {ONE("\"Effect\": \"Allow\", \"Action\": \"a:b\", \"Resource\": \"arn:aws:s3:::B\""),
     ONE("\"Effect\": \"Allow\", \"Action\": \"a:b\", \"Resource\": \"arn:aws:s3:::b\""), false},
    {ONE(BASE), ONE("\"Sid\": \"\", " BASE), true},
    {ONE(BASE), ONE("\"Sid\": \"One\", " BASE), false},
    {ONE(BASE), ONE("\"Condition\": {}, " BASE), true},
    {ONE("\"Principal\": \"*\", " BASE), ONE("\"Principal\": {\"AWS\": [\"*\"]}, " BASE), true},
    {ONE("\"Principal\": {\"AWS\": \"123456789012\"}, " BASE),
     ONE("\"Principal\": {\"AWS\": [\"arn:aws:iam::123456789012:root\"]}, " BASE), true},
    {ONE("\"Principal\": {\"AWS\": \"123456789012\"}, " BASE),
     ONE("\"Principal\": {\"AWS\": [\"arn:aws:iam::123456789012:user/root\"]}, " BASE), false},
    {ONE("\"Principal\": {\"AWS\": \"123456789012\"}, " BASE),
     ONE("\"Principal\": {\"AWS\": [\"arn:aws-us-gov:iam::123456789012:root\"]}, " BASE), true},
    {ONE("\"Principal\": {\"Service\": \"b.amazonaws.com\", \"AWS\": \"*\"}, " BASE),
     ONE("\"Principal\": {\"AWS\": \"*\", \"Service\": [\"b.amazonaws.com\"]}, " BASE), true},
    {ONE("\"Principal\": {\"Service\": \"a.amazonaws.com\"}, " BASE),
     ONE("\"Principal\": {\"Service\": \"b.amazonaws.com\"}, " BASE), false},
    {ONE("\"Condition\": {\"StringEquals\": {\"aws:SourceAccount\": \"1\"}}, " BASE),
     ONE("\"Condition\": {\"stringEquals\": {\"AWS:SourceAccount\": [\"1\"]}}, " BASE), true},
    {ONE("\"Condition\": {\"Bool\": {\"aws:SecureTransport\": true}}, " BASE),
     ONE("\"Condition\": {\"Bool\": {\"aws:SecureTransport\": \"True\"}}, " BASE), true},
    {ONE("\"Condition\": {\"NumericEquals\": {\"a:b\": 5}}, " BASE),
     ONE("\"Condition\": {\"NumericEquals\": {\"a:b\": \"5\"}}, " BASE), true},
    {ONE("\"Condition\": {\"StringEquals\": {\"a:b\": \"x\"}}, " BASE),
     ONE("\"Condition\": {\"StringEquals\": {\"a:b\": \"X\"}}, " BASE), false},
    {ONE("\"Condition\": {\"StringEquals\": {\"a:b\": [\"x\", \"y\"]}}, " BASE),
     ONE("\"Condition\": {\"StringEquals\": {\"a:b\": [\"y\", \"x\"]}}, " BASE), true},
    {ONE("\"Condition\": {\"StringEquals\": {\"a:b\": \"x\"}}, " BASE),
     ONE("\"Condition\": {\"StringLike\": {\"a:b\": \"x\"}}, " BASE), false},
    {ONE("\"Condition\": {\"StringEquals\": {\"a:b\": \"x\", \"A:B\": \"y\"}}, " BASE),
     ONE("\"Condition\": {\"StringEquals\": {\"a:b\": \"x\"}}, " BASE), false},
    {"{\"Statement\": [{" BASE "}, {\"Sid\": \"Two\", " BASE "}]}",
     "{\"Statement\": [{\"Sid\": \"Two\", " BASE "}, {" BASE "}]}", true},
    {"{\"Statement\": [{" BASE "}, {" BASE "}]}", "{\"Statement\": [{" BASE "}]}", true},
    {"{\"Id\": \"one\", \"Statement\": [{" BASE "}]}", "{\"Statement\": [{" BASE "}]}", false},
    {"\"{\\\"Statement\\\": {\\\"Effect\\\": \\\"Allow\\\"}}\"",
     "{\"Statement\": [{\"Effect\": \"Allow\"}]}", true},
    {"\"%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%7D%7D\"",
     "{\"Statement\": [{\"Effect\": \"Allow\"}]}", true},
    {ONE("\"Condition\": {\"Bool\": \"x\"}, " BASE), ONE("\"Condition\": {\"Bool\": \"y\"}, " BASE),
     false},
    {ONE(BASE), "{}", false},
    {"{\"a\": 1}", "{\"a\": 1}", true},
    {"{\"a\": 1}", "\"{\\\"a\\\":1}\"", true},
    {"{\"a\": 1}", "{\"a\": 2}", false},
    {"\"text\"", "\"text\"", true},
    {"\"text\"", "\"other\"", false},
    {"{\"Statement\": [1]}", "{\"Statement\": [1]}", true},
};

START_TEST(tells_whether_two_documents_say_the_same)
{
    for (size_t i = 0; i < GT_COUNT(pairs); i++) {
        json_t *a = parsed(pairs[i].a), *b = parsed(pairs[i].b);
        ck_assert_msg(gt_policy_equal(a, b) == pairs[i].equal, "%s and %s", pairs[i].a, pairs[i].b);
        ck_assert_msg(gt_policy_equal(b, a) == pairs[i].equal, "%s and %s", pairs[i].b, pairs[i].a);
        ck_assert(gt_policy_equal(a, a));
    }
    ck_assert(gt_policy_equal(NULL, NULL));
    ck_assert(!gt_policy_equal(NULL, parsed(ONE(BASE))));
}
END_TEST

START_TEST(the_canonical_form_is_its_own_canonical_form)
{
    for (size_t i = 0; i < GT_COUNT(pairs); i++) {
        json_t *once = gt_keep(arena, gt_policy_canonical(parsed(pairs[i].a)));
        if (once == NULL)
            continue;
        json_t *twice = gt_keep(arena, gt_policy_canonical(once));
        ck_assert_str_eq(gt_json_canonical(arena, once), gt_json_canonical(arena, twice));
    }
}
END_TEST

START_TEST(writes_the_canonical_form)
{
    json_t *policy = parsed("{\"Statement\": {\"Action\": \"S3:Get*\", \"Effect\": \"Allow\","
                            " \"Principal\": \"*\", \"Condition\": {\"Bool\": {\"aws:X\": true}},"
                            " \"Resource\": [\"b\", \"a\"]}}");
    json_t *canonical = gt_keep(arena, gt_policy_canonical(policy));
    ck_assert_str_eq(gt_json_canonical(arena, canonical),
                     "{\"Statement\":[{\"Action\":[\"s3:get*\"],"
                     "\"Condition\":{\"bool\":{\"aws:x\":[\"true\"]}},\"Effect\":\"Allow\","
                     "\"Principal\":{\"AWS\":[\"*\"]},\"Resource\":[\"a\",\"b\"]}],"
                     "\"Version\":\"2008-10-17\"}");
    ck_assert_ptr_null(gt_policy_canonical(parsed("{\"a\": 1}")));
    ck_assert_ptr_null(gt_policy_canonical(parsed("\"{\"")));
}
END_TEST

Suite *canonical_suite(void)
{
    Suite *suite = suite_create("canonical");
    TCase *test = tcase_create("canonical");
    tcase_add_checked_fixture(test, arena_setup, arena_teardown);
    tcase_add_test(test, tells_whether_two_documents_say_the_same);
    tcase_add_test(test, the_canonical_form_is_its_own_canonical_form);
    tcase_add_test(test, writes_the_canonical_form);
    suite_add_tcase(suite, test);
    return suite;
}
