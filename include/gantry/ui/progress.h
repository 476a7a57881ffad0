/*
 * Progress of a run for a person: on a terminal a list of what is going on with elapsed times,
 * redrawn in place below the lines of what is done; elsewhere one line per change of state, the
 * same one at most every 30 seconds. The caller drives the clock by gt_progress_tick.
 */
#ifndef GANTRY_UI_PROGRESS_H
#define GANTRY_UI_PROGRESS_H

#include <gantry/ui/stream.h>

#include <stdint.h>

enum gt_change_kind {
    GT_CHANGE_STARTED,
    GT_CHANGE_WAITING,  /* message: the status it is in */
    GT_CHANGE_RETRYING, /* message: why */
    GT_CHANGE_DONE,
    GT_CHANGE_FAILED, /* message: why */
    GT_CHANGE_SKIPPED /* message: why, or NULL */
};

struct gt_progress_change {
    enum gt_change_kind kind;
    const char *address;
    const char *doing, *done; /* "creating", "created" */
    const char *message;      /* or NULL */
    int64_t elapsed_ms;       /* of this resource */
};

enum gt_verbosity { GT_QUIET, GT_NORMAL, GT_VERBOSE };

struct gt_progress_options {
    struct gt_stream *stream;
    enum gt_verbosity verbosity;
    bool live; /* the list that is redrawn; needs a stream that is a terminal */
    /* The size of the terminal, asked before every redraw; NULL: that of the stream. */
    bool (*size)(int fd, int *columns, int *rows);
};

struct gt_progress;
struct gt_progress *gt_progress_new(struct gt_arena *arena,
                                    const struct gt_progress_options *options);

/* A phase begins: "planning", "applying". `total`: how many resources will report; 0: unknown. */
void gt_progress_begin(struct gt_progress *progress, const char *title, size_t total,
                       int64_t now_ms);

void gt_progress_change(struct gt_progress *progress, const struct gt_progress_change *change,
                        int64_t now_ms);

/* A line that stays, above the live list. */
void gt_progress_line(struct gt_progress *progress, const char *text);

/* Redraws the live list; times go on. Does nothing elsewhere. */
void gt_progress_tick(struct gt_progress *progress, int64_t now_ms);

/* The phase is over: the live list goes, the cursor is shown again. */
void gt_progress_end(struct gt_progress *progress);

/* Shows the cursor if a list hid it. Async-signal-safe: for handlers that end or stop the process.
 */
void gt_progress_restore(void);

/* "0.4s", "12.3s", "2m05s", "1h02m". */
char *gt_elapsed_text(struct gt_arena *arena, int64_t ms);

#endif
