/* Targets of AgentCore gateways: their life, the connection to MCP servers, synchronisation.
 * https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateGatewayTarget.html
 */
#include "targets.h"

#include "../data_plane.h"

#include <ctype.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>

enum { TARGET_ID = 10 };

static const char *const members[] = {
    "description",           "targetConfiguration", "credentialProviderConfigurations",
    "metadataConfiguration", "privateEndpoint",     NULL};
static const char *const kept[] = {"gatewayArn", "targetId", "name", "lastSynchronizedAt", NULL};

/* What is going on with a target, and what comes of it. */
static const struct verb {
    const char *name, *pending, *failed, *consent;
} verbs[] = {
    {"create", "CREATING", "FAILED", "CREATE_PENDING_AUTH"},
    {"update", "UPDATING", "UPDATE_UNSUCCESSFUL", "UPDATE_PENDING_AUTH"},
    {"synchronize", "SYNCHRONIZING", "SYNCHRONIZE_UNSUCCESSFUL", "SYNCHRONIZE_PENDING_AUTH"},
};
enum { CREATE, UPDATE, SYNCHRONIZE };

/* -- what happens by itself -- */

/* After gt_target_list: the outcome shows when the time to READY has passed too. */
static void listed(struct gt_local *local, struct gt_object *target, const char *reason,
                   const json_t *tools)
{
    int64_t now = gt_local_now_ms(local),
            wait = json_integer_value(json_object_get(target->hidden, "settleMs")) - now;
    json_object_del(target->hidden, "connecting");
    if (reason != NULL) {
        const struct verb *verb =
            &verbs[json_integer_value(json_object_get(target->hidden, "verb"))];
        gt_set_text(target->hidden, "next", verb->failed);
        gt_set_text(target->hidden, "reason", reason);
    } else {
        gt_set_text(target->hidden, "next", "READY");
        json_object_set_new(target->hidden, "listed", json_deep_copy(tools));
    }
    gt_object_touch(local, target);
    gt_object_due(local, target, GT_DUE_SETTLE, wait > 0 ? wait : 0);
}

static void settle(struct gt_local *local, struct gt_object *target)
{
    const char *reason = gt_text_at(target->hidden, "/reason");
    json_t *tools = json_object_get(target->hidden, "listed");
    gt_status_settle(local, target);
    if (reason != NULL) {
        json_object_set_new(target->data, "statusReasons", json_pack("[s]", reason));
    } else if (tools != NULL) {
        int64_t now = gt_local_now_ms(local);
        json_object_set(target->hidden, "tools", tools);
        json_object_set_new(target->hidden, "listedMs", json_integer(now));
        if (gt_target_is_listed(target->data))
            json_object_set_new(target->data, "lastSynchronizedAt", gt_json_time(now));
    } else {
        json_object_del(target->hidden, "tools");
    }
    json_object_del(target->hidden, "listed");
    json_object_del(target->hidden, "reason");
}

static void due(struct gt_local *local, struct gt_object *target, const char *what)
{
    if (gt_streq(what, "connect"))
        gt_target_list(local, target, listed);
    else if (gt_streq(what, GT_DUE_SETTLE))
        settle(local, target);
    else if (gt_streq(what, "show"))
        gt_set_text(target->hidden, "shown", NULL);
    else
        gt_object_remove(local, target);
}

/* A connection that was under way when the cloud stopped. */
static void loaded(struct gt_local *local, struct gt_object *target)
{
    if (json_object_get(target->hidden, "connecting") != NULL)
        gt_object_due(local, target, "connect", 0);
}

const struct gt_kind gt_kind_target = {
    .name = "target", .parent = &gt_kind_gateway, .due = due, .loaded = loaded};

/* CREATING, UPDATING or SYNCHRONIZING, and what comes of it. The call succeeds in any case: a
 * server that cannot be reached makes the target fail, and doing it again evaluates anew. */
static void start(struct gt_local *local, struct gt_object *target, int what)
{
    const struct verb *verb = &verbs[what];
    int64_t ready_ms = gt_local_knob(local)->ready_ms;
    bool consent = gt_target_needs_consent(target->data) && gt_local_knob(local)->pending_auth;
    gt_status_move(local, target, verb->pending, consent ? verb->consent : "READY", ready_ms);
    json_object_del(target->hidden, "reason");
    json_object_del(target->hidden, "listed");
    if (consent || gt_target_is_dynamic(target))
        return;
    gt_object_due_cancel(local, target, GT_DUE_SETTLE);
    json_object_set_new(target->hidden, "verb", json_integer(what));
    json_object_set_new(target->hidden, "connecting", json_true());
    json_object_set_new(target->hidden, "settleMs",
                        json_integer(gt_local_now_ms(local) + ready_ms));
    gt_object_due(local, target, "connect", 0);
}

