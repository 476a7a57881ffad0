/* Roles as the services see them, and what their policies allow together. */
#include "cloud_fixture.h"
#include "cloud_suites.h"
#include "identity.h"

#include <string.h>

#define ROLE "arn:aws:iam::" GT_LOCAL_ACCOUNT ":role/worker"
#define SERVICE "bedrock-agentcore.amazonaws.com"
#define DOCUMENT(statement)                                                                        \
    "{\\\"Version\\\": \\\"2012-10-17\\\", \\\"Statement\\\": " statement "}"
#define TRUST(service)                                                                             \
    DOCUMENT("{\\\"Effect\\\": \\\"Allow\\\", \\\"Action\\\": \\\"sts:AssumeRole\\\","             \
             " \\\"Principal\\\": {\\\"Service\\\": \\\"" service "\\\"}}")
#define RULE(effect, action)                                                                       \
    DOCUMENT("{\\\"Effect\\\": \\\"" effect "\\\", \\\"Action\\\": \\\"" action                    \
             "\\\", \\\"Resource\\\": \\\"*\\\"}")

static struct cloud_fixture cloud;

static void setup(void)
{
    cloud_fixture_init(&cloud);
}

static void teardown(void)
{
    cloud_fixture_done(&cloud);
}

static void pass(int64_t ms)
{
    cloud.fixed.now_ms += ms;
}

static void iam(const char *operation, const char *more)
{
    cloud_call(&cloud, "iam", operation, gt_printf(cloud.arena, "{'RoleName': 'worker'%s}", more));
}

static void make_role(void)
{
    iam("CreateRole", ", 'AssumeRolePolicyDocument': '" TRUST(SERVICE) "'");
}

static void put(const char *name, const char *document)
{
    iam("PutRolePolicy",
        gt_printf(cloud.arena, ", 'PolicyName': '%s', 'PolicyDocument': '%s'", name, document));
}

/* NULL: allowed; else why not. */
static const char *denied(const char *action, const json_t *session)
{
    const struct gt_access access = {.action = action, .resource = "*"};
    const char *why = NULL;
    bool allowed = gt_iam_allows(cloud.local, ROLE, session, &access, &why, cloud.arena);
    ck_assert_msg(allowed || why != NULL, "refused without a reason");
    return allowed ? NULL : why;
}

static const char *distrusted(const char *service)
{
    const struct gt_access access = {.action = "sts:AssumeRole",
                                     .resource = ROLE,
                                     .principal_kind = "Service",
                                     .principal = service};
    const char *why = NULL;
    bool trusted = gt_iam_trusts(cloud.local, ROLE, &access, &why, cloud.arena);
    ck_assert_msg(trusted || why != NULL, "refused without a reason");
    return trusted ? NULL : why;
}

static void seed_policy(const char *name, const char *action)
{
    const char *arn = gt_printf(cloud.arena, "arn:aws:iam::" GT_LOCAL_ACCOUNT ":policy/%s", name);
    struct gt_object *policy =
        gt_object_new(cloud.local, &gt_kind_managed_policy, GT_LOCAL_ACCOUNT, "", "", arn, NULL);
    json_object_set(policy->hidden, "document",
                    cloud_json(&cloud, gt_printf(cloud.arena,
                                                 "{'Version': '2012-10-17', 'Statement': {'Effect':"
                                                 " 'Allow', 'Action': '%s', 'Resource': '*'}}",
                                                 action)));
}

START_TEST(sees_a_new_role_when_the_lag_is_over)
{
    cloud.local->knobs.iam_lag_ms = 1000;
    make_role();
    ck_assert_ptr_null(gt_iam_role(cloud.local, ROLE));
    ck_assert_str_eq(distrusted(SERVICE), "the role " ROLE " does not exist");
    pass(999);
    ck_assert_ptr_null(gt_iam_role(cloud.local, ROLE));
    pass(1);
    ck_assert_ptr_nonnull(gt_iam_role(cloud.local, ROLE));
    ck_assert_ptr_null(distrusted(SERVICE));
}
END_TEST

