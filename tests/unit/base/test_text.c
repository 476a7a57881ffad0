#include "suites.h"

#include <gantry/base/base64.h>
#include <gantry/base/hash.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

GT_TEST_ARENA

START_TEST(nearest_finds_typing_errors_only)
{
    static const char *const names[] = {"description", "identity", "role", "tags", NULL};
    static const struct {
        const char *word, *nearest;
    } vectors[] = {{"descripton", "description"},
                   {"idnetity", "identity"},
                   {"Role", "role"},
                   {"tag", "tags"},
                   {"zzzz", NULL},
                   {"", NULL}};
    for (size_t i = 0; i < GT_COUNT(vectors); i++) {
        const char *got = gt_nearest(vectors[i].word, names);
        ck_assert_msg(gt_streq(got, vectors[i].nearest), "%s: %s", vectors[i].word,
                      got == NULL ? "(none)" : got);
    }
}
END_TEST

START_TEST(percent_encoding_keeps_unreserved_bytes_only)
{
    const char *arn = "arn:aws:x:::runtime/a b\xC3\xA9~";
    char *encoded = gt_percent_encode(arena, arn, NULL);
    ck_assert_str_eq(encoded, "arn%3Aaws%3Ax%3A%3A%3Aruntime%2Fa%20b%C3%A9~");
    ck_assert_str_eq(gt_percent_decode(arena, encoded), arn);
    ck_assert_str_eq(gt_percent_encode(arena, "a/b:c", "/"), "a/b%3Ac");
    ck_assert_str_eq(gt_percent_decode(arena, "%zz%4%41%"), "%zz%4A%");
}
END_TEST

