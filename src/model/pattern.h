/* What tests need to know of patterns beyond gt_pattern_matches. */
#ifndef GANTRY_MODEL_PATTERN_H
#define GANTRY_MODEL_PATTERN_H

#include <stdbool.h>

/* False for a pattern that cannot be compiled, which therefore matches everything. */
bool gt_pattern_understood(const char *pattern);

#endif
