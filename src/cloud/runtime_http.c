/*
 * An invocation on its way to a server: its body and the headers that may pass, and the answer
 * back, in one piece or as it comes. Source: AgentCore API, InvokeAgentRuntime.
 */
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>
#include <strings.h>

enum {
    CALL_TIMEOUT_MS = 15 * 60 * 1000,
    WHOLE_MAX = 1 << 20,    /* answers up to this leave in one piece */
    PENDING_MAX = 32 << 20, /* that a slow client may be behind */
    REFUSED_BODY_MAX = 1 << 20,
    MESSAGE_MAX = 4000,
    HEADERS_MAX = 64
};

static const char session_header[] = "x-amzn-bedrock-agentcore-runtime-session-id";

/* Client's headers that every server gets. Mcp-Param-* mirrors arguments (MCP 2026-07-28). */
static const char *const passing[] = {
    "content-type",
    "accept",
    "mcp-protocol-version",
    "mcp-method",
    "mcp-name",
    "traceparent",
    "tracestate",
    "baggage",
    "x-amzn-trace-id",
    "x-amzn-bedrock-agentcore-runtime-user-id",
    "last-event-id",
};
static const char *const returning[] = {
    "content-type", "mcp-protocol-version", "cache-control",     "traceparent", "tracestate",
    "baggage",      "x-amzn-trace-id",      "x-accel-buffering",
};

static bool is_in(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(names[i], name) == 0)
            return true;
    return false;
}

bool gt_runtime_header_passes(const char *name, const json_t *allowed)
{
    size_t i;
    json_t *entry;
    if (is_in(passing, GT_COUNT(passing), name) || strncasecmp(name, "mcp-param-", 10) == 0)
        return true;
    json_array_foreach(gt_iterable(allowed), i, entry)
    {
        if (json_is_string(entry) && strcasecmp(json_string_value(entry), name) == 0)
            return true;
    }
    return false;
}

void gt_runtime_fail(struct gt_exchange *exchange, const char *request_id, const char *code,
                     const char *message)
{
    const struct gt_shape *shape =
        gt_operation_error(&gt_op_bedrock_agentcore_InvokeAgentRuntime, code);
    int status = shape != NULL && shape->http_status != 0 ? shape->http_status : 400;
    struct gt_arena *arena = gt_exchange_arena(exchange);
    /* What the client asked for is part of it, and need not be UTF-8. */
    json_auto_t *body = json_pack("{s:s}", "message", gt_one_line(arena, message, MESSAGE_MAX));
    char *text = gt_json_canonical(arena, body);
    const struct gt_header headers[] = {
        {"Content-Type", "application/json"},
        {"x-amzn-ErrorType", code},
        {"x-amzn-RequestId", request_id},
    };
    gt_reply(exchange, status, headers, GT_COUNT(headers), text, strlen(text));
}

/* The invocation is over; what it still holds is given back. */
static void finish(struct gt_invocation *invocation)
{
    if (invocation->link != NULL) {
        *invocation->link = invocation->next;
        if (invocation->next != NULL)
            invocation->next->link = invocation->link;
        invocation->link = NULL;
    }
    gt_exchange_on_gone(invocation->exchange, NULL, NULL);
    gt_http_cancel(invocation->open);
    gt_timer_cancel(invocation->cut_timer);
    invocation->open = NULL;
    invocation->cut_timer = NULL;
    gt_buf_done(&invocation->body);
    if (invocation->waiting)
        gt_backend_await_cancel(&invocation->wait);
    if (invocation->entered)
        gt_backend_leave(invocation->backend);
    invocation->waiting = invocation->entered = false;
}

void gt_invocation_fail(struct gt_invocation *invocation, const char *code, const char *message)
{
    finish(invocation);
    if (invocation->call == NULL) {
        gt_runtime_fail(invocation->exchange, invocation->request_id, code, message);
        return;
    }
    gt_serve_fail(invocation->call, code, "%s", message);
    gt_serve_answer(invocation->call, NULL);
}

