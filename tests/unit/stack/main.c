#include "support.h"

int main(void)
{
    static gt_suite_fn *const suites[] = {
        broken_suite,   environment_suite, expression_suite,  graph_suite,
        identity_suite, names_suite,       quick_suite_suite, reference_suite,
        roles_suite,    runtimes_suite,    targets_suite,
    };
    return gt_test_main(suites, GT_COUNT(suites));
}
