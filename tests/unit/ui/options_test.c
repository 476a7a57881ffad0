#include "suites.h"

#include "sample.h"

#include <gantry/base/str.h>
#include <string.h>

GT_TEST_ARENA

static struct gt_args args;

enum { MAX_ARGS = 12 };

/* Parses a command line given as one text, split at spaces. */
static bool parse(const char *line)
{
    char *argv[MAX_ARGS];
    int argc = 0;
    argv[argc++] = gt_strdup(arena, "sample");
    for (const char *at = line; *at != '\0';) {
        size_t len = strcspn(at, " ");
        argv[argc++] = gt_strndup(arena, at, len);
        at += len;
        at += strspn(at, " ");
    }
    return gt_args_parse(arena, &sample_grammar, argc, argv, &args, &diags);
}

static const char *message(void)
{
    return diags.list.len == 0 ? "" : diags.list.at[0]->message;
}

static const char *hint(void)
{
    return diags.list.len == 0 || diags.list.at[0]->hint == NULL ? "" : diags.list.at[0]->hint;
}

START_TEST(takes_values_after_a_space_after_equals_and_after_the_letter)
{
    static const char *const lines[] = {"run --file a.yaml", "run --file=a.yaml",
                                        "run -f a.yaml",     "run -fa.yaml",
                                        "run -f=a.yaml",     "--file a.yaml run"};
    for (size_t i = 0; i < GT_COUNT(lines); i++) {
        ck_assert_msg(parse(lines[i]), "%s: %s", lines[i], message());
        ck_assert_str_eq(gt_args_text(&args, SAMPLE_FILE, ""), "a.yaml");
        ck_assert_str_eq(args.command->name, "run");
    }
}
END_TEST

START_TEST(takes_flags_together_and_a_value_at_their_end)
{
    ck_assert(parse("run -qyf a"));
    ck_assert(gt_args_has(&args, SAMPLE_QUIET));
    ck_assert(gt_args_has(&args, SAMPLE_YES));
    ck_assert_str_eq(gt_args_text(&args, SAMPLE_FILE, ""), "a");
}
END_TEST

START_TEST(the_last_of_a_repeated_string_counts_and_lists_grow)
{
    ck_assert(parse("run -f a -f b --target x --target y"));
    ck_assert_str_eq(gt_args_text(&args, SAMPLE_FILE, ""), "b");
    const char *const *list = gt_args_list(&args, arena, SAMPLE_TARGET);
    ck_assert_str_eq(list[0], "x");
    ck_assert_str_eq(list[1], "y");
    ck_assert_ptr_null(list[2]);
}
END_TEST

START_TEST(lists_with_choices_are_split_at_commas)
{
    ck_assert(parse("run --deny replace,delete"));
    const char *const *list = gt_args_list(&args, arena, SAMPLE_DENY);
    ck_assert_str_eq(list[0], "replace");
    ck_assert_str_eq(list[1], "delete");
    ck_assert(!parse("run --deny replace,remove"));
}
END_TEST

START_TEST(what_follows_two_dashes_is_no_option)
{
    ck_assert(parse("get -- --file"));
    ck_assert_uint_eq(args.words.len, 1);
    ck_assert_str_eq(args.words.at[0], "--file");
    ck_assert(parse("get -"));
    ck_assert_str_eq(args.words.at[0], "-");
}
END_TEST

START_TEST(numbers_and_durations_are_read)
{
    ck_assert(parse("run --max 3 --deadline 1h30m"));
    ck_assert_int_eq(args.values[SAMPLE_MAX].number, 3);
    ck_assert_int_eq(args.values[SAMPLE_DEADLINE].number, 90 * 60 * 1000);
}
END_TEST

START_TEST(aliases_of_options_and_commands_are_accepted)
{
    ck_assert(parse("go --auto-approve"));
    ck_assert_str_eq(args.command->name, "run");
    ck_assert(gt_args_has(&args, SAMPLE_YES));
}
END_TEST

START_TEST(rows_with_one_name_belong_to_their_commands)
{
    ck_assert(parse("run --format text"));
    ck_assert_str_eq(gt_args_text(&args, SAMPLE_RUN_FORMAT, ""), "text");
    ck_assert(!gt_args_has(&args, SAMPLE_LIST_FORMAT));
    ck_assert(parse("things list --format table"));
    ck_assert_str_eq(gt_args_text(&args, SAMPLE_LIST_FORMAT, ""), "table");
    ck_assert(!parse("things list --format text"));
}
END_TEST

