#include "suites.h"
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

GT_TEST_ARENA

static const struct gt_record sample = {.address = "gateway.a",
                                        .type = "gateway",
                                        .operation = "CreateGateway",
                                        .token = "token-1",
                                        .digest = "abcd",
                                        .creates = true};

static const char *path_of(const char *folder, const char *name)
{
    return gt_printf(arena, "%s/lark/%s", folder, name);
}

static unsigned mode_of(const char *path)
{
    struct stat status;
    ck_assert_msg(stat(path, &status) == 0, "%s", path);
    return status.st_mode & 0777u;
}

START_TEST(files_are_private)
{
    umask(0);
    const char *folder = test_folder(arena);
    struct gt_session *session = test_open(arena, folder, true);
    gt_session_intent(session, &sample);
    test_entry(session->state, "role.a", 1);
    ck_assert(gt_session_save(session, &diags));
    test_entry(session->state, "role.b", 1);
    ck_assert(gt_session_save(session, &diags));
    ck_assert_uint_eq(mode_of(folder), 0700);
    ck_assert_uint_eq(mode_of(path_of(folder, "")), 0700);
    ck_assert_uint_eq(mode_of(path_of(folder, "prod.json")), 0600);
    ck_assert_uint_eq(mode_of(path_of(folder, "prod.json.backup")), 0600);
    ck_assert_uint_eq(mode_of(path_of(folder, "prod.journal")), 0600);
    ck_assert_uint_eq(mode_of(path_of(folder, "prod.lock")), 0600);
    gt_session_close(session);
}
END_TEST

START_TEST(reading_writes_nothing_and_makes_no_folder)
{
    const char *folder = test_folder(arena);
    struct gt_session *session = test_open(arena, folder, false);
    ck_assert(session->fresh);
    ck_assert(!gt_session_commit(session, &diags));
    ck_assert_str_eq(diags.list.at[0]->code, "state-read-only");
    ck_assert(!gt_session_save(session, &diags));
    ck_assert(!gt_session_remove(session, &diags));
    gt_session_close(session);
    ck_assert(!test_exists(folder));
}
END_TEST

START_TEST(a_run_that_wrote_nothing_leaves_nothing)
{
    const char *folder = test_folder(arena);
    struct gt_session *session = test_open(arena, folder, true);
    ck_assert(test_exists(path_of(folder, "prod.lock")));
    ck_assert(gt_session_commit(session, &diags));
    ck_assert(gt_session_save(session, &diags));
    gt_session_close(session);
    ck_assert(!test_exists(folder));
}
END_TEST

START_TEST(a_second_run_is_told_who_holds_the_lock)
{
    const char *folder = test_folder(arena);
    struct gt_session *first = test_open(arena, folder, true), *second = NULL;
    enum gt_open_result result = gt_session_open(
        arena, &test_sys, gt_backend_files(arena, &test_sys, folder, "lark", "prod"), "lark",
        "prod", true, &second, &diags);
    ck_assert_int_eq(result, GT_OPEN_HELD);
    const struct gt_diag *diag = diags.list.at[0];
    ck_assert_str_eq(diag->code, "state-locked");
    ck_assert_ptr_nonnull(diag->hint);
    const char *who =
        gt_printf(arena, "(pid %ld, apply, since 2026-01-17T12:34:56Z)", (long)getpid());
    ck_assert_msg(strstr(diag->message, who) != NULL, "%s", diag->message);
    ck_assert_msg(strstr(diag->message, "ann@") != NULL, "%s", diag->message);

    struct gt_session *reader = test_open(arena, folder, false);
    gt_session_close(reader);
    gt_session_close(first);
    second = test_open(arena, folder, true);
    gt_session_close(second);
}
END_TEST

START_TEST(the_lock_of_a_killed_run_is_free)
{
    const char *folder = test_folder(arena);
    int ready[2];
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct gt_session *session = test_open(arena, folder, true);
        gt_session_intent(session, &sample);
        bool done = gt_session_commit(session, &diags) && write(ready[1], "x", 1) == 1;
        pause();
        _exit(done ? 0 : 1);
    }
    char byte;
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    struct gt_session *session = NULL;
    ck_assert_int_eq(gt_session_open(arena, &test_sys,
                                     gt_backend_files(arena, &test_sys, folder, "lark", "prod"),
                                     "lark", "prod", true, &session, &diags),
                     GT_OPEN_HELD);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    session = test_open(arena, folder, true);
    ck_assert_uint_eq(session->open.len, 1);
    gt_session_close(session);
    close(ready[0]);
    close(ready[1]);
}
END_TEST

