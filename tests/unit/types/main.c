#include "suites.h"

int main(void)
{
    static gt_suite_fn *const suites[] = {
        registry_suite, attributes_suite, validate_suite, input_suite,
        step_suite,     live_suite,       identity_suite, meaning_suite,
    };
    return gt_test_main(suites, GT_COUNT(suites));
}
