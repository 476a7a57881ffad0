/*
 * The tool type `redis-invalidate`: removes the keys that a pattern matches, where the pattern lies
 * inside of what the author allows. Keys are found with SCAN and removed with UNLINK, a batch at a
 * time, so that the server serves others in between.
 */
#include "glob.h"
#include "tools.h"

#include <gantry/base/base64.h>
#include <gantry/base/json.h>
#include <gantry/base/map.h>
#include <gantry/base/str.h>
#include <string.h>

enum {
    MAX_KEYS = 10000,
    BATCH = 500,
    SAMPLE = 20,
    SCAN_BYTES = 64 * 1024 * 1024,
    SCAN_ROWS = 1000000,
    CURSOR_MAX = 32
};

struct invalidate { /* of a tool */
    GT_VEC(struct gt_redis_glob) allowed;
    const char *listed; /* as a message has them */
    int64_t max_keys;
};

struct sweep { /* has an arena of its own: a reply may come when the call is long gone */
    struct gt_redis_job job; /* first */
    struct gt_arena *arena;
    struct gt_tool_call *call; /* NULL: nobody waits any more */
    struct gt_redis_source *source;
    const struct invalidate *own;
    const json_t *pattern; /* as the caller wrote it */
    struct gt_redis_glob glob;
    char cursor[CURSOR_MAX];
    struct gt_map seen; /* SCAN may return a key more than once */
    struct gt_arena *batch;
    struct gt_redis_words words;                /* in the batch's arena */
    GT_VEC(const struct gt_redis_reply *) keys; /* of the batch that are to go */
    size_t unlinked;                            /* of those */
    struct gt_redis_reply *reply;               /* that has them */
    int64_t matched, deleted, until_ms;
    json_t *sample; /* borrowed from the arena */
    bool dry_run, truncated, removing;
};

static const struct gt_key pattern_key = {
    .takes = GT_TAKES_TEXT, .summary = "a pattern of keys as Redis writes them: session:*"};

static const struct gt_key keys[] = {
    {.name = "patterns",
     .takes = GT_TAKES_LIST,
     .flags = GT_KEY_REQUIRED,
     .element = &pattern_key,
     .summary = "which keys may be removed; a caller's pattern must lie inside of one of these"},
    {.name = "max_keys",
     .takes = GT_TAKES_INTEGER,
     .min = 1,
     .max = 1000000,
     .summary = "keys that a call removes at the most (10000)"},
    {.name = NULL},
};

/* -- the configuration -- */

static bool read_patterns(struct gt_config *config, const struct gt_tool *tool,
                          struct invalidate *own, struct gt_diags *diags)
{
    struct gt_arena *arena = config->arena;
    const json_t *patterns = json_object_get(tool->settings, "patterns"), *text;
    const char *base = gt_pointer_join(arena, tool->pointer, "patterns"), *problem;
    size_t errors = diags->errors, i;
    own->listed = "";
    json_array_foreach(patterns, i, text)
    {
        struct gt_redis_glob *glob = GT_PUSH(arena, &own->allowed);
        if (!gt_redis_glob_parse(arena, json_string_value(text), json_string_length(text), glob,
                                 &problem))
            gt_config_error(config, diags, gt_pointer_index(arena, base, i), "bad-pattern",
                            "the pattern is not usable: %s", problem);
        own->listed = gt_printf(arena, "%s%s%s", own->listed, i > 0 ? ", " : "",
                                gt_one_line(arena, json_string_value(text), 128));
    }
    if (json_array_size(patterns) == 0)
        gt_config_error(config, diags, base, "no-pattern", "no keys may be removed")->hint =
            "list patterns: [\"session:*\"]";
    return diags->errors == errors;
}

static json_t *input_schema(struct gt_arena *arena, const struct invalidate *own)
{
    const char *about =
        gt_printf(arena, "which keys: a pattern as Redis writes them, inside of %s", own->listed);
    return json_pack("{s:s, s:{s:{s:s, s:s, s:i, s:i}, s:{s:s, s:s, s:b}}, s:[s], s:b}", "type",
                     "object", "properties", "pattern", "type", "string", "description", about,
                     "minLength", 1, "maxLength", (int)GT_REDIS_GLOB_MAX, "dry_run", "type",
                     "boolean", "description", "only tell which keys would be removed", "default",
                     0, "required", "pattern", "additionalProperties", 0);
}

static json_t *output_schema(void)
{
    return json_pack(
        "{s:s, s:{s:{s:s}, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s}, s:{s:s, s:s}, s:{s:s, s:s, "
        "s:{s:[s, s]}}}, s:[s, s, s, s, s, s]}",
        "type", "object", "properties", "pattern", "type", "string", "matched", "type", "integer",
        "description", "keys that were found", "deleted", "type", "integer", "description",
        "keys that were removed", "dry_run", "type", "boolean", "truncated", "type", "boolean",
        "description", "whether there are more keys than one call may remove; call again", "sample",
        "type", "array", "description", "some of the keys that were found", "items", "type",
        "string", "object", "required", "pattern", "matched", "deleted", "dry_run", "truncated",
        "sample");
}

