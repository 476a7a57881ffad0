/*
 * A check of a type's table: whether all that it names exists in the models, and whether it is
 * complete. A type that passes can be driven without knowing its name.
 */
#ifndef GANTRY_TESTS_TYPES_LINT_H
#define GANTRY_TESTS_TYPES_LINT_H

#include <gantry/types/type.h>

/* Every problem as a line of text; "" when there is none. Arena string. */
const char *lint(struct gt_arena *arena, const struct gt_type *type);

#endif
