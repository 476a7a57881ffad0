/* What a killed run left is settled by the next one. */
#include "world.h"

WORLD

START_TEST(a_create_that_was_done_is_found_and_adopted)
{
    const char *yaml = manifest(world, full_stack);
    world->kill_at = "CreateUserPool";
    world->kill_done = true;
    world_apply(world, yaml);
    world_done(world, yaml);
    ck_assert_msg(has_event(world, "recovered user_pool.mcp: CreateUserPool: it was made"), "%s",
                  said(world));
    ASSERT_COUNT(world, "CreateUserPool", 1);
    ck_assert_uint_eq(tiny_number(world->cloud, "user_pool"), 1);
}
END_TEST

START_TEST(a_create_that_was_not_done_is_made)
{
    const char *yaml = manifest(world, full_stack);
    world->kill_at = "CreateUserPool";
    world_apply(world, yaml);
    world_done(world, yaml);
    ck_assert_msg(has_event(world, "recovered user_pool.mcp: CreateUserPool: it was not made"),
                  "%s", said(world));
    ck_assert_uint_eq(tiny_number(world->cloud, "user_pool"), 1);
}
END_TEST

START_TEST(a_request_that_may_still_be_running_is_waited_for)
{
    const char *yaml = manifest(world, full_stack);
    world->kill_at = "CreateUserPool";
    world->kill_done = true;
    tiny_script(world->cloud,
                (struct tiny_script){.operation = "CreateUserPool", .late_ms = 200000});
    world_apply(world, yaml);
    tiny_only(world->cloud, "user_pool")->visible_ms = world->fixed.monotonic_ms + 5000;
    world_done(world, yaml);
    ASSERT_COUNT(world, "CreateUserPool", 1);
    ck_assert_uint_eq(tiny_number(world->cloud, "user_pool"), 1);
}
END_TEST

START_TEST(a_request_that_may_still_be_running_is_waited_for_by_a_destroy_too)
{
    const char *yaml = manifest(world, "gateways: {tools: {authorizer: AWS_IAM}}\n");
    world->kill_at = "CreateGateway";
    world->kill_done = true;
    world_apply(world, yaml);
    tiny_only(world->cloud, "gateway")->visible_ms = world->fixed.monotonic_ms + 5000;
    ASSERT_RESULT(world, world_destroy(world, yaml), GT_APPLY_DONE);
    ck_assert_uint_eq(tiny_number(world->cloud, "gateway"), 0);
}
END_TEST

START_TEST(what_was_just_made_and_is_not_shown_yet_is_not_gone)
{
    const char *yaml =
        manifest(world, "resources: {people: {type: user_pool, properties: {PoolName: people}}}\n");
    tiny_script(world->cloud,
                (struct tiny_script){.operation = "CreateUserPool", .late_ms = 20000});
    world->interrupt_at = "DescribeUserPool";
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_INTERRUPTED);
    if (_i == 0) {
        world_done(world, yaml);
        ASSERT_COUNT(world, "CreateUserPool", 1);
    } else {
        ASSERT_RESULT(world, world_destroy(world, yaml), GT_APPLY_DONE);
        ck_assert_uint_eq(tiny_number(world->cloud, "user_pool"), 0);
    }
}
END_TEST

START_TEST(the_same_token_goes_with_the_same_body)
{
    const char *yaml = manifest(world, small_stack);
    world->kill_at = "CreateGateway";
    world_apply(world, yaml);
    world_done(world, yaml);
    ASSERT_COUNT(world, "CreateGateway", 1);
    const char *token =
        gt_text_at(tiny_nth(world->cloud, "CreateGateway", 0)->input, "/clientToken");
    const char *first = strstr(world->journal, "CreateGateway");
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_nonnull(strstr(first, token));
    /* The killed run's intent has it, and the second run's. */
    ck_assert_ptr_nonnull(strstr(strstr(first, token) + 1, token));
}
END_TEST

START_TEST(another_body_gets_another_token)
{
    world->kill_at = "CreateGateway";
    world_apply(world, manifest(world, small_stack));
    world_done(world, manifest(world, "gateways: {tools: {authorizer: AWS_IAM}}\n"
                                      "targets: {docs: {gateway: tools, endpoint: "
                                      "\"https://example.com/mcp\"}}\n"));
    const char *token =
        gt_text_at(tiny_nth(world->cloud, "CreateGateway", 0)->input, "/clientToken");
    const char *first = strstr(world->journal, "CreateGateway");
    ck_assert_ptr_null(strstr(strstr(first, token) + 1, token));
}
END_TEST

/* The recorded digest leaves secrets out: it cannot tell that the body is still the same. */
START_TEST(a_body_with_secrets_gets_another_token)
{
    static const char form[] =
        "runtimes: {lark: {image: public.ecr.aws/lark/mcp:1, environment: {KEY: %s}}}\n";
    world->kill_at = "CreateAgentRuntime";
    world_apply(world, manifest(world, gt_printf(world->arena, form, "one")));
    world_done(world, manifest(world, gt_printf(world->arena, form, "two")));
    const char *token =
        gt_text_at(tiny_nth(world->cloud, "CreateAgentRuntime", 0)->input, "/clientToken");
    const char *first = strstr(world->journal, "CreateAgentRuntime");
    ck_assert_ptr_null(strstr(strstr(first, token) + 1, token));
}
END_TEST

START_TEST(what_was_made_for_an_address_that_the_manifest_no_longer_has_is_removed)
{
    const char *const all[] = {"*", NULL};
    world->kill_at = "CreateUserPool";
    world->kill_done = true;
    world_apply(world, manifest(world, full_stack));
    ck_assert_uint_eq(tiny_number(world->cloud, "user_pool"), 1);
    world->options.allow_replace = all;
    world_done(world, manifest(world, small_stack));
    ck_assert_uint_eq(tiny_number(world->cloud, "user_pool"), 0);
    ck_assert_uint_eq(tiny_number(world->cloud, "gateway"), 1);
}
END_TEST

