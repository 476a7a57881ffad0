/* What an apply does, in which order, and that the next one does nothing. */
#include "world.h"

WORLD

START_TEST(first_apply_makes_everything_in_the_order_of_the_graph)
{
    const char *yaml = manifest(world, full_stack);
    world_done(world, yaml);
    ASSERT_BEFORE(world, "CreateUserPool", "CreateResourceServer");
    ASSERT_BEFORE(world, "CreateUserPool", "CreateUserPoolDomain");
    ASSERT_BEFORE(world, "CreateResourceServer", "CreateUserPoolClient");
    ASSERT_BEFORE(world, "CreateUserPoolClient", "CreateGateway");
    ASSERT_BEFORE(world, "CreateRole", "CreateAgentRuntime");
    ASSERT_BEFORE(world, "CreateGateway", "CreateGatewayTarget");
    ASSERT_BEFORE(world, "CreateAgentRuntime", "CreateGatewayTarget");
    ASSERT_BEFORE(world, "PutRolePolicy", "CreateGatewayTarget");
    ck_assert_uint_eq(tiny_number(world->cloud, "role"), 2);
    ck_assert_uint_eq(tiny_number(world->cloud, "log_group"), 1);
    ck_assert_str_eq(gt_text_at(tiny_only(world->cloud, "target")->doc, "/status"), "READY");
    const char *url = gt_text_at(
        gt_keep(arena, json_loads(world_file(world, "default.json"), 0, NULL)), "/outputs/url");
    ck_assert_str_eq(url, gt_text_at(tiny_only(world->cloud, "gateway")->doc, "/gatewayUrl"));
}
END_TEST

START_TEST(second_apply_makes_no_mutating_call)
{
    const char *yaml = manifest(world, full_stack);
    world_done(world, yaml);
    const char *before = world_file(world, "default.json");
    tiny_forget(world->cloud);
    world_done(world, yaml);
    ck_assert_msg(tiny_mutations(world->cloud) == 0, "%s", said(world));
    ck_assert_uint_gt(world->cloud->calls.len, 10);
    ck_assert(!gt_plan_has_changes(world->plan));
    ck_assert_str_eq(world_file(world, "default.json"), before);
    ck_assert_ptr_null(world_file(world, "default.journal"));
}
END_TEST

START_TEST(gateway_and_runtime_are_made_at_the_same_time)
{
    world->cloud->reads = 20;
    world_done(world, manifest(world, full_stack));
    int64_t gateway = tiny_nth(world->cloud, "CreateGateway", 0)->at_ms;
    int64_t runtime = tiny_nth(world->cloud, "CreateAgentRuntime", 0)->at_ms;
    ck_assert_int_lt(gateway, tiny_only(world->cloud, "runtime")->settled_ms);
    ck_assert_int_lt(runtime, tiny_only(world->cloud, "gateway")->settled_ms);
    ck_assert_int_gt(tiny_nth(world->cloud, "CreateGatewayTarget", 0)->at_ms,
                     tiny_only(world->cloud, "gateway")->settled_ms);
}
END_TEST

START_TEST(a_failure_stops_its_dependents_and_nothing_else)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateAgentRuntime",
                                                   .times = -1,
                                                   .code = "ServiceQuotaExceededException",
                                                   .message = "too many runtimes",
                                                   .http_status = 402});
    const char *yaml = manifest(world, full_stack);
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_PARTLY);
    ck_assert_uint_eq(world->diags.errors, 1);
    ck_assert_str_eq(world->diags.list.at[0]->subject, "runtime.lark");
    ck_assert_str_eq(world->diags.list.at[0]->remote.code, "ServiceQuotaExceededException");
    ck_assert(has_event(world, "skipped target.lark: runtime.lark failed"));
    ck_assert(has_event(world, "done gateway.tools"));
    ck_assert_ptr_nonnull(world_entry(world, "gateway.tools"));
    ck_assert_ptr_null(world_entry(world, "runtime.lark"));

    world->cloud->scripts.len = 0;
    world_done(world, yaml);
    ASSERT_COUNT(world, "CreateGateway", 1);
}
END_TEST

START_TEST(a_first_call_that_is_refused_is_no_partial_success)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateRole",
                                                   .times = -1,
                                                   .code = "AccessDenied",
                                                   .message = "not for you",
                                                   .http_status = 403});
    ASSERT_RESULT(world, world_apply(world, manifest(world, small_stack)), GT_APPLY_FAILED);
    ck_assert_uint_eq(tiny_mutations(world->cloud), 1);
}
END_TEST

START_TEST(target_option_makes_what_it_needs_and_nothing_else)
{
    const char *const targets[] = {"gateway.tools", NULL};
    world->options.targets = targets;
    world_done(world, manifest(world, full_stack));
    ck_assert_uint_eq(tiny_number(world->cloud, "gateway"), 1);
    ck_assert_uint_eq(tiny_number(world->cloud, "client"), 1);
    ck_assert_uint_eq(tiny_number(world->cloud, "runtime"), 0);
    ck_assert_uint_eq(tiny_number(world->cloud, "target"), 0);
}
END_TEST

SUITE(order, first_apply_makes_everything_in_the_order_of_the_graph,
      second_apply_makes_no_mutating_call, gateway_and_runtime_are_made_at_the_same_time,
      a_failure_stops_its_dependents_and_nothing_else,
      a_first_call_that_is_refused_is_no_partial_success,
      target_option_makes_what_it_needs_and_nothing_else)
