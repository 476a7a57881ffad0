/* Targets of AgentCore gateways. A target is owned through its gateway: it has no tags.
 * https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateGatewayTarget.html
 */
#include "types.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/operations.h>

static const char new_tools[] = "the target is made anew: its tools are away for a moment";

static const struct gt_bind by_id[] = {
    {"gatewayIdentifier", GT_FROM_IDENTITY, "gatewayIdentifier"},
    {"targetId", GT_FROM_IDENTITY, "targetId"},
    {0},
};

static const struct gt_bind of_gateway[] = {
    {"gatewayIdentifier", GT_FROM_PROPERTY, "/gatewayIdentifier"},
    {0},
};

static const struct gt_step steps[] = {
    {.use = {.operation = &gt_op_bedrock_agentcore_control_UpdateGatewayTarget, .in = by_id},
     .when = GT_STEP_CHANGED,
     .merge_live = true},
    {.use = {.operation = NULL}},
};

static const struct gt_identity identity[] = {
    {.name = "gatewayIdentifier", .property = "/gatewayIdentifier"},
    {.name = "targetId", .created = "/targetId", .listed = "/targetId"},
    {.name = NULL},
};

static const struct gt_absence exists[] = {
    {.code = "ConflictException"},
    {.code = NULL},
};

static const struct gt_absence absent[] = {
    {.code = "ResourceNotFoundException"},
    {.code = "AccessDeniedException", .text = "not authorized", .confirm = true},
    {.code = "AccessDeniedException", .text = "not found", .confirm = true},
    {.code = NULL},
};

static const struct gt_transient transients[] = {
    {.code = "ValidationException",
     .text = "Gateway execution role lacks permission",
     .limit_ms = IAM_LAG},
    {.code = "ValidationException",
     .text = "Cannot perform operation",
     .limit_ms = 10 * MINUTE,
     .pacing = true},
    {.code = "ConcurrentModificationException", .limit_ms = 5 * MINUTE, .pacing = true},
    {.code = "ConflictException", .limit_ms = 5 * MINUTE, .pacing = true},
    {.code = NULL},
};

/* The call succeeds and the target fails, when the role's policy or the server is not there yet. */
static const struct gt_redrive redrives[] = {
    {.text = "Authorization error when sending message", .limit_ms = IAM_LAG},
    {.text = "An internal error occurred while processing the request", .limit_ms = IAM_LAG},
    {.text = "Failed to connect and fetch tools", .limit_ms = IAM_LAG},
    {.text = "Gateway execution role lacks permission", .limit_ms = IAM_LAG},
    {.text = NULL},
};

static const char *const settled[] = {"READY", NULL};
static const char *const pending[] = {"CREATING", "UPDATING", "SYNCHRONIZING", NULL};
static const char *const failed[] = {"FAILED", "UPDATE_UNSUCCESSFUL", "SYNCHRONIZE_UNSUCCESSFUL",
                                     NULL};
static const char *const person[] = {"CREATE_PENDING_AUTH", "UPDATE_PENDING_AUTH",
                                     "SYNCHRONIZE_PENDING_AUTH", NULL};
static const char *const deleting[] = {"DELETING", NULL};

/* With a policy engine the service adds this header; taking it away asks people for consent anew.
 */
static const char *const own_headers[] = {"x-amzn-bedrock-agentcore-policy-session-id", NULL};

#define CONFIGURATION "targetConfiguration"
#define OAUTH "credentialProviderConfigurations/*/credentialProvider/oauthCredentialProvider/"

