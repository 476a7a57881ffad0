/* The suites of the mcp layer. */
#ifndef GANTRY_TESTS_MCP_SUITES_H
#define GANTRY_TESTS_MCP_SUITES_H

#include "gt_test.h"

#include <gantry/base/buf.h>

Suite *rpc_suite(void);
Suite *pipe_suite(void);
Suite *server_suite(void);
Suite *serve_suite(void);
Suite *sse_reader_suite(void);
Suite *client_suite(void);
Suite *client_pipe_suite(void);
Suite *forward_suite(void);
Suite *relay_suite(void);

#endif
