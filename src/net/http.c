#include "http_request.h"
#include "loop_internal.h"

#include <gantry/base/str.h>
#include <string.h>

enum { CONNECTIONS_PER_HOST = 16, IDLE_CONNECTIONS_MAX = 64 };

struct gt_http_opens {
    struct gt_http_open *first, *last;
};

struct gt_origin { /* scheme, host and port, or a Unix socket, with the requests that run there */
    const char *name;
    int running;
    struct gt_origin *next;
};

struct gt_http {
    struct gt_arena *arena;
    struct gt_loop *loop;
    struct gt_http_options options;
    CURLM *multi;
    CURLSH *share;
    struct gt_timer *timer; /* libcurl's */
    struct gt_origin *origins;
    struct gt_http_opens queue, running;
    struct gt_http_opens unsent; /* given up before libcurl saw them; wait for their completion */
    struct gt_http_opens finishing; /* those of them whose turn it is */
    struct gt_timer *unsent_timer;
    bool start_planned;
    bool inside;        /* of libcurl, which calls us */
    bool any_cancelled; /* meanwhile */
};

static void append(struct gt_http_opens *list, struct gt_http_open *request)
{
    request->list = list;
    request->previous = list->last;
    request->next = NULL;
    if (list->last != NULL)
        list->last->next = request;
    else
        list->first = request;
    list->last = request;
}

static void take_out(struct gt_http_open *request)
{
    struct gt_http_opens *list = request->list;
    if (request->previous != NULL)
        request->previous->next = request->next;
    else
        list->first = request->next;
    if (request->next != NULL)
        request->next->previous = request->previous;
    else
        list->last = request->previous;
}

static void complete(struct gt_http_open *request, const struct gt_http_response *response)
{
    gt_loop_release(request->http->loop);
    request->fn(request->payload, response);
    gt_request_free(request);
}

static void start_queued(void *payload);

static void plan_start(struct gt_http *http)
{
    if (http->start_planned || http->queue.first == NULL)
        return;
    http->start_planned = true;
    gt_loop_after_turn(http->loop, start_queued, http);
}

static void drop(struct gt_http_open *request)
{
    struct gt_http *http = request->http;
    if (request->list == &http->running) {
        curl_multi_remove_handle(http->multi, request->easy);
        request->origin->running--;
    }
    take_out(request);
    gt_loop_release(http->loop);
    gt_request_free(request);
}

static void drop_cancelled(struct gt_http *http)
{
    struct gt_http_open *next;
    for (struct gt_http_open *request = http->running.first; request != NULL; request = next) {
        next = request->next;
        if (request->cancelled)
            drop(request);
    }
    http->any_cancelled = false;
}

void gt_http_cancel(struct gt_http_open *request)
{
    if (request == NULL)
        return;
    struct gt_http *http = request->http;
    if (http->inside && request->list == &http->running) {
        request->cancelled = http->any_cancelled = true;
        return;
    }
    drop(request);
    plan_start(http);
}

/* Lets libcurl work on a descriptor, or on what is due. */
static void act(struct gt_http *http, curl_socket_t fd, int events)
{
    int running;
    http->inside = true;
    curl_multi_socket_action(http->multi, fd, events, &running);
    http->inside = false;
    if (http->any_cancelled)
        drop_cancelled(http);
}

static void collect(struct gt_http *http)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(http->multi, &left)) != NULL;) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode result = message->data.result;
        CURL *easy = message->easy_handle;
        void *private = NULL;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
        struct gt_http_open *request = private;
        curl_multi_remove_handle(http->multi, easy);
        take_out(request);
        request->origin->running--;
        struct gt_http_response response = gt_request_response(request, result);
        complete(request, &response);
    }
    plan_start(http);
}

static void on_ready(void *payload, int fd, unsigned ready)
{
    struct gt_http *http = payload;
    int events = 0;
    if (ready & GT_IO_READ)
        events |= CURL_CSELECT_IN;
    if (ready & GT_IO_WRITE)
        events |= CURL_CSELECT_OUT;
    if (ready & GT_IO_ERROR)
        events |= CURL_CSELECT_ERR;
    act(http, fd, events);
    collect(http);
}

static void on_timer(void *payload)
{
    struct gt_http *http = payload;
    http->timer = NULL;
    act(http, CURL_SOCKET_TIMEOUT, 0);
    collect(http);
}

/* CURLMOPT_SOCKETFUNCTION */
static int set_socket(CURL *easy, curl_socket_t fd, int what, void *payload, void *socket_payload)
{
    (void)easy, (void)socket_payload;
    struct gt_http *http = payload;
    unsigned interest = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        interest |= GT_IO_READ;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        interest |= GT_IO_WRITE;
    gt_loop_io(http->loop, fd, interest, on_ready, http);
    return 0;
}

/* CURLMOPT_TIMERFUNCTION */
static int set_timer(CURLM *multi, long ms, void *payload)
{
    (void)multi;
    struct gt_http *http = payload;
    gt_timer_cancel(http->timer);
    http->timer = ms < 0 ? NULL : gt_timer_background(http->loop, ms, on_timer, http);
    return 0;
}

