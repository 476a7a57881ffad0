#include "link_parts.h"

#include <string.h>

static void expect(struct gt_pg_link *link, struct gt_pg_expected expected)
{
    enum { COMPACTED = 1024 };
    if (link->first == link->expected.len) {
        link->first = link->expected.len = 0;
        link->head_ms = gt_pg_link_now_ms(link);
    } else if (link->first >= COMPACTED) {
        memmove(link->expected.at, link->expected.at + link->first,
                (link->expected.len - link->first) * sizeof(*link->expected.at));
        link->expected.len -= link->first;
        link->first = 0;
    }
    *GT_PUSH(link->arena, &link->expected) = expected;
}

static struct gt_pg_prepared *prepared_of(struct gt_pg_link *link, const char *name)
{
    struct gt_pg_prepared *prepared = gt_map_get(&link->prepared, name);
    if (prepared == NULL) {
        prepared = GT_NEW(link->arena, struct gt_pg_prepared);
        gt_map_set(&link->prepared, name, prepared);
    }
    return prepared;
}

static bool send_prepare(struct gt_pg_link *link, struct gt_pg_job *job, size_t i)
{
    const struct gt_pg_step *step = &job->steps[i];
    struct gt_pg_prepared *prepared = prepared_of(link, step->prepare);
    if (prepared->live)
        return true;
    prepared->live = true;
    snprintf(prepared->actual, sizeof(prepared->actual), "%s_%u", step->prepare,
             ++prepared->generation);
    expect(link, (struct gt_pg_expected){
                     .job = job, .kind = GT_PG_PREPARE, .step = i, .prepared = prepared});
    return PQsendPrepare(link->conn, prepared->actual, step->sql, 0, NULL) == 1;
}

static bool send_step(struct gt_pg_link *link, struct gt_pg_job *job, size_t i)
{
    const struct gt_pg_step *step = &job->steps[i];
    if (step->prepare != NULL && !send_prepare(link, job, i))
        return false;
    expect(link,
           (struct gt_pg_expected){.job = job, .kind = GT_PG_RUN, .step = i, .rows = step->rows});
    if (step->execute == NULL)
        return PQsendQueryParams(link->conn, step->sql, step->count, NULL, step->values, NULL, NULL,
                                 0) == 1;
    const struct gt_pg_prepared *prepared = prepared_of(link, step->execute);
    job->generation = prepared->generation;
    return PQsendQueryPrepared(link->conn, prepared->actual, step->count, step->values, NULL, NULL,
                               0) == 1;
}

static bool sync_here(struct gt_pg_link *link, struct gt_pg_job *job, enum gt_pg_kind kind,
                      size_t step)
{
    expect(link, (struct gt_pg_expected){.job = job, .kind = kind, .step = step});
    return PQpipelineSync(link->conn) == 1;
}

/* Ends the transaction of the jobs that share one. */
static bool end_batch(struct gt_pg_link *link)
{
    if (link->batch == 0)
        return true;
    link->batch = 0;
    return sync_here(link, NULL, GT_PG_SYNC, 0);
}

static bool wants_timeout(const struct gt_pg_link *link, const struct gt_pg_job *job)
{
    return job->timeout_ms >= 0 && job->timeout_ms != link->timeout_ms;
}

/* In a transaction of its own, so that a failure of the job does not take it back. */
static bool send_timeout(struct gt_pg_link *link, struct gt_pg_job *job)
{
    char sql[64];
    link->timeout_ms = job->timeout_ms;
    snprintf(sql, sizeof(sql), "SET statement_timeout = %lld", (long long)job->timeout_ms);
    expect(link, (struct gt_pg_expected){.job = job, .kind = GT_PG_TIMEOUT});
    return PQsendQueryParams(link->conn, sql, 0, NULL, NULL, NULL, NULL, 0) == 1 &&
           sync_here(link, job, GT_PG_BETWEEN, 0);
}

bool gt_pg_job_shares(const struct gt_pg_job *job)
{
    return job->restart != NULL && job->count == 1;
}

static bool send_alone(struct gt_pg_link *link, struct gt_pg_job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        bool last = i + 1 == job->count;
        if (!send_step(link, job, i))
            return false;
        if ((last || job->steps[i].apart) &&
            !sync_here(link, job, last ? GT_PG_SYNC : GT_PG_BETWEEN, i))
            return false;
    }
    return true;
}

