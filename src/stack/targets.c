/* targets: what gateways offer. A table says for each kind what it becomes and how it is called. */
#include "lower.h"

#include "grants.h"
#include <gantry/base/url.h>
#include <gantry/doc/keys.h>
#include <gantry/doc/template.h>
#include <string.h>

/* What a target has and needs while it is lowered. */
struct target {
    struct gt_low *low;
    const struct gt_item *item;
    struct gt_resource *resource;
    struct gt_gateway_facts *gateway;
    bool loopback; /* an http server on this machine: the model wants https */
};

#define MCP "/targetConfiguration/mcp"

static void need(struct target *target, enum gt_need what, const struct gt_word *words)
{
    struct gt_gateway_facts *gateway = target->gateway;
    if (gateway == NULL)
        return;
    if (gateway->grants == NULL)
        gateway->grants = gt_grants_new(target->low->arena);
    gt_grants_add(target->low, gateway->grants, what, words);
    size_t count = gateway->targets.len;
    if (count == 0 || gateway->targets.at[count - 1] != target->resource->address)
        *GT_PUSH(target->low->arena, &gateway->targets) = target->resource->address;
}

static void credential(struct target *target, json_t *config, const char *from)
{
    gt_low_put(target->low, target->resource, "/credentialProviderConfigurations",
               json_pack("[o]", config), from);
}

/* The name of the runtime's endpoint to call: NULL for DEFAULT. */
static const char *qualifier(struct target *target, const struct gt_runtime_facts *runtime)
{
    struct gt_low *low = target->low;
    const char *name = gt_item_text(target->item, "runtimeEndpoint");
    if (name == NULL || gt_is_reported(name) || strcmp(name, "DEFAULT") == 0)
        return NULL;
    if (runtime->foreign)
        return name;
    const char *address = gt_printf(low->arena, "runtime_endpoint.%s.%s", runtime->item.name, name);
    if (gt_map_get(&low->by_address, address) != NULL)
        return gt_ref(low->arena, address, "name");
    struct gt_map names = gt_map_init(low->arena);
    const char *key;
    json_t *ignored;
    json_object_foreach(json_object_get(runtime->item.value, "endpoints"), key, ignored)
        gt_map_set(&names, key, ignored);
    gt_low_error(low, gt_item_pointer(low, target->item, "runtimeEndpoint"), "unknown-endpoint",
                 "runtime %s has no endpoint \"%s\"", runtime->item.name, name)
        ->hint = gt_low_suggest(low, &names, name);
    return NULL;
}

/* Whether the target is called with the gateway's role when nothing else is said. */
static bool uses_role(const struct target *target)
{
    const json_t *iam = json_object_get(target->item->value, "iam");
    return json_object_get(target->item->value, "oauth") == NULL &&
           json_object_get(target->item->value, "apiKey") == NULL && !json_is_false(iam);
}

/* The gateway signs its calls to the runtime.
 * https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-outbound-auth.html */
static void call_runtime(struct target *target, const struct gt_runtime_facts *runtime,
                         const char *from)
{
    struct gt_low *low = target->low;
    if (runtime->jwt) {
        gt_low_error(low, from, "wrong-credential",
                     "the gateway's role is no credential for runtime %s", runtime->item.name)
            ->hint = "the runtime lets callers in by token: use oauth: PROVIDER here, or take "
                     "identity: off the runtime";
        return;
    }
    credential(target,
               json_pack("{ss,s{s{ss,ss}}}", "credentialProviderType", "GATEWAY_IAM_ROLE",
                         "credentialProvider", "iamCredentialProvider", "service",
                         "bedrock-agentcore", "region", low->region),
               from);
    const struct gt_word words[] = {
        {"runtime", gt_ref(low->arena, runtime->address, "agentRuntimeArn")}, {0}};
    need(target, GT_NEED_CALL_RUNTIME, words);
}

static void lower_runtime(struct target *target)
{
    struct gt_low *low = target->low;
    const char *name = gt_item_text(target->item, "runtime");
    const char *from = gt_item_pointer(low, target->item, "runtime");
    const struct gt_runtime_facts *runtime = gt_map_get(&low->runtimes, name);
    if (runtime == NULL) {
        if (!gt_is_reported(name))
            gt_low_error(low, from, "unknown-runtime", "there is no runtime \"%s\"", name)->hint =
                gt_low_suggest(low, &low->runtimes, name);
        gt_low_put_text(low, target->resource, MCP "/mcpServer/endpoint", GT_REPORTED);
        return;
    }
    const char *endpoint = qualifier(target, runtime);
    const char *query = endpoint != NULL ? gt_printf(low->arena, "?qualifier=%s", endpoint) : "";
    const char *url =
        gt_printf(low->arena,
                  "https://bedrock-agentcore.%s.%s/runtimes/${%s.agentRuntimeArn|percent-encode}"
                  "/invocations%s",
                  low->region, low->partition->dns_suffix, runtime->address, query);
    gt_low_put(low, target->resource, MCP "/mcpServer/endpoint", json_string(url), from);
    if (uses_role(target))
        call_runtime(target, runtime, from);
}

