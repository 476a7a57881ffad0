#include "suites.h"

#include <gantry/model/endpoints.h>
#include <gantry/model/operations.h>
#include <gt_test.h>

GT_TEST_ARENA

START_TEST(knows_the_partition_of_a_region)
{
    static const char *const rows[][3] = {
        {"us-east-1", "aws", "amazonaws.com"},
        {"eu-central-2", "aws", "amazonaws.com"},
        {"mx-central-1", "aws", "amazonaws.com"},
        {"cn-north-1", "aws-cn", "amazonaws.com.cn"},
        {"us-gov-west-1", "aws-us-gov", "amazonaws.com"},
        {"us-iso-east-1", "aws-iso", "c2s.ic.gov"},
        {"us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"},
        {"eusc-de-east-1", "aws-eusc", "amazonaws.eu"},
        {"local", "aws", "amazonaws.com"},
        {NULL, "aws", "amazonaws.com"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const struct gt_partition *partition = gt_partition_of_region(rows[i][0]);
        ck_assert_str_eq(partition->id, rows[i][1]);
        ck_assert_str_eq(partition->dns_suffix, rows[i][2]);
    }
}
END_TEST

START_TEST(names_hosts_and_signing_regions)
{
    static const struct {
        const struct gt_service *service;
        const char *region, *host, *signing;
    } rows[] = {
        {&gt_service_bedrock_agentcore_control, "us-west-2",
         "bedrock-agentcore-control.us-west-2.amazonaws.com", "us-west-2"},
        {&gt_service_ecr, "cn-north-1", "api.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"},
        {&gt_service_cloudwatch, "eu-west-1", "monitoring.eu-west-1.amazonaws.com", "eu-west-1"},
        {&gt_service_s3, "us-east-1", "s3.us-east-1.amazonaws.com", "us-east-1"},
        {&gt_service_sts, "us-east-1", "sts.us-east-1.amazonaws.com", "us-east-1"},
        {&gt_service_iam, "eu-west-1", "iam.amazonaws.com", "us-east-1"},
        {&gt_service_iam, "us-east-1", "iam.amazonaws.com", "us-east-1"},
        {&gt_service_iam, NULL, "iam.amazonaws.com", "us-east-1"},
        {&gt_service_iam, "cn-northwest-1", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"},
        {&gt_service_iam, "us-gov-east-1", "iam.us-gov.amazonaws.com", "us-gov-west-1"},
        {&gt_service_rds, "us-isob-east-1", "rds.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_host host = gt_service_host(arena, rows[i].service, rows[i].region);
        ck_assert_str_eq(host.host, rows[i].host);
        ck_assert_str_eq(host.signing_region, rows[i].signing);
    }
}
END_TEST

START_TEST(every_service_has_a_host)
{
    for (const struct gt_service *const *service = gt_services; *service != NULL; service++)
        ck_assert_ptr_nonnull(gt_service_host(arena, *service, "us-east-1").host);
}
END_TEST

Suite *endpoints_suite(void)
{
    Suite *suite = suite_create("endpoints");
    TCase *test = tcase_create("endpoints");
    tcase_add_checked_fixture(test, arena_setup, arena_teardown);
    tcase_add_test(test, knows_the_partition_of_a_region);
    tcase_add_test(test, names_hosts_and_signing_regions);
    tcase_add_test(test, every_service_has_a_host);
    suite_add_tcase(suite, test);
    return suite;
}
