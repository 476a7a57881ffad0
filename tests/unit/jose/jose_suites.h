/* The suites of the jose layer, one per module. */
#ifndef GANTRY_TESTS_JOSE_SUITES_H
#define GANTRY_TESTS_JOSE_SUITES_H

#include <gt_test.h>

Suite *jwt_suite(void);
Suite *authorizer_suite(void);

#endif
