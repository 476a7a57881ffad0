/* Removing: the order, what is kept, and what is believed. */
#include "world.h"

WORLD

static void check_nothing_left(void)
{
    for (size_t i = 0; i < world->cloud->objects.len; i++)
        ck_assert_msg(world->cloud->objects.at[i]->gone, "%s %s", world->cloud->objects.at[i]->kind,
                      world->cloud->objects.at[i]->key);
}

START_TEST(removal_is_the_reverse_of_creation)
{
    const char *yaml = manifest(world, full_stack);
    world_done(world, yaml);
    tiny_forget(world->cloud);
    ASSERT_RESULT(world, world_destroy(world, yaml), GT_APPLY_DONE);
    check_nothing_left();
    ASSERT_BEFORE(world, "DeleteGatewayTarget", "DeleteGateway");
    ASSERT_BEFORE(world, "DeleteGatewayTarget", "DeleteAgentRuntime");
    ASSERT_BEFORE(world, "DeleteGateway", "DeleteUserPoolClient");
    ASSERT_BEFORE(world, "DeleteUserPoolClient", "DeleteResourceServer");
    ASSERT_BEFORE(world, "DeleteResourceServer", "DeleteUserPool");
    ASSERT_BEFORE(world, "DeleteUserPoolDomain", "DeleteUserPool");
    ASSERT_BEFORE(world, "DeleteGateway", "DeleteUserPool");
    for (size_t i = 0; i < world->cloud->calls.len; i++)
        ck_assert_msg(world->cloud->calls.at[i].code == NULL ||
                          !tiny_mutates(world->cloud->calls.at[i].operation),
                      "%s was refused: %s", world->cloud->calls.at[i].operation->name,
                      world->cloud->calls.at[i].code);
    ck_assert_ptr_null(world_entry(world, "gateway.tools"));
}
END_TEST

START_TEST(the_state_alone_is_enough_to_destroy)
{
    world_done(world, manifest(world, full_stack));
    tiny_forget(world->cloud);
    ASSERT_RESULT(world, world_destroy(world, manifest(world, "")), GT_APPLY_DONE);
    check_nothing_left();
    ASSERT_BEFORE(world, "DeleteGatewayTarget", "DeleteGateway");
    ASSERT_BEFORE(world, "DeleteUserPoolDomain", "DeleteUserPool");
}
END_TEST

START_TEST(what_the_manifest_drops_is_removed_after_the_change)
{
    const char *const all[] = {"*", NULL};
    world_done(world, manifest(world, full_stack));
    world->options.allow_replace = all;
    tiny_forget(world->cloud);
    world_done(world,
               manifest(world, "identity: {mcp: {resourceServer: MyGateway, scopes: {invoke: "
                               "Invoke tools}, clients: {other: {scopes: [invoke]}}}}\n"
                               "gateways: {tools: {description: Lark tools, identity: mcp}}\n"
                               "runtimes: {lark: {image: \"123456789012.dkr.ecr.us-east-1."
                               "amazonaws.com/lark-mcp:latest\", environment: {MODE: "
                               "a-very-private-value}}}\n"
                               "targets: {lark: {gateway: tools, runtime: lark}}\n"));
    ASSERT_BEFORE(world, "CreateUserPoolClient", "UpdateGateway");
    ASSERT_BEFORE(world, "UpdateGateway", "DeleteUserPoolClient");
    ck_assert_uint_eq(tiny_number(world->cloud, "client"), 1);
}
END_TEST

START_TEST(protection_of_the_service_is_switched_off_before_the_deletion)
{
    const char *yaml =
        manifest(world, "resources: {people: {type: user_pool, properties: {PoolName: people}}}\n");
    world_done(world, yaml);
    struct tiny_object *pool = tiny_only(world->cloud, "user_pool");
    json_object_set_new(pool->doc, "DeletionProtection", json_string("ACTIVE"));
    json_object_set_new(pool->doc, "MfaConfiguration", json_string("OFF"));
    ASSERT_RESULT(world, world_destroy(world, yaml), GT_APPLY_DONE);
    ASSERT_BEFORE(world, "UpdateUserPool", "DeleteUserPool");
    ck_assert_str_eq(
        gt_text_at(tiny_nth(world->cloud, "UpdateUserPool", 0)->input, "/DeletionProtection"),
        "INACTIVE");
    ck_assert(pool->gone);
}
END_TEST

