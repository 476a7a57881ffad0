/*
 * The tool type `postgres-query`: SQL of the caller's. What it may do is decided by the database
 * itself, never by reading words: a query runs as the cursor of a transaction that is READ ONLY and
 * is rolled back; whatever else is judged by the operations of its plan (EXPLAIN) and runs only
 * when each of them is permitted. The extended protocol takes one statement at a time, and DISCARD
 * ALL ends what the session may have kept. Source: PostgreSQL manual, DECLARE, EXPLAIN, SET
 * TRANSACTION, DISCARD.
 */
#include "tools.h"
#include "values.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

enum permission { SELECTS = 1, INSERTS = 2, UPDATES = 4, DELETES = 8 };

static const struct {
    const char *word;      /* of the configuration */
    const char *operation; /* of a plan; NULL: of none */
    unsigned permission;
} permissions[] = {
    {"SELECT", NULL, SELECTS},     {"READ", NULL, SELECTS},
    {"INSERT", "Insert", INSERTS}, {"UPDATE", "Update", UPDATES},
    {"DELETE", "Delete", DELETES}, {NULL, "Merge", INSERTS | UPDATES | DELETES},
};

struct query { /* of a tool */
    unsigned permitted;
    int64_t max_rows, max_bytes;
    int64_t timeout_ms, max_timeout_ms; /* where none is asked for, and what may be */
    const char *database;               /* where none is asked for; NULL: the source's */
    const char *words;                  /* "SELECT, INSERT", for messages */
};

enum phase { READING, JUDGING, WRITING, COMMITTING };
enum { UNSAID_MAX_MS = 50 * 1000 };

struct query_call {
    struct gt_pg_job job; /* first */
    struct gt_pg_wait wait;
    struct gt_tool_call *call;
    const struct query *query;
    struct gt_pg_pool *pool;
    struct gt_pg_link *link;
    struct gt_pg_step steps[3];
    struct gt_pg_rows rows;
    const char *sql, *problem;
    json_t *plan;
    enum phase phase;
    int64_t affected, timeout_ms;
    bool waits, stopped;
    bool enough; /* it was stopped because of what came, not for its caller */
};

static const char *const words[] = {"SELECT", "READ", "INSERT", "UPDATE", "DELETE", NULL};
static const struct gt_key permission_key = {
    .takes = GT_TAKES_TEXT, .values = words, .summary = "SELECT (or READ), INSERT, UPDATE, DELETE"};
static const struct gt_key database_key = {.takes = GT_TAKES_TEXT, .summary = "a database"};

static const struct gt_key keys[] = {
    {.name = "permissions",
     .takes = GT_TAKES_LIST,
     .element = &permission_key,
     .summary = "what queries may do: SELECT (or READ), INSERT, UPDATE, DELETE ([SELECT])"},
    {.name = "allowed_databases",
     .takes = GT_TAKES_LIST,
     .element = &database_key,
     .summary = "databases that a caller may choose, the first by default (the source's)"},
    GT_PG_CAPS,
    {.name = NULL},
};

static const char *const prefix_of_cursor = "DECLARE gantry_rows NO SCROLL CURSOR FOR ";
static const char *const prefix_of_plan = "EXPLAIN (FORMAT JSON) ";

/* -- configuration -- */

static json_t *input_schema(const struct query *query, const json_t *databases)
{
    json_t *schema =
        json_pack("{s:s, s:{s:{s:s, s:s, s:i}, s:{s:s, s:s, s:i, s:I, s:I}}, s:[s], s:b}", "type",
                  "object", "properties", "query", "type", "string", "description",
                  "one SQL statement", "minLength", 1, "timeout_ms", "type", "integer",
                  "description", "how long the statement may take, in milliseconds", "minimum", 1,
                  "maximum", (json_int_t)query->max_timeout_ms, "default",
                  (json_int_t)query->timeout_ms, "required", "query", "additionalProperties", 0);
    if (json_array_size(databases) > 1)
        gt_put_at(schema, "/properties/database",
                  json_pack("{s:s, s:s, s:O, s:O}", "type", "string", "description",
                            "the database to ask", "enum", databases, "default",
                            json_array_get(databases, 0)));
    return schema;
}

