/* What stdio.c needs of a pipe besides its public interface. */
#ifndef GANTRY_MCP_PIPE_H
#define GANTRY_MCP_PIPE_H

#include <gantry/mcp/stdio.h>

/* Queues one message that is text already, without line breaks in it. */
void gt_mcp_pipe_line(struct gt_mcp_pipe *pipe, const char *bytes, size_t len);

#endif
