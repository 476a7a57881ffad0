#include "suites.h"

#include <gantry/base/json.h>
#include <gantry/policy/policy.h>
#include <gt_test.h>

GT_TEST_ARENA

#define POLICY(statements) "{\"Version\": \"2012-10-17\", \"Statement\": [" statements "]}"
#define ALLOW(action, resource)                                                                    \
    "{\"Effect\": \"Allow\", \"Action\": " action ", \"Resource\": " resource "}"
#define DENY(action, resource)                                                                     \
    "{\"Effect\": \"Deny\", \"Action\": " action ", \"Resource\": " resource "}"
#define RUNTIME "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/lark-abcdefghij"

static json_t *parsed(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, 0, &error);
    ck_assert_msg(value != NULL, "%s: %s", text, error.text);
    return gt_keep(arena, value);
}

struct row {
    const char *policy, *action, *resource;
    enum gt_decision decision;
};

static void check_rows(const struct row *rows, size_t count, const char *context)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *policy = parsed(rows[i].policy);
        struct gt_access access = {
            .action = rows[i].action, .resource = rows[i].resource, .context = parsed(context)};
        enum gt_decision got = gt_policy_evaluate(&policy, 1, &access);
        ck_assert_msg(got == rows[i].decision, "%s for %s on %s gave %d", rows[i].policy,
                      rows[i].action, rows[i].resource, (int)got);
    }
}

START_TEST(matches_actions)
{
    static const struct row rows[] = {
        {POLICY(ALLOW("\"s3:GetObject\"", "\"*\"")), "s3:GetObject", "arn:aws:s3:::b/k", GT_ALLOW},
        {POLICY(ALLOW("\"S3:getobject\"", "\"*\"")), "s3:GetObject", "arn:aws:s3:::b/k", GT_ALLOW},
        {POLICY(ALLOW("\"s3:Get*\"", "\"*\"")), "s3:GetObject", "arn:aws:s3:::b/k", GT_ALLOW},
        {POLICY(ALLOW("\"s3:Get?bject\"", "\"*\"")), "s3:GetObject", "arn:aws:s3:::b/k", GT_ALLOW},
        {POLICY(ALLOW("\"*\"", "\"*\"")), "s3:GetObject", "arn:aws:s3:::b/k", GT_ALLOW},
        {POLICY(ALLOW("\"s3:*\"", "\"*\"")), "s3express:GetObject", "arn:aws:s3:::b/k",
         GT_IMPLICIT_DENY},
        {POLICY(ALLOW("[\"s3:PutObject\", \"s3:GetObject\"]", "\"*\"")), "s3:GetObject", "*",
         GT_ALLOW},
        {POLICY(ALLOW("\"s3:Get\"", "\"*\"")), "s3:GetObject", "*", GT_IMPLICIT_DENY},
        {POLICY(ALLOW("[]", "\"*\"")), "s3:GetObject", "*", GT_IMPLICIT_DENY},
        {POLICY("{\"Effect\": \"Allow\", \"NotAction\": \"iam:*\", \"Resource\": \"*\"}"),
         "s3:GetObject", "*", GT_ALLOW},
        {POLICY("{\"Effect\": \"Allow\", \"NotAction\": \"iam:*\", \"Resource\": \"*\"}"),
         "iam:GetRole", "*", GT_IMPLICIT_DENY},
        {POLICY("{\"Effect\": \"Allow\", \"Resource\": \"*\"}"), "iam:GetRole", "*",
         GT_IMPLICIT_DENY},
    };
    check_rows(rows, GT_COUNT(rows), "{}");
}
END_TEST