START_TEST(environments_have_locks_of_their_own)
{
    const char *folder = test_folder(arena);
    struct gt_session *first = test_open(arena, folder, true), *second = NULL;
    ck_assert_int_eq(gt_session_open(arena, &test_sys,
                                     gt_backend_files(arena, &test_sys, folder, "lark", NULL),
                                     "lark", NULL, true, &second, &diags),
                     GT_OPEN_OK);
    ck_assert(test_exists(path_of(folder, "default.lock")));
    gt_session_close(first);
    gt_session_close(second);
    ck_assert(!test_exists(folder));
}
END_TEST

START_TEST(a_killed_first_run_keeps_lineage_cloud_and_intents)
{
    const char *folder = test_folder(arena);
    struct gt_session *session = test_open(arena, folder, true);
    const char *lineage = session->state->lineage;
    session->state->cloud = (struct gt_cloud){.account = "123456789012", .region = "us-east-1"};
    json_int_t first = gt_session_intent(session, &sample);
    ck_assert(gt_session_commit(session, &diags));
    /* The endpoint becomes known later: the journal says so before the next intent. */
    session->state->cloud.endpoint = "aws";
    json_int_t second = gt_session_intent(session, &sample);
    ck_assert(gt_session_commit(session, &diags));
    gt_session_close(session);

    session = test_open(arena, folder, true);
    ck_assert(!session->fresh);
    ck_assert_str_eq(session->state->lineage, lineage);
    ck_assert_str_eq(session->state->cloud.account, "123456789012");
    ck_assert_str_eq(session->state->cloud.endpoint, "aws");
    ck_assert_uint_eq(session->open.len, 2);
    const struct gt_record *open = &session->open.at[0];
    ck_assert_int_eq(open->id, first);
    ck_assert_int_eq(session->open.at[1].id, second);
    ck_assert_str_eq(open->address, sample.address);
    ck_assert_str_eq(open->type, sample.type);
    ck_assert_str_eq(open->operation, sample.operation);
    ck_assert_str_eq(open->token, sample.token);
    ck_assert_str_eq(open->digest, sample.digest);
    ck_assert(open->creates && !open->removes && open->key == NULL);
    ck_assert_int_eq(open->time_ms, 1768653296000);
    ck_assert_int_gt(gt_session_intent(session, &sample), second);
    gt_session_close(session);
}
END_TEST

START_TEST(saving_carries_open_intents_over)
{
    const char *folder = test_folder(arena);
    struct gt_session *session = test_open(arena, folder, true);
    json_int_t a = gt_session_intent(session, &sample);
    json_int_t b = gt_session_intent(session, &sample);
    gt_session_answer(session, a, "gateway.a", test_entry(session->state, "gateway.a", 1));
    ck_assert(gt_session_save(session, &diags));
    ck_assert_int_eq(session->state->serial, 1);
    gt_session_close(session);

    session = test_open(arena, folder, true);
    ck_assert_uint_eq(session->open.len, 1);
    ck_assert_int_eq(session->open.at[0].id, b);
    gt_session_answer(session, b, "gateway.b", NULL);
    ck_assert(gt_session_save(session, &diags));
    gt_session_close(session);
    ck_assert(!test_exists(path_of(folder, "prod.journal")));
    session = test_open(arena, folder, false);
    ck_assert_uint_eq(session->open.len, 0);
    ck_assert_ptr_nonnull(gt_state_find(session->state, "gateway.a"));
    gt_session_close(session);
}
END_TEST

START_TEST(a_run_goes_on_after_a_save)
{
    const char *folder = test_folder(arena);
    struct gt_session *session = test_open(arena, folder, true);
    json_int_t id = gt_session_intent(session, &sample);
    gt_session_answer(session, id, "role.a", test_entry(session->state, "role.a", 1));
    ck_assert(gt_session_save(session, &diags));
    id = gt_session_intent(session, &sample);
    gt_session_answer(session, id, "gateway.a", test_entry(session->state, "gateway.a", 2));
    ck_assert(gt_session_commit(session, &diags));
    const char *text = test_text(arena, session->state);
    gt_session_close(session);
    session = test_open(arena, folder, false);
    ck_assert_str_eq(test_text(arena, session->state), text);
    gt_session_close(session);
}
END_TEST

