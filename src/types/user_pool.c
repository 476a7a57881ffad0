/* Cognito user pools. Names are not unique and creation has no token: a pool is known by its tags.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPool.html
 */
#include "types.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/operations.h>
#include <string.h>

static const char new_pool[] =
    "a new user pool has another issuer: every client, token and user of "
    "the old one is lost";

static const struct gt_bind by_id[] = {
    {"UserPoolId", GT_FROM_IDENTITY, "Id"},
    {0},
};

static const struct gt_bind new_attributes[] = {
    {"UserPoolId", GT_FROM_IDENTITY, "Id"},
    {"CustomAttributes", GT_FROM_PROPERTY, "/Schema"},
    {0},
};

static const struct gt_bind by_arn[] = {
    {"ResourceArn", GT_FROM_LIVE, "/Arn"},
    {0},
};

static const struct gt_bind whole_pages[] = {
    {"MaxResults", GT_FROM_JSON, "60"},
    {0},
};

/* Old names of what VerificationMessageTemplate and the password policy hold, given back by reads
 * and refused beside the new ones. */
static const char *const old_names[] = {"/SmsVerificationMessage", "/EmailVerificationMessage",
                                        "/EmailVerificationSubject",
                                        "/AdminCreateUserConfig/UnusedAccountValidityDays", NULL};

static const char *const schema[] = {"Schema", NULL};

static const struct gt_step steps[] = {
    {.use = {.operation = &gt_op_cognito_idp_UpdateUserPool, .in = by_id},
     .when = GT_STEP_CHANGED,
     .merge_live = true,
     .live_excluded = old_names},
    {.use = {.operation = &gt_op_cognito_idp_AddCustomAttributes, .in = new_attributes},
     .properties = schema,
     .when = GT_STEP_SET},
    {.use = {.operation = NULL}},
};

static const struct gt_identity identity[] = {
    {.name = "Id", .created = "/Id", .listed = "/Id"},
    {.name = NULL},
};

static const struct gt_absence absent[] = {
    {.code = "ResourceNotFoundException"},
    {.code = NULL},
};

static const struct gt_transient transients[] = {
    {.operation = &gt_op_cognito_idp_DeleteUserPool,
     .code = "InvalidParameterException",
     .text = "domain configured",
     .limit_ms = 2 * MINUTE,
     .pacing = true},
    {.code = "ConcurrentModificationException", .limit_ms = MINUTE, .pacing = true},
    {.code = "InvalidSmsRoleTrustRelationshipException", .limit_ms = IAM_LAG},
    {.code = "InvalidSmsRoleAccessPolicyException", .limit_ms = IAM_LAG},
    {.code = NULL},
};

static const struct gt_attr attributes[] = {
    {.path = "Schema",
     .flags = GT_ATTR_SET | GT_ATTR_GROWS,
     .key = "Name",
     .words = "attributes of a user pool can be added, never changed or removed; a new pool loses "
              "every user"},
    {.path = "AliasAttributes", .flags = GT_ATTR_SET | GT_ATTR_IMMUTABLE, .words = new_pool},
    {.path = "UsernameAttributes", .flags = GT_ATTR_SET | GT_ATTR_IMMUTABLE, .words = new_pool},
    {.path = "UsernameConfiguration", .flags = GT_ATTR_IMMUTABLE, .words = new_pool},
    {.path = "AutoVerifiedAttributes", .flags = GT_ATTR_SET},
    {.path = "Policies/SignInPolicy/AllowedFirstAuthFactors", .flags = GT_ATTR_SET},
    {.path = "UserAttributeUpdateSettings/AttributesRequireVerificationBeforeUpdate",
     .flags = GT_ATTR_SET},
    {.path = "AccountRecoverySetting/RecoveryMechanisms", .flags = GT_ATTR_SET, .key = "Name"},
    {.path = NULL},
};

static const char *const outputs[] = {"Id", "Arn", "PoolName", NULL};

static bool has_attribute(const json_t *list, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) if (gt_streq(json_string_value(json_object_get(item, "Name")),
                                                   name)) return true;
    return false;
}

/* Custom attributes are called custom:NAME, developers' ones dev:NAME in answers, NAME in input. */
static json_t *input_schema(const json_t *answered)
{
    static const char *const prefixes[] = {"dev:custom:", "custom:", "dev:", NULL};
    json_t *list = json_array(), *item;
    size_t i;
    json_array_foreach(answered, i, item)
    {
        json_t *attribute = json_deep_copy(item);
        const char *name = json_string_value(json_object_get(item, "Name"));
        for (const char *const *prefix = prefixes; name != NULL && *prefix != NULL; prefix++) {
            if (!gt_starts_with(name, *prefix))
                continue;
            const char *plain = name + strlen(*prefix);
            if (!has_attribute(answered, plain))
                json_object_set_new(attribute, "Name", json_string(plain));
            break;
        }
        json_array_append_new(list, attribute);
    }
    return list;
}

