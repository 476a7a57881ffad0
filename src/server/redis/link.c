#include "link_parts.h"

#include <errno.h>
#include <gantry/base/str.h>
#include <hiredis/hiredis.h>
#include <string.h>
#include <unistd.h>

enum {
    CHUNK = 16 * 1024,
    CHUNKS = 16, /* that are read in one turn, so that others get theirs */
    OUT_MAX = 256 * 1024 * 1024,
    OUT_KEPT = 256 * 1024 /* of an empty buffer's memory */
};

static void on_io(void *payload, int fd, unsigned ready);

/* -- life -- */

static int64_t now_ms(const struct gt_redis_link *link)
{
    return gt_monotonic_ms(gt_loop_sys(link->options.loop));
}

void gt_redis_link_watch(struct gt_redis_link *link, unsigned interest)
{
    if (link->interest != interest)
        gt_loop_watch_io(link->options.loop, link->fd, interest, on_io, link);
    link->interest = interest;
}

void gt_redis_link_close(struct gt_redis_link *link)
{
    if (link->fd < 0)
        return;
    gt_redis_link_watch(link, 0);
    close(link->fd);
    link->fd = -1;
}

void gt_redis_link_stop(struct gt_timer **timer)
{
    gt_timer_cancel(*timer);
    *timer = NULL;
}

static void disconnect(struct gt_redis_link *link)
{
    gt_redis_link_close(link);
    gt_redis_link_stop(&link->flush);
    gt_redis_link_stop(&link->deadline);
    gt_redis_link_stop(&link->stall);
    link->state = GT_REDIS_BROKEN;
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
    if (link->state == GT_REDIS_GREETING)
        drop_greeting(link);
    disconnect(link);
    tell_lost(link, reason);
    leave(link);
}

/* `reason` may be of the reader or of a reply, which go before it is read last. */
void gt_redis_link_lose(struct gt_redis_link *link, const char *reason)
{
    if (link->state == GT_REDIS_BROKEN)
        return;
    bool was_ready = link->state == GT_REDIS_READY, idle = link->open == NULL;
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
        gt_redis_link_lose(link, "the server does not answer");
    else
        link->stall = gt_timer_start(link->options.loop, left, on_stall, link);
}

static void moved(struct gt_redis_link *link)
{
    link->moved_ms = now_ms(link);
    link->since_move = 0;
}

/* -- sending -- */

void gt_redis_link_want(struct gt_redis_link *link)
{
    gt_redis_link_watch(link, GT_IO_READ | (link->written < link->out.len ? GT_IO_WRITE : 0));
}

static void write_out(struct gt_redis_link *link)
{
    while (link->written < link->out.len) {
        ssize_t n = send(link->fd, link->out.ptr + link->written, link->out.len - link->written,
                         MSG_NOSIGNAL);
        if (n > 0) {
            link->written += (size_t)n;
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            gt_redis_link_want(link);
            return;
        } else if (errno != EINTR) {
            gt_redis_link_lose(link, "the connection broke");
            return;
        }
    }
    link->gone += link->out.len;
    link->out.len = link->written = 0;
    if (link->out.cap > OUT_KEPT) {
        gt_buf_wipe(&link->out);
        link->out = gt_buf_init(OUT_MAX);
    }
    gt_redis_link_want(link);
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
    if (link->stall == NULL && link->state == GT_REDIS_READY)
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
    while (link->state != GT_REDIS_BROKEN) {
        const char *problem;
        struct gt_redis_reply *reply = gt_redis_reader_next(
            link->reader, link->open != NULL ? &link->open->caps : &unasked, &problem);
        if (problem != NULL)
            gt_redis_link_lose(link, problem);
        if (reply == NULL)
            break;
        if (link->open == NULL) {
            gt_redis_reply_free(reply);
            gt_redis_link_lose(link, "the server answered what it was not asked");
            break;
        }
        moved(link);
        struct gt_redis_job *job = next_job(link);
        job->done(job, reply, NULL, true);
    }
    return link->state != GT_REDIS_BROKEN;
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
        gt_redis_link_lose(link,
                           n == 0 ? "the server closed the connection" : "the connection broke");
        return false;
    }
    link->since_move += (size_t)n;
    if (link->since_move >= CHUNK) /* a long answer, not a drop now and then */
        moved(link);
    if (!gt_redis_reader_feed(link->reader, bytes, (size_t)n)) {
        gt_redis_link_lose(link, "the server's answer cannot be read");
        return false;
    }
    if (!take_replies(link))
        return false;
    if (gt_redis_reader_held(link->reader) > link->options.max_reply_bytes + CHUNK) {
        gt_redis_link_lose(link, "the server's answer is larger than max_reply_bytes");
        return false;
    }
    return (size_t)n == sizeof(bytes);
}

static void on_io(void *payload, int fd, unsigned ready)
{
    struct gt_redis_link *link = payload;
    (void)fd;
    enter(link);
    if (link->state == GT_REDIS_CONNECTING) {
        gt_redis_link_connected(link);
    } else {
        if ((ready & GT_IO_WRITE) != 0)
            write_out(link);
        for (int i = 0; i < CHUNKS && link->state != GT_REDIS_BROKEN && read_some(link); i++) {
        }
    }
    leave(link);
}

static void on_start(void *payload)
{
    struct gt_redis_link *link = payload;
    link->flush = NULL;
    gt_redis_link_try(link);
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
        .state = GT_REDIS_CONNECTING,
        .reader = gt_redis_reader_new(),
        .out = gt_buf_init(OUT_MAX),
    };
    link->open_end = &link->open;
    gt_redis_link_prepare(link);
    link->flush = gt_timer_start(options->loop, 0, on_start, link);
    return link;
}
