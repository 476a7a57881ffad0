/* What the files of a pool share: its connections by lane, and what waits for them. */
#ifndef GANTRY_SERVER_POSTGRES_POOL_PARTS_H
#define GANTRY_SERVER_POSTGRES_POOL_PARTS_H

#include "../lookup.h"
#include "pool.h"

enum gt_pg_lane_name { GT_PG_SHARED, GT_PG_OWN, GT_PG_LANES };

struct gt_pg_member { /* a connection of the pool */
    struct gt_pg_member *next;
    struct gt_arena *arena;
    struct gt_pg_pool *pool;
    struct gt_pg_link *link;
    enum gt_pg_lane_name lane;
    bool ready;
    bool taken;    /* by one that wants it for itself */
    bool reserved; /* for such a one, when its work is done */
    bool stalled;  /* what it works on takes long */
    int64_t used_ms;
    struct gt_timer *idle; /* looks from time to time */
    struct gt_pg_job discard;
};

struct gt_pg_lane {
    struct gt_pg_pool *pool;
    enum gt_pg_lane_name name;
    size_t most;              /* connections */
    size_t count, connecting; /* of all, those that do not stand yet */
    struct gt_lookup *lookup;
    int64_t retry_at_ms, back_off_ms; /* after a failure none is opened before */
    struct gt_arena *told;
    const char *reason; /* of that */
};

struct gt_pg_queue { /* of jobs that wait for a connection */
    struct gt_pg_job *first, **end;
};

struct gt_pg_pool {
    struct gt_pg_pool *next;
    struct gt_pg_source *source;
    const char *database;
    struct gt_pg_member *members;
    struct gt_pg_lane lanes[GT_PG_LANES];
    struct gt_pg_queue quick, slow;
    struct gt_pg_wait *waits, **waits_end; /* for a connection of their own */
};

/* -- pool.c -- */
void gt_pg_pool_enter(struct gt_pg_pool *pool);
void gt_pg_pool_exit(struct gt_pg_pool *pool); /* the pool may be gone afterwards */
int64_t gt_pg_pool_now_ms(const struct gt_pg_pool *pool);
/* Gives what waits to connections that are free, opens more where that is of use. */
void gt_pg_pool_serve(struct gt_pg_pool *pool);
/* Tells all that wait for a connection of this lane. */
void gt_pg_lane_fail(struct gt_pg_lane *lane, const char *reason);
void gt_pg_queue_put(struct gt_pg_queue *queue, struct gt_pg_job *job);

/* -- connect.c -- */
/* Opens connections until `wanted` are on their way, as far as that is allowed now. */
void gt_pg_lane_connect(struct gt_pg_lane *lane, size_t wanted);
void gt_pg_member_remove(struct gt_pg_member *member);
/* Its idle time starts anew. */
void gt_pg_member_use(struct gt_pg_member *member);
/* What makes a session one of ours, also after DISCARD ALL. */
extern const char gt_pg_session[];

#endif
