#include "suites.h"

int main(void)
{
    static gt_suite_fn *const suites[] = {memory_suite, pattern_suite, text_suite, url_suite};
    return gt_test_main(suites, GT_COUNT(suites));
}
