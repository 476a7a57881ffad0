/* How the keys of issuers are had, kept and asked for again. */
#include "auth_fixture.h"

#include <string.h>

enum { CROWD = 100, REST_MS = 6000, HOUR_MS = 60 * 60 * 1000 };

static void unavailable(const struct answer *answer, const char *part)
{
    ck_assert_msg(answer->status == 503, "%d for %s: %s", answer->status, part, answer->body);
    ck_assert_ptr_null(answer->challenge);
    ck_assert_str_eq(answer->retry_after, "5");
    ck_assert_msg(strstr(answer->body, part) != NULL, "%s: %s", part, answer->body);
    ck_assert_ptr_nonnull(strstr(answer->body, "try again in 5 seconds"));
}

static void crowd(const char *token, int status)
{
    struct answer *answers[CROWD];
    for (size_t i = 0; i < CROWD; i++)
        answers[i] = fixture_send(token);
    for (size_t i = 0; i < CROWD; i++) {
        fixture_await(answers[i]);
        ck_assert_int_eq(answers[i]->status, status);
    }
}

START_TEST(a_crowd_makes_one_fetch)
{
    crowd(fixture_good(0), 200);
    ck_assert_uint_eq(fixture.discoveries, 1);
    ck_assert_uint_eq(fixture.key_sets, 1);
    fixture.shown[1] = true;
    fixture.skew_ms += REST_MS;
    crowd(fixture_good(1), 200);
    ck_assert_uint_eq(fixture.discoveries, 2);
    ck_assert_uint_eq(fixture.key_sets, 2);
}
END_TEST

START_TEST(a_crowd_before_an_issuer_that_is_down_makes_one_fetch)
{
    fixture.discovery.status = 500;
    crowd(fixture_good(0), 503);
    ck_assert_uint_eq(fixture.discoveries, 1);
    crowd(fixture_good(0), 503);
    ck_assert_uint_eq(fixture.discoveries, 1);
}
END_TEST

START_TEST(a_new_key_is_fetched_and_the_old_one_goes)
{
    ck_assert_int_eq(fixture_ask(fixture_good(0))->status, 200);
    fixture.shown[0] = false;
    fixture.shown[1] = true;
    fixture.skew_ms += REST_MS;
    ck_assert_int_eq(fixture_ask(fixture_good(1))->status, 200);
    ck_assert_uint_eq(fixture.key_sets, 2);
    ck_assert_int_eq(fixture_ask(fixture_good(0))->status, 401);
}
END_TEST

START_TEST(unknown_keys_do_not_make_it_ask_again_and_again)
{
    for (size_t i = 0; i < 20; i++)
        ck_assert_int_eq(fixture_ask(fixture_good(1 + i % 2))->status, 401);
    ck_assert_uint_eq(fixture.discoveries, 1);
    fixture.skew_ms += REST_MS;
    for (size_t i = 0; i < 20; i++)
        ck_assert_int_eq(fixture_ask(fixture_good(1 + i % 2))->status, 401);
    ck_assert_uint_eq(fixture.discoveries, 2);
}
END_TEST

START_TEST(an_issuer_that_is_down_is_tried_again_a_little_later)
{
    const char *token = fixture_good(0);
    fixture_issuer_stop();
    unavailable(fixture_ask(token), "cannot be fetched");
    fixture_issuer_start();
    unavailable(fixture_ask(token), "cannot be fetched");
    ck_assert_uint_eq(fixture.discoveries, 0);
    fixture.skew_ms += REST_MS;
    ck_assert_int_eq(fixture_ask(token)->status, 200);
}
END_TEST

START_TEST(good_keys_stay_good_while_the_issuer_is_down)
{
    ck_assert_int_eq(fixture_ask(fixture_good(0))->status, 200);
    fixture_issuer_stop();
    for (size_t i = 0; i < 23; i++) {
        fixture.skew_ms += HOUR_MS;
        ck_assert_int_eq(fixture_ask(fixture_good(0))->status, 200);
        fixture_run_ms(20); /* the fetch behind it fails */
    }
    unavailable(fixture_ask(fixture_good(1)), "cannot be fetched");
    fixture.skew_ms += HOUR_MS;
    fixture_ask(fixture_good(0));
    fixture_run_ms(20);
    unavailable(fixture_ask(fixture_good(0)), "cannot be fetched"); /* a day is enough */
    fixture_issuer_start();
    fixture.skew_ms += REST_MS;
    ck_assert_int_eq(fixture_ask(fixture_good(0))->status, 200);
}
END_TEST