static const struct {
    const char *line, *message, *hint;
} wrong[] = {
    {"rnu", "unknown command \"rnu\"", "did you mean `sample run`?"},
    {"frobnicate", "unknown command \"frobnicate\"", "see `sample help`"},
    {"things", "things needs a command", "one of list, move"},
    {"things lst", "unknown command \"things lst\"", "did you mean `sample things list`?"},
    {"run --fil a", "unknown option --fil", "did you mean --file?"},
    {"run --targ=x", "unknown option --targ", "did you mean --target?"},
    {"run -z", "unknown option -z", "see `sample help run`"},
    {"get --fil a x", "unknown option --fil", "see `sample help get`"},
    {"run --file", "option --file needs a value: --file FILE", "see `sample help run`"},
    {"run --file --yes", "option --file needs a value: --file FILE", "see `sample help run`"},
    {"run -file=a", "unknown option -file", "did you mean --file?"},
    {"run --yes=no", "option --yes takes no value", "see `sample help`"},
    {"run --max many", "--max needs a whole number, not \"many\"", "see `sample help run`"},
    {"run --max -1", "--max needs a whole number, not \"-1\"", "see `sample help run`"},
    {"run --max 99999999999999999999", "--max needs a whole number, not \"99999999999999999999\"",
     "see `sample help run`"},
    {"run --deadline soon", "--deadline needs a duration such as 90s, 10m or 1h30m, not \"soon\"",
     "see `sample help run`"},
    {"run --format txt", "--format cannot be \"txt\"", "did you mean text? (one of text, json)"},
    {"get --file a x", "`sample get` has no option --file", "see `sample help get`"},
    {"get", "`sample get` needs NAME [MORE]", "see `sample help get`"},
    {"get a b c", "unexpected argument \"c\"", "see `sample help get`"},
    {"run --file=", "--file needs a value that is not empty", "see `sample help run`"},
};

START_TEST(a_mistake_is_named_with_what_to_do)
{
    ck_assert_msg(!parse(wrong[_i].line), "%s was accepted", wrong[_i].line);
    ck_assert_str_eq(diags.list.at[0]->code, "usage");
    ck_assert_str_eq(message(), wrong[_i].message);
    ck_assert_str_eq(hint(), wrong[_i].hint);
}
END_TEST

START_TEST(all_mistakes_are_reported_at_once)
{
    ck_assert(!parse("run --max x --deadline y --format z"));
    ck_assert_uint_eq(diags.errors, 3);
}
END_TEST

START_TEST(flags_of_a_wrong_line_still_say_how_to_report_it)
{
    static const char *const lines[] = {"rnu -q", "run --nope -q", "run -q --max x", "-q --nope"};
    for (size_t i = 0; i < GT_COUNT(lines); i++) {
        ck_assert(!parse(lines[i]));
        ck_assert_msg(gt_args_has(&args, SAMPLE_QUIET), "%s", lines[i]);
    }
}
END_TEST

START_TEST(help_is_accepted_without_the_words_that_a_command_needs)
{
    ck_assert(parse("get --help"));
    ck_assert(gt_args_has(&args, SAMPLE_HELP));
    ck_assert(parse("things -h"));
    ck_assert_str_eq(args.command->name, "things");
}
END_TEST

START_TEST(no_command_is_no_error_of_the_parser)
{
    ck_assert(parse("--quiet"));
    ck_assert_ptr_null(args.command);
}
END_TEST

Suite *options_suite(void)
{
    Suite *suite = suite_create("options");
    TCase *tcase = tcase_create("options");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, takes_values_after_a_space_after_equals_and_after_the_letter);
    tcase_add_test(tcase, takes_flags_together_and_a_value_at_their_end);
    tcase_add_test(tcase, the_last_of_a_repeated_string_counts_and_lists_grow);
    tcase_add_test(tcase, lists_with_choices_are_split_at_commas);
    tcase_add_test(tcase, what_follows_two_dashes_is_no_option);
    tcase_add_test(tcase, numbers_and_durations_are_read);
    tcase_add_test(tcase, aliases_of_options_and_commands_are_accepted);
    tcase_add_test(tcase, rows_with_one_name_belong_to_their_commands);
    tcase_add_loop_test(tcase, a_mistake_is_named_with_what_to_do, 0, (int)GT_COUNT(wrong));
    tcase_add_test(tcase, all_mistakes_are_reported_at_once);
    tcase_add_test(tcase, flags_of_a_wrong_line_still_say_how_to_report_it);
    tcase_add_test(tcase, help_is_accepted_without_the_words_that_a_command_needs);
    tcase_add_test(tcase, no_command_is_no_error_of_the_parser);
    suite_add_tcase(suite, tcase);
    return suite;
}
