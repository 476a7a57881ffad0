/*
 * HTTP/1.1 server on the loop; the only module that includes libmicrohttpd. A handler is called
 * once for each complete request and answers now or later: nothing blocks, and a connection that
 * waits costs no thread. Source: RFC 9110, RFC 9112.
 */
#ifndef GANTRY_NET_SERVER_H
#define GANTRY_NET_SERVER_H

#include <gantry/net/http.h>

struct gt_exchange; /* one request and its answer */

/* Valid until the exchange has been answered; strings live in the exchange's arena. */
struct gt_request {
    const char *method;
    const char *target;              /* as sent: path, and query behind '?' */
    const char *path;                /* as sent, percent-encoded; starts with '/' */
    const char *query;               /* as sent, without '?'; NULL where there is none */
    const struct gt_header *headers; /* in order, names in lower case */
    size_t header_count;
    const char *body; /* NUL-terminated */
    size_t body_len;
    const char *peer; /* "127.0.0.1:50312"; "unix" on a Unix socket */
};

/* The value of a header (name in lower case; of several the first), or NULL. */
const char *gt_request_header(const struct gt_request *request, const char *name);

/* The decoded value of a query parameter (of several the first), or NULL. */
const char *gt_request_query(const struct gt_request *request, struct gt_arena *arena,
                             const char *name);

/* Called from the loop with a complete request, which the handler must answer exactly once, now or
 * in a later turn: gt_reply, gt_stream_begin ... gt_stream_end, or gt_exchange_abort. */
typedef void gt_server_fn(void *payload, struct gt_exchange *exchange);

struct gt_server_options {
    const char *host;      /* numeric address to listen on; NULL: 127.0.0.1 */
    int port;              /* 0: any free one */
    const char *unix_path; /* a Unix socket with mode 0600 instead; made, removed with the server */
    gt_server_fn *handler;
    void *payload;
    size_t max_body; /* bytes; 0: 4 MiB; beyond it 413 without the handler */
    /* Bytes of request line and headers; 0: 16 KiB; beyond it 431, or 414 for a target that is too
     * long by itself. A few hundred tiny headers are too many also when they are not too long. A
     * connection that has had a request keeps 8 KiB more than this, until it is closed. */
    size_t max_headers;
    /* 0: 1,000; RLIMIT_NOFILE is raised as far as needed and allowed. Who comes then waits. */
    unsigned max_connections;
    /* Of one address; 0: no limit of their own. Who comes then is closed at once. Not for what
     * stands behind a proxy. */
    unsigned max_connections_per_ip;
    /* For a complete request from its first byte; 0: 30,000. Beyond it 408. (On a Unix socket a
     * request line that does not get ready is taken for an idle connection.) */
    int64_t request_timeout_ms;
    /* For a connection between requests, and (in whole seconds) for a client that takes nothing of
     * its answer; 0: 120,000. */
    int64_t idle_timeout_ms;
};

struct gt_server;

/* False with an error ("address-in-use", "listen"): no permission, no descriptor. The server counts
 * as a watched descriptor until it is freed: gt_loop_run goes on until gt_loop_stop. */
bool gt_server_start(struct gt_loop *loop, const struct gt_server_options *options,
                     struct gt_server **server, struct gt_diags *diags);
int gt_server_port(const struct gt_server *server);

/*
 * The graceful end: no new connections, and those that carry no request are closed. What has begun
 * goes on: requests that are still coming in are handed over, and every answer closes its
 * connection. Calls fn(payload) once, from the loop, when nothing is left or `limit_ms` are over;
 * gt_server_free then breaks off what is left, and is allowed earlier too (fn is not called then).
 * Whatever holds answers open (event streams) is for the handler's owner to end. Once.
 */
void gt_server_drain(struct gt_server *server, int64_t limit_ms, gt_timer_fn *fn, void *payload);
/* Requests that are with a handler, or whose answer has not left yet. */
size_t gt_server_busy(const struct gt_server *server);
/* Closes everything and frees all exchanges, those too that are still to be answered, after their
 * on_gone was called: whatever works on one must have ended before, or end there. NULL is allowed.
 * Not from inside a handler or an on_gone function. */
void gt_server_free(struct gt_server *server);

const struct gt_request *gt_exchange_request(const struct gt_exchange *exchange);
/* Lives until the answer has been delivered or given up; wiped when it goes. */
struct gt_arena *gt_exchange_arena(struct gt_exchange *exchange);

/* Calls fn(payload) once when the client goes before the handler has answered in full: it closed or
 * reset its end of the socket, or shut down its half of it, which from here looks the same (only
 * what is answered inside the handler reaches such a client). The connection is closed then. The
 * exchange is still to be answered, to nobody. When the client has gone already, fn is called in
 * the next turn. NULL takes it back. */
void gt_exchange_on_gone(struct gt_exchange *exchange, gt_timer_fn *fn, void *payload);

/* A header that the answer will have besides those it is given; copied, before the answer begins.
 * Answers that the server gives without the handler (408, 413, ...) have none of them. */
void gt_exchange_add_header(struct gt_exchange *exchange, const char *name, const char *value);

/* The whole answer: headers and body are copied. Content-Length and Date are added; headers about
 * the length, and those that are malformed (a line break), are left out. */
void gt_reply(struct gt_exchange *exchange, int status, const struct gt_header *headers,
              size_t header_count, const char *body, size_t body_len);
/* A JSON document with its content type; borrows it. */
void gt_reply_json(struct gt_exchange *exchange, int status, const json_t *document);
/* As gt_reply, but only the first `sent` bytes of the body leave before the connection is closed:
 * what a broken server looks like, for tests of clients. */
void gt_reply_cut(struct gt_exchange *exchange, int status, const struct gt_header *headers,
                  size_t header_count, const char *body, size_t body_len, size_t sent);

/* An answer in pieces (chunked), for server-sent events and relayed bodies. Writes are buffered
 * without bound by the caller's pace; gt_stream_pending says how many bytes have not left. */
void gt_stream_begin(struct gt_exchange *exchange, int status, const struct gt_header *headers,
                     size_t header_count);
void gt_stream_write(struct gt_exchange *exchange, const char *bytes, size_t len);
void gt_stream_end(struct gt_exchange *exchange);
size_t gt_stream_pending(const struct gt_exchange *exchange);

/* Ends the connection with a TCP reset, with nothing (more) sent. A Unix socket is just closed. */
void gt_exchange_abort(struct gt_exchange *exchange);

#endif
