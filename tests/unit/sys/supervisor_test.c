#include "sys_test.h"

#include <gantry/sys/supervisor.h>
#include <gantry/sys/sys.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

enum { PATIENCE_MS = 20000, NAP_MS = 10 };

static struct gt_supervisor *supervisor;
static char default_path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
static char *default_env[] = {default_path, NULL};

static void supervisor_setup(void)
{
    folder_setup();
    ck_assert(gt_supervisor_start(arena, &supervisor, &diags));
}

static int64_t now_ms(void)
{
    return gt_monotonic_ms(gt_sys_real());
}

static void nap(void)
{
    poll(NULL, 0, NAP_MS);
}

static bool spawn_with(char **argv, const char *where, bool pipe_in, struct gt_child *child)
{
    const struct gt_child_options options = {
        .argv = argv, .env = default_env, .folder = where, .pipe_in = pipe_in};
    return gt_supervisor_spawn(supervisor, &options, child, &diags);
}

/* Runs `sh -c script`. */
static struct gt_child spawn_script(const char *script, bool pipe_in)
{
    char shell[] = "sh", flag[] = "-c";
    char *argv[] = {shell, flag, gt_strdup(arena, script), NULL};
    struct gt_child child;
    ck_assert_msg(spawn_with(argv, NULL, pipe_in, &child), "%s",
                  diags.errors > 0 ? diags.list.at[0]->message : "");
    return child;
}

static void close_child(const struct gt_child *child)
{
    if (child->in >= 0)
        close(child->in);
    close(child->out);
    close(child->err);
}

/* What comes from a pipe until its end, or until it ends with a line (one_line). */
static char *read_text(int fd, bool one_line)
{
    char *text = gt_alloc(arena, 4096);
    size_t len = 0;
    for (int64_t until = now_ms() + PATIENCE_MS;;) {
        ssize_t got = read(fd, text + len, 4095 - len);
        if (got > 0)
            len += (size_t)got;
        if (got == 0 || (one_line && len > 0 && text[len - 1] == '\n'))
            return text;
        ck_assert_msg(now_ms() < until, "no end: %s", text);
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        poll(&wait, 1, 100);
    }
}

static struct gt_child_exit next_exit(void)
{
    struct gt_child_exit ended;
    bool gone;
    struct pollfd wait = {.fd = gt_supervisor_fd(supervisor), .events = POLLIN};
    ck_assert_msg(poll(&wait, 1, PATIENCE_MS) == 1, "nothing has ended");
    ck_assert(gt_supervisor_next(supervisor, &ended, &gone));
    ck_assert(!gone);
    return ended;
}

static bool is_alive(pid_t pid)
{
    return kill(pid, 0) == 0;
}

static void expect_gone(pid_t pid)
{
    for (int64_t until = now_ms() + PATIENCE_MS; is_alive(pid); nap())
        ck_assert_msg(now_ms() < until, "process %d is still there", (int)pid);
}

static pid_t read_pid(const struct gt_child *child)
{
    long pid = strtol(read_text(child->out, true), NULL, 10);
    ck_assert_int_gt(pid, 1);
    return (pid_t)pid;
}

static pid_t supervisor_pid(void)
{
    struct gt_child child = spawn_script("echo $PPID", false);
    pid_t pid = read_pid(&child);
    close_child(&child);
    next_exit();
    return pid;
}

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
    struct gt_child child = spawn_script(
        "grep -E '^Sig(Blk|Ign):' /proc/self/status; ls -l /proc/$$/fd | grep -c ' -> '", false);
    ck_assert_str_eq(read_text(child.out, false),
                     "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n3\n");
    close_child(&child);
    close(kept);
}
END_TEST

