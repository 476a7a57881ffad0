/* The manifest of the documentation, and the templates and examples that ship with Gantry. */
#include "support.h"

static struct gt_arena *arena;
static struct stack_test test;

static void setup(void)
{
    arena = gt_arena_new();
    test = stack_test(arena);
    test.options = (struct gt_stack_options){.environment = "dev", .account = "123456789012"};
}

static void teardown(void)
{
    gt_arena_free(arena);
}

static void build_quick_suite(void)
{
    ck_assert_msg(build_file(&test, "tests/unit/stack/manifests/quick-suite.yaml"), "%s",
                  diags_text(&test));
}

START_TEST(lowers_the_documented_manifest_to_the_documented_resources)
{
    static const char *const addresses[] = {
        "user_pool.mcp",
        "user_pool_domain.mcp",
        "resource_server.mcp",
        "user_pool_client.mcp.quick-suite",
        "role.gateway.tools",
        "role_policy.gateway.tools",
        "role_policy.gateway.tools.targets",
        "role.runtime.lark",
        "role_policy.runtime.lark",
        "runtime.lark",
        "log_group.runtime.lark",
        "gateway.tools",
        "target.lark",
    };
    build_quick_suite();
    for (size_t i = 0; i < GT_COUNT(addresses); i++)
        resource_of(&test, addresses[i]);
    ck_assert_uint_eq(test.stack.resources.len, GT_COUNT(addresses));
    ck_assert_msg(test.diags.list.len == 0, "%s", diags_text(&test));
}
END_TEST

START_TEST(writes_the_gateway_as_the_services_want_it)
{
    build_quick_suite();
    assert_property(&test, "gateway.tools", "",
                    "{'name': 'lark-tools-dev-tools', 'description': 'Lark tools for Quick Suite',"
                    " 'protocolType': 'MCP', 'roleArn': '${role.gateway.tools.Arn}',"
                    " 'authorizerType': 'CUSTOM_JWT', 'authorizerConfiguration': "
                    "{'customJWTAuthorizer': {'discoveryUrl': 'https://cognito-idp.us-east-1."
                    "amazonaws.com/${user_pool.mcp.Id}/.well-known/openid-configuration',"
                    " 'allowedClients': ['${user_pool_client.mcp.quick-suite.ClientId}'],"
                    " 'allowedScopes': ['MyGateway/invoke']}}}");
    assert_property(&test, "role.gateway.tools", "/AssumeRolePolicyDocument/Statement",
                    "[{'Sid': 'AssumeFromThisStack', 'Effect': 'Allow', 'Principal': {'Service': "
                    "'bedrock-agentcore.amazonaws.com'}, 'Action': 'sts:AssumeRole', 'Condition': "
                    "{'StringEquals': {'aws:SourceAccount': '123456789012'}, 'ArnLike': "
                    "{'aws:SourceArn': 'arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/"
                    "lark-tools-dev-tools-*'}}}]");
    assert_property(&test, "role_policy.gateway.tools", "/PolicyDocument/Statement",
                    "[{'Sid': 'ReadOwnGateway', 'Effect': 'Allow', 'Action': "
                    "'bedrock-agentcore:GetGateway', 'Resource': 'arn:aws:bedrock-agentcore:"
                    "us-east-1:123456789012:gateway/lark-tools-dev-tools-*'}]");
    assert_property(&test, "role_policy.gateway.tools.targets", "/PolicyDocument/Statement",
                    "[{'Sid': 'InvokeRuntimes', 'Effect': 'Allow', 'Action': "
                    "'bedrock-agentcore:InvokeAgentRuntime', 'Resource': "
                    "['${runtime.lark.agentRuntimeArn}', '${runtime.lark.agentRuntimeArn}/*']}]");
}
END_TEST

