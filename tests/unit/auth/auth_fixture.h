/*
 * An issuer and a guarded resource, both servers of this process on one loop, and clients of the
 * resource. The clock is the real one plus what a test adds.
 */
#ifndef GANTRY_TESTS_AUTH_FIXTURE_H
#define GANTRY_TESTS_AUTH_FIXTURE_H

#include "auth_suites.h"
#include "issuers.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

enum { KEYS = 3 };

struct answer { /* of the resource */
    bool done;
    int status;
    const char *challenge, *retry_after, *body;
};

struct page { /* of the issuer; {0}: the right one */
    int status;
    const char *body;
    size_t body_len;      /* 0: as long as the text */
    const char *location; /* header, or NULL */
    bool hangs;           /* answered by fixture_release */
};

struct fixture {
    struct gt_arena *arena;
    struct gt_sys sys;
    int64_t skew_ms;
    struct gt_loop *loop;
    struct gt_http *clients, *http; /* `http`: of the issuers */
    struct gt_server *issuer, *resource;
    int port; /* the issuer's */
    const char *name;
    struct gt_issuers *issuers;
    struct gt_bearer_rule rule;

    bool shown[KEYS]; /* which keys the issuer shows */
    struct page discovery, keys;
    unsigned discoveries, key_sets; /* that were asked for */
    GT_VEC(struct gt_exchange *) held;
    unsigned passed;
    bool own; /* the issuer lives in this program */
};
extern struct fixture fixture;
extern json_t *fixture_keys[KEYS]; /* private; the kid of each is its own */

void fixture_keys_setup(void); /* once */
void fixture_keys_teardown(void);
void fixture_setup(void);
void fixture_teardown(void);

/* The rule asks for an audience "tools", a client "agent" and a scope "call". */
const char *fixture_claims(const char *extra); /* those, with `extra` members before (", x") */
char *fixture_token(size_t key, const char *claims);
char *fixture_good(size_t key); /* one that may pass */
char *fixture_base64url(const void *bytes, size_t len);

/* Sends "Authorization: Bearer TOKEN" (NULL: none); the answer comes while the loop runs. */
struct answer *fixture_send(const char *token);
void fixture_await(const struct answer *answer);
struct answer *fixture_ask(const char *token); /* both */
void fixture_run_ms(int64_t ms);
void fixture_release(void); /* what hangs is answered as it should be */
void fixture_issuer_start(void);
void fixture_issuer_stop(void);

#endif
