#include "suites.h"

GT_TEST_ARENA

static const struct {
    const char *type, *identity, *output, *live;
} rows[] = {
    {"gateway", "{'gatewayId': 'i'}", "{'gatewayId': 'i', 'name': 'g'}",
     "{'gatewayId': 'i', 'name': 'g'}"},
    {"target", "{'gatewayIdentifier': 'g', 'targetId': 't'}", "{'targetId': 't', 'name': 'n'}",
     "{'gatewayIdentifier': 'g', 'targetId': 't', 'name': 'n'}"},
    {"runtime_endpoint", "{'agentRuntimeId': 'r', 'endpointName': 'e'}",
     "{'name': 'e', 'liveVersion': '1', 'targetVersion': '2'}",
     "{'agentRuntimeId': 'r', 'name': 'e', 'liveVersion': '1', 'targetVersion': '2',"
     " 'agentRuntimeVersion': '2'}"},
    {"role", "{'RoleName': 'r'}",
     "{'Role': {'RoleName': 'r', 'AssumeRolePolicyDocument': '%7B%22a%22%3A%20%22%25%22%7D',"
     " 'PermissionsBoundary': {'PermissionsBoundaryType': 'PermissionsBoundaryPolicy',"
     " 'PermissionsBoundaryArn': 'b'}}}",
     "{'RoleName': 'r', 'AssumeRolePolicyDocument': '{\\'a\\': \\'%\\'}',"
     " 'PermissionsBoundary': 'b'}"},
    {"role", "{'RoleName': 'r'}",
     "{'Role': {'RoleName': 'r', 'AssumeRolePolicyDocument': '{\\'a\\': \\'%25\\'}'}}",
     "{'RoleName': 'r', 'AssumeRolePolicyDocument': '{\\'a\\': \\'%25\\'}'}"},
    {"role_policy", "{'RoleName': 'r', 'PolicyName': 'p'}",
     "{'PolicyName': 'p', 'PolicyDocument': '%7B%7D'}",
     "{'RoleName': 'r', 'PolicyName': 'p', 'PolicyDocument': '{}'}"},
    {"role_attachment", "{'RoleName': 'r', 'PolicyArn': 'a'}",
     "{'PolicyName': 'p', 'PolicyArn': 'a'}",
     "{'RoleName': 'r', 'PolicyName': 'p', 'PolicyArn': 'a'}"},
    {"user_pool", "{'Id': 'p'}",
     "{'UserPool': {'Id': 'p', 'Name': 'n', 'SchemaAttributes': [{'Name': 'sub'},"
     " {'Name': 'custom:x'}, {'Name': 'dev:custom:y'}, {'Name': 'email'},"
     " {'Name': 'custom:email'}]}}",
     "{'Id': 'p', 'PoolName': 'n', 'Schema': [{'Name': 'sub'}, {'Name': 'x'}, {'Name': 'y'},"
     " {'Name': 'email'}, {'Name': 'custom:email'}]}"},
    {"user_pool_domain", "{'UserPoolId': 'p', 'Domain': 'd'}",
     "{'DomainDescription': {'UserPoolId': 'q', 'Domain': 'd', 'Status': 'ACTIVE'}}",
     "{'UserPoolId': 'q', 'Domain': 'd', 'Status': 'ACTIVE'}"},
    {"user_pool_client", "{'UserPoolId': 'p', 'ClientId': 'c'}",
     "{'UserPoolClient': {'UserPoolId': 'p', 'ClientId': 'c', 'ClientSecret': 's'}}",
     "{'UserPoolId': 'p', 'ClientId': 'c', 'ClientSecret': 's', 'GenerateSecret': true}"},
    {"user_pool_client", "{'UserPoolId': 'p', 'ClientId': 'c'}",
     "{'UserPoolClient': {'UserPoolId': 'p', 'ClientId': 'c'}}",
     "{'UserPoolId': 'p', 'ClientId': 'c', 'GenerateSecret': false}"},
    {"oauth_provider", "{'name': 'o'}",
     "{'name': 'o', 'clientSecretSource': 'EXTERNAL', 'clientSecretJsonKey': 'k',"
     " 'clientSecretArn': {'secretArn': 's'}, 'oauth2ProviderConfigOutput':"
     " {'customOauth2ProviderConfig': {'clientId': 'c'}}}",
     "{'name': 'o', 'clientSecretSource': 'EXTERNAL', 'clientSecretJsonKey': 'k',"
     " 'clientSecretArn': {'secretArn': 's'}, 'oauth2ProviderConfigInput':"
     " {'customOauth2ProviderConfig': {'clientId': 'c', 'clientSecretSource': 'EXTERNAL',"
     " 'clientSecretConfig': {'secretId': 's', 'jsonKey': 'k'}}}}"},
    {"oauth_provider", "{'name': 'o'}",
     "{'name': 'o', 'clientSecretSource': 'MANAGED', 'clientSecretArn': {'secretArn': 's'},"
     " 'oauth2ProviderConfigOutput': {'googleOauth2ProviderConfig': {}}}",
     "{'name': 'o', 'clientSecretSource': 'MANAGED', 'clientSecretArn': {'secretArn': 's'},"
     " 'oauth2ProviderConfigInput': {'googleOauth2ProviderConfig':"
     " {'clientSecretSource': 'MANAGED'}}}"},
    {"api_key_provider", "{'name': 'k'}",
     "{'name': 'k', 'apiKeySecretSource': 'EXTERNAL', 'apiKeySecretJsonKey': 'j',"
     " 'apiKeySecretArn': {'secretArn': 's'}}",
     "{'name': 'k', 'apiKeySecretSource': 'EXTERNAL', 'apiKeySecretJsonKey': 'j',"
     " 'apiKeySecretArn': {'secretArn': 's'}, 'apiKeySecretConfig': {'secretId': 's',"
     " 'jsonKey': 'j'}}"},
    {"log_group", "{'logGroupName': 'l'}", "{'logGroupName': 'l', 'arn': 'a:*'}",
     "{'logGroupName': 'l', 'arn': 'a:*', 'logGroupArn': 'a'}"},
    {"log_group", "{'logGroupName': 'l'}",
     "{'logGroupName': 'l', 'arn': 'a:*', 'logGroupArn': 'b'}",
     "{'logGroupName': 'l', 'arn': 'a:*', 'logGroupArn': 'b'}"},
};

