/* What planning reads and says. */
#include "world.h"

WORLD

START_TEST(planning_sends_no_change_and_writes_nothing)
{
    ck_assert_msg(world_plan(world, manifest(world, full_stack)), "%s", said(world));
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
    ck_assert_ptr_null(world_file(world, "default.json"));
    ck_assert_uint_eq(gt_plan_count(world->plan).create, world->plan->steps.len);
}
END_TEST

START_TEST(drift_is_told_from_a_change_of_the_manifest)
{
    world_done(world, manifest(world, small_stack));
    struct tiny_object *gateway = tiny_only(world->cloud, "gateway");
    json_object_set_new(gateway->doc, "description", json_string("somebody's"));
    ck_assert(world_plan(world, manifest(world, small_stack)));
    const struct gt_plan_step *step = step_of(world, "gateway.tools");
    ck_assert_int_eq(step->action, GT_ACTION_UPDATE);
    ck_assert_uint_eq(step->changes.list.len, 1);
    ck_assert_str_eq(step->changes.list.at[0].pointer, "/description");
    ck_assert_int_eq(step->changes.list.at[0].cause, GT_CAUSE_DRIFT);
    ck_assert_str_eq(step->reason, "it was changed outside gantry");
    world_done(world, manifest(world, small_stack));
    ck_assert_str_eq(gt_text_at(gateway->doc, "/description"), "Tools");
}
END_TEST

START_TEST(members_that_a_service_adds_are_no_drift)
{
    const char *yaml = manifest(world, full_stack);
    world_done(world, yaml);
    json_object_set_new(tiny_only(world->cloud, "gateway")->doc, "exceptionLevel",
                        json_string("DEBUG"));
    json_object_set_new(tiny_only(world->cloud, "user_pool")->doc, "MfaConfiguration",
                        json_string("OFF"));
    json_object_set_new(tiny_only(world->cloud, "client")->doc, "EnableTokenRevocation",
                        json_true());
    tiny_forget(world->cloud);
    world_done(world, yaml);
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
}
END_TEST

START_TEST(what_was_deleted_by_others_is_made_again)
{
    const char *yaml = manifest(world, small_stack);
    world_done(world, yaml);
    tiny_only(world->cloud, "target")->gone = true;
    world_done(world, yaml);
    ck_assert_int_eq(action_of(world, "target.docs"), GT_ACTION_CREATE);
    ck_assert_str_eq(step_of(world, "target.docs")->reason, "it is gone from the account");
    ck_assert_uint_eq(tiny_number(world->cloud, "target"), 1);
}
END_TEST

START_TEST(inline_policies_of_others_are_shown_and_left)
{
    const char *yaml = manifest(world, small_stack);
    world_done(world, yaml);
    const char *role = tiny_only(world->cloud, "role")->key;
    tiny_add(world->cloud, "role_policy", gt_printf(arena, "%s/extra", role),
             gt_printf(arena, "{'RoleName': '%s', 'PolicyName': 'extra'}", role));
    tiny_add(world->cloud, "role_attachment",
             gt_printf(arena, "%s/arn:aws:iam::aws:policy/ReadOnlyAccess", role),
             gt_printf(arena,
                       "{'RoleName': '%s', 'PolicyArn': 'arn:aws:iam::aws:policy/ReadOnlyAccess'}",
                       role));
    tiny_forget(world->cloud);
    world_done(world, yaml);
    const struct gt_plan_step *step = step_of(world, "role.gateway.tools");
    ck_assert_uint_eq(step->foreign.len, 2);
    const char *one = step->foreign.at[0], *two = step->foreign.at[1];
    bool inline_first = gt_starts_with(one, "inline");
    ck_assert_str_eq(inline_first ? one : two, "inline policy extra");
    ck_assert_str_eq(inline_first ? two : one,
                     "attached policy arn:aws:iam::aws:policy/ReadOnlyAccess");
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
}
END_TEST

START_TEST(a_renaming_in_the_manifest_replaces_nothing)
{
    world_done(world, manifest(world, "gateways: {tools: {authorizer: AWS_IAM, name: the-tools}}\n"
                                      "targets: {docs: {gateway: tools, endpoint: "
                                      "\"https://example.com/mcp\"}}\n"
                                      "roles: {old: {name: worker, trust: lambda.amazonaws.com}}"
                                      "\n"));
    struct tiny_object *target = tiny_only(world->cloud, "target");
    tiny_forget(world->cloud);
    world_done(world, manifest(world, "gateways: {tools: {authorizer: AWS_IAM, name: the-tools}}\n"
                                      "targets: {papers: {gateway: tools, name: docs, endpoint: "
                                      "\"https://example.com/mcp\"}}\n"
                                      "roles: {new: {name: worker, trust: lambda.amazonaws.com}}\n"
                                      "moved: [{from: target.docs, to: target.papers},"
                                      " {from: role.old, to: role.new}]\n"));
    /* A target has no tags: nothing is sent for it. The role's tag says its new address. */
    ck_assert_int_eq(action_of(world, "target.papers"), GT_ACTION_NOOP);
    ASSERT_COUNT(world, "TagRole", 1);
    ck_assert_uint_eq(tiny_mutations(world->cloud), 1);
    ck_assert(!target->gone);
    ck_assert_ptr_nonnull(world_entry(world, "target.papers"));
    ck_assert_ptr_null(world_entry(world, "target.docs"));
    ck_assert_ptr_null(world_entry(world, "role.old"));
}
END_TEST

