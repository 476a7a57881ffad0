/*
 * The kinds of AgentCore objects, and what the control plane (services/) and the data plane agree
 * on about them.
 */
#ifndef GANTRY_CLOUD_AGENTCORE_H
#define GANTRY_CLOUD_AGENTCORE_H

#include "serve.h"

/* id: gatewayId; data: as GetGateway; arn: gatewayArn. gatewayUrl is computed from base_url. */
extern const struct gt_kind gt_kind_gateway;
/* id: targetId; parent: gatewayId; data: as GetGatewayTarget; hidden: {tools: [as the server listed
 * them, without the target's prefix], listedMs}. A target of listing mode DYNAMIC has no tools
 * kept. */
extern const struct gt_kind gt_kind_target;
/* id: agentRuntimeId; data: as GetAgentRuntime of the newest version; hidden: {versions: {"1":
 * data,
 * ...}}; arn: agentRuntimeArn without version. */
extern const struct gt_kind gt_kind_runtime;
/* id: name ("DEFAULT"); parent: agentRuntimeId; data: as GetAgentRuntimeEndpoint, with liveVersion.
 */
extern const struct gt_kind gt_kind_runtime_endpoint;
/* id: name; data: as GetOauth2CredentialProvider without secrets; hidden: {clientSecret}. */
extern const struct gt_kind gt_kind_oauth_provider;
/* id: name; hidden: {apiKey}. */
extern const struct gt_kind gt_kind_api_key_provider;
extern const struct gt_kind gt_kind_workload_identity;

/* "http://127.0.0.1:4599/gateway/ID/mcp" */
char *gt_gateway_url(struct gt_arena *arena, const char *base_url, const char *gateway_id);

/* The runtime, and the version that the endpoint `qualifier` (NULL: DEFAULT; or a version number)
 * serves; NULL when there is none, with the service's error code and message. */
struct gt_object *gt_runtime_resolve(struct gt_local *local, const char *runtime_arn,
                                     const char *qualifier, const char **version, const char **code,
                                     const char **message, struct gt_arena *arena);

#endif
