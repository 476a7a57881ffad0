/* Whose things are: ours are adopted, those of others are not touched. */
#include "world.h"

WORLD

/* Tags of an object that another state of Gantry made, or this one. */
static const char *tags(const char *lineage, const char *address)
{
    return gt_printf(arena,
                     "{'gantry:stack': 'lark', 'gantry:environment': 'default',"
                     " 'gantry:address': '%s', 'gantry:lineage': '%s'}",
                     address, lineage);
}

static struct tiny_object *add_gateway(const char *tags_text)
{
    return tiny_add(world->cloud, "gateway", "gateway-0000009999",
                    gt_printf(arena,
                              "{'name': 'lark-tools', 'authorizerType': 'AWS_IAM',"
                              " 'protocolType': 'MCP', 'roleArn':"
                              " 'arn:aws:iam::123456789012:role/x', 'tags': %s}",
                              tags_text));
}

START_TEST(a_name_that_a_stranger_has_is_refused_before_anything_is_created)
{
    add_gateway("{}");
    ck_assert(!world_plan(world, manifest(world, full_stack)));
    ASSERT_DIAG(world, "not-ours");
    const struct gt_diag *diag = diag_of(world, "not-ours");
    ck_assert_str_eq(diag->subject, "gateway.tools");
    ck_assert_ptr_nonnull(strstr(diag->hint, "gantry import gateway.tools gateway-0000009999"));
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
}
END_TEST

START_TEST(what_another_state_of_the_same_stack_made_is_refused)
{
    add_gateway(tags("00000000-0000-4000-8000-000000000000", "gateway.tools"));
    ck_assert(!world_plan(world, manifest(world, small_stack)));
    ASSERT_DIAG(world, "other-state");
    ck_assert_ptr_nonnull(strstr(diag_of(world, "other-state")->hint, "gantry import"));
}
END_TEST

/* Called as the role is made, after planning. */
static void take_the_name(void *payload, const struct tiny_call *call)
{
    (void)payload;
    if (strcmp(call->operation->name, "CreateRole") == 0)
        add_gateway("{}");
}

START_TEST(a_name_that_a_stranger_takes_in_the_middle_is_refused_too)
{
    world->cloud->watch = take_the_name;
    ASSERT_RESULT(world, world_apply(world, manifest(world, small_stack)), GT_APPLY_PARTLY);
    ASSERT_DIAG(world, "not-ours");
    ASSERT_COUNT(world, "CreateGateway", 1);
    ck_assert(has_event(world, "skipped target.docs"));
}
END_TEST

START_TEST(what_is_ours_is_adopted)
{
    const char *yaml = manifest(world, small_stack);
    struct gt_session *session = world_session(world);
    const char *lineage = gt_strdup(arena, session->state->lineage);
    gt_state_add(session->state, "role.former", "role")->identity =
        gt_pack(arena, "{s:s}", "RoleName", "former");
    ck_assert(gt_session_save(session, &world->diags));
    gt_session_close(session);
    struct tiny_object *gateway = add_gateway(tags(lineage, "gateway.tools"));
    world_done(world, yaml);
    ck_assert_int_eq(action_of(world, "gateway.tools"), GT_ACTION_ADOPT);
    ASSERT_COUNT(world, "CreateGateway", 0);
    ck_assert_str_eq(gt_text_at(gateway->doc, "/description"), "Tools");
    ck_assert_str_eq(gt_text_at(world_entry(world, "gateway.tools"), "/identity/gatewayId"),
                     gateway->key);
}
END_TEST

START_TEST(a_client_in_our_pool_is_adopted_and_not_replaced_for_what_cannot_be_read)
{
    const char *yaml = manifest(world, full_stack);
    tiny_script(world->cloud, (struct tiny_script){.operation = "CreateUserPoolClient",
                                                   .code = "LimitExceededException",
                                                   .message = "too many"});
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_PARTLY);
    const char *key = gt_printf(arena, "%s/byhand", tiny_only(world->cloud, "user_pool")->key);
    tiny_add(world->cloud, "client", key,
             gt_printf(arena, "{'UserPoolId': '%s'}", tiny_only(world->cloud, "user_pool")->key));
    const json_t *name =
        gt_at(tiny_nth(world->cloud, "CreateUserPoolClient", 0)->input, "/ClientName");
    json_object_set(tiny_only(world->cloud, "client")->doc, "ClientName", gt_iterable(name));
    world_done(world, yaml);
    ck_assert_int_eq(action_of(world, "user_pool_client.mcp.quick"), GT_ACTION_ADOPT);
    ck_assert_str_eq(tiny_only(world->cloud, "client")->key, key);
    tiny_forget(world->cloud);
    world_done(world, yaml);
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
}
END_TEST