/* -- answers -- */

/* A gateway with a policy engine lets this header through to every target. */
static void add_policy_header(json_t *doc)
{
    static const char header[] = "x-amzn-bedrock-agentcore-policy-session-id";
    static const char place[] = "/metadataConfiguration/allowedRequestHeaders";
    if (gt_at(doc, place) == NULL)
        gt_put_at(doc, place, json_array());
    size_t index;
    json_t *name, *headers = gt_at(doc, place);
    json_array_foreach(headers, index, name)
    {
        if (gt_streq(json_string_value(name), header))
            return;
    }
    json_array_append_new(headers, json_string(header));
}

static void add_defaults(json_t *doc)
{
    if (json_object_get(doc, "credentialProviderConfigurations") == NULL)
        json_object_set_new(doc, "credentialProviderConfigurations", json_array());
    struct gt_target_shape shape = gt_target_shape(doc);
    json_object_set_new(doc, "protocolType",
                        json_string(gt_streq(shape.family, "mcp") ? "MCP" : "HTTP"));
    if (!gt_streq(shape.kind, "mcpServer"))
        return;
    if (gt_at(shape.configuration, "/listingMode") == NULL)
        gt_put_at(doc, "/targetConfiguration/mcp/mcpServer/listingMode", json_string("DEFAULT"));
    if (gt_at(shape.configuration, "/resourcePriority") == NULL)
        gt_put_at(doc, "/targetConfiguration/mcp/mcpServer/resourcePriority", json_integer(1000));
}

/* As GetGatewayTarget answers. New reference. */
static json_t *shape(const struct gt_serve *call, const struct gt_object *gateway,
                     const struct gt_object *target)
{
    json_t *doc = json_deep_copy(target->data);
    json_object_set_new(doc, "createdAt", gt_json_time(target->created_ms));
    json_object_set_new(doc, "updatedAt", gt_json_time(target->updated_ms));
    const char *shown = gt_text_at(target->hidden, "/shown");
    if (shown != NULL)
        gt_set_text(doc, "status", shown);
    add_defaults(doc);
    if (gt_at(gateway->data, "/policyEngineConfiguration") != NULL)
        add_policy_header(doc);
    if (gt_ends_with(gt_status(target), "_PENDING_AUTH")) {
        gt_put_at(doc, "/authorizationData/oauth2/authorizationUrl",
                  json_string(gt_printf(call->arena,
                                        "https://bedrock-agentcore.%s.amazonaws.com/identities/"
                                        "oauth2/authorize?request_uri=urn%%3Aietf%%3Aparams%%3A"
                                        "oauth%%3Arequest_uri%%3A%s",
                                        call->region, target->id)));
        gt_put_at(doc, "/authorizationData/oauth2/userId", json_string(gateway->id));
    }
    return doc;
}

static const struct {
    const char *kind, *type;
} types[] = {
    {"openApiSchema", "OPEN_API_SCHEMA"}, {"smithyModel", "SMITHY_MODEL"},
    {"mcpServer", "MCP_SERVER"},          {"lambda", "LAMBDA"},
    {"apiGateway", "API_GATEWAY"},        {"agentcoreRuntime", "AGENTCORE_RUNTIME"},
    {"passthrough", "PASSTHROUGH"},       {"provider", "PROVIDER"},
    {"connector", "CONNECTOR"},
};

/* What only the summaries of a listing have. */
static void add_summary(json_t *doc)
{
    struct gt_target_shape shape = gt_target_shape(doc);
    for (size_t i = 0; i < GT_COUNT(types); i++) {
        if (gt_streq(shape.kind, types[i].kind))
            gt_set_text(doc, "targetType", types[i].type);
    }
    if (gt_streq(shape.family, "http") && gt_streq(shape.kind, "connector"))
        gt_set_text(doc, "targetType", "HTTP_CONNECTOR");
    static const char *const shown[] = {"listingMode", "resourcePriority", NULL};
    gt_members_copy(doc, shape.configuration, shown);
}

/* -- calls -- */