START_TEST(lists_are_followed_to_their_last_page)
{
    for (int i = 0; i < 25; i++)
        tiny_add(world->cloud, "gateway", gt_printf(arena, "other-%010d", i),
                 gt_printf(arena, "{'name': 'other-%d'}", i));
    world->cloud->page_size = 10;
    tiny_add(world->cloud, "gateway", "gateway-0000009999", "{'name': 'lark-tools'}");
    ck_assert(!world_plan(world, manifest(world, small_stack)));
    ASSERT_DIAG(world, "not-ours");
    ASSERT_COUNT(world, "ListGateways", 3);
}
END_TEST

START_TEST(half_a_list_does_not_pass_for_the_whole)
{
    for (int i = 0; i < 5; i++)
        tiny_add(world->cloud, "gateway", gt_printf(arena, "other-%010d", i),
                 gt_printf(arena, "{'name': 'other-%d'}", i));
    world->cloud->page_size = 2;
    world->cloud->stuck = true;
    ck_assert(!world_plan(world, manifest(world, small_stack)));
    ck_assert_msg(strstr(said(world), "does not end") != NULL, "%s", said(world));
    ck_assert_uint_le(tiny_count(world->cloud, "ListGateways"), 2);
}
END_TEST

START_TEST(a_list_is_read_once_however_many_ask)
{
    ck_assert_msg(world_plan(world, manifest(world, "gateways:\n"
                                                    "  a: {authorizer: AWS_IAM}\n"
                                                    "  b: {authorizer: AWS_IAM}\n"
                                                    "  c: {authorizer: AWS_IAM}\n")),
                  "%s", said(world));
    ASSERT_COUNT(world, "ListGateways", 1);
}
END_TEST

START_TEST(the_tag_of_an_image_is_pinned_to_its_digest)
{
    const char *yaml = manifest(world, full_stack);
    world_done(world, yaml);
    const char *uri = gt_text_at(tiny_nth(world->cloud, "CreateAgentRuntime", 0)->input,
                                 "/agentRuntimeArtifact/containerConfiguration/containerUri");
    ck_assert_str_eq(uri, gt_printf(arena,
                                    "123456789012.dkr.ecr.us-east-1.amazonaws.com/"
                                    "lark-mcp@%s",
                                    world->cloud->digest));
    world->cloud->digest =
        "sha256:2222222222222222222222222222222222222222222222222222222222222222";
    world_done(world, yaml);
    ck_assert_int_eq(action_of(world, "runtime.lark"), GT_ACTION_UPDATE);
    ASSERT_COUNT(world, "UpdateAgentRuntime", 1);
}
END_TEST

START_TEST(an_image_that_is_not_there_is_an_error_before_anything_is_created)
{
    world->cloud->digest = NULL;
    ASSERT_RESULT(world, world_apply(world, manifest(world, full_stack)), GT_APPLY_FAILED);
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
    ck_assert_uint_eq(world->diags.errors, 1);
    ck_assert_str_eq(world->diags.list.at[0]->subject, "runtime.lark");
    ck_assert_ptr_nonnull(strstr(world->diags.list.at[0]->hint, "push the image"));
}
END_TEST

START_TEST(an_image_that_may_not_be_looked_at_is_a_warning)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = "DescribeImages",
                                                   .times = -1,
                                                   .code = "AccessDeniedException",
                                                   .message = "no",
                                                   .http_status = 400});
    world_done(world, manifest(world, full_stack));
    ASSERT_DIAG(world, "image-not-pinned");
}
END_TEST

START_TEST(a_disguised_absence_is_confirmed_by_the_list)
{
    const char *yaml = manifest(world, full_stack);
    world_done(world, yaml);
    tiny_script(world->cloud,
                (struct tiny_script){.operation = "GetAgentRuntime",
                                     .times = -1,
                                     .code = "AccessDeniedException",
                                     .message = "User is not authorized to perform this",
                                     .http_status = 403});
    ck_assert(!world_plan(world, yaml));
    ck_assert_str_eq(world->diags.list.at[0]->remote.code, "AccessDeniedException");
    tiny_only(world->cloud, "runtime")->gone = true;
    ck_assert_msg(world_plan(world, yaml), "%s", said(world));
    ck_assert_int_eq(action_of(world, "runtime.lark"), GT_ACTION_CREATE);
}
END_TEST

START_TEST(reads_that_are_refused_are_errors_with_their_address)
{
    const char *yaml = manifest(world, small_stack);
    world_done(world, yaml);
    tiny_script(world->cloud, (struct tiny_script){.operation = "GetGateway",
                                                   .times = -1,
                                                   .code = "ValidationException",
                                                   .message = "strange",
                                                   .http_status = 400});
    ck_assert(!world_plan(world, yaml));
    ck_assert_str_eq(world->diags.list.at[0]->subject, "gateway.tools");
    ck_assert_str_eq(world->diags.list.at[0]->remote.reason, "strange");
}
END_TEST

SUITE(plan, planning_sends_no_change_and_writes_nothing,
      drift_is_told_from_a_change_of_the_manifest, members_that_a_service_adds_are_no_drift,
      what_was_deleted_by_others_is_made_again, inline_policies_of_others_are_shown_and_left,
      a_renaming_in_the_manifest_replaces_nothing, lists_are_followed_to_their_last_page,
      half_a_list_does_not_pass_for_the_whole, a_list_is_read_once_however_many_ask,
      the_tag_of_an_image_is_pinned_to_its_digest,
      an_image_that_is_not_there_is_an_error_before_anything_is_created,
      an_image_that_may_not_be_looked_at_is_a_warning, a_disguised_absence_is_confirmed_by_the_list,
      reads_that_are_refused_are_errors_with_their_address)
