#include "client.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>

enum { SHORTEST = 6 /* a shorter text would be found everywhere */ };

/* The models mark these sensitive too, yet a message that hides them helps nobody. */
static bool is_harmless(const struct gt_shape *shape)
{
    static const char *const names[] = {"ClientIdType",
                                        "Description",
                                        "EndpointName",
                                        "GatewayDescription",
                                        "InlinePayload",
                                        "McpInstructions",
                                        "SSEKMSKeyId",
                                        "TargetDescription",
                                        "TargetName",
                                        "ToolDefinition",
                                        "EnvironmentVariableName"};
    for (size_t i = 0; i < GT_COUNT(names); i++)
        if (gt_streq(shape->name, names[i]))
            return true;
    return false;
}

void gt_remember_secret(struct gt_open_call *call, const char *text)
{
    char *line = gt_one_line(call->arena, text, SIZE_MAX);
    if (strlen(line) >= SHORTEST)
        *GT_PUSH(call->arena, &call->secrets) = line;
}

static void collect(struct gt_open_call *call, const struct gt_shape *shape, bool sensitive,
                    const json_t *value)
{
    static const struct gt_shape unknown = {.name = "", .kind = GT_SHAPE_STRING};
    const char *key;
    json_t *item;
    size_t i;
    if (shape == NULL)
        shape = &unknown;
    sensitive = (sensitive || (shape->flags & GT_SHAPE_SENSITIVE) != 0) && !is_harmless(shape);
    if (json_is_object(value)) {
        json_object_foreach(gt_iterable(value), key, item)
        {
            const struct gt_member *member =
                shape->kind == GT_SHAPE_STRUCTURE ? gt_member_find(shape, key) : NULL;
            collect(call, member != NULL ? member->shape : shape->element, sensitive, item);
        }
    } else if (json_is_array(value)) {
        json_array_foreach(gt_iterable(value), i, item)
            collect(call, shape->element, sensitive, item);
    } else if (sensitive && json_is_string(value)) {
        gt_remember_secret(call, json_string_value(value));
    }
}

void gt_collect_secrets(struct gt_open_call *call, const struct gt_shape *shape,
                        const json_t *value)
{
    collect(call, shape, false, value);
}

static int longest_first(const void *left, const void *right)
{
    size_t a = strlen(*(char *const *)left), b = strlen(*(char *const *)right);
    return (a < b) - (a > b);
}

static const char *masked(struct gt_arena *arena, const char *message, const char *secret)
{
    for (const char *at; (at = strstr(message, secret)) != NULL;)
        message = gt_printf(arena, "%.*s***%s", (int)(at - message), message, at + strlen(secret));
    return message;
}

const char *gt_mask_secrets(struct gt_open_call *call, const char *message)
{
    if (message == NULL)
        return NULL;
    if (call->secrets.len > 0) /* one may be the beginning of another */
        qsort(call->secrets.at, call->secrets.len, sizeof(*call->secrets.at), longest_first);
    for (size_t i = 0; i < call->secrets.len; i++)
        message = masked(call->arena, message, call->secrets.at[i]);
    return gt_one_line(call->arena, message, GT_MESSAGE_MAX);
}
