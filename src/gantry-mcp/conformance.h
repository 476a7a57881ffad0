/* What the official MCP conformance suite asks of a server under test. Source: the fixtures of
 * @modelcontextprotocol/conformance. */
#ifndef GANTRY_MCP_PROGRAM_CONFORMANCE_H
#define GANTRY_MCP_PROGRAM_CONFORMANCE_H

#include <gantry/mcp/server.h>

/* For struct gt_service_options; lives in the arena. */
const struct gt_mcp_server_options *gt_conformance(struct gt_arena *arena, struct gt_loop *loop);

extern const char gt_conformance_json[]; /* conformance.json */

#endif
