/* Keys that stand somewhere, or that a program prints; and what is said when there are none. */
#include "credentials_fixture.h"
#include "credentials_suites.h"
#include <gantry/base/str.h>
#include <string.h>
#include <sys/stat.h>

START_TEST(the_environment_comes_first)
{
    home_file(".aws/credentials", "[default]\naws_access_key_id = AKFILE\n"
                                  "aws_secret_access_key = HUSH\n");
    set_env("AWS_ACCESS_KEY_ID", "AKENV");
    set_env("AWS_SECRET_ACCESS_KEY", "HUSH+/=");
    set_env("AWS_SESSION_TOKEN", "TOKEN");
    set_env("AWS_ACCOUNT_ID", "123456789012");
    struct asked asked = ask(NULL);
    expect_keys(asked, "AKENV", "environment");
    ck_assert_str_eq(asked.secret, "HUSH+/=");
    ck_assert_str_eq(asked.token, "TOKEN");
    ck_assert_str_eq(asked.account, "123456789012");
    ck_assert_int_eq(asked.expires_ms, 0);
}
END_TEST

START_TEST(a_profile_of_the_environment_does_not_skip_its_keys)
{
    home_file(".aws/credentials", "[dev]\naws_access_key_id = AKFILE\n"
                                  "aws_secret_access_key = HUSH\n");
    set_env("AWS_ACCESS_KEY_ID", "AKENV");
    set_env("AWS_SECRET_ACCESS_KEY", "HUSH");
    set_env("AWS_PROFILE", "dev");
    expect_keys(ask(NULL), "AKENV", "environment");
}
END_TEST

START_TEST(a_profile_by_name_skips_the_environment)
{
    const char *path = home_file(".aws/credentials", "[dev]\naws_access_key_id = AKFILE\n"
                                                     "aws_secret_access_key = HUSH\n"
                                                     "aws_session_token = TOKEN\n"
                                                     "aws_account_id = 123456789012\n");
    set_env("AWS_ACCESS_KEY_ID", "AKENV");
    set_env("AWS_SECRET_ACCESS_KEY", "HUSH");
    set_env("AWS_WEB_IDENTITY_TOKEN_FILE", "/absent");
    set_env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r");
    struct asked asked = ask("dev");
    expect_keys(asked, "AKFILE", gt_printf(fixture.arena, "profile dev (%s)", path));
    ck_assert_str_eq(asked.token, "TOKEN");
    ck_assert_str_eq(asked.account, "123456789012");
}
END_TEST

START_TEST(the_credentials_file_comes_before_the_config_file)
{
    home_file(".aws/config", "[default]\naws_access_key_id = AKCONFIG\n"
                             "aws_secret_access_key = HUSH\n");
    struct asked asked = ask(NULL);
    ck_assert_str_eq(asked.access, "AKCONFIG");
    gt_credentials_free(fixture.credentials);
    fixture.credentials = NULL;
    home_file(".aws/credentials", "[default]\naws_access_key_id = AKFILE\n"
                                  "aws_secret_access_key = HUSH\n");
    asked = ask(NULL);
    ck_assert_str_eq(asked.access, "AKFILE");
}
END_TEST

static const struct {
    const char *name, *file, *text, *variable, *value, *says;
} partial[] = {
    {"half of the environment", NULL, NULL, "AWS_ACCESS_KEY_ID", "AKENV",
     "environment: AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not"},
    {"half of the credentials file", ".aws/credentials", "[default]\naws_access_key_id = A\n", NULL,
     NULL, "credentials file: profile \"default\" has no aws_secret_access_key in "},
    {"half of the config file", ".aws/config", "[default]\naws_secret_access_key = HUSH\n", NULL,
     NULL, "config file: profile \"default\" has no aws_access_key_id in "},
};

