#include "suites.h"

#include <gantry/model/operations.h>

GT_TEST_ARENA

static const struct gt_step *step_of(const struct gt_type *type,
                                     const struct gt_operation *operation)
{
    const struct gt_step *step = type->steps;
    while (step->use.operation != operation)
        step++;
    return step;
}

static const struct {
    const char *name, *type;
    const struct gt_operation *operation;
    const char *identity, *properties, *live, *dropped, *input;
} rows[] = {
    {"keeps what others set and drops what is no longer wanted", "gateway",
     &gt_op_bedrock_agentcore_control_UpdateGateway, "{'gatewayId': 'i'}",
     "{'name': 'g', 'roleArn': 'new', 'authorizerType': 'NONE'}",
     "{'gatewayId': 'i', 'gatewayArn': 'a', 'gatewayUrl': 'u', 'status': 'READY', 'name': 'g',"
     " 'roleArn': 'old', 'authorizerType': 'NONE', 'description': 'd', 'kmsKeyArn': 'k',"
     " 'authorizerConfiguration': {}, 'exceptionLevel': '', 'webAclArn': 'w',"
     " 'wafConfiguration': {'failureMode': 'FAIL_OPEN'}}",
     "['/description']",
     "{'gatewayIdentifier': 'i', 'name': 'g', 'roleArn': 'new', 'authorizerType': 'NONE',"
     " 'kmsKeyArn': 'k', 'wafConfiguration': {'failureMode': 'FAIL_OPEN'}}"},
    {"merges objects and replaces lists", "gateway", &gt_op_bedrock_agentcore_control_UpdateGateway,
     "{'gatewayId': 'i'}",
     "{'name': 'g', 'authorizerConfiguration': {'customJWTAuthorizer': {'discoveryUrl': 'd',"
     " 'allowedClients': ['a']}}}",
     "{'name': 'g', 'authorizerConfiguration': {'customJWTAuthorizer': {'discoveryUrl': 'd',"
     " 'allowedClients': ['a', 'b'], 'allowedScopes': ['s'], 'allowedAudience': ['x']}}}",
     "['/authorizerConfiguration/customJWTAuthorizer/allowedScopes']",
     "{'gatewayIdentifier': 'i', 'name': 'g', 'authorizerConfiguration': {'customJWTAuthorizer':"
     " {'discoveryUrl': 'd', 'allowedClients': ['a'], 'allowedAudience': ['x']}}}"},
    {"sends nothing for a list that is wanted empty", "gateway",
     &gt_op_bedrock_agentcore_control_UpdateGateway, "{'gatewayId': 'i'}",
     "{'name': 'g', 'authorizerConfiguration': {'customJWTAuthorizer': {'allowedClients': []}}}",
     "{'name': 'g', 'authorizerConfiguration': {'customJWTAuthorizer': {'discoveryUrl': 'd',"
     " 'allowedClients': ['a']}}}",
     "[]",
     "{'gatewayIdentifier': 'i', 'name': 'g', 'authorizerConfiguration': {'customJWTAuthorizer':"
     " {'discoveryUrl': 'd'}}}"},
    {"takes only the wanted member of a union", "target",
     &gt_op_bedrock_agentcore_control_UpdateGatewayTarget,
     "{'gatewayIdentifier': 'g', 'targetId': 't'}",
     "{'gatewayIdentifier': 'g', 'name': 't', 'targetConfiguration': {'mcp': {'openApiSchema':"
     " {'inlinePayload': 'x'}}}}",
     "{'name': 't', 'gatewayArn': 'a', 'targetConfiguration': {'mcp': {'openApiSchema':"
     " {'s3': {'uri': 's3://a/b'}}}}}",
     "[]",
     "{'gatewayIdentifier': 'g', 'targetId': 't', 'name': 't', 'targetConfiguration':"
     " {'mcp': {'openApiSchema': {'inlinePayload': 'x'}}}}"},
    {"keeps the header that the service added", "target",
     &gt_op_bedrock_agentcore_control_UpdateGatewayTarget,
     "{'gatewayIdentifier': 'g', 'targetId': 't'}",
     "{'name': 't', 'metadataConfiguration': {'allowedRequestHeaders': ['x-new']}}",
     "{'name': 't', 'metadataConfiguration': {'allowedRequestHeaders':"
     " ['x-old', 'x-amzn-bedrock-agentcore-policy-session-id']}}",
     "[]",
     "{'gatewayIdentifier': 'g', 'targetId': 't', 'name': 't', 'metadataConfiguration':"
     " {'allowedRequestHeaders': ['x-new', 'x-amzn-bedrock-agentcore-policy-session-id']}}"},
    {"leaves out what the service refuses, and drops single variables", "runtime",
     &gt_op_bedrock_agentcore_control_UpdateAgentRuntime, "{'agentRuntimeId': 'i'}",
     "{'agentRuntimeName': 'r', 'environmentVariables': {'A': '2'}}",
     "{'agentRuntimeName': 'r', 'agentRuntimeVersion': '3', 'roleArn': 'x', 'status': 'READY',"
     " 'environmentVariables': {'A': '1', 'B': '1', 'C': '1'}, 'networkConfiguration':"
     " {'networkMode': 'VPC', 'networkModeConfig': {'subnets': ['s'], 'securityGroups': ['g'],"
     " 'requireServiceS3Endpoint': true}}, 'lifecycleConfiguration': {'maxLifetime': 60}}",
     "['/environmentVariables/B']",
     "{'agentRuntimeId': 'i', 'roleArn': 'x', 'environmentVariables': {'A': '2', 'C': '1'},"
     " 'networkConfiguration': {'networkMode': 'VPC', 'networkModeConfig': {'subnets': ['s'],"
     " 'securityGroups': ['g']}}, 'lifecycleConfiguration': {'maxLifetime': 60}}"},
    {"sends the version of the endpoint", "runtime_endpoint",
     &gt_op_bedrock_agentcore_control_UpdateAgentRuntimeEndpoint,
     "{'agentRuntimeId': 'i', 'endpointName': 'e'}",
     "{'agentRuntimeId': 'i', 'name': 'e', 'agentRuntimeVersion': '4'}",
     "{'name': 'e', 'agentRuntimeVersion': '3', 'description': 'd', 'liveVersion': '3'}", "[]",
     "{'agentRuntimeId': 'i', 'endpointName': 'e', 'agentRuntimeVersion': '4',"
     " 'description': 'd'}"},
    {"resets nothing of a pool and sends no old names", "user_pool",
     &gt_op_cognito_idp_UpdateUserPool, "{'Id': 'p'}",
     "{'PoolName': 'n', 'Policies': {'PasswordPolicy': {'MinimumLength': 12}},"
     " 'UserPoolTags': {'own': '2'}, 'Schema': [{'Name': 'x'}]}",
     "{'Id': 'p', 'Arn': 'a', 'PoolName': 'n', 'Status': 'Enabled', 'EstimatedNumberOfUsers': 0,"
     " 'Policies': {'PasswordPolicy': {'MinimumLength': 8, 'TemporaryPasswordValidityDays': 7}},"
     " 'AdminCreateUserConfig': {'AllowAdminCreateUserOnly': true,"
     " 'UnusedAccountValidityDays': 7}, 'EmailVerificationMessage': 'm {####}',"
     " 'VerificationMessageTemplate': {'EmailMessage': 'm {####}'}, 'Schema': [{'Name': 'sub'}],"
     " 'UserPoolTags': {'own': '1', 'theirs': 'x', 'aws:cloudformation:stack-name': 'y'},"
     " 'DeletionProtection': 'ACTIVE', 'Domain': 'd', 'UsernameAttributes': ['email']}",
     "[]",
     "{'UserPoolId': 'p', 'PoolName': 'n', 'Policies': {'PasswordPolicy': {'MinimumLength': 12,"
     " 'TemporaryPasswordValidityDays': 7}}, 'AdminCreateUserConfig':"
     " {'AllowAdminCreateUserOnly': true}, 'VerificationMessageTemplate':"
     " {'EmailMessage': 'm {####}'}, 'UserPoolTags': {'own': '2', 'theirs': 'x'},"
     " 'DeletionProtection': 'ACTIVE'}"},
    {"keeps a message that only the old name has", "user_pool", &gt_op_cognito_idp_UpdateUserPool,
     "{'Id': 'p'}", "{'PoolName': 'n'}", "{'PoolName': 'n', 'EmailVerificationMessage': 'm'}", "[]",
     "{'UserPoolId': 'p', 'PoolName': 'n',"
     " 'VerificationMessageTemplate': {'EmailMessage': 'm'}}"},
    {"adds only attributes that the pool lacks", "user_pool",
     &gt_op_cognito_idp_AddCustomAttributes, "{'Id': 'p'}",
     "{'Schema': [{'Name': 'a', 'Mutable': true}, {'Name': 'b'}]}",
     "{'Schema': [{'Name': 'sub'}, {'Name': 'a'}]}", "[]",
     "{'UserPoolId': 'p', 'CustomAttributes': [{'Name': 'b'}]}"},
    {"resets nothing of a client", "user_pool_client", &gt_op_cognito_idp_UpdateUserPoolClient,
     "{'UserPoolId': 'p', 'ClientId': 'c'}",
     "{'UserPoolId': 'p', 'ClientName': 'n', 'GenerateSecret': true,"
     " 'AllowedOAuthScopes': ['a/b']}",
     "{'UserPoolId': 'p', 'ClientId': 'c', 'ClientName': 'old', 'ClientSecret': 's',"
     " 'CreationDate': 1, 'AllowedOAuthScopes': ['a/c'], 'AccessTokenValidity': 2,"
     " 'TokenValidityUnits': {'AccessToken': 'hours'}, 'AnalyticsConfiguration': {}}",
     "[]",
     "{'UserPoolId': 'p', 'ClientId': 'c', 'ClientName': 'n', 'AllowedOAuthScopes': ['a/b'],"
     " 'AccessTokenValidity': 2, 'TokenValidityUnits': {'AccessToken': 'hours'}}"},
    {"takes a role's description away", "role", &gt_op_iam_UpdateRole, "{'RoleName': 'r'}",
     "{'RoleName': 'r'}", "{'RoleName': 'r', 'Description': 'd', 'MaxSessionDuration': 7200}",
     "['/Description']", "{'RoleName': 'r', 'MaxSessionDuration': 7200, 'Description': ''}"},
    {"sends the trust policy as text", "role", &gt_op_iam_UpdateAssumeRolePolicy,
     "{'RoleName': 'r'}", "{'RoleName': 'r', 'AssumeRolePolicyDocument': {'Statement': []}}",
     "{'RoleName': 'r', 'Description': 'd'}", "[]",
     "{'RoleName': 'r', 'PolicyDocument': '{\\'Statement\\':[]}'}"},
    {"puts a boundary", "role", &gt_op_iam_PutRolePermissionsBoundary, "{'RoleName': 'r'}",
     "{'RoleName': 'r', 'PermissionsBoundary': 'b', 'Description': 'd'}", "{}", "[]",
     "{'RoleName': 'r', 'PermissionsBoundary': 'b'}"},
    {"updates a provider with the reference to its secret", "oauth_provider",
     &gt_op_bedrock_agentcore_control_UpdateOauth2CredentialProvider, "{'name': 'o'}",
     "{'name': 'o', 'oauth2ProviderConfigInput': {'googleOauth2ProviderConfig':"
     " {'clientId': 'new'}}}",
     "{'name': 'o', 'credentialProviderVendor': 'GoogleOauth2', 'oauth2ProviderConfigInput':"
     " {'googleOauth2ProviderConfig': {'clientId': 'old', 'oauthDiscovery': {'discoveryUrl': 'd'},"
     " 'clientSecretSource': 'EXTERNAL', 'clientSecretConfig': {'secretId': 's',"
     " 'jsonKey': 'k'}}}}",
     "[]",
     "{'name': 'o', 'credentialProviderVendor': 'GoogleOauth2', 'oauth2ProviderConfigInput':"
     " {'googleOauth2ProviderConfig': {'clientId': 'new', 'clientSecretSource': 'EXTERNAL',"
     " 'clientSecretConfig': {'secretId': 's', 'jsonKey': 'k'}}}}"},
    {"sets a retention", "log_group", &gt_op_logs_PutRetentionPolicy, "{'logGroupName': 'l'}",
     "{'logGroupName': 'l', 'retentionInDays': 7}", "{}", "[]",
     "{'logGroupName': 'l', 'retentionInDays': 7}"},
    {"takes a retention away", "log_group", &gt_op_logs_DeleteRetentionPolicy,
     "{'logGroupName': 'l'}", "{'logGroupName': 'l'}", "{}", "['/retentionInDays']",
     "{'logGroupName': 'l'}"},
};

