/*
 * The embedded cloud as its core modules share it: one struct, and what they do for one another.
 * Handlers need store.h and serve.h only.
 */
#ifndef GANTRY_CLOUD_CLOUD_H
#define GANTRY_CLOUD_CLOUD_H

#include "serve.h"

#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/sys/file.h>

struct gt_stored; /* store.c */
struct gt_call;

/* Where there is no other: for admin calls and what belongs to nobody's region. */
#define GT_LOCAL_REGION "us-east-1"

struct gt_shelf { /* the objects of one kind, in the order of creation */
    struct gt_stored *first, *last;
};

struct gt_answer {
    int status;
    GT_VEC(struct gt_header) headers; /* in the exchange's arena */
    const char *body;
    size_t body_len;
    size_t sent; /* with `cut`: bytes of the body that leave */
    bool cut, abort;
};

struct gt_queued {
    struct gt_queued *next;
    struct gt_exchange *exchange;
    struct gt_answer answer;
};

struct gt_watcher { /* a client of GET /events */
    struct gt_watcher *next;
    struct gt_local *local;
    struct gt_exchange *exchange;
    bool gone;
};

struct gt_local {
    struct gt_arena *arena; /* its own; the struct lives in that of the caller */
    struct gt_local_options options;
    struct gt_loop *loop;
    const struct gt_sys *sys;
    struct gt_http *http;
    struct gt_server *server, *admin;
    struct gt_diags diags; /* what went wrong in a turn; emptied there */
    const char *url, *id, *socket, *key_file, *page_secret;
    int port;
    struct gt_knobs knobs;
    gt_timer_fn *on_stop;
    void *on_stop_payload;

    struct gt_shelf *shelves; /* one for each of gt_kinds */
    uint64_t order;
    bool removed;          /* some object waits to be freed */
    const json_t *landing; /* while a handler runs under the fault "land" */

    json_t *keys;   /* id -> {secret, account, arn?, id?, role?, token?, expires?, policy?} */
    json_t *tokens; /* client tokens: key -> {digest, output, at} */
    json_t *jwks;   /* name -> private JWK */

    /* state.c; nothing of this without a state folder */
    struct gt_file_lock *lock;
    struct gt_append *journal;
    json_int_t serial;                        /* of the snapshot that the journal goes on from */
    size_t snapshot_len, journal_len;         /* journal_len 0: without its first line */
    struct gt_stored *changed, **changed_end; /* objects, in the order of their first change */
    json_t *noted;                            /* {"keys": {id: true}, "tokens": ..., "jwks": ...} */
    bool whole;                               /* more changed than is noted */
    struct gt_queued *queue, **queue_end;
    bool closing;            /* no turn ends any more: answers leave at once */
    struct gt_timer *wake;   /* while there is a queue: for a turn to come at once */
    struct gt_call *waiting; /* on timers */

    json_t *faults;
    json_t *ring; /* the newest entries of the request log */
    int log_fd;
    uint64_t numbers, arrivals; /* of log entries; of AWS calls from outside */
    json_t *rates;              /* operation -> [second, count] */
    uint64_t calls;             /* for throttle_every */
    uint64_t pages;             /* for empty_pages */
    struct gt_watcher *watchers;
    json_t *folders; /* that go with the cloud */
};

/* -- knobs.c -- */

void gt_knobs_init(struct gt_knobs *knobs);
/* Takes over {name: value}; texts are read ("500", "2s", "true"). Nothing changes on an error. */
bool gt_knobs_set(struct gt_knobs *knobs, const json_t *given, struct gt_diags *diags);
json_t *gt_knobs_json(const struct gt_knobs *knobs);

/* -- store.c -- */

void gt_store_init(struct gt_local *local);
/* Removes everything; `closing`: with the cloud. */
void gt_store_clear(struct gt_local *local, bool closing);
void gt_store_purge(struct gt_local *local); /* frees what was removed */
const struct gt_kind *gt_kind_find(const char *name);

/* -- store_documents.c -- */

json_t *gt_store_save(const struct gt_local *local);
/* Appends the objects that changed since the last time, as gt_store_save has them, and the `order`
 * of those that are gone; both NULL: they are only forgotten. */
void gt_store_take_changes(struct gt_local *local, json_t *objects, json_t *gone);
bool gt_store_load(struct gt_local *local, const json_t *objects, struct gt_diags *diags);
/* {kind: count}; and all objects of a kind (NULL: all), for people: without secrets. */
json_t *gt_store_counts(const struct gt_local *local);
json_t *gt_store_show(const struct gt_local *local, const char *kind);

/* -- state.c -- */

