#include "doc_test.h"

#include <gantry/base/buf.h>

/* `open` times, then `inside`, then `close` as often. */
static char *nested(const char *open, const char *inside, const char *close, size_t times)
{
    struct gt_buf buf = gt_buf_init(1 << 24);
    for (size_t i = 0; i < times; i++)
        gt_buf_adds(&buf, open);
    gt_buf_adds(&buf, inside);
    for (size_t i = 0; i < times; i++)
        gt_buf_adds(&buf, close);
    char *text = gt_strdup(arena, gt_buf_text(&buf));
    gt_buf_done(&buf);
    return text;
}

START_TEST(takes_64_levels_and_refuses_65)
{
    parse(nested("[", "", "]", 64));
    parse(nested("{a: ", "1", "}", 63));
    const struct gt_diag *diag = parse_bad(nested("[", "", "]", 65));
    ck_assert_str_eq(diag->code, "document-too-deep");
    ck_assert_uint_eq(diag->pos.column, 65);
}
END_TEST

START_TEST(refuses_a_hundred_thousand_levels_at_once)
{
    ck_assert_str_eq(parse_bad(nested("[", "", "", 100000))->code, "document-too-deep");
    ck_assert_str_eq(parse_bad(nested("{a: ", "", "", 100000))->code, "document-too-deep");
    ck_assert_str_eq(parse_bad(nested("- ", "", "", 100000))->code, "document-too-deep");
}
END_TEST

START_TEST(counts_levels_through_aliases)
{
    const char *deep = nested("[", "", "]", 60);
    parse(gt_printf(arena, "a: &a %s\nb: [[*a]]\n", deep));
    const struct gt_diag *diag = parse_bad(gt_printf(arena, "a: &a %s\nb: [[[[*a]]]]\n", deep));
    ck_assert_str_eq(diag->code, "document-too-deep");
}
END_TEST

START_TEST(refuses_a_billion_laughs)
{
    struct gt_buf buf = gt_buf_init(1 << 16);
    gt_buf_adds(&buf, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 12; i++)
        gt_buf_addf(&buf, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i,
                    i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    const struct gt_diag *diag = parse_bad(gt_strdup(arena, gt_buf_text(&buf)));
    gt_buf_done(&buf);
    ck_assert_str_eq(diag->code, "document-too-large");
    ck_assert_str_eq(diag->hint, "an alias counts as often as it is used");
    ck_assert_uint_eq(diags.errors, 1);
}
END_TEST

START_TEST(refuses_more_than_a_million_values)
{
    const char *diag_code = parse_bad(nested("- \n", "", "", 1000001))->code;
    ck_assert_str_eq(diag_code, "document-too-large");
}
END_TEST

START_TEST(refuses_more_than_8_mib)
{
    char *text = nested("#                              \n", "a: 1\n", "", 8 * 1024 * 32);
    ck_assert_str_eq(parse_bad(text)->message, "the file is larger than 8 MiB");
    text[8 * 1024 * 1024] = '\0';
    parse(text);
}
END_TEST

START_TEST(takes_a_map_of_many_keys_without_delay)
{
    struct gt_buf buf = gt_buf_init(1 << 22);
    for (int i = 0; i < 100000; i++)
        gt_buf_addf(&buf, "key%d: %d\n", i, i);
    gt_buf_adds(&buf, "key5: 1\n");
    const struct gt_diag *diag = parse_bad(gt_strdup(arena, gt_buf_text(&buf)));
    gt_buf_done(&buf);
    ck_assert_str_eq(diag->code, "duplicate-key");
    ck_assert_uint_eq(diag->pos.line, 100001);
}
END_TEST

START_TEST(names_the_first_of_many_doubled_keys_without_delay)
{
    enum { KEYS = 100000 };
    struct gt_buf buf = gt_buf_init(1 << 22);
    for (int i = 0; i < 2 * KEYS; i++)
        gt_buf_addf(&buf, "k%d: 1\n", i % KEYS);
    struct gt_doc out;
    ck_assert(!gt_doc_parse(arena, "t.yaml", gt_buf_text(&buf), buf.len, &out, &diags));
    gt_buf_done(&buf);
    ck_assert_uint_eq(diags.errors, KEYS);
    const char *last = diags.list.at[KEYS - 1]->message;
    ck_assert_msg(strstr(last, "the first is at line 100000, column 1") != NULL, "%s", last);
}
END_TEST

Suite *limits_suite(void)
{
    TCase *tcase;
    Suite *suite = arena_suite("limits", &tcase);
    tcase_add_test(tcase, takes_64_levels_and_refuses_65);
    tcase_add_test(tcase, refuses_a_hundred_thousand_levels_at_once);
    tcase_add_test(tcase, counts_levels_through_aliases);
    tcase_add_test(tcase, refuses_a_billion_laughs);
    tcase_add_test(tcase, refuses_more_than_a_million_values);
    tcase_add_test(tcase, refuses_more_than_8_mib);
    tcase_add_test(tcase, takes_a_map_of_many_keys_without_delay);
    tcase_add_test(tcase, names_the_first_of_many_doubled_keys_without_delay);
    return suite;
}
