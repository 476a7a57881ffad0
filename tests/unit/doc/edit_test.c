#include "doc_test.h"

#include <gantry/doc/edit.h>

struct row {
    const char *before, *pointer, *key, *value, *after; /* after NULL: refused */
};

static const json_t *value_of(const char *text)
{
    return gt_keep(arena, json_loads(text, JSON_DECODE_ANY, NULL));
}

static struct gt_edit begin(const char *text)
{
    struct gt_edit edit;
    gt_diags_rewind(&diags, 0);
    ck_assert_msg(gt_edit_begin(arena, "site.yaml", text, strlen(text), &edit, &diags), "%s", text);
    return edit;
}

static void check(const struct row *row, bool done, const struct gt_edit *edit)
{
    const char *wanted = row->after != NULL ? row->after : row->before;
    ck_assert_msg(done == (row->after != NULL), "<<%s>> at %s: %s", row->before, row->pointer,
                  done ? "was changed" : diags.list.at[0]->message);
    ck_assert_msg(edit->len == strlen(wanted) && memcmp(edit->text, wanted, edit->len) == 0,
                  "<<%s>> became <<%.*s>>, not <<%s>>", row->before, (int)edit->len, edit->text,
                  wanted);
    ck_assert_uint_eq(diags.errors, done ? 0 : 1);
}

static void add_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct gt_edit edit = begin(rows[i].before);
        bool done =
            gt_edit_add(&edit, rows[i].pointer, rows[i].key, value_of(rows[i].value), &diags);
        check(&rows[i], done, &edit);
    }
}

static void remove_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct gt_edit edit = begin(rows[i].before);
        check(&rows[i], gt_edit_remove(&edit, rows[i].pointer, &diags), &edit);
    }
}

