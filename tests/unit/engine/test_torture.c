/*
 * Something happens at every change of a run: the process is killed before or after the change is
 * done, or the answer gets lost. The next run converges, nothing is there twice or left over.
 */
#include "world.h"

WORLD

enum { MOST_CHANGES = 16, FAULTS = 4 };

static const char *const everything[] = {"*", NULL};

static const struct {
    const char *kind;
    size_t number;
} expected[] = {{"user_pool", 1}, {"domain", 1}, {"resource_server", 1},
                {"client", 1},    {"role", 2},   {"gateway", 1},
                {"runtime", 1},   {"target", 1}, {"log_group", 1}};

static const char *other_gateway(void)
{
    return manifest(world, "identity: {mcp: {resourceServer: MyGateway, scopes: {invoke: Invoke "
                           "tools}, clients: {quick: {scopes: [invoke]}}}}\n"
                           "gateways: {tools: {name: other, identity: mcp}}\n"
                           "runtimes: {lark: {image: \"123456789012.dkr.ecr.us-east-1.amazonaws."
                           "com/lark-mcp:latest\", environment: {MODE: another}}}\n"
                           "targets: {lark: {gateway: tools, runtime: lark}}\n");
}

/* Runs with a fault at one change, in a world that was prepared; false when the run has fewer. */
static bool run_with_fault(const char *yaml, int change, int fault)
{
    size_t number = (size_t)change + 1;
    world->kill_number = number;
    world->kill_done = fault % 2 == 1;
    world->survives = fault >= 2;
    world_apply(world, yaml);
    return world->mutations >= number;
}

/* A new world for each fault: a process of its own for each would take most of the time. */
static void renew(void)
{
    world_teardown();
    world_setup();
}

static void check_converged(const char *yaml, int fault)
{
    world_done(world, yaml);
    for (size_t i = 0; i < GT_COUNT(expected); i++)
        ck_assert_msg(tiny_number(world->cloud, expected[i].kind) == expected[i].number,
                      "fault %d: %zu of %s:%s", fault, tiny_number(world->cloud, expected[i].kind),
                      expected[i].kind, said(world));
    ck_assert_str_eq(gt_text_at(tiny_only(world->cloud, "target")->doc, "/status"), "READY");
    ck_assert(!world->unannounced);
    tiny_forget(world->cloud);
    world_done(world, yaml);
    ck_assert_msg(tiny_mutations(world->cloud) == 0, "fault %d:%s", fault, said(world));
    ck_assert_ptr_null(world_file(world, "default.journal"));
}

START_TEST(a_fault_at_any_change_of_a_first_apply_loses_nothing)
{
    for (int fault = 0; fault < FAULTS; fault++, renew()) {
        const char *yaml = manifest(world, full_stack);
        if (!run_with_fault(yaml, _i, fault))
            return;
        check_converged(yaml, fault);
    }
}
END_TEST

START_TEST(a_fault_at_any_change_of_a_replacement_loses_nothing)
{
    for (int fault = 0; fault < FAULTS; fault++, renew()) {
        world_done(world, manifest(world, full_stack));
        world->options.allow_replace = everything;
        const char *yaml = other_gateway();
        if (!run_with_fault(yaml, _i, fault))
            return;
        check_converged(yaml, fault);
        ck_assert_str_eq(gt_text_at(tiny_only(world->cloud, "gateway")->doc, "/name"), "other");
    }
}
END_TEST

START_TEST(a_fault_at_any_change_of_a_destroy_leaves_nothing)
{
    for (int fault = 0; fault < FAULTS; fault++, renew()) {
        const char *yaml = manifest(world, full_stack);
        world_done(world, yaml);
        world->options.destroy = true;
        if (!run_with_fault(yaml, _i, fault))
            return;
        ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_DONE);
        for (size_t i = 0; i < world->cloud->objects.len; i++)
            ck_assert_msg(world->cloud->objects.at[i]->gone, "fault %d: %s %s", fault,
                          world->cloud->objects.at[i]->kind, world->cloud->objects.at[i]->key);
    }
}
END_TEST

START_TEST(the_loops_are_long_enough_for_every_change)
{
    const char *yaml = manifest(world, full_stack);
    world_done(world, yaml);
    ck_assert_uint_le(world->mutations, MOST_CHANGES);
    ck_assert_uint_gt(world->mutations, 12);
    world->options.allow_replace = everything;
    world_done(world, other_gateway());
    ck_assert_uint_le(world->mutations, MOST_CHANGES);
    ASSERT_RESULT(world, world_destroy(world, other_gateway()), GT_APPLY_DONE);
    ck_assert_uint_le(world->mutations, MOST_CHANGES);
}
END_TEST

Suite *torture_suite(void)
{
    Suite *suite = suite_create("torture");
    TCase *tests = tcase_create("torture");
    tcase_add_checked_fixture(tests, world_setup, world_teardown);
    tcase_add_loop_test(tests, a_fault_at_any_change_of_a_first_apply_loses_nothing, 0,
                        MOST_CHANGES);
    tcase_add_loop_test(tests, a_fault_at_any_change_of_a_replacement_loses_nothing, 0,
                        MOST_CHANGES);
    tcase_add_loop_test(tests, a_fault_at_any_change_of_a_destroy_leaves_nothing, 0, MOST_CHANGES);
    tcase_add_test(tests, the_loops_are_long_enough_for_every_change);
    suite_add_tcase(suite, tests);
    return suite;
}