static void read_permissions(struct gt_arena *arena, const json_t *list, struct query *query)
{
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item)
    {
        for (size_t k = 0; k < GT_COUNT(permissions); k++)
            if (gt_streq(permissions[k].word, json_string_value(item)))
                query->permitted |= permissions[k].permission;
    }
    if (query->permitted == 0)
        query->permitted = SELECTS;
    query->words = "";
    for (size_t k = 0; k < GT_COUNT(permissions); k++) {
        if (permissions[k].word == NULL || gt_streq(permissions[k].word, "READ") ||
            (query->permitted & permissions[k].permission) == 0)
            continue;
        query->words = gt_printf(arena, "%s%s%s", query->words, *query->words != '\0' ? ", " : "",
                                 permissions[k].word);
    }
}

/* An empty list is not one that is left out: who wrote it would get more than they allowed. */
static void refuse_empty(const struct gt_config *config, const struct gt_tool *tool,
                         struct gt_diags *diags)
{
    static const char *const lists[][3] = {
        {"permissions", "queries are permitted nothing", "list permissions: [SELECT]"},
        {"allowed_databases", "no database is allowed", "list databases, or leave it out"},
    };
    for (size_t i = 0; i < GT_COUNT(lists); i++) {
        const json_t *list = json_object_get(tool->settings, lists[i][0]);
        if (json_is_array(list) && json_array_size(list) == 0)
            gt_config_error(config, diags,
                            gt_pointer_join(config->arena, tool->pointer, lists[i][0]),
                            "empty-list", "%s", lists[i][1])
                ->hint = lists[i][2];
    }
}

static bool prepare(struct gt_config *config, struct gt_tool *tool, struct gt_diags *diags)
{
    size_t errors = diags->errors;
    const json_t *databases = json_object_get(tool->settings, "allowed_databases");
    struct query *query = GT_NEW(config->arena, struct query);
    int64_t own = tool->limits.timeout_ms;
    refuse_empty(config, tool, diags);
    *query = (struct query){
        .max_rows = gt_pg_setting(tool, "max_rows", GT_PG_MAX_ROWS),
        .max_bytes = gt_pg_setting(tool, "max_bytes", GT_PG_MAX_BYTES),
        .timeout_ms = own > 0 ? own : GT_PG_TIMEOUT_MS,
        .max_timeout_ms = own > 0 ? own : UNSAID_MAX_MS,
        .database = json_string_value(json_array_get(databases, 0)),
    };
    read_permissions(config->arena, json_object_get(tool->settings, "permissions"), query);
    bool reads = query->permitted == SELECTS;
    tool->input_schema = gt_keep(config->arena, input_schema(query, databases));
    tool->output_schema = gt_keep(config->arena, gt_pg_rows_schema());
    tool->annotations = (struct gt_annotations){
        .read_only = reads, .destructive = !reads, .idempotent = reads, .open_world = false};
    tool->own = query;
    return diags->errors == errors;
}

/* -- judging a plan -- */

/* The permissions that the operations of a plan ask for, of all its nodes. */
static unsigned operations(const json_t *node)
{
    unsigned wanted = 0;
    const char *key;
    const json_t *value;
    size_t i;
    json_array_foreach(node, i, value) wanted |= operations(value);
    const char *operation = gt_text_at(node, "/Operation");
    bool modifies = gt_streq(gt_text_at(node, "/Node Type"), "ModifyTable");
    if (gt_streq(gt_text_at(node, "/Conflict Resolution"), "UPDATE"))
        wanted |= UPDATES;
    for (size_t k = 0; operation != NULL && k < GT_COUNT(permissions); k++) {
        if (!gt_streq(permissions[k].operation, operation))
            continue;
        wanted |= permissions[k].permission;
        modifies = false;
    }
    if (modifies) /* by an operation that is not known here */
        wanted |= ~0U;
    json_object_foreach(gt_iterable(node), key, value) wanted |= operations(value);
    return wanted;
}

/* -- a call -- */

static void start(struct query_call *work, enum phase phase, size_t count)
{
    work->phase = phase;
    work->job.count = count;
    work->job.timeout_ms = phase == COMMITTING ? -1 : gt_pg_time_left(work->call, work->timeout_ms);
    gt_pg_link_send(work->link, &work->job);
}

static void start_reading(struct query_call *work)
{
    struct gt_arena *arena = work->call->arena;
    work->steps[0] = (struct gt_pg_step){.sql = "BEGIN READ ONLY"};
    work->steps[1] =
        (struct gt_pg_step){.sql = gt_printf(arena, "%s%s", prefix_of_cursor, work->sql)};
    work->steps[2] =
        (struct gt_pg_step){.sql = gt_printf(arena, "FETCH FORWARD %lld FROM gantry_rows",
                                             (long long)work->query->max_rows + 1),
                            .rows = true};
    start(work, READING, 3);
}

