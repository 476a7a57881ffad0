/* The end-to-end check while it runs, as its files share it: one file for each side that hops
 * touch, and verify.c for their order. */
#ifndef GANTRY_ENGINE_VERIFY_CHECK_H
#define GANTRY_ENGINE_VERIFY_CHECK_H

#include "verify_internal.h"

#include <gantry/mcp/client.h>

struct gt_check;

/* An MCP client of the gateway with a token (NULL: none), and what came of its last request. */
struct gt_trial {
    struct gt_check *check;
    struct gt_mcp_client *client;
    const char *token;
    enum gt_mcp_failure failure;
    int http_status;
    const char *message, *received;
    const json_t *result;
    bool done;
};

struct gt_check {
    struct gt_arena *arena;
    struct gt_arena *secret; /* for what holds tokens */
    const struct gt_verify_options *options;
    struct gt_verification *out;
    struct gt_fetch_options fetch;
    int64_t begin_ms; /* of the hop */
    const json_t *discovery;
    struct gt_token token;
    struct gt_trial trial; /* with that token */
};

enum { GT_HOP_SHOWN = 300 }; /* of what came from elsewhere */

/* -- verify.c -- */

int64_t gt_check_now_ms(const struct gt_check *check);
/* A hop begins, and ends in one of three ways. Of what is cut short nothing is told. */
void gt_hop_begin(struct gt_check *check, const char *name);
bool gt_hop_passed(struct gt_check *check, const char *name, const char *detail); /* true */
void gt_hop_skipped(struct gt_check *check, const char *name, const char *why); /* begins it too */
bool gt_hop_failed(struct gt_check *check, const char *name,
                   const struct gt_token_failure *why); /* false */

/* Each hop: whether those that stand on it can be tried. */

/* -- verify_token.c: between the client and its issuer -- */

bool gt_hop_discovery(struct gt_check *check);
bool gt_hop_token(struct gt_check *check);
bool gt_hop_claims(struct gt_check *check);
/* A token for a scope (NULL: all that the client may) in the secret arena; false with *why. */
bool gt_check_token(struct gt_check *check, const struct gt_verify_client *client,
                    const char *scope, struct gt_token *token, struct gt_token_failure *why);

/* -- verify_gateway.c: with the token through the gateway, and what must be refused there -- */

bool gt_hop_connect(struct gt_check *check);
bool gt_hop_list(struct gt_check *check);
bool gt_hop_call(struct gt_check *check);
void gt_hop_no_token(struct gt_check *check);
void gt_hop_tampered(struct gt_check *check);
void gt_hop_wrong_scope(struct gt_check *check);

#endif
