/*
 * State: one JSON document per stack and environment, bound to its cloud; beside it a journal of
 * intents. Nothing secret is in either. A back end keeps them (a folder here; S3 has its place in the
 * same table of functions).
 */
#ifndef GANTRY_STATE_STATE_H
#define GANTRY_STATE_STATE_H

#include <gantry/base/map.h>
#include <gantry/sys/sys.h>

struct gt_cloud { /* what a state belongs to; members NULL until known */
    const char *partition, *account, *region, *endpoint; /* endpoint "aws": the official ones */
};

struct gt_entry {
    const char *address, *type;
    json_t *identity;   /* borrowed */
    const char *arn;    /* or NULL */
    json_t *applied;    /* last applied properties without secrets */
    json_t *secrets;    /* pointers of the secrets that were applied: array of strings, no values */
    json_t *outputs;
    GT_VEC(const char *) depends; /* addresses */
    const char *status; /* "ready", "creating", "failed", "deleting", "tainted" */
    bool existing;      /* read, never written */
    bool retain, protect;
    bool adopted;
    json_t *deposed;    /* identities of replaced objects that are still to be removed: array, or NULL */
};

struct gt_state {
    struct gt_arena *arena;
    const char *stack, *environment, *lineage, *version;
    json_int_t serial;
    struct gt_cloud cloud;
    struct gt_map entries; /* address -> struct gt_entry *; removed ones have value NULL */
    json_t *outputs;
};

/* An empty state with a new lineage (a UUID). */
struct gt_state *gt_state_new(struct gt_arena *arena, const struct gt_sys *sys, const char *stack,
                              const char *environment);

struct gt_entry *gt_state_find(const struct gt_state *state, const char *address);
struct gt_entry *gt_state_add(struct gt_state *state, const char *address, const char *type);
void gt_state_remove(struct gt_state *state, const char *address);
bool gt_state_rename(struct gt_state *state, const char *from, const char *to, struct gt_diags *diags);

/* To and from the document (format 1). A newer format, a wrong stack or environment, or a document that
 * is damaged is an error that says what to do. New reference. */
json_t *gt_state_document(const struct gt_state *state);
bool gt_state_parse(struct gt_arena *arena, const json_t *document, const char *name,
                    struct gt_state **out, struct gt_diags *diags);

/* Refuses (error "wrong-cloud") when the state belongs to another partition, account, region or endpoint
 * than `cloud`; members that are NULL on either side are not compared. */
bool gt_state_check_cloud(const struct gt_state *state, const struct gt_cloud *cloud,
                          struct gt_diags *diags);

/* One line of the journal. */
enum gt_record_kind {
    GT_RECORD_BEGIN,   /* a run began: operation is the command */
    GT_RECORD_INTENT,  /* a mutating call is about to be sent */
    GT_RECORD_ANSWER,  /* it was answered: identity when it made something; failed: what it said */
    GT_RECORD_END      /* the snapshot has everything */
};

struct gt_record {
    enum gt_record_kind kind;
    json_int_t id;         /* of the intent; an answer carries the intent's */
    int64_t time_ms;
    const char *address, *type, *operation, *token, *digest; /* digest of the body: SHA-256 hex */
    json_t *key;           /* natural key and identity as far as known; no secrets */
    json_t *entry;         /* answers: the entry as it is now (document), or null when it is gone */
    bool creates, removes;
};

struct gt_backend; /* where a state lives */

struct gt_backend_ops {
    enum gt_lock_outcome { GT_STATE_LOCKED, GT_STATE_HELD, GT_STATE_LOCK_FAILED } (*lock)(
        struct gt_backend *self, const char *holder, char **other, struct gt_diags *diags);
    void (*unlock)(struct gt_backend *self);
    /* *document NULL: there is none yet. New reference. */
    bool (*load)(struct gt_backend *self, json_t **document, struct gt_diags *diags);
    bool (*save)(struct gt_backend *self, const json_t *document, struct gt_diags *diags);
    /* Appends lines to the journal; on disk when it returns. */
    bool (*append)(struct gt_backend *self, const char *lines, size_t len, struct gt_diags *diags);
    bool (*journal)(struct gt_backend *self, char **lines, size_t *len, struct gt_diags *diags);
    bool (*clear_journal)(struct gt_backend *self, struct gt_diags *diags);
    bool (*remove)(struct gt_backend *self, struct gt_diags *diags); /* state and journal, after destroy */
    const char *(*describe)(struct gt_backend *self); /* ".gantry/lark-tools/prod.json" */
    void (*free)(struct gt_backend *self);
};

struct gt_backend {
    const struct gt_backend_ops *ops;
    struct gt_arena *arena;
};

/* Files below `folder` (".gantry"): STACK/ENVIRONMENT.json, .journal, .lock, .json.backup. Folders are
 * made with mode 0700 and files with 0600 when something is first written. */
struct gt_backend *gt_backend_files(struct gt_arena *arena, const struct gt_sys *sys,
                                    const char *folder, const char *stack, const char *environment);

/*
 * A session over a back end: what a command works with. Opening for writing locks, loads, replays the
 * journal over the snapshot, and leaves the intents without an answer in `open`. Opening for reading
 * does the same without lock and without writing.
 */
struct gt_session {
    struct gt_backend *backend;
    struct gt_state *state;   /* never NULL after opening */
    bool fresh;               /* there was no state */
    GT_VEC(struct gt_record) open; /* intents without an answer, oldest first */
    struct gt_arena *arena;
    const struct gt_sys *sys;
    struct gt_buf *pending;   /* records that wait for the next commit */
    json_int_t next_id;
    bool writable;
    bool dirty;               /* the state differs from the snapshot */
};

enum gt_open_result { GT_OPEN_OK, GT_OPEN_HELD, GT_OPEN_FAILED };
/* HELD appends an error that names the holder. */
enum gt_open_result gt_session_open(struct gt_arena *arena, const struct gt_sys *sys,
                                    struct gt_backend *backend, const char *stack,
                                    const char *environment, bool writable,
                                    struct gt_session **out, struct gt_diags *diags);

/* Queues an intent and returns its id; it is durable after gt_session_commit. */
json_int_t gt_session_intent(struct gt_session *session, const struct gt_record *intent);

/* Queues the answer to an intent, with the entry as it is now in the state (NULL: gone). */
void gt_session_answer(struct gt_session *session, json_int_t id, const char *address,
                       const struct gt_entry *entry);

/* Writes all queued records and syncs once. False: nothing may be sent any more. */
bool gt_session_commit(struct gt_session *session, struct gt_diags *diags);

/* Writes the snapshot (serial + 1 when something changed) and then empties the journal. Open intents
 * that were not settled are carried over into the new journal. */
bool gt_session_save(struct gt_session *session, struct gt_diags *diags);

/* Unlocks and frees; unsaved changes stay in the journal. */
void gt_session_close(struct gt_session *session);

#endif
