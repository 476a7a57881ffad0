/* Who gets an answer at all, the run folder, and the admin socket. */
#include "cloud_suites.h"
#include "cloud_world.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloud.h"

static struct world world;

static void setup(void)
{
    world_start(&world, false, NULL);
}

static void teardown(void)
{
    world_done(&world);
}

static const struct {
    const char *name, *value;
    int status;
} asking[] = {
    {"host", "127.0.0.1:1", 200},
    {"host", "localhost", 200},
    {"host", "[::1]:80", 200},
    {"host", "evil.example", 403},
    {"host", "127.0.0.1.evil.example", 403},
    {"host", "localhost:80.evil.example", 403},
    {"host", "127.0.0.1:", 403},
    {"host", "10.0.0.1", 403},
    {"origin", "http://localhost:3000", 200},
    {"origin", "https://127.0.0.1", 200},
    {"origin", "http://[::1]:8080", 200},
    {"origin", "http://evil.example", 403},
    {"origin", "http://localhost.evil.example", 403},
    {"origin", "null", 403},
    {"origin", "file://localhost", 403},
    {"origin", "localhost", 403},
};

START_TEST(host_and_origin_are_loopback)
{
    struct world_answer answer =
        world_send(&world, &(struct world_request){.method = "GET",
                                                   .path = "/_gantry/health",
                                                   .header = {asking[_i].name, asking[_i].value}});
    ck_assert_msg(answer.status == asking[_i].status, "%s %s: %d", asking[_i].name,
                  asking[_i].value, answer.status);
}
END_TEST

static struct world_answer caller(const char *secret, const char *sign)
{
    return world_send(&world,
                      &(struct world_request){.method = "POST",
                                              .path = "/",
                                              .type = "application/x-www-form-urlencoded",
                                              .body = "Action=GetCallerIdentity&Version=2011-06-15",
                                              .sign = sign,
                                              .secret = secret});
}

START_TEST(signatures_are_checked)
{
    ck_assert_int_eq(caller(NULL, "sts").status, 200);
    struct world_answer answer = caller("wrong", "sts");
    ck_assert_int_eq(answer.status, 403);
    ck_assert_ptr_nonnull(strstr(answer.body, "<Code>SignatureDoesNotMatch</Code>"));
    answer = caller(NULL, NULL);
    ck_assert_int_eq(answer.status, 403);
    ck_assert_ptr_nonnull(strstr(answer.body, "<Code>MissingAuthenticationToken</Code>"));
    answer = caller(NULL, "dynamodb");
    ck_assert_int_eq(answer.status, 501);
    ck_assert_ptr_nonnull(strstr(answer.body, "NotImplementedByEmbeddedCloud"));
}
END_TEST

START_TEST(a_clock_that_is_far_off_is_refused)
{
    world.local->knobs.skew_ms = 3600 * 1000;
    ck_assert_int_eq(caller(NULL, "sts").status, 403);
}
END_TEST

START_TEST(throttles_by_knobs)
{
    world.local->knobs.throttle_every = 2;
    ck_assert_int_eq(caller(NULL, "sts").status, 200);
    struct world_answer answer = caller(NULL, "sts");
    ck_assert_int_eq(answer.status, 400);
    ck_assert_ptr_nonnull(strstr(answer.body, "<Code>Throttling</Code>"));
}
END_TEST

START_TEST(others_accounts_have_their_own_keys)
{
    struct world_answer answer =
        world_admin(&world, "POST", "/keys", "{\"account\": \"123456789012\"}");
    ck_assert_int_eq(answer.status, 200);
    struct world_answer again =
        world_admin(&world, "POST", "/keys", "{\"account\": \"123456789012\"}");
    ck_assert_str_eq(gt_text_at(answer.json, "/accessKeyId"),
                     gt_text_at(again.json, "/accessKeyId"));
    struct gt_key_pair own = gt_keys_of_account(world.local, world.arena, GT_LOCAL_ACCOUNT);
    ck_assert_str_ne(gt_text_at(answer.json, "/accessKeyId"), own.access_key_id);
    ck_assert_int_eq(world_admin(&world, "POST", "/keys", "{\"account\": \"1\"}").status, 400);
}
END_TEST

