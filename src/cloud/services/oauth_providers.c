/* OAuth 2.0 credential providers: their vendors and configurations.
 * https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_Oauth2ProviderConfigInput.html
 */
#include "credential_providers.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

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

bool gt_oauth_provider_check(struct gt_serve *call, const struct gt_object *provider)
{
    const char *name = gt_input_text(call, "/credentialProviderVendor"), *member;
    if (provider != NULL &&
        !gt_streq(name, gt_text_at(provider->data, "/credentialProviderVendor"))) {
        gt_serve_fail(call, "ValidationException",
                      "The vendor of a credential provider cannot be changed");
        return false;
    }
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

void gt_oauth_provider_configure(struct gt_serve *call, struct gt_object *provider)
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
    gt_set_text(
        provider->data, "callbackUrl",
        gt_printf(call->arena,
                  "https://bedrock-agentcore.%s.amazonaws.com/identities/oauth2/callback/%s",
                  call->region, provider->id));
    gt_set_text(provider->data, "status", "READY");
    json_object_set_new(provider->data, "oauth2ProviderConfigOutput",
                        json_pack("{s:o}", member, output));
    struct gt_provider_secret secret = secret_of(given);
    gt_provider_secret_set(call, provider, &secret);
}