START_TEST(writes_the_runtime_and_its_target_as_the_services_want_them)
{
    build_quick_suite();
    assert_property(
        &test, "runtime.lark", "",
        "{'agentRuntimeName': 'lark_tools_dev_lark', 'agentRuntimeArtifact': "
        "{'containerConfiguration': {'containerUri': "
        "'123456789012.dkr.ecr.us-east-1.amazonaws.com/lark-mcp:latest'}}, 'networkConfiguration': "
        "{'networkMode': 'PUBLIC'}, 'protocolConfiguration': {'serverProtocol': 'MCP'}, "
        "'environmentVariables': {'MCP_TRANSPORT': 'http', 'PORT': '8000', 'LARK_KEY': "
        "'arn:aws:secretsmanager:us-east-1:123456789012:secret:lark-AbCdEf'}, 'roleArn': "
        "'${role.runtime.lark.Arn}'}");
    assert_property(&test, "target.lark", "",
                    "{'gatewayIdentifier': '${gateway.tools.gatewayId}', 'name': 'lark', "
                    "'targetConfiguration': {'mcp': {'mcpServer': {'endpoint': "
                    "'https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/"
                    "${runtime.lark.agentRuntimeArn|percent-encode}/invocations'}}}, "
                    "'credentialProviderConfigurations': [{'credentialProviderType': "
                    "'GATEWAY_IAM_ROLE', 'credentialProvider': {'iamCredentialProvider': "
                    "{'service': 'bedrock-agentcore', 'region': 'us-east-1'}}}]}");
    assert_property(&test, "log_group.runtime.lark", "/logGroupName",
                    "'/aws/bedrock-agentcore/runtimes/${runtime.lark.agentRuntimeId}-DEFAULT'");
    const struct gt_resource *runtime = resource_of(&test, "runtime.lark");
    ck_assert_str_eq(runtime->image_pin,
                     "/agentRuntimeArtifact/containerConfiguration/containerUri");
    ck_assert(json_is_array(json_object_get(runtime->local, "command")));
}
END_TEST

START_TEST(writes_the_pool_with_its_domain_and_client)
{
    build_quick_suite();
    assert_property(&test, "user_pool_domain.mcp", "",
                    "{'Domain': 'lark-tools-dev-${user_pool.mcp.Id|domain-suffix}', 'UserPoolId': "
                    "'${user_pool.mcp.Id}'}");
    assert_property(&test, "resource_server.mcp", "",
                    "{'UserPoolId': '${user_pool.mcp.Id}', 'Identifier': 'MyGateway', 'Name': "
                    "'MyGateway', 'Scopes': [{'ScopeName': 'invoke', 'ScopeDescription': 'Invoke "
                    "gateway tools'}]}");
    assert_property(&test, "user_pool_client.mcp.quick-suite", "",
                    "{'UserPoolId': '${user_pool.mcp.Id}', 'ClientName': "
                    "'lark-tools-dev-quick-suite', 'GenerateSecret': true, 'AllowedOAuthFlows': "
                    "['client_credentials'], 'AllowedOAuthFlowsUserPoolClient': true, "
                    "'AllowedOAuthScopes': ['MyGateway/invoke'], 'SupportedIdentityProviders': "
                    "['COGNITO']}");
    assert_property(&test, "user_pool.mcp", "/AdminCreateUserConfig",
                    "{'AllowAdminCreateUserOnly': true}");
    ck_assert_uint_eq(test.stack.clients.len, 1);
    const struct gt_client_info *client = &test.stack.clients.at[0];
    ck_assert_str_eq(client->name, "mcp.quick-suite");
    ck_assert_str_eq(client->scope, "MyGateway/invoke");
    ck_assert_str_eq(client->domain, "user_pool_domain.mcp");
    ck_assert_uint_eq(client->gateways.len, 1);
    ck_assert_str_eq(client->gateways.at[0], "tools");
}
END_TEST

