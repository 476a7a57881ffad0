/* Targets: kinds and credentials. */
#include "support.h"

static struct gt_arena *arena;
static struct stack_test test;

static void setup(void)
{
    arena = gt_arena_new();
    test = stack_test(arena);
}

static void teardown(void)
{
    gt_arena_free(arena);
}

#define HEAD "gantry: 1\nstack: s\ngateways:\n  g: {authorizer: AWS_IAM}\n"
#define MCP "/targetConfiguration/mcp"

START_TEST(need_no_second_policy_without_credentials)
{
    ASSERT_BUILT(&test, HEAD "targets:\n  t: {gateway: g, endpoint: 'https://a.example/mcp', "
                             "listing: DYNAMIC, requestHeaders: [X-A]}\n");
    assert_property(&test, "target.t", "",
                    "{'gatewayIdentifier': '${gateway.g.gatewayId}', 'name': 't', "
                    "'targetConfiguration': {'mcp': {'mcpServer': "
                    "{'endpoint': 'https://a.example/mcp', 'listingMode': 'DYNAMIC'}}}, "
                    "'metadataConfiguration': {'allowedRequestHeaders': ['X-A']}}");
    ck_assert_ptr_null(gt_stack_find(&test.stack, "role_policy.gateway.g.targets"));
}
END_TEST

START_TEST(call_lambda_functions_with_the_gateway_role)
{
    ASSERT_BUILT(&test,
                 HEAD "targets:\n  t:\n    gateway: g\n    lambda: "
                      "arn:aws:lambda:us-east-1:123456789012:function:f\n"
                      "    tools: [{name: add, description: Adds, inputSchema: {type: object}}]\n");
    assert_property(&test, "target.t", "/credentialProviderConfigurations",
                    "[{'credentialProviderType': 'GATEWAY_IAM_ROLE'}]");
    assert_property(
        &test, "role_policy.gateway.g.targets", "/PolicyDocument/Statement",
        "[{'Sid': 'InvokeFunctions', 'Effect': 'Allow', 'Action': 'lambda:InvokeFunction', "
        "'Resource': 'arn:aws:lambda:us-east-1:123456789012:function:f'}]");
    ck_assert(depends_on(&test, "target.t", "role_policy.gateway.g.targets"));
}
END_TEST

START_TEST(read_schemas_from_s3)
{
    ASSERT_BUILT(&test, HEAD "providers:\n  api: {apiKey: {secret: my-secret}}\n"
                             "targets:\n  t: {gateway: g, openapi: 's3://b/api.json', apiKey: "
                             "{provider: api, location: HEADER, parameter: X-Key}}\n");
    assert_property(&test, "target.t", MCP,
                    "{'openApiSchema': {'s3': {'uri': 's3://b/api.json'}}}");
    assert_property(&test, "target.t", "/credentialProviderConfigurations",
                    "[{'credentialProviderType': 'API_KEY', 'credentialProvider': "
                    "{'apiKeyCredentialProvider': {'providerArn': "
                    "'${api_key_provider.api.credentialProviderArn}', 'credentialLocation': "
                    "'HEADER', 'credentialParameterName': 'X-Key'}}}]");
    assert_property(&test, "api_key_provider.api", "",
                    "{'name': 's-api', 'apiKeySecretConfig': {'secretId': 'my-secret', 'jsonKey': "
                    "'apiKey'}, 'apiKeySecretSource': 'EXTERNAL'}");
    const char *text = gt_json_canonical(
        arena, property_of(&test, "role_policy.gateway.g.targets", "/PolicyDocument"));
    static const char *const parts[] = {
        "arn:aws:s3:::b/api.json", "bedrock-agentcore:GetResourceApiKey", "token-vault/default",
        "workload-identity/s-g-*", "secret:my-secret-??????"};
    for (size_t i = 0; i < GT_COUNT(parts); i++)
        ck_assert_msg(strstr(text, parts[i]) != NULL, "%s lacks %s", text, parts[i]);
}
END_TEST

START_TEST(call_servers_with_tokens_of_a_provider)
{
    ASSERT_BUILT(
        &test,
        HEAD "providers:\n  idp:\n    oauth: {clientId: me, discoveryUrl: "
             "'https://i.example/.well-known/openid-configuration', secret: "
             "'arn:aws:secretsmanager:us-east-1:123456789012:secret:x-AbCdEf', secretKey: key}\n"
             "targets:\n  t: {gateway: g, endpoint: 'https://a.example/mcp', oauth: {provider: "
             "idp, scopes: [a]}}\n"
             "  u: {gateway: g, endpoint: 'https://b.example/mcp', oauth: "
             "'arn:aws:bedrock-agentcore:us-east-1:123456789012:token-vault/default/"
             "oauth2credentialprovider/theirs'}\n");
    assert_property(&test, "oauth_provider.idp", "/oauth2ProviderConfigInput",
                    "{'customOauth2ProviderConfig': {'clientId': 'me', 'oauthDiscovery': "
                    "{'discoveryUrl': 'https://i.example/.well-known/openid-configuration'}, "
                    "'clientSecretConfig': {'secretId': "
                    "'arn:aws:secretsmanager:us-east-1:123456789012:secret:x-AbCdEf', 'jsonKey': "
                    "'key'}, 'clientSecretSource': 'EXTERNAL'}}");
    assert_property(
        &test, "target.t",
        "/credentialProviderConfigurations/0/credentialProvider/oauthCredentialProvider",
        "{'providerArn': '${oauth_provider.idp.credentialProviderArn}', 'scopes': ['a']}");
    const char *text = gt_json_canonical(
        arena, property_of(&test, "role_policy.gateway.g.targets", "/PolicyDocument"));
    ck_assert_ptr_nonnull(strstr(text, "bedrock-agentcore-identity!default/oauth2/theirs-*"));
}
END_TEST