START_TEST(user_pools_of_the_same_name_that_strangers_have_are_not_touched)
{
    struct tiny_object *theirs =
        tiny_add(world->cloud, "user_pool", "us-east-1_Theirs", "{'PoolName': 'lark-mcp'}");
    json_auto_t *before = json_deep_copy(theirs->doc);
    world_done(world, manifest(world, full_stack));
    ck_assert_uint_eq(tiny_number(world->cloud, "user_pool"), 2);
    ck_assert(json_equal(theirs->doc, before));
    ck_assert_uint_eq(json_object_size(theirs->tags), 0);
    ck_assert_str_ne(gt_text_at(world_entry(world, "user_pool.mcp"), "/identity/Id"),
                     "us-east-1_Theirs");
    ASSERT_RESULT(world, world_destroy(world, manifest(world, full_stack)), GT_APPLY_DONE);
    ck_assert_str_eq(tiny_only(world->cloud, "user_pool")->key, "us-east-1_Theirs");
}
END_TEST

START_TEST(an_imported_gateway_is_tagged_by_the_next_apply)
{
    struct tiny_object *gateway = add_gateway("{'theirs': 'kept'}");
    const char *yaml = manifest(world, small_stack);
    ck_assert_msg(world_import(world, yaml, "gateway.tools", gateway->key), "%s", said(world));
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
    world_done(world, yaml);
    ck_assert_str_eq(gt_text_at(gateway->tags, "/gantry:address"), "gateway.tools");
    ck_assert_str_eq(gt_text_at(gateway->tags, "/theirs"), "kept");
    ASSERT_COUNT(world, "CreateGateway", 0);
    tiny_forget(world->cloud);
    world_done(world, yaml);
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
}
END_TEST

START_TEST(a_gateway_is_imported_by_its_name_or_arn)
{
    struct tiny_object *gateway = add_gateway("{}");
    const char *yaml = manifest(world, small_stack);
    ck_assert_msg(world_import(world, yaml, "gateway.tools", "lark-tools"), "%s", said(world));
    ck_assert_str_eq(gt_text_at(world_entry(world, "gateway.tools"), "/identity/gatewayId"),
                     gateway->key);
    ck_assert(!world_import(world, yaml, "gateway.tools", "lark-tools"));
    ASSERT_DIAG(world, "import");
}
END_TEST

START_TEST(what_does_not_exist_is_not_imported)
{
    ck_assert(!world_import(world, manifest(world, small_stack), "gateway.tools", "nothing"));
    ASSERT_DIAG(world, "import-absent");
    ck_assert_ptr_null(world_file(world, "default.json"));
}
END_TEST

START_TEST(existing_things_are_read_only)
{
    struct tiny_object *gateway = add_gateway("{}");
    json_auto_t *before = json_deep_copy(gateway->doc);
    const char *yaml = manifest(
        world, "gateways: {tools: {existing: {id: gateway-0000009999}}}\n"
               "targets: {docs: {gateway: tools, endpoint: \"https://example.com/mcp\"}}\n");
    world_done(world, yaml);
    ck_assert_int_eq(action_of(world, "gateway.tools"), GT_ACTION_READ);
    ck_assert_str_eq(tiny_only(world->cloud, "target")->key, "gateway-0000009999/0000000001");
    tiny_forget(world->cloud);
    world_done(world, yaml);
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
    ASSERT_RESULT(world, world_destroy(world, yaml), GT_APPLY_DONE);
    ck_assert_uint_eq(tiny_mutations(world->cloud), 1);
    ck_assert(json_equal(gateway->doc, before));
    ck_assert_uint_eq(json_object_size(gateway->tags), 0);
}
END_TEST

static const char existing_stack[] = "gateways: {tools: {existing: {id: gateway-0000009999}}}\n";

