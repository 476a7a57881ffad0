#include <gantry/policy/policy.h>

#include "document.h"
#include "operators.h"

#include <gantry/base/json.h>
#include <gantry/base/map.h>
#include <gantry/base/str.h>
#include <string.h>

struct checker {
    struct gt_arena *arena;
    struct gt_diags *diags;
    const struct gt_diag *where;
    bool trust;
    struct gt_map sids;
    const char *at; /* "Statement[0]" */
};

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
static const char letters[] = LETTERS, prefix_letters[] = LETTERS "-";

GT_PRINTF(2, 3)
static struct gt_diag *wrong(const struct checker *checker, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *message = gt_vprintf(checker->arena, format, args);
    va_end(args);
    const char *at = checker->at;
    struct gt_diag *diag = gt_error(checker->diags, "bad-policy", "%s%s%s", at == NULL ? "" : at,
                                    at == NULL ? "" : ": ", message);
    if (checker->where != NULL) {
        diag->pos = checker->where->pos;
        diag->subject = checker->where->subject;
    }
    return diag;
}

/* Texts with a variable or a reference in them are not what will be compared. */
static bool is_open(const char *text)
{
    return strstr(text, "${") != NULL;
}

static void check_sid(struct checker *checker, const char *name, const json_t *value)
{
    const char *sid = json_string_value(value);
    if (sid == NULL || (!is_open(sid) && sid[strspn(sid, letters)] != '\0'))
        wrong(checker, "%s must be letters and digits", name);
    else if (*sid != '\0' && gt_map_get(&checker->sids, sid) != NULL)
        wrong(checker, "the Sid \"%s\" is used twice", sid);
    else
        gt_map_set(&checker->sids, sid, checker);
}

static void check_effect(struct checker *checker, const char *name, const json_t *value)
{
    const char *effect = json_string_value(value);
    if (!gt_streq(effect, "Allow") && !gt_streq(effect, "Deny"))
        wrong(checker, "%s must be Allow or Deny", name);
}

static void check_action(const struct checker *checker, const char *name, const char *action)
{
    if (is_open(action))
        return;
    if (checker->trust) {
        if (!gt_starts_with(gt_lower(checker->arena, action), "sts:"))
            wrong(checker, "%s: \"%s\" is no STS action, and trust policies have no others", name,
                  action)
                ->hint = "use sts:AssumeRole";
        return;
    }
    size_t prefix = strspn(action, prefix_letters);
    bool all = gt_streq(action, "*") || gt_streq(action, "*:*");
    if (!all && (prefix == 0 || action[prefix] != ':' || action[prefix + 1] == '\0'))
        wrong(checker, "%s: \"%s\" has no service prefix", name, action)->hint =
            "write service:Action, for example s3:GetObject";
}

static bool is_arn(const char *text)
{
    size_t colons = 0;
    for (const char *at = text; *at != '\0'; at++)
        colons += *at == ':';
    return gt_starts_with(text, "arn:") && colons >= 5;
}

static void check_resource(const struct checker *checker, const char *name, const char *resource)
{
    bool wild = gt_streq(resource, "*") ||
                (gt_starts_with(resource, "arn:") && strchr(resource, '*') != NULL);
    if (!wild && !is_open(resource) && !is_arn(resource))
        wrong(checker, "%s: \"%s\" is neither an ARN nor \"*\"", name, resource);
}

typedef void check_text_fn(const struct checker *checker, const char *name, const char *text);

/* A string, or a list of at least one. */
static void check_texts(const struct checker *checker, const char *name, const json_t *value,
                        check_text_fn *check)
{
    size_t count = gt_policy_count(value);
    if (count == 0)
        wrong(checker, "%s is empty", name);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(gt_policy_item(value, i));
        if (text == NULL)
            wrong(checker, "%s must be text or a list of texts", name);
        else
            check(checker, name, text);
    }
}

static void check_actions(struct checker *checker, const char *name, const json_t *value)
{
    check_texts(checker, name, value, check_action);
}

