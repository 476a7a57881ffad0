/* What a crash, a full disk or a damaged file leaves behind, and what opening makes of it. */
#include "suites.h"
#include <errno.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

GT_TEST_ARENA

enum { MAX_LINES = 40 };

/* What must be found when exactly so many lines are whole. */
struct expected {
    const char *text;
    size_t open;
};

struct script {
    const char *folder, *journal, *state;
    char *bytes;
    size_t len;
    struct expected after[MAX_LINES];
    size_t lines;
};

static struct gt_record intent_on(const char *address)
{
    return (struct gt_record){.address = address,
                              .type = "gateway",
                              .operation = "CreateGateway",
                              .token = "5f1c0b3e-0000-4000-8000-000000000000",
                              .digest = "ab12",
                              .key = gt_pack(arena, "{s:s}", "name", address),
                              .creates = true};
}

static void commit_line(struct gt_session *session, struct script *script, size_t open)
{
    ck_assert_msg(gt_session_commit(session, &diags), "%s", test_messages(&diags));
    script->after[++script->lines] = (struct expected){test_text(arena, session->state), open};
}

/* One record per commit, so that there is an expectation for every line. */
static struct script run_script(bool with_snapshot)
{
    struct script script = {.folder = test_folder(arena)};
    script.journal = gt_printf(arena, "%s/lark/prod.journal", script.folder);
    script.state = gt_printf(arena, "%s/lark/prod.json", script.folder);
    struct gt_session *session = test_open(arena, script.folder, true);
    session->state->cloud = (struct gt_cloud){"aws", "123456789012", "us-east-1", "aws"};
    if (with_snapshot) {
        test_entry(session->state, "role.old", 9);
        ck_assert(gt_session_save(session, &diags));
        gt_session_close(session);
        session = test_open(arena, script.folder, true);
    }
    struct gt_state *state = session->state;
    struct gt_record record = intent_on("gateway.a");
    script.after[1] = (struct expected){test_text(arena, state), 0};
    script.lines = 1;
    json_int_t a = gt_session_intent(session, &record);
    commit_line(session, &script, 1);
    record = intent_on("gateway.b");
    json_int_t b = gt_session_intent(session, &record);
    commit_line(session, &script, 2);
    gt_session_answer(session, a, "gateway.a", test_entry(state, "gateway.a", 1));
    commit_line(session, &script, 1);
    gt_session_answer(session, b, "gateway.b", test_entry(state, "gateway.b", 2));
    commit_line(session, &script, 0);
    ck_assert(gt_state_rename(state, "gateway.b", "gateway.c", &diags));
    commit_line(session, &script, 0);
    record = intent_on("gateway.a");
    record.removes = true;
    a = gt_session_intent(session, &record);
    commit_line(session, &script, 1);
    gt_state_remove(state, "gateway.a");
    gt_session_answer(session, a, "gateway.a", NULL);
    commit_line(session, &script, 0);
    record = intent_on("gateway.c");
    gt_session_intent(session, &record);
    commit_line(session, &script, 1);
    gt_session_close(session);
    script.bytes = test_read(arena, script.journal, &script.len);
    return script;
}

static size_t whole_lines(const char *bytes, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += bytes[i] == '\n';
    return count;
}

START_TEST(a_journal_cut_at_any_byte_opens_with_its_whole_lines)
{
    struct script script = run_script(_i == 1);
    ck_assert_uint_eq(whole_lines(script.bytes, script.len), script.lines);
    for (size_t cut = 0; cut <= script.len; cut++) {
        struct gt_arena *scratch = gt_arena_new();
        test_write(script.journal, script.bytes, cut);
        struct gt_session *session = test_open(scratch, script.folder, false);
        size_t lines = whole_lines(script.bytes, cut);
        if (lines == 0) {
            ck_assert(session->fresh == (_i == 0));
        } else {
            ck_assert_str_eq(test_text(scratch, session->state), script.after[lines].text);
            ck_assert_uint_eq(session->open.len, script.after[lines].open);
            ck_assert(!session->fresh);
        }
        gt_session_close(session);
        gt_arena_free(scratch);
    }
}
END_TEST

