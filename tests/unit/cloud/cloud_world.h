/*
 * An embedded cloud in the test's own process, with a folder of its own: calls by the operation's
 * name, and requests over HTTP, signed or not.
 */
#ifndef GANTRY_TESTS_CLOUD_WORLD_H
#define GANTRY_TESTS_CLOUD_WORLD_H

#include "gt_test.h"

#include <gantry/cloud/local.h>
#include <gantry/net/http.h>

struct world {
    struct gt_arena *arena;
    struct gt_diags diags;
    struct gt_loop *loop;
    struct gt_http *http;
    struct gt_local *local;     /* NULL: not running */
    const char *folder;         /* temporary; run files and state are below it */
    const char *code, *message; /* of the last call that failed */
};

struct world_answer {
    bool answered;
    int status;
    const char *body, *type, *error_type, *request_id;
    const json_t *json; /* of the body, or NULL */
};

/* `knobs`: stolen, may be NULL; `kept`: with a state folder. */
void world_start(struct world *world, bool kept, json_t *knobs);
/* Ends the cloud and starts another one on the same folders. */
void world_restart(struct world *world);
void world_done(struct world *world);
/* Turns the loop for this long. */
void world_wait(struct world *world, int64_t ms);

/* A call in the cloud's own account (us-east-1); `params`: stolen, may be NULL. Kept by the arena;
 * NULL: failed. */
const json_t *world_call(struct world *world, const char *service, const char *operation,
                         json_t *params);
/* An admin call over the socket. */
struct world_answer world_admin(struct world *world, const char *method, const char *path,
                                const char *body);

struct world_request {
    const char *method, *path, *body; /* body NULL: none */
    const char *type, *target;        /* Content-Type, X-Amz-Target; or NULL */
    const char *sign;                 /* signing name; NULL: unsigned */
    const char *secret;               /* instead of the account's own */
    struct gt_header header;          /* one more; name NULL: none */
};
struct world_answer world_send(struct world *world, const struct world_request *request);

#endif
