/*
 * The state folder: one document, replaced as a whole at the end of a turn in which something
 * changed; what was answered in that turn leaves only then.
 */
#include "cloud.h"

#include <inttypes.h>
#include <unistd.h>

enum { FORMAT = 1, STATE_MAX = 512 * 1024 * 1024 };

static const char *state_path(const struct gt_local *local, struct gt_arena *arena)
{
    return gt_printf(arena, "%s/state.json", local->options.state_folder);
}

static bool lock_folder(struct gt_local *local, struct gt_diags *diags)
{
    char *other;
    const char *path = gt_printf(local->arena, "%s/lock", local->options.state_folder);
    const char *holder = gt_printf(local->arena, "process %ld", (long)getpid());
    switch (gt_file_lock(local->arena, path, holder, &local->lock, &other, diags)) {
    case GT_LOCKED:
        return true;
    case GT_LOCK_HELD:
        gt_error(diags, "state-in-use", "the state in %s is in use by another gantry local (%s)",
                 local->options.state_folder, *other == '\0' ? "just started" : other)
            ->hint = "use that one, or give another --state folder";
        break;
    case GT_LOCK_FAILED:
        break;
    }
    return false;
}

static bool take_object(const json_t *document, const char *name, json_t **into)
{
    json_t *value = json_object_get(document, name);
    if (!json_is_object(value))
        return false;
    json_decref(*into);
    *into = json_incref(value);
    return true;
}

static bool read_document(struct gt_local *local, const json_t *document, struct gt_diags *diags)
{
    const char *path = state_path(local, diags->arena);
    json_int_t format = json_integer_value(json_object_get(document, "format"));
    const char *id = gt_text_at(document, "/id"), *secret = gt_text_at(document, "/pageSecret");
    if (format != FORMAT) {
        gt_error(diags, "bad-state", "%s has format %" JSON_INTEGER_FORMAT ", not %d", path, format,
                 FORMAT)
            ->hint = "it was saved by another version of gantry; use another folder";
        return false;
    }
    if (id == NULL || secret == NULL || !take_object(document, "keys", &local->keys) ||
        !take_object(document, "tokens", &local->tokens) ||
        !take_object(document, "jwks", &local->jwks)) {
        gt_error(diags, "bad-state", "%s is no state of the embedded cloud", path);
        return false;
    }
    local->id = gt_strdup(local->arena, id);
    local->page_secret = gt_strdup(local->arena, secret);
    return gt_store_load(local, json_object_get(document, "objects"), diags);
}

bool gt_state_open(struct gt_local *local, struct gt_diags *diags)
{
    const char *folder = local->options.state_folder;
    if (folder == NULL)
        return true;
    if (!gt_folder_make(folder, 0700, diags) || !lock_folder(local, diags))
        return false;
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new_secret();
    char *bytes;
    size_t len;
    switch (gt_file_read(arena, state_path(local, arena), STATE_MAX, &bytes, &len, diags)) {
    case GT_READ_ABSENT:
        return true;
    case GT_READ_FAILED:
        return false;
    case GT_READ_OK:
        break;
    }
    json_error_t error;
    json_auto_t *document = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &error);
    if (document != NULL)
        return read_document(local, document, diags);
    gt_error(diags, "bad-state", "%s is no JSON: %s", state_path(local, diags->arena),
             gt_one_line(diags->arena, error.text, 120));
    return false;
}

bool gt_state_save(struct gt_local *local, struct gt_diags *diags)
{
    local->dirty = false;
    if (local->options.state_folder == NULL)
        return true;
    gt_keys_expire(local);
    local->dirty = false;
    json_auto_t *document =
        json_pack("{s:i, s:s, s:s, s:O, s:O, s:O, s:o}", "format", FORMAT, "id", local->id,
                  "pageSecret", local->page_secret, "keys", local->keys, "tokens", local->tokens,
                  "jwks", local->jwks, "objects", gt_store_save(local));
    struct gt_buf text = gt_buf_init(STATE_MAX);
    gt_buf_add_json(&text, document, JSON_COMPACT);
    gt_buf_addc(&text, '\n');
    bool saved = false;
    if (text.overflow)
        gt_error(diags, "state-too-large", "the state of the embedded cloud is too large");
    else
        saved = gt_file_write(state_path(local, diags->arena), gt_buf_text(&text), text.len, 0600,
                              NULL, diags);
    gt_buf_wipe(&text);
    if (!saved)
        local->dirty = true; /* tried again with the next change */
    return saved;
}

static void send(struct gt_exchange *exchange, const struct gt_answer *answer)
{
    if (answer->abort)
        gt_exchange_abort(exchange);
    else if (answer->cut)
        gt_reply_cut(exchange, answer->status, answer->headers.at, answer->headers.len,
                     answer->body, answer->body_len, answer->sent);
    else
        gt_reply(exchange, answer->status, answer->headers.at, answer->headers.len, answer->body,
                 answer->body_len);
}

void gt_state_send(struct gt_local *local, struct gt_exchange *exchange,
                   const struct gt_answer *answer)
{
    if (local->options.state_folder == NULL) {
        send(exchange, answer);
        return;
    }
    struct gt_queued *queued = GT_NEW(gt_exchange_arena(exchange), struct gt_queued);
    *queued = (struct gt_queued){.exchange = exchange, .answer = *answer};
    *local->queue_end = queued;
    local->queue_end = &queued->next;
}

void gt_state_turn(struct gt_local *local)
{
    bool saved = true;
    if (local->dirty) {
        struct gt_arena *arena = gt_arena_new();
        struct gt_diags diags = gt_diags_init(arena);
        saved = gt_state_save(local, &diags);
        if (!saved)
            gt_local_event(local, json_pack("{s:s, s:s}", "event", "log", "message",
                                            diags.list.at[0]->message));
        gt_arena_free(arena);
    }
    struct gt_queued *queued = local->queue;
    local->queue = NULL;
    local->queue_end = &local->queue;
    while (queued != NULL) {
        struct gt_queued *next = queued->next; /* lives in the exchange's arena */
        /* What is not on disk must not be told. */
        if (saved)
            send(queued->exchange, &queued->answer);
        else
            gt_exchange_abort(queued->exchange);
        queued = next;
    }
    gt_store_purge(local);
}
