#include "schema_suites.h"

int main(void)
{
    static gt_suite_fn *const suites[] = {compile_suite, cost_suite,  limit_suite, message_suite,
                                          number_suite,  regex_suite, uri_suite};
    return gt_test_main(suites, GT_COUNT(suites));
}
