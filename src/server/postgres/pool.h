/*
 * The connections of a source to one database. Short statements that only read share a few
 * connections, one behind the other (pipelines); everything else has a connection of its own for as
 * long as it takes. Connections are opened when they are needed and again after they broke; while
 * the server cannot be reached, calls fail at once, and every so often one of them tries.
 */
#ifndef GANTRY_SERVER_POSTGRES_POOL_H
#define GANTRY_SERVER_POSTGRES_POOL_H

#include "link.h"

#include <gantry/base/map.h>
#include <gantry/server/tool.h>

struct gt_pg_pool;

struct gt_pg_source {
    struct gt_source base; /* first */
    struct gt_arena *arena;
    const struct gt_source_config *config;
    struct gt_pg_pool *pools;
    int size, pipelines;
    int64_t connect_timeout_ms, idle_ms;
    bool allow_privileged;
    struct gt_map habits; /* of statements: struct gt_pg_habit, by name */
    unsigned depth;       /* stack frames that use it */
    bool closed;          /* goes with the last of them */
};

struct gt_pg_habit { /* what running a statement has taught */
    bool apart;      /* it cannot stand inside of another */
    bool known;      /* it was run before */
    double took_ms;  /* moving average */
};

extern const struct gt_source_type gt_source_postgres;

/* The pool of a database (NULL: the source's own); made where there is none. */
struct gt_pg_pool *gt_pg_pool_of(struct gt_pg_source *source, const char *database);

/* A job for a connection that others share: it must only read (restart is set). One that is
 * `alone` is behind none and has none behind it; such jobs leave a connection to the others. A job
 * that could not be sent has end.lost without end.sent, and in end.message why: perhaps at once. */
void gt_pg_pool_send(struct gt_pg_pool *pool, struct gt_pg_job *job);
/* The same as for a link; also for a job that waits for a connection. */
void gt_pg_pool_cancel(struct gt_pg_pool *pool, struct gt_pg_job *job);

/* A connection for oneself. */
struct gt_pg_wait {
    struct gt_pg_wait *next;
    /* Once, perhaps at once: the link, or NULL and why. */
    void (*fn)(struct gt_pg_wait *wait, struct gt_pg_link *link, const char *reason);
};
void gt_pg_pool_take(struct gt_pg_pool *pool, struct gt_pg_wait *wait);
/* Gives up waiting: fn is not called any more. */
void gt_pg_pool_leave(struct gt_pg_pool *pool, struct gt_pg_wait *wait);
/* Back into the pool, after everything that the session may have kept was discarded. Not for a link
 * that was lost. */
void gt_pg_pool_give(struct gt_pg_pool *pool, struct gt_pg_link *link);

/* Calls that are open end inside. The source is gone afterwards. */
void gt_pg_pools_close(struct gt_pg_source *source);

#endif
