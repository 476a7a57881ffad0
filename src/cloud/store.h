/*
 * Everything that the embedded cloud holds: objects of kinds, with what AWS would answer (`data`),
 * what it keeps to itself (`hidden`), tags, a status that changes by itself, and a place in a
 * parent. Kept in memory; saved as one document when a state folder is given.
 */
#ifndef GANTRY_CLOUD_STORE_H
#define GANTRY_CLOUD_STORE_H

#include <gantry/cloud/local.h>

struct gt_object;

/* A kind of object; one static const per kind, listed in kinds.c. */
struct gt_kind {
    const char *name; /* "gateway"; unique, stable: it is in saved states */
    /* The kind of its parent, with which it goes; NULL: any object of that id. */
    const struct gt_kind *parent;
    /* A due time was reached (gt_object_due): what is to happen now. May remove the object. */
    void (*due)(struct gt_local *local, struct gt_object *object, const char *what);
    /* The object goes (also with the whole cloud, `closing`): ends what runs for it. May be NULL.
     */
    void (*gone)(struct gt_local *local, struct gt_object *object, bool closing);
    /* It came from a saved state; may be NULL. */
    void (*loaded)(struct gt_local *local, struct gt_object *object);
    /* Members of `hidden` that are no secret and belong to what people see; ends with NULL. */
    const char *const *open;
};
extern const struct gt_kind *const gt_kinds[]; /* ends with NULL */

struct gt_object {
    const struct gt_kind *kind;
    const char *account, *region; /* region "" for what is global (IAM) */
    const char *id;               /* unique in kind, account, region and parent; case as given */
    const char *parent;           /* id of the parent, or "" */
    const char *arn;              /* or "" */
    json_t *data;                 /* as the service's Get returns it, without what is computed */
    json_t *hidden;               /* an object: secrets, listed tools, versions; saved too */
    json_t *tags;                 /* an object */
    int64_t created_ms, updated_ms;
    uint64_t order;         /* of creation */
    struct gt_arena *arena; /* of the object: strings that live as long as it does */
    void *work;             /* what runs for it; not saved */
    bool removed;           /* gone from the store; freed at the end of the turn */
};

/* A new object; strings are copied, data (stolen) may be NULL: {}. A twin is a bug: find first. */
struct gt_object *gt_object_new(struct gt_local *local, const struct gt_kind *kind,
                                const char *account, const char *region, const char *parent,
                                const char *id, json_t *data);
void gt_object_set_arn(struct gt_object *object, const char *arn);
/* Takes it out (its children too); memory goes at the end of the turn. */
void gt_object_remove(struct gt_local *local, struct gt_object *object);
/* It was changed: updated_ms, and the state is to be saved. A status that a fault script asked for
 * ("land") takes the place of READY or ACTIVE here. */
void gt_object_touch(struct gt_local *local, struct gt_object *object);
/* What it keeps to itself was changed: it is to be saved, and looks as before. */
void gt_object_changed(struct gt_local *local, struct gt_object *object);
/* Calls kind->due(what) after delay_ms (0: in the next turn); kept over a restart. A `what` that is
 * already waiting is replaced. */
void gt_object_due(struct gt_local *local, struct gt_object *object, const char *what,
                   int64_t delay_ms);
void gt_object_due_cancel(struct gt_local *local, struct gt_object *object, const char *what);

/* NULL when there is none. Look-ups are exact. */
struct gt_object *gt_object_find(struct gt_local *local, const struct gt_kind *kind,
                                 const char *account, const char *region, const char *parent,
                                 const char *id);
struct gt_object *gt_object_find_arn(struct gt_local *local, const char *arn);

/*
 * Objects of a kind in the order of creation: start with *at NULL. account, region and parent may
 * each be NULL: any. An object that is removed meanwhile does not disturb.
 */
struct gt_object *gt_object_next(struct gt_local *local, const struct gt_kind *kind,
                                 const char *account, const char *region, const char *parent,
                                 struct gt_object *at);

/* "abcdefghij": `len` random lower-case letters and digits. */
char *gt_random_id(struct gt_local *local, struct gt_arena *arena, size_t len);

/* The wall clock of the cloud, Unix milliseconds; with the knob skew_ms. */
int64_t gt_local_now_ms(const struct gt_local *local);
struct gt_loop *gt_local_loop(const struct gt_local *local);
struct gt_http *gt_local_http(const struct gt_local *local);
struct gt_supervisor *gt_local_supervisor(const struct gt_local *local);
/* The cloud's own signing key for tokens, a private JWK that survives a restart; by name ("pool
 * ID"), made when absent. Borrowed. */
const json_t *gt_local_jwk(struct gt_local *local, const char *name);
/* Sends an event to the cloud's owner (see gt_local_options.event); steals it. */
void gt_local_event(struct gt_local *local, json_t *event);

/* The knobs in force; the table in knobs.c says what they mean. Times in milliseconds. */
struct gt_knobs {
    int64_t latency_ms, ready_ms, delete_ms, domain_ms, token_dns_ms, iam_lag_ms, hidden_ms,
        skew_ms, stall_ms;
    int64_t page_size;      /* most items on a page, whatever was asked for; 0: the service's own */
    int64_t throttle_every; /* every n-th call is throttled; 0: none */
    int64_t rate; /* calls a second for each operation, then ThrottlingException; 0: any */
    bool empty_pages, extra_members, shuffle, check_images, cold, pending_auth, assume_policies,
        assume_targets;
};
const struct gt_knobs *gt_local_knob(const struct gt_local *local);

#endif
