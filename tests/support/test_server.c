#define _GNU_SOURCE /* MAP_ANONYMOUS, strcasestr */
#include "test_server.h"

#include <arpa/inet.h>
#include <gantry/base/arena.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void count_open(struct gt_test_counts *counts)
{
    atomic_fetch_add(&counts->connections, 1);
    int open = atomic_fetch_add(&counts->open, 1) + 1;
    int most = atomic_load(&counts->most_open);
    while (open > most && !atomic_compare_exchange_weak(&counts->most_open, &most, open)) {
    }
}

/* A test that fails ends without stopping its server: the end of its pipe does. */
static void wait_for_client(int listener, int parent)
{
    struct pollfd fds[] = {{.fd = listener, .events = POLLIN}, {.fd = parent, .events = POLLIN}};
    while (poll(fds, 2, -1) < 0 || fds[1].revents == 0)
        if (fds[0].revents != 0)
            return;
    kill(0, SIGKILL);
}

static void accept_forever(int listener, int parent, gt_test_serve_fn *serve,
                           struct gt_test_counts *counts)
{
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        wait_for_client(listener, parent);
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            _exit(1);
        count_open(counts);
        if (fork() == 0) {
            close(listener);
            serve(fd, counts);
            /* Whoever else still has it: the client sees the end before it is counted. */
            shutdown(fd, SHUT_RDWR);
            close(fd);
            atomic_fetch_sub(&counts->open, 1);
            _exit(0);
        }
        close(fd);
    }
}

struct gt_test_server gt_test_server_start(gt_test_serve_fn *serve)
{
    struct gt_test_server server = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    server.counts = mmap(NULL, sizeof(*server.counts), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int parent[2];
    if (listener < 0 || pipe(parent) != 0 || server.counts == MAP_FAILED ||
        bind(listener, (struct sockaddr *)&address, len) != 0 || listen(listener, 64) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) != 0)
        gt_die("cannot start the test server");
    server.port = ntohs(address.sin_port);
    server.pid = fork();
    if (server.pid == 0) {
        setpgid(0, 0);
        close(parent[1]);
        accept_forever(listener, parent[0], serve, server.counts);
    }
    close(parent[0]);
    server.parent_fd = parent[1];
    setpgid(server.pid, server.pid);
    close(listener);
    return server;
}

void gt_test_server_stop(struct gt_test_server *server)
{
    kill(-server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    close(server->parent_fd);
    munmap(server->counts, sizeof(*server->counts));
}

bool gt_test_read_request(int fd, char *bytes, size_t max, struct gt_test_counts *counts)
{
    size_t len = 0;
    for (;;) {
        ssize_t got = read(fd, bytes + len, max - 1 - len);
        if (got <= 0)
            return false;
        len += (size_t)got;
        bytes[len] = '\0';
        const char *end = strstr(bytes, "\r\n\r\n");
        if (end == NULL)
            continue;
        const char *length = strcasestr(bytes, "\r\ncontent-length:");
        size_t body = length == NULL || length > end ? 0 : strtoul(length + 17, NULL, 10);
        if (len >= (size_t)(end + 4 - bytes) + body)
            break;
    }
    atomic_fetch_add(&counts->requests, 1);
    return true;
}

void gt_test_write(int fd, const char *text)
{
    for (size_t len = strlen(text); len > 0;) {
        ssize_t written = write(fd, text, len);
        if (written <= 0)
            return;
        text += written;
        len -= (size_t)written;
    }
}

void gt_test_sleep_ms(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}
