#include "suites.h"

#include <gantry/model/operations.h>

GT_TEST_ARENA

static const struct {
    const char *type, *pointer;
    unsigned flags; /* 0: no row */
} rows[] = {
    {"gateway", "/name", GT_ATTR_IMMUTABLE},
    {"gateway", "/names", 0},
    {"gateway", "/name/0", 0},
    {"gateway", "", 0},
    {"gateway", "/authorizerConfiguration/customJWTAuthorizer/allowedClients", GT_ATTR_SET},
    {"gateway", "/authorizerConfiguration/customJWTAuthorizer/allowedClients/0", 0},
    {"gateway", "/authorizerConfiguration/customJWTAuthorizer/privateEndpoint", GT_ATTR_WRITE_ONLY},
    {"gateway",
     "/authorizerConfiguration/customJWTAuthorizer/privateEndpoint/managedVpcResource/subnetIds/0",
     GT_ATTR_WRITE_ONLY},
    {"target", "/metadataConfiguration/allowedRequestHeaders", GT_ATTR_SET},
    {"target", "/metadataConfiguration/allowedRequestHeaders/3", GT_ATTR_CASELESS},
    {"target", "/metadataConfiguration/allowedRequestHeaders/*", GT_ATTR_CASELESS},
    {"runtime", "/environmentVariables/A~1B", GT_ATTR_SECRET},
    {"runtime", "/environmentVariables", GT_ATTR_NOT_SECRET},
    {"oauth_provider", "/oauth2ProviderConfigInput/googleOauth2ProviderConfig/clientSecret",
     GT_ATTR_SECRET | GT_ATTR_WRITE_ONLY},
    {"role", "/AssumeRolePolicyDocument", GT_ATTR_POLICY},
};

START_TEST(finds_the_row_of_a_pointer)
{
    const struct gt_attr *attr = gt_type_attr(type_of(rows[_i].type), rows[_i].pointer);
    ck_assert_msg((attr == NULL ? 0 : attr->flags) == rows[_i].flags, "%s %s", rows[_i].type,
                  rows[_i].pointer);
}
END_TEST

static const struct {
    const char *type, *pointer;
    bool secret;
} secrets[] = {
    {"runtime", "/environmentVariables", false},
    {"runtime", "/environmentVariables/TOKEN", true},
    {"runtime", "/description", false},
    {"runtime", "/agentRuntimeName", false},
    {"gateway", "/description", false},
    {"gateway", "/protocolConfiguration/mcp/instructions", false},
    {"target", "/name", false},
    {"target", "/targetConfiguration/mcp/lambda/toolSchema/inlinePayload/0/name", false},
    {"target", "/targetConfiguration/mcp/openApiSchema/inlinePayload", false},
    {"target",
     "/credentialProviderConfigurations/0/credentialProvider/oauthCredentialProvider/"
     "customParameters/audience",
     true},
    {"user_pool_client", "/ClientSecret", true},
    {"user_pool_client", "/ClientId", false},
    {"user_pool_client", "/GenerateSecret", false},
    {"oauth_provider", "/oauth2ProviderConfigInput/customOauth2ProviderConfig/clientSecret", true},
    {"oauth_provider", "/oauth2ProviderConfigInput/customOauth2ProviderConfig/clientId", false},
    {"oauth_provider",
     "/oauth2ProviderConfigInput/customOauth2ProviderConfig/privateKeyJwtConfig/"
     "additionalHeaderClaims/x",
     true},
    {"api_key_provider", "/apiKey", true},
    {"api_key_provider", "/apiKeySecretConfig/secretId", false},
    {"runtime_endpoint", "/name", false},
};

START_TEST(knows_what_is_secret)
{
    ck_assert_msg(gt_type_secret(type_of(secrets[_i].type), secrets[_i].pointer) ==
                      secrets[_i].secret,
                  "%s %s", secrets[_i].type, secrets[_i].pointer);
}
END_TEST

START_TEST(redacts_values_and_keeps_names)
{
    const json_t *runtime = doc(arena, "{'agentRuntimeName': 'a', 'description': 'd',"
                                       " 'environmentVariables': {'A': '1', 'B/C': '${x.y}'}}");
    same(arena, gt_type_redact(type_of("runtime"), runtime),
         "{'agentRuntimeName': 'a', 'description': 'd',"
         " 'environmentVariables': {'A': '(secret)', 'B/C': '(secret)'}}");
    const json_t *client = doc(arena, "{'ClientId': 'c', 'ClientSecret': 's', 'ClientName': 'n',"
                                      " 'AllowedOAuthScopes': ['a/b']}");
    same(arena, gt_type_redact(type_of("user_pool_client"), client),
         "{'ClientId': 'c', 'ClientSecret': '(secret)', 'ClientName': 'n',"
         " 'AllowedOAuthScopes': ['a/b']}");
    ck_assert_str_eq(gt_text_at(client, "/ClientSecret"), "s");
}
END_TEST

START_TEST(lists_properties_of_create_and_of_the_steps)
{
    const char *const *names = gt_type_properties(type_of("gateway"), arena);
    bool name = false, update_only = false;
    for (size_t i = 0; names[i] != NULL; i++) {
        name |= strcmp(names[i], "name") == 0;
        update_only |= strcmp(names[i], "wafConfiguration") == 0;
        ck_assert_str_ne(names[i], "clientToken");
        ck_assert_str_ne(names[i], "gatewayIdentifier");
        ck_assert(i == 0 || strcmp(names[i - 1], names[i]) < 0);
    }
    ck_assert(name && update_only);
    names = gt_type_properties(type_of("role"), arena);
    for (; *names != NULL; names++)
        ck_assert_str_ne(*names, "PolicyDocument");
}
END_TEST

START_TEST(finds_shapes_of_properties)
{
    const struct gt_type *runtime = type_of("runtime"), *logs = type_of("log_group");
    ck_assert_ptr_nonnull(gt_type_property_shape(runtime, "/metadataConfiguration/requireMMDSV2"));
    ck_assert_ptr_null(gt_type_property_shape(runtime, "/clientToken"));
    ck_assert_ptr_null(gt_type_property_shape(runtime, "/agentRuntimeId"));
    ck_assert_int_eq(gt_type_property_shape(logs, "/retentionInDays")->kind, GT_SHAPE_INTEGER);
    ck_assert_int_eq(gt_type_property_shape(type_of("target"), "/gatewayIdentifier")->kind,
                     GT_SHAPE_STRING);
}
END_TEST

Suite *attributes_suite(void)
{
    Suite *suite = suite_create("attributes");
    TCase *tests = tcase_create("attributes");
    tcase_add_checked_fixture(tests, arena_setup, arena_teardown);
    tcase_add_loop_test(tests, finds_the_row_of_a_pointer, 0, (int)GT_COUNT(rows));
    tcase_add_loop_test(tests, knows_what_is_secret, 0, (int)GT_COUNT(secrets));
    tcase_add_test(tests, redacts_values_and_keeps_names);
    tcase_add_test(tests, lists_properties_of_create_and_of_the_steps);
    tcase_add_test(tests, finds_shapes_of_properties);
    suite_add_tcase(suite, tests);
    return suite;
}
