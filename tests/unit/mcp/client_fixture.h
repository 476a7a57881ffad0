/*
 * What the tests of the client's side share: a loop in real time with a limit, records of outcomes
 * and notifications, a scripted HTTP server, and a peer at the other end of a pair of pipes.
 */
#ifndef GANTRY_TESTS_MCP_CLIENT_FIXTURE_H
#define GANTRY_TESTS_MCP_CLIENT_FIXTURE_H

#include "mcp_suites.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/mcp/client.h>
#include <gantry/mcp/stdio.h>
#include <gantry/net/server.h>

enum how { ANSWER, ABORT, STALL, CUT };

struct answer {          /* what a request gets */
    const char *method;  /* JSON-RPC method; NULL: any */
    const char *body;    /* "$ID" stands for the id of the request */
    int status;          /* 0: 200; 202 for what has no id */
    const char *type;    /* NULL: JSON */
    const char *session; /* Mcp-Session-Id, or NULL */
    enum how how;        /* CUT: half of the body */
    int times;           /* 0: always */
};

struct seen { /* a request as it came */
    const char *version, *session, *mirror_method, *mirror_name, *authorization, *region;
    const char *accept, *type;
    const char *method;
    json_t *message;
};

struct outcome { /* a copy that outlives the completion */
    int count;
    enum gt_mcp_failure failure;
    json_t *result, *data;
    int code, http_status;
    const char *message, *body, *header; /* header: www-authenticate */
};

struct world {
    struct gt_arena *arena;
    struct gt_loop *loop;
    struct gt_http *http;
    struct gt_server *server;
    GT_VEC(struct answer) answers;
    GT_VEC(struct seen) seen;
    GT_VEC(json_t *) notifications;
    int gone; /* clients that left before their answer */
    GT_VEC(struct gt_exchange *) stalled;
    struct gt_mcp_client *client;

    struct gt_mcp_pipe *peer;
    GT_VEC(json_t *) lines; /* what the peer got */
    bool peer_ended;
    void (*on_line)(struct world *world, const json_t *message); /* NULL: nothing is answered */
};
extern struct world world;

void world_setup(void);
void world_teardown(void);

/* The URL of the scripted server; it is started by the first call. */
const char *world_url(void);
void world_answer(struct answer answer);
/* A client of the scripted server with these options; url, http and loop are filled in. */
struct gt_mcp_client *world_client(struct gt_mcp_client_options options);
/* A client over pipes, to a peer that answers by `on_line`. */
struct gt_mcp_client *world_pipe_client(struct gt_mcp_client_options options,
                                        void (*on_line)(struct world *, const json_t *));
/* New pipes and a new peer; the client's ends. */
void world_new_peer(int *in, int *out);
void peer_send(const char *format, ...) GT_PRINTF(1, 2);

void note(void *payload, const struct gt_mcp_outcome *outcome); /* payload: struct outcome */
void note_notification(void *payload, const json_t *notification);
/* Runs until the outcome is there, or `ms` have passed. */
void run_until(const struct outcome *outcome);
void run_ms(int64_t ms);

/* What connects. */
#define MODERN                                                                                     \
    {                                                                                              \
        .method = "server/discover",                                                               \
        .body = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"resultType\":\"complete\","         \
                "\"supportedVersions\":[\"2026-07-28\",\"2025-11-25\"],\"capabilities\":{}}}"      \
    }
#define REFUSED(NAME)                                                                              \
    {                                                                                              \
        .method = (NAME), .status = 404,                                                           \
        .body = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"error\":{\"code\":-32601,"                      \
                "\"message\":\"Method not found\"}}"                                               \
    }
#define INITIALIZED                                                                                \
    "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"protocolVersion\":\"2025-06-18\","              \
    "\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"old\",\"version\":\"1\"}}}"
#define RESULT(TEXT) "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":" TEXT "}"

#endif