START_TEST(keys_are_refreshed_behind_requests)
{
    ck_assert_int_eq(fixture_ask(fixture_good(0))->status, 200);
    fixture.skew_ms += 9 * 60 * 1000;
    ck_assert_int_eq(fixture_ask(fixture_good(0))->status, 200);
    ck_assert_uint_eq(fixture.discoveries, 1);
    fixture.skew_ms += 2 * 60 * 1000;
    fixture.discovery.hangs = true;
    ck_assert_int_eq(fixture_ask(fixture_good(0))->status, 200);
    fixture_run_ms(50);
    ck_assert_uint_eq(fixture.discoveries, 2);
    ck_assert_int_eq(fixture_ask(fixture_good(0))->status, 200);
    fixture_release();
    fixture_run_ms(50);
    ck_assert_uint_eq(fixture.key_sets, 2);
}
END_TEST

START_TEST(keys_that_are_too_old_are_waited_for)
{
    ck_assert_int_eq(fixture_ask(fixture_good(0))->status, 200);
    fixture.shown[0] = false;
    fixture.skew_ms += 2 * HOUR_MS;
    ck_assert_int_eq(fixture_ask(fixture_good(0))->status, 401);
}
END_TEST

START_TEST(a_slow_issuer_is_waited_for)
{
    fixture.discovery.hangs = fixture.keys.hangs = true;
    const struct answer *first = fixture_send(fixture_good(0)), *bad = fixture_send("a.b.c");
    fixture_run_ms(100);
    ck_assert(!first->done && !bad->done);
    fixture_release();
    fixture.keys.hangs = true;
    fixture_run_ms(100);
    ck_assert(!first->done && !bad->done);
    fixture_release();
    fixture_await(first);
    fixture_await(bad);
    ck_assert_int_eq(first->status, 200);
    ck_assert_int_eq(bad->status, 401);
    ck_assert_uint_eq(fixture.discoveries, 1);
}
END_TEST

START_TEST(an_issuer_that_never_answers_is_given_up)
{
    fixture.discovery.hangs = true;
    int64_t begun = gt_monotonic_ms(gt_sys_real());
    unavailable(fixture_ask(fixture_good(0)), "cannot be fetched");
    ck_assert_int_lt(gt_monotonic_ms(gt_sys_real()) - begun, 40000);
    fixture_release();
}
END_TEST

START_TEST(who_waits_is_judged_by_the_rule_of_its_request)
{
    fixture.discovery.hangs = true;
    const struct answer *answer = fixture_send(fixture_good(0));
    fixture_run_ms(50);
    json_t *empty = gt_pack(fixture.arena, "{s:[s]}", "allowedClients", "nobody");
    fixture.rule = (struct gt_bearer_rule){.discovery_url = "http://127.0.0.1:1/",
                                           .issuer = "https://none.example",
                                           .authorizer = empty};
    fixture_release();
    fixture_await(answer);
    ck_assert_int_eq(answer->status, 200);
}
END_TEST

static const char *filler(size_t len)
{
    char *text = gt_alloc(fixture.arena, len + 1);
    memset(text, ' ', len);
    return text;
}

static const char *many_keys(size_t count)
{
    const char *key = "{\"kty\":\"RSA\",\"kid\":\"x\"}";
    char *text = gt_alloc(fixture.arena, count * (strlen(key) + 1) + 64);
    char *at = text + snprintf(text, 16, "{\"keys\":[");
    for (size_t i = 0; i < count; i++)
        at += snprintf(at, 64, "%s%s", i > 0 ? "," : "", key);
    snprintf(at, 8, "]}");
    return text;
}

