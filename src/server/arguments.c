/* What a caller gives to a tool: defaults, integers, the schema, and how a mistake is told. */
#include "parts.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <math.h>

json_t *gt_call_misfit(struct gt_arena *arena, const struct gt_schema_problems *problems)
{
    const char *text = "the arguments are not valid:";
    for (size_t i = 0; i < problems->len; i++) {
        const struct gt_schema_problem *problem = &problems->at[i];
        bool whole = *problem->pointer == '\0';
        text = gt_printf(arena, "%s%s %s%s%s", text, i > 0 ? ";" : "",
                         whole ? "" : problem->pointer + 1, whole ? "" : " ", problem->message);
    }
    return gt_call_failure(GT_FAILURE_ARGUMENTS, gt_one_line(arena, text, GT_CALL_MESSAGE_MAX));
}

/* An integer that was written as 5.0 or 5e0 becomes 5: JSON Schema takes it for one, and tools look
 * for nothing else. False for one that no integer holds. */
static bool settle_integer(json_t *arguments, const char *key, const json_t *property)
{
    const double end = 9223372036854775808.0; /* 2^63 */
    const json_t *value = json_object_get(arguments, key);
    double number = json_real_value(value);
    if (!json_is_real(value) ||
        !gt_streq(json_string_value(json_object_get(property, "type")), "integer"))
        return true;
    if (number >= end || number < -end)
        return false;
    if (number == floor(number))
        json_object_set_new(arguments, key, json_integer((json_int_t)number));
    return true;
}

json_t *gt_arguments_settle(const struct gt_tool *tool, struct gt_arena *arena, json_t *arguments)
{
    struct gt_schema_problems problems = {0};
    const char *key, *large = NULL;
    const json_t *property;
    json_object_foreach(gt_iterable(json_object_get(tool->input_schema, "properties")), key,
                        property)
    {
        json_t *value = json_object_get(property, "default");
        if (value != NULL && json_object_get(arguments, key) == NULL)
            json_object_set(arguments, key, value);
        if (!settle_integer(arguments, key, property))
            large = key;
    }
    if (!gt_schema_check(tool->validator, arena, arguments, &problems))
        return gt_call_misfit(arena, &problems);
    if (large == NULL)
        return NULL;
    return gt_call_failure(GT_FAILURE_ARGUMENTS,
                           gt_printf(arena, "%s is larger than any integer", large));
}
