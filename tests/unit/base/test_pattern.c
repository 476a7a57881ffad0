#include "suites.h"

#include <gantry/base/pattern.h>
#include <gt_test.h>
#include <string.h>

START_TEST(matches_whole_texts_as_java_does)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"[a-z]+", "abc", true},
        {"[a-z]+", "abc1", false},
        {"[a-z]+", "1abc", false},
        {"[a-z]+", "abc\n", false},
        {"^[a-z]+$", "abc\n", false},
        {"a|ab", "ab", true},
        {"(arn:.*)|()", "", true},
        {"(arn:.*)|()", "x", false},
        {"([0-9a-zA-Z][-]?){1,48}", "my-gateway", true},
        {"([0-9a-zA-Z][-]?){1,48}", "my--gateway", false},
        {"([0-9a-zA-Z][-]?){1,48}", "my_gateway", false},
        {"\\u002F[\\u0021-\\u007F]*", "/path/", true},
        {"\\u002F[\\u0021-\\u007F]*", "path/", false},
        {"[\\x21\\x23-\\x5B\\x5D-\\x7E]+", "a#b", true},
        {"[\\x21\\x23-\\x5B\\x5D-\\x7E]+", "a\"b", false},
        {"\\x{1F600}+", "\xF0\x9F\x98\x80", true},
        {"\\x{1F600}+", "x{1F600}", false},
        {"[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*", "\xC3\xA9t\xC3\xA9 1", true},
        {"[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*", "a#b", false},
        {"\\w+", "\xC3\xA9", false},
        {"\\d+", "\xD9\xA1", false},
        {"[a-z]++b", "ab", false},
        {"(?s).*", "a\nb", true},
        {".*", "a\nb", false},
        {".*",
         "a\xE2\x80\xA8"
         "b",
         false},
        {"[0-9A-Za-z\\.\\-_]*(?<!\\.)", "a.b", true},
        {"[0-9A-Za-z\\.\\-_]*(?<!\\.)", "a.", false},
        {"\\Qa[b\\E+", "a[bb", true},
        {"\\Qa[b\\E+", "ab", false},
        {"[\\[\\]&]+", "[&]", true},
        {".", "\xF0\x9F\x98\x80", true},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        ck_assert_msg(gt_pattern_understood(rows[i].pattern), "%s", rows[i].pattern);
        ck_assert_msg(gt_pattern_matches(rows[i].pattern, rows[i].text) == rows[i].matches,
                      "%s on \"%s\"", rows[i].pattern, rows[i].text);
    }
}
END_TEST

START_TEST(what_is_not_understood_rejects_nothing)
{
    static const char *const patterns[] = {
        "[a-z&&[^x]]+", "[a[bc]]", "\\p{javaLowerCase}", "(", "a\\",
    };
    for (size_t i = 0; i < GT_COUNT(patterns); i++) {
        ck_assert_msg(!gt_pattern_understood(patterns[i]), "%s", patterns[i]);
        ck_assert(gt_pattern_matches(patterns[i], "x"));
    }
}
END_TEST

START_TEST(gives_up_where_backtracking_explodes)
{
    char text[64];
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 2] = '!';
    text[sizeof(text) - 1] = '\0';
    ck_assert(!gt_pattern_matches("((a+)+)+", text));
}
END_TEST

Suite *pattern_suite(void)
{
    Suite *suite = suite_create("pattern");
    TCase *test = tcase_create("pattern");
    tcase_add_test(test, matches_whole_texts_as_java_does);
    tcase_add_test(test, what_is_not_understood_rejects_nothing);
    tcase_add_test(test, gives_up_where_backtracking_explodes);
    suite_add_tcase(suite, test);
    return suite;
}
