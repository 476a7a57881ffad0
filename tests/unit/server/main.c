#include "suites.h"

int main(void)
{
    static gt_suite_fn *const suites[] = {
        broken_suite,
        config_suite,
        edit_suite,
        files_suite,
        gate_suite,
        parameters_suite,
        postgres_values_suite,
        search_suite,
        redis_pure_suite,
    };
    return gt_test_main(suites, GT_COUNT(suites));
}