START_TEST(base64_is_read_as_strictly_as_it_is_written)
{
    static const struct { /* RFC 4648 section 10, and what is none */
        const char *bytes, *text;
    } vectors[] = {{"", ""},        {"f", "Zg=="},          {"fo", "Zm8="},
                   {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {NULL, "Zg"},
                   {NULL, "Zg==="}, {NULL, "Z==="},         {NULL, "Zg==Zg=="},
                   {NULL, "Zm 9v"}, {NULL, "Zm9_"}};
    for (size_t i = 0; i < GT_COUNT(vectors); i++) {
        char *bytes = NULL;
        size_t len = 0;
        bool read = gt_base64_decode(arena, vectors[i].text, &bytes, &len);
        ck_assert_msg(read == (vectors[i].bytes != NULL), "%s", vectors[i].text);
        if (!read)
            continue;
        ck_assert_str_eq(bytes, vectors[i].bytes);
        ck_assert_uint_eq(len, strlen(vectors[i].bytes));
        ck_assert_str_eq(gt_base64(arena, bytes, len), vectors[i].text);
    }
}
END_TEST

START_TEST(length_counts_code_points)
{
    ck_assert_int_eq(gt_utf8_length("a\xC3\xA9\xF0\x9F\x98\x80"), 3);
    ck_assert_int_eq(gt_utf8_length(""), 0);
    ck_assert_int_eq(gt_utf8_length("\xC3"), -1);
    ck_assert_int_eq(gt_utf8_length("\xED\xA0\x80"), -1);
}
END_TEST

static const struct {
    const char *text, *line;
} lines[] = {
    {"plain", "plain"},
    {"  two\r\n\tlines \x01\x7f and more  ", "two lines and more"},
    {"caf\xc3\xa9 caf\xc3\xa9 caf\xc3\xa9", "caf\xc3\xa9 caf\xc3\xa9 caf\xc3\xa9"},
    {"bad \xff byte", "bad ? byte"},
    {"0123456789012345678\xc3\xa9", "0123456789012345678..."},
    {"\x1b[31mred", "[31mred"},
    {"", ""},
};

START_TEST(messages_become_one_line)
{
    ck_assert_str_eq(gt_one_line(arena, lines[_i].text, 20), lines[_i].line);
}
END_TEST

START_TEST(sha256_of_the_empty_text)
{
    ck_assert_str_eq(gt_sha256_hex(arena, "", 0),
                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
END_TEST

/* Made with Python's hashlib.scrypt. */
START_TEST(scrypt_agrees_with_another_implementation)
{
    ck_assert_str_eq(gt_scrypt_hex(arena, "secret", 6, "salt"),
                     "05ffaebcca41770af425d4ba9b4e7bcdff532237dca931c192a36d94db7307d4");
}
END_TEST

START_TEST(pointers_step_into_objects_and_lists)
{
    json_t *doc = gt_pack(arena, "{s:{s:[i,{s:s}]}, s:i}", "a/b", "m~n", 1, "k", "v", "", 5);
    ck_assert_str_eq(gt_text_at(doc, "/a~1b/m~0n/1/k"), "v");
    ck_assert_int_eq(json_integer_value(gt_at(doc, "/")), 5);
    ck_assert_ptr_eq(gt_at(doc, ""), doc);
    static const char *const absent[] = {"/x", "/a~1b/m~0n/2",  "/a~1b/m~0n/-1", "/a~1b/m~0n/x",
                                         "a",  "/a~1b/m~0n/0/k"};
    for (size_t i = 0; i < GT_COUNT(absent); i++)
        ck_assert_msg(gt_at(doc, absent[i]) == NULL, "%s", absent[i]);
}
END_TEST

START_TEST(put_makes_objects_and_remove_takes_them)
{
    json_t *doc = gt_keep(arena, json_object());
    char *pointer = gt_pointer_join(arena, gt_pointer_join(arena, "", "x/y"), "z~");
    gt_put_at(doc, pointer, json_integer(3));
    ck_assert_int_eq(json_integer_value(gt_at(doc, "/x~1y/z~0")), 3);
    gt_put_at(doc, "/l", json_array());
    gt_put_at(doc, "/l/0", json_true());
    gt_put_at(doc, "/l/0", json_false());
    ck_assert_uint_eq(json_array_size(gt_at(doc, "/l")), 1);
    gt_remove_at(doc, "/l/0");
    gt_remove_at(doc, pointer);
    gt_remove_at(doc, "/no/such");
    ck_assert_str_eq(gt_json_canonical(arena, doc), "{\"l\":[],\"x/y\":{}}");
}
END_TEST

START_TEST(empty_is_what_says_nothing)
{
    static const struct {
        const char *text;
        bool empty;
    } vectors[] = {{"null", true}, {"\"\"", true},   {"[]", true},     {"{}", true},
                   {"0", false},   {"false", false}, {"\" \"", false}, {"[0]", false}};
    for (size_t i = 0; i < GT_COUNT(vectors); i++) {
        json_t *value = gt_keep(arena, json_loads(vectors[i].text, JSON_DECODE_ANY, NULL));
        ck_assert_msg(gt_json_empty(value) == vectors[i].empty, "%s", vectors[i].text);
    }
    ck_assert(gt_json_empty(NULL));
}
END_TEST

Suite *text_suite(void)
{
    Suite *suite = suite_create("text");
    TCase *tests = tcase_create("text");
    tcase_add_checked_fixture(tests, arena_setup, arena_teardown);
    tcase_add_test(tests, nearest_finds_typing_errors_only);
    tcase_add_test(tests, percent_encoding_keeps_unreserved_bytes_only);
    tcase_add_test(tests, length_counts_code_points);
    tcase_add_loop_test(tests, messages_become_one_line, 0, (int)GT_COUNT(lines));
    tcase_add_test(tests, sha256_of_the_empty_text);
    tcase_add_test(tests, scrypt_agrees_with_another_implementation);
    tcase_add_test(tests, pointers_step_into_objects_and_lists);
    tcase_add_test(tests, put_makes_objects_and_remove_takes_them);
    tcase_add_test(tests, empty_is_what_says_nothing);
    tcase_add_test(tests, base64_is_read_as_strictly_as_it_is_written);
    suite_add_tcase(suite, tests);
    return suite;
}
