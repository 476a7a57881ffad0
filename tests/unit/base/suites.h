#ifndef GANTRY_TESTS_BASE_SUITES_H
#define GANTRY_TESTS_BASE_SUITES_H

#include <gt_test.h>

gt_suite_fn memory_suite, pattern_suite, text_suite, url_suite;

#endif