static bool send_job(struct gt_pg_link *link, struct gt_pg_job *job)
{
    bool shares = gt_pg_job_shares(job);
    if ((!shares || wants_timeout(link, job)) && !end_batch(link))
        return false;
    job->sent = true;
    job->cancels_before = link->cancels_over;
    if (wants_timeout(link, job) && !send_timeout(link, job))
        return false;
    if (!shares)
        return send_alone(link, job);
    if (!send_step(link, job, 0))
        return false;
    link->batch++;
    bool full = link->batch >= GT_PG_BATCH || link->careful > 0;
    link->careful -= link->careful > 0;
    return !full || end_batch(link);
}

static void end_unsent(struct gt_pg_link *link, struct gt_pg_job *job)
{
    job->end.sqlstate = GT_PG_CANCELLED;
    job->end.message = "cancelled";
    gt_pg_link_finish(link, job, false);
    gt_pg_link_rest(link);
}

void gt_pg_link_flush(struct gt_pg_link *link)
{
    int more = PQflush(link->conn);
    if (more < 0)
        gt_pg_link_lose(link, gt_pg_link_reason(link));
    else
        gt_pg_link_watch(link, more > 0 ? GT_IO_READ | GT_IO_WRITE : GT_IO_READ);
}

static void on_flush(void *payload)
{
    struct gt_pg_link *link = payload;
    link->flush = NULL;
    gt_pg_link_enter(link);
    while (!link->broken && !link->freed && link->unsent != NULL) {
        struct gt_pg_job *job = link->unsent;
        link->unsent = job->next;
        if (link->unsent == NULL)
            link->unsent_end = &link->unsent;
        if (job->cancelled)
            end_unsent(link, job);
        else if (!send_job(link, job))
            gt_pg_link_lose(link, gt_pg_link_reason(link));
    }
    if (!link->broken && !link->freed && !end_batch(link))
        gt_pg_link_lose(link, gt_pg_link_reason(link));
    if (!link->broken && !link->freed)
        gt_pg_link_flush(link);
    gt_pg_link_leave(link);
}

void gt_pg_link_enqueue(struct gt_pg_link *link, struct gt_pg_job *job)
{
    job->next = NULL;
    *link->unsent_end = job;
    link->unsent_end = &job->next;
    if (link->flush == NULL)
        link->flush = gt_timer_start(link->options.loop, 0, on_flush, link);
}

/* -- jobs that wait behind one that takes long -- */

/* Whether the server works on what was taken back, and on nothing else. */
static bool works_for_nobody(const struct gt_pg_link *link)
{
    const struct gt_pg_expected *head =
        link->first < link->expected.len ? &link->expected.at[link->first] : NULL;
    return link->open == 0 && head != NULL && head->job == NULL && head->kind != GT_PG_SYNC;
}

static void on_watch(void *payload)
{
    enum { WATCH_MS = 50 };
    struct gt_pg_link *link = payload;
    bool stands = link->turns == link->turns_seen, for_nobody = works_for_nobody(link);
    link->watchman = NULL;
    link->turns_seen = link->turns;
    if (link->open > 0 || link->first < link->expected.len)
        link->watchman = gt_timer_start(link->options.loop, WATCH_MS, on_watch, link);
    if (stands && for_nobody && link->cancelling == NULL)
        gt_pg_link_cancel_running(link);
    else if (stands && link->open > 1 && link->ready)
        link->options.stalled(link->options.payload);
}

void gt_pg_link_send(struct gt_pg_link *link, struct gt_pg_job *job)
{
    job->sent = job->cancelled = job->failed = job->aborted = false;
    job->tries = 0;
    job->link = link;
    job->texts = NULL;
    job->end = (struct gt_pg_end){0};
    link->open++;
    gt_pg_link_enqueue(link, job);
    if (link->watchman == NULL)
        on_watch(link);
}

struct gt_pg_job *gt_pg_link_recall(struct gt_pg_link *link)
{
    struct gt_pg_job *list = NULL, **end = &list;
    size_t i = link->first;
    const struct gt_pg_job *head = i < link->expected.len ? link->expected.at[i].job : NULL;
    for (; i < link->expected.len; i++) {
        struct gt_pg_expected *at = &link->expected.at[i];
        struct gt_pg_job *job = at->job;
        if (job == NULL || job == head || !gt_pg_job_shares(job) || job->cancelled)
            continue;
        at->job = NULL;
        if (at->kind != GT_PG_RUN)
            continue; /* what was prepared and set holds; its last entry is the run */
        job->link = NULL;
        link->open--;
        *end = job;
        end = &job->next;
    }
    *end = NULL;
    return list;
}
