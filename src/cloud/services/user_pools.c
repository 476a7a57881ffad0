/*
 * User pools of Cognito.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPool.html
 */
#include "../identity.h"
#include "user_pool_schema.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>
#include <strings.h>

enum { POOL_ID = 9, MAX_TAGS = 50 };

const struct gt_kind gt_kind_user_pool = {.name = "user_pool"};

#define POOL "arn:{partition}:cognito-idp:{region}:{account}:userpool/{UserPoolId}"

struct gt_object *gt_pool_of(struct gt_serve *call)
{
    const char *id = gt_input_text(call, "/UserPoolId");
    struct gt_object *pool =
        gt_object_find(call->local, &gt_kind_user_pool, call->account, call->region, "", id);
    if (pool == NULL)
        gt_serve_fail(call, "ResourceNotFoundException", "User pool %s does not exist.", id);
    return pool;
}

struct gt_object *gt_pool_domain(struct gt_local *local, const struct gt_object *pool)
{
    return gt_object_next(local, &gt_kind_user_pool_domain, pool->account, pool->region, pool->id,
                          NULL);
}

/* What Cognito answers for members that were left out. Objects are completed member by member, one
 * level deep; lists and values are taken as they are. */
static const char pool_defaults[] =
    "{\"Policies\": {\"SignInPolicy\": {\"AllowedFirstAuthFactors\": [\"PASSWORD\"]}},"
    " \"DeletionProtection\": \"INACTIVE\","
    " \"LambdaConfig\": {},"
    " \"VerificationMessageTemplate\": {\"DefaultEmailOption\": \"CONFIRM_WITH_CODE\"},"
    " \"UserAttributeUpdateSettings\": {\"AttributesRequireVerificationBeforeUpdate\": []},"
    " \"MfaConfiguration\": \"OFF\","
    " \"EmailConfiguration\": {\"EmailSendingAccount\": \"COGNITO_DEFAULT\"},"
    " \"AdminCreateUserConfig\": {\"AllowAdminCreateUserOnly\": false},"
    " \"UserPoolTier\": \"ESSENTIALS\"}";
static const char default_recovery[] =
    "{\"RecoveryMechanisms\": [{\"Priority\": 1, \"Name\": \"verified_email\"},"
    " {\"Priority\": 2, \"Name\": \"verified_phone_number\"}]}";

static const char *const create_only[] = {"AliasAttributes", "UsernameAttributes",
                                          "UsernameConfiguration", "SchemaAttributes", NULL};

static const struct gt_shape *pool_shape(void)
{
    return gt_member_find(gt_op_cognito_idp_DescribeUserPool.output, "UserPool")->shape;
}

/* A password policy that was given in part requires no kinds of characters; one that was not given
 * at all requires them all. */
static void complete_password_policy(json_t *data)
{
    json_t *policies = json_object_get(data, "Policies");
    json_t *given = json_object_get(policies, "PasswordPolicy");
    int all = given == NULL;
    enum { LENGTH = 8, DAYS = 7 };
    json_t *policy = json_pack("{s:i, s:b, s:b, s:b, s:b, s:i}", "MinimumLength", LENGTH,
                               "RequireUppercase", all, "RequireLowercase", all, "RequireNumbers",
                               all, "RequireSymbols", all, "TemporaryPasswordValidityDays", DAYS);
    json_object_update(policy, given);
    json_object_set_new(policies, "PasswordPolicy", policy);
    json_object_set(json_object_get(data, "AdminCreateUserConfig"), "UnusedAccountValidityDays",
                    json_object_get(policy, "TemporaryPasswordValidityDays"));
}

/* The pool's members by the input; what is left out gets its default, on updates too. */
static json_t *with_defaults(const json_t *input)
{
    json_t *data = gt_pick(pool_shape(), input);
    json_object_del(data, "UserPoolTags");
    json_auto_t *defaults = json_loads(pool_defaults, 0, NULL);
    const char *name;
    json_t *value;
    json_object_foreach(defaults, name, value)
    {
        json_t *given = json_object_get(data, name);
        if (given == NULL)
            json_object_set(data, name, value);
        else if (json_is_object(given))
            json_object_update_missing(given, value);
    }
    if (json_object_get(data, "AccountRecoverySetting") == NULL)
        json_object_set_new(data, "AccountRecoverySetting", json_loads(default_recovery, 0, NULL));
    complete_password_policy(data);
    return data;
}

