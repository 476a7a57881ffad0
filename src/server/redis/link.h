/*
 * One connection to a Redis server, without blocking: it connects, says who it is, and sends jobs
 * one behind the other without waiting (pipelining); answers come in the same order.
 *
 * Commands are written and replies are read by hiredis; the socket is handled here, because
 * hiredis' asynchronous interface ends the process on a reply that nobody asked for, and knows
 * neither deadlines nor a cap on what a server sends.
 */
#ifndef GANTRY_SERVER_REDIS_LINK_H
#define GANTRY_SERVER_REDIS_LINK_H

#include "../lookup.h"
#include "reply.h"

struct gt_redis_words { /* a command; any bytes in its words */
    const char **at;
    size_t *lens;
    size_t count, room;
};

/* Adds a word; `text` is borrowed. */
void gt_redis_word(struct gt_arena *arena, struct gt_redis_words *words, const char *text,
                   size_t len);

struct gt_redis_job { /* the first member of the owner's own struct; lives until it is done */
    struct gt_redis_job *next;
    const struct gt_redis_words *words; /* live until it is done */
    struct gt_redis_caps caps;
    /* Once, and the job is the owner's again: the reply, which the owner frees, or NULL and why the
     * connection was lost. `sent`: some of it may have reached the server. */
    void (*done)(struct gt_redis_job *job, struct gt_redis_reply *reply, const char *reason,
                 bool sent);
    /* the link's and the pool's own */
    uint64_t from;       /* where it starts in what the link sends */
    const char *refusal; /* why it is not sent; NULL: the server cannot be reached */
};

struct gt_redis_link;

struct gt_redis_link_options {
    struct gt_loop *loop;
    const struct gt_addresses *addresses; /* copied */
    const char *username, *password;      /* live as long as the link; NULL: none */
    int64_t database;
    int64_t connect_timeout_ms; /* until it is ready */
    int64_t command_timeout_ms; /* in which the server must get on with what it was asked */
    size_t max_reply_bytes;     /* of one text: the most that is held in memory for it */
    void *payload;
    /* Once: it is ready, or (`reason`: one line) it is not and will not be: free it then. */
    void (*ready)(void *payload, struct gt_redis_link *link, const char *reason);
    /* It broke after it was ready: free it, which tells its jobs. `idle`: nothing was asked of the
     * server, which may just have closed what was not used. */
    void (*lost)(void *payload, struct gt_redis_link *link, const char *reason, bool idle);
};

/* Callbacks come in later turns. */
struct gt_redis_link *gt_redis_link_new(const struct gt_redis_link_options *options);
/* Jobs that are open are told `reason`. Allowed inside of callbacks. */
void gt_redis_link_free(struct gt_redis_link *link, const char *reason);

/* Leaves at the end of the turn, with what else was given in it. False when too much is waiting to
 * leave: the job is not taken. */
bool gt_redis_link_send(struct gt_redis_link *link, struct gt_redis_job *job);
size_t gt_redis_link_open(const struct gt_redis_link *link); /* jobs that are not done */

#endif
