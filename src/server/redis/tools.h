/* What the tools on Redis share: their source, their caps, and how an error is told. */
#ifndef GANTRY_SERVER_REDIS_TOOLS_H
#define GANTRY_SERVER_REDIS_TOOLS_H

#include "link.h"

#include <gantry/server/tool.h>

struct gt_redis_lane;

struct gt_redis_source {
    struct gt_source base; /* first */
    struct gt_arena *arena;
    const struct gt_source_config *config;
    struct gt_redis_lane *lanes; /* one a connection */
    size_t count;
    struct gt_redis_job *waiting, **waiting_end; /* for a connection that is on its way */
    struct gt_redis_job *refused, **refused_end; /* that are told so in the next turn */
    struct gt_timer *refuse;
    int64_t connect_timeout_ms, command_timeout_ms;
    size_t max_reply_bytes;
    int64_t retry_at_ms, back_off_ms;
    const char *reason; /* why the last connection failed; lives in `told` */
    struct gt_arena *told;
    unsigned depth;
    bool closed;
};

extern const struct gt_source_type gt_source_redis;
extern const struct gt_tool_type gt_tool_redis_command, gt_tool_redis_invalidate;

/* Sends a job over one of the source's connections, which is opened where there is none. While the
 * server cannot be reached the job is done in the next turn. */
void gt_redis_send(struct gt_redis_source *source, struct gt_redis_job *job);

/* The job shall not be sent any more: true when it was not; it is the owner's again and `done` is
 * not called. False: its reply is still to come. */
bool gt_redis_take_back(struct gt_redis_source *source, struct gt_redis_job *job);

/* -- pool.c, for source.c -- */
void gt_redis_pool_open(struct gt_redis_source *source, size_t count);
void gt_redis_pool_close(struct gt_redis_source *source);

/* -- errors.c -- */

int64_t gt_redis_setting(const struct gt_tool *tool, const char *name, int64_t otherwise);

/* Ends a call that the server refused with `error`. */
void gt_redis_tell_error(struct gt_tool_call *call, const struct gt_redis_reply *error);

/* Ends a call whose connection was lost. `safe`: it may be repeated. */
void gt_redis_tell_lost(struct gt_tool_call *call, const char *reason, bool safe);

#endif
