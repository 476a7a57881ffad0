/* Roles of the manifest and roles from the graph. */
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
#define IMAGE "image: '123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1'"

START_TEST(declare_trust_policies_and_attachments)
{
    ASSERT_BUILT(&test, HEAD
                 "defaults: {role: {path: /x/}}\nroles:\n  worker:\n    trust: "
                 "[lambda.amazonaws.com, 'arn:aws:iam::123456789012:root']\n"
                 "    policies:\n      read:\n        - {Effect: Allow, Action: 's3:GetObject', "
                 "Resource: '*', Condition: {StringEquals: {'aws:SourceAccount': 012345678901}}}\n"
                 "    managedPolicies: ['arn:aws:iam::aws:policy/ReadOnlyAccess']\n    "
                 "maxSessionDuration: 7200\n");
    assert_property(&test, "role.worker", "/AssumeRolePolicyDocument/Statement",
                    "[{'Effect': 'Allow', 'Principal': {'Service': 'lambda.amazonaws.com'}, "
                    "'Action': 'sts:AssumeRole'},"
                    " {'Effect': 'Allow', 'Principal': {'AWS': 'arn:aws:iam::123456789012:root'}, "
                    "'Action': 'sts:AssumeRole'}]");
    assert_property(&test, "role_policy.worker.read", "/PolicyDocument/Statement/0/Condition",
                    "{'StringEquals': {'aws:SourceAccount': '012345678901'}}");
    assert_property(&test, "role_attachment.worker.ReadOnlyAccess", "",
                    "{'RoleName': '${role.worker.RoleName}', 'PolicyArn': "
                    "'arn:aws:iam::aws:policy/ReadOnlyAccess'}");
    assert_property(&test, "role.worker", "/Path", "'/x/'");
    assert_property(&test, "role.worker", "/MaxSessionDuration", "7200");
}
END_TEST

START_TEST(add_policies_of_the_server_to_the_role_of_its_runtime)
{
    ASSERT_BUILT(&test, HEAD "runtimes:\n  r:\n    " IMAGE
                             "\n    policies: {reports: [{Effect: Allow, Action: 's3:GetObject', "
                             "Resource: 'arn:aws:s3:::b/*'}]}\n");
    assert_property(&test, "role_policy.runtime.r.reports", "/RoleName",
                    "'${role.runtime.r.RoleName}'");
    ck_assert(depends_on(&test, "runtime.r", "role_policy.runtime.r.reports"));
}
END_TEST

START_TEST(say_what_a_role_of_ones_own_must_allow)
{
    ASSERT_BUILT(&test, HEAD "runtimes:\n  r:\n    " IMAGE
                             "\n    role: arn:aws:iam::123456789012:role/mine\n");
    ck_assert_ptr_null(gt_stack_find(&test.stack, "role.runtime.r"));
    ASSERT_DIAG(&test, "role-needs");
    ck_assert_ptr_nonnull(strstr(diag_of(&test, "role-needs")->message, "ecr:BatchGetImage"));
}
END_TEST

START_TEST(say_what_a_role_of_the_manifest_lacks)
{
    ASSERT_BUILT(
        &test, HEAD
        "roles:\n  w:\n    trust: bedrock-agentcore.amazonaws.com\n"
        "    policies: {p: [{Effect: Allow, Action: ['bedrock-agentcore:Get*'], Resource: '*'}]}\n"
        "gateways:\n  g: {authorizer: AWS_IAM, role: w}\n"
        "runtimes:\n  r: {" IMAGE "}\ntargets:\n  t: {gateway: g, runtime: r}\n");
    ASSERT_DIAG(&test, "role-lacks");
    ck_assert_str_eq(
        diag_of(&test, "role-lacks")->message,
        "role.w does not allow bedrock-agentcore:InvokeAgentRuntime on all that is needed");
    test = stack_test(arena);
    ASSERT_BUILT(&test,
                 HEAD "roles:\n  w:\n    trust: bedrock-agentcore.amazonaws.com\n"
                      "    policies: {p: [{Effect: Allow, Action: ['bedrock-agentcore:*'], "
                      "Resource: 'arn:aws:bedrock-agentcore:*:123456789012:*'}]}\n"
                      "gateways:\n  g: {authorizer: AWS_IAM, role: w}\n"
                      "runtimes:\n  r: {" IMAGE "}\ntargets:\n  t: {gateway: g, runtime: r}\n");
    ck_assert_msg(diag_of(&test, "role-lacks") == NULL, "%s", diags_text(&test));
}
END_TEST

