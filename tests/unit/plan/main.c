#include "suites.h"

int main(void)
{
    static gt_suite_fn *const suites[] = {compare_suite, document_suite};
    return gt_test_main(suites, GT_COUNT(suites));
}
