#define _GNU_SOURCE /* TIOCGWINSZ, struct winsize */
#include <gantry/ui/stream.h>

#include <gantry/base/str.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BUFFER_MAX = 256 << 20, FLUSH_AT = 64 << 10 };

struct gt_stream gt_stream_open(int fd, gt_env_fn *env, void *self)
{
    const char *term = env(self, "TERM");
    bool tty = isatty(fd) == 1 && term != NULL && !gt_streq(term, "dumb");
    return (struct gt_stream){.fd = fd,
                              .tty = tty,
                              .colour = tty && env(self, "NO_COLOR") == NULL,
                              .buf = gt_buf_init(BUFFER_MAX)};
}

struct gt_stream gt_stream_memory(void)
{
    return (struct gt_stream){.fd = -1, .buf = gt_buf_init(BUFFER_MAX)};
}

void gt_stream_done(struct gt_stream *stream)
{
    gt_buf_wipe(&stream->buf);
}

/* A descriptor that somebody made non-blocking (a shared terminal, a pipe) is waited for. */
static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t done = write(fd, bytes, len);
        if (done >= 0) {
            bytes += done;
            len -= (size_t)done;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

bool gt_stream_flush(struct gt_stream *stream)
{
    if (stream->fd < 0)
        return true;
    if (stream->buf.overflow && stream->error == 0)
        stream->error = EFBIG;
    if (stream->error == 0 && stream->buf.len > 0 &&
        !write_all(stream->fd, stream->buf.ptr, stream->buf.len))
        stream->error = errno;
    gt_buf_wipe(&stream->buf);
    return stream->error == 0;
}

void gt_stream_add(struct gt_stream *stream, const char *bytes, size_t len)
{
    gt_buf_add(&stream->buf, bytes, len);
    if (stream->fd >= 0 && stream->buf.len >= FLUSH_AT)
        gt_stream_flush(stream);
}

void gt_stream_adds(struct gt_stream *stream, const char *text)
{
    gt_stream_add(stream, text, strlen(text));
}

void gt_stream_addf(struct gt_stream *stream, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    char small[512];
    int len = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    if (len < 0)
        gt_die("cannot format a text");
    if ((size_t)len < sizeof(small)) {
        gt_stream_add(stream, small, (size_t)len);
    } else {
        struct gt_arena *arena = gt_arena_new();
        gt_stream_adds(stream, gt_vprintf(arena, format, again));
        gt_arena_free(arena);
    }
    va_end(again);
}

static const char *const codes[] = {
    [GT_PLAIN] = "",   [GT_BOLD] = "1",    [GT_DIM] = "2",   [GT_RED] = "1;31",
    [GT_GREEN] = "32", [GT_YELLOW] = "33", [GT_BLUE] = "34", [GT_CYAN] = "36",
};

void gt_stream_paint(struct gt_stream *stream, enum gt_paint paint, const char *text)
{
    if (!stream->colour || paint == GT_PLAIN) {
        gt_stream_adds(stream, text);
        return;
    }
    gt_stream_addf(stream, "\033[%sm%s\033[0m", codes[paint], text);
}

/* The length of a control character at `text` (the C1 set takes two bytes in UTF-8), or 0. */
static size_t control_length(const unsigned char *text)
{
    if (text[0] < 0x20 || text[0] == 0x7f)
        return 1;
    return text[0] == 0xc2 && text[1] >= 0x80 && text[1] <= 0x9f ? 2 : 0;
}

static void add_safe(struct gt_buf *buf, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        size_t control = control_length(at);
        if (*at == '\n' || *at == '\t' || *at == '\r')
            gt_buf_addc(buf, ' ');
        else if (control > 0)
            gt_buf_addf(buf, "\\x%02x", at[control - 1]);
        else
            gt_buf_addc(buf, (char)*at);
        at += control > 0 ? control : 1;
    }
}

void gt_stream_safe(struct gt_stream *stream, const char *text)
{
    struct gt_buf safe = gt_buf_init(BUFFER_MAX);
    add_safe(&safe, text);
    gt_stream_adds(stream, gt_buf_text(&safe));
    gt_buf_done(&safe);
}

char *gt_safe_text(struct gt_arena *arena, const char *text)
{
    struct gt_buf safe = gt_buf_init(BUFFER_MAX);
    add_safe(&safe, text);
    char *copy = gt_strdup(arena, gt_buf_text(&safe));
    gt_buf_done(&safe);
    return copy;
}

bool gt_terminal_size(int fd, int *columns, int *rows)
{
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return false;
    *columns = size.ws_col;
    *rows = size.ws_row == 0 ? 24 : size.ws_row;
    return true;
}
