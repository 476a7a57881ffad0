/* Roles: of profiles, by web identity, and on top of the chain; against a server that plays STS. */
#include "credentials_fixture.h"
#include "credentials_suites.h"
#include <gantry/base/str.h>
#include <string.h>

#define ROLE "arn:aws:iam::123456789012:role/"

static void serve_one(const char *action, const char *access)
{
    const struct rule rules[] = {
        {gt_printf(fixture.arena, "Action=%s&", action), 200, sts_answer(action, access), 0}};
    serve(rules, GT_COUNT(rules));
    fixture.options.endpoint_url = url("");
}

START_TEST(a_role_is_assumed_with_the_keys_of_its_source_profile)
{
    serve_one("AssumeRole", "AKROLE");
    home_file(".aws/config", "[profile dev]\nrole_arn = " ROLE "dev\nsource_profile = base\n"
                             "external_id = ex/1\nrole_session_name = me@work\n"
                             "duration_seconds = 900\n");
    home_file(".aws/credentials", "[base]\naws_access_key_id = AKBASE\n"
                                  "aws_secret_access_key = HUSH\n");
    struct asked asked = ask("dev");
    expect_keys(asked, "AKROLE", "profile dev (assume role)");
    ck_assert_str_eq(asked.secret, "HUSH-AKROLE");
    ck_assert_str_eq(asked.token, "TOKEN-AKROLE");
    ck_assert_str_eq(asked.account, "123456789012");
    ck_assert_int_eq(asked.expires_ms, fixture.now_ms + 3600 * 1000);

    ck_assert_int_eq(request_count(""), 1);
    static const char *const expected[] = {
        "POST / HTTP/1.1",
        "Credential=AKBASE/20260117/eu-west-1/sts/aws4_request",
        "Content-Type: application/x-www-form-urlencoded",
        "Action=AssumeRole&Version=2011-06-15&",
        "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdev",
        "RoleSessionName=me%40work",
        "ExternalId=ex%2F1",
        "DurationSeconds=900",
    };
    for (size_t i = 0; i < GT_COUNT(expected); i++)
        ck_assert_msg(strstr(requests(), expected[i]) != NULL, "%s: %s", expected[i], requests());
    ck_assert_ptr_null(strstr(requests(), "HUSH"));
}
END_TEST

START_TEST(roles_chain_from_the_innermost_profile_outwards)
{
    const struct rule rules[] = {
        {"role%2Fb", 200, sts_answer("AssumeRole", "AKB"), 1},
        {"role%2Fa", 200, sts_answer("AssumeRole", "AKA"), 1},
    };
    serve(rules, GT_COUNT(rules));
    fixture.options.endpoint_url = url("/prefix/");
    home_file(".aws/config", "[profile a]\nrole_arn = " ROLE "a\nsource_profile = b\n"
                             "[profile b]\nrole_arn = " ROLE "b\nsource_profile = c\n"
                             "[profile c]\naws_access_key_id = AKC\n"
                             "aws_secret_access_key = HUSH\n");
    expect_keys(ask("a"), "AKA", "profile a (assume role)");
    const char *second = strstr(requests(), "----");
    ck_assert_ptr_nonnull(strstr(requests(), "POST /prefix/ HTTP/1.1"));
    ck_assert_ptr_nonnull(strstr(requests(), "Credential=AKC/"));
    ck_assert_ptr_nonnull(strstr(second, "Credential=AKB/"));
    ck_assert_ptr_nonnull(strstr(second, "TOKEN-AKB"));
    ck_assert_ptr_nonnull(strstr(second, "RoleSessionName=gantry-1768653296"));
}
END_TEST

START_TEST(a_profile_may_be_its_own_source_of_keys)
{
    serve_one("AssumeRole", "AKROLE");
    home_file(".aws/config", "[default]\nrole_arn = " ROLE "dev\nsource_profile = default\n"
                             "aws_access_key_id = AKOWN\naws_secret_access_key = HUSH\n");
    expect_keys(ask(NULL), "AKROLE", "profile default (assume role)");
    ck_assert_ptr_nonnull(strstr(requests(), "Credential=AKOWN/"));
}
END_TEST

START_TEST(a_role_may_take_its_keys_from_the_environment)
{
    serve_one("AssumeRole", "AKROLE");
    home_file(".aws/config", "[profile dev]\nrole_arn = " ROLE "dev\n"
                             "credential_source = Environment\n");
    set_env("AWS_ACCESS_KEY_ID", "AKENV");
    set_env("AWS_SECRET_ACCESS_KEY", "HUSH");
    expect_keys(ask("dev"), "AKROLE", "profile dev (assume role)");
    ck_assert_ptr_nonnull(strstr(requests(), "Credential=AKENV/"));
}
END_TEST

