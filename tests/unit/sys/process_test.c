#include "sys_test.h"

#include <gantry/sys/process.h>
#include <gantry/sys/sys.h>
#include <signal.h>

static struct gt_process_result result;

/* Runs `sh -c script` with small limits. */
static bool run_with(const char *script, size_t max_out, int64_t timeout_ms, bool own_group)
{
    char shell[] = "sh", flag[] = "-c";
    char *argv[] = {shell, flag, gt_strdup(arena, script), NULL};
    struct gt_process process = {.argv = argv,
                                 .max_out = max_out,
                                 .max_err = 20,
                                 .timeout_ms = timeout_ms,
                                 .own_group = own_group};
    return gt_process_run(arena, &process, &result, &diags);
}

static bool run(const char *script)
{
    return run_with(script, 1000, 20000, false);
}

START_TEST(captures_output_and_status)
{
    ck_assert(run("echo out; echo err >&2; exit 3"));
    ck_assert_str_eq(result.out, "out\n");
    ck_assert_uint_eq(result.out_len, 4);
    ck_assert_str_eq(result.err, "err\n");
    ck_assert_int_eq(result.exit_status, 3);
    ck_assert_int_eq(result.signal, 0);
    ck_assert(!result.timed_out);
    ck_assert(run("true"));
    ck_assert_int_eq(result.exit_status, 0);
    ck_assert_str_eq(result.out, "");
}
END_TEST

START_TEST(tells_the_signal_that_ended_it)
{
    ck_assert(run("kill -TERM $$"));
    ck_assert_int_eq(result.exit_status, -1);
    ck_assert_int_eq(result.signal, SIGTERM);
}
END_TEST

START_TEST(passes_arguments_as_they_are)
{
    char name[] = "printf", format[] = "%s|", one[] = "a b", two[] = "$HOME;'\"*", three[] = "";
    char *argv[] = {name, format, one, two, three, NULL};
    struct gt_process process = {.argv = argv, .max_out = 100, .max_err = 100, .timeout_ms = 20000};
    ck_assert(gt_process_run(arena, &process, &result, &diags));
    ck_assert_str_eq(result.out, "a b|$HOME;'\"*||");
}
END_TEST

START_TEST(gives_the_environment_that_is_asked_for)
{
    char path[] = "/bin/sh", flag[] = "-c", script[] = "echo $A-$HOME", a[] = "A=x";
    char *argv[] = {path, flag, script, NULL}, *env[] = {a, NULL};
    struct gt_process process = {
        .argv = argv, .env = env, .max_out = 100, .max_err = 100, .timeout_ms = 20000};
    ck_assert(gt_process_run(arena, &process, &result, &diags));
    ck_assert_str_eq(result.out, "x-\n");
}
END_TEST

START_TEST(has_nothing_to_read_on_stdin)
{
    ck_assert(run("cat; echo end"));
    ck_assert_str_eq(result.out, "end\n");
}
END_TEST

START_TEST(ends_a_program_that_prints_too_much)
{
    ck_assert(!run_with("yes", 1000, 20000, false));
    ck_assert_str_eq(only_error()->message, "sh printed more than 1000 bytes");
    ck_assert(run_with("printf %01000d 0", 1000, 20000, false)); /* just fits */
    ck_assert_uint_eq(result.out_len, 1000);
    gt_diags_rewind(&diags, 0);
    ck_assert(!run_with("printf %01001d 0", 1000, 20000, false));
}
END_TEST

START_TEST(drops_what_is_too_much_on_stderr)
{
    ck_assert(run("printf %0200000d 7 >&2; echo out"));
    ck_assert_str_eq(result.err, "00000000000000000000");
    ck_assert_str_eq(result.out, "out\n");
    ck_assert_int_eq(result.exit_status, 0);
}
END_TEST

START_TEST(ends_a_program_that_takes_too_long)
{
    int64_t before = gt_monotonic_ms(gt_sys_real());
    /* Until it comes to its first line within the time. */
    for (int64_t ms = 300; ms < 20000; ms *= 4) {
        ck_assert(run_with("echo first; exec sleep 100", 1000, ms, false));
        ck_assert(result.timed_out);
        ck_assert_int_eq(result.signal, SIGKILL);
        if (result.out_len > 0)
            break;
    }
    ck_assert_str_eq(result.out, "first\n");
    ck_assert(run_with("exec >&- 2>&-; exec sleep 100", 1000, 300, false)); /* pipes closed early */
    ck_assert(result.timed_out);
    ck_assert(run_with("while :; do echo x >&2; done", 1000, 300, false));
    ck_assert(result.timed_out);
    ck_assert_int_lt(gt_monotonic_ms(gt_sys_real()) - before, 80000);
}
END_TEST