START_TEST(a_run_after_a_cut_goes_on_behind_the_last_whole_line)
{
    struct script script = run_script(_i == 1);
    for (size_t cut = 0; cut <= script.len; cut += 5) {
        struct gt_arena *scratch = gt_arena_new();
        test_write(script.journal, script.bytes, cut);
        size_t lines = whole_lines(script.bytes, cut);
        struct gt_session *session = test_open(scratch, script.folder, true);
        struct gt_record record = intent_on("gateway.z");
        json_int_t id = gt_session_intent(session, &record);
        ck_assert(gt_session_commit(session, &diags));
        gt_session_close(session);

        session = test_open(scratch, script.folder, false);
        ck_assert_uint_eq(session->open.len, script.after[lines].open + 1);
        ck_assert_int_eq(session->open.at[session->open.len - 1].id, id);
        if (lines > 0)
            ck_assert_str_eq(test_text(scratch, session->state), script.after[lines].text);
        gt_session_close(session);
        gt_arena_free(scratch);
    }
}
END_TEST

START_TEST(blocks_of_zeros_after_a_power_failure_are_a_torn_line)
{
    struct script script = run_script(false);
    char *padded = gt_alloc(arena, script.len + 512);
    memcpy(padded, script.bytes, script.len);
    test_write(script.journal, padded, script.len + 512);
    struct gt_session *session = test_open(arena, script.folder, true);
    ck_assert_str_eq(test_text(arena, session->state), script.after[script.lines].text);
    gt_session_close(session);
}
END_TEST

static enum gt_open_result try_open(const char *folder, bool writable)
{
    struct gt_session *session = NULL;
    enum gt_open_result result = gt_session_open(
        arena, &test_sys, gt_backend_files(arena, &test_sys, folder, "lark", "prod"), "lark",
        "prod", writable, &session, &diags);
    if (result == GT_OPEN_OK)
        gt_session_close(session);
    ck_assert((result == GT_OPEN_OK) == (diags.errors == 0));
    return result;
}

static const struct {
    const char *line, *says;
} bad_lines[] = {
    {"{\"record\":\"ans", "is damaged"},
    {"nonsense", "is damaged"},
    {"{\"record\":\"intent\",\"record\":\"intent\"}", "duplicate"},
    {"{\"record\":\"dance\"}", "no record of a kind that is known"},
    {"[]", "no record of a kind that is known"},
    {"{\"record\":\"intent\",\"id\":1}", "\"time\" is missing"},
    {"{\"record\":\"intent\",\"id\":\"1\"}", "\"id\" is not a whole number"},
    {"{\"record\":\"answer\",\"id\":1,\"time\":1,\"address\":\"a.b\",\"entry\":{\"type\":\"a\"}}",
     "in \"entry\", \"status\" is missing"},
    {"{\"record\":\"rename\",\"time\":1,\"key\":{\"from\":\"no.where\",\"to\":\"a.b\"}}",
     "no.where cannot become a.b"},
};

START_TEST(a_damaged_line_is_an_error_with_its_number)
{
    struct script script = run_script(false);
    const char *second = memchr(script.bytes, '\n', script.len);
    size_t head = (size_t)(second + 1 - script.bytes);
    const char *text = gt_printf(arena, "%.*s%s\n%s", (int)head, script.bytes, bad_lines[_i].line,
                                 script.bytes + head);
    test_write(script.journal, text, strlen(text));
    ck_assert_int_eq(try_open(script.folder, true), GT_OPEN_FAILED);
    const struct gt_diag *diag = diags.list.at[0];
    ck_assert_str_eq(diag->code, "journal-damaged");
    ck_assert_msg(strstr(diag->message, bad_lines[_i].says) != NULL, "%s", diag->message);
    ck_assert_ptr_nonnull(strstr(diag->message, "line 2"));
    ck_assert_uint_eq(diag->pos.line, 2);
    ck_assert_ptr_nonnull(diag->hint);
    size_t len = 0;
    ck_assert_str_eq(test_read(arena, script.journal, &len), text);
}
END_TEST

START_TEST(a_journal_of_another_lineage_or_format_is_refused)
{
    struct script script = run_script(true);
    struct script other = run_script(true);
    test_write(script.journal, other.bytes, other.len);
    ck_assert_int_eq(try_open(script.folder, false), GT_OPEN_FAILED);
    ck_assert_str_eq(diags.list.at[0]->code, "journal-foreign");

    diags = gt_diags_init(arena);
    const char *newer = "{\"record\":\"begin\",\"format\":2,\"time\":1,\"stack\":\"lark\","
                        "\"environment\":\"prod\",\"lineage\":\"l\",\"serial\":1,\"cloud\":{}}\n";
    test_write(script.journal, newer, strlen(newer));
    ck_assert_int_eq(try_open(script.folder, false), GT_OPEN_FAILED);
    ck_assert_str_eq(diags.list.at[0]->code, "state-newer");
}
END_TEST