static struct gt_origin *origin_of(struct gt_http *http, const struct gt_http_request *wanted)
{
    const char *name = wanted->unix_socket != NULL ? wanted->unix_socket : wanted->url;
    size_t len = strlen(name);
    if (wanted->unix_socket == NULL) {
        len = strcspn(name, ":");
        len += strspn(name + len, ":/");
        len += strcspn(name + len, "/?#");
    }
    for (struct gt_origin *origin = http->origins; origin != NULL; origin = origin->next)
        if (strlen(origin->name) == len && memcmp(origin->name, name, len) == 0)
            return origin;
    struct gt_origin *origin = GT_NEW(http->arena, struct gt_origin);
    *origin = (struct gt_origin){.name = gt_strndup(http->arena, name, len), .next = http->origins};
    http->origins = origin;
    return origin;
}

static int connections_per_host(const struct gt_http *http)
{
    int wanted = http->options.connections_per_host;
    return wanted > 0 ? wanted : CONNECTIONS_PER_HOST;
}

static void finish_unsent(void *payload)
{
    struct gt_http *http = payload;
    http->unsent_timer = NULL;
    while (http->unsent.first != NULL) {
        struct gt_http_open *request = http->unsent.first;
        take_out(request);
        append(&http->finishing, request);
    }
    while (http->finishing.first != NULL) {
        struct gt_http_open *request = http->finishing.first;
        take_out(request);
        const char *flaw = gt_request_flaw(&request->wanted);
        struct gt_http_response response = {
            .outcome = GT_HTTP_NOT_SENT,
            .body = "",
            .error = flaw != NULL ? flaw : "no connection was free in time",
            .timed_out = flaw == NULL,
        };
        complete(request, &response);
    }
}

static void give_up(struct gt_http *http, struct gt_http_open *request)
{
    append(&http->unsent, request);
    if (http->unsent_timer == NULL)
        http->unsent_timer = gt_timer_start(http->loop, 0, finish_unsent, http);
}

static void start_queued(void *payload)
{
    struct gt_http *http = payload;
    http->start_planned = false;
    int64_t now_ms = gt_monotonic_ms(gt_loop_sys(http->loop));
    struct gt_http_open *next;
    for (struct gt_http_open *request = http->queue.first; request != NULL; request = next) {
        next = request->next;
        int64_t left_ms = gt_request_timeout_ms(request) - (now_ms - request->queued_ms);
        if (left_ms > 0 && request->origin->running >= connections_per_host(http))
            continue;
        take_out(request);
        if (left_ms <= 0) {
            give_up(http, request);
            continue;
        }
        append(&http->running, request);
        request->origin->running++;
        gt_request_prepare(request, &http->options, http->share, left_ms);
        curl_multi_add_handle(http->multi, request->easy);
    }
}

struct gt_http_open *gt_http_start(struct gt_http *http, const struct gt_http_request *wanted,
                                   gt_http_fn *fn, void *payload)
{
    struct gt_http_open *request = gt_request_new(http, wanted);
    request->fn = fn;
    request->payload = payload;
    gt_loop_hold(http->loop);
    if (gt_request_flaw(&request->wanted) != NULL) {
        give_up(http, request);
        return request;
    }
    request->origin = origin_of(http, &request->wanted);
    request->queued_ms = gt_monotonic_ms(gt_loop_sys(http->loop));
    append(&http->queue, request);
    plan_start(http);
    return request;
}

void gt_http_send(struct gt_http *http, const struct gt_http_request *wanted, gt_http_fn *fn,
                  void *payload)
{
    gt_http_start(http, wanted, fn, payload);
}

struct gt_http *gt_http_new(struct gt_loop *loop, const struct gt_http_options *options)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) /* counted; undone in gt_http_free */
        gt_die("cannot initialise libcurl");
    struct gt_arena *arena = gt_arena_new();
    struct gt_http *http = GT_NEW(arena, struct gt_http);
    http->arena = arena;
    http->loop = loop;
    http->options = *options;
    http->options.ca_bundle = gt_strdup(arena, options->ca_bundle);
    http->options.user_agent = gt_strdup(arena, options->user_agent);
    http->multi = curl_multi_init();
    http->share = curl_share_init();
    if (http->multi == NULL || http->share == NULL)
        gt_die("out of memory");
    curl_share_setopt(http->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)connections_per_host(http));
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS_MAX);
    return http;
}

static void drop_all(struct gt_http_opens *list)
{
    while (list->first != NULL)
        drop(list->first);
}

void gt_http_free(struct gt_http *http)
{
    if (http == NULL)
        return;
    drop_all(&http->running);
    drop_all(&http->queue);
    drop_all(&http->unsent);
    drop_all(&http->finishing);
    curl_multi_cleanup(http->multi);
    curl_share_cleanup(http->share);
    gt_timer_cancel(http->timer);
    gt_timer_cancel(http->unsent_timer);
    if (http->start_planned)
        gt_loop_after_turn_cancel(http->loop, http);
    gt_arena_free(http->arena);
    curl_global_cleanup();
}

const char *gt_http_header(const struct gt_http_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (gt_streq(response->headers[i].name, name))
            return response->headers[i].value;
    return NULL;
}

static void send_through(void *self, const struct gt_http_request *request, gt_http_fn *fn,
                         void *payload)
{
    gt_http_send(self, request, fn, payload);
}

struct gt_transport gt_http_transport(struct gt_http *http)
{
    return (struct gt_transport){.send = send_through, .self = http};
}
