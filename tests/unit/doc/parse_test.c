#include "doc_test.h"

START_TEST(reads_maps_lists_and_scalars)
{
    static const struct {
        const char *yaml, *json;
    } rows[] = {
        {"a: 1\nb: [x, 'y', \"z\"]\nc:\n  d: {e: ~}\n",
         "{\"a\":1,\"b\":[\"x\",\"y\",\"z\"],\"c\":{\"d\":{\"e\":null}}}"},
        {"- 1\n- - 2\n  - 3\n- k: v\n  l: w\n", "[1,[2,3],{\"k\":\"v\",\"l\":\"w\"}]"},
        {"a: |\n  x\n   y\nb: >-\n  x\n  y\n", "{\"a\":\"x\\n y\\n\",\"b\":\"x y\"}"},
        {"a: x\n  y\n", "{\"a\":\"x y\"}"},
        {"? a\n: 1\n", "{\"a\":1}"},
        {"443: x\ntrue: y\n~: z\n", "{\"443\":\"x\",\"true\":\"y\",\"~\":\"z\"}"},
        {"\"<<\": x\n", "{\"<<\":\"x\"}"},
        {"\"\": x\n", "{\"\":\"x\"}"},
        {"a: &x [1]\nb: *x\n", "{\"a\":[1],\"b\":[1]}"},
        {"a: &k key\n*k : 1\n", "{\"a\":\"key\",\"key\":1}"},
        {"a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":1,\"b\":2,\"c\":2}"},
        {"arn: arn:aws:iam::123456789012:role/x\n",
         "{\"arn\":\"arn:aws:iam::123456789012:role/x\"}"},
        {"a: ${var.x}\n", "{\"a\":\"${var.x}\"}"},
        {"%YAML 1.2\n---\na: 1\n...\n", "{\"a\":1}"},
        {"just text\n", "\"just text\""},
        {"a: 1", "{\"a\":1}"},
        {"a: 1\r\nb: 2\r\n", "{\"a\":1,\"b\":2}"},
        {"\xEF\xBB\xBF"
         "a: 1\n",
         "{\"a\":1}"},
        {"a: \"\\u00e9\\U0001F600\"\n", "{\"a\":\"\xC3\xA9\xF0\x9F\x98\x80\"}"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_str_eq(as_json(parse(rows[i].yaml).root), rows[i].json);
}
END_TEST

START_TEST(reads_json)
{
    static const char *const rows[] = {
        "{\"a\":1,\"b\":[true,false,null],\"c\":{\"d\":-1.5}}",
        "{\n\t\"a\": \"x\\/y\\u00e9\",\n\t\"b\": \"line\\n\"\n}\n",
        "{\"a\":\"\\ud83d\\ude00 \\\\ud83d\\\\ude00\",\"b\":1}",
        "[]",
        "[[],{}]",
        "{\"012345678901\": \"012345678901\", \"no\": \"no\"}",
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        json_t *expected = gt_keep(arena, json_loads(rows[i], 0, NULL));
        ck_assert_str_eq(as_json(parse(rows[i]).root), as_json(expected));
    }
}
END_TEST

START_TEST(leaves_surrogate_escapes_alone_where_they_are_text)
{
    ck_assert_str_eq(gt_text_at(parse("a: '\\ud83d\\ude00'\n").root, "/a"), "\\ud83d\\ude00");
}
END_TEST

START_TEST(reads_an_empty_file_as_an_empty_object)
{
    static const char *const rows[] = {"", "\n\n", "# a comment\n", "---\n", "--- \n...\n"};
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_doc doc = parse(rows[i]);
        ck_assert_str_eq(as_json(doc.root), "{}");
        ck_assert_uint_eq(gt_marks_pos(doc.marks, "/gantry").line, 1);
    }
    struct gt_doc doc;
    ck_assert(gt_doc_parse(arena, "x", NULL, 0, &doc, &diags));
}
END_TEST

START_TEST(converts_utf16_with_a_byte_order_mark)
{
    static const char little[] = "\xFF\xFE"
                                 "a\0:\0 \0\xE9\0\n\0"
                                 "b\0:\0 \0"
                                 "2\0";
    static const char big[] = "\xFE\xFF\0a\0:\0 \0\xE9\0\n\0b\0:\0 \0"
                              "2";
    struct gt_doc doc = {0};
    ck_assert(gt_doc_parse(arena, "x", little, sizeof(little) - 1, &doc, &diags));
    ck_assert_str_eq(as_json(doc.root), "{\"a\":\"\xC3\xA9\",\"b\":2}");
    ck_assert_uint_eq(gt_marks_pos(doc.marks, "/b").line, 2);
    ck_assert(gt_doc_parse(arena, "x", big, sizeof(big) - 1, &doc, &diags));
    ck_assert_str_eq(as_json(doc.root), "{\"a\":\"\xC3\xA9\",\"b\":2}");
}
END_TEST

START_TEST(names_both_places_of_a_duplicate_key)
{
    const struct gt_diag *diag = parse_bad("x:\n  region: a\n  other: b\n  region: c\n");
    ck_assert_str_eq(diag->code, "duplicate-key");
    ck_assert_str_eq(diag->message,
                     "key \"region\" is there twice; the first is at line 2, column 3");
    ck_assert_str_eq(diag->pos.file, "site.yaml");
    ck_assert_uint_eq(diag->pos.line, 4);
    ck_assert_uint_eq(diag->pos.column, 3);
    ck_assert_str_eq(parse_bad("{1: a, \"1\": b}")->code, "duplicate-key");
}
END_TEST

START_TEST(reports_a_duplicate_key_once_however_often_it_is_aliased)
{
    parse_bad("a: &x {k: 1, k: 2}\nb: *x\nc: *x\n");
    ck_assert_uint_eq(diags.errors, 1);
}
END_TEST

START_TEST(reports_all_that_is_wrong_in_one_pass)
{
    static const char *const codes[] = {"unknown-tag", "number-range", "bad-key", "unknown-alias",
                                        "duplicate-key"};
    parse_bad("a: !Ref x\nb: 99999999999999999999\nc: {<<: {}}\nd: *gone\na: 1\n");
    ck_assert_uint_eq(diags.errors, GT_COUNT(codes));
    for (size_t i = 0; i < GT_COUNT(codes); i++)
        ck_assert_str_eq(diags.list.at[i]->code, codes[i]);
}
END_TEST

START_TEST(refuses_what_a_document_cannot_hold)
{
    static const struct {
        const char *text, *code, *message;
        unsigned line, column;
    } rows[] = {
        {"a: 1\n---\nb: 2\n", "several-documents", "a second document begins here", 2, 1},
        {"a: 1\n? [x]\n: 2\n", "bad-key",
         "a key must be a word or a quoted text, not a map or a list", 2, 3},
        {"image: {{ image }}\n", "bad-key",
         "a key must be a word or a quoted text, not a map or a list", 1, 9},
        {"a: 1\n?\n: 2\n", "bad-key", "a key is missing", 2, 2},
        {"a: &x {b: 1}\nc:\n  <<: *x\n", "bad-key", "merge keys (\"<<\") are not supported", 3, 3},
        {"a: !Ref Name\n", "unknown-tag", "unknown tag \"!Ref\"", 1, 4},
        {"a: !!binary aGk=\n", "unknown-tag", "unknown tag \"!!binary\"", 1, 4},
        {"a: !!set {x}\n", "unknown-tag", "unknown tag \"!!set\"", 1, 4},
        {"a: !Sub [x]\n", "unknown-tag", "unknown tag \"!Sub\"", 1, 4},
        {"a: !!int x\n", "bad-scalar", "\"x\" is not an integer", 1, 4},
        {"a: !!bool yes\n", "bad-scalar", "\"yes\" is not a boolean", 1, 4},
        {"a: *nowhere\n", "unknown-alias", "there is no anchor \"&nowhere\" for \"*nowhere\"", 1,
         4},
        {"a: &x\n  b: *x\n", "recursive-alias",
         "the alias \"*x\" stands within the value that it names", 2, 6},
        {"&x [*x]\n", "recursive-alias", "the alias \"*x\" stands within the value that it names",
         1, 5},
        {"a: \"x\\0y\"\n", "nul-character", "the text holds a NUL character", 1, 4},
        {"\"x\\0y\": 1\n", "nul-character", "the text holds a NUL character", 1, 1},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const struct gt_diag *diag = parse_bad(rows[i].text);
        ck_assert_msg(strcmp(diag->code, rows[i].code) == 0, "%s: %s: %s", rows[i].text, diag->code,
                      diag->message);
        ck_assert_str_eq(diag->message, rows[i].message);
        ck_assert_msg(diag->pos.line == rows[i].line && diag->pos.column == rows[i].column,
                      "%s: at %u:%u", rows[i].text, diag->pos.line, diag->pos.column);
    }
}
END_TEST

START_TEST(keeps_messages_on_one_line)
{
    const struct gt_diag *diag = parse_bad("{\"a\\nb\\e\": 1, \"a\\nb\\e\": 2}");
    ck_assert_str_eq(diag->message,
                     "key \"a\\nb\\x1B\" is there twice; the first is at line 1, column 2");
}
END_TEST

Suite *parse_suite(void)
{
    TCase *tcase;
    Suite *suite = arena_suite("parse", &tcase);
    tcase_add_test(tcase, reads_maps_lists_and_scalars);
    tcase_add_test(tcase, reads_json);
    tcase_add_test(tcase, leaves_surrogate_escapes_alone_where_they_are_text);
    tcase_add_test(tcase, reads_an_empty_file_as_an_empty_object);
    tcase_add_test(tcase, converts_utf16_with_a_byte_order_mark);
    tcase_add_test(tcase, names_both_places_of_a_duplicate_key);
    tcase_add_test(tcase, reports_a_duplicate_key_once_however_often_it_is_aliased);
    tcase_add_test(tcase, reports_all_that_is_wrong_in_one_pass);
    tcase_add_test(tcase, refuses_what_a_document_cannot_hold);
    tcase_add_test(tcase, keeps_messages_on_one_line);
    return suite;
}