START_TEST(builds_the_input_of_a_step)
{
    const struct gt_type *type = type_of(rows[_i].type);
    struct gt_input_sources from = {.identity = doc(arena, rows[_i].identity),
                                    .properties = doc(arena, rows[_i].properties),
                                    .live = doc(arena, rows[_i].live)};
    json_t *live = gt_keep(arena, json_deep_copy(from.live));
    json_t *input = gt_type_step_input(type, step_of(type, rows[_i].operation), &from,
                                       doc(arena, rows[_i].dropped));
    ck_assert_msg(input != NULL, "%s", rows[_i].name);
    same(arena, input, rows[_i].input);
    ck_assert_msg(json_equal(live, from.live), "%s: live was changed", rows[_i].name);
}
END_TEST

static const struct {
    const char *type;
    const struct gt_operation *operation;
    const char *changed, *dropped;
    bool wanted;
} wants[] = {
    {"role", &gt_op_iam_UpdateRole, "['/Description']", "[]", true},
    {"role", &gt_op_iam_UpdateRole, "[]", "['/Description']", true},
    {"role", &gt_op_iam_UpdateRole, "['/AssumeRolePolicyDocument']", "[]", false},
    {"role", &gt_op_iam_UpdateAssumeRolePolicy, "['/AssumeRolePolicyDocument']", "[]", true},
    {"role", &gt_op_iam_PutRolePermissionsBoundary, "['/PermissionsBoundary']", "[]", true},
    {"role", &gt_op_iam_PutRolePermissionsBoundary, "[]", "['/PermissionsBoundary']", false},
    {"role", &gt_op_iam_DeleteRolePermissionsBoundary, "[]", "['/PermissionsBoundary']", true},
    {"role", &gt_op_iam_DeleteRolePermissionsBoundary, "['/PermissionsBoundary']", "[]", false},
    {"role", &gt_op_iam_UpdateRole, "['/Tags/a']", "['/Tags/b']", false},
    {"user_pool", &gt_op_cognito_idp_UpdateUserPool, "['/UserPoolTags/a']", "[]", false},
    {"user_pool", &gt_op_cognito_idp_UpdateUserPool, "['/Schema']", "[]", false},
    {"user_pool", &gt_op_cognito_idp_AddCustomAttributes, "['/Schema']", "[]", true},
    {"user_pool", &gt_op_cognito_idp_UpdateUserPool, "['/Policies/PasswordPolicy/MinimumLength']",
     "[]", true},
    {"runtime", &gt_op_bedrock_agentcore_control_UpdateAgentRuntime, "[]",
     "['/environmentVariables/A~1B']", true},
    {"log_group", &gt_op_logs_PutRetentionPolicy, "['/retentionInDays']", "[]", true},
    {"log_group", &gt_op_logs_PutRetentionPolicy, "[]", "['/retentionInDays']", false},
};