START_TEST(matches_resources)
{
    static const struct row rows[] = {
        {POLICY(ALLOW("\"*\"", "\"" RUNTIME "\"")), "x:y", RUNTIME, GT_ALLOW},
        {POLICY(ALLOW("\"*\"", "\"" RUNTIME "\"")), "x:y", RUNTIME "/runtime-endpoint/DEFAULT",
         GT_IMPLICIT_DENY},
        {POLICY(ALLOW("\"*\"", "[\"" RUNTIME "\", \"" RUNTIME "/*\"]")), "x:y",
         RUNTIME "/runtime-endpoint/DEFAULT", GT_ALLOW},
        {POLICY(ALLOW("\"*\"", "\"arn:aws:s3:::bucket/*\"")), "x:y", "arn:aws:s3:::bucket",
         GT_IMPLICIT_DENY},
        {POLICY(ALLOW("\"*\"", "\"arn:aws:s3:::Bucket\"")), "x:y", "arn:aws:s3:::bucket",
         GT_IMPLICIT_DENY},
        {POLICY(ALLOW("\"*\"", "\"arn:aws:s3:::b\"")), "x:y", "*", GT_IMPLICIT_DENY},
        {POLICY(ALLOW("\"*\"", "\"arn:aws:s3:::home/${aws:username}/*\"")), "x:y",
         "arn:aws:s3:::home/jane/a", GT_ALLOW},
        {POLICY(ALLOW("\"*\"", "\"arn:aws:s3:::home/${aws:username}/*\"")), "x:y",
         "arn:aws:s3:::home/joe/a", GT_IMPLICIT_DENY},
        {POLICY(ALLOW("\"*\"", "\"arn:aws:s3:::home/${aws:nobody}/*\"")), "x:y",
         "arn:aws:s3:::home//a", GT_IMPLICIT_DENY},
        {POLICY(ALLOW("\"*\"", "\"arn:aws:s3:::home/${aws:userid}/a\"")), "x:y",
         "arn:aws:s3:::home/other/a", GT_IMPLICIT_DENY},
        {"{\"Statement\": " ALLOW("\"*\"", "\"arn:aws:s3:::home/${aws:username}/*\"") "}", "x:y",
         "arn:aws:s3:::home/jane/a", GT_IMPLICIT_DENY},
        {POLICY("{\"Effect\": \"Allow\", \"Action\": \"*\","
                " \"NotResource\": \"arn:aws:s3:::secret/*\"}"),
         "x:y", "arn:aws:s3:::open/a", GT_ALLOW},
        {POLICY("{\"Effect\": \"Allow\", \"Action\": \"*\","
                " \"NotResource\": \"arn:aws:s3:::secret/*\"}"),
         "x:y", "arn:aws:s3:::secret/a", GT_IMPLICIT_DENY},
        {POLICY("{\"Effect\": \"Allow\", \"Action\": \"*\"}"), "x:y", "*", GT_IMPLICIT_DENY},
        {POLICY("{\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\","
                " \"Principal\": \"*\"}"),
         "x:y", "*", GT_IMPLICIT_DENY},
    };
    check_rows(rows, GT_COUNT(rows), "{\"aws:username\": \"jane\", \"aws:userid\": \"*\"}");
}
END_TEST

START_TEST(an_explicit_deny_wins)
{
    static const struct row rows[] = {
        {POLICY(ALLOW("\"s3:*\"", "\"*\"") "," DENY("\"s3:Delete*\"", "\"*\"")), "s3:DeleteObject",
         "*", GT_EXPLICIT_DENY},
        {POLICY(DENY("\"s3:Delete*\"", "\"*\"") "," ALLOW("\"s3:*\"", "\"*\"")), "s3:DeleteObject",
         "*", GT_EXPLICIT_DENY},
        {POLICY(DENY("\"s3:Delete*\"", "\"*\"") "," ALLOW("\"s3:*\"", "\"*\"")), "s3:GetObject",
         "*", GT_ALLOW},
        {POLICY("{\"Effect\": \"Deny\", \"NotAction\": \"s3:*\", \"Resource\": \"*\"}"),
         "iam:GetRole", "*", GT_EXPLICIT_DENY},
        {POLICY("{\"Effect\": \"deny\", \"Action\": \"*\", \"Resource\": \"*\"}"), "iam:GetRole",
         "*", GT_IMPLICIT_DENY},
    };
    check_rows(rows, GT_COUNT(rows), "{}");
    const json_t *both[] = {parsed(POLICY(ALLOW("\"*\"", "\"*\""))),
                            parsed(POLICY(DENY("\"*\"", "\"*\"")))};
    struct gt_access access = {.action = "s3:GetObject", .resource = "*"};
    ck_assert_int_eq(gt_policy_evaluate(both, 2, &access), GT_EXPLICIT_DENY);
    ck_assert_int_eq(gt_policy_evaluate(both, 1, &access), GT_ALLOW);
    ck_assert_int_eq(gt_policy_evaluate(both, 0, &access), GT_IMPLICIT_DENY);
}
END_TEST

