/* Environments, variables and what comes from outside. */
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
#define LOGS "resources:\n  a:\n    type: log_group\n    properties:\n      logGroupName: "

static json_t *variables(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, 0, &error);
    ck_assert_msg(value != NULL, "%s", error.text);
    return gt_keep(arena, value);
}

START_TEST(takes_the_file_before_the_default_and_the_environment_before_the_file)
{
    static const char text[] =
        HEAD "variables:\n  name: file\nenvironments:\n  dev: {}\n"
             "  prod: {variables: {name: environment}}\n" LOGS "${var.name}\n";
    test.options.environment = "dev";
    ASSERT_BUILT(&test, text);
    assert_property(&test, "log_group.a", "/logGroupName", "'file'");
    test.options.environment = "prod";
    ASSERT_BUILT(&test, text);
    assert_property(&test, "log_group.a", "/logGroupName", "'environment'");
    test.options.variables = variables("{\"name\": \"given\"}");
    ASSERT_BUILT(&test, text);
    assert_property(&test, "log_group.a", "/logGroupName", "'given'");
}
END_TEST

START_TEST(refuses_an_environment_that_is_not_there)
{
    test.options.environment = "prdo";
    ck_assert(!build_text(&test, HEAD "environments: {dev: {}, prod: {}}\n"));
    ASSERT_DIAG(&test, "unknown-environment");
    ck_assert_str_eq(diag_of(&test, "unknown-environment")->hint, "did you mean \"prod\"?");
    test = stack_test(arena);
    test.options.environment = "prod";
    ck_assert(!build_text(&test, HEAD));
    ASSERT_DIAG(&test, "unknown-environment");
}
END_TEST

START_TEST(uses_the_default_environment)
{
    ASSERT_BUILT(&test, HEAD "defaultEnvironment: dev\nenvironments: {dev: , prod: {}}\n");
    ck_assert_str_eq(test.stack.environment, "dev");
    test = stack_test(arena);
    ASSERT_BUILT(&test, HEAD);
    ck_assert_str_eq(test.stack.environment, "default");
}
END_TEST

START_TEST(merges_maps_replaces_lists_and_removes_with_null)
{
    test.options.environment = "prod";
    ASSERT_BUILT(
        &test,
        HEAD "environments:\n  prod:\n    identity:\n      mcp:\n        scopes: {read: null}\n"
             "        clients:\n          a: {scopes: [write]}\n"
             "identity:\n  mcp:\n    resourceServer: R\n    scopes: {read: Read, write: Write}\n"
             "    clients:\n      a: {scopes: [read, write]}\n");
    assert_property(&test, "resource_server.mcp", "/Scopes",
                    "[{'ScopeName': 'write', 'ScopeDescription': 'Write'}]");
    assert_property(&test, "user_pool_client.mcp.a", "/AllowedOAuthScopes", "['R/write']");
}
END_TEST

START_TEST(refuses_what_an_environment_cannot_set)
{
    test.options.environment = "prod";
    ck_assert(!build_text(&test, HEAD "environments:\n  prod:\n    stack: other\n"));
    ASSERT_DIAG(&test, "unknown-key");
    ck_assert_uint_eq(diag_of(&test, "unknown-key")->pos.line, 5);
}
END_TEST

START_TEST(types_variables_as_they_are_declared)
{
    test.options.variables =
        variables("{\"days\": \"7\", \"on\": \"true\", \"tags\": \"{\\\"a\\\": \\\"b\\\"}\"}");
    ASSERT_BUILT(&test, HEAD "variables:\n  days: {type: integer}\n  on: {type: boolean}\n"
                             "  tags: {type: map}\n  name: {type: string, default: 012}\n" LOGS
                             "${var.name}\n      retentionInDays: ${var.days}\n"
                             "      deletionProtectionEnabled: ${var.on}\n    tags: ${var.tags}\n");
    assert_property(
        &test, "log_group.a", "",
        "{'logGroupName': '012', 'retentionInDays': 7, 'deletionProtectionEnabled': true}");
    ck_assert_str_eq(gt_text_at(resource_of(&test, "log_group.a")->tags, "/a"), "b");
}
END_TEST

START_TEST(refuses_a_value_of_the_wrong_type)
{
    test.options.variables = variables("{\"days\": \"many\"}");
    ck_assert(!build_text(&test, HEAD "variables:\n  days: {type: integer}\n"));
    ASSERT_DIAG(&test, "wrong-type");
    ck_assert_uint_eq(diag_of(&test, "wrong-type")->pos.line, 4);
}
END_TEST

START_TEST(names_the_variable_that_was_meant)
{
    test.options.variables = variables("{\"imgae\": \"x\"}");
    ck_assert(!build_text(&test, HEAD "variables:\n  image: y\n"));
    ASSERT_DIAG(&test, "unknown-variable");
    ck_assert_str_eq(diag_of(&test, "unknown-variable")->hint, "did you mean \"image\"?");
}
END_TEST

