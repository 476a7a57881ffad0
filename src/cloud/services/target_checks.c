/* What AgentCore checks of a target before it makes or changes one.
 * https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-outbound-auth.html
 */
#include "targets.h"

#include "../data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

struct gt_target_shape gt_target_shape(const json_t *data)
{
    struct gt_target_shape shape = {.family = "", .kind = ""};
    const char *key;
    json_t *value;
    json_object_foreach(gt_iterable(json_object_get(data, "targetConfiguration")), key, value)
    {
        shape.family = key;
        json_t *inner;
        json_object_foreach(value, key, inner)
        {
            shape.kind = key;
            shape.configuration = inner;
        }
    }
    return shape;
}

static const json_t *oauth_of(const json_t *data)
{
    return gt_at(data, "/credentialProviderConfigurations/0/credentialProvider/"
                       "oauthCredentialProvider");
}

bool gt_target_needs_consent(const json_t *data)
{
    return gt_streq(gt_text_at(oauth_of(data), "/grantType"), "AUTHORIZATION_CODE");
}

bool gt_target_is_listed(const json_t *data)
{
    struct gt_target_shape shape = gt_target_shape(data);
    const char *mode = gt_text_at(shape.configuration, "/listingMode");
    return gt_streq(shape.kind, "mcpServer") && !gt_streq(mode, "DYNAMIC") &&
           json_object_get(shape.configuration, "mcpToolSchema") == NULL;
}

static const struct {
    const char *type, *member;
    const struct gt_kind *kind;
} provider_types[] = {
    {"OAUTH", "oauthCredentialProvider", &gt_kind_oauth_provider},
    {"API_KEY", "apiKeyCredentialProvider", &gt_kind_api_key_provider},
};

/* An OAUTH or API_KEY provider must exist in this account and region. */
static bool check_named_provider(struct gt_serve *call, const char *type, const json_t *provider)
{
    for (size_t i = 0; i < GT_COUNT(provider_types); i++) {
        if (!gt_streq(type, provider_types[i].type))
            continue;
        const json_t *given = json_object_get(provider, provider_types[i].member);
        if (given == NULL) {
            gt_serve_fail(call, "ValidationException", "%s needs %s", type,
                          provider_types[i].member);
            return false;
        }
        const char *arn = gt_text_at(given, "/providerArn");
        const struct gt_object *found = gt_object_find_arn(call->local, arn);
        if (found == NULL || found->kind != provider_types[i].kind ||
            !gt_streq(found->account, call->account) || !gt_streq(found->region, call->region)) {
            gt_serve_fail(call, "ValidationException", "Credential provider %s does not exist",
                          arn);
            return false;
        }
    }
    return true;
}

static bool needs_credentials(const char *kind)
{
    return gt_streq(kind, "lambda") || gt_streq(kind, "smithyModel") ||
           gt_streq(kind, "apiGateway");
}

static bool check_provider(struct gt_serve *call, const char *kind)
{
    const json_t *item = gt_at(call->input, "/credentialProviderConfigurations/0");
    if (item == NULL) {
        if (needs_credentials(kind))
            gt_serve_fail(call, "ValidationException",
                          "credentialProviderConfigurations is required for %s targets", kind);
        return !needs_credentials(kind);
    }
    const char *type = gt_text_at(item, "/credentialProviderType");
    const json_t *provider = json_object_get(item, "credentialProvider");
    if (!gt_streq(type, "GATEWAY_IAM_ROLE"))
        return check_named_provider(call, type, provider);
    bool named = json_object_get(provider, "iamCredentialProvider") != NULL;
    if (gt_streq(kind, "mcpServer") && !named) {
        gt_serve_fail(call, "ValidationException",
                      "GATEWAY_IAM_ROLE of an MCP server target needs iamCredentialProvider with a "
                      "service");
        return false;
    }
    if ((gt_streq(kind, "lambda") || gt_streq(kind, "smithyModel")) && provider != NULL) {
        gt_serve_fail(call, "ValidationException",
                      "%s targets take GATEWAY_IAM_ROLE without a credentialProvider", kind);
        return false;
    }
    return true;
}

