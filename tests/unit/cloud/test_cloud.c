#include "cloud_suites.h"

int main(void)
{
    gt_suite_fn *const suites[] = {store_suite,  page_suite, wire_suite,  knobs_suite,
                                   script_suite, kept_suite, front_suite, iam_suite, data_plane_suite};
    return gt_test_main(suites, GT_COUNT(suites));
}
