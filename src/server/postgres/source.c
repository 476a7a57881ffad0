/* The source type `postgres`: its settings, its readiness. */
#include "tools.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

enum { POOL_SIZE = 4, PIPELINES = 4, CONNECT_MS = 3000, IDLE_MS = 5 * 60 * 1000 };

static const char *const sslmodes[] = {"disable",   "allow",       "prefer", "require",
                                       "verify-ca", "verify-full", NULL};

static const struct gt_key pool_keys[] = {
    {.name = "size",
     .takes = GT_TAKES_INTEGER,
     .min = 1,
     .max = 1000,
     .summary = "connections for statements that write or are the caller's, a database (4)"},
    {.name = "pipelines",
     .takes = GT_TAKES_INTEGER,
     .min = 1,
     .max = 100,
     .summary = "connections that statements of authors which only read share, a database (4)"},
    {.name = "idle_ms",
     .takes = GT_TAKES_INTEGER,
     .min = 1000,
     .max = 86400000,
     .summary = "after how long without work a connection is closed (300000)"},
    {.name = NULL},
};

static const struct gt_key keys[] = {
    {.name = "host",
     .takes = GT_TAKES_TEXT,
     .summary = "name or address, or the folder of a Unix socket (127.0.0.1)"},
    {.name = "port",
     .takes = GT_TAKES_INTEGER,
     .min = 1,
     .max = 65535,
     .summary = "the port (5432)"},
    {.name = "database",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_REQUIRED,
     .summary = "the database"},
    {.name = "user", .takes = GT_TAKES_TEXT, .flags = GT_KEY_REQUIRED, .summary = "the user"},
    {.name = "password",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_SECRET,
     .summary = "the password: ${env.NAME} or ${file.PATH}"},
    {.name = "sslmode",
     .takes = GT_TAKES_TEXT,
     .values = sslmodes,
     .summary = "whether the connection is encrypted and the server's certificate checked, as in "
                "libpq (prefer)"},
    {.name = "sslrootcert",
     .takes = GT_TAKES_TEXT,
     .summary = "a file of certificates of authorities, for verify-ca and verify-full"},
    {.name = "options",
     .takes = GT_TAKES_TEXT,
     .summary = "settings of the session, as in libpq: -c search_path=app"},
    {.name = "connect_timeout_ms",
     .takes = GT_TAKES_INTEGER,
     .min = 1,
     .max = 600000,
     .summary = "how long a connection may take to stand (3000)"},
    {.name = "allow_privileged",
     .takes = GT_TAKES_BOOLEAN,
     .summary = "accept a user that is a superuser or may use the server's files and programs"},
    {.name = "pool",
     .takes = GT_TAKES_FIELDS,
     .fields = pool_keys,
     .summary = "how many connections, and how long they stay"},
    {.name = NULL},
};

static int64_t number(const json_t *settings, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(settings, name);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static struct gt_source *open_source(const struct gt_source_host *host,
                                     const struct gt_source_config *config)
{
    const json_t *pool = json_object_get(config->settings, "pool");
    struct gt_arena *arena = gt_arena_new();
    struct gt_pg_source *source = GT_NEW(arena, struct gt_pg_source);
    *source = (struct gt_pg_source){
        .base = {.type = &gt_source_postgres, .name = config->name, .host = *host},
        .arena = arena,
        .config = config,
        .size = (int)number(pool, "size", POOL_SIZE),
        .pipelines = (int)number(pool, "pipelines", PIPELINES),
        .connect_timeout_ms = number(config->settings, "connect_timeout_ms", CONNECT_MS),
        .idle_ms = number(pool, "idle_ms", IDLE_MS),
        .allow_privileged = json_is_true(json_object_get(config->settings, "allow_privileged")),
    };
    source->habits = gt_map_init(arena);
    return &source->base;
}

static void close_source(struct gt_source *base)
{
    gt_pg_pools_close((struct gt_pg_source *)base);
}

/* -- readiness -- */

struct probe {
    struct gt_pg_job job; /* first */
    struct gt_arena *arena;
    struct gt_pg_pool *pool;
    struct gt_timer *timer;
    gt_probed_fn *fn;
    void *payload;
};

static void forget(struct gt_pg_job *job)
{
    (void)job;
}

static void on_probed(struct gt_pg_job *job, struct gt_pg_link *link, const struct gt_pg_end *end)
{
    struct probe *probe = (struct probe *)job;
    (void)link;
    gt_timer_cancel(probe->timer);
    probe->fn(probe->payload, end->lost || end->sqlstate != NULL ? end->message : NULL);
    gt_arena_free(probe->arena);
}

static void on_late(void *payload)
{
    struct probe *probe = payload;
    probe->timer = NULL;
    gt_pg_pool_cancel(probe->pool, &probe->job);
}

static void probe_source(struct gt_source *base, int64_t timeout_ms, gt_probed_fn *fn,
                         void *payload)
{
    static const struct gt_pg_step steps[] = {{.sql = "SELECT 1"}};
    struct gt_arena *arena = gt_arena_new();
    struct probe *probe = GT_NEW(arena, struct probe);
    *probe = (struct probe){
        .job = {.steps = steps,
                .count = GT_COUNT(steps),
                .timeout_ms = -1,
                .restart = forget,
                .done = on_probed},
        .arena = arena,
        .pool = gt_pg_pool_of((struct gt_pg_source *)base, NULL),
        .fn = fn,
        .payload = payload,
    };
    probe->timer = gt_timer_start(base->host.loop, timeout_ms, on_late, probe);
    gt_pg_pool_send(probe->pool, &probe->job);
}

const struct gt_source_type gt_source_postgres = {
    .name = "postgres",
    .summary = "a PostgreSQL database",
    .keys = keys,
    .open = open_source,
    .probe = probe_source,
    .close = close_source,
};
