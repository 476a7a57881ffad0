#include "suites.h"

#include <gt_test.h>

int main(void)
{
    static gt_suite_fn *const suites[] = {
        tables_suite,   lookup_suite, endpoints_suite,
        validate_suite, coerce_suite, sensitive_suite,
    };
    return gt_test_main(suites, GT_COUNT(suites));
}
