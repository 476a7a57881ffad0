#include "client_parts.h"

#include <gantry/base/str.h>
#include <string.h>
#include <strings.h>

enum { DEPTH_MAX = 128, LINGER_MS = 1000, REASON_MAX = 1000 };
static const size_t body_max = (size_t)16 * 1024 * 1024;

struct gt_mcp_sending {
    struct gt_arena *arena;
    struct gt_outgoing *outgoing; /* NULL: given up */
    struct gt_http_request request;
};

struct gt_outgoing {
    struct gt_outgoing *previous, *next;
    struct gt_arena *arena;
    struct gt_outgoing_options options;
    struct gt_mcp_sending *sending; /* until it is authorised */
    struct gt_http_open *http;      /* from then on */
    int64_t deadline_ms;
    struct gt_timer *limit; /* of the authorization; of lingering */
    struct gt_timer *wake;  /* messages came, or a failure is to be told */
    struct gt_sse_reader reader;
    struct gt_buf body;
    GT_VEC(json_t *) inbox;
    size_t handed_on;
    int status; /* 0: no answer yet */
    struct gt_header *headers;
    size_t header_count;
    const char *refused; /* no authorization: why */
    const char *problem; /* why the answer is no MCP, or part of it */
    bool streamed;
    bool stopped; /* by us: the answer is too large */
    bool delivering, dropped, linger, ended, timed_out;
};

static void dispose(struct gt_outgoing *outgoing)
{
    if (outgoing->previous != NULL)
        outgoing->previous->next = outgoing->next;
    else
        outgoing->options.client->outgoing = outgoing->next;
    if (outgoing->next != NULL)
        outgoing->next->previous = outgoing->previous;
    gt_timer_cancel(outgoing->limit);
    gt_timer_cancel(outgoing->wake);
    if (outgoing->sending != NULL)
        outgoing->sending->outgoing = NULL;
    gt_http_cancel(outgoing->http);
    for (size_t i = outgoing->handed_on; i < outgoing->inbox.len; i++)
        json_decref(outgoing->inbox.at[i]);
    gt_sse_done(&outgoing->reader);
    gt_buf_wipe(&outgoing->body);
    gt_arena_free(outgoing->arena);
}

static void end(struct gt_outgoing *outgoing, struct gt_mcp_outcome *outcome)
{
    outgoing->ended = true;
    gt_outgoing_head(outgoing, outcome);
    outgoing->options.on_end(outgoing->options.owner, outgoing, outcome);
    dispose(outgoing);
}

static void linger_over(void *payload)
{
    struct gt_outgoing *outgoing = payload;
    outgoing->limit = NULL;
    dispose(outgoing);
}

static void settle(struct gt_outgoing *outgoing)
{
    struct gt_loop *loop = outgoing->options.client->options.loop;
    if (outgoing->linger && outgoing->http != NULL)
        outgoing->limit = gt_timer_start(loop, LINGER_MS, linger_over, outgoing);
    else
        dispose(outgoing);
}

/* Hands on what came; false when the POST was dropped meanwhile (and is not to be touched). */
static bool hand_on(struct gt_outgoing *outgoing)
{
    outgoing->delivering = true;
    while (!outgoing->dropped && outgoing->handed_on < outgoing->inbox.len) {
        json_auto_t *message = outgoing->inbox.at[outgoing->handed_on++];
        outgoing->options.on_message(outgoing->options.owner, outgoing, message);
    }
    outgoing->delivering = false;
    if (outgoing->dropped) {
        settle(outgoing);
        return false;
    }
    outgoing->inbox.len = outgoing->handed_on = 0;
    return true;
}

static void on_wake(void *payload)
{
    struct gt_outgoing *outgoing = payload;
    outgoing->wake = NULL;
    if (!hand_on(outgoing))
        return;
    struct gt_mcp_outcome outcome = {.failure = GT_MCP_GARBLED, .message = outgoing->problem};
    if (outgoing->refused != NULL) {
        outcome.failure = GT_MCP_UNREACHABLE;
        outcome.message = outgoing->refused;
    }
    if (outgoing->refused != NULL || outgoing->stopped)
        end(outgoing, &outcome);
}

static void wake(struct gt_outgoing *outgoing)
{
    if (outgoing->wake == NULL)
        outgoing->wake =
            gt_timer_start(outgoing->options.client->options.loop, 0, on_wake, outgoing);
}

