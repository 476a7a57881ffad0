/*
 * What the files of the layer share: issuers with their keys, and the tokens whose signature was
 * found good.
 */
#ifndef GANTRY_SRC_AUTH_ISSUERS_H
#define GANTRY_SRC_AUTH_ISSUERS_H

#include <gantry/auth/bearer.h>

/* -- tokens.c: claims of tokens whose signature was found good -- */

enum {
    GT_TOKENS_MAX = 2048,              /* tokens that are kept */
    GT_TOKENS_BYTES = 2 * 1024 * 1024, /* of them in all, as texts */
    GT_TOKENS_KEEP_MS = 60 * 1000
};

struct gt_tokens;
struct gt_tokens *gt_tokens_new(struct gt_arena *arena);
void gt_tokens_clear(struct gt_tokens *tokens); /* before the arena goes */

/* The claims (borrowed), or NULL. `digest`: gt_sha256_hex of the token; `generation`: of the key
 * set by which it was found good, never 0. */
json_t *gt_tokens_find(const struct gt_tokens *tokens, const char *digest, uint64_t generation,
                       int64_t now_ms);
/* `size`: the token's length. Which one makes room for it does not matter. */
void gt_tokens_add(struct gt_tokens *tokens, const char *digest, uint64_t generation,
                   json_t *claims, size_t size, int64_t now_ms);
void gt_tokens_drop(struct gt_tokens *tokens, uint64_t generation); /* all of a key set */

/* -- issuers.c: keys -- */

struct gt_issuers {
    struct gt_arena *arena;
    struct gt_issuers_options options;
    struct gt_issuer *first;
    struct gt_tokens *tokens;
    uint64_t generation; /* the last that was given */
    bool closing;
    uint64_t fetches, verified; /* discoveries begun; signatures that were looked at */
};

struct gt_keys {         /* of an issuer, valid until the loop's next turn */
    const char *issuer;  /* as its discovery document names it */
    const json_t *jwks;  /* NULL: there are none */
    uint64_t generation; /* another one for every key set of every issuer */
    const char *problem; /* why asking for them failed last; NULL: it did not. There may be keys. */
};

/* One who waits for a fetch to end; memory of the caller until fn was called. */
struct gt_keys_wait {
    void (*fn)(struct gt_keys_wait *wait, const struct gt_keys *keys);
    struct gt_keys_wait *next;
};

/* Gives the keys there are and sees to it that they are new enough; false: wait for them. */
bool gt_keys_get(struct gt_issuers *issuers, const char *discovery_url, struct gt_keys *keys);
/* A token names a key that is not among them: whether it is worth waiting for others. */
bool gt_keys_again(struct gt_issuers *issuers, const char *discovery_url);
/* After one of these two told to wait: fn is called in a later turn. */
void gt_keys_wait(struct gt_issuers *issuers, const char *discovery_url, struct gt_keys_wait *wait);

#endif
