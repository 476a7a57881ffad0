/* What a status or an error of the service means, by the tables. */
#include "types.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>
#include <strings.h>

bool gt_mentions(const char *text, const char *part)
{
    if (part == NULL)
        return true;
    size_t len = strlen(part);
    for (; text != NULL && *text != '\0'; text++)
        if (strncasecmp(text, part, len) == 0)
            return true;
    return false;
}

static bool has(const char *const *values, const char *value)
{
    for (; values != NULL && *values != NULL; values++)
        if (strcmp(*values, value) == 0)
            return true;
    return false;
}

static bool settles(const struct gt_status *status, const json_t *object)
{
    if (status->equal[0] == NULL)
        return true;
    const json_t *a = gt_at(object, status->equal[0]), *b = gt_at(object, status->equal[1]);
    return a == NULL || b == NULL || json_equal(a, b);
}

enum gt_standing gt_status_standing(const struct gt_status *status, const json_t *object)
{
    const char *value = status->path == NULL ? NULL : gt_text_at(object, status->path);
    if (value == NULL || has(status->settled, value))
        return settles(status, object) ? GT_STANDING_SETTLED : GT_STANDING_PENDING;
    if (has(status->failed, value))
        return GT_STANDING_FAILED;
    if (has(status->person, value))
        return GT_STANDING_PERSON;
    if (has(status->deleting, value))
        return GT_STANDING_DELETING;
    if (has(status->undeletable, value))
        return GT_STANDING_UNDELETABLE;
    return GT_STANDING_PENDING;
}

const char *gt_status_reason(struct gt_arena *arena, const struct gt_status *status,
                             const json_t *object)
{
    const json_t *reason = status->reason == NULL ? NULL : gt_at(object, status->reason);
    if (json_is_string(reason))
        return json_string_length(reason) == 0 ? NULL : gt_strdup(arena, json_string_value(reason));
    const char *line = NULL;
    size_t i;
    json_t *item;
    json_array_foreach(reason, i, item)
    {
        if (!json_is_string(item) || json_string_length(item) == 0)
            continue;
        line = line == NULL ? gt_strdup(arena, json_string_value(item))
                            : gt_printf(arena, "%s; %s", line, json_string_value(item));
    }
    return line;
}

const struct gt_absence *gt_absence_find(const struct gt_absence *rows, const char *code,
                                         const char *message)
{
    for (; rows != NULL && rows->code != NULL; rows++)
        if (gt_streq(rows->code, code) && gt_mentions(message, rows->text))
            return rows;
    return NULL;
}

bool gt_type_says_exists(const struct gt_type *type, const char *code, const char *message)
{
    return gt_absence_find(type->exists, code, message) != NULL;
}

const struct gt_transient *gt_type_transient(const struct gt_type *type,
                                             const struct gt_operation *operation, const char *code,
                                             const char *message)
{
    const struct gt_transient *row = type->transients;
    for (; row != NULL && row->code != NULL; row++) {
        bool meant = row->operation == operation ||
                     (row->operation == NULL && operation != type->read.operation);
        if (meant && gt_streq(row->code, code) && gt_mentions(message, row->text))
            return row;
    }
    return NULL;
}

const struct gt_redrive *gt_type_redrive(const struct gt_type *type, const char *reason)
{
    const struct gt_redrive *row = type->redrives;
    for (; row != NULL && row->text != NULL; row++)
        if (gt_mentions(reason, row->text))
            return row;
    return NULL;
}
