/*
 * State: one JSON document per stack and environment, bound to its cloud; beside it a journal of
 * intents. Nothing secret is in either. A back end keeps them (a folder here; S3 has its place in
 * the same table of functions).
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
    json_t *identity; /* borrowed */
    const char *arn;  /* or NULL */
    json_t *applied;  /* last applied properties without secrets */
    json_t *secrets;  /* pointers of the secrets that were applied: array of strings, no values */
    json_t *outputs;
    GT_VEC(const char *) depends; /* addresses */
    const char *status;           /* "ready", "creating", "failed", "deleting", "tainted" */
    bool existing;                /* read, never written */
    bool retain, protect;
    bool adopted;
    /* Identities of replaced objects that are still to be removed: array, or NULL. */
    json_t *deposed;
};

struct gt_rename {
    const char *from, *to;
};

struct gt_state {
    struct gt_arena *arena;
    const char *stack, *environment, *lineage;
    const char *version; /* of the gantry that wrote it; who saves sets it. NULL: not said */
    json_int_t serial;
    struct gt_cloud cloud;
    struct gt_map entries; /* address -> struct gt_entry *; removed ones have value NULL */
    json_t *outputs;
    /* By gt_state_rename since loading; the session journals them. */
    GT_VEC(struct gt_rename) renames;
};

/* An empty state with a new lineage (a UUID). `environment` NULL: "default". */
struct gt_state *gt_state_new(struct gt_arena *arena, const struct gt_sys *sys, const char *stack,
                              const char *environment);

struct gt_entry *gt_state_find(const struct gt_state *state, const char *address);
/* The entry of `address`, made with status "creating" where there is none. */
struct gt_entry *gt_state_add(struct gt_state *state, const char *address, const char *type);
void gt_state_remove(struct gt_state *state, const char *address);
/* Moves an entry to another address, in the other entries' `depends` too. An error when there is
 * none at `from` or one at `to` already. */
bool gt_state_rename(struct gt_state *state, const char *from, const char *to,
                     struct gt_diags *diags);

/*
 * To and from the document (format 1). A newer format, or a document that is damaged (a member that
 * is missing, of a wrong type, or unknown) is an error that says what to do. `name` is what people
 * know it by, a file's name; the hint points at NAME.backup. Both copy. New reference. An entry
 * whose `applied` has a value at one of its `secrets` is a bug and fails an assertion.
 */
json_t *gt_state_document(const struct gt_state *state);
bool gt_state_parse(struct gt_arena *arena, const json_t *document, const char *name,
                    struct gt_state **out, struct gt_diags *diags);

/* Refuses (error "wrong-cloud") when the state belongs to another partition, account, region or
 * endpoint than `cloud`; members that are NULL on either side are not compared. */
bool gt_state_check_cloud(const struct gt_state *state, const struct gt_cloud *cloud,
                          struct gt_diags *diags);

/*
 * One line of the journal, a JSON object. The first line of every run, and every line that a change
 * of the cloud makes necessary, is a beginning: it carries lineage, cloud and the serial of the
 * snapshot that the lines after it stand on. So lines that a newer snapshot has already are known
 * as such, and a first run that was killed before its first snapshot keeps its lineage.
 */
enum gt_record_kind {
    GT_RECORD_BEGIN,  /* a run began: operation is the command */
    GT_RECORD_INTENT, /* a mutating call is about to be sent */
    GT_RECORD_ANSWER, /* it was answered: the entry as it is now */
    GT_RECORD_RENAME  /* gt_state_rename: key has "from" and "to" */
};

struct gt_record {
    enum gt_record_kind kind;
    json_int_t id;   /* of the intent; an answer carries the intent's */
    int64_t time_ms; /* 0: now */
    const char *address, *type, *operation, *token, *digest; /* digest of the body: SHA-256 hex */
    json_t *key;   /* natural key and identity as far as known; no secrets */
    json_t *entry; /* answers: the entry as it is now (document), or null when it is gone */
    bool creates, removes;
};

enum gt_lock_outcome { GT_STATE_LOCKED, GT_STATE_HELD, GT_STATE_LOCK_FAILED };

struct gt_backend; /* where a state lives */

