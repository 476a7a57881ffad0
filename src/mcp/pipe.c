#include "pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <gantry/base/buf.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024, MAX_DEPTH = 256 };
static const size_t default_max_line = (size_t)16 * 1024 * 1024;
static const size_t max_queue = (size_t)256 * 1024 * 1024;

struct gt_mcp_pipe {
    struct gt_arena *arena;
    struct gt_mcp_pipe_options options;
    struct gt_buf line;  /* the start of a line whose end has not come */
    struct gt_buf queue; /* what is not written yet, from `sent` on */
    size_t sent;
    bool in_waits, out_waits;   /* descriptors that the loop can watch; files it cannot */
    int in_flags, out_flags;    /* of the descriptors before (F_GETFL) */
    struct gt_timer *next_read; /* of an input that cannot be watched */
    struct gt_timer *ending;    /* a write failed: told in a later turn */
    const char *reason;
    unsigned watched_in, watched_out;
    unsigned calls; /* callbacks under way: freed when they returned */
    bool ended, freed;
};

static void ready(void *payload, int fd, unsigned ready);

/* Regular files and /dev/null are always ready, and epoll refuses them. */
static bool can_wait(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 &&
           (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode) || isatty(fd));
}

static void watch(struct gt_mcp_pipe *pipe, unsigned in, unsigned out)
{
    const struct gt_mcp_pipe_options *o = &pipe->options;
    if (!pipe->in_waits)
        in = 0;
    if (!pipe->out_waits)
        out = 0;
    if (in == pipe->watched_in && out == pipe->watched_out)
        return;
    if (o->in == o->out) {
        gt_loop_watch_io(o->loop, o->in, in | out, ready, pipe);
    } else {
        if (in != pipe->watched_in)
            gt_loop_watch_io(o->loop, o->in, in, ready, pipe);
        if (out != pipe->watched_out)
            gt_loop_watch_io(o->loop, o->out, out, ready, pipe);
    }
    pipe->watched_in = in;
    pipe->watched_out = out;
}

static void stop_timers(struct gt_mcp_pipe *pipe)
{
    gt_timer_cancel(pipe->next_read);
    gt_timer_cancel(pipe->ending);
    pipe->next_read = pipe->ending = NULL;
}

static void release(struct gt_mcp_pipe *pipe)
{
    gt_buf_wipe(&pipe->line);
    gt_buf_wipe(&pipe->queue);
    gt_arena_free(pipe->arena);
}

static void leave(struct gt_mcp_pipe *pipe)
{
    if (--pipe->calls == 0 && pipe->freed)
        release(pipe);
}

/* The caller has entered (pipe->calls). */
static void end(struct gt_mcp_pipe *pipe, const char *reason)
{
    if (pipe->ended || pipe->freed)
        return;
    pipe->ended = true;
    stop_timers(pipe);
    watch(pipe, 0, pipe->watched_out); /* what is queued still leaves */
    if (pipe->options.on_end != NULL)
        pipe->options.on_end(pipe->options.payload, reason);
}

static void end_later(void *payload)
{
    struct gt_mcp_pipe *pipe = payload;
    pipe->ending = NULL;
    pipe->calls++;
    end(pipe, pipe->reason);
    leave(pipe);
}

/* Senders do not expect on_end from inside a send. */
static void fail(struct gt_mcp_pipe *pipe, const char *reason)
{
    pipe->queue.len = pipe->sent = 0;
    if (pipe->ended || pipe->freed || pipe->ending != NULL)
        return;
    pipe->reason = reason;
    pipe->ending = gt_timer_start(pipe->options.loop, 0, end_later, pipe);
}

static void handle_line(struct gt_mcp_pipe *pipe, const char *bytes, size_t len)
{
    if (len > 0 && bytes[len - 1] == '\r')
        len--;
    if (len == 0)
        return;
    struct gt_arena *arena = gt_arena_new();
    const char *problem = NULL;
    json_auto_t *message = gt_rpc_parse(arena, bytes, len, MAX_DEPTH, &problem);
    pipe->options.on_message(pipe->options.payload, message, problem);
    gt_arena_free(arena);
}

static void take(struct gt_mcp_pipe *pipe, const char *bytes, size_t len)
{
    while (len > 0 && !pipe->ended && !pipe->freed) {
        const char *stop = memchr(bytes, '\n', len);
        size_t part = stop != NULL ? (size_t)(stop - bytes) : len;
        if (part > pipe->line.max - pipe->line.len) {
            static const char problem[] = "a line is too long";
            pipe->options.on_message(pipe->options.payload, NULL, problem);
            end(pipe, problem);
            return;
        }
        if (stop == NULL) {
            gt_buf_add(&pipe->line, bytes, part);
            return;
        }
        if (pipe->line.len == 0) {
            handle_line(pipe, bytes, part);
        } else {
            gt_buf_add(&pipe->line, bytes, part);
            struct gt_buf line = pipe->line;
            pipe->line = gt_buf_init(line.max);
            handle_line(pipe, line.ptr, line.len);
            gt_buf_wipe(&line);
        }
        bytes += part + 1;
        len -= part + 1;
    }
}

static void read_again(void *payload);

static void read_some(struct gt_mcp_pipe *pipe)
{
    char bytes[READ_SIZE];
    ssize_t len = read(pipe->options.in, bytes, sizeof(bytes));
    if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (len < 0) {
        end(pipe, strerror(errno));
    } else if (len == 0) {
        take(pipe, "\n", 1); /* a last line without its end */
        end(pipe, "the input has ended");
    } else {
        take(pipe, bytes, (size_t)len);
        if (!pipe->in_waits && !pipe->ended && !pipe->freed)
            pipe->next_read = gt_timer_start(pipe->options.loop, 0, read_again, pipe);
    }
}

