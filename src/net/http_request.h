/* One request under way: what it sends, what came back so far, and what that amounts to. */
#ifndef GANTRY_NET_HTTP_REQUEST_H
#define GANTRY_NET_HTTP_REQUEST_H

#include <curl/curl.h>
#include <gantry/base/buf.h>
#include <gantry/net/http.h>

struct gt_http_open {
    struct gt_http_open *previous, *next;
    struct gt_http_opens *list; /* the queue, the running, ...: where it is */
    struct gt_http *http;
    struct gt_arena *arena;
    struct gt_http_request wanted; /* copied */
    gt_http_fn *fn;
    void *payload;
    struct gt_origin *origin;
    int64_t queued_ms;

    CURL *easy;
    struct curl_slist *sent_headers;
    unsigned sends; /* how often libcurl was about to send it */
    char error[CURL_ERROR_SIZE];

    int status;
    GT_VEC(struct gt_header) headers;
    size_t header_bytes;
    struct gt_buf body;
    bool head_complete; /* its empty line was seen */
    bool too_large;
    bool cancelled; /* from inside of libcurl, where it cannot be taken away from it */
};

struct gt_http_open *gt_request_new(struct gt_http *http, const struct gt_http_request *wanted);
void gt_request_free(struct gt_http_open *request);

/* What cannot be sent as it stands, or NULL: a line break in a header, a URL that is none. */
const char *gt_request_flaw(const struct gt_http_request *request);

int64_t gt_request_timeout_ms(const struct gt_http_open *request);

/* Makes the easy handle, which has `left_ms` (above 0) of the time limit. */
void gt_request_prepare(struct gt_http_open *request, const struct gt_http_options *options,
                        CURLSH *share, int64_t left_ms);

/* What libcurl's result means. Pointers into the request. */
struct gt_http_response gt_request_response(struct gt_http_open *request, CURLcode result);

#endif
