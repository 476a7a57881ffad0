#include "http_request.h"

#include <fcntl.h>
#include <gantry/base/str.h>
#include <gantry/base/url.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#ifndef CURL_WRITEFUNC_ERROR /* before libcurl 7.87: more than was there to write */
#define CURL_WRITEFUNC_ERROR ((size_t)-1)
#endif

enum {
    CONNECT_TIMEOUT_MS = 3100, /* the SDKs' "standard" default */
    TIMEOUT_MS = 60000,
    BODY_MAX = 16 * 1024 * 1024,
    HEADER_BYTES_MAX = 256 * 1024,
    IDLE_CONNECTION_S = 30 /* below the idle limit of AWS's front ends */
};

static struct gt_header *copy_headers(struct gt_arena *arena, const struct gt_http_request *wanted)
{
    struct gt_header *headers = gt_calloc(arena, wanted->header_count, sizeof(*headers));
    for (size_t i = 0; i < wanted->header_count; i++) {
        headers[i].name = gt_strdup(arena, wanted->headers[i].name);
        headers[i].value = gt_strdup(arena, wanted->headers[i].value);
    }
    return headers;
}

struct gt_http_open *gt_request_new(struct gt_http *http, const struct gt_http_request *wanted)
{
    struct gt_arena *arena = wanted->secret ? gt_arena_new_secret() : gt_arena_new();
    struct gt_http_open *request = GT_NEW(arena, struct gt_http_open);
    request->http = http;
    request->arena = arena;
    request->wanted = *wanted;
    request->wanted.method = gt_strdup(arena, wanted->method);
    request->wanted.url = gt_strdup(arena, wanted->url);
    request->wanted.headers = copy_headers(arena, wanted);
    request->wanted.unix_socket = gt_strdup(arena, wanted->unix_socket);
    if (wanted->body_len > 0)
        request->wanted.body =
            memcpy(gt_alloc(arena, wanted->body_len), wanted->body, wanted->body_len);
    request->body = gt_buf_init(wanted->max_body > 0 ? wanted->max_body : BODY_MAX);
    return request;
}

void gt_request_free(struct gt_http_open *request)
{
    if (request->wanted.secret) {
        for (struct curl_slist *line = request->sent_headers; line != NULL; line = line->next)
            gt_wipe(line->data, strlen(line->data));
        gt_buf_wipe(&request->body);
    }
    if (request->easy != NULL)
        curl_easy_cleanup(request->easy);
    curl_slist_free_all(request->sent_headers);
    gt_buf_done(&request->body);
    gt_arena_free(request->arena);
}

