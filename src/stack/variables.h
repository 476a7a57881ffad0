/*
 * The outer layers of a manifest: which environment, what the variables are, and the values of
 * ${var...}, ${env...}, ${file...} and ${aws...}.
 */
#ifndef GANTRY_STACK_VARIABLES_H
#define GANTRY_STACK_VARIABLES_H

#include "lower.h"

/* Chooses the environment and merges it over the rest: fills stack->environment, low->doc,
 * low->marks and *variables. False when there is no environment to work with. */
bool gt_choose_environment(struct gt_low *low, const struct gt_doc *manifest,
                           struct gt_map *variables);

/* Replaces ${var...}, ${env...}, ${file...} and ${aws...} in low->doc; what fails is reported and
 * stays as it is. */
void gt_resolve_outside(struct gt_low *low, const struct gt_map *variables,
                        const struct gt_resolver *resolver);

#endif
