#include "post.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum {
    KEEP_ALIVE_MS = 15 * 1000,
    /* A client that does not read its stream misses what comes beyond this. */
    MOST_PENDING = 4 * 1024 * 1024,
    MOST_COLLECTED = 256 * 1024 * 1024
};

static void drop(struct gt_mcp_post *post)
{
    if (--post->refs > 0)
        return;
    gt_buf_done(&post->collected);
    gt_arena_free(post->arena);
}

static void end(struct gt_mcp_post *post)
{
    gt_timer_cancel(post->keep_alive);
    post->keep_alive = NULL;
    gt_exchange_on_gone(post->exchange, NULL, NULL);
    post->done = true;
}

static void reply(struct gt_mcp_post *post, int status, const char *bytes, size_t len)
{
    static const struct gt_header json = {"Content-Type", "application/json"};
    if (len > 0)
        *GT_PUSH(post->arena, &post->headers) = json;
    end(post);
    gt_reply(post->exchange, status, post->headers.at, post->headers.len, bytes, len);
}

static void keep_alive(void *payload)
{
    struct gt_mcp_post *post = payload;
    post->keep_alive = gt_timer_start(post->server->options.loop, KEEP_ALIVE_MS, keep_alive, post);
    if (!post->gone && gt_stream_pending(post->exchange) < MOST_PENDING)
        gt_stream_write(post->exchange, ":\n\n", 3);
}

static void write_event(struct gt_mcp_post *post, const char *bytes, size_t len)
{
    static const char before[] = "event: message\ndata: ", behind[] = "\n\n";
    gt_stream_write(post->exchange, before, sizeof(before) - 1);
    gt_stream_write(post->exchange, bytes, len);
    gt_stream_write(post->exchange, behind, sizeof(behind) - 1);
}

static void begin_stream(struct gt_mcp_post *post)
{
    static const struct gt_header headers[] = {
        {"Content-Type", "text/event-stream"},
        {"Cache-Control", "no-cache, no-transform"},
        {"X-Accel-Buffering", "no"},
    };
    if (post->streaming)
        return;
    post->streaming = true;
    for (size_t i = 0; i < GT_COUNT(headers); i++)
        *GT_PUSH(post->arena, &post->headers) = headers[i];
    gt_stream_begin(post->exchange, 200, post->headers.at, post->headers.len);
    if (post->collected.len > 0 && !post->collected.overflow) {
        gt_buf_addc(&post->collected, ']');
        write_event(post, post->collected.ptr, post->collected.len);
        gt_buf_done(&post->collected);
    }
    post->keep_alive = gt_timer_start(post->server->options.loop, KEEP_ALIVE_MS, keep_alive, post);
}

/* Nothing of this exchange is left to answer. */
static void complete(struct gt_mcp_post *post)
{
    if (post->open > 0 || post->done)
        return;
    if (post->streaming) {
        end(post);
        gt_stream_end(post->exchange);
    } else if (post->collected.len > 0 && !post->collected.overflow) {
        gt_buf_addc(&post->collected, ']');
        reply(post, 200, post->collected.ptr, post->collected.len);
    } else if (post->collected.overflow) {
        reply(post, 500, NULL, 0);
    } else {
        reply(post, 202, NULL, 0);
    }
}

/* A response: at once, or as one of several. */
static void respond(struct gt_mcp_post *post, int status, const char *bytes, size_t len)
{
    if (post->gone && post->streaming)
        return;
    if (!post->accepts_json && status == 200)
        begin_stream(post);
    if (post->streaming) {
        write_event(post, bytes, len);
    } else if (post->batch) {
        gt_buf_addc(&post->collected, post->collected.len == 0 ? '[' : ',');
        gt_buf_add(&post->collected, bytes, len);
    } else {
        reply(post, status, bytes, len);
    }
}

static struct gt_mcp_post *post_of(const struct gt_mcp_work *work)
{
    return work->line;
}

static bool can_send(const struct gt_mcp_work *work)
{
    const struct gt_mcp_post *post = post_of(work);
    return post->accepts_stream && !post->gone && !post->done &&
           (!post->streaming || gt_stream_pending(post->exchange) < MOST_PENDING);
}

static bool is_streaming(const struct gt_mcp_work *work)
{
    return post_of(work)->streaming && can_send(work);
}

static void message(struct gt_mcp_work *work, const char *bytes, size_t len)
{
    if (!can_send(work))
        return;
    begin_stream(post_of(work));
    write_event(post_of(work), bytes, len);
}

static void answer(struct gt_mcp_work *work, int status, const char *bytes, size_t len)
{
    struct gt_mcp_post *post = post_of(work);
    post->open--;
    if (bytes != NULL)
        respond(post, status, bytes, len);
    complete(post);
}