START_TEST(sees_each_change_by_itself)
{
    make_role();
    pass(5000);
    cloud.local->knobs.iam_lag_ms = 1000;
    put("one", RULE("Allow", "s3:GetObject"));
    pass(400);
    put("two", RULE("Allow", "s3:PutObject"));
    iam("UpdateAssumeRolePolicy", ", 'PolicyDocument': '" TRUST("other.amazonaws.com") "'");
    ck_assert_ptr_nonnull(denied("s3:GetObject", NULL));
    pass(600);
    ck_assert_ptr_null(denied("s3:GetObject", NULL));
    ck_assert_ptr_nonnull(denied("s3:PutObject", NULL));
    ck_assert_ptr_null(distrusted(SERVICE));
    pass(400);
    ck_assert_ptr_null(denied("s3:PutObject", NULL));
    ck_assert_ptr_nonnull(distrusted(SERVICE));
    ck_assert_ptr_null(distrusted("other.amazonaws.com"));
}
END_TEST

START_TEST(sees_what_was_taken_away_until_the_lag_is_over)
{
    make_role();
    put("one", RULE("Allow", "s3:GetObject"));
    iam("AttachRolePolicy", ", 'PolicyArn': 'arn:aws:iam::aws:policy/SecretsManagerReadWrite'");
    pass(5000);
    cloud.local->knobs.iam_lag_ms = 1000;
    iam("DeleteRolePolicy", ", 'PolicyName': 'one'");
    iam("DetachRolePolicy", ", 'PolicyArn': 'arn:aws:iam::aws:policy/SecretsManagerReadWrite'");
    ck_assert_ptr_null(denied("s3:GetObject", NULL));
    ck_assert_ptr_null(denied("secretsmanager:GetSecretValue", NULL));
    pass(1000);
    ck_assert_ptr_nonnull(denied("s3:GetObject", NULL));
    ck_assert_ptr_nonnull(denied("secretsmanager:GetSecretValue", NULL));
}
END_TEST

START_TEST(does_not_see_a_role_that_was_made_again)
{
    make_role();
    pass(5000);
    cloud.local->knobs.iam_lag_ms = 1000;
    iam("DeleteRole", "");
    make_role();
    ck_assert_ptr_null(gt_iam_role(cloud.local, ROLE));
    pass(1000);
    ck_assert_ptr_nonnull(gt_iam_role(cloud.local, ROLE));
}
END_TEST

START_TEST(forgets_changes_that_everybody_has_seen)
{
    cloud.local->knobs.iam_lag_ms = 1000;
    make_role();
    for (int i = 0; i < 10; i++) {
        pass(1000);
        put("one", RULE("Allow", "s3:GetObject"));
    }
    const struct gt_object *role = gt_role_find(cloud.local, GT_LOCAL_ACCOUNT, "WORKER");
    ck_assert_ptr_nonnull(role);
    ck_assert_uint_eq(json_array_size(json_object_get(role->hidden, "past")), 1);
}
END_TEST

START_TEST(allows_only_what_all_layers_allow)
{
    make_role();
    ck_assert_str_eq(denied("s3:GetObject", NULL),
                     "no identity-based policy allows the s3:GetObject action");
    put("all", RULE("Allow", "*"));
    put("not", RULE("Deny", "s3:DeleteObject"));
    ck_assert_str_eq(denied("s3:DeleteObject", NULL),
                     "an explicit deny in an identity-based policy");
    const json_t *session = cloud_json(&cloud, "{'Version': '2012-10-17', 'Statement': [{'Effect': "
                                               "'Allow', 'Action': 's3:Get*', 'Resource': '*'}]}");
    ck_assert_ptr_null(denied("s3:GetObject", session));
    ck_assert_str_eq(denied("s3:PutObject", session),
                     "no session policy allows the s3:PutObject action");
    seed_policy("limit", "s3:Put*");
    iam("PutRolePermissionsBoundary",
        ", 'PermissionsBoundary': 'arn:aws:iam::" GT_LOCAL_ACCOUNT ":policy/limit'");
    ck_assert_str_eq(denied("s3:GetObject", NULL),
                     "no permissions boundary allows the s3:GetObject action");
    ck_assert_ptr_null(denied("s3:PutObject", NULL));
}
END_TEST

