/* The suites of the model layer, one per module. */
#ifndef GANTRY_TESTS_MODEL_SUITES_H
#define GANTRY_TESTS_MODEL_SUITES_H

#include <check.h>

Suite *tables_suite(void);
Suite *lookup_suite(void);
Suite *endpoints_suite(void);
Suite *validate_suite(void);
Suite *coerce_suite(void);
Suite *sensitive_suite(void);

#endif
