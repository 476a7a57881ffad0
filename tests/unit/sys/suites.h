/* The suites of the sys layer, one per module. */
#ifndef GANTRY_TESTS_SYS_SUITES_H
#define GANTRY_TESTS_SYS_SUITES_H

#include <check.h>

Suite *sys_suite(void);
Suite *time_suite(void);
Suite *file_suite(void);
Suite *write_suite(void);
Suite *append_suite(void);
Suite *lock_suite(void);
Suite *process_suite(void);
Suite *words_suite(void);
Suite *supervisor_suite(void);
Suite *supervisor_end_suite(void);

#endif
