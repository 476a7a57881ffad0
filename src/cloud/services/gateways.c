/* AgentCore gateways.
 * https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateGateway.html
 */
#include "services.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

/* Quotas:
 * https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/bedrock-agentcore-limits.html
 */
enum { GATEWAY_ID_TAIL = 10, GATEWAYS_MOST = 1000 };

/* Configuration, all of which an update gives anew. */
static const char *const members[] = {"description",
                                      "roleArn",
                                      "protocolConfiguration",
                                      "authorizerType",
                                      "authorizerConfiguration",
                                      "kmsKeyArn",
                                      "customTransformConfiguration",
                                      "interceptorConfigurations",
                                      "policyEngineConfiguration",
                                      "exceptionLevel",
                                      "wafConfiguration",
                                      NULL};

static const char *const kept[] = {
    "gatewayId", "gatewayArn", "name", "protocolType", "workloadIdentityDetails", NULL};

char *gt_gateway_url(struct gt_arena *arena, const char *base_url, const char *gateway_id)
{
    return gt_printf(arena, "%s/gateway/%s/mcp", base_url, gateway_id);
}

static void due(struct gt_local *local, struct gt_object *gateway, const char *what)
{
    if (gt_streq(what, GT_DUE_SETTLE)) {
        gt_status_settle(local, gateway);
    } else {
        gt_workload_identity_remove(local, gateway);
        gt_object_remove(local, gateway);
    }
}

const struct gt_kind gt_kind_gateway = {.name = "gateway", .due = due};

/* As GetGateway answers. New reference. */
static json_t *shape(const struct gt_serve *call, const struct gt_object *gateway)
{
    json_t *doc = json_copy(gateway->data);
    json_object_set_new(doc, "gatewayUrl",
                        json_string(gt_gateway_url(call->arena, call->base_url, gateway->id)));
    json_object_set_new(doc, "createdAt", gt_json_time(gateway->created_ms));
    json_object_set_new(doc, "updatedAt", gt_json_time(gateway->updated_ms));
    json_t *shown = gt_shown_authorizer(json_object_get(doc, "authorizerConfiguration"));
    if (shown != NULL)
        json_object_set_new(doc, "authorizerConfiguration", shown);
    return doc;
}

bool gt_gateway_check_first(struct gt_serve *call)
{
    const char *id = gt_input_text(call, "/gatewayIdentifier");
    if (id == NULL || !gt_starts_with(id, "arn:"))
        return true;
    const char *resource =
        gt_serve_arn(call, "bedrock-agentcore", gt_printf(call->arena, "gateway/%s", id));
    gt_serve_fail(call, "AccessDeniedException",
                  "User: %s is not authorized to perform: bedrock-agentcore:%s on resource: %s",
                  call->caller_arn, call->operation->name, resource);
    return false;
}

struct gt_object *gt_gateway_of(struct gt_serve *call, bool reading)
{
    const char *id = gt_input_text(call, "/gatewayIdentifier");
    struct gt_object *gateway =
        gt_object_find(call->local, &gt_kind_gateway, call->account, call->region, "", id);
    if (gateway == NULL || (reading && !gt_visible(call->local, gateway)))
        gt_serve_fail(call, "ResourceNotFoundException", "Gateway %s not found", id);
    else
        return gateway;
    return NULL;
}

static bool is_name_free(struct gt_serve *call, const char *name)
{
    struct gt_object *at = NULL;
    while ((at = gt_object_next(call->local, &gt_kind_gateway, call->account, call->region, NULL,
                                at)) != NULL) {
        if (gt_streq(gt_text_at(at->data, "/name"), name)) {
            gt_serve_fail(call, "ConflictException", "A gateway with name %s already exists", name);
            return false;
        }
    }
    return true;
}

