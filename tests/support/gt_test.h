/*
 * What every unit test includes: Check, an arena per test, and a main that runs suites. The main fails
 * when no test ran, so a misspelt CK_RUN_SUITE cannot pass.
 */
#ifndef GANTRY_TESTS_GT_TEST_H
#define GANTRY_TESTS_GT_TEST_H

#include <check.h>
#include <gantry/base/arena.h>
#include <gantry/base/diag.h>
#include <stdlib.h>

/* static struct gt_arena *arena; in the test file, set up and freed by these two. */
#define GT_TEST_ARENA                                                                              \
    static struct gt_arena *arena;                                                                 \
    static struct gt_diags diags;                                                                  \
    static void arena_setup(void)                                                                  \
    {                                                                                              \
        arena = gt_arena_new();                                                                    \
        diags = gt_diags_init(arena);                                                              \
    }                                                                                              \
    static void arena_teardown(void) { gt_arena_free(arena); }

typedef Suite *gt_suite_fn(void);

static inline int gt_test_main(gt_suite_fn *const *suites, size_t count)
{
    SRunner *runner = srunner_create(suites[0]());
    for (size_t i = 1; i < count; i++)
        srunner_add_suite(runner, suites[i]());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner), run = srunner_ntests_run(runner);
    srunner_free(runner);
    return failed == 0 && run > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
