/*
 * Regular expressions as JSON Schema has them (ECMA-262 in Unicode mode) by way of PCRE2. Matching
 * is bounded: an expression that backtracks without end is given up on.
 */
#ifndef GANTRY_SRC_SCHEMA_ECMA_H
#define GANTRY_SRC_SCHEMA_ECMA_H

#include <gantry/base/arena.h>
#include <gantry/base/buf.h>
#include <stdbool.h>

struct gt_regex;

/* Compiled into the arena and freed with it. NULL with the reason, a line, for what cannot be. */
struct gt_regex *gt_regex_compile(struct gt_arena *arena, const char *text, const char **reason);

const char *gt_regex_text(const struct gt_regex *regex);

struct gt_regex_translation {
    struct gt_buf text;
    bool endless; /* it has repetitions without an upper end */
    const char *reason;
};

/*
 * Appends PCRE2's spelling of an expression to `text`. False with the reason for what is no
 * ECMA-262, though PCRE2 might understand it.
 */
bool gt_regex_translate(struct gt_arena *arena, const char *text,
                        struct gt_regex_translation *translation);

enum gt_regex_outcome { GT_REGEX_MATCH, GT_REGEX_NO_MATCH, GT_REGEX_TOO_EXPENSIVE };

/* What matches of one check share; NULL before the first. */
struct gt_matcher;
void gt_matcher_free(struct gt_matcher *matcher);

/* Whether some part of the text matches. A quick try does only what is cheap for any expression;
 * the other one goes on up to the order of 100 ms. */
enum gt_regex_outcome gt_regex_match(const struct gt_regex *regex, struct gt_matcher **matcher,
                                     const char *text, size_t len, bool quick);

/* What a quick try takes of a budget, in units of the order of 10 ns. */
size_t gt_regex_cost(const struct gt_regex *regex, size_t len);

#endif