/* In a transaction too: planning runs functions that are declared to change nothing. */
static void start_judging(struct query_call *work)
{
    work->steps[0] = (struct gt_pg_step){.sql = "BEGIN READ ONLY"};
    work->steps[1] = (struct gt_pg_step){
        .sql = gt_printf(work->call->arena, "%s%s", prefix_of_plan, work->sql), .rows = true};
    work->steps[2] = (struct gt_pg_step){.sql = "ROLLBACK"};
    start(work, JUDGING, 3);
}

static void start_writing(struct query_call *work)
{
    work->steps[0] = (struct gt_pg_step){.sql = "BEGIN"};
    work->steps[1] = (struct gt_pg_step){.sql = work->sql, .rows = true};
    start(work, WRITING, 2);
}

static void give_back(struct query_call *work)
{
    struct gt_pg_link *link = work->link;
    work->link = NULL;
    if (link != NULL)
        gt_pg_pool_give(work->pool, link);
}

static void refuse(struct query_call *work)
{
    give_back(work);
    gt_tool_fail(work->call, GT_FAILURE_DENIED,
                 "the statement is not permitted: this tool may do %s and nothing else",
                 work->query->words);
}

static void judge(struct query_call *work)
{
    unsigned wanted = operations(work->plan);
    json_decref(work->plan);
    work->plan = NULL;
    unsigned permitted = work->query->permitted;
    if (wanted == 0 && (permitted & SELECTS) != 0)
        start_reading(work);
    else if (wanted == 0 || (wanted & ~permitted) != 0)
        refuse(work);
    else
        start_writing(work);
}

/* Whether a command's tag is one of what plans have: what was done is what was judged. A query has
 * columns; CREATE TABLE AS has the tag of one, and none. */
static bool is_known(const PGresult *result)
{
    const char *tag = gt_pg_tag(result);
    size_t len = strcspn(tag, " ");
    if (len == strlen("SELECT") && strncmp(tag, "SELECT", len) == 0)
        return PQnfields(result) > 0;
    for (size_t k = 0; k < GT_COUNT(permissions); k++) {
        const char *operation = permissions[k].operation;
        if (operation != NULL && len == strlen(operation) && strncasecmp(tag, operation, len) == 0)
            return true;
    }
    return false;
}

static void check_written(struct query_call *work, const PGresult *result)
{
    if (!is_known(result))
        work->problem = "the statement is of a kind that is not permitted";
    else if (!gt_starts_with(gt_pg_tag(result), "SELECT"))
        work->affected = gt_pg_affected(result);
}

static void on_row(struct gt_pg_job *job, const PGresult *result, int row)
{
    struct query_call *work = (struct query_call *)job;
    if (work->phase != JUDGING) {
        gt_pg_rows_add(&work->rows, result, row);
        if (work->phase == READING && !work->enough && gt_pg_rows_enough(&work->rows)) {
            work->enough = !work->stopped;
            gt_pg_link_cancel(work->link, job);
        }
        return;
    }
    json_decref(work->plan);
    work->plan = json_loads(PQgetvalue(result, row, 0), JSON_DECODE_ANY, NULL);
}

static void on_result(struct gt_pg_job *job, size_t step, const PGresult *result)
{
    struct query_call *work = (struct query_call *)job;
    /* COMMIT of a transaction that failed is a ROLLBACK, and no error. */
    if (work->phase == COMMITTING && strcmp(gt_pg_tag(result), "COMMIT") != 0)
        work->problem = "the transaction was rolled back";
    bool statement = (work->phase == READING && step == 2) || (work->phase == WRITING && step == 1);
    if (!statement)
        return;
    if (PQnfields(result) > 0)
        gt_pg_rows_columns(&work->rows, result);
    if (work->phase == WRITING)
        check_written(work, result);
}

static int characters_before(const struct query_call *work, size_t step)
{
    if (step != 1 || work->phase == WRITING)
        return 0;
    return (int)strlen(work->phase == JUDGING ? prefix_of_plan : prefix_of_cursor);
}

static void finish(struct query_call *work)
{
    give_back(work);
    gt_pg_rows_answer(&work->rows, work->affected, work->call);
}

/* Whether the first word of the statement is one that cannot be read, or has no plan. */
static bool is_other_kind(const struct query_call *work, const struct gt_pg_end *end)
{
    int first = 1 + characters_before(work, end->step);
    return (work->phase == READING || work->phase == JUDGING) && end->step == 1 &&
           strcmp(end->sqlstate, "42601") == 0 &&
           end->position == first + (int)strspn(work->sql, " \t\r\n");
}

