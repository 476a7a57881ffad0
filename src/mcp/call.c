#include "work.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <math.h>
#include <string.h>

/* The server's text buffer stays for the next message unless one was large. */
enum { TEXT_KEPT = 1024 * 1024 };

static struct gt_mcp_work *work_of(struct gt_mcp_call *call)
{
    return (struct gt_mcp_work *)call;
}

struct gt_mcp_work *gt_mcp_work_open(struct gt_mcp_server *server,
                                     const struct gt_mcp_incoming *incoming)
{
    const struct gt_rpc *rpc = incoming->rpc;
    struct gt_mcp_work *work = GT_NEW(incoming->arena, struct gt_mcp_work);
    const json_t *meta = json_object_get(rpc->params, "_meta");
    bool modern = gt_mcp_is_modern(incoming->version);
    work->call = (struct gt_mcp_call){
        .arena = incoming->arena,
        .server = server,
        .version = incoming->version,
        .method = rpc->method,
        .id = rpc->id,
        .params = rpc->params != NULL ? rpc->params : server->empty,
        .meta = json_is_object(meta) ? meta : server->empty,
        .client_capabilities = modern ? json_object_get(meta, GT_META_CAPABILITIES) : NULL,
        .endpoint = incoming->endpoint,
    };
    work->carrier = incoming->carrier;
    work->line = incoming->line;
    work->log_level = incoming->log_level;
    work->method = gt_mcp_find_method(server, rpc->method, incoming->version);
    work->next = server->open;
    if (server->open != NULL)
        server->open->previous = work;
    server->open = work;
    return work;
}

void gt_mcp_work_pin(struct gt_mcp_work *work)
{
    work->pins++;
}

void gt_mcp_work_unpin(struct gt_mcp_work *work)
{
    if (--work->pins == 0 && work->answered)
        work->carrier->release(work);
}

/* Hands the response to the carrier and forgets the call. */
static void finish(struct gt_mcp_work *work, int status, const struct gt_buf *text)
{
    struct gt_mcp_server *server = work->call.server;
    if (work->answered)
        gt_die("%s was answered twice", work->call.method);
    gt_mcp_work_pin(work);
    work->answered = true;
    gt_mcp_drop_asked(work, false);
    if (work->previous != NULL)
        work->previous->next = work->next;
    else
        server->open = work->next;
    if (work->next != NULL)
        work->next->previous = work->previous;
    if (work->abandoned) {
        bool legacy = !gt_mcp_is_modern(work->call.version);
        status = 503;
        text = gt_mcp_text(server, gt_rpc_error(work->call.id, legacy, GT_RPC_INTERNAL_ERROR,
                                                "the server is shutting down", NULL));
    }
    if (text == NULL || (work->cancelled && !work->abandoned))
        work->carrier->answer(work, status, NULL, 0);
    else
        work->carrier->answer(work, status, text->ptr, text->len);
    gt_mcp_work_unpin(work);
    if (server->text.cap > TEXT_KEPT)
        gt_buf_done(&server->text);
}

const struct gt_buf *gt_mcp_text(struct gt_mcp_server *server, json_t *message)
{
    server->text.len = 0;
    gt_buf_add_json(&server->text, message, JSON_COMPACT);
    json_decref(message);
    return &server->text;
}

void gt_mcp_refuse(struct gt_mcp_work *work, int status, int code, const char *message,
                   json_t *data)
{
    json_t *error =
        gt_rpc_error(work->call.id, !gt_mcp_is_modern(work->call.version), code, message, data);
    finish(work, status, gt_mcp_text(work->call.server, error));
}

/* Source: MCP specification 2026-07-28, "Streamable HTTP". Errors of methods themselves are
 * answers like others. */
static int status_of(const struct gt_mcp_work *work, int code)
{
    if (!gt_mcp_is_modern(work->call.version))
        return 200;
    switch (code) {
    case GT_RPC_METHOD_NOT_FOUND:
        return 404;
    case GT_RPC_PARSE_ERROR:
    case GT_RPC_INVALID_REQUEST:
    case GT_MCP_HEADER_MISMATCH:
    case GT_MCP_MISSING_CAPABILITY:
    case GT_MCP_UNSUPPORTED_VERSION:
        return 400;
    default:
        return 200;
    }
}

void gt_mcp_error(struct gt_mcp_call *call, int code, const char *message, json_t *data)
{
    struct gt_mcp_work *work = work_of(call);
    if (code == GT_MCP_RESOURCE_NOT_FOUND && gt_mcp_is_modern(call->version))
        code = GT_RPC_INVALID_PARAMS;
    gt_mcp_refuse(work, status_of(work, code), code, message, data);
}

