/*
 * The state folder: a snapshot (state.json), replaced as a whole now and then, and a journal of
 * what changed since, a line for each turn of the loop, which is written before the answers of that
 * turn leave. A killed process has so lost nothing that it told; a machine that loses its power may
 * lose the journal's end. A line that was cut short counts as not written, with the turn that it is
 * of; one that is whole and no JSON is none of ours, and what was told behind it is not dropped in
 * silence.
 */
#include "cloud.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { FORMAT = 1, STATE_MAX = 512 * 1024 * 1024 };
/* The journal is folded into a new snapshot when it is longer than that and this, so that what is
 * written stays in proportion to what changes. */
enum { JOURNAL_MIN = 1024 * 1024 };

static const char *state_path(const struct gt_local *local, struct gt_arena *arena)
{
    return gt_printf(arena, "%s/state.json", local->options.state_folder);
}

static const char *journal_path(const struct gt_local *local, struct gt_arena *arena)
{
    return gt_printf(arena, "%s/journal", local->options.state_folder);
}

/* What is kept beside the objects, by name. */
static const struct {
    const char *name;
    size_t offset;
} sections[] = {
    {"keys", offsetof(struct gt_local, keys)},
    {"tokens", offsetof(struct gt_local, tokens)},
    {"jwks", offsetof(struct gt_local, jwks)},
};

static json_t **section(struct gt_local *local, size_t i)
{
    return (json_t **)(void *)((char *)local + sections[i].offset);
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

/* -- reading -- */

static void put_object(json_t *by_order, json_t *object)
{
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    json_int_t order = json_integer_value(json_object_get(object, "order"));
    json_object_set(by_order, gt_printf(arena, "%" JSON_INTEGER_FORMAT, order), object);
}

static void remove_object(json_t *by_order, json_int_t order)
{
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    json_object_del(by_order, gt_printf(arena, "%" JSON_INTEGER_FORMAT, order));
}

/* Puts what a line of the journal says over {order: object} and the sections of the snapshot. */
static void replay_line(json_t *snapshot, json_t *by_order, const json_t *line)
{
    size_t index;
    const char *name;
    json_t *item;
    json_array_foreach(gt_iterable(json_object_get(line, "objects")), index, item)
        put_object(by_order, item);
    json_array_foreach(gt_iterable(json_object_get(line, "gone")), index, item)
        remove_object(by_order, json_integer_value(item));
    for (size_t i = 0; i < GT_COUNT(sections); i++) {
        json_t *into = json_object_get(snapshot, sections[i].name);
        json_object_foreach(gt_iterable(json_object_get(line, sections[i].name)), name, item)
        {
            if (json_is_null(item))
                json_object_del(into, name);
            else
                json_object_set(into, name, item);
        }
    }
}

/* The lines of a journal that goes on from this snapshot. Objects stay in the order of their
 * creation: what the journal adds is younger than what the snapshot has. The number of a line that
 * is broken, or 0. */
static size_t replay(json_t *snapshot, const char *journal, size_t len)
{
    json_auto_t *by_order = json_object();
    json_t *objects = json_array(), *item;
    size_t index;
    const char *name, *rest = journal, *end;
    size_t number = 0, broken = 0;
    json_array_foreach(json_object_get(snapshot, "objects"), index, item)
        put_object(by_order, item);
    while ((end = memchr(rest, '\n', len - (size_t)(rest - journal))) != NULL) {
        json_auto_t *line = json_loadb(rest, (size_t)(end - rest), JSON_REJECT_DUPLICATES, NULL);
        number++;
        if (!json_is_object(line)) {
            broken = number;
            break;
        }
        if (number == 1 &&
            !json_equal(json_object_get(line, "journal"), json_object_get(snapshot, "journal")))
            break;
        replay_line(snapshot, by_order, line);
        rest = end + 1;
    }
    json_object_foreach(by_order, name, item) json_array_append(objects, item);
    json_object_set_new(snapshot, "objects", objects);
    return broken;
}

static bool read_journal(const struct gt_local *local, json_t *snapshot, struct gt_diags *diags)
{
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new_secret();
    const char *path = journal_path(local, diags->arena);
    char *bytes;
    size_t len;
    const enum gt_read_result read = gt_file_read(arena, path, STATE_MAX, &bytes, &len, diags);
    if (read != GT_READ_OK)
        return read == GT_READ_ABSENT;
    size_t broken = replay(snapshot, bytes, len);
    if (broken == 0)
        return true;
    gt_error(diags, "bad-state", "%s is broken at line %zu", path, broken)->hint =
        "without this file the cloud goes on from its last snapshot, in state.json beside it";
    return false;
}

static bool take_section(struct gt_local *local, const json_t *snapshot, size_t i)
{
    json_t *value = json_object_get(snapshot, sections[i].name);
    if (!json_is_object(value))
        return false;
    json_decref(*section(local, i));
    *section(local, i) = json_incref(value);
    return true;
}

static bool read_snapshot(struct gt_local *local, const json_t *snapshot, struct gt_diags *diags)
{
    const char *path = state_path(local, diags->arena);
    json_int_t format = json_integer_value(json_object_get(snapshot, "format"));
    const char *id = gt_text_at(snapshot, "/id"), *secret = gt_text_at(snapshot, "/pageSecret");
    if (format != FORMAT) {
        gt_error(diags, "bad-state", "%s has format %" JSON_INTEGER_FORMAT ", not %d", path, format,
                 FORMAT)
            ->hint = "it was saved by another version of gantry; use another folder";
        return false;
    }
    bool good = id != NULL && secret != NULL;
    for (size_t i = 0; i < GT_COUNT(sections); i++)
        good = good && take_section(local, snapshot, i);
    if (!good) {
        gt_error(diags, "bad-state", "%s is no state of the embedded cloud", path);
        return false;
    }
    local->id = gt_strdup(local->arena, id);
    local->page_secret = gt_strdup(local->arena, secret);
    local->serial = json_integer_value(json_object_get(snapshot, "journal"));
    return gt_store_load(local, json_object_get(snapshot, "objects"), diags);
}

static bool read_folder(struct gt_local *local, struct gt_diags *diags)
{
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
    json_auto_t *snapshot = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &error);
    if (snapshot == NULL) {
        gt_error(diags, "bad-state", "%s is no JSON: %s", state_path(local, diags->arena),
                 gt_json_problem(diags->arena, &error));
        return false;
    }
    return read_journal(local, snapshot, diags) && read_snapshot(local, snapshot, diags);
}