START_TEST(documents_that_cannot_be_used_are_said_to_be_so)
{
    const char *deep = "{\"issuer\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1"
                       "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}";
    const struct {
        struct page discovery, keys;
        const char *part;
    } rows[] = {
        {{.status = 404}, {0}, "discovery document: HTTP 404"},
        {{.status = 302, .location = fixture.rule.discovery_url}, {0}, "HTTP 302"},
        {{.status = 204}, {0}, "HTTP 204"},
        {{.body = "<html>"}, {0}, "no JSON object"},
        {{.body = "[]"}, {0}, "no JSON object"},
        {{.body = "\xff\xfe"}, {0}, "no JSON object"},
        {{.body = deep}, {0}, "no JSON object"},
        {{.body = "{\"issuer\":\"a\",\"issuer\":\"b\"}"}, {0}, "no JSON object"},
        {{.body = "{}"}, {0}, "names no issuer"},
        {{.body = "{\"issuer\":1,\"jwks_uri\":\"https://x/\"}"}, {0}, "names no issuer"},
        {{.body = "{\"issuer\":\"x\",\"jwks_uri\":[]}"}, {0}, "names no issuer"},
        {{.body = "{\"issuer\":\"x\",\"jwks_uri\":\"http://192.0.2.1/\"}"}, {0}, "no https URL"},
        {{.body = "{\"issuer\":\"x\",\"jwks_uri\":\"file:///etc/passwd\"}"}, {0}, "no https URL"},
        {{.body = "{\"issuer\":\"x\",\"jwks_uri\":\"https://u:p@x/\"}"}, {0}, "no https URL"},
        {{.body = filler(600 * 1024)}, {0}, "discovery document is too large"},
        {{0}, {.status = 500}, "key set: HTTP 500"},
        {{0}, {.body = "{\"keys\":{}}"}, "has no keys"},
        {{0}, {.body = "{}"}, "has no keys"},
        {{0}, {.body = "null"}, "no JSON object"},
        {{0}, {.body = many_keys(257)}, "too many keys"},
        {{0}, {.body = filler(600 * 1024)}, "key set is too large"},
    };
    const char *token = fixture_good(0);
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        fixture.discovery = rows[i].discovery;
        fixture.keys = rows[i].keys;
        unavailable(fixture_ask(token), rows[i].part);
        fixture.skew_ms += REST_MS;
    }
    fixture.discovery = fixture.keys = (struct page){0};
    ck_assert_int_eq(fixture_ask(token)->status, 200);
    for (size_t i = 0; i < GT_COUNT(rows); i++) { /* and take nothing away */
        fixture.discovery = rows[i].discovery;
        fixture.keys = rows[i].keys;
        fixture.skew_ms += REST_MS;
        unavailable(fixture_ask(fixture_good(1)), rows[i].part);
        ck_assert_int_eq(fixture_ask(fixture_good(0))->status, 200);
    }
}
END_TEST

START_TEST(keys_that_are_none_verify_nothing)
{
    fixture.keys.body = "{\"keys\":[1,null,{},{\"kty\":\"RSA\",\"n\":\"AA\",\"e\":\"AQAB\"},"
                        "{\"kty\":\"oct\",\"k\":\"AAAA\"}]}";
    ck_assert_int_eq(fixture_ask(fixture_good(0))->status, 401);
    fixture.skew_ms += REST_MS;
    fixture.keys.body = many_keys(256);
    ck_assert_int_eq(fixture_ask(fixture_good(0))->status, 401);
}
END_TEST

START_TEST(discovery_urls_are_https_or_this_machine)
{
    static const char *const urls[] = {"http://192.0.2.1/.well-known/openid-configuration",
                                       "ftp://127.0.0.1/", "nonsense", ""};
    for (size_t i = 0; i < GT_COUNT(urls); i++) {
        fixture.rule.discovery_url = urls[i];
        unavailable(fixture_ask(fixture_good(0)), "no https URL");
    }
    fixture.rule.discovery_url = NULL;
    unavailable(fixture_ask(fixture_good(0)), "no discovery URL");
}
END_TEST

START_TEST(the_document_must_be_that_of_the_issuer)
{
    const char *token = fixture_good(0);
    fixture.rule.issuer = "https://else.where";
    unavailable(fixture_ask(token), "not of https://else.where");
    fixture.rule.issuer = gt_printf(fixture.arena, "%s0", fixture.name);
    unavailable(fixture_ask(token), "the issuer's discovery document is that of");
    fixture.rule.issuer = gt_printf(fixture.arena, "%s/", fixture.name);
    ck_assert_int_eq(fixture_ask(token)->status, 200);
    fixture.rule.issuer = NULL;
    ck_assert_int_eq(fixture_ask(token)->status, 200);
}
END_TEST

