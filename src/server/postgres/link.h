/*
 * One connection to PostgreSQL, without blocking: it connects, prepares its session, and works on
 * jobs. Jobs of a link are sent one behind the other without waiting (libpq's pipeline mode); those
 * that only read may share a synchronisation point, and are sent again where another's error took
 * them along, so that an error stays inside its job. Source: PostgreSQL manual, "libpq", chapters
 * 34.4 (asynchronous) and 34.5 (pipeline mode).
 */
#ifndef GANTRY_SERVER_POSTGRES_LINK_H
#define GANTRY_SERVER_POSTGRES_LINK_H

#include <gantry/net/workers.h>
#include <libpq-fe.h>

struct gt_pg_step {
    const char *prepare; /* prepares `sql` under this name, unless the link has done so before */
    const char *execute; /* runs what is prepared under this name; NULL: runs `sql` */
    const char *sql;
    int count; /* of values */
    const char *const *values;
    bool rows;  /* job->row is called for each row */
    bool apart; /* not in one transaction with what follows: DISCARD ALL wants to be alone */
};

struct gt_pg_end {
    bool lost;            /* the connection broke; whether the work was done is not known */
    bool sent;            /* any of it was sent */
    const char *sqlstate; /* of the error that ended the job; NULL: none */
    const char *message;  /* of that, or why the connection was lost; one line */
    const char *detail, *hint;
    int position;    /* of the error in the statement, in characters from 1; 0: not told */
    size_t step;     /* that failed */
    int64_t took_ms; /* since what stood before it was done */
};

struct gt_pg_link;

struct gt_pg_job { /* the first member of the owner's own struct */
    struct gt_pg_job *next;
    const struct gt_pg_step *steps; /* live until the job is done */
    size_t count;
    int64_t timeout_ms; /* statement_timeout while it runs; 0: none, below: as it is */
    bool alone;         /* it may take long: nothing is sent behind it before it is done */
    /* For jobs that only read: forgets what came. The job is sent again where a cancellation that
     * was meant for another hit it, another's error took it along, or a prepared statement had to
     * be prepared anew. Without it a job has its transaction for itself. */
    void (*restart)(struct gt_pg_job *job);
    void (*row)(struct gt_pg_job *job, const PGresult *result, int row);
    /* The result of each step that succeeded; may be NULL. */
    void (*result)(struct gt_pg_job *job, size_t step, const PGresult *result);
    /* Once; the job is the owner's again. `link`: NULL when it was lost. */
    void (*done)(struct gt_pg_job *job, struct gt_pg_link *link, const struct gt_pg_end *end);
    /* the link's own */
    struct gt_pg_link *link;
    bool sent, cancelled, failed, aborted;
    unsigned tries, cancels_before;
    unsigned generation;    /* of the prepared statement that it used */
    struct gt_arena *texts; /* of the error */
    struct gt_pg_end end;
};

struct gt_pg_link_options {
    struct gt_loop *loop;
    struct gt_workers *workers;
    const char *const *keywords, *const *values; /* of PQconnectStartParams; copied by libpq */
    int64_t connect_timeout_ms;
    const char *const *session; /* statements that prepare it; ends with NULL */
    bool refuse_privileged;     /* superusers, and roles that read the server's files */
    void *payload;
    /* Once: it is ready, or (`reason`: one line) it is not and will not be: free it then. */
    void (*ready)(void *payload, struct gt_pg_link *link, const char *reason);
    /* It broke after it was ready, its jobs have been told: free it. */
    void (*lost)(void *payload, struct gt_pg_link *link, const char *reason);
    /* All its jobs are done, those too that were taken back. */
    void (*rested)(void *payload);
    /* Jobs wait behind one that takes long: gt_pg_link_recall may have them back. */
    void (*stalled)(void *payload);
};

/* Callbacks come in later turns. */
struct gt_pg_link *gt_pg_link_new(const struct gt_pg_link_options *options);
/* Jobs that are open are told that the connection is lost. Allowed inside of callbacks. */
void gt_pg_link_free(struct gt_pg_link *link);

/* Leaves at the end of the turn, with what else was given in it. */
void gt_pg_link_send(struct gt_pg_link *link, struct gt_pg_job *job);
/* Jobs that were given and are not done. */
size_t gt_pg_link_open(const struct gt_pg_link *link);
/* Whether it is lost: its jobs are being told so, and it takes no others. */
bool gt_pg_link_is_lost(const struct gt_pg_link *link);
/* Whether a cancellation is on its way: it may hit whatever is sent now. */
bool gt_pg_link_is_cancelling(const struct gt_pg_link *link);
/* Whether it has had a row that left it with a large buffer. */
bool gt_pg_link_is_large(const struct gt_pg_link *link);

/* Takes back the jobs that only read and have not been begun, as a list by `next`; the server may
 * work on them all the same, for nobody: until that is over the link does not rest. */
struct gt_pg_job *gt_pg_link_recall(struct gt_pg_link *link);

/*
 * The job shall end soon: what has not been sent is not, what runs is cancelled at the server, what
 * waits behind others is cancelled when its turn comes. It still ends by `done`, with 57014 where
 * it was cancelled.
 */
void gt_pg_link_cancel(struct gt_pg_link *link, struct gt_pg_job *job);

/* The session has been discarded: nothing is prepared and set any more. */
void gt_pg_link_reset(struct gt_pg_link *link);

/* The SQLSTATE of a query that was cancelled, or ended by statement_timeout. */
#define GT_PG_CANCELLED "57014"

#endif
