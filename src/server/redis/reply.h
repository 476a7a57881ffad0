/*
 * Replies of a Redis server, read with hiredis' reader into memory that is bounded: what is beyond
 * the caps of a reply is passed over while it comes. Source: the Redis serialization protocol,
 * version 2.
 */
#ifndef GANTRY_SERVER_REDIS_REPLY_H
#define GANTRY_SERVER_REDIS_REPLY_H

#include <gantry/base/arena.h>
#include <stdbool.h>
#include <stdint.h>

enum gt_redis_kind {
    GT_REDIS_NIL,
    GT_REDIS_INTEGER,
    GT_REDIS_STATUS,
    GT_REDIS_TEXT,
    GT_REDIS_LIST,
    GT_REDIS_ERROR
};

struct gt_redis_reply {
    enum gt_redis_kind kind;
    bool cut; /* something of it, or of what is in it, was left out */
    int64_t integer;
    const char *text; /* of status, text and error; any bytes, NUL-terminated */
    size_t len;
    GT_VEC(struct gt_redis_reply *) list;
    struct gt_redis_reply *above; /* the list that it is in */
    struct gt_arena *arena;       /* of the whole reply */
};

struct gt_redis_caps {
    size_t max_bytes; /* of all texts together; a number or an empty list counts a little too */
    size_t max_rows;  /* elements of the outermost list */
};

struct gt_redis_reader;

struct gt_redis_reader *gt_redis_reader_new(void);
void gt_redis_reader_free(struct gt_redis_reader *reader); /* NULL is allowed */

/* What came from the server. False when it cannot be taken, as after an error. */
bool gt_redis_reader_feed(struct gt_redis_reader *reader, const char *bytes, size_t len);

/*
 * The next reply, kept within `caps`, which hold for it from its first byte; the caller frees it.
 * NULL: it has not come whole, or, with *problem set to one line, the bytes are no reply.
 */
struct gt_redis_reply *gt_redis_reader_next(struct gt_redis_reader *reader,
                                            const struct gt_redis_caps *caps, const char **problem);
void gt_redis_reply_free(struct gt_redis_reply *reply); /* NULL is allowed */

/* Bytes that wait for the rest of a reply. */
size_t gt_redis_reader_held(const struct gt_redis_reader *reader);

/*
 * Numbers, null and lists are JSON's; texts are text where they are UTF-8, else {base64: ...}; an
 * error inside of a list is {error: ...}. New reference.
 */
json_t *gt_redis_json(const struct gt_redis_reply *reply);

/* A list of names and values in turn as an object. As gt_redis_json where it is no such list, or a
 * name cannot be a key: not UTF-8, NUL in it, there twice. */
json_t *gt_redis_json_pairs(const struct gt_redis_reply *reply);

#endif
