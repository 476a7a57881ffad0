/* Metadata services of containers and instances, played by a real HTTP server. */
#include "credentials_fixture.h"
#include "credentials_suites.h"
#include <gantry/base/str.h>
#include <string.h>

#define KEYS                                                                                       \
    "{\"AccessKeyId\": \"AKMETA\", \"SecretAccessKey\": \"HUSH\", \"Token\": \"TOKEN\", "          \
    "\"Expiration\": \"2026-01-17T18:34:56Z\"}"

static void broken_proxy(void)
{
    /* These are curl's own: a request that went through them would fail. */
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
}

START_TEST(a_container_gives_keys_past_any_proxy)
{
    broken_proxy();
    const struct rule rules[] = {{"GET /v2/keys?id=1 ", 200, KEYS, 0}};
    serve(rules, GT_COUNT(rules));
    set_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", url("/v2/keys?id=1"));
    set_env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc");
    struct asked asked = ask(NULL);
    expect_keys(asked, "AKMETA", "container");
    ck_assert_str_eq(asked.token, "TOKEN");
    ck_assert_int_eq(asked.expires_ms, fixture.now_ms + 6 * 3600 * 1000);
    ck_assert_ptr_nonnull(strstr(requests(), "Authorization: Basic abc\r\n"));
}
END_TEST

START_TEST(the_token_file_of_a_container_wins)
{
    const struct rule rules[] = {{"GET /keys ", 200, KEYS, 0}};
    serve(rules, GT_COUNT(rules));
    set_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", url("/keys"));
    set_env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "of the variable");
    set_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", home_file("token", "of the file"));
    expect_keys(ask(NULL), "AKMETA", "container");
    ck_assert_ptr_nonnull(strstr(requests(), "Authorization: of the file\r\n"));
    home_file("token", "of a later file");
    gt_credentials_expire(fixture.credentials, "AKMETA");
    expect_keys(ask(NULL), "AKMETA", "container");
    ck_assert_ptr_nonnull(strstr(requests(), "Authorization: of a later file\r\n"));
}
END_TEST

START_TEST(a_container_without_token_gets_no_authorization)
{
    const struct rule rules[] = {{"GET /keys ", 200, KEYS, 0}};
    serve(rules, GT_COUNT(rules));
    set_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", url("/keys"));
    expect_keys(ask(NULL), "AKMETA", "container");
    ck_assert_ptr_null(strstr(requests(), "Authorization"));
}
END_TEST

START_TEST(a_container_is_asked_three_times)
{
    const struct rule rules[] = {
        {"GET /keys ", 503, "busy", 1},
        {"GET /keys ", 200, "no JSON", 1},
        {"GET /keys ", 200, KEYS, 1},
    };
    serve(rules, GT_COUNT(rules));
    set_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", url("/keys"));
    int64_t start_ms = gt_monotonic_ms(&fixture.sys);
    expect_keys(ask(NULL), "AKMETA", "container");
    ck_assert_int_ge(gt_monotonic_ms(&fixture.sys) - start_ms, 1900);
    ck_assert_int_eq(request_count("GET /keys"), 3);
}
END_TEST

START_TEST(a_container_that_fails_three_times_is_an_error)
{
    const struct rule rules[] = {{"GET /keys ", 404, "{\"message\": \"HUSH\"}", 0}};
    serve(rules, GT_COUNT(rules));
    set_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", url("/keys"));
    expect_failure(ask(NULL), "/keys, 3 times tried: HTTP status 404");
    ck_assert_int_eq(request_count(""), 3);
}
END_TEST

static const char *const refused_urls[] = {
    "http://example.com/keys",
    "http://169.254.170.2.example.com/keys",
    "http://169.254.170.2@example.com/keys",
    "http://example.com#@127.0.0.1/",
    "http://127.0.0.1:80@example.com/",
    "http://169.254.169.254/keys",
    "http://[::2]/keys",
    "http://[::1/keys",
    "http://1270.0.0.1/",
    "http:///keys",
    "ftp://127.0.0.1/keys",
    "file:///etc/passwd",
    "127.0.0.1/keys",
};

START_TEST(keys_come_from_no_other_host)
{
    set_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", refused_urls[_i]);
    expect_failure(ask(NULL), "is not asked for keys");
}
END_TEST

