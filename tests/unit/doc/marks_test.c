#include "doc_test.h"

static const char manifest[] = "gantry: 1\n"
                               "gateways:\n"
                               "  tools:\n"
                               "    identity:   mcp\n"
                               "    tags: {team: platform}\n"
                               "targets:\n"
                               "- name: \"l/rk~1\"\n"
                               "  list:\n"
                               "  - x\n"
                               "a/b: {c~d: 1}\n"
                               "empty:\n";

START_TEST(marks_every_value_with_its_line_and_column)
{
    static const struct {
        const char *pointer;
        unsigned line, column, key_line, key_column;
    } rows[] = {
        {"", 1, 1, 1, 1},
        {"/gantry", 1, 9, 1, 1},
        {"/gateways", 2, 1, 2, 1},
        {"/gateways/tools", 3, 3, 3, 3},
        {"/gateways/tools/identity", 4, 17, 4, 5},
        {"/gateways/tools/tags", 5, 11, 5, 5},
        {"/gateways/tools/tags/team", 5, 18, 5, 12},
        {"/targets", 6, 1, 6, 1},
        {"/targets/0", 7, 3, 7, 3},
        {"/targets/0/name", 7, 9, 7, 3},
        {"/targets/0/list", 8, 3, 8, 3},
        {"/targets/0/list/0", 9, 5, 9, 5},
        {"/a~1b", 10, 6, 10, 1},
        {"/a~1b/c~0d", 10, 12, 10, 7},
        {"/empty", 11, 7, 11, 1},
    };
    struct gt_doc doc = parse(manifest);
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const struct gt_mark *mark = gt_marks_get(doc.marks, rows[i].pointer);
        ck_assert_msg(mark != NULL, "%s: no mark", rows[i].pointer);
        ck_assert_str_eq(mark->pos.file, "site.yaml");
        ck_assert_msg(mark->pos.line == rows[i].line && mark->pos.column == rows[i].column,
                      "%s: at %u:%u", rows[i].pointer, mark->pos.line, mark->pos.column);
        struct gt_pos key = gt_marks_key_pos(doc.marks, rows[i].pointer);
        ck_assert_msg(key.line == rows[i].key_line && key.column == rows[i].key_column,
                      "%s: key at %u:%u", rows[i].pointer, key.line, key.column);
    }
}
END_TEST

START_TEST(counts_columns_in_characters)
{
    struct gt_doc doc = parse("{\"\xC3\xA9\xF0\x9F\x98\x80\": 1, b: 2}");
    ck_assert_uint_eq(gt_marks_pos(doc.marks, "/b").column, 14);
}
END_TEST

START_TEST(finds_the_longest_prefix)
{
    struct gt_doc doc = parse(manifest);
    ck_assert_uint_eq(gt_marks_pos(doc.marks, "/gateways/tools/nowhere/0").line, 3);
    ck_assert_uint_eq(gt_marks_pos(doc.marks, "/gateways/tool").line, 2);
    ck_assert_uint_eq(gt_marks_pos(doc.marks, "/gateways/tools/tags/").line, 5);
    ck_assert_uint_eq(gt_marks_pos(doc.marks, "/zzz/1/2").line, 1);
    ck_assert_ptr_null(gt_marks_get(doc.marks, "/gateways/tool"));
    ck_assert_ptr_null(gt_marks_find(gt_marks_new(arena), "/a"));
    ck_assert_ptr_null(gt_marks_pos(gt_marks_new(arena), "/a").file);
}
END_TEST

static struct gt_mark at_line(unsigned line)
{
    return (struct gt_mark){.pos = {.file = "x", .line = line, .column = 1}};
}