START_TEST(refuse_the_wrong_kind_of_provider_and_two_credentials)
{
    ck_assert(!build_text(
        &test, HEAD
        "providers:\n  api: {apiKey: {secret: my-secret}}\n"
        "targets:\n  t: {gateway: g, endpoint: 'https://a.example/mcp', oauth: api}\n"
        "  u: {gateway: g, endpoint: 'https://a.example/mcp', apiKey: api, iam: {service: x}}\n"
        "  v: {gateway: g, endpoint: 'https://a.example/mcp', apiKey: apy}\n"));
    ASSERT_DIAG(&test, "wrong-credential");
    ASSERT_DIAG(&test, "conflicting-keys");
    ASSERT_DIAG(&test, "unknown-provider");
}
END_TEST

START_TEST(sign_calls_to_other_services)
{
    ASSERT_BUILT(&test, HEAD "targets:\n  t: {gateway: g, endpoint: 'https://a.example/mcp', iam: "
                             "{service: execute-api}}\n");
    assert_property(&test, "target.t", "/credentialProviderConfigurations/0/credentialProvider",
                    "{'iamCredentialProvider': {'service': 'execute-api', 'region': 'us-east-1'}}");
}
END_TEST

START_TEST(reach_a_runtime_with_tokens_where_it_wants_them)
{
    ASSERT_BUILT(
        &test,
        HEAD "identity:\n  mcp: {clients: {a: {}}}\nproviders:\n  idp:\n    oauth: {clientId: me, "
             "discoveryUrl: 'https://i.example/.well-known/openid-configuration', secret: x}\n"
             "runtimes:\n  r: {identity: mcp, image: "
             "'123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1'}\n"
             "targets:\n  t: {gateway: g, runtime: r, oauth: idp}\n");
    assert_property(&test, "target.t", "/credentialProviderConfigurations/0/credentialProviderType",
                    "'OAUTH'");
}
END_TEST

START_TEST(reach_servers_on_this_machine_in_the_embedded_cloud_only)
{
    static const char text[] =
        HEAD "targets:\n  t: {gateway: g, endpoint: 'http://127.0.0.1:8000/mcp'}\n";
    ck_assert(!build_text(&test, text));
    test = stack_test(arena);
    test.options.local = true;
    ASSERT_BUILT(&test, text);
    test = stack_test(arena);
    test.options.local = true;
    ck_assert(!build_text(
        &test, HEAD "targets:\n  t: {gateway: g, endpoint: 'http://127.0.0.1.example/mcp'}\n"));
}
END_TEST

START_TEST(wait_for_the_permissions_they_need_and_no_others)
{
    ASSERT_BUILT(&test, HEAD "targets:\n  plain: {gateway: g, endpoint: 'https://a.example/mcp'}\n"
                             "  fn: {gateway: g, schema: 's3://b/t.json', lambda: "
                             "'arn:aws:lambda:us-east-1:123456789012:function:f'}\n");
    ck_assert(!depends_on(&test, "target.plain", "role_policy.gateway.g.targets"));
    ck_assert(depends_on(&test, "target.fn", "role_policy.gateway.g.targets"));
    const char *const *serves = resource_of(&test, "role_policy.gateway.g.targets")->serves;
    ck_assert_str_eq(serves[0], "target.fn");
    ck_assert_ptr_null(serves[1]);
}
END_TEST

START_TEST(can_be_attached_to_a_gateway_that_exists)
{
    ASSERT_BUILT(&test, "gantry: 1\nstack: s\ngateways:\n  g: {existing: {id: theirs-0123456789}}\n"
                        "targets:\n  t: {gateway: g, schema: 's3://b/t.json', lambda: "
                        "'arn:aws:lambda:us-east-1:123456789012:function:f'}\n");
    ck_assert_str_eq(resource_of(&test, "gateway.g")->existing, "theirs-0123456789");
    ASSERT_DIAG(&test, "role-needs");
    ck_assert_uint_eq(test.stack.resources.len, 2);
}
END_TEST

