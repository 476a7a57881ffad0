/*
 * The tool type `postgres-sql`: one statement of the author's with typed parameters. A statement
 * that reads runs in a session that is read-only, behind others on a shared connection, with the
 * cap on rows inside of it: SELECT * FROM (statement) LIMIT n. One that cannot stand there (SHOW,
 * EXPLAIN) has a read-only transaction and a connection for itself, and one that writes has the
 * latter.
 */
#include "tools.h"
#include "values.h"

#include <ctype.h>
#include <gantry/base/hash.h>
#include <gantry/base/json.h>
#include <gantry/base/map.h>
#include <gantry/base/str.h>
#include <stddef.h>
#include <string.h>

enum { SLOW_MS = 10, SURELY_SLOW_MS = 50 };

struct fixed {                  /* of a tool */
    const char *plain, *capped; /* capped: NULL for a statement that writes */
    const char *name;           /* of the capped one, prepared */
    const char *database;       /* NULL: the source's */
    const char **names;         /* of the parameters, in the order of $1, $2, ... */
    int count;
    int64_t max_rows, max_bytes;
};

struct fixed_call {
    struct gt_pg_job job; /* first */
    struct gt_pg_wait wait;
    struct gt_tool_call *call;
    const struct fixed *fixed;
    struct gt_pg_pool *pool;
    struct gt_pg_habit *habit; /* NULL: it writes */
    struct gt_pg_link *link;   /* a connection of its own */
    struct gt_pg_step steps[2];
    struct gt_pg_rows rows;
    const char **values;
    int64_t affected;
    bool waits;
    bool enough; /* it was stopped because of what came, not for its caller */
};

static const struct gt_key keys[] = {
    {.name = "statement",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_REQUIRED,
     .summary = "one SQL statement; $1, $2 ... stand for the parameters in their order"},
    GT_PARAMETERS_KEY,
    {.name = "read_only",
     .takes = GT_TAKES_BOOLEAN,
     .summary = "false for a statement that writes (true)"},
    {.name = "database", .takes = GT_TAKES_TEXT, .summary = "another database than the source's"},
    GT_PG_CAPS,
    {.name = NULL},
};

/* Without the semicolon and spaces at its end. */
static const char *trimmed(struct gt_arena *arena, const char *text)
{
    size_t len = strlen(text);
    while (len > 0 && (isspace((unsigned char)text[len - 1]) || text[len - 1] == ';'))
        len--;
    return gt_strndup(arena, text, len);
}

static void name_parameters(struct gt_arena *arena, const json_t *schema, struct fixed *fixed)
{
    const json_t *properties = json_object_get(schema, "properties"), *property;
    const char *name;
    fixed->names = gt_calloc(arena, json_object_size(properties) + 1, sizeof(*fixed->names));
    json_object_foreach(gt_iterable(properties), name, property) fixed->names[fixed->count++] =
        gt_strdup(arena, name);
}

static bool prepare(struct gt_config *config, struct gt_tool *tool, struct gt_diags *diags)
{
    struct gt_arena *arena = config->arena;
    const json_t *settings = tool->settings;
    struct fixed *fixed = GT_NEW(arena, struct fixed);
    bool reads = !json_is_false(json_object_get(settings, "read_only"));
    json_t *schema = gt_parameters_schema(config, tool, diags);
    if (schema == NULL)
        return false;
    tool->input_schema = gt_keep(arena, schema);
    tool->output_schema = gt_keep(arena, gt_pg_rows_schema());
    tool->annotations = (struct gt_annotations){
        .read_only = reads, .destructive = !reads, .idempotent = reads, .open_world = false};
    *fixed = (struct fixed){
        .plain = trimmed(arena, gt_text_at(settings, "/statement")),
        .database = gt_text_at(settings, "/database"),
        .max_rows = gt_pg_setting(tool, "max_rows", GT_PG_MAX_ROWS),
        .max_bytes = gt_pg_setting(tool, "max_bytes", GT_PG_MAX_BYTES),
    };
    name_parameters(arena, schema, fixed);
    if (reads) {
        fixed->capped = gt_printf(arena, "SELECT * FROM (\n%s\n) AS gantry_rows LIMIT %lld",
                                  fixed->plain, (long long)fixed->max_rows + 1);
        fixed->name = gt_printf(arena, "gantry_%.16s",
                                gt_sha256_hex(arena, fixed->capped, strlen(fixed->capped)));
    }
    tool->own = fixed;
    return true;
}

