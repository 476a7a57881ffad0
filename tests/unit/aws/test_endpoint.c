#include "aws_suites.h"
#include "endpoint.h"
#include "fixed_sys.h"
#include "gt_test.h"

#include <gantry/base/str.h>
#include <gantry/model/operations.h>
#include <string.h>
#include <unistd.h>

GT_TEST_ARENA

static struct gt_fixed_sys fixed;
static struct gt_loop *loop;
static struct gt_aws_options options;

static void setup(void)
{
    arena_setup();
    gt_fixed_sys_init(&fixed, 1768653296000);
    loop = gt_loop_new(&fixed.sys);
    options = (struct gt_aws_options){.loop = loop, .region = "us-west-2"};
}

static void teardown(void)
{
    gt_loop_free(loop);
    arena_teardown();
}

static const struct {
    const struct gt_service *service;
    const char *region, *url, *signing_region;
} official[] = {
    {&gt_service_bedrock_agentcore_control, "us-west-2",
     "https://bedrock-agentcore-control.us-west-2.amazonaws.com", "us-west-2"},
    {&gt_service_bedrock_agentcore, "eu-central-1",
     "https://bedrock-agentcore.eu-central-1.amazonaws.com", "eu-central-1"},
    {&gt_service_ecr, "us-east-1", "https://api.ecr.us-east-1.amazonaws.com", "us-east-1"},
    {&gt_service_cloudwatch, "us-east-1", "https://monitoring.us-east-1.amazonaws.com",
     "us-east-1"},
    {&gt_service_iam, "eu-west-1", "https://iam.amazonaws.com", "us-east-1"},
    {&gt_service_iam, "us-gov-east-1", "https://iam.us-gov.amazonaws.com", "us-gov-west-1"},
    {&gt_service_iam, "cn-northwest-1", "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"},
    {&gt_service_sts, "cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn", "cn-north-1"},
    {&gt_service_s3, "us-west-2", "https://s3.us-west-2.amazonaws.com", "us-west-2"},
};

START_TEST(official_endpoints_follow_region_and_partition)
{
    options.region = official[_i].region;
    struct gt_endpoint endpoint = gt_endpoint_find(arena, &options, official[_i].service);
    ck_assert_ptr_eq(endpoint.flaw, NULL);
    ck_assert(endpoint.official);
    ck_assert_str_eq(endpoint.url, official[_i].url);
    ck_assert_str_eq(endpoint.signing_region, official[_i].signing_region);
}
END_TEST

START_TEST(partitions_have_their_own_suffix)
{
    ck_assert_str_eq(gt_aws_partition("us-east-1"), "aws");
    ck_assert_str_eq(gt_aws_partition("cn-north-1"), "aws-cn");
    ck_assert_str_eq(gt_aws_dns_suffix("us-gov-west-1"), "amazonaws.com");
    ck_assert_str_eq(gt_aws_dns_suffix("cn-north-1"), "amazonaws.com.cn");
}
END_TEST

static const char config[] = "[profile dev]\n"
                             "services = local\n"
                             "endpoint_url = http://profile:1\n"
                             "[profile off]\n"
                             "endpoint_url = http://profile:1\n"
                             "ignore_configured_endpoint_urls = true\n"
                             "[services local]\n"
                             "bedrock_agentcore_control =\n"
                             "  endpoint_url = http://section:2/\n";

static const struct gt_profile *profile(const char *name)
{
    static char path[] = "/tmp/gantry-test-config-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, config, sizeof(config) - 1), sizeof(config) - 1);
    close(fd);
    gt_fixed_sys_set(&fixed, "AWS_CONFIG_FILE", path);
    gt_fixed_sys_set(&fixed, "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials");
    struct gt_profile *loaded = NULL;
    bool ok = gt_profile_load(arena, &fixed.sys, name, &loaded, &diags);
    unlink(path);
    ck_assert(ok);
    return loaded;
}

static const char *url_of(const struct gt_service *service)
{
    return gt_endpoint_find(arena, &options, service).url;
}

START_TEST(the_first_configured_endpoint_wins)
{
    const struct gt_service *service = &gt_service_bedrock_agentcore_control;
    options.profile = profile("dev");
    ck_assert_str_eq(url_of(service), "http://section:2");
    ck_assert_str_eq(url_of(&gt_service_iam), "http://profile:1");
    gt_fixed_sys_set(&fixed, "AWS_ENDPOINT_URL", "http://all:3");
    ck_assert_str_eq(url_of(service), "http://all:3");
    gt_fixed_sys_set(&fixed, "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL", "http://own:4");
    ck_assert_str_eq(url_of(service), "http://own:4");
    ck_assert_str_eq(url_of(&gt_service_iam), "http://all:3");
    options.endpoint_url = "http://option:5/";
    ck_assert_str_eq(url_of(service), "http://option:5");
}
END_TEST

