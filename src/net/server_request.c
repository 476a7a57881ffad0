#include "server_internal.h"

#include <gantry/base/str.h>
#include <string.h>
#include <strings.h>

/* What is dropped of a body that is refused, so that the client reads why instead of being cut off
 * while it sends; beyond it is cut off. */
enum { DROPPED_MAX = 16 * 1024 * 1024 };

enum refusal {
    MALFORMED,
    NO_HOST,
    OTHER_HOST,
    AMBIGUOUS,
    LARGE_BODY,
    LARGE_HEAD,
    LONG_TARGET,
    UNKNOWN_CODING
};

static const struct gt_refusal refusals[] = {
    [MALFORMED] = {400, "the request is malformed\n"},
    [NO_HOST] = {400, "the request needs one Host header\n"},
    [OTHER_HOST] = {400, "the request names two hosts\n"},
    [AMBIGUOUS] = {400, "the length of the request is ambiguous\n"},
    [LARGE_BODY] = {413, "the request's body is larger than allowed\n"},
    [LARGE_HEAD] = {431, "the request's headers are larger than allowed\n"},
    [LONG_TARGET] = {414, "the request's target is longer than allowed\n"},
    [UNKNOWN_CODING] = {501, "the transfer coding is not supported\n"},
};

/* libmicrohttpd would parse the query into parameters that nobody asks for, and does not recover
 * when there are more of them than its memory holds. Its own copy of the target, which is about to
 * be cut up, is made to end at the '?'. */
static void hide_query(const char *target)
{
    union {
        const char *in;
        char *out;
    } cast = {.in = target};
    char *mark = strchr(cast.out, '?');
    if (mark != NULL)
        mark[1] = '\0';
}

void *gt_request_begin(void *payload, const char *target, struct MHD_Connection *mhd)
{
    struct gt_server *server = payload;
    server->fruitless = 0;
    if (target == NULL)
        return NULL;
    struct gt_connection *connection =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    struct gt_arena *arena = gt_arena_new_secret();
    struct gt_exchange *exchange = GT_NEW(arena, struct gt_exchange);
    exchange->arena = arena;
    exchange->server = server;
    exchange->connection = connection;
    exchange->out = gt_buf_init(SIZE_MAX / 2);
    exchange->begun_ms = connection->begun_ms != 0 ? connection->begun_ms
                                                   : gt_monotonic_ms(gt_loop_sys(server->loop));
    exchange->request.target = gt_strdup(arena, target);
    exchange->request.body = "";
    hide_query(target);
    connection->exchange = exchange;
    connection->begun_ms = 0;
    return exchange;
}

static bool is_absolute(const char *target)
{
    return strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0;
}

/* Splits the target, which is a path or, for proxies' sake, a whole URL (RFC 9112 section 3.2). */
static bool split_target(struct gt_exchange *exchange)
{
    struct gt_request *request = &exchange->request;
    for (const unsigned char *c = (const unsigned char *)request->target; *c != '\0'; c++)
        if (*c <= ' ' || *c >= 0x7f)
            return false;
    const char *path = request->target;
    if (is_absolute(path)) {
        path = strchr(path, ':') + 3;
        path += strcspn(path, "/?");
    }
    size_t len = strcspn(path, "?");
    if (*path != '/' && (len > 0 || path == request->target))
        return false;
    request->path = len > 0 ? gt_strndup(exchange->arena, path, len) : "/";
    request->query = path[len] == '?' ? path + len + 1 : NULL;
    return true;
}

/* A whole URL as target counts more than the Host header (RFC 9112 section 3.2.2), which is the one
 * that handlers look at: they have to agree. */
static bool names_own_host(const struct gt_request *request)
{
    const char *host = gt_request_header(request, "host");
    if (host == NULL || !is_absolute(request->target))
        return true;
    const char *authority = strchr(request->target, ':') + 3;
    size_t len = strcspn(authority, "/?");
    return strlen(host) == len && strncasecmp(host, authority, len) == 0;
}

struct head { /* while headers are copied */
    struct gt_exchange *exchange;
    struct gt_header *headers;
    size_t count;
    char *bytes; /* where the next text goes */
    bool malformed;
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool copy_name(struct head *head, const char *name, size_t len)
{
    static const char apart[] = "!#$%&'*+-.^_`|~"; /* RFC 9110 section 5.6.2 */
    char *out = head->bytes;
    for (size_t i = 0; i < len; i++) {
        char c = lower(name[i]);
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && (c == '\0' || !strchr(apart, c)))
            return false;
        out[i] = c;
    }
    head->headers[head->count].name = out;
    head->bytes += len + 1;
    return len > 0;
}

static bool copy_value(struct head *head, const char *value, size_t len)
{
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        len--;
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)value[i] < ' ' && value[i] != '\t') || value[i] == 0x7f)
            return false;
    if (len > 0)
        memcpy(head->bytes, value, len);
    head->headers[head->count].value = head->bytes;
    head->bytes += len + 1;
    return true;
}