START_TEST(an_existing_thing_is_not_taken_over_when_the_manifest_wants_one_of_its_own)
{
    struct tiny_object *gateway = add_gateway("{}");
    json_auto_t *before = json_deep_copy(gateway->doc);
    world_done(world, manifest(world, existing_stack));
    ck_assert(!world_plan(world, manifest(world, small_stack)));
    ASSERT_DIAG(world, "not-ours");
    const char *yaml = manifest(world, "gateways: {tools: {authorizer: AWS_IAM, name: another}}\n");
    world_done(world, yaml);
    ck_assert_uint_eq(tiny_number(world->cloud, "gateway"), 2);
    ASSERT_COUNT(world, "UpdateGateway", 0);
    ASSERT_RESULT(world, world_destroy(world, yaml), GT_APPLY_DONE);
    ck_assert_str_eq(tiny_only(world->cloud, "gateway")->key, gateway->key);
    ck_assert(json_equal(gateway->doc, before));
}
END_TEST

START_TEST(a_first_object_of_its_own_after_an_existing_one_is_removed_after_a_kill)
{
    struct tiny_object *gateway = add_gateway("{}");
    world_done(world, manifest(world, existing_stack));
    const char *yaml = manifest(world, "gateways: {tools: {authorizer: AWS_IAM, name: another}}\n");
    world->interrupt_at = "CreateGateway";
    ASSERT_RESULT(world, world_apply(world, yaml), GT_APPLY_INTERRUPTED);
    ASSERT_RESULT(world, world_destroy(world, yaml), GT_APPLY_DONE);
    ck_assert_str_eq(tiny_only(world->cloud, "gateway")->key, gateway->key);
}
END_TEST

START_TEST(an_object_of_ours_is_not_lost_when_the_manifest_refers_to_another)
{
    world_done(world, manifest(world, "gateways: {tools: {authorizer: AWS_IAM, name: own}}\n"));
    add_gateway("{}");
    ck_assert(!world_plan(world, manifest(world, existing_stack)));
    ASSERT_DIAG(world, "still-owned");
    ck_assert_ptr_nonnull(world_entry(world, "gateway.tools"));
}
END_TEST

/* Somebody deletes our role and makes another one of that name. */
START_TEST(an_object_that_is_another_states_now_is_neither_changed_nor_deleted)
{
    world_done(world, manifest(world, small_stack));
    struct tiny_object *role = tiny_only(world->cloud, "role");
    json_object_set_new(role->tags, "gantry:lineage",
                        json_string("00000000-0000-4000-8000-000000000000"));
    tiny_forget(world->cloud);
    ck_assert(!world_plan(world, manifest(world, small_stack)));
    ASSERT_DIAG(world, "not-ours");
    ck_assert_ptr_nonnull(strstr(diag_of(world, "not-ours")->hint, "gantry state forget role."));
    ASSERT_RESULT(world, world_destroy(world, manifest(world, small_stack)), GT_APPLY_FAILED);
    ASSERT_DIAG(world, "not-ours");
    ck_assert_uint_eq(tiny_mutations(world->cloud), 0);
}
END_TEST

/* Called as a gateway goes: while the run is on, the role gets another owner. */
static void take_the_role(void *payload, const struct tiny_call *call)
{
    (void)payload;
    if (strcmp(call->operation->name, "DeleteGateway") == 0)
        json_object_set_new(tiny_only(world->cloud, "role")->tags, "gantry:lineage",
                            json_string("00000000-0000-4000-8000-000000000000"));
}

START_TEST(what_became_another_states_after_planning_is_not_deleted)
{
    const char *yaml = manifest(world, small_stack);
    world_done(world, yaml);
    world->cloud->watch = take_the_role;
    ASSERT_RESULT(world, world_destroy(world, yaml), GT_APPLY_PARTLY);
    ASSERT_DIAG(world, "not-ours");
    ASSERT_COUNT(world, "DeleteRole", 0);
    ck_assert_uint_eq(tiny_number(world->cloud, "role"), 1);
}
END_TEST

START_TEST(what_was_imported_from_another_state_is_taken_over)
{
    struct tiny_object *gateway =
        add_gateway(tags("00000000-0000-4000-8000-000000000000", "gateway.tools"));
    const char *yaml = manifest(world, small_stack);
    ck_assert_msg(world_import(world, yaml, "gateway.tools", gateway->key), "%s", said(world));
    world_done(world, yaml);
    ck_assert_str_ne(gt_text_at(gateway->tags, "/gantry:lineage"),
                     "00000000-0000-4000-8000-000000000000");
}
END_TEST