START_TEST(a_role_may_take_its_keys_from_the_container)
{
    const struct rule rules[] = {
        {"GET /keys", 200,
         "{\"AccessKeyId\": \"AKCONT\", \"SecretAccessKey\": \"HUSH\", \"Token\": \"T\", "
         "\"Expiration\": \"2026-01-17T18:34:56Z\"}",
         0},
        {"Action=AssumeRole&", 200, sts_answer("AssumeRole", "AKROLE"), 0},
    };
    serve(rules, GT_COUNT(rules));
    set_env("AWS_ENDPOINT_URL_STS", url(""));
    set_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", url("/keys"));
    home_file(".aws/config", "[profile dev]\nrole_arn = " ROLE "dev\n"
                             "credential_source = EcsContainer\n");
    expect_keys(ask("dev"), "AKROLE", "profile dev (assume role)");
    ck_assert_ptr_nonnull(strstr(requests(), "Credential=AKCONT/"));
}
END_TEST

static const struct {
    const char *name, *config, *says;
} bad_roles[] = {
    {"loop of two",
     "[default]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\n"
     "source_profile = default\n",
     "the source profiles form a loop: default -> b -> default"},
    {"loop of three, further in",
     "[default]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = c\n"
     "[profile c]\nrole_arn = r\nsource_profile = b\n",
     "the source profiles form a loop: default -> b -> c -> b"},
    {"itself without keys", "[default]\nrole_arn = r\nsource_profile = default\n",
     "the source profiles form a loop: default -> default"},
    {"absent source", "[default]\nrole_arn = r\nsource_profile = gone\n",
     "its source_profile \"gone\" does not exist"},
    {"no source", "[default]\nrole_arn = r\n", "neither source_profile nor credential_source"},
    {"two sources",
     "[default]\nrole_arn = r\nsource_profile = b\ncredential_source = Environment\n",
     "has both source_profile and credential_source"},
    {"unknown source", "[default]\nrole_arn = r\ncredential_source = Ec2\n",
     "unknown credential_source \"Ec2\""},
    {"source without keys",
     "[default]\nrole_arn = r\nsource_profile = b\n[profile b]\nregion = x\n",
     "profile \"default\": source_profile \"b\" has no keys"},
    {"place without keys", "[default]\nrole_arn = r\ncredential_source = Environment\n",
     "profile \"default\": credential_source Environment has no keys"},
    {"mfa", "[default]\nrole_arn = r\nsource_profile = b\nmfa_serial = arn:aws:iam::1:mfa/x\n",
     "gantry does not ask for MFA codes"},
    {"duration no number", "[default]\nrole_arn = r\nsource_profile = b\nduration_seconds = 1h\n",
     "duration_seconds is out of range"},
    {"duration too short", "[default]\nrole_arn = r\nsource_profile = b\nduration_seconds = 60\n",
     "duration_seconds is out of range"},
};

START_TEST(a_profile_that_makes_no_sense_is_an_error)
{
    home_file(".aws/config", bad_roles[_i].config);
    expect_failure(ask(NULL), bad_roles[_i].says);
}
END_TEST

START_TEST(a_refusal_of_sts_is_told_whole_but_without_signed_text)
{
    const struct rule rules[] = {
        {"POST", 403,
         "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code>"
         "<Message>The signature does not match.\n\nThe Canonical String for this request should "
         "have been\n'HUSH'</Message>"
         "</Error><RequestId>r-9</RequestId></ErrorResponse>",
         0}};
    serve(rules, GT_COUNT(rules));
    fixture.options.endpoint_url = url("");
    home_file(".aws/config", "[default]\nrole_arn = " ROLE "dev\nsource_profile = default\n"
                             "aws_access_key_id = AKOWN\naws_secret_access_key = HUSH\n");
    expect_failure(ask(NULL), "AssumeRole of " ROLE "dev was refused: SignatureDoesNotMatch: The "
                              "signature does not match. (the secret key does not belong");
    ck_assert_int_eq(request_count(""), 1);
    const struct gt_diag *diag = NULL;
    for (size_t i = 0; i < fixture.diags.list.len; i++)
        if (strcmp(fixture.diags.list.at[i]->code, "credentials-failed") == 0)
            diag = fixture.diags.list.at[i];
    ck_assert_ptr_nonnull(diag);
    ck_assert_int_eq(diag->remote.http_status, 403);
    ck_assert_str_eq(diag->remote.request_id, "req-1");
}
END_TEST

