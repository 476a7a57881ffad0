#include "world.h"

int main(void)
{
    static gt_suite_fn *const suites[] = {
        guards_suite, interrupt_suite,    journal_suite, lost_suite,   order_suite,
        owner_suite,  plan_suite,         recover_suite, remove_suite, replace_suite,
        settle_suite, token_source_suite, torture_suite, update_suite, verify_suite,
    };
    return gt_test_main(suites, GT_COUNT(suites));
}
