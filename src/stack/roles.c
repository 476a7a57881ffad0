/*
 * Roles: those that gateways and runtimes get, and those of the section `roles`. A role, its inline
 * policies and its attachments are resources of their own.
 */
#include "lower.h"

#include <gantry/doc/keys.h>
#include <gantry/doc/template.h>
#include <gantry/policy/policy.h>
#include <string.h>

static const char VERSION[] = "2012-10-17";

/* IAM's policy grammar has no numbers and booleans of its own: conditions compare text. So scalars
 * are taken as they were typed, account ids with their leading zeros. New reference. */
static json_t *as_texts(struct gt_low *low, const json_t *value, const char *pointer)
{
    const char *key;
    json_t *member, *out;
    size_t i;
    if (json_is_object(value)) {
        out = json_object();
        json_object_foreach(gt_iterable(value), key, member) json_object_set_new(
            out, key, as_texts(low, member, gt_pointer_join(low->arena, pointer, key)));
        return out;
    }
    if (json_is_array(value)) {
        out = json_array();
        json_array_foreach(value, i, member) json_array_append_new(
            out, as_texts(low, member, gt_pointer_index(low->arena, pointer, i)));
        return out;
    }
    if (json_is_string(value) || json_is_null(value))
        return json_incref(gt_iterable(value));
    const struct gt_mark *mark = gt_marks_get(low->marks, pointer);
    return json_string(mark != NULL && mark->raw != NULL ? mark->raw
                                                         : gt_json_canonical(low->arena, value));
}

/* A policy document of what the manifest has at a pointer: a document, a list of statements or one
 * statement; *inside is where in the document that stands. New reference, or NULL with an error. */
static json_t *document_of(struct gt_low *low, const json_t *value, const char *pointer, bool trust,
                           const char **inside)
{
    json_t *out;
    *inside = json_is_array(value)                          ? "/Statement"
              : json_object_get(value, "Statement") == NULL ? "/Statement/0"
                                                            : "";
    if (json_is_array(value)) {
        out = json_pack("{ss,so}", "Version", VERSION, "Statement", as_texts(low, value, pointer));
    } else if (json_is_object(value) && json_object_get(value, "Statement") == NULL &&
               json_object_get(value, "Effect") != NULL) {
        out =
            json_pack("{ss,s[o]}", "Version", VERSION, "Statement", as_texts(low, value, pointer));
    } else if (json_is_object(value)) {
        out = as_texts(low, value, pointer);
        if (json_object_get(out, "Version") == NULL)
            json_object_set_new(out, "Version", json_string(VERSION));
    } else {
        if (!gt_is_reported(json_string_value(value)))
            gt_low_error(low, pointer, "wrong-type",
                         "a policy must be a document or a list of statements");
        return NULL;
    }
    char *path = gt_strdup(low->arena, pointer + 1);
    for (char *c = path; *c != '\0'; c++)
        *c = *c == '/' ? '.' : *c;
    struct gt_diag where = {.pos = gt_marks_key_pos(low->marks, pointer), .subject = path};
    if (!gt_policy_check(out, trust, &where, low->diags)) {
        json_decref(out);
        return NULL;
    }
    return out;
}

static json_t *principal_statement(const char *kind, const char *name)
{
    return json_pack("{ss,s{ss},ss}", "Effect", "Allow", "Principal", kind, name, "Action",
                     "sts:AssumeRole");
}

/* trust: a service, an account's ARN, a list of these, or a document. */
static json_t *trust_of(struct gt_low *low, const json_t *value, const char *pointer,
                        const char **inside)
{
    json_auto_t *one = json_is_string(value) ? json_pack("[O]", value) : NULL;
    const json_t *list = one != NULL ? one : value;
    bool texts = json_is_array(list);
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) texts = texts && json_is_string(item);
    if (!texts)
        return document_of(low, value, pointer, true, inside);
    *inside = "";
    json_t *statements = json_array();
    json_array_foreach(list, i, item)
    {
        const char *who = json_string_value(item);
        bool service =
            !gt_starts_with(who, "arn:") && !gt_starts_with(who, "${") && strchr(who, '.') != NULL;
        json_array_append_new(statements, principal_statement(service ? "Service" : "AWS", who));
    }
    return json_pack("{ss,so}", "Version", VERSION, "Statement", statements);
}