START_TEST(a_passing_failure_of_sts_is_tried_again)
{
    const struct rule rules[] = {
        {"POST", 503, "<html>busy</html>", 1},
        {"POST", 0, "", 1},
        {"POST", 200, sts_answer("AssumeRole", "AKROLE"), 1},
    };
    serve(rules, GT_COUNT(rules));
    fixture.options.endpoint_url = url("");
    home_file(".aws/config", "[default]\nrole_arn = " ROLE "dev\nsource_profile = default\n"
                             "aws_access_key_id = AKOWN\naws_secret_access_key = HUSH\n");
    expect_keys(ask(NULL), "AKROLE", "profile default (assume role)");
    ck_assert_int_eq(request_count(""), 3);
}
END_TEST

static const struct {
    const char *body, *says;
} junk[] = {
    {"<html><body>sign in to the hotel's network</body></html>", "AssumeRole at http"},
    {"", "AssumeRole at http"},
    {"<AssumeRoleResponse><Credentials><AccessKeyId>A</AccessKeyId>", "AssumeRole at http"},
    {"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</"
     "AccessKeyId><SecretAccessKey>HUSH</SecretAccessKey>"
     "</Credentials></AssumeRoleResult></AssumeRoleResponse>",
     "has no SessionToken"},
};

START_TEST(an_answer_that_is_none_of_sts_is_an_error)
{
    const struct rule rules[] = {{"POST", 200, junk[_i].body, 0}};
    serve(rules, GT_COUNT(rules));
    fixture.options.endpoint_url = url("");
    home_file(".aws/config", "[default]\nrole_arn = " ROLE "dev\nsource_profile = default\n"
                             "aws_access_key_id = AKOWN\naws_secret_access_key = HUSH\n");
    expect_failure(ask(NULL), junk[_i].says);
}
END_TEST

static const struct {
    const char *name;
    bool option, own_variable, variable;
    const char *config, *path;
} endpoints[] = {
    {"option", true, true, true, "endpoint_url = %s\n", "POST /option/ "},
    {"variable of the service", false, true, true, "endpoint_url = %s\n", "POST /sts/ "},
    {"variable for all", false, false, true, "endpoint_url = %s\n", "POST /all/ "},
    {"services of the profile", false, false, false,
     "services = s\nendpoint_url = %s/no\n[services s]\niam =\n  endpoint_url = x\nsts =\n"
     "  endpoint_url = %s\n",
     "POST /profile/ "},
    {"profile", false, false, false, "endpoint_url = %s\n", "POST /profile/ "},
};

START_TEST(the_endpoint_of_sts_can_be_configured)
{
    serve_one("AssumeRole", "AKROLE");
    fixture.options.endpoint_url = endpoints[_i].option ? url("/option") : NULL;
    if (endpoints[_i].own_variable)
        set_env("AWS_ENDPOINT_URL_STS", url("/sts"));
    if (endpoints[_i].variable)
        set_env("AWS_ENDPOINT_URL", url("/all"));
    const char *text = "[default]\nrole_arn = " ROLE "dev\nsource_profile = default\n"
                       "aws_access_key_id = AKOWN\naws_secret_access_key = HUSH\n";
    const char *rest = endpoints[_i].config;
    for (const char *at; (at = strstr(rest, "%s")) != NULL; rest = at + 2)
        text = gt_printf(fixture.arena, "%s%.*s%s", text, (int)(at - rest), rest, url("/profile"));
    home_file(".aws/config", gt_printf(fixture.arena, "%s%s", text, rest));
    expect_keys(ask(NULL), "AKROLE", "profile default (assume role)");
    ck_assert_msg(strstr(requests(), endpoints[_i].path) != NULL, "%s: %s", endpoints[_i].name,
                  requests());
}
END_TEST

