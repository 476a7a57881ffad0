/* Workload identities, those of users and those that gateways and runtimes make for themselves, and
 * the token vault.
 * https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateWorkloadIdentity.html
 */
#include "services.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

const struct gt_kind gt_kind_workload_identity = {.name = "workload_identity"};
const struct gt_kind gt_kind_token_vault = {.name = "token_vault"};

static const char urls[] = "allowedResourceOauth2ReturnUrls";
static const char directory[] = "workload-identity-directory/default/workload-identity/";

/* -- of gateways and runtimes -- */

/* "arn:aws:bedrock-agentcore:us-east-1:000000000000" of the owner's ARN. */
static const char *arn_stem(struct gt_arena *arena, const char *arn)
{
    size_t len = 0;
    for (int colons = 0; arn[len] != '\0'; len++) {
        if (arn[len] == ':' && ++colons == 5)
            break;
    }
    return gt_strndup(arena, arn, len);
}

const char *gt_workload_identity_add(struct gt_local *local, const struct gt_object *owner)
{
    struct gt_object *identity =
        gt_object_new(local, &gt_kind_workload_identity, owner->account, owner->region, "",
                      owner->id, json_pack("{s:[]}", urls));
    gt_object_set_arn(identity,
                      gt_printf(identity->arena, "%s:%s%s", arn_stem(identity->arena, owner->arn),
                                directory, owner->id));
    gt_set_text(identity->hidden, "owner", owner->arn);
    return identity->arn;
}

void gt_workload_identity_remove(struct gt_local *local, const struct gt_object *owner)
{
    struct gt_object *identity = gt_object_find(local, &gt_kind_workload_identity, owner->account,
                                                owner->region, "", owner->id);
    if (identity != NULL && gt_streq(gt_text_at(identity->hidden, "/owner"), owner->arn))
        gt_object_remove(local, identity);
}

/* -- of users -- */

static json_t *shape(const struct gt_object *identity)
{
    json_t *doc = json_copy(identity->data);
    gt_set_text(doc, "name", identity->id);
    gt_set_text(doc, "workloadIdentityArn", identity->arn);
    json_object_set_new(doc, "createdTime", gt_json_time(identity->created_ms));
    json_object_set_new(doc, "lastUpdatedTime", gt_json_time(identity->updated_ms));
    return doc;
}

static struct gt_object *find(struct gt_serve *call)
{
    const char *name = gt_input_text(call, "/name");
    struct gt_object *identity = gt_object_find(call->local, &gt_kind_workload_identity,
                                                call->account, call->region, "", name);
    if (identity == NULL)
        gt_serve_fail(call, "ResourceNotFoundException", "WorkloadIdentity %s not found", name);
    return identity;
}

/* The identity, unless it belongs to a gateway or runtime: it goes with that. */
static struct gt_object *find_own(struct gt_serve *call, const char *verb)
{
    struct gt_object *identity = find(call);
    if (identity == NULL || gt_text_at(identity->hidden, "/owner") == NULL)
        return identity;
    gt_serve_fail(call, "AccessDeniedException",
                  "Cannot %s the service-linked workload identity %s", verb, identity->id);
    return NULL;
}

static json_t *given_urls(const struct gt_serve *call)
{
    const json_t *given = json_object_get(call->input, urls);
    return given != NULL ? json_deep_copy(given) : json_array();
}

static json_t *create(struct gt_serve *call)
{
    const char *name = gt_input_text(call, "/name");
    if (gt_object_find(call->local, &gt_kind_workload_identity, call->account, call->region, "",
                       name) != NULL) {
        gt_serve_fail(call, "ValidationException", "WorkloadIdentity with name: %s already exists",
                      name);
        gt_serve_fail_member(call, "reason", json_string("ResourceConflict"));
        return NULL;
    }
    if (!gt_check_tags(call))
        return NULL;
    struct gt_object *identity =
        gt_object_new(call->local, &gt_kind_workload_identity, call->account, call->region, "",
                      name, json_pack("{s:o}", urls, given_urls(call)));
    gt_object_set_arn(identity, gt_serve_arn(call, "bedrock-agentcore",
                                             gt_printf(call->arena, "%s%s", directory, name)));
    json_object_update(identity->tags, gt_at(call->input, "/tags"));
    return gt_answer(call, shape(identity));
}

static json_t *get(struct gt_serve *call)
{
    struct gt_object *identity = find(call);
    return identity != NULL ? gt_answer(call, shape(identity)) : NULL;
}

