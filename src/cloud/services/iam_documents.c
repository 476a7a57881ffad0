/* Policy documents as IAM takes and gives them, and the policies that AWS manages. */
#include "../identity.h"

#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

json_t *gt_iam_document(struct gt_serve *call, const char *text, bool trust)
{
    json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (document == NULL)
        return gt_serve_fail(call, "MalformedPolicyDocument", "This policy contains invalid Json");
    struct gt_diags diags = gt_diags_init(call->arena);
    if (gt_policy_check(document, trust, NULL, &diags))
        return document;
    json_decref(document);
    return gt_serve_fail(call, "MalformedPolicyDocument", "Syntax errors in policy. (%s)",
                         diags.list.at[0]->message);
}

enum { MAX_TEXT = 1 << 20 };

/* The order in which IAM writes members; others follow in the order given. */
static const char *const member_order[] = {
    "Version", "Id",        "Statement", "Sid",         "Effect",    "Principal", "NotPrincipal",
    "Action",  "NotAction", "Resource",  "NotResource", "Condition", NULL};

static json_t *as_returned(const json_t *value, const char *name, bool ordered)
{
    if (json_is_array(value)) {
        if (json_array_size(value) == 1 && !gt_streq(name, "Statement"))
            return as_returned(json_array_get(value, 0), name, false);
        json_t *list = json_array();
        for (size_t i = 0; i < json_array_size(value); i++)
            json_array_append_new(list, as_returned(json_array_get(value, i), NULL, ordered));
        return list;
    }
    if (!json_is_object(value))
        return json_deep_copy(value);
    json_t *object = json_object();
    for (const char *const *at = member_order; ordered && *at != NULL; at++) {
        const json_t *member = json_object_get(value, *at);
        if (member != NULL)
            json_object_set_new(object, *at, as_returned(member, *at, gt_streq(*at, "Statement")));
    }
    const char *key;
    json_t *member;
    json_object_foreach(gt_iterable(value), key, member)
    {
        if (json_object_get(object, key) == NULL)
            json_object_set_new(object, key, as_returned(member, key, false));
    }
    return object;
}

json_t *gt_iam_encoded(const json_t *document)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    struct gt_buf text = gt_buf_init(MAX_TEXT);
    gt_buf_add_json(&text, gt_keep(scratch, as_returned(document, NULL, true)), JSON_COMPACT);
    json_t *encoded = json_string(gt_percent_encode(scratch, gt_buf_text(&text), ""));
    gt_buf_done(&text);
    return encoded;
}

/* AWS's own policies that stacks of this tool's users name, reduced to what they are about. */
static const struct aws_managed {
    const char *name; /* behind "policy/" */
    const char *actions[4];
} aws_managed[] = {
    {"AdministratorAccess", {"*"}},
    {"PowerUserAccess", {"*"}},
    {"ReadOnlyAccess", {"*:Get*", "*:List*", "*:Describe*"}},
    {"AmazonBedrockFullAccess", {"bedrock:*"}},
    {"BedrockAgentCoreFullAccess", {"bedrock-agentcore:*"}},
    {"AmazonEC2ContainerRegistryReadOnly",
     {"ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}},
    {"AmazonS3ReadOnlyAccess", {"s3:Get*", "s3:List*"}},
    {"CloudWatchLogsFullAccess", {"logs:*"}},
    {"SecretsManagerReadWrite", {"secretsmanager:*"}},
    {"service-role/AWSLambdaBasicExecutionRole",
     {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}},
};

/* What is behind ":policy/", or NULL. */
static const char *resource_of(const char *arn)
{
    const char *at = gt_starts_with(arn, "arn:") ? strstr(arn, ":policy/") : NULL;
    return at == NULL ? NULL : at + strlen(":policy/");
}

static const char *account_of(const char *arn)
{
    const char *at = strstr(arn, ":iam::");
    return at == NULL ? "" : at + strlen(":iam::");
}

bool gt_iam_is_aws_managed(const char *arn)
{
    return resource_of(arn) != NULL && gt_starts_with(account_of(arn), "aws:policy/");
}

bool gt_iam_is_of(const char *arn, const char *account)
{
    return gt_starts_with(account_of(arn), account) && account_of(arn)[strlen(account)] == ':';
}

const char *gt_iam_policy_name(const char *arn)
{
    const char *slash = strrchr(arn, '/');
    return slash == NULL ? arn : slash + 1;
}

static const json_t *aws_document(const char *arn, struct gt_arena *arena)
{
    for (size_t i = 0; i < GT_COUNT(aws_managed); i++) {
        if (!gt_streq(aws_managed[i].name, resource_of(arn)))
            continue;
        json_t *actions = json_array();
        for (size_t at = 0; at < GT_COUNT(aws_managed[i].actions); at++)
            if (aws_managed[i].actions[at] != NULL)
                json_array_append_new(actions, json_string(aws_managed[i].actions[at]));
        return gt_pack(arena, "{s:s, s:[{s:s, s:o, s:s}]}", "Version", "2012-10-17", "Statement",
                       "Effect", "Allow", "Action", actions, "Resource", "*");
    }
    return NULL;
}

const struct gt_object *gt_iam_stored(struct gt_local *local, const char *arn)
{
    struct gt_object *policy = NULL;
    while ((policy = gt_object_next(local, &gt_kind_managed_policy, NULL, NULL, NULL, policy)) !=
           NULL)
        if (gt_streq(policy->id, arn))
            return policy;
    return NULL;
}

const json_t *gt_iam_managed(struct gt_local *local, const char *arn, struct gt_arena *arena)
{
    const struct gt_object *policy = gt_iam_stored(local, arn);
    if (policy != NULL)
        return gt_keep(arena, json_incref(json_object_get(policy->hidden, "document")));
    return gt_iam_is_aws_managed(arn) ? aws_document(arn, arena) : NULL;
}

bool gt_iam_attachable(struct gt_local *local, const char *account, const char *arn)
{
    if (resource_of(arn) == NULL)
        return false;
    if (gt_iam_is_aws_managed(arn))
        return true;
    if (!gt_iam_is_of(arn, account))
        return false;
    return gt_local_knob(local)->assume_policies || gt_iam_stored(local, arn) != NULL;
}