static bool refuse_reset(struct gt_backend *self, const char *lines, size_t len,
                         struct gt_diags *sink)
{
    (void)self;
    (void)lines;
    (void)len;
    gt_error(sink, "test", "the journal cannot be replaced");
    return false;
}

START_TEST(a_journal_that_cannot_be_emptied_is_not_replayed_twice)
{
    const char *folder = test_folder(arena);
    struct gt_session *session = test_open(arena, folder, true);
    const struct gt_backend_ops *ops = session->backend->ops;
    struct gt_backend_ops broken = *ops;
    broken.reset_journal = refuse_reset;
    gt_session_intent(session, &sample);
    json_int_t id = gt_session_intent(session, &sample);
    gt_session_answer(session, id, "gateway.a", test_entry(session->state, "gateway.a", 1));
    ck_assert(gt_session_commit(session, &diags));
    session->backend->ops = &broken;
    gt_state_find(session->state, "gateway.a")->retain = true;
    ck_assert(!gt_session_save(session, &diags));
    session->backend->ops = ops;
    id = gt_session_intent(session, &sample);
    gt_session_answer(session, id, "gateway.b", test_entry(session->state, "gateway.b", 2));
    ck_assert(gt_session_commit(session, &diags));
    const char *text = test_text(arena, session->state);
    gt_session_close(session);
    session = test_open(arena, folder, false);
    ck_assert_str_eq(test_text(arena, session->state), text);
    ck_assert_uint_eq(session->open.len, 1);
    gt_session_close(session);
}
END_TEST

START_TEST(saving_without_a_change_leaves_the_serial_and_the_file)
{
    const char *folder = test_folder(arena);
    struct gt_session *session = test_open(arena, folder, true);
    test_entry(session->state, "role.a", 1);
    ck_assert(gt_session_save(session, &diags));
    struct stat before, after;
    ck_assert_int_eq(stat(path_of(folder, "prod.json"), &before), 0);
    ck_assert(gt_session_save(session, &diags));
    gt_session_close(session);
    session = test_open(arena, folder, true);
    session->state->version = "99.0.0";
    gt_session_answer(session, gt_session_intent(session, &sample), "role.a",
                      gt_state_find(session->state, "role.a"));
    ck_assert(gt_session_save(session, &diags));
    ck_assert_int_eq(session->state->serial, 1);
    ck_assert_int_eq(stat(path_of(folder, "prod.json"), &after), 0);
    ck_assert_uint_eq(before.st_ino, after.st_ino);
    ck_assert(!test_exists(path_of(folder, "prod.journal")));

    gt_state_find(session->state, "role.a")->protect = true;
    ck_assert(gt_session_save(session, &diags));
    ck_assert_int_eq(session->state->serial, 2);
    gt_session_close(session);
}
END_TEST

START_TEST(a_rename_is_journalled_in_its_place)
{
    const char *folder = test_folder(arena);
    struct gt_session *session = test_open(arena, folder, true);
    test_entry(session->state, "gateway.a", 1);
    ck_assert(gt_session_save(session, &diags));
    struct gt_entry *entry = gt_state_find(session->state, "gateway.a");
    gt_session_answer(session, gt_session_intent(session, &sample), "gateway.a", entry);
    ck_assert(gt_state_rename(session->state, "gateway.a", "gateway.b", &diags));
    gt_session_answer(session, gt_session_intent(session, &sample), "gateway.b", entry);
    ck_assert(gt_session_commit(session, &diags));
    const char *text = test_text(arena, session->state);
    gt_session_close(session);

    session = test_open(arena, folder, false);
    ck_assert_str_eq(test_text(arena, session->state), text);
    ck_assert_ptr_null(gt_state_find(session->state, "gateway.a"));
    gt_session_close(session);
}
END_TEST

START_TEST(a_state_in_the_wrong_place_is_refused)
{
    const char *folder = test_folder(arena);
    struct gt_session *session = test_open(arena, folder, true);
    test_entry(session->state, "role.a", 1);
    ck_assert(gt_session_save(session, &diags));
    gt_session_close(session);
    ck_assert_int_eq(rename(path_of(folder, "prod.json"), path_of(folder, "dev.json")), 0);
    ck_assert_int_eq(gt_session_open(arena, &test_sys,
                                     gt_backend_files(arena, &test_sys, folder, "lark", "dev"),
                                     "lark", "dev", true, &session, &diags),
                     GT_OPEN_FAILED);
    ck_assert_str_eq(diags.list.at[0]->code, "state-foreign");
    ck_assert_ptr_nonnull(strstr(diags.list.at[0]->message, "lark/prod, not to lark/dev"));
    /* A run that failed to open has given its lock back. */
    ck_assert_int_eq(rename(path_of(folder, "dev.json"), path_of(folder, "prod.json")), 0);
    session = test_open(arena, folder, true);
    gt_session_close(session);
}
END_TEST