START_TEST(conditions_limit_statements)
{
#define WHERE(effect, condition)                                                                   \
    POLICY("{\"Effect\": \"" effect                                                                \
           "\", \"Action\": \"*\", \"Resource\": \"*\", \"Condition\": " condition "}")
    static const struct row rows[] = {
        {WHERE("Allow", "{\"StringEquals\": {\"aws:RequestedRegion\": \"us-east-1\"}}"), "x:y", "*",
         GT_ALLOW},
        {WHERE("Allow", "{\"StringEquals\": {\"aws:RequestedRegion\": \"us-west-2\"}}"), "x:y", "*",
         GT_IMPLICIT_DENY},
        {WHERE("Deny", "{\"StringNotEquals\": {\"aws:RequestedRegion\": \"us-west-2\"}}"), "x:y",
         "*", GT_EXPLICIT_DENY},
        {WHERE("Deny", "{\"BoolIfExists\": {\"aws:MultiFactorAuthPresent\": \"false\"}}"), "x:y",
         "*", GT_EXPLICIT_DENY},
        {WHERE("Deny", "{\"Bool\": {\"aws:MultiFactorAuthPresent\": \"false\"}}"), "x:y", "*",
         GT_IMPLICIT_DENY},
        {WHERE("Allow", "{\"StringSortOfEquals\": {\"aws:a\": \"b\"}}"), "x:y", "*",
         GT_IMPLICIT_DENY},
        {WHERE("Deny", "{\"StringSortOfEquals\": {\"aws:a\": \"b\"}}"), "x:y", "*",
         GT_EXPLICIT_DENY},
        {WHERE("Deny", "{\"StringSortOfEquals\": {\"aws:a\": \"b\"},"
                       " \"StringEquals\": {\"aws:RequestedRegion\": \"us-west-2\"}}"),
         "x:y", "*", GT_IMPLICIT_DENY},
    };
    check_rows(rows, GT_COUNT(rows), "{\"aws:RequestedRegion\": \"us-east-1\"}");
}
END_TEST