START_TEST(half_a_key_is_an_error_and_not_passed_over)
{
    if (partial[_i].file != NULL)
        home_file(partial[_i].file, partial[_i].text);
    if (partial[_i].variable != NULL)
        set_env(partial[_i].variable, partial[_i].value);
    expect_failure(ask(NULL), partial[_i].says);
}
END_TEST

START_TEST(a_source_that_is_configured_and_fails_ends_the_chain)
{
    home_file(".aws/credentials", "[default]\naws_access_key_id = AKFILE\n"
                                  "aws_secret_access_key = HUSH\n");
    set_env("AWS_ACCESS_KEY_ID", "AKENV");
    expect_failure(ask(NULL), "AWS_SECRET_ACCESS_KEY is not");
    ck_assert_uint_eq(fixture.diags.list.len, 2);
}
END_TEST

START_TEST(a_line_break_that_came_along_with_a_key_is_an_error)
{
    static const struct {
        const char *access, *secret, *token, *says;
    } rows[] = {
        {"AKENV\r", "HUSH", "TOKEN", "environment: the access key id holds a character"},
        {"AKENV", " HUSH", "TOKEN", "environment: the secret access key holds a character"},
        {"AKENV", "HUSH", "TOKEN\n", "environment: the session token holds a character"},
    };
    set_env("AWS_ACCESS_KEY_ID", rows[_i].access);
    set_env("AWS_SECRET_ACCESS_KEY", rows[_i].secret);
    set_env("AWS_SESSION_TOKEN", rows[_i].token);
    expect_failure(ask(NULL), rows[_i].says);
}
END_TEST

START_TEST(keys_that_expired_are_an_error)
{
    set_env("AWS_ACCESS_KEY_ID", "AKENV");
    set_env("AWS_SECRET_ACCESS_KEY", "HUSH");
    set_env("AWS_CREDENTIAL_EXPIRATION", "2026-01-17T12:34:56Z");
    expect_failure(ask(NULL), "environment: the keys expired at 2026-01-17T12:34:56Z");
}
END_TEST

START_TEST(every_provider_says_why_it_gave_none)
{
    struct asked asked = ask(NULL);
    expect_failure(asked, "environment: AWS_ACCESS_KEY_ID is not set");
    static const char *const expected[] = {
        "profile with a role: profile \"default\" has no role_arn",
        "web identity: neither AWS_WEB_IDENTITY_TOKEN_FILE nor web_identity_token_file is set",
        "sso: profile \"default\" has no sso_account_id",
        "credentials file: profile \"default\" has no aws_access_key_id in ",
        "login: profile \"default\" has no login_session",
        "credential_process: profile \"default\" has no credential_process",
        "config file: profile \"default\" has no aws_access_key_id in ",
        "container: no AWS_CONTAINER_CREDENTIALS_... variable is set",
        "instance metadata: not asked, since AWS_EC2_METADATA_DISABLED is true",
        "no credentials found for AWS",
    };
    const char *at = messages();
    for (size_t i = 0; i < GT_COUNT(expected); i++) {
        const char *found = strstr(at, expected[i]);
        ck_assert_msg(found != NULL, "%s is not in its place:\n%s", expected[i], messages());
        at = found;
    }
    ck_assert_uint_eq(fixture.diags.errors, 1);
    ck_assert_uint_eq(fixture.diags.list.len, 11);
}
END_TEST

static void process_profile(const char *script)
{
    const char *path = home_file("my program", script);
    ck_assert_int_eq(chmod(path, 0700), 0);
    home_file(
        ".aws/config",
        gt_printf(fixture.arena, "[default]\ncredential_process = \"%s\" \"a b\" 'c'\n", path));
}

