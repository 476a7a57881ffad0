/* OAuth 2.0 credential providers.
 * https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateOauth2CredentialProvider.html
 */
#include "services.h"

#include <ctype.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>

const struct gt_kind gt_kind_oauth_provider = {.name = "oauth_provider"};

/* Vendors that have a configuration of their own, and where their tokens come from. */
static const struct vendor {
    const char *name, *member, *issuer;
} vendors[] = {
    {"CustomOauth2", "customOauth2ProviderConfig", NULL},
    {"GoogleOauth2", "googleOauth2ProviderConfig", "https://accounts.google.com"},
    {"GithubOauth2", "githubOauth2ProviderConfig", "https://github.com/login/oauth"},
    {"SlackOauth2", "slackOauth2ProviderConfig", "https://slack.com"},
    {"SalesforceOauth2", "salesforceOauth2ProviderConfig", "https://login.salesforce.com"},
    {"MicrosoftOauth2", "microsoftOauth2ProviderConfig",
     "https://login.microsoftonline.com/common/v2.0"},
    {"AtlassianOauth2", "atlassianOauth2ProviderConfig", "https://auth.atlassian.com"},
    {"LinkedinOauth2", "linkedinOauth2ProviderConfig", "https://www.linkedin.com/oauth"},
};

static const struct vendor *find_vendor(const char *name)
{
    static const struct vendor included = {.member = "includedOauth2ProviderConfig"};
    for (size_t i = 0; i < GT_COUNT(vendors); i++) {
        if (gt_streq(vendors[i].name, name))
            return &vendors[i];
    }
    return &included;
}

/* The one member of the union of configurations. */
static const json_t *given_configuration(const struct gt_serve *call, const char **member)
{
    const char *key;
    json_t *value;
    json_object_foreach(gt_iterable(json_object_get(call->input, "oauth2ProviderConfigInput")), key,
                        value)
    {
        *member = key;
        return value;
    }
    *member = "";
    return NULL;
}

static struct gt_provider_secret secret_of(const json_t *given)
{
    return (struct gt_provider_secret){
        .kind = "oauth2",
        .member = "clientSecret",
        .text = gt_text_at(given, "/clientSecret"),
        .source = gt_text_at(given, "/clientSecretSource"),
        .reference = json_object_get(given, "clientSecretConfig"),
        .prefix = "clientSecret",
    };
}

/* What is given fits the vendor; false after failing. */
static bool check(struct gt_serve *call)
{
    const char *name = gt_input_text(call, "/credentialProviderVendor"), *member;
    const struct vendor *vendor = find_vendor(name);
    const json_t *given = given_configuration(call, &member);
    if (!gt_streq(member, vendor->member)) {
        gt_serve_fail(call, "ValidationException", "%s needs %s, not %s", name, vendor->member,
                      member);
        return false;
    }
    struct gt_provider_secret secret = secret_of(given);
    return gt_provider_secret_check(call, &secret);
}

/* Included vendors say where their tokens come from; the others are known. */
static json_t *discovery(struct gt_serve *call, const struct vendor *vendor, const json_t *given)
{
    const char *issuer = gt_text_at(given, "/issuer"),
               *authorize = gt_text_at(given, "/authorizationEndpoint"),
               *token = gt_text_at(given, "/tokenEndpoint");
    if (authorize != NULL && token != NULL)
        return json_pack("{s:{s:s, s:s, s:s}}", "authorizationServerMetadata", "issuer",
                         issuer != NULL ? issuer : token, "authorizationEndpoint", authorize,
                         "tokenEndpoint", token);
    if (issuer == NULL)
        issuer = vendor->issuer;
    const char *name = gt_lower(call->arena, gt_input_text(call, "/credentialProviderVendor"));
    const char *url =
        issuer != NULL
            ? gt_printf(call->arena, "%s/.well-known/openid-configuration", issuer)
            : gt_printf(call->arena, "https://%s.example/.well-known/openid-configuration", name);
    return json_pack("{s:s}", "discoveryUrl", url);
}

