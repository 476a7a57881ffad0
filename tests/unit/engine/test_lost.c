/* Answers that get lost: nothing is made twice, and nothing is believed without a look. */
#include "world.h"

WORLD

START_TEST(a_lost_create_without_token_is_looked_up_and_not_made_twice)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateUserPool", .lost = true});
    world_done(world, manifest(world, full_stack));
    ASSERT_COUNT(world, "CreateUserPool", 1);
    ck_assert_uint_eq(tiny_number(world->cloud, "user_pool"), 1);
    ck_assert_str_eq(gt_text_at(world_entry(world, "user_pool.mcp"), "/identity/Id"),
                     tiny_only(world->cloud, "user_pool")->key);
    tiny_forget(world->cloud);
    world_done(world, manifest(world, full_stack));
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
}
END_TEST

START_TEST(what_a_lost_create_makes_late_is_found_all_the_same)
{
    tiny_script(world->cloud,
                (struct tiny_script){.operation = "CreateUserPool", .lost = true, .late_ms = 9000});
    world_done(world, manifest(world, full_stack));
    ASSERT_COUNT(world, "CreateUserPool", 1);
    ck_assert_uint_eq(tiny_number(world->cloud, "user_pool"), 1);
}
END_TEST

START_TEST(a_second_lost_create_is_given_its_own_time)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateUserPool", .dropped = true});
    tiny_script(world->cloud,
                (struct tiny_script){.operation = "CreateUserPool", .lost = true, .late_ms = 9000});
    world_done(world, manifest(world, full_stack));
    ASSERT_COUNT(world, "CreateUserPool", 2);
    ck_assert_uint_eq(tiny_number(world->cloud, "user_pool"), 1);
}
END_TEST

START_TEST(a_create_that_never_arrived_is_sent_again)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateUserPool", .dropped = true});
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateRole", .dropped = true});
    world_done(world, manifest(world, full_stack));
    ASSERT_COUNT(world, "CreateUserPool", 2);
    ASSERT_COUNT(world, "CreateRole", 3);
    int64_t pause = tiny_nth(world->cloud, "CreateUserPool", 1)->at_ms -
                    tiny_nth(world->cloud, "CreateUserPool", 0)->at_ms;
    ck_assert_int_ge(pause, 15000);
}
END_TEST

START_TEST(a_lost_create_with_a_token_is_sent_again_with_the_same_token)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateGateway", .lost = true});
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateGateway", .dropped = true});
    world_done(world, manifest(world, small_stack));
    ASSERT_COUNT(world, "CreateGateway", 3);
    const json_t *first = tiny_nth(world->cloud, "CreateGateway", 0)->input;
    ck_assert_uint_eq(strlen(gt_text_at(first, "/clientToken")), 36);
    ck_assert(json_equal(first, tiny_nth(world->cloud, "CreateGateway", 1)->input));
    ck_assert(json_equal(first, tiny_nth(world->cloud, "CreateGateway", 2)->input));
    ck_assert_uint_eq(tiny_number(world->cloud, "gateway"), 1);
}
END_TEST

START_TEST(a_garbled_answer_is_a_lost_one)
{
    tiny_script(world->cloud,
                (struct tiny_script){.operation = "CreateUserPoolClient", .garbled = true});
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateGateway", .garbled = true});
    world_done(world, manifest(world, full_stack));
    ASSERT_COUNT(world, "CreateUserPoolClient", 1);
    ck_assert_uint_eq(tiny_number(world->cloud, "client"), 1);
    ck_assert_uint_eq(tiny_number(world->cloud, "gateway"), 1);
}
END_TEST

static const char better[] =
    "gateways: {tools: {authorizer: AWS_IAM, description: Better tools}}\n"
    "targets: {docs: {gateway: tools, endpoint: \"https://example.com/mcp\"}}\n";

START_TEST(a_lost_update_is_compared_first)
{
    world_done(world, manifest(world, small_stack));
    tiny_script(world->cloud, (struct tiny_script){.operation = "UpdateGateway", .lost = true});
    world_done(world, manifest(world, better));
    ASSERT_COUNT(world, "UpdateGateway", 1);
    ck_assert_str_eq(gt_text_at(tiny_only(world->cloud, "gateway")->doc, "/status"), "READY");
}
END_TEST

START_TEST(an_update_that_never_arrived_is_sent_again)
{
    world_done(world, manifest(world, small_stack));
    tiny_script(world->cloud, (struct tiny_script){.operation = "UpdateGateway", .dropped = true});
    world_done(world, manifest(world, better));
    ASSERT_COUNT(world, "UpdateGateway", 2);
    ck_assert_str_eq(gt_text_at(tiny_only(world->cloud, "gateway")->doc, "/description"),
                     "Better tools");
}
END_TEST

