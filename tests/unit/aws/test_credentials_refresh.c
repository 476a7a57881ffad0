/* When keys are kept, when they are fetched anew, and who waits for that. */
#include "../../../src/aws/providers.h"
#include "credentials_fixture.h"
#include "credentials_suites.h"
#include <gantry/base/json.h>
#include <string.h>

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

static const char config[] = "[default]\nrole_arn = arn:aws:iam::1:role/r\n"
                             "source_profile = default\naws_access_key_id = AKOWN\n"
                             "aws_secret_access_key = HUSH\n";

/* Each answer once; each lasts an hour from `start_ms` after the fixture's begin. */
static void serve_keys(const struct rule *rules, size_t count)
{
    serve(rules, count);
    fixture.options.endpoint_url = url("");
    home_file(".aws/config", config);
}

static const char *keys_from(int64_t start_ms, const char *access)
{
    int64_t now_ms = fixture.now_ms;
    fixture.now_ms += start_ms;
    const char *answer = sts_answer("AssumeRole", access);
    fixture.now_ms = now_ms;
    return answer;
}

START_TEST(concurrent_askers_share_one_run)
{
    const struct rule rules[] = {{"POST", 200, keys_from(0, "AK1"), 0}};
    serve_keys(rules, GT_COUNT(rules));
    struct asked asked[5];
    for (size_t i = 0; i < GT_COUNT(asked); i++)
        ask_later(&asked[i]);
    gt_loop_run(fixture.loop);
    for (size_t i = 0; i < GT_COUNT(asked); i++)
        expect_keys(asked[i], "AK1", "profile default (assume role)");
    ck_assert_int_eq(request_count(""), 1);
}
END_TEST

START_TEST(keys_are_kept_until_a_quarter_of_an_hour_before_they_expire)
{
    const struct rule rules[] = {{"POST", 200, keys_from(0, "AK1"), 1},
                                 {"POST", 200, keys_from(44 * MINUTE_MS, "AK2"), 1}};
    serve_keys(rules, GT_COUNT(rules));
    expect_keys(ask(NULL), "AK1", "profile default (assume role)");
    fixture.now_ms += 44 * MINUTE_MS;
    expect_keys(ask(NULL), "AK1", "profile default (assume role)");
    ck_assert_int_eq(request_count(""), 1);

    /* Then who asks gets the old ones at once, and new ones come behind his back. */
    fixture.now_ms += 2 * MINUTE_MS;
    expect_keys(ask(NULL), "AK1", "profile default (assume role)");
    ck_assert_int_eq(request_count(""), 2);
    expect_keys(ask(NULL), "AK2", "profile default (assume role)");
    ck_assert_int_eq(request_count(""), 2);
}
END_TEST

START_TEST(an_advisory_refresh_may_fail_and_is_not_repeated_at_every_call)
{
    const struct rule rules[] = {{"POST", 200, keys_from(0, "AK1"), 1},
                                 {"POST", 403, "<Error><Code>AccessDenied</Code></Error>", 1},
                                 {"POST", 200, keys_from(HOUR_MS, "AK2"), 1}};
    serve_keys(rules, GT_COUNT(rules));
    expect_keys(ask(NULL), "AK1", "profile default (assume role)");
    fixture.now_ms += 46 * MINUTE_MS;
    for (int i = 0; i < 3; i++)
        expect_keys(ask(NULL), "AK1", "profile default (assume role)");
    ck_assert_int_eq(request_count(""), 2);
    fixture.now_ms += 2 * MINUTE_MS;
    expect_keys(ask(NULL), "AK1", "profile default (assume role)");
    expect_keys(ask(NULL), "AK2", "profile default (assume role)");
    ck_assert_int_eq(request_count(""), 3);
}
END_TEST

