#include "run.h"

#include <gantry/base/json.h>
#include <string.h>

static const struct gt_member *find_member(const struct gt_object_rules *object, const char *name)
{
    size_t low = 0, high = object->members_len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, object->members[middle].name);
        if (order == 0)
            return &object->members[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* One member of the value: *known is set when some rule has looked at it. */
static bool check_member(struct gt_run *run, const struct gt_object_rules *object,
                         const struct gt_member *member, const struct gt_spot *spot, bool *known)
{
    bool ok = true;
    if (member != NULL && member->rules != NULL) {
        *known = true;
        ok = gt_check(run, member->rules, spot);
    }
    for (size_t i = 0; i < object->patterns_len && gt_check_goes_on(run, ok); i++) {
        if (gt_check_regex(run, object->patterns[i].name, spot->parent, spot->key,
                           strlen(spot->key))) {
            *known = true;
            ok = gt_check(run, object->patterns[i].rules, spot) && ok;
        }
    }
    if (*known || object->additional == NULL || !gt_check_goes_on(run, ok))
        return ok;
    *known = true;
    return object->additional->never ? gt_fail_unknown(run, object, spot->parent, spot->key)
                                     : gt_check(run, object->additional, spot);
}

/* The names themselves are values, and stand at their object in messages. */
static bool check_name(struct gt_run *run, const struct gt_rules *names, const struct gt_spot *spot,
                       const char *name)
{
    json_auto_t *text = json_string(name);
    struct gt_spot inner = {.value = text};
    struct gt_schema_problems found = {.len = 0}, *kept = run->problems;
    if (text == NULL)
        return gt_check_fail(run, spot, "has a name that is not UTF-8");
    run->problems = kept == NULL || kept->len == GT_SCHEMA_PROBLEMS_MAX ? NULL : &found;
    bool ok = gt_check(run, names, &inner);
    run->problems = kept;
    return ok || gt_check_fail(run, spot, "the property name %s %s", gt_check_quoted(run, name),
                               found.len > 0 ? found.at[0].message : "is not allowed");
}

static bool report_missing(struct gt_run *run, const struct gt_object_rules *object,
                           const struct gt_spot *spot)
{
    for (size_t i = 0; i < object->members_len && gt_check_goes_on(run, false); i++) {
        const char *name = object->members[i].name;
        if (object->members[i].required && json_object_get(spot->value, name) == NULL)
            gt_check_fail(run, spot, "the property %s is missing", gt_check_quoted(run, name));
    }
    return false;
}

static bool check_members(struct gt_run *run, const struct gt_object_rules *object,
                          const struct gt_spot *spot)
{
    json_t *value = gt_iterable(spot->value);
    size_t index = 0, required = 0;
    bool ok = true;
    for (void *at = json_object_iter(value); at != NULL && gt_check_goes_on(run, ok);
         at = json_object_iter_next(value, at), index++) {
        struct gt_spot inner = {
            .value = json_object_iter_value(at), .parent = spot, .key = json_object_iter_key(at)};
        const struct gt_member *member = find_member(object, inner.key);
        bool known = false;
        required += member != NULL && member->required;
        ok = check_member(run, object, member, &inner, &known) && ok;
        if (known)
            gt_seen_add(spot->seen, index);
        if (object->names != NULL && gt_check_goes_on(run, ok))
            ok = check_name(run, object->names, spot, inner.key) && ok;
    }
    if (gt_check_goes_on(run, ok) && required < object->required_len)
        ok = report_missing(run, object, spot);
    return ok;
}

static bool check_dependency(struct gt_run *run, const struct gt_dependency *dependency,
                             const struct gt_spot *spot)
{
    if (json_object_get(spot->value, dependency->name) == NULL)
        return true;
    if (dependency->rules != NULL)
        return gt_check(run, dependency->rules, spot);
    bool ok = true;
    for (size_t i = 0; i < json_array_size(dependency->required); i++) {
        const char *name = json_string_value(json_array_get(dependency->required, i));
        if (gt_check_goes_on(run, ok) && json_object_get(spot->value, name) == NULL)
            ok = gt_check_fail(run, spot, "the property %s is missing, which %s needs",
                               gt_check_quoted(run, name), gt_check_quoted(run, dependency->name));
    }
    return ok;
}

bool gt_check_object(struct gt_run *run, const struct gt_rules *rules, const struct gt_spot *spot)
{
    static const char *const unit[] = {"property", "properties"};
    const struct gt_object_rules *object = rules->object;
    bool ok = gt_check_length(run, &object->length, spot, json_object_size(spot->value), unit);
    if (gt_check_goes_on(run, ok))
        ok = check_members(run, object, spot) && ok;
    for (size_t i = 0; i < object->dependencies.len && gt_check_goes_on(run, ok); i++)
        ok = check_dependency(run, &object->dependencies.at[i], spot) && ok;
    return ok;
}
