/* How a connection comes to stand: the addresses one after the other, and the greeting. */
#define _GNU_SOURCE /* TCP_USER_TIMEOUT and its like */
#include "link_parts.h"

#include <errno.h>
#include <gantry/base/str.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

enum { KEEPALIVE_S = 30, USER_TIMEOUT_MS = 30000 };

/* -- the greeting -- */

/* Why a greeting was refused, by how the error begins. Not the text itself, which may quote the
 * password. */
static const struct {
    const char *prefix, *reason;
} refusals[] = {
    {"LOADING", "the server is loading its data"},
    {"NOAUTH", "the server asks for a password"},
    {"ERR max number of clients", "the server has as many clients as it allows"},
    {"DENIED", "the server is in protected mode and refuses clients from elsewhere"},
    {"MASTERDOWN", "the server has lost its master"},
};

static const char *refusal_of(const struct gt_redis_greeting *greeting, const char *error)
{
    for (size_t i = 0; i < GT_COUNT(refusals); i++)
        if (gt_starts_with(error, refusals[i].prefix))
            return refusals[i].reason;
    return greeting->refused;
}

static void on_greeted(struct gt_redis_job *job, struct gt_redis_reply *reply, const char *reason,
                       bool sent)
{
    struct gt_redis_greeting *greeting = (struct gt_redis_greeting *)job;
    struct gt_redis_link *link = greeting->link;
    (void)reason;
    (void)sent;
    bool last = ++link->greeted == link->greetings_count;
    /* A user that may not PING is there all the same. */
    bool good = !last
                    ? reply->kind == GT_REDIS_STATUS
                    : (reply->kind == GT_REDIS_STATUS && gt_streq(reply->text, "PONG")) ||
                          (reply->kind == GT_REDIS_ERROR && gt_starts_with(reply->text, "NOPERM"));
    if (!good) {
        gt_redis_link_lose(link, reply->kind == GT_REDIS_ERROR
                                     ? refusal_of(greeting, reply->text)
                                     : "the server does not speak Redis' protocol");
    } else if (last) {
        gt_redis_link_stop(&link->deadline);
        link->state = GT_REDIS_READY;
        link->options.ready(link->options.payload, link, NULL);
    }
    gt_redis_reply_free(reply);
}

static void add_greeting(struct gt_redis_link *link, const char *const *words, const char *refused)
{
    struct gt_redis_greeting *greeting = &link->greetings[link->greetings_count++];
    *greeting = (struct gt_redis_greeting){
        .job = {.words = &greeting->words, .caps = {1024, 16}, .done = on_greeted},
        .link = link,
        .refused = refused,
    };
    for (size_t i = 0; words[i] != NULL; i++)
        gt_redis_word(link->arena, &greeting->words, words[i], strlen(words[i]));
}

void gt_redis_link_prepare(struct gt_redis_link *link)
{
    const char *username = link->options.username, *password = link->options.password;
    const char *database = gt_printf(link->arena, "%lld", (long long)link->options.database);
    if (password != NULL)
        add_greeting(link,
                     username != NULL ? (const char *const[]){"AUTH", username, password, NULL}
                                      : (const char *const[]){"AUTH", password, NULL},
                     "the server does not accept the user or the password");
    if (link->options.database != 0)
        add_greeting(
            link, (const char *const[]){"SELECT", database, NULL},
            gt_printf(link->arena, "the server does not let database %s be used", database));
    add_greeting(link, (const char *const[]){"PING", NULL}, "the server refuses to answer");
}

/* -- connecting -- */

static void on_deadline(void *payload)
{
    struct gt_redis_link *link = payload;
    link->deadline = NULL;
    if (link->state == GT_REDIS_CONNECTING && link->address + 1 < link->addresses.count) {
        gt_redis_link_close(link);
        link->address++;
        gt_redis_link_try(link);
        return;
    }
    gt_redis_link_lose(link, link->state == GT_REDIS_CONNECTING
                                 ? "no connection within the time that it may take"
                                 : "the server does not answer");
}

static void set_up(int fd, int family)
{
    static const struct {
        int name, value;
    } options[] = {
        {TCP_NODELAY, 1},
        {TCP_KEEPIDLE, KEEPALIVE_S},
        {TCP_KEEPINTVL, KEEPALIVE_S / 3},
        {TCP_USER_TIMEOUT, USER_TIMEOUT_MS},
    };
    const int on = 1;
    if (family == AF_UNIX)
        return;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    for (size_t i = 0; i < GT_COUNT(options); i++)
        setsockopt(fd, IPPROTO_TCP, options[i].name, &options[i].value, sizeof(options[i].value));
}

static void give_up_address(struct gt_redis_link *link, int code)
{
    const char *text = strerror(code);
    size_t len = strlen(text) < sizeof(link->problem) ? strlen(text) : sizeof(link->problem) - 1;
    memcpy(link->problem, text, len);
    link->problem[len] = '\0';
    gt_redis_link_close(link);
    gt_redis_link_stop(&link->deadline);
    if (++link->address < link->addresses.count)
        gt_redis_link_try(link);
    else
        gt_redis_link_lose(link, link->problem);
}

void gt_redis_link_connected(struct gt_redis_link *link)
{
    int code = 0;
    socklen_t len = sizeof(code);
    if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
        code = errno;
    if (code != 0) {
        give_up_address(link, code);
        return;
    }
    link->state = GT_REDIS_GREETING;
    for (size_t i = 0; i < link->greetings_count && link->state == GT_REDIS_GREETING; i++)
        gt_redis_link_send(link, &link->greetings[i].job);
    gt_redis_link_want(link);
}

void gt_redis_link_try(struct gt_redis_link *link)
{
    const struct gt_address *address = &link->addresses.list[link->address];
    int64_t share = link->options.connect_timeout_ms / (int64_t)link->addresses.count;
    int family = address->at.ss_family;
    link->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    link->deadline = gt_timer_start(link->options.loop, share > 0 ? share : 1, on_deadline, link);
    if (link->fd < 0) {
        give_up_address(link, errno);
        return;
    }
    set_up(link->fd, family);
    if (connect(link->fd, (const struct sockaddr *)&address->at, address->len) < 0 &&
        errno != EINPROGRESS) {
        give_up_address(link, errno);
        return;
    }
    gt_redis_link_watch(link, GT_IO_WRITE);
}