START_TEST(ten_minutes_before_they_expire_everybody_waits_for_new_keys)
{
    const struct rule rules[] = {{"POST", 200, keys_from(0, "AK1"), 1},
                                 {"POST", 200, keys_from(HOUR_MS, "AK2"), 1},
                                 {"POST", 403, "<Error><Code>AccessDenied</Code></Error>", 0}};
    serve_keys(rules, GT_COUNT(rules));
    expect_keys(ask(NULL), "AK1", "profile default (assume role)");
    fixture.now_ms += 51 * MINUTE_MS;
    expect_keys(ask(NULL), "AK2", "profile default (assume role)");
    ck_assert_int_eq(request_count(""), 2);

    fixture.now_ms += HOUR_MS + MINUTE_MS;
    fixture.diags = gt_diags_init(fixture.arena);
    expect_failure(ask(NULL), "was refused: AccessDenied");
}
END_TEST

START_TEST(keys_that_the_service_calls_expired_are_fetched_anew)
{
    const struct rule rules[] = {{"POST", 200, keys_from(0, "AK1"), 1},
                                 {"POST", 200, keys_from(0, "AK2"), 1}};
    serve_keys(rules, GT_COUNT(rules));
    expect_keys(ask(NULL), "AK1", "profile default (assume role)");
    gt_credentials_expire(fixture.credentials, "AK1");
    expect_keys(ask(NULL), "AK2", "profile default (assume role)");
    gt_credentials_expire(fixture.credentials, "AK1"); /* a late answer to the old ones */
    expect_keys(ask(NULL), "AK2", "profile default (assume role)");
    ck_assert_int_eq(request_count(""), 2);
}
END_TEST

/* Asks again from inside an answer, and looks at that answer's keys afterwards. */
static void ask_again(void *payload, const struct gt_keys *keys, const struct gt_diags *shared)
{
    (void)shared;
    int *answers = payload;
    if (++*answers == 1) {
        gt_credentials_expire(fixture.credentials, "AKFIXED");
        gt_credentials_get(fixture.credentials, ask_again, payload);
    }
    ck_assert_str_eq(keys->access_key_id, "AKFIXED");
    ck_assert_int_eq(memcmp(keys->secret_access_key.bytes, "HUSH", 4), 0);
}

START_TEST(keys_stay_whole_while_an_answer_asks_for_new_ones)
{
    static const struct gt_keys fixed = {.access_key_id = "AKFIXED",
                                         .secret_access_key = {"HUSH", 4},
                                         .source = "the embedded cloud"};
    fixture.options.fixed = &fixed;
    int answers = 0;
    expect_keys(ask(NULL), "AKFIXED", "the embedded cloud");
    gt_credentials_get(fixture.credentials, ask_again, &answers);
    gt_loop_run(fixture.loop);
    ck_assert_int_eq(answers, 2);
}
END_TEST

START_TEST(keys_that_live_for_minutes_are_not_fetched_at_every_call)
{
    const struct rule rules[] = {{"POST", 200, keys_from(-54 * MINUTE_MS, "AK1"), 1},
                                 {"POST", 200, keys_from(0, "AK2"), 1}};
    serve_keys(rules, GT_COUNT(rules));
    for (int i = 0; i < 3; i++)
        expect_keys(ask(NULL), "AK1", "profile default (assume role)");
    ck_assert_int_eq(request_count(""), 1);
    fixture.now_ms += 5 * MINUTE_MS;
    expect_keys(ask(NULL), "AK2", "profile default (assume role)");
}
END_TEST

START_TEST(a_run_that_failed_can_be_repeated)
{
    const struct rule rules[] = {{"POST", 403, "<Error><Code>AccessDenied</Code></Error>", 1},
                                 {"POST", 200, keys_from(0, "AK1"), 1}};
    serve_keys(rules, GT_COUNT(rules));
    struct asked asked[2];
    ask_later(&asked[0]);
    ask_later(&asked[1]);
    gt_loop_run(fixture.loop);
    expect_failure(asked[0], "AccessDenied");
    expect_failure(asked[1], "AccessDenied");
    expect_keys(ask(NULL), "AK1", "profile default (assume role)");
}
END_TEST

