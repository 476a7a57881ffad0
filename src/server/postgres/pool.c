#include "pool_parts.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <stddef.h>

enum { DEPTH = 64 };

int64_t gt_pg_pool_now_ms(const struct gt_pg_pool *pool)
{
    return gt_monotonic_ms(gt_loop_sys(pool->source->base.host.loop));
}

/* What is told inside may be the last thing that kept the source. */
void gt_pg_pool_enter(struct gt_pg_pool *pool)
{
    pool->source->depth++;
}

static void leave(struct gt_pg_source *source)
{
    if (--source->depth > 0 || !source->closed)
        return;
    for (struct gt_pg_pool *pool = source->pools; pool != NULL; pool = pool->next)
        for (int i = 0; i < GT_PG_LANES; i++)
            gt_arena_free(pool->lanes[i].told);
    gt_arena_free(source->arena);
}

void gt_pg_pool_exit(struct gt_pg_pool *pool)
{
    leave(pool->source);
}

/* -- what waits -- */

void gt_pg_queue_put(struct gt_pg_queue *queue, struct gt_pg_job *job)
{
    job->next = NULL;
    *queue->end = job;
    queue->end = &job->next;
}

static struct gt_pg_job *next_job(struct gt_pg_queue *queue)
{
    struct gt_pg_job *job = queue->first;
    queue->first = job->next;
    if (queue->first == NULL)
        queue->end = &queue->first;
    return job;
}

static bool take_out(struct gt_pg_queue *queue, struct gt_pg_job *job)
{
    for (struct gt_pg_job **at = &queue->first; *at != NULL; at = &(*at)->next) {
        if (*at != job)
            continue;
        *at = job->next;
        if (*at == NULL)
            queue->end = at;
        return true;
    }
    return false;
}

static struct gt_pg_wait *next_wait(struct gt_pg_pool *pool)
{
    struct gt_pg_wait *wait = pool->waits;
    pool->waits = wait->next;
    if (pool->waits == NULL)
        pool->waits_end = &pool->waits;
    return wait;
}

static void fail_queue(struct gt_pg_queue *queue, const char *reason)
{
    while (queue->first != NULL) {
        struct gt_pg_job *job = next_job(queue);
        const struct gt_pg_end end = {.lost = true, .message = reason};
        job->done(job, NULL, &end);
    }
}

void gt_pg_lane_fail(struct gt_pg_lane *lane, const char *reason)
{
    struct gt_pg_pool *pool = lane->pool;
    struct gt_arena *arena = gt_arena_new();
    reason = gt_strdup(arena, reason); /* what is told inside may change the lane's own */
    if (lane->name == GT_PG_SHARED) {
        fail_queue(&pool->quick, reason);
        fail_queue(&pool->slow, reason);
    }
    while (lane->name == GT_PG_OWN && pool->waits != NULL) {
        struct gt_pg_wait *wait = next_wait(pool);
        wait->fn(wait, NULL, reason);
    }
    gt_arena_free(arena);
}

/* -- serving -- */

static bool is_open(const struct gt_pg_member *member)
{
    return member->lane == GT_PG_SHARED && member->ready && !member->taken && !member->stalled &&
           !gt_pg_link_is_lost(member->link);
}

/* The shared connection with the least before it; NULL when there is none for short work. */
static struct gt_pg_member *least_loaded(const struct gt_pg_pool *pool)
{
    struct gt_pg_member *best = NULL;
    for (struct gt_pg_member *at = pool->members; at != NULL; at = at->next)
        if (is_open(at) && !at->reserved &&
            (best == NULL || gt_pg_link_open(at->link) < gt_pg_link_open(best->link)))
            best = at;
    return best;
}

static struct gt_pg_member *free_member(const struct gt_pg_pool *pool, enum gt_pg_lane_name lane)
{
    for (struct gt_pg_member *at = pool->members; at != NULL; at = at->next)
        if (at->lane == lane && at->ready && !at->taken && !at->stalled &&
            !gt_pg_link_is_lost(at->link) && gt_pg_link_open(at->link) == 0)
            return at;
    return NULL;
}

