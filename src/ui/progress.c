#include <gantry/ui/progress.h>

#include <gantry/base/map.h>
#include <gantry/base/str.h>
#include <gantry/ui/table.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REPEAT_MS = 30000 };

struct active {
    const char *address, *doing, *message;
    int64_t since_ms;
    bool running;
};

struct gt_progress {
    struct gt_arena *arena;
    struct gt_progress_options options;
    struct gt_map rows; /* address -> struct active * */
    struct gt_map said; /* line without its times -> when it was last printed, int64_t * */
    const char *title;
    int64_t since_ms, now_ms;
    size_t total, finished;
    bool open;
    GT_VEC(size_t) drawn; /* widths of the lines of the list on the screen */
};

/* The terminal whose cursor is hidden, + 1. */
static volatile sig_atomic_t hidden_on;

void gt_progress_restore(void)
{
    static const char show[] = "\033[?25h";
    int saved = errno, fd = hidden_on - 1;
    if (fd >= 0) {
        hidden_on = 0;
        ssize_t ignored = write(fd, show, sizeof(show) - 1);
        (void)ignored;
    }
    errno = saved;
}

char *gt_elapsed_text(struct gt_arena *arena, int64_t ms)
{
    int64_t seconds = ms / 1000;
    if (seconds < 60)
        return gt_printf(arena, "%" PRId64 ".%" PRId64 "s", seconds, ms % 1000 / 100);
    if (seconds < 3600)
        return gt_printf(arena, "%" PRId64 "m%02" PRId64 "s", seconds / 60, seconds % 60);
    return gt_printf(arena, "%" PRId64 "h%02" PRId64 "m", seconds / 3600, seconds % 3600 / 60);
}

struct gt_progress *gt_progress_new(struct gt_arena *arena,
                                    const struct gt_progress_options *options)
{
    struct gt_progress *progress = GT_NEW(arena, struct gt_progress);
    progress->arena = arena;
    progress->options = *options;
    if (progress->options.size == NULL)
        progress->options.size = gt_terminal_size;
    progress->options.live = options->live && options->verbosity != GT_QUIET;
    progress->rows = gt_map_init(arena);
    progress->said = gt_map_init(arena);
    return progress;
}

static void terminal_size(const struct gt_progress *progress, size_t *columns, size_t *rows)
{
    int wide = 80, high = 24;
    if (!progress->options.size(progress->options.stream->fd, &wide, &high)) {
        wide = 80;
        high = 24;
    }
    *columns = wide < 20 ? 20 : (size_t)wide;
    *rows = high < 4 ? 4 : (size_t)high;
}

/* Takes the list off the screen. When the window became narrower, its lines take several rows now.
 */
static void erase(struct gt_progress *progress)
{
    if (progress->drawn.len == 0)
        return;
    size_t columns, rows, up = 0;
    terminal_size(progress, &columns, &rows);
    for (size_t i = 0; i < progress->drawn.len; i++)
        up += progress->drawn.at[i] == 0 ? 1 : (progress->drawn.at[i] + columns - 1) / columns;
    gt_stream_addf(progress->options.stream, "\r\033[%zuA\033[J", up);
    progress->drawn.len = 0;
}

/* `text` cut to `width` columns. */
static const char *cut(struct gt_arena *arena, const char *text, size_t width)
{
    if (gt_text_width(text) <= width)
        return text;
    size_t columns = 0;
    const char *at = text;
    while (*at != '\0' && columns + 1 < width) {
        at++;
        while (((unsigned char)*at & 0xc0) == 0x80)
            at++;
        columns++;
    }
    return gt_printf(arena, "%.*s~", (int)(at - text), text);
}

