/* Logins that other tools made: aws sso login and aws login. */
#include "credentials_fixture.h"
#include "credentials_suites.h"
#include <gantry/base/str.h>
#include <string.h>

/* SHA-1 of "corp", and of "https://corp.example/start". */
#define SESSION_FILE ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json"
#define LEGACY_FILE ".aws/sso/cache/f7c9b39d0b4c7a7d82c79307585f77e1c5e74378.json"

#define ROLE_KEYS                                                                                  \
    "{\"roleCredentials\": {\"accessKeyId\": \"AKSSO\", \"secretAccessKey\": \"HUSH\", "           \
    "\"sessionToken\": \"TOKEN\", \"expiration\": 1768656896000}}"

static const char session_config[] = "[profile dev]\nsso_session = corp\n"
                                     "sso_account_id = 123456789012\nsso_role_name = Dev Role\n"
                                     "[sso-session corp]\nsso_region = eu-north-1\n"
                                     "sso_start_url = https://corp.example/start\n";
static const char legacy_config[] = "[profile dev]\nsso_account_id = 123456789012\n"
                                    "sso_role_name = Dev\nsso_region = eu-north-1\n"
                                    "sso_start_url = https://corp.example/start\n";

static void login(const char *file, const char *expires, const char *more)
{
    home_file(file,
              gt_printf(fixture.arena, "{\"accessToken\": \"SSO-TOKEN\", \"expiresAt\": \"%s\"%s}",
                        expires, more));
}

static void serve_portal(void)
{
    static const struct rule rules[] = {{"GET /federation/credentials?", 200, ROLE_KEYS, 0}};
    serve(rules, GT_COUNT(rules));
    set_env("AWS_ENDPOINT_URL_SSO", url(""));
}

START_TEST(an_sso_session_gives_the_keys_of_its_role)
{
    serve_portal();
    home_file(".aws/config", session_config);
    login(SESSION_FILE, "2026-01-17T20:00:00Z", "");
    struct asked asked = ask("dev");
    expect_keys(asked, "AKSSO", "profile dev (sso)");
    ck_assert_str_eq(asked.account, "123456789012");
    ck_assert_int_eq(asked.expires_ms, 1768656896000);
    ck_assert_ptr_nonnull(
        strstr(requests(), "credentials?role_name=Dev%20Role&account_id=123456789012 HTTP"));
    ck_assert_ptr_nonnull(strstr(requests(), "x-amz-sso_bearer_token: SSO-TOKEN\r\n"));
}
END_TEST

START_TEST(a_legacy_profile_uses_its_start_url)
{
    serve_portal();
    home_file(".aws/config", legacy_config);
    login(LEGACY_FILE, "2026-01-17T20:00:00Z", "");
    expect_keys(ask("dev"), "AKSSO", "profile dev (sso)");
}
END_TEST

static const struct {
    const char *name, *config, *token, *says;
} bad_logins[] = {
    {"expired", session_config,
     "{\"accessToken\": \"HUSH\", \"expiresAt\": \"2026-01-17T12:00:00Z\"}",
     "the login has expired (run aws sso login --profile dev)"},
    {"none", session_config, NULL, "nobody has logged in (run aws sso login --profile dev)"},
    {"junk", session_config, "HUSH", "holds no token (run aws sso login --profile dev)"},
    {"no expiry", session_config, "{\"accessToken\": \"HUSH\"}", "holds no token"},
    {"incomplete", "[profile dev]\nsso_account_id = 1\n", NULL,
     "profile \"dev\" lacks sso_role_name, sso_start_url, sso_region"},
    {"no such session",
     "[profile dev]\nsso_account_id = 1\nsso_role_name = r\nsso_session = gone\n", NULL,
     "lacks sso_start_url, sso_region (with sso-session \"gone\")"},
    {"inconsistent",
     "[profile dev]\nsso_account_id = 1\nsso_role_name = r\nsso_session = s\nsso_region = a\n"
     "[sso-session s]\nsso_region = b\nsso_start_url = u\n",
     NULL, "profile \"dev\" and sso-session \"s\" have different sso_region"},
};