static void take_message(struct gt_outgoing *outgoing, const char *bytes, size_t len)
{
    struct gt_arena *arena = gt_arena_new();
    const char *problem = NULL;
    json_t *message = gt_rpc_parse(arena, bytes, len, DEPTH_MAX, &problem);
    if (message != NULL)
        *GT_PUSH(outgoing->arena, &outgoing->inbox) = message;
    else if (outgoing->problem == NULL)
        outgoing->problem = gt_printf(outgoing->arena, "the answer is no MCP message: %s", problem);
    gt_arena_free(arena);
}

/* The same where it may be several. */
static void take_messages(struct gt_outgoing *outgoing, const char *bytes, size_t len)
{
    size_t before = outgoing->inbox.len, i;
    json_t *item;
    take_message(outgoing, bytes, len);
    if (!outgoing->options.split || outgoing->inbox.len == before ||
        !json_is_array(outgoing->inbox.at[before]))
        return;
    json_auto_t *batch = outgoing->inbox.at[--outgoing->inbox.len];
    json_array_foreach(batch, i, item)
    {
        *GT_PUSH(outgoing->arena, &outgoing->inbox) = json_incref(item);
    }
}

static void on_event(void *payload, const struct gt_sse_event *event)
{
    /* An event without data opens a stream that could be polled (2025-11-25). */
    if (event->len > 0 && gt_streq(event->type, "message"))
        take_messages(payload, event->data, event->len);
}

static bool has_type(const struct gt_http_response *response, const char *type)
{
    const char *given = gt_http_header(response, "content-type");
    size_t len = strlen(type);
    return given != NULL && strncasecmp(given, type, len) == 0 &&
           (given[len] == '\0' || strchr("; \t", given[len]) != NULL);
}

static void take_head(struct gt_outgoing *outgoing, const struct gt_http_response *response)
{
    if (outgoing->status != 0 || response->status == 0)
        return;
    struct gt_arena *arena = outgoing->arena;
    outgoing->status = response->status;
    outgoing->streamed = has_type(response, "text/event-stream");
    outgoing->headers = gt_calloc(arena, response->header_count + 1, sizeof(*outgoing->headers));
    outgoing->header_count = response->header_count;
    for (size_t i = 0; i < response->header_count; i++) {
        outgoing->headers[i].name = gt_strdup(arena, response->headers[i].name);
        outgoing->headers[i].value = gt_strdup(arena, response->headers[i].value);
    }
}

/* Inside libcurl: collects only. */
static void on_data(void *payload, const struct gt_http_response *response, const char *bytes,
                    size_t len)
{
    struct gt_outgoing *outgoing = payload;
    take_head(outgoing, response);
    if (outgoing->dropped || outgoing->stopped)
        return;
    if (outgoing->streamed) {
        outgoing->stopped = !gt_sse_feed(&outgoing->reader, bytes, len);
    } else {
        gt_buf_add(&outgoing->body, bytes, len);
        outgoing->stopped = outgoing->body.overflow;
    }
    if (outgoing->stopped)
        outgoing->problem = "the answer is larger than allowed";
    if (outgoing->stopped || outgoing->inbox.len > 0)
        wake(outgoing);
}

static bool is_success(int status)
{
    return status >= 200 && status < 300;
}

/* A failure's body counts when it is a JSON-RPC error. */
static void take_failure(struct gt_outgoing *outgoing, const struct gt_http_response *response)
{
    take_message(outgoing, response->body, response->body_len);
    outgoing->problem = NULL;
    if (outgoing->inbox.len == 0)
        return;
    struct gt_rpc rpc = gt_rpc_read(outgoing->inbox.at[0]);
    if (rpc.kind == GT_RPC_RESPONSE && rpc.error != NULL)
        return;
    json_decref(outgoing->inbox.at[0]);
    outgoing->inbox.len = 0;
}

static void take_body(struct gt_outgoing *outgoing, const struct gt_http_response *response)
{
    if (response->outcome != GT_HTTP_ANSWERED || outgoing->stopped)
        return;
    if (!is_success(response->status))
        take_failure(outgoing, response);
    else if (!outgoing->streamed && outgoing->body.len > 0)
        take_messages(outgoing, outgoing->body.ptr, outgoing->body.len);
}

