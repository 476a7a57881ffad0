#include "suites.h"

#include <gt_test.h>

int main(void)
{
    static gt_suite_fn *const suites[] = {
        canonical_suite, check_suite, condition_suite, evaluate_suite, match_suite, size_suite,
    };
    return gt_test_main(suites, GT_COUNT(suites));
}
