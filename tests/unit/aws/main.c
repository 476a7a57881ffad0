#include "aws_suites.h"
#include "credentials_suites.h"
#include "gt_test.h"

int main(void)
{
    gt_suite_fn *const suites[] = {
        profile_suite, credentials_suite, roles_suite,  metadata_suite, logins_suite,
        refresh_suite, encode_suite,      decode_suite, fault_suite,    endpoint_suite,
        rates_suite,   retry_suite,       client_suite, attempts_suite, error_suite,
    };
    return gt_test_main(suites, GT_COUNT(suites));
}
