/* What the files of the client share: the client, its connection, its open requests. */
#ifndef GANTRY_MCP_CLIENT_PARTS_H
#define GANTRY_MCP_CLIENT_PARTS_H

#include "outgoing.h"

#include <gantry/mcp/stdio.h>

enum gt_client_state { GT_CLIENT_IDLE, GT_CLIENT_CONNECTING, GT_CLIENT_CONNECTED };

/* What is known of a connection; all of it lives in its arena. */
struct gt_link {
    struct gt_arena *arena;
    enum gt_mcp_version version;
    const char *version_name;  /* as negotiated; of the header */
    const char *handshake;     /* the method that connected */
    json_t *server;            /* its result */
    struct gt_header *headers; /* of its HTTP answer */
    size_t header_count;
    int http_status;
    const char *session;   /* Mcp-Session-Id, or NULL */
    json_t *mirrored;      /* {tool: [{path: [...], header}]} */
    const json_t *opening; /* the initialize request that passed (gt_mcp_forward) */
};

struct gt_mcp_client {
    struct gt_arena *arena;
    struct gt_mcp_client_options options; /* strings copied */
    enum gt_client_state state;
    struct gt_link link;        /* of requests */
    struct gt_link passed;      /* of what gt_mcp_forward passed through */
    unsigned epoch;             /* grows with each reset */
    unsigned tried, trying;     /* handshakes of this connecting; bits of client_connect.c */
    struct gt_mcp_pipe *pipe;   /* without http */
    const char *end_reason;     /* the pipe has ended; NULL: it has not */
    struct gt_arena *end_arena; /* of end_reason */
    int64_t last_id;
    struct gt_mcp_open *first, *last; /* requests, in the order of their making */
    struct gt_outgoing *outgoing;
    struct gt_forward *forwards;
    /* A relay's ear: notifications that belong to no request. */
    void (*observer)(void *payload, const json_t *notification);
    void *observer_payload;
};

struct gt_mcp_open {
    struct gt_mcp_open *previous, *next;
    struct gt_mcp_client *client;
    struct gt_arena *arena;
    const char *method; /* NULL: waits for the connection, and for nothing else */
    const json_t *params;
    int64_t id, started_ms, timeout_ms;
    struct gt_timer *timer; /* the time limit, or a failure that is told in the next turn */
    struct gt_outgoing *outgoing;
    struct gt_header *headers; /* of its own */
    size_t header_count;
    const char *query;
    void (*on_notification)(void *payload, const json_t *notification);
    void *notification_payload;
    gt_mcp_done_fn *fn;
    void *payload;
    void (*drop)(void *payload); /* instead of fn when the client goes; may be NULL */
    const char *broken;          /* why it fails in the next turn */
    unsigned epoch;              /* of the connection that it was sent on */
    bool handshake;              /* does not wait for the connection */
    const char *problem;         /* of what came instead of the answer */
    bool sent, with_session, repeated, finished;
    const struct gt_mcp_outcome *doom; /* what gt_client_fail_all is about to tell it */
};

/* A request of the client's own making. */
struct gt_client_ask {
    struct gt_mcp_ask ask;
    bool handshake;
    void (*drop)(void *payload);
};

/* -- client.c -- */
struct gt_mcp_open *gt_client_ask(struct gt_mcp_client *client, const struct gt_client_ask *ask,
                                  gt_mcp_done_fn *fn, void *payload);
/* Sends a request that waited; one that cannot leave fails in the next turn. */
void gt_client_dispatch(struct gt_mcp_open *open);
/* Fails it in the next turn. */
void gt_client_break(struct gt_mcp_open *open, const char *why);
/* Stops its time limit, and says how much is left of it (at least 1 ms); starts it again. */
int64_t gt_client_disarm(struct gt_mcp_open *open);
void gt_client_arm(struct gt_mcp_open *open);
/* Completes a request: elapsed_ms is filled in. The request is gone afterwards. */
void gt_client_finish(struct gt_mcp_open *open, const struct gt_mcp_outcome *outcome);
/* Completes all requests that were sent (or all that wait) with a failure. */
void gt_client_fail_all(struct gt_mcp_client *client, bool sent,
                        const struct gt_mcp_outcome *outcome);
/* What a response says to its request. False: it is no MCP response. */
bool gt_client_outcome(const struct gt_rpc *response, struct gt_mcp_outcome *outcome,
                       struct gt_arena *arena);
/* A notification, to the request that it belongs to (NULL: found by what it says), or to the
 * client's owner. */
void gt_client_notify(struct gt_mcp_client *client, struct gt_mcp_open *open,
                      const struct gt_rpc *rpc, const json_t *message);
/* The answer to a request of the server. New reference. */
json_t *gt_client_answer(const struct gt_mcp_client *client, const struct gt_rpc *request);
void gt_client_send_notification(struct gt_mcp_client *client, const char *method, json_t *params);
void gt_client_send_cancelled(struct gt_mcp_open *open);

/* -- client_connect.c -- */
void gt_client_connect(struct gt_mcp_client *client); /* begins, unless it has begun */
/* What who asked for the connection is told once it stands. */
struct gt_mcp_outcome gt_client_connected(const struct gt_mcp_client *client);
void gt_client_connect_if_awaited(struct gt_mcp_client *client); /* when a request waits for it */
void gt_link_clear(struct gt_link *link);

/* -- client_message.c -- */
typedef GT_VEC(struct gt_header) gt_header_vec;

/* The version of which requests are made now; the handshakes have their own. */
enum gt_mcp_version gt_client_request_version(const struct gt_mcp_open *open);
/* The message of a request with what its version adds to it; new reference. */
json_t *gt_client_message(const struct gt_mcp_open *open);
/* The headers of a message on a connection: version, session, and at 2026-07-28 what mirrors the
 * body. */
void gt_client_headers(struct gt_arena *arena, const struct gt_link *link, const json_t *message,
                       gt_header_vec *headers);
/* Remembers which arguments of tools are mirrored in headers, from a result of tools/list. */
void gt_client_note_tools(struct gt_link *link, const json_t *result);

/* -- client_pipe.c -- */
void gt_client_pipe_open(struct gt_mcp_client *client, int in, int out);
void gt_client_pipe_close(struct gt_mcp_client *client);
void gt_client_pipe_send(struct gt_mcp_open *open);

/* -- client_http.c -- */
void gt_client_http_send(struct gt_mcp_open *open);
/* Sends a notification or a response. `fn` (NULL: nobody cares) is called with the client when it
 * is over. */
typedef void gt_client_told_fn(void *client, struct gt_outgoing *outgoing,
                               const struct gt_mcp_outcome *outcome);
void gt_client_http_tell(struct gt_mcp_client *client, const json_t *message,
                         gt_client_told_fn *fn);

/* -- forward.c -- */
void gt_client_drop_forwards(struct gt_mcp_client *client);

#endif
