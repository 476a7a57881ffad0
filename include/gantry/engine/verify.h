/*
 * The end-to-end check: does a client get a token, and do tools arrive through the gateway with it
 * and with nothing else? Each hop is tried by doing, named, timed; a failed one says what was sent,
 * what came back and the likely cause. Works the same against AWS and the embedded cloud, and
 * creates nothing.
 */
#ifndef GANTRY_ENGINE_VERIFY_H
#define GANTRY_ENGINE_VERIFY_H

#include <gantry/net/http.h>

struct gt_verify_client {
    const char *name; /* "mcp.quick-suite" */
    const char *client_id;
    const char *secret;        /* NULL: it has none, and so gets no token by client credentials */
    const char *scope;         /* all that it may ask for, separated by spaces; "" none */
    const char *discovery_url; /* of its issuer */
};

struct gt_verify_gateway {
    const char *name, *url;   /* "tools"; the MCP endpoint */
    const json_t *authorizer; /* its customJWTAuthorizer; NULL: it has none */
    bool open; /* it asks nobody for anything (authorizerType NONE); with a client: by mistake */
};

enum gt_hop_result { GT_HOP_OK, GT_HOP_FAILED, GT_HOP_SKIPPED };

struct gt_hop {
    const char *name; /* "token", "claims", "initialize", "tools/list", "no token", ... */
    enum gt_hop_result result;
    int64_t elapsed_ms;
    const char *detail; /* one line: what was found, why it failed or was skipped */
    const char *sent, *received, *cause; /* of a failure, one line each; NULL: nothing to say */
};

struct gt_verify_options {
    struct gt_loop *loop;
    struct gt_http *http;
    const struct gt_verify_client *client; /* NULL: none of the stack's may call the gateway */
    const struct gt_verify_gateway *gateway;
    /* All clients of the stack: one with a scope that the gateway does not allow shows that a wrong
     * scope is refused. */
    const struct gt_verify_client *clients;
    size_t client_count;
    const char *call;        /* a tool to call ("lark___read_report"); NULL: none */
    const json_t *arguments; /* of it; NULL: {} */
    bool call_where_listed;  /* a gateway that does not list the tool is no failure */
    int64_t deadline_ms;     /* until then what may pass is tried again; 0: 120,000 */
    const char *version;     /* Gantry's own, for clientInfo */
    /* Whether to give up: asked whenever the loop was stopped. What is under way is dropped and the
     * rest is not tried. May be NULL. */
    bool (*is_over)(void *payload);
    /* Called when a hop begins (result and detail not set) and when it is done; may be NULL. */
    void (*on_hop)(void *payload, const struct gt_hop *hop, bool done);
    void *payload; /* of both */
};

struct gt_verification {
    GT_VEC(struct gt_hop) hops;
    size_t failed, skipped;
    json_t *tools;         /* as listed; kept by the arena; NULL: not listed */
    const char *token_url; /* of the discovery document; NULL: not known */
};

/*
 * A token by client credentials; the answer of the token endpoint is kept by the arena, which is to
 * be a secret one. Tried again until the deadline while the endpoint's name or port is not there
 * yet, or its answer is 429 or 5xx. Source: RFC 6749 section 4.4.
 */
#define GT_TOKEN_DEADLINE_MS 120000 /* where none is given */
struct gt_token {
    const char *access_token, *type, *scope;
    int64_t expires_in_s;
};
struct gt_token_failure {
    const char *message, *sent, *received, *cause;
};
struct gt_token_options {
    struct gt_loop *loop;
    struct gt_http *http;
    const struct gt_verify_client *client;
    const char *scope;              /* what to ask for; NULL: all that the client may */
    int64_t deadline_ms;            /* 0: GT_TOKEN_DEADLINE_MS */
    bool (*is_over)(void *payload); /* as in gt_verify_options */
    void *payload;
};
/*
 * *token_url is read from the discovery document when it is NULL. Blocks, running the loop. False
 * with *failure (in the arena; no secret in it); *token and *token_url are written on success.
 */
bool gt_token_fetch(struct gt_arena *arena, const struct gt_token_options *options,
                    const char **token_url, struct gt_token *token,
                    struct gt_token_failure *failure);

/* Tries the pair of client and gateway; what it found is in `out`. Blocks, running the loop; not
 * from inside a callback. */
void gt_verify(struct gt_arena *arena, const struct gt_verify_options *options,
               struct gt_verification *out);

#endif