static enum MHD_Result copy_header(void *payload, enum MHD_ValueKind kind, const char *name,
                                   size_t name_len, const char *value, size_t value_len)
{
    (void)kind;
    struct head *head = payload;
    head->malformed = !copy_name(head, name, name_len) ||
                      !copy_value(head, value == NULL ? "" : value, value == NULL ? 0 : value_len);
    head->count++;
    return head->malformed ? MHD_NO : MHD_YES;
}

/* `size` is that of the head on the wire, where a name and a value have three bytes or more besides
 * their own. */
static bool copy_headers(struct gt_exchange *exchange, struct MHD_Connection *mhd, size_t size)
{
    int count = MHD_get_connection_values(mhd, MHD_HEADER_KIND, NULL, NULL);
    struct head head = {
        .exchange = exchange,
        .headers = gt_calloc(exchange->arena, (size_t)count, sizeof(struct gt_header)),
        .bytes = gt_alloc(exchange->arena, size),
    };
    MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, copy_header, &head);
    exchange->request.headers = head.headers;
    exchange->request.header_count = head.count;
    return !head.malformed;
}

struct framing { /* what the headers say of body and host */
    const char *length, *coding;
    unsigned hosts;
    bool ambiguous, awaits_continue;
};

static struct framing framing_of(const struct gt_request *request)
{
    struct framing framing = {0};
    for (size_t i = 0; i < request->header_count; i++) {
        const struct gt_header *header = &request->headers[i];
        if (gt_streq(header->name, "content-length")) {
            framing.ambiguous |= framing.length != NULL && !gt_streq(framing.length, header->value);
            framing.length = header->value;
        } else if (gt_streq(header->name, "transfer-encoding")) {
            framing.ambiguous |= framing.coding != NULL;
            framing.coding = header->value;
        } else if (gt_streq(header->name, "host")) {
            framing.hosts++;
        } else if (gt_streq(header->name, "expect")) {
            framing.awaits_continue = true;
        }
    }
    framing.ambiguous |= framing.length != NULL && framing.coding != NULL;
    return framing;
}

/* Saturates. libmicrohttpd has refused what is no number. */
static size_t length_of(const char *text)
{
    size_t length = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (length > SIZE_MAX / 10 - 1)
            return SIZE_MAX;
        length = length * 10 + (size_t)(*text - '0');
    }
    return length;
}

static bool refuse(struct gt_exchange *exchange, enum refusal refusal)
{
    exchange->refusal = &refusals[refusal];
    return false;
}

/* False when the request is refused and its body shall not even be read. */
static bool admit_body(struct gt_exchange *exchange, const struct framing *framing)
{
    size_t length = framing->length != NULL ? length_of(framing->length) : 0;
    if (length > exchange->server->options.max_body)
        refuse(exchange, LARGE_BODY);
    return exchange->refusal == NULL || (!framing->awaits_continue && length <= DROPPED_MAX);
}

static bool admit_head(struct gt_exchange *exchange, struct MHD_Connection *mhd, const char *method,
                       const char *version)
{
    struct gt_request *request = &exchange->request;
    request->method = gt_strdup(exchange->arena, method);
    request->peer = gt_strdup(exchange->arena, exchange->connection->peer);
    size_t size =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
    const size_t most = exchange->server->options.max_headers;
    if (size > most)
        return refuse(exchange, strlen(request->target) > most ? LONG_TARGET : LARGE_HEAD);
    if (!split_target(exchange) || !copy_headers(exchange, mhd, size))
        return refuse(exchange, MALFORMED);
    struct framing framing = framing_of(request);
    if (framing.ambiguous || (framing.coding != NULL && !gt_streq(version, "HTTP/1.1")))
        return refuse(exchange, AMBIGUOUS);
    if (framing.coding != NULL && strcasecmp(framing.coding, "chunked") != 0)
        return refuse(exchange, UNKNOWN_CODING);
    if (framing.hosts > 1 || (framing.hosts == 0 && !gt_streq(version, "HTTP/1.0")))
        return refuse(exchange, NO_HOST);
    if (!names_own_host(request))
        return refuse(exchange, OTHER_HOST);
    return admit_body(exchange, &framing);
}

static enum MHD_Result answer_refusal(struct gt_exchange *exchange)
{
    static const struct gt_header headers[] = {{"content-type", "text/plain; charset=utf-8"},
                                               {"connection", "close"}};
    const struct gt_refusal *refusal = exchange->refusal;
    exchange->in_handler = true; /* libmicrohttpd waits for the answer */
    gt_reply(exchange, refusal->status, headers, GT_COUNT(headers), refusal->text,
             strlen(refusal->text));
    exchange->in_handler = false;
    return gt_answer_queue(exchange) ? MHD_YES : MHD_NO;
}

