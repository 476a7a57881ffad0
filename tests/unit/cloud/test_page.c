/* Pages: sizes, tokens, and lists that change between two pages. */
#include "cloud_suites.h"
#include "cloud_world.h"

#include <gantry/base/json.h>

#include "cloud.h"

#include <string.h>

static struct world world;

static void setup(void)
{
    world_start(&world, false, NULL);
    for (int i = 0; i < 5; i++)
        world_call(&world, "logs", "CreateLogGroup",
                   json_pack("{s:o}", "logGroupName", json_sprintf("g%d", i)));
}

static void teardown(void)
{
    world_done(&world);
}

static const json_t *page(int limit, const json_t *before)
{
    json_t *params = json_pack("{s:i}", "limit", limit);
    if (before != NULL)
        json_object_set(params, "nextToken", json_object_get(before, "nextToken"));
    return world_call(&world, "logs", "DescribeLogGroups", params);
}

static const char *names(const json_t *output)
{
    const char *text = "";
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(output, "logGroups"), index, item) text =
        gt_printf(world.arena, "%s%s ", text, gt_text_at(item, "/logGroupName"));
    return text;
}

START_TEST(pages_hold_what_was_asked_for)
{
    const json_t *first = page(2, NULL), *second = page(2, first), *third = page(2, second);
    ck_assert_str_eq(names(first), "g0 g1 ");
    ck_assert_str_eq(names(second), "g2 g3 ");
    ck_assert_str_eq(names(third), "g4 ");
    ck_assert_ptr_null(json_object_get(third, "nextToken"));
}
END_TEST

START_TEST(a_page_that_fits_has_no_token)
{
    const json_t *all = page(5, NULL);
    ck_assert_str_eq(names(all), "g0 g1 g2 g3 g4 ");
    ck_assert_ptr_null(json_object_get(all, "nextToken"));
}
END_TEST

static void delete_group(const char *name)
{
    ck_assert_ptr_nonnull(
        world_call(&world, "logs", "DeleteLogGroup", json_pack("{s:s}", "logGroupName", name)));
}

START_TEST(a_token_stays_good_when_items_go)
{
    const json_t *first = page(2, NULL);
    delete_group("g0");
    ck_assert_str_eq(names(page(2, first)), "g2 g3 ");
}
END_TEST

START_TEST(a_token_stays_good_when_its_item_goes)
{
    const json_t *first = page(2, NULL);
    delete_group("g1");
    ck_assert_str_eq(names(page(2, first)), "g2 g3 ");
}
END_TEST

START_TEST(a_token_loses_nothing_when_all_of_its_page_goes)
{
    const json_t *first = page(3, NULL);
    delete_group("g0");
    delete_group("g1");
    delete_group("g2");
    ck_assert_str_eq(names(page(3, first)), "g3 g4 ");
}
END_TEST

START_TEST(a_token_is_short_however_long_the_names_are)
{
    enum { LONG = 500, MOST = 200 };
    json_t *name = json_sprintf("a%0*d", LONG, 0);
    world_call(&world, "logs", "CreateLogGroup", json_pack("{s:o}", "logGroupName", name));
    const json_t *all = page(5, NULL);
    ck_assert_uint_le(strlen(gt_text_at(all, "/nextToken")), MOST);
    ck_assert_uint_eq(json_array_size(json_object_get(page(5, all), "logGroups")), 1);
}
END_TEST

START_TEST(a_foreign_token_is_refused)
{
    static const char *const tokens[] = {"x", "AAAA", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA="};
    for (size_t i = 0; i < GT_COUNT(tokens); i++) {
        ck_assert_ptr_null(world_call(&world, "logs", "DescribeLogGroups",
                                      json_pack("{s:s}", "nextToken", tokens[i])));
        ck_assert_str_eq(world.code, "InvalidParameterException");
    }
    const json_t *first = page(2, NULL);
    const char *token = gt_text_at(first, "/nextToken");
    ck_assert_ptr_null(
        world_call(&world, "ecr", "DescribeRepositories", json_pack("{s:s}", "nextToken", token)));
}
END_TEST

START_TEST(the_knob_makes_pages_smaller)
{
    world.local->knobs.page_size = 1;
    ck_assert_str_eq(names(page(5, NULL)), "g0 ");
}
END_TEST

START_TEST(an_empty_page_in_between_loses_nothing)
{
    world.local->knobs.empty_pages = true;
    const json_t *at = page(2, NULL);
    const char *all = names(at);
    bool empty = false;
    while (json_object_get(at, "nextToken") != NULL) {
        at = page(2, at);
        empty = empty || *names(at) == '\0';
        all = gt_printf(world.arena, "%s%s", all, names(at));
    }
    ck_assert(empty);
    ck_assert_str_eq(all, "g0 g1 g2 g3 g4 ");
}
END_TEST

Suite *page_suite(void)
{
    Suite *suite = suite_create("page");
    TCase *tests = tcase_create("page");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, pages_hold_what_was_asked_for);
    tcase_add_test(tests, a_page_that_fits_has_no_token);
    tcase_add_test(tests, a_token_stays_good_when_items_go);
    tcase_add_test(tests, a_token_stays_good_when_its_item_goes);
    tcase_add_test(tests, a_token_loses_nothing_when_all_of_its_page_goes);
    tcase_add_test(tests, a_token_is_short_however_long_the_names_are);
    tcase_add_test(tests, a_foreign_token_is_refused);
    tcase_add_test(tests, the_knob_makes_pages_smaller);
    tcase_add_test(tests, an_empty_page_in_between_loses_nothing);
    suite_add_tcase(suite, tests);
    return suite;
}
