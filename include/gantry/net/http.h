/*
 * HTTP client on the loop; the only module that includes curl. Every request is sent once: when a
 * re-used connection dies before the first byte of the answer, the request fails instead of being
 * sent again by libcurl. Redirects are answers. Proxies are those of the environment, by curl's
 * rules (https_proxy, http_proxy, all_proxy, no_proxy), but never for this machine's own addresses
 * (gt_url_is_loopback) and for Unix sockets.
 */
#ifndef GANTRY_NET_HTTP_H
#define GANTRY_NET_HTTP_H

#include <gantry/net/loop.h>

struct gt_header {
    const char *name, *value;
};

struct gt_http_response;

struct gt_http_request {
    const char *method, *url;        /* the URL is sent as it stands: no dot segments are removed */
    const struct gt_header *headers; /* copied; a value with a line break is refused (NOT_SENT) */
    size_t header_count;
    const char *body; /* copied; may be NULL */
    size_t body_len;
    int64_t connect_timeout_ms; /* 0: 3,100 */
    int64_t timeout_ms;         /* in all, waiting for a connection included; 0: 60,000 */
    size_t max_body;            /* of the answer in bytes; 0: 16 MiB */
    bool no_proxy;              /* metadata services */
    const char *unix_socket; /* connect to this Unix socket instead; the URL gives Host and path */
    /* The body of a 2xx answer in pieces as they come, instead of collected (max_body does not
     * count): `response` has status and headers and an empty body. NULL: collected. The completion
     * follows as always. */
    void (*on_data)(void *payload, const struct gt_http_response *response, const char *bytes,
                    size_t len);
    bool secret; /* all of it is wiped when done, the answer too */
};

enum gt_http_outcome {
    GT_HTTP_ANSWERED,  /* a whole answer: status, headers, body */
    GT_HTTP_NOT_SENT,  /* nothing of the request reached the peer: name, connection, TLS */
    GT_HTTP_MAYBE_SENT /* it was sent, or may have been, and no whole answer came */
};

struct gt_http_response {
    enum gt_http_outcome outcome;
    int status;
    const struct gt_header *headers; /* names in lower case */
    size_t header_count;
    const char *body; /* NUL-terminated */
    size_t body_len;
    const char *error; /* what went wrong, one line; NULL when answered */
    bool timed_out, too_large;
};

/* The value of a header (name in lower case), or NULL. */
const char *gt_http_header(const struct gt_http_response *response, const char *name);

/* Called exactly once for each request, from the loop, never from inside gt_http_send. The response
 * is valid during the call. */
typedef void gt_http_fn(void *payload, const struct gt_http_response *response);

struct gt_http;
struct gt_http_options {
    const char *ca_bundle;    /* file, or NULL: the system's */
    int connections_per_host; /* 0: 16 */
    const char *user_agent;
};
struct gt_http *gt_http_new(struct gt_loop *loop, const struct gt_http_options *options);
/* Open requests are dropped without a completion. Not from inside a completion. */
void gt_http_free(struct gt_http *http);

/* Queues a request. It leaves when the on-turn function of the loop has returned (net/loop.h). */
void gt_http_send(struct gt_http *http, const struct gt_http_request *request, gt_http_fn *fn,
                  void *payload);

/* As gt_http_send, with a handle by which the request can be given up: no completion and no data
 * follow, the connection is closed. Valid until the completion. Cancelling is allowed at any time
 * before, inside on_data too. */
struct gt_http_open;
struct gt_http_open *gt_http_start(struct gt_http *http, const struct gt_http_request *request,
                                   gt_http_fn *fn, void *payload);
void gt_http_cancel(struct gt_http_open *open); /* NULL is allowed */

/* A transport is what the AWS client sends through: gt_http, or a scripted one in tests. `send`
 * copies what it needs of the request. */
struct gt_transport {
    void (*send)(void *self, const struct gt_http_request *request, gt_http_fn *fn, void *payload);
    void *self;
};
struct gt_transport gt_http_transport(struct gt_http *http);

#endif