/* What goes with what in Create and Update. */
static bool check(struct gt_serve *call, const char *protocol)
{
    const char *type = gt_input_text(call, "/authorizerType");
    bool configured = gt_at(call->input, "/authorizerConfiguration") != NULL;
    if (gt_streq(type, "CUSTOM_JWT") && !configured) {
        gt_serve_fail(call, "ValidationException",
                      "authorizerConfiguration is required with authorizerType %s", type);
        return false;
    }
    if (configured && (gt_streq(type, "AWS_IAM") || gt_streq(type, "NONE"))) {
        gt_serve_fail(call, "ValidationException",
                      "authorizerConfiguration is not allowed with authorizerType %s", type);
        return false;
    }
    if (gt_at(call->input, "/protocolConfiguration") != NULL && protocol == NULL) {
        gt_serve_fail(call, "ValidationException", "protocolConfiguration needs protocolType");
        return false;
    }
    return gt_check_jwt(call);
}

/* The lower-cased name without a hyphen at its end, and ten characters. */
static char *new_id(struct gt_serve *call, const char *name)
{
    char *stem = gt_lower(call->arena, name);
    size_t len = strlen(stem);
    while (len > 1 && stem[len - 1] == '-')
        len--;
    return gt_printf(call->arena, "%.*s-%s", (int)len, stem,
                     gt_random_id(call->local, call->arena, GATEWAY_ID_TAIL));
}

static json_t *create(struct gt_serve *call)
{
    const char *name = gt_input_text(call, "/name"),
               *protocol = gt_input_text(call, "/protocolType");
    if (!is_name_free(call, name) || !check(call, protocol) || !gt_check_tags(call) ||
        !gt_check_quota(call, &gt_kind_gateway, NULL, GATEWAYS_MOST))
        return NULL;
    const char *id = new_id(call, name);
    const char *arn =
        gt_serve_arn(call, "bedrock-agentcore", gt_printf(call->arena, "gateway/%s", id));
    if (!gt_check_role(call, gt_input_text(call, "/roleArn"), arn))
        return NULL;
    struct gt_object *gateway =
        gt_object_new(call->local, &gt_kind_gateway, call->account, call->region, "", id, NULL);
    gt_object_set_arn(gateway, arn);
    gt_members_copy(gateway->data, call->input, members);
    gt_set_text(gateway->data, "protocolType", protocol);
    gt_set_text(gateway->data, "gatewayId", id);
    gt_set_text(gateway->data, "gatewayArn", arn);
    gt_set_text(gateway->data, "name", name);
    gt_put_at(gateway->data, "/workloadIdentityDetails/workloadIdentityArn",
              json_string(gt_workload_identity_add(call->local, gateway)));
    json_object_update(gateway->tags, gt_at(call->input, "/tags"));
    gt_status_move(call->local, gateway, "CREATING", "READY", gt_local_knob(call->local)->ready_ms);
    return gt_answer(call, shape(call, gateway));
}

static json_t *get(struct gt_serve *call)
{
    struct gt_object *gateway = gt_gateway_of(call, true);
    return gateway != NULL ? gt_answer(call, shape(call, gateway)) : NULL;
}

static json_t *list(struct gt_serve *call)
{
    const struct gt_shape *summary = gt_shape_at(call->operation->output, "/items/*");
    json_auto_t *items = json_array();
    struct gt_object *at = NULL;
    while ((at = gt_object_next(call->local, &gt_kind_gateway, call->account, call->region, NULL,
                                at)) != NULL) {
        json_auto_t *doc = gt_visible(call->local, at) ? shape(call, at) : NULL;
        if (doc != NULL)
            json_array_append_new(items, gt_pick(summary, doc));
    }
    return gt_serve_page(call, items, "gatewayId");
}

/* Whether every supported version of the call was supported before. */
static bool expands_versions(const struct gt_serve *call, const struct gt_object *gateway)
{
    static const char versions[] = "/protocolConfiguration/mcp/supportedVersions";
    const json_t *old = gt_at(gateway->data, versions);
    size_t index, at;
    json_t *version, *known;
    if (gt_json_empty(old))
        return false;
    json_array_foreach(gt_iterable(gt_at(call->input, versions)), index, version)
    {
        bool found = false;
        json_array_foreach(gt_iterable(old), at, known) found = found || json_equal(version, known);
        if (!found)
            return true;
    }
    return false;
}

/* What cannot change: name, type of authorizer and new versions were seen, the others are guesses.
 */
