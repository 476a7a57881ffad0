#include "suites.h"

#include "golden.h"
#include "grammar.h"

#include <ctype.h>
#include <gantry/base/str.h>
#include <gantry/ui/help.h>
#include <string.h>

GT_TEST_ARENA

static const struct gt_grammar *grammar = &gt_gantry_grammar;

START_TEST(every_row_is_complete)
{
    for (size_t i = 0; i < grammar->option_count; i++) {
        const struct gt_option *option = &grammar->options[i];
        ck_assert_msg(option->name != NULL, "option row %zu is empty", i);
        ck_assert_msg(option->help != NULL && option->group != NULL, "--%s", option->name);
        ck_assert_msg(option->commands != 0, "--%s belongs to no command", option->name);
        ck_assert_msg((option->kind == GT_OPTION_FLAG) == (option->argument == NULL), "--%s",
                      option->name);
        ck_assert_msg(!gt_ends_with(option->help, "."), "--%s", option->name);
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct gt_command *command = &grammar->commands[i];
        ck_assert_msg(command->name != NULL, "command row %zu is empty", i);
        ck_assert_msg(command->summary != NULL, "%s", command->name);
        ck_assert_msg(!isupper((unsigned char)command->summary[0]), "%s", command->name);
    }
}
END_TEST

START_TEST(rows_of_one_name_have_one_kind_and_different_commands)
{
    for (size_t i = 0; i < grammar->option_count; i++) {
        for (size_t j = i + 1; j < grammar->option_count; j++) {
            const struct gt_option *a = &grammar->options[i], *b = &grammar->options[j];
            bool same = gt_streq(a->name, b->name);
            ck_assert_msg(!same || (a->kind == b->kind && a->letter == b->letter), "--%s", a->name);
            ck_assert_msg(!same || (a->commands & b->commands) == 0, "--%s", a->name);
            ck_assert_msg(same || a->letter == 0 || a->letter != b->letter, "-%c", a->letter);
            ck_assert_msg(!gt_streq(a->alias, b->name) && !gt_streq(b->alias, a->name), "--%s",
                          a->name);
        }
    }
}
END_TEST

START_TEST(the_aliases_that_people_know_are_there)
{
    ck_assert_str_eq(gt_command_find(grammar, "plan")->name, "diff");
    static const char *const lines[][3] = {{"gantry", "apply", "--auto-approve"},
                                           {"gantry", "plan", "--detailed-exitcode"}};
    for (size_t i = 0; i < GT_COUNT(lines); i++) {
        struct gt_args args;
        char *argv[3];
        for (size_t j = 0; j < 3; j++)
            argv[j] = gt_strdup(arena, lines[i][j]);
        ck_assert(gt_args_parse(arena, grammar, 3, argv, &args, &diags));
    }
}
END_TEST

START_TEST(the_overview_is_as_before)
{
    struct gt_stream out = gt_stream_memory();
    gt_help_overview(&out, grammar);
    golden_check(&out, "help.txt");
}
END_TEST

START_TEST(the_help_of_each_command_is_as_before)
{
    const struct gt_command *command = &grammar->commands[_i];
    char *name = gt_printf(arena, "help-%s.txt", command->name);
    for (char *c = name; *c != '\0'; c++)
        *c = *c == ' ' ? '-' : *c;
    struct gt_stream out = gt_stream_memory();
    gt_help_command(&out, grammar, command);
    golden_check(&out, name);
}
END_TEST

START_TEST(no_line_of_the_help_is_wider_than_a_terminal)
{
    struct gt_stream out = gt_stream_memory();
    gt_help_manual(&out, grammar);
    for (const char *at = stream_take(arena, &out); *at != '\0';) {
        size_t len = strcspn(at, "\n");
        ck_assert_msg(len <= 100, "%.*s", (int)len, at);
        at += len + (at[len] == '\n');
    }
}
END_TEST

Suite *grammar_suite(void)
{
    Suite *suite = suite_create("grammar");
    TCase *tcase = tcase_create("grammar");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, every_row_is_complete);
    tcase_add_test(tcase, rows_of_one_name_have_one_kind_and_different_commands);
    tcase_add_test(tcase, the_aliases_that_people_know_are_there);
    tcase_add_test(tcase, the_overview_is_as_before);
    tcase_add_loop_test(tcase, the_help_of_each_command_is_as_before, 0, COMMAND_COUNT);
    tcase_add_test(tcase, no_line_of_the_help_is_wider_than_a_terminal);
    suite_add_tcase(suite, tcase);
    return suite;
}
