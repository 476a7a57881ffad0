#define _GNU_SOURCE /* TCP_USER_TIMEOUT and its like */
#include "link.h"

#include <errno.h>
#include <gantry/base/buf.h>
#include <gantry/base/str.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

enum {
    CHUNK = 16 * 1024,
    CHUNKS = 16, /* that are read in one turn, so that others get theirs */
    OUT_MAX = 256 * 1024 * 1024,
    OUT_KEPT = 256 * 1024, /* of an empty buffer's memory */
    KEEPALIVE_S = 30,
    USER_TIMEOUT_MS = 30000,
    GREETINGS = 3
};

enum state { CONNECTING, GREETING, READY, BROKEN };

struct greeting {
    struct gt_redis_job job; /* first */
    struct gt_redis_link *link;
    struct gt_redis_words words;
    const char *refused; /* what an error means */
};

struct gt_redis_link {
    struct gt_arena *arena; /* wiped: the greeting holds the password */
    struct gt_redis_link_options options;
    struct gt_addresses addresses;
    size_t address; /* that is being tried */
    int fd;         /* -1: none */
    unsigned interest;
    enum state state;
    struct gt_redis_reader *reader;
    struct gt_buf out;
    size_t written;                        /* of `out` */
    uint64_t gone;                         /* bytes that were sent before what is in `out` */
    struct gt_redis_job *open, **open_end; /* in the order of their answers */
    size_t count;
    struct gt_timer *flush, *deadline, *stall;
    int64_t moved_ms;  /* when the server got on with something */
    size_t since_move; /* bytes that came since then */
    struct greeting greetings[GREETINGS];
    size_t greeted, greetings_count;
    char problem[160]; /* why the last address could not be used */
    unsigned depth;
    bool freed;
};

static void on_io(void *payload, int fd, unsigned ready);
static void try_address(struct gt_redis_link *link);

void gt_redis_word(struct gt_arena *arena, struct gt_redis_words *words, const char *text,
                   size_t len)
{
    if (words->count == words->room) {
        size_t room = words->room == 0 ? 8 : words->room * 2;
        const char **at = gt_calloc(arena, room, sizeof(*at));
        size_t *lens = gt_calloc(arena, room, sizeof(*lens));
        for (size_t i = 0; i < words->count; i++) {
            at[i] = words->at[i];
            lens[i] = words->lens[i];
        }
        *words = (struct gt_redis_words){at, lens, words->count, room};
    }
    words->at[words->count] = text;
    words->lens[words->count++] = len;
}

/* -- life -- */

static int64_t now_ms(const struct gt_redis_link *link)
{
    return gt_monotonic_ms(gt_loop_sys(link->options.loop));
}

static void watch(struct gt_redis_link *link, unsigned interest)
{
    if (link->interest != interest)
        gt_loop_watch_io(link->options.loop, link->fd, interest, on_io, link);
    link->interest = interest;
}

static void close_socket(struct gt_redis_link *link)
{
    if (link->fd < 0)
        return;
    watch(link, 0);
    close(link->fd);
    link->fd = -1;
}

static void cancel(struct gt_timer **timer)
{
    gt_timer_cancel(*timer);
    *timer = NULL;
}

static void disconnect(struct gt_redis_link *link)
{
    close_socket(link);
    cancel(&link->flush);
    cancel(&link->deadline);
    cancel(&link->stall);
    link->state = BROKEN;
}

static struct gt_redis_job *next_job(struct gt_redis_link *link)
{
    struct gt_redis_job *job = link->open;
    link->open = job->next;
    if (link->open == NULL)
        link->open_end = &link->open;
    link->count--;
    return job;
}

static void tell_lost(struct gt_redis_link *link, const char *reason)
{
    uint64_t sent = link->gone + link->written;
    while (link->open != NULL) {
        struct gt_redis_job *job = next_job(link);
        job->done(job, NULL, reason, job->from < sent);
    }
}

static void enter(struct gt_redis_link *link)
{
    link->depth++;
}

static void leave(struct gt_redis_link *link)
{
    if (--link->depth > 0 || !link->freed)
        return;
    gt_redis_reader_free(link->reader);
    gt_buf_wipe(&link->out);
    gt_arena_free(link->arena);
}

/* Its jobs are the link's own: nobody is to be told. */
static void drop_greeting(struct gt_redis_link *link)
{
    link->open = NULL;
    link->count = 0;
}

