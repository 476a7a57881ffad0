/*
 * The fault script: what goes wrong with which request. Entries are matched in order and the first
 * that fires wins; each counts the requests that fit it since the script was posted.
 */
#include "cloud.h"

#include <string.h>

static const struct {
    const char *name;
    enum gt_fault_time time;
} faults[] = {
    {"reset-before", GT_FAULT_BEFORE}, {"500", GT_FAULT_BEFORE},
    {"html", GT_FAULT_BEFORE},         {"throttle", GT_FAULT_BEFORE},
    {"error", GT_FAULT_BEFORE},        {"stall-before", GT_FAULT_BEFORE},
    {"kill-before", GT_FAULT_BEFORE},  {"reset-after", GT_FAULT_AFTER},
    {"500-after", GT_FAULT_AFTER},     {"html-after", GT_FAULT_AFTER},
    {"truncate", GT_FAULT_AFTER},      {"stall", GT_FAULT_AFTER},
    {"empty", GT_FAULT_AFTER},         {"junk", GT_FAULT_AFTER},
    {"kill-after", GT_FAULT_AFTER},    {"slow", GT_FAULT_AROUND},
    {"land", GT_FAULT_AROUND},         {"block-before", GT_FAULT_AROUND},
    {"block-after", GT_FAULT_AROUND},
};

enum member_type { TEXT, COUNT, FLAG };
static const struct {
    const char *name;
    enum member_type type;
} members[] = {
    {"fault", TEXT},    {"operation", TEXT}, {"service", TEXT}, {"mutating", FLAG},
    {"request", COUNT}, {"nth", COUNT},      {"times", COUNT},  {"pid", COUNT},
    {"pidfile", TEXT},  {"code", TEXT},      {"message", TEXT}, {"status", COUNT},
    {"reason", TEXT},   {"ms", COUNT},
};

static bool fault_known(const char *name)
{
    for (size_t i = 0; i < GT_COUNT(faults); i++)
        if (gt_streq(faults[i].name, name))
            return true;
    return false;
}

enum gt_fault_time gt_fault_time(const json_t *fault)
{
    for (size_t i = 0; i < GT_COUNT(faults); i++)
        if (gt_streq(faults[i].name, gt_text_at(fault, "/fault")))
            return faults[i].time;
    return GT_FAULT_AROUND;
}

static bool type_fits(const char *fault, size_t member, const json_t *value)
{
    /* An HTTP status for "error", an object's status for "land". */
    if (gt_streq(members[member].name, "status") && gt_streq(fault, "land"))
        return json_is_string(value);
    switch (members[member].type) {
    case TEXT:
        return json_is_string(value);
    case COUNT:
        return json_is_integer(value) && json_integer_value(value) > 0 &&
               json_integer_value(value) <= INT32_MAX;
    case FLAG:
        return json_is_boolean(value);
    }
    return false;
}

/* Why an entry makes no sense; NULL: it does. */
static const char *entry_problem(const json_t *entry, struct gt_arena *arena)
{
    const char *fault = gt_text_at(entry, "/fault"), *name;
    json_t *value;
    if (!fault_known(fault)) {
        const char *names = "";
        for (size_t i = 0; i < GT_COUNT(faults); i++)
            names = gt_printf(arena, "%s%s%s", names, i == 0 ? "" : ", ", faults[i].name);
        return gt_printf(arena, "fault must be one of %s", names);
    }
    json_object_foreach(gt_iterable(entry), name, value)
    {
        size_t i = 0;
        while (i < GT_COUNT(members) && !gt_streq(members[i].name, name))
            i++;
        if (i == GT_COUNT(members))
            return gt_printf(arena, "a fault has no member \"%s\"", gt_one_line(arena, name, 60));
        if (!type_fits(fault, i, value))
            return gt_printf(arena, "the member \"%s\" of the fault %s has the wrong type", name,
                             fault);
    }
    if (json_object_get(entry, "request") != NULL &&
        (json_object_get(entry, "operation") != NULL || json_object_get(entry, "nth") != NULL ||
         json_object_get(entry, "service") != NULL || json_object_get(entry, "mutating") != NULL))
        return "\"request\" goes without operation, service, mutating and nth";
    if (gt_starts_with(fault, "kill") && json_object_get(entry, "pid") == NULL &&
        json_object_get(entry, "pidfile") == NULL)
        return "kill-before and kill-after want pid or pidfile";
    if (gt_streq(fault, "error") && gt_text_at(entry, "/code") == NULL)
        return "error wants a code";
    if (gt_streq(fault, "land") && gt_text_at(entry, "/status") == NULL)
        return "land wants a status";
    json_int_t status = json_integer_value(json_object_get(entry, "status"));
    if (gt_streq(fault, "error") && status != 0 && (status < 400 || status > 599))
        return "the status of an error is 400 to 599";
    return NULL;
}

bool gt_faults_post(struct gt_local *local, const json_t *entries, const char **problem,
                    struct gt_arena *arena)
{
    size_t index;
    json_t *entry;
    *problem = json_is_array(entries) ? NULL : "a fault script is a list";
    json_t *checked = json_array();
    json_array_foreach(gt_iterable(entries), index, entry)
    {
        const char *why =
            json_is_object(entry) ? entry_problem(entry, arena) : "an entry is an object";
        if (why != NULL && *problem == NULL)
            *problem = gt_printf(arena, "entry %zu: %s", index + 1, why);
        json_t *copy = json_deep_copy(entry);
        json_object_set_new(copy, "seen", json_integer(0));
        json_array_append_new(checked, copy);
    }
    if (*problem != NULL) {
        json_decref(checked);
        return false;
    }
    json_decref(local->faults);
    local->faults = checked;
    return true;
}

static bool fits(const json_t *entry, const struct gt_arrival *arrival)
{
    const char *operation = gt_text_at(entry, "/operation"),
               *service = gt_text_at(entry, "/service");
    const json_t *mutating = json_object_get(entry, "mutating");
    if (!arrival->counted && operation == NULL && service == NULL)
        return false;
    return (operation == NULL || gt_streq(operation, arrival->operation)) &&
           (service == NULL || gt_streq(service, arrival->service)) &&
           (mutating == NULL || json_is_true(mutating) == arrival->mutating);
}

static json_int_t number(const json_t *entry, const char *name, json_int_t otherwise)
{
    const json_t *value = json_object_get(entry, name);
    return value == NULL ? otherwise : json_integer_value(value);
}

const json_t *gt_faults_take(struct gt_local *local, const struct gt_arrival *arrival)
{
    const json_t *chosen = NULL;
    size_t index;
    json_t *entry;
    json_array_foreach(local->faults, index, entry)
    {
        if (!fits(entry, arrival))
            continue;
        json_int_t seen = number(entry, "seen", 0) + 1;
        json_int_t first = number(entry, "request", number(entry, "nth", 1));
        json_object_set_new(entry, "seen", json_integer(seen));
        if (chosen == NULL && seen >= first && seen < first + number(entry, "times", 1))
            chosen = entry;
    }
    return chosen;
}