START_TEST(a_token_file_of_the_environment_gives_a_role_unsigned)
{
    serve_one("AssumeRoleWithWebIdentity", "AKWEB");
    set_env("AWS_WEB_IDENTITY_TOKEN_FILE", home_file("token", "eyJ.TOKEN+1\n"));
    set_env("AWS_ROLE_ARN", ROLE "web");
    set_env("AWS_ROLE_SESSION_NAME", "pod-1");
    expect_keys(ask(NULL), "AKWEB", "web identity");
    ck_assert_ptr_null(strstr(requests(), "Authorization"));
    ck_assert_ptr_null(strstr(requests(), "X-Amz-Date"));
    ck_assert_ptr_nonnull(strstr(requests(), "WebIdentityToken=eyJ.TOKEN%2B1\n"));
    ck_assert_ptr_nonnull(strstr(requests(), "RoleSessionName=pod-1"));

    /* The token is read anew for every refresh. */
    home_file("token", "eyJ.SECOND");
    gt_credentials_expire(fixture.credentials, "AKWEB");
    ask(NULL);
    ck_assert_ptr_nonnull(strstr(requests(), "WebIdentityToken=eyJ.SECOND\n"));
}
END_TEST

START_TEST(a_source_profile_does_not_take_the_token_of_the_environment)
{
    set_env("AWS_WEB_IDENTITY_TOKEN_FILE", home_file("token", "eyJ.TOKEN"));
    set_env("AWS_ROLE_ARN", ROLE "web");
    home_file(".aws/config", "[default]\nrole_arn = r\nsource_profile = b\n[profile b]\n"
                             "region = x\n");
    expect_failure(ask(NULL), "source_profile \"b\" has no keys");
}
END_TEST

START_TEST(an_endpoint_that_is_no_url_is_an_error)
{
    set_env("AWS_ENDPOINT_URL_STS", "ftp://example.com");
    home_file(".aws/config", "[default]\nrole_arn = " ROLE "dev\nsource_profile = default\n"
                             "aws_access_key_id = AKOWN\naws_secret_access_key = HUSH\n");
    expect_failure(ask(NULL), "AssumeRole: the endpoint from AWS_ENDPOINT_URL_STS is neither");
}
END_TEST

START_TEST(a_token_file_of_the_profile_gives_a_role)
{
    serve_one("AssumeRoleWithWebIdentity", "AKWEB");
    home_file("token", "eyJ.TOKEN");
    home_file(".aws/config", "[profile web]\nrole_arn = " ROLE "web\n"
                             "web_identity_token_file = ~/token\n");
    expect_keys(ask("web"), "AKWEB", "web identity");
}
END_TEST

static const struct {
    const char *name, *token, *role, *says;
} bad_tokens[] = {
    {"absent file", "/absent/token", ROLE "web", "the token file /absent/token does not exist"},
    {"empty file", "/dev/null", ROLE "web", "the token file /dev/null is empty"},
    {"no role", "/dev/null", NULL, "no role to assume with it"},
};

START_TEST(a_token_that_cannot_be_used_is_an_error)
{
    set_env("AWS_WEB_IDENTITY_TOKEN_FILE", bad_tokens[_i].token);
    if (bad_tokens[_i].role != NULL)
        set_env("AWS_ROLE_ARN", bad_tokens[_i].role);
    expect_failure(ask(NULL), bad_tokens[_i].says);
}
END_TEST

START_TEST(a_role_of_the_manifest_goes_on_top)
{
    serve_one("AssumeRole", "AKTOP");
    static const struct gt_assume_role top = {.role_arn = ROLE "deploy", .external_id = "x-1"};
    fixture.options.assume_role = &top;
    set_env("AWS_ACCESS_KEY_ID", "AKENV");
    set_env("AWS_SECRET_ACCESS_KEY", "HUSH");
    expect_keys(ask(NULL), "AKTOP", "role " ROLE "deploy (by environment)");
    ck_assert_ptr_nonnull(strstr(requests(), "ExternalId=x-1"));
    ck_assert_ptr_null(strstr(requests(), "DurationSeconds"));
}
END_TEST

START_TEST(github_hands_out_a_token)
{
    const struct rule rules[] = {
        {"GET /token", 502, "", 1},
        {"GET /token?run=1&audience=sts.amazonaws.com ", 200, "{\"value\": \"eyJ.GITHUB\"}", 0},
        {"Action=AssumeRoleWithWebIdentity", 200, sts_answer("AssumeRoleWithWebIdentity", "AKHUB"),
         0},
    };
    serve(rules, GT_COUNT(rules));
    fixture.options.endpoint_url = url("");
    static const struct gt_web_identity github = {.github = true, .role_arn = ROLE "ci"};
    fixture.options.web_identity = &github;
    set_env("ACTIONS_ID_TOKEN_REQUEST_URL", url("/token?run=1"));
    set_env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-token");
    /* It comes in place of the chain. */
    set_env("AWS_ACCESS_KEY_ID", "AKENV");
    set_env("AWS_SECRET_ACCESS_KEY", "HUSH");
    expect_keys(ask(NULL), "AKHUB", "web identity (GitHub)");
    ck_assert_ptr_nonnull(strstr(requests(), "Authorization: bearer request-token"));
    ck_assert_ptr_nonnull(strstr(requests(), "WebIdentityToken=eyJ.GITHUB\n"));
}
END_TEST

