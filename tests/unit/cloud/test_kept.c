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
#include "services/services.h"

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

struct file {
    char *bytes;
    size_t len;
};

static const char *state_path(const char *name)
{
    return gt_printf(world.arena, "%s/state/%s", world.folder, name);
}

static struct file read_state(const char *name)
{
    struct file file;
    ck_assert_int_eq(
        gt_file_read(world.arena, state_path(name), 8 << 20, &file.bytes, &file.len, &world.diags),
        GT_READ_OK);
    return file;
}

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
    ck_assert_ptr_nonnull(strstr(read_state("journal").bytes, "\"written\""));
    static const char *const names[] = {"state.json", "journal"};
    for (size_t i = 0; i < GT_COUNT(names); i++) {
        struct stat status;
        ck_assert_int_eq(stat(state_path(names[i]), &status), 0);
        ck_assert_int_eq(status.st_mode & 0777, 0600);
    }
}
END_TEST

static bool has_group(const char *name)
{
    return gt_object_find(world.local, &gt_kind_log_group, GT_LOCAL_ACCOUNT, GT_LOCAL_REGION, "",
                          name) != NULL;
}

static void make_group(const char *name)
{
    ck_assert_ptr_nonnull(
        world_call(&world, "logs", "CreateLogGroup", json_pack("{s:s}", "logGroupName", name)));
}

/* Ends the cloud as SIGKILL would: the folder is as it was at the end of the last turn, but that
 * `tail` stands behind the journal. Starts another one on it. */
static void kill_and_start(const char *tail)
{
    world_wait(&world, 1);
    struct file snapshot = read_state("state.json"), journal = read_state("journal");
    const char *with_tail = gt_printf(world.arena, "%s%s", journal.bytes, tail);
    struct gt_local_options options = world.local->options;
    options.run_folder = world.folder;
    options.state_folder = gt_strdup(world.arena, options.state_folder);
    options.request_log = NULL;
    options.host = "127.0.0.1";
    options.knobs = NULL;
    gt_local_free(world.local);
    ck_assert(gt_file_write(state_path("state.json"), snapshot.bytes, snapshot.len, 0600, NULL,
                            &world.diags));
    ck_assert(gt_file_write(state_path("journal"), with_tail, strlen(with_tail), 0600, NULL,
                            &world.diags));
    ck_assert_msg(gt_local_start(world.arena, &options, &world.local, &world.diags), "%s",
                  world.diags.errors > 0 ? world.diags.list.at[0]->message : "");
}

START_TEST(a_killed_cloud_has_lost_nothing_that_it_told)
{
    create_role();
    const char *id = gt_text_at(create_gateway("x"), "/gatewayId");
    make_group("stays");
    make_group("goes");
    world_wait(&world, 1);
    world_call(&world, "logs", "DeleteLogGroup", json_pack("{s:s}", "logGroupName", "goes"));
    world_call(&world, "logs", "PutRetentionPolicy",
               json_pack("{s:s, s:i}", "logGroupName", "stays", "retentionInDays", 7));
    struct gt_key_pair pair = gt_keys_of_account(world.local, world.arena, "123456789012");
    const char *jwk = gt_json_canonical(world.arena, gt_local_jwk(world.local, "one"));
    kill_and_start("{\"objects\": [{\"kind\": \"log_gr");
    ck_assert(has_group("stays") && !has_group("goes"));
    const struct gt_object *group = gt_object_find(world.local, &gt_kind_log_group,
                                                   GT_LOCAL_ACCOUNT, GT_LOCAL_REGION, "", "stays");
    ck_assert_int_eq(json_integer_value(json_object_get(group->data, "retentionInDays")), 7);
    ck_assert_str_eq(gt_text_at(create_gateway("x"), "/gatewayId"), id);
    ck_assert_str_eq(gt_keys_of_account(world.local, world.arena, "123456789012").secret_access_key,
                     pair.secret_access_key);
    ck_assert_str_eq(gt_json_canonical(world.arena, gt_local_jwk(world.local, "one")), jwk);
    /* And once more, with the journal of the second run. */
    make_group("later");
    kill_and_start("");
    ck_assert(has_group("stays") && !has_group("goes") && has_group("later"));
    world_wait(&world, 600);
    ck_assert_str_eq(status_of(id), "READY");
}
END_TEST

static const char *saved_objects(void)
{
    json_auto_t *objects = gt_store_save(world.local);
    return gt_json_canonical(world.arena, objects);
}