START_TEST(orders_what_can_run_in_parallel_apart)
{
    build_quick_suite();
    ck_assert(depends_on(&test, "gateway.tools", "role_policy.gateway.tools"));
    ck_assert(!depends_on(&test, "gateway.tools", "role_policy.gateway.tools.targets"));
    ck_assert(!depends_on(&test, "gateway.tools", "runtime.lark"));
    ck_assert(!depends_on(&test, "gateway.tools", "user_pool_domain.mcp"));
    ck_assert(depends_on(&test, "target.lark", "role_policy.gateway.tools.targets"));
    ck_assert(depends_on(&test, "target.lark", "runtime.lark"));
    ck_assert(depends_on(&test, "runtime.lark", "role_policy.runtime.lark"));
    ck_assert(depends_on(&test, "user_pool_client.mcp.quick-suite", "resource_server.mcp"));
    for (size_t i = 0; i < test.stack.resources.len; i++) {
        for (size_t d = 0; d < test.stack.resources.at[i].depends.len; d++)
            ck_assert_uint_lt(test.stack.resources.at[i].depends.at[d], i);
    }
}
END_TEST

START_TEST(merges_the_environment_that_is_asked_for)
{
    test.options = (struct gt_stack_options){.environment = "prod"};
    build_quick_suite();
    ck_assert_str_eq(test.stack.provider.region, "us-west-2");
    ck_assert_str_eq(test.stack.provider.account, "210987654321");
    ck_assert_str_eq(gt_text_at(test.stack.provider.assume_role, "/roleArn"),
                     "arn:aws:iam::210987654321:role/deploy");
    assert_property(&test, "role.gateway.tools", "/RoleName",
                    "'lark-tools-prod-gateway-tools-us-west-2'");
    ck_assert_ptr_nonnull(diag_of(&test, "foreign-repository"));
}
END_TEST

START_TEST(gives_everything_its_tags)
{
    build_quick_suite();
    const json_t *tags = resource_of(&test, "runtime.lark")->tags;
    ck_assert_str_eq(gt_text_at(tags, "/team"), "platform");
    ck_assert_str_eq(gt_text_at(tags, "/gantry:stack"), "lark-tools");
    ck_assert_str_eq(gt_text_at(tags, "/gantry:environment"), "dev");
    ck_assert_str_eq(gt_text_at(tags, "/gantry:address"), "runtime.lark");
    ck_assert_ptr_null(resource_of(&test, "target.lark")->tags);
}
END_TEST

START_TEST(builds_every_template_and_example)
{
    static const char *const files[] = {
        "templates/quick-suite.yaml",       "templates/minimal.yaml",
        "templates/existing-identity.yaml", "templates/lambda.yaml",
        "examples/quick-suite/gantry.yaml",
    };
    const char *file = files[_i];
    test = stack_test(arena);
    if (strstr(file, "examples") != NULL)
        test.options.environment = "dev";
    ck_assert_msg(build_file(&test, file), "%s: %s", file, diags_text(&test));
    ck_assert_msg(test.diags.list.len == 0, "%s: %s", file, diags_text(&test));
}
END_TEST

Suite *quick_suite_suite(void)
{
    Suite *suite = suite_create("quick_suite");
    TCase *tcase = tcase_create("quick_suite");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, lowers_the_documented_manifest_to_the_documented_resources);
    tcase_add_test(tcase, writes_the_gateway_as_the_services_want_it);
    tcase_add_test(tcase, writes_the_runtime_and_its_target_as_the_services_want_them);
    tcase_add_test(tcase, writes_the_pool_with_its_domain_and_client);
    tcase_add_test(tcase, orders_what_can_run_in_parallel_apart);
    tcase_add_test(tcase, merges_the_environment_that_is_asked_for);
    tcase_add_test(tcase, gives_everything_its_tags);
    tcase_add_loop_test(tcase, builds_every_template_and_example, 0, 5);
    suite_add_tcase(suite, tcase);
    return suite;
}
