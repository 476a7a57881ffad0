/* The suites of the credential chain. */
#ifndef GANTRY_TESTS_AWS_CREDENTIALS_SUITES_H
#define GANTRY_TESTS_AWS_CREDENTIALS_SUITES_H

#include <check.h>

Suite *profile_suite(void);
Suite *credentials_suite(void);
Suite *roles_suite(void);
Suite *metadata_suite(void);
Suite *logins_suite(void);
Suite *refresh_suite(void);

#endif