START_TEST(configured_endpoints_can_be_ignored)
{
    gt_fixed_sys_set(&fixed, "AWS_ENDPOINT_URL", "http://all:3");
    options.ignore_configured_endpoints = true;
    ck_assert_str_eq(url_of(&gt_service_iam), "https://iam.amazonaws.com");
    options.ignore_configured_endpoints = false;
    gt_fixed_sys_set(&fixed, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "True");
    ck_assert_str_eq(url_of(&gt_service_iam), "https://iam.amazonaws.com");
    gt_fixed_sys_set(&fixed, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", NULL);
    gt_fixed_sys_set(&fixed, "AWS_ENDPOINT_URL", NULL);
    options.profile = profile("off");
    ck_assert_str_eq(url_of(&gt_service_iam), "https://iam.amazonaws.com");
    options.endpoint_url = "http://option:5";
    ck_assert_str_eq(url_of(&gt_service_iam), "http://option:5");
}
END_TEST

static const struct {
    const char *url, *host, *prefix, *flaw; /* flaw: its end */
} urls[] = {
    {"http://127.0.0.1:5000", "127.0.0.1:5000", "", NULL},
    {"http://localhost:80/", "localhost", "", NULL},
    {"HTTPS://Example.com:443", "Example.com", "", NULL},
    {"https://example.com:80", "example.com:80", "", NULL},
    {"http://[::1]:4566/aws//", "[::1]:4566", "/aws", NULL},
    {"http://[::1]", "[::1]", "", NULL},
    {"https://vpce-1.execute-api.us-east-1.vpce.amazonaws.com/stage/a%20b",
     "vpce-1.execute-api.us-east-1.vpce.amazonaws.com", "/stage/a%20b", NULL},
    {"", NULL, NULL, "is neither an http nor an https URL"},
    {"localhost:5000", NULL, NULL, "is neither an http nor an https URL"},
    {"ftp://localhost", NULL, NULL, "is neither an http nor an https URL"},
    {"http://", NULL, NULL, "has no host"},
    {"http://:5000", NULL, NULL, "has no host"},
    {"http://host:0", NULL, NULL, "has a malformed port"},
    {"http://host:65536", NULL, NULL, "has a malformed port"},
    {"http://host:80x", NULL, NULL, "has a malformed port"},
    {"http://ho st", NULL, NULL, "holds a space or a character outside of ASCII"},
    {"http://host/\r\nX: 1", NULL, NULL, "holds a space or a character outside of ASCII"},
    {"http://user:secret@host", NULL, NULL, "holds a user name"},
    {"http://host/?a=b", NULL, NULL, "holds a query or a fragment"},
    {"http://host\\evil", NULL, NULL, "has a malformed host name"},
    {"http://[::1", NULL, NULL, "has a malformed IPv6 address"},
    {"http://[::1]x", NULL, NULL, "has a malformed IPv6 address"},
};

START_TEST(a_url_is_cut_or_refused)
{
    options.endpoint_url = urls[_i].url;
    struct gt_endpoint endpoint = gt_endpoint_find(arena, &options, &gt_service_iam);
    ck_assert(!endpoint.official);
    if (urls[_i].flaw != NULL) {
        ck_assert_ptr_ne(endpoint.flaw, NULL);
        ck_assert_msg(gt_ends_with(endpoint.flaw, urls[_i].flaw), "%s: %s", urls[_i].url,
                      endpoint.flaw);
        ck_assert_ptr_eq(strstr(endpoint.flaw, "secret"), NULL);
        return;
    }
    ck_assert_msg(endpoint.flaw == NULL, "%s: %s", urls[_i].url, endpoint.flaw);
    ck_assert_str_eq(endpoint.host, urls[_i].host);
    ck_assert_str_eq(endpoint.prefix, urls[_i].prefix);
    ck_assert_str_eq(endpoint.signing_region, "us-east-1");
}
END_TEST

static const char *const bad_regions[] = {NULL,        "",   "us-east-1.evil.com/",
                                          "US-EAST-1", "-x", "us east"};

START_TEST(a_region_that_is_none_is_refused)
{
    options.region = bad_regions[_i];
    ck_assert_ptr_ne(gt_endpoint_find(arena, &options, &gt_service_sts).flaw, NULL);
}
END_TEST

static const struct {
    const char *override, *path, *host, *sent;
} buckets[] = {
    {NULL, "/my-states/a/b", "my-states.s3.us-west-2.amazonaws.com", "/a/b"},
    {NULL, "/my-states", "my-states.s3.us-west-2.amazonaws.com", "/"},
    {NULL, "/my.states/a", "s3.us-west-2.amazonaws.com", "/my.states/a"},
    {NULL, "/UPPER/a", "s3.us-west-2.amazonaws.com", "/UPPER/a"},
    {"http://127.0.0.1:9000", "/my-states/a", "127.0.0.1:9000", "/my-states/a"},
    {"http://127.0.0.1:9000/s3", "/my-states/a", "127.0.0.1:9000", "/s3/my-states/a"},
};

START_TEST(buckets_are_hosts_only_at_the_official_endpoint)
{
    options.endpoint_url = buckets[_i].override;
    struct gt_endpoint endpoint = gt_endpoint_find(arena, &options, &gt_service_s3);
    struct gt_address address =
        gt_endpoint_address(arena, &endpoint, &gt_service_s3, buckets[_i].path);
    ck_assert_str_eq(address.host, buckets[_i].host);
    ck_assert_str_eq(address.path, buckets[_i].sent);
}
END_TEST

Suite *endpoint_suite(void)
{
    Suite *suite = suite_create("endpoint");
    TCase *tcase = tcase_create("endpoint");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, official_endpoints_follow_region_and_partition, 0,
                        (int)GT_COUNT(official));
    tcase_add_test(tcase, partitions_have_their_own_suffix);
    tcase_add_test(tcase, the_first_configured_endpoint_wins);
    tcase_add_test(tcase, configured_endpoints_can_be_ignored);
    tcase_add_loop_test(tcase, a_url_is_cut_or_refused, 0, (int)GT_COUNT(urls));
    tcase_add_loop_test(tcase, a_region_that_is_none_is_refused, 0, (int)GT_COUNT(bad_regions));
    tcase_add_loop_test(tcase, buckets_are_hosts_only_at_the_official_endpoint, 0,
                        (int)GT_COUNT(buckets));
    suite_add_tcase(suite, tcase);
    return suite;
}
