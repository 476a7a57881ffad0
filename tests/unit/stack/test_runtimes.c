/* Runtimes: artifacts, network, endpoints, inbound tokens. */
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

#define HEAD "gantry: 1\nstack: s\nruntimes:\n  r:\n"
#define IMAGE "    image: '123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1'\n"

START_TEST(join_a_vpc_where_subnets_are_given)
{
    ASSERT_BUILT(&test, HEAD IMAGE
                 "    network: {subnets: [subnet-01234567], securityGroups: [sg-01234567]}\n");
    assert_property(&test, "runtime.r", "/networkConfiguration",
                    "{'networkMode': 'VPC', 'networkModeConfig': {'subnets': ['subnet-01234567'], "
                    "'securityGroups': ['sg-01234567']}}");
    test = stack_test(arena);
    ck_assert(!build_text(&test, HEAD IMAGE "    network: {mode: VPC}\n"));
    ASSERT_DIAG(&test, "missing-key");
}
END_TEST

START_TEST(have_named_endpoints_with_log_groups)
{
    ASSERT_BUILT(&test,
                 HEAD IMAGE "    logRetention: 30\n    endpoints:\n      prod-1: {version: 3}\n"
                            "gateways:\n  g: {authorizer: AWS_IAM}\n"
                            "targets:\n  t: {gateway: g, runtime: r, runtimeEndpoint: prod-1}\n");
    assert_property(&test, "runtime_endpoint.r.prod-1", "",
                    "{'agentRuntimeId': '${runtime.r.agentRuntimeId}', 'agentRuntimeVersion': '3', "
                    "'name': 'prod_1'}");
    assert_property(
        &test, "log_group.runtime.r.prod-1", "",
        "{'logGroupName': '/aws/bedrock-agentcore/runtimes/${runtime.r.agentRuntimeId}-prod_1', "
        "'retentionInDays': 30}");
    ck_assert(gt_ends_with(gt_text_at(resource_of(&test, "target.t")->properties,
                                      "/targetConfiguration/mcp/mcpServer/endpoint"),
                           "/invocations?qualifier=${runtime_endpoint.r.prod-1.name}"));
    ck_assert(depends_on(&test, "target.t", "runtime_endpoint.r.prod-1"));
}
END_TEST

START_TEST(can_do_without_log_groups)
{
    ASSERT_BUILT(&test, HEAD IMAGE "    logs: false\n");
    ck_assert_ptr_null(gt_stack_find(&test.stack, "log_group.runtime.r"));
}
END_TEST

START_TEST(run_code_from_s3)
{
    ASSERT_BUILT(&test, HEAD "    code: {bucket: my-bucket, prefix: a/b.zip, runtime: PYTHON_3_13, "
                             "entryPoint: [main.py]}\n");
    assert_property(&test, "runtime.r", "/agentRuntimeArtifact",
                    "{'codeConfiguration': {'code': {'s3': {'bucket': 'my-bucket', 'prefix': "
                    "'a/b.zip'}}, 'runtime': 'PYTHON_3_13', 'entryPoint': ['main.py']}}");
    const char *text =
        gt_json_canonical(arena, property_of(&test, "role_policy.runtime.r", "/PolicyDocument"));
    ck_assert_ptr_nonnull(strstr(text, "arn:aws:s3:::my-bucket/a/b.zip"));
    ck_assert_ptr_null(strstr(text, "ecr:"));
}
END_TEST

START_TEST(are_not_pinned_where_that_has_no_meaning)
{
    ASSERT_BUILT(&test, HEAD IMAGE "    pin: false\n");
    ck_assert_ptr_null(resource_of(&test, "runtime.r")->image_pin);
    ASSERT_BUILT(&test, HEAD "    image: 'public.ecr.aws/a/b:latest'\n");
    ck_assert_ptr_null(resource_of(&test, "runtime.r")->image_pin);
    ASSERT_BUILT(&test, HEAD "    image: '123456789012.dkr.ecr.us-east-1.amazonaws.com/x@sha256:"
                             "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'\n");
    ck_assert_ptr_null(resource_of(&test, "runtime.r")->image_pin);
}
END_TEST

START_TEST(are_warned_of_images_for_other_machines)
{
    ASSERT_BUILT(&test, HEAD "    image: "
                             "'123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1-amd64'\n");
    ASSERT_DIAG(&test, "wrong-architecture");
}
END_TEST

