#include "auth_suites.h"

int main(void)
{
    static gt_suite_fn *const suites[] = {wording_suite, tokens_suite, check_suite, keys_suite};
    return gt_test_main(suites, GT_COUNT(suites));
}
