/* The fault script: which entries make sense, and when they fire. */
#include "cloud_suites.h"
#include "cloud_world.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

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

static bool post(const char *json)
{
    const char *problem;
    json_auto_t *entries = json_loads(json, JSON_DECODE_ANY, NULL);
    ck_assert_ptr_nonnull(entries);
    return gt_faults_post(world.local, entries, &problem, world.arena);
}

/* "1" for each arrival at which the script fires. */
static const char *fires(const struct gt_arrival *arrival, int count)
{
    const char *text = "";
    for (int i = 0; i < count; i++)
        text = gt_printf(world.arena, "%s%d", text, gt_faults_take(world.local, arrival) != NULL);
    return text;
}

static const struct gt_arrival create = {
    .service = "iam", .operation = "CreateRole", .mutating = true, .counted = true};
static const struct gt_arrival list = {.service = "iam", .operation = "ListRoles", .counted = true};

START_TEST(fires_at_the_kth_request_of_any_kind)
{
    ck_assert(post("[{\"request\": 3, \"fault\": \"500\"}]"));
    ck_assert_str_eq(fires(&list, 2), "00");
    ck_assert_str_eq(fires(&create, 2), "10");
}
END_TEST

START_TEST(fires_at_the_nth_call_and_the_following)
{
    ck_assert(post("[{\"operation\": \"CreateRole\", \"nth\": 2, \"times\": 2, "
                   "\"fault\": \"reset-after\"}]"));
    ck_assert_str_eq(fires(&list, 3), "000");
    ck_assert_str_eq(fires(&create, 4), "0110");
}
END_TEST

START_TEST(counts_what_changes_something)
{
    ck_assert(post("[{\"mutating\": true, \"fault\": \"throttle\"}]"));
    ck_assert_str_eq(fires(&list, 2), "00");
    ck_assert_str_eq(fires(&create, 1), "1");
}
END_TEST

START_TEST(means_the_clouds_own_requests_only_by_name)
{
    const struct gt_arrival own = {.service = "bedrock-agentcore",
                                   .operation = "InvokeAgentRuntime"};
    ck_assert(post("[{\"request\": 1, \"fault\": \"500\"}, "
                   "{\"operation\": \"InvokeAgentRuntime\", \"fault\": \"html\"}]"));
    ck_assert_str_eq(gt_text_at(gt_faults_take(world.local, &own), "/fault"), "html");
    ck_assert_str_eq(gt_text_at(gt_faults_take(world.local, &list), "/fault"), "500");
}
END_TEST

static const char *const nonsense[] = {
    "{}",
    "[1]",
    "[{\"fault\": \"boom\"}]",
    "[{}]",
    "[{\"fault\": \"500\", \"nht\": 2}]",
    "[{\"fault\": \"500\", \"nth\": \"2\"}]",
    "[{\"fault\": \"500\", \"nth\": 0}]",
    "[{\"fault\": \"500\", \"request\": 1, \"operation\": \"x\"}]",
    "[{\"fault\": \"kill-after\"}]",
    "[{\"fault\": \"error\"}]",
    "[{\"fault\": \"error\", \"code\": \"X\", \"status\": 200}]",
    "[{\"fault\": \"land\"}]",
    "[{\"fault\": \"land\", \"status\": 500}]",
};

START_TEST(refuses_nonsense_and_keeps_the_old_script)
{
    ck_assert(post("[{\"request\": 1, \"fault\": \"500\"}]"));
    ck_assert_msg(!post(nonsense[_i]), "%s", nonsense[_i]);
    ck_assert_str_eq(fires(&list, 1), "1");
}
END_TEST

/* What a client sees of each fault, and whether the work was done. */
static const struct {
    const char *fault;
    bool answered;
    int status;
    bool done;
} seen[] = {
    {"reset-before", false, 0, false}, {"500", true, 500, false},
    {"html", true, 502, false},        {"throttle", true, 400, false},
    {"stall-before", false, 0, false}, {"reset-after", false, 0, true},
    {"500-after", true, 500, true},    {"html-after", true, 502, true},
    {"truncate", false, 200, true},    {"stall", false, 0, true},
    {"empty", true, 200, true},        {"junk", true, 200, true},
    {"slow", true, 200, true},
};

START_TEST(a_fault_comes_before_or_after_the_work)
{
    world.local->knobs.stall_ms = 50;
    ck_assert(
        post(gt_printf(world.arena, "[{\"request\": 1, \"fault\": \"%s\"}]", seen[_i].fault)));
    struct world_answer answer = world_send(
        &world,
        &(struct world_request){.method = "POST",
                                .path = "/",
                                .type = "application/x-amz-json-1.1",
                                .target = "AmazonEC2ContainerRegistry_V20150921.CreateRepository",
                                .body = "{\"repositoryName\": \"tools\"}",
                                .sign = "ecr"});
    ck_assert_msg(answer.answered == seen[_i].answered, "%s", seen[_i].fault);
    if (answer.answered)
        ck_assert_msg(answer.status == seen[_i].status, "%s: %d", seen[_i].fault, answer.status);
    bool done = world_call(&world, "ecr", "DescribeRepositories",
                           json_pack("{s:[s]}", "repositoryNames", "tools")) != NULL;
    ck_assert_msg(done == seen[_i].done, "%s", seen[_i].fault);
    const json_t *entry = json_array_get(world.local->ring, 0);
    ck_assert_str_eq(gt_text_at(entry, "/fault"), seen[_i].fault);
    ck_assert_str_eq(gt_text_at(entry, "/operation"), "CreateRepository");
}
END_TEST

Suite *script_suite(void)
{
    Suite *suite = suite_create("script");
    TCase *tests = tcase_create("script");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, fires_at_the_kth_request_of_any_kind);
    tcase_add_test(tests, fires_at_the_nth_call_and_the_following);
    tcase_add_test(tests, counts_what_changes_something);
    tcase_add_test(tests, means_the_clouds_own_requests_only_by_name);
    tcase_add_loop_test(tests, refuses_nonsense_and_keeps_the_old_script, 0,
                        (int)GT_COUNT(nonsense));
    tcase_add_loop_test(tests, a_fault_comes_before_or_after_the_work, 0, (int)GT_COUNT(seen));
    suite_add_tcase(suite, tests);
    return suite;
}