static void fail(struct query_call *work, const struct gt_pg_end *end)
{
    gt_pg_rows_free(&work->rows);
    json_decref(work->plan);
    work->plan = NULL;
    if (!end->lost && is_other_kind(work, end)) {
        refuse(work);
        return;
    }
    if (!end->lost)
        give_back(work);
    gt_pg_tell_error(work->call, end, work->phase != COMMITTING,
                     characters_before(work, end->step));
}

static void on_written(struct query_call *work)
{
    if (work->problem == NULL && !work->stopped) {
        work->steps[0] = (struct gt_pg_step){.sql = "COMMIT"};
        start(work, COMMITTING, 1);
        return;
    }
    gt_pg_rows_free(&work->rows);
    give_back(work); /* rolls back */
    gt_tool_fail(work->call, work->stopped ? GT_FAILURE_CANCELLED : GT_FAILURE_DENIED, "%s",
                 work->stopped ? "cancelled" : work->problem);
}

static void on_committed(struct query_call *work)
{
    if (work->problem == NULL) {
        finish(work);
        return;
    }
    gt_pg_rows_free(&work->rows);
    give_back(work);
    gt_tool_fail(work->call, GT_FAILURE_FAILED, "%s", work->problem);
}

static void on_done(struct gt_pg_job *job, struct gt_pg_link *link, const struct gt_pg_end *end)
{
    static const struct gt_pg_end stopped = {.sqlstate = GT_PG_CANCELLED, .message = "cancelled"};
    struct query_call *work = (struct query_call *)job;
    (void)link;
    if (!end->lost && end->sqlstate != NULL && work->enough &&
        strcmp(end->sqlstate, GT_PG_CANCELLED) == 0)
        finish(work);
    else if (end->lost || end->sqlstate != NULL)
        fail(work, end);
    else if (work->phase == WRITING)
        on_written(work);
    else if (work->phase == COMMITTING)
        on_committed(work);
    else if (work->phase == READING)
        finish(work);
    else if (work->stopped)
        fail(work, &stopped);
    else
        judge(work);
}

static void cancel(struct gt_tool_call *call)
{
    struct query_call *work = call->work;
    work->stopped = true;
    if (work->waits) {
        gt_pg_pool_leave(work->pool, &work->wait);
        gt_tool_fail(call, GT_FAILURE_TIMEOUT, "no connection to the database became free");
    } else if (work->phase != COMMITTING) {
        gt_pg_link_cancel(work->link, &work->job);
    }
}

static void on_link(struct gt_pg_wait *wait, struct gt_pg_link *link, const char *reason)
{
    struct query_call *work =
        (struct query_call *)(void *)((char *)wait - offsetof(struct query_call, wait));
    work->waits = false;
    work->link = link;
    if (link == NULL)
        gt_tool_fail(work->call, GT_FAILURE_UNAVAILABLE, "the database cannot be reached: %s",
                     reason);
    else if (work->query->permitted == SELECTS)
        start_reading(work);
    else
        start_judging(work);
}

static void run(struct gt_tool_call *call)
{
    const struct query *query = call->tool->own;
    const json_t *sql = json_object_get(call->arguments, "query");
    const char *problem, *database = gt_text_at(call->arguments, "/database");
    struct query_call *work = GT_NEW(call->arena, struct query_call);
    *work = (struct query_call){
        .job = {.steps = work->steps, .row = on_row, .result = on_result, .done = on_done},
        .wait = {.fn = on_link},
        .call = call,
        .query = query,
        .pool = gt_pg_pool_of((struct gt_pg_source *)call->source,
                              database != NULL ? database : query->database),
        .sql = gt_pg_parameter(call->arena, sql, &problem),
        .affected = -1,
        .timeout_ms = json_integer_value(json_object_get(call->arguments, "timeout_ms")),
        .waits = true,
    };
    if (problem != NULL) {
        gt_tool_fail(call, GT_FAILURE_ARGUMENTS, "query %s", problem);
        return;
    }
    gt_pg_rows_begin(&work->rows, call->arena, query->max_rows, query->max_bytes);
    call->work = work;
    call->cancel = cancel;
    gt_pg_pool_take(work->pool, &work->wait);
}

const struct gt_tool_type gt_tool_postgres_query = {
    .name = "postgres-query",
    .summary = "runs SQL that the caller writes, as far as it is permitted",
    .category = "database",
    .source = &gt_source_postgres,
    .keys = keys,
    .prepare = prepare,
    .run = run,
};
