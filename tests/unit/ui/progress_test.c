#include "suites.h"

#include "golden.h"

#include <gantry/base/str.h>
#include <gantry/ui/progress.h>
#include <string.h>

GT_TEST_ARENA

static struct gt_stream out;
static int columns, rows;

static bool size(int fd, int *wide, int *high)
{
    (void)fd;
    *wide = columns;
    *high = rows;
    return true;
}

static struct gt_progress *start(bool live, enum gt_verbosity verbosity)
{
    columns = 60;
    rows = 24;
    out = gt_stream_memory();
    return gt_progress_new(arena,
                           &(struct gt_progress_options){
                               .stream = &out, .verbosity = verbosity, .live = live, .size = size});
}

static void change(struct gt_progress *progress, enum gt_change_kind kind, const char *address,
                   const char *message, int64_t elapsed_ms)
{
    gt_progress_change(progress,
                       &(struct gt_progress_change){.kind = kind,
                                                    .address = address,
                                                    .doing = "creating",
                                                    .done = "created",
                                                    .message = message,
                                                    .elapsed_ms = elapsed_ms},
                       1000 + elapsed_ms);
}

static void run(struct gt_progress *progress)
{
    gt_progress_begin(progress, "applying", 3, 1000);
    change(progress, GT_CHANGE_STARTED, "role.a", NULL, 0);
    change(progress, GT_CHANGE_STARTED, "gateway.tools", NULL, 100);
    change(progress, GT_CHANGE_DONE, "role.a", NULL, 1234);
    change(progress, GT_CHANGE_WAITING, "gateway.tools", "CREATING", 2000);
    change(progress, GT_CHANGE_RETRYING, "gateway.tools", "the role is not visible yet", 3000);
    change(progress, GT_CHANGE_FAILED, "gateway.tools", "quota exceeded", 65000);
    change(progress, GT_CHANGE_SKIPPED, "target.lark", "gateway.tools failed", 0);
    gt_progress_end(progress);
}

/* What a terminal shows after these bytes: enough of ECMA-48 for what progress writes. */
static char *screen(const char *bytes, bool *cursor)
{
    enum { WIDE = 200, HIGH = 60 };
    static char cells[HIGH][WIDE + 1];
    size_t row = 0, column = 0, last = 0;
    memset(cells, 0, sizeof(cells));
    *cursor = true;
    for (const char *at = bytes; *at != '\0'; at++) {
        if (*at == '\n') {
            row++;
            column = 0;
        } else if (*at == '\r') {
            column = 0;
        } else if (gt_starts_with(at, "\033[?25")) {
            *cursor = at[5] == 'h';
            at += 5;
        } else if (gt_starts_with(at, "\033[J")) {
            for (size_t i = row; i < HIGH; i++)
                memset(cells[i] + (i == row ? column : 0), 0, WIDE - (i == row ? column : 0));
            at += 2;
        } else if (*at == '\033') {
            char *end;
            unsigned long count = strtoul(at + 2, &end, 10);
            ck_assert_int_eq(*end, 'A');
            ck_assert_uint_le(count, row);
            row -= count;
            at = end;
        } else {
            if (column == (size_t)columns) {
                row++;
                column = 0;
            }
            cells[row][column++] = *at;
        }
        last = row > last ? row : last;
        ck_assert_uint_lt(row, HIGH);
    }
    char *text = gt_strdup(arena, "");
    for (size_t i = 0; i <= last; i++)
        if (cells[i][0] != '\0')
            text = gt_printf(arena, "%s%s\n", text, cells[i]);
    return text;
}

START_TEST(without_a_terminal_each_change_of_state_is_a_line)
{
    run(start(false, GT_NORMAL));
    ck_assert_str_eq(stream_take(arena, &out),
                     "  role.a: creating\n"
                     "  gateway.tools: creating\n"
                     "  role.a: created in 1.2s\n"
                     "  gateway.tools: creating: CREATING (2.0s)\n"
                     "  gateway.tools: creating, trying again: the role is not visible yet (3.0s)\n"
                     "  gateway.tools: failed after 1m05s: quota exceeded\n"
                     "  target.lark: skipped: gateway.tools failed\n");
}
END_TEST

START_TEST(a_line_that_says_the_same_waits_for_30_seconds)
{
    struct gt_progress *progress = start(false, GT_NORMAL);
    gt_progress_begin(progress, "applying", 1, 1000);
    change(progress, GT_CHANGE_RETRYING, "target.a", "no role", 1000);
    change(progress, GT_CHANGE_WAITING, "target.a", "UPDATING", 2000);
    change(progress, GT_CHANGE_RETRYING, "target.a", "no role", 3000);
    change(progress, GT_CHANGE_RETRYING, "target.b", "no role", 3000);
    change(progress, GT_CHANGE_WAITING, "target.a", "UPDATING", 4000);
    change(progress, GT_CHANGE_RETRYING, "target.a", "no right", 5000);
    change(progress, GT_CHANGE_RETRYING, "target.a", "no role", 30999);
    change(progress, GT_CHANGE_RETRYING, "target.a", "no role", 31000);
    gt_progress_end(progress);
    ck_assert_str_eq(stream_take(arena, &out),
                     "  target.a: creating, trying again: no role (1.0s)\n"
                     "  target.a: creating: UPDATING (2.0s)\n"
                     "  target.b: creating, trying again: no role (3.0s)\n"
                     "  target.a: creating, trying again: no right (5.0s)\n"
                     "  target.a: creating, trying again: no role (31.0s)\n");
}
END_TEST

