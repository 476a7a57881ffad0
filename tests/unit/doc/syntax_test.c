#include "doc_test.h"

START_TEST(says_in_plain_words_what_is_wrong_and_where)
{
    static const struct {
        const char *text, *message;
        unsigned line, column;
    } rows[] = {
        {"a: b: c\n", "a colon cannot stand here", 1, 5},
        {"a: 1\n b: 2\n", "a colon cannot stand here", 2, 3},
        {"a:\n\tb: 1\n", "a tab cannot indent in YAML", 2, 1},
        {"a: 1\n\tb: 2\n", "a tab cannot indent in YAML", 2, 1},
        {"a: |\n\tx\n", "a tab cannot indent in YAML", 2, 1},
        {"a: [1, 2\nb: 3\n", "\",\" or \"]\" is expected here", 2, 2},
        {"a: {x: 1\nb: 3\n", "\",\" or \"}\" is expected here", 2, 2},
        {"a: 1\nb: \"x\n", "this quotation has no end", 2, 4},
        {"a: 1\nb: 'x\n", "this quotation has no end", 2, 4},
        {"a:\n  b: 1\n c: 2\n", "a key is expected here", 3, 2},
        {"a: \"x\" y\n", "a key is expected here", 1, 8},
        {"a: 1\nb\nc: 2\n", "a colon is missing after this key", 2, 1},
        {"a: - b\n", "a list cannot begin here", 1, 4},
        {"- a\nb: 1\n", "an item of the list (\"- \") is expected here", 2, 1},
        {"a: @x\n", "a text that begins with \"@\" must be quoted", 1, 4},
        {"\xC3\xA9: `x\n", "a text that begins with \"`\" must be quoted", 1, 4},
        {"a: %x\n", "a text that begins with \"%\" must be quoted", 1, 4},
        {"Resource: *\n", "a text that begins with \"*\" must be quoted", 1, 11},
        {"a: & b\n", "a text that begins with \"&\" must be quoted", 1, 4},
        {"a: !foo!bar x\n", "unknown tag", 1, 4},
        {"a: !<x y\n", "a text that begins with \"!\" must be quoted", 1, 4},
        {"a: |x\n  y\n", "a text that begins with \"|\" or \">\" must be quoted", 1, 4},
        {"a: \"\\q\"\n", "no such escape in a text in double quotes", 1, 5},
        {"a: \"\\ud83d\"\n", "this escape is no Unicode character", 1, 7},
        {"a: \"\\xZZ\"\n", "hexadecimal digits are missing in this escape", 1, 7},
        {"a: ]\n", "a value is expected here", 1, 4},
        {"a: 1\n...\nb: 2\n", "the document has ended before this text", 3, 1},
        {"{a: 1}}\n", "the document has ended before this text", 1, 7},
        {"%YAML 3.0\n---\na: 1", "this version of YAML is not known", 1, 1},
        {"%FOO\na\n", "a line that begins with \"%\" must be quoted", 1, 1},
        {"a: x\xC3\xA9 \x01\n", "the control character U+0001 cannot stand here", 1, 7},
        {"a: 1\nb: \xC3\xA9\xFF\n", "the file is not valid UTF-8 here", 2, 5},
        {"a: \xED\xA0\x80\n", "the file is not valid UTF-8 here", 1, 4},
        {"a: \xC0\xAF\n", "the file is not valid UTF-8 here", 1, 4},
        {"a: x\xC3", "the file is not valid UTF-8 here", 1, 5},
        {"\xEF\xBB\xBF"
         "a: \x07",
         "the control character U+0007 cannot stand here", 1, 4},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const struct gt_diag *diag = parse_bad(rows[i].text);
        ck_assert_msg(strcmp(diag->message, rows[i].message) == 0, "%s: %s", rows[i].text,
                      diag->message);
        ck_assert_str_eq(diag->pos.file, "site.yaml");
        ck_assert_msg(diag->pos.line == rows[i].line && diag->pos.column == rows[i].column,
                      "%s: at %u:%u", rows[i].text, diag->pos.line, diag->pos.column);
    }
}
END_TEST

START_TEST(names_the_bracket_that_has_no_end)
{
    ck_assert_str_eq(parse_bad("a: 1\nb: [1,\n  2\nc: 3\n")->hint,
                     "the bracket at line 2, column 4 has no end");
}
END_TEST

START_TEST(refuses_nul_bytes_with_their_place)
{
    const struct gt_diag *diag = parse_bad_bytes("a: 1\nb: x\0y\n", 12);
    ck_assert_str_eq(diag->code, "nul-character");
    ck_assert_uint_eq(diag->pos.line, 2);
    ck_assert_uint_eq(diag->pos.column, 5);
}
END_TEST

START_TEST(refuses_utf16_without_a_byte_order_mark)
{
    const struct gt_diag *diag = parse_bad_bytes("a\0:\0 \0"
                                                 "1\0",
                                                 8);
    ck_assert_str_eq(diag->code, "nul-character");
    ck_assert_str_eq(diag->hint, "save the file as text in UTF-8");
}
END_TEST

START_TEST(places_errors_in_utf16)
{
    static const char lone[] = "\xFF\xFE"
                               "a\0:\0 \0"
                               "1\0\n\0b\0:\0 \0\x00\xD8"
                               "x\0";
    const struct gt_diag *diag = parse_bad_bytes(lone, sizeof(lone) - 1);
    ck_assert_str_eq(diag->code, "bad-encoding");
    ck_assert_uint_eq(diag->pos.line, 2);
    ck_assert_uint_eq(diag->pos.column, 5); /* where the second half is missing */
}
END_TEST

Suite *syntax_suite(void)
{
    TCase *tcase;
    Suite *suite = arena_suite("syntax", &tcase);
    tcase_add_test(tcase, says_in_plain_words_what_is_wrong_and_where);
    tcase_add_test(tcase, names_the_bracket_that_has_no_end);
    tcase_add_test(tcase, refuses_nul_bytes_with_their_place);
    tcase_add_test(tcase, refuses_utf16_without_a_byte_order_mark);
    tcase_add_test(tcase, places_errors_in_utf16);
    return suite;
}
