#include "pipe.h"
#include "work.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { FLUSH_MS = 2000, MOST_PENDING = 16 * 1024 * 1024 };

struct gt_mcp_stdio {
    struct gt_arena *arena;
    struct gt_mcp_server *server;
    struct gt_loop *loop;
    struct gt_mcp_pipe *pipe;
    struct gt_mcp_stdio *next; /* of the server */
    void *endpoint;
    gt_timer_fn *fn;
    void *payload;
    struct gt_timer *ending;
    enum gt_mcp_version version; /* of initialize; UNKNOWN: none came */
    int log_level;
    size_t open; /* calls that are not answered */
    unsigned refs;
    bool ended, freed;
};

/* What came on one line: a message, or a batch whose responses leave together. */
struct line {
    struct gt_arena *arena;
    struct gt_mcp_stdio *stdio;
    size_t open;
    unsigned refs;
    bool batch;
    struct gt_buf collected;
};

static void drop_stdio(struct gt_mcp_stdio *stdio)
{
    if (--stdio->refs == 0)
        gt_arena_free(stdio->arena);
}

static void drop_line(struct line *line)
{
    if (--line->refs > 0)
        return;
    drop_stdio(line->stdio);
    gt_buf_done(&line->collected);
    gt_arena_free(line->arena);
}

static void tell_end(void *payload)
{
    struct gt_mcp_stdio *stdio = payload;
    stdio->ending = NULL;
    stdio->fn(stdio->payload);
}

static void check_end(struct gt_mcp_stdio *stdio)
{
    if (stdio->ended && !stdio->freed && stdio->open == 0 && stdio->ending == NULL)
        stdio->ending = gt_timer_start(stdio->loop, 0, tell_end, stdio);
}

static bool can_send(const struct gt_mcp_work *work)
{
    const struct gt_mcp_stdio *stdio = ((const struct line *)work->line)->stdio;
    return !stdio->freed && gt_mcp_pipe_pending(stdio->pipe) < MOST_PENDING;
}

static bool can_ask(const struct gt_mcp_work *work)
{
    return can_send(work) && !((const struct line *)work->line)->stdio->ended;
}

/* The pipe as a whole is told what changed, not each call. */
static bool is_streaming(const struct gt_mcp_work *work)
{
    (void)work;
    return false;
}

static void message(struct gt_mcp_work *work, const char *bytes, size_t len)
{
    const struct line *line = work->line;
    if (can_send(work)) /* else the client does not read */
        gt_mcp_pipe_line(line->stdio->pipe, bytes, len);
}

static void respond(struct line *line, const char *bytes, size_t len)
{
    if (line->batch) {
        gt_buf_addc(&line->collected, line->collected.len == 0 ? '[' : ',');
        gt_buf_add(&line->collected, bytes, len);
    } else if (!line->stdio->freed) {
        gt_mcp_pipe_line(line->stdio->pipe, bytes, len);
    }
}

static void complete(struct line *line)
{
    if (line->open > 0 || line->collected.len == 0 || line->stdio->freed)
        return;
    gt_buf_addc(&line->collected, ']');
    if (!line->collected.overflow)
        gt_mcp_pipe_line(line->stdio->pipe, line->collected.ptr, line->collected.len);
}

static void answer(struct gt_mcp_work *work, int status, const char *bytes, size_t len)
{
    struct line *line = work->line;
    (void)status;
    line->open--;
    line->stdio->open--;
    if (bytes != NULL)
        respond(line, bytes, len);
    complete(line);
    check_end(line->stdio);
}

static void release(struct gt_mcp_work *work)
{
    drop_line(work->line);
}

static const struct gt_mcp_carrier carrier = {.can_send = can_send,
                                              .can_ask = can_ask,
                                              .is_streaming = is_streaming,
                                              .message = message,
                                              .answer = answer,
                                              .release = release};

static void refuse(struct line *line, const json_t *id, int code, const char *reason, json_t *data)
{
    struct gt_mcp_server *server = line->stdio->server;
    bool legacy = line->stdio->version != GT_MCP_UNKNOWN;
    const struct gt_buf *text = gt_mcp_text(server, gt_rpc_error(id, legacy, code, reason, data));
    respond(line, text->ptr, text->len);
}

static void take_request(struct line *line, const struct gt_rpc *rpc)
{
    struct gt_mcp_stdio *stdio = line->stdio;
    struct gt_mcp_server *server = stdio->server;
    enum gt_mcp_version otherwise = line->batch ? GT_MCP_2025_03_26
                                    : stdio->version != GT_MCP_UNKNOWN
                                        ? stdio->version
                                        : gt_mcp_negotiate(server, NULL);
    struct gt_mcp_claim claim = gt_mcp_claimed_version(server, rpc, NULL, false, otherwise);
    if (claim.code != 0) {
        refuse(line, rpc->id, claim.code, claim.message,
               claim.code == GT_MCP_UNSUPPORTED_VERSION
                   ? gt_mcp_version_data(server, claim.requested)
                   : NULL);
        return;
    }
    if (!claim.modern && strcmp(rpc->method, "initialize") == 0)
        stdio->version = claim.version;
    const struct gt_mcp_incoming incoming = {.arena = line->arena,
                                             .rpc = rpc,
                                             .version = claim.version,
                                             .endpoint = stdio->endpoint,
                                             .carrier = &carrier,
                                             .line = line,
                                             .log_level = &stdio->log_level};
    line->open++;
    line->refs++;
    stdio->open++;
    gt_mcp_work_run(gt_mcp_work_open(server, &incoming));
}