START_TEST(a_journal_gives_what_was_in_memory)
{
    static const char *const names[] = {"c", "a", "d", "b"};
    for (size_t i = 0; i < GT_COUNT(names); i++)
        make_group(names[i]); /* all in one turn */
    world_wait(&world, 1);
    make_group("later");
    world_call(&world, "logs", "PutRetentionPolicy",
               json_pack("{s:s, s:i}", "logGroupName", "d", "retentionInDays", 7));
    world_call(&world, "logs", "DeleteLogGroup", json_pack("{s:s}", "logGroupName", "a"));
    make_group("a");
    world_wait(&world, 1);
    const char *before = saved_objects();
    kill_and_start("");
    ck_assert_str_eq(saved_objects(), before);
}
END_TEST

START_TEST(a_journal_forgets_what_was_forgotten)
{
    struct gt_issued issued;
    create_role();
    struct gt_object *role =
        gt_object_find(world.local, &gt_kind_role, GT_LOCAL_ACCOUNT, "", "", "r");
    gt_keys_issue(world.local, world.arena, role, "me", -2 * 3600 * 1000, NULL, &issued);
    world_wait(&world, 1);
    gt_keys_expire(world.local);
    world_wait(&world, 1);
    const char *keys = gt_json_canonical(world.arena, world.local->keys);
    ck_assert_ptr_null(strstr(keys, issued.access_key_id));
    ck_assert_ptr_nonnull(strstr(read_state("journal").bytes,
                                 gt_printf(world.arena, "\"%s\":null", issued.access_key_id)));
    kill_and_start("");
    ck_assert_str_eq(gt_json_canonical(world.arena, world.local->keys), keys);
}
END_TEST

static void ignore(void *payload, const struct gt_http_response *response)
{
    (void)payload, (void)response;
}

static void count(void *payload)
{
    ++*(size_t *)payload;
}

START_TEST(ends_while_an_answer_is_held_back)
{
    const char *faults = "[{\"fault\": \"stall-before\", \"service\": \"gateway\"}]";
    ck_assert_int_eq(world_admin(&world, "POST", "/faults", faults).status, 200);
    gt_http_start(world.http,
                  &(struct gt_http_request){
                      .method = "GET",
                      .url = gt_printf(world.arena, "%s/gateway/g/mcp", gt_local_url(world.local)),
                      .timeout_ms = 5000},
                  ignore, NULL);
    for (int i = 0; i < 100 && world.local->waiting == NULL; i++)
        world_wait(&world, 10);
    ck_assert_ptr_nonnull(world.local->waiting);
    size_t fired = 0;
    enum { OTHERS = 20 };
    for (int i = 0; i < OTHERS; i++)
        gt_timer_start(world.loop, i, count, &fired);
    gt_local_free(world.local);
    world.local = NULL;
    world_wait(&world, 100);
    ck_assert_uint_eq(fired, OTHERS); /* nobody else's timer was taken for one of its own */
}
END_TEST

START_TEST(a_journal_of_another_snapshot_is_not_read)
{
    make_group("old");
    world_wait(&world, 1);
    struct file journal = read_state("journal");
    ck_assert_ptr_nonnull(strstr(journal.bytes, "\"old\""));
    world_call(&world, "logs", "DeleteLogGroup", json_pack("{s:s}", "logGroupName", "old"));
    world_restart(&world); /* writes a snapshot */
    gt_local_free(world.local);
    world.local = NULL;
    ck_assert(
        gt_file_write(state_path("journal"), journal.bytes, journal.len, 0600, NULL, &world.diags));
    const struct gt_local_options options = {.loop = world.loop,
                                             .host = "127.0.0.1",
                                             .run_folder = world.folder,
                                             .state_folder =
                                                 gt_printf(world.arena, "%s/state", world.folder)};
    ck_assert(gt_local_start(world.arena, &options, &world.local, &world.diags));
    ck_assert(!has_group("old"));
}
END_TEST

START_TEST(a_long_journal_becomes_a_snapshot)
{
    enum { LONG = 1200 * 1000 };
    char *body = gt_alloc(world.arena, LONG + 1);
    memset(body, 'x', LONG);
    make_group("before");
    world_wait(&world, 1);
    ck_assert_uint_gt(read_state("journal").len, 0);
    ck_assert_ptr_nonnull(
        world_call(&world, "s3", "PutObject",
                   json_pack("{s:s, s:s, s:s}", "Bucket", "states", "Key", "k", "Body", body)));
    world_wait(&world, 1);
    ck_assert_uint_eq(read_state("journal").len, 0);
    ck_assert_uint_gt(read_state("state.json").len, LONG);
    make_group("after");
    kill_and_start("");
    ck_assert(has_group("before") && has_group("after"));
}
END_TEST