static json_t *normalize(const json_t *read)
{
    json_t *live = json_deep_copy(read);
    json_t *name = json_object_get(live, "Name"),
           *schema_ = json_object_get(live, "SchemaAttributes");
    if (name != NULL)
        json_object_set(live, "PoolName", name);
    if (schema_ != NULL)
        json_object_set_new(live, "Schema", input_schema(schema_));
    json_object_del(live, "Name");
    json_object_del(live, "SchemaAttributes");
    return live;
}

/* The old names of messages go with the new ones: both say the same, or the call is refused. */
static void one_spelling(json_t *input, const json_t *properties, const json_t *live)
{
    static const char *const names[][2] = {
        {"/SmsVerificationMessage", "/VerificationMessageTemplate/SmsMessage"},
        {"/EmailVerificationMessage", "/VerificationMessageTemplate/EmailMessage"},
        {"/EmailVerificationSubject", "/VerificationMessageTemplate/EmailSubject"},
    };
    for (size_t i = 0; i < GT_COUNT(names); i++) {
        const json_t *wanted = gt_at(properties, names[i][0]);
        const json_t *said = wanted != NULL ? wanted : gt_at(live, names[i][0]);
        bool by_new_name = gt_at(properties, names[i][1]) != NULL;
        if (gt_json_empty(said) || by_new_name ||
            (wanted == NULL && gt_at(input, names[i][1]) != NULL))
            continue;
        gt_put_at(input, names[i][1], json_deep_copy(said));
    }
}

/* Only attributes that the pool does not have yet can be added. */
static void only_new_attributes(json_t *input, const json_t *live)
{
    json_t *added = json_array(), *item;
    size_t i;
    json_array_foreach(json_object_get(input, "CustomAttributes"), i, item)
    {
        const char *name = json_string_value(json_object_get(item, "Name"));
        if (!has_attribute(json_object_get(live, "Schema"), name))
            json_array_append(added, item);
    }
    json_object_set_new(input, "CustomAttributes", added);
}

static void prepare(const struct gt_operation *operation, json_t *input, const json_t *properties,
                    const json_t *live)
{
    if (operation == &gt_op_cognito_idp_UpdateUserPool)
        one_spelling(input, properties, live);
    else if (operation == &gt_op_cognito_idp_AddCustomAttributes)
        only_new_attributes(input, live);
}

const struct gt_type gt_type_user_pool = {
    .name = "user_pool",
    .summary = "Cognito user pool: the issuer of the tokens that callers bring",
    .service = &gt_service_cognito_idp,
    .create = {.operation = &gt_op_cognito_idp_CreateUserPool, .out = "/UserPool"},
    .read = {.operation = &gt_op_cognito_idp_DescribeUserPool, .in = by_id, .out = "/UserPool"},
    .remove = {.operation = &gt_op_cognito_idp_DeleteUserPool, .in = by_id},
    .appear_ms = 30 * SECOND,
    .steps = steps,
    .identity = identity,
    .lookup = {.list = {.operation = &gt_op_cognito_idp_ListUserPools, .in = whole_pages},
               .items = "/UserPools",
               .match = {{"/Name", "/PoolName"}},
               .ambiguous = true},
    .absent = absent,
    .transients = transients,
    .attributes = attributes,
    .outputs = outputs,
    .arn = "Arn",
    .arn_form = "userpool/{Id}",
    .tags = {.property = "UserPoolTags",
             .form = GT_TAGS_MAP,
             .in_read = true,
             .tag = {.operation = &gt_op_cognito_idp_TagResource, .in = by_arn},
             .untag = {.operation = &gt_op_cognito_idp_UntagResource, .in = by_arn},
             .tag_member = "Tags",
             .untag_member = "TagKeys"},
    .breaks_callers = true,
    .breaks_words = "its issuer goes: every client, token and user of the pool is lost",
    .protection = "DeletionProtection",
    .protection_on = "\"ACTIVE\"",
    .protection_off = "\"INACTIVE\"",
    .kept_by_service = true,
    .kept_words = "Cognito keeps a deleted user pool inactive for 14 days",
    .normalize = normalize,
    .prepare = prepare,
};
