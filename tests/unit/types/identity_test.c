#include "suites.h"

GT_TEST_ARENA

#define ARN(service, resource) "arn:aws:" service ":us-east-1:123456789012:" resource
#define CORE(resource) ARN("bedrock-agentcore", resource)
#define POLICY "arn:aws:iam::aws:policy/ReadOnlyAccess"

static const struct {
    const char *type, *text, *properties, *identity; /* identity NULL: refused */
} rows[] = {
    {"gateway", "g-1234567890", "{}", "{'gatewayId': 'g-1234567890'}"},
    {"gateway", CORE("gateway/g-1234567890"), "{}", "{'gatewayId': 'g-1234567890'}"},
    {"gateway", CORE("runtime/g-1234567890"), "{}", NULL},
    {"gateway", CORE("gateway/g/h"), "{}", NULL},
    {"gateway", "arn:aws:x", "{}", NULL},
    {"gateway", "", "{}", NULL},
    {"target", "g/T", "{}", "{'gatewayIdentifier': 'g', 'targetId': 'T'}"},
    {"target", "T", "{}", NULL},
    {"target", "T", "{'gatewayIdentifier': '${gateway.a.gatewayId}'}", NULL},
    {"target", "T", "{'gatewayIdentifier': 'g'}", "{'gatewayIdentifier': 'g', 'targetId': 'T'}"},
    {"target", "g/T", "{'gatewayIdentifier': 'g'}", "{'gatewayIdentifier': 'g', 'targetId': 'T'}"},
    {"target", "g/", "{}", NULL},
    {"runtime", CORE("runtime/r-1234567890"), "{}", "{'agentRuntimeId': 'r-1234567890'}"},
    {"runtime_endpoint", CORE("runtime/r/runtime-endpoint/e"), "{}",
     "{'agentRuntimeId': 'r', 'endpointName': 'e'}"},
    {"runtime_endpoint", "e", "{'agentRuntimeId': 'r'}",
     "{'agentRuntimeId': 'r', 'endpointName': 'e'}"},
    {"role", "arn:aws:iam::123456789012:role/r", "{}", "{'RoleName': 'r'}"},
    {"role", "arn:aws:iam::123456789012:role/gantry/a/r", "{}", "{'RoleName': 'r'}"},
    {"role", "arn:aws:iam::123456789012:user/r", "{}", NULL},
    {"role", "r", "{}", "{'RoleName': 'r'}"},
    {"role_attachment", POLICY, "{'RoleName': 'r'}",
     "{'RoleName': 'r', 'PolicyArn': '" POLICY "'}"},
    {"role_attachment", "r/" POLICY, "{}", "{'RoleName': 'r', 'PolicyArn': '" POLICY "'}"},
    {"user_pool", ARN("cognito-idp", "userpool/us-east-1_a"), "{}", "{'Id': 'us-east-1_a'}"},
    {"resource_server", "https://api.example/x", "{'UserPoolId': 'us-east-1_a'}",
     "{'UserPoolId': 'us-east-1_a', 'Identifier': 'https://api.example/x'}"},
    {"resource_server", "us-east-1_a/https://api.example/x", "{'UserPoolId': 'us-east-1_a'}",
     "{'UserPoolId': 'us-east-1_a', 'Identifier': 'https://api.example/x'}"},
    {"user_pool_client", "us-east-1_a/c", "{}", "{'UserPoolId': 'us-east-1_a', 'ClientId': 'c'}"},
    {"oauth_provider", CORE("token-vault/default/oauth2credentialprovider/o"), "{}",
     "{'name': 'o'}"},
    {"api_key_provider", CORE("token-vault/default/oauth2credentialprovider/o"), "{}", NULL},
    {"log_group", "/aws/a", "{}", "{'logGroupName': '/aws/a'}"},
    {"log_group", ARN("logs", "log-group:/aws/a:*"), "{}", "{'logGroupName': '/aws/a'}"},
    {"log_group", ARN("logs", "log-group:/aws/a"), "{}", "{'logGroupName': '/aws/a'}"},
};

