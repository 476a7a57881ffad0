/* What combines schemas for the same value, and the unevaluated keywords, which look at what the
 * combined ones have seen. */
#include "run.h"

#include <gantry/base/json.h>

bool gt_check_quietly(struct gt_run *run, const struct gt_rules *rules, const struct gt_spot *spot)
{
    struct gt_schema_problems *kept = run->problems;
    struct gt_spot inner = *spot;
    struct gt_seen seen;
    if (spot->seen != NULL) {
        gt_seen_init(run, &seen, spot->value);
        inner.seen = &seen;
    }
    run->problems = NULL;
    bool ok = gt_check(run, rules, &inner);
    run->problems = kept;
    if (ok && spot->seen != NULL)
        gt_seen_add_all(spot->seen, &seen);
    return ok;
}

/* The types that a schema is for, looked for behind its references; 0: any. */
static unsigned types_of(const struct gt_rules *rules)
{
    for (size_t i = 0; rules->types == 0 && i < 8; i++) {
        if (rules->logic == NULL || rules->logic->ref == NULL)
            break;
        rules = rules->logic->ref;
    }
    return rules->types;
}

/* The only alternative that is for values of this type: its problems are what the writer wants to
 * hear. NULL when there are several, or none. */
static const struct gt_rules *meant(const struct gt_rules_list *list, const json_t *value)
{
    const struct gt_rules *found = NULL;
    for (size_t i = 0; i < list->len; i++) {
        unsigned types = types_of(list->at[i]);
        if (list->at[i]->never || (types != 0 && (types & gt_type_of(value)) == 0))
            continue;
        if (found != NULL)
            return NULL;
        found = list->at[i];
    }
    return found;
}

static bool fail_alternatives(struct gt_run *run, const struct gt_rules_list *list,
                              const struct gt_spot *spot, const char *keyword)
{
    if (run->problems == NULL)
        return false;
    const struct gt_rules *only = meant(list, spot->value);
    if (only != NULL) {
        size_t before = run->problems->len;
        gt_check(run, only, spot);
        if (run->problems->len > before)
            return false;
    }
    return gt_check_fail(run, spot, "fits none of the %zu alternatives of \"%s\"", list->len,
                         keyword);
}

static bool check_any(struct gt_run *run, const struct gt_rules_list *list,
                      const struct gt_spot *spot)
{
    bool ok = false;
    for (size_t i = 0; i < list->len && !run->given_up; i++) {
        ok = gt_check_quietly(run, list->at[i], spot) || ok;
        if (ok && spot->seen == NULL)
            break; /* else the others may see more */
    }
    return ok || fail_alternatives(run, list, spot, "anyOf");
}

static bool check_one(struct gt_run *run, const struct gt_rules_list *list,
                      const struct gt_spot *spot)
{
    size_t count = 0, first = 0;
    for (size_t i = 0; i < list->len && !run->given_up; i++) {
        if (!gt_check_quietly(run, list->at[i], spot))
            continue;
        if (++count > 1)
            return gt_check_fail(run, spot,
                                 "fits alternatives %zu and %zu of \"oneOf\", must fit only one",
                                 first, i);
        first = i;
    }
    return count == 1 || fail_alternatives(run, list, spot, "oneOf");
}

static bool check_condition(struct gt_run *run, const struct gt_logic *logic,
                            const struct gt_spot *spot)
{
    if (logic->then == NULL && logic->otherwise == NULL && spot->seen == NULL)
        return true;
    const struct gt_rules *next =
        gt_check_quietly(run, logic->condition, spot) ? logic->then : logic->otherwise;
    return next == NULL || gt_check(run, next, spot);
}

/* Where a reference by name leads: to the outermost resource on the way here that has the name. */
static const struct gt_rules *dynamic_target(const struct gt_run *run, const struct gt_logic *logic)
{
    const struct gt_rules *target = logic->dynamic_ref;
    if (logic->dynamic_anchor == NULL)
        return target;
    for (const struct gt_scope *scope = run->scope; scope != NULL; scope = scope->outer) {
        const struct gt_rules *found =
            gt_map_get(&scope->resource->dynamic_anchors, logic->dynamic_anchor);
        target = found == NULL ? target : found;
    }
    return target;
}

bool gt_check_logic(struct gt_run *run, const struct gt_rules *rules, const struct gt_spot *spot)
{
    const struct gt_logic *logic = rules->logic;
    bool ok = logic->ref == NULL || gt_check(run, logic->ref, spot);
    if (logic->dynamic_ref != NULL && gt_check_goes_on(run, ok))
        ok = gt_check(run, dynamic_target(run, logic), spot) && ok;
    for (size_t i = 0; i < logic->all.len && gt_check_goes_on(run, ok); i++)
        ok = gt_check(run, logic->all.at[i], spot) && ok;
    if (logic->any.len > 0 && gt_check_goes_on(run, ok))
        ok = check_any(run, &logic->any, spot) && ok;
    if (logic->one.len > 0 && gt_check_goes_on(run, ok))
        ok = check_one(run, &logic->one, spot) && ok;
    if (logic->none != NULL && gt_check_goes_on(run, ok))
        ok = (!gt_check_quietly(run, logic->none, spot) ||
              gt_check_fail(run, spot, "must not be what \"not\" describes")) &&
             ok;
    if (logic->condition != NULL && gt_check_goes_on(run, ok))
        ok = check_condition(run, logic, spot) && ok;
    return ok;
}

static bool unevaluated_items(struct gt_run *run, const struct gt_rules *rules,
                              const struct gt_spot *spot)
{
    bool ok = true;
    for (size_t i = 0; i < json_array_size(spot->value) && gt_check_goes_on(run, ok); i++) {
        struct gt_spot item = {.value = json_array_get(spot->value, i), .parent = spot, .index = i};
        if (!gt_seen_has(spot->seen, i))
            ok = gt_check(run, rules->unevaluated_items, &item) && ok;
        gt_seen_add(spot->seen, i);
    }
    return ok;
}

static bool unevaluated_properties(struct gt_run *run, const struct gt_rules *rules,
                                   const struct gt_spot *spot)
{
    bool ok = true;
    json_t *value = gt_iterable(spot->value);
    size_t index = 0;
    for (void *at = json_object_iter(value); at != NULL && gt_check_goes_on(run, ok);
         at = json_object_iter_next(value, at), index++) {
        if (gt_seen_has(spot->seen, index))
            continue;
        struct gt_spot inner = {
            .value = json_object_iter_value(at), .parent = spot, .key = json_object_iter_key(at)};
        ok = (rules->unevaluated_properties->never
                  ? gt_fail_unknown(run, rules->object, spot, inner.key)
                  : gt_check(run, rules->unevaluated_properties, &inner)) &&
             ok;
        gt_seen_add(spot->seen, index);
    }
    return ok;
}

bool gt_check_unevaluated(struct gt_run *run, const struct gt_rules *rules,
                          const struct gt_spot *spot)
{
    return json_is_array(spot->value) ? unevaluated_items(run, rules, spot)
                                      : unevaluated_properties(run, rules, spot);
}
