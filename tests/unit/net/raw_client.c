#include "raw_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <loop_run.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct gt_arena *raw_arena;
struct gt_loop *raw_loop;
struct gt_server *raw_server;
struct gt_exchange *held[HELD_MAX];
size_t held_count, handled, gone_count;

enum { PATIENCE_MS = 60000 };

static struct raw_client clients[HELD_MAX];
static size_t client_count;
static bool gave_up;

void raw_setup(void)
{
    raw_arena = gt_arena_new();
    raw_loop = gt_loop_new(gt_sys_real());
    raw_server = NULL;
    held_count = handled = gone_count = client_count = 0;
}

void raw_teardown(void)
{
    gt_server_free(raw_server);
    for (size_t i = 0; i < client_count; i++)
        raw_close(&clients[i]);
    gt_loop_free(raw_loop);
    gt_arena_free(raw_arena);
}

static void stop(void *payload)
{
    (void)payload;
    gt_loop_stop(raw_loop);
}

static void on_gone(void *payload)
{
    (void)payload;
    gone_count++;
    gt_loop_stop(raw_loop);
}

void raw_hold(void *payload, struct gt_exchange *exchange)
{
    (void)payload;
    ck_assert_uint_lt(held_count, HELD_MAX);
    held[held_count++] = exchange;
    gt_exchange_on_gone(exchange, on_gone, exchange);
    gt_loop_stop(raw_loop);
}

/* "METHOD path?query name=value ... [body]" */
void raw_echo(void *payload, struct gt_exchange *exchange)
{
    (void)payload;
    const struct gt_request *request = gt_exchange_request(exchange);
    struct gt_buf text = gt_buf_init(64 * 1024 * 1024);
    handled++;
    gt_buf_addf(&text, "%s %s?%s", request->method, request->path,
                request->query == NULL ? "(none)" : request->query);
    for (size_t i = 0; i < request->header_count; i++)
        gt_buf_addf(&text, " %s=%s", request->headers[i].name, request->headers[i].value);
    gt_buf_addf(&text, " [%s]", request->body);
    ck_assert_uint_eq(strlen(request->body), request->body_len);
    gt_reply(exchange, 200, NULL, 0, text.ptr, text.len);
    gt_buf_done(&text);
}

void raw_serve(struct gt_server_options options)
{
    struct gt_diags diags = gt_diags_init(raw_arena);
    if (options.handler == NULL)
        options.handler = raw_echo;
    if (options.host == NULL && options.unix_path == NULL)
        options.host = "127.0.0.1";
    ck_assert(gt_server_start(raw_loop, &options, &raw_server, &diags));
}

static void on_bytes(void *payload, int fd)
{
    struct raw_client *client = payload;
    char bytes[16 * 1024];
    ssize_t got = read(fd, bytes, sizeof(bytes));
    if (got > 0) {
        gt_buf_add(&client->in, bytes, (size_t)got);
    } else if (got == 0 || errno != EAGAIN) {
        client->end = got == 0 ? RAW_CLOSED : RAW_RESET;
        gt_loop_unwatch(raw_loop, fd);
    }
    gt_loop_stop(raw_loop);
}

void raw_watch(struct raw_client *client)
{
    gt_loop_watch(raw_loop, client->fd, on_bytes, client);
}

static struct raw_client *opened(int fd, const struct sockaddr *address, socklen_t len)
{
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, address, len), 0);
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    ck_assert_uint_lt(client_count, HELD_MAX);
    struct raw_client *client = &clients[client_count++];
    *client = (struct raw_client){.fd = fd, .in = gt_buf_init(128 * 1024 * 1024)};
    raw_watch(client);
    return client;
}