static bool invalid(struct gt_serve *call, const char *message)
{
    gt_serve_fail(call, "InvalidParameterException", "%s", message);
    return false;
}

/* Both names of one setting together are refused, which a client that sends back what it read runs
 * into. */
static bool check_pool(struct gt_serve *call)
{
    const json_t *input = call->input;
    if (gt_at(input, "/AdminCreateUserConfig/UnusedAccountValidityDays") != NULL &&
        gt_at(input, "/Policies/PasswordPolicy/TemporaryPasswordValidityDays") != NULL)
        return invalid(call, "Please use TemporaryPasswordValidityDays in PasswordPolicy instead "
                             "of UnusedAccountValidityDays");
    const char *mfa = gt_input_text(call, "/MfaConfiguration");
    if (gt_streq(mfa, "ON") && gt_at(input, "/SmsConfiguration") == NULL)
        return invalid(call, "SMS configuration and Auto verification for phone_number are "
                             "required when MFA is required/optional");
    const char *key;
    json_t *value;
    const json_t *tags = json_object_get(input, "UserPoolTags");
    json_object_foreach(gt_iterable(tags), key, value)
    {
        if (strncasecmp(key, "aws:", 4) == 0)
            return invalid(call, "Tag keys must not begin with aws:.");
    }
    if (json_object_size(tags) > MAX_TAGS)
        return invalid(call, "A user pool has at most 50 tags.");
    return true;
}

static json_t *shown(struct gt_serve *call, const struct gt_object *pool)
{
    const struct gt_object *domain = gt_pool_domain(call->local, pool);
    json_t *shown = json_deep_copy(pool->data);
    json_object_set_new(shown, "CreationDate", gt_json_time(pool->created_ms));
    json_object_set_new(shown, "LastModifiedDate", gt_json_time(pool->updated_ms));
    json_object_set_new(shown, "EstimatedNumberOfUsers", json_integer(0));
    json_object_set_new(shown, "UserPoolTags", json_copy(pool->tags));
    if (domain != NULL)
        json_object_set_new(shown, "Domain", json_string(domain->id));
    return json_pack("{s:o}", "UserPool", shown);
}

static json_t *create_user_pool(struct gt_serve *call)
{
    if (!check_pool(call))
        return NULL;
    json_t *attributes = gt_pool_schema(call);
    if (attributes == NULL)
        return NULL;
    struct gt_arena *arena = call->arena;
    const char *id = gt_printf(arena, "%s_%s", call->region,
                               gt_identity_random(call->local, arena, GT_ALPHABET_MIXED, POOL_ID));
    const char *arn = gt_serve_arn(call, "cognito-idp", gt_printf(arena, "userpool/%s", id));
    json_t *data = with_defaults(call->input);
    json_object_set_new(data, "SchemaAttributes", attributes);
    json_object_set_new(data, "Id", json_string(id));
    json_object_set_new(data, "Name", json_string(gt_input_text(call, "/PoolName")));
    json_object_set_new(data, "Arn", json_string(arn));
    struct gt_object *pool =
        gt_object_new(call->local, &gt_kind_user_pool, call->account, call->region, "", id, data);
    gt_object_set_arn(pool, arn);
    json_object_update(pool->tags, json_object_get(call->input, "UserPoolTags"));
    gt_object_touch(call->local, pool);
    return shown(call, pool);
}

static json_t *describe_user_pool(struct gt_serve *call)
{
    const struct gt_object *pool = gt_pool_of(call);
    return pool == NULL ? NULL : shown(call, pool);
}