static void lower_endpoint(struct target *target)
{
    struct gt_low *low = target->low;
    const char *url = gt_item_text(target->item, "endpoint");
    gt_low_copy(low, target->resource, MCP "/mcpServer/endpoint", target->item, "endpoint");
    if (url == NULL || strstr(url, "${") != NULL || gt_starts_with(url, "https://"))
        return;
    struct gt_url parts;
    if (low->options->local && gt_url_split(low->arena, url, &parts) &&
        gt_url_is_loopback(&parts)) {
        target->loopback = true;
        return;
    }
    gt_low_error(low, gt_item_pointer(low, target->item, "endpoint"), "bad-endpoint",
                 "the endpoint must be an https URL")
        ->hint = "gateways call servers by https only; http on this machine works with --local";
    gt_low_put_text(low, target->resource, MCP "/mcpServer/endpoint", GT_REPORTED);
}

/* {s3: {uri}} for s3://BUCKET/KEY, else {inlinePayload}. */
static void lower_schema(struct target *target, const char *property, const char *key)
{
    struct gt_low *low = target->low;
    const json_t *value = json_object_get(target->item->value, key);
    const char *text = json_string_value(value);
    if (text == NULL || !gt_starts_with(text, "s3://")) {
        gt_low_copy(low, target->resource, gt_printf(low->arena, "%s/inlinePayload", property),
                    target->item, key);
        return;
    }
    gt_low_copy(low, target->resource, gt_printf(low->arena, "%s/s3/uri", property), target->item,
                key);
    const struct gt_word words[] = {
        {"object", gt_printf(low->arena, "arn:%s:s3:::%s", low->partition->id, text + 5)}, {0}};
    need(target, GT_NEED_READ_OBJECT, words);
}

static void role_credential(struct target *target, const char *key)
{
    if (uses_role(target))
        credential(target, json_pack("{ss}", "credentialProviderType", "GATEWAY_IAM_ROLE"),
                   gt_item_pointer(target->low, target->item, key));
}

/* Tools in the manifest, or as text: ${file.tools.json}. */
static void lower_tools(struct target *target)
{
    static const char property[] = MCP "/lambda/toolSchema/inlinePayload";
    struct gt_low *low = target->low;
    const char *text = gt_item_text(target->item, "tools");
    const char *from = gt_item_pointer(low, target->item, "tools");
    struct gt_diags ignored = gt_diags_init(low->arena);
    struct gt_doc parsed;
    if (text == NULL || gt_is_reported(text)) {
        gt_low_copy(low, target->resource, property, target->item, "tools");
        return;
    }
    text = gt_template_unescape(low->arena, text);
    if (gt_doc_parse(low->arena, "tools", text, strlen(text), &parsed, &ignored) &&
        json_is_array(parsed.root)) {
        gt_low_put(low, target->resource, property, json_incref(parsed.root), from);
        return;
    }
    struct gt_diag *diag = gt_low_error(low, from, "wrong-type", "tools is no list of tools");
    if (ignored.list.len > 0)
        diag->cause = ignored.list.at[0];
    gt_low_put_text(low, target->resource, property, GT_REPORTED);
}

static void lower_lambda(struct target *target)
{
    struct gt_low *low = target->low;
    const json_t *tools = json_object_get(target->item->value, "tools");
    const json_t *schema = json_object_get(target->item->value, "schema");
    gt_low_copy(low, target->resource, MCP "/lambda/lambdaArn", target->item, "lambda");
    if (tools != NULL)
        lower_tools(target);
    else if (schema != NULL)
        lower_schema(target, MCP "/lambda/toolSchema", "schema");
    if ((tools == NULL) == (schema == NULL) &&
        gt_at(target->item->value, "/properties/targetConfiguration") == NULL)
        gt_low_error(low, target->item->pointer, "missing-key",
                     "target %s must have either tools or schema", target->item->name)
            ->hint = "the gateway must be told which tools a Lambda function has";
    role_credential(target, "lambda");
    const struct gt_word words[] = {{"lambda", gt_item_text(target->item, "lambda")}, {0}};
    if (words[0].value != NULL)
        need(target, GT_NEED_CALL_LAMBDA, words);
}

static void lower_openapi(struct target *target)
{
    lower_schema(target, MCP "/openApiSchema", "openapi");
}

static void lower_smithy(struct target *target)
{
    lower_schema(target, MCP "/smithyModel", "smithy");
    role_credential(target, "smithy");
}