/* `result` with serverInfo in its own _meta; steals it. What others hold is copied first. */
static json_t *name_server(const struct gt_mcp_server *server, json_t *result)
{
    if (result->refcount > 1) {
        json_t *copy = json_copy(result);
        json_decref(result);
        result = copy;
    }
    json_t *meta = json_copy(json_object_get(result, "_meta"));
    if (json_object_get(meta, GT_META_SERVER_INFO) == NULL)
        json_object_set(meta, GT_META_SERVER_INFO, server->options.server_info);
    json_object_set_new(result, "_meta", meta);
    return result;
}

/* Members that the method gave itself stay: only those that are missing are written. */
static void add_missing(const struct gt_mcp_work *work, const json_t *result)
{
    const struct gt_mcp_server *server = work->call.server;
    struct gt_buf *text = &work->call.server->text;
    if (json_object_get(result, "resultType") == NULL)
        gt_buf_adds(text, "\"resultType\":\"complete\",");
    if (json_object_get(result, "_meta") == NULL)
        gt_buf_addf(text, "\"_meta\":%s,", server->info);
    if (work->method == NULL || (work->method->flags & GT_MCP_LIST) == 0)
        return;
    if (json_object_get(result, "ttlMs") == NULL)
        gt_buf_addf(text, "\"ttlMs\":%lld,", (long long)server->options.ttl_ms);
    if (json_object_get(result, "cacheScope") == NULL)
        gt_buf_addf(text, "\"cacheScope\":\"%s\",",
                    server->options.private_lists ? "private" : "public");
}

/* What is missing stands before the result's own members, so that nothing is copied. */
static void add_decorated(const struct gt_mcp_work *work, const json_t *result)
{
    struct gt_buf *text = &work->call.server->text;
    size_t brace = text->len;
    gt_buf_addc(text, '{');
    add_missing(work, result);
    size_t join = text->len - 1; /* a brace or a comma, in the place of the result's own brace */
    char last = text->ptr[join];
    text->len = join;
    gt_buf_add_json(text, result, JSON_COMPACT);
    if (text->overflow)
        return;
    text->ptr[join] = last;
    if (json_object_size(result) == 0 && join > brace) { /* no comma before the end */
        text->ptr[join] = '}';
        text->len = join + 1;
    }
}

/* The same for the text of an object that has none of what may be missing. */
static void add_decorated_text(const struct gt_mcp_work *work, const char *result, size_t len)
{
    enum { EMPTY = 2 };
    struct gt_buf *text = &work->call.server->text;
    gt_buf_addc(text, '{');
    add_missing(work, NULL);
    if (len == EMPTY && !text->overflow)
        text->len--; /* no comma before the end */
    gt_buf_add(text, result + 1, len - 1);
}

