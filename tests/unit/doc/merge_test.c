#include "doc_test.h"

/* A document named by its file; marks and root live in the test's arena. */
static struct gt_doc named(const char *name, const char *text)
{
    struct gt_doc doc;
    ck_assert(gt_doc_parse(arena, name, text, strlen(text), &doc, &diags));
    return doc;
}

START_TEST(merges_maps_and_replaces_the_rest)
{
    static const struct {
        const char *base, *over, *merged;
    } rows[] = {
        {"{a: 1, b: 2}", "{b: 3, c: 4}", "{\"a\":1,\"b\":3,\"c\":4}"},
        {"{a: {x: 1, y: 2}}", "{a: {y: 3, z: 4}}", "{\"a\":{\"x\":1,\"y\":3,\"z\":4}}"},
        {"{a: [1, 2]}", "{a: [3]}", "{\"a\":[3]}"},
        {"{a: {x: 1}}", "{a: 5}", "{\"a\":5}"},
        {"{a: 5}", "{a: {x: 1, y: null}}", "{\"a\":{\"x\":1}}"},
        {"{a: 1, b: 2}", "{a: null}", "{\"b\":2}"},
        {"{a: {x: 1, y: 2}}", "{a: {x: ~}}", "{\"a\":{\"y\":2}}"},
        {"{a: null}", "{b: 1}", "{\"a\":null,\"b\":1}"},
        {"{}", "{a: {b: null, c: [null]}}", "{\"a\":{\"c\":[null]}}"},
        {"{a: 1}", "{}", "{\"a\":1}"},
        {"{a: 1}", "null", "{\"a\":1}"},
        {"{a: 1}", "[1]", "[1]"},
        {"{\"~/\": {a: 1}}", "{\"~/\": {b: 2}}", "{\"~/\":{\"a\":1,\"b\":2}}"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_doc base = named("base", rows[i].base), over = named("over", rows[i].over);
        const char *before = as_json(base.root);
        json_t *merged = gt_keep(
            arena, gt_doc_merge(base.root, base.marks, over.root, over.marks, gt_marks_new(arena)));
        ck_assert_str_eq(as_json(merged), rows[i].merged);
        ck_assert_str_eq(as_json(base.root), before);
        json_t *bare = gt_keep(arena, gt_doc_merge(base.root, NULL, over.root, NULL, NULL));
        ck_assert_str_eq(as_json(bare), rows[i].merged);
    }
}
END_TEST

START_TEST(keeps_the_base_where_there_is_nothing_over_it)
{
    struct gt_doc base = named("base", "{a: 1}");
    json_t *merged = gt_keep(arena, gt_doc_merge(base.root, NULL, NULL, NULL, NULL));
    ck_assert_str_eq(as_json(merged), "{\"a\":1}");
}
END_TEST

START_TEST(marks_each_value_with_the_file_it_came_from)
{
    struct gt_doc base =
        named("base", "a: {x: 1, y: 2}\nb: {c: {d: 1}}\ne: {f: 1}\n\"~/\": {g: 1}\n");
    struct gt_doc over =
        named("over", "a: {y: 3, z: {}}\nb: [1]\nh: {i: 1, j: null}\n\"~/\": {k: 1}\n");
    static const struct {
        const char *pointer, *file;
    } rows[] = {
        {"", "base"},        {"/a", "base"},   {"/a/x", "base"},  {"/a/y", "over"},
        {"/a/z", "over"},    {"/b", "over"},   {"/b/0", "over"},  {"/e/f", "base"},
        {"/h", "over"},      {"/h/i", "over"}, {"/~0~1", "base"}, {"/~0~1/g", "base"},
        {"/~0~1/k", "over"},
    };
    struct gt_marks *marks = gt_marks_new(arena);
    gt_keep(arena, gt_doc_merge(base.root, base.marks, over.root, over.marks, marks));
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const struct gt_mark *mark = gt_marks_get(marks, rows[i].pointer);
        ck_assert_msg(mark != NULL, "%s: no mark", rows[i].pointer);
        ck_assert_str_eq(mark->pos.file, rows[i].file);
    }
    ck_assert_ptr_null(gt_marks_get(marks, "/b/c"));
    ck_assert_ptr_null(gt_marks_get(marks, "/b/c/d"));
    ck_assert_ptr_null(gt_marks_get(marks, "/h/j"));
}
END_TEST

Suite *merge_suite(void)
{
    TCase *tcase;
    Suite *suite = arena_suite("merge", &tcase);
    tcase_add_test(tcase, merges_maps_and_replaces_the_rest);
    tcase_add_test(tcase, keeps_the_base_where_there_is_nothing_over_it);
    tcase_add_test(tcase, marks_each_value_with_the_file_it_came_from);
    return suite;
}