START_TEST(a_program_prints_keys)
{
    process_profile("#!/bin/sh\n[ \"$1\" = 'a b' ] && [ \"$2\" = c ] && [ $# = 2 ] || exit 9\n"
                    "echo '{\"Version\": 1, \"AccessKeyId\": \"AKPROC\", \"SecretAccessKey\": "
                    "\"HUSH\", \"SessionToken\": \"TOKEN\", \"Expiration\": "
                    "\"2026-01-17T13:34:56Z\", \"AccountId\": \"123456789012\"}'\n");
    struct asked asked = ask(NULL);
    expect_keys(asked, "AKPROC", "profile default (credential_process)");
    ck_assert_str_eq(asked.token, "TOKEN");
    ck_assert_str_eq(asked.account, "123456789012");
    ck_assert_int_eq(asked.expires_ms, fixture.now_ms + 3600 * 1000);
}
END_TEST

static const struct {
    const char *script, *says;
} bad_programs[] = {
    {"#!/bin/sh\necho please log in >&2\necho HUSH\nexit 3\n",
     "the program of profile \"default\" ended with status 3: please log in"},
    {"#!/bin/sh\nkill -9 $$\n", "the program of profile \"default\" was ended by signal 9"},
    {"#!/bin/sh\necho 'HUSH'\n", "is no JSON object"},
    {"#!/bin/sh\necho '[]'\n", "is no JSON object"},
    {"#!/bin/sh\necho '{\"Version\": 2, \"AccessKeyId\": \"A\", \"SecretAccessKey\": "
     "\"HUSH\"}'\n",
     "does not say \"Version\": 1"},
    {"#!/bin/sh\necho '{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"HUSH\"}'\n",
     "does not say \"Version\": 1"},
    {"#!/bin/sh\necho '{\"Version\": 1, \"AccessKeyId\": \"HUSH\"}'\n", "has no SecretAccessKey"},
    {"#!/bin/sh\necho '{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": \"HUSH\", "
     "\"Expiration\": \"soon\"}'\n",
     "Expiration is no time"},
    {"#!/bin/sh\necho '{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": \"HUSH\", "
     "\"Expiration\": \"2020-01-01T00:00:00Z\"}'\n",
     "the keys expired at 2020-01-01T00:00:00Z"},
};

START_TEST(a_program_that_fails_is_an_error)
{
    process_profile(bad_programs[_i].script);
    expect_failure(ask(NULL), bad_programs[_i].says);
}
END_TEST

START_TEST(a_program_that_cannot_be_started_is_an_error)
{
    home_file(".aws/config", "[default]\ncredential_process = /absent/program\n");
    expect_failure(ask(NULL), "/absent/program");
}
END_TEST

START_TEST(a_command_with_an_open_quote_is_an_error)
{
    home_file(".aws/config", "[default]\ncredential_process = /bin/echo 'x\n");
    expect_failure(ask(NULL), "credential_process: profile \"default\": credential_process: ");
}
END_TEST

Suite *credentials_suite(void)
{
    Suite *suite = suite_create("credentials");
    TCase *tests = tcase_create("credentials");
    tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
    tcase_add_test(tests, the_environment_comes_first);
    tcase_add_test(tests, a_profile_of_the_environment_does_not_skip_its_keys);
    tcase_add_test(tests, a_profile_by_name_skips_the_environment);
    tcase_add_test(tests, the_credentials_file_comes_before_the_config_file);
    tcase_add_loop_test(tests, half_a_key_is_an_error_and_not_passed_over, 0,
                        (int)GT_COUNT(partial));
    tcase_add_test(tests, a_source_that_is_configured_and_fails_ends_the_chain);
    tcase_add_loop_test(tests, a_line_break_that_came_along_with_a_key_is_an_error, 0, 3);
    tcase_add_test(tests, keys_that_expired_are_an_error);
    tcase_add_test(tests, every_provider_says_why_it_gave_none);
    tcase_add_test(tests, a_program_prints_keys);
    tcase_add_loop_test(tests, a_program_that_fails_is_an_error, 0, (int)GT_COUNT(bad_programs));
    tcase_add_test(tests, a_program_that_cannot_be_started_is_an_error);
    tcase_add_test(tests, a_command_with_an_open_quote_is_an_error);
    suite_add_tcase(suite, tests);
    return suite;
}