START_TEST(takes_unknown_policies_as_the_knob_says)
{
    make_role();
    put("all", RULE("Allow", "s3:*"));
    iam("AttachRolePolicy", ", 'PolicyArn': 'arn:aws:iam::" GT_LOCAL_ACCOUNT ":policy/unknown'");
    iam("PutRolePermissionsBoundary",
        ", 'PermissionsBoundary': 'arn:aws:iam::" GT_LOCAL_ACCOUNT ":policy/unknown'");
    ck_assert_ptr_null(denied("s3:GetObject", NULL));
    ck_assert_ptr_nonnull(denied("sqs:SendMessage", NULL));
    cloud.local->knobs.assume_policies = false;
    ck_assert_ptr_nonnull(denied("s3:GetObject", NULL));
    const char *code = NULL;
    cloud_try(&cloud, "iam", "AttachRolePolicy",
              "{'RoleName': 'worker', 'PolicyArn': 'arn:aws:iam::" GT_LOCAL_ACCOUNT
              ":policy/other'}",
              &code);
    ck_assert_str_eq(code, "NoSuchEntity");
}
END_TEST

START_TEST(joins_documents_of_a_session)
{
    const json_t *documents[] = {
        cloud_json(&cloud, "{'Statement': {'Effect': 'Allow', 'Action': 'a:b'}}"),
        cloud_json(&cloud, "{'Statement': [{'Effect': 'Deny'}, {'Effect': 'Allow'}]}"),
        cloud_json(&cloud, "{}"),
    };
    json_auto_t *joined = gt_iam_joined(documents, GT_COUNT(documents));
    ck_assert_uint_eq(json_array_size(json_object_get(joined, "Statement")), 3);
}
END_TEST

START_TEST(writes_documents_as_iam_does)
{
    json_auto_t *text = gt_iam_encoded(cloud_json(
        &cloud, "{'Statement': [{'Resource': '*', 'Action': ['a:b'], 'Effect': 'Allow'}],"
                " 'Version': '2012-10-17'}"));
    ck_assert_str_eq(gt_percent_decode(cloud.arena, json_string_value(text)),
                     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":"
                     "\"a:b\",\"Resource\":\"*\"}]}");
    ck_assert_ptr_null(strpbrk(json_string_value(text), "{}\": ,/*"));
}
END_TEST

START_TEST(knows_its_own_discovery_urls)
{
    const json_t *made = cloud_call(&cloud, "cognito-idp", "CreateUserPool", "{'PoolName': 'p'}");
    const char *id = gt_text_at(made, "/UserPool/Id"), *port = strrchr(cloud.local->url, ':');
    const struct {
        const char *base;
        bool ours;
        const char *issuer;
    } rows[] = {
        {cloud.local->url, true, cloud.local->url},
        {gt_printf(cloud.arena, "http://localhost%s", port), true, NULL},
        {"https://cognito-idp.us-east-1.amazonaws.com", true, cloud.local->url},
        {"https://cognito-idp.eu-west-1.amazonaws.com", false, NULL},
        {"https://cognito-idp.us-east-1.amazonaws.com.example.org", false, NULL},
        {gt_printf(cloud.arena, "http://localhost%s9", port), false, NULL},
        {gt_printf(cloud.arena, "https://127.0.0.1%s", port), false, NULL},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const char *url =
            gt_printf(cloud.arena, "%s/%s/.well-known/openid-configuration", rows[i].base, id);
        json_auto_t *found = gt_oauth_own_discovery(cloud.local, url);
        ck_assert_msg((found != NULL) == rows[i].ours, "%s", url);
        const char *base = rows[i].issuer == NULL ? rows[i].base : rows[i].issuer;
        if (rows[i].ours)
            ck_assert_str_eq(gt_text_at(found, "/issuer"),
                             gt_printf(cloud.arena, "%s/%s", base, id));
    }
}
END_TEST

Suite *iam_suite(void)
{
    Suite *suite = suite_create("iam");
    TCase *tests = tcase_create("iam");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, sees_a_new_role_when_the_lag_is_over);
    tcase_add_test(tests, sees_each_change_by_itself);
    tcase_add_test(tests, sees_what_was_taken_away_until_the_lag_is_over);
    tcase_add_test(tests, does_not_see_a_role_that_was_made_again);
    tcase_add_test(tests, forgets_changes_that_everybody_has_seen);
    tcase_add_test(tests, allows_only_what_all_layers_allow);
    tcase_add_test(tests, takes_unknown_policies_as_the_knob_says);
    tcase_add_test(tests, joins_documents_of_a_session);
    tcase_add_test(tests, writes_documents_as_iam_does);
    tcase_add_test(tests, knows_its_own_discovery_urls);
    suite_add_tcase(suite, tests);
    return suite;
}