static void check_resources(struct checker *checker, const char *name, const json_t *value)
{
    if (checker->trust)
        wrong(checker, "a trust policy has no %s", name);
    else
        check_texts(checker, name, value, check_resource);
}

static void check_aws(const struct checker *checker, const char *name, const char *principal)
{
    bool arn = is_arn(principal) && strpbrk(principal, "*?") == NULL;
    bool unique = strlen(principal) >= 16 && principal[strspn(principal, letters)] == '\0';
    if (gt_streq(principal, "*") || is_open(principal) || arn || unique ||
        gt_policy_account(checker->arena, principal) != NULL)
        return;
    wrong(checker, "%s: \"%s\" is no principal", name, principal)->hint =
        "give an account id, the ARN of a role or user without wildcards, or \"*\"";
}

static void check_service(const struct checker *checker, const char *name, const char *principal)
{
    if (is_open(principal) || (strchr(principal, '.') != NULL && strchr(principal, '*') == NULL))
        return;
    wrong(checker, "%s: \"%s\" is no service principal", name, principal)->hint =
        "write it like bedrock-agentcore.amazonaws.com";
}

static void check_any(const struct checker *checker, const char *name, const char *principal)
{
    if (*principal == '\0')
        wrong(checker, "%s is empty", name);
}

static void check_principal(struct checker *checker, const char *name, const json_t *value)
{
    static const char *const names[] = {"AWS", "Service", "Federated", "CanonicalUser", NULL};
    static check_text_fn *const checks[] = {check_aws, check_service, check_any, check_any};
    if (!checker->trust) {
        wrong(checker, "a policy of a role has no %s", name)->hint = "only trust policies have one";
        return;
    }
    if (gt_streq(json_string_value(value), "*"))
        return;
    if (!json_is_object(value) || json_object_size(value) == 0) {
        wrong(checker, "%s must be \"*\" or a map", name)->hint =
            "write {\"Service\": \"bedrock-agentcore.amazonaws.com\"} or {\"AWS\": \"ACCOUNT\"}";
        return;
    }
    const char *kind;
    json_t *listed;
    json_object_foreach(gt_iterable(value), kind, listed)
    {
        size_t at = 0;
        while (names[at] != NULL && !gt_streq(names[at], kind))
            at++;
        if (names[at] == NULL)
            wrong(checker, "%s has no kind \"%s\"", name, kind)->hint =
                "the kinds are AWS, Service, Federated and CanonicalUser";
        else
            check_texts(checker, gt_printf(checker->arena, "%s.%s", name, kind), listed,
                        checks[at]);
    }
}

static void check_keys(const struct checker *checker, const char *name, const json_t *keys)
{
    const char *key;
    json_t *values;
    json_object_foreach(gt_iterable(keys), key, values)
    {
        if (strchr(key, ':') == NULL && !is_open(key))
            wrong(checker, "%s: the condition key \"%s\" has no prefix", name, key)->hint =
                "write it like aws:SourceArn";
        if (gt_policy_count(values) == 0)
            wrong(checker, "%s.%s is empty", name, key);
        for (size_t i = 0; i < gt_policy_count(values); i++)
            if (gt_policy_text(checker->arena, gt_policy_item(values, i)) == NULL)
                wrong(checker, "%s.%s must be text or a list of texts", name, key);
    }
}

static void check_condition(struct checker *checker, const char *name, const json_t *value)
{
    if (!json_is_object(value)) {
        wrong(checker, "%s must be a map", name);
        return;
    }
    const char *key;
    json_t *keys;
    json_object_foreach(gt_iterable(value), key, keys)
    {
        struct gt_operator_use use;
        const char *at = gt_printf(checker->arena, "%s.%s", name, key);
        if (!gt_policy_operator(key, &use)) {
            const char *nearest = gt_nearest(key, gt_policy_operator_names(checker->arena));
            struct gt_diag *diag = wrong(checker, "%s is no condition operator", at);
            if (nearest != NULL)
                diag->hint = gt_printf(checker->arena, "did you mean \"%s\"?", nearest);
        } else if (!json_is_object(keys)) {
            wrong(checker, "%s must be a map", at);
        } else {
            check_keys(checker, at, keys);
        }
    }
}