static void cancel(struct gt_mcp_stdio *stdio, const json_t *params)
{
    const json_t *id = json_object_get(params, "requestId");
    for (struct gt_mcp_work *work = stdio->server->open; work != NULL; work = work->next) {
        if (work->carrier == &carrier && ((struct line *)work->line)->stdio == stdio &&
            json_equal(work->call.id, id)) {
            gt_mcp_work_cancel(work);
            return;
        }
    }
}

static void take(struct line *line, const json_t *message)
{
    struct gt_rpc rpc = gt_rpc_read(message);
    const char *problem = line->batch ? gt_mcp_batch_member_problem(&rpc) : NULL;
    switch (rpc.kind) {
    case GT_RPC_INVALID:
        refuse(line, rpc.id, GT_RPC_INVALID_REQUEST, rpc.problem, NULL);
        break;
    case GT_RPC_REQUEST:
        if (problem != NULL)
            refuse(line, rpc.id, GT_RPC_INVALID_REQUEST, problem, NULL);
        else
            take_request(line, &rpc);
        break;
    case GT_RPC_NOTIFICATION:
        if (strcmp(rpc.method, "notifications/cancelled") == 0)
            cancel(line->stdio, rpc.params);
        break;
    case GT_RPC_RESPONSE:
        gt_mcp_take_answer(line->stdio->server, &rpc);
        break;
    }
}

static void take_batch(struct line *line, const json_t *messages)
{
    const char *problem = gt_mcp_batch_problem(line->stdio->server, messages, line->stdio->version);
    if (problem != NULL) {
        refuse(line, NULL, GT_RPC_INVALID_REQUEST, problem, NULL);
        return;
    }
    line->batch = true;
    for (size_t i = 0; i < json_array_size(messages); i++)
        take(line, json_array_get(messages, i));
}

static void on_message(void *payload, const json_t *message, const char *problem)
{
    struct gt_mcp_stdio *stdio = payload;
    struct gt_arena *arena = gt_arena_new();
    struct line *line = GT_NEW(arena, struct line);
    *line = (struct line){.arena = arena,
                          .stdio = stdio,
                          .open = 1,
                          .refs = 1,
                          .collected = gt_buf_init((size_t)256 * 1024 * 1024)};
    stdio->refs++;
    gt_keep(arena, json_incref(gt_iterable(message)));
    if (message == NULL)
        refuse(line, NULL, GT_RPC_PARSE_ERROR, problem, NULL);
    else if (json_is_array(message))
        take_batch(line, message);
    else
        take(line, message);
    line->open--;
    complete(line);
    drop_line(line);
}

/* Applies fn to every open call of this pipe. Each of them may answer calls, hence the second look
 * from the start. */
static void cancel_all(struct gt_mcp_stdio *stdio, bool listeners_only)
{
    bool found = true;
    while (found) {
        found = false;
        for (struct gt_mcp_work *work = stdio->server->open; work != NULL; work = work->next) {
            if (work->carrier != &carrier || ((struct line *)work->line)->stdio != stdio ||
                work->cancelled || (listeners_only && work->listens == NULL))
                continue;
            gt_mcp_work_cancel(work);
            found = true;
            break;
        }
    }
}

static void drop_all_asked(struct gt_mcp_stdio *stdio)
{
    for (struct gt_mcp_work *work = stdio->server->open, *next; work != NULL; work = next) {
        next = work->next;
        if (work->carrier == &carrier && ((struct line *)work->line)->stdio == stdio &&
            work->asked != NULL) {
            gt_mcp_work_pin(work);
            gt_mcp_drop_asked(work, true);
            gt_mcp_work_unpin(work);
            next = stdio->server->open;
        }
    }
}

static void on_end(void *payload, const char *reason)
{
    struct gt_mcp_stdio *stdio = payload;
    (void)reason;
    stdio->refs++;
    stdio->ended = true;
    cancel_all(stdio, true);
    drop_all_asked(stdio);
    check_end(stdio);
    drop_stdio(stdio);
}

struct gt_mcp_stdio *gt_mcp_stdio_serve(struct gt_mcp_server *server, struct gt_loop *loop, int in,
                                        int out, void *endpoint, gt_timer_fn *fn, void *payload)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_mcp_stdio *stdio = GT_NEW(arena, struct gt_mcp_stdio);
    *stdio = (struct gt_mcp_stdio){.arena = arena,
                                   .server = server,
                                   .loop = loop,
                                   .next = server->pipes,
                                   .endpoint = endpoint,
                                   .fn = fn,
                                   .payload = payload,
                                   .refs = 1};
    server->pipes = stdio;
    stdio->pipe = gt_mcp_pipe_new(&(struct gt_mcp_pipe_options){.loop = loop,
                                                                .in = in,
                                                                .out = out,
                                                                .on_message = on_message,
                                                                .on_end = on_end,
                                                                .payload = stdio});
    return stdio;
}

void gt_mcp_stdio_notify(struct gt_mcp_stdio *stdio, const char *bytes, size_t len)
{
    bool legacy = stdio->version != GT_MCP_UNKNOWN;
    if (legacy && !stdio->ended && gt_mcp_pipe_pending(stdio->pipe) < MOST_PENDING)
        gt_mcp_pipe_line(stdio->pipe, bytes, len);
}

struct gt_mcp_stdio *gt_mcp_stdio_next(struct gt_mcp_stdio *stdio)
{
    return stdio->next;
}

void gt_mcp_stdio_free(struct gt_mcp_stdio *stdio)
{
    if (stdio == NULL)
        return;
    struct gt_mcp_stdio **link = &stdio->server->pipes;
    while (*link != stdio)
        link = &(*link)->next;
    *link = stdio->next;
    cancel_all(stdio, false);
    gt_timer_cancel(stdio->ending);
    stdio->freed = true;
    gt_mcp_pipe_free(stdio->pipe, FLUSH_MS);
    drop_stdio(stdio);
}
