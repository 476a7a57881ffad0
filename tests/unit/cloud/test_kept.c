/* What survives a restart, and what does not. */
#include "cloud_suites.h"
#include "cloud_world.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cloud.h"
#include "identity.h"

static struct world world;

static void setup(void)
{
    world_start(&world, true, json_pack("{s:i}", "ready_ms", 50));
}

static void teardown(void)
{
    world_done(&world);
}

static json_t *trust(void)
{
    return json_string("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
                       "\"Principal\":{\"Service\":\"bedrock-agentcore.amazonaws.com\"},"
                       "\"Action\":\"sts:AssumeRole\"}]}");
}

static const json_t *create_role(void)
{
    return world_call(
        &world, "iam", "CreateRole",
        json_pack("{s:s, s:o}", "RoleName", "r", "AssumeRolePolicyDocument", trust()));
}

static const json_t *create_gateway(const char *description)
{
    return world_call(&world, "bedrock-agentcore-control", "CreateGateway",
                      json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", "g", "roleArn",
                                "arn:aws:iam::000000000000:role/r", "protocolType", "MCP",
                                "authorizerType", "AWS_IAM", "description", description,
                                "clientToken", "0123456789abcdef0123456789abcdef-1"));
}

static const char *status_of(const char *id)
{
    return gt_text_at(world_call(&world, "bedrock-agentcore-control", "GetGateway",
                                 json_pack("{s:s}", "gatewayIdentifier", id)),
                      "/status");
}

START_TEST(objects_keys_and_ids_survive)
{
    struct gt_key_pair before = gt_keys_of_account(world.local, world.arena, GT_LOCAL_ACCOUNT);
    const char *id = gt_strdup(world.arena, gt_local_id(world.local));
    ck_assert(gt_starts_with(id, "kept-"));
    ck_assert_ptr_nonnull(create_role());
    world_restart(&world);
    struct gt_key_pair after = gt_keys_of_account(world.local, world.arena, GT_LOCAL_ACCOUNT);
    ck_assert_str_eq(after.access_key_id, before.access_key_id);
    ck_assert_str_eq(after.secret_access_key, before.secret_access_key);
    ck_assert_str_eq(gt_local_id(world.local), id);
    ck_assert_ptr_nonnull(
        world_call(&world, "iam", "GetRole", json_pack("{s:s}", "RoleName", "r")));
}
END_TEST

START_TEST(what_was_coming_still_comes)
{
    create_role();
    const json_t *made = create_gateway("x");
    ck_assert_msg(made != NULL, "%s: %s", world.code, world.message);
    const char *id = gt_text_at(made, "/gatewayId");
    ck_assert_str_eq(status_of(id), "CREATING");
    world_restart(&world);
    ck_assert_str_eq(status_of(id), "CREATING");
    world_wait(&world, 150);
    ck_assert_str_eq(status_of(id), "READY");
}
END_TEST

START_TEST(client_tokens_survive)
{
    create_role();
    const char *id = gt_text_at(create_gateway("x"), "/gatewayId");
    ck_assert_str_eq(gt_text_at(create_gateway("x"), "/gatewayId"), id);
    world_restart(&world);
    ck_assert_str_eq(gt_text_at(create_gateway("x"), "/gatewayId"), id);
    ck_assert_ptr_null(create_gateway("y"));
    ck_assert_str_eq(world.code, "ValidationException");
}
END_TEST

START_TEST(an_answer_leaves_when_the_state_is_written)
{
    struct world_answer answer =
        world_send(&world, &(struct world_request){.method = "POST",
                                                   .path = "/",
                                                   .type = "application/x-amz-json-1.1",
                                                   .target = "Logs_20140328.CreateLogGroup",
                                                   .body = "{\"logGroupName\": \"written\"}",
                                                   .sign = "logs"});
    ck_assert_int_eq(answer.status, 200);
    char *bytes;
    size_t len;
    const char *path = gt_printf(world.arena, "%s/state/state.json", world.folder);
    ck_assert_int_eq(gt_file_read(world.arena, path, 1 << 20, &bytes, &len, &world.diags),
                     GT_READ_OK);
    ck_assert_ptr_nonnull(strstr(bytes, "\"written\""));
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0600);
}
END_TEST

START_TEST(a_folder_has_one_cloud)
{
    struct gt_local *other = NULL;
    const struct gt_local_options options = {.loop = world.loop,
                                             .host = "127.0.0.1",
                                             .run_folder = world.folder,
                                             .state_folder = world.local->options.state_folder};
    /* The lock belongs to an open file, so the same process is refused too. */
    ck_assert(!gt_local_start(world.arena, &options, &other, &world.diags));
    ck_assert_str_eq(world.diags.list.at[0]->code, "state-in-use");
    ck_assert_ptr_null(other);
}
END_TEST

START_TEST(a_broken_state_is_no_empty_state)
{
    const char *path = gt_printf(world.arena, "%s/state/state.json", world.folder);
    const char *folder = gt_strdup(world.arena, world.local->options.state_folder);
    gt_local_free(world.local);
    world.local = NULL;
    ck_assert(gt_file_write(path, "{\"format\": 1", 12, 0600, NULL, &world.diags));
    const struct gt_local_options options = {.loop = world.loop,
                                             .host = "127.0.0.1",
                                             .run_folder = world.folder,
                                             .state_folder = folder};
    ck_assert(!gt_local_start(world.arena, &options, &world.local, &world.diags));
    ck_assert_str_eq(world.diags.list.at[0]->code, "bad-state");
}
END_TEST

START_TEST(issued_keys_are_those_of_the_role)
{
    create_role();
    struct gt_issued issued;
    struct gt_object *role =
        gt_object_find(world.local, &gt_kind_role, GT_LOCAL_ACCOUNT, "", "", "r");
    gt_keys_issue(world.local, world.arena, role, "me", 1000, NULL, &issued);
    ck_assert_str_eq(issued.arn, "arn:aws:sts::000000000000:assumed-role/r/me");
    ck_assert(gt_starts_with(issued.access_key_id, "ASIA"));
    ck_assert(gt_ends_with(issued.id, ":me"));
    const char *path = gt_printf(world.arena, "/%s", issued.access_key_id);
    ck_assert_ptr_nonnull(gt_at(world.local->keys, path));
    gt_keys_forget_sessions(world.local);
    ck_assert_ptr_null(gt_at(world.local->keys, path));
}
END_TEST

Suite *kept_suite(void)
{
    Suite *suite = suite_create("kept");
    TCase *tests = tcase_create("kept");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, objects_keys_and_ids_survive);
    tcase_add_test(tests, what_was_coming_still_comes);
    tcase_add_test(tests, client_tokens_survive);
    tcase_add_test(tests, an_answer_leaves_when_the_state_is_written);
    tcase_add_test(tests, a_folder_has_one_cloud);
    tcase_add_test(tests, a_broken_state_is_no_empty_state);
    tcase_add_test(tests, issued_keys_are_those_of_the_role);
    suite_add_tcase(suite, tests);
    return suite;
}