static struct gt_object *find_target(struct gt_serve *call, const struct gt_object *gateway,
                                     const char *id)
{
    bool reading = call->operation == &gt_op_bedrock_agentcore_control_GetGatewayTarget;
    struct gt_object *target =
        gt_object_find(call->local, &gt_kind_target, call->account, call->region, gateway->id, id);
    if (target != NULL && (!reading || gt_visible(call->local, target)))
        return target;
    gt_serve_fail(call, "ResourceNotFoundException", "Target %s not found for gateway %s", id,
                  gateway->id);
    return NULL;
}

/* The gateway and the target that the member at `pointer` names; false after failing. */
static bool find_both(struct gt_serve *call, const char *pointer, struct gt_object **gateway,
                      struct gt_object **target)
{
    *gateway = gt_gateway_of(call, false);
    *target = *gateway == NULL ? NULL : find_target(call, *gateway, gt_input_text(call, pointer));
    return *target != NULL;
}

static bool is_name_free(struct gt_serve *call, const struct gt_object *gateway, const char *name)
{
    struct gt_object *at = NULL;
    while ((at = gt_object_next(call->local, &gt_kind_target, call->account, call->region,
                                gateway->id, at)) != NULL) {
        if (gt_streq(gt_text_at(at->data, "/name"), name)) {
            gt_serve_fail(call, "ConflictException",
                          "A target with name %s already exists in gateway %s", name, gateway->id);
            return false;
        }
    }
    return true;
}