START_TEST(an_object_is_not_imported_twice)
{
    const char *yaml = manifest(world, "gateways: {tools: {authorizer: AWS_IAM}}\n");
    world_done(world, yaml);
    const char *key = tiny_only(world->cloud, "gateway")->key;
    const char *two =
        manifest(world, "gateways: {tools: {authorizer: AWS_IAM}, more: {authorizer: AWS_IAM}}\n");
    ck_assert(!world_import(world, two, "gateway.more", key));
    ASSERT_DIAG(world, "import");
    ck_assert_ptr_null(world_entry(world, "gateway.more"));
}
END_TEST

START_TEST(a_target_at_an_existing_gateway_whose_create_was_not_answered_is_ours)
{
    add_gateway("{}");
    const char *yaml = manifest(
        world, "gateways: {tools: {existing: {id: gateway-0000009999}}}\n"
               "targets: {docs: {gateway: tools, endpoint: \"https://example.com/mcp\"}}\n");
    if (_i == 0) {
        world->kill_at = "CreateGatewayTarget";
        world->kill_done = true;
        world_apply(world, yaml);
    } else {
        tiny_script(world->cloud,
                    (struct tiny_script){.operation = "CreateGatewayTarget", .lost = true});
        tiny_script(world->cloud, (struct tiny_script){.operation = "CreateGatewayTarget",
                                                       .times = -1,
                                                       .code = "ConflictException",
                                                       .message = "the name already exists"});
    }
    world_done(world, yaml);
    ck_assert_uint_eq(tiny_number(world->cloud, "target"), 1);
}
END_TEST

START_TEST(an_existing_thing_that_is_not_there_is_an_error)
{
    ck_assert(!world_plan(
        world, manifest(world, "gateways: {tools: {existing: {id: gateway-0000009999}}}\n")));
    ASSERT_DIAG(world, "existing-absent");
}
END_TEST

START_TEST(a_log_group_that_the_service_made_is_adopted)
{
    world_done(world, manifest(world, full_stack));
    struct tiny_object *group = tiny_only(world->cloud, "log_group");
    const char *name = group->key;
    ASSERT_RESULT(world, world_destroy(world, manifest(world, full_stack)), GT_APPLY_DONE);
    tiny_forget(world->cloud);
    world_done(world, manifest(world, full_stack));
    /* The runtime has another id now: its log group has another name. */
    ck_assert_str_ne(tiny_only(world->cloud, "log_group")->key, name);

    const char *yaml = manifest(world, "resources: {logs: {type: log_group, properties: "
                                       "{logGroupName: /aws/bedrock-agentcore/mine}}}\n");
    tiny_add(world->cloud, "log_group", "/aws/bedrock-agentcore/mine",
             "{'logGroupName': '/aws/bedrock-agentcore/mine'}");
    ck_assert_msg(world_plan(world, yaml), "%s", said(world));
    ck_assert_int_eq(action_of(world, "log_group.logs"), GT_ACTION_ADOPT);
}
END_TEST

Suite *owner_suite(void)
{
    const TTest *const single[] = {
        a_name_that_a_stranger_has_is_refused_before_anything_is_created,
        what_another_state_of_the_same_stack_made_is_refused,
        a_name_that_a_stranger_takes_in_the_middle_is_refused_too,
        what_is_ours_is_adopted,
        a_client_in_our_pool_is_adopted_and_not_replaced_for_what_cannot_be_read,
        user_pools_of_the_same_name_that_strangers_have_are_not_touched,
        an_imported_gateway_is_tagged_by_the_next_apply,
        a_gateway_is_imported_by_its_name_or_arn,
        what_does_not_exist_is_not_imported,
        existing_things_are_read_only,
        an_existing_thing_is_not_taken_over_when_the_manifest_wants_one_of_its_own,
        a_first_object_of_its_own_after_an_existing_one_is_removed_after_a_kill,
        an_object_of_ours_is_not_lost_when_the_manifest_refers_to_another,
        an_object_that_is_another_states_now_is_neither_changed_nor_deleted,
        what_became_another_states_after_planning_is_not_deleted,
        what_was_imported_from_another_state_is_taken_over,
        an_object_is_not_imported_twice,
        an_existing_thing_that_is_not_there_is_an_error,
        a_log_group_that_the_service_made_is_adopted};
    Suite *suite = suite_create("owner");
    TCase *tests = tcase_create("owner");
    tcase_add_checked_fixture(tests, world_setup, world_teardown);
    for (size_t i = 0; i < GT_COUNT(single); i++)
        tcase_add_test(tests, single[i]);
    tcase_add_loop_test(
        tests, a_target_at_an_existing_gateway_whose_create_was_not_answered_is_ours, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
