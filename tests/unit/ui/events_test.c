#include "suites.h"

#include "golden.h"

#include <gantry/ui/events.h>

GT_TEST_ARENA

START_TEST(an_event_is_one_line_with_format_name_and_time)
{
    struct gt_stream out = gt_stream_memory();
    struct gt_events events = {.streams = {&out}};
    gt_events_emit(&events, "started", 1768653296789, json_pack("{s:s}", "address", "a\nb"));
    gt_events_emit(&events, "finished", 1768653296005, NULL);
    ck_assert_str_eq(
        stream_take(arena, &out),
        "{\"format\":1,\"event\":\"started\",\"time\":\"2026-01-17T12:34:56.789Z\","
        "\"address\":\"a\\nb\"}\n"
        "{\"format\":1,\"event\":\"finished\",\"time\":\"2026-01-17T12:34:56.005Z\"}\n");
}
END_TEST

START_TEST(members_do_not_replace_those_of_every_event)
{
    struct gt_stream out = gt_stream_memory();
    struct gt_events events = {.streams = {&out}};
    gt_events_emit(&events, "plan", 0, json_pack("{s:i}", "format", 7));
    ck_assert_str_eq(stream_take(arena, &out),
                     "{\"format\":1,\"event\":\"plan\",\"time\":\"1970-01-01T00:00:00.000Z\"}\n");
}
END_TEST

START_TEST(all_streams_get_the_event)
{
    struct gt_stream a = gt_stream_memory(), b = gt_stream_memory();
    struct gt_events events = {.streams = {&a, &b}};
    gt_events_emit(&events, "x", 0, NULL);
    ck_assert_str_eq(stream_take(arena, &a), stream_take(arena, &b));
}
END_TEST

START_TEST(without_listeners_nothing_happens)
{
    struct gt_events events = {0};
    ck_assert(!gt_events_wanted(&events));
    gt_events_emit(&events, "x", 0, json_object());
}
END_TEST

Suite *events_suite(void)
{
    Suite *suite = suite_create("events");
    TCase *tcase = tcase_create("events");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, an_event_is_one_line_with_format_name_and_time);
    tcase_add_test(tcase, members_do_not_replace_those_of_every_event);
    tcase_add_test(tcase, all_streams_get_the_event);
    tcase_add_test(tcase, without_listeners_nothing_happens);
    suite_add_tcase(suite, tcase);
    return suite;
}