START_TEST(what_was_emptied_stays_empty)
{
    make_group("gone");
    ck_assert_int_eq(world_admin(&world, "POST", "/reset", "{}").status, 200);
    make_group("new");
    kill_and_start("");
    ck_assert(!has_group("gone") && has_group("new"));
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

static void refuses_to_start(const char *state_folder)
{
    const struct gt_local_options options = {.loop = world.loop,
                                             .host = "127.0.0.1",
                                             .run_folder = world.folder,
                                             .state_folder = state_folder};
    ck_assert(!gt_local_start(world.arena, &options, &world.local, &world.diags));
}

START_TEST(a_broken_state_is_no_empty_state)
{
    const char *path = gt_printf(world.arena, "%s/state/state.json", world.folder);
    const char *folder = gt_strdup(world.arena, world.local->options.state_folder);
    gt_local_free(world.local);
    world.local = NULL;
    ck_assert(gt_file_write(path, "{\"format\": 1", 12, 0600, NULL, &world.diags));
    refuses_to_start(folder);
    ck_assert_str_eq(world.diags.list.at[0]->code, "bad-state");
}
END_TEST

START_TEST(a_broken_line_of_the_journal_is_told)
{
    make_group("before");
    world_wait(&world, 1);
    const char *folder = gt_strdup(world.arena, world.local->options.state_folder);
    struct file snapshot = read_state("state.json"), journal = read_state("journal");
    gt_local_free(world.local);
    world.local = NULL;
    const char *broken =
        gt_printf(world.arena, "%s{\"objects\": [\n%s", journal.bytes, journal.bytes);
    ck_assert(gt_file_write(state_path("state.json"), snapshot.bytes, snapshot.len, 0600, NULL,
                            &world.diags));
    ck_assert(
        gt_file_write(state_path("journal"), broken, strlen(broken), 0600, NULL, &world.diags));
    refuses_to_start(folder);
    ck_assert_str_eq(world.diags.list.at[0]->code, "bad-state");
    ck_assert_ptr_nonnull(strstr(world.diags.list.at[0]->message, "journal is broken at line 3"));
}
END_TEST

START_TEST(a_broken_state_shows_nothing_of_its_keys)
{
    struct gt_key_pair pair = gt_keys_of_account(world.local, world.arena, GT_LOCAL_ACCOUNT);
    const char *folder = gt_strdup(world.arena, world.local->options.state_folder);
    struct file snapshot = read_state("state.json");
    gt_local_free(world.local);
    world.local = NULL;
    enum { SHOWN = 10 };
    const char *start = gt_strndup(world.arena, pair.secret_access_key, SHOWN);
    size_t len = (size_t)(strstr(snapshot.bytes, start) - snapshot.bytes) + SHOWN;
    ck_assert(
        gt_file_write(state_path("state.json"), snapshot.bytes, len, 0600, NULL, &world.diags));
    refuses_to_start(folder);
    ck_assert_ptr_nonnull(strstr(world.diags.list.at[0]->message, "is no JSON"));
    ck_assert_ptr_null(strstr(world.diags.list.at[0]->message, start));
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
    tcase_add_test(tests, a_killed_cloud_has_lost_nothing_that_it_told);
    tcase_add_test(tests, a_journal_gives_what_was_in_memory);
    tcase_add_test(tests, a_journal_forgets_what_was_forgotten);
    tcase_add_test(tests, ends_while_an_answer_is_held_back);
    tcase_add_test(tests, a_journal_of_another_snapshot_is_not_read);
    tcase_add_test(tests, a_long_journal_becomes_a_snapshot);
    tcase_add_test(tests, what_was_emptied_stays_empty);
    tcase_add_test(tests, a_folder_has_one_cloud);
    tcase_add_test(tests, a_broken_state_is_no_empty_state);
    tcase_add_test(tests, a_broken_line_of_the_journal_is_told);
    tcase_add_test(tests, a_broken_state_shows_nothing_of_its_keys);
    tcase_add_test(tests, issued_keys_are_those_of_the_role);
    suite_add_tcase(suite, tests);
    return suite;
}
