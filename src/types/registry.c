/* All resource types. A new one: its table in a file here, its name in types.h, a line below. */
#include "types.h"

#include <string.h>

const struct gt_type *const gt_types[] = {
    &gt_type_user_pool,
    &gt_type_user_pool_domain,
    &gt_type_resource_server,
    &gt_type_user_pool_client,
    &gt_type_role,
    &gt_type_role_policy,
    &gt_type_role_attachment,
    &gt_type_gateway,
    &gt_type_target,
    &gt_type_runtime,
    &gt_type_runtime_endpoint,
    &gt_type_oauth_provider,
    &gt_type_api_key_provider,
    &gt_type_log_group,
    NULL,
};

const struct gt_type *gt_type_find(const char *name)
{
    for (const struct gt_type *const *type = gt_types; *type != NULL; type++)
        if (strcmp((*type)->name, name) == 0)
            return *type;
    return NULL;
}
