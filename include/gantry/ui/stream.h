/*
 * What the program writes to: a descriptor (standard output, standard error, a file) or memory, in
 * tests. Errors are sticky, so that callers write without asking and the program asks once: a
 * result that did not reach its reader must not look like success.
 */
#ifndef GANTRY_UI_STREAM_H
#define GANTRY_UI_STREAM_H

#include <gantry/base/buf.h>

enum gt_paint { GT_PLAIN, GT_BOLD, GT_DIM, GT_RED, GT_GREEN, GT_YELLOW, GT_BLUE, GT_CYAN };

struct gt_stream {
    int fd;   /* -1: into memory */
    bool tty; /* a terminal that understands control sequences */
    bool colour;
    int error;         /* errno of the first write that failed, or 0 */
    struct gt_buf buf; /* what is not written yet; in memory: all of it */
};

/*
 * A stream on `fd`, which stays the caller's. Colour is on for a terminal unless NO_COLOR is set
 * (https://no-color.org) or TERM is "dumb"; `env` looks variables up.
 */
typedef const char *gt_env_fn(void *self, const char *name);
struct gt_stream gt_stream_open(int fd, gt_env_fn *env, void *self);

/* A stream that keeps everything in `buf`. */
struct gt_stream gt_stream_memory(void);

/* Frees the buffer after wiping it: results may hold secrets that were asked for. */
void gt_stream_done(struct gt_stream *stream);

void gt_stream_add(struct gt_stream *stream, const char *bytes, size_t len);
void gt_stream_adds(struct gt_stream *stream, const char *text);
void gt_stream_addf(struct gt_stream *stream, const char *format, ...) GT_PRINTF(2, 3);

/* Text in a colour, where the stream has colours. */
void gt_stream_paint(struct gt_stream *stream, enum gt_paint paint, const char *text);

/*
 * Text from outside (a service's message, a file's content) on one line: control characters, which
 * could drive a terminal, become \xNN, line breaks a space.
 */
void gt_stream_safe(struct gt_stream *stream, const char *text);

/* The same as an arena string. */
char *gt_safe_text(struct gt_arena *arena, const char *text);

/* Writes what is buffered. False when this or an earlier write failed. */
bool gt_stream_flush(struct gt_stream *stream);

/* Width and height of the terminal at `fd`; false when it is none. */
bool gt_terminal_size(int fd, int *columns, int *rows);

#endif
