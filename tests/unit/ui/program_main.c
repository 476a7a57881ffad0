#include "suites.h"

int main(void)
{
    gt_suite_fn *const suites[] = {cli_suite,       grammar_suite,    output_suite,
                                   reference_suite, saved_plan_suite, starters_suite};
    return gt_test_main(suites, GT_COUNT(suites));
}