static bool is_token(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (*c <= ' ' || *c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", *c) != NULL)
            return false;
    return *text != '\0';
}

const char *gt_request_flaw(const struct gt_http_request *request)
{
    if (!is_token(request->method))
        return "the request method is malformed";
    if (strncasecmp(request->url, "https://", 8) != 0 &&
        strncasecmp(request->url, "http://", 7) != 0)
        return "the URL is neither https nor http";
    for (const unsigned char *c = (const unsigned char *)request->url; *c != '\0'; c++)
        if (*c <= ' ' || *c >= 0x7f)
            return "the URL holds a character that must be percent-encoded";
    if (request->unix_socket != NULL && *request->unix_socket == '\0')
        return "the path of the Unix socket is empty";
    for (size_t i = 0; i < request->header_count; i++) {
        if (!is_token(request->headers[i].name))
            return "a header name is malformed";
        for (const char *c = request->headers[i].value; *c != '\0'; c++)
            if ((unsigned char)*c < ' ' && *c != '\t')
                return "a header value holds a control character";
    }
    return NULL;
}

static int before_send(void *payload, char *peer, char *local, int peer_port, int local_port)
{
    (void)peer, (void)local, (void)peer_port, (void)local_port;
    struct gt_http_open *request = payload;
    request->sends++;
    return request->sends == 1 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* CURLOPT_SOCKOPTFUNCTION. A program that is started meanwhile would keep the connection open. */
static int keep_to_ourselves(void *payload, curl_socket_t fd, curlsocktype purpose)
{
    (void)payload, (void)purpose;
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? CURL_SOCKOPT_OK : CURL_SOCKOPT_ERROR;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *payload)
{
    struct gt_http_open *request = payload;
    size_t len = size * count;
    if (request->cancelled)
        return CURL_WRITEFUNC_ERROR;
    if (request->wanted.on_data != NULL && request->status / 100 == 2) {
        const struct gt_http_response so_far = {
            .outcome = GT_HTTP_ANSWERED,
            .status = request->status,
            .headers = request->headers.at,
            .header_count = request->headers.len,
            .body = "",
        };
        request->wanted.on_data(request->payload, &so_far, bytes, len);
        return request->cancelled ? CURL_WRITEFUNC_ERROR : len;
    }
    gt_buf_add(&request->body, bytes, len);
    request->too_large = request->body.overflow;
    return request->too_large ? 0 : len;
}

/* "HTTP/1.1 200 OK": a new answer begins, what came before was an interim one. */
static bool take_status_line(struct gt_http_open *request, const char *line, size_t len)
{
    if (len < 5 || memcmp(line, "HTTP/", 5) != 0)
        return false;
    const char *space = memchr(line, ' ', len);
    request->status = 0;
    request->head_complete = false;
    request->headers.len = 0;
    if (space != NULL && line + len - space > 3)
        request->status = (int)strtol(gt_strndup(request->arena, space + 1, 3), NULL, 10);
    return true;
}

static size_t take_header(char *line, size_t size, size_t count, void *payload)
{
    struct gt_http_open *request = payload;
    size_t len = size * count;
    request->header_bytes += len;
    if (request->header_bytes > HEADER_BYTES_MAX) {
        request->too_large = true;
        return 0;
    }
    if (take_status_line(request, line, len))
        return len;
    if (*line == '\r' || *line == '\n')
        request->head_complete = true;
    const char *colon = memchr(line, ':', len), *end = line + len;
    if (colon == NULL)
        return len;
    const char *value = colon + 1;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && strchr("\r\n\t ", end[-1]) != NULL)
        end--;
    struct gt_header *header = GT_PUSH(request->arena, &request->headers);
    const char *name = gt_strndup(request->arena, line, (size_t)(colon - line));
    header->name = gt_lower(request->arena, name);
    header->value = gt_strndup(request->arena, value, (size_t)(end - value));
    return len;
}

static bool has_header(const struct gt_http_request *wanted, const char *name)
{
    for (size_t i = 0; i < wanted->header_count; i++)
        if (strcasecmp(wanted->headers[i].name, name) == 0)
            return true;
    return false;
}

static void add_line(struct gt_http_open *request, const char *line)
{
    struct curl_slist *longer = curl_slist_append(request->sent_headers, line);
    if (longer == NULL)
        gt_die("out of memory");
    request->sent_headers = longer;
}

static void add_headers(struct gt_http_open *request)
{
    const struct gt_http_request *wanted = &request->wanted;
    add_line(request, "Expect:"); /* no waiting for "100 Continue" */
    if (!has_header(wanted, "content-type"))
        add_line(request, "Content-Type:"); /* none of libcurl's own choosing */
    for (size_t i = 0; i < wanted->header_count; i++) {
        const struct gt_header *header = &wanted->headers[i];
        struct gt_buf line = gt_buf_init(SIZE_MAX / 2);
        gt_buf_adds(&line, header->name);
        gt_buf_adds(&line, *header->value == '\0' ? ";" : ": ");
        gt_buf_adds(&line, header->value);
        add_line(request, gt_buf_text(&line));
        wanted->secret ? gt_buf_wipe(&line) : gt_buf_done(&line);
    }
    curl_easy_setopt(request->easy, CURLOPT_HTTPHEADER, request->sent_headers);
}

static void set_method(CURL *easy, const struct gt_http_request *wanted)
{
    bool carries_body = wanted->body_len > 0 || gt_streq(wanted->method, "POST") ||
                        gt_streq(wanted->method, "PUT") || gt_streq(wanted->method, "PATCH");
    if (gt_streq(wanted->method, "HEAD")) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (carries_body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)wanted->body_len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, wanted->body_len > 0 ? wanted->body : "");
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, wanted->method);
}

