#ifndef GANTRY_TESTS_PLAN_SUITES_H
#define GANTRY_TESTS_PLAN_SUITES_H

#include <gt_test.h>

gt_suite_fn compare_suite, document_suite;

#endif
