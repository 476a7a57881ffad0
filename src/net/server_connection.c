#define _GNU_SOURCE /* struct tcp_info */

#include "server_internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
    CHECKS_PER_TIMEOUT = 4,
    CLOCK_GRAIN_MS = 50,
    LEFT_MS = 1000, /* in which libmicrohttpd has surely looked at all that came before */
    FRESH_MS = 1000 /* in which a client that has just connected sends what it came for */
};

static int64_t now_ms(const struct gt_connection *connection)
{
    return gt_monotonic_ms(gt_loop_sys(connection->server->loop));
}

/* Shuts the socket down; libmicrohttpd sees that and closes it. */
static void end(struct gt_connection *connection, const char *last_words)
{
    if (last_words != NULL)
        send(connection->fd, last_words, strlen(last_words), MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(connection->fd, SHUT_RDWR);
}

/*
 * libmicrohttpd tells of a request when its first line is complete. Whether bytes of one have come
 * since the connection went idle is asked of the kernel, so that a client that trickles even those
 * has the time of a request, not that of an idle connection.
 */
static bool line_has_begun(const struct gt_connection *connection, int64_t now)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);
    if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return false;
    return now - info.tcpi_last_data_recv > connection->idle_since_ms + CLOCK_GRAIN_MS;
}

/* Whether the client has closed its half, and all that it sent before was read. */
static bool sends_no_more(const struct gt_connection *connection)
{
    char byte;
    return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void check_time(void *payload);

static void check_in(struct gt_connection *connection, int64_t delay_ms)
{
    gt_timer_cancel(connection->timer);
    connection->timer =
        gt_timer_background(connection->server->loop, delay_ms, check_time, connection);
}

static int64_t lower(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void check_time(void *payload)
{
    static const char too_slow[] = "HTTP/1.1 408 Request Timeout\r\n"
                                   "Connection: close\r\nContent-Length: 0\r\n\r\n";
    struct gt_connection *connection = payload;
    const struct gt_server_options *options = &connection->server->options;
    const struct gt_exchange *exchange = connection->exchange;
    int64_t now = now_ms(connection), limit = options->request_timeout_ms;
    connection->timer = NULL;
    if (exchange != NULL && exchange->complete) { /* it may take what time it needs */
        check_in(connection, limit / CHECKS_PER_TIMEOUT + 1);
        return;
    }
    /* A request that is not complete now will never be; libmicrohttpd goes on waiting for it. */
    if (sends_no_more(connection)) {
        if (connection->left)
            end(connection, NULL);
        else
            check_in(connection, LEFT_MS);
        connection->left = true;
        return;
    }
    if (exchange == NULL && connection->begun_ms == 0 && line_has_begun(connection, now))
        connection->begun_ms = now;
    int64_t begun_ms = exchange != NULL ? exchange->begun_ms : connection->begun_ms;
    if (begun_ms == 0 && connection->server->draining) {
        end(connection, NULL);
        return;
    }
    int64_t left_ms = begun_ms != 0 ? begun_ms + limit - now
                                    : connection->idle_since_ms + options->idle_timeout_ms - now;
    if (left_ms <= 0)
        end(connection, begun_ms != 0 ? too_slow : NULL);
    else
        check_in(connection, lower(left_ms, limit / CHECKS_PER_TIMEOUT + 1));
}

void gt_connection_drain(struct gt_connection *connection)
{
    char byte;
    int64_t now = now_ms(connection);
    if (connection->exchange != NULL || connection->begun_ms != 0 ||
        recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0 ||
        line_has_begun(connection, now))
        return;
    int64_t fresh_ms = connection->served ? 0 : connection->idle_since_ms + FRESH_MS - now;
    if (fresh_ms > 0)
        check_in(connection, fresh_ms);
    else
        end(connection, NULL);
}

static const char *name_peer(struct gt_connection *connection, const struct sockaddr *address)
{
    union {
        const struct sockaddr *any;
        const struct sockaddr_in *v4;
        const struct sockaddr_in6 *v6;
    } peer = {.any = address};
    char text[INET6_ADDRSTRLEN] = "";
    size_t room = sizeof(connection->peer_text);
    switch (address->sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &peer.v4->sin_addr, text, sizeof(text));
        snprintf(connection->peer_text, room, "%s:%u", text, ntohs(peer.v4->sin_port));
        return connection->peer_text;
    case AF_INET6:
        inet_ntop(AF_INET6, &peer.v6->sin6_addr, text, sizeof(text));
        snprintf(connection->peer_text, room, "[%s]:%u", text, ntohs(peer.v6->sin6_port));
        return connection->peer_text;
    default:
        return "unix";
    }
}

static struct gt_connection *open_connection(struct gt_server *server, struct MHD_Connection *mhd)
{
    struct gt_connection *connection = server->free_connections;
    if (connection != NULL)
        server->free_connections = connection->next;
    else
        connection = GT_NEW(server->arena, struct gt_connection);
    *connection = (struct gt_connection){.next = server->connections, .server = server, .mhd = mhd};
    if (server->connections != NULL)
        server->connections->previous = connection;
    server->connections = connection;
    server->connection_count++;
    connection->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    connection->peer = name_peer(
        connection, MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
    connection->idle_since_ms = now_ms(connection);
    check_in(connection, server->options.request_timeout_ms / CHECKS_PER_TIMEOUT + 1);
    return connection;
}

static void close_connection(struct gt_connection *connection)
{
    struct gt_server *server = connection->server;
    if (connection->watched)
        gt_loop_io(server->loop, connection->fd, 0, NULL, NULL);
    gt_timer_cancel(connection->timer);
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    connection->next = server->free_connections;
    server->free_connections = connection;
    server->connection_count--;
    gt_accept_resume(server);
    gt_server_check_drained(server);
}

void gt_connection_notify(void *payload, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct gt_server *server = payload;
    server->fruitless = 0;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = open_connection(server, mhd);
        return;
    }
    struct gt_connection *connection = *context;
    connection->mhd = NULL;
    void *exchange = connection->exchange;
    gt_request_completed(server, mhd, &exchange, MHD_REQUEST_TERMINATED_WITH_ERROR);
    close_connection(connection);
    *context = NULL;
}

static void on_hangup(void *payload, int fd, unsigned ready)
{
    (void)ready;
    struct gt_connection *connection = payload;
    struct gt_exchange *exchange = connection->exchange;
    gt_loop_io(connection->server->loop, fd, 0, NULL, NULL);
    connection->watched = false;
    if (exchange == NULL || !exchange->handed || exchange->answered)
        return; /* libmicrohttpd finds out by itself */
    exchange->aborted = true;
    if (exchange->suspended) {
        exchange->suspended = false;
        MHD_resume_connection(connection->mhd);
    }
    gt_server_plan_run(connection->server);
    gt_exchange_tell_gone(exchange);
}

void gt_connection_watch(struct gt_connection *connection)
{
    if (connection->watched)
        return;
    connection->watched = true;
    gt_loop_io(connection->server->loop, connection->fd, GT_IO_HANGUP, on_hangup, connection);
}

void gt_connection_reset(struct gt_connection *connection)
{
    const struct linger linger = {.l_onoff = 1};
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    /* This resets at once. libmicrohttpd shuts a socket down before it closes it, and the client
     * would see an orderly end first. */
    if (connect(connection->fd, &nowhere, sizeof(nowhere)) != 0)
        shutdown(connection->fd, SHUT_RDWR);
}
