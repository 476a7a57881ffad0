/* Dependencies, order, cycles. */
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

#define LOG(name, text) "  " name ": {type: log_group, properties: {logGroupName: \"" text "\"}}\n"

START_TEST(puts_dependencies_first_and_keeps_the_order_of_the_manifest)
{
    ASSERT_BUILT(&test, "gantry: 1\nstack: s\nresources:\n" LOG("a", "x-${log_group.d.arn}")
                            LOG("b", "b") LOG("c", "c") LOG("d", "d"));
    static const char *const order[] = {"log_group.d", "log_group.a", "log_group.b", "log_group.c"};
    for (size_t i = 0; i < GT_COUNT(order); i++)
        ck_assert_str_eq(test.stack.resources.at[i].address, order[i]);
    ck_assert_uint_eq(test.stack.resources.at[0].dependents.len, 1);
    ck_assert_uint_eq(test.stack.resources.at[0].dependents.at[0], 1);
}
END_TEST

START_TEST(waits_for_what_after_names)
{
    ASSERT_BUILT(
        &test, "gantry: 1\nstack: s\nresources:\n"
               "  a: {type: log_group, after: [log_group.b], properties: {logGroupName: a}}\n" LOG(
                   "b", "b"));
    ck_assert(depends_on(&test, "log_group.a", "log_group.b"));
}
END_TEST

START_TEST(refuses_to_wait_for_nothing_or_for_itself)
{
    ck_assert(!build_text(&test, "gantry: 1\nstack: s\nresources:\n"
                                 "  a: {type: log_group, after: [log_group.bb, log_group.a], "
                                 "properties: {logGroupName: a}}\n" LOG("b", "b")));
    ASSERT_DIAG(&test, "unknown-address");
    ASSERT_DIAG(&test, "self-reference");
}
END_TEST

START_TEST(makes_users_of_a_role_wait_for_its_policies_and_attachments)
{
    ASSERT_BUILT(
        &test,
        "gantry: 1\nstack: s\nroles:\n  worker:\n    trust: bedrock-agentcore.amazonaws.com\n"
        "    policies: {all: [{Effect: Allow, Action: '*', Resource: '*'}]}\n"
        "    managedPolicies: ['arn:aws:iam::aws:policy/ReadOnlyAccess']\n"
        "runtimes:\n  r: {role: worker, image: "
        "'123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1'}\n");
    ck_assert(depends_on(&test, "runtime.r", "role.worker"));
    ck_assert(depends_on(&test, "runtime.r", "role_policy.worker.all"));
    ck_assert(depends_on(&test, "runtime.r", "role_attachment.worker.ReadOnlyAccess"));
    ck_assert(
        !depends_on(&test, "role_policy.worker.all", "role_attachment.worker.ReadOnlyAccess"));
    ck_assert(
        !depends_on(&test, "role_attachment.worker.ReadOnlyAccess", "role_policy.worker.all"));
}
END_TEST

START_TEST(reports_a_role_whose_policy_needs_its_user_as_a_cycle)
{
    ck_assert(!build_text(
        &test,
        "gantry: 1\nstack: s\nroles:\n  worker:\n    trust: bedrock-agentcore.amazonaws.com\n"
        "    policies: {all: [{Effect: Allow, Action: 'a:b', Resource: "
        "'${runtime.r.agentRuntimeArn}'}]}\n"
        "runtimes:\n  r: {role: worker, image: "
        "'123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1'}\n"));
    ASSERT_DIAG(&test, "dependency-cycle");
    ck_assert_str_eq(diag_of(&test, "dependency-cycle")->message,
                     "dependency cycle: role_policy.worker.all (gantry.yaml:4:3) -> runtime.r "
                     "(gantry.yaml:8:3) -> role_policy.worker.all");
}
END_TEST

START_TEST(keeps_what_something_kept_needs)
{
    ASSERT_BUILT(&test, "gantry: 1\nstack: s\nresources:\n"
                        "  a: {type: log_group, retain: true, properties: {logGroupName: "
                        "\"x-${log_group.b.arn}\"}}\n" LOG("b", "b") LOG("c", "c"));
    ck_assert(resource_of(&test, "log_group.b")->retain);
    ck_assert(!resource_of(&test, "log_group.c")->retain);
}
END_TEST

START_TEST(orders_long_chains_without_recursion)
{
    enum { COUNT = 5000 };
    struct gt_diags diags = gt_diags_init(arena);
    json_auto_t *root = json_pack("{si,ss,s{}}", "gantry", 1, "stack", "s", "resources");
    for (int i = 0; i < COUNT; i++)
        json_object_set_new(
            json_object_get(root, "resources"), gt_printf(arena, "n%d", i),
            json_pack("{ss,s{ss}}", "type", "log_group", "properties", "logGroupName",
                      i + 1 < COUNT ? gt_printf(arena, "${log_group.n%d.arn}", i + 1) : "end"));
    struct gt_doc doc = {.name = "m", .root = root, .marks = gt_marks_new(arena)};
    ck_assert(gt_stack_build(arena, &doc, NULL, &test.options, &test.stack, &diags));
    ck_assert_str_eq(test.stack.resources.at[0].address, "log_group.n4999");
    ck_assert_str_eq(test.stack.resources.at[COUNT - 1].address, "log_group.n0");
}
END_TEST

START_TEST(builds_a_thousand_targets)
{
    enum { COUNT = 1000, GATEWAYS = 20 };
    json_auto_t *root =
        json_pack("{si,ss,s{},s{}}", "gantry", 1, "stack", "s", "gateways", "targets");
    for (int i = 0; i < GATEWAYS; i++)
        json_object_set_new(json_object_get(root, "gateways"), gt_printf(arena, "g%d", i),
                            json_pack("{ss}", "authorizer", "AWS_IAM"));
    for (int i = 0; i < COUNT; i++)
        json_object_set_new(json_object_get(root, "targets"), gt_printf(arena, "t%d", i),
                            json_pack("{ss,ss}", "gateway", gt_printf(arena, "g%d", i % GATEWAYS),
                                      "endpoint", gt_printf(arena, "https://h%d.example/mcp", i)));
    struct gt_doc doc = {.name = "m", .root = root, .marks = gt_marks_new(arena)};
    ck_assert_msg(gt_stack_build(arena, &doc, NULL, &test.options, &test.stack, &test.diags), "%s",
                  diags_text(&test));
    ck_assert_uint_eq(test.stack.resources.len, COUNT + 3 * GATEWAYS);
}
END_TEST

Suite *graph_suite(void)
{
    Suite *suite = suite_create("graph");
    TCase *tcase = tcase_create("graph");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, puts_dependencies_first_and_keeps_the_order_of_the_manifest);
    tcase_add_test(tcase, waits_for_what_after_names);
    tcase_add_test(tcase, refuses_to_wait_for_nothing_or_for_itself);
    tcase_add_test(tcase, makes_users_of_a_role_wait_for_its_policies_and_attachments);
    tcase_add_test(tcase, reports_a_role_whose_policy_needs_its_user_as_a_cycle);
    tcase_add_test(tcase, keeps_what_something_kept_needs);
    tcase_add_test(tcase, orders_long_chains_without_recursion);
    tcase_add_test(tcase, builds_a_thousand_targets);
    suite_add_tcase(suite, tcase);
    return suite;
}
