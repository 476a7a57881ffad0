/* AgentCore's credential providers: what a gateway shows to a target. Their secrets come from
 * Secrets Manager by reference and never stand in a manifest.
 * https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateOauth2CredentialProvider.html
 */
#include "types.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/operations.h>

static const char new_provider[] = "the provider gets another ARN: its targets are changed";

static const struct gt_bind by_name[] = {
    {"name", GT_FROM_IDENTITY, "name"},
    {0},
};

static const struct gt_bind by_arn[] = {
    {"resourceArn", GT_FROM_LIVE, "/credentialProviderArn"},
    {0},
};

static const struct gt_identity identity[] = {
    {.name = "name", .property = "/name"},
    {.name = NULL},
};

static const struct gt_absence exists[] = {
    {.code = "ConflictException"},
    {.code = "ValidationException", .text = "already exists"},
    {.code = NULL},
};

static const struct gt_absence absent[] = {
    {.code = "ResourceNotFoundException"},
    {.code = NULL},
};

static const struct gt_transient transients[] = {
    {.code = "ConflictException", .limit_ms = 2 * MINUTE, .pacing = true},
    {.code = "ConcurrentModificationException", .limit_ms = 2 * MINUTE, .pacing = true},
    {.code = NULL},
};

static struct gt_diag *refuse_literal(const struct gt_validation *how, const char *pointer,
                                      struct gt_diags *diags)
{
    return gt_property_error(how, pointer, diags, "secret-literal",
                             "a secret must not stand in the manifest");
}

/* OAuth 2.0 */

#define INPUT "oauth2ProviderConfigInput"

static const struct gt_step oauth_steps[] = {
    {.use = {.operation = &gt_op_bedrock_agentcore_control_UpdateOauth2CredentialProvider,
             .in = by_name},
     .when = GT_STEP_CHANGED,
     .merge_live = true},
    {.use = {.operation = NULL}},
};

static const char *const settled[] = {"READY", NULL};
static const char *const pending[] = {"CREATING", "UPDATING", NULL};
static const char *const failed[] = {"CREATE_FAILED", "UPDATE_FAILED", NULL};
static const char *const deleting[] = {"DELETING", NULL};
static const char *const undeletable[] = {"DELETE_FAILED", NULL};

static const struct gt_attr oauth_attributes[] = {
    {.path = "name", .flags = GT_ATTR_IMMUTABLE, .words = new_provider},
    {.path = "credentialProviderVendor", .flags = GT_ATTR_IMMUTABLE, .words = new_provider},
    {.path = INPUT, .flags = GT_ATTR_KIND, .words = new_provider},
    {.path = INPUT "/*/clientSecret", .flags = GT_ATTR_SECRET | GT_ATTR_WRITE_ONLY},
    /* A secret may be given by name or ARN; answers have the ARN. */
    {.path = INPUT "/*/clientSecretConfig/**", .flags = GT_ATTR_WRITE_ONLY},
    {.path = INPUT "/*/privateEndpointOverrides", .flags = GT_ATTR_SET, .key = "domain"},
    {.path = NULL},
};

static const char *const oauth_outputs[] = {"name", "credentialProviderArn", "callbackUrl",
                                            "clientSecretArn", NULL};

static json_t *only_value(const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach(gt_iterable(object), key, value) return value;
    return NULL;
}

/* Moves a reference to a secret back to where the input has it. */
static void put_secret(json_t *to, const json_t *read, const char *kind)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    const char *source = gt_text_at(read, gt_printf(scratch, "/%sSecretSource", kind));
    json_t *arn = gt_at(read, gt_printf(scratch, "/%sSecretArn/secretArn", kind));
    json_t *key = json_object_get(read, gt_printf(scratch, "%sSecretJsonKey", kind));
    if (source == NULL)
        return;
    json_object_set_new(to, gt_printf(scratch, "%sSecretSource", kind), json_string(source));
    if (gt_streq(source, "EXTERNAL") && arn != NULL && key != NULL)
        json_object_set_new(to, gt_printf(scratch, "%sSecretConfig", kind),
                            json_pack("{s:O, s:O}", "secretId", arn, "jsonKey", key));
}

static json_t *oauth_normalize(const json_t *read)
{
    json_t *live = json_deep_copy(read);
    json_t *config = json_deep_copy(json_object_get(read, "oauth2ProviderConfigOutput"));
    json_object_del(live, "oauth2ProviderConfigOutput");
    if (config == NULL)
        return live;
    json_t *vendor = only_value(config);
    if (json_is_object(vendor))
        put_secret(vendor, read, "client");
    json_object_set_new(live, INPUT, config);
    return live;
}

/* A reference to a secret is one to an external secret. */
static void say_external(json_t *object, const char *config, const char *source)
{
    if (json_object_get(object, config) != NULL && json_object_get(object, source) == NULL)
        json_object_set_new(object, source, json_string("EXTERNAL"));
}