START_TEST(the_admin_api_is_on_the_socket_only)
{
    struct world_answer answer =
        world_send(&world, &(struct world_request){.method = "GET", .path = "/status"});
    ck_assert_int_eq(answer.status, 403);
    answer = world_admin(&world, "GET", "/status", NULL);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(gt_text_at(answer.json, "/id"), gt_local_id(world.local));
    ck_assert_int_eq(world_admin(&world, "GET", "/nothing", NULL).status, 404);
    ck_assert_int_eq(world_admin(&world, "POST", "/faults", "{").status, 400);
    struct stat status;
    ck_assert_int_eq(stat(world.local->socket, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0600);
    ck_assert_int_eq(stat(world.local->key_file, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0600);
}
END_TEST

START_TEST(seeds_run_handlers_and_make_things)
{
    struct world_answer answer = world_admin(
        &world, "POST", "/seed",
        "{\"calls\": [{\"service\": \"logs\", \"operation\": \"CreateLogGroup\", \"account\": "
        "\"123456789012\", \"params\": {\"logGroupName\": \"a\"}}], \"secrets\": [{\"name\": "
        "\"s\", \"string\": \"hush\", \"suffix\": \"AbCdEf\"}], \"ecr\": [{\"repository\": "
        "\"tools\", "
        "\"images\": [{\"tags\": [\"latest\"]}]}], \"policies\": [{\"name\": \"p\", \"document\": "
        "{}}]}");
    ck_assert_msg(answer.status == 200, "%s", answer.body);
    ck_assert_str_eq(gt_text_at(answer.json, "/secrets/0"),
                     "arn:aws:secretsmanager:us-east-1:000000000000:secret:s-AbCdEf");
    answer = world_admin(&world, "GET", "/objects", NULL);
    ck_assert_uint_eq(json_array_size(answer.json), 4);
    ck_assert_ptr_null(strstr(answer.body, "hush"));
    ck_assert_uint_eq(json_array_size(world_admin(&world, "GET", "/log", NULL).json), 0);
    answer = world_admin(&world, "POST", "/poke",
                         "{\"kind\": \"log_group\", \"id\": \"a\", \"tags\": {\"x\": \"y\"}}");
    ck_assert_int_eq(answer.status, 200);
    answer = world_admin(&world, "GET", "/objects?kind=log_group", NULL);
    ck_assert_str_eq(gt_text_at(answer.json, "/0/tags/x"), "y");
    ck_assert_int_eq(world_admin(&world, "POST", "/seed", "{\"sekrets\": []}").status, 400);
    ck_assert_int_eq(world_admin(&world, "POST", "/reset", "{}").status, 200);
    ck_assert_uint_eq(json_array_size(world_admin(&world, "GET", "/objects", NULL).json), 0);
}
END_TEST

START_TEST(the_log_has_no_values_of_queries)
{
    static const struct world_request requests[] = {
        {.method = "GET", .path = "/b/k?X-Amz-Security-Token=secret-token&versions"},
        {.method = "GET", .path = "/b/k?X-Amz-Security-Token=secret-token&versions", .sign = "s3"},
    };
    for (size_t i = 0; i < GT_COUNT(requests); i++) {
        struct world_answer answer = world_send(&world, &requests[i]);
        ck_assert_int_ge(answer.status, 400);
        ck_assert_ptr_null(strstr(answer.body, "secret-token"));
    }
    const char *log = gt_json_canonical(world.arena, world.local->ring);
    ck_assert_ptr_null(strstr(log, "secret-token"));
    ck_assert_ptr_nonnull(strstr(log, "GET /b/k?X-Amz-Security-Token=...&versions"));
}
END_TEST

START_TEST(folders_that_go_are_named_after_the_cloud)
{
    const char *good =
        gt_printf(world.arena, "%s/.gantry/local/%s", world.folder, gt_local_id(world.local));
    const char *const bad[] = {
        "/tmp", "/", ".gantry/local/x",
        gt_printf(world.arena, "/a/../.gantry/local/%s", gt_local_id(world.local))};
    for (size_t i = 0; i < GT_COUNT(bad); i++) {
        const char *given = gt_printf(world.arena, "{\"path\": \"%s\"}", bad[i]);
        ck_assert_msg(world_admin(&world, "PUT", "/folders", given).status == 400, "%s", bad[i]);
    }
    ck_assert(gt_folder_make(gt_printf(world.arena, "%s/stack", good), 0700, &world.diags));
    const char *file = gt_printf(world.arena, "%s/stack/default.json", good);
    ck_assert(gt_file_write(file, "{}", 2, 0600, NULL, &world.diags));
    const char *outside = gt_printf(world.arena, "%s/log", world.folder);
    ck_assert(gt_file_write(outside, "{}", 2, 0600, NULL, &world.diags));
    ck_assert_int_eq(symlink(outside, gt_printf(world.arena, "%s/link", good)), 0);
    for (int i = 0; i < 3; i++) /* each command in the folder says so */
        ck_assert_int_eq(world_admin(&world, "PUT", "/folders",
                                     gt_printf(world.arena, "{\"path\": \"%s\"}", good))
                             .status,
                         200);
    ck_assert_uint_eq(json_array_size(world.local->folders), 1);
    gt_local_free(world.local);
    world.local = NULL;
    struct stat status;
    ck_assert_int_ne(stat(good, &status), 0);
    ck_assert_int_ne(stat(gt_printf(world.arena, "%s/.gantry", world.folder), &status), 0);
    ck_assert_int_eq(stat(outside, &status), 0);
}
END_TEST

START_TEST(a_running_cloud_is_found_and_a_dead_one_is_not)
{
    struct gt_local_place place;
    ck_assert(gt_local_find(world.arena, world.folder, 0, &place, &world.diags));
    ck_assert_str_eq(place.url, gt_local_url(world.local));
    ck_assert_str_eq(place.account, GT_LOCAL_ACCOUNT);
    ck_assert(!place.kept);
    ck_assert(gt_local_find(world.arena, world.folder, place.port, &place, &world.diags));
    ck_assert(!gt_local_find(world.arena, world.folder, 1, &place, &world.diags));
    /* A key file whose socket nobody answers. */
    const char *stale = gt_printf(world.arena, "%s/local-2.json", world.folder);
    const char *text = "{\"url\": \"u\", \"id\": \"i\", \"socket\": \"/nowhere.sock\", "
                       "\"accessKeyId\": \"a\", \"secretAccessKey\": \"s\", \"account\": \"1\", "
                       "\"port\": 2}";
    ck_assert(gt_file_write(stale, text, strlen(text), 0600, NULL, &world.diags));
    ck_assert(gt_local_find(world.arena, world.folder, 0, &place, &world.diags));
    ck_assert_int_eq(place.port, world.local->port);
    ck_assert_int_ne(access(stale, F_OK), 0);
}
END_TEST

START_TEST(listens_on_loopback_only)
{
    static const char *const hosts[] = {"0.0.0.0", "192.168.0.1", "example.com", "::"};
    for (size_t i = 0; i < GT_COUNT(hosts); i++) {
        struct gt_local *other = NULL;
        const struct gt_local_options options = {
            .loop = world.loop, .host = hosts[i], .run_folder = world.folder};
        size_t mark = gt_diags_mark(&world.diags);
        ck_assert(!gt_local_start(world.arena, &options, &other, &world.diags));
        ck_assert_str_eq(world.diags.list.at[mark]->code, "not-loopback");
    }
}
END_TEST

START_TEST(fidelity_lists_every_operation_once)
{
    json_auto_t *rows = gt_local_fidelity();
    size_t index, operations = 0, modelled = 0;
    json_t *row;
    for (const struct gt_service *const *service = gt_services; *service != NULL; service++)
        for (const struct gt_operation *const *at = (*service)->operations; *at != NULL; at++)
            operations++;
    ck_assert_uint_eq(json_array_size(rows), operations);
    json_array_foreach(rows, index, row) modelled +=
        gt_streq(gt_text_at(row, "/fidelity"), "modelled");
    ck_assert_uint_gt(modelled, 60);
}
END_TEST

Suite *front_suite(void)
{
    Suite *suite = suite_create("front");
    TCase *tests = tcase_create("front");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, host_and_origin_are_loopback, 0, (int)GT_COUNT(asking));
    tcase_add_test(tests, signatures_are_checked);
    tcase_add_test(tests, a_clock_that_is_far_off_is_refused);
    tcase_add_test(tests, throttles_by_knobs);
    tcase_add_test(tests, others_accounts_have_their_own_keys);
    tcase_add_test(tests, the_admin_api_is_on_the_socket_only);
    tcase_add_test(tests, seeds_run_handlers_and_make_things);
    tcase_add_test(tests, the_log_has_no_values_of_queries);
    tcase_add_test(tests, folders_that_go_are_named_after_the_cloud);
    tcase_add_test(tests, a_running_cloud_is_found_and_a_dead_one_is_not);
    tcase_add_test(tests, listens_on_loopback_only);
    tcase_add_test(tests, fidelity_lists_every_operation_once);
    suite_add_tcase(suite, tests);
    return suite;
}
