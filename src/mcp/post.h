/* One HTTP POST and the calls that came with it: what http.c reads and post.c answers. */
#ifndef GANTRY_MCP_POST_H
#define GANTRY_MCP_POST_H

#include "work.h"

#include <gantry/net/server.h>

struct gt_mcp_post {
    struct gt_arena *arena;
    struct gt_exchange *exchange;
    struct gt_mcp_server *server;
    void *endpoint;
    GT_VEC(struct gt_mcp_work *) works; /* that are not released */
    size_t open;                        /* that are not answered; one more while they begin */
    unsigned refs;
    bool accepts_json, accepts_stream;
    bool batch, modern;
    bool streaming, gone, done;       /* done: the exchange was answered */
    GT_VEC(struct gt_header) headers; /* that methods add to the answer */
    struct gt_buf collected;          /* responses of a batch */
    struct gt_timer *keep_alive;
};

/* Takes over the exchange; nothing but the gt_mcp_post_ functions answers it. */
struct gt_mcp_post *gt_mcp_post_new(struct gt_mcp_server *server, struct gt_exchange *exchange,
                                    void *endpoint);
/* Opens and runs the call of a request. */
void gt_mcp_post_request(struct gt_mcp_post *post, const struct gt_rpc *rpc,
                         enum gt_mcp_version version);
/* An error that belongs to no call; `id` NULL: unknown. In a batch one response of several. */
void gt_mcp_post_error(struct gt_mcp_post *post, int status, const json_t *id, int code,
                       const char *message, json_t *data);
/* All of it was read: 202 where nothing is left to answer. The post is not to be used afterwards.
 */
void gt_mcp_post_read(struct gt_mcp_post *post);
/* notifications/cancelled of a legacy client. */
void gt_mcp_post_cancel(struct gt_mcp_post *post, const json_t *params);

/* -- http.c -- */

/* Answers without a post: a JSON-RPC error (-32600) that names no request. `header`: one more of
 * the answer, or NULL. */
void gt_mcp_reply_error(struct gt_exchange *exchange, int status, const struct gt_header *header,
                        const char *message);

#endif
