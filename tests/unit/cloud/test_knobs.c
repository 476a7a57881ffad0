/* The knobs: read from JSON and from texts of the command line. */
#include "cloud_suites.h"

#include <gantry/base/json.h>
#include <string.h>

#include "cloud.h"

GT_TEST_ARENA

static struct gt_knobs knobs;

static void setup(void)
{
    arena_setup();
    gt_knobs_init(&knobs);
}

START_TEST(reads_numbers_durations_and_flags)
{
    const json_t *given = gt_pack(arena, "{s:i, s:s, s:s, s:b, s:s}", "ready_ms", 5, "delete_ms",
                                  "2s", "page_size", "7", "shuffle", 1, "extra_members", "yes");
    ck_assert(gt_knobs_set(&knobs, given, &diags));
    ck_assert_int_eq(knobs.ready_ms, 5);
    ck_assert_int_eq(knobs.delete_ms, 2000);
    ck_assert_int_eq(knobs.page_size, 7);
    ck_assert(knobs.shuffle && knobs.extra_members && !knobs.empty_pages);
}
END_TEST

static const struct {
    const char *name, *json;
} bad[] = {
    {"an unknown knob", "{\"redy_ms\": 5}"},
    {"a flag as a number", "{\"shuffle\": 1}"},
    {"a number as a flag", "{\"page_size\": true}"},
    {"a negative time", "{\"ready_ms\": -5}"},
    {"a duration of items", "{\"page_size\": \"2s\"}"},
    {"no object", "[]"},
    {"a fraction", "{\"ready_ms\": 1.5}"},
};

START_TEST(changes_nothing_when_one_is_wrong)
{
    json_t *given = gt_keep(arena, json_loads(bad[_i].json, 0, NULL));
    if (json_is_object(given))
        json_object_set_new(given, "latency_ms", json_integer(9));
    ck_assert_msg(!gt_knobs_set(&knobs, given, &diags), "%s", bad[_i].name);
    ck_assert_uint_ge(diags.errors, 1);
    ck_assert_int_eq(knobs.latency_ms, 0);
}
END_TEST

START_TEST(suggests_the_nearest_name)
{
    ck_assert(!gt_knobs_set(&knobs, gt_pack(arena, "{s:i}", "redy_ms", 5), &diags));
    ck_assert_str_eq(diags.list.at[0]->hint, "did you mean \"ready_ms\"?");
}
END_TEST

START_TEST(the_clock_may_be_behind)
{
    ck_assert(gt_knobs_set(&knobs, gt_pack(arena, "{s:i}", "skew_ms", -5000), &diags));
    ck_assert_int_eq(knobs.skew_ms, -5000);
}
END_TEST

START_TEST(every_knob_is_explained_and_shown)
{
    json_auto_t *rows = gt_local_knobs();
    json_auto_t *shown = gt_knobs_json(&knobs);
    size_t index;
    json_t *row;
    ck_assert_uint_eq(json_array_size(rows), json_object_size(shown));
    json_array_foreach(rows, index, row)
    {
        const char *name = gt_text_at(row, "/name");
        ck_assert(json_equal(json_object_get(row, "default"), json_object_get(shown, name)));
        ck_assert_uint_gt(strlen(gt_text_at(row, "/help")), 10);
    }
}
END_TEST

Suite *knobs_suite(void)
{
    Suite *suite = suite_create("knobs");
    TCase *tests = tcase_create("knobs");
    tcase_add_checked_fixture(tests, setup, arena_teardown);
    tcase_add_test(tests, reads_numbers_durations_and_flags);
    tcase_add_loop_test(tests, changes_nothing_when_one_is_wrong, 0, (int)GT_COUNT(bad));
    tcase_add_test(tests, suggests_the_nearest_name);
    tcase_add_test(tests, the_clock_may_be_behind);
    tcase_add_test(tests, every_knob_is_explained_and_shown);
    suite_add_tcase(suite, tests);
    return suite;
}
