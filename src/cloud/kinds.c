/* The kinds of objects, by which saved states are read; each is defined beside its handlers. */
#include "data_plane.h"
#include "identity.h"
#include "services/services.h"
#include "store.h"

const struct gt_kind *const gt_kinds[] = {
    &gt_kind_data_plane,
    &gt_kind_command,
    &gt_kind_role,
    &gt_kind_managed_policy,
    &gt_kind_user_pool,
    &gt_kind_user_pool_client,
    &gt_kind_user_pool_domain,
    &gt_kind_resource_server,
    &gt_kind_gateway,
    &gt_kind_target,
    &gt_kind_runtime,
    &gt_kind_runtime_endpoint,
    &gt_kind_oauth_provider,
    &gt_kind_api_key_provider,
    &gt_kind_workload_identity,
    &gt_kind_token_vault,
    &gt_kind_log_group,
    &gt_kind_repository,
    &gt_kind_secret,
    &gt_kind_bucket,
    &gt_kind_s3_object,
    &gt_kind_alarm,
    &gt_kind_dashboard,
    NULL,
};
