/* What the runtimes' servers print: cut into lines, told as events, the last of them kept. */
#include "data_plane.h"

#include <gantry/base/str.h>
#include <string.h>

enum { LINE_MAX_BYTES = 16 * 1024, LINES_MAX = 1000 };

struct gt_runtime_log {
    struct gt_runtime_log *next;
    struct gt_arena *arena;
    const char *account, *region, *id;
    json_t *lines;
};

struct gt_log_feed {
    struct gt_plane *plane;
    struct gt_runtime_log *log;
    const char *name, *stream;
    size_t len;
    bool has_last;
    char line[LINE_MAX_BYTES + 1], last[512];
};

static struct gt_runtime_log *find_log(struct gt_plane *plane, const char *account,
                                       const char *region, const char *id)
{
    struct gt_runtime_log *log = plane->logs;
    while (log != NULL && !(gt_streq(log->account, account) && gt_streq(log->region, region) &&
                            gt_streq(log->id, id)))
        log = log->next;
    return log;
}

static struct gt_runtime_log *log_of(struct gt_plane *plane, const struct gt_object *runtime)
{
    struct gt_runtime_log *log = find_log(plane, runtime->account, runtime->region, runtime->id);
    if (log != NULL)
        return log;
    struct gt_arena *arena = gt_arena_new();
    log = GT_NEW(arena, struct gt_runtime_log);
    log->arena = arena;
    log->account = gt_strdup(arena, runtime->account);
    log->region = gt_strdup(arena, runtime->region);
    log->id = gt_strdup(arena, runtime->id);
    log->lines = json_array();
    log->next = plane->logs;
    plane->logs = log;
    return log;
}

struct gt_log_feed *gt_log_feed_new(struct gt_plane *plane, struct gt_arena *arena,
                                    const struct gt_object *runtime, const char *stream)
{
    struct gt_log_feed *feed = GT_NEW(arena, struct gt_log_feed);
    const char *name = json_string_value(json_object_get(runtime->data, "agentRuntimeName"));
    feed->plane = plane;
    feed->log = log_of(plane, runtime);
    feed->name = gt_strdup(arena, name == NULL ? runtime->id : name);
    feed->stream = stream;
    return feed;
}

/* Bytes that are no UTF-8 are shown as such; everything else stays as it was printed. */
static json_t *text_of(const char *line)
{
    json_t *text = json_string(line);
    if (text != NULL)
        return text;
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    return json_string(gt_one_line(arena, line, LINE_MAX_BYTES));
}

static void take_line(struct gt_log_feed *feed)
{
    size_t len = feed->len;
    if (len > 0 && feed->line[len - 1] == '\r')
        len--;
    feed->line[len] = '\0';
    feed->len = 0;
    if (strlen(feed->line) == 0)
        return;
    size_t kept =
        strlen(feed->line) < sizeof(feed->last) - 1 ? strlen(feed->line) : sizeof(feed->last) - 1;
    memcpy(feed->last, feed->line, kept);
    feed->last[kept] = '\0';
    feed->has_last = true;
    json_t *text = text_of(feed->line);
    struct gt_local *local = feed->plane->local;
    json_array_append_new(feed->log->lines, json_pack("{s:I, s:O, s:s}", "timestamp",
                                                      (json_int_t)gt_local_now_ms(local), "message",
                                                      text, "stream", feed->stream));
    if (json_array_size(feed->log->lines) > LINES_MAX)
        json_array_remove(feed->log->lines, 0);
    gt_local_event(local, json_pack("{s:s, s:s, s:s, s:o}", "event", "log", "runtime", feed->name,
                                    "stream", feed->stream, "line", text));
}

void gt_log_feed_bytes(struct gt_log_feed *feed, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n') {
            take_line(feed);
            continue;
        }
        if (feed->len == LINE_MAX_BYTES)
            take_line(feed);
        feed->line[feed->len++] = bytes[i] == '\0' ? ' ' : bytes[i];
    }
}

void gt_log_feed_end(struct gt_log_feed *feed)
{
    if (feed->len > 0)
        take_line(feed);
}

const char *gt_log_feed_last(const struct gt_log_feed *feed)
{
    return feed->has_last ? feed->last : NULL;
}

void gt_log_free_all(struct gt_plane *plane)
{
    while (plane->logs != NULL) {
        struct gt_runtime_log *log = plane->logs;
        plane->logs = log->next;
        json_decref(log->lines);
        gt_arena_free(log->arena);
    }
}

json_t *gt_runtime_log_lines(struct gt_local *local, const char *account, const char *region,
                             const char *runtime_id)
{
    struct gt_plane *plane = gt_plane_find(local);
    struct gt_runtime_log *log =
        plane == NULL ? NULL : find_log(plane, account, region, runtime_id);
    return log == NULL ? json_array() : json_copy(log->lines);
}
