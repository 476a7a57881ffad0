/* The suites of the auth layer. */
#ifndef GANTRY_TESTS_AUTH_SUITES_H
#define GANTRY_TESTS_AUTH_SUITES_H

#include "gt_test.h"

Suite *wording_suite(void);
Suite *tokens_suite(void);
Suite *check_suite(void);
Suite *keys_suite(void);

#endif
