/* Cognito pools, their clients, and issuers elsewhere. */
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

#define HEAD "gantry: 1\nstack: s\n"
#define GATEWAY                                                                                    \
    "gateways:\n  g: {identity: mcp}\ntargets:\n  t: {gateway: g, endpoint: "                      \
    "'https://a.example/mcp'}\n"
#define AUTHORIZER "/authorizerConfiguration/customJWTAuthorizer"

START_TEST(gives_clients_the_scopes_they_list)
{
    ASSERT_BUILT(
        &test, HEAD
        "identity:\n  mcp:\n    resourceServer: R\n    scopes: {read: Read, write: Write}\n"
        "    clients:\n      a: {}\n      b: {scopes: [read], accessTokenMinutes: 30}\n" GATEWAY);
    assert_property(&test, "user_pool_client.mcp.a", "/AllowedOAuthScopes",
                    "['R/read', 'R/write']");
    assert_property(&test, "user_pool_client.mcp.b", "/AllowedOAuthScopes", "['R/read']");
    assert_property(&test, "user_pool_client.mcp.b", "/TokenValidityUnits",
                    "{'AccessToken': 'minutes'}");
    assert_property(&test, "gateway.g", AUTHORIZER "/allowedClients",
                    "['${user_pool_client.mcp.a.ClientId}', '${user_pool_client.mcp.b.ClientId}']");
    assert_property(&test, "gateway.g", AUTHORIZER "/allowedScopes", "['R/read', 'R/write']");
}
END_TEST

START_TEST(narrows_a_gateway_to_some_clients_and_scopes)
{
    ASSERT_BUILT(
        &test,
        HEAD "identity:\n  mcp:\n    resourceServer: R\n    scopes: {read: Read, write: Write}\n"
             "    clients: {a: {}, b: {}}\n"
             "gateways:\n  g: {identity: mcp, clients: [b], scopes: [write]}\n"
             "targets:\n  t: {gateway: g, endpoint: 'https://a.example/mcp'}\n");
    assert_property(&test, "gateway.g", AUTHORIZER "/allowedClients",
                    "['${user_pool_client.mcp.b.ClientId}']");
    assert_property(&test, "gateway.g", AUTHORIZER "/allowedScopes", "['R/write']");
    ck_assert_uint_eq(test.stack.clients.at[0].gateways.len, 0);
    ck_assert_uint_eq(test.stack.clients.at[1].gateways.len, 1);
}
END_TEST

START_TEST(takes_an_issuer_elsewhere_as_it_is)
{
    ASSERT_BUILT(
        &test, HEAD
        "identity:\n  mcp:\n    discoveryUrl: https://i.example/.well-known/openid-configuration\n"
        "    allowedClients: [c1]\n    allowedAudience: [tools]\n    allowedScopes: [x.y]\n"
        "    customClaims:\n      - {name: team, equals: blue}\n"
        "      - {name: groups, containsAny: [a, b]}\n" GATEWAY);
    assert_property(
        &test, "gateway.g", AUTHORIZER,
        "{'discoveryUrl': 'https://i.example/.well-known/openid-configuration',"
        " 'allowedClients': ['c1'], 'allowedScopes': ['x.y'], 'allowedAudience': ['tools'],"
        " 'customClaims': [{'inboundTokenClaimName': 'team', 'inboundTokenClaimValueType': "
        "'STRING', 'authorizingClaimMatchValue': {'claimMatchValue': {'matchValueString': "
        "'blue'}, 'claimMatchOperator': 'EQUALS'}}, {'inboundTokenClaimName': 'groups', "
        "'inboundTokenClaimValueType': 'STRING_ARRAY', 'authorizingClaimMatchValue': "
        "{'claimMatchValue': {'matchValueStringList': ['a', 'b']}, 'claimMatchOperator': "
        "'CONTAINS_ANY'}}]}");
    ck_assert_ptr_null(gt_stack_find(&test.stack, "user_pool.mcp"));
}
END_TEST

START_TEST(refuses_cognito_keys_beside_an_issuer_elsewhere)
{
    ck_assert(!build_text(
        &test, HEAD
        "identity:\n  mcp:\n    discoveryUrl: https://i.example/.well-known/openid-configuration\n"
        "    clients: {a: {}}\n" GATEWAY));
    ASSERT_DIAG(&test, "conflicting-keys");
}
END_TEST

