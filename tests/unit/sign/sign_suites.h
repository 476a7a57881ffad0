/* The suites of the sign layer. */
#ifndef GANTRY_TESTS_SIGN_SUITES_H
#define GANTRY_TESTS_SIGN_SUITES_H

#include "gt_test.h"

Suite *signing_suite(void);
Suite *verify_suite(void);

/* The folder of AWS's test vectors, or NULL where there is none. */
const char *sigv4_vectors_folder(void);
Suite *sigv4_suite(void);

#endif
