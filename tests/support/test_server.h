/*
 * A raw TCP server on a port of 127.0.0.1 for tests of clients: a process of its own, one more per
 * connection, so a test can misbehave on the wire in ways that no HTTP library would.
 */
#ifndef GANTRY_TESTS_TEST_SERVER_H
#define GANTRY_TESTS_TEST_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct gt_test_counts { /* shared with the server's processes */
    atomic_int connections, open, most_open, requests;
};

/* Serves one connection, which is closed when it returns. Runs in a process of its own. */
typedef void gt_test_serve_fn(int fd, struct gt_test_counts *counts);

struct gt_test_server {
    int port;
    pid_t pid;
    int parent_fd; /* its end ends the server */
    struct gt_test_counts *counts;
};

struct gt_test_server gt_test_server_start(gt_test_serve_fn *serve);
void gt_test_server_stop(struct gt_test_server *server);

/* For serve functions: reads one request, headers and body, and counts it; false at the end. */
bool gt_test_read_request(int fd, char *bytes, size_t max, struct gt_test_counts *counts);
void gt_test_write(int fd, const char *text);

void gt_test_sleep_ms(long ms);

#endif