struct gt_backend_ops {
    /* HELD appends nothing; *other gets what the holder wrote ("" when that is not known). */
    enum gt_lock_outcome (*lock)(struct gt_backend *self, const char *holder, char **other,
                                 struct gt_diags *diags);
    /* Where neither a state nor a journal was written, what locking made goes again. */
    void (*unlock)(struct gt_backend *self);
    /* *document NULL: there is none yet. New reference. */
    bool (*load)(struct gt_backend *self, json_t **document, struct gt_diags *diags);
    bool (*save)(struct gt_backend *self, const json_t *document, struct gt_diags *diags);
    /* Appends lines to the journal; on disk when it returns. On failure none of them is there, or
     * at most a last line without its end. */
    bool (*append)(struct gt_backend *self, const char *lines, size_t len, struct gt_diags *diags);
    /* The whole journal in the back end's arena; "" when there is none. */
    bool (*journal)(struct gt_backend *self, char **lines, size_t *len, struct gt_diags *diags);
    /* Replaces the journal by these lines, at once or not at all; len 0 removes it. */
    bool (*reset_journal)(struct gt_backend *self, const char *lines, size_t len,
                          struct gt_diags *diags);
    /* After destroy: state, journal and all else that the back end wrote; the lock's own traces go
     * with unlocking. */
    bool (*remove)(struct gt_backend *self, struct gt_diags *diags);
    const char *(*describe)(struct gt_backend *self); /* ".gantry/lark-tools/prod.json" */
    const char *(*describe_journal)(struct gt_backend *self);
    void (*free)(struct gt_backend *self); /* unlocks too; may be called twice */
};

struct gt_backend {
    const struct gt_backend_ops *ops;
    struct gt_arena *arena;
    const char *command; /* for the lock's holder and the journal: "apply"; NULL: not said */
};

/* Files below `folder` (".gantry"): STACK/ENVIRONMENT.json, .journal, .lock, .json.backup. Folders
 * are made with mode 0700 and files with 0600 when something is first written, or locked for
 * writing. */
struct gt_backend *gt_backend_files(struct gt_arena *arena, const struct gt_sys *sys,
                                    const char *folder, const char *stack, const char *environment);

/*
 * A session over a back end: what a command works with. Opening for writing locks, loads, replays
 * the journal over the snapshot, and leaves the intents without an answer in `open`. Opening for
 * reading does the same without lock and without writing.
 */
struct gt_session {
    struct gt_backend *backend;
    struct gt_state *state; /* never NULL after opening */
    bool fresh;             /* there was neither snapshot nor journal */
    /* Intents of former runs without an answer, oldest first. It stays as it was at opening; they
     * are settled by gt_session_answer with their id. */
    GT_VEC(struct gt_record) open;
    struct gt_arena *arena;
    const struct gt_sys *sys;
    struct gt_buf *pending; /* records that wait for the next commit */
    json_int_t next_id;
    bool writable;
    bool dirty; /* journalled changes that the snapshot has not; saving compares anyway */

    /* The session's own. */
    GT_VEC(struct gt_record) live; /* all intents without an answer, this run's too */
    size_t renames_queued;         /* of state->renames */
    json_t *saved;                 /* the snapshot's document; NULL: none */
    struct gt_cloud begun;         /* the cloud that the journal's last beginning says */
    bool has_begun;
};

enum gt_open_result { GT_OPEN_OK, GT_OPEN_HELD, GT_OPEN_FAILED };
/*
 * HELD appends an error ("state-locked") that names the holder. The session takes the back end
 * over: it is freed by gt_session_close, and here when the result is not OK. A journal that stands
 * on a newer snapshot than the one found is replayed with a warning.
 */
enum gt_open_result gt_session_open(struct gt_arena *arena, const struct gt_sys *sys,
                                    struct gt_backend *backend, const char *stack,
                                    const char *environment, bool writable, struct gt_session **out,
                                    struct gt_diags *diags);

/* Queues an intent (copied) and returns its id; it is durable after gt_session_commit. */
json_int_t gt_session_intent(struct gt_session *session, const struct gt_record *intent);

/* Queues the answer to an intent, with the entry as it is now in the state (NULL: gone). */
void gt_session_answer(struct gt_session *session, json_int_t id, const char *address,
                       const struct gt_entry *entry);

/* Writes all queued records and syncs once; nothing queued: writes nothing. False: nothing may be
 * sent any more. The records stay queued, so a later commit or save writes them all the same. */
bool gt_session_commit(struct gt_session *session, struct gt_diags *diags);

/* Commits, writes the snapshot (serial + 1; nothing is written when nothing changed) and then
 * empties the journal. Intents without an answer are carried over into the new journal. */
bool gt_session_save(struct gt_session *session, struct gt_diags *diags);

/* After destroy: removes what the back end keeps. An error while intents are open, since the
 * journal is what finds their objects again. */
bool gt_session_remove(struct gt_session *session, struct gt_diags *diags);

/* Unlocks and frees, the back end too; unsaved changes stay in the journal. NULL is allowed. */
void gt_session_close(struct gt_session *session);

#endif