START_TEST(what_is_retained_stays)
{
    const char *yaml = manifest(
        world, "resources: {people: {type: user_pool, retain: true, properties: {PoolName: "
               "people}}, gone: {type: user_pool, properties: {PoolName: gone}}}\n");
    world_done(world, yaml);
    ASSERT_RESULT(world, world_destroy(world, yaml), GT_APPLY_DONE);
    ck_assert_str_eq(gt_text_at(tiny_only(world->cloud, "user_pool")->doc, "/PoolName"), "people");
    ck_assert(step_of(world, "user_pool.people")->retained);
    ck_assert_ptr_null(world_entry(world, "user_pool.people"));
}
END_TEST

START_TEST(what_is_gone_already_is_forgotten)
{
    const char *yaml = manifest(world, small_stack);
    world_done(world, yaml);
    tiny_only(world->cloud, "target")->gone = true;
    ASSERT_RESULT(world, world_destroy(world, yaml), GT_APPLY_DONE);
    ck_assert_int_eq(action_of(world, "target.docs"), GT_ACTION_FORGET);
    ASSERT_COUNT(world, "DeleteGatewayTarget", 0);
    check_nothing_left();
}
END_TEST

/* Called as the deletion arrives: somebody else was faster. */
static void take_the_target(void *payload, const struct tiny_call *call)
{
    (void)payload;
    if (strcmp(call->operation->name, "DeleteGatewayTarget") == 0)
        tiny_only(world->cloud, "target")->gone = true;
}

START_TEST(what_others_delete_at_the_same_time_is_gone)
{
    const char *yaml = manifest(world, small_stack);
    world_done(world, yaml);
    world->cloud->watch = take_the_target;
    tiny_script(world->cloud, (struct tiny_script){.operation = "DeleteGatewayTarget",
                                                   .code = "ResourceNotFoundException",
                                                   .message = "no such target",
                                                   .http_status = 404});
    ASSERT_RESULT(world, world_destroy(world, yaml), GT_APPLY_DONE);
    ck_assert(has_event(world, "done target.docs"));
    check_nothing_left();
}
END_TEST

START_TEST(a_removal_that_is_refused_leaves_what_it_needs)
{
    const char *yaml = manifest(world, full_stack);
    world_done(world, yaml);
    tiny_script(world->cloud, (struct tiny_script){.operation = "DeleteGateway",
                                                   .times = -1,
                                                   .code = "AccessDeniedException",
                                                   .message = "explicit deny",
                                                   .http_status = 403});
    ASSERT_RESULT(world, world_destroy(world, yaml), GT_APPLY_PARTLY);
    ck_assert_uint_eq(tiny_number(world->cloud, "user_pool"), 1);
    ck_assert_uint_eq(tiny_number(world->cloud, "client"), 1);
    ck_assert_uint_eq(tiny_number(world->cloud, "runtime"), 0);
    world->cloud->scripts.len = 0;
    ASSERT_RESULT(world, world_destroy(world, yaml), GT_APPLY_DONE);
    check_nothing_left();
}
END_TEST

static void refuse(const char *operation, const char *code, int status)
{
    tiny_script(world->cloud, (struct tiny_script){.operation = operation,
                                                   .times = -1,
                                                   .code = code,
                                                   .message = "not today",
                                                   .http_status = status});
}

