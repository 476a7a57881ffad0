/* References that go round without going into the value, with which a check would not end. */
#include "compile.h"

enum { UNSEEN, OPEN, DONE };

static bool visit(struct gt_compile *compile, struct gt_rules *rules, size_t depth);

/* The compiled rules are shared and constant, but for the mark that only this file looks at. */
static bool follow(struct gt_compile *compile, const struct gt_rules *to, size_t depth)
{
    if (to == NULL || to->always || to->never)
        return true;
    return visit(compile, gt_map_get(&compile->places, to->pointer), depth + 1);
}

static bool follow_list(struct gt_compile *compile, struct gt_rules_list list, size_t depth)
{
    for (size_t i = 0; i < list.len; i++)
        if (!follow(compile, list.at[i], depth))
            return false;
    return true;
}

static bool follow_logic(struct gt_compile *compile, const struct gt_logic *logic, size_t depth)
{
    /* Where a dynamic reference leads is known only during a check, which has a limit for it. */
    const struct gt_rules *dynamic = logic->dynamic_anchor == NULL ? logic->dynamic_ref : NULL;
    const struct gt_rules *const single[] = {logic->none,      logic->condition, logic->then,
                                             logic->otherwise, logic->ref,       dynamic};
    for (size_t i = 0; i < GT_COUNT(single); i++)
        if (!follow(compile, single[i], depth))
            return false;
    return follow_list(compile, logic->all, depth) && follow_list(compile, logic->any, depth) &&
           follow_list(compile, logic->one, depth);
}

static bool visit(struct gt_compile *compile, struct gt_rules *rules, size_t depth)
{
    if (rules->visit == DONE)
        return true;
    if (rules->visit == OPEN)
        return gt_compile_refuse(compile, rules->pointer, NULL,
                                 "refers to itself without going into the value");
    if (depth > GT_SCHEMA_DEPTH_MAX)
        return gt_compile_refuse(compile, rules->pointer, NULL, "has too many references in a row");
    rules->visit = OPEN;
    bool ok = rules->logic == NULL || follow_logic(compile, rules->logic, depth);
    if (rules->object != NULL)
        for (size_t i = 0; ok && i < rules->object->dependencies.len; i++)
            ok = follow(compile, rules->object->dependencies.at[i].rules, depth);
    rules->visit = DONE;
    return ok;
}

bool gt_compile_check_cycles(struct gt_compile *compile)
{
    for (size_t i = 0; i < compile->found.len; i++)
        if (!visit(compile, compile->found.at[i], 0))
            return false;
    return true;
}
