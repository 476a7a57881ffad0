/* What the files of a link share: the connection, what was sent, and what is still to come. */
#ifndef GANTRY_SERVER_POSTGRES_LINK_PARTS_H
#define GANTRY_SERVER_POSTGRES_LINK_PARTS_H

#include "link.h"

#include <gantry/base/map.h>

enum { GT_PG_TEXT_MAX = 2000, GT_PG_BATCH = 32, GT_PG_ROW_MAX = 64 * 1024 * 1024 };

enum gt_pg_kind { GT_PG_PREPARE, GT_PG_RUN, GT_PG_TIMEOUT, GT_PG_BETWEEN, GT_PG_SYNC };

struct gt_pg_prepared {
    bool live;
    unsigned generation; /* of the server's name: a new one where the old is worth nothing */
    char actual[64];
};

struct gt_pg_expected {    /* a command that was sent, in the order of their answers */
    struct gt_pg_job *job; /* NULL: nobody waits for it */
    struct gt_pg_prepared *prepared;
    enum gt_pg_kind kind;
    size_t step;
    bool rows, row_mode, got;
};

struct gt_pg_cancel { /* goes through a thread */
    struct gt_pg_cancel *next;
    struct gt_arena *arena;
    struct gt_pg_link *link; /* NULL: it is gone */
    PGcancel *handle;
};

struct gt_pg_link {
    struct gt_arena *arena;
    struct gt_pg_link_options options;
    PGconn *conn;
    int fd;
    unsigned interest; /* of what is watched; 0: nothing is */
    struct gt_map prepared;
    GT_VEC(struct gt_pg_expected) expected;
    size_t first; /* of `expected` that is still to come */
    struct gt_pg_job *unsent, **unsent_end;
    struct gt_timer *flush, *deadline, *stuck, *watchman;
    size_t open;
    size_t batch;   /* jobs that were sent since the last synchronisation point */
    size_t careful; /* jobs that are still to have one of their own: an error was there */
    uint64_t partial, partial_from; /* bytes since the last row or result, by two counts */
    bool stands;                    /* something came and was no whole row or result */
    unsigned turns, turns_seen;     /* jobs that came to the head */
    int64_t head_ms;                /* since when the head is there */
    struct gt_pg_cancel *cancelling;
    unsigned cancels, cancels_over; /* that were begun, that have ended */
    unsigned depth;
    int64_t timeout_ms; /* the session's statement_timeout as it was set last */
    struct gt_pg_job setup;
    struct gt_pg_step *setup_steps;
    const char *setup_problem;
    bool large; /* libpq holds a large buffer, which it never gives back */
    bool ready, broken, freed;
};

/* -- link.c -- */
void gt_pg_link_enter(struct gt_pg_link *link); /* before callbacks, and behind them: */
void gt_pg_link_leave(struct gt_pg_link *link); /* the link may be gone afterwards */
void gt_pg_link_lose(struct gt_pg_link *link, const char *reason);
/* libpq's message: one line, without the address. */
const char *gt_pg_link_reason(struct gt_pg_link *link);
void gt_pg_link_watch(struct gt_pg_link *link, unsigned interest);
/* Ends a job: it is the owner's again. */
void gt_pg_link_finish(struct gt_pg_link *link, struct gt_pg_job *job, bool lost);
/* What a job fails with whose row is beyond GT_PG_ROW_MAX. */
void gt_pg_link_too_large(struct gt_pg_job *job);
void gt_pg_link_cancel_running(struct gt_pg_link *link);
/* Tells the owner when nothing is left to be worked on. */
void gt_pg_link_rest(struct gt_pg_link *link);
int64_t gt_pg_link_now_ms(const struct gt_pg_link *link);

/* -- link_send.c -- */
void gt_pg_link_enqueue(struct gt_pg_link *link, struct gt_pg_job *job);
void gt_pg_link_flush(struct gt_pg_link *link);
/* Whether it may stand in one transaction with others. */
bool gt_pg_job_shares(const struct gt_pg_job *job);

/* -- link_receive.c -- */
/* Takes what came; false when the link was lost on the way. */
void gt_pg_link_receive(struct gt_pg_link *link);

#endif
