#include "schema_suites.h"

#include <ecma.h>
#include <string.h>

GT_TEST_ARENA

static const struct row {
    const char *pattern, *text;
    bool matches;
} rows[] = {
    {"", "", true},
    {"b", "abc", true},
    {"^b", "abc", false},
    {"^abc$", "abc\n", false},
    {"^.$", "\n", false},
    {"^.$", "\xe2\x80\xa8", false},
    {"^.$", "\xc2\x85", true},
    {"^.$", "\xf0\x9f\x98\x80", true},
    {"^[^]$", "\n", true},
    {"[]", "a", false},
    {"^\\d$", "7", true},
    {"^\\d$", "\xdf\x80", false},
    {"^\\w$", "\xc3\xa9", false},
    {"^\\W$", "\xc3\xa9", true},
    {"^\\s$", "\xef\xbb\xbf", true},
    {"^\\s$", "\v", true},
    {"^\\s$", "\x1c", false},
    {"^\\S$", "\xe2\x80\x8b", true},
    {"^\\S$", "\xc2\xa0", false},
    {"^[\\s]$", "\xc2\xa0", true},
    {"^[\\S]$", "\xc2\xa0", false},
    {"^[\\S]$", "a", true},
    {"^[^\\s]$", "\xc2\xa0", false},
    {"^[\\s-x]$", "-", true},
    {"^[\\s-x]$", "w", false},
    {"^[a-\\s]$", "-", true},
    {"^[\\d-x]$", "-", true},
    {"^[\\w-]$", "-", true},
    {"^[-a]$", "-", true},
    {"^[a-c-e]$", "d", false},
    {"^[+--]$", ",", true},
    {"^[[:alpha:]]$", ":]", true},
    {"^[[:alpha:]]$", "b", false},
    {"^[[.a.]]$", ".]", true},
    {"^[\\]]$", "]", true},
    {"^[\\b]$", "\b", true},
    {"\\bcat\\b", "a cat!", true},
    {"\\Bcat", "a cat", false},
    {"^\\cJ$", "\n", true},
    {"^\\x41\\u0042\\u{43}$", "ABC", true},
    {"^\\ud83d\\ude00$", "\xf0\x9f\x98\x80", true},
    {"^[\\ud83d\\ude00]$", "\xf0\x9f\x98\x80", true},
    {"^[\\u0000-\\u{10ffff}]$", "\xf0\x9f\x98\x80", true},
    {"^\\t\\n\\v\\f\\r$", "\t\n\v\f\r", true},
    {"^\\/\\.\\-\\_\\@\\\"$", "/.-_@\"", true},
    {"^a{2}$", "aa", true},
    {"^a{,2}$", "a{,2}", true},
    {"^a{x}$", "a{x}", true},
    {"^{}$", "{}", true},
    {"^]}$", "]}", true},
    {"^a{1,}?b$", "aab", true},
    {"^(?:a|b)+?$", "ab", true},
    {"^(?=a)\\w(?!c)", "ab", true},
    {"(?<=a)b", "ab", true},
    {"(?<!a)b", "ab", false},
    {"^(?<x>a|b)\\k<x>$", "aa", true},
    {"^(?<x>a|b)\\k<x>$", "ab", false},
    {"^(a|b)\\1$", "bb", true},
    {"^(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)\\10$", "abcdefghijj", true},
    {"^(?:(a)|b)\\1$", "b", true},
    {"^\\p{L}+$", "\xc3\xa9", true},
    {"^\\p{Letter}+$", "\xc3\xa9", true},
    {"^\\P{Letter}$", "\xc3\xa9", false},
    {"^[\\p{Lu}\\d]$", "\xc3\x89", true},
    {"^\\p{gc=Decimal_Number}$", "\xdf\x80", true},
    {"^\\p{Script=Greek}$", "\xce\xb1", true},
    {"^\\p{Script=Greek}$", "a", false},
    {"#x y", "#x y", true},
    {"^ \\ $", "  ", true},
    {"^a|b$", "ax", true},
};

