/* AgentCore runtimes and their named endpoints.
 * https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateAgentRuntime.html
 */
#include "types.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/operations.h>

static const char new_runtime[] = "the runtime gets a new ARN and is away for some minutes";

static const char *const settled[] = {"READY", NULL};
static const char *const pending[] = {"CREATING", "UPDATING", NULL};
static const char *const failed[] = {"CREATE_FAILED", "UPDATE_FAILED", NULL};
static const char *const deleting[] = {"DELETING", NULL};

static const struct gt_absence exists[] = {
    {.code = "ConflictException"},
    {.code = NULL},
};

/* A missing runtime may be refused as not authorized, a missing endpoint as not found. */
static const struct gt_absence absent[] = {
    {.code = "ResourceNotFoundException"},
    {.code = "AccessDeniedException", .text = "not authorized to perform", .confirm = true},
    {.code = "AccessDeniedException", .text = "was not found", .confirm = true},
    {.code = NULL},
};

static const struct gt_absence not_yet[] = {
    {.code = "ResourceNotFoundException"},
    {.code = "AccessDeniedException", .text = "was not found"},
    {.code = NULL},
};

static const struct gt_transient transients[] = {
    {.code = "ValidationException", .text = "Role validation failed", .limit_ms = IAM_LAG},
    {.code = "ValidationException",
     .text = "Access denied while validating ECR URI",
     .limit_ms = IAM_LAG},
    {.code = "ValidationException",
     .text = "Cannot perform operation",
     .limit_ms = 10 * MINUTE,
     .pacing = true},
    {.code = "ConcurrentModificationException", .limit_ms = 5 * MINUTE, .pacing = true},
    {.code = "ConflictException", .limit_ms = 5 * MINUTE, .pacing = true},
    {.code = NULL},
};

/* The runtime */

static const struct gt_bind runtime_by_id[] = {
    {"agentRuntimeId", GT_FROM_IDENTITY, "agentRuntimeId"},
    {0},
};

static const struct gt_bind runtime_by_arn[] = {
    {"resourceArn", GT_FROM_LIVE, "/agentRuntimeArn"},
    {0},
};

static const struct gt_bind default_endpoint[] = {
    {"agentRuntimeId", GT_FROM_IDENTITY, "agentRuntimeId"},
    {"endpointName", GT_FROM_TEXT, "DEFAULT"},
    {0},
};

static const struct gt_bind invocation[] = {
    {"agentRuntimeArn", GT_FROM_LIVE, "/agentRuntimeArn"},
    {"qualifier", GT_FROM_TEXT, "DEFAULT"},
    {"contentType", GT_FROM_TEXT, "application/json"},
    {"accept", GT_FROM_TEXT, "application/json, text/event-stream"},
    {0},
};

/* The service gives this one back and refuses it. */
static const char *const runtime_read_only[] = {
    "/networkConfiguration/networkModeConfig/requireServiceS3Endpoint", NULL};

/* Each call makes a new version. It also takes what a create does not: metadataConfiguration. */
static const struct gt_step runtime_steps[] = {
    {.use = {.operation = &gt_op_bedrock_agentcore_control_UpdateAgentRuntime, .in = runtime_by_id},
     .when = GT_STEP_CHANGED,
     .merge_live = true,
     .on_create = true,
     .live_excluded = runtime_read_only},
    {.use = {.operation = NULL}},
};

static const struct gt_identity runtime_identity[] = {
    {.name = "agentRuntimeId", .created = "/agentRuntimeId", .listed = "/agentRuntimeId"},
    {.name = NULL},
};

/* The runtime is READY before its DEFAULT endpoint is there, and serves the version before the last
 * until that has moved. */
static const struct gt_also_settled runtime_also_settled[] = {
    {.read = {.operation = &gt_op_bedrock_agentcore_control_GetAgentRuntimeEndpoint,
              .in = default_endpoint},
     .status = {.path = "/status",
                .reason = "/failureReason",
                .settled = settled,
                .pending = pending,
                .failed = failed,
                .deleting = deleting},
     .live_equal = {"/liveVersion", "/agentRuntimeVersion"},
     .absent = not_yet,
     .absent_limit_ms = 10 * SECOND},
    {.read = {.operation = NULL}},
};