void gt_redis_link_free(struct gt_redis_link *link, const char *reason)
{
    enter(link);
    link->freed = true;
    if (link->state == GREETING)
        drop_greeting(link);
    disconnect(link);
    tell_lost(link, reason);
    leave(link);
}

/* `reason` may be of the reader or of a reply, which go before it is read last. */
static void lose(struct gt_redis_link *link, const char *reason)
{
    if (link->state == BROKEN)
        return;
    bool was_ready = link->state == READY, idle = link->open == NULL;
    reason = gt_one_line(link->arena, reason, sizeof(link->problem));
    enter(link);
    disconnect(link);
    if (was_ready) {
        link->options.lost(link->options.payload, link, reason, idle);
    } else {
        drop_greeting(link);
        link->options.ready(link->options.payload, link, reason);
    }
    leave(link);
}

/* -- time -- */

static void on_stall(void *payload)
{
    struct gt_redis_link *link = payload;
    int64_t left = link->moved_ms + link->options.command_timeout_ms - now_ms(link);
    link->stall = NULL;
    if (link->open == NULL)
        return;
    if (left <= 0)
        lose(link, "the server does not answer");
    else
        link->stall = gt_timer_start(link->options.loop, left, on_stall, link);
}

static void on_deadline(void *payload)
{
    struct gt_redis_link *link = payload;
    link->deadline = NULL;
    if (link->state == CONNECTING && link->address + 1 < link->addresses.count) {
        close_socket(link);
        link->address++;
        try_address(link);
        return;
    }
    lose(link, link->state == CONNECTING ? "no connection within the time that it may take"
                                         : "the server does not answer");
}

static void moved(struct gt_redis_link *link)
{
    link->moved_ms = now_ms(link);
    link->since_move = 0;
}

/* -- sending -- */

static void want(struct gt_redis_link *link)
{
    watch(link, GT_IO_READ | (link->written < link->out.len ? GT_IO_WRITE : 0));
}

static void write_out(struct gt_redis_link *link)
{
    while (link->written < link->out.len) {
        ssize_t n = send(link->fd, link->out.ptr + link->written, link->out.len - link->written,
                         MSG_NOSIGNAL);
        if (n > 0) {
            link->written += (size_t)n;
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            want(link);
            return;
        } else if (errno != EINTR) {
            lose(link, "the connection broke");
            return;
        }
    }
    link->gone += link->out.len;
    link->out.len = link->written = 0;
    if (link->out.cap > OUT_KEPT) {
        gt_buf_wipe(&link->out);
        link->out = gt_buf_init(OUT_MAX);
    }
    want(link);
}

static void on_flush(void *payload)
{
    struct gt_redis_link *link = payload;
    link->flush = NULL;
    write_out(link);
}

bool gt_redis_link_send(struct gt_redis_link *link, struct gt_redis_job *job)
{
    char *text = NULL;
    const struct gt_redis_words *words = job->words;
    int len = redisFormatCommandArgv(&text, (int)words->count, words->at, words->lens);
    if (len < 0 || link->out.len + (size_t)len > OUT_MAX) {
        redisFreeCommand(text);
        return false;
    }
    if (link->open == NULL)
        moved(link);
    job->next = NULL;
    job->from = link->gone + link->out.len;
    *link->open_end = job;
    link->open_end = &job->next;
    link->count++;
    gt_buf_add(&link->out, text, (size_t)len);
    redisFreeCommand(text);
    if (link->flush == NULL && link->written == 0)
        link->flush = gt_timer_start(link->options.loop, 0, on_flush, link);
    if (link->stall == NULL && link->state == READY)
        link->stall =
            gt_timer_start(link->options.loop, link->options.command_timeout_ms, on_stall, link);
    return true;
}

size_t gt_redis_link_open(const struct gt_redis_link *link)
{
    return link->count;
}

/* -- receiving -- */

static bool take_replies(struct gt_redis_link *link)
{
    static const struct gt_redis_caps unasked = {0};
    while (link->state != BROKEN) {
        const char *problem;
        struct gt_redis_reply *reply = gt_redis_reader_next(
            link->reader, link->open != NULL ? &link->open->caps : &unasked, &problem);
        if (problem != NULL)
            lose(link, problem);
        if (reply == NULL)
            break;
        if (link->open == NULL) {
            gt_redis_reply_free(reply);
            lose(link, "the server answered what it was not asked");
            break;
        }
        moved(link);
        struct gt_redis_job *job = next_job(link);
        job->done(job, reply, NULL, true);
    }
    return link->state != BROKEN;
}

