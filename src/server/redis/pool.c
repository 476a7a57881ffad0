/*
 * The connections of a source. They are opened when they are needed and again after they broke;
 * while the server cannot be reached, calls fail at once, and every so often one of them tries.
 */
#include "tools.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

enum { BACK_OFF_MS = 50, BACK_OFF_MAX_MS = 1000, PORT = 6379 };

struct gt_redis_lane {
    struct gt_redis_source *source;
    struct gt_redis_link *link; /* NULL: none */
    struct gt_lookup *lookup;
    bool ready;
};

static int64_t now_ms(const struct gt_redis_source *source)
{
    return gt_monotonic_ms(gt_loop_sys(source->base.host.loop));
}

static void enter(struct gt_redis_source *source)
{
    source->depth++;
}

/* What is told inside may be the last thing that kept the source. */
static void leave(struct gt_redis_source *source)
{
    if (--source->depth > 0 || !source->closed)
        return;
    gt_arena_free(source->told);
    gt_arena_free(source->arena);
}

/* -- jobs that wait: for a connection, or to be told that there is none -- */

static void put(struct gt_redis_job ***end, struct gt_redis_job *job)
{
    job->next = NULL;
    **end = job;
    *end = &job->next;
}

static struct gt_redis_job *take(struct gt_redis_job **first, struct gt_redis_job ***end)
{
    struct gt_redis_job *job = *first;
    *first = job->next;
    if (*first == NULL)
        *end = first;
    return job;
}

static bool take_out(struct gt_redis_job **first, struct gt_redis_job ***end,
                     const struct gt_redis_job *job)
{
    for (struct gt_redis_job **at = first; *at != NULL; at = &(*at)->next) {
        if (*at != job)
            continue;
        *at = job->next;
        if (*end == &job->next)
            *end = at;
        return true;
    }
    return false;
}

static void fail_waiting(struct gt_redis_source *source, const char *reason)
{
    while (source->waiting != NULL) {
        struct gt_redis_job *job = take(&source->waiting, &source->waiting_end);
        job->done(job, NULL, reason, false);
    }
}

static void fail_refused(struct gt_redis_source *source)
{
    while (source->refused != NULL) {
        struct gt_redis_job *job = take(&source->refused, &source->refused_end);
        job->done(job, NULL, job->refusal != NULL ? job->refusal : source->reason, false);
    }
}

static void on_refuse(void *payload)
{
    struct gt_redis_source *source = payload;
    source->refuse = NULL;
    enter(source);
    fail_refused(source);
    leave(source);
}

static void refuse(struct gt_redis_source *source, struct gt_redis_job *job, const char *reason)
{
    job->refusal = reason;
    put(&source->refused_end, job);
    if (source->refuse == NULL)
        source->refuse = gt_timer_start(source->base.host.loop, 0, on_refuse, source);
}

/* -- the server comes and goes -- */

static bool is_open(const struct gt_redis_lane *lane)
{
    return lane->link != NULL || lane->lookup != NULL;
}

/* Whether any connection is ready, or on its way. */
static bool any(const struct gt_redis_source *source, bool ready)
{
    for (size_t i = 0; i < source->count; i++)
        if (ready ? source->lanes[i].ready : is_open(&source->lanes[i]))
            return true;
    return false;
}

/* The server cannot be reached: until the time has come, calls are told so at once. */
static void note_failure(struct gt_redis_source *source, const char *reason)
{
    if (any(source, false)) /* it serves, with as many connections as it likes, or may yet */
        return;
    struct gt_arena *before = source->told;
    source->back_off_ms = source->back_off_ms == 0 ? BACK_OFF_MS : source->back_off_ms * 2;
    if (source->back_off_ms > BACK_OFF_MAX_MS)
        source->back_off_ms = BACK_OFF_MAX_MS;
    source->retry_at_ms = now_ms(source) + source->back_off_ms;
    source->told = gt_arena_new();
    source->reason = gt_strdup(source->told, reason);
    gt_arena_free(before);
    gt_source_note(&source->base, source->reason);
    fail_waiting(source, source->reason);
}

static void send_waiting(struct gt_redis_source *source)
{
    struct gt_redis_job *job = source->waiting, *next;
    source->waiting = NULL;
    source->waiting_end = &source->waiting;
    for (; job != NULL; job = next) {
        next = job->next;
        gt_redis_send(source, job);
    }
}

static void on_ready(void *payload, struct gt_redis_link *link, const char *reason)
{
    struct gt_redis_lane *lane = payload;
    struct gt_redis_source *source = lane->source;
    enter(source);
    if (reason != NULL) {
        lane->link = NULL;
        note_failure(source, reason);
        gt_redis_link_free(link, reason);
    } else {
        lane->ready = true;
        source->back_off_ms = source->retry_at_ms = 0;
        gt_source_note(&source->base, NULL);
        send_waiting(source);
    }
    leave(source);
}