START_TEST(need_no_image_in_the_embedded_cloud)
{
    ck_assert(!build_text(&test, HEAD "    local: {command: [./server]}\n"));
    test = stack_test(arena);
    test.options.local = true;
    ASSERT_BUILT(&test, HEAD "    local: {command: [./server]}\n");
    ck_assert_ptr_null(resource_of(&test, "runtime.r")->image_pin);
    ck_assert_ptr_nonnull(resource_of(&test, "runtime.r")->local);
}
END_TEST

START_TEST(let_callers_in_by_token)
{
    ASSERT_BUILT(&test, HEAD IMAGE "    identity: mcp\n    headers: [X-Team]\n    lifecycle: "
                                   "{idleRuntimeSessionTimeout: 120}\n"
                                   "identity:\n  mcp: {clients: {a: {}}}\n");
    assert_property(&test, "runtime.r",
                    "/authorizerConfiguration/customJWTAuthorizer/allowedClients",
                    "['${user_pool_client.mcp.a.ClientId}']");
    assert_property(&test, "runtime.r", "/requestHeaderConfiguration",
                    "{'requestHeaderAllowlist': ['X-Team']}");
    assert_property(&test, "runtime.r", "/lifecycleConfiguration",
                    "{'idleRuntimeSessionTimeout': 120}");
}
END_TEST

START_TEST(take_properties_over_what_was_made)
{
    ASSERT_BUILT(&test, HEAD IMAGE
                 "    environment: {A: 1, B: two}\n    properties:\n      protocolConfiguration: "
                 "{serverProtocol: HTTP}\n"
                 "      environmentVariables: {B: null, C: yes}\n      tags: {own: tag}\n");
    assert_property(&test, "runtime.r", "/protocolConfiguration", "{'serverProtocol': 'HTTP'}");
    assert_property(&test, "runtime.r", "/environmentVariables", "{'A': '1', 'C': 'yes'}");
    ck_assert_ptr_null(property_of(&test, "runtime.r", "/tags"));
    ck_assert_str_eq(gt_text_at(resource_of(&test, "runtime.r")->tags, "/own"), "tag");
}
END_TEST

START_TEST(can_exist_already)
{
    ASSERT_BUILT(&test,
                 HEAD "    existing: {id: mine-0123456789}\ngateways:\n  g: {authorizer: AWS_IAM}\n"
                      "targets:\n  t: {gateway: g, runtime: r}\n");
    ck_assert_str_eq(resource_of(&test, "runtime.r")->existing, "mine-0123456789");
    ck_assert_uint_eq(test.stack.resources.len, 6);
    assert_property(&test, "role_policy.gateway.g.targets", "/PolicyDocument/Statement/0/Resource",
                    "['${runtime.r.agentRuntimeArn}', '${runtime.r.agentRuntimeArn}/*']");
}
END_TEST

START_TEST(let_pass_what_is_unchecked_and_leave_drift_alone)
{
    ASSERT_BUILT(&test,
                 HEAD IMAGE "    properties: {newMember: {a: 1}}\n    unchecked: [newMember]\n    "
                            "ignore: [description, environmentVariables.A]\n");
    assert_property(&test, "runtime.r", "/newMember", "{'a': 1}");
    ck_assert_str_eq(resource_of(&test, "runtime.r")->ignore[0], "/description");
    ck_assert_str_eq(resource_of(&test, "runtime.r")->ignore[1], "/environmentVariables/A");
    ck_assert_str_eq(resource_of(&test, "runtime.r")->unchecked[0], "/newMember");
}
END_TEST

Suite *runtimes_suite(void)
{
    Suite *suite = suite_create("runtimes");
    TCase *tcase = tcase_create("runtimes");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, join_a_vpc_where_subnets_are_given);
    tcase_add_test(tcase, have_named_endpoints_with_log_groups);
    tcase_add_test(tcase, can_do_without_log_groups);
    tcase_add_test(tcase, run_code_from_s3);
    tcase_add_test(tcase, are_not_pinned_where_that_has_no_meaning);
    tcase_add_test(tcase, are_warned_of_images_for_other_machines);
    tcase_add_test(tcase, need_no_image_in_the_embedded_cloud);
    tcase_add_test(tcase, let_callers_in_by_token);
    tcase_add_test(tcase, take_properties_over_what_was_made);
    tcase_add_test(tcase, can_exist_already);
    tcase_add_test(tcase, let_pass_what_is_unchecked_and_leave_drift_alone);
    suite_add_tcase(suite, tcase);
    return suite;
}
