#include "suites.h"
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <signal.h>
#include <string.h>

GT_TEST_ARENA

/* A small generator of its own, so that a failing seed fails again. */
static unsigned next(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

static json_t *random_document(unsigned *seed, int depth)
{
    switch (next(seed) % (depth > 0 ? 7 : 5)) {
    case 0:
        return json_string("text \"quoted\" \n\t ü \xF0\x9F\xA6\x89");
    case 1:
        return json_integer((json_int_t)next(seed) - 30000);
    case 2:
        return json_null();
    case 3:
        return json_boolean(next(seed) % 2);
    case 4:
        return json_real(next(seed) / 7.0);
    case 5: {
        json_t *list = json_array();
        for (unsigned i = next(seed) % 4; i > 0; i--)
            json_array_append_new(list, random_document(seed, depth - 1));
        return list;
    }
    default: {
        json_t *object = json_object();
        for (unsigned i = next(seed) % 4; i > 0; i--)
            json_object_set_new(object, gt_printf(arena, "k/%u~", i),
                                random_document(seed, depth - 1));
        return object;
    }
    }
}

static json_t *random_object(unsigned *seed)
{
    if (next(seed) % 3 == 0)
        return NULL;
    json_t *object = gt_pack(arena, "{}");
    json_object_set_new(object, "v", random_document(seed, 4));
    return object;
}

static void random_entry(struct gt_state *state, const char *address, unsigned *seed)
{
    static const char *const statuses[] = {"ready", "creating", "failed", "deleting", "tainted"};
    struct gt_entry *entry = gt_state_add(state, address, "runtime");
    entry->status = statuses[next(seed) % GT_COUNT(statuses)];
    entry->identity = random_object(seed);
    entry->applied = random_object(seed);
    entry->outputs = random_object(seed);
    entry->arn = next(seed) % 2 ? "arn:aws:x" : NULL;
    entry->secrets = next(seed) % 2 ? gt_pack(arena, "[s, s]", "/absent", "/v/absent/0") : NULL;
    entry->deposed = next(seed) % 2 ? gt_pack(arena, "[{s:s}]", "id", "old") : NULL;
    entry->existing = next(seed) % 2;
    entry->retain = next(seed) % 2;
    entry->protect = next(seed) % 2;
    entry->adopted = next(seed) % 2;
    for (unsigned i = next(seed) % 3; i > 0; i--)
        *GT_PUSH(arena, &entry->depends) = gt_printf(arena, "role.r%u", i);
}

START_TEST(a_state_survives_its_document)
{
    for (unsigned seed = 1; seed <= 300; seed++) {
        unsigned at = seed;
        struct gt_state *state = gt_state_new(arena, &test_sys, "lark", "prod");
        state->serial = next(&at);
        state->version = next(&at) % 2 ? "0.1.0" : NULL;
        state->cloud.account = next(&at) % 2 ? "123456789012" : NULL;
        state->cloud.endpoint = next(&at) % 2 ? "aws" : NULL;
        state->outputs = random_object(&at);
        for (unsigned i = next(&at) % 6; i > 0; i--)
            random_entry(state, gt_printf(arena, "runtime.r%u", i), &at);

        json_t *document = gt_keep(arena, gt_state_document(state));
        struct gt_state *again = NULL;
        ck_assert_msg(gt_state_parse(arena, document, "x.json", &again, &diags), "seed %u: %s",
                      seed, test_messages(&diags));
        json_t *second = gt_keep(arena, gt_state_document(again));
        ck_assert_msg(json_equal(document, second), "seed %u", seed);
        ck_assert_uint_eq(again->entries.entries.len, state->entries.entries.len);
    }
}
END_TEST

START_TEST(removed_entries_are_left_out_and_the_rest_is_sorted)
{
    struct gt_state *state = gt_state_new(arena, &test_sys, "lark", NULL);
    test_entry(state, "b.b", 1);
    test_entry(state, "c.c", 2);
    test_entry(state, "a.a", 3);
    gt_state_remove(state, "c.c");
    gt_state_remove(state, "never.there");
    json_t *entries = json_object_get(gt_keep(arena, gt_state_document(state)), "entries");
    ck_assert_uint_eq(json_object_size(entries), 2);
    ck_assert_str_eq(json_object_iter_key(json_object_iter(entries)), "a.a");
    ck_assert_ptr_null(gt_state_find(state, "c.c"));
    ck_assert_str_eq(state->environment, "default");
}
END_TEST

START_TEST(a_secret_in_applied_is_a_bug)
{
    struct gt_state *state = gt_state_new(arena, &test_sys, "lark", "prod");
    struct gt_entry *entry = test_entry(state, "gateway.a", 1);
    gt_put_at(entry->applied, "/deep/password", json_string("hunter2"));
    json_decref(gt_state_document(state));
}
END_TEST

static bool parses(const char *text)
{
    json_t *document = gt_keep(arena, json_loads(text, 0, NULL));
    ck_assert_msg(document != NULL, "the test's own JSON: %s", text);
    struct gt_state *state = NULL;
    bool done = gt_state_parse(arena, document, ".gantry/lark/prod.json", &state, &diags);
    ck_assert(done == (diags.errors == 0));
    return done;
}

START_TEST(a_newer_format_is_refused_and_names_the_version)
{
    ck_assert(!parses("{\"format\": 2, \"gantry\": \"9.1.0\", \"anything\": 1}"));
    ck_assert_str_eq(diags.list.at[0]->code, "state-newer");
    ck_assert_ptr_nonnull(strstr(diags.list.at[0]->hint, "9.1.0"));
}
END_TEST

#define HEAD                                                                                       \
    "{\"format\": 1, \"stack\": \"lark\", \"environment\": \"prod\", \"lineage\": \"l\", "         \
    "\"serial\": 1, \"cloud\": {}, "

static const struct damage {
    const char *text, *says;
} damages[] = {
    {"[]", "it is not an object"},
    {"{}", "\"format\" is missing"},
    {"{\"format\": \"1\"}", "\"format\" is not a whole number"},
    {"{\"format\": 0, \"stack\": \"lark\", \"environment\": \"prod\", \"lineage\": \"l\", "
     "\"serial\": 1, \"cloud\": {}, \"entries\": {}}",
     "\"format\" is not 1"},
    {"{\"format\": 1, \"stack\": \"lark\"}", "\"environment\" is missing"},
    {"{\"format\": 1, \"stack\": \"\"}", "\"stack\" is not a text"},
    {"{\"format\": 1, \"stack\": 5}", "\"stack\" is not a text"},
    {HEAD "\"entries\": []}", "\"entries\" is not an object"},
    {HEAD "\"entries\": {}, \"outputs\": 1}", "\"outputs\" is not an object"},
    {HEAD "\"entries\": {}, \"extra\": 1}", "unknown member \"extra\""},
    {HEAD "\"entries\": {\"a.b\": 1}}", "in \"entries\", \"a.b\": it is not an object"},
    {HEAD "\"entries\": {\"a.b\": {}}}", "\"a.b\": \"type\" is missing"},
    {HEAD "\"entries\": {\"a.b\": {\"type\": \"a\"}}}", "\"status\" is missing"},
    {HEAD "\"entries\": {\"a.b\": {\"type\": \"a\", \"status\": \"odd\"}}}",
     "unknown status \"odd\""},
    {HEAD "\"entries\": {\"a.b\": {\"type\": \"a\", \"status\": \"ready\", \"depends\": [1]}}}",
     "\"depends\" is not a list of texts"},
    {HEAD "\"entries\": {\"a.b\": {\"type\": \"a\", \"status\": \"ready\", \"identity\": \"x\"}}}",
     "\"identity\" is not an object"},
    {HEAD "\"entries\": {\"a.b\": {\"type\": \"a\", \"status\": \"ready\", \"retain\": 1}}}",
     "\"retain\" is not true or false"},
    {HEAD "\"entries\": {\"a.b\": {\"type\": \"a\", \"status\": \"ready\", \"depnds\": []}}}",
     "unknown member \"depnds\""},
};

START_TEST(a_damaged_document_is_refused_and_the_backup_named)
{
    const struct damage *row = &damages[_i];
    ck_assert(!parses(row->text));
    const struct gt_diag *diag = diags.list.at[0];
    ck_assert_str_eq(diag->code, "state-damaged");
    ck_assert_msg(strstr(diag->message, row->says) != NULL, "%s: %s", row->text, diag->message);
    ck_assert_ptr_nonnull(strstr(diag->hint, ".gantry/lark/prod.json.backup"));
}
END_TEST

START_TEST(renaming_moves_the_entry_and_what_depends_on_it)
{
    struct gt_state *state = gt_state_new(arena, &test_sys, "lark", "prod");
    test_entry(state, "role.a", 1)->depends.len = 0;
    test_entry(state, "gateway.g", 2);
    ck_assert(gt_state_rename(state, "role.a", "role.b", &diags));
    ck_assert_ptr_null(gt_state_find(state, "role.a"));
    ck_assert_str_eq(gt_state_find(state, "role.b")->address, "role.b");
    ck_assert_str_eq(gt_state_find(state, "gateway.g")->depends.at[0], "role.b");
    ck_assert_uint_eq(state->renames.len, 1);
}
END_TEST

START_TEST(renaming_refuses_an_absent_source_and_a_taken_target)
{
    struct gt_state *state = gt_state_new(arena, &test_sys, "lark", "prod");
    test_entry(state, "role.a", 1);
    test_entry(state, "role.b", 2);
    ck_assert(!gt_state_rename(state, "role.x", "role.y", &diags));
    ck_assert(!gt_state_rename(state, "role.a", "role.b", &diags));
    ck_assert_str_eq(diags.list.at[0]->code, "move-source-absent");
    ck_assert_str_eq(diags.list.at[1]->code, "move-target-exists");
    ck_assert_ptr_nonnull(gt_state_find(state, "role.a"));
    ck_assert_uint_eq(state->renames.len, 0);
}
END_TEST

static const struct binding {
    const char *name;
    struct gt_cloud mine, theirs;
    const char *says; /* NULL: accepted */
} bindings[] = {
    {"unknown on both sides", {0}, {0}, NULL},
    {"known on one side", {.account = "1", .region = "us-east-1"}, {.partition = "aws"}, NULL},
    {"equal", {"aws", "1", "us-east-1", "aws"}, {"aws", "1", "us-east-1", "aws"}, NULL},
    {"account",
     {.account = "1"},
     {.account = "2"},
     "belongs to account 1, but this run is for account 2"},
    {"region",
     {.region = "a"},
     {.region = "b"},
     "belongs to region a, but this run is for region b"},
    {"partition", {.partition = "aws"}, {.partition = "aws-cn"}, "belongs to partition aws, but"},
    {"endpoint",
     {.endpoint = "http://127.0.0.1:5000"},
     {.endpoint = "aws"},
     "belongs to http://127.0.0.1:5000, but this run is for the official endpoints"},
    {"two",
     {.account = "1", .region = "a"},
     {.account = "2", .region = "b"},
     "belongs to account 1, region a, but this run is for account 2, region b"},
};

START_TEST(a_state_of_another_cloud_is_refused)
{
    const struct binding *row = &bindings[_i];
    struct gt_state *state = gt_state_new(arena, &test_sys, "lark", "prod");
    state->cloud = row->mine;
    bool fits = gt_state_check_cloud(state, &row->theirs, &diags);
    ck_assert_msg(fits == (row->says == NULL), "%s", row->name);
    ck_assert(fits == (diags.errors == 0));
    if (row->says != NULL) {
        ck_assert_str_eq(diags.list.at[0]->code, "wrong-cloud");
        ck_assert_msg(strstr(diags.list.at[0]->message, row->says) != NULL, "%s: %s", row->name,
                      diags.list.at[0]->message);
        ck_assert_ptr_nonnull(diags.list.at[0]->hint);
    }
}
END_TEST

Suite *document_suite(void)
{
    Suite *suite = suite_create("document");
    TCase *tests = tcase_create("document");
    tcase_add_checked_fixture(tests, arena_setup, arena_teardown);
    tcase_add_test(tests, a_state_survives_its_document);
    tcase_add_test(tests, removed_entries_are_left_out_and_the_rest_is_sorted);
#ifndef NDEBUG
    tcase_add_test_raise_signal(tests, a_secret_in_applied_is_a_bug, SIGABRT);
#else
    (void)a_secret_in_applied_is_a_bug;
#endif
    tcase_add_test(tests, a_newer_format_is_refused_and_names_the_version);
    tcase_add_loop_test(tests, a_damaged_document_is_refused_and_the_backup_named, 0,
                        (int)GT_COUNT(damages));
    tcase_add_test(tests, renaming_moves_the_entry_and_what_depends_on_it);
    tcase_add_test(tests, renaming_refuses_an_absent_source_and_a_taken_target);
    tcase_add_loop_test(tests, a_state_of_another_cloud_is_refused, 0, (int)GT_COUNT(bindings));
    suite_add_tcase(suite, tests);
    return suite;
}