START_TEST(fixed_keys_come_in_place_of_the_chain)
{
    static const struct gt_keys fixed = {.access_key_id = "AKFIXED",
                                         .secret_access_key = {"HUSH", 4},
                                         .source = "the embedded cloud"};
    fixture.options.fixed = &fixed;
    set_env("AWS_ACCESS_KEY_ID", "AKENV");
    expect_keys(ask(NULL), "AKFIXED", "the embedded cloud");
}
END_TEST

START_TEST(freeing_in_the_middle_of_a_run_is_allowed)
{
    const struct rule rules[] = {{"POST", 200, keys_from(0, "AK1"), 0}};
    serve_keys(rules, GT_COUNT(rules));
    static struct asked asked;
    ask_later(&asked);
    gt_credentials_free(fixture.credentials);
    fixture.credentials = NULL;
    ck_assert(!asked.done);
}
END_TEST

/* Runs after the wiping, since an arena calls the last function first, and before its memory goes.
 */
static void check_wiped(void *arg)
{
    const struct gt_keys *const *keys = arg;
    for (size_t i = 0; i < (*keys)->secret_access_key.len; i++)
        ck_assert_int_eq((*keys)->secret_access_key.bytes[i], 0);
    ck_assert_int_eq((*keys)->session_token[0], 0);
}

START_TEST(keys_are_wiped_when_they_go)
{
    static const struct gt_keys own = {.access_key_id = "AK",
                                       .secret_access_key = {"HUSH", 4},
                                       .session_token = "TOKEN",
                                       .source = "x"};
    static const struct gt_keys *copy;
    struct gt_arena *arena = gt_arena_new();
    gt_arena_defer(arena, check_wiped, &copy);
    copy = gt_keys_copy(arena, &own);
    ck_assert_int_eq(memcmp(copy->secret_access_key.bytes, "HUSH", 4), 0);
    ck_assert_str_eq(copy->session_token, "TOKEN");
    gt_arena_free(arena);
}
END_TEST

START_TEST(documents_are_wiped_when_their_keys_were_taken)
{
    json_t *document = gt_pack(fixture.arena, "{s:s, s:s, s:[{s:s}]}", "a", "AK", "s", "HUSH",
                               "more", "deep", "HUSH");
    const char *secret = json_string_value(json_object_get(document, "s"));
    const char *deep = json_string_value(
        json_object_get(json_array_get(json_object_get(document, "more"), 0), "deep"));
    static const struct gt_keys_form form = {
        .access_key_id = "a", .secret_access_key = "s", .session_token = "t", .expiration = "e"};
    const char *why = NULL;
    const struct gt_keys *keys = gt_keys_parse(fixture.arena, document, &form, "x", &why);
    ck_assert_ptr_nonnull(keys);
    ck_assert_int_eq(memcmp(keys->secret_access_key.bytes, "HUSH", 4), 0);
    ck_assert_int_eq(secret[0], 0);
    ck_assert_int_eq(deep[0], 0);
}
END_TEST

Suite *refresh_suite(void)
{
    Suite *suite = suite_create("refresh");
    TCase *tests = tcase_create("refresh");
    tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
    tcase_add_test(tests, concurrent_askers_share_one_run);
    tcase_add_test(tests, keys_are_kept_until_a_quarter_of_an_hour_before_they_expire);
    tcase_add_test(tests, an_advisory_refresh_may_fail_and_is_not_repeated_at_every_call);
    tcase_add_test(tests, ten_minutes_before_they_expire_everybody_waits_for_new_keys);
    tcase_add_test(tests, keys_that_the_service_calls_expired_are_fetched_anew);
    tcase_add_test(tests, keys_stay_whole_while_an_answer_asks_for_new_ones);
    tcase_add_test(tests, keys_that_live_for_minutes_are_not_fetched_at_every_call);
    tcase_add_test(tests, a_run_that_failed_can_be_repeated);
    tcase_add_test(tests, fixed_keys_come_in_place_of_the_chain);
    tcase_add_test(tests, keys_are_wiped_when_they_go);
    tcase_add_test(tests, documents_are_wiped_when_their_keys_were_taken);
    tcase_add_test(tests, freeing_in_the_middle_of_a_run_is_allowed);
    suite_add_tcase(suite, tests);
    return suite;
}
