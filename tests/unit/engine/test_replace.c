/* Replacing objects, and what hangs on them. */
#include "world.h"

WORLD

static const char *const all[] = {"*", NULL};

START_TEST(a_replaced_gateway_takes_its_targets_along_in_the_right_order)
{
    world_done(world, manifest(world, small_stack));
    const char *old = tiny_only(world->cloud, "gateway")->key;
    world->options.allow_replace = all;
    tiny_forget(world->cloud);
    world_done(world, manifest(world, "gateways: {tools: {authorizer: AWS_IAM, name: other,"
                                      " description: Tools}}\n"
                                      "targets: {docs: {gateway: tools, endpoint: "
                                      "\"https://example.com/mcp\"}}\n"));
    ck_assert_int_eq(action_of(world, "gateway.tools"), GT_ACTION_REPLACE);
    ck_assert_int_eq(action_of(world, "target.docs"), GT_ACTION_REPLACE);
    ASSERT_BEFORE(world, "DeleteGatewayTarget", "DeleteGateway");
    ASSERT_BEFORE(world, "DeleteGateway", "CreateGateway");
    ASSERT_BEFORE(world, "CreateGateway", "CreateGatewayTarget");
    ASSERT_COUNT(world, "DeleteGateway", 1);
    const struct tiny_object *gateway = tiny_only(world->cloud, "gateway");
    ck_assert_str_ne(gateway->key, old);
    ck_assert(gt_starts_with(tiny_only(world->cloud, "target")->key, gateway->key));
}
END_TEST

/* A client is made anew before the old one goes. */
static const char *const client[] = {"user_pool_client.mcp.quick", NULL};

static const char *replace_client(void)
{
    const char *yaml = manifest(world, full_stack);
    world_done(world, yaml);
    world->options.allow_replace = all;
    world->options.replaces = client;
    tiny_forget(world->cloud);
    return yaml;
}

static void check_client(const char *old)
{
    const struct tiny_object *made = tiny_only(world->cloud, "client");
    ck_assert_str_ne(made->key, old);
    const char *id = gt_text_at(made->doc, "/ClientId");
    ck_assert_str_eq(gt_text_at(tiny_only(world->cloud, "gateway")->doc,
                                "/authorizerConfiguration/customJWTAuthorizer/allowedClients/0"),
                     id);
    const json_t *entry = world_entry(world, client[0]);
    ck_assert_str_eq(gt_text_at(entry, "/identity/ClientId"), id);
    ck_assert_uint_eq(json_array_size(gt_at(entry, "/deposed")), 0);
    ck_assert_str_eq(gt_text_at(entry, "/status"), "ready");
}

START_TEST(a_replaced_client_is_removed_after_its_users_moved)
{
    const char *yaml = replace_client();
    const char *old = tiny_only(world->cloud, "client")->key;
    world_done(world, yaml);
    ASSERT_BEFORE(world, "CreateUserPoolClient", "UpdateGateway");
    ASSERT_BEFORE(world, "UpdateGateway", "DeleteUserPoolClient");
    ASSERT_COUNT(world, "CreateUserPoolClient", 1);
    check_client(old);
    world->options.replaces = NULL;
    tiny_forget(world->cloud);
    world_done(world, yaml);
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
}
END_TEST

START_TEST(a_replaced_client_that_could_not_be_removed_is_removed_by_the_next_apply)
{
    const char *yaml = replace_client();
    const char *old = tiny_only(world->cloud, "client")->key;
    tiny_script(world->cloud, (struct tiny_script){.operation = "DeleteUserPoolClient",
                                                   .code = "NotAuthorizedException",
                                                   .message = "no"});
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_PARTLY);
    ck_assert_uint_eq(tiny_number(world->cloud, "client"), 2);
    world->options.replaces = NULL;
    world_done(world, yaml);
    check_client(old);
}
END_TEST

START_TEST(a_client_whose_replacement_got_lost_is_not_taken_for_it)
{
    const char *yaml = replace_client();
    const char *old = tiny_only(world->cloud, "client")->key;
    tiny_script(world->cloud,
                (struct tiny_script){.operation = "CreateUserPoolClient", .lost = true});
    world_done(world, yaml);
    ASSERT_COUNT(world, "CreateUserPoolClient", 1);
    check_client(old);
}
END_TEST