START_TEST(quiet_shows_only_failures)
{
    run(start(false, GT_QUIET));
    ck_assert_str_eq(stream_take(arena, &out),
                     "  gateway.tools: failed after 1m05s: quota exceeded\n");
}
END_TEST

START_TEST(on_a_terminal_only_what_is_over_stays)
{
    bool cursor;
    run(start(true, GT_NORMAL));
    ck_assert_str_eq(screen(stream_take(arena, &out), &cursor),
                     "  role.a: created in 1.2s\n"
                     "  gateway.tools: failed after 1m05s: quota exceeded\n"
                     "  target.lark: skipped: gateway.tools failed\n");
}
END_TEST

START_TEST(the_list_shows_what_goes_on_with_times)
{
    bool cursor;
    struct gt_progress *progress = start(true, GT_NORMAL);
    gt_progress_begin(progress, "applying", 2, 1000);
    change(progress, GT_CHANGE_STARTED, "gateway.tools", NULL, 0);
    change(progress, GT_CHANGE_WAITING, "gateway.tools", "CREATING", 2000);
    change(progress, GT_CHANGE_DONE, "role.a", NULL, 2500);
    gt_progress_tick(progress, 71000);
    ck_assert_str_eq(screen(stream_take(arena, &out), &cursor),
                     "  role.a: created in 2.5s\n"
                     "applying: 1 of 2, 1m10s\n"
                     "  gateway.tools: creating 1m10s  CREATING\n");
    ck_assert(!cursor);
    out = gt_stream_memory();
    gt_progress_end(progress);
    gt_stream_done(&out);
}
END_TEST

START_TEST(a_window_that_became_narrower_leaves_no_rest)
{
    bool cursor;
    struct gt_progress *progress = start(true, GT_NORMAL);
    gt_progress_begin(progress, "applying", 1, 1000);
    change(progress, GT_CHANGE_STARTED, "gateway.a-name-that-is-quite-long-for-a-window", NULL, 0);
    /* The terminal itself re-wraps what it shows: show the first bytes at the new width. */
    columns = 25;
    gt_progress_tick(progress, 2000);
    gt_progress_end(progress);
    ck_assert_str_eq(screen(stream_take(arena, &out), &cursor), "");
}
END_TEST

START_TEST(more_rows_than_the_window_has_are_counted)
{
    bool cursor;
    struct gt_progress *progress = start(true, GT_NORMAL);
    rows = 6;
    gt_progress_begin(progress, "applying", 9, 1000);
    for (int i = 0; i < 9; i++)
        change(progress, GT_CHANGE_STARTED, gt_printf(arena, "target.t%d", i), NULL, 0);
    char *text = screen(stream_take(arena, &out), &cursor);
    ck_assert_msg(strstr(text, "target.t2: creating 0.0s\n  and 6 more\n") != NULL, "%s", text);
    out = gt_stream_memory();
    gt_progress_end(progress);
    gt_stream_done(&out);
}
END_TEST

START_TEST(long_lines_are_cut_to_the_width)
{
    bool cursor;
    struct gt_progress *progress = start(true, GT_NORMAL);
    columns = 20;
    gt_progress_begin(progress, "applying", 0, 1000);
    change(progress, GT_CHANGE_STARTED, "target.abcdefghijklmnop", NULL, 0);
    ck_assert_str_eq(screen(stream_take(arena, &out), &cursor),
                     "applying: 0.0s\n  target.abcdefghi~\n");
    out = gt_stream_memory();
    gt_progress_end(progress);
    gt_stream_done(&out);
}
END_TEST

START_TEST(times_are_short)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows_of[] = {
        {0, "0.0s"}, {450, "0.4s"}, {59999, "59.9s"}, {60000, "1m00s"}, {3723000, "1h02m"}};
    for (size_t i = 0; i < GT_COUNT(rows_of); i++)
        ck_assert_str_eq(gt_elapsed_text(arena, rows_of[i].ms), rows_of[i].text);
}
END_TEST

Suite *progress_suite(void)
{
    Suite *suite = suite_create("progress");
    TCase *tcase = tcase_create("progress");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, without_a_terminal_each_change_of_state_is_a_line);
    tcase_add_test(tcase, a_line_that_says_the_same_waits_for_30_seconds);
    tcase_add_test(tcase, quiet_shows_only_failures);
    tcase_add_test(tcase, on_a_terminal_only_what_is_over_stays);
    tcase_add_test(tcase, the_list_shows_what_goes_on_with_times);
    tcase_add_test(tcase, a_window_that_became_narrower_leaves_no_rest);
    tcase_add_test(tcase, more_rows_than_the_window_has_are_counted);
    tcase_add_test(tcase, long_lines_are_cut_to_the_width);
    tcase_add_test(tcase, times_are_short);
    suite_add_tcase(suite, tcase);
    return suite;
}