START_TEST(what_is_adopted_keeps_its_place_in_the_order_of_removal)
{
    world->kill_at = "CreateGatewayTarget";
    world->kill_done = true;
    world_apply(world, manifest(world, small_stack));
    tiny_forget(world->cloud);
    ASSERT_RESULT(world, world_destroy(world, manifest(world, "")), GT_APPLY_DONE);
    ASSERT_BEFORE(world, "DeleteGatewayTarget", "DeleteGateway");
    ASSERT_COUNT(world, "DeleteGateway", 1);
}
END_TEST

START_TEST(the_token_of_an_object_that_was_found_is_used_up)
{
    static const char *const gateway[] = {"gateway.tools", NULL};
    static const char *const all[] = {"*", NULL};
    const char *yaml = manifest(world, "gateways: {tools: {authorizer: AWS_IAM}}\n");
    world->kill_at = "CreateGateway";
    world->kill_done = true;
    world_apply(world, yaml);
    world->options.replaces = gateway;
    world->options.allow_replace = all;
    world_done(world, yaml);
    ASSERT_COUNT(world, "CreateGateway", 2);
    ck_assert_str_ne(gt_text_at(tiny_nth(world->cloud, "CreateGateway", 0)->input, "/clientToken"),
                     gt_text_at(tiny_nth(world->cloud, "CreateGateway", 1)->input, "/clientToken"));
}
END_TEST

START_TEST(an_intent_of_a_type_that_is_not_known_is_kept)
{
    struct gt_session *session = world_session(world);
    gt_session_intent(session, &(struct gt_record){.kind = GT_RECORD_INTENT,
                                                   .address = "hologram.a",
                                                   .type = "hologram",
                                                   .operation = "CreateHologram",
                                                   .creates = true});
    ck_assert(gt_session_commit(session, &world->diags));
    gt_session_close(session);
    for (int run = 0; run < 2; run++) {
        ASSERT_RESULT(world, world_apply(world, manifest(world, small_stack)), GT_APPLY_FAILED);
        ASSERT_DIAG(world, "unknown-type");
    }
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
}
END_TEST

START_TEST(what_was_made_again_for_an_object_that_was_deleted_by_others_is_found)
{
    const char *yaml =
        manifest(world, "resources: {people: {type: user_pool, properties: {PoolName: people}}}\n");
    world_done(world, yaml);
    tiny_only(world->cloud, "user_pool")->gone = true;
    world->kill_at = "CreateUserPool";
    world->kill_done = true;
    world_apply(world, yaml);
    world_done(world, yaml);
    ck_assert_uint_eq(tiny_number(world->cloud, "user_pool"), 1);
    ck_assert_str_eq(gt_text_at(world_entry(world, "user_pool.people"), "/identity/Id"),
                     tiny_only(world->cloud, "user_pool")->key);
}
END_TEST

START_TEST(an_object_of_another_lineage_is_not_what_a_killed_run_made)
{
    const char *yaml = manifest(world, full_stack);
    world->kill_at = "CreateUserPool";
    world_apply(world, yaml);
    tiny_add(world->cloud, "user_pool", "us-east-1_Theirs", "{'PoolName': 'lark-mcp'}");
    world_done(world, yaml);
    ck_assert_str_ne(gt_text_at(world_entry(world, "user_pool.mcp"), "/identity/Id"),
                     "us-east-1_Theirs");
    ck_assert_uint_eq(tiny_number(world->cloud, "user_pool"), 2);
}
END_TEST

START_TEST(a_look_that_fails_stops_before_anything_is_sent)
{
    const char *yaml = manifest(world, full_stack);
    world->kill_at = "CreateUserPool";
    world->kill_done = true;
    world_apply(world, yaml);
    tiny_script(world->cloud, (struct tiny_script){.operation = "ListUserPools",
                                                   .times = -1,
                                                   .code = "NotAuthorizedException",
                                                   .message = "no"});
    tiny_forget(world->cloud);
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_FAILED);
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
    world->cloud->scripts.len = 0;
    world_done(world, yaml);
    ck_assert_uint_eq(tiny_number(world->cloud, "user_pool"), 1);
}
END_TEST

Suite *recover_suite(void)
{
    const TTest *const single[] = {
        a_create_that_was_done_is_found_and_adopted,
        a_create_that_was_not_done_is_made,
        a_request_that_may_still_be_running_is_waited_for,
        a_request_that_may_still_be_running_is_waited_for_by_a_destroy_too,
        the_same_token_goes_with_the_same_body,
        another_body_gets_another_token,
        a_body_with_secrets_gets_another_token,
        what_was_made_for_an_address_that_the_manifest_no_longer_has_is_removed,
        what_is_adopted_keeps_its_place_in_the_order_of_removal,
        the_token_of_an_object_that_was_found_is_used_up,
        an_intent_of_a_type_that_is_not_known_is_kept,
        what_was_made_again_for_an_object_that_was_deleted_by_others_is_found,
        an_object_of_another_lineage_is_not_what_a_killed_run_made,
        a_look_that_fails_stops_before_anything_is_sent};
    Suite *suite = suite_create("recover");
    TCase *tests = tcase_create("recover");
    tcase_add_checked_fixture(tests, world_setup, world_teardown);
    for (size_t i = 0; i < GT_COUNT(single); i++)
        tcase_add_test(tests, single[i]);
    tcase_add_loop_test(tests, what_was_just_made_and_is_not_shown_yet_is_not_gone, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
