/* What the parts of the end-to-end check share: blocking fetches of small documents. */
#ifndef GANTRY_ENGINE_VERIFY_INTERNAL_H
#define GANTRY_ENGINE_VERIFY_INTERNAL_H

#include <gantry/engine/verify.h>
#include <gantry/jose/authorizer.h>

struct gt_fetch_options {
    struct gt_loop *loop;
    struct gt_http *http;
    int64_t end_ms; /* monotonic; until then passing failures are tried again */
    bool (*is_over)(void *payload);
    void *payload;
};
bool gt_is_over(const struct gt_fetch_options *options);

struct gt_fetched { /* in the arena */
    enum gt_http_outcome outcome;
    int status;
    const char *error, *body; /* body "" when there is none */
    const json_t *document;   /* the body, where it is JSON */
};

/* Whether the same request may be answered in another way a moment later. */
bool gt_is_passing(const struct gt_fetched *fetched);

/* Sends a request until it is answered for good, or time is up, once at least. Blocks. */
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

/* The token of an answer, with a life that can be reckoned with; false when there is none. */
bool gt_token_read(const struct gt_fetched *fetched, struct gt_token *token);

/* The likely cause of an answer that holds no token; NULL: none that is known. */
const char *gt_token_cause(const struct gt_fetched *fetched);

/* Pauses between attempts: 250 ms, doubled up to 4 s. */
enum { GT_FIRST_PAUSE_MS = 250 };
int64_t gt_longer_pause(int64_t ms);

/* Runs the loop for some time. False: there is not that much left, or it is over. */
bool gt_pause(const struct gt_fetch_options *options, int64_t ms);

/* Why a gateway, or what stands behind it, answered like this; NULL: nothing is known. `failure` is
 * an enum gt_mcp_failure, `status` 0 where no HTTP answer came. */
const char *gt_gateway_cause(int failure, int status, const char *message);

/* The likely cause of a refusal by the gateway's authorizer, judged here. */
const char *gt_claims_cause(const struct gt_refusal *refusal);

/* Which client, the own one first, and which of its scopes shows that a wrong scope is refused;
 * false when there is none. */
struct gt_wrong_scope {
    const struct gt_verify_client *client;
    const char *scope;
};
bool gt_find_wrong_scope(struct gt_arena *arena, const struct gt_verify_options *options,
                         struct gt_wrong_scope *out);

/* The token with one character of its signature changed; NULL: it has no signature. */
const char *gt_tampered(struct gt_arena *arena, const char *token);

#endif
