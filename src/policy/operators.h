/* The condition operators of IAM as one table, for checking and for evaluating. */
#ifndef GANTRY_POLICY_OPERATORS_H
#define GANTRY_POLICY_OPERATORS_H

#include <gantry/base/arena.h>
#include <stdbool.h>

/* Whether one value of the request satisfies one value of the policy (a pattern of match.h). */
typedef bool gt_operator_fn(struct gt_arena *arena, const char *wanted, const char *given);

struct gt_operator {
    const char *name;
    gt_operator_fn *matches; /* NULL: the operator Null */
    bool negated;
    bool caseless; /* values are words: true, false */
};

/* How a condition uses its operator. */
enum gt_quantifier { GT_PLAIN, GT_FOR_ALL_VALUES, GT_FOR_ANY_VALUE };

struct gt_operator_use {
    const struct gt_operator *row;
    enum gt_quantifier quantifier;
    bool if_exists;
};

/* Reads "ForAllValues:StringLikeIfExists" in any case; false when there is no such operator. */
bool gt_policy_operator(const char *text, struct gt_operator_use *use);

/* The names of all operators, ends with NULL. */
const char *const *gt_policy_operator_names(struct gt_arena *arena);

#endif
