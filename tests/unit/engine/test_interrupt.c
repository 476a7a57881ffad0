/* Ctrl-C and deadlines. */
#include "world.h"

WORLD

/* Whether all is there once, and the next apply has nothing to do. */
static void check_converged(const char *yaml)
{
    world_done(world, yaml);
    ck_assert_uint_eq(tiny_number(world->cloud, "user_pool"), 1);
    ck_assert_uint_eq(tiny_number(world->cloud, "client"), 1);
    ck_assert_uint_eq(tiny_number(world->cloud, "role"), 2);
    ck_assert_uint_eq(tiny_number(world->cloud, "gateway"), 1);
    ck_assert_uint_eq(tiny_number(world->cloud, "runtime"), 1);
    ck_assert_uint_eq(tiny_number(world->cloud, "target"), 1);
    tiny_forget(world->cloud);
    world_done(world, yaml);
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
}

START_TEST(an_interrupt_in_the_middle_saves_and_a_later_apply_converges)
{
    static const char *const calls[] = {"CreateRole",           "CreateUserPool",
                                        "CreateUserPoolClient", "CreateGateway",
                                        "GetGateway",           "PutRolePolicy",
                                        "CreateAgentRuntime",   "GetAgentRuntimeEndpoint",
                                        "CreateGatewayTarget",  "InvokeAgentRuntime",
                                        "GetGatewayTarget"};
    const char *yaml = manifest(world, full_stack);
    world->interrupt_at = calls[_i];
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_INTERRUPTED);
    ck_assert_msg(world_file(world, "default.json") != NULL, "%s", said(world));
    ck_assert_ptr_null(world_file(world, "default.journal"));
    ck_assert(has_event(world, "saved"));
    check_converged(yaml);
}
END_TEST

START_TEST(after_an_interrupt_no_new_change_is_sent)
{
    world->interrupt_at = "CreateUserPool";
    world_apply(world, manifest(world, full_stack));
    const struct tiny_call *call = tiny_nth(world->cloud, "CreateUserPool", 0);
    for (const struct tiny_call *next = call + 1;
         next < world->cloud->calls.at + world->cloud->calls.len; next++)
        ck_assert_msg(!tiny_mutates(next->operation) || next->at_ms == call->at_ms, "%s at %ld",
                      next->operation->name, (long)(next->at_ms - call->at_ms));
}
END_TEST

START_TEST(a_refused_call_that_waits_to_be_repeated_is_no_open_call)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateUserPool",
                                                   .times = -1,
                                                   .code = "TooManyRequestsException",
                                                   .message = "slow down"});
    world->interrupt_at = "CreateAgentRuntime";
    ASSERT_RESULT(world, world_apply(world, manifest(world, full_stack)), GT_APPLY_INTERRUPTED);
    ck_assert_ptr_null(world_file(world, "default.journal"));
    ck_assert_uint_eq(world->diags.errors, 0);
}
END_TEST

START_TEST(an_interrupt_while_planning_changes_nothing)
{
    world->interrupt_at = "GetRole";
    ASSERT_RESULT(world, world_apply(world, manifest(world, full_stack)), GT_APPLY_FAILED);
    ASSERT_DIAG(world, "interrupted");
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
}
END_TEST

START_TEST(the_deadline_ends_the_run_and_the_next_one_goes_on)
{
    const char *yaml = manifest(world, full_stack);
    world->cloud->reads = 1000;
    world->options.deadline_ms = 60000;
    int64_t start = world->fixed.monotonic_ms;
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_PARTLY);
    ASSERT_DIAG(world, "deadline");
    ck_assert_int_le(world->fixed.monotonic_ms - start, 62000);
    world->options.deadline_ms = 0;
    world->cloud->reads = 1;
    for (size_t i = 0; i < world->cloud->objects.len; i++)
        world->cloud->objects.at[i]->reads_left = 0;
    check_converged(yaml);
}
END_TEST

START_TEST(an_interrupted_destroy_goes_on_later)
{
    static const char *const calls[] = {"DeleteGatewayTarget", "GetGatewayTarget", "DeleteGateway",
                                        "DeleteUserPool", "DeleteRole"};
    const char *yaml = manifest(world, full_stack);
    world_done(world, yaml);
    world->options.destroy = true;
    world->interrupt_at = calls[_i];
    enum gt_apply_result result = world_apply(world, yaml);
    if (strcmp(calls[_i], "GetGatewayTarget") != 0) /* which planning reads, too */
        ck_assert_msg(result == GT_APPLY_INTERRUPTED, "%d %s", (int)result, said(world));
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_DONE);
    for (size_t i = 0; i < world->cloud->objects.len; i++)
        ck_assert_msg(world->cloud->objects.at[i]->gone, "%s %s", world->cloud->objects.at[i]->kind,
                      world->cloud->objects.at[i]->key);
}
END_TEST

Suite *interrupt_suite(void)
{
    Suite *suite = suite_create("interrupt");
    TCase *tests = tcase_create("interrupt");
    tcase_add_checked_fixture(tests, world_setup, world_teardown);
    tcase_add_loop_test(tests, an_interrupt_in_the_middle_saves_and_a_later_apply_converges, 0, 11);
    tcase_add_test(tests, after_an_interrupt_no_new_change_is_sent);
    tcase_add_test(tests, a_refused_call_that_waits_to_be_repeated_is_no_open_call);
    tcase_add_test(tests, an_interrupt_while_planning_changes_nothing);
    tcase_add_test(tests, the_deadline_ends_the_run_and_the_next_one_goes_on);
    tcase_add_loop_test(tests, an_interrupted_destroy_goes_on_later, 0, 5);
    suite_add_tcase(suite, tests);
    return suite;
}
