/*
 * A server under test and raw clients of it on one loop: a client says bytes and waits for bytes,
 * so a test can misbehave on the wire in ways that no HTTP library would.
 */
#ifndef GANTRY_TESTS_RAW_CLIENT_H
#define GANTRY_TESTS_RAW_CLIENT_H

#include "net_suites.h"

#include <gantry/net/server.h>

enum raw_end { RAW_OPEN, RAW_CLOSED, RAW_RESET };

struct raw_client {
    int fd;
    struct gt_buf in; /* what came and was not taken */
    enum raw_end end;
};

enum { HELD_MAX = 1200 };

extern struct gt_arena *raw_arena;
extern struct gt_loop *raw_loop;
extern struct gt_server *raw_server;
extern struct gt_exchange *held[HELD_MAX]; /* by the handler `hold`, in order */
extern size_t held_count, handled, gone_count;

void raw_setup(void);
void raw_teardown(void);

/* The server, with `options` where they are set: the handler too, else `echo`. */
void raw_serve(struct gt_server_options options);
void raw_echo(void *payload, struct gt_exchange *exchange);
void raw_hold(void *payload, struct gt_exchange *exchange); /* and counts who goes */

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"

struct raw_client *raw_connect(void);
struct raw_client *raw_connect_unix(const char *path);
void raw_close(struct raw_client *client);
void raw_say(struct raw_client *client, const char *text);
void raw_say_bytes(struct raw_client *client, const char *bytes, size_t len);
/* Runs the loop until `text` has come, and takes all up to its end; what was taken. */
const char *raw_await(struct raw_client *client, const char *text);
const char *raw_await_bytes(struct raw_client *client, size_t len);
/* Reads again after gt_loop_unwatch(raw_loop, client->fd), which makes a client slow. */
void raw_watch(struct raw_client *client);
/* Until the server ended the connection; how. */
enum raw_end raw_await_end(struct raw_client *client);
void raw_await_held(size_t count);
void raw_await_gone(size_t count);
/* A server whose handler holds what comes, and a client of which it holds one request. */
struct raw_client *raw_serve_held(void);
void raw_run_ms(int64_t ms);

/* Reads one answer with Content-Length; its body. */
const char *raw_await_answer(struct raw_client *client, int status);

#endif