static void send_to(struct gt_pg_member *member, struct gt_pg_job *job)
{
    gt_pg_member_use(member);
    gt_pg_link_send(member->link, job);
}

static void serve_quick(struct gt_pg_pool *pool)
{
    struct gt_pg_lane *lane = &pool->lanes[GT_PG_SHARED];
    while (pool->quick.first != NULL) {
        struct gt_pg_member *member = least_loaded(pool);
        if (member == NULL)
            break;
        if (gt_pg_link_open(member->link) >= DEPTH && lane->count < lane->most)
            gt_pg_lane_connect(lane, 1);
        send_to(member, next_job(&pool->quick));
    }
    if (pool->quick.first != NULL)
        gt_pg_lane_connect(lane, 1);
}

/* Where nothing is free for a slow one and nothing more can be opened, a connection gets no more
 * short work until it is. */
static void reserve_one(struct gt_pg_pool *pool)
{
    for (const struct gt_pg_member *at = pool->members; at != NULL; at = at->next)
        if (at->reserved)
            return;
    struct gt_pg_member *member = least_loaded(pool);
    if (member != NULL)
        member->reserved = true;
}

/* Slow ones leave a connection to the others, where there may be more than one. */
static void serve_slow(struct gt_pg_pool *pool)
{
    struct gt_pg_lane *lane = &pool->lanes[GT_PG_SHARED];
    size_t taken = 0, most = lane->most > 1 ? lane->most - 1 : 1;
    for (const struct gt_pg_member *at = pool->members; at != NULL; at = at->next)
        taken += at->lane == GT_PG_SHARED && (at->taken || at->stalled);
    while (pool->slow.first != NULL && taken < most) {
        struct gt_pg_member *member = free_member(pool, GT_PG_SHARED);
        if (member == NULL)
            break;
        member->taken = true;
        member->reserved = false;
        taken++;
        send_to(member, next_job(&pool->slow));
    }
    if (pool->slow.first == NULL) {
        for (struct gt_pg_member *at = pool->members; at != NULL; at = at->next)
            at->reserved = false;
    } else if (taken < most) {
        gt_pg_lane_connect(lane, 1);
        if (pool->slow.first != NULL && lane->connecting == 0 && lane->lookup == NULL)
            reserve_one(pool);
    }
}

static void serve_waits(struct gt_pg_pool *pool)
{
    while (pool->waits != NULL) {
        struct gt_pg_member *member = free_member(pool, GT_PG_OWN);
        if (member == NULL)
            break;
        struct gt_pg_wait *wait = next_wait(pool);
        gt_pg_member_use(member);
        member->taken = true;
        wait->fn(wait, member->link, NULL);
    }
    struct gt_pg_lane *lane = &pool->lanes[GT_PG_OWN];
    size_t wanted = 0;
    for (const struct gt_pg_wait *at = pool->waits; at != NULL && wanted < lane->most;
         at = at->next)
        wanted++;
    if (wanted > 0)
        gt_pg_lane_connect(lane, wanted);
}

void gt_pg_pool_serve(struct gt_pg_pool *pool)
{
    serve_slow(pool);
    serve_quick(pool);
    serve_waits(pool);
}

void gt_pg_pool_send(struct gt_pg_pool *pool, struct gt_pg_job *job)
{
    job->link = NULL;
    job->cancelled = job->sent = false;
    gt_pg_pool_enter(pool);
    gt_pg_queue_put(job->alone ? &pool->slow : &pool->quick, job);
    if (job->alone)
        serve_slow(pool);
    else
        serve_quick(pool);
    gt_pg_pool_exit(pool);
}

void gt_pg_pool_cancel(struct gt_pg_pool *pool, struct gt_pg_job *job)
{
    if (job->link != NULL) {
        gt_pg_link_cancel(job->link, job);
        return;
    }
    const struct gt_pg_end end = {.sqlstate = GT_PG_CANCELLED, .message = "cancelled"};
    if (take_out(&pool->quick, job) || take_out(&pool->slow, job))
        job->done(job, NULL, &end);
}

