/* The Condition element. */
#ifndef GANTRY_POLICY_CONDITION_H
#define GANTRY_POLICY_CONDITION_H

#include <gantry/base/arena.h>
#include <stdbool.h>

/* UNKNOWN: there is something that this code does not know; the caller fails closed. */
enum gt_truth { GT_FALSE, GT_TRUE, GT_UNKNOWN };

/* False where one is, unknown where one is and none is false. */
enum gt_truth gt_policy_and(enum gt_truth a, enum gt_truth b);

/* Whether all of a Condition element holds; absent: true. `variables`: the version of the policy
 * has policy variables. */
enum gt_truth gt_policy_condition(struct gt_arena *arena, const json_t *condition,
                                  const json_t *context, bool variables);

#endif