START_TEST(a_login_that_cannot_be_used_says_what_to_do)
{
    home_file(".aws/config", bad_logins[_i].config);
    if (bad_logins[_i].token != NULL)
        home_file(SESSION_FILE, bad_logins[_i].token);
    expect_failure(ask("dev"), bad_logins[_i].says);
}
END_TEST

START_TEST(a_refusal_of_the_portal_is_an_error)
{
    const struct rule rules[] = {{"GET", _i == 0 ? 401 : 403, "{\"message\": \"HUSH\"}", 0}};
    serve(rules, GT_COUNT(rules));
    set_env("AWS_ENDPOINT_URL_SSO", url(""));
    home_file(".aws/config", session_config);
    login(SESSION_FILE, "2026-01-17T20:00:00Z", "");
    expect_failure(ask("dev"), _i == 0 ? "run aws sso login --profile dev"
                                       : "no keys for role Dev Role in account 123456789012: HTTP");
}
END_TEST

START_TEST(a_portal_that_says_later_is_asked_again)
{
    const struct rule rules[] = {
        {"GET", 503, "busy", 1}, {"GET", 0, NULL, 1}, {"GET", 200, ROLE_KEYS, 0}};
    serve(rules, GT_COUNT(rules));
    set_env("AWS_ENDPOINT_URL_SSO", url(""));
    home_file(".aws/config", session_config);
    login(SESSION_FILE, "2026-01-17T20:00:00Z", "");
    expect_keys(ask("dev"), "AKSSO", "profile dev (sso)");
    ck_assert_int_eq(request_count("GET"), 3);
}
END_TEST

#define REGISTRATION                                                                               \
    ", \"clientId\": \"cid\", \"clientSecret\": \"cs\", \"refreshToken\": \"old-refresh\", "       \
    "\"registrationExpiresAt\": \"2026-03-01T00:00:00Z\", \"startUrl\": \"kept\""

START_TEST(a_token_about_to_expire_is_renewed_and_written_back)
{
    static const struct rule rules[] = {
        {"POST /token ", 200,
         "{\"accessToken\": \"NEW-TOKEN\", \"expiresIn\": 3600, \"refreshToken\": \"new-refresh\"}",
         0},
        {"GET /federation/", 200, ROLE_KEYS, 0},
    };
    serve(rules, GT_COUNT(rules));
    set_env("AWS_ENDPOINT_URL_SSO", url(""));
    set_env("AWS_ENDPOINT_URL_SSO_OIDC", url(""));
    home_file(".aws/config", session_config);
    login(SESSION_FILE, _i == 0 ? "2026-01-17T12:40:00Z" : "2026-01-17T12:00:00Z", REGISTRATION);
    expect_keys(ask("dev"), "AKSSO", "profile dev (sso)");
    ck_assert_ptr_nonnull(strstr(requests(), "\"grantType\":\"refresh_token\""));
    ck_assert_ptr_nonnull(strstr(requests(), "\"refreshToken\":\"old-refresh\""));
    ck_assert_ptr_nonnull(strstr(requests(), "x-amz-sso_bearer_token: NEW-TOKEN\r\n"));

    json_error_t error;
    json_t *saved = gt_keep(
        fixture.arena,
        json_load_file(gt_printf(fixture.arena, "%s/" SESSION_FILE, fixture.home), 0, &error));
    ck_assert_str_eq(json_string_value(json_object_get(saved, "accessToken")), "NEW-TOKEN");
    ck_assert_str_eq(json_string_value(json_object_get(saved, "refreshToken")), "new-refresh");
    ck_assert_str_eq(json_string_value(json_object_get(saved, "expiresAt")),
                     "2026-01-17T13:34:56Z");
    ck_assert_str_eq(json_string_value(json_object_get(saved, "startUrl")), "kept");
}
END_TEST

