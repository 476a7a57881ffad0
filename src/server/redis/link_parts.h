/* What the files of a connection share. */
#ifndef GANTRY_SERVER_REDIS_LINK_PARTS_H
#define GANTRY_SERVER_REDIS_LINK_PARTS_H

#include "link.h"

#include <gantry/base/buf.h>

enum { GT_REDIS_GREETINGS = 3 };

enum gt_redis_link_state {
    GT_REDIS_CONNECTING,
    GT_REDIS_GREETING,
    GT_REDIS_READY,
    GT_REDIS_BROKEN
};

struct gt_redis_greeting {
    struct gt_redis_job job; /* first */
    struct gt_redis_link *link;
    struct gt_redis_words words;
    const char *refused; /* what an error means */
};

struct gt_redis_link {
    struct gt_arena *arena; /* wiped: the greeting holds the password */
    struct gt_redis_link_options options;
    struct gt_addresses addresses;
    size_t address; /* that is being tried */
    int fd;         /* -1: none */
    unsigned interest;
    enum gt_redis_link_state state;
    struct gt_redis_reader *reader;
    struct gt_buf out;
    size_t written;                        /* of `out` */
    uint64_t gone;                         /* bytes that were sent before what is in `out` */
    struct gt_redis_job *open, **open_end; /* in the order of their answers */
    size_t count;
    struct gt_timer *flush, *deadline, *stall;
    int64_t moved_ms;  /* when the server got on with something */
    size_t since_move; /* bytes that came since then */
    struct gt_redis_greeting greetings[GT_REDIS_GREETINGS];
    size_t greeted, greetings_count;
    char problem[160]; /* why the last address could not be used */
    unsigned depth;
    bool freed;
};

/* -- link.c -- */
void gt_redis_link_watch(struct gt_redis_link *link, unsigned interest);
/* For what there is to read, and to write where something waits. */
void gt_redis_link_want(struct gt_redis_link *link);
void gt_redis_link_close(struct gt_redis_link *link); /* the socket */
void gt_redis_link_stop(struct gt_timer **timer);
/* Tells the owner, once; the link may be gone afterwards. */
void gt_redis_link_lose(struct gt_redis_link *link, const char *reason);

/* -- link_connect.c -- */
/* Writes the greeting, for when the connection stands. */
void gt_redis_link_prepare(struct gt_redis_link *link);
/* Connects to the address that is its turn, and to the next ones where that fails. */
void gt_redis_link_try(struct gt_redis_link *link);
/* The socket has an outcome. */
void gt_redis_link_connected(struct gt_redis_link *link);

#endif