START_TEST(a_damaged_state_is_refused_at_every_length)
{
    struct script script = run_script(true);
    size_t len = 0;
    char *bytes = test_read(arena, script.state, &len);
    for (size_t cut = 0; cut + 2 < len; cut++) {
        test_write(script.state, bytes, cut);
        diags = gt_diags_init(arena);
        ck_assert_int_eq(try_open(script.folder, false), GT_OPEN_FAILED);
        ck_assert_str_eq(diags.list.at[0]->code, "state-damaged");
    }
}
END_TEST

START_TEST(the_backup_is_named_when_there_is_one)
{
    const char *folder = test_folder(arena);
    struct gt_session *session = test_open(arena, folder, true);
    test_entry(session->state, "role.a", 1);
    ck_assert(gt_session_save(session, &diags));
    size_t len = 0;
    const char *state = gt_printf(arena, "%s/lark/prod.json", folder);
    char *first = test_read(arena, state, &len);
    test_entry(session->state, "role.b", 1);
    ck_assert(gt_session_save(session, &diags));
    gt_session_close(session);
    ck_assert_str_eq(test_read(arena, gt_printf(arena, "%s.backup", state), NULL), first);

    const char *twice = "{\"format\": 1, \"format\": 1}";
    test_write(state, twice, strlen(twice));
    ck_assert_int_eq(try_open(folder, true), GT_OPEN_FAILED);
    ck_assert_ptr_nonnull(strstr(diags.list.at[0]->message, "duplicate"));
    ck_assert_ptr_nonnull(strstr(diags.list.at[0]->hint, "prod.json.backup"));
}
END_TEST

START_TEST(a_kill_between_snapshot_and_journal_replays_nothing_twice)
{
    struct script script = run_script(true);
    struct gt_session *session = test_open(arena, script.folder, true);
    /* Not in the journal's answers: only the snapshot knows. */
    ck_assert(gt_state_rename(session->state, "gateway.c", "gateway.d", &diags));
    gt_state_find(session->state, "gateway.d")->retain = true;
    ck_assert_msg(gt_session_save(session, &diags), "%s", test_messages(&diags));
    const char *saved = test_text(arena, session->state);
    gt_session_close(session);

    test_write(script.journal, script.bytes, script.len);
    session = test_open(arena, script.folder, true);
    ck_assert_str_eq(test_text(arena, session->state), saved);
    ck_assert_uint_eq(session->open.len, 1);
    /* What comes after the old lines stands on the new snapshot. */
    gt_session_answer(session, session->open.at[0].id, "gateway.d",
                      test_entry(session->state, "gateway.d", 77));
    ck_assert(gt_session_commit(session, &diags));
    saved = test_text(arena, session->state);
    gt_session_close(session);
    session = test_open(arena, script.folder, false);
    ck_assert_str_eq(test_text(arena, session->state), saved);
    ck_assert_uint_eq(session->open.len, 0);
    gt_session_close(session);
}
END_TEST

START_TEST(an_older_state_put_back_by_hand_is_replayed_with_a_warning)
{
    struct script script = run_script(true);
    size_t len = 0;
    char *older = test_read(arena, script.state, &len);
    struct gt_session *session = test_open(arena, script.folder, true);
    ck_assert(gt_session_save(session, &diags));
    gt_session_close(session);
    test_write(script.state, older, len);
    ck_assert_int_eq(try_open(script.folder, false), GT_OPEN_OK);
    ck_assert_uint_eq(diags.warnings, 1);
    ck_assert_str_eq(diags.list.at[0]->code, "state-older");

    unlink(script.state);
    diags = gt_diags_init(arena);
    ck_assert_int_eq(try_open(script.folder, false), GT_OPEN_FAILED);
    ck_assert_str_eq(diags.list.at[0]->code, "state-missing");
    ck_assert_ptr_nonnull(strstr(diags.list.at[0]->hint, "prod.json.backup"));
}
END_TEST

