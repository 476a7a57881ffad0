/* Changing what is there. */
#include "world.h"

WORLD

static const char changed_stack[] =
    "gateways: {tools: {authorizer: AWS_IAM, description: Better tools}}\n"
    "targets: {docs: {gateway: tools, endpoint: \"https://example.com/mcp\"}}\n";

#define RUNTIME(body)                                                                              \
    "runtimes: {lark: {image: \"123456789012.dkr.ecr.us-east-1.amazonaws.com/lark:1\"," body "}}"  \
    "\n"

START_TEST(update_keeps_members_that_only_the_service_has)
{
    world_done(world, manifest(world, small_stack));
    struct tiny_object *gateway = tiny_only(world->cloud, "gateway");
    json_object_set_new(gateway->doc, "exceptionLevel", json_string("DEBUG"));
    json_object_set_new(gateway->doc, "kmsKeyArn",
                        json_string("arn:aws:kms:us-east-1:123456789012:key/abc"));
    world_done(world, manifest(world, changed_stack));
    ck_assert_str_eq(gt_text_at(gateway->doc, "/description"), "Better tools");
    ck_assert_str_eq(gt_text_at(gateway->doc, "/exceptionLevel"), "DEBUG");
    ck_assert_ptr_nonnull(gt_text_at(gateway->doc, "/kmsKeyArn"));
    ck_assert_ptr_nonnull(gt_text_at(gateway->doc, "/roleArn"));
    ASSERT_COUNT(world, "UpdateGateway", 1);
    ASSERT_COUNT(world, "UpdateGatewayTarget", 0);
}
END_TEST

START_TEST(a_member_that_the_manifest_drops_is_reset)
{
    world_done(world, manifest(world, small_stack));
    world_done(world, manifest(world, "gateways: {tools: {authorizer: AWS_IAM}}\n"
                                      "targets: {docs: {gateway: tools, endpoint: "
                                      "\"https://example.com/mcp\"}}\n"));
    ck_assert_ptr_null(gt_at(tiny_only(world->cloud, "gateway")->doc, "/description"));
    tiny_forget(world->cloud);
    world_done(world, manifest(world, "gateways: {tools: {authorizer: AWS_IAM}}\n"
                                      "targets: {docs: {gateway: tools, endpoint: "
                                      "\"https://example.com/mcp\"}}\n"));
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
}
END_TEST

START_TEST(update_of_a_runtime_waits_until_default_serves_the_new_version)
{
    world_done(world, manifest(world, RUNTIME("environment: {A: one}")));
    struct tiny_object *runtime = tiny_only(world->cloud, "runtime");
    ck_assert_str_eq(runtime->served, "1");
    world->cloud->serve_reads = 9;
    tiny_forget(world->cloud);
    world_done(world, manifest(world, RUNTIME("environment: {A: two}")));
    ASSERT_COUNT(world, "UpdateAgentRuntime", 1);
    ck_assert_uint_ge(tiny_count(world->cloud, "GetAgentRuntimeEndpoint"), 10);
    ck_assert_str_eq(runtime->served, "2");
    ck_assert_str_eq(gt_text_at(world_entry(world, "runtime.lark"), "/outputs/agentRuntimeVersion"),
                     "2");
}
END_TEST

START_TEST(a_runtime_that_an_interrupted_run_left_is_waited_for)
{
    world->cloud->serve_reads = 5;
    world->interrupt_at = "GetAgentRuntimeEndpoint";
    const char *yaml = manifest(world, RUNTIME("environment: {A: one}"));
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_INTERRUPTED);
    world_done(world, yaml);
    ck_assert_str_eq(tiny_only(world->cloud, "runtime")->served, "1");
    ASSERT_COUNT(world, "CreateAgentRuntime", 1);
}
END_TEST

START_TEST(a_runtime_whose_default_never_shows_is_done_with_a_warning)
{
    world->cloud->serve_reads = 1000000;
    world_done(world, manifest(world, RUNTIME("pin: false")));
    ASSERT_DIAG(world, "not-seen");
}
END_TEST

START_TEST(changed_tags_are_written_without_an_update)
{
    world_done(world, manifest(world, small_stack));
    const char *tagged = manifest(world, "defaults: {tags: {team: platform}}\n"
                                         "gateways: {tools: {authorizer: AWS_IAM, description: "
                                         "Tools}}\ntargets: {docs: {gateway: tools, endpoint: "
                                         "\"https://example.com/mcp\"}}\n");
    world_done(world, tagged);
    struct tiny_object *gateway = tiny_only(world->cloud, "gateway");
    ck_assert_str_eq(gt_text_at(gateway->tags, "/team"), "platform");
    json_object_set_new(gateway->tags, "theirs", json_string("kept"));
    world_done(world, manifest(world, small_stack));
    ck_assert_ptr_null(gt_at(gateway->tags, "/team"));
    ck_assert_str_eq(gt_text_at(gateway->tags, "/theirs"), "kept");
    ASSERT_COUNT(world, "UpdateGateway", 0);
}
END_TEST

START_TEST(what_is_ignored_keeps_what_is_live_also_when_something_else_is_updated)
{
    const char *yaml = manifest(world, "gateways: {tools: {authorizer: AWS_IAM, description: Mine,"
                                       " ignore: [description]}}\n");
    world_done(world, yaml);
    struct tiny_object *gateway = tiny_only(world->cloud, "gateway");
    json_object_set_new(gateway->doc, "description", json_string("Theirs"));
    tiny_forget(world->cloud);
    world_done(world, yaml);
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
    world_done(world, manifest(world, "gateways: {tools: {authorizer: AWS_IAM, description: Mine,"
                                      " ignore: [description],"
                                      " properties: {exceptionLevel: DEBUG}}}\n"));
    ASSERT_COUNT(world, "UpdateGateway", 1);
    ck_assert_str_eq(gt_text_at(gateway->doc, "/description"), "Theirs");
    ck_assert_str_eq(gt_text_at(gateway->doc, "/exceptionLevel"), "DEBUG");
}
END_TEST

START_TEST(an_inline_policy_that_changes_is_put_again)
{
    const char *one = manifest(world, "roles: {worker: {trust: lambda.amazonaws.com, policies: "
                                      "{read: [{Effect: Allow, Action: \"s3:GetObject\","
                                      " Resource: \"arn:aws:s3:::a/*\"}]}}}\n");
    const char *two = manifest(world, "roles: {worker: {trust: lambda.amazonaws.com, policies: "
                                      "{read: [{Effect: Allow, Action: \"s3:GetObject\","
                                      " Resource: \"arn:aws:s3:::b/*\"}]}}}\n");
    world_done(world, one);
    tiny_forget(world->cloud);
    world_done(world, two);
    ASSERT_COUNT(world, "PutRolePolicy", 1);
    ck_assert_uint_eq(tiny_mutations(world->cloud), 1);
    ck_assert_ptr_nonnull(strstr(
        gt_text_at(tiny_only(world->cloud, "role_policy")->doc, "/PolicyDocument"), "s3:::b/"));
}
END_TEST

SUITE(update, update_keeps_members_that_only_the_service_has,
      a_member_that_the_manifest_drops_is_reset,
      update_of_a_runtime_waits_until_default_serves_the_new_version,
      a_runtime_that_an_interrupted_run_left_is_waited_for,
      a_runtime_whose_default_never_shows_is_done_with_a_warning,
      changed_tags_are_written_without_an_update,
      what_is_ignored_keeps_what_is_live_also_when_something_else_is_updated,
      an_inline_policy_that_changes_is_put_again)