/* Confused-deputy protection in one statement with the principal: a second, unconditioned statement
 * would undo it. Source: AgentCore developer guide, "IAM permissions for AgentCore Runtime". */
static json_t *service_trust(struct gt_low *low, const char *source)
{
    return json_pack("{ss,s[{ss,ss,s{ss},ss,s{s{ss},s{ss}}}]}", "Version", VERSION, "Statement",
                     "Sid", "AssumeFromThisStack", "Effect", "Allow", "Principal", "Service",
                     "bedrock-agentcore.amazonaws.com", "Action", "sts:AssumeRole", "Condition",
                     "StringEquals", "aws:SourceAccount", low->account, "ArnLike", "aws:SourceArn",
                     gt_low_arn(low, "bedrock-agentcore", source));
}

static void put_default(struct gt_low *low, struct gt_resource *role, const char *property,
                        const char *member)
{
    const char *from = gt_printf(low->arena, "/defaults/role/%s", member);
    if (gt_at(role->properties, property) == NULL)
        gt_low_put(low, role, property, json_incref(gt_at(low->doc, from)), from);
}

static const char *role_by_name(struct gt_low *low, const char *given, const char *from)
{
    if (gt_starts_with(given, "arn:") || strstr(given, "${") != NULL)
        return given;
    if (gt_map_get(&low->roles, given) != NULL)
        return gt_ref(low->arena, gt_printf(low->arena, "role.%s", given), "Arn");
    gt_low_error(low, from, "unknown-role", "there is no role \"%s\"", given)->hint =
        gt_low_suggest(low, &low->roles, given);
    return GT_REPORTED;
}

void gt_low_service_role(struct gt_low *low, struct gt_resource *resource,
                         const struct gt_item *item, const char *kind, const char *source,
                         const char **made)
{
    const char *given = gt_item_text(item, "role"), *from = gt_item_pointer(low, item, "role");
    *made = NULL;
    if (given == NULL) {
        given = gt_text_at(item->value, "/properties/roleArn");
        from = gt_item_pointer(low, item, "properties/roleArn");
    }
    if (given != NULL) {
        gt_low_put(low, resource, "/roleArn", json_string(role_by_name(low, given, from)), from);
        if (json_object_get(item->value, "policies") != NULL ||
            json_object_get(item->value, "managedPolicies") != NULL)
            gt_low_error(low, from, "conflicting-keys",
                         "a role of your own gets no policies from here")
                ->hint = "Gantry never writes to it: put policies into roles:, or leave role: out";
        return;
    }
    const char *logical = gt_printf(low->arena, "%s-%s", kind, item->name);
    struct gt_resource *role = gt_low_add(low, item, "role", "role.%s.%s", kind, item->name);
    *made = role->address;
    gt_low_put_text(low, role, "/RoleName", gt_make_name(low, GT_NAME_ROLE, logical));
    gt_low_put(low, role, "/AssumeRolePolicyDocument", service_trust(low, source), NULL);
    gt_low_put_text(low, role, "/Description",
                    gt_printf(low->arena, "%s %s of stack %s", kind, item->name, low->stack->name));
    put_default(low, role, "/Path", "path");
    put_default(low, role, "/PermissionsBoundary", "permissionsBoundary");
    gt_low_tags(low, role, item);
    gt_low_put_text(low, resource, "/roleArn", gt_ref(low->arena, role->address, "Arn"));
}

struct gt_resource *gt_low_role_policy(struct gt_low *low, const struct gt_item *item,
                                       const char *role, const char *prefix, const char *name,
                                       json_t *document)
{
    struct gt_resource *policy = gt_low_add(low, item, "role_policy", "role_policy.%s", prefix);
    gt_low_put_text(low, policy, "/RoleName", gt_ref(low->arena, role, "RoleName"));
    gt_low_put_text(low, policy, "/PolicyName", name);
    gt_low_put(low, policy, "/PolicyDocument", document, NULL);
    policy->retain = gt_item_true(item, "retain", false);
    return policy;
}