/* One byte more than needed, for the NUL. What it had is not given back, so it at least doubles:
 * many small pieces must not cost more than a few large ones. */
static void make_room(struct gt_exchange *exchange, size_t len)
{
    size_t used = exchange->request.body_len, room = exchange->body_room * 2;
    if (exchange->body_room - used > len)
        return;
    if (room < used + len + 1)
        room = used + len + 1;
    char *body = gt_alloc(exchange->arena, room);
    exchange->body_room = room;
    if (used > 0)
        memcpy(body, exchange->body, used);
    exchange->request.body = exchange->body = body;
}

static enum MHD_Result take_body(struct gt_exchange *exchange, const char *data, size_t len)
{
    struct gt_request *request = &exchange->request;
    if (exchange->refusal == NULL && len > exchange->server->options.max_body - request->body_len)
        refuse(exchange, LARGE_BODY); /* chunked, so the length was not known before */
    if (exchange->refusal != NULL) {
        exchange->dropped += len;
        return exchange->dropped <= DROPPED_MAX ? MHD_YES : MHD_NO;
    }
    make_room(exchange, len);
    memcpy(exchange->body + request->body_len, data, len);
    request->body_len += len;
    exchange->body[request->body_len] = '\0';
    return MHD_YES;
}

static enum MHD_Result hand_over(struct gt_exchange *exchange)
{
    struct gt_connection *connection = exchange->connection;
    exchange->in_handler = true;
    gt_exchange_hand_over(exchange);
    exchange->in_handler = false;
    if (exchange->aborted)
        return MHD_NO;
    if (exchange->begun)
        return gt_answer_queue(exchange) ? MHD_YES : MHD_NO;
    MHD_suspend_connection(connection->mhd);
    exchange->suspended = true;
    gt_connection_watch(connection);
    return MHD_YES;
}

enum MHD_Result gt_request_take(void *payload, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *size, void **context)
{
    (void)url;
    struct gt_exchange *exchange = *context;
    ((struct gt_server *)payload)->fruitless = 0;
    if (exchange == NULL || exchange->aborted)
        return MHD_NO;
    if (!exchange->head_taken) {
        exchange->head_taken = true;
        return admit_head(exchange, mhd, method, version) ? MHD_YES : answer_refusal(exchange);
    }
    if (*size > 0) {
        size_t len = *size;
        *size = 0;
        return take_body(exchange, data, len);
    }
    exchange->complete = true;
    return exchange->refusal != NULL ? answer_refusal(exchange) : hand_over(exchange);
}

/* libmicrohttpd closes a connection at which it has just given up in a later round: among those of
 * the usual timeout when all that are older have gone, among those of another one in the next. */
static void close_soon(const struct gt_connection *connection)
{
    MHD_set_connection_option(connection->mhd, MHD_CONNECTION_OPTION_TIMEOUT, 1U);
    gt_server_plan_run(connection->server);
}

void gt_request_completed(void *payload, struct MHD_Connection *mhd, void **context,
                          enum MHD_RequestTerminationCode code)
{
    (void)payload, (void)mhd;
    struct gt_exchange *exchange = *context;
    *context = NULL;
    if (exchange == NULL)
        return;
    struct gt_connection *connection = exchange->connection;
    connection->exchange = NULL;
    connection->served = true;
    connection->idle_since_ms = gt_monotonic_ms(gt_loop_sys(exchange->server->loop));
    if (exchange->server->draining && code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        gt_connection_drain(connection); /* the answer began before the draining */
    if (connection->mhd != NULL && code != MHD_REQUEST_TERMINATED_COMPLETED_OK)
        close_soon(connection);
    exchange->server->fruitless = 0;
    exchange->connection = NULL;
    exchange->suspended = false;
    if (!exchange->handed)
        gt_exchange_free(exchange);
    else if (exchange->answered)
        gt_exchange_finish(exchange);
    else if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK)
        gt_exchange_tell_gone(exchange);
}

const char *gt_request_header(const struct gt_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (gt_streq(request->headers[i].name, name))
            return request->headers[i].value;
    return NULL;
}

static const char *decode(struct gt_arena *arena, const char *text, size_t len)
{
    char *copy = gt_strndup(arena, text, len);
    for (char *c = copy; *c != '\0'; c++)
        if (*c == '+')
            *c = ' ';
    return gt_percent_decode(arena, copy);
}

const char *gt_request_query(const struct gt_request *request, struct gt_arena *arena,
                             const char *name)
{
    const char *part = request->query;
    while (part != NULL && *part != '\0') {
        size_t len = strcspn(part, "&"), name_len = strcspn(part, "=&");
        if (gt_streq(decode(arena, part, name_len), name))
            return name_len == len ? "" : decode(arena, part + name_len + 1, len - name_len - 1);
        part += len + (part[len] == '&');
    }
    return NULL;
}
