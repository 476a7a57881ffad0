/*
 * What the server's core and its transports share: the open calls and what carries their messages.
 * A transport makes an arena, fills a gt_mcp_incoming, opens a call and runs it; the core builds
 * texts and gives them to the carrier.
 */
#ifndef GANTRY_MCP_WORK_H
#define GANTRY_MCP_WORK_H

#include <gantry/base/buf.h>
#include <gantry/mcp/server.h>

#define GT_META_VERSION "io.modelcontextprotocol/protocolVersion"
#define GT_META_CAPABILITIES "io.modelcontextprotocol/clientCapabilities"
#define GT_META_LOG_LEVEL "io.modelcontextprotocol/logLevel"
#define GT_META_SERVER_INFO "io.modelcontextprotocol/serverInfo"
#define GT_META_SUBSCRIPTION "io.modelcontextprotocol/subscriptionId"

struct gt_mcp_work;
struct gt_mcp_stdio;

struct gt_mcp_carrier {
    /* Whether a message would reach the client before the response. */
    bool (*can_send)(const struct gt_mcp_work *work);
    /* Whether it could answer a request. */
    bool (*can_ask)(const struct gt_mcp_work *work);
    /* Whether the client is listening already, whatever the call does. */
    bool (*is_streaming)(const struct gt_mcp_work *work);
    void (*message)(struct gt_mcp_work *work, const char *bytes, size_t len);
    /* The response, with its HTTP status; NULL: the call was cancelled and gets none. Once. */
    void (*answer)(struct gt_mcp_work *work, int status, const char *bytes, size_t len);
    /* A header of the answer; NULL: answers have none. */
    void (*header)(struct gt_mcp_work *work, const char *name, const char *value);
    /* Nothing refers to the call any more: its arena may go. */
    void (*release)(struct gt_mcp_work *work);
};

struct gt_mcp_asked;

struct gt_mcp_work {
    struct gt_mcp_call call; /* first: methods see only this */
    const struct gt_mcp_carrier *carrier;
    void *line; /* the carrier's: a POST, a pipe */
    const struct gt_mcp_method *method;
    struct gt_mcp_work *next, *previous; /* of the server's open calls */
    struct gt_mcp_asked *asked;
    gt_timer_fn *on_cancel;
    void *cancel_payload;
    const json_t *listens; /* the filter of subscriptions/listen that was granted; or NULL */
    int *log_level;        /* of the connection; NULL: it has none */
    double progress;
    unsigned pins; /* stack frames that use it: it is released when they have returned */
    bool progressed, cancelled, answered;
    bool abandoned; /* by the server, which goes: its client still waits, and is told so */
};

struct gt_mcp_server {
    struct gt_arena *arena;
    struct gt_mcp_server_options options;
    struct gt_mcp_work *open;
    struct gt_mcp_asked *asked;
    struct gt_mcp_stdio *pipes; /* that are served */
    unsigned supported;         /* bits by version */
    json_t *supported_names, *empty;
    struct gt_buf text; /* of the message that is being built; kept for the next */
    const char *info;   /* the text of a _meta with serverInfo; in `told` */
    struct gt_arena *told;
    bool quiescing;
};

struct gt_mcp_incoming {
    struct gt_arena *arena;
    const struct gt_rpc *rpc;
    enum gt_mcp_version version;
    void *endpoint;
    const struct gt_mcp_carrier *carrier;
    void *line;
    int *log_level;
};

/* -- server.c -- */

bool gt_mcp_supports(const struct gt_mcp_server *server, enum gt_mcp_version version);
/* What initialize agrees on; UNKNOWN: the server speaks no version with a handshake. */
enum gt_mcp_version gt_mcp_negotiate(const struct gt_mcp_server *server, const json_t *params);
/* The row of a method that this version has, or NULL. */
const struct gt_mcp_method *gt_mcp_find_method(const struct gt_mcp_server *server, const char *name,
                                               enum gt_mcp_version version);
/* {supported, requested} of an unsupported version. */
json_t *gt_mcp_version_data(const struct gt_mcp_server *server, const char *requested);
/* Why an array of messages is not served; NULL: it is. `version` UNKNOWN: none was named. */
const char *gt_mcp_batch_problem(const struct gt_mcp_server *server, const json_t *messages,
                                 enum gt_mcp_version version);
