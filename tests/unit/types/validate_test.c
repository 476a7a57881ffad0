#include "suites.h"

#include <gantry/model/validate.h>

GT_TEST_ARENA

#define ROLE "'roleArn': 'arn:aws:iam::123456789012:role/r'"
#define JWT                                                                                        \
    "'customJWTAuthorizer': {'discoveryUrl': "                                                     \
    "'https://a.example/.well-known/openid-configuration'}"
#define MCP "'targetConfiguration': {'mcp': {'mcpServer': {'endpoint': 'https://a.example'}}}"
#define TRUST                                                                                      \
    "{'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': "                    \
    "{'Service': 'bedrock-agentcore.amazonaws.com'}, 'Action': 'sts:AssumeRole'}]}"
#define POLICY                                                                                     \
    "{'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': "                       \
    "'s3:GetObject', 'Resource': '*'}]}"
#define RUNTIME                                                                                    \
    "'agentRuntimeName': 'a', 'agentRuntimeArtifact': {'containerConfiguration': "                 \
    "{'containerUri': '123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1'}}"

static const struct {
    const char *type, *properties, *codes; /* codes "": valid */
} rows[] = {
    {"gateway", "{'name': 'a', 'authorizerType': 'AWS_IAM', " ROLE "}", ""},
    {"gateway",
     "{'name': 'a', 'authorizerType': 'CUSTOM_JWT', 'authorizerConfiguration': {" JWT "}, " ROLE
     ", 'wafConfiguration': {'failureMode': 'FAIL_OPEN'}, 'tags': {'a': 'b'}}",
     ""},
    {"gateway", "{'name': 'a', 'authorizerType': 'CUSTOM_JWT', " ROLE "}", "missing-member"},
    {"gateway",
     "{'name': 'a', 'authorizerType': 'AWS_IAM', 'authorizerConfiguration': {" JWT "}, " ROLE "}",
     "not-allowed"},
    {"gateway",
     "{'name': 'a', 'authorizerType': '${x.y}', 'authorizerConfiguration': {" JWT "}, " ROLE "}",
     ""},
    {"gateway",
     "{'name': 'a', 'authorizerType': 'NONE', 'clientToken': "
     "'0123456789abcdef0123456789abcdef01', " ROLE "}",
     "unknown-member"},
    {"gateway", "{'name': 'a', 'authorizerType': 'NONE', 'gatewayIdentifier': 'a', " ROLE "}",
     "unknown-member"},
    {"gateway", "{'name': 'a', 'authorizerType': 'NONE', 'tag': {}, " ROLE "}", "unknown-member"},
    {"gateway", "{'authorizerType': 'NONE'}", "missing-member missing-member"},
    {"target", "{'gatewayIdentifier': '${gateway.a.gatewayId}', 'name': 'a', " MCP "}", ""},
    {"target",
     "{'gatewayIdentifier': 'arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/a-1234567890'"
     ", 'name': 'a', " MCP "}",
     "pattern-mismatch"},
    {"target",
     "{'gatewayIdentifier': 'a-1234567890', 'targetConfiguration': {'mcp': {'lambda': "
     "{'lambdaArn': 'arn:aws:lambda:us-east-1:123456789012:function:f', 'toolSchema': "
     "{'s3': {'uri': 's3://b/k'}}}}}}",
     "missing-member"},
    {"target",
     "{'gatewayIdentifier': 'a-1234567890', 'targetConfiguration': {'mcp': {'openApiSchema': "
     "{'inlinePayload': {'openapi': '3.0.0'}}}}}",
     ""},
    {"runtime", "{" RUNTIME ", " ROLE ", 'metadataConfiguration': {'requireMMDSV2': true}}", ""},
    {"runtime", "{" RUNTIME ", " ROLE ", 'metadataConfiguration': {'requireMMDSV2': 'maybe'}}",
     "wrong-type"},
    {"runtime", "{" RUNTIME ", " ROLE ", 'agentRuntimeId': 'a'}", "unknown-member"},
    {"runtime_endpoint", "{'agentRuntimeId': 'a-1234567890', 'name': 'DEFAULT'}", "reserved-name"},
    {"runtime_endpoint", "{'agentRuntimeId': 'a-1234567890', 'name': 'prod'}", ""},
    {"user_pool_domain", "{'Domain': 'my-cognito-x', 'UserPoolId': '${user_pool.a.Id}'}",
     "reserved-name"},
    {"user_pool_domain", "{'Domain': 'tools-${user_pool.a.Id}', 'UserPoolId': 'us-east-1_a'}", ""},
    {"user_pool_client",
     "{'UserPoolId': 'us-east-1_a', 'ClientName': 'c', 'GenerateSecret': true,"
     " 'AllowedOAuthFlows': ['client_credentials']}",
     ""},
    {"user_pool_client",
     "{'UserPoolId': 'us-east-1_a', 'ClientName': 'c',"
     " 'AllowedOAuthFlows': ['client_credentials', 'code']}",
     "not-allowed missing-member"},
    {"role", "{'RoleName': 'r', 'AssumeRolePolicyDocument': " TRUST "}", ""},
    {"role", "{'RoleName': 'r', 'AssumeRolePolicyDocument': '${file.trust.json}'}", ""},
    {"role_policy", "{'RoleName': 'r', 'PolicyName': 'p', 'PolicyDocument': " POLICY "}", ""},
    {"role_policy",
     "{'RoleName': '${role.a.RoleName}', 'PolicyName': 'p', 'PolicyDocument': {'Version':"
     " '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 's3:GetObject', 'Resource':"
     " ['${runtime.a.agentRuntimeArn}', '${runtime.a.agentRuntimeArn}/*']}]}}",
     ""},
    {"log_group", "{'logGroupName': '/a', 'retentionInDays': 7}", ""},
    {"log_group", "{'logGroupName': '/a', 'retentionInDays': 'seven'}", "wrong-type"},
    {"log_group", "{'logGroupName': '/a', 'retentionDays': 7}", "unknown-member"},
    {"api_key_provider", "{'name': 'k', 'apiKey': 'abc'}", "secret-literal"},
    {"api_key_provider", "{'name': 'k', 'apiKeySecretConfig': {'secretId': 's', 'jsonKey': 'k'}}",
     ""},
    {"oauth_provider",
     "{'name': 'o', 'credentialProviderVendor': 'GoogleOauth2', 'oauth2ProviderConfigInput': "
     "{'googleOauth2ProviderConfig': {'clientId': 'c', 'clientSecret': 'x'}}}",
     "secret-literal"},
};

