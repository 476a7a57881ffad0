#include "sys_test.h"

#include <gantry/sys/process.h>

/* The words in brackets, or the error. */
static const char *split(const char *text)
{
    char **words;
    size_t count;
    const char *error = NULL;
    if (!gt_words_split(arena, text, &words, &count, &error))
        return error;
    const char *all = "";
    for (size_t i = 0; i < count; i++)
        all = gt_printf(arena, "%s[%s]", all, words[i]);
    ck_assert_ptr_null(words[count]);
    return all;
}

START_TEST(splits_as_a_shell_does)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", ""},
        {"  \t\n ", ""},
        {"a", "[a]"},
        {"  a  b\tc\n", "[a][b][c]"},
        {"'a b' c", "[a b][c]"},
        {"\"a b\" c", "[a b][c]"},
        {"a'b c'd\"e f\"g", "[ab cde fg]"},
        {"'' \"\" x", "[][][x]"},
        {"a\\ b", "[a b]"},
        {"\\'a\\\"", "['a\"]"},
        {"'a\\b'", "[a\\b]"},
        {"\"a\\b\\\"c\\\\d\\$e\\`f\"", "[a\\b\"c\\d$e`f]"},
        {"a\\\nb \"c\\\nd\"", "[ab][cd]"},
        {"$HOME * ~ a;b #c", "[$HOME][*][~][a;b][#c]"},
        {"\xC3\xA9 '\xC3\xA9'", "[\xC3\xA9][\xC3\xA9]"},
        {"/opt/my\\ tool/x --name 'a \"b\"'", "[/opt/my tool/x][--name][a \"b\"]"},
        {"'abc", "a single quote has no end"},
        {"a \"abc", "a double quote has no end"},
        {"\"abc\\", "a double quote has no end"},
        {"\"abc\\\"", "a double quote has no end"},
        {"abc\\", "nothing follows the last backslash"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_str_eq(split(rows[i].text), rows[i].words);
}
END_TEST

Suite *words_suite(void)
{
    TCase *tcase;
    Suite *suite = folder_suite("words", &tcase);
    tcase_add_test(tcase, splits_as_a_shell_does);
    return suite;
}
