#include "suites.h"

#include <gantry/model/operations.h>

GT_TEST_ARENA

enum call { CREATE, READ, REMOVE, LIST };

static const struct {
    const char *type;
    enum call call;
    const char *identity, *properties, *input;
} rows[] = {
    {"gateway", CREATE, "{}",
     "{'name': 'g', 'roleArn': 'r', 'authorizerType': 'NONE', 'description': null,"
     " 'wafConfiguration': {'failureMode': 'FAIL_OPEN'}, 'tags': {'a': 'b'}}",
     "{'name': 'g', 'roleArn': 'r', 'authorizerType': 'NONE', 'tags': {'a': 'b'}}"},
    {"gateway", CREATE, "{}",
     "{'name': 'g', 'authorizerConfiguration': {'customJWTAuthorizer': {'discoveryUrl': 'd',"
     " 'allowedScopes': [], 'allowedClients': ['c']}}, 'protocolConfiguration': {}}",
     "{'name': 'g', 'authorizerConfiguration': {'customJWTAuthorizer': {'discoveryUrl': 'd',"
     " 'allowedClients': ['c']}}}"},
    {"gateway", READ, "{'gatewayId': 'i'}", "{}", "{'gatewayIdentifier': 'i'}"},
    {"gateway", REMOVE, "{'gatewayId': 'i'}", "{}", "{'gatewayIdentifier': 'i'}"},
    {"target", CREATE, "{}",
     "{'gatewayIdentifier': 'g', 'name': 't', 'targetConfiguration': {'mcp': {'openApiSchema':"
     " {'inlinePayload': {'openapi': '3.0.0'}}}}}",
     "{'gatewayIdentifier': 'g', 'name': 't', 'targetConfiguration': {'mcp': {'openApiSchema':"
     " {'inlinePayload': '{\\'openapi\\':\\'3.0.0\\'}'}}}}"},
    {"target", REMOVE, "{'gatewayIdentifier': 'g', 'targetId': 't'}", "{}",
     "{'gatewayIdentifier': 'g', 'targetId': 't'}"},
    {"target", LIST, "{}", "{'gatewayIdentifier': 'g'}", "{'gatewayIdentifier': 'g'}"},
    {"runtime", CREATE, "{}",
     "{'agentRuntimeName': 'r', 'environmentVariables': {}, 'metadataConfiguration':"
     " {'requireMMDSV2': true}, 'networkConfiguration': {'networkMode': 'PUBLIC'}}",
     "{'agentRuntimeName': 'r', 'environmentVariables': {},"
     " 'networkConfiguration': {'networkMode': 'PUBLIC'}}"},
    {"runtime", REMOVE, "{'agentRuntimeId': 'i'}", "{}", "{'agentRuntimeId': 'i'}"},
    {"runtime_endpoint", CREATE, "{'agentRuntimeId': 'i', 'endpointName': 'e'}",
     "{'agentRuntimeId': 'i', 'name': 'e'}", "{'agentRuntimeId': 'i', 'name': 'e'}"},
    {"runtime_endpoint", READ, "{'agentRuntimeId': 'i', 'endpointName': 'e'}", "{}",
     "{'agentRuntimeId': 'i', 'endpointName': 'e'}"},
    {"user_pool", CREATE, "{}", "{'PoolName': 'p', 'UserPoolTags': {'a': 'b'}}",
     "{'PoolName': 'p', 'UserPoolTags': {'a': 'b'}}"},
    {"user_pool", LIST, "{}", "{'PoolName': 'p'}", "{'MaxResults': 60}"},
    {"user_pool_domain", READ, "{'UserPoolId': 'p', 'Domain': 'd'}", "{}", "{'Domain': 'd'}"},
    {"user_pool_domain", REMOVE, "{'UserPoolId': 'p', 'Domain': 'd'}", "{}",
     "{'UserPoolId': 'p', 'Domain': 'd'}"},
    {"resource_server", CREATE, "{}",
     "{'UserPoolId': 'p', 'Identifier': 'i', 'Name': 'n', 'Scopes': [{'ScopeName': 's',"
     " 'ScopeDescription': 'd'}]}",
     "{'UserPoolId': 'p', 'Identifier': 'i', 'Name': 'n', 'Scopes': [{'ScopeName': 's',"
     " 'ScopeDescription': 'd'}]}"},
    {"user_pool_client", CREATE, "{}",
     "{'UserPoolId': 'p', 'ClientName': 'c', 'GenerateSecret': true, 'CallbackURLs': []}",
     "{'UserPoolId': 'p', 'ClientName': 'c', 'GenerateSecret': true, 'CallbackURLs': []}"},
    {"user_pool_client", LIST, "{}", "{'UserPoolId': 'p', 'ClientName': 'c'}",
     "{'UserPoolId': 'p', 'MaxResults': 60}"},
    {"role", CREATE, "{}",
     "{'RoleName': 'r', 'AssumeRolePolicyDocument': {'Statement': []}, 'Tags': {'k': 'v'}}",
     "{'RoleName': 'r', 'AssumeRolePolicyDocument': '{\\'Statement\\':[]}',"
     " 'Tags': [{'Key': 'k', 'Value': 'v'}]}"},
    {"role_policy", CREATE, "{}",
     "{'RoleName': 'r', 'PolicyName': 'p', 'PolicyDocument': '{\\'Statement\\':[]}'}",
     "{'RoleName': 'r', 'PolicyName': 'p', 'PolicyDocument': '{\\'Statement\\':[]}'}"},
    {"role_attachment", READ, "{'RoleName': 'r', 'PolicyArn': 'a'}", "{}", "{'RoleName': 'r'}"},
    {"role_attachment", REMOVE, "{'RoleName': 'r', 'PolicyArn': 'a'}", "{}",
     "{'RoleName': 'r', 'PolicyArn': 'a'}"},
    {"oauth_provider", CREATE, "{}",
     "{'name': 'o', 'oauth2ProviderConfigInput': {'googleOauth2ProviderConfig': {'clientId': 'c',"
     " 'clientSecretConfig': {'secretId': 's', 'jsonKey': 'k'}}}}",
     "{'name': 'o', 'oauth2ProviderConfigInput': {'googleOauth2ProviderConfig': {'clientId': 'c',"
     " 'clientSecretSource': 'EXTERNAL', 'clientSecretConfig': {'secretId': 's',"
     " 'jsonKey': 'k'}}}}"},
    {"api_key_provider", CREATE, "{}",
     "{'name': 'o', 'apiKeySecretConfig': {'secretId': 's', 'jsonKey': 'k'}}",
     "{'name': 'o', 'apiKeySecretConfig': {'secretId': 's', 'jsonKey': 'k'},"
     " 'apiKeySecretSource': 'EXTERNAL'}"},
    {"api_key_provider", REMOVE, "{'name': 'o'}", "{}", "{'name': 'o'}"},
    {"log_group", CREATE, "{}", "{'logGroupName': 'l', 'retentionInDays': 7, 'tags': {}}",
     "{'logGroupName': 'l'}"},
    {"log_group", READ, "{'logGroupName': 'l'}", "{}", "{'logGroupNamePrefix': 'l', 'limit': 50}"},
};

