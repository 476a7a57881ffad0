/*
 * Redis' patterns for keys, and whether one of them can only match what another one matches. Pure.
 * Source: Redis documentation, "KEYS", supported glob-style patterns.
 */
#ifndef GANTRY_SERVER_REDIS_GLOB_H
#define GANTRY_SERVER_REDIS_GLOB_H

#include <gantry/base/arena.h>
#include <stdbool.h>

enum { GT_REDIS_GLOB_MAX = 512, GT_REDIS_GLOB_STARS = 8 };

struct gt_redis_token;

struct gt_redis_glob {
    GT_VEC(struct gt_redis_token) tokens;
    const char *text; /* in a form that Redis can read in one way only */
    size_t len;
};

/*
 * Reads a pattern. False with *problem set (one line) for one that is empty, longer than
 * GT_REDIS_GLOB_MAX bytes, has more stars than GT_REDIS_GLOB_STARS (many of them make a server
 * work for long) or a [ without its ].
 */
bool gt_redis_glob_parse(struct gt_arena *arena, const char *text, size_t len,
                         struct gt_redis_glob *glob, const char **problem);

bool gt_redis_glob_matches(const struct gt_redis_glob *glob, const char *key, size_t len);

/*
 * Whether every key that `inner` matches is one that `outer` matches. Never true where it is not
 * so; false for a few pairs where it is, such as ?* inside of *?.
 */
bool gt_redis_glob_contains(const struct gt_redis_glob *outer, const struct gt_redis_glob *inner);

#endif
