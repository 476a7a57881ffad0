/* Waiting until what was made works, and what passes by itself. */
#include "world.h"

WORLD

static const char unreachable[] = "Failed to connect and fetch tools from the provided MCP target "
                                  "server. Error - Authorization error when sending message";

START_TEST(a_failed_target_is_driven_again_and_becomes_ready)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateGatewayTarget",
                                                   .status = "FAILED",
                                                   .reason = unreachable});
    world_done(world, manifest(world, small_stack));
    ASSERT_COUNT(world, "CreateGatewayTarget", 1);
    ASSERT_COUNT(world, "UpdateGatewayTarget", 1);
    ck_assert_str_eq(gt_text_at(tiny_only(world->cloud, "target")->doc, "/status"), "READY");
    ck_assert(has_event(world, gt_printf(arena, "retrying target.docs: %s", unreachable)));
}
END_TEST

START_TEST(a_target_that_stays_failed_ends_with_the_reason_of_the_service)
{
    const char *const two[] = {"CreateGatewayTarget", "UpdateGatewayTarget"};
    for (size_t i = 0; i < 2; i++)
        tiny_script(world->cloud, (struct tiny_script){.operation = two[i],
                                                       .part = "broken",
                                                       .times = -1,
                                                       .status = "FAILED",
                                                       .reason = unreachable});
    const char *yaml =
        manifest(world, "gateways: {tools: {authorizer: AWS_IAM}}\n"
                        "targets:\n"
                        "  bad: {gateway: tools, endpoint: \"https://broken.example.com/mcp\"}\n"
                        "  good: {gateway: tools, endpoint: \"https://example.com/mcp\"}\n"
                        "roles: {later: {trust: lambda.amazonaws.com, after: [target.bad]}}\n");
    int64_t start = world->fixed.monotonic_ms;
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_PARTLY);
    const struct gt_diag *diag = diag_of(world, "resource-failed");
    ASSERT_DIAG(world, "resource-failed");
    ck_assert_str_eq(diag->subject, "target.bad");
    ck_assert_ptr_nonnull(strstr(diag->message, unreachable));
    ck_assert_uint_eq(world->diags.errors, 1);
    ck_assert(has_event(world, "done target.good"));
    ck_assert(has_event(world, "skipped role.later: target.bad failed"));
    int64_t took = world->fixed.monotonic_ms - start;
    ck_assert_int_ge(took, 120000);
    ck_assert_int_lt(took, 150000);
    ck_assert_str_eq(gt_text_at(world_entry(world, "target.bad"), "/status"), "failed");

    world->cloud->scripts.len = 0;
    world_done(world, yaml);
    ASSERT_COUNT(world, "CreateGatewayTarget", 2);
    ck_assert_uint_eq(tiny_number(world->cloud, "target"), 2);
}
END_TEST

START_TEST(a_target_that_fails_for_another_reason_is_not_driven_again)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateGatewayTarget",
                                                   .status = "FAILED",
                                                   .reason = "the schema is no schema"});
    ASSERT_RESULT(world, world_apply(world, manifest(world, small_stack)), GT_APPLY_PARTLY);
    ASSERT_COUNT(world, "UpdateGatewayTarget", 0);
    ck_assert_ptr_nonnull(
        strstr(diag_of(world, "resource-failed")->message, "the schema is no schema"));
}
END_TEST

START_TEST(a_gateway_that_failed_to_be_made_is_replaced_without_asking)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateGateway",
                                                   .status = "FAILED",
                                                   .reason = "an internal error"});
    const char *yaml = manifest(world, small_stack);
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_PARTLY);
    world_done(world, yaml);
    ck_assert_int_eq(action_of(world, "gateway.tools"), GT_ACTION_REPLACE);
    ck_assert_uint_eq(tiny_number(world->cloud, "gateway"), 1);
    ck_assert_str_eq(gt_text_at(tiny_only(world->cloud, "gateway")->doc, "/status"), "READY");
}
END_TEST

START_TEST(a_role_that_is_not_visible_yet_is_waited_for)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateGateway",
                                                   .times = 5,
                                                   .code = "ValidationException",
                                                   .message = "Role validation failed for role"});
    world_done(world, manifest(world, small_stack));
    ASSERT_COUNT(world, "CreateGateway", 6);
    ck_assert_str_eq(gt_text_at(tiny_nth(world->cloud, "CreateGateway", 0)->input, "/clientToken"),
                     gt_text_at(tiny_nth(world->cloud, "CreateGateway", 5)->input, "/clientToken"));
}
END_TEST

