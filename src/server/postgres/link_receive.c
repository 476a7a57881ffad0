#include "link_parts.h"

#include <gantry/base/str.h>
#include <string.h>

enum { TRIES = 3 };

static const char *field(struct gt_pg_job *job, const PGresult *result, int code)
{
    const char *text = PQresultErrorField(result, code);
    return text != NULL ? gt_one_line(job->texts, text, GT_PG_TEXT_MAX) : NULL;
}

static void note_error(struct gt_pg_job *job, size_t step, const PGresult *result)
{
    if (job->failed)
        return;
    job->failed = true;
    if (job->texts == NULL)
        job->texts = gt_arena_new();
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    job->end.sqlstate = field(job, result, PG_DIAG_SQLSTATE);
    job->end.message = field(job, result, PG_DIAG_MESSAGE_PRIMARY);
    job->end.detail = field(job, result, PG_DIAG_MESSAGE_DETAIL);
    job->end.hint = field(job, result, PG_DIAG_MESSAGE_HINT);
    job->end.position = position != NULL ? (int)strtol(position, NULL, 10) : 0;
    job->end.step = step;
    if (PQresultStatus(result) == PGRES_EMPTY_QUERY) {
        job->end.sqlstate = "42601";
        job->end.message = "there is no statement";
    }
    if (job->end.sqlstate == NULL)
        job->end.sqlstate = "XX000";
    if (job->end.message == NULL)
        job->end.message = gt_one_line(job->texts, PQresultErrorMessage(result), GT_PG_TEXT_MAX);
}

/* A plan that no longer fits its table, a name that the server does not know. */
static bool is_stale(const struct gt_pg_job *job)
{
    return strcmp(job->end.sqlstate, "26000") == 0 ||
           (strcmp(job->end.sqlstate, "0A000") == 0 &&
            strstr(job->end.message, "cached plan") != NULL);
}

/* The first to come across it: those behind may have been sent with the new one already. */
static void forget_prepared(struct gt_pg_link *link, const struct gt_pg_job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        const char *name = job->steps[i].execute;
        struct gt_pg_prepared *prepared = name != NULL ? gt_map_get(&link->prepared, name) : NULL;
        if (prepared != NULL && prepared->generation == job->generation)
            prepared->live = false;
    }
}

/* Whether the job is to be sent once more: what ended it was not its own doing. */
static bool again(struct gt_pg_link *link, struct gt_pg_job *job)
{
    if (job->restart == NULL || job->cancelled || job->tries >= TRIES)
        return false;
    if (!job->failed)
        return job->aborted;
    bool stale = is_stale(job);
    bool hit =
        strcmp(job->end.sqlstate, GT_PG_CANCELLED) == 0 && job->cancels_before != link->cancels;
    if (stale)
        forget_prepared(link, job);
    return stale || hit;
}

static void complete(struct gt_pg_link *link, struct gt_pg_job *job)
{
    if (link->stuck != NULL && job->cancelled) {
        gt_timer_cancel(link->stuck);
        link->stuck = NULL;
    }
    if (again(link, job)) {
        gt_arena_free(job->texts);
        job->texts = NULL;
        job->end = (struct gt_pg_end){0};
        job->failed = job->aborted = false;
        job->tries++;
        job->restart(job);
        gt_pg_link_enqueue(link, job);
        return;
    }
    if (job->aborted && !job->failed) {
        job->end.sqlstate = GT_PG_CANCELLED;
        job->end.message = "cancelled";
    }
    gt_pg_link_finish(link, job, false);
    gt_pg_link_rest(link);
}

/* The next command's turn has come: a job that was to be cancelled may be at the head now. */
static void pop(struct gt_pg_link *link)
{
    struct gt_pg_job *before = link->expected.at[link->first++].job;
    const struct gt_pg_job *now =
        link->first < link->expected.len ? link->expected.at[link->first].job : NULL;
    if (now == before && now != NULL)
        return;
    int64_t now_ms = gt_pg_link_now_ms(link);
    if (before != NULL)
        before->end.took_ms = now_ms - link->head_ms;
    link->head_ms = now_ms;
    link->turns++;
    if (now != NULL && now->cancelled)
        gt_pg_link_cancel_running(link);
}

/* What came so fast that it was whole before anybody looked. */
static bool is_large_row(const PGresult *result, int row)
{
    int64_t len = 0;
    for (int i = 0; i < PQnfields(result); i++)
        len += PQgetlength(result, row, i);
    return len > GT_PG_ROW_MAX;
}