/* A snapshot killed while it was written: the rename never came. */
START_TEST(a_half_written_snapshot_is_harmless_and_cleaned)
{
    struct script script = run_script(true);
    const char *folder = gt_printf(arena, "%s/lark", script.folder);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        /* Killed by the signal in the middle of the write, so that the file stays. */
        struct rlimit limit = {.rlim_cur = 300, .rlim_max = 300};
        struct gt_session *session = test_open(arena, script.folder, true);
        test_entry(session->state, "role.new", 3);
        setrlimit(RLIMIT_FSIZE, &limit);
        gt_session_save(session, &diags);
        _exit(0);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
    ck_assert_int_eq(test_files_in(folder), 4); /* state, journal, lock, and the leftover */

    /* That of a save under way in the environment "prod.json" is not this one's. */
    test_write(gt_printf(arena, "%s/.prod.json.json.0123456789abcdef.tmp", folder), "{", 1);
    struct gt_session *session = test_open(arena, script.folder, true);
    ck_assert_str_eq(test_text(arena, session->state), script.after[script.lines].text);
    ck_assert_int_eq(test_files_in(folder), 4);
    gt_session_close(session);
}
END_TEST

START_TEST(a_full_disk_stops_the_commit_and_loses_nothing)
{
    struct script script = run_script(true);
    const char *folder = script.folder;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        struct gt_session *session = test_open(arena, folder, true);
        struct rlimit limit = {.rlim_cur = script.len + 100, .rlim_max = RLIM_INFINITY};
        setrlimit(RLIMIT_FSIZE, &limit);
        struct gt_record record = intent_on("gateway.full");
        gt_session_intent(session, &record);
        bool refused = !gt_session_commit(session, &diags) && diags.errors == 1 &&
                       strstr(diags.list.at[0]->message, "prod.journal") != NULL;
        size_t len = 0;
        test_read(arena, script.journal, &len);
        bool intact = len == script.len;
        /* Room again: what was queued is written after all. */
        limit.rlim_cur = RLIM_INFINITY;
        setrlimit(RLIMIT_FSIZE, &limit);
        bool later = gt_session_commit(session, &diags);
        gt_session_close(session);
        _exit(refused && intact && later ? 0 : 1);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    struct gt_session *session = test_open(arena, folder, false);
    ck_assert_uint_eq(session->open.len, 2);
    ck_assert_str_eq(session->open.at[1].address, "gateway.full");
    gt_session_close(session);
}
END_TEST

START_TEST(a_full_disk_keeps_the_former_snapshot)
{
    struct script script = run_script(true);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        struct gt_session *session = test_open(arena, script.folder, true);
        struct rlimit limit = {.rlim_cur = 300, .rlim_max = 300};
        setrlimit(RLIMIT_FSIZE, &limit);
        bool refused = !gt_session_save(session, &diags) && diags.errors == 1;
        gt_session_close(session);
        _exit(refused ? 0 : 1);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    struct gt_session *session = test_open(arena, script.folder, false);
    ck_assert_str_eq(test_text(arena, session->state), script.after[script.lines].text);
    gt_session_close(session);
}
END_TEST

Suite *crash_suite(void)
{
    Suite *suite = suite_create("crash");
    TCase *tests = tcase_create("crash");
    tcase_add_checked_fixture(tests, arena_setup, arena_teardown);
    tcase_add_loop_test(tests, a_journal_cut_at_any_byte_opens_with_its_whole_lines, 0, 2);
    tcase_add_loop_test(tests, a_run_after_a_cut_goes_on_behind_the_last_whole_line, 0, 2);
    tcase_add_test(tests, blocks_of_zeros_after_a_power_failure_are_a_torn_line);
    tcase_add_loop_test(tests, a_damaged_line_is_an_error_with_its_number, 0,
                        (int)GT_COUNT(bad_lines));
    tcase_add_test(tests, a_journal_of_another_lineage_or_format_is_refused);
    tcase_add_test(tests, a_damaged_state_is_refused_at_every_length);
    tcase_add_test(tests, the_backup_is_named_when_there_is_one);
    tcase_add_test(tests, a_kill_between_snapshot_and_journal_replays_nothing_twice);
    tcase_add_test(tests, an_older_state_put_back_by_hand_is_replayed_with_a_warning);
    tcase_add_test(tests, a_half_written_snapshot_is_harmless_and_cleaned);
    tcase_add_test(tests, a_full_disk_stops_the_commit_and_loses_nothing);
    tcase_add_test(tests, a_full_disk_keeps_the_former_snapshot);
    suite_add_tcase(suite, tests);
    return suite;
}