START_TEST(an_issuer_of_this_program_is_asked_directly)
{
    fixture.own = true;
    ck_assert_int_eq(fixture_ask(fixture_good(0))->status, 200);
    const char *token = fixture_good(0);
    ck_assert_int_eq(fixture_ask(token)->status, 200);
    uint64_t verified = fixture.issuers->verified;
    ck_assert_int_eq(fixture_ask(token)->status, 200);
    ck_assert_uint_eq(fixture.issuers->verified, verified);
    fixture.shown[0] = false;
    fixture.shown[1] = true;
    ck_assert_int_eq(fixture_ask(token)->status, 401);
    ck_assert_int_eq(fixture_ask(fixture_good(1))->status, 200);
    ck_assert_uint_eq(fixture.discoveries, 0);
    fixture.shown[1] = false;
    fixture.shown[0] = true;
    fixture.own = false; /* its keys go with it */
    ck_assert_int_eq(fixture_ask(fixture_good(1))->status, 401);
    ck_assert_uint_eq(fixture.discoveries, 1);
}
END_TEST

START_TEST(more_issuers_than_are_kept_still_work)
{
    const char *token = fixture_good(0);
    for (size_t i = 0; i < 300; i++) {
        fixture.rule.discovery_url = gt_printf(fixture.arena, "%s/%zu", fixture.name, i);
        ck_assert_int_eq(fixture_ask(token)->status, 200);
    }
    ck_assert_uint_eq(fixture.discoveries, 300);
    ck_assert_int_eq(fixture_ask(token)->status, 200);
    ck_assert_uint_eq(fixture.discoveries, 300);
    fixture.rule.discovery_url = gt_printf(fixture.arena, "%s/0", fixture.name);
    ck_assert_int_eq(fixture_ask(token)->status, 200);
    ck_assert_uint_eq(fixture.discoveries, 301);
}
END_TEST

START_TEST(who_waits_is_answered_when_the_issuers_end)
{
    fixture.keys.hangs = true;
    struct answer *answers[CROWD];
    for (size_t i = 0; i < CROWD; i++)
        answers[i] = fixture_send(fixture_good(0));
    fixture_run_ms(300);
    gt_issuers_free(fixture.issuers);
    fixture.issuers = NULL;
    for (size_t i = 0; i < CROWD; i++) {
        fixture_await(answers[i]);
        unavailable(answers[i], "the server is ending");
    }
    unavailable(fixture_ask(fixture_good(0)), "the server is ending");
    fixture_release();
    ck_assert_uint_eq(fixture.passed, 0);
}
END_TEST

START_TEST(a_client_that_goes_while_it_waits_is_no_trouble)
{
    fixture.discovery.hangs = true;
    fixture_send(fixture_good(0));
    fixture_run_ms(50);
    gt_http_free(fixture.clients);
    fixture.clients = gt_http_new(fixture.loop, &(struct gt_http_options){0});
    fixture_run_ms(50);
    fixture_release();
    fixture_run_ms(100);
    ck_assert_uint_eq(fixture.passed, 1);
    ck_assert_int_eq(fixture_ask(fixture_good(0))->status, 200);
}
END_TEST

Suite *keys_suite(void)
{
    static const struct TTest *const *const tests[] = {
        &a_crowd_makes_one_fetch,
        &a_crowd_before_an_issuer_that_is_down_makes_one_fetch,
        &a_new_key_is_fetched_and_the_old_one_goes,
        &unknown_keys_do_not_make_it_ask_again_and_again,
        &an_issuer_that_is_down_is_tried_again_a_little_later,
        &good_keys_stay_good_while_the_issuer_is_down,
        &keys_are_refreshed_behind_requests,
        &keys_that_are_too_old_are_waited_for,
        &a_slow_issuer_is_waited_for,
        &an_issuer_that_never_answers_is_given_up,
        &who_waits_is_judged_by_the_rule_of_its_request,
        &documents_that_cannot_be_used_are_said_to_be_so,
        &keys_that_are_none_verify_nothing,
        &discovery_urls_are_https_or_this_machine,
        &the_document_must_be_that_of_the_issuer,
        &an_issuer_of_this_program_is_asked_directly,
        &more_issuers_than_are_kept_still_work,
        &who_waits_is_answered_when_the_issuers_end,
        &a_client_that_goes_while_it_waits_is_no_trouble,
    };
    Suite *suite = suite_create("keys");
    TCase *tcase = tcase_create("keys");
    tcase_add_unchecked_fixture(tcase, fixture_keys_setup, fixture_keys_teardown);
    tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
    for (size_t i = 0; i < GT_COUNT(tests); i++)
        tcase_add_test(tcase, *tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
