#include "tools.h"

#include <gantry/base/str.h>

int64_t gt_redis_setting(const struct gt_tool *tool, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(tool->settings, name);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

enum { ERROR_MAX = 500 };

/* By the first word of the error, as Redis' own are; what has no row is told as it is. */
static const struct {
    const char *prefix;
    enum gt_failure failure;
} kinds[] = {
    {"LOADING ", GT_FAILURE_UNAVAILABLE},
    {"BUSY ", GT_FAILURE_UNAVAILABLE},
    {"MASTERDOWN ", GT_FAILURE_UNAVAILABLE},
    {"CLUSTERDOWN ", GT_FAILURE_UNAVAILABLE},
    {"TRYAGAIN ", GT_FAILURE_UNAVAILABLE},
    {"NOAUTH ", GT_FAILURE_DENIED},
    {"NOPERM ", GT_FAILURE_DENIED},
    {"READONLY ", GT_FAILURE_FAILED},
    {"OOM ", GT_FAILURE_FAILED},
    {"MISCONF ", GT_FAILURE_FAILED},
    {"MOVED ", GT_FAILURE_FAILED},
    {"ASK ", GT_FAILURE_FAILED},
    {"", GT_FAILURE_ARGUMENTS},
};

/* These name other servers, which are nobody's business. */
static const char *text_of(struct gt_arena *arena, const struct gt_redis_reply *error)
{
    if (gt_starts_with(error->text, "MOVED ") || gt_starts_with(error->text, "ASK "))
        return "the key lives on another server of the cluster, which this source does not follow";
    return gt_one_line(arena, error->text, ERROR_MAX);
}

void gt_redis_tell_error(struct gt_tool_call *call, const struct gt_redis_reply *error)
{
    size_t i = 0;
    while (!gt_starts_with(error->text, kinds[i].prefix))
        i++;
    gt_tool_fail(call, kinds[i].failure, "%s", text_of(call->arena, error));
}

void gt_redis_tell_lost(struct gt_tool_call *call, const char *reason, bool safe)
{
    const struct gt_redis_source *source = (const struct gt_redis_source *)call->source;
    if (source->closed)
        gt_tool_fail(call, GT_FAILURE_CANCELLED, "the source is closed");
    else if (safe)
        gt_tool_fail(call, GT_FAILURE_UNAVAILABLE, "the Redis server cannot be reached: %s",
                     reason);
    else
        gt_tool_fail(call, GT_FAILURE_FAILED,
                     "the connection to the Redis server broke, and whether the command was done "
                     "is not known: %s",
                     reason);
}