START_TEST(a_signal_goes_to_the_whole_group)
{
    struct gt_child child = spawn_script("sh -c 'trap \"echo inner; exit\" USR1; echo ready; "
                                         "while :; do sleep 0.02; done' & "
                                         "trap 'wait; exit 3' USR1; wait; wait",
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

#define STUBBORN "trap '' TERM; echo $$; while :; do sleep 0.02; done"

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
        spawn_script(gt_printf(arena, "sh %s & sleep 0.2", in_folder("stubborn")), false);
    pid_t pid = read_pid(&child);
    ck_assert_int_eq(next_exit().exit_status, 0);
    int64_t start = now_ms();
    ck_assert(is_alive(pid));
    expect_gone(pid);
    ck_assert_int_ge(now_ms() - start, 1500);
    close_child(&child);
}
END_TEST

START_TEST(a_shorter_grace_holds_for_the_rest_of_a_group)
{
    put(in_folder("stubborn"), STUBBORN);
    struct gt_child child =
        spawn_script(gt_printf(arena, "sh %s & sleep 0.2", in_folder("stubborn")), false);
    pid_t pid = read_pid(&child);
    next_exit();
    int64_t start = now_ms();
    gt_supervisor_end(supervisor, child.id, 0);
    expect_gone(pid);
    ck_assert_int_lt(now_ms() - start, 1500);
    close_child(&child);
}
END_TEST

/* A script that prints the id of a process in a session of its own whose parents have ended. */
static const char *daemon_script(const char *rest)
{
    const char *stubborn = in_folder("stubborn");
    put(stubborn, STUBBORN);
    return gt_printf(arena, "setsid sh -c 'sh %s &'; %s", stubborn, rest);
}

START_TEST(a_daemon_goes_with_the_supervisor)
{
    struct gt_child child = spawn_script(daemon_script("exit 0"), false);
    pid_t pid = read_pid(&child);
    ck_assert_int_eq(next_exit().exit_status, 0);
    ck_assert(is_alive(pid));
    int64_t start = now_ms();
    gt_supervisor_stop(supervisor);
    ck_assert(!is_alive(pid));
    ck_assert_int_ge(now_ms() - start, 2000);
    close_child(&child);
}
END_TEST

START_TEST(stopping_ends_children_and_removes_files)
{
    const char *file = in_folder("socket");
    put(file, "");
    gt_supervisor_remove_at_end(supervisor, file);
    gt_supervisor_remove_at_end(supervisor, in_folder("never there"));
    gt_supervisor_remove_at_end(supervisor, folder);
    struct gt_child child = spawn_script("echo $$; sleep 100", false);
    pid_t pid = read_pid(&child), own = supervisor_pid();
    ck_assert_int_eq(access(file, F_OK), 0);
    int64_t start = now_ms();
    gt_supervisor_stop(supervisor);
    ck_assert_int_lt(now_ms() - start, 1500);
    ck_assert(!is_alive(pid));
    ck_assert(!is_alive(own));
    ck_assert_int_ne(access(file, F_OK), 0);
    ck_assert_int_eq(access(folder, F_OK), 0);
    gt_supervisor_stop(supervisor);
    gt_supervisor_stop(NULL);
    struct gt_child_exit ended;
    bool gone;
    ck_assert(!gt_supervisor_next(supervisor, &ended, &gone));
    ck_assert(gone);
    gt_supervisor_signal(supervisor, child.id, SIGTERM);
    close_child(&child);
}
END_TEST

START_TEST(a_program_is_asked_to_end_once)
{
    struct gt_child child = spawn_script("trap 'echo asked' TERM; echo ready; "
                                         "while :; do sleep 0.02; done",
                                         false);
    ck_assert_str_eq(read_text(child.out, true), "ready\n");
    gt_supervisor_end(supervisor, child.id, PATIENCE_MS);
    ck_assert_str_eq(read_text(child.out, true), "asked\n");
    gt_supervisor_end(supervisor, child.id, PATIENCE_MS);
    gt_supervisor_stop(supervisor);
    ck_assert_str_eq(read_text(child.out, false), "");
    close_child(&child);
}
END_TEST

/* In a process of its own: starts everything, tells the ids, and is killed. */
static void be_killed(int tell, const char *file)
{
    gt_supervisor_start(arena, &supervisor, &diags);
    const char *const scripts[] = {"echo $$; sleep 100", STUBBORN, daemon_script("sleep 100"),
                                   "sleep 100 & echo $!; wait"};
    struct gt_child children[GT_COUNT(scripts)];
    for (size_t i = 0; i < GT_COUNT(scripts); i++)
        children[i] = spawn_script(scripts[i], i % 2 == 0);
    pid_t pids[GT_COUNT(scripts) + 1];
    for (size_t i = 0; i < GT_COUNT(scripts); i++)
        pids[i] = read_pid(&children[i]);
    pids[GT_COUNT(scripts)] = supervisor_pid();
    gt_supervisor_remove_at_end(supervisor, file);
    if (write(tell, pids, sizeof(pids)) == sizeof(pids))
        kill(getpid(), SIGKILL);
    _exit(1);
}

START_TEST(nothing_outlives_a_parent_that_is_killed)
{
    /* The orphaned supervisor comes to us, so that we see it end. */
    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    const char *file = in_folder("socket");
    put(file, "");
    int pipe_fds[2], status;
    ck_assert_int_eq(pipe(pipe_fds), 0);
    pid_t parent = fork();
    ck_assert_int_ge(parent, 0);
    if (parent == 0)
        be_killed(pipe_fds[1], file);
    pid_t pids[5];
    close(pipe_fds[1]);
    ck_assert_int_eq(read(pipe_fds[0], pids, sizeof(pids)), sizeof(pids));
    ck_assert_int_eq(waitpid(parent, &status, 0), parent);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    ck_assert_int_eq(waitpid(pids[4], &status, 0), pids[4]);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    for (size_t i = 0; i < 4; i++)
        ck_assert_msg(!is_alive(pids[i]), "process %zu is still there", i);
    ck_assert_int_ne(access(file, F_OK), 0);
    ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
    close(pipe_fds[0]);
}
END_TEST

START_TEST(the_supervisor_heeds_no_signal_that_a_terminal_sends)
{
    static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGPIPE, SIGUSR1};
    pid_t pid = supervisor_pid();
    ck_assert_str_eq(get(gt_printf(arena, "/proc/%d/comm", (int)pid)), "gantry-super\n");
    ck_assert_int_ne(getsid(pid), getsid(0));
    for (size_t i = 0; i < GT_COUNT(numbers); i++)
        ck_assert_int_eq(kill(pid, numbers[i]), 0);
    ck_assert_int_eq(supervisor_pid(), pid);
}
END_TEST