START_TEST(take_tools_from_a_file_and_refuse_what_is_no_list)
{
    ASSERT_BUILT(&test, HEAD "variables:\n  tools: '[{\"name\": \"a\", \"description\": \"d\", "
                             "\"inputSchema\": {\"type\": \"object\"}}]'\n"
                             "targets:\n  t: {gateway: g, tools: \"${var.tools}\", lambda: "
                             "'arn:aws:lambda:us-east-1:123456789012:function:f'}\n");
    assert_property(&test, "target.t", MCP "/lambda/toolSchema/inlinePayload/0/name", "'a'");
    test = stack_test(arena);
    ck_assert(!build_text(&test,
                          HEAD "targets:\n  t: {gateway: g, tools: \"${file.greeting.txt}\", "
                               "lambda: 'arn:aws:lambda:us-east-1:123456789012:function:f'}\n"));
    ck_assert_msg(test.diags.errors == 1, "%s", diags_text(&test));
}
END_TEST

START_TEST(need_a_service_to_sign_calls_to_an_endpoint_for)
{
    ck_assert(!build_text(&test, HEAD "targets:\n  t: {gateway: g, endpoint: "
                                      "'https://a.example/mcp', iam: true}\n"));
    ASSERT_DIAG(&test, "missing-key");
    test = stack_test(arena);
    ASSERT_BUILT(&test,
                 HEAD "runtimes:\n  r: {image: '123456789012.dkr.ecr.us-east-1.amazonaws.com/"
                      "x:1'}\ntargets:\n  t: {gateway: g, runtime: r, iam: true}\n");
    resource_of(&test, "role_policy.gateway.g.targets");
}
END_TEST

START_TEST(carry_an_openapi_document_written_in_place)
{
    ASSERT_BUILT(&test, HEAD "targets:\n  t:\n    gateway: g\n    openapi:\n      openapi: 3.0.0\n "
                             "     paths: {/a: {get: {operationId: getA}}}\n");
    assert_property(&test, "target.t", MCP "/openApiSchema/inlinePayload/paths",
                    "{'/a': {'get': {'operationId': 'getA'}}}");
    test = stack_test(arena);
    ck_assert(!build_text(
        &test,
        HEAD "targets:\n  t:\n    gateway: g\n    openapi: |\n      {\"paths\": {\"/a\": {\"get\": "
             "{\"operationId\": "
             "\"aNameOfAnOperationThatIsMuchLongerThanAnyClientWouldEverTakeItToBe\"}}}}\n"));
    ASSERT_DIAG(&test, "tool-name-too-long");
}
END_TEST

START_TEST(let_the_gateway_read_the_secret_of_a_provider_that_exists)
{
    ASSERT_BUILT(&test,
                 HEAD "resources:\n  theirs: {type: oauth_provider, existing: {name: idp}}\n"
                      "targets:\n  t: {gateway: g, endpoint: 'https://a.example/mcp', oauth: "
                      "'${oauth_provider.theirs.credentialProviderArn}'}\n");
    assert_property(&test, "role_policy.gateway.g.targets", "/PolicyDocument/Statement/2/Resource",
                    "'${oauth_provider.theirs.clientSecretArn.secretArn}'");
}
END_TEST

START_TEST(may_have_one_name_in_two_gateways)
{
    ASSERT_BUILT(&test, HEAD "  h: {authorizer: AWS_IAM}\ntargets:\n"
                             "  t: {gateway: g, name: x, endpoint: 'https://a.example/mcp'}\n"
                             "  u: {gateway: h, name: x, endpoint: 'https://a.example/mcp'}\n");
    ck_assert_uint_eq(test.diags.warnings, 0);
}
END_TEST

Suite *targets_suite(void)
{
    Suite *suite = suite_create("targets");
    TCase *tcase = tcase_create("targets");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, let_the_gateway_read_the_secret_of_a_provider_that_exists);
    tcase_add_test(tcase, may_have_one_name_in_two_gateways);
    tcase_add_test(tcase, need_no_second_policy_without_credentials);
    tcase_add_test(tcase, call_lambda_functions_with_the_gateway_role);
    tcase_add_test(tcase, read_schemas_from_s3);
    tcase_add_test(tcase, call_servers_with_tokens_of_a_provider);
    tcase_add_test(tcase, refuse_the_wrong_kind_of_provider_and_two_credentials);
    tcase_add_test(tcase, sign_calls_to_other_services);
    tcase_add_test(tcase, reach_a_runtime_with_tokens_where_it_wants_them);
    tcase_add_test(tcase, reach_servers_on_this_machine_in_the_embedded_cloud_only);
    tcase_add_test(tcase, wait_for_the_permissions_they_need_and_no_others);
    tcase_add_test(tcase, can_be_attached_to_a_gateway_that_exists);
    tcase_add_test(tcase, take_tools_from_a_file_and_refuse_what_is_no_list);
    tcase_add_test(tcase, need_a_service_to_sign_calls_to_an_endpoint_for);
    tcase_add_test(tcase, carry_an_openapi_document_written_in_place);
    suite_add_tcase(suite, tcase);
    return suite;
}