START_TEST(matches_principals)
{
    static const char account[] = "123456789012", root[] = "arn:aws:iam::123456789012:root",
                      role[] = "arn:aws:iam::123456789012:role/path/gateway",
                      session[] = "arn:aws:sts::123456789012:assumed-role/gateway/s1",
                      user[] = "arn:aws:iam::123456789012:user/jane",
                      oidc[] = "arn:aws:iam::123456789012:oidc-provider/example.com",
                      service[] = "bedrock-agentcore.amazonaws.com";
    static const struct {
        const char *element, *kind, *principal;
        bool allowed;
    } rows[] = {
        {"\"Principal\": {\"Service\": \"bedrock-agentcore.amazonaws.com\"}", "Service", service,
         true},
        {"\"Principal\": {\"Service\": [\"a.amazonaws.com\", \"bedrock-agentcore.amazonaws.com\"]}",
         "Service", service, true},
        {"\"Principal\": {\"Service\": \"lambda.amazonaws.com\"}", "Service", service, false},
        {"\"Principal\": {\"AWS\": \"bedrock-agentcore.amazonaws.com\"}", "Service", service,
         false},
        {"\"Principal\": {\"AWS\": \"123456789012\"}", "AWS", role, true},
        {"\"Principal\": {\"AWS\": \"arn:aws:iam::123456789012:root\"}", "AWS", session, true},
        {"\"Principal\": {\"AWS\": \"arn:aws:iam::123456789012:root\"}", "AWS", account, true},
        {"\"Principal\": {\"AWS\": \"123456789012\"}", "AWS", root, true},
        {"\"Principal\": {\"AWS\": \"210987654321\"}", "AWS", role, false},
        {"\"Principal\": {\"AWS\": \"123456789012\"}", "Service", service, false},
        {"\"Principal\": {\"AWS\": \"arn:aws:iam::123456789012:role/path/gateway\"}", "AWS", role,
         true},
        {"\"Principal\": {\"AWS\": \"arn:aws:iam::123456789012:role/path/gateway\"}", "AWS",
         session, true},
        {"\"Principal\": {\"AWS\": \"arn:aws:iam::123456789012:role/other\"}", "AWS", session,
         false},
        {"\"Principal\": {\"AWS\": \"arn:aws:iam::210987654321:role/gateway\"}", "AWS", session,
         false},
        {"\"Principal\": {\"AWS\": \"arn:aws:sts::123456789012:assumed-role/gateway/s1\"}", "AWS",
         session, true},
        {"\"Principal\": {\"AWS\": \"arn:aws:sts::123456789012:assumed-role/gateway/s2\"}", "AWS",
         session, false},
        {"\"Principal\": {\"AWS\": \"arn:aws:iam::123456789012:user/*\"}", "AWS", user, false},
        {"\"Principal\": \"*\"", "AWS", user, true},
        {"\"Principal\": {\"AWS\": \"*\"}", "AWS", user, true},
        {"\"Principal\": {\"AWS\": [\"*\"]}", "AWS", session, true},
        {"\"Principal\": {\"AWS\": [\"*\"]}", "Service", service, false},
        {"\"Principal\": {\"AWS\": \"*\"}", "Federated", oidc, false},
        {"\"Principal\": \"*\"", "Service", service, true},
        {"\"Principal\": \"*\"", "Federated", oidc, true},
        {"\"Principal\": {\"Federated\": \"arn:aws:iam::123456789012:oidc-provider/example.com\"}",
         "Federated", oidc, true},
        {"\"Principal\": {\"Federated\": \"accounts.google.com\"}", "Federated", oidc, false},
        {"\"NotPrincipal\": {\"AWS\": \"arn:aws:iam::123456789012:user/jane\"}", "AWS", user,
         false},
        {"\"NotPrincipal\": {\"AWS\": \"arn:aws:iam::123456789012:user/jane\"}", "AWS", role, true},
        {"\"NotPrincipal\": {\"AWS\": \"123456789012\"}", "AWS", user, true},
        {"\"NotPrincipal\": {\"AWS\": \"123456789012\"}", "AWS", root, false},
        {"\"Sid\": \"none\"", "AWS", user, false},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const json_t *policy = parsed(
            gt_printf(arena, POLICY("{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", %s}"),
                      rows[i].element));
        struct gt_access access = {.action = "sts:AssumeRole",
                                   .resource = role,
                                   .principal_kind = rows[i].kind,
                                   .principal = rows[i].principal};
        bool allowed = gt_policy_evaluate(&policy, 1, &access) == GT_ALLOW;
        ck_assert_msg(allowed == rows[i].allowed, "%s for %s", rows[i].element, rows[i].principal);
    }
}
END_TEST

