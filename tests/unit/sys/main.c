#include "suites.h"

#include <gt_test.h>

int main(void)
{
    static gt_suite_fn *const suites[] = {
        sys_suite,  time_suite,    file_suite,  write_suite,      append_suite,
        lock_suite, process_suite, words_suite, supervisor_suite, supervisor_end_suite,
    };
    return gt_test_main(suites, GT_COUNT(suites));
}
