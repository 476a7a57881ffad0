/*
 * providers: credentials that gateways use to call their targets. Secrets come from Secrets Manager
 * and are named here, never written.
 */
#include "lower.h"

#include <gantry/doc/template.h>
#include <string.h>

/* The union member of the provider's configuration, by vendor; all other vendors share one.
 * Source: Oauth2ProviderConfigInput of CreateOauth2CredentialProvider. */
static const struct {
    const char *vendor, *member;
} vendors[] = {
    {"CustomOauth2", "customOauth2ProviderConfig"},
    {"GoogleOauth2", "googleOauth2ProviderConfig"},
    {"GithubOauth2", "githubOauth2ProviderConfig"},
    {"SlackOauth2", "slackOauth2ProviderConfig"},
    {"SalesforceOauth2", "salesforceOauth2ProviderConfig"},
    {"MicrosoftOauth2", "microsoftOauth2ProviderConfig"},
    {"AtlassianOauth2", "atlassianOauth2ProviderConfig"},
    {"LinkedinOauth2", "linkedinOauth2ProviderConfig"},
};

static const char *member_of(const char *vendor)
{
    for (size_t i = 0; i < GT_COUNT(vendors); i++) {
        if (strcmp(vendors[i].vendor, vendor) == 0)
            return vendors[i].member;
    }
    return "includedOauth2ProviderConfig";
}

/* The secret's ARN, or a pattern of it: Secrets Manager adds six characters to a name. */
static const char *secret_arn(struct gt_low *low, const char *secret)
{
    if (secret == NULL || gt_starts_with(secret, "arn:") || strstr(secret, "${") != NULL)
        return secret;
    return gt_low_arn(low, "secretsmanager", gt_printf(low->arena, "secret:%s-??????", secret));
}

static void put_secret(struct gt_low *low, struct gt_resource *resource, const struct gt_item *item,
                       const char *base, const char *what, const char *key)
{
    const char *config = gt_printf(low->arena, "%s/%sConfig", base, what);
    gt_low_copy(low, resource, gt_printf(low->arena, "%s/secretId", config), item, "secret");
    const char *json_key = gt_printf(low->arena, "%s/jsonKey", config);
    if (gt_item_text(item, "secretKey") != NULL)
        gt_low_copy(low, resource, json_key, item, "secretKey");
    else
        gt_low_put_text(low, resource, json_key, key);
    gt_low_put_text(low, resource, gt_printf(low->arena, "%s/%sSource", base, what), "EXTERNAL");
}

static void lower_oauth(struct gt_low *low, struct gt_resource *resource,
                        const struct gt_item *item)
{
    static const struct {
        const char *key, *property;
    } copied[] = {
        {"clientId", "clientId"},
        {"tenantId", "tenantId"},
        {"issuer", "issuer"},
        {"authorizationEndpoint", "authorizationEndpoint"},
        {"tokenEndpoint", "tokenEndpoint"},
        {"discoveryUrl", "oauthDiscovery/discoveryUrl"},
    };
    const char *vendor = gt_item_text(item, "vendor");
    if (vendor == NULL)
        gt_low_put_text(low, resource, "/credentialProviderVendor", "CustomOauth2");
    else
        gt_low_copy(low, resource, "/credentialProviderVendor", item, "vendor");
    const char *base = gt_printf(low->arena, "/oauth2ProviderConfigInput/%s",
                                 member_of(vendor != NULL ? vendor : "CustomOauth2"));
    for (size_t i = 0; i < GT_COUNT(copied); i++)
        gt_low_copy(low, resource, gt_printf(low->arena, "%s/%s", base, copied[i].property), item,
                    copied[i].key);
    put_secret(low, resource, item, base, "clientSecret", "clientSecret");
}

static void lower_one(struct gt_low *low, const struct gt_item *item)
{
    json_t *oauth = json_object_get(item->value, "oauth");
    json_t *key = json_object_get(item->value, "apiKey");
    struct gt_provider_facts *facts = GT_NEW(low->arena, struct gt_provider_facts);
    facts->item = *item;
    facts->oauth = oauth != NULL;
    gt_map_set(&low->providers, item->name, facts);
    if ((oauth == NULL) == (key == NULL)) {
        gt_low_error(low, item->pointer, "missing-key",
                     "provider %s must have either oauth or apiKey", item->name);
        return;
    }
    const char *kind = oauth != NULL ? "oauth" : "apiKey";
    const char *type = oauth != NULL ? "oauth_provider" : "api_key_provider";
    struct gt_resource *resource = gt_low_add(low, item, type, "%s.%s", type, item->name);
    struct gt_item inner = {.section = item->section,
                            .name = item->name,
                            .pointer = gt_item_pointer(low, item, kind),
                            .value = oauth != NULL ? oauth : key};
    facts->address = resource->address;
    facts->secret = secret_arn(low, gt_item_text(&inner, "secret"));
    gt_low_name(low, resource, "/name", item, GT_NAME_PROVIDER);
    if (oauth != NULL)
        lower_oauth(low, resource, &inner);
    else
        put_secret(low, resource, &inner, "", "apiKeySecret", "apiKey");
    gt_low_common(low, resource, item);
}

void gt_lower_providers(struct gt_low *low)
{
    gt_each_item(low, "providers", lower_one);
}
