/*
 * The client's side of MCP, over Streamable HTTP or over a pipe to a child process: finds out which
 * era the server speaks (server/discover, else initialize), sends requests, follows pages and event
 * streams. Many requests may be open at once.
 */
#ifndef GANTRY_MCP_CLIENT_H
#define GANTRY_MCP_CLIENT_H

#include <gantry/mcp/protocol.h>
#include <gantry/net/http.h>

struct gt_mcp_client;
struct gt_mcp_sending; /* an HTTP request that waits for its authorization */

/*
 * Completes a request before it leaves (a bearer token, a signature): called once for each with the
 * request as it will be sent, and must call gt_mcp_send with additional headers, or
 * gt_mcp_send_fail, now or in a later turn.
 */
typedef void gt_mcp_authorise_fn(void *payload, struct gt_mcp_sending *sending,
                                 const struct gt_http_request *request);
void gt_mcp_send(struct gt_mcp_sending *sending, const struct gt_header *headers, size_t count);
void gt_mcp_send_fail(struct gt_mcp_sending *sending, const char *reason);

struct gt_mcp_client_options {
    struct gt_loop *loop;
    struct gt_http *http; /* with url; NULL: over descriptors */
    const char *url;
    gt_mcp_authorise_fn *authorise; /* NULL: requests leave as they are */
    void *payload;
    int in, out;                /* without http: of the child; closed with the client */
    const char *name, *version; /* clientInfo */
    enum gt_mcp_version only;   /* UNKNOWN: the best that the server speaks */
    bool prefer_legacy;         /* initialize first; server/discover when that is refused */
    int64_t timeout_ms;         /* for one request; 0: 60,000 */
    /* Notifications of the server that belong to no request, and those of requests without a
     * function of their own; may be NULL. */
    void (*on_notification)(void *payload, const json_t *notification);
};

struct gt_mcp_client *gt_mcp_client_new(const struct gt_mcp_client_options *options);
/* Open requests get no completion. NULL is allowed; not from inside a callback of the client. */
void gt_mcp_client_free(struct gt_mcp_client *client);

enum gt_mcp_failure {
    GT_MCP_OK,
    GT_MCP_REFUSED,     /* a JSON-RPC error: code, message, data */
    GT_MCP_HTTP_STATUS, /* an HTTP status that is none of 2xx, with no JSON-RPC error in it */
    GT_MCP_UNREACHABLE, /* no connection, no authorization, pipe closed before it was sent */
    GT_MCP_NO_ANSWER,   /* sent, and no whole answer: timeout, connection lost */
    GT_MCP_GARBLED      /* an answer that is no MCP */
};

struct gt_mcp_outcome { /* valid during the completion */
    enum gt_mcp_failure failure;
    const json_t *result; /* of OK; borrowed */
    int code;             /* of REFUSED */
    const char *message;  /* one line for people, of every failure */
    const json_t *data;
    const json_t *error;             /* of REFUSED: the whole error as it came */
    int http_status;                 /* 0: no HTTP answer */
    const struct gt_header *headers; /* of the HTTP answer, names in lower case */
    size_t header_count;
    const char *body; /* start of the HTTP body where it was no MCP; or NULL */
    int64_t elapsed_ms;
};
typedef void gt_mcp_done_fn(void *payload, const struct gt_mcp_outcome *outcome);

/*
 * Agrees with the server on a version: server/discover, and where that is refused as unknown
 * initialize and notifications/initialized. The outcome's result is that of the method that
 * worked, with status and headers of its HTTP answer (of the first time, when it is connected
 * already). Other requests made before connect it themselves and wait.
 */
void gt_mcp_connect(struct gt_mcp_client *client, gt_mcp_done_fn *fn, void *payload);
enum gt_mcp_version
gt_mcp_client_version(const struct gt_mcp_client *client);              /* UNKNOWN: none yet */
const json_t *gt_mcp_client_server(const struct gt_mcp_client *client); /* that result, or NULL */
/* "server/discover" or "initialize": what connected. */
const char *gt_mcp_client_handshake(const struct gt_mcp_client *client);
/* After a 404 for a session that the server ended, or a restarted child: the next request connects
 * again. */
void gt_mcp_client_reset(struct gt_mcp_client *client);
/* Without http: whether the child's output has ended, so that it answers nothing any more. */
bool gt_mcp_client_ended(const struct gt_mcp_client *client);
/*
 * A new child in place of the former one (without http): its descriptors, which the client owns
 * from now on; the former ones are closed. Requests that the former child has not answered fail
 * (NO_ANSWER), those that wait for a connection go to the new one, which is connected to anew. Not
 * from inside a completion.
 */
void gt_mcp_client_rebind(struct gt_mcp_client *client, int in, int out);

struct gt_mcp_ask {
    const char *method;
    const json_t *params; /* borrowed; NULL: {} */
    int64_t timeout_ms;   /* 0: the client's */
    /* Notifications that came on this request's stream, or with its progress token; may be NULL. A
     * progress token is sent only then. */
    void (*on_notification)(void *payload, const json_t *notification);
    void *payload; /* of on_notification */
    /* Over HTTP, of this request alone: more headers (in place of the client's own of that name)
     * and what its URL's query has besides; copied. */
    const struct gt_header *headers;
    size_t header_count;
    const char *query;
};
struct gt_mcp_open; /* a request under way */
struct gt_mcp_open *gt_mcp_request(struct gt_mcp_client *client, const struct gt_mcp_ask *ask,
                                   gt_mcp_done_fn *fn, void *payload);
/* Cancels: closes the response stream (2026-07-28) or sends notifications/cancelled. No completion
 * follows. NULL is allowed; not from inside on_data of net/http.h. */
void gt_mcp_cancel(struct gt_mcp_open *open);

/* All pages of a list ("tools/list", member "tools"): result {tools: [...], pages: n}. A cursor
 * that comes twice, or more than 1,000 pages, is GARBLED. */
void gt_mcp_list(struct gt_mcp_client *client, const char *method, const char *member,
                 gt_mcp_done_fn *fn, void *payload);

/*
 * One message as it stands, with the headers that its version asks for (the client's own handshake
 * is not made): for bridges. The version is that of its _meta, else the one of the last initialize
 * result that passed; so is the session. on_message gets every message of the answer (JSON, or each
 * of an event stream; an error without id gets the id of `message`); fn comes at the end, without
 * result. OK says that a request was answered, with an error perhaps; else the bridge has to answer
 * it. Of a 401 nothing is passed, so that the caller can try again with another token. A session
 * that the server has forgotten (404) is opened again by repeating the initialize request that
 * passed, and `message` sent once more. notifications/cancelled for a 2026-07-28 request closes the
 * stream of that request, whose fn is called (OK, unanswered). HTTP only.
 */
void gt_mcp_forward(struct gt_mcp_client *client, const json_t *message,
                    void (*on_message)(void *payload, const json_t *message), gt_mcp_done_fn *fn,
                    void *payload);

#endif
