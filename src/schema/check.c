#include "run.h"

#include <gantry/base/json.h>

unsigned gt_type_of(const json_t *value)
{
    static const unsigned bits[] = {
        [JSON_OBJECT] = GT_TYPE_OBJECT, [JSON_ARRAY] = GT_TYPE_ARRAY,
        [JSON_STRING] = GT_TYPE_STRING, [JSON_INTEGER] = GT_TYPE_INTEGER | GT_TYPE_NUMBER,
        [JSON_REAL] = GT_TYPE_NUMBER,   [JSON_TRUE] = GT_TYPE_BOOLEAN,
        [JSON_FALSE] = GT_TYPE_BOOLEAN, [JSON_NULL] = GT_TYPE_NULL,
    };
    unsigned type = bits[json_typeof(value)];
    return type == GT_TYPE_NUMBER && gt_number_is_integral(value) ? type | GT_TYPE_INTEGER : type;
}

bool gt_check_goes_on(const struct gt_run *run, bool ok)
{
    return !run->given_up &&
           (ok || (run->problems != NULL && run->problems->len < GT_SCHEMA_PROBLEMS_MAX));
}

bool gt_check_spend(struct gt_run *run, const struct gt_spot *spot, size_t steps)
{
    run->steps = run->steps < steps ? 0 : run->steps - steps;
    return run->steps > 0 ||
           gt_check_give_up(run, spot, "takes too long to check: it is too large for its schema");
}

/* A first, cheap try does for nearly all; the others are few and cost a good part of the budget. */
bool gt_check_regex(struct gt_run *run, const struct gt_regex *regex, const struct gt_spot *spot,
                    const char *text, size_t len)
{
    enum { EXPENSIVE = GT_CHECK_STEPS_MAX / 16 };
    enum gt_regex_outcome outcome = gt_regex_match(regex, &run->matcher, text, len, true);
    if (!gt_check_spend(run, spot, gt_regex_cost(regex, len)))
        return false;
    if (outcome == GT_REGEX_TOO_EXPENSIVE && gt_check_spend(run, spot, EXPENSIVE))
        outcome = gt_regex_match(regex, &run->matcher, text, len, false);
    if (outcome == GT_REGEX_TOO_EXPENSIVE)
        gt_check_give_up(run, spot, "takes too long to be compared with a pattern");
    return outcome == GT_REGEX_MATCH;
}

static bool check_number(struct gt_run *run, const struct gt_number_rules *number,
                         const struct gt_spot *spot)
{
    const json_t *value = spot->value;
    bool ok = true;
    if (number->minimum != NULL && gt_number_compare(value, number->minimum) < 0)
        ok = gt_fail_number(run, spot, "must be at least", number->minimum);
    if (number->maximum != NULL && gt_number_compare(value, number->maximum) > 0)
        ok = gt_fail_number(run, spot, "must be at most", number->maximum);
    if (number->above != NULL && gt_number_compare(value, number->above) <= 0)
        ok = gt_fail_number(run, spot, "must be greater than", number->above);
    if (number->below != NULL && gt_number_compare(value, number->below) >= 0)
        ok = gt_fail_number(run, spot, "must be less than", number->below);
    if (number->multiple_of != NULL && !gt_decimal_is_multiple(gt_decimal_of(value), number->step))
        ok = gt_fail_number(run, spot, "must be a multiple of", number->multiple_of);
    return ok;
}

