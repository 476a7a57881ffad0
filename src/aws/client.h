/*
 * The client's inside: a lane per service, through which its calls leave at the rates and in the
 * number that are allowed, and the calls under way.
 */
#ifndef GANTRY_AWS_CLIENT_H
#define GANTRY_AWS_CLIENT_H

#include "codec.h"
#include "endpoint.h"
#include "rates.h"
#include "retry.h"

struct gt_open_call;

/* The bucket of an operation, or of a row of the rates that several operations share. */
struct gt_lane_bucket {
    const void *of;
    struct gt_bucket bucket;
    struct gt_lane_bucket *next;
};

struct gt_lane {
    struct gt_aws *aws;
    const struct gt_service *service;
    struct gt_endpoint endpoint;
    struct gt_adaptive adaptive;
    struct gt_lane_bucket *buckets;
    struct gt_open_call *first, *last; /* that wait for their turn */
    int in_flight;
    struct gt_timer *timer; /* for the next token */
    struct gt_lane *next;
};

struct gt_aws {
    struct gt_arena *arena;
    struct gt_aws_options options; /* defaults filled in */
    const struct gt_sys *sys;
    struct gt_lane *lanes;
    struct gt_open_call *calls;
    struct gt_quota quota;
    int64_t skew_ms; /* the services' clock less ours, once it mattered */
    struct gt_aws_counts counts;
};

enum gt_call_state {
    GT_CALL_WAITING, /* in its lane */
    GT_CALL_KEYS,    /* for credentials */
    GT_CALL_SENT,
    GT_CALL_PAUSED,  /* between two attempts */
    GT_CALL_FINISHED /* completed; only the answer to a request for keys is still to come */
};

struct gt_open_call {
    struct gt_open_call *previous, *next; /* among all calls of the client */
    struct gt_open_call *next_waiting;
    struct gt_arena *arena;
    struct gt_aws *aws;
    struct gt_lane *lane;
    struct gt_lane_bucket *bucket; /* or NULL */
    const struct gt_operation *operation;
    struct gt_wire wire;
    GT_VEC(char *) secrets; /* of input and keys, as messages would have them: never in one */
    bool repeatable;
    gt_aws_fn *fn;
    void *payload;

    enum gt_call_state state;
    int64_t deadline_ms; /* monotonic */
    struct gt_timer *deadline, *pause;
    const char *invocation_id;
    int attempts, retries, cost; /* cost: quota tokens of the last retry */
    bool skew_tried, expired_tried, maybe_done;
    int64_t sent_ms, signed_ms; /* of the attempt: monotonic, Unix (0: unsigned) */
    const char *signed_by;      /* its access key */
    struct gt_aws_answer answer;
};

/* The lane of a service, made when it is first asked for. */
struct gt_lane *gt_lane_of(struct gt_aws *aws, const struct gt_service *service);

/* Puts a call at the end of its lane; it is started by gt_call_start when its turn comes, which may
 * be at once. */
void gt_lane_enter(struct gt_open_call *call);
void gt_lane_leave(struct gt_open_call *call); /* takes a waiting call out */
void gt_lane_done(struct gt_lane *lane);       /* an attempt is over */

void gt_call_start(struct gt_open_call *call);

/* Frees a call without a completion. */
void gt_call_drop(struct gt_open_call *call);

/* A message of the service, which may be NULL, with the call's secrets masked, and then cut to what
 * a line can hold: cut before, it could end in half a secret. */
const char *gt_mask_secrets(struct gt_open_call *call, const char *message);

/* Remembers a text as secret, unless it is too short to be told from other text. */
void gt_remember_secret(struct gt_open_call *call, const char *text);

/* Remembers the secret texts of an input, by the shapes that the models mark sensitive. */
void gt_collect_secrets(struct gt_open_call *call, const struct gt_shape *shape,
                        const json_t *value);

#endif