static const struct {
    const char *key;
    void (*lower)(struct target *target);
    bool server; /* an MCP server, which may list its tools at each call */
} kinds[] = {
    {"runtime", lower_runtime, true}, {"endpoint", lower_endpoint, true},
    {"lambda", lower_lambda, false},  {"openapi", lower_openapi, false},
    {"smithy", lower_smithy, false},
};

/* The secret of a provider that is named by ${ADDRESS.credentialProviderArn}; NULL: by another
 * text.
 */
static const char *secret_of_reference(struct gt_low *low, const char *name, bool oauth)
{
    static const char arn[] = ".credentialProviderArn}";
    const char *secret = oauth ? "clientSecretArn" : "apiKeySecretArn";
    if (!gt_template_is_whole(name) || !gt_ends_with(name, arn))
        return NULL;
    return gt_printf(low->arena, "%.*s.%s.secretArn}", (int)(strlen(name) - strlen(arn)), name,
                     secret);
}

/* The provider that `oauth:` or `apiKey:` names, by its name or ARN; NULL with an error. */
static const char *provider_arn(struct target *target, const char *key, bool oauth)
{
    struct gt_low *low = target->low;
    const json_t *use = json_object_get(target->item->value, key);
    bool map = json_is_object(use);
    const char *name = json_string_value(map ? json_object_get(use, "provider") : use);
    const char *from = gt_item_pointer(low, target->item, key);
    if (name == NULL || gt_is_reported(name))
        return NULL;
    const struct gt_provider_facts *provider = gt_map_get(&low->providers, name);
    const char *arn = name, *secret = NULL;
    if (provider != NULL && provider->oauth != oauth) {
        gt_low_error(low, from, "wrong-credential", "provider %s holds %s", name,
                     oauth ? "an API key" : "an OAuth client")
            ->hint = oauth ? "use apiKey: for it" : "use oauth: for it";
        return NULL;
    }
    if (provider != NULL && provider->address != NULL) {
        arn = gt_ref(low->arena, provider->address, "credentialProviderArn");
        secret = provider->secret;
    } else if (gt_starts_with(name, "arn:")) {
        /* The secrets that the service keeps itself are named after their provider. */
        const char *slash = strrchr(name, '/');
        secret =
            gt_low_arn(low, "secretsmanager",
                       gt_printf(low->arena, "secret:bedrock-agentcore-identity!default/%s/%s-*",
                                 oauth ? "oauth2" : "apikey", slash != NULL ? slash + 1 : ""));
    } else if (strstr(name, "${") != NULL) {
        secret = secret_of_reference(low, name, oauth);
    } else {
        gt_low_error(low, from, "unknown-provider", "there is no provider \"%s\"", name)->hint =
            gt_low_suggest(low, &low->providers, name);
        return NULL;
    }
    const struct gt_word words[] = {
        {"self", target->gateway != NULL ? target->gateway->arn_name : "*"},
        {"provider", arn},
        {"secret", secret},
        {0}};
    need(target, oauth ? GT_NEED_OAUTH : GT_NEED_API_KEY, words);
    return arn;
}

static void copy_member(json_t *to, const char *member, const json_t *use, const char *key)
{
    json_t *value = json_object_get(use, key);
    if (value != NULL)
        json_object_set(to, member, value);
}

static void lower_oauth(struct target *target)
{
    const json_t *use = json_object_get(target->item->value, "oauth");
    const char *arn = provider_arn(target, "oauth", true);
    if (arn == NULL)
        return;
    json_t *config = json_pack("{ss,s[]}", "providerArn", arn, "scopes");
    copy_member(config, "scopes", use, "scopes");
    copy_member(config, "grantType", use, "grant");
    copy_member(config, "customParameters", use, "parameters");
    copy_member(config, "defaultReturnUrl", use, "returnUrl");
    credential(target,
               json_pack("{ss,s{so}}", "credentialProviderType", "OAUTH", "credentialProvider",
                         "oauthCredentialProvider", config),
               gt_item_pointer(target->low, target->item, "oauth"));
}

static void lower_api_key(struct target *target)
{
    const json_t *use = json_object_get(target->item->value, "apiKey");
    const char *arn = provider_arn(target, "apiKey", false);
    if (arn == NULL)
        return;
    json_t *config = json_pack("{ss}", "providerArn", arn);
    copy_member(config, "credentialLocation", use, "location");
    copy_member(config, "credentialParameterName", use, "parameter");
    copy_member(config, "credentialPrefix", use, "prefix");
    credential(target,
               json_pack("{ss,s{so}}", "credentialProviderType", "API_KEY", "credentialProvider",
                         "apiKeyCredentialProvider", config),
               gt_item_pointer(target->low, target->item, "apiKey"));
}