/* Code points; jansson has seen to it that the text is UTF-8. */
static size_t characters(const char *text, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

static bool check_string(struct gt_run *run, const struct gt_string_rules *string,
                         const struct gt_spot *spot)
{
    static const char *const unit[] = {"character", "characters"};
    const char *text = json_string_value(spot->value);
    size_t len = json_string_length(spot->value);
    bool ok = gt_check_length(run, &string->length, spot, characters(text, len), unit);
    if (gt_check_goes_on(run, ok) && string->pattern != NULL &&
        !gt_check_regex(run, string->pattern, spot, text, len))
        ok = gt_check_fail(run, spot, "must match the pattern %s",
                           gt_check_quoted(run, gt_regex_text(string->pattern)));
    return ok;
}

static bool check_options(struct gt_run *run, const json_t *options, const struct gt_spot *spot)
{
    size_t len = json_array_size(options);
    for (size_t i = 0; i < len && !run->given_up; i++)
        if (gt_check_equal(run, spot, spot->value, json_array_get(options, i)))
            return true;
    return gt_fail_options(run, options, spot);
}

/* What is about values of one type. */
static bool check_typed(struct gt_run *run, const struct gt_rules *rules,
                        const struct gt_spot *spot)
{
    switch (json_typeof(spot->value)) {
    case JSON_OBJECT:
        return rules->object == NULL || gt_check_object(run, rules, spot);
    case JSON_ARRAY:
        return rules->array == NULL || gt_check_array(run, rules, spot);
    case JSON_STRING:
        return rules->string == NULL || check_string(run, rules->string, spot);
    case JSON_INTEGER:
    case JSON_REAL:
        return rules->number == NULL || check_number(run, rules->number, spot);
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        break;
    }
    return true;
}

static bool check_all(struct gt_run *run, const struct gt_rules *rules, const struct gt_spot *spot)
{
    if (rules->types != 0 && (rules->types & gt_type_of(spot->value)) == 0)
        return gt_fail_type(run, rules, spot); /* what else is wrong would only confuse */
    bool ok = rules->options == NULL || check_options(run, rules->options, spot);
    if (gt_check_goes_on(run, ok) && rules->constant != NULL &&
        !gt_check_equal(run, spot, spot->value, rules->constant))
        ok = gt_fail_constant(run, rules->constant, spot);
    if (gt_check_goes_on(run, ok))
        ok = check_typed(run, rules, spot) && ok;
    if (gt_check_goes_on(run, ok) && rules->logic != NULL)
        ok = gt_check_logic(run, rules, spot) && ok;
    return ok;
}

/* The unevaluated keywords look at what all others of the same schema have seen. */
static bool check_and_see(struct gt_run *run, const struct gt_rules *rules,
                          const struct gt_spot *spot)
{
    struct gt_seen seen;
    struct gt_spot inner = *spot;
    gt_seen_init(run, &seen, spot->value);
    inner.seen = &seen;
    bool ok = check_all(run, rules, &inner) && gt_check_unevaluated(run, rules, &inner);
    if (ok && spot->seen != NULL)
        gt_seen_add_all(spot->seen, &seen);
    return ok;
}

bool gt_check(struct gt_run *run, const struct gt_rules *rules, const struct gt_spot *spot)
{
    if (rules->always)
        return true;
    if (rules->never)
        return gt_check_fail(run, spot, "is not allowed");
    if (!gt_check_spend(run, spot, 1))
        return false;
    if (run->depth >= GT_CHECK_DEPTH_MAX)
        return gt_check_give_up(run, spot, "is nested too deeply");
    struct gt_scope scope = {run->scope, rules->resource};
    bool entered =
        run->schema->dynamic && (run->scope == NULL || run->scope->resource != rules->resource);
    if (entered)
        run->scope = &scope;
    run->depth++;
    bool unevaluated = (rules->unevaluated_items != NULL && json_is_array(spot->value)) ||
                       (rules->unevaluated_properties != NULL && json_is_object(spot->value));
    bool ok = unevaluated ? check_and_see(run, rules, spot) : check_all(run, rules, spot);
    run->depth--;
    if (entered)
        run->scope = scope.outer;
    return ok && !run->given_up;
}

bool gt_schema_check(const struct gt_schema *schema, struct gt_arena *arena, const json_t *value,
                     struct gt_schema_problems *problems)
{
    struct gt_run run = {.arena = arena,
                         .schema = schema,
                         .problems = problems,
                         .told = problems,
                         .steps = GT_CHECK_STEPS_MAX};
    struct gt_spot spot = {.value = value};
    if (problems != NULL)
        problems->len = 0;
    bool ok = gt_check(&run, schema->root, &spot);
    gt_matcher_free(run.matcher);
    return ok;
}
