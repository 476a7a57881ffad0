/*
 * One check of a value. What is valid allocates nothing, but for uniqueItems in long arrays,
 * regular expressions, propertyNames and the unevaluated keywords.
 */
#ifndef GANTRY_SRC_SCHEMA_RUN_H
#define GANTRY_SRC_SCHEMA_RUN_H

#include "rules.h"

#include <stdint.h>

enum {
    GT_CHECK_DEPTH_MAX = 1000, /* of rules within each other, on the stack */
    /* What a check may cost: looking at a value by one schema is 1, of the order of 10 ns. */
    GT_CHECK_STEPS_MAX = 8 * 1000 * 1000
};

/* Which members or items of a value some rule has looked at, for the unevaluated keywords. Members
 * count in the order of iteration. */
struct gt_seen {
    uint64_t *bits;
    size_t words;
    uint64_t one; /* room for up to 64 */
};

/* A value that is being checked, and where it is. */
struct gt_spot {
    const json_t *value;
    const struct gt_spot *parent; /* NULL: the whole value */
    const char *key;              /* in the parent; NULL: index */
    size_t index;
    struct gt_seen *seen; /* NULL: nobody asks */
};

struct gt_scope { /* resources that were entered, the innermost first */
    const struct gt_scope *outer;
    const struct gt_resource *resource;
};

struct gt_run {
    struct gt_arena *arena;
    const struct gt_schema *schema;
    struct gt_schema_problems *problems; /* NULL: only whether it is valid */
    struct gt_schema_problems *told;     /* what the caller gave, also while problems is NULL */
    const struct gt_scope *scope;
    struct gt_matcher *matcher;
    size_t steps, depth;
    bool given_up;
};

/* Whether the value fits; reports what does not. */
bool gt_check(struct gt_run *run, const struct gt_rules *rules, const struct gt_spot *spot);

/* The same without reports; what was seen counts only when it fits. */
bool gt_check_quietly(struct gt_run *run, const struct gt_rules *rules, const struct gt_spot *spot);

/* The parts of gt_check, for a value of that type where the name says one. */
bool gt_check_array(struct gt_run *run, const struct gt_rules *rules, const struct gt_spot *spot);
bool gt_check_object(struct gt_run *run, const struct gt_rules *rules, const struct gt_spot *spot);
bool gt_check_logic(struct gt_run *run, const struct gt_rules *rules, const struct gt_spot *spot);
bool gt_check_unevaluated(struct gt_run *run, const struct gt_rules *rules,
                          const struct gt_spot *spot);

/* Whether looking further is of use: nothing was wrong yet, or there is room for more problems. */
bool gt_check_goes_on(const struct gt_run *run, bool ok);

/* Takes from the budget; false when it is used up, which ends the check. */
bool gt_check_spend(struct gt_run *run, const struct gt_spot *spot, size_t steps);

/* False also when the text is too expensive for the expression, which ends the check. */
bool gt_check_regex(struct gt_run *run, const struct gt_regex *regex, const struct gt_spot *spot,
                    const char *text, size_t len);

/* Equality as JSON Schema has it: 1 is 1.0. */
bool gt_check_equal(struct gt_run *run, const struct gt_spot *spot, const json_t *a,
                    const json_t *b);

/* Finds two equal items; false where there are none. */
bool gt_check_find_equal(struct gt_run *run, const struct gt_spot *spot, size_t *first,
                         size_t *second);

/* -- problems; all return false -- */

bool gt_check_fail(struct gt_run *run, const struct gt_spot *spot, const char *format, ...)
    GT_PRINTF(3, 4);
bool gt_check_give_up(struct gt_run *run, const struct gt_spot *spot, const char *message);
bool gt_fail_type(struct gt_run *run, const struct gt_rules *rules, const struct gt_spot *spot);
bool gt_fail_options(struct gt_run *run, const json_t *options, const struct gt_spot *spot);
bool gt_fail_constant(struct gt_run *run, const json_t *constant, const struct gt_spot *spot);
/* `what` is "must be at least". */
bool gt_fail_number(struct gt_run *run, const struct gt_spot *spot, const char *what,
                    const json_t *number);
bool gt_fail_unknown(struct gt_run *run, const struct gt_object_rules *object,
                     const struct gt_spot *spot, const char *name);
/* "must have at least 2 items", of one unit or several; true where the length is within the range.
 */
bool gt_check_length(struct gt_run *run, const struct gt_range *range, const struct gt_spot *spot,
                     size_t length, const char *const unit[2]);

/* A name or a text within a message, cut. */
const char *gt_check_quoted(struct gt_run *run, const char *text);

/* -- what was seen -- */

void gt_seen_init(struct gt_run *run, struct gt_seen *seen, const json_t *value);
void gt_seen_add(struct gt_seen *seen, size_t index); /* `seen` NULL is allowed */
void gt_seen_add_all(struct gt_seen *seen, const struct gt_seen *more);
bool gt_seen_has(const struct gt_seen *seen, size_t index);

#endif