START_TEST(sets_marks_where_none_were_on_the_way)
{
    struct gt_marks *marks = gt_marks_new(arena);
    gt_marks_set(marks, "/a/b/c", at_line(3));
    ck_assert_ptr_null(gt_marks_find(marks, "/a/b"));
    ck_assert_uint_eq(gt_marks_pos(marks, "/a/b/c/d").line, 3);
    gt_marks_set(marks, "/a", at_line(1));
    ck_assert_uint_eq(gt_marks_pos(marks, "/a/b").line, 1);
    gt_marks_set(marks, "/a", at_line(9));
    ck_assert_uint_eq(gt_marks_pos(marks, "/a/b").line, 9);
    gt_marks_set(marks, "", at_line(5));
    ck_assert_uint_eq(gt_marks_pos(marks, "/z").line, 5);
    ck_assert_uint_eq(gt_marks_key_pos(marks, "/a").line, 9);
}
END_TEST

START_TEST(grafts_a_branch_elsewhere)
{
    struct gt_doc doc = parse(manifest);
    struct gt_marks *marks = gt_marks_new(arena);
    gt_marks_graft(marks, "/properties", doc.marks, "/gateways/tools");
    ck_assert_uint_eq(gt_marks_get(marks, "/properties")->pos.line, 3);
    ck_assert_uint_eq(gt_marks_get(marks, "/properties/tags/team")->pos.column, 18);
    ck_assert_ptr_null(gt_marks_get(marks, "/gantry"));
    gt_marks_graft(marks, "", doc.marks, "/a~1b");
    ck_assert_uint_eq(gt_marks_get(marks, "/c~0d")->pos.line, 10);
    gt_marks_graft(marks, "/x", doc.marks, "/nowhere");
    ck_assert_ptr_null(gt_marks_get(marks, "/x"));
}
END_TEST

START_TEST(grafts_a_branch_into_itself)
{
    struct gt_marks *marks = gt_marks_new(arena);
    gt_marks_set(marks, "/a", at_line(1));
    gt_marks_set(marks, "/a/c", at_line(2));
    gt_marks_graft(marks, "/a/b", marks, "/a");
    ck_assert_uint_eq(gt_marks_get(marks, "/a/b")->pos.line, 1);
    ck_assert_uint_eq(gt_marks_get(marks, "/a/b/c")->pos.line, 2);
    ck_assert_ptr_null(gt_marks_get(marks, "/a/b/b"));
}
END_TEST

START_TEST(keeps_apart_what_a_hundred_thousand_pointers_name)
{
    struct gt_marks *marks = gt_marks_new(arena);
    for (unsigned i = 0; i < 100000; i++)
        gt_marks_set(marks, gt_printf(arena, "/%u/%u", i % 300, i), at_line(i + 1));
    for (unsigned i = 0; i < 100000; i++)
        ck_assert_uint_eq(gt_marks_get(marks, gt_printf(arena, "/%u/%u", i % 300, i))->pos.line,
                          i + 1);
}
END_TEST

START_TEST(places_an_aliased_value_where_it_is_written)
{
    struct gt_doc doc = parse("a: &x {b: 1}\nc: *x\nd: &y\n  e: 1\nf: *y\n");
    ck_assert_uint_eq(gt_marks_pos(doc.marks, "/c/b").line, 1);
    ck_assert_uint_eq(gt_marks_key_pos(doc.marks, "/c").line, 2);
    ck_assert_uint_eq(gt_marks_pos(doc.marks, "/f").line, 5);
    ck_assert_uint_eq(gt_marks_pos(doc.marks, "/f/e").line, 4);
}
END_TEST

Suite *marks_suite(void)
{
    TCase *tcase;
    Suite *suite = arena_suite("marks", &tcase);
    tcase_add_test(tcase, marks_every_value_with_its_line_and_column);
    tcase_add_test(tcase, counts_columns_in_characters);
    tcase_add_test(tcase, finds_the_longest_prefix);
    tcase_add_test(tcase, sets_marks_where_none_were_on_the_way);
    tcase_add_test(tcase, grafts_a_branch_elsewhere);
    tcase_add_test(tcase, grafts_a_branch_into_itself);
    tcase_add_test(tcase, keeps_apart_what_a_hundred_thousand_pointers_name);
    tcase_add_test(tcase, places_an_aliased_value_where_it_is_written);
    return suite;
}