static void set_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* A proxy would not reach this machine but its own, and is nobody who should see what stays here.
 */
static bool goes_straight(struct gt_http_open *request)
{
    struct gt_url url;
    return request->wanted.no_proxy || request->wanted.unix_socket != NULL ||
           (gt_url_split(request->arena, request->wanted.url, &url) && gt_url_is_loopback(&url));
}

static void set_connection(struct gt_http_open *request, const struct gt_http_options *options,
                           CURLSH *share)
{
    CURL *easy = request->easy;
    curl_easy_setopt(easy, CURLOPT_SHARE, share);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_CONNECTION_S);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, keep_to_ourselves);
    if (request->wanted.unix_socket != NULL)
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request->wanted.unix_socket);
    if (goes_straight(request))
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (options->ca_bundle != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_bundle);
    if (options->user_agent != NULL)
        curl_easy_setopt(easy, CURLOPT_USERAGENT, options->user_agent);
}

int64_t gt_request_timeout_ms(const struct gt_http_open *request)
{
    return request->wanted.timeout_ms > 0 ? request->wanted.timeout_ms : TIMEOUT_MS;
}

void gt_request_prepare(struct gt_http_open *request, const struct gt_http_options *options,
                        CURLSH *share, int64_t left_ms)
{
    const struct gt_http_request *wanted = &request->wanted;
    CURL *easy = request->easy = curl_easy_init();
    if (easy == NULL)
        gt_die("out of memory");
    int64_t connect_ms =
        wanted->connect_timeout_ms > 0 ? wanted->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    curl_easy_setopt(easy, CURLOPT_URL, wanted->url);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)left_ms);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->error);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_send);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, request);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
    set_protocols(easy);
    set_connection(request, options, share);
    set_method(easy, wanted);
    add_headers(request);
}

static const char *error_text(struct gt_http_open *request, CURLcode result)
{
    if (request->too_large)
        return "the answer is larger than allowed";
    if (request->sends > 1 || result == CURLE_OK)
        return "the connection was closed before the answer";
    if (result == CURLE_OPERATION_TIMEDOUT)
        return request->sends == 0 ? "no connection in time" : "no answer in time";
    const char *text = request->error[0] != '\0' ? request->error : curl_easy_strerror(result);
    char *line = gt_one_line(request->arena, text, CURL_ERROR_SIZE);
    if (line[0] >= 'A' && line[0] <= 'Z' && line[1] >= 'a' && line[1] <= 'z')
        line[0] = (char)(line[0] - 'A' + 'a');
    return line;
}

struct gt_http_response gt_request_response(struct gt_http_open *request, CURLcode result)
{
    struct gt_http_response response = {
        .status = request->status,
        .headers = request->headers.at,
        .header_count = request->headers.len,
        .body = gt_buf_text(&request->body),
        .body_len = request->body.len,
    };
    if (result == CURLE_OK && request->head_complete) { /* libcurl takes half a head for one */
        response.outcome = GT_HTTP_ANSWERED;
        return response;
    }
    /* Before libcurl's pre-request callback only the connection was made; from then on bytes of the
     * request may have left. */
    response.outcome = request->sends == 0 ? GT_HTTP_NOT_SENT : GT_HTTP_MAYBE_SENT;
    response.error = error_text(request, result);
    response.timed_out = result == CURLE_OPERATION_TIMEDOUT;
    response.too_large = request->too_large;
    return response;
}
