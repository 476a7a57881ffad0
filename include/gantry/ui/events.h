/*
 * Events for machines: newline-delimited JSON, one object a line, written as they happen:
 * {"format":1,"event":"started","time":"2026-01-17T12:34:56.789Z",...}. The format is versioned:
 * members are added within a version, never renamed. Events hold no secrets.
 */
#ifndef GANTRY_UI_EVENTS_H
#define GANTRY_UI_EVENTS_H

#include <gantry/ui/stream.h>

#include <stdint.h>

#define GT_EVENTS_FORMAT 1

struct gt_events {
    struct gt_stream *streams[2]; /* standard output, a file; NULL: none */
};

/* Writes one event to every stream and flushes it; steals `members` (an object, or NULL). */
void gt_events_emit(struct gt_events *events, const char *event, int64_t time_ms, json_t *members);

/* Whether anybody listens. */
bool gt_events_wanted(const struct gt_events *events);

#endif