/* Resets what is left out, tags too; the answer is empty. */
static json_t *update_user_pool(struct gt_serve *call)
{
    struct gt_object *pool = gt_pool_of(call);
    if (pool == NULL || !check_pool(call))
        return NULL;
    json_t *data = with_defaults(call->input);
    static const char *const kept[] = {"Id", "Name", "Arn", NULL};
    for (const char *const *name = kept; *name != NULL; name++)
        json_object_set(data, *name, json_object_get(pool->data, *name));
    for (const char *const *name = create_only; *name != NULL; name++)
        if (json_object_get(pool->data, *name) != NULL)
            json_object_set(data, *name, json_object_get(pool->data, *name));
    const char *name = gt_input_text(call, "/PoolName");
    if (name != NULL)
        json_object_set_new(data, "Name", json_string(name));
    json_decref(pool->data);
    pool->data = data;
    json_object_clear(pool->tags);
    json_object_update(pool->tags, json_object_get(call->input, "UserPoolTags"));
    gt_object_touch(call->local, pool);
    return json_object();
}

/* Clients and resource servers go with the pool, a domain must have gone before. */
static json_t *delete_user_pool(struct gt_serve *call)
{
    struct gt_object *pool = gt_pool_of(call);
    if (pool == NULL)
        return NULL;
    if (gt_streq(gt_text_at(pool->data, "/DeletionProtection"), "ACTIVE"))
        return gt_serve_fail(call, "InvalidParameterException",
                             "The user pool cannot be deleted because deletion protection is "
                             "activated. Deletion protection must be inactivated first.");
    if (gt_pool_domain(call->local, pool) != NULL)
        return gt_serve_fail(call, "InvalidParameterException",
                             "User pool cannot be deleted. It has a domain configured that should "
                             "be deleted first.");
    gt_object_remove(call->local, pool);
    return json_object();
}

static json_t *list_user_pools(struct gt_serve *call)
{
    json_auto_t *items = json_array();
    struct gt_object *pool = NULL;
    while ((pool = gt_object_next(call->local, &gt_kind_user_pool, call->account, call->region,
                                  NULL, pool)) != NULL)
        json_array_append_new(items, json_pack("{s:s, s:O, s:O, s:o, s:o}", "Id", pool->id, "Name",
                                               json_object_get(pool->data, "Name"), "LambdaConfig",
                                               json_object_get(pool->data, "LambdaConfig"),
                                               "CreationDate", gt_json_time(pool->created_ms),
                                               "LastModifiedDate", gt_json_time(pool->updated_ms)));
    return gt_serve_page(call, items, "Id");
}

static json_t *add_custom_attributes(struct gt_serve *call)
{
    struct gt_object *pool = gt_pool_of(call);
    if (pool == NULL)
        return NULL;
    json_auto_t *attributes = json_copy(json_object_get(pool->data, "SchemaAttributes"));
    if (!gt_pool_schema_add(call, attributes, json_object_get(call->input, "CustomAttributes")))
        return NULL;
    json_object_set(pool->data, "SchemaAttributes", attributes);
    gt_object_touch(call->local, pool);
    return json_object();
}

/* -- MFA: MfaConfiguration is the pool's own member, the rest is read here only -- */

static json_t *mfa_of(const struct gt_object *pool)
{
    const json_t *mfa = json_object_get(pool->hidden, "mfa");
    json_t *output = mfa == NULL ? json_object() : json_deep_copy(mfa);
    json_object_set(output, "MfaConfiguration", json_object_get(pool->data, "MfaConfiguration"));
    return output;
}

static json_t *get_mfa_config(struct gt_serve *call)
{
    const struct gt_object *pool = gt_pool_of(call);
    return pool == NULL ? NULL : mfa_of(pool);
}

static json_t *set_mfa_config(struct gt_serve *call)
{
    struct gt_object *pool = gt_pool_of(call);
    if (pool == NULL)
        return NULL;
    const char *mode = gt_input_text(call, "/MfaConfiguration");
    json_t *mfa = gt_pick(call->operation->output, call->input);
    bool factor = json_object_get(mfa, "SmsMfaConfiguration") != NULL ||
                  json_object_get(mfa, "EmailMfaConfiguration") != NULL ||
                  json_is_true(gt_at(mfa, "/SoftwareTokenMfaConfiguration/Enabled"));
    if (mode != NULL && !gt_streq(mode, "OFF") && !factor) {
        json_decref(mfa);
        return gt_serve_fail(call, "InvalidParameterException",
                             "Invalid MFA configuration given, can't turn on MFA without at least "
                             "one second factor.");
    }
    json_object_set_new(pool->data, "MfaConfiguration", json_string(mode == NULL ? "OFF" : mode));
    json_object_del(mfa, "MfaConfiguration");
    json_object_set_new(pool->hidden, "mfa", mfa);
    gt_object_touch(call->local, pool);
    return mfa_of(pool);
}

