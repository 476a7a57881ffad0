/* What the parts of the end-to-end check share: blocking fetches of small documents. */
#ifndef GANTRY_ENGINE_VERIFY_INTERNAL_H
#define GANTRY_ENGINE_VERIFY_INTERNAL_H

#include <gantry/engine/verify.h>

struct gt_fetch_options {
    struct gt_loop *loop;
    struct gt_http *http;
    int64_t deadline_ms; /* for trying again while nothing, or a passing failure, comes back */
};

struct gt_fetched { /* in the arena */
    enum gt_http_outcome outcome;
    int status;
    const char *error, *body; /* body "" when there is none */
    const json_t *document;   /* the body, where it is JSON */
};

/* Sends a request until it is answered with anything but 429 and 5xx, or time is up. Blocks. */
void gt_fetch(struct gt_arena *arena, const struct gt_fetch_options *options,
              const struct gt_http_request *request, struct gt_fetched *out);

/* What came back, as one line: "HTTP 400: {"error": ...}" or the transport's error. */
const char *gt_received(struct gt_arena *arena, const struct gt_fetched *fetched);

/* An issuer's discovery document. */
bool gt_discover(struct gt_arena *arena, const struct gt_fetch_options *options,
                 const char *discovery_url, const json_t **document,
                 struct gt_token_failure *failure);

/* What came, copied into the arena. */
void gt_fetched_read(struct gt_arena *arena, const struct gt_http_response *response,
                     struct gt_fetched *out);

/* The request of RFC 6749 section 4.4.2, in the arena; `scope` NULL: all that the client may. */
struct gt_token_request {
    struct gt_http_request http;
    struct gt_header headers[3];
};
void gt_token_request(struct gt_arena *arena, const char *token_url,
                      const struct gt_verify_client *client, const char *scope,
                      struct gt_token_request *out);

/* The token of an answer; false when there is none. */
bool gt_token_read(const struct gt_fetched *fetched, struct gt_token *token);

/* Runs the loop for some time. */
void gt_pause(struct gt_loop *loop, int64_t ms);

#endif
