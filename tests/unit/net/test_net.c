#include "net_suites.h"

int main(void)
{
    gt_suite_fn *const suites[] = {loop_suite,   http_suite,      server_suite, server_limits_suite,
                                   stream_suite, http_open_suite, drain_suite,  workers_suite};
    return gt_test_main(suites, GT_COUNT(suites));
}
