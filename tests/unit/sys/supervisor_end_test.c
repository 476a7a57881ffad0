/* The end of the supervisor's parent, in order or not, and what it does then. */
#include "supervisor_fixture.h"

#include <gantry/sys/file.h>
#include <sys/prctl.h>

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
    ck_assert_int_ge(now_ms() - start, GRACE_MS);
    close_child(&child);
}
END_TEST

START_TEST(stopping_ends_children_and_removes_files)
{
    const char *file = in_folder("socket");
    struct gt_child child;
    int64_t took = GRACE_MS;
    /* Never within that time if it waited for more than the children. */
    for (int i = 0; i < ATTEMPTS && took >= GRACE_MS; i++) {
        if (i > 0) {
            close_child(&child);
            ck_assert(gt_supervisor_start(arena, &supervisor, &diags));
        }
        put(file, "");
        gt_supervisor_remove_at_end(supervisor, file);
        gt_supervisor_remove_at_end(supervisor, in_folder("never there"));
        gt_supervisor_remove_at_end(supervisor, folder);
        child = spawn_script("echo $$; sleep 100", false);
        pid_t pid = read_pid(&child), own = supervisor_pid();
        ck_assert_int_eq(access(file, F_OK), 0);
        int64_t start = now_ms();
        gt_supervisor_stop(supervisor);
        took = now_ms() - start;
        ck_assert(!is_alive(pid));
        ck_assert(!is_alive(own));
        ck_assert_int_ne(access(file, F_OK), 0);
        ck_assert_int_eq(access(folder, F_OK), 0);
    }
    ck_assert_int_lt(took, GRACE_MS);
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
    int64_t took = GRACE_MS;
    for (int i = 0; i < ATTEMPTS && took >= GRACE_MS; i++) {
        struct gt_supervisor *other;
        ck_assert(gt_supervisor_start(arena, &other, &diags));
        int64_t start = now_ms();
        gt_supervisor_stop(supervisor);
        took = now_ms() - start;
        supervisor = other;
    }
    ck_assert_int_lt(took, GRACE_MS);
    struct gt_child child = spawn_script("exit 0", false);
    ck_assert_uint_eq(next_exit().id, child.id);
    close_child(&child);
}
END_TEST

/* -- what is run behind a child -- */

static struct gt_child spawn_with_after(const char *script, const char *after)
{
    char shell[] = "sh", flag[] = "-c";
    char *argv[] = {shell, flag, gt_strdup(arena, script), NULL};
    char *last[] = {shell, flag, gt_strdup(arena, after), NULL};
    const struct gt_child_options options = {.argv = argv, .env = default_env, .after = last};
    struct gt_child child;
    ck_assert(gt_supervisor_spawn(supervisor, &options, &child, &diags));
    return child;
}

static void expect_file(const char *path)
{
    for (int64_t until = now_ms() + PATIENCE_MS; access(path, F_OK) != 0; nap())
        ck_assert_msg(now_ms() < until, "%s is not there", path);
}

START_TEST(a_program_runs_when_a_child_has_ended)
{
    static const struct {
        const char *script;
        int signal;
    } rows[] = {{"exit 3", 0}, {"sleep 100", SIGTERM}, {"sleep 100", SIGKILL}};
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const char *path = in_folder(gt_printf(arena, "after-%zu", i));
        struct gt_child child =
            spawn_with_after(rows[i].script, gt_printf(arena, "echo > %s", path));
        if (rows[i].signal != 0) {
            ck_assert_int_ne(access(path, F_OK), 0);
            gt_supervisor_signal(supervisor, child.id, rows[i].signal);
        }
        ck_assert_uint_eq(next_exit().id, child.id);
        expect_file(path);
        close_child(&child);
    }
}
END_TEST

START_TEST(stopping_waits_for_what_runs_behind_a_child)
{
    const char *one = in_folder("one"), *two = in_folder("two");
    struct gt_child quick =
        spawn_with_after("echo ready; exec sleep 100", gt_printf(arena, "sleep 1; echo > %s", one));
    struct gt_child stubborn =
        spawn_with_after(STUBBORN, gt_printf(arena, "trap '' TERM; sleep 1; echo > %s", two));
    read_text(quick.out, true);
    read_text(stubborn.out, true);
    gt_supervisor_stop(supervisor);
    ck_assert_int_eq(access(one, F_OK), 0);
    ck_assert_int_eq(access(two, F_OK), 0);
    close_child(&quick);
    close_child(&stubborn);
}
END_TEST