static void oauth_prepare(const struct gt_operation *operation, json_t *input,
                          const json_t *properties, const json_t *live)
{
    (void)operation;
    (void)properties;
    (void)live;
    json_t *vendor = only_value(json_object_get(input, INPUT));
    if (json_is_object(vendor))
        say_external(vendor, "clientSecretConfig", "clientSecretSource");
}

static void oauth_check(const json_t *properties, const struct gt_validation *how,
                        struct gt_diags *diags)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    const char *kind;
    json_t *vendor;
    json_object_foreach(gt_iterable(json_object_get(properties, INPUT)), kind, vendor)
    {
        const char *pointer = gt_printf(scratch, "/" INPUT "/%s/clientSecret", kind);
        if (json_object_get(vendor, "clientSecret") != NULL)
            refuse_literal(how, pointer, diags)->hint =
                "put it into Secrets Manager and name it: clientSecretConfig: {secretId, jsonKey}";
    }
}

const struct gt_type gt_type_oauth_provider = {
    .name = "oauth_provider",
    .summary = "OAuth 2.0 credentials that a gateway brings to a target",
    .service = &gt_service_bedrock_agentcore_control,
    .create = {.operation = &gt_op_bedrock_agentcore_control_CreateOauth2CredentialProvider},
    .read = {.operation = &gt_op_bedrock_agentcore_control_GetOauth2CredentialProvider,
             .in = by_name},
    .remove = {.operation = &gt_op_bedrock_agentcore_control_DeleteOauth2CredentialProvider,
               .in = by_name},
    .appear_ms = 30 * SECOND,
    .steps = oauth_steps,
    .identity = identity,
    .exists = exists,
    .absent = absent,
    .status = {.path = "/status",
               .reason = "/failureReason",
               .settled = settled,
               .pending = pending,
               .failed = failed,
               .deleting = deleting,
               .undeletable = undeletable},
    .transients = transients,
    .attributes = oauth_attributes,
    .outputs = oauth_outputs,
    .arn = "credentialProviderArn",
    .arn_form = "token-vault/*oauth2credentialprovider/{name}",
    /* The model's pattern of ARNs that can be tagged has no room for the digit in this one. */
    .tags = {.property = "tags", .form = GT_TAGS_MAP},
    .normalize = oauth_normalize,
    .prepare = oauth_prepare,
    .check = oauth_check,
};

/* API keys */

static const struct gt_step key_steps[] = {
    {.use = {.operation = &gt_op_bedrock_agentcore_control_UpdateApiKeyCredentialProvider,
             .in = by_name},
     .when = GT_STEP_CHANGED,
     .merge_live = true},
    {.use = {.operation = NULL}},
};

static const struct gt_attr key_attributes[] = {
    {.path = "name", .flags = GT_ATTR_IMMUTABLE, .words = new_provider},
    {.path = "apiKey", .flags = GT_ATTR_SECRET | GT_ATTR_WRITE_ONLY},
    {.path = "apiKeySecretConfig/**", .flags = GT_ATTR_WRITE_ONLY},
    {.path = NULL},
};

static const char *const key_outputs[] = {"name", "credentialProviderArn", "apiKeySecretArn", NULL};

static json_t *key_normalize(const json_t *read)
{
    json_t *live = json_deep_copy(read);
    put_secret(live, read, "apiKey");
    return live;
}

static void key_prepare(const struct gt_operation *operation, json_t *input,
                        const json_t *properties, const json_t *live)
{
    (void)operation;
    (void)properties;
    (void)live;
    say_external(input, "apiKeySecretConfig", "apiKeySecretSource");
}

static void key_check(const json_t *properties, const struct gt_validation *how,
                      struct gt_diags *diags)
{
    if (json_object_get(properties, "apiKey") != NULL)
        refuse_literal(how, "/apiKey", diags)->hint =
            "put it into Secrets Manager and name it: apiKeySecretConfig: {secretId, jsonKey}";
}

const struct gt_type gt_type_api_key_provider = {
    .name = "api_key_provider",
    .summary = "API key that a gateway brings to a target",
    .service = &gt_service_bedrock_agentcore_control,
    .create = {.operation = &gt_op_bedrock_agentcore_control_CreateApiKeyCredentialProvider},
    .read = {.operation = &gt_op_bedrock_agentcore_control_GetApiKeyCredentialProvider,
             .in = by_name},
    .remove = {.operation = &gt_op_bedrock_agentcore_control_DeleteApiKeyCredentialProvider,
               .in = by_name},
    .appear_ms = 30 * SECOND,
    .steps = key_steps,
    .identity = identity,
    .exists = exists,
    .absent = absent,
    .transients = transients,
    .attributes = key_attributes,
    .outputs = key_outputs,
    .arn = "credentialProviderArn",
    .arn_form = "token-vault/*apikeycredentialprovider/{name}",
    .tags = AGENTCORE_TAGS(by_arn),
    .normalize = key_normalize,
    .prepare = key_prepare,
    .check = key_check,
};