static bool prepare(struct gt_config *config, struct gt_tool *tool, struct gt_diags *diags)
{
    struct invalidate *own = GT_NEW(config->arena, struct invalidate);
    own->max_keys = gt_redis_setting(tool, "max_keys", MAX_KEYS);
    if (!read_patterns(config, tool, own, diags))
        return false;
    tool->input_schema = gt_keep(config->arena, input_schema(config->arena, own));
    tool->output_schema = gt_keep(config->arena, output_schema());
    tool->annotations = (struct gt_annotations){
        .read_only = false, .destructive = true, .idempotent = true, .open_world = false};
    tool->own = own;
    return true;
}

/* -- a call -- */

static void scan(struct sweep *sweep);
static void unlink_some(struct sweep *sweep);

static void end_batch(struct sweep *sweep)
{
    gt_redis_reply_free(sweep->reply);
    gt_arena_free(sweep->batch);
    sweep->reply = NULL;
    sweep->batch = NULL;
}

static void free_sweep(struct sweep *sweep)
{
    end_batch(sweep);
    gt_arena_free(sweep->arena);
}

static void finish(struct sweep *sweep)
{
    gt_tool_done(sweep->call,
                 json_pack("{s:O, s:I, s:I, s:b, s:b, s:O}", "pattern", sweep->pattern, "matched",
                           (json_int_t)sweep->matched, "deleted", (json_int_t)sweep->deleted,
                           "dry_run", sweep->dry_run, "truncated", sweep->truncated, "sample",
                           sweep->sample),
                 NULL);
    free_sweep(sweep);
}

static bool is_late(const struct sweep *sweep)
{
    return gt_monotonic_ms(gt_loop_sys(sweep->source->base.host.loop)) >= sweep->until_ms;
}

/* A key as an entry of a map, which ends with NUL. */
static const char *map_key(struct gt_arena *arena, const struct gt_redis_reply *key)
{
    return strlen(key->text) == key->len
               ? key->text
               : gt_printf(arena, "\x01%s", gt_base64(arena, key->text, key->len));
}

static bool is_allowed(const struct sweep *sweep, const struct gt_redis_reply *key)
{
    for (size_t i = 0; i < sweep->own->allowed.len; i++)
        if (gt_redis_glob_matches(&sweep->own->allowed.at[i], key->text, key->len))
            return true;
    return false;
}

/* A key that SCAN returned; false when it is one too many. */
static bool take_key(struct sweep *sweep, const struct gt_redis_reply *key)
{
    if (key->kind != GT_REDIS_TEXT || key->cut || !is_allowed(sweep, key))
        return true;
    const char *name = map_key(sweep->batch, key);
    if (gt_map_get(&sweep->seen, name) != NULL)
        return true;
    if (sweep->matched == sweep->own->max_keys)
        return false;
    gt_map_set(&sweep->seen, name, sweep);
    sweep->matched++;
    if (json_array_size(sweep->sample) < SAMPLE)
        json_array_append_new(sweep->sample, gt_redis_json(key));
    *GT_PUSH(sweep->batch, &sweep->keys) = key;
    return true;
}

static bool is_page(const struct gt_redis_reply *reply)
{
    return reply->kind == GT_REDIS_LIST && reply->list.len == 2 &&
           reply->list.at[0]->kind == GT_REDIS_TEXT && reply->list.at[0]->len < CURSOR_MAX &&
           reply->list.at[1]->kind == GT_REDIS_LIST;
}

/* What the scan goes on with: the next page, the end. */
static void go_on(struct sweep *sweep)
{
    bool last = strcmp(sweep->cursor, "0") == 0;
    if (!last && is_late(sweep))
        sweep->truncated = true;
    end_batch(sweep);
    if (last || sweep->truncated)
        finish(sweep);
    else
        scan(sweep);
}

static void on_page(struct sweep *sweep, struct gt_redis_reply *reply)
{
    if (!is_page(reply)) {
        gt_redis_reply_free(reply);
        gt_tool_fail(sweep->call, GT_FAILURE_FAILED, "the Redis server answers SCAN with no page");
        free_sweep(sweep);
        return;
    }
    const struct gt_redis_reply *page = reply->list.at[1];
    memcpy(sweep->cursor, reply->list.at[0]->text, reply->list.at[0]->len + 1);
    sweep->reply = reply;
    sweep->truncated |= reply->cut;
    sweep->keys.at = NULL;
    sweep->keys.len = sweep->keys.cap = sweep->unlinked = 0;
    for (size_t i = 0; i < page->list.len && !sweep->truncated; i++)
        sweep->truncated = !take_key(sweep, page->list.at[i]);
    if (!sweep->dry_run && sweep->keys.len > 0)
        unlink_some(sweep);
    else
        go_on(sweep);
}

static void on_unlinked(struct sweep *sweep, struct gt_redis_reply *reply)
{
    if (reply->kind == GT_REDIS_INTEGER)
        sweep->deleted += reply->integer;
    gt_redis_reply_free(reply);
    if (sweep->unlinked == sweep->keys.len)
        go_on(sweep);
    else
        unlink_some(sweep);
}

