/*
 * SimulatePrincipalPolicy by the same evaluation as everything else, without delay.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 */
#include "../identity.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>
#include <strings.h>

struct simulation {
    struct gt_serve *call;
    struct gt_iam_grants grants;
    size_t own; /* of the grants' policies: those of the principal, before the input's */
    const json_t *resource_policy, *context;
    const char *caller; /* of the resource policy */
};

static const char *const decisions[] = {
    [GT_IMPLICIT_DENY] = "implicitDeny",
    [GT_ALLOW] = "allowed",
    [GT_EXPLICIT_DENY] = "explicitDeny",
};

/* Documents of the input as a list of texts; false after failing. */
static bool add_input(struct simulation *simulation, const char *member)
{
    struct gt_serve *call = simulation->call;
    const json_t *texts = json_object_get(call->input, member);
    for (size_t i = 0; i < json_array_size(texts); i++) {
        json_t *document =
            json_loads(json_string_value(json_array_get(texts, i)), JSON_REJECT_DUPLICATES, NULL);
        if (document == NULL) {
            gt_serve_fail(call, "InvalidInput", "Invalid policy: %s.%zu is no JSON", member, i + 1);
            return false;
        }
        *GT_PUSH(call->arena, &simulation->grants.policies) = gt_keep(call->arena, document);
        *GT_PUSH(call->arena, &simulation->grants.names) =
            gt_printf(call->arena, "%s.%zu", member, i + 1);
    }
    return true;
}

/* The principal's policies; the account's own keys may do everything. */
static bool read_principal(struct simulation *simulation)
{
    struct gt_serve *call = simulation->call;
    const char *arn = gt_input_text(call, "/PolicySourceArn");
    bool role = strstr(arn, ":role/") != NULL, user = strstr(arn, ":user/") != NULL;
    if (!gt_starts_with(arn, "arn:") || (!role && !user)) {
        gt_serve_fail(call, "InvalidInput",
                      "Invalid Entity Arn: %s does not clearly define entity type and name.", arn);
        return false;
    }
    if (user && gt_streq(arn, call->caller_arn)) {
        *GT_PUSH(call->arena, &simulation->grants.policies) =
            gt_iam_managed(call->local, "arn:aws:iam::aws:policy/AdministratorAccess", call->arena);
        *GT_PUSH(call->arena, &simulation->grants.names) = "AdministratorAccess";
        return true;
    }
    const struct gt_object *found = gt_object_find_arn(call->local, arn);
    if (found == NULL || found->kind != &gt_kind_role || !gt_streq(found->account, call->account)) {
        gt_serve_fail(call, "NoSuchEntity", "The entity %s cannot be found.", arn);
        return false;
    }
    simulation->grants = gt_iam_grants(call->local, found, 0, call->arena);
    return true;
}

static bool read_boundary(struct simulation *simulation)
{
    struct gt_serve *call = simulation->call;
    const char *text = gt_input_text(call, "/PermissionsBoundaryPolicyInputList/0");
    if (text == NULL)
        return true;
    json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (document == NULL) {
        gt_serve_fail(call, "InvalidInput", "Invalid policy: the permissions boundary is no JSON");
        return false;
    }
    simulation->grants.bounded = true;
    simulation->grants.boundary = gt_keep(call->arena, document);
    return true;
}

static bool read_resource_policy(struct simulation *simulation)
{
    struct gt_serve *call = simulation->call;
    const char *text = gt_input_text(call, "/ResourcePolicy");
    simulation->caller = gt_input_text(call, "/CallerArn");
    if (simulation->caller == NULL)
        simulation->caller = gt_input_text(call, "/PolicySourceArn");
    if (text == NULL)
        return true;
    json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (document == NULL)
        gt_serve_fail(call, "InvalidInput", "Invalid policy: the resource policy is no JSON");
    simulation->resource_policy = gt_keep(call->arena, document);
    return document != NULL;
}

static void read_context(struct simulation *simulation)
{
    struct gt_serve *call = simulation->call;
    json_t *context = gt_keep(call->arena, json_object());
    const json_t *entries = json_object_get(call->input, "ContextEntries");
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        const char *name = gt_text_at(entry, "/ContextKeyName");
        const char *type = gt_text_at(entry, "/ContextKeyType");
        json_t *values = json_object_get(entry, "ContextKeyValues");
        bool list = type != NULL && gt_ends_with(type, "List");
        if (name != NULL && values != NULL)
            json_object_set(context, name, list ? values : json_array_get(values, 0));
    }
    simulation->context = context;
}

/* Whether the context has a condition key, in any case. */
static bool has_key(const json_t *context, const char *key)
{
    const char *given;
    json_t *value;
    json_object_foreach(gt_iterable(context), given, value)
    {
        if (strcasecmp(given, key) == 0)
            return true;
    }
    return false;
}

static void note_missing(const json_t *context, const json_t *condition, json_t *missing)
{
    const char *operator, * key;
    json_t *keys, *values;
    json_object_foreach(gt_iterable(condition), operator, keys)
    {
        json_object_foreach(keys, key, values)
        {
            if (!has_key(context, key) && !has_key(missing, key))
                json_object_set_new(missing, key, json_true());
        }
    }
}