START_TEST(ends_the_whole_group_when_it_has_its_own)
{
    const char *mark = in_folder("alive");
    ck_assert(run_with(gt_printf(arena, "(sleep 2; touch %s) & wait", mark), 1000, 300, true));
    ck_assert(result.timed_out);
    sleep(3);
    ck_assert_int_ne(access(mark, F_OK), 0);
}
END_TEST

START_TEST(does_not_wait_for_what_a_program_leaves_behind)
{
    int64_t before = gt_monotonic_ms(gt_sys_real());
    ck_assert(run_with("sleep 100 & echo $!", 1000, 100000, false));
    ck_assert_int_eq(result.exit_status, 0);
    ck_assert(!result.timed_out);
    ck_assert_int_lt(gt_monotonic_ms(gt_sys_real()) - before, 50000);
    long left = strtol(result.out, NULL, 10);
    ck_assert_int_gt(left, 1);
    ck_assert_int_eq(kill((pid_t)left, SIGKILL), 0);
}
END_TEST

START_TEST(waits_for_a_program_that_closes_its_pipes)
{
    ck_assert(run("exec >&- 2>&-; sleep 1; exit 4"));
    ck_assert_int_eq(result.exit_status, 4);
    ck_assert(!result.timed_out);
}
END_TEST

START_TEST(resets_signals_for_the_program)
{
    sigset_t all;
    sigfillset(&all);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &all, NULL);
    ck_assert(run("kill -TERM $$; exit 0"));
    ck_assert_int_eq(result.signal, SIGTERM);
    ck_assert(run("kill -PIPE $$; exit 0"));
    ck_assert_int_eq(result.signal, SIGPIPE);
}
END_TEST

START_TEST(works_without_standard_descriptors)
{
    pid_t pid = fork();
    if (pid == 0) {
        close(STDIN_FILENO);
        close(STDOUT_FILENO);
        close(STDERR_FILENO);
        bool good = run("echo out; echo err >&2");
        _exit(good && gt_streq(result.out, "out\n") && gt_streq(result.err, "err\n") ? 0 : 1);
    }
    reap(pid, 0);
}
END_TEST

START_TEST(says_why_it_cannot_start)
{
    char *argv[] = {in_folder("none"), NULL};
    struct gt_process process = {.argv = argv, .max_out = 100, .max_err = 100};
    ck_assert(!gt_process_run(arena, &process, &result, &diags));
    ck_assert_str_eq(only_error()->message,
                     gt_printf(arena, "cannot run %s: no such file or directory", argv[0]));
    gt_diags_rewind(&diags, 0);
    put(in_folder("plain"), "text");
    argv[0] = in_folder("plain");
    ck_assert(!gt_process_run(arena, &process, &result, &diags));
    ck_assert_str_eq(only_error()->code, "no-permission");
}
END_TEST

START_TEST(leaves_no_descriptors_open)
{
    size_t before = count_files("/proc/self/fd");
    for (int i = 0; i < 20; i++)
        ck_assert(run("echo x"));
    ck_assert_uint_eq(count_files("/proc/self/fd"), before);
}
END_TEST

Suite *process_suite(void)
{
    TCase *tcase;
    Suite *suite = folder_suite("process", &tcase);
    tcase_add_test(tcase, captures_output_and_status);
    tcase_add_test(tcase, tells_the_signal_that_ended_it);
    tcase_add_test(tcase, passes_arguments_as_they_are);
    tcase_add_test(tcase, gives_the_environment_that_is_asked_for);
    tcase_add_test(tcase, has_nothing_to_read_on_stdin);
    tcase_add_test(tcase, ends_a_program_that_prints_too_much);
    tcase_add_test(tcase, drops_what_is_too_much_on_stderr);
    tcase_add_test(tcase, ends_a_program_that_takes_too_long);
    tcase_add_test(tcase, ends_the_whole_group_when_it_has_its_own);
    tcase_add_test(tcase, does_not_wait_for_what_a_program_leaves_behind);
    tcase_add_test(tcase, waits_for_a_program_that_closes_its_pipes);
    tcase_add_test(tcase, resets_signals_for_the_program);
    tcase_add_test(tcase, works_without_standard_descriptors);
    tcase_add_test(tcase, says_why_it_cannot_start);
    tcase_add_test(tcase, leaves_no_descriptors_open);
    return suite;
}