/* -- a call -- */

static void start(struct fixed_call *work);

static void on_row(struct gt_pg_job *job, const PGresult *result, int row)
{
    struct fixed_call *work = (struct fixed_call *)job;
    gt_pg_rows_add(&work->rows, result, row);
    if (work->habit == NULL || work->enough || !gt_pg_rows_enough(&work->rows))
        return;
    work->enough = !job->cancelled;
    gt_pg_pool_cancel(work->pool, job);
}

static void on_result(struct gt_pg_job *job, size_t step, const PGresult *result)
{
    struct fixed_call *work = (struct fixed_call *)job;
    if (step + 1 < job->count)
        return;
    if (PQnfields(result) > 0)
        gt_pg_rows_columns(&work->rows, result);
    if (work->habit == NULL)
        work->affected = gt_pg_affected(result);
}

static void restart(struct gt_pg_job *job)
{
    struct fixed_call *work = (struct fixed_call *)job;
    gt_pg_rows_free(&work->rows);
    gt_pg_rows_begin(&work->rows, work->call->arena, work->fixed->max_rows, work->fixed->max_bytes);
}

/* Whether the statement cannot stand inside of another: SHOW, EXPLAIN. */
static bool is_no_subquery(const struct fixed_call *work, const struct gt_pg_end *end)
{
    return work->habit != NULL && !work->habit->apart && !work->job.cancelled &&
           end->sqlstate != NULL &&
           (strcmp(end->sqlstate, "42601") == 0 || strcmp(end->sqlstate, "0A000") == 0);
}

/* Up at once, down slowly: a statement that takes long now and then is one that takes long. */
static void learn(struct gt_pg_habit *habit, int64_t took_ms)
{
    double took = (double)took_ms;
    habit->took_ms = took > habit->took_ms ? (habit->took_ms + took) / 2
                                           : habit->took_ms - (habit->took_ms - took) / 8;
    habit->known = true;
}

static void on_done(struct gt_pg_job *job, struct gt_pg_link *link, const struct gt_pg_end *end)
{
    struct fixed_call *work = (struct fixed_call *)job;
    struct gt_tool_call *call = work->call;
    if (is_no_subquery(work, end)) {
        work->habit->apart = true;
        restart(job);
        start(work);
        return;
    }
    /* Among others the first one's time is that of all. */
    if (work->habit != NULL && end->sent && !end->lost &&
        (job->alone || end->took_ms >= SURELY_SLOW_MS))
        learn(work->habit, end->took_ms);
    if (link != NULL && work->link != NULL)
        gt_pg_pool_give(work->pool, link);
    bool stopped =
        work->enough && end->sqlstate != NULL && strcmp(end->sqlstate, GT_PG_CANCELLED) == 0;
    if (end->lost || (end->sqlstate != NULL && !stopped)) {
        gt_pg_rows_free(&work->rows);
        gt_pg_tell_error(call, end, work->habit != NULL, 0);
    } else {
        gt_pg_rows_answer(&work->rows, work->affected, call);
    }
}

static void cancel(struct gt_tool_call *call)
{
    struct fixed_call *work = call->work;
    if (work->waits) {
        gt_pg_pool_leave(work->pool, &work->wait);
        gt_tool_fail(call, GT_FAILURE_TIMEOUT, "no connection to the database became free");
    } else {
        gt_pg_pool_cancel(work->pool, &work->job);
    }
}

