#include <gantry/policy/policy.h>

#include "condition.h"
#include "document.h"
#include "match.h"
#include "principal.h"

#include <gantry/base/str.h>

struct evaluation {
    struct gt_arena *arena;
    const struct gt_access *access;
    const char *action; /* in lower case */
    bool variables;     /* the policy's version has them */
};

static bool action_in(const struct evaluation *evaluation, const json_t *actions)
{
    for (size_t i = 0; i < gt_policy_count(actions); i++) {
        const char *listed = json_string_value(gt_policy_item(actions, i));
        if (listed != NULL && gt_policy_glob(evaluation->arena, gt_lower(evaluation->arena, listed),
                                             evaluation->action, false))
            return true;
    }
    return false;
}

static bool resource_in(const struct evaluation *evaluation, const json_t *resources)
{
    struct gt_arena *arena = evaluation->arena;
    const char *resource = evaluation->access->resource;
    for (size_t i = 0; i < gt_policy_count(resources); i++) {
        const char *listed = json_string_value(gt_policy_item(resources, i));
        const char *pattern = listed;
        if (listed != NULL && evaluation->variables)
            pattern = gt_policy_expand(arena, listed, evaluation->access->context);
        if (pattern != NULL && gt_policy_glob(arena, pattern, resource, true))
            return true;
    }
    return false;
}

typedef bool in_fn(const struct evaluation *evaluation, const json_t *listed);

/* An element or its Not form; `otherwise` where the statement has neither. */
static bool element_matches(const struct evaluation *evaluation, const json_t *statement,
                            const char *const names[2], in_fn *in, bool otherwise)
{
    const json_t *listed = json_object_get(statement, names[0]);
    const json_t *unlisted = json_object_get(statement, names[1]);
    if (listed != NULL)
        return in(evaluation, listed);
    return unlisted != NULL ? !in(evaluation, unlisted) : otherwise;
}

/* A statement for principals where nobody asks, and one without where somebody does, is malformed:
 * it allows nothing. */
static enum gt_truth principal_matches(const struct evaluation *evaluation, const json_t *statement)
{
    const json_t *principal = json_object_get(statement, "Principal");
    const json_t *other = json_object_get(statement, "NotPrincipal");
    const struct gt_access *access = evaluation->access;
    bool named = principal != NULL || other != NULL;
    if (named != (access->principal_kind != NULL))
        return GT_UNKNOWN;
    if (!named)
        return GT_TRUE;
    bool matches = principal != NULL
                       ? gt_policy_principal_in(evaluation->arena, principal, access)
                       : access->naming == GT_NAMED_ANYHOW &&
                             !gt_policy_principal_named(evaluation->arena, other, access);
    return matches ? GT_TRUE : GT_FALSE;
}

static enum gt_truth applies(const struct evaluation *evaluation, const json_t *statement)
{
    static const char *const actions[] = {"Action", "NotAction"};
    static const char *const resources[] = {"Resource", "NotResource"};
    const struct gt_access *access = evaluation->access;
    /* A trust policy has no Resource: the role itself is meant. */
    bool attached = access->principal_kind != NULL;
    if (!element_matches(evaluation, statement, actions, action_in, false) ||
        !element_matches(evaluation, statement, resources, resource_in, attached))
        return GT_FALSE;
    return gt_policy_and(principal_matches(evaluation, statement),
                         gt_policy_condition(evaluation->arena,
                                             json_object_get(statement, "Condition"),
                                             access->context, evaluation->variables));
}

static enum gt_decision decide(struct evaluation *evaluation, const json_t *document)
{
    const char *version = json_string_value(json_object_get(document, "Version"));
    evaluation->variables = gt_streq(version, "2012-10-17");
    const json_t *statements = json_object_get(document, "Statement");
    enum gt_decision decision = GT_IMPLICIT_DENY;
    for (size_t i = 0; i < gt_policy_count(statements); i++) {
        const json_t *statement = gt_policy_item(statements, i);
        const char *effect = json_string_value(json_object_get(statement, "Effect"));
        enum gt_truth truth = applies(evaluation, statement);
        if (gt_streq(effect, "Deny") && truth != GT_FALSE)
            return GT_EXPLICIT_DENY;
        if (gt_streq(effect, "Allow") && truth == GT_TRUE)
            decision = GT_ALLOW;
    }
    return decision;
}

enum gt_decision gt_policy_evaluate(const json_t *const *policies, size_t count,
                                    const struct gt_access *access)
{
    struct gt_arena *arena = gt_arena_new();
    struct evaluation evaluation = {
        .arena = arena, .access = access, .action = gt_lower(arena, access->action)};
    enum gt_decision decision = GT_IMPLICIT_DENY;
    for (size_t i = 0; i < count && decision != GT_EXPLICIT_DENY; i++) {
        json_t *document = gt_keep(arena, gt_policy_parse(policies[i]));
        enum gt_decision own = document == NULL ? GT_IMPLICIT_DENY : decide(&evaluation, document);
        if (own != GT_IMPLICIT_DENY)
            decision = own;
    }
    gt_arena_free(arena);
    return decision;
}
