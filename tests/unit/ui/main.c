#include "suites.h"

int main(void)
{
    gt_suite_fn *const suites[] = {events_suite, help_suite,   options_suite, progress_suite,
                                   report_suite, stream_suite, table_suite};
    return gt_test_main(suites, GT_COUNT(suites));
}
