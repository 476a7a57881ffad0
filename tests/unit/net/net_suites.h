/* The suites of the net layer. */
#ifndef GANTRY_TESTS_NET_SUITES_H
#define GANTRY_TESTS_NET_SUITES_H

#include "gt_test.h"

#include <gantry/base/buf.h>

Suite *loop_suite(void);
Suite *http_suite(void);
Suite *server_suite(void);
Suite *server_limits_suite(void);
Suite *stream_suite(void);
Suite *http_open_suite(void);
Suite *drain_suite(void);
Suite *workers_suite(void);

#endif