static const struct gt_attr attributes[] = {
    {.path = "gatewayIdentifier", .flags = GT_ATTR_IMMUTABLE, .words = new_tools},
    {.path = "name",
     .flags = GT_ATTR_IMMUTABLE | GT_ATTR_NOT_SECRET,
     .words = "the tools of the target get other names"},
    {.path = "description", .flags = GT_ATTR_NOT_SECRET},
    {.path = CONFIGURATION, .flags = GT_ATTR_KIND, .words = new_tools},
    {.path = CONFIGURATION "/mcp", .flags = GT_ATTR_KIND, .words = new_tools},
    {.path = CONFIGURATION "/http", .flags = GT_ATTR_KIND, .words = new_tools},
    {.path = CONFIGURATION "/inference", .flags = GT_ATTR_KIND, .words = new_tools},
    {.path = CONFIGURATION "/mcp/openApiSchema/inlinePayload",
     .flags = GT_ATTR_NOT_SECRET | GT_ATTR_JSON},
    {.path = CONFIGURATION "/mcp/smithyModel/inlinePayload",
     .flags = GT_ATTR_NOT_SECRET | GT_ATTR_JSON},
    {.path = CONFIGURATION "/mcp/mcpServer/mcpToolSchema/inlinePayload",
     .flags = GT_ATTR_NOT_SECRET | GT_ATTR_JSON},
    {.path = CONFIGURATION "/mcp/lambda/toolSchema/inlinePayload",
     .flags = GT_ATTR_SET,
     .key = "name"},
    {.path = CONFIGURATION "/mcp/lambda/toolSchema/inlinePayload/*", .flags = GT_ATTR_NOT_SECRET},
    {.path = CONFIGURATION "/mcp/lambda/toolSchema/inlinePayload/*/inputSchema/required",
     .flags = GT_ATTR_SET},
    {.path = CONFIGURATION "/mcp/lambda/toolSchema/inlinePayload/*/outputSchema/required",
     .flags = GT_ATTR_SET},
    {.path = CONFIGURATION "/mcp/connector/enabled", .flags = GT_ATTR_SET},
    {.path = CONFIGURATION "/http/agentcoreRuntime/schema/source/inlinePayload",
     .flags = GT_ATTR_NOT_SECRET | GT_ATTR_JSON},
    {.path = CONFIGURATION "/http/passthrough/schema/source/inlinePayload",
     .flags = GT_ATTR_NOT_SECRET | GT_ATTR_JSON},
    {.path = OAUTH "scopes", .flags = GT_ATTR_SET},
    {.path = "metadataConfiguration/allowedRequestHeaders",
     .flags = GT_ATTR_SET,
     .kept = own_headers},
    {.path = "metadataConfiguration/allowedRequestHeaders/*", .flags = GT_ATTR_CASELESS},
    {.path = "metadataConfiguration/allowedResponseHeaders", .flags = GT_ATTR_SET},
    {.path = "metadataConfiguration/allowedResponseHeaders/*", .flags = GT_ATTR_CASELESS},
    {.path = "metadataConfiguration/allowedQueryParameters", .flags = GT_ATTR_SET},
    {.path = "privateEndpoint/managedVpcResource/subnetIds", .flags = GT_ATTR_SET},
    {.path = "privateEndpoint/managedVpcResource/securityGroupIds", .flags = GT_ATTR_SET},
    {.path = NULL},
};

static const char *const outputs[] = {"targetId", "name", "gatewayArn", "gatewayIdentifier", NULL};

static void check(const json_t *properties, const struct gt_validation *how, struct gt_diags *diags)
{
    bool lambda = gt_at(properties, "/targetConfiguration/mcp/lambda") != NULL;
    if (lambda && gt_json_empty(gt_at(properties, "/credentialProviderConfigurations")))
        gt_property_error(how, "/targetConfiguration/mcp/lambda", diags, "missing-member",
                          "a Lambda target needs credentialProviderConfigurations")
            ->hint = "add credentialProviderConfigurations: "
                     "[{credentialProviderType: GATEWAY_IAM_ROLE}]";
    bool fixed = gt_at(properties, "/targetConfiguration/mcp/mcpServer/mcpToolSchema") != NULL;
    const char *mode = gt_known_text(properties, "/targetConfiguration/mcp/mcpServer/listingMode");
    if (fixed && gt_streq(mode, "DYNAMIC"))
        gt_property_error(how, "/targetConfiguration/mcp/mcpServer/listingMode", diags,
                          "not-allowed", "DYNAMIC does not go with a mcpToolSchema")
            ->hint = "remove one of the two";
}

const struct gt_type gt_type_target = {
    .name = "target",
    .summary =
        "target of a gateway: an MCP server, a Lambda function or an API whose tools it offers",
    .service = &gt_service_bedrock_agentcore_control,
    .create = {.operation = &gt_op_bedrock_agentcore_control_CreateGatewayTarget},
    .read = {.operation = &gt_op_bedrock_agentcore_control_GetGatewayTarget, .in = by_id},
    .remove = {.operation = &gt_op_bedrock_agentcore_control_DeleteGatewayTarget, .in = by_id},
    .appear_ms = 30 * SECOND,
    .steps = steps,
    .identity = identity,
    .lookup = {.list = {.operation = &gt_op_bedrock_agentcore_control_ListGatewayTargets,
                        .in = of_gateway},
               .items = "/items",
               .match = {{"/name", "/name"}}},
    .exists = exists,
    .absent = absent,
    .status = {.path = "/status",
               .reason = "/statusReasons",
               .settled = settled,
               .pending = pending,
               .failed = failed,
               .person = person,
               .deleting = deleting,
               .person_url = "/authorizationData/oauth2/authorizationUrl",
               .sightings = 2},
    .transients = transients,
    .redrives = redrives,
    .attributes = attributes,
    .outputs = outputs,
    .parent = "gatewayIdentifier",
    .connects = true,
    .check = check,
};