/* Why a request does not go into a batch; NULL: it does. */
const char *gt_mcp_batch_member_problem(const struct gt_rpc *rpc);
/* Whether the capabilities have this, as an object or true. */
bool gt_mcp_offers(const struct gt_mcp_server *server, const char *pointer);
/* By severity (RFC 5424) from debug on; -1: no level. */
int gt_mcp_log_level(const char *name);

/* -- version.c -- */

/* The version that a request asks for. `header` NULL: none came; `has_headers`: there could have
 * been one. `otherwise` is taken where the request names none. */
struct gt_mcp_claim {
    enum gt_mcp_version version;
    bool modern; /* which rules errors follow */
    int code;    /* of a refusal (HTTP 400); 0: none */
    const char *message;
    const char *requested; /* of an unsupported version */
};
struct gt_mcp_claim gt_mcp_claimed_version(const struct gt_mcp_server *server,
                                           const struct gt_rpc *rpc, const char *header,
                                           bool has_headers, enum gt_mcp_version otherwise);

/* -- call.c -- */

struct gt_mcp_work *gt_mcp_work_open(struct gt_mcp_server *server,
                                     const struct gt_mcp_incoming *incoming);
/* Runs the method, or answers that there is none. `work` is not to be used afterwards, unless
 * pinned. */
void gt_mcp_work_run(struct gt_mcp_work *work);
void gt_mcp_work_pin(struct gt_mcp_work *work);
void gt_mcp_work_unpin(struct gt_mcp_work *work);
void gt_mcp_work_cancel(struct gt_mcp_work *work);
/* Cancels because the server goes: the client gets an error, whatever the method answers or when.
 */
void gt_mcp_work_abandon(struct gt_mcp_work *work);
/* The client is gone: a cancellation at 2026-07-28, else only the end of what it was asked. */
void gt_mcp_work_gone(struct gt_mcp_work *work);
/* An error with an HTTP status of its own; steals data. */
void gt_mcp_refuse(struct gt_mcp_work *work, int status, int code, const char *message,
                   json_t *data);
void gt_mcp_send_notification(struct gt_mcp_work *work, const char *method, json_t *params);

/* The text of a message in the server's buffer, until the next one; steals the message. */
const struct gt_buf *gt_mcp_text(struct gt_mcp_server *server, json_t *message);

/* -- ask.c -- */

/* A response that came; false when nobody waits for it. */
bool gt_mcp_take_answer(struct gt_mcp_server *server, const struct gt_rpc *rpc);
/* Ends what the call asked: with an answer of NULL and NULL, or without any. The caller has pinned
 * the call. */
void gt_mcp_drop_asked(struct gt_mcp_work *work, bool tell);

/* -- listen.c -- */

void gt_mcp_listen(void *self, struct gt_mcp_call *call);
void gt_mcp_end_listeners(struct gt_mcp_server *server);

/* -- stdio.c -- */

void gt_mcp_stdio_notify(struct gt_mcp_stdio *stdio, const char *bytes, size_t len);
struct gt_mcp_stdio *gt_mcp_stdio_next(struct gt_mcp_stdio *stdio);

/* -- headers.c -- */

struct gt_request;
/* Whether the headers of a request at 2026-07-28 say what its body says; else refuses it. */
bool gt_mcp_headers_match(struct gt_mcp_work *work, const struct gt_request *request);
bool gt_mcp_mirrors_match(struct gt_mcp_work *work, const struct gt_request *request);
/* The only header named `before` (in lower case) and `name` (in any) together; *twice when there
 * are several, which may be read differently on the way. */
const char *gt_mcp_header_only(const struct gt_request *request, const char *before,
                               const char *name, bool *twice);
/* A header's text without white space around it; NULL where there are characters in it that do not
 * belong into a header. */
const char *gt_mcp_header_trim(struct gt_arena *arena, const char *value);
/* The same, decoded (=?base64?...?=); NULL also where that is no text. */
const char *gt_mcp_header_text(struct gt_arena *arena, const char *value);

#endif
