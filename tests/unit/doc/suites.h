/* The suites of the doc layer, one per module. */
#ifndef GANTRY_TESTS_DOC_SUITES_H
#define GANTRY_TESTS_DOC_SUITES_H

#include <check.h>

Suite *edit_suite(void);
Suite *parse_suite(void);
Suite *scalar_suite(void);
Suite *syntax_suite(void);
Suite *limits_suite(void);
Suite *marks_suite(void);
Suite *merge_suite(void);
Suite *print_suite(void);
Suite *template_suite(void);
Suite *resolve_suite(void);
Suite *corpus_suite(void);

#endif
