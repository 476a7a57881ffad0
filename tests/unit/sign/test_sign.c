#include "sign_suites.h"

#include <stdio.h>
#include <string.h>

enum { SKIPPED = 77 }; /* CTest's SKIP_RETURN_CODE */

int main(void)
{
    const char *only = getenv("CK_RUN_SUITE");
    bool have_vectors = sigv4_vectors_folder() != NULL;
    if (!have_vectors) {
        puts("sigv4: skipped: no folder of vectors; set SIGV4_VECTORS to one");
        if (only != NULL && strcmp(only, "sigv4") == 0)
            return SKIPPED;
    }
    gt_suite_fn *const suites[] = {signing_suite, verify_suite, sigv4_suite};
    return gt_test_main(suites, have_vectors ? 3 : 2);
}
