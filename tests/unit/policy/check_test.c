#include "suites.h"

#include <gantry/base/json.h>
#include <gantry/policy/policy.h>
#include <gt_test.h>

GT_TEST_ARENA

#define ONE(statement) "{\"Version\": \"2012-10-17\", \"Statement\": [{" statement "}]}"
#define BASE "\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"*\""
#define TRUST                                                                                      \
    "\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\","                                       \
    " \"Principal\": {\"Service\": \"bedrock-agentcore.amazonaws.com\"}"
#define ASSUME "\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", "

struct row {
    const char *policy, *said; /* messages, one per line; hints are not looked at */
};

static void check_rows(const struct row *rows, size_t count, bool trust)
{
    for (size_t i = 0; i < count; i++) {
        json_error_t error;
        json_t *policy = gt_keep(arena, json_loads(rows[i].policy, JSON_DECODE_ANY, &error));
        ck_assert_msg(policy != NULL, "%s: %s", rows[i].policy, error.text);
        diags = gt_diags_init(arena);
        bool ok = gt_policy_check(policy, trust, NULL, &diags);
        const char *said = "";
        for (size_t k = 0; k < diags.list.len; k++)
            said = gt_printf(arena, "%s%s%s", said, k == 0 ? "" : "\n", diags.list.at[k]->message);
        ck_assert_str_eq(said, rows[i].said);
        ck_assert(ok == (diags.errors == 0));
    }
}

START_TEST(checks_policies_of_roles)
{
    static const struct row rows[] = {
        {ONE(BASE), ""},
        {"{\"Version\": \"2012-10-17\", \"Statement\": {" BASE "}}", ""},
        {ONE("\"Effect\": \"Deny\", \"NotAction\": [\"iam:*\"],"
             " \"NotResource\": \"arn:aws:s3:::b/*\", \"Sid\": \"A1\","
             " \"Condition\": {\"ForAnyValue:StringLikeIfExists\": {\"aws:TagKeys\": [\"a*\"]}}"),
         ""},
        {ONE("\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\":"
             " [\"arn:aws:s3:::home/${aws:username}\", \"${role.x.Arn}\"]"),
         ""},
        {"\"no policy\"", "this is no policy document"},
        {"{}", "this is no policy document"},
        {"{\"Statement\": [1]}", "this is no policy document"},
        {"{\"Statement\": []}", "there is no statement"},
        {"{\"Version\": \"2012-10-18\", \"Statement\": {" BASE "}}",
         "Version is no version of the policy language"},
        {"{\"Versoin\": \"2012-10-17\", \"Statement\": {" BASE "}}", "unknown element \"Versoin\""},
        {ONE("\"Action\": \"s3:GetObject\", \"Resource\": \"*\""),
         "Statement[0]: Effect is missing"},
        {ONE("\"Effect\": \"allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"*\""),
         "Statement[0]: Effect must be Allow or Deny"},
        {ONE("\"Effect\": \"Allow\", \"Resource\": \"*\""), "Statement[0]: Action is missing"},
        {ONE("\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\""),
         "Statement[0]: Resource is missing"},
        {ONE(BASE ", \"NotAction\": \"s3:*\""),
         "Statement[0]: there is Action and NotAction, and only one of them may be"},
        {ONE("\"Effect\": \"Allow\", \"Action\": [\"GetObject\", \"s3:\", \":x\", \"s*:x\"],"
             " \"Resource\": \"*\""),
         "Statement[0]: Action: \"GetObject\" has no service prefix\n"
         "Statement[0]: Action: \"s3:\" has no service prefix\n"
         "Statement[0]: Action: \":x\" has no service prefix\n"
         "Statement[0]: Action: \"s*:x\" has no service prefix"},
        {ONE("\"Effect\": \"Allow\", \"Action\": [], \"Resource\": 5"),
         "Statement[0]: Action is empty\n"
         "Statement[0]: Resource must be text or a list of texts"},
        {ONE("\"Effect\": \"Allow\", \"Action\": \"a:b\", \"Resource\": [\"bucket\", \"arn:aws\"]"),
         "Statement[0]: Resource: \"bucket\" is neither an ARN nor \"*\"\n"
         "Statement[0]: Resource: \"arn:aws\" is neither an ARN nor \"*\""},
        {ONE(BASE ", \"Principal\": \"*\""), "Statement[0]: a policy of a role has no Principal"},
        {ONE(BASE ", \"Conditions\": {}"), "Statement[0]: unknown element \"Conditions\""},
        {ONE(BASE ", \"Condition\": {\"StringEqual\": {\"aws:a\": \"x\"}}"),
         "Statement[0]: Condition.StringEqual is no condition operator"},
        {ONE(BASE ", \"Condition\": {\"StringEquals\": {\"a\": \"x\", \"aws:b\": []}}"),
         "Statement[0]: Condition.StringEquals: the condition key \"a\" has no prefix\n"
         "Statement[0]: Condition.StringEquals.aws:b is empty"},
        {ONE(BASE ", \"Condition\": {\"Bool\": \"x\"}"),
         "Statement[0]: Condition.Bool must be a map"},
        {ONE(BASE ", \"Sid\": \"a b\""), "Statement[0]: Sid must be letters and digits"},
        {"{\"Statement\": [{\"Sid\": \"A\", " BASE "}, {\"Sid\": \"A\", " BASE "}]}",
         "Statement[1]: the Sid \"A\" is used twice"},
    };
    check_rows(rows, GT_COUNT(rows), false);
}
END_TEST

