#include "condition.h"

#include "document.h"
#include "match.h"
#include "operators.h"

#include <gantry/base/json.h>
#include <strings.h>

/* One key of one operator. */
struct test {
    struct gt_arena *arena;
    struct gt_operator_use use;
    GT_VEC(const char *) wanted; /* patterns */
    GT_VEC(const char *) given;
};

enum gt_truth gt_policy_and(enum gt_truth a, enum gt_truth b)
{
    if (a == GT_FALSE || b == GT_FALSE)
        return GT_FALSE;
    return a == GT_UNKNOWN ? a : b;
}

/* Whether one value of the request satisfies the operator: one of the wanted values for a positive
 * operator, none of them for a negated one. */
static bool satisfies(const struct test *test, const char *given)
{
    bool found = false;
    for (size_t i = 0; !found && i < test->wanted.len; i++)
        found = test->use.row->matches(test->arena, test->wanted.at[i], given);
    return found != test->use.row->negated;
}

static size_t satisfied(const struct test *test)
{
    size_t count = 0;
    for (size_t i = 0; i < test->given.len; i++)
        count += satisfies(test, test->given.at[i]);
    return count;
}

/* Null: "true" wants the key absent, "false" wants it there. */
static bool null_holds(const struct test *test)
{
    const char *state = test->given.len == 0 ? "true" : "false";
    for (size_t i = 0; i < test->wanted.len; i++)
        if (strcasecmp(test->wanted.at[i], state) == 0)
            return true;
    return false;
}

static bool holds(const struct test *test)
{
    if (test->use.row->matches == NULL)
        return null_holds(test);
    bool absent = test->given.len == 0, all = satisfied(test) == test->given.len;
    switch (test->use.quantifier) {
    case GT_FOR_ALL_VALUES:
        return all;
    case GT_FOR_ANY_VALUE:
        return absent ? test->use.if_exists : satisfied(test) > 0;
    case GT_PLAIN:
        break;
    }
    if (absent)
        return test->use.if_exists || test->use.row->negated;
    return test->use.row->negated ? all : satisfied(test) > 0;
}

static enum gt_truth key_holds(struct test *test, const json_t *wanted, const json_t *given,
                               const json_t *variables)
{
    for (size_t i = 0; i < gt_policy_count(wanted); i++) {
        const char *text = gt_policy_text(test->arena, gt_policy_item(wanted, i));
        if (text == NULL)
            return GT_UNKNOWN;
        /* A variable without a value matches nothing. */
        const char *pattern =
            variables == NULL ? text : gt_policy_expand(test->arena, text, variables);
        if (pattern != NULL)
            *GT_PUSH(test->arena, &test->wanted) = pattern;
    }
    for (size_t i = 0; i < gt_policy_count(given); i++) {
        const char *text = gt_policy_text(test->arena, gt_policy_item(given, i));
        if (text != NULL)
            *GT_PUSH(test->arena, &test->given) = text;
    }
    return holds(test) ? GT_TRUE : GT_FALSE;
}

enum gt_truth gt_policy_condition(struct gt_arena *arena, const json_t *condition,
                                  const json_t *context, bool variables)
{
    if (condition == NULL)
        return GT_TRUE;
    if (!json_is_object(condition))
        return GT_UNKNOWN;
    enum gt_truth truth = GT_TRUE;
    const char *name, *key;
    json_t *keys, *wanted;
    const json_t *none = gt_pack(arena, "{}");
    if (context == NULL)
        context = none;
    json_object_foreach(gt_iterable(condition), name, keys)
    {
        struct gt_operator_use use;
        if (!gt_policy_operator(name, &use) || !json_is_object(keys)) {
            truth = gt_policy_and(truth, GT_UNKNOWN);
            continue;
        }
        json_object_foreach(keys, key, wanted)
        {
            struct test test = {.arena = arena, .use = use};
            truth = gt_policy_and(truth, key_holds(&test, wanted, gt_policy_context(context, key),
                                                   variables ? context : NULL));
        }
    }
    return truth;
}