static json_t *update(struct gt_serve *call)
{
    struct gt_object *identity = find_own(call, "update");
    if (identity == NULL)
        return NULL;
    json_object_set_new(identity->data, urls, given_urls(call));
    gt_object_touch(call->local, identity);
    return gt_answer(call, shape(identity));
}

static json_t *delete (struct gt_serve *call)
{
    struct gt_object *identity = find_own(call, "delete");
    if (identity == NULL)
        return NULL;
    gt_object_remove(call->local, identity);
    return json_object();
}

static json_t *list(struct gt_serve *call)
{
    const struct gt_shape *summary = gt_shape_at(call->operation->output, "/workloadIdentities/*");
    json_auto_t *items = json_array();
    struct gt_object *at = NULL;
    while ((at = gt_object_next(call->local, &gt_kind_workload_identity, call->account,
                                call->region, NULL, at)) != NULL) {
        json_auto_t *doc = shape(at);
        json_array_append_new(items, gt_pick(summary, doc));
    }
    return gt_serve_page(call, items, "name");
}

/* -- the token vault -- */

static struct gt_object *find_vault(struct gt_serve *call)
{
    const char *id = gt_input_text(call, "/tokenVaultId");
    if (id != NULL && !gt_streq(id, "default")) {
        gt_serve_fail(call, "ResourceNotFoundException", "Token vault %s not found", id);
        return NULL;
    }
    struct gt_object *vault = gt_object_find(call->local, &gt_kind_token_vault, call->account,
                                             call->region, "", "default");
    if (vault == NULL)
        vault = gt_object_new(call->local, &gt_kind_token_vault, call->account, call->region, "",
                              "default",
                              json_pack("{s:s, s:{s:s}}", "tokenVaultId", "default",
                                        "kmsConfiguration", "keyType", "ServiceManagedKey"));
    return vault;
}

static json_t *vault_answer(struct gt_serve *call, const struct gt_object *vault)
{
    json_t *doc = json_copy(vault->data);
    json_object_set_new(doc, "lastModifiedDate", gt_json_time(vault->updated_ms));
    return gt_answer(call, doc);
}

static json_t *get_vault(struct gt_serve *call)
{
    struct gt_object *vault = find_vault(call);
    return vault != NULL ? vault_answer(call, vault) : NULL;
}

static json_t *set_vault_key(struct gt_serve *call)
{
    struct gt_object *vault = find_vault(call);
    if (vault == NULL)
        return NULL;
    const json_t *given = json_object_get(call->input, "kmsConfiguration");
    bool own = gt_streq(gt_text_at(given, "/keyType"), "CustomerManagedKey");
    if (own != (gt_text_at(given, "/kmsKeyArn") != NULL))
        return gt_serve_fail(call, "ValidationException",
                             "kmsKeyArn goes with keyType CustomerManagedKey, and only with it");
    json_object_set_new(vault->data, "kmsConfiguration", json_deep_copy(given));
    gt_object_touch(call->local, vault);
    return vault_answer(call, vault);
}

#define IDENTITY                                                                                   \
    "arn:{partition}:bedrock-agentcore:{region}:{account}:workload-identity-directory/default/"    \
    "workload-identity/{name}"

const struct gt_handler gt_workload_identity_handlers[] = {
    {.operation = &gt_op_bedrock_agentcore_control_CreateWorkloadIdentity,
     .run = create,
     .fidelity = GT_MODELLED},
    {.operation = &gt_op_bedrock_agentcore_control_GetWorkloadIdentity,
     .run = get,
     .fidelity = GT_MODELLED,
     .resource = IDENTITY},
    {.operation = &gt_op_bedrock_agentcore_control_UpdateWorkloadIdentity,
     .run = update,
     .fidelity = GT_MODELLED,
     .resource = IDENTITY},
    {.operation = &gt_op_bedrock_agentcore_control_DeleteWorkloadIdentity,
     .run = delete,
     .fidelity = GT_MODELLED,
     .resource = IDENTITY},
    {.operation = &gt_op_bedrock_agentcore_control_ListWorkloadIdentities,
     .run = list,
     .fidelity = GT_MODELLED},
    {.operation = &gt_op_bedrock_agentcore_control_GetTokenVault,
     .run = get_vault,
     .fidelity = GT_GUESSED,
     .note = "one vault, \"default\""},
    {.operation = &gt_op_bedrock_agentcore_control_SetTokenVaultCMK,
     .run = set_vault_key,
     .fidelity = GT_GUESSED,
     .note = "the key is kept and not used"},
    {.operation = NULL},
};
