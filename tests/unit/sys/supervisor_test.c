#include "supervisor_fixture.h"

START_TEST(a_child_that_exits_is_reported_with_its_status)
{
    struct gt_child child = spawn_script("echo out; echo err >&2; exit 7", false);
    struct gt_child_exit ended = next_exit();
    ck_assert_uint_eq(ended.id, child.id);
    ck_assert_int_eq(ended.exit_status, 7);
    ck_assert_int_eq(ended.signal, 0);
    ck_assert_str_eq(read_text(child.out, false), "out\n");
    ck_assert_str_eq(read_text(child.err, false), "err\n");
    ck_assert_int_eq(child.in, -1);
    bool gone;
    ck_assert(!gt_supervisor_next(supervisor, &ended, &gone));
    ck_assert(!gone);
    close_child(&child);
}
END_TEST

START_TEST(a_child_that_a_signal_ends_is_reported_with_it)
{
    struct gt_child child = spawn_script("kill -9 $$", false);
    struct gt_child_exit ended = next_exit();
    ck_assert_uint_eq(ended.id, child.id);
    ck_assert_int_eq(ended.exit_status, -1);
    ck_assert_int_eq(ended.signal, SIGKILL);
    close_child(&child);
}
END_TEST

static void expect_refused(const char *name, const char *where, const char *reason)
{
    struct gt_child child;
    char *argv[] = {gt_strdup(arena, name), NULL};
    size_t mark = gt_diags_mark(&diags);
    ck_assert(!spawn_with(argv, where, true, &child));
    const struct gt_diag *diag = only_error();
    ck_assert_str_eq(diag->code, "spawn");
    ck_assert_msg(strstr(diag->message, name) != NULL && strstr(diag->message, reason) != NULL,
                  "%s", diag->message);
    ck_assert_ptr_nonnull(diag->hint);
    gt_diags_rewind(&diags, mark);
}

START_TEST(what_cannot_be_run_is_an_error_with_its_name)
{
    const char *plain = in_folder("plain"), *script = in_folder("script");
    put(plain, "#!/bin/sh\n");
    put(script, "exit 0\n");
    ck_assert_int_eq(chmod(script, 0700), 0);
    ck_assert_int_eq(chmod(plain, 0600), 0);
    size_t before = count_files("/proc/self/fd");
    expect_refused("no-such-program", NULL, "no such file");
    expect_refused("./no-such-program", NULL, "no such file");
    expect_refused("/no/such/program", NULL, "no such file");
    expect_refused("", NULL, "no such file");
    expect_refused(plain, NULL, "permission denied");
    expect_refused(folder, NULL, "permission denied");
    expect_refused(script, NULL, "exec format error");
    expect_refused("sh", "/no/such/folder", "/no/such/folder");
    ck_assert_uint_eq(count_files("/proc/self/fd"), before);
    struct gt_child child = spawn_script("exit 0", false);
    ck_assert_uint_eq(next_exit().id, child.id);
    close_child(&child);
}
END_TEST

START_TEST(pipes_carry_bytes_both_ways)
{
    struct gt_child child = spawn_script("cat", true);
    ck_assert_int_eq(write(child.in, "hello\n", 6), 6);
    ck_assert_str_eq(read_text(child.out, true), "hello\n");
    char byte;
    ck_assert_int_eq(read(child.out, &byte, 1), -1); /* it does not block */
    ck_assert_int_eq(errno, EAGAIN);
    for (int fd = child.in;; fd = child.out) {
        ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
        if (fd == child.out)
            break;
    }
    close(child.in);
    child.in = -1;
    ck_assert_str_eq(read_text(child.out, false), "");
    ck_assert_int_eq(next_exit().exit_status, 0);
    close_child(&child);
}
END_TEST

START_TEST(without_a_pipe_stdin_is_empty)
{
    struct gt_child child = spawn_script("cat; readlink /proc/self/fd/0", false);
    ck_assert_str_eq(read_text(child.out, false), "/dev/null\n");
    close_child(&child);
}
END_TEST