START_TEST(a_run_that_was_killed_while_it_replaced_a_client_loses_none)
{
    static const char *const calls[] = {"CreateUserPoolClient", "UpdateGateway",
                                        "DeleteUserPoolClient"};
    const char *yaml = replace_client();
    const char *old = tiny_only(world->cloud, "client")->key;
    world->kill_at = calls[_i / 2];
    world->kill_done = _i % 2 == 1;
    world_apply(world, yaml);
    if (_i > 0) /* else nothing was done, and it is to be replaced still */
        world->options.replaces = NULL;
    world_done(world, yaml);
    check_client(old);
}
END_TEST

START_TEST(a_replacement_that_was_refused_leaves_the_client_that_is_there)
{
    const char *yaml = replace_client();
    const char *old = tiny_only(world->cloud, "client")->key;
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateUserPoolClient",
                                                   .code = "LimitExceededException",
                                                   .message = "too many"});
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_FAILED);
    ck_assert_uint_eq(json_array_size(gt_at(world_entry(world, client[0]), "/deposed")), 0);
    world->options.replaces = NULL;
    world_done(world, yaml);
    ASSERT_COUNT(world, "DeleteUserPoolClient", 0);
    ck_assert_str_eq(tiny_only(world->cloud, "client")->key, old);
}
END_TEST

static void leave_one_behind(const char *yaml)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "DeleteUserPoolClient",
                                                   .code = "NotAuthorizedException",
                                                   .message = "no"});
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_PARTLY);
}

START_TEST(all_that_were_replaced_are_removed_by_one_apply)
{
    const char *yaml = replace_client();
    leave_one_behind(yaml);
    struct tiny_object *second = NULL;
    for (size_t i = 0; i < world->cloud->objects.len; i++)
        if (strcmp(world->cloud->objects.at[i]->kind, "client") == 0)
            second = world->cloud->objects.at[i];
    tiny_script(world->cloud, (struct tiny_script){.operation = "DeleteUserPoolClient",
                                                   .times = 2,
                                                   .code = "NotAuthorizedException",
                                                   .message = "no"});
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_PARTLY);
    world->cloud->scripts.len = 0;
    ck_assert_uint_eq(tiny_number(world->cloud, "client"), 3);
    world->options.replaces = NULL;
    world_done(world, yaml);
    check_client(second->key);
    tiny_forget(world->cloud);
    world_done(world, yaml);
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
}
END_TEST

static const char *without_client(void)
{
    return manifest(world, "identity: {mcp: {resourceServer: MyGateway, scopes: {invoke: Invoke "
                           "tools}, clients: {other: {scopes: [invoke]}}}}\n"
                           "gateways: {tools: {description: Lark tools, identity: mcp}}\n");
}

START_TEST(what_was_replaced_goes_with_a_resource_that_the_manifest_drops)
{
    leave_one_behind(replace_client());
    world->options.replaces = NULL;
    if (_i == 1) /* others were faster with the one that is in use */
        tiny_find(world->cloud, "client",
                  gt_printf(arena, "%s/%s", tiny_only(world->cloud, "user_pool")->key,
                            gt_text_at(world_entry(world, client[0]), "/identity/ClientId")))
            ->gone = true;
    world_done(world, without_client());
    ck_assert_str_eq(
        gt_text_at(tiny_only(world->cloud, "client")->doc, "/ClientName"),
        gt_text_at(world_entry(world, "user_pool_client.mcp.other"), "/outputs/ClientName"));
    ck_assert_ptr_null(world_entry(world, client[0]));
}
END_TEST

START_TEST(a_run_that_is_about_something_else_leaves_what_was_replaced)
{
    static const char *const pool[] = {"user_pool.mcp", NULL};
    const char *yaml = replace_client();
    leave_one_behind(yaml);
    world->options.replaces = NULL;
    world->options.targets = pool;
    world_done(world, yaml);
    ck_assert_uint_eq(tiny_number(world->cloud, "client"), 2);
}
END_TEST

START_TEST(a_replacement_is_reported_once)
{
    world_done(world, replace_client());
    size_t started = 0, done = 0;
    for (size_t i = 0; i < world->events.len; i++) {
        started += gt_streq(world->events.at[i], "started user_pool_client.mcp.quick");
        done += gt_streq(world->events.at[i], "done user_pool_client.mcp.quick");
    }
    ck_assert_uint_eq(started, 1);
    ck_assert_uint_eq(done, 1);
}
END_TEST