START_TEST(evaluates_the_trust_policy_of_a_gateway)
{
    const json_t *policy = parsed(
        POLICY("{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\","
               " \"Principal\": {\"Service\": \"bedrock-agentcore.amazonaws.com\"}, \"Condition\":"
               " {\"StringEquals\": {\"aws:SourceAccount\": \"123456789012\"}, \"ArnLike\":"
               " {\"aws:SourceArn\":"
               " \"arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/tools-*\"}}}"));
    static const struct {
        const char *account, *arn;
        enum gt_decision decision;
    } rows[] = {
        {"123456789012", "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/tools-a1",
         GT_ALLOW},
        {"210987654321", "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/tools-a1",
         GT_IMPLICIT_DENY},
        {"123456789012", "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/other-a1",
         GT_IMPLICIT_DENY},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_access access = {.action = "sts:AssumeRole",
                                   .resource = "arn:aws:iam::123456789012:role/gateway",
                                   .principal_kind = "Service",
                                   .principal = "bedrock-agentcore.amazonaws.com",
                                   .context =
                                       gt_pack(arena, "{s:s, s:s}", "aws:SourceAccount",
                                               rows[i].account, "aws:SourceArn", rows[i].arn)};
        ck_assert_int_eq(gt_policy_evaluate(&policy, 1, &access), rows[i].decision);
    }
}
END_TEST

START_TEST(tells_how_closely_a_principal_is_named)
{
    static const char session[] = "arn:aws:sts::123456789012:assumed-role/worker/one";
    static const struct {
        const char *principal;
        bool role, itself;
    } rows[] = {
        {"{\"AWS\": \"123456789012\"}", false, false},
        {"{\"AWS\": \"arn:aws:iam::123456789012:root\"}", false, false},
        {"{\"AWS\": [\"123456789012\", \"arn:aws:iam::123456789012:role/team/worker\"]}", true,
         false},
        {"{\"AWS\": \"*\"}", true, false},
        {"\"*\"", true, false},
        {"{\"AWS\": \"arn:aws:sts::123456789012:assumed-role/worker/one\"}", true, true},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const json_t *policy =
            parsed(gt_printf(arena,
                             POLICY("{\"Effect\": \"Allow\", \"Action\": \"sts:*\","
                                    " \"Principal\": %s}"),
                             rows[i].principal));
        struct gt_access access = {.action = "sts:AssumeRole",
                                   .resource = "arn:aws:iam::123456789012:role/other",
                                   .principal_kind = "AWS",
                                   .principal = session};
        ck_assert_int_eq(gt_policy_evaluate(&policy, 1, &access), GT_ALLOW);
        access.naming = GT_NAMED_ROLE;
        ck_assert_int_eq(gt_policy_evaluate(&policy, 1, &access) == GT_ALLOW, rows[i].role);
        access.naming = GT_NAMED_ITSELF;
        ck_assert_int_eq(gt_policy_evaluate(&policy, 1, &access) == GT_ALLOW, rows[i].itself);
    }
}
END_TEST

START_TEST(reads_documents_as_services_return_them)
{
    const json_t *text = gt_pack(arena, "s", POLICY(ALLOW("\"*\"", "\"*\"")));
    const json_t *encoded = gt_pack(
        arena, "s",
        "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3A%2A%22%2C"
        "%22Resource%22%3A%22%2A%22%7D%7D");
    const json_t *junk = gt_pack(arena, "s", "no policy");
    struct gt_access access = {.action = "s3:GetObject", .resource = "*"};
    ck_assert_int_eq(gt_policy_evaluate(&text, 1, &access), GT_ALLOW);
    ck_assert_int_eq(gt_policy_evaluate(&encoded, 1, &access), GT_ALLOW);
    ck_assert_int_eq(gt_policy_evaluate(&junk, 1, &access), GT_IMPLICIT_DENY);
}
END_TEST

Suite *evaluate_suite(void)
{
    Suite *suite = suite_create("evaluate");
    TCase *test = tcase_create("evaluate");
    tcase_add_checked_fixture(test, arena_setup, arena_teardown);
    tcase_add_test(test, matches_actions);
    tcase_add_test(test, matches_resources);
    tcase_add_test(test, an_explicit_deny_wins);
    tcase_add_test(test, conditions_limit_statements);
    tcase_add_test(test, matches_principals);
    tcase_add_test(test, evaluates_the_trust_policy_of_a_gateway);
    tcase_add_test(test, tells_how_closely_a_principal_is_named);
    tcase_add_test(test, reads_documents_as_services_return_them);
    suite_add_tcase(suite, test);
    return suite;
}