static const struct element {
    const char *name;
    void (*check)(struct checker *checker, const char *name, const json_t *value);
} elements[] = {
    {"Sid", check_sid},
    {"Effect", check_effect},
    {"Principal", check_principal},
    {"NotPrincipal", check_principal},
    {"Action", check_actions},
    {"NotAction", check_actions},
    {"Resource", check_resources},
    {"NotResource", check_resources},
    {"Condition", check_condition},
};

static void unknown_element(const struct checker *checker, const char *name,
                            const char *const *names)
{
    const char *nearest = gt_nearest(name, names);
    struct gt_diag *diag = wrong(checker, "unknown element \"%s\"", name);
    if (nearest != NULL)
        diag->hint = gt_printf(checker->arena, "did you mean \"%s\"?", nearest);
}

static void check_element(struct checker *checker, const char *name, const json_t *value)
{
    const char *names[GT_COUNT(elements) + 1] = {NULL};
    for (size_t i = 0; i < GT_COUNT(elements); i++) {
        names[i] = elements[i].name;
        if (gt_streq(elements[i].name, name)) {
            elements[i].check(checker, name, value);
            return;
        }
    }
    unknown_element(checker, name, names);
}

/* One of an element and its Not form must be there, and not both. */
static void check_pair(const struct checker *checker, const json_t *statement, const char *name)
{
    const char *other = gt_printf(checker->arena, "Not%s", name);
    bool one = json_object_get(statement, name) != NULL;
    bool two = json_object_get(statement, other) != NULL;
    if (one && two)
        wrong(checker, "there is %s and %s, and only one of them may be", name, other);
    else if (!one && !two)
        wrong(checker, "%s is missing", name);
}

static void check_statement(struct checker *checker, const json_t *statement)
{
    const char *name;
    json_t *value;
    json_object_foreach(gt_iterable(statement), name, value) check_element(checker, name, value);
    if (json_object_get(statement, "Effect") == NULL)
        wrong(checker, "Effect is missing")->hint = "it is Allow or Deny";
    check_pair(checker, statement, "Action");
    check_pair(checker, statement, checker->trust ? "Principal" : "Resource");
}

static void check_version(const struct checker *checker, const json_t *version)
{
    const char *text = json_string_value(version);
    if (version != NULL && !gt_streq(text, "2012-10-17") && !gt_streq(text, "2008-10-17"))
        wrong(checker, "Version is no version of the policy language")->hint =
            "write \"2012-10-17\", in quotes";
}

bool gt_policy_check(const json_t *policy, bool trust, const struct gt_diag *where,
                     struct gt_diags *diags)
{
    static const char *const names[] = {"Version", "Id", "Statement", NULL};
    struct gt_arena *arena = diags->arena;
    struct checker checker = {
        .arena = arena, .diags = diags, .where = where, .trust = trust, .sids = gt_map_init(arena)};
    size_t errors = diags->errors;
    json_t *document = gt_keep(arena, gt_policy_parse(policy));
    if (document == NULL) {
        wrong(&checker, "this is no policy document")->hint =
            "a policy is a map with Version and Statement, a list of maps";
        return false;
    }
    const char *name;
    json_t *value;
    json_object_foreach(document, name, value) if (!gt_streq(name, names[0]) &&
                                                   !gt_streq(name, names[1]) &&
                                                   !gt_streq(name, names[2]))
        unknown_element(&checker, name, names);
    check_version(&checker, json_object_get(document, "Version"));
    const json_t *statements = json_object_get(document, "Statement");
    if (gt_policy_count(statements) == 0)
        wrong(&checker, "there is no statement");
    for (size_t i = 0; i < gt_policy_count(statements); i++) {
        checker.at = gt_printf(arena, "Statement[%zu]", i);
        check_statement(&checker, gt_policy_item(statements, i));
    }
    return diags->errors == errors;
}