START_TEST(arguments_environment_and_folder_are_those_given)
{
    put(in_folder("own"), "#!/bin/sh\necho \"$1|$2\"; echo \"$PWD\"; echo \"$A-$HOME\"\n");
    ck_assert_int_eq(chmod(in_folder("own"), 0700), 0);
    char name[] = "own", one[] = "a b", two[] = "", set[] = "A=1";
    char *argv[] = {name, one, two, NULL};
    char *env[] = {set, gt_printf(arena, "PATH=/no/folder:%s:/bin", folder), NULL};
    const struct gt_child_options options = {.argv = argv, .env = env, .folder = folder};
    struct gt_child child;
    ck_assert(gt_supervisor_spawn(supervisor, &options, &child, &diags));
    ck_assert_str_eq(read_text(child.out, false), gt_printf(arena, "a b|\n%s\n1-\n", folder));
    close_child(&child);
    /* A path with a slash is one from the folder. */
    char relative[] = "./own";
    argv[0] = relative;
    ck_assert(gt_supervisor_spawn(supervisor, &options, &child, &diags));
    ck_assert_str_eq(read_text(child.out, false), gt_printf(arena, "a b|\n%s\n1-\n", folder));
    close_child(&child);
}
END_TEST

START_TEST(a_large_environment_is_passed)
{
    enum { COUNT = 20, SIZE = 50 * 1024 };
    char *env[COUNT + 2] = {default_path};
    for (size_t i = 0; i < COUNT; i++) {
        env[i + 1] = gt_alloc(arena, SIZE + 1);
        memset(env[i + 1], 'x', SIZE);
        int len = snprintf(env[i + 1], SIZE, "V%zu", i);
        env[i + 1][len] = '=';
    }
    char name[] = "sh", flag[] = "-c", script[] = "env | wc -c";
    char *argv[] = {name, flag, script, NULL};
    const struct gt_child_options options = {.argv = argv, .env = env};
    struct gt_child child;
    ck_assert(gt_supervisor_spawn(supervisor, &options, &child, &diags));
    ck_assert_int_ge(strtol(read_text(child.out, false), NULL, 10), COUNT * SIZE);
    close_child(&child);
}
END_TEST

