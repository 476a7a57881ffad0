/*
 * One HTTP POST of a message by the client, and what comes back: waits for its authorization, reads
 * JSON or an event stream, and hands messages on. Callbacks come from the loop, never from inside a
 * call of this module, nor from inside libcurl's.
 */
#ifndef GANTRY_MCP_OUTGOING_H
#define GANTRY_MCP_OUTGOING_H

#include "sse_reader.h"

#include <gantry/mcp/client.h>

struct gt_outgoing;

struct gt_outgoing_options {
    struct gt_mcp_client *client;
    const json_t *message;           /* borrowed during the call */
    const struct gt_header *headers; /* besides Content-Type and Accept; copied */
    size_t header_count;
    const char *query;  /* besides the URL's own; copied; or NULL */
    int64_t timeout_ms; /* authorization included */
    bool split;         /* a batch (2025-03-26) is handed on message by message */
    /* A message that came: JSON, and perhaps JSON-RPC. May drop the POST. */
    void (*on_message)(void *owner, struct gt_outgoing *outgoing, const json_t *message);
    /* The answer is over; the POST is gone afterwards. OK: a 2xx answer, all of it was handed on.
     * Not called after a drop. */
    void (*on_end)(void *owner, struct gt_outgoing *outgoing, const struct gt_mcp_outcome *outcome);
    void *owner;
};
struct gt_outgoing *gt_outgoing_start(const struct gt_outgoing_options *options);

/* Gives it up; no callback follows. `linger`: the answer is complete as far as the caller knows, so
 * the peer gets a moment to end it, and the connection can be used again. NULL is allowed. */
void gt_outgoing_drop(struct gt_outgoing *outgoing, bool linger);
/* At once and all of them, when the client goes. */
void gt_outgoing_drop_all(struct gt_mcp_client *client);

bool gt_outgoing_has_left(const struct gt_outgoing *outgoing);  /* authorised and on its way */
bool gt_outgoing_streamed(const struct gt_outgoing *outgoing);  /* the answer is an event stream */
bool gt_outgoing_timed_out(const struct gt_outgoing *outgoing); /* during on_end */
/* During callbacks: status and headers of the answer (0 and none before it began). */
void gt_outgoing_head(const struct gt_outgoing *outgoing, struct gt_mcp_outcome *outcome);
const char *gt_outgoing_header(const struct gt_outgoing *outgoing, const char *name);

#endif
