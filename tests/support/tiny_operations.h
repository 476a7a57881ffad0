/* What the tiny cloud's files share: kinds of objects, and a call as its operation sees it. */
#ifndef GANTRY_TESTS_TINY_OPERATIONS_H
#define GANTRY_TESTS_TINY_OPERATIONS_H

#include "tiny_cloud.h"

struct tiny_kind {
    const char *name;
    const char *ids[3];      /* input members that name one, the parent's first; ends with NULL */
    const char *made, *form; /* member with the id that the service makes; its form */
    const char *given;       /* create's member for the last id; NULL: as in ids */
    const char *unique;      /* member that is unique below the parent, or NULL */
    const char *exists[2], *absent[2]; /* code and message */
    const char *arn, *arn_form;        /* member; %s: the key */
    const char *tags;                  /* create's member, or NULL */
    bool tags_shown;                   /* the read gives them */
    bool settles;                      /* it has a status */
};

const struct tiny_kind *tiny_kind_find(const char *name);

struct tiny_row;
struct tiny_act {
    struct tiny_cloud *cloud;
    const struct gt_operation *operation;
    const struct tiny_row *row;
    const struct tiny_kind *kind;
    const json_t *input;
    const struct tiny_script *script; /* or NULL */
    json_t *output;                   /* kept by the arena */
    const char *code, *message;       /* an error */
};

/* Does what the call's operation does: sets `output`, or `code` and `message`. */
void tiny_perform(struct tiny_act *act);

int64_t tiny_now(const struct tiny_cloud *cloud); /* monotonic */

/* A new object; steals `doc`. */
struct tiny_object *tiny_object_new(struct tiny_cloud *cloud, const struct tiny_kind *kind,
                                    const char *key, json_t *doc);
void tiny_status(struct tiny_object *object, const char *status, const char *reason);

/* Whether it is there, of this kind, and below this parent ("": any). */
bool tiny_is_below(const struct tiny_object *object, const char *kind, const char *parent);

#endif