static void tell_broken(struct sweep *sweep, const char *reason, bool sent)
{
    /* What was removed is told, so such a call is not repeated unseen. */
    if (sweep->source->closed || (sweep->deleted == 0 && !(sweep->removing && sent)))
        gt_redis_tell_lost(sweep->call, reason, true);
    else
        gt_tool_fail(sweep->call, GT_FAILURE_FAILED,
                     "the connection to the Redis server broke after %lld keys had been removed; "
                     "call again to remove the others: %s",
                     (long long)sweep->deleted, reason);
}

static void on_done(struct gt_redis_job *job, struct gt_redis_reply *reply, const char *reason,
                    bool sent)
{
    struct sweep *sweep = (struct sweep *)job;
    if (sweep->call != NULL && reply != NULL && reply->kind != GT_REDIS_ERROR) {
        (sweep->removing ? on_unlinked : on_page)(sweep, reply);
        return;
    }
    if (sweep->call != NULL && reply != NULL)
        gt_redis_tell_error(sweep->call, reply);
    else if (sweep->call != NULL)
        tell_broken(sweep, reason, sent);
    gt_redis_reply_free(reply);
    free_sweep(sweep);
}

static void word(struct sweep *sweep, const char *text)
{
    gt_redis_word(sweep->batch, &sweep->words, text, strlen(text));
}

static void scan(struct sweep *sweep)
{
    sweep->batch = gt_arena_new();
    sweep->words = (struct gt_redis_words){0};
    sweep->removing = false;
    sweep->job.caps = (struct gt_redis_caps){SCAN_BYTES, SCAN_ROWS};
    word(sweep, "SCAN");
    word(sweep, sweep->cursor);
    word(sweep, "MATCH");
    gt_redis_word(sweep->batch, &sweep->words, sweep->glob.text, sweep->glob.len);
    word(sweep, "COUNT");
    word(sweep, "500");
    gt_redis_send(sweep->source, &sweep->job);
}

static void unlink_some(struct sweep *sweep)
{
    sweep->words = (struct gt_redis_words){0};
    sweep->removing = true;
    word(sweep, "UNLINK");
    for (size_t i = 0; i < BATCH && sweep->unlinked < sweep->keys.len; i++) {
        const struct gt_redis_reply *key = sweep->keys.at[sweep->unlinked++];
        gt_redis_word(sweep->batch, &sweep->words, key->text, key->len);
    }
    gt_redis_send(sweep->source, &sweep->job);
}

static void cancel(struct gt_tool_call *call)
{
    struct sweep *sweep = call->work;
    struct gt_redis_source *source = sweep->source;
    const char *text = gt_printf(call->arena, "stopped after %lld keys had been removed",
                                 (long long)sweep->deleted);
    sweep->call = NULL;
    if (gt_redis_take_back(source, &sweep->job))
        free_sweep(sweep);
    gt_tool_fail(call, GT_FAILURE_TIMEOUT, "%s", text);
}

static bool check_pattern(struct sweep *sweep, const json_t *pattern)
{
    const char *problem;
    if (!gt_redis_glob_parse(sweep->arena, json_string_value(pattern), json_string_length(pattern),
                             &sweep->glob, &problem)) {
        gt_tool_fail(sweep->call, GT_FAILURE_ARGUMENTS, "the pattern is not usable: %s", problem);
        return false;
    }
    for (size_t i = 0; i < sweep->own->allowed.len; i++)
        if (gt_redis_glob_contains(&sweep->own->allowed.at[i], &sweep->glob))
            return true;
    gt_tool_fail(sweep->call, GT_FAILURE_DENIED,
                 "the pattern must lie inside of what may be removed: %s", sweep->own->listed);
    return false;
}

static void run(struct gt_tool_call *call)
{
    struct gt_arena *arena = gt_arena_new();
    struct sweep *sweep = GT_NEW(arena, struct sweep);
    int64_t now = gt_monotonic_ms(gt_loop_sys(call->loop));
    *sweep = (struct sweep){
        .job = {.words = &sweep->words, .done = on_done},
        .arena = arena,
        .call = call,
        .source = (struct gt_redis_source *)call->source,
        .own = call->tool->own,
        .pattern = gt_keep(arena, json_incref(json_object_get(call->arguments, "pattern"))),
        .cursor = "0",
        .seen = gt_map_init(arena),
        /* A little before the deadline, so that what was done can be told. */
        .until_ms =
            call->deadline_ms == INT64_MAX ? INT64_MAX : now + (call->deadline_ms - now) / 10 * 9,
        .sample = gt_keep(arena, json_array()),
        .dry_run = json_is_true(json_object_get(call->arguments, "dry_run")),
    };
    if (!check_pattern(sweep, sweep->pattern)) {
        gt_arena_free(arena);
        return;
    }
    call->work = sweep;
    call->cancel = cancel;
    scan(sweep);
}

const struct gt_tool_type gt_tool_redis_invalidate = {
    .name = "redis-invalidate",
    .summary = "removes the keys that a pattern matches, where the pattern is allowed",
    .category = "cache",
    .source = &gt_source_redis,
    .keys = keys,
    .prepare = prepare,
    .run = run,
};