/* Locks the folder and reads the state, if there is one. */
bool gt_state_open(struct gt_local *local, struct gt_diags *diags);
/* Writes all of it. */
bool gt_state_save(struct gt_local *local, struct gt_diags *diags);
/* A member of the section "keys", "tokens" or "jwks" changed. */
void gt_state_note(struct gt_local *local, const char *section, const char *name);
/* The end of a turn: saves what changed in it, then lets the answers go. */
void gt_state_turn(struct gt_local *local);
/* Sends an answer: at once, or when what it tells is saved. */
void gt_state_send(struct gt_local *local, struct gt_exchange *exchange,
                   const struct gt_answer *answer);

/* -- keys.c -- */

struct gt_key_pair {
    const char *access_key_id, *secret_access_key, *account;
};
/* The account's own pair, made when it has none. Strings in the arena. */
struct gt_key_pair gt_keys_of_account(struct gt_local *local, struct gt_arena *arena,
                                      const char *account);
void gt_keys_expire(struct gt_local *local);
/* Forgets the keys of roles' sessions. */
void gt_keys_forget_sessions(struct gt_local *local);

/* -- tokens.c -- */

enum gt_token_outcome { GT_TOKEN_NEW, GT_TOKEN_SAME, GT_TOKEN_OTHER };
/* What is known of the call's client token; *output gets the recorded output (borrowed). */
enum gt_token_outcome gt_token_look(struct gt_call *call, const json_t **output);
void gt_token_keep(struct gt_call *call, const json_t *output);
/* Fails the call as the service does when a token comes with another input. */
void gt_token_refuse(struct gt_call *call);

/* -- faults.c -- */

/* Replaces the script; false with one line in *problem. */
bool gt_faults_post(struct gt_local *local, const json_t *entries, const char **problem,
                    struct gt_arena *arena);
/* The entry that fires for an arrival (borrowed), or NULL. */
struct gt_arrival {
    const char *service, *operation;
    bool mutating;
    /* An AWS call from outside: one that "request" and "mutating" count. What the cloud's own
     * gateways send, and what is no AWS call, is meant only by its service or operation. */
    bool counted;
};
const json_t *gt_faults_take(struct gt_local *local, const struct gt_arrival *arrival);
enum gt_fault_time { GT_FAULT_BEFORE, GT_FAULT_AFTER, GT_FAULT_AROUND };
enum gt_fault_time gt_fault_time(const json_t *fault);

/* -- request_log.c -- */

bool gt_log_open(struct gt_local *local, struct gt_diags *diags);
void gt_log_write(struct gt_local *local, json_t *entry); /* steals */
/* Entries behind number `after` that fit the query of an admin request. New reference. */
json_t *gt_log_read(const struct gt_local *local, const struct gt_request *request,
                    struct gt_arena *arena);
bool gt_operation_mutates(const char *name);

/* -- fidelity.c -- */

/* The handler of an operation, or NULL: absent. */
const struct gt_handler *gt_handler_find(const struct gt_operation *operation);

/* -- admin.c -- */

void gt_admin_handle(void *local, struct gt_exchange *exchange);
void gt_admin_event(struct gt_local *local, const json_t *event);
void gt_admin_close(struct gt_local *local);

/* -- dispatch.c -- */

void gt_dispatch(void *local, struct gt_exchange *exchange);
/* Whether one of the cloud's own gateways asks. */
bool gt_exchange_is_own(struct gt_exchange *exchange);

/* -- mishap.c -- */

/* Calls that wait are dropped. */
void gt_dispatch_close(struct gt_local *local);
/* The calls that a fault holds: [{"service", "operation"}]; and lets them go. New reference. */
json_t *gt_calls_held(const struct gt_local *local);
void gt_calls_release(struct gt_local *local);

/* -- work.c -- */

/* Runs a handler as the account would have called it: unsigned, unlogged, without faults. New
 * reference; NULL with code and message. */
struct gt_unsigned_call {
    const char *service, *operation, *account, *region;
    const json_t *params; /* as documents have it */
};
json_t *gt_dispatch_unsigned(struct gt_local *local, struct gt_arena *arena,
                             const struct gt_unsigned_call *given, const char **code,
                             const char **message);

/* -- run_folder.c -- */

bool gt_run_files_write(struct gt_local *local, struct gt_diags *diags);

/* -- folders.c -- */

/* A state folder of somebody that is worth nothing without this cloud: removed with it. False with
 * one line. */
bool gt_folders_add(struct gt_local *local, const char *path, const char **problem);
void gt_folders_remove(struct gt_local *local);

#endif