static struct gt_regex *compiled(const char *pattern)
{
    const char *reason = NULL;
    struct gt_regex *regex = gt_regex_compile(arena, pattern, &reason);
    ck_assert_msg(regex != NULL, "%s: %s", pattern, reason);
    return regex;
}

START_TEST(matches_as_javascript_does)
{
    struct gt_matcher *matcher = NULL;
    const char *text = rows[_i].text;
    const struct gt_regex *regex = compiled(rows[_i].pattern);
    enum gt_regex_outcome wanted = rows[_i].matches ? GT_REGEX_MATCH : GT_REGEX_NO_MATCH;
    enum gt_regex_outcome quick = gt_regex_match(regex, &matcher, text, strlen(text), true);
    enum gt_regex_outcome full = gt_regex_match(regex, &matcher, text, strlen(text), false);
    gt_matcher_free(matcher);
    ck_assert_msg(quick == wanted && full == wanted, "%s on %s: %d %d", rows[_i].pattern, text,
                  quick, full);
}
END_TEST

/* What PCRE2 would take, with a meaning of its own, or what nobody understands. */
static const char *const refused[] = {
    "(",
    ")",
    "[",
    "[a",
    "a**",
    "a+*",
    "a++",
    "a{2}{3}",
    "*a",
    "^*",
    "|+",
    "(?",
    "(?i)a",
    "(?#x)",
    "(?>a)",
    "(?|a)",
    "(?R)",
    "(?1)",
    "(?P<x>a)",
    "(?'x'a)",
    "(?C1)",
    "(*FAIL)",
    "(*UTF)a",
    "\\",
    "\\A",
    "\\z",
    "\\Z",
    "\\Qa\\E",
    "\\K",
    "\\R",
    "\\X",
    "\\C",
    "\\N",
    "\\G",
    "\\h",
    "\\a",
    "\\e",
    "\\g1",
    "\\07",
    "\\1",
    "\\k<x>",
    "\\k",
    "\\x4",
    "\\u12",
    "\\u{}",
    "\\u{110000}",
    "\\ud800",
    "\\c1",
    "\\p",
    "\\p{}",
    "\\p{^L}",
    "\\p{L",
    "\\p{Nothing}",
    "[\\B]",
    "[\\1]",
    "[b-a]",
    "[\\k<x>]",
    "(?<1>a)",
    "(?<x>a)(?<x>b)",
    "a{2,1}",
};

START_TEST(refuses_what_javascript_does_not_have)
{
    const char *reason = NULL;
    ck_assert_msg(gt_regex_compile(arena, refused[_i], &reason) == NULL, "%s", refused[_i]);
    ck_assert_ptr_nonnull(reason);
    ck_assert_str_ne(reason, "");
}
END_TEST

START_TEST(refuses_patterns_that_are_too_long)
{
    const char *reason = NULL;
    ck_assert_ptr_null(gt_regex_compile(arena, repeated(arena, "\\s", 10000), &reason));
    ck_assert_str_eq(reason, "it is too long");
}
END_TEST

START_TEST(matches_nothing_that_is_no_text)
{
    struct gt_matcher *matcher = NULL;
    enum gt_regex_outcome outcome = gt_regex_match(compiled("a"), &matcher, "a\xff", 2, true);
    gt_matcher_free(matcher);
    ck_assert_int_eq(outcome, GT_REGEX_NO_MATCH);
}
END_TEST

Suite *regex_suite(void)
{
    Suite *suite = suite_create("regex");
    TCase *tcase = tcase_create("regex");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_loop_test(tcase, matches_as_javascript_does, 0, GT_COUNT(rows));
    tcase_add_loop_test(tcase, refuses_what_javascript_does_not_have, 0, GT_COUNT(refused));
    tcase_add_test(tcase, refuses_patterns_that_are_too_long);
    tcase_add_test(tcase, matches_nothing_that_is_no_text);
    suite_add_tcase(suite, tcase);
    return suite;
}
