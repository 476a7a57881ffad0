#include "server_internal.h"

#include <string.h>

enum {
    BODY_MAX = 4 * 1024 * 1024,
    HEADERS_MAX = 16 * 1024,
    CONNECTIONS_MAX = 1000,
    REQUEST_TIMEOUT_MS = 30000,
    IDLE_TIMEOUT_MS = 120000,
    ANSWER_HEADERS = 8 * 1024, /* room for them, and for records of the request's headers */
    FRUITLESS_MAX = 256,
    FRUITLESS_MS = 2
};

static void run(struct gt_server *server);

static void on_ready(void *payload, int fd)
{
    (void)fd;
    run(payload);
}

static void on_timer(void *payload)
{
    struct gt_server *server = payload;
    server->timer = NULL;
    run(server);
}

static void run_planned(void *payload)
{
    struct gt_server *server = payload;
    server->run_planned = false;
    run(server);
}

void gt_server_plan_run(struct gt_server *server)
{
    if (server->run_planned)
        return;
    server->run_planned = true;
    gt_loop_after_turn(server->loop, run_planned, server);
}

static void wake_in(struct gt_server *server, int64_t delay_ms)
{
    int64_t due_ms = gt_monotonic_ms(gt_loop_sys(server->loop)) + delay_ms;
    if (server->timer != NULL && server->timer_due_ms <= due_ms)
        return; /* it asks again then */
    gt_timer_cancel(server->timer);
    server->timer_due_ms = due_ms;
    server->timer = gt_timer_background(server->loop, delay_ms, on_timer, server);
}

static void free_done(struct gt_server *server)
{
    struct gt_exchange *next;
    for (struct gt_exchange *exchange = server->done; exchange != NULL; exchange = next) {
        next = exchange->next;
        gt_exchange_free(exchange);
    }
    server->done = NULL;
}

static void run(struct gt_server *server)
{
    MHD_run(server->daemon);
    free_done(server);
    MHD_UNSIGNED_LONG_LONG ms;
    if (MHD_get_timeout(server->daemon, &ms) == MHD_NO)
        return;
    /* libmicrohttpd can take a connection for ready whose client sent nonsense, and would have us
     * try again and again until the request's time is up. */
    if (ms == 0 && server->fruitless++ < FRUITLESS_MAX)
        gt_server_plan_run(server);
    else
        wake_in(server, ms == 0 ? FRUITLESS_MS : (int64_t)ms + 1);
}

static void fill_in(struct gt_server_options *options, struct gt_arena *arena)
{
    options->host = gt_strdup(arena, options->host != NULL ? options->host : "127.0.0.1");
    options->unix_path = gt_strdup(arena, options->unix_path);
    if (options->max_body == 0)
        options->max_body = BODY_MAX;
    if (options->max_headers == 0)
        options->max_headers = HEADERS_MAX;
    if (options->max_connections == 0)
        options->max_connections = CONNECTIONS_MAX;
    if (options->request_timeout_ms == 0)
        options->request_timeout_ms = REQUEST_TIMEOUT_MS;
    if (options->idle_timeout_ms == 0)
        options->idle_timeout_ms = IDLE_TIMEOUT_MS;
}

static size_t leave_escaped(void *payload, struct MHD_Connection *mhd, char *text)
{
    (void)payload, (void)mhd;
    return strlen(text);
}

static struct MHD_Daemon *start_daemon(struct gt_server *server)
{
    const struct gt_server_options *options = &server->options;
    unsigned connections = gt_listening_limit(options->max_connections);
    server->most_connections = connections;
    size_t memory = options->max_headers + ANSWER_HEADERS;
    /* Its timeout restarts with every byte: it is that for clients that do not take their answer.
     * What a request may take is watched per connection. */
    unsigned stalled_s = (unsigned)(options->idle_timeout_ms / 1000) + 1;
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL,
        gt_request_take, server, MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, options->max_connections_per_ip,
        MHD_OPTION_CONNECTION_TIMEOUT, stalled_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
        MHD_OPTION_NOTIFY_CONNECTION, gt_connection_notify, server, MHD_OPTION_NOTIFY_COMPLETED,
        gt_request_completed, server, MHD_OPTION_URI_LOG_CALLBACK, gt_request_begin, server,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_END);
}

bool gt_server_start(struct gt_loop *loop, const struct gt_server_options *options,
                     struct gt_server **started, struct gt_diags *diags)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_server *server = GT_NEW(arena, struct gt_server);
    server->arena = arena;
    server->loop = loop;
    server->options = *options;
    fill_in(&server->options, arena);
    if (!gt_listening_open(arena, &server->options, &server->listener, diags)) {
        gt_arena_free(arena);
        return false;
    }
    server->port = gt_listening_port(server->listener);
    server->daemon = start_daemon(server);
    if (server->daemon == NULL) {
        gt_error(diags, "listen", "cannot start the HTTP server")->hint =
            "raise the limit on open files (ulimit -n)";
        gt_accept_stop(server);
        gt_arena_free(arena);
        return false;
    }
    server->epoll_fd = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    gt_loop_watch(loop, server->epoll_fd, on_ready, server);
    gt_accept_resume(server);
    *started = server;
    return true;
}

int gt_server_port(const struct gt_server *server)
{
    return server->port;
}

static void drained(void *payload)
{
    struct gt_server *server = payload;
    server->drain_timer = NULL;
    server->drained_fn(server->drained_payload);
}

static void drain_in(struct gt_server *server, int64_t delay_ms)
{
    gt_timer_cancel(server->drain_timer);
    server->drain_timer = gt_timer_start(server->loop, delay_ms, drained, server);
}

void gt_server_check_drained(struct gt_server *server)
{
    if (server->drain_timer != NULL && server->connections == NULL && server->handed.count == 0)
        drain_in(server, 0);
}

void gt_server_drain(struct gt_server *server, int64_t limit_ms, gt_timer_fn *fn, void *payload)
{
    if (server->draining)
        gt_die("the server is draining already");
    server->draining = true;
    server->drained_fn = fn;
    server->drained_payload = payload;
    gt_accept_stop(server);
    drain_in(server, limit_ms);
    for (struct gt_connection *one = server->connections; one != NULL; one = one->next)
        gt_connection_drain(one);
    gt_server_check_drained(server);
}

size_t gt_server_busy(const struct gt_server *server)
{
    return server->handed.count;
}

static void resume_all(struct gt_server *server)
{
    for (struct gt_exchange *exchange = server->handed.first; exchange != NULL;
         exchange = exchange->next) {
        exchange->aborted = true;
        if (exchange->suspended)
            MHD_resume_connection(exchange->connection->mhd);
        exchange->suspended = false;
    }
}

void gt_server_free(struct gt_server *server)
{
    if (server == NULL)
        return;
    gt_timer_cancel(server->drain_timer);
    server->drain_timer = NULL;
    gt_loop_unwatch(server->loop, server->epoll_fd);
    server->draining = true; /* no connection that ends lets another one in */
    gt_accept_stop(server);
    resume_all(server); /* libmicrohttpd does not stop with connections that wait */
    MHD_stop_daemon(server->daemon);
    while (server->handed.first != NULL)
        gt_exchange_finish(server->handed.first);
    free_done(server);
    gt_timer_cancel(server->timer);
    if (server->run_planned)
        gt_loop_after_turn_cancel(server->loop, server);
    gt_arena_free(server->arena);
}