START_TEST(github_without_its_permission_is_an_error)
{
    static const struct gt_web_identity github = {.github = true, .role_arn = ROLE "ci"};
    fixture.options.web_identity = &github;
    if (_i == 1) {
        set_env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "HUSH");
        set_env("ACTIONS_ID_TOKEN_REQUEST_URL", "http://example.com/token");
    }
    expect_failure(ask(NULL), _i == 1 ? "ACTIONS_ID_TOKEN_REQUEST_URL is no https URL"
                                      : "ACTIONS_ID_TOKEN_REQUEST_URL is not set");
}
END_TEST

START_TEST(a_pipeline_hands_out_a_token_by_variable_or_file)
{
    serve_one("AssumeRoleWithWebIdentity", "AKCI");
    struct gt_web_identity pipeline = {.role_arn = ROLE "ci", .session_name = "ci-1"};
    if (_i == 0)
        pipeline.env = "CI_JOB_JWT";
    else
        pipeline.file = home_file("jwt", "eyJ.PIPE");
    set_env("CI_JOB_JWT", "eyJ.PIPE");
    fixture.options.web_identity = &pipeline;
    expect_keys(ask(NULL), "AKCI", _i == 0 ? "web identity (variable)" : "web identity (file)");
    ck_assert_ptr_nonnull(strstr(requests(), "WebIdentityToken=eyJ.PIPE"));
    ck_assert_ptr_nonnull(strstr(requests(), "RoleSessionName=ci-1"));
}
END_TEST

START_TEST(a_pipeline_without_its_variable_is_an_error)
{
    static const struct gt_web_identity pipeline = {.env = "CI_JOB_JWT", .role_arn = ROLE "ci"};
    fixture.options.web_identity = &pipeline;
    expect_failure(ask(NULL), "provider.webIdentity: CI_JOB_JWT is not set");
}
END_TEST

Suite *roles_suite(void)
{
    Suite *suite = suite_create("roles");
    TCase *tests = tcase_create("roles");
    tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
    tcase_add_test(tests, a_role_is_assumed_with_the_keys_of_its_source_profile);
    tcase_add_test(tests, roles_chain_from_the_innermost_profile_outwards);
    tcase_add_test(tests, a_profile_may_be_its_own_source_of_keys);
    tcase_add_test(tests, a_role_may_take_its_keys_from_the_environment);
    tcase_add_test(tests, a_role_may_take_its_keys_from_the_container);
    tcase_add_loop_test(tests, a_profile_that_makes_no_sense_is_an_error, 0,
                        (int)GT_COUNT(bad_roles));
    tcase_add_test(tests, a_refusal_of_sts_is_told_whole_but_without_signed_text);
    tcase_add_test(tests, a_passing_failure_of_sts_is_tried_again);
    tcase_add_loop_test(tests, an_answer_that_is_none_of_sts_is_an_error, 0, (int)GT_COUNT(junk));
    tcase_add_loop_test(tests, the_endpoint_of_sts_can_be_configured, 0, (int)GT_COUNT(endpoints));
    tcase_add_test(tests, a_token_file_of_the_environment_gives_a_role_unsigned);
    tcase_add_test(tests, a_source_profile_does_not_take_the_token_of_the_environment);
    tcase_add_test(tests, an_endpoint_that_is_no_url_is_an_error);
    tcase_add_test(tests, a_token_file_of_the_profile_gives_a_role);
    tcase_add_loop_test(tests, a_token_that_cannot_be_used_is_an_error, 0,
                        (int)GT_COUNT(bad_tokens));
    tcase_add_test(tests, a_role_of_the_manifest_goes_on_top);
    tcase_add_test(tests, github_hands_out_a_token);
    tcase_add_loop_test(tests, github_without_its_permission_is_an_error, 0, 2);
    tcase_add_loop_test(tests, a_pipeline_hands_out_a_token_by_variable_or_file, 0, 2);
    tcase_add_test(tests, a_pipeline_without_its_variable_is_an_error);
    suite_add_tcase(suite, tests);
    return suite;
}