START_TEST(makes_clients_in_a_pool_that_exists)
{
    ASSERT_BUILT(&test, HEAD
                 "identity:\n  mcp:\n    existing: {id: eu-west-1_AbCdEf}\n    resourceServer: R\n"
                 "    clients: {a: {scopes: [R/invoke]}}\n    allowedClients: [theirs]\n" GATEWAY);
    ck_assert_str_eq(resource_of(&test, "user_pool.mcp")->existing, "eu-west-1_AbCdEf");
    ck_assert_ptr_null(resource_of(&test, "user_pool.mcp")->tags);
    ck_assert_ptr_null(gt_stack_find(&test.stack, "user_pool_domain.mcp"));
    ck_assert_ptr_null(gt_stack_find(&test.stack, "resource_server.mcp"));
    assert_property(&test, "user_pool_client.mcp.a", "/AllowedOAuthScopes", "['R/invoke']");
    assert_property(&test, "gateway.g", AUTHORIZER "/discoveryUrl",
                    "'https://cognito-idp.eu-west-1.amazonaws.com/${user_pool.mcp.Id}/.well-known/"
                    "openid-configuration'");
    assert_property(&test, "gateway.g", AUTHORIZER "/allowedClients",
                    "['${user_pool_client.mcp.a.ClientId}', 'theirs']");
}
END_TEST

START_TEST(asks_the_engine_for_the_cognito_endpoint_of_the_embedded_cloud)
{
    test.options.local = true;
    ASSERT_BUILT(&test, HEAD "identity:\n  mcp: {clients: {a: {}}}\n" GATEWAY);
    assert_property(
        &test, "gateway.g", AUTHORIZER "/discoveryUrl",
        "'${aws.endpoint.cognito-idp}/${user_pool.mcp.Id}/.well-known/openid-configuration'");
}
END_TEST

START_TEST(protects_the_pool_with_the_service_own_means)
{
    ASSERT_BUILT(&test, HEAD "identity:\n  mcp: {protect: true, clients: {a: {}}}\n" GATEWAY);
    assert_property(&test, "user_pool.mcp", "/DeletionProtection", "'ACTIVE'");
    ck_assert(resource_of(&test, "user_pool.mcp")->protect);
    ck_assert(resource_of(&test, "user_pool_domain.mcp")->protect);
}
END_TEST

START_TEST(uses_the_partition_of_the_region)
{
    test.options.region = "cn-north-1";
    ASSERT_BUILT(&test, HEAD "identity:\n  mcp: {clients: {a: {}}}\n" GATEWAY);
    assert_property(&test, "gateway.g", AUTHORIZER "/discoveryUrl",
                    "'https://cognito-idp.cn-north-1.amazonaws.com.cn/${user_pool.mcp.Id}/"
                    ".well-known/openid-configuration'");
    assert_property(&test, "role_policy.gateway.g", "/PolicyDocument/Statement/0/Resource",
                    "'arn:aws-cn:bedrock-agentcore:cn-north-1:123456789012:gateway/s-g-*'");
}
END_TEST

START_TEST(warns_of_an_identity_without_clients)
{
    ASSERT_BUILT(&test, HEAD "identity:\n  mcp: {}\n" GATEWAY);
    ASSERT_DIAG(&test, "no-clients");
}
END_TEST

START_TEST(names_a_domain_that_is_given)
{
    ASSERT_BUILT(&test, HEAD "identity:\n  mcp: {domain: my-prefix, clients: {a: {}}}\n" GATEWAY);
    assert_property(&test, "user_pool_domain.mcp", "/Domain", "'my-prefix'");
    test = stack_test(arena);
    ASSERT_BUILT(&test, HEAD "identity:\n  mcp: {domain: false, clients: {a: {}}}\n" GATEWAY);
    ck_assert_ptr_null(gt_stack_find(&test.stack, "user_pool_domain.mcp"));
}
END_TEST

Suite *identity_suite(void)
{
    Suite *suite = suite_create("identity");
    TCase *tcase = tcase_create("identity");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, gives_clients_the_scopes_they_list);
    tcase_add_test(tcase, narrows_a_gateway_to_some_clients_and_scopes);
    tcase_add_test(tcase, takes_an_issuer_elsewhere_as_it_is);
    tcase_add_test(tcase, refuses_cognito_keys_beside_an_issuer_elsewhere);
    tcase_add_test(tcase, makes_clients_in_a_pool_that_exists);
    tcase_add_test(tcase, asks_the_engine_for_the_cognito_endpoint_of_the_embedded_cloud);
    tcase_add_test(tcase, protects_the_pool_with_the_service_own_means);
    tcase_add_test(tcase, uses_the_partition_of_the_region);
    tcase_add_test(tcase, warns_of_an_identity_without_clients);
    tcase_add_test(tcase, names_a_domain_that_is_given);
    suite_add_tcase(suite, tcase);
    return suite;
}