/* "AmazonS3ReadOnlyAccess" of its ARN. */
static const char *last_part(const char *arn)
{
    const char *slash = strrchr(arn, '/');
    return slash != NULL ? slash + 1 : arn;
}

void gt_low_role_extras(struct gt_low *low, const struct gt_item *item, const char *role,
                        const char *prefix)
{
    const char *name, *pointer = gt_item_pointer(low, item, "policies");
    json_t *value;
    size_t i;
    json_object_foreach(json_object_get(item->value, "policies"), name, value)
    {
        const char *at = gt_pointer_join(low->arena, pointer, name);
        const char *inside;
        json_t *document = document_of(low, value, at, false, &inside);
        if (document == NULL)
            continue;
        struct gt_resource *policy = gt_low_role_policy(
            low, item, role, gt_printf(low->arena, "%s.%s", prefix, name), name, document);
        gt_marks_graft(policy->marks, gt_printf(low->arena, "/PolicyDocument%s", inside),
                       low->marks, at);
    }
    pointer = gt_item_pointer(low, item, "managedPolicies");
    json_array_foreach(json_object_get(item->value, "managedPolicies"), i, value)
    {
        const char *arn = json_string_value(value);
        const char *logical = gt_has_refs(value) ? gt_printf(low->arena, "%zu", i) : last_part(arn);
        struct gt_resource *attachment =
            gt_low_add(low, item, "role_attachment", "role_attachment.%s.%s", prefix, logical);
        gt_low_put_text(low, attachment, "/RoleName", gt_ref(low->arena, role, "RoleName"));
        gt_low_put(low, attachment, "/PolicyArn", json_incref(value),
                   gt_pointer_index(low->arena, pointer, i));
        attachment->retain = gt_item_true(item, "retain", false);
    }
}

static void lower_one(struct gt_low *low, const struct gt_item *item)
{
    static const char *const beside[] = {"policies", "managedPolicies", NULL}; /* errors here */
    struct gt_resource *role = gt_low_add(low, item, "role", "role.%s", item->name);
    struct gt_item *kept = GT_NEW(low->arena, struct gt_item);
    *kept = *item;
    gt_map_set(&low->roles, item->name, kept);
    if (gt_low_existing(low, role, item, beside)) {
        if (json_object_get(item->value, "policies") != NULL ||
            json_object_get(item->value, "managedPolicies") != NULL)
            gt_low_error(low, gt_item_pointer(low, item, "existing"), "conflicting-keys",
                         "a role that exists gets no policies from here")
                ->hint = "Gantry never writes to what exists already";
        return;
    }
    const json_t *trust = json_object_get(item->value, "trust");
    const char *pointer = gt_item_pointer(low, item, "trust");
    gt_low_name(low, role, "/RoleName", item, GT_NAME_ROLE);
    if (trust != NULL) {
        const char *inside;
        json_t *document = trust_of(low, trust, pointer, &inside);
        gt_low_put(low, role, "/AssumeRolePolicyDocument",
                   document != NULL ? document : json_string(GT_REPORTED), NULL);
        gt_marks_graft(role->marks, gt_printf(low->arena, "/AssumeRolePolicyDocument%s", inside),
                       low->marks, pointer);
    } else if (gt_at(item->value, "/properties/AssumeRolePolicyDocument") == NULL) {
        gt_low_error(low, item->pointer, "missing-key", "roles.%s has no \"trust\"", item->name)
            ->hint = "say who may assume it, such as trust: lambda.amazonaws.com";
        gt_low_put_text(low, role, "/AssumeRolePolicyDocument", GT_REPORTED);
    }
    gt_low_copy(low, role, "/Description", item, "description");
    gt_low_copy(low, role, "/Path", item, "path");
    gt_low_copy(low, role, "/PermissionsBoundary", item, "permissionsBoundary");
    gt_low_copy(low, role, "/MaxSessionDuration", item, "maxSessionDuration");
    put_default(low, role, "/Path", "path");
    put_default(low, role, "/PermissionsBoundary", "permissionsBoundary");
    gt_low_common(low, role, item);
    gt_low_role_extras(low, item, role->address, item->name);
}

void gt_lower_roles(struct gt_low *low)
{
    gt_each_item(low, "roles", lower_one);
}