bool gt_state_open(struct gt_local *local, struct gt_diags *diags)
{
    const char *folder = local->options.state_folder;
    return folder == NULL || (gt_folder_make(folder, 0700, diags) && lock_folder(local, diags) &&
                              read_folder(local, diags) &&
                              gt_append_open(local->arena, journal_path(local, local->arena), 0600,
                                             &local->journal, diags));
}

/* -- writing -- */

void gt_state_note(struct gt_local *local, const char *name, const char *member)
{
    if (local->options.state_folder == NULL)
        return;
    json_t *members = json_object_get(local->noted, name);
    if (members == NULL) {
        members = json_object();
        json_object_set_new(local->noted, name, members);
    }
    json_object_set_new(members, member, json_true());
}

static bool too_large(struct gt_diags *diags)
{
    gt_error(diags, "state-too-large", "the state of the embedded cloud is too large");
    return false;
}

/* The snapshot takes the journal's place: one that is left from before has another number. */
static bool write_snapshot(struct gt_local *local, struct gt_diags *diags)
{
    json_auto_t *snapshot =
        json_pack("{s:i, s:I, s:s, s:s, s:o}", "format", FORMAT, "journal", local->serial + 1, "id",
                  local->id, "pageSecret", local->page_secret, "objects", gt_store_save(local));
    for (size_t i = 0; i < GT_COUNT(sections); i++)
        json_object_set(snapshot, sections[i].name, *section(local, i));
    struct gt_buf text = gt_buf_init(STATE_MAX);
    gt_buf_add_json(&text, snapshot, JSON_COMPACT);
    gt_buf_addc(&text, '\n');
    size_t len = text.len;
    bool written = text.overflow ? too_large(diags)
                                 : gt_file_write(state_path(local, diags->arena),
                                                 gt_buf_text(&text), len, 0600, NULL, diags);
    gt_buf_wipe(&text);
    if (!written)
        return false;
    local->serial++;
    local->snapshot_len = len;
    local->journal_len = 0;
    return gt_file_cut(journal_path(local, diags->arena), 0, diags);
}

