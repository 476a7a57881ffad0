/* Credential providers of the token vault: OAuth 2.0 clients and API keys, which differ in their
 * configuration only.
 * https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateOauth2CredentialProvider.html
 * https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateApiKeyCredentialProvider.html
 */
#include "credential_providers.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

const struct gt_kind gt_kind_oauth_provider = {.name = "oauth_provider"};
const struct gt_kind gt_kind_api_key_provider = {.name = "api_key_provider"};

static struct gt_provider_secret api_key_of(const struct gt_serve *call)
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

static bool check_api_key(struct gt_serve *call, const struct gt_object *provider)
{
    (void)provider;
    struct gt_provider_secret secret = api_key_of(call);
    return gt_provider_secret_check(call, &secret);
}

static void set_api_key(struct gt_serve *call, struct gt_object *provider)
{
    struct gt_provider_secret secret = api_key_of(call);
    gt_provider_secret_set(call, provider, &secret);
}

#define OP(name) &gt_op_bedrock_agentcore_control_##name
#define RESOURCE(type)                                                                             \
    "arn:{partition}:bedrock-agentcore:{region}:{account}:token-vault/default/" type "/{name}"
#define OAUTH "oauth2credentialprovider"
#define API_KEY "apikeycredentialprovider"

static const struct provider_type {
    const struct gt_kind *kind;
    const char *words, *in_arn;
    const struct gt_operation *operations[5];
    /* Whether the input makes sense for a new provider (NULL) or this one; false after failing. */
    bool (*check)(struct gt_serve *call, const struct gt_object *provider);
    /* Sets what the checked input says. */
    void (*configure)(struct gt_serve *call, struct gt_object *provider);
} types[] = {
    {.kind = &gt_kind_oauth_provider,
     .words = "Oauth2 credential provider",
     .in_arn = OAUTH,
     .operations = {OP(CreateOauth2CredentialProvider), OP(GetOauth2CredentialProvider),
                    OP(UpdateOauth2CredentialProvider), OP(DeleteOauth2CredentialProvider),
                    OP(ListOauth2CredentialProviders)},
     .check = gt_oauth_provider_check,
     .configure = gt_oauth_provider_configure},
    {.kind = &gt_kind_api_key_provider,
     .words = "API key credential provider",
     .in_arn = API_KEY,
     .operations = {OP(CreateApiKeyCredentialProvider), OP(GetApiKeyCredentialProvider),
                    OP(UpdateApiKeyCredentialProvider), OP(DeleteApiKeyCredentialProvider),
                    OP(ListApiKeyCredentialProviders)},
     .check = check_api_key,
     .configure = set_api_key},
};

static const struct provider_type *type_of(const struct gt_serve *call)
{
    size_t i = 0;
    for (size_t at = 0; at < GT_COUNT(types[0].operations); at++)
        if (types[1].operations[at] == call->operation)
            i = 1;
    return &types[i];
}

static json_t *shape(const struct gt_object *provider)
{
    json_t *doc = json_copy(provider->data);
    json_object_set_new(doc, "createdTime", gt_json_time(provider->created_ms));
    json_object_set_new(doc, "lastUpdatedTime", gt_json_time(provider->updated_ms));
    return doc;
}

static struct gt_object *look(struct gt_serve *call)
{
    return gt_object_find(call->local, type_of(call)->kind, call->account, call->region, "",
                          gt_input_text(call, "/name"));
}

static struct gt_object *find(struct gt_serve *call)
{
    struct gt_object *provider = look(call);
    if (provider == NULL)
        gt_serve_fail(call, "ResourceNotFoundException", "%s %s not found", type_of(call)->words,
                      gt_input_text(call, "/name"));
    return provider;
}

static json_t *create(struct gt_serve *call)
{
    const struct provider_type *type = type_of(call);
    const char *name = gt_input_text(call, "/name");
    if (look(call) != NULL)
        return gt_serve_fail(call, "ConflictException",
                             "Credential provider with name: %s already exists", name);
    if (!type->check(call, NULL) || !gt_check_tags(call))
        return NULL;
    struct gt_object *provider =
        gt_object_new(call->local, type->kind, call->account, call->region, "", name, NULL);
    const char *place = gt_printf(call->arena, "token-vault/default/%s/%s", type->in_arn, name);
    gt_object_set_arn(provider, gt_serve_arn(call, "bedrock-agentcore", place));
    gt_set_text(provider->data, "name", name);
    gt_set_text(provider->data, "credentialProviderArn", provider->arn);
    json_object_update(provider->tags, gt_at(call->input, "/tags"));
    type->configure(call, provider);
    return gt_answer(call, shape(provider));
}

static json_t *get(struct gt_serve *call)
{
    struct gt_object *provider = find(call);
    return provider != NULL ? gt_answer(call, shape(provider)) : NULL;
}

/* The whole configuration again, with the secret. */
static json_t *update(struct gt_serve *call)
{
    struct gt_object *provider = find(call);
    if (provider == NULL || !type_of(call)->check(call, provider))
        return NULL;
    type_of(call)->configure(call, provider);
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
    while ((at = gt_object_next(call->local, type_of(call)->kind, call->account, call->region, NULL,
                                at)) != NULL) {
        json_auto_t *doc = shape(at);
        json_array_append_new(items, gt_pick(summary, doc));
    }
    return gt_serve_page(call, items, "name");
}

#define ROW(op, fn, where, what)                                                                   \
    {                                                                                              \
        .operation = OP(op), .run = fn, .fidelity = GT_MODELLED, .note = what, .resource = where   \
    }
#define IN_USE "also while targets use it"

const struct gt_handler gt_credential_provider_handlers[] = {
    ROW(CreateOauth2CredentialProvider, create, NULL,
        "only CustomOauth2 can give tokens here; the issuers of included vendors are made up "
        "unless given"),
    ROW(GetOauth2CredentialProvider, get, RESOURCE(OAUTH), NULL),
    ROW(UpdateOauth2CredentialProvider, update, RESOURCE(OAUTH), NULL),
    ROW(DeleteOauth2CredentialProvider, delete, RESOURCE(OAUTH), IN_USE),
    ROW(ListOauth2CredentialProviders, list, NULL, NULL),
    ROW(CreateApiKeyCredentialProvider, create, NULL, NULL),
    ROW(GetApiKeyCredentialProvider, get, RESOURCE(API_KEY), NULL),
    ROW(UpdateApiKeyCredentialProvider, update, RESOURCE(API_KEY), NULL),
    ROW(DeleteApiKeyCredentialProvider, delete, RESOURCE(API_KEY), IN_USE),
    ROW(ListApiKeyCredentialProviders, list, NULL, NULL),
    {.operation = NULL},
};
