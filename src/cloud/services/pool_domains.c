/*
 * Domains of user pools. A prefix is unique in its region over all accounts, cannot be changed, and
 * takes a while to become ACTIVE.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolDomain.html
 */
#include "../identity.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

#define POOL "arn:{partition}:cognito-idp:{region}:{account}:userpool/{UserPoolId}"

static void due(struct gt_local *local, struct gt_object *domain, const char *what)
{
    if (gt_streq(what, "gone")) {
        gt_object_remove(local, domain);
        return;
    }
    json_object_set_new(domain->data, "Status", json_string("ACTIVE"));
    json_object_set_new(domain->hidden, "activeMs", json_integer(gt_local_now_ms(local)));
    gt_object_touch(local, domain);
}

const struct gt_kind gt_kind_user_pool_domain = {
    .name = "user_pool_domain", .parent = &gt_kind_user_pool, .due = due};

static json_t *invalid(struct gt_serve *call, const char *message)
{
    return gt_serve_fail(call, "InvalidParameterException", "%s", message);
}

/* The domain of that prefix in the call's region, of any account. */
static struct gt_object *find(struct gt_serve *call)
{
    const char *prefix = gt_input_text(call, "/Domain");
    struct gt_object *domain = NULL;
    while ((domain = gt_object_next(call->local, &gt_kind_user_pool_domain, NULL, call->region,
                                    NULL, domain)) != NULL)
        if (gt_streq(domain->id, prefix))
            return domain;
    return NULL;
}

static bool refuse_custom(struct gt_serve *call)
{
    if (json_object_get(call->input, "CustomDomainConfig") == NULL &&
        json_object_get(call->input, "Routing") == NULL)
        return false;
    invalid(call, "The embedded cloud has no custom domains and no routing.");
    return true;
}

static json_t *create_user_pool_domain(struct gt_serve *call)
{
    static const char *const reserved[] = {"aws", "amazon", "cognito"};
    const struct gt_object *pool = gt_pool_of(call);
    if (pool == NULL || refuse_custom(call))
        return NULL;
    const char *prefix = gt_input_text(call, "/Domain");
    for (size_t i = 0; i < GT_COUNT(reserved); i++)
        if (strstr(prefix, reserved[i]) != NULL)
            return gt_serve_fail(call, "InvalidParameterException",
                                 "Domain cannot contain reserved word: %s", reserved[i]);
    if (find(call) != NULL)
        return invalid(call, "Domain already associated with another user pool.");
    if (gt_pool_domain(call->local, pool) != NULL)
        return invalid(call, "User pool already has a domain configured.");
    json_int_t version = gt_input_number(call, "/ManagedLoginVersion", 1);
    json_t *data =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "UserPoolId", pool->id,
                  "AWSAccountId", pool->account, "Domain", prefix, "S3Bucket",
                  gt_printf(call->arena, "aws-cognito-prod-%s-assets", pool->region),
                  "CloudFrontDistribution", "dpp0gtxikpq3y.cloudfront.net", "Version",
                  gt_printf(call->arena, "%lld", (long long)(gt_local_now_ms(call->local) / 1000)),
                  "Status", "CREATING", "ManagedLoginVersion", version);
    struct gt_object *domain = gt_object_new(call->local, &gt_kind_user_pool_domain, pool->account,
                                             pool->region, pool->id, prefix, data);
    gt_object_due(call->local, domain, "active", gt_local_knob(call->local)->domain_ms);
    return json_pack("{s:I}", "ManagedLoginVersion", version);
}

/* An unknown domain is an empty description, no error; another account's is unknown too. */
static json_t *describe_user_pool_domain(struct gt_serve *call)
{
    const struct gt_object *domain = find(call);
    if (domain == NULL || !gt_streq(domain->account, call->account))
        return json_pack("{s:{}}", "DomainDescription");
    return json_pack("{s:o}", "DomainDescription", json_deep_copy(domain->data));
}

static struct gt_object *domain_of(struct gt_serve *call)
{
    const struct gt_object *pool = gt_pool_of(call);
    struct gt_object *domain = pool == NULL ? NULL : find(call);
    if (domain != NULL && gt_streq(domain->parent, pool->id) &&
        gt_streq(domain->account, pool->account) &&
        !gt_streq(gt_text_at(domain->data, "/Status"), "DELETING"))
        return domain;
    if (pool != NULL)
        invalid(call, "No such domain or user pool exists.");
    return NULL;
}

/* A prefix domain has nothing but its branding version to change. */
static json_t *update_user_pool_domain(struct gt_serve *call)
{
    struct gt_object *domain = refuse_custom(call) ? NULL : domain_of(call);
    if (domain == NULL)
        return NULL;
    json_t *version = json_object_get(call->input, "ManagedLoginVersion");
    if (version != NULL)
        json_object_set(domain->data, "ManagedLoginVersion", version);
    gt_object_touch(call->local, domain);
    return json_pack("{s:O}", "ManagedLoginVersion",
                     json_object_get(domain->data, "ManagedLoginVersion"));
}

static json_t *delete_user_pool_domain(struct gt_serve *call)
{
    struct gt_object *domain = domain_of(call);
    if (domain == NULL)
        return NULL;
    gt_object_due_cancel(call->local, domain, "active");
    json_object_set_new(domain->data, "Status", json_string("DELETING"));
    gt_object_touch(call->local, domain);
    gt_object_due(call->local, domain, "gone", gt_local_knob(call->local)->delete_ms);
    return json_object();
}

#define PREFIXES "prefix domains only"

const struct gt_handler gt_user_pool_domain_handlers[] = {
    {.operation = &gt_op_cognito_idp_CreateUserPoolDomain,
     .run = create_user_pool_domain,
     .fidelity = GT_MODELLED,
     .note = PREFIXES,
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_DescribeUserPoolDomain,
     .run = describe_user_pool_domain,
     .fidelity = GT_MODELLED,
     .note = PREFIXES},
    {.operation = &gt_op_cognito_idp_UpdateUserPoolDomain,
     .run = update_user_pool_domain,
     .fidelity = GT_MODELLED,
     .note = PREFIXES,
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_DeleteUserPoolDomain,
     .run = delete_user_pool_domain,
     .fidelity = GT_MODELLED,
     .resource = POOL},
    {.operation = NULL},
};
