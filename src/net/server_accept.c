/*
 * Accepting connections and handing them to libmicrohttpd. Left to itself it would spin when the
 * process has no descriptor left for its first client, and with a client wait for that one to go
 * before it listens again.
 */
#define _GNU_SOURCE /* accept4 */

#include "server_internal.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_AT_ONCE = 64, LACK_MS = 50 };

static void on_clients(void *payload, int fd, unsigned ready);

static void listen_to(struct gt_server *server, bool listens)
{
    if (listens != server->listens)
        gt_loop_io(server->loop, server->listener->fd, listens ? GT_IO_READ : 0, on_clients,
                   server);
    server->listens = listens;
}

static void on_lack_over(void *payload)
{
    struct gt_server *server = payload;
    server->lack_timer = NULL;
    gt_accept_resume(server);
}

static bool is_lack(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void on_clients(void *payload, int fd, unsigned ready)
{
    struct gt_server *server = payload;
    (void)ready;
    for (int i = 0; i < MOST_AT_ONCE && server->connection_count < server->most_connections; i++) {
        union {
            struct sockaddr any;
            struct sockaddr_storage room;
        } address;
        socklen_t len = sizeof(address);
        int client = accept4(fd, &address.any, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client >= 0) {
            MHD_add_connection(server->daemon, client, &address.any, len); /* or closes it */
            continue;
        }
        if (is_lack(errno)) {
            listen_to(server, false);
            server->lack_timer = gt_timer_background(server->loop, LACK_MS, on_lack_over, server);
        }
        return; /* the next one, if there is one, in the next turn */
    }
    if (server->connection_count >= server->most_connections)
        listen_to(server, false);
}

void gt_accept_resume(struct gt_server *server)
{
    if (!server->draining && server->lack_timer == NULL &&
        server->connection_count < server->most_connections)
        listen_to(server, true);
}

void gt_accept_stop(struct gt_server *server)
{
    struct gt_listening *listener = server->listener;
    gt_timer_cancel(server->lack_timer);
    server->lack_timer = NULL;
    listen_to(server, false);
    gt_listening_remove(listener);
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
}
