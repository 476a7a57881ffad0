/* Objects: coming, going with their parents, and what a fault script makes of them. */
#include "cloud_suites.h"
#include "cloud_world.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

#include "cloud.h"
#include "services/services.h"

static struct world world;
static const char account[] = "000000000000", region[] = "us-east-1";

static void setup(void)
{
    world_start(&world, false, NULL);
}

static void teardown(void)
{
    world_done(&world);
}

static struct gt_object *group(const char *name)
{
    return gt_object_new(world.local, &gt_kind_log_group, account, region, "", name, NULL);
}

START_TEST(finds_by_kind_account_region_and_id)
{
    struct gt_object *object = group("a");
    ck_assert_ptr_eq(gt_object_find(world.local, &gt_kind_log_group, account, region, "", "a"),
                     object);
    ck_assert_ptr_null(gt_object_find(world.local, &gt_kind_secret, account, region, "", "a"));
    ck_assert_ptr_null(gt_object_find(world.local, &gt_kind_log_group, "1", region, "", "a"));
    ck_assert_ptr_null(gt_object_find(world.local, &gt_kind_log_group, account, "", "", "a"));
    ck_assert_ptr_null(gt_object_find(world.local, &gt_kind_log_group, account, region, "x", "a"));
    ck_assert_ptr_null(gt_object_find(world.local, &gt_kind_log_group, account, region, "", NULL));
}
END_TEST

START_TEST(finds_by_arn_but_not_by_none)
{
    struct gt_object *object = group("a");
    ck_assert_ptr_null(gt_object_find_arn(world.local, ""));
    ck_assert_ptr_null(gt_object_find_arn(world.local, NULL));
    gt_object_set_arn(object, "arn:x");
    ck_assert_ptr_eq(gt_object_find_arn(world.local, "arn:x"), object);
}
END_TEST

START_TEST(walks_in_order_while_objects_go)
{
    struct gt_object *a = group("a"), *b = group("b"), *c = group("c"), *at = NULL;
    const char *seen = "";
    while ((at = gt_object_next(world.local, &gt_kind_log_group, account, NULL, NULL, at)) !=
           NULL) {
        seen = gt_printf(world.arena, "%s%s", seen, at->id);
        if (at == a) {
            gt_object_remove(world.local, a);
            gt_object_remove(world.local, b);
        }
    }
    ck_assert_str_eq(seen, "ac");
    world_wait(&world, 1);
    ck_assert_ptr_eq(gt_object_next(world.local, &gt_kind_log_group, NULL, NULL, NULL, NULL), c);
    ck_assert_ptr_null(gt_object_next(world.local, &gt_kind_log_group, NULL, NULL, NULL, c));
}
END_TEST

START_TEST(children_go_with_their_parent)
{
    struct gt_object *bucket =
        gt_object_new(world.local, &gt_kind_bucket, account, region, "", "b", NULL);
    gt_object_new(world.local, &gt_kind_s3_object, account, region, "b", "key", NULL);
    /* Another kind's object of the same parent id, and another bucket's. */
    gt_object_new(world.local, &gt_kind_s3_object, account, region, "c", "key", NULL);
    gt_object_remove(world.local, bucket);
    ck_assert_ptr_null(
        gt_object_find(world.local, &gt_kind_s3_object, account, region, "b", "key"));
    ck_assert_ptr_nonnull(
        gt_object_find(world.local, &gt_kind_s3_object, account, region, "c", "key"));
}
END_TEST

START_TEST(lands_where_the_script_says)
{
    json_auto_t *landing = json_pack("{s:s, s:s}", "status", "FAILED", "reason", "so it is");
    world.local->landing = landing;
    struct gt_object *object = gt_object_new(world.local, &gt_kind_gateway, account, region, "",
                                             "g", json_pack("{s:s}", "status", "CREATING"));
    world.local->landing = NULL;
    gt_object_touch(world.local, object);
    ck_assert_str_eq(gt_text_at(object->data, "/status"), "CREATING");
    json_object_set_new(object->data, "status", json_string("READY"));
    gt_object_touch(world.local, object);
    ck_assert_str_eq(gt_text_at(object->data, "/status"), "FAILED");
    ck_assert_str_eq(gt_text_at(object->data, "/statusReasons/0"), "so it is");
    /* Once only. */
    json_object_set_new(object->data, "status", json_string("READY"));
    gt_object_touch(world.local, object);
    ck_assert_str_eq(gt_text_at(object->data, "/status"), "READY");
}
END_TEST

START_TEST(shows_no_secrets)
{
    struct gt_object *object = group("a");
    json_object_set_new(object->data, "environmentVariables", json_pack("{s:s}", "KEY", "hush"));
    json_object_set_new(object->data, "deep", json_pack("[{s:s}]", "clientSecret", "hush"));
    json_object_set_new(object->hidden, "any", json_string("hush"));
    json_auto_t *shown = gt_store_show(world.local, NULL);
    const char *text = gt_json_canonical(world.arena, shown);
    ck_assert_ptr_null(strstr(text, "hush"));
    ck_assert_ptr_nonnull(strstr(text, "\"environmentVariables\":[\"KEY\"]"));
}
END_TEST

START_TEST(random_ids_have_the_letters_of_ids)
{
    const char *a = gt_random_id(world.local, world.arena, 40);
    const char *b = gt_random_id(world.local, world.arena, 40);
    ck_assert_uint_eq(strspn(a, "abcdefghijklmnopqrstuvwxyz0123456789"), 40);
    ck_assert_str_ne(a, b);
}
END_TEST

START_TEST(maps_invocation_urls_of_any_region)
{
    const char *here = gt_local_url(world.local);
    const char *url =
        "https://bedrock-agentcore.eu-west-1.amazonaws.com/runtimes/a%2Fb/invocations";
    ck_assert_str_eq(gt_local_map_url(world.local, world.arena, url),
                     gt_printf(world.arena, "%s/runtimes/a%%2Fb/invocations", here));
    static const char *const others[] = {
        "https://bedrock-agentcore.eu-west-1.amazonaws.com.evil.example/x",
        "https://bedrock-agentcore.cn-north-1.amazonaws.com/x", "https://example.com/mcp",
        "http://127.0.0.1:8000/mcp", "https://bedrock-agentcore./x"};
    for (size_t i = 0; i < GT_COUNT(others); i++)
        ck_assert_str_eq(gt_local_map_url(world.local, world.arena, others[i]), others[i]);
}
END_TEST

Suite *store_suite(void)
{
    Suite *suite = suite_create("store");
    TCase *tests = tcase_create("store");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, finds_by_kind_account_region_and_id);
    tcase_add_test(tests, finds_by_arn_but_not_by_none);
    tcase_add_test(tests, walks_in_order_while_objects_go);
    tcase_add_test(tests, children_go_with_their_parent);
    tcase_add_test(tests, lands_where_the_script_says);
    tcase_add_test(tests, shows_no_secrets);
    tcase_add_test(tests, random_ids_have_the_letters_of_ids);
    tcase_add_test(tests, maps_invocation_urls_of_any_region);
    suite_add_tcase(suite, tests);
    return suite;
}