START_TEST(reads_what_is_live)
{
    json_t *output = doc(arena, rows[_i].output);
    json_t *before = gt_keep(arena, json_deep_copy(output));
    same(arena, gt_type_live(type_of(rows[_i].type), doc(arena, rows[_i].identity), output),
         rows[_i].live);
    ck_assert(json_equal(before, output));
}
END_TEST

START_TEST(sees_absence_in_an_empty_answer)
{
    const json_t *identity = doc(arena, "{'UserPoolId': 'p', 'Domain': 'd'}");
    const struct gt_type *domain = type_of("user_pool_domain");
    ck_assert_ptr_null(gt_type_live(domain, identity, doc(arena, "{'DomainDescription': {}}")));
    ck_assert_ptr_null(gt_type_live(domain, identity, doc(arena, "{}")));
}
END_TEST

START_TEST(finds_the_object_in_a_list_by_its_whole_name)
{
    const struct gt_type *logs = type_of("log_group");
    const json_t *identity = doc(arena, "{'logGroupName': '/a'}");
    const json_t *page = doc(arena, "{'logGroups': [{'logGroupName': '/a/b'},"
                                    " {'logGroupName': '/a', 'storedBytes': 1}]}");
    const json_t *item = gt_type_read_item(logs, identity, page);
    ck_assert_int_eq(json_integer_value(json_object_get(item, "storedBytes")), 1);
    page = doc(arena, "{'logGroups': [{'logGroupName': '/a/b'}]}");
    ck_assert_ptr_null(gt_type_read_item(logs, identity, page));
    ck_assert_ptr_null(gt_type_read_item(logs, identity, doc(arena, "{}")));
}
END_TEST

START_TEST(reads_and_writes_tags_in_either_form)
{
    const struct gt_type *role = type_of("role"), *gateway = type_of("gateway");
    same(arena, gt_type_tags_map(role, doc(arena, "[{'Key': 'a', 'Value': 'b'}, {'Key': 'c'}]")),
         "{'a': 'b', 'c': ''}");
    same(arena, gt_type_tags_map(gateway, doc(arena, "{'a': 'b'}")), "{'a': 'b'}");
    same(arena, gt_type_tags_map(gateway, NULL), "{}");
    same(arena, gt_type_tags_form(role, doc(arena, "{'a': 'b'}")), "[{'Key': 'a', 'Value': 'b'}]");
    same(arena, gt_type_tags_form(gateway, doc(arena, "{'a': 'b'}")), "{'a': 'b'}");
}
END_TEST

Suite *live_suite(void)
{
    Suite *suite = suite_create("live");
    TCase *tests = tcase_create("live");
    tcase_add_checked_fixture(tests, arena_setup, arena_teardown);
    tcase_add_loop_test(tests, reads_what_is_live, 0, (int)GT_COUNT(rows));
    tcase_add_test(tests, sees_absence_in_an_empty_answer);
    tcase_add_test(tests, finds_the_object_in_a_list_by_its_whole_name);
    tcase_add_test(tests, reads_and_writes_tags_in_either_form);
    suite_add_tcase(suite, tests);
    return suite;
}