START_TEST(children_start_with_plain_signals_and_no_other_descriptor)
{
    /* What the parent has before it starts a supervisor. */
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    ck_assert_int_eq(sigaction(SIGPIPE, &ignore, NULL), 0);
    ck_assert_int_eq(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
    int kept = open("/dev/null", O_RDONLY);
    ck_assert_int_ge(kept, 0);
    ck_assert(gt_supervisor_start(arena, &supervisor, &diags));
    /* No pipeline, of which the shell may still have an end; nor ls in the shell's place. */
    struct gt_child child =
        spawn_script("grep -E '^Sig(Blk|Ign):' /proc/self/status; ls /proc/$$/fd; exit 0", false);
    ck_assert_str_eq(read_text(child.out, false),
                     "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n0\n1\n2\n");
    close_child(&child);
    close(kept);
}
END_TEST

START_TEST(a_signal_goes_to_the_whole_group)
{
    /* The outer one listens before the inner one can say that both do. */
    struct gt_child child = spawn_script("trap 'wait; exit 3' USR1; "
                                         "sh -c 'trap \"echo inner; exit\" USR1; echo ready; "
                                         "while :; do sleep 0.02; done' & wait; wait",
                                         false);
    ck_assert_str_eq(read_text(child.out, true), "ready\n");
    gt_supervisor_signal(supervisor, child.id, SIGUSR1);
    ck_assert_str_eq(read_text(child.out, false), "inner\n");
    ck_assert_int_eq(next_exit().exit_status, 3);
    gt_supervisor_signal(supervisor, child.id, SIGUSR1); /* to nobody */
    gt_supervisor_signal(supervisor, 12345, SIGKILL);
    gt_supervisor_end(supervisor, child.id, 0);
    close_child(&child);
    child = spawn_script("exit 0", false);
    ck_assert_uint_eq(next_exit().id, child.id);
    close_child(&child);
}
END_TEST

START_TEST(an_ended_child_may_tidy_up)
{
    struct gt_child child = spawn_script(
        "trap 'echo bye; exit 4' TERM; echo ready; while :; do sleep 0.02; done", false);
    ck_assert_str_eq(read_text(child.out, true), "ready\n");
    gt_supervisor_end(supervisor, child.id, PATIENCE_MS);
    ck_assert_int_eq(next_exit().exit_status, 4);
    ck_assert_str_eq(read_text(child.out, false), "bye\n");
    close_child(&child);
}
END_TEST

START_TEST(a_child_that_ignores_sigterm_is_killed_after_the_grace)
{
    struct gt_child child = spawn_script(STUBBORN, false);
    pid_t pid = read_pid(&child);
    int64_t start = now_ms();
    gt_supervisor_end(supervisor, child.id, 300);
    gt_supervisor_end(supervisor, child.id, PATIENCE_MS); /* the shorter grace stays */
    ck_assert_int_eq(next_exit().signal, SIGKILL);
    ck_assert_int_ge(now_ms() - start, 300);
    ck_assert_int_lt(now_ms() - start, PATIENCE_MS / 2);
    expect_gone(pid);
    close_child(&child);
}
END_TEST

START_TEST(a_stopped_child_is_ended_too)
{
    struct gt_child child = spawn_script("echo $$; kill -STOP $$; echo on; sleep 100", false);
    pid_t pid = read_pid(&child);
    gt_supervisor_end(supervisor, child.id, PATIENCE_MS);
    ck_assert_int_eq(next_exit().signal, SIGTERM);
    expect_gone(pid);
    close_child(&child);
}
END_TEST

START_TEST(ending_takes_those_that_left_the_group)
{
    put(in_folder("stubborn"), STUBBORN);
    struct gt_child child = spawn_script(
        gt_printf(arena, "setsid sh %s & trap '' TERM; wait; sleep 100", in_folder("stubborn")),
        false);
    pid_t pid = read_pid(&child);
    gt_supervisor_end(supervisor, child.id, 100);
    expect_gone(pid);
    ck_assert_int_eq(next_exit().signal, SIGKILL);
    close_child(&child);
}
END_TEST

START_TEST(the_rest_of_a_group_goes_with_its_leader)
{
    struct gt_child child = spawn_script("sleep 100 & echo $!; exit 0", false);
    pid_t pid = read_pid(&child);
    ck_assert_int_eq(next_exit().exit_status, 0);
    expect_gone(pid);
    close_child(&child);
}
END_TEST

START_TEST(the_rest_of_a_group_has_two_seconds)
{
    put(in_folder("stubborn"), STUBBORN);
    struct gt_child child =
        spawn_script(gt_printf(arena, "sh %s & read line", in_folder("stubborn")), true);
    pid_t pid = read_pid(&child);
    int64_t start = now_ms();
    ck_assert_int_eq(write(child.in, "\n", 1), 1);
    ck_assert_int_eq(next_exit().exit_status, 0);
    expect_gone(pid);
    ck_assert_int_ge(now_ms() - start, GRACE_MS);
    close_child(&child);
}
END_TEST

START_TEST(a_shorter_grace_holds_for_the_rest_of_a_group)
{
    int64_t took = GRACE_MS;
    put(in_folder("stubborn"), STUBBORN);
    /* Never within that time if it did not hold; else at once, unless this machine is slow. */
    for (int i = 0; i < ATTEMPTS && took >= GRACE_MS; i++) {
        struct gt_child child =
            spawn_script(gt_printf(arena, "sh %s & read line", in_folder("stubborn")), true);
        pid_t pid = read_pid(&child);
        int64_t start = now_ms();
        ck_assert_int_eq(write(child.in, "\n", 1), 1);
        next_exit();
        gt_supervisor_end(supervisor, child.id, 0);
        expect_gone(pid);
        took = now_ms() - start;
        close_child(&child);
    }
    ck_assert_int_lt(took, GRACE_MS);
}
END_TEST

START_TEST(every_child_is_told_apart)
{
    enum { COUNT = 60 };
    struct gt_child children[COUNT];
    for (int i = 0; i < COUNT; i++)
        children[i] = spawn_script(gt_printf(arena, "read line; exit %d", i), true);
    for (int i = 0; i < COUNT; i++)
        ck_assert_int_eq(write(children[COUNT - 1 - i].in, "\n", 1), 1);
    bool seen[COUNT] = {false};
    for (int i = 0; i < COUNT; i++) {
        struct gt_child_exit ended = next_exit();
        ck_assert_int_ge(ended.exit_status, 0);
        ck_assert_int_lt(ended.exit_status, COUNT);
        ck_assert_uint_eq(ended.id, children[ended.exit_status].id);
        ck_assert(!seen[ended.exit_status]);
        seen[ended.exit_status] = true;
    }
    for (int i = 0; i < COUNT; i++)
        close_child(&children[i]);
}
END_TEST

START_TEST(a_thousand_spawns_leak_nothing_and_lose_no_exit)
{
    enum { COUNT = 1000 };
    char name[] = "true", *argv[] = {name, NULL};
    pid_t pid = supervisor_pid();
    const char *its_files = gt_printf(arena, "/proc/%d/fd", (int)pid);
    size_t ours = count_files("/proc/self/fd"), its = count_files(its_files);
    uint64_t first = 0;
    for (size_t i = 0; i < COUNT; i++) { /* no exit is read meanwhile */
        struct gt_child child;
        ck_assert(spawn_with(argv, NULL, i % 2 == 0, &child));
        close_child(&child);
        first = i == 0 ? child.id : first;
        ck_assert_uint_eq(child.id, first + i);
    }
    bool seen[COUNT] = {false};
    for (size_t i = 0; i < COUNT; i++) {
        struct gt_child_exit ended = next_exit();
        ck_assert_int_eq(ended.exit_status, 0);
        ck_assert(!seen[ended.id - first]);
        seen[ended.id - first] = true;
    }
    ck_assert_uint_eq(count_files("/proc/self/fd"), ours);
    ck_assert_uint_eq(count_files(its_files), its);
}
END_TEST

Suite *supervisor_suite(void)
{
    Suite *suite = suite_create("supervisor");
    TCase *tcase = tcase_create("supervisor");
    tcase_add_checked_fixture(tcase, supervisor_setup, folder_teardown);
    tcase_add_test(tcase, a_child_that_exits_is_reported_with_its_status);
    tcase_add_test(tcase, a_child_that_a_signal_ends_is_reported_with_it);
    tcase_add_test(tcase, what_cannot_be_run_is_an_error_with_its_name);
    tcase_add_test(tcase, pipes_carry_bytes_both_ways);
    tcase_add_test(tcase, without_a_pipe_stdin_is_empty);
    tcase_add_test(tcase, arguments_environment_and_folder_are_those_given);
    tcase_add_test(tcase, a_large_environment_is_passed);
    tcase_add_test(tcase, children_start_with_plain_signals_and_no_other_descriptor);
    tcase_add_test(tcase, a_signal_goes_to_the_whole_group);
    tcase_add_test(tcase, an_ended_child_may_tidy_up);
    tcase_add_test(tcase, a_child_that_ignores_sigterm_is_killed_after_the_grace);
    tcase_add_test(tcase, a_stopped_child_is_ended_too);
    tcase_add_test(tcase, ending_takes_those_that_left_the_group);
    tcase_add_test(tcase, the_rest_of_a_group_goes_with_its_leader);
    tcase_add_test(tcase, the_rest_of_a_group_has_two_seconds);
    tcase_add_test(tcase, a_shorter_grace_holds_for_the_rest_of_a_group);
    tcase_add_test(tcase, every_child_is_told_apart);
    tcase_add_test(tcase, a_thousand_spawns_leak_nothing_and_lose_no_exit);
    suite_add_tcase(suite, tcase);
    return suite;
}