START_TEST(a_relative_uri_cannot_name_another_host)
{
    set_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@example.com/keys");
    expect_failure(ask(NULL), "is not asked for keys");
}
END_TEST

/* Sees what would be sent where nothing listens here. */
struct seen {
    const char *url;
    bool no_proxy;
    int64_t timeout_ms;
};

static void see(void *self, const struct gt_http_request *request, gt_http_fn *fn, void *payload)
{
    struct seen *seen = self;
    *seen = (struct seen){gt_strdup(fixture.arena, request->url), request->no_proxy,
                          request->timeout_ms};
    static const struct gt_http_response response = {
        .outcome = GT_HTTP_ANSWERED, .status = 200, .body = KEYS, .body_len = sizeof(KEYS) - 1};
    fn(payload, &response);
}

static const struct {
    const char *variable, *value, *url;
} allowed_urls[] = {
    {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x", "http://169.254.170.2/v2/x"},
    {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1", "http://169.254.170.23/v1"},
    {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://[fd00:ec2::23]/v1", "http://[fd00:ec2::23]/v1"},
    {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://LOCALHOST:80/v1", "http://LOCALHOST:80/v1"},
    {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.9.9.9:1338/v1", "http://127.9.9.9:1338/v1"},
    {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://[::1]:1338/v1", "http://[::1]:1338/v1"},
    {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://example.com/v1", "https://example.com/v1"},
};

START_TEST(keys_come_from_the_hosts_of_containers)
{
    struct seen seen = {0};
    fixture.options.transport = (struct gt_transport){.send = see, .self = &seen};
    set_env(allowed_urls[_i].variable, allowed_urls[_i].value);
    expect_keys(ask(NULL), "AKMETA", "container");
    ck_assert_str_eq(seen.url, allowed_urls[_i].url);
    ck_assert(seen.no_proxy);
    ck_assert_int_eq(seen.timeout_ms, 2000);
}
END_TEST

START_TEST(a_token_with_a_line_break_is_refused)
{
    set_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/keys");
    if (_i == 0)
        set_env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "HUSH\r\nHost: example.com");
    else
        set_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", home_file("token", "HUSH\n"));
    expect_failure(ask(NULL), "has a line break");
}
END_TEST

START_TEST(an_absent_token_file_is_an_error)
{
    set_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/keys");
    set_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/absent");
    expect_failure(ask(NULL), "the token file /absent does not exist");
}
END_TEST

static void instance(const struct rule *rules, size_t count)
{
    broken_proxy();
    serve(rules, count);
    set_env("AWS_EC2_METADATA_DISABLED", "false");
    set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", url(""));
}

#define TOKEN_RULE                                                                                 \
    {                                                                                              \
        "PUT /latest/api/token ", 200, "session-token", 0                                          \
    }
#define ROLE_PATH "GET /latest/meta-data/iam/security-credentials/"

START_TEST(an_instance_gives_the_keys_of_its_role)
{
    static const struct rule rules[] = {
        TOKEN_RULE,
        {ROLE_PATH " ", 200, "my-role", 0},
        {ROLE_PATH "my-role ", 200, KEYS, 0},
    };
    instance(rules, GT_COUNT(rules));
    struct asked asked = ask(NULL);
    expect_keys(asked, "AKMETA", "instance role my-role");
    ck_assert_str_eq(asked.token, "TOKEN");
    ck_assert_int_eq(request_count("x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"), 1);
    ck_assert_int_eq(request_count("x-aws-ec2-metadata-token: session-token\r\n"), 2);
    ck_assert_int_eq(request_count(""), 3);
}
END_TEST

static const struct {
    const char *name;
    struct rule rules[3];
    const char *says;
} bad_instances[] = {
    {"no session token",
     {{"PUT", 403, "", 0}},
     "gave no answer for a session token: HTTP status 403"},
    {"no role", {TOKEN_RULE, {ROLE_PATH, 404, "", 0}}, "the instance has no role"},
    {"role of the instance is broken",
     {TOKEN_RULE,
      {ROLE_PATH " ", 200, "r", 0},
      {ROLE_PATH "r", 200, "{\"Code\": \"AssumeRoleUnauthorizedAccess\", \"Message\": \"no\"}", 0}},
     "role r: the answer has no AccessKeyId, code AssumeRoleUnauthorizedAccess"},
    {"no JSON",
     {TOKEN_RULE, {ROLE_PATH " ", 200, "r", 0}, {ROLE_PATH "r", 200, "<html>HUSH</html>", 0}},
     "is no JSON object"},
};

START_TEST(an_instance_without_keys_says_why)
{
    instance(bad_instances[_i].rules, GT_COUNT(bad_instances[_i].rules));
    expect_failure(ask(NULL), bad_instances[_i].says);
}
END_TEST

START_TEST(the_number_of_attempts_can_be_set)
{
    static const struct rule rules[] = {
        {"PUT", 500, "", 1},
        {"PUT", 0, "", 1},
        TOKEN_RULE,
        {ROLE_PATH " ", 503, "", 2},
        {ROLE_PATH " ", 200, "r", 0},
        {ROLE_PATH "r ", 200, KEYS, 0},
    };
    instance(rules, GT_COUNT(rules));
    set_env("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "3");
    expect_keys(ask(NULL), "AKMETA", "instance role r");
    ck_assert_int_eq(request_count(""), 7);
}
END_TEST

START_TEST(where_nothing_listens_the_chain_goes_on_at_once)
{
    set_env("AWS_EC2_METADATA_DISABLED", "false");
    set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
    expect_failure(ask(NULL),
                   "instance metadata: http://127.0.0.1:1/ gave no answer for a session");
}
END_TEST

START_TEST(a_disabled_metadata_service_is_not_asked)
{
    static const struct rule rules[] = {TOKEN_RULE};
    instance(rules, GT_COUNT(rules));
    set_env("AWS_EC2_METADATA_DISABLED", "TRUE");
    expect_failure(ask(NULL), "instance metadata: not asked");
    ck_assert_int_eq(request_count(""), 0);
}
END_TEST

START_TEST(the_metadata_endpoint_has_two_families_and_a_short_timeout)
{
    struct seen seen = {0};
    fixture.options.transport = (struct gt_transport){.send = see, .self = &seen};
    set_env("AWS_EC2_METADATA_DISABLED", "false");
    if (_i == 1)
        home_file(".aws/config", "[default]\nec2_metadata_service_endpoint_mode = IPv6\n");
    ask(NULL);
    const char *base =
        _i == 1 ? "http://[fd00:ec2::254]/latest/" : "http://169.254.169.254/latest/";
    ck_assert_msg(gt_starts_with(seen.url, base), "%s", seen.url);
    ck_assert_int_eq(seen.timeout_ms, 1000);
    ck_assert(seen.no_proxy);
}
END_TEST

Suite *metadata_suite(void)
{
    Suite *suite = suite_create("metadata");
    TCase *tests = tcase_create("metadata");
    tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
    tcase_add_test(tests, a_container_gives_keys_past_any_proxy);
    tcase_add_test(tests, the_token_file_of_a_container_wins);
    tcase_add_test(tests, a_container_without_token_gets_no_authorization);
    tcase_add_test(tests, a_container_is_asked_three_times);
    tcase_add_test(tests, a_container_that_fails_three_times_is_an_error);
    tcase_add_loop_test(tests, keys_come_from_no_other_host, 0, (int)GT_COUNT(refused_urls));
    tcase_add_test(tests, a_relative_uri_cannot_name_another_host);
    tcase_add_loop_test(tests, keys_come_from_the_hosts_of_containers, 0,
                        (int)GT_COUNT(allowed_urls));
    tcase_add_loop_test(tests, a_token_with_a_line_break_is_refused, 0, 2);
    tcase_add_test(tests, an_absent_token_file_is_an_error);
    tcase_add_test(tests, an_instance_gives_the_keys_of_its_role);
    tcase_add_loop_test(tests, an_instance_without_keys_says_why, 0, (int)GT_COUNT(bad_instances));
    tcase_add_test(tests, the_number_of_attempts_can_be_set);
    tcase_add_test(tests, where_nothing_listens_the_chain_goes_on_at_once);
    tcase_add_test(tests, a_disabled_metadata_service_is_not_asked);
    tcase_add_loop_test(tests, the_metadata_endpoint_has_two_families_and_a_short_timeout, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