/* -- tags -- */

static struct gt_object *tagged(struct gt_serve *call)
{
    const char *arn = gt_input_text(call, "/ResourceArn");
    struct gt_object *pool = gt_object_find_arn(call->local, arn);
    if (pool != NULL && pool->kind == &gt_kind_user_pool &&
        gt_streq(pool->account, call->account) && gt_streq(pool->region, call->region))
        return pool;
    gt_serve_fail(call, "ResourceNotFoundException", "Resource %s does not exist.", arn);
    return NULL;
}

static json_t *tag_resource(struct gt_serve *call)
{
    struct gt_object *pool = tagged(call);
    if (pool == NULL)
        return NULL;
    json_auto_t *merged = json_copy(pool->tags);
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(call->input, "Tags"), key, value)
    {
        if (strncasecmp(key, "aws:", 4) == 0)
            return gt_serve_fail(call, "InvalidParameterException",
                                 "Tag keys must not begin with aws:.");
        json_object_set(merged, key, value);
    }
    if (json_object_size(merged) > MAX_TAGS)
        return gt_serve_fail(call, "InvalidParameterException", "A user pool has at most 50 tags.");
    json_object_update(pool->tags, merged);
    gt_object_touch(call->local, pool);
    return json_object();
}

static json_t *untag_resource(struct gt_serve *call)
{
    struct gt_object *pool = tagged(call);
    if (pool == NULL)
        return NULL;
    const json_t *keys = json_object_get(call->input, "TagKeys");
    for (size_t i = 0; i < json_array_size(keys); i++)
        json_object_del(pool->tags, json_string_value(json_array_get(keys, i)));
    gt_object_touch(call->local, pool);
    return json_object();
}

static json_t *list_tags_for_resource(struct gt_serve *call)
{
    const struct gt_object *pool = tagged(call);
    return pool == NULL ? NULL : json_pack("{s:o}", "Tags", json_copy(pool->tags));
}

#define USERS "there are no users, messages, triggers or keys of KMS behind it"

const struct gt_handler gt_user_pool_handlers[] = {
    {.operation = &gt_op_cognito_idp_CreateUserPool,
     .run = create_user_pool,
     .fidelity = GT_MODELLED,
     .note = USERS},
    {.operation = &gt_op_cognito_idp_DescribeUserPool,
     .run = describe_user_pool,
     .fidelity = GT_MODELLED,
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_UpdateUserPool,
     .run = update_user_pool,
     .fidelity = GT_MODELLED,
     .note = USERS,
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_DeleteUserPool,
     .run = delete_user_pool,
     .fidelity = GT_MODELLED,
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_ListUserPools,
     .run = list_user_pools,
     .fidelity = GT_MODELLED},
    {.operation = &gt_op_cognito_idp_AddCustomAttributes,
     .run = add_custom_attributes,
     .fidelity = GT_MODELLED,
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_GetUserPoolMfaConfig,
     .run = get_mfa_config,
     .fidelity = GT_MODELLED,
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_SetUserPoolMfaConfig,
     .run = set_mfa_config,
     .fidelity = GT_GUESSED,
     .note = "replaces all that was set before",
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_TagResource,
     .run = tag_resource,
     .fidelity = GT_MODELLED,
     .resource = "{ResourceArn}"},
    {.operation = &gt_op_cognito_idp_UntagResource,
     .run = untag_resource,
     .fidelity = GT_MODELLED,
     .resource = "{ResourceArn}"},
    {.operation = &gt_op_cognito_idp_ListTagsForResource,
     .run = list_tags_for_resource,
     .fidelity = GT_MODELLED,
     .resource = "{ResourceArn}"},
    {.operation = NULL},
};
