/* The suites of the server layer, one per module. */
#ifndef GANTRY_TESTS_SERVER_SUITES_H
#define GANTRY_TESTS_SERVER_SUITES_H

#include <gt_test.h>

gt_suite_fn broken_suite, config_suite, edit_suite, files_suite, gate_suite, parameters_suite,
    postgres_values_suite, redis_pure_suite, search_suite;

#endif
