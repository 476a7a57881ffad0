/*
 * Load at a constant rate, without coordinated omission: requests are due at fixed times, whether
 * or not earlier ones were answered, and latency counts from the time at which a request was due. A
 * closed loop sends less as soon as the server stalls, and so leaves out what it wants to know.
 *
 *   paced HOST PORT PATH RATE SECONDS CONNECTIONS BODY
 *
 * POSTs BODY and prints one line of JSON: counts, and percentiles in milliseconds. An answer that
 * is not 200, or says "isError":true, is an error. HOST is a numeric IPv4 address.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_MAX = 64 * 1024, CONNECTIONS_MAX = 4096, DRAIN_S = 10 };
static const int64_t second = 1000000000;

struct connection {
    int64_t due; /* of the request under way; 0: none */
    size_t len;
    char answer[ANSWER_MAX];
};

struct run {
    struct connection *connections;
    struct pollfd *fds;
    size_t connection_count;
    size_t *idle, idle_count;
    const char *request;
    size_t request_len;
    int64_t *latencies;
    size_t done, sent, total, errors, late;
    int64_t begin, ended;
    double gap; /* nanoseconds between two requests */
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * second + at.tv_nsec;
}

static int64_t due_of(const struct run *run, size_t index)
{
    return run->begin + (int64_t)((double)index * run->gap);
}

static int connect_to(const char *host, const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (fd < 0 || inet_pton(AF_INET, host, &address.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

/* The length of the whole answer once its head is there, else 0. */
static size_t length_of(const struct connection *connection)
{
    const char *end = strstr(connection->answer, "\r\n\r\n");
    const char *field = strcasestr(connection->answer, "\r\ncontent-length:");
    if (end == NULL)
        return 0;
    if (field == NULL || field > end) {
        fputs("an answer without Content-Length\n", stderr);
        exit(1);
    }
    return (size_t)(end + 4 - connection->answer) + strtoul(field + 17, NULL, 10);
}

static bool is_good(const struct connection *connection)
{
    return strncmp(connection->answer, "HTTP/1.1 200", 12) == 0 &&
           strstr(connection->answer, "\"isError\":true") == NULL &&
           strstr(connection->answer, "\"error\":") == NULL;
}

static void receive(struct run *run, size_t index)
{
    struct connection *connection = &run->connections[index];
    ssize_t got = recv(run->fds[index].fd, connection->answer + connection->len,
                       ANSWER_MAX - 1 - connection->len, 0);
    if (got <= 0 || connection->due == 0) {
        fputs("the server closed a connection\n", stderr);
        exit(1);
    }
    connection->len += (size_t)got;
    connection->answer[connection->len] = '\0';
    size_t length = length_of(connection);
    if (length >= ANSWER_MAX) {
        fputs("an answer is too long\n", stderr);
        exit(1);
    }
    if (length == 0 || connection->len < length)
        return;
    run->ended = now();
    run->latencies[run->done++] = run->ended - connection->due;
    run->errors += !is_good(connection);
    connection->due = 0;
    run->idle[run->idle_count++] = index;
}

/* What is due and has a connection goes out; the rest waits, and its time counts. */
static void send_due(struct run *run)
{
    int64_t at = now();
    while (run->sent < run->total && run->idle_count > 0 && due_of(run, run->sent) <= at) {
        size_t index = run->idle[--run->idle_count];
        struct connection *connection = &run->connections[index];
        connection->due = due_of(run, run->sent++);
        connection->len = 0;
        run->late += at - connection->due > second / 1000;
        if (send(run->fds[index].fd, run->request, run->request_len, MSG_NOSIGNAL) !=
            (ssize_t)run->request_len)
            die("send");
    }
}

static void turn(struct run *run)
{
    send_due(run);
    int64_t wait = second / 10;
    if (run->sent < run->total && run->idle_count > 0)
        wait = due_of(run, run->sent) - now();
    wait = wait < 0 ? 0 : wait;
    const struct timespec timeout = {.tv_sec = wait / second, .tv_nsec = wait % second};
    int ready = ppoll(run->fds, run->connection_count, &timeout, NULL);
    if (ready < 0 && errno != EINTR)
        die("ppoll");
    for (size_t i = 0; ready > 0 && i < run->connection_count; i++)
        if (run->fds[i].revents != 0)
            receive(run, i);
}

static int compare(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static double percentile(const struct run *run, double share)
{
    size_t rank = (size_t)(share * (double)run->done + 0.999999);
    rank = rank == 0 ? 1 : rank > run->done ? run->done : rank;
    return run->done == 0 ? 0 : (double)run->latencies[rank - 1] / 1e6;
}

static void print(struct run *run)
{
    qsort(run->latencies, run->done, sizeof(*run->latencies), compare);
    printf("{\"sent\": %zu, \"answered\": %zu, \"errors\": %zu, \"sent_late\": %zu, "
           "\"per_second\": %.1f, \"p50\": %.3f, \"p90\": %.3f, \"p99\": %.3f, \"p99.9\": %.3f, "
           "\"max\": %.3f}\n",
           run->sent, run->done, run->errors, run->late,
           (double)run->done * 1e9 / (double)(run->ended - run->begin), percentile(run, 0.5),
           percentile(run, 0.9), percentile(run, 0.99), percentile(run, 0.999), percentile(run, 1));
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL)
        die("calloc");
    return memory;
}

static void prepare(struct run *run, char **argv)
{
    char *request = NULL;
    int len = asprintf(&request,
                       "POST %s HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/json\r\n"
                       "Accept: application/json, text/event-stream\r\n"
                       "MCP-Protocol-Version: 2025-11-25\r\nContent-Length: %zu\r\n\r\n%s",
                       argv[3], argv[1], argv[2], strlen(argv[7]), argv[7]);
    if (len < 0)
        die("asprintf");
    run->request = request;
    run->request_len = (size_t)len;
    run->latencies = allocate(run->total, sizeof(*run->latencies));
    run->connections = allocate(run->connection_count, sizeof(*run->connections));
    run->fds = allocate(run->connection_count, sizeof(*run->fds));
    run->idle = allocate(run->connection_count, sizeof(*run->idle));
    for (size_t i = 0; i < run->connection_count; i++) {
        run->fds[i] = (struct pollfd){.fd = connect_to(argv[1], argv[2]), .events = POLLIN};
        run->idle[run->idle_count++] = i;
    }
}

int main(int argc, char **argv)
{
    struct run run = {0};
    double rate = argc == 8 ? strtod(argv[4], NULL) : 0;
    double seconds = argc == 8 ? strtod(argv[5], NULL) : 0;
    run.connection_count = argc == 8 ? strtoul(argv[6], NULL, 10) : 0;
    if (rate < 1 || rate > 1e6 || seconds <= 0 || seconds > 3600 || run.connection_count == 0 ||
        run.connection_count > CONNECTIONS_MAX) {
        fputs("usage: paced HOST PORT PATH RATE SECONDS CONNECTIONS BODY\n", stderr);
        return 64;
    }
    run.total = (size_t)(rate * seconds);
    run.gap = 1e9 / rate;
    prepare(&run, argv);
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    run.begin = run.ended = now() + second / 100;
    int64_t limit = run.begin + (int64_t)(seconds * 1e9) + DRAIN_S * second;
    while (run.done < run.total && now() < limit)
        turn(&run);
    print(&run);
    return run.done == run.total && run.errors == 0 ? 0 : 1;
}
