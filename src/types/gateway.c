/* AgentCore gateways.
 * https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateGateway.html
 */
#include "types.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/operations.h>

static const char new_url[] =
    "the gateway gets a new id and a new URL: every client must be changed";

static const struct gt_bind by_id[] = {
    {"gatewayIdentifier", GT_FROM_IDENTITY, "gatewayId"},
    {0},
};

static const struct gt_bind by_arn[] = {
    {"resourceArn", GT_FROM_LIVE, "/gatewayArn"},
    {0},
};

/* A full PUT; it also takes what a create does not: customTransformConfiguration, wafConfiguration.
 */
static const struct gt_step steps[] = {
    {.use = {.operation = &gt_op_bedrock_agentcore_control_UpdateGateway, .in = by_id},
     .when = GT_STEP_CHANGED,
     .merge_live = true,
     .on_create = true},
    {.use = {.operation = NULL}},
};

static const struct gt_identity identity[] = {
    {.name = "gatewayId", .created = "/gatewayId", .listed = "/gatewayId"},
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
    {.code = "ValidationException", .text = "Role validation failed", .limit_ms = IAM_LAG},
    {.code = "ValidationException", .text = "cannot be assumed", .limit_ms = IAM_LAG},
    {.code = "ValidationException", .text = "unable to assume", .limit_ms = IAM_LAG},
    {.code = "ValidationException", .text = "not authorized to assume", .limit_ms = IAM_LAG},
    {.code = "AccessDeniedException",
     .text = "does not have the required permissions",
     .limit_ms = IAM_LAG},
    {.code = "ValidationException",
     .text = "Cannot perform operation",
     .limit_ms = 10 * MINUTE,
     .pacing = true},
    {.operation = &gt_op_bedrock_agentcore_control_DeleteGateway,
     .code = "ValidationException",
     .text = "targets associated",
     .limit_ms = 5 * MINUTE,
     .pacing = true},
    {.code = "ConcurrentModificationException", .limit_ms = 5 * MINUTE, .pacing = true},
    {.code = "ConflictException", .limit_ms = 10 * MINUTE, .pacing = true},
    {.code = NULL},
};

static const char *const settled[] = {"READY", NULL};
static const char *const pending[] = {"CREATING", "UPDATING", NULL};
static const char *const failed[] = {"FAILED", "UPDATE_UNSUCCESSFUL", NULL};
static const char *const deleting[] = {"DELETING", NULL};

static const struct gt_attr attributes[] = {
    {.path = "name", .flags = GT_ATTR_IMMUTABLE, .words = new_url},
    {.path = "authorizerType", .flags = GT_ATTR_IMMUTABLE, .words = new_url},
    {.path = "protocolType", .flags = GT_ATTR_IMMUTABLE, .words = new_url},
    {.path = "protocolConfiguration/mcp/searchType",
     .flags = GT_ATTR_IMMUTABLE,
     .words = "the search type of a gateway cannot change: a new gateway has a new URL"},
    {.path = "protocolConfiguration/mcp/supportedVersions",
     .flags = GT_ATTR_IMMUTABLE | GT_ATTR_SET,
     .words = "the protocol versions of a gateway cannot change: a new gateway has a new URL"},
    {.path = "protocolConfiguration/mcp/instructions", .flags = GT_ATTR_NOT_SECRET},
    {.path = "description", .flags = GT_ATTR_NOT_SECRET},
    {.path = "interceptorConfigurations/*/interceptionPoints", .flags = GT_ATTR_SET},
    JWT_ATTRIBUTES,
    {.path = NULL},
};

static const char *const outputs[] = {
    "gatewayId", "gatewayArn", "gatewayUrl", "name", "workloadIdentityDetails", NULL};

/* The service refuses the one without the other, and with NONE or AWS_IAM both. */
static void check(const json_t *properties, const struct gt_validation *how, struct gt_diags *diags)
{
    const char *type = gt_known_text(properties, "/authorizerType");
    bool configured = !gt_json_empty(gt_at(properties, "/authorizerConfiguration"));
    if (gt_streq(type, "CUSTOM_JWT") && !configured)
        gt_property_error(how, "/authorizerType", diags, "missing-member",
                          "CUSTOM_JWT needs authorizerConfiguration")
            ->hint = "add authorizerConfiguration.customJWTAuthorizer with a discoveryUrl";
    if ((gt_streq(type, "AWS_IAM") || gt_streq(type, "NONE")) && configured)
        gt_property_error(how, "/authorizerConfiguration", diags, "not-allowed",
                          "not allowed with authorizerType %s", type)
            ->hint = "remove it, or set authorizerType to CUSTOM_JWT";
}

const struct gt_type gt_type_gateway = {
    .name = "gateway",
    .summary = "AgentCore gateway: one MCP endpoint in front of many targets",
    .service = &gt_service_bedrock_agentcore_control,
    .create = {.operation = &gt_op_bedrock_agentcore_control_CreateGateway},
    .read = {.operation = &gt_op_bedrock_agentcore_control_GetGateway, .in = by_id},
    .remove = {.operation = &gt_op_bedrock_agentcore_control_DeleteGateway, .in = by_id},
    .appear_ms = 30 * SECOND,
    .steps = steps,
    .identity = identity,
    .lookup = {.list = {.operation = &gt_op_bedrock_agentcore_control_ListGateways},
               .items = "/items",
               .match = {{"/name", "/name"}}},
    .exists = exists,
    .absent = absent,
    .status = {.path = "/status",
               .reason = "/statusReasons",
               .settled = settled,
               .pending = pending,
               .failed = failed,
               .deleting = deleting},
    .transients = transients,
    .attributes = attributes,
    .outputs = outputs,
    .arn = "gatewayArn",
    .arn_form = "gateway/{gatewayId}",
    .tags = AGENTCORE_TAGS(by_arn),
    .breaks_callers = true,
    .breaks_words = "the gateway's URL goes: every client that uses it stops working",
    .check = check,
};