static void header(struct gt_mcp_work *work, const char *name, const char *value)
{
    struct gt_mcp_post *post = post_of(work);
    if (!post->streaming && !post->done)
        *GT_PUSH(post->arena, &post->headers) =
            (struct gt_header){gt_strdup(post->arena, name), gt_strdup(post->arena, value)};
}

static void release(struct gt_mcp_work *work)
{
    struct gt_mcp_post *post = post_of(work);
    for (size_t i = 0; i < post->works.len; i++)
        if (post->works.at[i] == work)
            post->works.at[i] = post->works.at[--post->works.len];
    drop(post);
}

static const struct gt_mcp_carrier carrier = {.can_send = can_send,
                                              .can_ask = can_send,
                                              .is_streaming = is_streaming,
                                              .message = message,
                                              .answer = answer,
                                              .header = header,
                                              .release = release};

static void gone(void *payload)
{
    struct gt_mcp_post *post = payload;
    post->gone = true;
    post->refs++;
    for (size_t i = post->works.len; i-- > 0;)
        if (i < post->works.len && !post->works.at[i]->answered)
            gt_mcp_work_gone(post->works.at[i]);
    drop(post);
}

struct gt_mcp_post *gt_mcp_post_new(struct gt_mcp_server *server, struct gt_exchange *exchange,
                                    void *endpoint)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_mcp_post *post = GT_NEW(arena, struct gt_mcp_post);
    *post = (struct gt_mcp_post){.arena = arena,
                                 .exchange = exchange,
                                 .server = server,
                                 .endpoint = endpoint,
                                 .open = 1,
                                 .refs = 1,
                                 .collected = gt_buf_init(MOST_COLLECTED)};
    gt_exchange_on_gone(exchange, gone, post);
    return post;
}

void gt_mcp_post_request(struct gt_mcp_post *post, const struct gt_rpc *rpc,
                         enum gt_mcp_version version)
{
    const struct gt_mcp_incoming incoming = {.arena = post->arena,
                                             .rpc = rpc,
                                             .version = version,
                                             .endpoint = post->endpoint,
                                             .carrier = &carrier,
                                             .line = post};
    struct gt_mcp_work *work = gt_mcp_work_open(post->server, &incoming);
    const struct gt_request *request = gt_exchange_request(post->exchange);
    *GT_PUSH(post->arena, &post->works) = work;
    post->open++;
    post->refs++;
    gt_mcp_work_pin(work);
    bool matches = !gt_mcp_is_modern(version) ||
                   (gt_mcp_headers_match(work, request) && gt_mcp_mirrors_match(work, request));
    if (matches)
        gt_mcp_work_run(work);
    gt_mcp_work_unpin(work);
}

void gt_mcp_post_error(struct gt_mcp_post *post, int status, const json_t *id, int code,
                       const char *message, json_t *data)
{
    json_t *error = gt_rpc_error(id, !post->modern, code, message, data);
    const struct gt_buf *text = gt_mcp_text(post->server, error);
    respond(post, status, text->ptr, text->len);
}

void gt_mcp_post_read(struct gt_mcp_post *post)
{
    post->open--;
    complete(post);
    drop(post);
}

static uint64_t mix(uint64_t hash, const char *text, const char *end)
{
    for (; text != NULL && text != end && *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3U;
    return (hash ^ 0xff) * 0x100000001b3U;
}

/* Who sent a request, as far as a stateless server can tell: ids are the client's own, so another
 * client's request may have the same. FNV-1a. */
static uint64_t sender(const struct gt_mcp_post *post)
{
    static const char *const names[] = {"authorization", "mcp-session-id", "user-agent"};
    const struct gt_request *request = gt_exchange_request(post->exchange);
    uint64_t hash = mix(0xcbf29ce484222325U, request->peer, strrchr(request->peer, ':'));
    for (size_t i = 0; i < GT_COUNT(names); i++)
        hash = mix(hash, gt_request_header(request, names[i]), NULL);
    return hash;
}

void gt_mcp_post_cancel(struct gt_mcp_post *post, const json_t *params)
{
    const json_t *id = json_object_get(params, "requestId");
    struct gt_mcp_work *found = NULL;
    uint64_t by = sender(post);
    for (struct gt_mcp_work *work = post->server->open; work != NULL; work = work->next) {
        if (work->carrier != &carrier || gt_mcp_is_modern(work->call.version) ||
            !json_equal(work->call.id, id) || sender(post_of(work)) != by)
            continue;
        if (found != NULL)
            return; /* nobody can tell which is meant */
        found = work;
    }
    if (found != NULL)
        gt_mcp_work_cancel(found);
}