START_TEST(adds_a_member_behind_the_last_one)
{
    static const struct row rows[] = {
        {"t:\n  a: 1\nz: 2\n", "/t", "b", "2", "t:\n  a: 1\n  b: 2\nz: 2\n"},
        {"t:\n  a: 1 # one\n\n# about z\nz: 2\n", "/t", "b", "{\"c\": [1]}",
         "t:\n  a: 1 # one\n  b:\n    c:\n      - 1\n\n# about z\nz: 2\n"},
        {"t:\n    a:\n        x: 1\n# a\ttab\nz: 2\n", "/t", "b", "2",
         "t:\n    a:\n        x: 1\n    b: 2\n# a\ttab\nz: 2\n"},
        {"t:\n  a:\n    x: 1\n    # in a\n\n    # in a, too\n\n  # of t\nz: 2\n", "/t", "b", "2",
         "t:\n  a:\n    x: 1\n    # in a\n\n    # in a, too\n  b: 2\n\n  # of t\nz: 2\n"},
        {"a: 1", "", "b", "2", "a: 1\nb: 2\n"},
        {"t:\n  a: 1", "/t", "b", "2", "t:\n  a: 1\n  b: 2\n"},
        {"a: 1\n...\n", "", "b", "2", "a: 1\nb: 2\n...\n"},
        {"---\na: 1\n", "", "b", "2", "---\na: 1\nb: 2\n"},
        {"t:\r\n  a: 1\r\nz: 2\r\n", "/t", "b", "{\"c\": 1}",
         "t:\r\n  a: 1\r\n  b:\r\n    c: 1\r\nz: 2\r\n"},
        {"t:\n  a: |\n    one\n    two\nz: 2\n", "/t", "b", "2",
         "t:\n  a: |\n    one\n    two\n  b: 2\nz: 2\n"},
        {"t:\n  a: \"one\n    two\" # c\nz: 2\n", "/t", "b", "2",
         "t:\n  a: \"one\n    two\" # c\n  b: 2\nz: 2\n"},
        {"t:\n  a: {x: 1,\n    y: 2}\nz: 2\n", "/t", "b", "2",
         "t:\n  a: {x: 1,\n    y: 2}\n  b: 2\nz: 2\n"},
        {"t:\n  \xC3\xA9: \xC3\xBC\xF0\x9F\x98\x80\nz: 2\n", "/t", "b", "2",
         "t:\n  \xC3\xA9: \xC3\xBC\xF0\x9F\x98\x80\n  b: 2\nz: 2\n"},
        {"\xEF\xBB\xBF"
         "a: 1\nb:\n  c: 1\n",
         "/b", "d", "2",
         "\xEF\xBB\xBF"
         "a: 1\nb:\n  c: 1\n  d: 2\n"},
        {"- t:\n    a: 1\n", "/0/t", "b", "2", "- t:\n    a: 1\n    b: 2\n"},
        {"- a: 1\n", "/0", "b", "2", "- a: 1\n  b: 2\n"},
        {"d: &d\n  a: 1\nt:\n  x: *d\n", "/t", "b", "2", "d: &d\n  a: 1\nt:\n  x: *d\n  b: 2\n"},
    };
    add_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(adds_between_brackets_in_their_style)
{
    static const struct row rows[] = {
        {"t: {a: 1}\n", "/t", "b", "{\"c\": 1}", "t: {a: 1, \"b\": {\"c\": 1}}\n"},
        {"t: {a: 1,} # c\n", "/t", "b", "2", "t: {a: 1, \"b\": 2,} # c\n"},
        {"t: {\n  a: 1 # one\n}\n", "/t", "b", "2", "t: {\n  a: 1, \"b\": 2 # one\n}\n"},
        {"{\"t\": {}}", "/t", "b", "2", "{\"t\": {\"b\": 2}}"},
        {"{}", "", "b", "2", "{\"b\": 2}"},
        {"t: !!map {}\n", "/t", "b", "2", "t: !!map {\"b\": 2}\n"},
        {"t: [a, b]\n", "/t", NULL, "\"c\"", "t: [a, b, \"c\"]\n"},
        {"t: {x: []}\n", "/t/x", NULL, "\"c\"", "t: {x: [\"c\"]}\n"},
    };
    add_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(adds_an_element_under_its_dashes)
{
    static const struct row rows[] = {
        {"t:\n  - a\n  - b # two\nz: 2\n", "/t", NULL, "\"c\"",
         "t:\n  - a\n  - b # two\n  - c\nz: 2\n"},
        {"t:\n- name: a\n  x: 1\n# end\n", "/t", NULL, "{\"name\": \"b\", \"x\": 2}",
         "t:\n- name: a\n  x: 1\n- name: b\n  x: 2\n# end\n"},
    };
    add_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(fills_what_is_empty)
{
    static const struct row rows[] = {
        {"t:\nz: 2\n", "/t", "b", "2", "t:\n  b: 2\nz: 2\n"},
        {"t: # none yet\nz: 2\n", "/t", "b", "2", "t: # none yet\n  b: 2\nz: 2\n"},
        {"t: {} # none yet\nz: 2\n", "/t", "b", "2", "t: # none yet\n  b: 2\nz: 2\n"},
        {"t: []", "/t", NULL, "1", "t:\n  - 1\n"},
        {"t: []\n", "/t", "b", "2", "t:\n  b: 2\n"},
        {"t: null\n", "/t", "b", "2", "t:\n  b: 2\n"},
        {"", "", "b", "2", "b: 2\n"},
        {"# nothing", "", "b", "2", "# nothing\nb: 2\n"},
        {"# nothing\n---\n", "", "b", "2", "# nothing\n---\nb: 2\n"},
    };
    add_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(refuses_what_would_change_more)
{
    static const struct row rows[] = {
        {"d: &d\n  a: 1\nt: *d\n", "/t", "b", "2", NULL},
        {"d: &d\n  a: 1\nt: *d\n", "/d", "b", "2", NULL},
        {"t: {a: 1}\n", "/t", "a", "2", NULL},
        {"t: 5\n", "/t", "b", "2", NULL},
        {"t: &t\n", "/t", "b", "2", NULL},
        {"t:\n  a: 1\n", "/t", NULL, "2", NULL},
        {"t:\n  a: 1\n", "/u", "b", "2", NULL},
        {"a: 1\n... # end\n", "/b", "b", "2", NULL},
    };
    add_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(removes_an_entry_and_nothing_else)
{
    static const struct row rows[] = {
        {"t:\n  a: 1 # one\n  # about b\n  b:\n    # in b\n    x: 1\n\n  c: 3\n", "/t/b", NULL,
         NULL, "t:\n  a: 1 # one\n  # about b\n\n  c: 3\n"},
        {"t:\n  a:\n    x: 1\n    # in a\n  # of b\n  b: 2\n", "/t/a", NULL, NULL,
         "t:\n  # of b\n  b: 2\n"},
        {"t:\n  a: 1\n  b: 2", "/t/b", NULL, NULL, "t:\n  a: 1\n"},
        {"t:\n  a: 1\nz: 2\n", "/t/a", NULL, NULL, "t: {}\nz: 2\n"},
        {"t: # all\n  a: 1\nz: 2\n", "/t/a", NULL, NULL, "t: {} # all\nz: 2\n"},
        {"t:\n  - a\n", "/t/0", NULL, NULL, "t: []\n"},
        {"t:\n- name: a\n  x: 1\n- name: b\n", "/t/0", NULL, NULL, "t:\n- name: b\n"},
        {"t:\n-\n  name: a\n- name: b\n", "/t/0", NULL, NULL, "t:\n- name: b\n"},
        {"t: {a: 1, b: 2, c: 3}\n", "/t/b", NULL, NULL, "t: {a: 1, c: 3}\n"},
        {"t: {a: 1, b: 2}\n", "/t/a", NULL, NULL, "t: {b: 2}\n"},
        {"t: {a: 1}\n", "/t/a", NULL, NULL, "t: {}\n"},
        {"t: [a, b]\n", "/t/1", NULL, NULL, "t: [a]\n"},
        {"t:\r\n  a: 1\r\n  b: 2\r\n", "/t/a", NULL, NULL, "t:\r\n  b: 2\r\n"},
        {"t:\n  a: |\n    x\n\n  b: 2\n", "/t/a", NULL, NULL, "t:\n  b: 2\n"},
        /* Others that refer to it would lose what they refer to. */
        {"t:\n  a: &a {x: 1}\n  b: *a\n", "/t/a", NULL, NULL, NULL},
        {"t:\n  a: 1\n", "/t/b", NULL, NULL, NULL},
        {"- - a\n  - b\n", "/0/0", NULL, NULL, NULL},
    };
    remove_rows(rows, GT_COUNT(rows));
}
END_TEST

START_TEST(other_encodings_are_left_alone)
{
    static const char text[] = "\xFF\xFE"
                               "a\0:\0 \0"
                               "1\0\n\0";
    struct gt_edit edit;
    ck_assert(gt_edit_begin(arena, "site.yaml", text, sizeof(text) - 1, &edit, &diags));
    ck_assert(!gt_edit_add(&edit, "", "b", value_of("2"), &diags));
    ck_assert_ptr_eq(edit.text, text);
}
END_TEST

Suite *edit_suite(void)
{
    TCase *test;
    Suite *suite = arena_suite("edit", &test);
    tcase_add_test(test, adds_a_member_behind_the_last_one);
    tcase_add_test(test, adds_between_brackets_in_their_style);
    tcase_add_test(test, adds_an_element_under_its_dashes);
    tcase_add_test(test, fills_what_is_empty);
    tcase_add_test(test, refuses_what_would_change_more);
    tcase_add_test(test, removes_an_entry_and_nothing_else);
    tcase_add_test(test, other_encodings_are_left_alone);
    return suite;
}