START_TEST(checks_trust_policies)
{
    static const struct row rows[] = {
        {ONE(TRUST), ""},
        {ONE(TRUST ", \"Condition\": {\"StringEquals\": {\"aws:SourceAccount\": \"1\"}}"), ""},
        {ONE(ASSUME "\"Principal\": {\"AWS\": [\"123456789012\", \"*\", \"AROAEXAMPLEEXAMPLE12\","
                    " \"arn:aws:iam::123456789012:role/x\", \"${role.x.Arn}\"]}"),
         ""},
        {ONE("\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRoleWithWebIdentity\","
             " \"Principal\": {\"Federated\": \"accounts.google.com\"}"),
         ""},
        {ONE(ASSUME "\"Sid\": \"x\""), "Statement[0]: Principal is missing"},
        {ONE(TRUST ", \"Resource\": \"*\""), "Statement[0]: a trust policy has no Resource"},
        {ONE("\"Effect\": \"Allow\", \"Action\": [\"s3:GetObject\", \"*\"], \"Principal\": \"*\""),
         "Statement[0]: Action: \"s3:GetObject\" is no STS action, and trust policies have no "
         "others\n"
         "Statement[0]: Action: \"*\" is no STS action, and trust policies have no others"},
        {ONE(ASSUME "\"Principal\": {\"Services\": \"x.amazonaws.com\"}"),
         "Statement[0]: Principal has no kind \"Services\""},
        {ONE(ASSUME "\"Principal\": {\"Service\": \"bedrock-agentcore\"}"),
         "Statement[0]: Principal.Service: \"bedrock-agentcore\" is no service principal"},
        {ONE(ASSUME "\"Principal\": {\"AWS\": \"arn:aws:iam::123456789012:role/*\"}"),
         "Statement[0]: Principal.AWS: \"arn:aws:iam::123456789012:role/*\" is no principal"},
        {ONE(ASSUME "\"Principal\": \"123456789012\""),
         "Statement[0]: Principal must be \"*\" or a map"},
    };
    check_rows(rows, GT_COUNT(rows), true);
}
END_TEST

START_TEST(reports_where_the_document_stands)
{
    struct gt_diag where = {.pos = {.file = "site.yaml", .line = 7, .column = 3},
                            .subject = "role_policy.x"};
    ck_assert(!gt_policy_check(gt_pack(arena, "{}"), false, &where, &diags));
    const struct gt_diag *diag = diags.list.at[0];
    ck_assert_str_eq(diag->pos.file, "site.yaml");
    ck_assert_uint_eq(diag->pos.line, 7);
    ck_assert_str_eq(diag->subject, "role_policy.x");
    ck_assert_str_eq(diag->code, "bad-policy");
}
END_TEST

Suite *check_suite(void)
{
    Suite *suite = suite_create("check");
    TCase *test = tcase_create("check");
    tcase_add_checked_fixture(test, arena_setup, arena_teardown);
    tcase_add_test(test, checks_policies_of_roles);
    tcase_add_test(test, checks_trust_policies);
    tcase_add_test(test, reports_where_the_document_stands);
    suite_add_tcase(suite, test);
    return suite;
}