static void on_lost(void *payload, struct gt_redis_link *link, const char *reason, bool idle)
{
    struct gt_redis_lane *lane = payload;
    struct gt_redis_source *source = lane->source;
    enter(source);
    lane->link = NULL;
    lane->ready = false;
    if (!idle && !any(source, true))
        gt_source_note(&source->base, reason);
    gt_redis_link_free(link, reason);
    leave(source);
}

/* -- connecting -- */

static const char *text_at(const struct gt_redis_source *source, const char *name)
{
    return json_string_value(json_object_get(source->config->settings, name));
}

static int64_t number_at(const struct gt_redis_source *source, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(source->config->settings, name);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static void connect_lane(struct gt_redis_lane *lane, const struct gt_addresses *addresses)
{
    struct gt_redis_source *source = lane->source;
    lane->link = gt_redis_link_new(
        &(struct gt_redis_link_options){.loop = source->base.host.loop,
                                        .addresses = addresses,
                                        .username = text_at(source, "username"),
                                        .password = text_at(source, "password"),
                                        .database = number_at(source, "database", 0),
                                        .connect_timeout_ms = source->connect_timeout_ms,
                                        .command_timeout_ms = source->command_timeout_ms,
                                        .max_reply_bytes = source->max_reply_bytes,
                                        .payload = lane,
                                        .ready = on_ready,
                                        .lost = on_lost});
}

static void on_found(void *payload, const struct gt_addresses *addresses, const char *problem)
{
    struct gt_redis_lane *lane = payload;
    struct gt_redis_source *source = lane->source;
    enter(source);
    lane->lookup = NULL;
    if (addresses != NULL)
        connect_lane(lane, addresses);
    else
        note_failure(source, problem);
    leave(source);
}

static void open_lane(struct gt_redis_lane *lane)
{
    struct gt_redis_source *source = lane->source;
    struct gt_addresses addresses;
    const char *path = text_at(source, "socket"), *host = text_at(source, "host");
    if (path != NULL && gt_address_of_unix(path, &addresses)) {
        connect_lane(lane, &addresses);
        return;
    }
    lane->lookup = gt_lookup_start(source->base.host.workers, host != NULL ? host : "127.0.0.1",
                                   (int)number_at(source, "port", PORT), on_found, lane);
}

/* -- jobs -- */

/* The connection with the least to do; *none: a lane without one. */
static struct gt_redis_lane *least(struct gt_redis_source *source, struct gt_redis_lane **none)
{
    struct gt_redis_lane *found = NULL;
    *none = NULL;
    for (size_t i = 0; i < source->count; i++) {
        struct gt_redis_lane *lane = &source->lanes[i];
        if (!is_open(lane))
            *none = lane;
        if (lane->ready &&
            (found == NULL || gt_redis_link_open(lane->link) < gt_redis_link_open(found->link)))
            found = lane;
    }
    return found;
}

void gt_redis_send(struct gt_redis_source *source, struct gt_redis_job *job)
{
    struct gt_redis_lane *none, *lane = least(source, &none);
    bool may_try = now_ms(source) >= source->retry_at_ms;
    if (none != NULL && may_try && (lane == NULL || gt_redis_link_open(lane->link) > 0))
        open_lane(none);
    if (lane != NULL && !gt_redis_link_send(lane->link, job))
        refuse(source, job, "more is waiting for it than fits into memory");
    else if (lane == NULL && any(source, false))
        put(&source->waiting_end, job);
    else if (lane == NULL)
        refuse(source, job, NULL);
}

bool gt_redis_take_back(struct gt_redis_source *source, struct gt_redis_job *job)
{
    return take_out(&source->waiting, &source->waiting_end, job) ||
           take_out(&source->refused, &source->refused_end, job);
}

void gt_redis_pool_open(struct gt_redis_source *source, size_t count)
{
    source->lanes = gt_calloc(source->arena, count, sizeof(*source->lanes));
    source->count = count;
    source->waiting_end = &source->waiting;
    source->refused_end = &source->refused;
    for (size_t i = 0; i < count; i++)
        source->lanes[i].source = source;
}

void gt_redis_pool_close(struct gt_redis_source *source)
{
    enter(source);
    source->closed = true;
    gt_timer_cancel(source->refuse);
    for (size_t i = 0; i < source->count; i++) {
        struct gt_redis_lane *lane = &source->lanes[i];
        struct gt_redis_link *link = lane->link;
        gt_lookup_cancel(lane->lookup);
        lane->link = NULL;
        lane->lookup = NULL;
        lane->ready = false;
        if (link != NULL)
            gt_redis_link_free(link, "the source is closed");
    }
    fail_waiting(source, "the source is closed");
    fail_refused(source);
    leave(source);
}
