/*
 * Full matches of patterns as Java writes them: the service models have such ones, and the rules
 * for names in Gantry's own files.
 */
#ifndef GANTRY_BASE_PATTERN_H
#define GANTRY_BASE_PATTERN_H

#include <stdbool.h>

/*
 * Full match of a Java-style pattern. False also when the match limit was hit. A pattern that PCRE2
 * cannot read as Java does matches everything: what is not understood must not refuse. Compiled
 * patterns are kept as long as the process lives, so patterns come from tables, not from callers.
 */
bool gt_pattern_matches(const char *pattern, const char *text);

/* False for a pattern that cannot be compiled, which therefore matches everything. */
bool gt_pattern_understood(const char *pattern);

#endif