/* Headers of the answer; `headers` has room for HEADERS_MAX. */
static size_t answer_headers(struct gt_invocation *invocation,
                             const struct gt_http_response *response, struct gt_header *headers)
{
    const char *session = gt_http_header(response, "mcp-session-id");
    size_t count = 0;
    for (size_t i = 0; i < response->header_count && count < HEADERS_MAX - 4; i++)
        if (is_in(returning, GT_COUNT(returning), response->headers[i].name))
            headers[count++] = response->headers[i];
    if (session == NULL)
        session = invocation->mcp_session;
    if (session != NULL)
        headers[count++] = (struct gt_header){"Mcp-Session-Id", session};
    headers[count++] =
        (struct gt_header){"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id", invocation->session};
    headers[count++] = (struct gt_header){"x-amzn-RequestId", invocation->request_id};
    return count;
}

static void note_status(struct gt_invocation *invocation, int status)
{
    if (invocation->call != NULL)
        gt_serve_answers(invocation->call, status);
}

static void cut(void *payload)
{
    struct gt_invocation *invocation = payload;
    invocation->cut_timer = NULL;
    finish(invocation);
    gt_exchange_abort(invocation->exchange);
}

static bool is_whole(const struct gt_http_response *response)
{
    const char *type = gt_http_header(response, "content-type");
    return type == NULL || strncasecmp(type, "text/event-stream", 17) != 0;
}

static void begin_stream(struct gt_invocation *invocation, const struct gt_http_response *response)
{
    struct gt_header headers[HEADERS_MAX];
    size_t count = answer_headers(invocation, response, headers);
    invocation->streaming = true;
    note_status(invocation, response->status);
    gt_stream_begin(invocation->exchange, response->status, headers, count);
    if (invocation->body.len > 0)
        gt_stream_write(invocation->exchange, invocation->body.ptr, invocation->body.len);
    gt_buf_done(&invocation->body);
}

static void on_data(void *payload, const struct gt_http_response *response, const char *bytes,
                    size_t len)
{
    struct gt_invocation *invocation = payload;
    struct gt_exchange *exchange = invocation->exchange;
    if (!invocation->streaming && is_whole(response) && invocation->body.len + len <= WHOLE_MAX) {
        gt_buf_add(&invocation->body, bytes, len);
        return;
    }
    if (!invocation->streaming)
        begin_stream(invocation, response);
    gt_stream_write(exchange, bytes, len);
    /* A client that does not read would have the whole answer kept here for it. */
    if (gt_stream_pending(exchange) > PENDING_MAX && invocation->cut_timer == NULL)
        invocation->cut_timer =
            gt_timer_start(gt_local_loop(invocation->plane->local), 0, cut, invocation);
}

/* An answer that is no success. MCP's own refusals (400, 404 with a JSON-RPC error) are part of its
 * negotiation and reach the client; all else is the service's to tell. */
static void refuse(struct gt_invocation *invocation, const struct gt_http_response *response)
{
    struct gt_arena *arena = gt_exchange_arena(invocation->exchange);
    bool mcp = invocation->backend->mcp && response->status < 500 &&
               response->body_len <= REFUSED_BODY_MAX && strstr(response->body, "jsonrpc") != NULL;
    if (!mcp) {
        gt_invocation_fail(invocation, "RuntimeClientError",
                           gt_printf(arena,
                                     "Received error (%d) from runtime. Please check your "
                                     "CloudWatch logs for more information.",
                                     response->status));
        return;
    }
    struct gt_header headers[HEADERS_MAX];
    size_t count = answer_headers(invocation, response, headers);
    finish(invocation);
    note_status(invocation, response->status);
    gt_reply(invocation->exchange, response->status, headers, count, response->body,
             response->body_len);
}

/* Nothing was sent, so it is safe to try once more when the server is there again. */
static bool try_again(struct gt_invocation *invocation, const struct gt_http_response *response)
{
    if (response->outcome != GT_HTTP_NOT_SENT || invocation->again)
        return false;
    struct gt_backend *backend = invocation->backend;
    invocation->again = true;
    gt_backend_suspect(backend);
    invocation->entered = false;
    invocation->waiting = true;
    gt_backend_await(backend, &invocation->wait);
    gt_backend_leave(backend);
    return true;
}