static void on_link(struct gt_pg_wait *wait, struct gt_pg_link *link, const char *reason)
{
    struct fixed_call *work =
        (struct fixed_call *)(void *)((char *)wait - offsetof(struct fixed_call, wait));
    work->waits = false;
    if (link == NULL) {
        gt_tool_fail(work->call, GT_FAILURE_UNAVAILABLE, "the database cannot be reached: %s",
                     reason);
        return;
    }
    work->link = link;
    gt_pg_link_send(link, &work->job);
}

/* On a connection of its own: `plain`, in a read-only transaction unless it writes. */
static void start_apart(struct fixed_call *work)
{
    struct gt_pg_step *step = work->steps;
    if (work->habit != NULL)
        *step++ = (struct gt_pg_step){.sql = "BEGIN READ ONLY"};
    *step++ = (struct gt_pg_step){.sql = work->fixed->plain,
                                  .count = work->fixed->count,
                                  .values = work->values,
                                  .rows = true};
    work->job.count = (size_t)(step - work->steps);
    work->job.alone = false;
    work->job.restart = NULL;
    work->waits = true;
    gt_pg_pool_take(work->pool, &work->wait);
}

static void start(struct fixed_call *work)
{
    const struct fixed *fixed = work->fixed;
    if (work->habit == NULL || work->habit->apart) {
        start_apart(work);
        return;
    }
    work->steps[0] = (struct gt_pg_step){.prepare = fixed->name,
                                         .execute = fixed->name,
                                         .sql = fixed->capped,
                                         .count = fixed->count,
                                         .values = work->values,
                                         .rows = true};
    work->job.count = 1;
    work->job.alone = !work->habit->known || work->habit->took_ms >= SLOW_MS;
    gt_pg_pool_send(work->pool, &work->job);
}

static struct gt_pg_habit *habit_of(struct gt_pg_source *source, const struct fixed *fixed)
{
    if (fixed->capped == NULL)
        return NULL;
    struct gt_pg_habit *habit = gt_map_get(&source->habits, fixed->name);
    if (habit == NULL) {
        habit = GT_NEW(source->arena, struct gt_pg_habit);
        gt_map_set(&source->habits, fixed->name, habit);
    }
    return habit;
}

static bool read_values(struct gt_tool_call *call, const struct fixed *fixed, const char **values)
{
    for (int i = 0; i < fixed->count; i++) {
        const char *problem;
        values[i] = gt_pg_parameter(call->arena, json_object_get(call->arguments, fixed->names[i]),
                                    &problem);
        if (problem != NULL) {
            gt_tool_fail(call, GT_FAILURE_ARGUMENTS, "%s %s", fixed->names[i], problem);
            return false;
        }
    }
    return true;
}

static void run(struct gt_tool_call *call)
{
    const struct fixed *fixed = call->tool->own;
    struct gt_pg_source *source = (struct gt_pg_source *)call->source;
    struct fixed_call *work = GT_NEW(call->arena, struct fixed_call);
    const char **values = gt_calloc(call->arena, (size_t)fixed->count + 1, sizeof(*values));
    if (!read_values(call, fixed, values))
        return;
    *work = (struct fixed_call){
        .job = {.steps = work->steps,
                .timeout_ms = call->timeout_ms > 0 ? call->timeout_ms : GT_PG_TIMEOUT_MS,
                .restart = fixed->capped != NULL ? restart : NULL,
                .row = on_row,
                .result = on_result,
                .done = on_done},
        .wait = {.fn = on_link},
        .call = call,
        .fixed = fixed,
        .pool = gt_pg_pool_of(source, fixed->database),
        .habit = habit_of(source, fixed),
        .values = values,
        .affected = -1,
    };
    gt_pg_rows_begin(&work->rows, call->arena, fixed->max_rows, fixed->max_bytes);
    call->work = work;
    call->cancel = cancel;
    start(work);
}

const struct gt_tool_type gt_tool_postgres_sql = {
    .name = "postgres-sql",
    .summary = "runs one SQL statement with typed parameters",
    .category = "database",
    .source = &gt_source_postgres,
    .keys = keys,
    .prepare = prepare,
    .run = run,
};
