/* All operations that the embedded cloud has: a table per file of services/. */
#include "data_plane.h"
#include "identity.h"
#include "serve.h"
#include "services/services.h"

const struct gt_handler *const gt_handler_tables[] = {
    gt_iam_role_handlers,
    gt_iam_policy_handlers,
    gt_iam_simulate_handlers,
    gt_sts_handlers,
    gt_user_pool_handlers,
    gt_user_pool_client_handlers,
    gt_user_pool_domain_handlers,
    gt_resource_server_handlers,
    gt_gateway_handlers,
    gt_target_handlers,
    gt_runtime_handlers,
    gt_runtime_endpoint_handlers,
    gt_credential_provider_handlers,
    gt_workload_identity_handlers,
    gt_agentcore_tag_handlers,
    gt_log_handlers,
    gt_ecr_handlers,
    gt_ecr_image_handlers,
    gt_secret_handlers,
    gt_s3_handlers,
    gt_cloudwatch_handlers,
    gt_absent_handlers,
    gt_data_plane_handlers,
    NULL,
};