START_TEST(a_token_that_cannot_be_renewed_is_used_while_it_lasts)
{
    static const struct rule rules[] = {
        {"POST /token ", 400, "{\"error\": \"invalid_grant\"}", 0},
        {"GET /federation/", 200, ROLE_KEYS, 0},
    };
    serve(rules, GT_COUNT(rules));
    set_env("AWS_ENDPOINT_URL_SSO", url(""));
    set_env("AWS_ENDPOINT_URL_SSO_OIDC", url(""));
    home_file(".aws/config", session_config);
    login(SESSION_FILE, _i == 0 ? "2026-01-17T12:40:00Z" : "2026-01-17T12:00:00Z", REGISTRATION);
    if (_i == 0)
        expect_keys(ask("dev"), "AKSSO", "profile dev (sso)");
    else
        expect_failure(ask("dev"), "run aws sso login --profile dev");
}
END_TEST

/* SHA-256 of the login session's name. */
#define LOGIN_SESSION "arn:aws:iam::123456789012:user/ann"
#define LOGIN_FILE "cache/143b1fc18f5ca9bb89e81d9a77fe53029e237039039ccab734b6fb08284f7780.json"

static void login_by_console(const char *expires)
{
    home_file(".aws/config", "[profile console]\nlogin_session = " LOGIN_SESSION "\n");
    set_env("AWS_LOGIN_CACHE_DIRECTORY", "~/cache");
    home_file(LOGIN_FILE, gt_printf(fixture.arena,
                                    "{\"accessToken\": {\"accessKeyId\": \"AKLOGIN\", "
                                    "\"secretAccessKey\": \"HUSH\", \"sessionToken\": \"T\", "
                                    "\"accountId\": \"123456789012\", \"expiresAt\": \"%s\"}, "
                                    "\"refreshToken\": \"HUSH\", \"clientId\": \"c\"}",
                                    expires));
}

START_TEST(keys_of_aws_login_are_used_until_they_expire)
{
    login_by_console("2026-01-17T12:45:00Z");
    struct asked asked = ask("console");
    expect_keys(asked, "AKLOGIN", "profile console (login)");
    ck_assert_str_eq(asked.account, "123456789012");
    ck_assert_int_gt(asked.expires_ms, fixture.now_ms);
}
END_TEST

START_TEST(expired_keys_of_aws_login_say_what_to_do)
{
    login_by_console("2026-01-17T12:30:00Z");
    expect_failure(ask("console"),
                   "the login's keys have expired (run aws login --profile console");
}
END_TEST

START_TEST(a_login_that_nobody_made_says_what_to_do)
{
    home_file(".aws/config", "[profile console]\nlogin_session = x\n");
    expect_failure(ask("console"), "nobody has logged in (run aws login --profile console");
}
END_TEST

Suite *logins_suite(void)
{
    Suite *suite = suite_create("logins");
    TCase *tests = tcase_create("logins");
    tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
    tcase_add_test(tests, an_sso_session_gives_the_keys_of_its_role);
    tcase_add_test(tests, a_legacy_profile_uses_its_start_url);
    tcase_add_loop_test(tests, a_login_that_cannot_be_used_says_what_to_do, 0,
                        (int)GT_COUNT(bad_logins));
    tcase_add_test(tests, a_portal_that_says_later_is_asked_again);
    tcase_add_loop_test(tests, a_refusal_of_the_portal_is_an_error, 0, 2);
    tcase_add_loop_test(tests, a_token_about_to_expire_is_renewed_and_written_back, 0, 2);
    tcase_add_loop_test(tests, a_token_that_cannot_be_renewed_is_used_while_it_lasts, 0, 2);
    tcase_add_test(tests, keys_of_aws_login_are_used_until_they_expire);
    tcase_add_test(tests, expired_keys_of_aws_login_say_what_to_do);
    tcase_add_test(tests, a_login_that_nobody_made_says_what_to_do);
    suite_add_tcase(suite, tests);
    return suite;
}