START_TEST(a_type_of_target_that_changes_needs_a_new_target_and_no_new_gateway)
{
    world_done(world, manifest(world, full_stack));
    tiny_forget(world->cloud);
    world_done(world,
               manifest(world,
                        "identity: {mcp: {resourceServer: MyGateway, scopes: {invoke: Invoke "
                        "tools}, clients: {quick: {scopes: [invoke]}}}}\n"
                        "gateways: {tools: {description: Lark tools, identity: mcp}}\n"
                        "runtimes: {lark: {image: \"123456789012.dkr.ecr.us-east-1.amazonaws.com/"
                        "lark-mcp:latest\", environment: {MODE: a-very-private-value}}}\n"
                        "targets: {lark: {gateway: tools, lambda: "
                        "\"arn:aws:lambda:us-east-1:123456789012:function:f\", tools: "
                        "[{name: t, description: d, inputSchema: {type: object}}]}}\n"));
    ck_assert_int_eq(action_of(world, "target.lark"), GT_ACTION_REPLACE);
    ASSERT_BEFORE(world, "DeleteGatewayTarget", "CreateGatewayTarget");
    ASSERT_COUNT(world, "CreateGateway", 0);
}
END_TEST

/* The service makes a runtime's log group; a run for the runtime alone does not take it over. */
START_TEST(what_a_replaced_object_had_goes_with_it_though_it_was_never_adopted)
{
    static const char *const runtime[] = {"runtime.lark", NULL};
    const char *yaml = manifest(world, full_stack);
    world->options.targets = runtime;
    world_done(world, yaml);
    const char *id = tiny_only(world->cloud, "runtime")->key;
    if (tiny_number(world->cloud, "log_group") == 0) {
        char *name = gt_printf(world->arena, "/aws/bedrock-agentcore/runtimes/%s-DEFAULT", id);
        tiny_add(world->cloud, "log_group", name,
                 gt_printf(world->arena, "{'logGroupName': '%s'}", name));
    }
    ck_assert_ptr_null(world_entry(world, "log_group.runtime.lark"));
    world->options.targets = NULL;
    world->options.replaces = runtime;
    world->options.allow_replace = all;
    world_done(world, yaml);
    ck_assert_int_eq(action_of(world, "log_group.runtime.lark"), GT_ACTION_REPLACE);
    ck_assert_str_ne(tiny_only(world->cloud, "runtime")->key, id);
    ck_assert_ptr_nonnull(
        strstr(tiny_only(world->cloud, "log_group")->key, tiny_only(world->cloud, "runtime")->key));
    world->options.replaces = NULL;
    tiny_forget(world->cloud);
    world_done(world, yaml);
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
}
END_TEST

Suite *replace_suite(void)
{
    Suite *suite = suite_create("replace");
    TCase *tests = tcase_create("replace");
    tcase_add_checked_fixture(tests, world_setup, world_teardown);
    tcase_add_test(tests, a_replaced_gateway_takes_its_targets_along_in_the_right_order);
    tcase_add_test(tests, a_replaced_client_is_removed_after_its_users_moved);
    tcase_add_test(tests, a_replaced_client_that_could_not_be_removed_is_removed_by_the_next_apply);
    tcase_add_test(tests, a_client_whose_replacement_got_lost_is_not_taken_for_it);
    tcase_add_loop_test(tests, a_run_that_was_killed_while_it_replaced_a_client_loses_none, 0, 6);
    tcase_add_test(tests, a_replacement_that_was_refused_leaves_the_client_that_is_there);
    tcase_add_test(tests, all_that_were_replaced_are_removed_by_one_apply);
    tcase_add_loop_test(tests, what_was_replaced_goes_with_a_resource_that_the_manifest_drops, 0,
                        2);
    tcase_add_test(tests, a_run_that_is_about_something_else_leaves_what_was_replaced);
    tcase_add_test(tests, a_replacement_is_reported_once);
    tcase_add_test(tests, a_type_of_target_that_changes_needs_a_new_target_and_no_new_gateway);
    tcase_add_test(tests, what_a_replaced_object_had_goes_with_it_though_it_was_never_adopted);
    suite_add_tcase(suite, tests);
    return suite;
}