START_TEST(reads_environment_variables_and_files)
{
    ASSERT_BUILT(
        &test, HEAD
        "provider: {region: \"${env.HOME_REGION}\"}\n"
        "variables:\n  token: ${env.TOKEN}\n"
        "identity:\n  mcp:\n    clients:\n      a: {description: \"${file.greeting.txt}\"}\n" LOGS
        "x-${var.token}\n");
    assert_property(&test, "log_group.a", "/logGroupName", "'x-s3cret'");
    ck_assert_str_eq(test.stack.clients.at[0].description, "hello\nthere\n");
}
END_TEST

START_TEST(takes_the_region_from_option_manifest_and_default_in_this_order)
{
    test.options = (struct gt_stack_options){.region_default = "eu-central-1"};
    ASSERT_BUILT(&test, HEAD);
    ck_assert_str_eq(test.stack.provider.region, "eu-central-1");
    ASSERT_BUILT(&test, HEAD "provider: {region: eu-west-1}\n");
    ck_assert_str_eq(test.stack.provider.region, "eu-west-1");
    test.options.region = "us-east-2";
    ASSERT_BUILT(&test, HEAD "provider: {region: eu-west-1}\n");
    ck_assert_str_eq(test.stack.provider.region, "us-east-2");
    test.options = (struct gt_stack_options){.region = NULL};
    ck_assert(!build_text(&test, HEAD));
    ASSERT_DIAG(&test, "no-region");
}
END_TEST

START_TEST(keeps_accounts_with_leading_zeros)
{
    test.options.account = NULL;
    ASSERT_BUILT(&test, HEAD "provider: {account: 012345678901}\n" LOGS "x-${aws.account}\n");
    ck_assert_str_eq(test.stack.provider.account, "012345678901");
    assert_property(&test, "log_group.a", "/logGroupName", "'x-012345678901'");
}
END_TEST

START_TEST(leaves_an_unknown_account_to_the_engine)
{
    test.options.account = NULL;
    ASSERT_BUILT(&test, HEAD LOGS "x-${aws.account}-${aws.region}-${aws.partition}\n");
    assert_property(&test, "log_group.a", "/logGroupName", "'x-${aws.account}-us-east-1-aws'");
}
END_TEST

START_TEST(does_not_read_inserted_text_again)
{
    ASSERT_BUILT(&test, HEAD "outputs:\n  odd: ${file.odd.txt}\n  literal: $${var.x}\n");
    ck_assert_str_eq(gt_text_at(test.stack.outputs, "/odd"), "$${var.x}");
    ck_assert_str_eq(gt_text_at(test.stack.outputs, "/literal"), "$${var.x}");
}
END_TEST

START_TEST(points_at_the_variable_that_holds_a_wrong_value)
{
    ck_assert(!build_text(&test, HEAD "variables:\n  days:\n    default: many\n" LOGS
                                      "x\n      retentionInDays: ${var.days}\n"));
    ck_assert_msg(test.diags.errors == 1, "%s", diags_text(&test));
    ck_assert_uint_eq(test.diags.list.at[0]->pos.line, 5);
    ck_assert_uint_eq(test.diags.list.at[0]->pos.column, 14);
}
END_TEST

START_TEST(takes_a_map_out_of_a_variable_whole_or_in_parts)
{
    ASSERT_BUILT(&test, HEAD "variables:\n  log: {type: map, default: {name: x, days: 5}}\n" LOGS
                             "${var.log.name}\n      retentionInDays: ${var.log.days}\n");
    assert_property(&test, "log_group.a", "", "{'logGroupName': 'x', 'retentionInDays': 5}");
}
END_TEST

Suite *environment_suite(void)
{
    Suite *suite = suite_create("environment");
    TCase *tcase = tcase_create("environment");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, takes_the_file_before_the_default_and_the_environment_before_the_file);
    tcase_add_test(tcase, refuses_an_environment_that_is_not_there);
    tcase_add_test(tcase, uses_the_default_environment);
    tcase_add_test(tcase, merges_maps_replaces_lists_and_removes_with_null);
    tcase_add_test(tcase, refuses_what_an_environment_cannot_set);
    tcase_add_test(tcase, types_variables_as_they_are_declared);
    tcase_add_test(tcase, refuses_a_value_of_the_wrong_type);
    tcase_add_test(tcase, names_the_variable_that_was_meant);
    tcase_add_test(tcase, reads_environment_variables_and_files);
    tcase_add_test(tcase, takes_the_region_from_option_manifest_and_default_in_this_order);
    tcase_add_test(tcase, keeps_accounts_with_leading_zeros);
    tcase_add_test(tcase, leaves_an_unknown_account_to_the_engine);
    tcase_add_test(tcase, does_not_read_inserted_text_again);
    tcase_add_test(tcase, points_at_the_variable_that_holds_a_wrong_value);
    tcase_add_test(tcase, takes_a_map_out_of_a_variable_whole_or_in_parts);
    suite_add_tcase(suite, tcase);
    return suite;
}
