#include "operators.h"

#include "match.h"
#include "values.h"

#include <gantry/base/str.h>
#include <string.h>
#include <strings.h>

static bool string_equals(struct gt_arena *arena, const char *wanted, const char *given)
{
    return gt_streq(gt_policy_plain(arena, wanted), given);
}

static bool string_equals_caseless(struct gt_arena *arena, const char *wanted, const char *given)
{
    return strcasecmp(gt_policy_plain(arena, wanted), given) == 0;
}

static bool string_like(struct gt_arena *arena, const char *wanted, const char *given)
{
    return gt_policy_glob(arena, wanted, given, false);
}

/* -1, 0 or 1; 2 when one of the texts is no number. */
static int compare(bool (*read)(const char *, double *), struct gt_arena *arena, const char *wanted,
                   const char *given)
{
    double want, have;
    if (!read(gt_policy_plain(arena, wanted), &want) || !read(given, &have))
        return 2;
    return have < want ? -1 : have > want;
}

static bool numeric_equals(struct gt_arena *arena, const char *wanted, const char *given)
{
    return compare(gt_policy_value_number, arena, wanted, given) == 0;
}

static bool numeric_less(struct gt_arena *arena, const char *wanted, const char *given)
{
    return compare(gt_policy_value_number, arena, wanted, given) == -1;
}

static bool numeric_less_equals(struct gt_arena *arena, const char *wanted, const char *given)
{
    return compare(gt_policy_value_number, arena, wanted, given) <= 0;
}

static bool numeric_greater(struct gt_arena *arena, const char *wanted, const char *given)
{
    return compare(gt_policy_value_number, arena, wanted, given) == 1;
}

static bool numeric_greater_equals(struct gt_arena *arena, const char *wanted, const char *given)
{
    int order = compare(gt_policy_value_number, arena, wanted, given);
    return order == 0 || order == 1;
}

static bool date_equals(struct gt_arena *arena, const char *wanted, const char *given)
{
    return compare(gt_policy_value_date, arena, wanted, given) == 0;
}

static bool date_less(struct gt_arena *arena, const char *wanted, const char *given)
{
    return compare(gt_policy_value_date, arena, wanted, given) == -1;
}

static bool date_less_equals(struct gt_arena *arena, const char *wanted, const char *given)
{
    return compare(gt_policy_value_date, arena, wanted, given) <= 0;
}

static bool date_greater(struct gt_arena *arena, const char *wanted, const char *given)
{
    return compare(gt_policy_value_date, arena, wanted, given) == 1;
}

static bool date_greater_equals(struct gt_arena *arena, const char *wanted, const char *given)
{
    int order = compare(gt_policy_value_date, arena, wanted, given);
    return order == 0 || order == 1;
}

static bool ip_address(struct gt_arena *arena, const char *wanted, const char *given)
{
    return gt_policy_value_in_range(gt_strdup(arena, gt_policy_plain(arena, wanted)), given);
}

static const struct gt_operator operators[] = {
    {.name = "StringEquals", .matches = string_equals},
    {.name = "StringNotEquals", .matches = string_equals, .negated = true},
    {.name = "StringEqualsIgnoreCase", .matches = string_equals_caseless},
    {.name = "StringNotEqualsIgnoreCase", .matches = string_equals_caseless, .negated = true},
    {.name = "StringLike", .matches = string_like},
    {.name = "StringNotLike", .matches = string_like, .negated = true},
    {.name = "NumericEquals", .matches = numeric_equals},
    {.name = "NumericNotEquals", .matches = numeric_equals, .negated = true},
    {.name = "NumericLessThan", .matches = numeric_less},
    {.name = "NumericLessThanEquals", .matches = numeric_less_equals},
    {.name = "NumericGreaterThan", .matches = numeric_greater},
    {.name = "NumericGreaterThanEquals", .matches = numeric_greater_equals},
    {.name = "DateEquals", .matches = date_equals},
    {.name = "DateNotEquals", .matches = date_equals, .negated = true},
    {.name = "DateLessThan", .matches = date_less},
    {.name = "DateLessThanEquals", .matches = date_less_equals},
    {.name = "DateGreaterThan", .matches = date_greater},
    {.name = "DateGreaterThanEquals", .matches = date_greater_equals},
    {.name = "Bool", .matches = string_equals_caseless, .caseless = true},
    {.name = "BinaryEquals", .matches = string_equals},
    {.name = "IpAddress", .matches = ip_address},
    {.name = "NotIpAddress", .matches = ip_address, .negated = true},
    {.name = "ArnEquals", .matches = gt_policy_arn_like},
    {.name = "ArnLike", .matches = gt_policy_arn_like},
    {.name = "ArnNotEquals", .matches = gt_policy_arn_like, .negated = true},
    {.name = "ArnNotLike", .matches = gt_policy_arn_like, .negated = true},
    {.name = "Null", .caseless = true},
};

bool gt_policy_operator(const char *text, struct gt_operator_use *use)
{
    static const char all[] = "ForAllValues:", any[] = "ForAnyValue:", suffix[] = "IfExists";
    *use = (struct gt_operator_use){.quantifier = GT_PLAIN};
    if (strncasecmp(text, all, strlen(all)) == 0) {
        use->quantifier = GT_FOR_ALL_VALUES;
        text += strlen(all);
    } else if (strncasecmp(text, any, strlen(any)) == 0) {
        use->quantifier = GT_FOR_ANY_VALUE;
        text += strlen(any);
    }
    size_t len = strlen(text);
    if (len > strlen(suffix) && strcasecmp(text + len - strlen(suffix), suffix) == 0) {
        use->if_exists = true;
        len -= strlen(suffix);
    }
    for (size_t i = 0; i < GT_COUNT(operators); i++) {
        const char *name = operators[i].name;
        if (strlen(name) == len && strncasecmp(name, text, len) == 0)
            use->row = &operators[i];
    }
    bool null = use->row != NULL && use->row->matches == NULL;
    return use->row != NULL && !(null && (use->if_exists || use->quantifier != GT_PLAIN));
}

const char *const *gt_policy_operator_names(struct gt_arena *arena)
{
    const char **names = gt_calloc(arena, GT_COUNT(operators) + 1, sizeof(*names));
    for (size_t i = 0; i < GT_COUNT(operators); i++)
        names[i] = operators[i].name;
    return names;
}
