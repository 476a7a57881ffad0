/*
 * The admin API: HTTP and JSON over the Unix socket, which only the user who started the cloud can
 * open. What it is for: commands of runtimes, knobs, faults, what tests look at.
 */
#include "seed.h"

#include <string.h>
#include <unistd.h>

struct admin_call {
    struct gt_local *local;
    struct gt_exchange *exchange;
    const struct gt_request *request;
    struct gt_arena *arena;
    json_t *body; /* kept by the arena; NULL: none */
};

enum { ANSWER_MAX = 256 * 1024 * 1024 };

/* Steals the document. What was changed is on disk before it is told here too. */
static void reply(const struct admin_call *call, int status, json_t *document)
{
    struct gt_answer answer = {.status = status};
    struct gt_buf text = gt_buf_init(ANSWER_MAX);
    gt_buf_add_json(&text, document, JSON_COMPACT);
    json_decref(document);
    answer.body = gt_strndup(call->arena, gt_buf_text(&text), text.len);
    answer.body_len = text.len;
    gt_buf_wipe(&text);
    *GT_PUSH(call->arena, &answer.headers) =
        (struct gt_header){.name = "Content-Type", .value = "application/json"};
    gt_state_send(call->local, call->exchange, &answer);
}

static void problem(const struct admin_call *call, int status, const char *text)
{
    reply(call, status, json_pack("{s:s}", "message", text));
}

static void get_status(struct admin_call *call)
{
    struct gt_local *local = call->local;
    reply(call, 200,
          json_pack("{s:s, s:s, s:I, s:i, s:b, s:o, s:o, s:o, s:I, s:I}", "id", local->id, "url",
                    local->url, "pid", (json_int_t)getpid(), "port", local->port, "kept",
                    local->options.state_folder != NULL, "knobs", gt_knobs_json(&local->knobs),
                    "objects", gt_store_counts(local), "runtimes", gt_runtime_list(local),
                    "requests", (json_int_t)local->numbers, "calls", (json_int_t)local->arrivals));
}

static bool is_account(const char *text)
{
    return text != NULL && strlen(text) == 12 && strspn(text, "0123456789") == 12;
}

static void post_keys(struct admin_call *call)
{
    const char *account = gt_text_at(call->body, "/account");
    if (!is_account(account)) {
        problem(call, 400, "\"account\" must be twelve digits");
        return;
    }
    struct gt_key_pair pair = gt_keys_of_account(call->local, call->arena, account);
    reply(call, 200,
          json_pack("{s:s, s:s, s:s}", "account", pair.account, "accessKeyId", pair.access_key_id,
                    "secretAccessKey", pair.secret_access_key));
}

static void put_commands(struct admin_call *call)
{
    const char *why = NULL;
    if (gt_runtime_command(call->local, call->body, &why, call->arena))
        reply(call, 200, json_object());
    else
        problem(call, 400, why);
}

static void put_folders(struct admin_call *call)
{
    const char *why = NULL;
    if (gt_folders_add(call->local, gt_text_at(call->body, "/path"), &why))
        reply(call, 200, json_object());
    else
        problem(call, 400, why);
}

static void get_knobs(struct admin_call *call)
{
    reply(call, 200, gt_knobs_json(&call->local->knobs));
}

static void post_knobs(struct admin_call *call)
{
    struct gt_diags diags = gt_diags_init(call->arena);
    if (gt_knobs_set(&call->local->knobs, call->body, &diags))
        get_knobs(call);
    else
        problem(call, 400, diags.list.at[0]->message);
}

static void get_faults(struct admin_call *call)
{
    reply(call, 200, json_incref(call->local->faults));
}

static void post_faults(struct admin_call *call)
{
    const char *why = NULL;
    if (gt_faults_post(call->local, call->body, &why, call->arena))
        get_faults(call);
    else
        problem(call, 400, why);
}

static void get_blocked(struct admin_call *call)
{
    reply(call, 200, gt_calls_held(call->local));
}

static void post_release(struct admin_call *call)
{
    gt_calls_release(call->local);
    reply(call, 200, json_object());
}

static void get_log(struct admin_call *call)
{
    reply(call, 200, gt_log_read(call->local, call->request, call->arena));
}

static void get_objects(struct admin_call *call)
{
    reply(call, 200,
          gt_store_show(call->local, gt_request_query(call->request, call->arena, "kind")));
}

static void post_seed(struct admin_call *call)
{
    const char *why = NULL;
    json_t *made = gt_seed(call->local, call->body, &why, call->arena);
    if (made != NULL)
        reply(call, 200, made);
    else
        problem(call, 400, why);
}

