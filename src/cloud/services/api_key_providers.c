/* API key credential providers.
 * https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateApiKeyCredentialProvider.html
 */
#include "services.h"

#include <gantry/base/json.h>

const struct gt_kind gt_kind_api_key_provider = {.name = "api_key_provider"};

static struct gt_provider_secret secret_of(const struct gt_serve *call)
{
    return (struct gt_provider_secret){
        .kind = "apikey",
        .member = "apiKey",
        .text = gt_input_text(call, "/apiKey"),
        .source = gt_input_text(call, "/apiKeySecretSource"),
        .reference = json_object_get(call->input, "apiKeySecretConfig"),
        .prefix = "apiKeySecret",
    };
}

static json_t *shape(const struct gt_object *provider)
{
    json_t *doc = json_copy(provider->data);
    json_object_set_new(doc, "createdTime", gt_json_time(provider->created_ms));
    json_object_set_new(doc, "lastUpdatedTime", gt_json_time(provider->updated_ms));
    return doc;
}

static struct gt_object *find(struct gt_serve *call)
{
    const char *name = gt_input_text(call, "/name");
    struct gt_object *provider = gt_object_find(call->local, &gt_kind_api_key_provider,
                                                call->account, call->region, "", name);
    if (provider == NULL)
        gt_serve_fail(call, "ResourceNotFoundException", "API key credential provider %s not found",
                      name);
    return provider;
}

static json_t *create(struct gt_serve *call)
{
    const char *name = gt_input_text(call, "/name");
    if (gt_object_find(call->local, &gt_kind_api_key_provider, call->account, call->region, "",
                       name) != NULL)
        return gt_serve_fail(call, "ConflictException",
                             "Credential provider with name: %s already exists", name);
    struct gt_provider_secret secret = secret_of(call);
    if (!gt_provider_secret_check(call, &secret) || !gt_check_tags(call))
        return NULL;
    struct gt_object *provider = gt_object_new(call->local, &gt_kind_api_key_provider,
                                               call->account, call->region, "", name, NULL);
    gt_object_set_arn(
        provider, gt_serve_arn(call, "bedrock-agentcore",
                               gt_printf(call->arena,
                                         "token-vault/default/apikeycredentialprovider/%s", name)));
    gt_set_text(provider->data, "name", name);
    gt_set_text(provider->data, "credentialProviderArn", provider->arn);
    json_object_update(provider->tags, gt_at(call->input, "/tags"));
    gt_provider_secret_set(call, provider, &secret);
    return gt_answer(call, shape(provider));
}

static json_t *get(struct gt_serve *call)
{
    struct gt_object *provider = find(call);
    return provider != NULL ? gt_answer(call, shape(provider)) : NULL;
}

static json_t *update(struct gt_serve *call)
{
    struct gt_object *provider = find(call);
    struct gt_provider_secret secret = secret_of(call);
    if (provider == NULL || !gt_provider_secret_set(call, provider, &secret))
        return NULL;
    gt_object_touch(call->local, provider);
    return gt_answer(call, shape(provider));
}

static json_t *delete (struct gt_serve *call)
{
    struct gt_object *provider = find(call);
    if (provider == NULL)
        return NULL;
    gt_provider_secret_remove(call->local, provider);
    gt_object_remove(call->local, provider);
    return json_object();
}

static json_t *list(struct gt_serve *call)
{
    const struct gt_shape *summary = gt_shape_at(call->operation->output, "/credentialProviders/*");
    json_auto_t *items = json_array();
    struct gt_object *at = NULL;
    while ((at = gt_object_next(call->local, &gt_kind_api_key_provider, call->account, call->region,
                                NULL, at)) != NULL) {
        json_auto_t *doc = shape(at);
        json_array_append_new(items, gt_pick(summary, doc));
    }
    return gt_serve_page(call, items, "name");
}

#define PROVIDER                                                                                   \
    "arn:{partition}:bedrock-agentcore:{region}:{account}:token-vault/default/"                    \
    "apikeycredentialprovider/{name}"

const struct gt_handler gt_api_key_provider_handlers[] = {
    {.operation = &gt_op_bedrock_agentcore_control_CreateApiKeyCredentialProvider,
     .run = create,
     .fidelity = GT_MODELLED},
    {.operation = &gt_op_bedrock_agentcore_control_GetApiKeyCredentialProvider,
     .run = get,
     .fidelity = GT_MODELLED,
     .resource = PROVIDER},
    {.operation = &gt_op_bedrock_agentcore_control_UpdateApiKeyCredentialProvider,
     .run = update,
     .fidelity = GT_MODELLED,
     .resource = PROVIDER},
    {.operation = &gt_op_bedrock_agentcore_control_DeleteApiKeyCredentialProvider,
     .run = delete,
     .fidelity = GT_MODELLED,
     .note = "also while targets use it",
     .resource = PROVIDER},
    {.operation = &gt_op_bedrock_agentcore_control_ListApiKeyCredentialProviders,
     .run = list,
     .fidelity = GT_MODELLED},
    {.operation = NULL},
};