START_TEST(knows_which_steps_changes_need)
{
    const struct gt_type *type = type_of(wants[_i].type);
    bool wanted = gt_type_step_wanted(type, step_of(type, wants[_i].operation),
                                      doc(arena, wants[_i].changed), doc(arena, wants[_i].dropped));
    ck_assert_msg(wanted == wants[_i].wanted, "%s %s %s %s", wants[_i].type,
                  wants[_i].operation->name, wants[_i].changed, wants[_i].dropped);
}
END_TEST

START_TEST(runs_a_step_after_create_for_what_create_does_not_take)
{
    const struct gt_type *gateway = type_of("gateway"), *logs = type_of("log_group");
    ck_assert(!gt_type_step_after_create(gateway, gateway->steps,
                                         doc(arena, "{'name': 'g', 'description': 'd'}")));
    ck_assert(gt_type_step_after_create(
        gateway, gateway->steps,
        doc(arena, "{'name': 'g', 'wafConfiguration': {'failureMode': 'FAIL_OPEN'}}")));
    const json_t *group = doc(arena, "{'logGroupName': 'l', 'retentionInDays': 7,"
                                     " 'deletionProtectionEnabled': true}");
    size_t count = 0;
    for (const struct gt_step *step = logs->steps; step->use.operation != NULL; step++)
        if (gt_type_step_after_create(logs, step, group)) {
            ck_assert_ptr_eq(step->use.operation, &gt_op_logs_PutRetentionPolicy);
            count++;
        }
    ck_assert_uint_eq(count, 1);
}
END_TEST

Suite *step_suite(void)
{
    Suite *suite = suite_create("step");
    TCase *tests = tcase_create("step");
    tcase_add_checked_fixture(tests, arena_setup, arena_teardown);
    tcase_add_loop_test(tests, builds_the_input_of_a_step, 0, (int)GT_COUNT(rows));
    tcase_add_loop_test(tests, knows_which_steps_changes_need, 0, (int)GT_COUNT(wants));
    tcase_add_test(tests, runs_a_step_after_create_for_what_create_does_not_take);
    suite_add_tcase(suite, tests);
    return suite;
}