static void post_poke(struct admin_call *call)
{
    const char *why = NULL;
    if (gt_seed_poke(call->local, call->body, &why, call->arena))
        reply(call, 200, json_object());
    else
        problem(call, 400, why);
}

/* Empties objects, client tokens, log and fault script; keys and knobs stay. */
static void post_reset(struct admin_call *call)
{
    struct gt_local *local = call->local;
    gt_store_clear(local, false);
    gt_keys_forget_sessions(local);
    json_object_clear(local->tokens);
    json_array_clear(local->faults);
    json_array_clear(local->ring);
    json_object_clear(local->rates);
    local->numbers = local->arrivals = local->calls = 0;
    local->whole = true;
    reply(call, 200, json_object());
}

static void on_stop_timer(void *payload)
{
    struct gt_local *local = payload;
    if (local->on_stop != NULL)
        local->on_stop(local->on_stop_payload);
}

static void post_stop(struct admin_call *call)
{
    reply(call, 200, json_object());
    gt_timer_start(call->local->loop, 0, on_stop_timer, call->local);
}

/* -- events -- */

static void on_watcher_gone(void *payload)
{
    struct gt_watcher *watcher = payload;
    watcher->gone = true;
}

static void get_events(struct admin_call *call)
{
    static const struct gt_header headers[] = {{"Content-Type", "application/x-ndjson"}};
    struct gt_watcher *watcher = GT_NEW(call->arena, struct gt_watcher);
    *watcher = (struct gt_watcher){
        .next = call->local->watchers, .local = call->local, .exchange = call->exchange};
    call->local->watchers = watcher;
    gt_exchange_on_gone(call->exchange, on_watcher_gone, watcher);
    gt_stream_begin(call->exchange, 200, headers, GT_COUNT(headers));
}

/* A reader that has not taken this much is dropped. */
enum { PENDING_MAX = 8 * 1024 * 1024 };

void gt_admin_event(struct gt_local *local, const json_t *event)
{
    if (local->watchers == NULL)
        return;
    struct gt_buf line = gt_buf_init(1 << 20);
    gt_buf_add_json(&line, event, JSON_COMPACT);
    gt_buf_addc(&line, '\n');
    for (struct gt_watcher **at = &local->watchers; *at != NULL;) {
        struct gt_watcher *watcher = *at;
        if (watcher->gone || gt_stream_pending(watcher->exchange) > PENDING_MAX) {
            *at = watcher->next;
            gt_exchange_on_gone(watcher->exchange, NULL, NULL);
            gt_stream_end(watcher->exchange);
            continue;
        }
        if (!line.overflow)
            gt_stream_write(watcher->exchange, gt_buf_text(&line), line.len);
        at = &watcher->next;
    }
    gt_buf_done(&line);
}

void gt_admin_close(struct gt_local *local)
{
    for (struct gt_watcher *at = local->watchers, *next; at != NULL; at = next) {
        next = at->next;
        gt_exchange_on_gone(at->exchange, NULL, NULL);
        gt_stream_end(at->exchange);
    }
    local->watchers = NULL;
}

/* -- the table -- */

static const struct {
    const char *method, *path;
    void (*run)(struct admin_call *call);
} calls[] = {
    {"GET", "/status", get_status},     {"POST", "/keys", post_keys},
    {"PUT", "/commands", put_commands}, {"GET", "/knobs", get_knobs},
    {"POST", "/knobs", post_knobs},     {"GET", "/faults", get_faults},
    {"POST", "/faults", post_faults},   {"GET", "/log", get_log},
    {"GET", "/objects", get_objects},   {"POST", "/seed", post_seed},
    {"POST", "/poke", post_poke},       {"POST", "/reset", post_reset},
    {"GET", "/events", get_events},     {"POST", "/stop", post_stop},
    {"PUT", "/folders", put_folders},   {"GET", "/blocked", get_blocked},
    {"POST", "/release", post_release},
};

void gt_admin_handle(void *payload, struct gt_exchange *exchange)
{
    struct admin_call call = {.local = payload,
                              .exchange = exchange,
                              .request = gt_exchange_request(exchange),
                              .arena = gt_exchange_arena(exchange)};
    if (call.request->body_len > 0) {
        call.body = gt_keep(call.arena, json_loadb(call.request->body, call.request->body_len,
                                                   JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL));
        if (call.body == NULL) {
            problem(&call, 400, "the body is no JSON");
            return;
        }
    }
    for (size_t i = 0; i < GT_COUNT(calls); i++)
        if (gt_streq(calls[i].method, call.request->method) &&
            gt_streq(calls[i].path, call.request->path)) {
            calls[i].run(&call);
            return;
        }
    problem(&call, 404, "there is no such admin call");
}
