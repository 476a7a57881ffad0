#include "jose_suites.h"

int main(void)
{
    static gt_suite_fn *const suites[] = {jwt_suite, authorizer_suite};
    return gt_test_main(suites, GT_COUNT(suites));
}