static void draw_line(struct gt_progress *progress, const char *text, enum gt_paint paint,
                      size_t columns)
{
    struct gt_arena *scratch = gt_arena_new();
    const char *line = cut(scratch, gt_safe_text(scratch, text), columns - 1);
    gt_stream_paint(progress->options.stream, paint, line);
    gt_stream_adds(progress->options.stream, "\n");
    *GT_PUSH(progress->arena, &progress->drawn) = gt_text_width(line);
    gt_arena_free(scratch);
}

static void draw_rows(struct gt_progress *progress, size_t columns, size_t room)
{
    struct gt_arena *scratch = gt_arena_new();
    size_t shown = 0, hidden = 0;
    for (size_t i = 0; i < progress->rows.entries.len; i++) {
        const struct active *row = progress->rows.entries.at[i].value;
        if (row == NULL || !row->running)
            continue;
        if (shown >= room) {
            hidden++;
            continue;
        }
        shown++;
        draw_line(progress,
                  gt_printf(scratch, "  %s: %s %s%s%s", row->address, row->doing,
                            gt_elapsed_text(scratch, progress->now_ms - row->since_ms),
                            row->message == NULL ? "" : "  ",
                            row->message == NULL ? "" : row->message),
                  GT_PLAIN, columns);
    }
    if (hidden > 0)
        draw_line(progress, gt_printf(scratch, "  and %zu more", hidden), GT_DIM, columns);
    gt_arena_free(scratch);
}

static void draw(struct gt_progress *progress)
{
    if (!progress->options.live || !progress->open)
        return;
    struct gt_stream *stream = progress->options.stream;
    struct gt_arena *scratch = gt_arena_new();
    size_t columns, rows;
    terminal_size(progress, &columns, &rows);
    hidden_on = stream->fd + 1;
    gt_stream_adds(stream, "\033[?25l");
    const char *counts = progress->total == 0 ? ""
                                              : gt_printf(scratch, "%zu of %zu, ",
                                                          progress->finished, progress->total);
    draw_line(progress,
              gt_printf(scratch, "%s: %s%s", progress->title, counts,
                        gt_elapsed_text(scratch, progress->now_ms - progress->since_ms)),
              GT_BOLD, columns);
    draw_rows(progress, columns, rows - 3);
    gt_stream_flush(stream);
    gt_arena_free(scratch);
}

void gt_progress_begin(struct gt_progress *progress, const char *title, size_t total,
                       int64_t now_ms)
{
    progress->title = title;
    progress->total = total;
    progress->finished = 0;
    progress->since_ms = progress->now_ms = now_ms;
    progress->rows = gt_map_init(progress->arena);
    progress->open = true;
    draw(progress);
}

static const struct {
    enum gt_paint paint;
    bool ends;
    enum gt_verbosity from; /* the least verbosity that prints it as a line */
} kinds[] = {
    [GT_CHANGE_STARTED] = {GT_PLAIN, false, GT_NORMAL},
    [GT_CHANGE_WAITING] = {GT_DIM, false, GT_NORMAL},
    [GT_CHANGE_RETRYING] = {GT_YELLOW, false, GT_NORMAL},
    [GT_CHANGE_DONE] = {GT_GREEN, true, GT_NORMAL},
    [GT_CHANGE_FAILED] = {GT_RED, true, GT_QUIET},
    [GT_CHANGE_SKIPPED] = {GT_YELLOW, true, GT_NORMAL},
};

static const char *describe(struct gt_arena *arena, const struct gt_progress_change *change)
{
    const char *elapsed = gt_elapsed_text(arena, change->elapsed_ms);
    const char *message = change->message == NULL ? "" : change->message;
    const char *colon = change->message == NULL ? "" : ": ";
    switch (change->kind) {
    case GT_CHANGE_STARTED:
        return change->doing;
    case GT_CHANGE_WAITING:
        return gt_printf(arena, "%s%s%s (%s)", change->doing, colon, message, elapsed);
    case GT_CHANGE_RETRYING:
        return gt_printf(arena, "%s, trying again%s%s (%s)", change->doing, colon, message,
                         elapsed);
    case GT_CHANGE_DONE:
        return gt_printf(arena, "%s in %s", change->done, elapsed);
    case GT_CHANGE_FAILED:
        return gt_printf(arena, "failed after %s%s%s", elapsed, colon, message);
    case GT_CHANGE_SKIPPED:
        return gt_printf(arena, "skipped%s%s", colon, message);
    }
    return message;
}

