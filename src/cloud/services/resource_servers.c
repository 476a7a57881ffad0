/*
 * Resource servers of user pools: they define the scopes.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateResourceServer.html
 */
#include "../identity.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

#define POOL "arn:{partition}:cognito-idp:{region}:{account}:userpool/{UserPoolId}"

const struct gt_kind gt_kind_resource_server = {.name = "resource_server",
                                                .parent = &gt_kind_user_pool};

bool gt_pool_has_scope(struct gt_local *local, const struct gt_object *pool, const char *scope)
{
    struct gt_object *server = NULL;
    while ((server = gt_object_next(local, &gt_kind_resource_server, pool->account, pool->region,
                                    pool->id, server)) != NULL) {
        size_t len = strlen(server->id);
        if (strncmp(scope, server->id, len) != 0 || scope[len] != '/')
            continue;
        const json_t *scopes = json_object_get(server->data, "Scopes");
        for (size_t i = 0; i < json_array_size(scopes); i++)
            if (gt_streq(gt_text_at(json_array_get(scopes, i), "/ScopeName"), scope + len + 1))
                return true;
    }
    return false;
}

static struct gt_object *find(struct gt_serve *call, const struct gt_object *pool)
{
    return gt_object_find(call->local, &gt_kind_resource_server, pool->account, pool->region,
                          pool->id, gt_input_text(call, "/Identifier"));
}

static struct gt_object *server_of(struct gt_serve *call)
{
    const struct gt_object *pool = gt_pool_of(call);
    struct gt_object *server = pool == NULL ? NULL : find(call, pool);
    if (pool != NULL && server == NULL)
        gt_serve_fail(call, "ResourceNotFoundException", "Resource server does not exist.");
    return server;
}

static json_t *shown(const struct gt_object *server)
{
    return json_pack("{s:o}", "ResourceServer", json_deep_copy(server->data));
}

/* Name and scopes by the input: what is left out is not kept. NULL after failing. */
static json_t *data_of(struct gt_serve *call)
{
    json_auto_t *names = json_object();
    const json_t *scopes = json_object_get(call->input, "Scopes");
    for (size_t i = 0; i < json_array_size(scopes); i++) {
        const char *name = gt_text_at(json_array_get(scopes, i), "/ScopeName");
        if (json_object_get(names, name) != NULL)
            return gt_serve_fail(call, "InvalidParameterException", "Duplicate scope names: %s",
                                 name);
        json_object_set_new(names, name, json_true());
    }
    json_t *data = json_copy(gt_iterable(call->input));
    if (scopes == NULL)
        json_object_set_new(data, "Scopes", json_array());
    return data;
}

static json_t *create_resource_server(struct gt_serve *call)
{
    const struct gt_object *pool = gt_pool_of(call);
    if (pool == NULL)
        return NULL;
    const char *identifier = gt_input_text(call, "/Identifier");
    if (find(call, pool) != NULL)
        return gt_serve_fail(call, "InvalidParameterException",
                             "%s already exists in user pool %s.", identifier, pool->id);
    json_t *data = data_of(call);
    if (data == NULL)
        return NULL;
    return shown(gt_object_new(call->local, &gt_kind_resource_server, pool->account, pool->region,
                               pool->id, identifier, data));
}

static json_t *describe_resource_server(struct gt_serve *call)
{
    const struct gt_object *server = server_of(call);
    return server == NULL ? NULL : shown(server);
}

static json_t *update_resource_server(struct gt_serve *call)
{
    struct gt_object *server = server_of(call);
    json_t *data = server == NULL ? NULL : data_of(call);
    if (data == NULL)
        return NULL;
    json_decref(server->data);
    server->data = data;
    gt_object_touch(call->local, server);
    return shown(server);
}

static json_t *delete_resource_server(struct gt_serve *call)
{
    struct gt_object *server = server_of(call);
    if (server == NULL)
        return NULL;
    gt_object_remove(call->local, server);
    return json_object();
}

static json_t *list_resource_servers(struct gt_serve *call)
{
    const struct gt_object *pool = gt_pool_of(call);
    if (pool == NULL)
        return NULL;
    json_auto_t *items = json_array();
    struct gt_object *server = NULL;
    while ((server = gt_object_next(call->local, &gt_kind_resource_server, pool->account,
                                    pool->region, pool->id, server)) != NULL)
        json_array_append_new(items, json_deep_copy(server->data));
    return gt_serve_page(call, items, "Identifier");
}

const struct gt_handler gt_resource_server_handlers[] = {
    {.operation = &gt_op_cognito_idp_CreateResourceServer,
     .run = create_resource_server,
     .fidelity = GT_MODELLED,
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_DescribeResourceServer,
     .run = describe_resource_server,
     .fidelity = GT_MODELLED,
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_UpdateResourceServer,
     .run = update_resource_server,
     .fidelity = GT_MODELLED,
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_DeleteResourceServer,
     .run = delete_resource_server,
     .fidelity = GT_MODELLED,
     .note = "that clients with its scopes do not stop it is a guess",
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_ListResourceServers,
     .run = list_resource_servers,
     .fidelity = GT_MODELLED,
     .resource = POOL},
    {.operation = NULL},
};
