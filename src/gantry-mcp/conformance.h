/* What the official MCP conformance suite asks of a server under test. Source: the fixtures of
 * @modelcontextprotocol/conformance. */
#ifndef GANTRY_MCP_PROGRAM_CONFORMANCE_H
#define GANTRY_MCP_PROGRAM_CONFORMANCE_H

#include <gantry/mcp/server.h>

/* For struct gt_service_options; lives in the arena. */
const struct gt_mcp_server_options *gt_conformance(struct gt_arena *arena, struct gt_loop *loop);

extern const char gt_conformance_json[]; /* conformance.json */

/* -- conformance_ask.c -- */

json_t *gt_conformance_text(const char *text); /* a tool's result of one text; new reference */
/* NULL: as if they were {}. */
const json_t *gt_conformance_arguments(const struct gt_mcp_call *call);
/* Asks by a request (before 2026-07-28) and answers the call with what the client said. */
void gt_conformance_ask(struct gt_mcp_call *call, const json_t *what);
/* Answers with what to ask next (from 2026-07-28 on); false when all has been answered. */
bool gt_conformance_ask_by_result(struct gt_mcp_call *call, const json_t *item);
/* What the client has answered, as a text in the call's arena. */
const char *gt_conformance_heard(struct gt_mcp_call *call);

#endif