static void forget_changes(struct gt_local *local)
{
    gt_store_take_changes(local, NULL, NULL);
    json_object_clear(local->noted);
}

bool gt_state_save(struct gt_local *local, struct gt_diags *diags)
{
    if (local->options.state_folder == NULL)
        return true;
    gt_keys_expire(local);
    forget_changes(local);
    local->whole = !write_snapshot(local, diags); /* else tried again with the next turn */
    return !local->whole;
}

static json_t *changes(struct gt_local *local)
{
    json_t *line = json_pack("{s:[], s:[]}", "objects", "gone"), *ignored;
    gt_store_take_changes(local, json_object_get(line, "objects"), json_object_get(line, "gone"));
    for (size_t i = 0; i < GT_COUNT(sections); i++) {
        json_t *members = json_object(), *noted = json_object_get(local->noted, sections[i].name);
        const char *name;
        json_object_foreach(noted, name, ignored)
        {
            json_t *value = json_object_get(*section(local, i), name);
            json_object_set_new(members, name, value ? json_incref(value) : json_null());
        }
        json_object_set_new(line, sections[i].name, members);
    }
    json_object_clear(local->noted);
    return line;
}

static bool append_changes(struct gt_local *local, struct gt_diags *diags)
{
    json_auto_t *line = changes(local);
    struct gt_buf text = gt_buf_init(STATE_MAX);
    if (local->journal_len == 0)
        gt_buf_addf(&text, "{\"journal\": %" JSON_INTEGER_FORMAT "}\n", local->serial);
    gt_buf_add_json(&text, line, JSON_COMPACT);
    gt_buf_addc(&text, '\n');
    bool written = text.overflow
                       ? too_large(diags)
                       : gt_append_hand_over(local->journal, gt_buf_text(&text), text.len, diags);
    local->journal_len += text.len;
    gt_buf_wipe(&text);
    local->whole = !written; /* these changes are noted no more */
    return written;
}

static bool save_turn(struct gt_local *local, struct gt_diags *diags)
{
    if (local->whole)
        return gt_state_save(local, diags);
    if (local->changed == NULL && json_object_size(local->noted) == 0)
        return true;
    return append_changes(local, diags) &&
           (local->journal_len < JOURNAL_MIN + local->snapshot_len || gt_state_save(local, diags));
}

/* -- answers -- */

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

static void on_wake(void *payload)
{
    ((struct gt_local *)payload)->wake = NULL;
}

void gt_state_send(struct gt_local *local, struct gt_exchange *exchange,
                   const struct gt_answer *answer)
{
    if (local->options.state_folder == NULL || local->closing) {
        send(exchange, answer);
        return;
    }
    struct gt_queued *queued = GT_NEW(gt_exchange_arena(exchange), struct gt_queued);
    *queued = (struct gt_queued){.exchange = exchange, .answer = *answer};
    /* A request may come when the turn's end is over: nothing else may end the next one soon. */
    if (local->wake == NULL)
        local->wake = gt_timer_start(local->loop, 0, on_wake, local);
    *local->queue_end = queued;
    local->queue_end = &queued->next;
}

void gt_state_turn(struct gt_local *local)
{
    bool saved = true;
    if (local->options.state_folder != NULL) {
        struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
        struct gt_diags diags = gt_diags_init(arena);
        saved = save_turn(local, &diags);
        if (!saved)
            gt_local_event(local, json_pack("{s:s, s:s}", "event", "log", "message",
                                            diags.list.at[0]->message));
    }
    gt_timer_cancel(local->wake);
    local->wake = NULL;
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