static void read_again(void *payload)
{
    struct gt_mcp_pipe *pipe = payload;
    pipe->next_read = NULL;
    pipe->calls++;
    read_some(pipe);
    leave(pipe);
}

/* Writes what can be written at once; false after an error. */
static bool write_some(struct gt_mcp_pipe *pipe)
{
    while (pipe->sent < pipe->queue.len) {
        ssize_t len =
            write(pipe->options.out, pipe->queue.ptr + pipe->sent, pipe->queue.len - pipe->sent);
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        pipe->sent += (size_t)len;
    }
    pipe->queue.len = pipe->sent = 0;
    return true;
}

static void pump(struct gt_mcp_pipe *pipe)
{
    if (!write_some(pipe))
        fail(pipe, "the other side no longer reads");
    if (!pipe->freed)
        watch(pipe, pipe->ended ? 0 : GT_IO_READ, pipe->queue.len > 0 ? GT_IO_WRITE : 0);
}

static void ready(void *payload, int fd, unsigned ready)
{
    struct gt_mcp_pipe *pipe = payload;
    (void)fd;
    pipe->calls++;
    if (ready & GT_IO_WRITE)
        pump(pipe);
    if ((ready & GT_IO_READ) && !pipe->ended && !pipe->freed)
        read_some(pipe);
    leave(pipe);
}

/* A write to a pipe that nobody reads is an error like others, and not the end of the program. */
static void ignore_sigpipe(void)
{
    struct sigaction action;
    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

struct gt_mcp_pipe *gt_mcp_pipe_new(const struct gt_mcp_pipe_options *options)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_mcp_pipe *pipe = GT_NEW(arena, struct gt_mcp_pipe);
    size_t max_line = options->max_line != 0 ? options->max_line : default_max_line;
    *pipe = (struct gt_mcp_pipe){.arena = arena,
                                 .options = *options,
                                 .line = gt_buf_init(max_line),
                                 .queue = gt_buf_init(max_queue),
                                 .in_waits = can_wait(options->in),
                                 .out_waits = can_wait(options->out),
                                 .in_flags = fcntl(options->in, F_GETFL),
                                 .out_flags = fcntl(options->out, F_GETFL)};
    ignore_sigpipe();
    fcntl(options->in, F_SETFL, pipe->in_flags | O_NONBLOCK);
    fcntl(options->out, F_SETFL, pipe->out_flags | O_NONBLOCK);
    watch(pipe, GT_IO_READ, 0);
    if (!pipe->in_waits)
        pipe->next_read = gt_timer_start(options->loop, 0, read_again, pipe);
    return pipe;
}

/* Queued bytes move to the front before the buffer would grow for the sake of those sent. */
static void compact(struct gt_mcp_pipe *pipe)
{
    if (pipe->sent == 0 || pipe->sent < pipe->queue.len / 2)
        return;
    memmove(pipe->queue.ptr, pipe->queue.ptr + pipe->sent, pipe->queue.len - pipe->sent);
    pipe->queue.len -= pipe->sent;
    pipe->sent = 0;
}

static void queued(struct gt_mcp_pipe *pipe)
{
    gt_buf_addc(&pipe->queue, '\n');
    if (pipe->queue.overflow)
        fail(pipe, "the other side does not read");
    else if (pipe->watched_out == 0)
        pump(pipe);
}

static bool accepts(const struct gt_mcp_pipe *pipe)
{
    return !pipe->freed && pipe->ending == NULL && !pipe->queue.overflow;
}

void gt_mcp_pipe_line(struct gt_mcp_pipe *pipe, const char *bytes, size_t len)
{
    if (!accepts(pipe))
        return;
    compact(pipe);
    gt_buf_add(&pipe->queue, bytes, len);
    queued(pipe);
}

void gt_mcp_pipe_send(struct gt_mcp_pipe *pipe, const json_t *message)
{
    if (!accepts(pipe))
        return;
    compact(pipe);
    gt_buf_add_json(&pipe->queue, message, JSON_COMPACT);
    queued(pipe);
}

size_t gt_mcp_pipe_pending(const struct gt_mcp_pipe *pipe)
{
    return pipe->queue.len - pipe->sent;
}

static void flush(struct gt_mcp_pipe *pipe, int64_t flush_ms)
{
    const struct gt_sys *sys = gt_loop_sys(pipe->options.loop);
    int64_t until_ms = gt_monotonic_ms(sys) + flush_ms;
    while (write_some(pipe) && pipe->queue.len > 0) {
        int64_t left_ms = until_ms - gt_monotonic_ms(sys);
        struct pollfd out = {.fd = pipe->options.out, .events = POLLOUT};
        if (left_ms <= 0 || poll(&out, 1, left_ms > 60000 ? 60000 : (int)left_ms) == 0)
            return;
    }
}

/* A terminal is shared with the programs that come after us, which expect it to block. */
static void give_back(const struct gt_mcp_pipe *pipe)
{
    fcntl(pipe->options.in, F_SETFL, pipe->in_flags);
    fcntl(pipe->options.out, F_SETFL, pipe->out_flags);
}

void gt_mcp_pipe_free(struct gt_mcp_pipe *pipe, int64_t flush_ms)
{
    if (pipe == NULL || pipe->freed)
        return;
    stop_timers(pipe);
    watch(pipe, 0, 0);
    flush(pipe, flush_ms);
    pipe->freed = true;
    if (pipe->options.owned) {
        close(pipe->options.in);
        if (pipe->options.out != pipe->options.in)
            close(pipe->options.out);
    } else {
        give_back(pipe);
    }
    if (pipe->calls == 0)
        release(pipe);
}
