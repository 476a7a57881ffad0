#include <gantry/ui/events.h>

#include <gantry/sys/sys.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool gt_events_wanted(const struct gt_events *events)
{
    return events->streams[0] != NULL || events->streams[1] != NULL;
}

/* The time with milliseconds: "2026-01-17T12:34:56.789Z". */
static json_t *time_value(int64_t time_ms)
{
    struct gt_arena *arena = gt_arena_new();
    const char *iso = gt_time_iso(arena, time_ms - time_ms % 1000);
    json_t *value = json_sprintf("%.*s.%03" PRId64 "Z", (int)strlen("2026-01-17T12:34:56"), iso,
                                 time_ms % 1000);
    gt_arena_free(arena);
    return value;
}

static int add_line(const char *bytes, size_t len, void *stream)
{
    gt_stream_add(stream, bytes, len);
    return 0;
}

void gt_events_emit(struct gt_events *events, const char *event, int64_t time_ms, json_t *members)
{
    json_auto_t *owned = members;
    if (!gt_events_wanted(events))
        return;
    json_auto_t *line = json_pack("{s:i, s:s, s:o}", "format", GT_EVENTS_FORMAT, "event", event,
                                  "time", time_value(time_ms));
    if (owned != NULL)
        json_object_update_missing(line, owned);
    for (size_t i = 0; i < GT_COUNT(events->streams); i++) {
        if (events->streams[i] == NULL)
            continue;
        json_dump_callback(line, add_line, events->streams[i], JSON_COMPACT);
        gt_stream_adds(events->streams[i], "\n");
        gt_stream_flush(events->streams[i]);
    }
}
