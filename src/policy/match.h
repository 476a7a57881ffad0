/*
 * Wildcards and policy variables. A pattern is text in which * and ? are wildcards unless a
 * GT_LITERAL stands before them: that is how the value of a variable, and ${*}, ${?} and ${$}, stay
 * what they are.
 */
#ifndef GANTRY_POLICY_MATCH_H
#define GANTRY_POLICY_MATCH_H

#include <gantry/base/arena.h>
#include <stdbool.h>

enum { GT_LITERAL = 1 };

/* Whether `pattern` matches all of `text`. `segments`: a star that is not the last character
 * between two colons does not match colons, as in the Resource element. */
bool gt_policy_glob(struct gt_arena *arena, const char *pattern, const char *text, bool segments);

/* Each of the six parts of an ARN by itself, as ArnLike and ArnEquals do. */
bool gt_policy_arn_like(struct gt_arena *arena, const char *pattern, const char *text);

/*
 * The pattern that `text` is with its policy variables replaced by single values of the context;
 * NULL when a variable has none and no default. `context` may be NULL.
 */
const char *gt_policy_expand(struct gt_arena *arena, const char *text, const json_t *context);

/* A pattern as plain text, for operators without wildcards. */
const char *gt_policy_plain(struct gt_arena *arena, const char *pattern);

/* The value of a condition key, in any case; NULL when the context has none. */
json_t *gt_policy_context(const json_t *context, const char *key);

#endif
