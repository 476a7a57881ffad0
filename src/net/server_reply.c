#include "server_internal.h"

#include <gantry/base/str.h>
#include <string.h>
#include <strings.h>

enum { PIECE = 16 * 1024, COMPACT_MIN = 64 * 1024 };

bool gt_answer_queue(struct gt_exchange *exchange)
{
    struct MHD_Response *response = exchange->response;
    exchange->response = NULL;
    bool good = MHD_queue_response(exchange->connection->mhd, exchange->status, response) != MHD_NO;
    MHD_destroy_response(response); /* libmicrohttpd counts references */
    return good;
}

static void resume(struct gt_exchange *exchange)
{
    if (exchange->suspended) {
        exchange->suspended = false;
        MHD_resume_connection(exchange->connection->mhd);
    }
    gt_server_plan_run(exchange->server);
}

/* Gives up on the connection, which libmicrohttpd closes when it runs. */
static void give_up(struct gt_exchange *exchange)
{
    exchange->aborted = true;
    gt_connection_reset(exchange->connection);
    if (!exchange->in_handler)
        resume(exchange);
}

/* Framing is libmicrohttpd's. It also declines what would break out of a header. */
static void add_header(struct MHD_Response *response, const struct gt_header *header)
{
    if (strcasecmp(header->name, "transfer-encoding") != 0)
        MHD_add_response_header(response, header->name, header->value);
}

static void add_headers(const struct gt_exchange *exchange, struct MHD_Response *response,
                        const struct gt_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_header(response, &headers[i]);
    for (size_t i = 0; i < exchange->added.len; i++)
        add_header(response, &exchange->added.at[i]);
    if (exchange->server->draining)
        MHD_add_response_header(response, "Connection", "close");
}

/* Sends an answer, or keeps it until the handler has returned. */
static void send_answer(struct gt_exchange *exchange, int status, struct MHD_Response *response)
{
    if (response == NULL)
        gt_die("out of memory");
    exchange->status = status >= 200 && status <= 999 ? (unsigned)status : 500;
    exchange->response = response;
    if (exchange->in_handler)
        return;
    if (gt_answer_queue(exchange))
        resume(exchange);
    else
        give_up(exchange);
}

/* Whether there is still somebody to answer. */
static bool begin(struct gt_exchange *exchange)
{
    if (exchange->begun)
        gt_die("a request was answered twice");
    exchange->begun = true;
    return exchange->connection != NULL && !exchange->aborted;
}

static void end(struct gt_exchange *exchange)
{
    if (exchange->answered)
        return;
    exchange->answered = true;
    if (exchange->connection == NULL)
        gt_exchange_finish(exchange);
}

void gt_reply(struct gt_exchange *exchange, int status, const struct gt_header *headers,
              size_t header_count, const char *body, size_t body_len)
{
    if (begin(exchange)) {
        gt_buf_add(&exchange->out, body, body_len);
        struct MHD_Response *response =
            MHD_create_response_from_buffer(body_len, exchange->out.ptr, MHD_RESPMEM_PERSISTENT);
        add_headers(exchange, response, headers, header_count);
        send_answer(exchange, status, response);
    }
    end(exchange);
}

void gt_reply_json(struct gt_exchange *exchange, int status, const json_t *document)
{
    static const struct gt_header type = {"content-type", "application/json"};
    struct gt_buf text = gt_buf_init(SIZE_MAX / 2);
    gt_buf_add_json(&text, document, JSON_COMPACT);
    gt_reply(exchange, status, &type, 1, gt_buf_text(&text), text.len);
    gt_buf_wipe(&text);
}

/* MHD_ContentReaderCallback of streams and cut answers: what there is goes, then it waits, ends, or
 * breaks off. */
static ssize_t read_out(void *payload, uint64_t position, char *bytes, size_t max)
{
    (void)position;
    struct gt_exchange *exchange = payload;
    size_t left = exchange->out.len - exchange->out_sent, len = left < max ? left : max;
    exchange->server->fruitless = 0;
    if (exchange->aborted)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (len > 0) {
        memcpy(bytes, exchange->out.ptr + exchange->out_sent, len);
        exchange->out_sent += len;
        return (ssize_t)len;
    }
    if (exchange->answered)
        return exchange->cut ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
    MHD_suspend_connection(exchange->connection->mhd);
    exchange->suspended = true;
    gt_connection_watch(exchange->connection);
    return 0;
}

void gt_reply_cut(struct gt_exchange *exchange, int status, const struct gt_header *headers,
                  size_t header_count, const char *body, size_t body_len, size_t sent)
{
    if (begin(exchange)) {
        gt_buf_add(&exchange->out, body, sent < body_len ? sent : body_len);
        exchange->cut = true;
        struct MHD_Response *response =
            MHD_create_response_from_callback(body_len, PIECE, read_out, exchange, NULL);
        if (sent >= body_len)
            MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
        add_headers(exchange, response, headers, header_count);
        send_answer(exchange, status, response);
    }
    end(exchange);
}

void gt_stream_begin(struct gt_exchange *exchange, int status, const struct gt_header *headers,
                     size_t header_count)
{
    if (!begin(exchange))
        return;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE, read_out, exchange, NULL);
    /* Where no body may follow libmicrohttpd would still send the last chunk. Without chunks it
     * does not, but ends the connection. */
    if (gt_streq(exchange->request.method, "HEAD") || status == MHD_HTTP_NOT_MODIFIED)
        MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    add_headers(exchange, response, headers, header_count);
    send_answer(exchange, status, response);
}

static void compact(struct gt_exchange *exchange)
{
    struct gt_buf *out = &exchange->out;
    if (exchange->out_sent < out->len &&
        (exchange->out_sent < COMPACT_MIN || exchange->out_sent < out->len / 2))
        return;
    out->len -= exchange->out_sent;
    if (out->len > 0)
        memmove(out->ptr, out->ptr + exchange->out_sent, out->len);
    exchange->out_sent = 0;
}

void gt_stream_write(struct gt_exchange *exchange, const char *bytes, size_t len)
{
    if (exchange->connection == NULL || exchange->aborted || len == 0)
        return;
    compact(exchange);
    gt_buf_add(&exchange->out, bytes, len);
    if (exchange->suspended)
        resume(exchange);
}

void gt_stream_end(struct gt_exchange *exchange)
{
    end(exchange);
    if (exchange->connection != NULL && exchange->suspended)
        resume(exchange);
}

size_t gt_stream_pending(const struct gt_exchange *exchange)
{
    return exchange->connection == NULL ? 0 : exchange->out.len - exchange->out_sent;
}

void gt_exchange_abort(struct gt_exchange *exchange)
{
    exchange->begun = true;
    if (exchange->connection != NULL && !exchange->answered && !exchange->aborted)
        give_up(exchange);
    end(exchange);
}