START_TEST(validates_properties)
{
    const json_t *properties = doc(arena, rows[_i].properties);
    bool valid = gt_type_validate(type_of(rows[_i].type), properties, NULL, &diags);
    const char *found = codes(arena, &diags);
    ck_assert_msg(strcmp(found, rows[_i].codes) == 0, "%s %s: %s, wanted %s (%s)", rows[_i].type,
                  rows[_i].properties, found, rows[_i].codes,
                  diags.list.len > 0 ? diags.list.at[0]->message : "");
    ck_assert(valid == (rows[_i].codes[0] == '\0'));
}
END_TEST

START_TEST(refuses_policies_that_IAM_would_refuse)
{
    const json_t *role = doc(arena, "{'RoleName': 'r', 'AssumeRolePolicyDocument': " POLICY "}");
    ck_assert(!gt_type_validate(type_of("role"), role, NULL, &diags));
    size_t errors = diags.errors;
    const json_t *policy =
        doc(arena, "{'RoleName': 'r', 'PolicyName': 'p', 'PolicyDocument': " TRUST "}");
    ck_assert(!gt_type_validate(type_of("role_policy"), policy, NULL, &diags));
    ck_assert_uint_gt(diags.errors, errors);
}
END_TEST

START_TEST(says_where_a_check_of_the_type_failed)
{
    struct gt_marks *marks = gt_marks_new(arena);
    gt_marks_set(marks, "/name", (struct gt_mark){.pos = {"gantry.yaml", 7, 9}});
    struct gt_validation how = {.marks = marks, .subject = "runtime_endpoint.a"};
    const json_t *endpoint = doc(arena, "{'agentRuntimeId': 'a-1234567890', 'name': 'DEFAULT'}");
    ck_assert(!gt_type_validate(type_of("runtime_endpoint"), endpoint, &how, &diags));
    const struct gt_diag *diag = diags.list.at[0];
    ck_assert_str_eq(diag->message, "name: the DEFAULT endpoint belongs to the service");
    ck_assert_uint_eq(diag->pos.line, 7);
    ck_assert_str_eq(diag->subject, "runtime_endpoint.a");
}
END_TEST

START_TEST(types_scalars_by_their_shapes)
{
    const json_t *group = doc(arena, "{'logGroupName': '/a', 'retentionInDays': '7'}");
    same(arena, gt_type_coerce(type_of("log_group"), group, NULL),
         "{'logGroupName': '/a', 'retentionInDays': 7}");
}
END_TEST

Suite *validate_suite(void)
{
    Suite *suite = suite_create("validate");
    TCase *tests = tcase_create("validate");
    tcase_add_checked_fixture(tests, arena_setup, arena_teardown);
    tcase_add_loop_test(tests, validates_properties, 0, (int)GT_COUNT(rows));
    tcase_add_test(tests, refuses_policies_that_IAM_would_refuse);
    tcase_add_test(tests, says_where_a_check_of_the_type_failed);
    tcase_add_test(tests, types_scalars_by_their_shapes);
    suite_add_tcase(suite, tests);
    return suite;
}
