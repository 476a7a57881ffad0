/*
 * MCP over pipes: messages as lines of JSON, both directions. Source: MCP specification,
 * "Transports", stdio.
 */
#ifndef GANTRY_MCP_STDIO_H
#define GANTRY_MCP_STDIO_H

#include <gantry/mcp/server.h>

/* A pair of descriptors that carries messages. Writes are queued, never block; a line longer than
 * max_line is a problem and ends the pipe. */
struct gt_mcp_pipe;

struct gt_mcp_pipe_options {
    struct gt_loop *loop;
    int in, out; /* set non-blocking; closed with the pipe when `owned`, else set as they were */
    bool owned;
    size_t max_line; /* bytes; 0: 16 MiB */
    /* A line that came: `message` is NULL with `problem` when it is no JSON, or too long. Borrowed.
     */
    void (*on_message)(void *payload, const json_t *message, const char *problem);
    void (*on_end)(void *payload, const char *reason); /* once: end of input, or an error */
    void *payload;
};
/* SIGPIPE is ignored from then on, unless the program has a handler for it. */
struct gt_mcp_pipe *gt_mcp_pipe_new(const struct gt_mcp_pipe_options *options);
void gt_mcp_pipe_send(struct gt_mcp_pipe *pipe, const json_t *message); /* borrows it */
size_t gt_mcp_pipe_pending(const struct gt_mcp_pipe *pipe); /* bytes that are not written yet */
/* Tries to write what is queued, at most flush_ms long. NULL is allowed; also from callbacks. */
void gt_mcp_pipe_free(struct gt_mcp_pipe *pipe, int64_t flush_ms);

/* Serves a server over descriptors until the input ends; then the open calls are finished and
 * fn(payload) is called. */
struct gt_mcp_stdio;
struct gt_mcp_stdio *gt_mcp_stdio_serve(struct gt_mcp_server *server, struct gt_loop *loop, int in,
                                        int out, void *endpoint, gt_timer_fn *fn, void *payload);
/* Cancels its open calls, which get no response. Before the server. NULL is allowed. */
void gt_mcp_stdio_free(struct gt_mcp_stdio *stdio);

#endif
