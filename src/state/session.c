#include "document.h"
#include "journal.h"
#include <gantry/base/buf.h>
#include <gantry/base/str.h>
#include <string.h>
#include <unistd.h>

static const size_t max_pending = (size_t)256 << 20;

/* Who has the lock, for people: "ann@laptop (pid 4711, apply, since 2026-01-17T12:34:56Z)". */
static char *holder_text(const struct gt_session *session)
{
    char host[256] = "";
    if (gethostname(host, sizeof(host) - 1) != 0)
        host[0] = '\0';
    const char *user = gt_env(session->sys, "USER");
    if (user == NULL)
        user = gt_env(session->sys, "LOGNAME");
    if (user == NULL)
        user = gt_printf(session->arena, "uid %ld", (long)geteuid());
    const char *command = session->backend->command;
    return gt_printf(session->arena, "%s@%s (pid %ld, %s, since %s)", user,
                     host[0] == '\0' ? "localhost" : host, (long)getpid(),
                     command == NULL ? "gantry" : command,
                     gt_time_iso(session->arena, gt_now_ms(session->sys)));
}

/* What another process wrote, fit for one line of a message. */
static const char *printable(struct gt_arena *arena, const char *text)
{
    enum { MAX_HOLDER = 300 };
    if (text == NULL || text[0] == '\0')
        return "another process";
    return gt_one_line(arena, text, MAX_HOLDER);
}

static enum gt_open_result lock(struct gt_session *session, struct gt_diags *diags)
{
    struct gt_backend *backend = session->backend;
    char *other = NULL;
    switch (backend->ops->lock(backend, holder_text(session), &other, diags)) {
    case GT_STATE_LOCKED:
        return GT_OPEN_OK;
    case GT_STATE_HELD:
        gt_error(diags, "state-locked", "state %s is locked by %s", backend->ops->describe(backend),
                 printable(diags->arena, other))
            ->hint = "wait until that run is over; its lock ends with it, however it ends";
        return GT_OPEN_HELD;
    case GT_STATE_LOCK_FAILED:
        break;
    }
    return GT_OPEN_FAILED;
}

static bool check_owner(const struct gt_state *state, const char *stack, const char *environment,
                        const char *name, struct gt_diags *diags)
{
    if (gt_streq(state->stack, stack) && gt_streq(state->environment, environment))
        return true;
    gt_error(diags, "state-foreign", "state %s belongs to %s/%s, not to %s/%s", name, state->stack,
             state->environment, stack, environment)
        ->hint = "a state cannot be used for another stack or environment: move the file back to "
                 "where it belongs";
    return false;
}

static bool load(struct gt_session *session, const char *stack, const char *environment,
                 struct gt_diags *diags)
{
    struct gt_backend *backend = session->backend;
    struct gt_journal journal = {.name = backend->ops->describe_journal(backend),
                                 .state_name = backend->ops->describe(backend)};
    /* The journal before the snapshot: a reader without lock then finds what it read in the
     * snapshot, when a save comes between the two. */
    char *lines = NULL;
    if (!backend->ops->journal(backend, &lines, &journal.len, diags) ||
        !backend->ops->load(backend, &session->saved, diags))
        return false;
    journal.lines = lines;

    if (session->saved == NULL)
        session->state = gt_state_new(session->arena, session->sys, stack, environment);
    else if (!gt_state_parse(session->arena, session->saved, journal.state_name, &session->state,
                             diags) ||
             !check_owner(session->state, stack, environment, journal.state_name, diags))
        return false;

    struct gt_replay replay;
    if (!gt_journal_replay(session->state, session->saved != NULL, &journal, &replay, diags))
        return false;
    for (size_t i = 0; i < replay.open.len; i++) {
        *GT_PUSH(session->arena, &session->open) = replay.open.at[i];
        *GT_PUSH(session->arena, &session->live) = replay.open.at[i];
    }
    session->next_id = replay.next_id;
    session->dirty = replay.changed;
    session->fresh = session->saved == NULL && !replay.begun;
    return true;
}

enum gt_open_result gt_session_open(struct gt_arena *arena, const struct gt_sys *sys,
                                    struct gt_backend *backend, const char *stack,
                                    const char *environment, bool writable, struct gt_session **out,
                                    struct gt_diags *diags)
{
    struct gt_session *session = GT_NEW(arena, struct gt_session);
    session->backend = backend;
    session->arena = arena;
    session->sys = sys;
    session->writable = writable;
    session->pending = GT_NEW(arena, struct gt_buf);
    *session->pending = gt_buf_init(max_pending);

    enum gt_open_result result = writable ? lock(session, diags) : GT_OPEN_OK;
    if (result == GT_OPEN_OK &&
        !load(session, stack, environment == NULL ? "default" : environment, diags))
        result = GT_OPEN_FAILED;
    if (result == GT_OPEN_OK)
        *out = session;
    else
        gt_session_close(session);
    return result;
}

static void queue_begin(struct gt_session *session, struct gt_buf *out)
{
    gt_journal_write_begin(out, session->state, session->backend->command, gt_now_ms(session->sys));
    session->begun = session->state->cloud;
    session->has_begun = true;
}

/* Called before anything is queued, so that every line stands after what it builds on. */
static void queue_context(struct gt_session *session)
{
    struct gt_state *state = session->state;
    if (!session->has_begun || !gt_cloud_equal(&session->begun, &state->cloud))
        queue_begin(session, session->pending);
    for (; session->renames_queued < state->renames.len; session->renames_queued++) {
        const struct gt_rename *rename = &state->renames.at[session->renames_queued];
        json_auto_t *key = json_pack("{s:s, s:s}", "from", rename->from, "to", rename->to);
        struct gt_record record = {
            .kind = GT_RECORD_RENAME, .time_ms = gt_now_ms(session->sys), .key = key};
        gt_journal_write(session->pending, &record);
        session->dirty = true;
    }
}