/* True when there may be more. */
static bool read_some(struct gt_redis_link *link)
{
    char bytes[CHUNK];
    ssize_t n = recv(link->fd, bytes, sizeof(bytes), 0);
    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return false;
    if (n <= 0) {
        lose(link, n == 0 ? "the server closed the connection" : "the connection broke");
        return false;
    }
    link->since_move += (size_t)n;
    if (link->since_move >= CHUNK) /* a long answer, not a drop now and then */
        moved(link);
    if (!gt_redis_reader_feed(link->reader, bytes, (size_t)n)) {
        lose(link, "the server's answer cannot be read");
        return false;
    }
    if (!take_replies(link))
        return false;
    if (gt_redis_reader_held(link->reader) > link->options.max_reply_bytes + CHUNK) {
        lose(link, "the server's answer is larger than max_reply_bytes");
        return false;
    }
    return (size_t)n == sizeof(bytes);
}

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

static const char *refusal_of(const struct greeting *greeting, const char *error)
{
    for (size_t i = 0; i < GT_COUNT(refusals); i++)
        if (gt_starts_with(error, refusals[i].prefix))
            return refusals[i].reason;
    return greeting->refused;
}

static void on_greeted(struct gt_redis_job *job, struct gt_redis_reply *reply, const char *reason,
                       bool sent)
{
    struct greeting *greeting = (struct greeting *)job;
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
        lose(link, reply->kind == GT_REDIS_ERROR ? refusal_of(greeting, reply->text)
                                                 : "the server does not speak Redis' protocol");
    } else if (last) {
        cancel(&link->deadline);
        link->state = READY;
        link->options.ready(link->options.payload, link, NULL);
    }
    gt_redis_reply_free(reply);
}

static void add_greeting(struct gt_redis_link *link, const char *const *words, const char *refused)
{
    struct greeting *greeting = &link->greetings[link->greetings_count++];
    *greeting = (struct greeting){
        .job = {.words = &greeting->words, .caps = {1024, 16}, .done = on_greeted},
        .link = link,
        .refused = refused,
    };
    for (size_t i = 0; words[i] != NULL; i++)
        gt_redis_word(link->arena, &greeting->words, words[i], strlen(words[i]));
}

static void prepare_greeting(struct gt_redis_link *link)
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
    close_socket(link);
    cancel(&link->deadline);
    if (++link->address < link->addresses.count)
        try_address(link);
    else
        lose(link, link->problem);
}

static void on_connected(struct gt_redis_link *link)
{
    int code = 0;
    socklen_t len = sizeof(code);
    if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
        code = errno;
    if (code != 0) {
        give_up_address(link, code);
        return;
    }
    link->state = GREETING;
    for (size_t i = 0; i < link->greetings_count && link->state == GREETING; i++)
        gt_redis_link_send(link, &link->greetings[i].job);
    want(link);
}

static void try_address(struct gt_redis_link *link)
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
    watch(link, GT_IO_WRITE);
}

static void on_io(void *payload, int fd, unsigned ready)
{
    struct gt_redis_link *link = payload;
    (void)fd;
    enter(link);
    if (link->state == CONNECTING) {
        on_connected(link);
    } else {
        if ((ready & GT_IO_WRITE) != 0)
            write_out(link);
        for (int i = 0; i < CHUNKS && link->state != BROKEN && read_some(link); i++) {
        }
    }
    leave(link);
}

static void on_start(void *payload)
{
    struct gt_redis_link *link = payload;
    link->flush = NULL;
    try_address(link);
}

struct gt_redis_link *gt_redis_link_new(const struct gt_redis_link_options *options)
{
    struct gt_arena *arena = gt_arena_new_secret();
    struct gt_redis_link *link = GT_NEW(arena, struct gt_redis_link);
    *link = (struct gt_redis_link){
        .arena = arena,
        .options = *options,
        .addresses = *options->addresses,
        .fd = -1,
        .state = CONNECTING,
        .reader = gt_redis_reader_new(),
        .out = gt_buf_init(OUT_MAX),
    };
    link->open_end = &link->open;
    prepare_greeting(link);
    link->flush = gt_timer_start(options->loop, 0, on_start, link);
    return link;
}