static void add_id(struct gt_buf *text, const json_t *id)
{
    if (json_is_integer(id))
        gt_buf_addf(text, "%" JSON_INTEGER_FORMAT, json_integer_value(id));
    else
        gt_buf_add_json(text, id, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* A response up to its result, in the server's buffer. */
static void begin_response(struct gt_mcp_call *call)
{
    struct gt_buf *text = &call->server->text;
    text->len = 0;
    gt_buf_adds(text, "{\"jsonrpc\":\"2.0\",\"id\":");
    add_id(text, call->id);
    gt_buf_adds(text, ",\"result\":");
}

static void end_response(struct gt_mcp_call *call)
{
    struct gt_buf *text = &call->server->text;
    gt_buf_addc(text, '}');
    if (text->overflow) {
        gt_buf_done(text);
        gt_mcp_error(call, GT_RPC_INTERNAL_ERROR, "the result is too large", NULL);
        return;
    }
    finish(work_of(call), 200, text);
}

void gt_mcp_result(struct gt_mcp_call *call, json_t *result)
{
    struct gt_mcp_work *work = work_of(call);
    if (work->cancelled) {
        json_decref(result);
        finish(work, 200, NULL);
        return;
    }
    if (result == NULL)
        result = json_incref(call->server->empty);
    bool modern = gt_mcp_is_modern(call->version);
    if (modern && json_is_object(json_object_get(result, "_meta")))
        result = name_server(call->server, result);
    begin_response(call);
    if (modern)
        add_decorated(work, result);
    else
        gt_buf_add_json(&call->server->text, result, JSON_COMPACT);
    json_decref(result);
    end_response(call);
}

void gt_mcp_result_text(struct gt_mcp_call *call, const char *result, size_t len)
{
    struct gt_mcp_work *work = work_of(call);
    if (work->cancelled) {
        finish(work, 200, NULL);
        return;
    }
    begin_response(call);
    if (gt_mcp_is_modern(call->version))
        add_decorated_text(work, result, len);
    else
        gt_buf_add(&call->server->text, result, len);
    end_response(call);
}

void gt_mcp_tool_error(struct gt_mcp_call *call, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = gt_vprintf(call->arena, format, args);
    va_end(args);
    if (gt_utf8_length(text) < 0)
        text = gt_one_line(call->arena, text, strlen(text));
    gt_mcp_result(call, json_pack("{s:[{s:s, s:s}], s:b}", "content", "type", "text", "text", text,
                                  "isError", 1));
}

void gt_mcp_answer_header(struct gt_mcp_call *call, const char *name, const char *value)
{
    struct gt_mcp_work *work = work_of(call);
    if (work->carrier->header != NULL && !work->cancelled)
        work->carrier->header(work, name, value);
}

void gt_mcp_work_run(struct gt_mcp_work *work)
{
    const struct gt_mcp_method *method = work->method;
    struct gt_mcp_call *call = &work->call;
    if (method == NULL) {
        gt_mcp_error(call, GT_RPC_METHOD_NOT_FOUND,
                     gt_printf(call->arena, "unknown method \"%s\"",
                               gt_one_line(call->arena, call->method, 100)),
                     NULL);
        return;
    }
    gt_mcp_work_pin(work);
    method->run(call->server->options.self, call);
    gt_mcp_work_unpin(work);
}

void gt_mcp_send_notification(struct gt_mcp_work *work, const char *method, json_t *params)
{
    const struct gt_buf *text = gt_mcp_text(work->call.server, gt_rpc_notification(method, params));
    work->carrier->message(work, text->ptr, text->len);
}

/* Whether the client wants a log message: at 2026-07-28 only where the request has a level. */
static bool wants_log(const struct gt_mcp_work *work, const json_t *params)
{
    if (!gt_mcp_offers(work->call.server, "/logging"))
        return false;
    int level = gt_mcp_log_level(json_string_value(json_object_get(params, "level")));
    if (gt_mcp_is_modern(work->call.version)) {
        int least = gt_mcp_log_level(
            json_string_value(json_object_get(work->call.meta, GT_META_LOG_LEVEL)));
        return least >= 0 && level >= least;
    }
    return work->log_level == NULL || level >= *work->log_level;
}

void gt_mcp_notify(struct gt_mcp_call *call, const char *method, json_t *params)
{
    struct gt_mcp_work *work = work_of(call);
    bool wanted = !work->cancelled && work->carrier->can_send(work) &&
                  (strcmp(method, "notifications/message") != 0 || wants_log(work, params));
    if (wanted)
        gt_mcp_send_notification(work, method, params);
    else
        json_decref(params);
}

static json_t *number(double value)
{
    const double exact = 9007199254740992.0;
    if (fabs(value) < exact && (double)(json_int_t)value == value)
        return json_integer((json_int_t)value);
    return json_real(value);
}

void gt_mcp_progress(struct gt_mcp_call *call, double progress, double total, const char *message)
{
    struct gt_mcp_work *work = work_of(call);
    json_t *token = json_object_get(call->meta, "progressToken");
    if (!(json_is_string(token) || json_is_integer(token)) || !isfinite(progress) ||
        (work->progressed && progress <= work->progress))
        return;
    work->progressed = true;
    work->progress = progress;
    json_t *params = json_pack("{s:O, s:o, s:s*}", "progressToken", token, "progress",
                               number(progress), "message", message);
    if (total >= 0 && isfinite(total))
        json_object_set_new(params, "total", number(total));
    gt_mcp_notify(call, "notifications/progress", params);
}

void gt_mcp_on_cancel(struct gt_mcp_call *call, gt_timer_fn *fn, void *payload)
{
    struct gt_mcp_work *work = work_of(call);
    if (work->cancelled && fn != NULL) {
        fn(payload);
        return;
    }
    work->on_cancel = fn;
    work->cancel_payload = payload;
}

bool gt_mcp_cancelled(const struct gt_mcp_call *call)
{
    return ((const struct gt_mcp_work *)call)->cancelled;
}

void gt_mcp_work_cancel(struct gt_mcp_work *work)
{
    if (work->answered || work->cancelled)
        return;
    gt_mcp_work_pin(work);
    work->cancelled = true;
    gt_mcp_drop_asked(work, true);
    if (!work->answered && work->listens != NULL)
        finish(work, 200, NULL);
    if (!work->answered && work->on_cancel != NULL) {
        gt_timer_fn *fn = work->on_cancel;
        work->on_cancel = NULL;
        fn(work->cancel_payload);
    }
    gt_mcp_work_unpin(work);
}

void gt_mcp_work_abandon(struct gt_mcp_work *work)
{
    gt_mcp_work_pin(work);
    work->abandoned = !work->cancelled;
    gt_mcp_work_cancel(work);
    if (!work->answered)
        finish(work, 0, NULL);
    gt_mcp_work_unpin(work);
}

void gt_mcp_work_gone(struct gt_mcp_work *work)
{
    if (gt_mcp_is_modern(work->call.version)) {
        gt_mcp_work_cancel(work);
        return;
    }
    gt_mcp_work_pin(work);
    gt_mcp_drop_asked(work, true);
    gt_mcp_work_unpin(work);
}
