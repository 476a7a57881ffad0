/* The suites of the cloud layer. */
#ifndef GANTRY_TESTS_CLOUD_SUITES_H
#define GANTRY_TESTS_CLOUD_SUITES_H

#include "gt_test.h"

Suite *store_suite(void);
Suite *page_suite(void);
Suite *wire_suite(void);
Suite *knobs_suite(void);
Suite *script_suite(void);
Suite *kept_suite(void);
Suite *front_suite(void);
Suite *iam_suite(void);
Suite *data_plane_suite(void);

#endif