static const struct gt_attr runtime_attributes[] = {
    {.path = "agentRuntimeName", .flags = GT_ATTR_IMMUTABLE, .words = new_runtime},
    {.path = "agentRuntimeArtifact", .flags = GT_ATTR_KIND, .words = new_runtime},
    {.path = "description", .flags = GT_ATTR_NOT_SECRET},
    {.path = "environmentVariables", .flags = GT_ATTR_NOT_SECRET},
    {.path = "environmentVariables/*", .flags = GT_ATTR_SECRET},
    {.path = "networkConfiguration/networkModeConfig/securityGroups", .flags = GT_ATTR_SET},
    {.path = "networkConfiguration/networkModeConfig/subnets", .flags = GT_ATTR_SET},
    {.path = "requestHeaderConfiguration/requestHeaderAllowlist", .flags = GT_ATTR_SET},
    {.path = "requestHeaderConfiguration/requestHeaderAllowlist/*", .flags = GT_ATTR_CASELESS},
    JWT_ATTRIBUTES,
    {.path = "agentRuntimeVersion", .flags = GT_ATTR_VOLATILE},
    {.path = NULL},
};

static const char *const runtime_outputs[] = {"agentRuntimeId",          "agentRuntimeArn",
                                              "agentRuntimeName",        "agentRuntimeVersion",
                                              "workloadIdentityDetails", NULL};

static const char *const asleep[] = {"RuntimeClientError",        "RetryableConflictException",
                                     "ResourceNotFoundException", "InternalServerException",
                                     "ThrottlingException",       NULL};

const struct gt_type gt_type_runtime = {
    .name = "runtime",
    .summary = "AgentCore runtime: an MCP server's container, started on demand",
    .service = &gt_service_bedrock_agentcore_control,
    .create = {.operation = &gt_op_bedrock_agentcore_control_CreateAgentRuntime},
    .read = {.operation = &gt_op_bedrock_agentcore_control_GetAgentRuntime, .in = runtime_by_id},
    .remove = {.operation = &gt_op_bedrock_agentcore_control_DeleteAgentRuntime,
               .in = runtime_by_id},
    .appear_ms = 30 * SECOND,
    .steps = runtime_steps,
    .identity = runtime_identity,
    .lookup = {.list = {.operation = &gt_op_bedrock_agentcore_control_ListAgentRuntimes},
               .items = "/agentRuntimes",
               .match = {{"/agentRuntimeName", "/agentRuntimeName"}}},
    .exists = exists,
    .absent = absent,
    .status = {.path = "/status",
               .reason = "/failureReason",
               .settled = settled,
               .pending = pending,
               .failed = failed,
               .deleting = deleting},
    .also_settled = runtime_also_settled,
    .transients = transients,
    .probe = {.use = {.operation = &gt_op_bedrock_agentcore_InvokeAgentRuntime, .in = invocation},
              .payload_member = "payload",
              .payload = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
                         "\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},"
                         "\"clientInfo\":{\"name\":\"gantry\",\"version\":\"1\"}}}",
              .limit_ms = 2 * MINUTE,
              .retry_codes = asleep,
              .only = {"/protocolConfiguration/serverProtocol", "MCP"},
              .unless = "/authorizerConfiguration"},
    .attributes = runtime_attributes,
    .outputs = runtime_outputs,
    .arn = "agentRuntimeArn",
    .arn_form = "runtime/{agentRuntimeId}",
    .tags = AGENTCORE_TAGS(runtime_by_arn),
};

/* Named endpoints. DEFAULT is the service's own and goes with the runtime. */

static const struct gt_bind endpoint_by_name[] = {
    {"agentRuntimeId", GT_FROM_IDENTITY, "agentRuntimeId"},
    {"endpointName", GT_FROM_IDENTITY, "endpointName"},
    {0},
};