void gt_pg_pool_take(struct gt_pg_pool *pool, struct gt_pg_wait *wait)
{
    wait->next = NULL;
    *pool->waits_end = wait;
    pool->waits_end = &wait->next;
    gt_pg_pool_enter(pool);
    serve_waits(pool);
    gt_pg_pool_exit(pool);
}

void gt_pg_pool_leave(struct gt_pg_pool *pool, struct gt_pg_wait *wait)
{
    for (struct gt_pg_wait **at = &pool->waits; *at != NULL; at = &(*at)->next) {
        if (*at != wait)
            continue;
        *at = wait->next;
        if (*at == NULL)
            pool->waits_end = at;
        return;
    }
}

/* -- back into the pool -- */

static void on_discarded(struct gt_pg_job *job, struct gt_pg_link *link,
                         const struct gt_pg_end *end)
{
    struct gt_pg_member *member =
        (struct gt_pg_member *)(void *)((char *)job - offsetof(struct gt_pg_member, discard));
    struct gt_pg_pool *pool = member->pool;
    if (link == NULL)
        return; /* on_lost removes it */
    gt_pg_pool_enter(pool);
    /* What the session keeps is not known; or a cancellation may still hit the next one. */
    if (end->sqlstate != NULL || gt_pg_link_is_cancelling(link) || gt_pg_link_is_large(link)) {
        gt_pg_member_remove(member);
    } else {
        member->taken = false;
        gt_pg_member_use(member);
        gt_pg_link_reset(link);
    }
    gt_pg_pool_serve(pool);
    gt_pg_pool_exit(pool);
}

void gt_pg_pool_give(struct gt_pg_pool *pool, struct gt_pg_link *link)
{
    static const struct gt_pg_step steps[] = {
        {.sql = "ROLLBACK", .apart = true},
        {.sql = "DISCARD ALL", .apart = true},
        {.sql = gt_pg_session},
    };
    struct gt_pg_member *member = pool->members;
    while (member != NULL && member->link != link)
        member = member->next;
    if (member == NULL)
        return;
    member->discard = (struct gt_pg_job){
        .steps = steps, .count = GT_COUNT(steps), .timeout_ms = -1, .done = on_discarded};
    gt_pg_link_send(link, &member->discard);
}

static void make_lane(struct gt_pg_pool *pool, enum gt_pg_lane_name name, int most)
{
    pool->lanes[name] = (struct gt_pg_lane){.pool = pool, .name = name, .most = (size_t)most};
}

struct gt_pg_pool *gt_pg_pool_of(struct gt_pg_source *source, const char *database)
{
    if (database == NULL)
        database = json_string_value(json_object_get(source->config->settings, "database"));
    struct gt_pg_pool *pool = source->pools;
    while (pool != NULL && !gt_streq(pool->database, database))
        pool = pool->next;
    if (pool != NULL)
        return pool;
    pool = GT_NEW(source->arena, struct gt_pg_pool);
    *pool = (struct gt_pg_pool){
        .source = source, .database = gt_strdup(source->arena, database), .next = source->pools};
    make_lane(pool, GT_PG_SHARED, source->pipelines);
    make_lane(pool, GT_PG_OWN, source->size);
    pool->quick.end = &pool->quick.first;
    pool->slow.end = &pool->slow.first;
    pool->waits_end = &pool->waits;
    source->pools = pool;
    return pool;
}

void gt_pg_pools_close(struct gt_pg_source *source)
{
    source->closed = true;
    source->depth++;
    for (struct gt_pg_pool *pool = source->pools; pool != NULL; pool = pool->next) {
        for (int i = 0; i < GT_PG_LANES; i++) {
            gt_lookup_cancel(pool->lanes[i].lookup);
            pool->lanes[i].most = 0;
            gt_pg_lane_fail(&pool->lanes[i], "the source is closed");
        }
        while (pool->members != NULL)
            gt_pg_member_remove(pool->members);
    }
    leave(source);
}