static char *upper(char *text)
{
    for (char *c = text; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    return text;
}

static json_t *create(struct gt_serve *call)
{
    struct gt_object *gateway = gt_gateway_of(call, false);
    if (gateway == NULL)
        return NULL;
    const char *status = gt_status(gateway);
    if (!gt_streq(status, "READY") && !gt_streq(status, "UPDATE_UNSUCCESSFUL"))
        return gt_serve_fail(
            call, "ValidationException",
            "Cannot perform operation CreateGatewayTarget when gateway is in %s status", status);
    char *tail = gt_random_id(call->local, call->arena, TARGET_ID);
    const char *name = gt_input_text(call, "/name");
    if (name == NULL)
        name = gt_printf(call->arena, "target-%s", tail);
    if (!is_name_free(call, gateway, name) || !gt_target_check(call, gateway))
        return NULL;
    const char *id = upper(gt_strdup(call->arena, tail));
    struct gt_object *target = gt_object_new(call->local, &gt_kind_target, call->account,
                                             call->region, gateway->id, id, NULL);
    gt_members_copy(target->data, call->input, members);
    add_defaults(target->data);
    gt_set_text(target->data, "gatewayArn", gateway->arn);
    gt_set_text(target->data, "targetId", id);
    gt_set_text(target->data, "name", name);
    start(call->local, target, CREATE);
    return gt_answer(call, shape(call, gateway, target));
}

static json_t *get(struct gt_serve *call)
{
    struct gt_object *gateway, *target;
    return find_both(call, "/targetId", &gateway, &target)
               ? gt_answer(call, shape(call, gateway, target))
               : NULL;
}

static json_t *list(struct gt_serve *call)
{
    struct gt_object *gateway = gt_gateway_of(call, false);
    if (gateway == NULL)
        return NULL;
    const struct gt_shape *summary = gt_shape_at(call->operation->output, "/items/*");
    json_auto_t *items = json_array();
    struct gt_object *at = NULL;
    while ((at = gt_object_next(call->local, &gt_kind_target, call->account, call->region,
                                gateway->id, at)) != NULL) {
        if (!gt_visible(call->local, at))
            continue;
        json_auto_t *doc = shape(call, gateway, at);
        add_summary(doc);
        json_array_append_new(items, gt_pick(summary, doc));
    }
    return gt_serve_page(call, items, "targetId");
}

/* Of a target that waits for somebody's consent, nothing can be changed. */
static bool refuse_busy(struct gt_serve *call, const struct gt_object *target, int what)
{
    if (!gt_refuse_busy(call, target, "Target"))
        return false;
    if (!gt_ends_with(gt_status(target), "_PENDING_AUTH"))
        return true;
    gt_serve_fail(call, "ConflictException", "Cannot %s target %s in %s status",
                  what >= 0 ? verbs[what].name : "delete", target->id, gt_status(target));
    return false;
}

static bool check_update(struct gt_serve *call, const struct gt_object *target)
{
    const char *name = gt_input_text(call, "/name");
    if (name != NULL && !gt_streq(name, gt_text_at(target->data, "/name"))) {
        gt_serve_fail(call, "ValidationException", "The name of a target cannot be changed");
        return false;
    }
    struct gt_target_shape now = gt_target_shape(target->data), then = gt_target_shape(call->input);
    if (!gt_streq(now.family, then.family) || !gt_streq(now.kind, then.kind)) {
        gt_serve_fail(call, "ValidationException", "The kind of a target cannot be changed");
        return false;
    }
    return true;
}

static json_t *update(struct gt_serve *call)
{
    struct gt_object *gateway, *target;
    if (!find_both(call, "/targetId", &gateway, &target) || !refuse_busy(call, target, UPDATE) ||
        !check_update(call, target) || !gt_target_check(call, gateway))
        return NULL;
    json_t *data = json_object();
    gt_members_copy(data, target->data, kept);
    gt_members_copy(data, call->input, members);
    add_defaults(data);
    json_decref(target->data);
    target->data = data;
    start(call->local, target, UPDATE);
    return gt_answer(call, shape(call, gateway, target));
}

/* Reads show the old status for a moment, then DELETING, then nothing. */
static json_t *delete (struct gt_serve *call)
{
    struct gt_object *gateway, *target;
    if (!find_both(call, "/targetId", &gateway, &target) || !refuse_busy(call, target, -1))
        return NULL;
    const char *old = gt_strdup(call->arena, gt_status(target));
    gt_status_delete(call->local, target);
    json_t *answer = gt_answer(call, shape(call, gateway, target));
    gt_set_text(target->hidden, "shown", old);
    gt_object_due(call->local, target, "show", gt_local_knob(call->local)->delete_ms / 3);
    return answer;
}

static json_t *synchronize(struct gt_serve *call)
{
    struct gt_object *gateway, *target;
    if (!find_both(call, "/targetIdList/0", &gateway, &target))
        return NULL;
    if (!gt_target_is_listed(target->data))
        return gt_serve_fail(call, "ValidationException",
                             "Only MCP server targets with listing mode DEFAULT and without "
                             "mcpToolSchema can be synchronized");
    if (!refuse_busy(call, target, SYNCHRONIZE))
        return NULL;
    start(call->local, target, SYNCHRONIZE);
    json_auto_t *doc = shape(call, gateway, target);
    json_t *output = json_object(), *targets = json_array();
    json_array_append_new(targets,
                          gt_pick(gt_shape_at(call->operation->output, "/targets/*"), doc));
    json_object_set_new(output, "targets", targets);
    return output;
}

#define GATEWAY "arn:{partition}:bedrock-agentcore:{region}:{account}:gateway/{gatewayIdentifier}"

const struct gt_handler gt_target_handlers[] = {
    {.operation = &gt_op_bedrock_agentcore_control_CreateGatewayTarget,
     .run = create,
     .check_first = gt_gateway_check_first,
     .fidelity = GT_MODELLED,
     .note = "tools of OpenAPI, Smithy and API Gateway targets and of schemas in S3 are not "
             "derived; a Lambda function need not exist",
     .resource = GATEWAY},
    {.operation = &gt_op_bedrock_agentcore_control_GetGatewayTarget,
     .run = get,
     .check_first = gt_gateway_check_first,
     .fidelity = GT_MODELLED,
     .resource = GATEWAY},
    {.operation = &gt_op_bedrock_agentcore_control_ListGatewayTargets,
     .run = list,
     .check_first = gt_gateway_check_first,
     .fidelity = GT_MODELLED,
     .resource = GATEWAY},
    {.operation = &gt_op_bedrock_agentcore_control_UpdateGatewayTarget,
     .run = update,
     .check_first = gt_gateway_check_first,
     .fidelity = GT_MODELLED,
     .resource = GATEWAY},
    {.operation = &gt_op_bedrock_agentcore_control_DeleteGatewayTarget,
     .run = delete,
     .check_first = gt_gateway_check_first,
     .fidelity = GT_MODELLED,
     .note = "refused in a PENDING_AUTH status, as the model says",
     .resource = GATEWAY},
    {.operation = &gt_op_bedrock_agentcore_control_SynchronizeGatewayTargets,
     .run = synchronize,
     .check_first = gt_gateway_check_first,
     .fidelity = GT_MODELLED,
     .resource = GATEWAY},
    {.operation = NULL},
};