START_TEST(refuse_policies_for_a_role_of_ones_own)
{
    ck_assert(!build_text(&test, HEAD
                          "runtimes:\n  r:\n    " IMAGE
                          "\n    role: arn:aws:iam::123456789012:role/mine\n"
                          "    policies: {a: [{Effect: Allow, Action: '*', Resource: '*'}]}\n"));
    ASSERT_DIAG(&test, "conflicting-keys");
}
END_TEST

START_TEST(refer_to_a_role_that_exists)
{
    ASSERT_BUILT(&test, HEAD "roles:\n  mine: {existing: {name: deploy}}\nruntimes:\n  r: {" IMAGE
                             ", role: mine}\n");
    ck_assert_str_eq(resource_of(&test, "role.mine")->existing, "deploy");
    assert_property(&test, "runtime.r", "/roleArn", "'${role.mine.Arn}'");
}
END_TEST

START_TEST(name_the_role_that_was_meant)
{
    ck_assert(!build_text(&test,
                          HEAD "roles:\n  worker: {trust: a.amazonaws.com}\nruntimes:\n  r: {" IMAGE
                               ", role: wroker}\n"));
    ck_assert_str_eq(diag_of(&test, "unknown-role")->hint, "did you mean \"worker\"?");
}
END_TEST

START_TEST(outgrow_what_iam_takes)
{
    enum { COUNT = 150 };
    json_auto_t *root = json_pack("{si,ss,s{s{ss}},s{}}", "gantry", 1, "stack", "s", "gateways",
                                  "g", "authorizer", "AWS_IAM", "targets");
    for (int i = 0; i < COUNT; i++)
        json_object_set_new(
            json_object_get(root, "targets"), gt_printf(arena, "t%d", i),
            json_pack(
                "{ss,ss,ss}", "gateway", "g", "schema", "s3://bucket/tools.json", "lambda",
                gt_printf(arena,
                          "arn:aws:lambda:us-east-1:123456789012:function:a-name-of-some-length-%d",
                          i)));
    struct gt_doc doc = {.name = "m", .root = root, .marks = gt_marks_new(arena)};
    ck_assert(!gt_stack_build(arena, &doc, NULL, &test.options, &test.stack, &test.diags));
    ASSERT_DIAG(&test, "policy-too-large");
    ck_assert_uint_eq(test.diags.errors, 1);
}
END_TEST

START_TEST(allow_a_gateway_what_its_own_settings_need)
{
    ASSERT_BUILT(&test, HEAD
                 "gateways:\n  g:\n    authorizer: AWS_IAM\n    properties:\n"
                 "      kmsKeyArn: "
                 "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef\n"
                 "      policyEngineConfiguration: {mode: ENFORCE, arn: "
                 "'arn:aws:bedrock-agentcore:us-east-1:123456789012:policy-engine/e-0123456789'}\n"
                 "      interceptorConfigurations:\n        - interceptor: {lambda: {arn: "
                 "'arn:aws:lambda:us-east-1:123456789012:function:f'}}\n"
                 "          interceptionPoints: [REQUEST]\n");
    const char *text =
        gt_json_canonical(arena, property_of(&test, "role_policy.gateway.g", "/PolicyDocument"));
    static const char *const actions[] = {"kms:Decrypt", "bedrock-agentcore:AuthorizeAction",
                                          "bedrock-agentcore:GetPolicyEngine",
                                          "lambda:InvokeFunction"};
    for (size_t i = 0; i < GT_COUNT(actions); i++)
        ck_assert_msg(strstr(text, actions[i]) != NULL, "%s lacks %s", text, actions[i]);
}
END_TEST

Suite *roles_suite(void)
{
    Suite *suite = suite_create("roles");
    TCase *tcase = tcase_create("roles");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, declare_trust_policies_and_attachments);
    tcase_add_test(tcase, add_policies_of_the_server_to_the_role_of_its_runtime);
    tcase_add_test(tcase, say_what_a_role_of_ones_own_must_allow);
    tcase_add_test(tcase, say_what_a_role_of_the_manifest_lacks);
    tcase_add_test(tcase, refuse_policies_for_a_role_of_ones_own);
    tcase_add_test(tcase, refer_to_a_role_that_exists);
    tcase_add_test(tcase, name_the_role_that_was_meant);
    tcase_add_test(tcase, outgrow_what_iam_takes);
    tcase_add_test(tcase, allow_a_gateway_what_its_own_settings_need);
    suite_add_tcase(suite, tcase);
    return suite;
}