START_TEST(a_supervisor_that_is_killed_takes_its_children_along)
{
    struct gt_child child = spawn_script("exec sleep 100", false);
    ck_assert_int_eq(kill(supervisor_pid(), SIGKILL), 0);
    struct pollfd wait = {.fd = gt_supervisor_fd(supervisor), .events = POLLIN};
    ck_assert_int_eq(poll(&wait, 1, PATIENCE_MS), 1);
    struct gt_child_exit ended;
    bool gone;
    ck_assert(!gt_supervisor_next(supervisor, &ended, &gone));
    ck_assert(gone);
    ck_assert_str_eq(read_text(child.out, false), "");
    char name[] = "true", *argv[] = {name, NULL};
    struct gt_child other;
    ck_assert(!spawn_with(argv, NULL, false, &other));
    ck_assert_str_eq(only_error()->code, "spawn");
    close_child(&child);
}
END_TEST

START_TEST(a_fork_of_the_parent_neither_ends_nor_holds_it)
{
    pid_t fork_ends = fork();
    if (fork_ends == 0) {
        gt_supervisor_stop(supervisor);
        _exit(0);
    }
    reap(fork_ends, 0);
    struct gt_child child = spawn_script("exit 0", false);
    ck_assert_uint_eq(next_exit().id, child.id);
    close_child(&child);
    pid_t fork_stays = fork();
    if (fork_stays == 0) {
        pause();
        _exit(0);
    }
    gt_supervisor_stop(supervisor);
    kill(fork_stays, SIGKILL);
    ck_assert_int_eq(waitpid(fork_stays, NULL, 0), fork_stays);
}
END_TEST

START_TEST(two_supervisors_do_not_hold_each_other)
{
    struct gt_supervisor *other;
    ck_assert(gt_supervisor_start(arena, &other, &diags));
    int64_t start = now_ms();
    gt_supervisor_stop(supervisor);
    ck_assert_int_lt(now_ms() - start, 1500);
    supervisor = other;
    struct gt_child child = spawn_script("exit 0", false);
    ck_assert_uint_eq(next_exit().id, child.id);
    close_child(&child);
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
    tcase_add_test(tcase, a_daemon_goes_with_the_supervisor);
    tcase_add_test(tcase, stopping_ends_children_and_removes_files);
    tcase_add_test(tcase, a_program_is_asked_to_end_once);
    tcase_add_test(tcase, the_supervisor_heeds_no_signal_that_a_terminal_sends);
    tcase_add_test(tcase, a_supervisor_that_is_killed_takes_its_children_along);
    tcase_add_test(tcase, a_fork_of_the_parent_neither_ends_nor_holds_it);
    tcase_add_test(tcase, two_supervisors_do_not_hold_each_other);
    tcase_add_test(tcase, every_child_is_told_apart);
    tcase_add_test(tcase, a_thousand_spawns_leak_nothing_and_lose_no_exit);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("orphans");
    tcase_add_checked_fixture(tcase, folder_setup, folder_teardown);
    tcase_add_test(tcase, nothing_outlives_a_parent_that_is_killed);
    suite_add_tcase(suite, tcase);
    return suite;
}