START_TEST(what_goes_with_its_parent_need_not_be_removed_by_itself)
{
    const struct {
        const char *code;
        int status;
    } answers[] = {{"NotAuthorizedException", 400}, {"InternalErrorException", 500}};
    for (size_t i = 0; i < GT_COUNT(answers); i++) {
        const char *yaml = manifest(world, full_stack);
        world->cloud->scripts.len = 0;
        world_done(world, yaml);
        refuse("DeleteResourceServer", answers[i].code, answers[i].status);
        ASSERT_RESULT(world, world_destroy(world, yaml), GT_APPLY_DONE);
        ck_assert_uint_eq(tiny_number(world->cloud, "user_pool"), 0);
        ck_assert_ptr_null(world_entry(world, "resource_server.mcp"));
    }
}
END_TEST

START_TEST(what_is_removed_from_a_parent_that_stays_is_removed_by_itself)
{
    const char *pool = "resources:\n  people: {type: user_pool, properties: {PoolName: people}}\n";
    world_done(world, manifest(world, gt_printf(arena,
                                                "%s  api: {type: resource_server, properties: "
                                                "{UserPoolId: \"${user_pool.people.Id}\", "
                                                "Identifier: api, Name: api}}\n",
                                                pool)));
    refuse("DeleteResourceServer", "NotAuthorizedException", 400);
    ASSERT_RESULT(world, world_apply(world, manifest(world, pool)), GT_APPLY_FAILED);
    ck_assert_ptr_nonnull(world_entry(world, "resource_server.api"));
}
END_TEST

START_TEST(what_is_removed_from_a_parent_that_is_retained_is_removed_by_itself)
{
    const char *yaml = manifest(
        world, "resources:\n"
               "  people: {type: user_pool, retain: true, properties: {PoolName: people}}\n"
               "  api: {type: resource_server, properties: {UserPoolId: "
               "\"${user_pool.people.Id}\", Identifier: api, Name: api}}\n");
    world_done(world, yaml);
    refuse("DeleteResourceServer", "NotAuthorizedException", 400);
    ASSERT_RESULT(world, world_destroy(world, yaml), GT_APPLY_FAILED);
    ck_assert_ptr_nonnull(world_entry(world, "resource_server.api"));
}
END_TEST

START_TEST(a_state_whose_order_runs_in_a_circle_is_removed_all_the_same)
{
    const char *yaml = manifest(world, small_stack);
    world_done(world, yaml);
    struct gt_session *session = world_session(world);
    struct gt_entry *gateway = gt_state_find(session->state, "gateway.tools");
    *GT_PUSH(session->state->arena, &gateway->depends) = "target.docs";
    ck_assert(gt_session_save(session, &world->diags));
    gt_session_close(session);
    for (int run = 0; run < 3 && tiny_number(world->cloud, "gateway") > 0; run++)
        world_destroy(world, yaml);
    check_nothing_left();
}
END_TEST

START_TEST(what_is_being_deleted_already_is_only_waited_for)
{
    const char *yaml = manifest(world, small_stack);
    world_done(world, yaml);
    struct tiny_object *target = tiny_only(world->cloud, "target");
    json_object_set_new(target->doc, "status", json_string("DELETING"));
    target->next = "gone";
    target->reads_left = 5;
    ASSERT_RESULT(world, world_destroy(world, yaml), GT_APPLY_DONE);
    ASSERT_COUNT(world, "DeleteGatewayTarget", 0);
    check_nothing_left();
}
END_TEST

SUITE(remove, removal_is_the_reverse_of_creation, the_state_alone_is_enough_to_destroy,
      what_the_manifest_drops_is_removed_after_the_change,
      protection_of_the_service_is_switched_off_before_the_deletion, what_is_retained_stays,
      what_is_gone_already_is_forgotten, what_others_delete_at_the_same_time_is_gone,
      a_removal_that_is_refused_leaves_what_it_needs,
      a_state_whose_order_runs_in_a_circle_is_removed_all_the_same,
      what_is_being_deleted_already_is_only_waited_for,
      what_goes_with_its_parent_need_not_be_removed_by_itself,
      what_is_removed_from_a_parent_that_stays_is_removed_by_itself,
      what_is_removed_from_a_parent_that_is_retained_is_removed_by_itself)