static void set_failure(struct gt_mcp_outcome *outcome, enum gt_mcp_failure failure,
                        const char *message)
{
    outcome->failure = failure;
    outcome->message = message;
}

static void judge(struct gt_outgoing *outgoing, const struct gt_http_response *response,
                  struct gt_mcp_outcome *outcome)
{
    if (response->outcome == GT_HTTP_NOT_SENT) {
        set_failure(outcome, GT_MCP_UNREACHABLE, response->error);
    } else if (response->too_large) {
        set_failure(outcome, GT_MCP_GARBLED, response->error);
    } else if (response->outcome == GT_HTTP_MAYBE_SENT) {
        set_failure(outcome, GT_MCP_NO_ANSWER, response->error);
    } else if (!is_success(response->status)) {
        set_failure(outcome, GT_MCP_HTTP_STATUS,
                    gt_printf(outgoing->arena, "HTTP status %d", response->status));
        outcome->body = response->body;
    } else {
        if (outgoing->problem != NULL)
            set_failure(outcome, GT_MCP_GARBLED, outgoing->problem);
        outcome->body = outgoing->streamed ? NULL : gt_buf_text(&outgoing->body);
    }
}

static void on_done(void *payload, const struct gt_http_response *response)
{
    struct gt_outgoing *outgoing = payload;
    outgoing->http = NULL;
    if (outgoing->dropped) {
        dispose(outgoing);
        return;
    }
    gt_timer_cancel(outgoing->wake);
    outgoing->wake = NULL;
    take_head(outgoing, response);
    take_body(outgoing, response);
    if (!hand_on(outgoing))
        return;
    struct gt_mcp_outcome outcome = {.failure = GT_MCP_OK};
    judge(outgoing, response, &outcome);
    outgoing->timed_out = response->timed_out;
    end(outgoing, &outcome);
}

static const struct gt_header *find_header(const struct gt_header *headers, size_t count,
                                           const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(headers[i].name, name) == 0)
            return &headers[i];
    return NULL;
}

/* Those of the authorization replace ours: a signer repeats what it signed. */
static void add_headers(struct gt_mcp_sending *sending, const struct gt_header *headers,
                        size_t count)
{
    struct gt_http_request *request = &sending->request;
    struct gt_header *all = gt_calloc(sending->arena, request->header_count + count, sizeof(*all));
    size_t len = 0;
    for (size_t i = 0; i < request->header_count; i++)
        if (find_header(headers, count, request->headers[i].name) == NULL)
            all[len++] = request->headers[i];
    for (size_t i = 0; i < count; i++)
        all[len++] = headers[i];
    request->headers = all;
    request->header_count = len;
}

void gt_mcp_send(struct gt_mcp_sending *sending, const struct gt_header *headers, size_t count)
{
    struct gt_outgoing *outgoing = sending->outgoing;
    if (outgoing != NULL) {
        const struct gt_mcp_client_options *options = &outgoing->options.client->options;
        int64_t left_ms = outgoing->deadline_ms - gt_monotonic_ms(gt_loop_sys(options->loop));
        add_headers(sending, headers, count);
        sending->request.timeout_ms = left_ms > 0 ? left_ms : 1;
        gt_timer_cancel(outgoing->limit);
        outgoing->limit = NULL;
        outgoing->sending = NULL;
        outgoing->http = gt_http_start(options->http, &sending->request, on_done, outgoing);
    }
    gt_arena_free(sending->arena);
}

static void refuse(struct gt_outgoing *outgoing, const char *reason)
{
    outgoing->sending = NULL;
    outgoing->refused = reason;
    wake(outgoing);
}

void gt_mcp_send_fail(struct gt_mcp_sending *sending, const char *reason)
{
    struct gt_outgoing *outgoing = sending->outgoing;
    if (outgoing != NULL)
        refuse(outgoing, gt_one_line(outgoing->arena, reason, REASON_MAX));
    gt_arena_free(sending->arena);
}

static void authorization_late(void *payload)
{
    struct gt_outgoing *outgoing = payload;
    outgoing->limit = NULL;
    if (outgoing->refused != NULL)
        return;
    outgoing->sending->outgoing = NULL;
    refuse(outgoing, "no authorization in time");
}