START_TEST(a_program_that_cannot_run_behind_a_child_holds_nothing_up)
{
    char shell[] = "true", none[] = "/nowhere/at/all";
    char *argv[] = {shell, NULL}, *last[] = {none, NULL};
    const struct gt_child_options options = {.argv = argv, .env = default_env, .after = last};
    struct gt_child child;
    ck_assert(gt_supervisor_spawn(supervisor, &options, &child, &diags));
    ck_assert_int_eq(next_exit().exit_status, 0);
    close_child(&child);
    child = spawn_script("exit 4", false);
    ck_assert_int_eq(next_exit().exit_status, 4);
    close_child(&child);
}
END_TEST

/* -- folders -- */

START_TEST(folders_go_with_the_supervisor_and_links_in_them_lead_nowhere)
{
    const char *kept = in_folder("kept"), *gone = in_folder("project/.gantry/local/tmp-1");
    ck_assert(gt_folder_make(kept, 0700, &diags));
    ck_assert(gt_folder_make(gt_printf(arena, "%s/deep/er", gone), 0700, &diags));
    put(gt_printf(arena, "%s/file", kept), "");
    put(gt_printf(arena, "%s/deep/er/file", gone), "");
    ck_assert_int_eq(symlink(kept, gt_printf(arena, "%s/link", gone)), 0);
    gt_supervisor_remove_folder_at_end(supervisor, gone, 2);
    gt_supervisor_remove_folder_at_end(supervisor, in_folder("never/there"), 1);
    gt_supervisor_stop(supervisor);
    ck_assert_int_ne(access(in_folder("project/.gantry"), F_OK), 0);
    ck_assert_int_eq(access(in_folder("project"), F_OK), 0);
    ck_assert_int_eq(access(gt_printf(arena, "%s/file", kept), F_OK), 0);
}
END_TEST

START_TEST(a_folder_behind_a_link_is_not_removed)
{
    const char *real = in_folder("real/local/tmp-1"), *link = in_folder("link");
    ck_assert(gt_folder_make(real, 0700, &diags));
    ck_assert_int_eq(symlink(in_folder("real"), link), 0);
    gt_folder_remove(in_folder("link/local/tmp-1"), 2);
    ck_assert_int_eq(access(real, F_OK), 0);
    ck_assert_int_eq(symlink(real, in_folder("itself")), 0);
    gt_folder_remove(in_folder("itself"), 0);
    ck_assert_int_eq(access(real, F_OK), 0);
    gt_folder_remove(in_folder("link/local/tmp-1"), 1); /* the link is above what is looked at */
    ck_assert_int_ne(access(in_folder("real/local"), F_OK), 0);
}
END_TEST

START_TEST(parents_that_hold_something_else_stay)
{
    ck_assert(gt_folder_make(in_folder("p/.gantry/local/a"), 0700, &diags));
    put(in_folder("p/.gantry/journal"), "");
    gt_folder_remove(in_folder("p/.gantry/local/a"), 2);
    ck_assert_int_ne(access(in_folder("p/.gantry/local"), F_OK), 0);
    ck_assert_int_eq(access(in_folder("p/.gantry/journal"), F_OK), 0);
    gt_folder_remove("/", 0);
    gt_folder_remove("/a", 3);
    gt_folder_remove("//", 1);
    gt_folder_remove("", 1);
}
END_TEST

Suite *supervisor_end_suite(void)
{
    Suite *suite = suite_create("supervisor_end");
    TCase *tcase = tcase_create("supervisor");
    tcase_add_checked_fixture(tcase, supervisor_setup, folder_teardown);
    tcase_add_test(tcase, a_daemon_goes_with_the_supervisor);
    tcase_add_test(tcase, stopping_ends_children_and_removes_files);
    tcase_add_test(tcase, a_program_is_asked_to_end_once);
    tcase_add_test(tcase, the_supervisor_heeds_no_signal_that_a_terminal_sends);
    tcase_add_test(tcase, a_supervisor_that_is_killed_takes_its_children_along);
    tcase_add_test(tcase, a_fork_of_the_parent_neither_ends_nor_holds_it);
    tcase_add_test(tcase, two_supervisors_do_not_hold_each_other);
    tcase_add_test(tcase, a_program_runs_when_a_child_has_ended);
    tcase_add_test(tcase, stopping_waits_for_what_runs_behind_a_child);
    tcase_add_test(tcase, a_program_that_cannot_run_behind_a_child_holds_nothing_up);
    tcase_add_test(tcase, folders_go_with_the_supervisor_and_links_in_them_lead_nowhere);
    tcase_add_test(tcase, a_folder_behind_a_link_is_not_removed);
    tcase_add_test(tcase, parents_that_hold_something_else_stay);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("orphans");
    tcase_add_checked_fixture(tcase, folder_setup, folder_teardown);
    tcase_add_test(tcase, nothing_outlives_a_parent_that_is_killed);
    suite_add_tcase(suite, tcase);
    return suite;
}