static void configure(struct gt_serve *call, struct gt_object *provider)
{
    static const char *const shown[] = {"oauthDiscovery",
                                        "clientId",
                                        "onBehalfOfTokenExchangeConfig",
                                        "clientAuthenticationMethod",
                                        "privateKeyJwtConfig",
                                        NULL};
    const char *member, *vendor = gt_input_text(call, "/credentialProviderVendor");
    const json_t *given = given_configuration(call, &member);
    json_t *output = json_object();
    gt_members_copy(output, given, shown);
    if (json_object_get(output, "oauthDiscovery") == NULL)
        json_object_set_new(output, "oauthDiscovery", discovery(call, find_vendor(vendor), given));
    gt_set_text(provider->data, "credentialProviderVendor", vendor);
    json_object_set_new(provider->data, "oauth2ProviderConfigOutput",
                        json_pack("{s:o}", member, output));
    struct gt_provider_secret secret = secret_of(given);
    gt_provider_secret_set(call, provider, &secret);
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
    struct gt_object *provider =
        gt_object_find(call->local, &gt_kind_oauth_provider, call->account, call->region, "", name);
    if (provider == NULL)
        gt_serve_fail(call, "ResourceNotFoundException", "Oauth2 credential provider %s not found",
                      name);
    return provider;
}

static json_t *create(struct gt_serve *call)
{
    const char *name = gt_input_text(call, "/name");
    if (gt_object_find(call->local, &gt_kind_oauth_provider, call->account, call->region, "",
                       name) != NULL)
        return gt_serve_fail(call, "ConflictException",
                             "Credential provider with name: %s already exists", name);
    if (!check(call) || !gt_check_tags(call))
        return NULL;
    struct gt_object *provider = gt_object_new(call->local, &gt_kind_oauth_provider, call->account,
                                               call->region, "", name, NULL);
    gt_object_set_arn(
        provider, gt_serve_arn(call, "bedrock-agentcore",
                               gt_printf(call->arena,
                                         "token-vault/default/oauth2credentialprovider/%s", name)));
    gt_set_text(provider->data, "name", name);
    gt_set_text(provider->data, "credentialProviderArn", provider->arn);
    gt_set_text(
        provider->data, "callbackUrl",
        gt_printf(call->arena,
                  "https://bedrock-agentcore.%s.amazonaws.com/identities/oauth2/callback/%s",
                  call->region, name));
    gt_set_text(provider->data, "status", "READY");
    json_object_update(provider->tags, gt_at(call->input, "/tags"));
    configure(call, provider);
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
    if (provider == NULL)
        return NULL;
    if (!gt_streq(gt_input_text(call, "/credentialProviderVendor"),
                  gt_text_at(provider->data, "/credentialProviderVendor")))
        return gt_serve_fail(call, "ValidationException",
                             "The vendor of a credential provider cannot be changed");
    if (!check(call))
        return NULL;
    configure(call, provider);
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
    while ((at = gt_object_next(call->local, &gt_kind_oauth_provider, call->account, call->region,
                                NULL, at)) != NULL) {
        json_auto_t *doc = shape(at);
        json_array_append_new(items, gt_pick(summary, doc));
    }
    return gt_serve_page(call, items, "name");
}

#define PROVIDER                                                                                   \
    "arn:{partition}:bedrock-agentcore:{region}:{account}:token-vault/default/"                    \
    "oauth2credentialprovider/{name}"

const struct gt_handler gt_oauth_provider_handlers[] = {
    {.operation = &gt_op_bedrock_agentcore_control_CreateOauth2CredentialProvider,
     .run = create,
     .fidelity = GT_MODELLED,
     .note = "only CustomOauth2 can give tokens here; the issuers of included vendors are made up "
             "unless given"},
    {.operation = &gt_op_bedrock_agentcore_control_GetOauth2CredentialProvider,
     .run = get,
     .fidelity = GT_MODELLED,
     .resource = PROVIDER},
    {.operation = &gt_op_bedrock_agentcore_control_UpdateOauth2CredentialProvider,
     .run = update,
     .fidelity = GT_MODELLED,
     .resource = PROVIDER},
    {.operation = &gt_op_bedrock_agentcore_control_DeleteOauth2CredentialProvider,
     .run = delete,
     .fidelity = GT_MODELLED,
     .note = "also while targets use it",
     .resource = PROVIDER},
    {.operation = &gt_op_bedrock_agentcore_control_ListOauth2CredentialProviders,
     .run = list,
     .fidelity = GT_MODELLED},
    {.operation = NULL},
};