static void lower_signing(struct target *target)
{
    const json_t *use = json_object_get(target->item->value, "iam");
    const char *from = gt_item_pointer(target->low, target->item, "iam");
    bool set =
        json_object_get(target->resource->properties, "credentialProviderConfigurations") != NULL;
    if (json_is_true(use) && !set) {
        gt_low_error(target->low, from, "missing-key", "iam does not say which service to sign for")
            ->hint = "write iam: {service: execute-api}, for example";
    } else if (json_is_object(use)) {
        json_t *config = json_object();
        copy_member(config, "service", use, "service");
        copy_member(config, "region", use, "region");
        if (json_object_get(config, "region") == NULL)
            json_object_set_new(config, "region", json_string(target->low->region));
        credential(target,
                   json_pack("{ss,s{so}}", "credentialProviderType", "GATEWAY_IAM_ROLE",
                             "credentialProvider", "iamCredentialProvider", config),
                   from);
    }
}

static void lower_credentials(struct target *target)
{
    static const struct {
        const char *key;
        void (*lower)(struct target *target);
    } forms[] = {{"oauth", lower_oauth}, {"apiKey", lower_api_key}, {"iam", lower_signing}};
    const char *first = NULL;
    for (size_t i = 0; i < GT_COUNT(forms); i++) {
        if (json_object_get(target->item->value, forms[i].key) == NULL)
            continue;
        if (first != NULL)
            gt_low_error(target->low, gt_item_pointer(target->low, target->item, forms[i].key),
                         "conflicting-keys", "target %s has both %s and %s", target->item->name,
                         first, forms[i].key);
        else
            forms[i].lower(target);
        first = forms[i].key;
    }
}

static void lower_kind(struct target *target)
{
    struct gt_low *low = target->low;
    const char *first = NULL;
    bool server = false;
    for (size_t i = 0; i < GT_COUNT(kinds); i++) {
        if (json_object_get(target->item->value, kinds[i].key) == NULL)
            continue;
        if (first != NULL) {
            gt_low_error(low, gt_item_pointer(low, target->item, kinds[i].key), "conflicting-keys",
                         "target %s has both %s and %s", target->item->name, first, kinds[i].key);
            continue;
        }
        first = kinds[i].key;
        server = kinds[i].server;
        kinds[i].lower(target);
    }
    if (first == NULL && gt_at(target->item->value, "/properties/targetConfiguration") == NULL)
        gt_low_error(low, target->item->pointer, "missing-key", "target %s does not say what it is",
                     target->item->name)
            ->hint = "add one of runtime, endpoint, lambda, openapi and smithy";
    if (server)
        gt_low_copy(low, target->resource, MCP "/mcpServer/listingMode", target->item, "listing");
    else if (json_object_get(target->item->value, "listing") != NULL)
        gt_low_error(low, gt_item_pointer(low, target->item, "listing"), "conflicting-keys",
                     "listing has a meaning for MCP servers only");
}

static void lower_one(struct gt_low *low, const struct gt_item *item)
{
    static const char *const passed[][2] = {
        {"requestHeaders", "allowedRequestHeaders"},
        {"queryParameters", "allowedQueryParameters"},
        {"responseHeaders", "allowedResponseHeaders"},
    };
    const char *name = gt_item_text(item, "gateway");
    struct target target = {.low = low,
                            .item = item,
                            .resource = gt_low_add(low, item, "target", "target.%s", item->name),
                            .gateway = name != NULL ? gt_map_get(&low->gateways, name) : NULL};
    if (target.gateway != NULL) {
        target.gateway->target_count++;
        gt_low_put(low, target.resource, "/gatewayIdentifier",
                   json_string(gt_ref(low->arena, target.gateway->address, "gatewayId")),
                   gt_item_pointer(low, item, "gateway"));
    } else {
        low->lost_targets = true;
        gt_low_put_text(low, target.resource, "/gatewayIdentifier", GT_REPORTED);
        if (!gt_is_reported(name))
            gt_low_error(low, gt_item_pointer(low, item, "gateway"), "unknown-gateway",
                         "there is no gateway \"%s\"", name)
                ->hint = gt_low_suggest(low, &low->gateways, name);
    }
    gt_low_name(low, target.resource, "/name", item, GT_NAME_TARGET);
    gt_low_copy(low, target.resource, "/description", item, "description");
    lower_kind(&target);
    lower_credentials(&target);
    for (size_t i = 0; i < GT_COUNT(passed); i++)
        gt_low_copy(low, target.resource,
                    gt_printf(low->arena, "/metadataConfiguration/%s", passed[i][1]), item,
                    passed[i][0]);
    gt_low_common(low, target.resource, item);
    if (target.loopback)
        gt_low_uncheck(low, target.resource, MCP "/mcpServer/endpoint");
}

void gt_lower_targets(struct gt_low *low)
{
    gt_each_item(low, "targets", lower_one);
}