START_TEST(tags_whose_answer_was_lost_are_compared_again)
{
    world_done(world, manifest(world, small_stack));
    tiny_script(world->cloud, (struct tiny_script){
                                  .operation = "TagResource", .part = "gateway", .dropped = true});
    const char *tagged =
        manifest(world, gt_printf(arena, "defaults: {tags: {team: platform}}\n%s", small_stack));
    world_done(world, tagged);
    ck_assert_str_eq(gt_text_at(tiny_only(world->cloud, "gateway")->tags, "/team"), "platform");
    ASSERT_COUNT(world, "TagResource", 2);
}
END_TEST

START_TEST(a_lost_removal_is_looked_after)
{
    const char *yaml = manifest(world, small_stack);
    world_done(world, yaml);
    tiny_script(world->cloud, (struct tiny_script){.operation = "DeleteGateway", .lost = true});
    tiny_script(world->cloud,
                (struct tiny_script){.operation = "DeleteGatewayTarget", .dropped = true});
    ASSERT_RESULT(world, world_destroy(world, yaml), GT_APPLY_DONE);
    ASSERT_COUNT(world, "DeleteGateway", 1);
    ASSERT_COUNT(world, "DeleteGatewayTarget", 2);
    ck_assert_uint_eq(tiny_number(world->cloud, "gateway"), 0);
}
END_TEST

START_TEST(a_call_that_is_never_answered_fails_and_the_next_apply_finds_what_it_made)
{
    tiny_script(world->cloud,
                (struct tiny_script){.operation = "CreateGateway", .times = -1, .lost = true});
    tiny_script(
        world->cloud,
        (struct tiny_script){.operation = "ListGateways", .skip = 1, .times = -1, .dropped = true});
    const char *yaml = manifest(world, small_stack);
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_PARTLY);
    world->cloud->scripts.len = 0;
    size_t before = tiny_count(world->cloud, "CreateGateway");
    world_done(world, yaml);
    ASSERT_COUNT(world, "CreateGateway", before);
    ck_assert_uint_eq(tiny_number(world->cloud, "gateway"), 1);
}
END_TEST

START_TEST(a_create_that_was_lost_and_then_refused_is_looked_up)
{
    static const char *const codes[] = {"ThrottlingException", "AccessDeniedException",
                                        "ConflictException"};
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateGateway", .lost = true});
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateGateway",
                                                   .times = -1,
                                                   .code = codes[_i],
                                                   .message = "not again",
                                                   .http_status = _i == 0 ? 429 : 403});
    const char *yaml = manifest(world, small_stack);
    world_done(world, yaml);
    ck_assert_uint_eq(tiny_number(world->cloud, "gateway"), 1);
    ck_assert_ptr_null(world_file(world, "default.journal"));
}
END_TEST

START_TEST(what_was_found_after_a_lost_create_and_is_not_shown_for_a_moment_is_not_made_again)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateUserPool", .lost = true});
    tiny_script(world->cloud, (struct tiny_script){.operation = "DescribeUserPool",
                                                   .skip = 1,
                                                   .times = 2,
                                                   .code = "ResourceNotFoundException",
                                                   .message = "not here yet"});
    world_done(world, manifest(world, full_stack));
    ASSERT_COUNT(world, "CreateUserPool", 1);
    ck_assert_uint_eq(tiny_number(world->cloud, "user_pool"), 1);
}
END_TEST

START_TEST(what_was_changed_and_is_not_shown_for_a_moment_is_not_made_again)
{
    world_done(world, manifest(world, small_stack));
    tiny_script(world->cloud, (struct tiny_script){.operation = "UpdateGateway", .lost = true});
    tiny_script(world->cloud, (struct tiny_script){.operation = "GetGateway",
                                                   .skip = 2,
                                                   .code = "ResourceNotFoundException",
                                                   .message = "not here",
                                                   .http_status = 404});
    world_done(world, manifest(world, better));
    ASSERT_COUNT(world, "CreateGateway", 1);
}
END_TEST

Suite *lost_suite(void)
{
    const TTest *const single[] = {
        a_lost_create_without_token_is_looked_up_and_not_made_twice,
        what_a_lost_create_makes_late_is_found_all_the_same,
        a_second_lost_create_is_given_its_own_time,
        a_create_that_never_arrived_is_sent_again,
        a_lost_create_with_a_token_is_sent_again_with_the_same_token,
        a_garbled_answer_is_a_lost_one,
        a_lost_update_is_compared_first,
        an_update_that_never_arrived_is_sent_again,
        tags_whose_answer_was_lost_are_compared_again,
        a_lost_removal_is_looked_after,
        a_call_that_is_never_answered_fails_and_the_next_apply_finds_what_it_made,
        what_was_found_after_a_lost_create_and_is_not_shown_for_a_moment_is_not_made_again,
        what_was_changed_and_is_not_shown_for_a_moment_is_not_made_again};
    Suite *suite = suite_create("lost");
    TCase *tests = tcase_create("lost");
    tcase_add_checked_fixture(tests, world_setup, world_teardown);
    for (size_t i = 0; i < GT_COUNT(single); i++)
        tcase_add_test(tests, single[i]);
    tcase_add_loop_test(tests, a_create_that_was_lost_and_then_refused_is_looked_up, 0, 3);
    suite_add_tcase(suite, tests);
    return suite;
}
