/* The suites of the policy layer, one per module. */
#ifndef GANTRY_TESTS_POLICY_SUITES_H
#define GANTRY_TESTS_POLICY_SUITES_H

#include <check.h>

Suite *canonical_suite(void);
Suite *check_suite(void);
Suite *condition_suite(void);
Suite *evaluate_suite(void);
Suite *match_suite(void);
Suite *size_suite(void);

#endif