START_TEST(a_role_that_never_shows_is_not_waited_for_beyond_the_limit)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateGateway",
                                                   .times = -1,
                                                   .code = "ValidationException",
                                                   .message = "Role validation failed for role"});
    ASSERT_RESULT(world, world_apply(world, manifest(world, small_stack)), GT_APPLY_PARTLY);
    size_t number = tiny_count(world->cloud, "CreateGateway");
    int64_t took = tiny_nth(world->cloud, "CreateGateway", number - 1)->at_ms -
                   tiny_nth(world->cloud, "CreateGateway", 0)->at_ms;
    ck_assert_int_ge(took, 105000);
    ck_assert_int_le(took, 131000);
    ck_assert_str_eq(world->diags.list.at[0]->remote.code, "ValidationException");
}
END_TEST

START_TEST(another_refusal_is_not_repeated)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateGateway",
                                                   .times = -1,
                                                   .code = "ValidationException",
                                                   .message = "the name is too beautiful"});
    ASSERT_RESULT(world, world_apply(world, manifest(world, small_stack)), GT_APPLY_PARTLY);
    ASSERT_COUNT(world, "CreateGateway", 1);
}
END_TEST

START_TEST(a_storm_in_between_does_not_lengthen_the_limit_of_a_passing_error)
{
    for (int i = 0; i < 300; i++) {
        tiny_script(world->cloud, (struct tiny_script){.operation = "CreateAgentRuntime",
                                                       .code = "ValidationException",
                                                       .message = "Role validation failed"});
        tiny_script(world->cloud, (struct tiny_script){.operation = "CreateAgentRuntime",
                                                       .code = "ThrottlingException",
                                                       .message = "slow down",
                                                       .http_status = 429});
    }
    int64_t start = world->fixed.monotonic_ms;
    ASSERT_RESULT(world, world_apply(world, manifest(world, full_stack)), GT_APPLY_PARTLY);
    ck_assert_int_le(world->fixed.monotonic_ms - start, 10 * 60000);
}
END_TEST

START_TEST(throttling_is_waited_out)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateGateway",
                                                   .times = 4,
                                                   .code = "ThrottlingException",
                                                   .message = "Rate exceeded",
                                                   .http_status = 429});
    world_done(world, manifest(world, small_stack));
    ck_assert_uint_eq(tiny_number(world->cloud, "gateway"), 1);
}
END_TEST

START_TEST(a_target_that_waits_for_a_person_is_done_with_a_warning)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateGatewayTarget",
                                                   .status = "CREATE_PENDING_AUTH"});
    world_done(world, manifest(world, small_stack));
    ASSERT_DIAG(world, "needs-consent");
    ck_assert_int_eq(diag_of(world, "needs-consent")->severity, GT_SEVERITY_WARNING);
    ck_assert_str_eq(diag_of(world, "needs-consent")->subject, "target.docs");
    tiny_forget(world->cloud);
    world_done(world, manifest(world, small_stack));
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
}
END_TEST

START_TEST(a_target_is_settled_when_it_was_seen_ready_twice)
{
    world->cloud->reads = 0;
    world_done(world, manifest(world, small_stack));
    ck_assert_uint_ge(tiny_count(world->cloud, "GetGatewayTarget"), 2);
}
END_TEST

START_TEST(reads_that_fail_for_a_while_do_not_fail_the_wait)
{
    tiny_script(world->cloud,
                (struct tiny_script){.operation = "GetGateway", .times = 3, .dropped = true});
    world_done(world, manifest(world, small_stack));
    ASSERT_COUNT(world, "CreateGateway", 1);
}
END_TEST

START_TEST(a_runtime_is_woken_before_its_target_is_made)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "InvokeAgentRuntime",
                                                   .times = 3,
                                                   .code = "RuntimeClientError",
                                                   .message = "it is not up yet",
                                                   .http_status = 424});
    world_done(world, manifest(world, full_stack));
    ASSERT_COUNT(world, "InvokeAgentRuntime", 4);
    ASSERT_BEFORE(world, "InvokeAgentRuntime", "CreateGatewayTarget");
}
END_TEST

SUITE(settle, a_failed_target_is_driven_again_and_becomes_ready,
      a_target_that_stays_failed_ends_with_the_reason_of_the_service,
      a_target_that_fails_for_another_reason_is_not_driven_again,
      a_gateway_that_failed_to_be_made_is_replaced_without_asking,
      a_role_that_is_not_visible_yet_is_waited_for,
      a_role_that_never_shows_is_not_waited_for_beyond_the_limit, another_refusal_is_not_repeated,
      a_storm_in_between_does_not_lengthen_the_limit_of_a_passing_error, throttling_is_waited_out,
      a_target_that_waits_for_a_person_is_done_with_a_warning,
      a_target_is_settled_when_it_was_seen_ready_twice,
      reads_that_fail_for_a_while_do_not_fail_the_wait,
      a_runtime_is_woken_before_its_target_is_made)