/* The service invokes the function for a try before it accepts the target. */
static bool check_lambda(struct gt_serve *call, const struct gt_object *gateway, const char *arn)
{
    const char *role = gt_text_at(gateway->data, "/roleArn"), *why;
    struct gt_access trust = {.action = "sts:AssumeRole",
                              .resource = role,
                              .principal_kind = "Service",
                              .principal = "bedrock-agentcore.amazonaws.com",
                              .context = gt_pack(call->arena, "{s:s, s:s}", "aws:SourceArn",
                                                 gateway->arn, "aws:SourceAccount", call->account)};
    struct gt_access access = {.action = "lambda:InvokeFunction", .resource = arn};
    if (gt_iam_trusts(call->local, role, &trust, &why, call->arena) &&
        gt_iam_role_may(call->local, role, call->region, &access, &why, call->arena))
        return true;
    gt_serve_fail(call, "ValidationException",
                  "Gateway execution role lacks permission to invoke Lambda function %s: %s", arn,
                  why);
    return false;
}

/* Credentials, and what HTTP itself needs, cannot be let through. */
static bool check_restricted(struct gt_serve *call, const char *member)
{
    size_t index;
    json_t *name;
    json_array_foreach(
        gt_iterable(json_object_get(json_object_get(call->input, "metadataConfiguration"), member)),
        index, name)
    {
        if (gt_header_is_restricted(json_string_value(name))) {
            gt_serve_fail(call, "ValidationException",
                          "Header %s is restricted and cannot be configured for propagation",
                          json_string_value(name));
            return false;
        }
    }
    return true;
}

/* With gateway sessions their header is the gateway's own. */
static bool check_headers(struct gt_serve *call, const struct gt_object *gateway)
{
    size_t index;
    json_t *name;
    if (!check_restricted(call, "allowedRequestHeaders") ||
        !check_restricted(call, "allowedResponseHeaders"))
        return false;
    if (gt_at(gateway->data, "/protocolConfiguration/mcp/sessionConfiguration") == NULL)
        return true;
    json_array_foreach(
        gt_iterable(gt_at(call->input, "/metadataConfiguration/allowedRequestHeaders")), index,
        name)
    {
        if (gt_streq(gt_lower(call->arena, json_string_value(name)), "mcp-session-id")) {
            gt_serve_fail(call, "ValidationException",
                          "Mcp-Session-Id cannot be propagated when gateway sessions are on");
            return false;
        }
    }
    return true;
}

bool gt_target_check(struct gt_serve *call, const struct gt_object *gateway)
{
    struct gt_target_shape shape = gt_target_shape(call->input);
    const char *protocol = gt_text_at(gateway->data, "/protocolType");
    if (gt_streq(shape.family, "http") && gt_streq(shape.kind, "agentcoreRuntime") &&
        gt_streq(protocol, "MCP")) {
        gt_serve_fail(call, "ValidationException",
                      "http.agentcoreRuntime targets cannot be attached to a gateway of protocol "
                      "type MCP");
        return false;
    }
    bool fixed = json_object_get(shape.configuration, "mcpToolSchema") != NULL;
    if (fixed && !gt_target_needs_consent(call->input)) {
        gt_serve_fail(call, "ValidationException",
                      "mcpToolSchema needs OAUTH credentials with grant type AUTHORIZATION_CODE");
        return false;
    }
    if (gt_streq(gt_text_at(shape.configuration, "/listingMode"), "DYNAMIC")) {
        const char *search = "/protocolConfiguration/mcp/searchType";
        if (fixed || gt_target_needs_consent(call->input) || gt_at(gateway->data, search) != NULL) {
            gt_serve_fail(call, "ValidationException",
                          "listingMode DYNAMIC goes neither with semantic search nor with "
                          "AUTHORIZATION_CODE nor with mcpToolSchema");
            return false;
        }
    }
    if (!check_provider(call, shape.kind) || !check_headers(call, gateway))
        return false;
    return !gt_streq(shape.kind, "lambda") ||
           check_lambda(call, gateway, gt_text_at(shape.configuration, "/lambdaArn"));
}