static void on_done(void *payload, const struct gt_http_response *response)
{
    struct gt_invocation *invocation = payload;
    struct gt_exchange *exchange = invocation->exchange;
    invocation->open = NULL;
    if (invocation->streaming) {
        bool whole = response->outcome == GT_HTTP_ANSWERED;
        finish(invocation);
        if (whole)
            gt_stream_end(exchange);
        else
            gt_exchange_abort(exchange);
        return;
    }
    if (response->outcome != GT_HTTP_ANSWERED) {
        if (!try_again(invocation, response))
            gt_invocation_fail(
                invocation, "RuntimeClientError",
                gt_printf(gt_exchange_arena(exchange),
                          "The runtime's server gave no answer: %s. Please check your CloudWatch "
                          "logs for more information.",
                          response->error));
        return;
    }
    if (response->status / 100 != 2) {
        refuse(invocation, response);
        return;
    }
    struct gt_header headers[HEADERS_MAX];
    struct gt_buf body = invocation->body;
    size_t count = answer_headers(invocation, response, headers);
    invocation->body = gt_buf_init(0);
    finish(invocation);
    note_status(invocation, response->status);
    gt_reply(exchange, response->status, headers, count, gt_buf_text(&body), body.len);
    gt_buf_done(&body);
}

static void forward(struct gt_invocation *invocation)
{
    const struct gt_request *request = gt_exchange_request(invocation->exchange);
    struct gt_arena *arena = gt_exchange_arena(invocation->exchange);
    struct gt_header headers[HEADERS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < request->header_count && count < HEADERS_MAX - 2; i++) {
        const char *name = request->headers[i].name;
        /* A signature is of this request and no other. */
        bool signature = invocation->call != NULL && gt_streq(name, "authorization");
        if (!signature && gt_runtime_header_passes(name, invocation->allowed))
            headers[count++] = request->headers[i];
    }
    if (invocation->mcp_session != NULL)
        headers[count++] = (struct gt_header){"mcp-session-id", invocation->mcp_session};
    headers[count++] = (struct gt_header){session_header, invocation->session};
    const struct gt_http_request forwarded = {
        .method = "POST",
        .url =
            gt_printf(arena, "http://127.0.0.1:%d%s", invocation->backend->port, invocation->path),
        .headers = headers,
        .header_count = count,
        .body = request->body,
        .body_len = request->body_len,
        .timeout_ms = CALL_TIMEOUT_MS,
        .on_data = on_data,
    };
    gt_buf_done(&invocation->body);
    invocation->body = gt_buf_init(2 * WHOLE_MAX);
    invocation->open =
        gt_http_start(gt_local_http(invocation->plane->local), &forwarded, on_done, invocation);
}

static void on_backend(struct gt_backend_wait *wait, struct gt_backend *backend,
                       const char *problem)
{
    static const struct gt_mcp_http_options options = {0};
    struct gt_invocation *invocation = wait->payload;
    invocation->waiting = false;
    if (problem != NULL) {
        gt_invocation_fail(
            invocation, "RuntimeClientError",
            gt_printf(gt_exchange_arena(invocation->exchange),
                      "An error occurred when starting the runtime: %s. Please check your "
                      "CloudWatch logs for more information.",
                      problem));
        return;
    }
    invocation->backend = backend;
    if (backend->transport == GT_OVER_STDIO) {
        finish(invocation);
        note_status(invocation, 200);
        gt_mcp_relay_serve(backend->relay, &options, invocation->exchange);
        return;
    }
    invocation->entered = true;
    gt_backend_enter(backend);
    forward(invocation);
}

static void on_gone(void *payload)
{
    struct gt_invocation *invocation = payload;
    finish(invocation);
    gt_exchange_abort(invocation->exchange);
}

void gt_runtime_proxy(struct gt_invocation *invocation)
{
    struct gt_plane *plane = invocation->plane;
    invocation->next = plane->invocations;
    invocation->link = &plane->invocations;
    if (invocation->next != NULL)
        invocation->next->link = &invocation->next;
    plane->invocations = invocation;
    invocation->wait.fn = on_backend;
    invocation->wait.payload = invocation;
    invocation->waiting = true;
    gt_exchange_on_gone(invocation->exchange, on_gone, invocation);
    gt_backend_await(invocation->backend, &invocation->wait);
}

void gt_invocation_drop_all(struct gt_plane *plane)
{
    while (plane->invocations != NULL) {
        struct gt_invocation *invocation = plane->invocations;
        if (invocation->streaming)
            on_gone(invocation);
        else
            gt_invocation_fail(invocation, "ResourceNotFoundException", "The runtime is gone");
    }
}
