#ifndef GANTRY_TESTS_UI_SUITES_H
#define GANTRY_TESTS_UI_SUITES_H

#include <gt_test.h>

Suite *events_suite(void);
Suite *help_suite(void);
Suite *options_suite(void);
Suite *progress_suite(void);
Suite *report_suite(void);
Suite *stream_suite(void);
Suite *table_suite(void);

Suite *cli_suite(void);
Suite *grammar_suite(void);
Suite *output_suite(void);
Suite *reference_suite(void);
Suite *saved_plan_suite(void);
Suite *starters_suite(void);

#endif
