#include "../../../src/mcp/sse_reader.h"
#include "mcp_suites.h"

#include <gantry/base/str.h>
#include <string.h>

GT_TEST_ARENA

static struct gt_buf out;

static void on_event(void *payload, const struct gt_sse_event *event)
{
    (void)payload;
    gt_buf_addf(&out, "[%s|", event->type);
    gt_buf_add(&out, event->data, event->len);
    gt_buf_addf(&out, "|%s]", event->id != NULL ? event->id : "-");
}

static const struct {
    const char *name, *stream, *events;
} rows[] = {
    {"one event", "data: a\n\n", "[message|a|-]"},
    {"no space behind the colon", "data:a\n\n", "[message|a|-]"},
    {"only one space is taken", "data:  a\n\n", "[message| a|-]"},
    {"several lines of data", "data: a\ndata:\ndata: b\n\n", "[message|a\n\nb|-]"},
    {"carriage returns", "data: a\rdata: b\r\rdata: c\r\r", "[message|a\nb|-][message|c|-]"},
    {"both", "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", "[message|a\nb|-][message|c|-]"},
    {"mixed", "data: a\n\r\ndata: c\r\n\n", "[message|a|-][message|c|-]"},
    {"type and id", "event: x\nid: 7\ndata: a\n\ndata: b\n\n", "[x|a|7][message|b|7]"},
    {"an id that is taken back", "id: 7\ndata: a\n\nid\ndata: b\n\n", "[message|a|7][message|b|]"},
    {"comments", ": hello\n\n:\ndata: a\n: in between\n\n", "[message|a|-]"},
    {"unknown fields", "retry: 10\nfoo: bar\ndata: a\nbaz\n\n", "[message|a|-]"},
    {"no data, no event", "event: x\nid: 1\n\ndata: a\n\n", "[message|a|1]"},
    {"data without value", "data\n\n", "[message||-]"},
    {"a field's name is exact", "Data: a\ndatas: b\n\n", ""},
    {"a byte order mark",
     "\xef\xbb\xbf"
     "data: a\n\n",
     "[message|a|-]"},
    {"the start of one is no mark",
     "\xef\xbb"
     "data: a\n\ndata: b\n\n",
     "[message|b|-]"},
    {"a mark counts once",
     "\xef\xbb\xbf\xef\xbb\xbf"
     "data: a\n\n",
     ""},
    {"an event that is cut off", "data: a\n\ndata: b\n", "[message|a|-]"},
    {"a colon in the value", "data: a: b\n\n", "[message|a: b|-]"},
};

START_TEST(reads_streams_in_pieces_of_any_size)
{
    const char *stream = rows[_i].stream;
    size_t len = strlen(stream);
    for (size_t piece = 1; piece <= len; piece++) {
        out = gt_buf_init(1000);
        struct gt_sse_reader reader = gt_sse_init(100, on_event, NULL);
        for (size_t at = 0; at < len; at += piece)
            ck_assert(gt_sse_feed(&reader, stream + at, len - at < piece ? len - at : piece));
        ck_assert_msg(gt_streq(gt_buf_text(&out), rows[_i].events), "%s, pieces of %zu: %s",
                      rows[_i].name, piece, gt_buf_text(&out));
        gt_sse_done(&reader);
        gt_buf_done(&out);
    }
}
END_TEST

START_TEST(stops_at_a_line_that_is_too_long)
{
    out = gt_buf_init(1000);
    struct gt_sse_reader reader = gt_sse_init(10, on_event, NULL);
    ck_assert(gt_sse_feed(&reader, "data: a\n\ndata: 6", 16));
    ck_assert(!gt_sse_feed(&reader, "7890", 4));
    ck_assert(!gt_sse_feed(&reader, "\n\ndata: b\n\n", 11));
    ck_assert_str_eq(gt_buf_text(&out), "[message|a|-]");
    gt_sse_done(&reader);
    gt_buf_done(&out);
}
END_TEST

START_TEST(stops_at_an_event_that_is_too_large)
{
    out = gt_buf_init(1000);
    struct gt_sse_reader reader = gt_sse_init(10, on_event, NULL);
    ck_assert(!gt_sse_feed(&reader, "data:12345\ndata:12345\ndata: a\n\n", 31));
    ck_assert_str_eq(gt_buf_text(&out), "");
    gt_sse_done(&reader);
    gt_buf_done(&out);
}
END_TEST

START_TEST(keeps_bytes_that_are_no_text)
{
    out = gt_buf_init(1000);
    struct gt_sse_reader reader = gt_sse_init(100, on_event, NULL);
    ck_assert(gt_sse_feed(&reader, "id: a\0b\ndata: x\0y\n\n", 20));
    ck_assert_uint_eq(out.len, strlen("[message|x.y|-]"));
    gt_sse_done(&reader);
    gt_buf_done(&out);
}
END_TEST

Suite *sse_reader_suite(void)
{
    Suite *suite = suite_create("sse_reader");
    TCase *tests = tcase_create("sse_reader");
    tcase_add_checked_fixture(tests, arena_setup, arena_teardown);
    tcase_add_loop_test(tests, reads_streams_in_pieces_of_any_size, 0, GT_COUNT(rows));
    tcase_add_test(tests, stops_at_a_line_that_is_too_long);
    tcase_add_test(tests, stops_at_an_event_that_is_too_large);
    tcase_add_test(tests, keeps_bytes_that_are_no_text);
    suite_add_tcase(suite, tests);
    return suite;
}