json_int_t gt_session_intent(struct gt_session *session, const struct gt_record *intent)
{
    struct gt_arena *arena = session->arena;
    queue_context(session);
    struct gt_record *copy = GT_PUSH(arena, &session->live);
    *copy = (struct gt_record){
        .kind = GT_RECORD_INTENT,
        .id = session->next_id++,
        .time_ms = intent->time_ms != 0 ? intent->time_ms : gt_now_ms(session->sys),
        .address = gt_strdup(arena, intent->address),
        .type = gt_strdup(arena, intent->type),
        .operation = gt_strdup(arena, intent->operation),
        .token = gt_strdup(arena, intent->token),
        .digest = gt_strdup(arena, intent->digest),
        .key = gt_keep(arena, json_deep_copy(intent->key)),
        .creates = intent->creates,
        .removes = intent->removes,
    };
    gt_journal_write(session->pending, copy);
    return copy->id;
}

void gt_session_answer(struct gt_session *session, json_int_t id, const char *address,
                       const struct gt_entry *entry)
{
    queue_context(session);
    json_auto_t *document = entry == NULL ? json_null() : gt_entry_document(entry);
    struct gt_record record = {.kind = GT_RECORD_ANSWER,
                               .id = id,
                               .time_ms = gt_now_ms(session->sys),
                               .address = address,
                               .entry = document};
    gt_journal_write(session->pending, &record);
    size_t kept = 0;
    for (size_t i = 0; i < session->live.len; i++)
        if (session->live.at[i].id != id)
            session->live.at[kept++] = session->live.at[i];
    session->live.len = kept;
    session->dirty = true;
}

static bool refuse_reader(const struct gt_session *session, struct gt_diags *diags)
{
    if (session->writable)
        return false;
    gt_error(diags, "state-read-only", "state %s was opened for reading",
             session->backend->ops->describe(session->backend));
    return true;
}

bool gt_session_commit(struct gt_session *session, struct gt_diags *diags)
{
    struct gt_backend *backend = session->backend;
    if (refuse_reader(session, diags))
        return false;
    if (session->renames_queued < session->state->renames.len)
        queue_context(session);
    if (session->pending->overflow) {
        gt_error(diags, "journal-write", "journal %s would take more than %zu MiB at once",
                 backend->ops->describe_journal(backend), max_pending >> 20);
        return false;
    }
    if (session->pending->len == 0)
        return true;
    if (!backend->ops->append(backend, session->pending->ptr, session->pending->len, diags))
        return false;
    session->pending->len = 0;
    return true;
}

/* Whether the snapshot says the same already; which gantry wrote it is no difference. */
static bool is_saved(const struct gt_session *session, json_t *document)
{
    if (session->saved == NULL)
        return json_object_size(json_object_get(document, "entries")) == 0 &&
               json_object_size(json_object_get(document, "cloud")) == 0 &&
               json_object_size(json_object_get(document, "outputs")) == 0;
    json_auto_t *saved = json_copy(session->saved), *now = json_copy(document);
    json_object_del(saved, "gantry");
    json_object_del(now, "gantry");
    return json_equal(saved, now);
}

static bool save_snapshot(struct gt_session *session, struct gt_diags *diags)
{
    struct gt_backend *backend = session->backend;
    json_auto_t *document = gt_state_document(session->state);
    if (is_saved(session, document))
        return true;
    json_object_set_new(document, "serial", json_integer(session->state->serial + 1));
    if (!backend->ops->save(backend, document, diags))
        return false;
    session->state->serial++;
    json_decref(session->saved);
    session->saved = json_incref(document);
    return true;
}

bool gt_session_save(struct gt_session *session, struct gt_diags *diags)
{
    struct gt_backend *backend = session->backend;
    if (!gt_session_commit(session, diags) || !save_snapshot(session, diags))
        return false;
    session->dirty = false;
    session->fresh = session->fresh && session->saved == NULL;
    session->has_begun = false;

    struct gt_buf carried = gt_buf_init(max_pending);
    if (session->live.len > 0)
        queue_begin(session, &carried);
    for (size_t i = 0; i < session->live.len; i++)
        gt_journal_write(&carried, &session->live.at[i]);
    bool done = backend->ops->reset_journal(backend, gt_buf_text(&carried), carried.len, diags);
    gt_buf_done(&carried);
    /* The old journal is still there: what follows must say that it stands on the new snapshot. */
    session->has_begun = session->has_begun && done;
    return done;
}

bool gt_session_remove(struct gt_session *session, struct gt_diags *diags)
{
    struct gt_backend *backend = session->backend;
    if (refuse_reader(session, diags))
        return false;
    if (session->live.len > 0) {
        const struct gt_record *open = &session->live.at[0];
        gt_error(diags, "intents-open", "state %s still waits for the answer to %s of %s",
                 backend->ops->describe(backend), open->operation, open->address)
            ->hint = "run the command again: it settles what is open";
        return false;
    }
    /* Killed in mid-removal, the state must not claim what the journal knew to be gone. */
    if (!gt_session_save(session, diags) || !backend->ops->remove(backend, diags))
        return false;
    session->pending->len = 0;
    json_decref(session->saved);
    session->saved = NULL;
    session->has_begun = false;
    session->dirty = false;
    return true;
}

void gt_session_close(struct gt_session *session)
{
    if (session == NULL)
        return;
    session->backend->ops->unlock(session->backend);
    session->backend->ops->free(session->backend);
    gt_buf_done(session->pending);
    json_decref(session->saved);
    session->saved = NULL;
}
