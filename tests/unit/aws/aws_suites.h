/* The suites of the client and its codecs. */
#ifndef GANTRY_TESTS_AWS_SUITES_H
#define GANTRY_TESTS_AWS_SUITES_H

#include <check.h>

Suite *encode_suite(void);
Suite *decode_suite(void);
Suite *fault_suite(void);
Suite *endpoint_suite(void);
Suite *rates_suite(void);
Suite *retry_suite(void);
Suite *client_suite(void);
Suite *attempts_suite(void);
Suite *error_suite(void);

#endif
