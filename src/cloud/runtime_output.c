/* What a server prints: read as it comes, and what is left when it has ended. */
#include "data_plane.h"

#include <errno.h>
#include <unistd.h>

enum {
    DOUBT_MS = 500,      /* for the supervisor to tell of a server's end */
    GRACE_MS = 5 * 1000, /* between SIGTERM and SIGKILL */
    CHUNK = 16 * 1024,
    REST_MOST = 64 /* chunks of what is left */
};

static struct gt_loop *loop_of(const struct gt_backend *backend)
{
    return gt_local_loop(backend->plane->local);
}

/* False at the end of the stream. */
static bool read_output(int fd, struct gt_log_feed *feed)
{
    char bytes[CHUNK];
    ssize_t got = read(fd, bytes, sizeof(bytes));
    if (got > 0)
        gt_log_feed_bytes(feed, bytes, (size_t)got);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static void close_output(struct gt_backend *backend, int *fd, struct gt_log_feed *feed)
{
    if (*fd < 0)
        return;
    gt_loop_unwatch(loop_of(backend), *fd);
    close(*fd);
    *fd = -1;
    gt_log_feed_end(feed);
}

static void on_out(void *payload, int fd)
{
    struct gt_backend *backend = payload;
    if (!read_output(fd, backend->out_feed))
        close_output(backend, &backend->out, backend->out_feed);
}

static void on_still_there(void *payload)
{
    struct gt_backend *backend = payload;
    backend->timer = NULL;
    if (!gt_mcp_client_ended(backend->client))
        gt_backend_ready(backend);
    else /* it may live, but answers no more; its end is told, however late */
        gt_supervisor_end(gt_local_supervisor(backend->plane->local), backend->child, GRACE_MS);
}

void gt_output_doubt(struct gt_backend *backend)
{
    if (backend->transport != GT_OVER_STDIO || backend->state != GT_BACKEND_READY)
        return;
    backend->state = GT_BACKEND_STARTING;
    backend->timer = gt_timer_start(loop_of(backend), DOUBT_MS, on_still_there, backend);
}

static void on_err(void *payload, int fd)
{
    struct gt_backend *backend = payload;
    if (read_output(fd, backend->err_feed))
        return;
    close_output(backend, &backend->err, backend->err_feed);
    gt_output_doubt(backend);
}

/* What it printed before it ended, and no more: a grandchild may hold the pipe open for ever. */
static void drain(struct gt_backend *backend, int *fd, struct gt_log_feed *feed)
{
    for (int i = 0; *fd >= 0 && i < REST_MOST; i++) {
        char bytes[CHUNK];
        ssize_t got = read(*fd, bytes, sizeof(bytes));
        if (got <= 0)
            break;
        gt_log_feed_bytes(feed, bytes, (size_t)got);
    }
    close_output(backend, fd, feed);
}

void gt_output_watch(struct gt_backend *backend)
{
    gt_loop_watch(loop_of(backend), backend->err, on_err, backend);
    if (backend->out >= 0)
        gt_loop_watch(loop_of(backend), backend->out, on_out, backend);
}

void gt_output_drain(struct gt_backend *backend)
{
    drain(backend, &backend->out, backend->out_feed);
    drain(backend, &backend->err, backend->err_feed);
}