START_TEST(parses_what_a_person_gives)
{
    json_t *identity = gt_type_identity_parse(type_of(rows[_i].type), rows[_i].text,
                                              doc(arena, rows[_i].properties), &diags);
    gt_keep(arena, identity);
    if (rows[_i].identity == NULL) {
        ck_assert_msg(identity == NULL, "%s %s", rows[_i].type, rows[_i].text);
        ck_assert_uint_eq(diags.errors, 1);
        ck_assert_ptr_nonnull(diags.list.at[0]->hint);
    } else {
        ck_assert_msg(identity != NULL, "%s %s", rows[_i].type, rows[_i].text);
        same(arena, json_incref(identity), rows[_i].identity);
        ck_assert_uint_eq(diags.errors, 0);
    }
}
END_TEST

START_TEST(takes_the_identity_from_properties_where_they_are_all_of_it)
{
    const json_t *role = doc(arena, "{'RoleName': 'r', 'PolicyName': 'p'}");
    same(arena, gt_type_identity_of(type_of("role_policy"), role),
         "{'RoleName': 'r', 'PolicyName': 'p'}");
    ck_assert_ptr_null(
        gt_type_identity_of(type_of("role_policy"), doc(arena, "{'RoleName': 'r'}")));
    ck_assert_ptr_null(gt_type_identity_of(type_of("gateway"), doc(arena, "{'name': 'g'}")));
}
END_TEST

START_TEST(takes_the_identity_from_what_a_create_answered)
{
    const json_t *target = doc(arena, "{'gatewayIdentifier': 'g', 'name': 't'}");
    same(arena,
         gt_type_identity_created(type_of("target"), target, doc(arena, "{'targetId': 'T'}")),
         "{'gatewayIdentifier': 'g', 'targetId': 'T'}");
    same(arena,
         gt_type_identity_created(type_of("user_pool"), doc(arena, "{}"),
                                  doc(arena, "{'UserPool': {'Id': 'p'}}")),
         "{'Id': 'p'}");
    same(arena,
         gt_type_identity_created(type_of("user_pool_domain"),
                                  doc(arena, "{'UserPoolId': 'p', 'Domain': 'd'}"),
                                  doc(arena, "{}")),
         "{'UserPoolId': 'p', 'Domain': 'd'}");
    ck_assert_ptr_null(gt_type_identity_created(type_of("target"), target, doc(arena, "{}")));
}
END_TEST

START_TEST(takes_the_identity_from_a_listed_item)
{
    const json_t *client = doc(arena, "{'UserPoolId': 'p', 'ClientName': 'n'}");
    const json_t *item = doc(arena, "{'UserPoolId': 'p', 'ClientId': 'c', 'ClientName': 'n'}");
    const struct gt_type *type = type_of("user_pool_client");
    same(arena, gt_type_identity_listed(type, client, item),
         "{'UserPoolId': 'p', 'ClientId': 'c'}");
    ck_assert(gt_type_listed_matches(type, client, item));
    ck_assert(!gt_type_listed_matches(type, doc(arena, "{'ClientName': 'm'}"), item));
    ck_assert(!gt_type_listed_matches(type, doc(arena, "{}"), doc(arena, "{}")));
    /* An item tells endpoints apart, the properties do not. */
    same(arena,
         gt_type_identity_listed(type_of("runtime_endpoint"),
                                 doc(arena, "{'agentRuntimeId': 'r', 'name': 'a'}"),
                                 doc(arena, "{'name': 'b'}")),
         "{'agentRuntimeId': 'r', 'endpointName': 'b'}");
}
END_TEST

START_TEST(names_objects_for_the_look_up)
{
    same(arena, gt_type_named(type_of("gateway"), "g", NULL), "{'name': 'g'}");
    same(arena, gt_type_named(type_of("user_pool"), "p", doc(arena, "{'Policies': {}}")),
         "{'Policies': {}, 'PoolName': 'p'}");
    ck_assert_ptr_null(gt_type_named(type_of("role"), "r", NULL));
}
END_TEST

Suite *identity_suite(void)
{
    Suite *suite = suite_create("identity");
    TCase *tests = tcase_create("identity");
    tcase_add_checked_fixture(tests, arena_setup, arena_teardown);
    tcase_add_loop_test(tests, parses_what_a_person_gives, 0, (int)GT_COUNT(rows));
    tcase_add_test(tests, takes_the_identity_from_properties_where_they_are_all_of_it);
    tcase_add_test(tests, takes_the_identity_from_what_a_create_answered);
    tcase_add_test(tests, takes_the_identity_from_a_listed_item);
    tcase_add_test(tests, names_objects_for_the_look_up);
    suite_add_tcase(suite, tests);
    return suite;
}