START_TEST(removing_leaves_nothing)
{
    const char *folder = test_folder(arena);
    struct gt_session *session = test_open(arena, folder, true);
    json_int_t id = gt_session_intent(session, &sample);
    test_entry(session->state, "role.a", 1);
    ck_assert(gt_session_save(session, &diags));
    test_entry(session->state, "role.b", 1);
    ck_assert(gt_session_save(session, &diags));
    ck_assert(!gt_session_remove(session, &diags));
    ck_assert_str_eq(diags.list.at[0]->code, "intents-open");
    ck_assert(test_exists(path_of(folder, "prod.json")));

    gt_session_answer(session, id, "gateway.a", NULL);
    ck_assert(gt_session_remove(session, &diags));
    gt_session_close(session);
    ck_assert(!test_exists(folder));
}
END_TEST

START_TEST(removing_keeps_what_belongs_to_others)
{
    const char *folder = test_folder(arena);
    struct gt_session *session = test_open(arena, folder, true);
    test_entry(session->state, "role.a", 1);
    ck_assert(gt_session_save(session, &diags));
    test_write(path_of(folder, "dev.json"), "{}", 2);
    ck_assert(gt_session_remove(session, &diags));
    gt_session_close(session);
    ck_assert(test_exists(path_of(folder, "dev.json")));
    ck_assert_int_eq(test_files_in(path_of(folder, "")), 1);
}
END_TEST

START_TEST(odd_names_stay_below_the_folder)
{
    const char *folder = test_folder(arena);
    struct gt_backend *backend = gt_backend_files(arena, &test_sys, folder, "..", "../../etc/x");
    const char *path = backend->ops->describe(backend);
    ck_assert_str_eq(path, gt_printf(arena, "%s/%%2E./%%2E.%%2F..%%2Fetc%%2Fx.json", folder));
    backend->ops->free(backend);
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_is_an_error)
{
    const char *folder = test_folder(arena);
    test_write(folder, "a file", 6);
    struct gt_session *session = NULL;
    ck_assert_int_eq(gt_session_open(arena, &test_sys,
                                     gt_backend_files(arena, &test_sys, folder, "lark", "prod"),
                                     "lark", "prod", true, &session, &diags),
                     GT_OPEN_FAILED);
    ck_assert_uint_eq(diags.errors, 1);
}
END_TEST

Suite *session_suite(void)
{
    Suite *suite = suite_create("session");
    TCase *tests = tcase_create("session");
    tcase_add_checked_fixture(tests, arena_setup, arena_teardown);
    tcase_add_test(tests, files_are_private);
    tcase_add_test(tests, reading_writes_nothing_and_makes_no_folder);
    tcase_add_test(tests, a_run_that_wrote_nothing_leaves_nothing);
    tcase_add_test(tests, a_second_run_is_told_who_holds_the_lock);
    tcase_add_test(tests, the_lock_of_a_killed_run_is_free);
    tcase_add_test(tests, environments_have_locks_of_their_own);
    tcase_add_test(tests, a_killed_first_run_keeps_lineage_cloud_and_intents);
    tcase_add_test(tests, saving_carries_open_intents_over);
    tcase_add_test(tests, a_run_goes_on_after_a_save);
    tcase_add_test(tests, a_journal_that_cannot_be_emptied_is_not_replayed_twice);
    tcase_add_test(tests, saving_without_a_change_leaves_the_serial_and_the_file);
    tcase_add_test(tests, a_rename_is_journalled_in_its_place);
    tcase_add_test(tests, a_state_in_the_wrong_place_is_refused);
    tcase_add_test(tests, removing_leaves_nothing);
    tcase_add_test(tests, removing_keeps_what_belongs_to_others);
    tcase_add_test(tests, odd_names_stay_below_the_folder);
    tcase_add_test(tests, a_folder_that_cannot_be_made_is_an_error);
    suite_add_tcase(suite, tests);
    return suite;
}