/* False after a row beyond the limit. */
static bool take_rows(const struct gt_pg_expected *at, const PGresult *result)
{
    struct gt_pg_job *job = at->job;
    if (job == NULL || at->kind != GT_PG_RUN || !at->rows || job->row == NULL)
        return true;
    for (int row = 0; row < PQntuples(result); row++) {
        if (is_large_row(result, row)) {
            gt_pg_link_too_large(job);
            return false;
        }
        job->row(job, result, row);
    }
    return true;
}

static void not_done(struct gt_pg_link *link, const struct gt_pg_expected *at)
{
    if (at->kind == GT_PG_PREPARE)
        at->prepared->live = false;
    else if (at->kind == GT_PG_TIMEOUT)
        link->timeout_ms = -1;
}

/* False when the connection cannot be used any more. */
static bool take(struct gt_pg_link *link, const struct gt_pg_expected *at, const PGresult *result)
{
    struct gt_pg_job *job = at->job;
    ExecStatusType status = PQresultStatus(result);
    switch ((int)status) {
    case PGRES_SINGLE_TUPLE:
        return take_rows(at, result);
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        if (!take_rows(at, result))
            return false;
        if (job != NULL && at->kind == GT_PG_RUN && job->result != NULL)
            job->result(job, at->step, result);
        return true;
    case PGRES_PIPELINE_ABORTED:
        not_done(link, at);
        if (job != NULL)
            job->aborted = true;
        return true;
    case PGRES_PIPELINE_SYNC:
        return true;
    case PGRES_EMPTY_QUERY:
    case PGRES_FATAL_ERROR:
        not_done(link, at);
        link->careful = GT_PG_BATCH;
        if (job != NULL)
            note_error(job, at->step, result);
        return PQstatus(link->conn) == CONNECTION_OK;
    default: /* COPY: nothing that a pipeline can carry */
        if (job != NULL && !job->failed) {
            job->failed = true;
            job->end.sqlstate = "0A000";
            job->end.message = "COPY is not served here";
        }
        return false;
    }
}

static bool is_over(const struct gt_pg_expected *at, const PGresult *result)
{
    if (at->kind < GT_PG_BETWEEN)
        return result == NULL && at->got;
    return result != NULL && PQresultStatus(result) == PGRES_PIPELINE_SYNC;
}

/* The head failed by itself, and the connection is not worth keeping. */
static void give_up(struct gt_pg_link *link)
{
    struct gt_pg_job *job = link->expected.at[link->first].job;
    bool own = job != NULL && job->failed && PQstatus(link->conn) == CONNECTION_OK;
    const char *reason =
        own ? "a statement left it in a state that cannot be used" : gt_pg_link_reason(link);
    if (own) {
        while (link->first < link->expected.len && link->expected.at[link->first].job == job)
            link->first++;
        job->restart = NULL;
        complete(link, job);
    }
    if (!link->broken && !link->freed)
        gt_pg_link_lose(link, reason);
}

/* One command's next result; false when there is none yet, or the link is gone. */
static bool receive_one(struct gt_pg_link *link, int *nothing)
{
    struct gt_pg_expected *at = &link->expected.at[link->first];
    if (at->kind == GT_PG_RUN && !at->row_mode && at->rows)
        at->row_mode = PQsetSingleRowMode(link->conn) == 1;
    if (PQisBusy(link->conn))
        return false;
    PGresult *result = PQgetResult(link->conn);
    *nothing = result == NULL ? *nothing + 1 : 0;
    link->partial = link->partial_from = 0;
    link->stands = false;
    bool good = result == NULL || take(link, at, result);
    bool over = good && is_over(at, result);
    bool ends = at->kind == GT_PG_SYNC ||
                (at->kind == GT_PG_RUN && at->job != NULL && gt_pg_job_shares(at->job));
    struct gt_pg_job *job = at->job;
    enum gt_pg_kind kind = at->kind;
    at->got |= result != NULL;
    PQclear(result);
    if (!good) {
        give_up(link);
        return false;
    }
    if (!over)
        return true;
    *nothing = 0;
    pop(link);
    if (ends && job != NULL)
        complete(link, job);
    else if (job == NULL && kind != GT_PG_SYNC)
        gt_pg_link_rest(link);
    return true;
}

void gt_pg_link_receive(struct gt_pg_link *link)
{
    int nothing = 0;
    while (!link->broken && !link->freed && link->first < link->expected.len && nothing < 2)
        if (!receive_one(link, &nothing))
            return;
}