/* The condition keys of the policies that the context does not have. */
static json_t *missing_keys(const struct simulation *simulation)
{
    json_auto_t *missing = json_object();
    const struct gt_iam_grants *grants = &simulation->grants;
    json_auto_t *all = gt_iam_joined(grants->policies.at, grants->policies.len);
    const json_t *statements = json_object_get(all, "Statement");
    for (size_t i = 0; i < json_array_size(statements); i++)
        note_missing(simulation->context,
                     json_object_get(json_array_get(statements, i), "Condition"), missing);
    json_t *names = json_array();
    const char *key;
    json_t *mark;
    json_object_foreach(missing, key, mark)
    {
        json_array_append_new(names, json_string(key));
    }
    return names;
}

/* The policies that by themselves say what all of them say. */
static json_t *matched(const struct simulation *simulation, const struct gt_access *access,
                       enum gt_decision decision)
{
    json_t *list = json_array();
    const struct gt_iam_grants *grants = &simulation->grants;
    for (size_t i = 0; i < grants->policies.len && decision != GT_IMPLICIT_DENY; i++) {
        if (gt_policy_evaluate(&grants->policies.at[i], 1, access) != decision)
            continue;
        const char *type = i < simulation->own ? "role" : "none";
        if (gt_starts_with(grants->names.at[i], "arn:"))
            type = gt_iam_is_aws_managed(grants->names.at[i]) ? "aws-managed" : "user-managed";
        json_array_append_new(list, json_pack("{s:s, s:s}", "SourcePolicyId", grants->names.at[i],
                                              "SourcePolicyType", type));
    }
    return list;
}

static json_t *result(const struct simulation *simulation, const char *action, const char *resource)
{
    struct gt_access access = {
        .action = action, .resource = resource, .context = simulation->context};
    const struct gt_iam_grants *grants = &simulation->grants;
    enum gt_decision decision =
        gt_policy_evaluate(grants->policies.at, grants->policies.len, &access);
    json_t *statements = matched(simulation, &access, decision);
    bool bounded = true;
    if (grants->boundary != NULL) {
        enum gt_decision limit = gt_policy_evaluate(&grants->boundary, 1, &access);
        bounded = limit == GT_ALLOW;
        if (limit == GT_EXPLICIT_DENY || (decision == GT_ALLOW && !bounded))
            decision = limit;
    }
    if (simulation->resource_policy != NULL) {
        access.principal_kind = "AWS";
        access.principal = simulation->caller;
        enum gt_decision own = gt_policy_evaluate(&simulation->resource_policy, 1, &access);
        if (own == GT_EXPLICIT_DENY || (own == GT_ALLOW && decision == GT_IMPLICIT_DENY && bounded))
            decision = own;
    }
    json_t *shown =
        json_pack("{s:s, s:s, s:s, s:o, s:o}", "EvalActionName", action, "EvalResourceName",
                  resource, "EvalDecision", decisions[decision], "MatchedStatements", statements,
                  "MissingContextValues", missing_keys(simulation));
    if (grants->bounded)
        json_object_set_new(shown, "PermissionsBoundaryDecisionDetail",
                            json_pack("{s:b}", "AllowedByPermissionsBoundary", bounded));
    return shown;
}

static json_t *simulate_principal_policy(struct gt_serve *call)
{
    struct simulation simulation = {.call = call};
    if (json_array_size(json_object_get(call->input, "PolicyExclusionList")) > 0)
        return gt_serve_fail(call, "InvalidInput",
                             "The embedded cloud does not know policy exclusions.");
    if (!read_principal(&simulation))
        return NULL;
    simulation.own = simulation.grants.policies.len;
    if (!add_input(&simulation, "PolicyInputList") || !read_boundary(&simulation) ||
        !read_resource_policy(&simulation))
        return NULL;
    read_context(&simulation);
    const json_t *actions = json_object_get(call->input, "ActionNames");
    const json_t *resources = json_object_get(call->input, "ResourceArns");
    if (json_array_size(resources) == 0)
        resources = gt_pack(call->arena, "[s]", "*");
    json_auto_t *results = json_array();
    for (size_t i = 0; i < json_array_size(actions); i++)
        for (size_t at = 0; at < json_array_size(resources); at++)
            json_array_append_new(results,
                                  result(&simulation, json_string_value(json_array_get(actions, i)),
                                         json_string_value(json_array_get(resources, at))));
    return gt_serve_page(call, results, NULL);
}

const struct gt_handler gt_iam_simulate_handlers[] = {
    {.operation = &gt_op_iam_SimulatePrincipalPolicy,
     .run = simulate_principal_policy,
     .fidelity = GT_GUESSED,
     .note = "roles, and the caller's own user, which may do everything; matched statements name "
             "their policy only; no exclusions and no service control policies",
     .resource = "{PolicySourceArn}"},
    {.operation = NULL},
};
