#include "suites.h"

#include "../../../src/policy/match.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gt_test.h>
#include <string.h>

GT_TEST_ARENA

START_TEST(globs_whole_texts)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "a:b/c", true},
        {"a*", "abc", true},
        {"*c", "abc", true},
        {"a*c", "abbc", true},
        {"a*c", "abcd", false},
        {"a*b*c", "a-b-b-c", true},
        {"?", "", false},
        {"?", "a", true},
        {"??", "a", false},
        {"?", "\xC3\xA9", true},
        {"*?", "\xC3\xA9", true},
        {"??", "\xC3\xA9", false},
        {"a?c", "abc", true},
        {"A", "a", false},
        {"\1*", "*", true},
        {"\1*", "a", false},
        {"a\1?", "a?", true},
        {"a\1?", "ab", false},
        {"*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_msg(gt_policy_glob(arena, rows[i].pattern, rows[i].text, false) ==
                          rows[i].matches,
                      "%s on %s", rows[i].pattern, rows[i].text);
}
END_TEST

START_TEST(stars_inside_a_segment_stay_there)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a/b:c", true},
        {"arn:aws:logs:*:log-group:x", "arn:aws:logs:us-east-1:1:log-group:x", true},
        {"arn:aws:logs:u*1:1:log-group:x", "arn:aws:logs:us-east-1:1:log-group:x", true},
        {"arn:aws:logs:u*p:x", "arn:aws:logs:us-east-1:1:log-group:x", false},
        {"arn:aws:logs:us-east-1:1:log-group:/aws/*-x:*",
         "arn:aws:logs:us-east-1:1:log-group:/aws/a-x:log-stream:b", true},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_msg(gt_policy_glob(arena, rows[i].pattern, rows[i].text, true) == rows[i].matches,
                      "%s on %s", rows[i].pattern, rows[i].text);
}
END_TEST

START_TEST(compares_arns_part_by_part)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"arn:aws:sns:us-east-1:123456789012:topic", "arn:aws:sns:us-east-1:123456789012:topic",
         true},
        {"arn:aws:sns:*:123456789012:topic", "arn:aws:sns:us-east-1:123456789012:topic", true},
        {"arn:aws:sns:*:topic", "arn:aws:sns:us-east-1:123456789012:topic", false},
        {"arn:*:sns:*:*:*", "arn:aws:sns:us-east-1:123456789012:a:b", true},
        {"arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/tools-*",
         "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/tools-abc", true},
        {"arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/tools-*",
         "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/other-abc", false},
        {"arn:aws:sns:us-east-1:12345678901?:topic", "arn:aws:sns:us-east-1:123456789012:topic",
         true},
        {"*", "arn:aws:s3:::b", true},
        {"*", "no arn", false},
        {"arn:aws:s3:::b", "no arn", false},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_msg(gt_policy_arn_like(arena, rows[i].pattern, rows[i].text) == rows[i].matches,
                      "%s on %s", rows[i].pattern, rows[i].text);
}
END_TEST

START_TEST(replaces_policy_variables)
{
    static const struct {
        const char *text, *expanded; /* NULL: a variable is not known */
    } rows[] = {
        {"plain", "plain"},
        {"home/${aws:username}/*", "home/jane/*"},
        {"home/${AWS:UserName}", "home/jane"},
        {"${aws:username}${aws:userid}", "jane7"},
        {"${aws:PrincipalTag/star}", "a\1*"},
        {"${*}${?}${$}{x}", "\1*\1?${x}"},
        {"${aws:nobody}", NULL},
        {"${aws:list}", NULL},
        {"${aws:nobody, 'all'}", "all"},
        {"${aws:username, 'all'}", "jane"},
        {"${aws:nobody, all}", NULL},
        {"${unclosed", "${unclosed"},
    };
    json_t *context = gt_pack(arena, "{s:s, s:i, s:s, s:[s,s]}", "aws:username", "jane",
                              "aws:userid", 7, "aws:PrincipalTag/star", "a*", "aws:list", "a", "b");
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const char *got = gt_policy_expand(arena, rows[i].text, context);
        ck_assert_msg(gt_streq(got, rows[i].expanded), "%s gave %s", rows[i].text,
                      got == NULL ? "nothing" : got);
    }
    ck_assert_str_eq(gt_policy_plain(arena, "a\1*\1?b"), "a*?b");
}
END_TEST

Suite *match_suite(void)
{
    Suite *suite = suite_create("match");
    TCase *test = tcase_create("match");
    tcase_add_checked_fixture(test, arena_setup, arena_teardown);
    tcase_add_test(test, globs_whole_texts);
    tcase_add_test(test, stars_inside_a_segment_stay_there);
    tcase_add_test(test, compares_arns_part_by_part);
    tcase_add_test(test, replaces_policy_variables);
    suite_add_tcase(suite, test);
    return suite;
}
