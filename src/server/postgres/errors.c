#include "tools.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

int64_t gt_pg_setting(const struct gt_tool *tool, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(tool->settings, name);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

int64_t gt_pg_time_left(const struct gt_tool_call *call, int64_t most)
{
    int64_t left = most;
    if (call->deadline_ms != INT64_MAX)
        left = call->deadline_ms - gt_monotonic_ms(gt_loop_sys(call->loop));
    left = left < most ? left : most;
    return left > 1 ? left : 1;
}

/* By the class of the SQLSTATE, the more special first. Source: PostgreSQL manual, appendix A. */
static const struct {
    const char *prefix;
    enum gt_failure failure;
} classes[] = {
    {"25006", GT_FAILURE_DENIED},    /* a write in a transaction that is read-only */
    {"42501", GT_FAILURE_DENIED},    /* insufficient privilege */
    {"57014", GT_FAILURE_TIMEOUT},   /* cancelled */
    {"55P03", GT_FAILURE_LIMIT},     /* a lock that was not to be had */
    {"40", GT_FAILURE_UNAVAILABLE},  /* rolled back: serialization, deadlock */
    {"53", GT_FAILURE_UNAVAILABLE},  /* out of something */
    {"57P", GT_FAILURE_UNAVAILABLE}, /* shutting down, starting up */
    {"08", GT_FAILURE_UNAVAILABLE},  /* connection */
    {"58", GT_FAILURE_FAILED},       /* the server's own system */
    {"XX", GT_FAILURE_FAILED},       {"F0", GT_FAILURE_FAILED}, {"", GT_FAILURE_ARGUMENTS},
};

static enum gt_failure failure_of(const char *sqlstate)
{
    size_t i = 0;
    while (!gt_starts_with(sqlstate, classes[i].prefix))
        i++;
    return classes[i].failure;
}

void gt_pg_tell_error(struct gt_tool_call *call, const struct gt_pg_end *end, bool safe, int before)
{
    if (end->lost) {
        bool again = safe || !end->sent;
        gt_tool_fail(call, again ? GT_FAILURE_UNAVAILABLE : GT_FAILURE_FAILED,
                     again ? "the database cannot be reached: %s"
                           : "the connection to the database broke, and whether the statement was "
                             "done is not known: %s",
                     end->message);
        return;
    }
    enum gt_failure failure = failure_of(end->sqlstate);
    if (failure == GT_FAILURE_UNAVAILABLE && !safe && !gt_starts_with(end->sqlstate, "40"))
        failure = GT_FAILURE_FAILED;
    const char *text = gt_printf(call->arena, "%s (SQLSTATE %s", end->message, end->sqlstate);
    if (end->position > before)
        text = gt_printf(call->arena, "%s, at character %d", text, end->position - before);
    text = gt_printf(call->arena, "%s)", text);
    if (end->detail != NULL)
        text = gt_printf(call->arena, "%s; detail: %s", text, end->detail);
    if (end->hint != NULL)
        text = gt_printf(call->arena, "%s; hint: %s", text, end->hint);
    gt_tool_fail(call, failure, "%s", text);
}