static const struct gt_bind endpoints_of_runtime[] = {
    {"agentRuntimeId", GT_FROM_PROPERTY, "/agentRuntimeId"},
    {0},
};

static const struct gt_bind endpoint_by_arn[] = {
    {"resourceArn", GT_FROM_LIVE, "/agentRuntimeEndpointArn"},
    {0},
};

static const struct gt_step endpoint_steps[] = {
    {.use = {.operation = &gt_op_bedrock_agentcore_control_UpdateAgentRuntimeEndpoint,
             .in = endpoint_by_name},
     .when = GT_STEP_CHANGED,
     .merge_live = true},
    {.use = {.operation = NULL}},
};

static const struct gt_identity endpoint_identity[] = {
    {.name = "agentRuntimeId", .property = "/agentRuntimeId"},
    {.name = "endpointName", .property = "/name", .listed = "/name"},
    {.name = NULL},
};

static const struct gt_attr endpoint_attributes[] = {
    {.path = "agentRuntimeId", .flags = GT_ATTR_IMMUTABLE, .words = "the endpoint gets a new ARN"},
    {.path = "name",
     .flags = GT_ATTR_IMMUTABLE | GT_ATTR_NOT_SECRET,
     .words = "the endpoint gets a new ARN"},
    {.path = "liveVersion", .flags = GT_ATTR_VOLATILE},
    {.path = "targetVersion", .flags = GT_ATTR_VOLATILE},
    {.path = NULL},
};

static const char *const endpoint_outputs[] = {
    "agentRuntimeEndpointArn", "agentRuntimeArn", "name", "liveVersion", "targetVersion", NULL};

/* The wanted version is called targetVersion in answers. */
static json_t *endpoint_normalize(const json_t *read)
{
    json_t *live = json_deep_copy(read);
    json_t *version = json_object_get(live, "targetVersion");
    if (version == NULL)
        version = json_object_get(live, "liveVersion");
    if (version != NULL)
        json_object_set(live, "agentRuntimeVersion", version);
    return live;
}

static void endpoint_check(const json_t *properties, const struct gt_validation *how,
                           struct gt_diags *diags)
{
    if (gt_streq(gt_known_text(properties, "/name"), "DEFAULT"))
        gt_property_error(how, "/name", diags, "reserved-name",
                          "the DEFAULT endpoint belongs to the service")
            ->hint = "give another name; DEFAULT follows the runtime's newest version by itself";
}

const struct gt_type gt_type_runtime_endpoint = {
    .name = "runtime_endpoint",
    .summary = "named endpoint of a runtime, which stays at one version",
    .service = &gt_service_bedrock_agentcore_control,
    .create = {.operation = &gt_op_bedrock_agentcore_control_CreateAgentRuntimeEndpoint},
    .read = {.operation = &gt_op_bedrock_agentcore_control_GetAgentRuntimeEndpoint,
             .in = endpoint_by_name},
    .remove = {.operation = &gt_op_bedrock_agentcore_control_DeleteAgentRuntimeEndpoint,
               .in = endpoint_by_name},
    .appear_ms = 30 * SECOND,
    .steps = endpoint_steps,
    .identity = endpoint_identity,
    .lookup = {.list = {.operation = &gt_op_bedrock_agentcore_control_ListAgentRuntimeEndpoints,
                        .in = endpoints_of_runtime},
               .items = "/runtimeEndpoints",
               .match = {{"/name", "/name"}}},
    .exists = exists,
    .absent = absent,
    .status = {.path = "/status",
               .reason = "/failureReason",
               .settled = settled,
               .pending = pending,
               .failed = failed,
               .deleting = deleting,
               .equal = {"/liveVersion", "/targetVersion"}},
    .transients = transients,
    .attributes = endpoint_attributes,
    .outputs = endpoint_outputs,
    .arn = "agentRuntimeEndpointArn",
    .arn_form = "runtime/{agentRuntimeId}/runtime-endpoint/{endpointName}",
    .tags = AGENTCORE_TAGS(endpoint_by_arn),
    .normalize = endpoint_normalize,
    .check = endpoint_check,
};
