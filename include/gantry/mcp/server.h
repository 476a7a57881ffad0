/*
 * The server's side of MCP for both protocol eras: what is the same for every server (initialize,
 * server/discover, ping, versions, headers, cancellation, progress, what results must carry) is
 * done here; what a server offers comes as a table of methods. Transports: mcp/http.h, mcp/stdio.h.
 */
#ifndef GANTRY_MCP_SERVER_H
#define GANTRY_MCP_SERVER_H

#include <gantry/mcp/protocol.h>
#include <gantry/net/loop.h>

struct gt_mcp_server;

/* One request that is being worked on. Lives until it was answered, also when its client has gone.
 */
struct gt_mcp_call {
    struct gt_arena *arena;
    struct gt_mcp_server *server;
    enum gt_mcp_version version;
    const char *method;
    const json_t *id;
    const json_t
        *params;        /* an object, empty where none came; borrowed, valid for the call's life */
    const json_t *meta; /* params._meta, or an empty object */
    const json_t *client_capabilities; /* 2026-07-28: of this request; before: NULL (not known) */
    void *endpoint; /* what the transport was given: who calls, which gateway, which toolset */
    void *work;     /* the method's own */
};

/* Answers exactly once: gt_mcp_result or gt_mcp_error, now or in a later turn. */
typedef void gt_mcp_method_fn(void *self, struct gt_mcp_call *call);

enum {                    /* flags of a method */
       GT_MCP_LIST = 1,   /* its results carry ttlMs and cacheScope from 2026-07-28 on */
       GT_MCP_LEGACY = 2, /* not served at 2026-07-28 */
       GT_MCP_MODERN = 4, /* not served before */
       GT_MCP_NAMED = 8   /* Mcp-Name mirrors params.name (or params.uri for resources/read) */
};

struct gt_mcp_method {
    const char *name; /* "tools/call" */
    unsigned flags;
    gt_mcp_method_fn *run;
};

struct gt_mcp_server_options {
    struct gt_loop *loop;
    json_t *server_info;      /* {name, version, title?, ...}; borrowed for the server's life */
    json_t *capabilities;     /* {tools: {}, ...}; borrowed */
    const char *instructions; /* or NULL */
    const struct gt_mcp_method *methods; /* ends with a row without name */
    void *self;
    int64_t ttl_ms;                      /* of lists and of server/discover */
    bool private_lists;                  /* lists depend on who asks: cacheScope private */
    const enum gt_mcp_version *versions; /* ends with UNKNOWN; NULL: all that we speak */
    /* params of x-mcp-header: the header of each mirrored argument of a tool as {argument: header}
     * (without Mcp-Param-; an argument that starts with '/' is a JSON pointer into the arguments);
     * borrowed answer, NULL: none. May be NULL. */
    const json_t *(*mirrored)(void *self, struct gt_mcp_call *call);
};

struct gt_mcp_server *gt_mcp_server_new(const struct gt_mcp_server_options *options);
/* What clients are told from now on: server_info, instructions, ttl_ms and private_lists of
 * `options` (borrowed as before); the others stay. */
void gt_mcp_server_describe(struct gt_mcp_server *server,
                            const struct gt_mcp_server_options *options);
/* Ends listeners (subscriptions/listen) with their closing response, those too that come from now
 * on: the start of a shutdown, and gt_server_drain the next step. */
void gt_mcp_server_quiesce(struct gt_mcp_server *server);
/* Calls that were not answered yet, listeners included. */
size_t gt_mcp_server_open(const struct gt_mcp_server *server);
/* Ends the listeners and cancels all open calls: those that are not answered by then get an error
 * and are gone. Before the HTTP server whose requests it serves, after gt_mcp_stdio_free. NULL is
 * allowed. */
void gt_mcp_server_free(struct gt_mcp_server *server);

/* Steals `result` (NULL: {}); the call is gone afterwards. At 2026-07-28 resultType ("complete"
 * unless it is there), serverInfo in _meta, ttlMs and cacheScope are added; a former version gets
 * none of them. */
void gt_mcp_result(struct gt_mcp_call *call, json_t *result);
/* The same with the text of a JSON object, without white space around it: for results that are
 * written rather than built. Copied. */
void gt_mcp_result_text(struct gt_mcp_call *call, const char *text, size_t len);
/* Steals `data` (NULL: none). The call is gone afterwards. GT_MCP_RESOURCE_NOT_FOUND becomes
 * invalid params at 2026-07-28, where that code is not to be used. */
void gt_mcp_error(struct gt_mcp_call *call, int code, const char *message, json_t *data);
/* A tool's result with isError and one text: what the model can act on. */
void gt_mcp_tool_error(struct gt_mcp_call *call, const char *format, ...) GT_PRINTF(2, 3);

/* A header of the HTTP answer to this call; copied. Nothing happens when the answer has begun, or is
 * no HTTP. */
void gt_mcp_answer_header(struct gt_mcp_call *call, const char *name, const char *value);

/* A notification on the call's own response stream, which makes it SSE; steals params. Nothing
 * happens when the client has gone, or accepts no event stream. notifications/message is sent only
 * where the server offers logging and the client wants that level (2026-07-28: asked for it). */
void gt_mcp_notify(struct gt_mcp_call *call, const char *method, json_t *params);
/* notifications/progress, if the request gave a token; `total` < 0: unknown, message may be NULL.
 * Values that do not grow are dropped. */
void gt_mcp_progress(struct gt_mcp_call *call, double progress, double total, const char *message);

/*
 * Calls fn(payload) once when the call is cancelled: notifications/cancelled, or at 2026-07-28 the
 * client's going. The call is still to be answered (to nobody). One function; NULL takes it back.
 * At once when the call was cancelled before.
 */
void gt_mcp_on_cancel(struct gt_mcp_call *call, gt_timer_fn *fn, void *payload);
bool gt_mcp_cancelled(const struct gt_mcp_call *call);

/*
 * Legacy versions: sends the client a request (sampling/createMessage, elicitation/create,
 * roots/list) on the call's stream; steals params. fn gets the answer's result or error (one of
 * them NULL, both borrowed), or both NULL when none came within timeout_ms or the client went.
 * At 2026-07-28 servers send no requests: then both are NULL at once. When the call is answered
 * first, fn is not called.
 */
typedef void gt_mcp_answer_fn(void *payload, const json_t *result, const json_t *error);
void gt_mcp_ask(struct gt_mcp_call *call, const char *method, json_t *params, int64_t timeout_ms,
                gt_mcp_answer_fn *fn, void *payload);

/*
 * Cursors of lists: the page of `items` (borrowed, any array) that the call's params.cursor asks
 * for, at most `page` items, as {member: [...], nextCursor?}. New reference, or NULL after
 * gt_mcp_error(-32602) for a cursor that is none of ours. An absent or empty cursor is the start.
 */
json_t *gt_mcp_page(struct gt_mcp_call *call, const char *member, const json_t *items, size_t page);

/* Tells listeners (subscriptions/listen, and legacy streams that are open) that a list changed:
 * "tools", "prompts", "resources". */
void gt_mcp_list_changed(struct gt_mcp_server *server, const char *list);
/* Tells those who subscribed to this resource (subscriptions/listen) that it changed. */
void gt_mcp_resource_updated(struct gt_mcp_server *server, const char *uri);

#endif