START_TEST(builds_inputs)
{
    const struct gt_type *type = type_of(rows[_i].type);
    const struct gt_use *uses[] = {&type->create, &type->read, &type->remove, &type->lookup.list};
    struct gt_input_sources from = {.identity = doc(arena, rows[_i].identity),
                                    .properties = doc(arena, rows[_i].properties)};
    enum call call = rows[_i].call;
    /* In the rows, \' stands for a quote inside of a text. */
    same(arena, gt_type_input(type, uses[call], &from, call == CREATE), rows[_i].input);
}
END_TEST

START_TEST(never_sets_the_idempotency_token)
{
    const struct gt_type *gateway = type_of("gateway");
    struct gt_input_sources from = {.properties = doc(arena, "{'name': 'g', 'clientToken': 'x'}")};
    same(arena, gt_type_input(gateway, &gateway->create, &from, true), "{'name': 'g'}");
}
END_TEST

START_TEST(builds_the_inputs_of_tag_calls)
{
    const json_t *map = doc(arena, "{'k': 'v'}"), *keys = doc(arena, "['k']");
    struct gt_input_sources from = {.identity = doc(arena, "{'RoleName': 'r'}"),
                                    .live = doc(arena, "{'gatewayArn': 'a', 'Arn': 'p'}")};
    same(arena, gt_type_tag_input(type_of("gateway"), &from, map),
         "{'resourceArn': 'a', 'tags': {'k': 'v'}}");
    same(arena, gt_type_untag_input(type_of("gateway"), &from, keys),
         "{'resourceArn': 'a', 'tagKeys': ['k']}");
    same(arena, gt_type_tag_input(type_of("user_pool"), &from, map),
         "{'ResourceArn': 'p', 'Tags': {'k': 'v'}}");
    same(arena, gt_type_tag_input(type_of("role"), &from, map),
         "{'RoleName': 'r', 'Tags': [{'Key': 'k', 'Value': 'v'}]}");
    same(arena, gt_type_untag_input(type_of("role"), &from, keys),
         "{'RoleName': 'r', 'TagKeys': ['k']}");
}
END_TEST

START_TEST(builds_the_probe)
{
    const struct gt_type *runtime = type_of("runtime");
    struct gt_input_sources from = {.live = doc(arena, "{'agentRuntimeArn': 'a'}")};
    same(arena, gt_type_input(runtime, &runtime->probe.use, &from, false),
         "{'agentRuntimeArn': 'a', 'qualifier': 'DEFAULT', 'contentType': 'application/json',"
         " 'accept': 'application/json, text/event-stream'}");
    json_t *message = gt_keep(arena, json_loads(runtime->probe.payload, 0, NULL));
    ck_assert_str_eq(gt_text_at(message, "/method"), "initialize");
}
END_TEST

Suite *input_suite(void)
{
    Suite *suite = suite_create("input");
    TCase *tests = tcase_create("input");
    tcase_add_checked_fixture(tests, arena_setup, arena_teardown);
    tcase_add_loop_test(tests, builds_inputs, 0, (int)GT_COUNT(rows));
    tcase_add_test(tests, never_sets_the_idempotency_token);
    tcase_add_test(tests, builds_the_inputs_of_tag_calls);
    tcase_add_test(tests, builds_the_probe);
    suite_add_tcase(suite, tests);
    return suite;
}
