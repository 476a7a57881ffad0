#include "suites.h"

#include <gt_test.h>

int main(void)
{
    static gt_suite_fn *const suites[] = {
        edit_suite,  parse_suite, scalar_suite,   syntax_suite,  limits_suite, marks_suite,
        merge_suite, print_suite, template_suite, resolve_suite, corpus_suite,
    };
    return gt_test_main(suites, GT_COUNT(suites));
}