static bool check_update(struct gt_serve *call, const struct gt_object *gateway)
{
    static const char search[] = "/protocolConfiguration/mcp/searchType";
    const char *problem = NULL, *protocol = gt_input_text(call, "/protocolType");
    if (!gt_streq(gt_input_text(call, "/name"), gt_text_at(gateway->data, "/name")))
        problem = "The name of a gateway cannot be changed";
    else if (!gt_streq(gt_input_text(call, "/authorizerType"),
                       gt_text_at(gateway->data, "/authorizerType")))
        problem = "The authorizerType of a gateway cannot be changed";
    else if (expands_versions(call, gateway))
        problem = "supportedVersions of a gateway cannot be expanded after its creation";
    else if (!gt_streq(gt_input_text(call, search), gt_text_at(gateway->data, search)))
        problem = "searchType of a gateway cannot be changed";
    else if (protocol != NULL && !gt_streq(protocol, gt_text_at(gateway->data, "/protocolType")))
        problem = "protocolType of a gateway cannot be changed";
    if (problem != NULL)
        gt_serve_fail(call, "ValidationException", "%s", problem);
    return problem == NULL;
}

static json_t *update(struct gt_serve *call)
{
    struct gt_object *gateway = gt_gateway_of(call, false);
    if (gateway == NULL || !gt_refuse_busy(call, gateway, "Gateway"))
        return NULL;
    const char *protocol = gt_input_text(call, "/protocolType");
    if (protocol == NULL)
        protocol = gt_text_at(gateway->data, "/protocolType");
    if (!check(call, protocol) || !check_update(call, gateway) ||
        !gt_check_role(call, gt_input_text(call, "/roleArn"), gateway->arn))
        return NULL;
    json_t *data = json_object();
    gt_members_copy(data, gateway->data, kept);
    gt_members_copy(data, call->input, members);
    json_decref(gateway->data);
    gateway->data = data;
    gt_status_move(call->local, gateway, "UPDATING", "READY", gt_local_knob(call->local)->ready_ms);
    return gt_answer(call, shape(call, gateway));
}

/* Refused while there are targets, also such that are being deleted. */
static json_t *delete (struct gt_serve *call)
{
    struct gt_object *gateway = gt_gateway_of(call, false);
    if (gateway == NULL || !gt_refuse_busy(call, gateway, "Gateway"))
        return NULL;
    if (gt_object_next(call->local, &gt_kind_target, call->account, call->region, gateway->id,
                       NULL) != NULL) {
        gt_serve_fail(call, "ValidationException",
                      "Gateway has targets associated with it. Delete all targets before deleting "
                      "the gateway");
        gt_serve_fail_member(call, "reason", json_string("ResourceConflict"));
        return NULL;
    }
    gt_status_delete(call->local, gateway);
    return gt_answer(call, shape(call, gateway));
}

#define GATEWAY "arn:{partition}:bedrock-agentcore:{region}:{account}:gateway/{gatewayIdentifier}"

const struct gt_handler gt_gateway_handlers[] = {
    {.operation = &gt_op_bedrock_agentcore_control_CreateGateway,
     .run = create,
     .fidelity = GT_MODELLED,
     .note = "a policy engine is accepted by its ARN and not evaluated; interceptors, WAF and KMS "
             "keys are kept and not used"},
    {.operation = &gt_op_bedrock_agentcore_control_GetGateway,
     .run = get,
     .check_first = gt_gateway_check_first,
     .fidelity = GT_MODELLED,
     .resource = GATEWAY},
    {.operation = &gt_op_bedrock_agentcore_control_ListGateways,
     .run = list,
     .fidelity = GT_MODELLED},
    {.operation = &gt_op_bedrock_agentcore_control_UpdateGateway,
     .run = update,
     .check_first = gt_gateway_check_first,
     .fidelity = GT_MODELLED,
     .note = "that searchType and protocolType cannot change is a guess",
     .resource = GATEWAY},
    {.operation = &gt_op_bedrock_agentcore_control_DeleteGateway,
     .run = delete,
     .check_first = gt_gateway_check_first,
     .fidelity = GT_MODELLED,
     .resource = GATEWAY},
    {.operation = NULL},
};