static struct gt_mcp_sending *prepare(struct gt_outgoing *outgoing)
{
    const struct gt_outgoing_options *options = &outgoing->options;
    bool secret = options->client->options.authorise != NULL;
    struct gt_arena *arena = secret ? gt_arena_new_secret() : gt_arena_new();
    struct gt_mcp_sending *sending = GT_NEW(arena, struct gt_mcp_sending);
    struct gt_header *headers = gt_calloc(arena, options->header_count + 2, sizeof(*headers));
    size_t count = 0;
    headers[count++] = (struct gt_header){"Content-Type", "application/json"};
    headers[count++] = (struct gt_header){"Accept", "application/json, text/event-stream"};
    for (size_t i = 0; i < options->header_count; i++) {
        headers[count].name = gt_strdup(arena, options->headers[i].name);
        headers[count++].value = gt_strdup(arena, options->headers[i].value);
    }
    const char *url = options->client->options.url;
    if (options->query != NULL)
        url = gt_printf(arena, "%s%c%s", url, strchr(url, '?') == NULL ? '?' : '&', options->query);
    struct gt_buf body = gt_buf_init(SIZE_MAX / 2);
    gt_buf_add_json(&body, options->message, JSON_COMPACT);
    sending->arena = arena;
    sending->outgoing = outgoing;
    sending->request = (struct gt_http_request){
        .method = "POST",
        .url = url,
        .headers = headers,
        .header_count = count,
        .body = gt_strndup(arena, gt_buf_text(&body), body.len),
        .body_len = body.len,
        .on_data = on_data,
        .secret = secret,
    };
    gt_buf_wipe(&body);
    return sending;
}

struct gt_outgoing *gt_outgoing_start(const struct gt_outgoing_options *options)
{
    struct gt_mcp_client *client = options->client;
    struct gt_loop *loop = client->options.loop;
    struct gt_arena *arena = gt_arena_new();
    struct gt_outgoing *outgoing = GT_NEW(arena, struct gt_outgoing);
    *outgoing = (struct gt_outgoing){
        .next = client->outgoing,
        .arena = arena,
        .options = *options,
        .deadline_ms = gt_monotonic_ms(gt_loop_sys(loop)) + options->timeout_ms,
        .reader = gt_sse_init(body_max, on_event, outgoing),
        .body = gt_buf_init(body_max),
    };
    if (client->outgoing != NULL)
        client->outgoing->previous = outgoing;
    client->outgoing = outgoing;
    struct gt_mcp_sending *sending = outgoing->sending = prepare(outgoing);
    outgoing->options.message = NULL; /* borrowed until here, as the headers */
    outgoing->options.headers = NULL;
    outgoing->options.query = NULL;
    if (client->options.authorise == NULL) {
        gt_mcp_send(sending, NULL, 0);
        return outgoing;
    }
    outgoing->limit = gt_timer_start(loop, options->timeout_ms, authorization_late, outgoing);
    client->options.authorise(client->options.payload, sending, &sending->request);
    return outgoing;
}

void gt_outgoing_drop(struct gt_outgoing *outgoing, bool linger)
{
    if (outgoing == NULL || outgoing->dropped || outgoing->ended)
        return;
    outgoing->dropped = true;
    outgoing->linger = linger;
    gt_timer_cancel(outgoing->wake);
    outgoing->wake = NULL;
    if (!outgoing->delivering) /* else hand_on does it */
        settle(outgoing);
}

void gt_outgoing_drop_all(struct gt_mcp_client *client)
{
    while (client->outgoing != NULL)
        dispose(client->outgoing);
}

bool gt_outgoing_has_left(const struct gt_outgoing *outgoing)
{
    return outgoing->http != NULL;
}

bool gt_outgoing_streamed(const struct gt_outgoing *outgoing)
{
    return outgoing->streamed;
}

bool gt_outgoing_timed_out(const struct gt_outgoing *outgoing)
{
    return outgoing->timed_out;
}

void gt_outgoing_head(const struct gt_outgoing *outgoing, struct gt_mcp_outcome *outcome)
{
    outcome->http_status = outgoing->status;
    outcome->headers = outgoing->headers;
    outcome->header_count = outgoing->header_count;
}

const char *gt_outgoing_header(const struct gt_outgoing *outgoing, const char *name)
{
    const struct gt_header *header = find_header(outgoing->headers, outgoing->header_count, name);
    return header != NULL ? header->value : NULL;
}
