/* The request log: a line of JSON for each request, and the newest of them in memory. */
#include "cloud.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RING = 10000 };

bool gt_operation_mutates(const char *name)
{
    static const char *const reading[] = {"Get",      "List",     "Describe",
                                          "BatchGet", "Simulate", "AssumeRole",
                                          "Invoke",   "Head",     "FilterLogEvents"};
    for (size_t i = 0; i < GT_COUNT(reading); i++)
        if (gt_starts_with(name, reading[i]))
            return false;
    return true;
}

bool gt_log_open(struct gt_local *local, struct gt_diags *diags)
{
    local->ring = json_array();
    local->log_fd = -1;
    const char *path = local->options.request_log;
    if (path == NULL)
        return true;
    local->log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (local->log_fd >= 0)
        return true;
    gt_error(diags, "request-log", "cannot write %s: %s", path,
             gt_lower(diags->arena, strerror(errno)));
    return false;
}

static void append(struct gt_local *local, const json_t *entry)
{
    struct gt_buf line = gt_buf_init(1 << 20);
    gt_buf_add_json(&line, entry, JSON_COMPACT);
    gt_buf_addc(&line, '\n');
    const char *at = gt_buf_text(&line);
    for (size_t left = line.overflow ? 0 : line.len; left > 0;) {
        ssize_t sent = write(local->log_fd, at, left);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0) { /* a full disk must not end the cloud: it goes on without this file */
            close(local->log_fd);
            local->log_fd = -1;
            gt_local_event(local, json_pack("{s:s, s:s}", "event", "log", "message",
                                            "the request log cannot be written any more"));
            break;
        }
        at += sent;
        left -= (size_t)sent;
    }
    gt_buf_done(&line);
}

void gt_log_write(struct gt_local *local, json_t *entry)
{
    if (local->log_fd >= 0)
        append(local, entry);
    if (json_array_size(local->ring) >= RING + RING / 4) {
        /* In one go, since each removal at the front moves all. */
        json_t *kept = json_array();
        for (size_t i = json_array_size(local->ring) - RING; i < json_array_size(local->ring); i++)
            json_array_append(kept, json_array_get(local->ring, i));
        json_decref(local->ring);
        local->ring = kept;
    }
    json_array_append(local->ring, entry);
    json_t *event = json_copy(entry);
    json_object_set_new(event, "event", json_string("request"));
    gt_local_event(local, event);
    json_decref(entry);
}

json_t *gt_log_read(const struct gt_local *local, const struct gt_request *request,
                    struct gt_arena *arena)
{
    const char *after = gt_request_query(request, arena, "after");
    const char *operation = gt_request_query(request, arena, "operation");
    const char *service = gt_request_query(request, arena, "service");
    const char *mutating = gt_request_query(request, arena, "mutating");
    long long from = after == NULL ? 0 : strtoll(after, NULL, 10);
    json_t *found = json_array(), *entry;
    size_t index;
    json_array_foreach(
        local->ring, index,
        entry) if (json_integer_value(json_object_get(entry, "n")) > from &&
                   (operation == NULL || gt_streq(operation, gt_text_at(entry, "/operation"))) &&
                   (service == NULL || gt_streq(service, gt_text_at(entry, "/service"))) &&
                   (mutating == NULL ||
                    gt_streq(mutating, "true") == json_is_true(json_object_get(entry, "mutating"))))
        json_array_append(found, entry);
    return found;
}