static void update_row(struct gt_progress *progress, const struct gt_progress_change *change)
{
    struct active *row = gt_map_get(&progress->rows, change->address);
    if (row == NULL) {
        row = GT_NEW(progress->arena, struct active);
        row->address = gt_strdup(progress->arena, change->address);
        gt_map_set(&progress->rows, row->address, row);
    }
    if (kinds[change->kind].ends) {
        progress->finished++;
        row->running = false;
        return;
    }
    if (!row->running)
        row->since_ms = progress->now_ms - change->elapsed_ms;
    row->running = true;
    row->doing = gt_strdup(progress->arena, change->doing);
    row->message = gt_strdup(progress->arena, change->message);
}

/*
 * Whether a line says what it said a moment ago: a resource that goes from "trying again" to a
 * status and back would fill a log with the same few lines.
 */
static bool is_repeated(struct gt_progress *progress, const struct gt_progress_change *change)
{
    if (kinds[change->kind].ends || progress->options.verbosity == GT_VERBOSE)
        return false;
    char *line = gt_printf(progress->arena, "%d %s %s %s", (int)change->kind, change->address,
                           change->doing, change->message == NULL ? "" : change->message);
    int64_t *last_ms = gt_map_get(&progress->said, line);
    if (last_ms != NULL && progress->now_ms - *last_ms < REPEAT_MS)
        return true;
    if (last_ms == NULL) {
        last_ms = GT_NEW(progress->arena, int64_t);
        gt_map_set(&progress->said, line, last_ms);
    }
    *last_ms = progress->now_ms;
    return false;
}

static void print_change(struct gt_progress *progress, const struct gt_progress_change *change)
{
    struct gt_arena *scratch = gt_arena_new();
    struct gt_stream *stream = progress->options.stream;
    gt_stream_addf(stream, "  %s: ", change->address);
    gt_stream_paint(stream, kinds[change->kind].paint,
                    gt_safe_text(scratch, describe(scratch, change)));
    gt_stream_adds(stream, "\n");
    gt_arena_free(scratch);
}

void gt_progress_change(struct gt_progress *progress, const struct gt_progress_change *change,
                        int64_t now_ms)
{
    progress->now_ms = now_ms;
    update_row(progress, change);
    /* On a terminal the list shows what goes on; only what is over stays as a line. */
    bool line = progress->options.live && progress->options.verbosity != GT_VERBOSE
                    ? kinds[change->kind].ends
                    : progress->options.verbosity >= kinds[change->kind].from;
    line = line && !is_repeated(progress, change);
    if (!line && !progress->options.live)
        return;
    erase(progress);
    if (line)
        print_change(progress, change);
    draw(progress);
    gt_stream_flush(progress->options.stream);
}

void gt_progress_line(struct gt_progress *progress, const char *text)
{
    if (progress->options.verbosity == GT_QUIET)
        return;
    erase(progress);
    gt_stream_safe(progress->options.stream, text);
    gt_stream_adds(progress->options.stream, "\n");
    draw(progress);
    gt_stream_flush(progress->options.stream);
}

void gt_progress_tick(struct gt_progress *progress, int64_t now_ms)
{
    if (!progress->options.live || !progress->open)
        return;
    progress->now_ms = now_ms;
    erase(progress);
    draw(progress);
}

void gt_progress_end(struct gt_progress *progress)
{
    if (!progress->open)
        return;
    erase(progress);
    progress->open = false;
    gt_stream_flush(progress->options.stream);
    gt_progress_restore();
}