struct raw_client *raw_connect(void)
{
    const union {
        struct sockaddr any;
        struct sockaddr_in v4;
    } address = {.v4 = {.sin_family = AF_INET,
                        .sin_port = htons((uint16_t)gt_server_port(raw_server)),
                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    return opened(socket(AF_INET, SOCK_STREAM, 0), &address.any, sizeof(address.v4));
}

struct raw_client *raw_connect_unix(const char *path)
{
    union {
        struct sockaddr any;
        struct sockaddr_un un;
    } address = {.un.sun_family = AF_UNIX};
    memcpy(address.un.sun_path, path, strlen(path) + 1);
    return opened(socket(AF_UNIX, SOCK_STREAM, 0), &address.any, sizeof(address.un));
}

void raw_close(struct raw_client *client)
{
    if (client->fd < 0)
        return;
    if (client->end == RAW_OPEN)
        gt_loop_unwatch(raw_loop, client->fd);
    close(client->fd);
    gt_buf_done(&client->in);
    client->fd = -1;
}

static void give_up(void *payload)
{
    (void)payload;
    gave_up = true;
    gt_loop_stop(raw_loop);
}

static void run_until(bool (*done)(void *payload, const char *text), void *payload,
                      const char *text)
{
    struct gt_timer *timer = gt_timer_start(raw_loop, PATIENCE_MS, give_up, NULL);
    gave_up = false;
    while (!done(payload, text) && !gave_up)
        gt_loop_run(raw_loop);
    ck_assert_msg(!gave_up, "waited in vain for %s", text);
    gt_timer_cancel(timer);
}

void raw_run_ms(int64_t ms)
{
    gt_test_run_ms(raw_loop, ms);
}

static bool writable(void *payload, const char *text)
{
    (void)text;
    struct raw_client *client = payload;
    gt_timer_start(raw_loop, 1, stop, NULL);
    return send(client->fd, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL) == 0;
}

void raw_say_bytes(struct raw_client *client, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(client->fd, bytes, len, MSG_NOSIGNAL);
        if (sent < 0) {
            ck_assert_int_eq(errno, EAGAIN);
            run_until(writable, client, "room to write");
            raw_run_ms(1);
            continue;
        }
        bytes += sent;
        len -= (size_t)sent;
    }
}

void raw_say(struct raw_client *client, const char *text)
{
    raw_say_bytes(client, text, strlen(text));
}

static const char *found(const struct raw_client *client, const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= client->in.len; i++)
        if (memcmp(client->in.ptr + i, text, len) == 0)
            return client->in.ptr + i + len;
    return NULL;
}

static bool has_come(void *payload, const char *text)
{
    const struct raw_client *client = payload;
    bool here = found(client, text) != NULL;
    ck_assert_msg(here || client->end == RAW_OPEN, "the end came before \"%s\": %s", text,
                  gt_buf_text(&client->in));
    return here;
}

static const char *take(struct raw_client *client, size_t len)
{
    const char *taken = gt_strndup(raw_arena, gt_buf_text(&client->in), len);
    client->in.len -= len;
    memmove(client->in.ptr, client->in.ptr + len, client->in.len + 1);
    return taken;
}

const char *raw_await(struct raw_client *client, const char *text)
{
    run_until(has_come, client, text);
    return take(client, (size_t)(found(client, text) - client->in.ptr));
}

static bool has_bytes(void *payload, const char *text)
{
    const struct raw_client *client = payload;
    bool enough = client->in.len >= strtoul(text, NULL, 10);
    ck_assert_msg(enough || client->end == RAW_OPEN, "the end came before %s bytes", text);
    return enough;
}

const char *raw_await_bytes(struct raw_client *client, size_t len)
{
    run_until(has_bytes, client, gt_printf(raw_arena, "%zu", len));
    return take(client, len);
}

const char *raw_await_answer(struct raw_client *client, int status)
{
    const char *head = raw_await(client, "\r\n\r\n");
    ck_assert_msg(strtol(head + strlen("HTTP/1.1 "), NULL, 10) == status, "%s", head);
    const char *length = strstr(head, "\r\nContent-Length: ");
    ck_assert_ptr_nonnull(length);
    length += strlen("\r\nContent-Length: ");
    return raw_await_bytes(client, strtoul(length, NULL, 10));
}

static bool has_ended(void *payload, const char *text)
{
    (void)text;
    return ((struct raw_client *)payload)->end != RAW_OPEN;
}

enum raw_end raw_await_end(struct raw_client *client)
{
    run_until(has_ended, client, "the end");
    return client->end;
}

static bool are_held(void *payload, const char *text)
{
    (void)text;
    return held_count >= *(size_t *)payload;
}

void raw_await_held(size_t count)
{
    run_until(are_held, &count, "requests");
}

static bool are_gone(void *payload, const char *text)
{
    (void)text;
    return gone_count >= *(size_t *)payload;
}

void raw_await_gone(size_t count)
{
    run_until(are_gone, &count, "clients to go");
}

struct raw_client *raw_serve_held(void)
{
    raw_serve((struct gt_server_options){.handler = raw_hold});
    struct raw_client *client = raw_connect();
    raw_say(client, GET("/"));
    raw_await_held(1);
    return client;
}
