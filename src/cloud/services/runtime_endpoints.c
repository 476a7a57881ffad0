/* Endpoints of runtimes, among them DEFAULT, which the service makes and moves by itself.
 * https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/agent-runtime-versioning.html
 */
#include "services.h"

#include "../data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

/* Quotas:
 * https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/bedrock-agentcore-limits.html
 */
enum { ENDPOINT_ID_TAIL = 10, ENDPOINTS_MOST = 10 };

static struct gt_object *find_default(struct gt_local *local, const struct gt_object *runtime)
{
    return gt_object_find(local, &gt_kind_runtime_endpoint, runtime->account, runtime->region,
                          runtime->id, "DEFAULT");
}

static struct gt_object *runtime_of(struct gt_local *local, const struct gt_object *endpoint)
{
    return gt_object_find(local, &gt_kind_runtime, endpoint->account, endpoint->region, "",
                          endpoint->parent);
}

/* -- what happens by itself -- */

static void due(struct gt_local *local, struct gt_object *endpoint, const char *what)
{
    struct gt_object *runtime = runtime_of(local, endpoint);
    if (gt_streq(what, "follow")) {
        gt_status_move(local, endpoint, "UPDATING", "READY", gt_local_knob(local)->ready_ms);
    } else if (gt_streq(what, GT_DUE_SETTLE)) {
        gt_status_settle(local, endpoint);
        if (gt_streq(gt_status(endpoint), "READY"))
            json_object_set(endpoint->data, "liveVersion",
                            json_object_get(endpoint->data, "targetVersion"));
        if (runtime != NULL)
            gt_runtime_changed(local, runtime);
    } else {
        gt_object_remove(local, endpoint);
        if (runtime != NULL)
            gt_runtime_changed(local, runtime);
    }
}

const struct gt_kind gt_kind_runtime_endpoint = {
    .name = "runtime_endpoint", .parent = &gt_kind_runtime, .due = due};

void gt_endpoint_add(struct gt_local *local, struct gt_object *runtime, const char *name,
                     const char *version, int64_t delay_ms)
{
    struct gt_object *endpoint = gt_object_new(local, &gt_kind_runtime_endpoint, runtime->account,
                                               runtime->region, runtime->id, name, NULL);
    const char *arn = gt_printf(endpoint->arena, "%s/runtime-endpoint/%s", runtime->arn, name);
    gt_object_set_arn(endpoint, arn);
    gt_set_text(endpoint->data, "name", name);
    gt_set_text(endpoint->data, "id",
                gt_printf(endpoint->arena, "%s-%s", name,
                          gt_random_id(local, endpoint->arena, ENDPOINT_ID_TAIL)));
    gt_set_text(endpoint->data, "agentRuntimeEndpointArn", arn);
    gt_set_text(endpoint->data, "agentRuntimeArn", runtime->arn);
    gt_set_text(endpoint->data, "targetVersion", version);
    gt_status_move(local, endpoint, "CREATING", "READY", delay_ms);
}

/* It wants the new version at once, is READY with the old one for a moment, then UPDATING. */
void gt_endpoint_follow(struct gt_local *local, struct gt_object *runtime)
{
    struct gt_object *endpoint = find_default(local, runtime);
    if (endpoint == NULL)
        return;
    json_object_set(endpoint->data, "targetVersion",
                    json_object_get(runtime->data, "agentRuntimeVersion"));
    gt_object_touch(local, endpoint);
    gt_object_due(local, endpoint, "follow", gt_local_knob(local)->ready_ms / 2);
}

void gt_endpoint_stay(struct gt_local *local, struct gt_object *runtime, const char *reason)
{
    struct gt_object *endpoint = find_default(local, runtime);
    if (endpoint == NULL)
        return;
    json_t *live = json_object_get(endpoint->data, "liveVersion");
    gt_object_due_cancel(local, endpoint, "follow");
    gt_status_set(local, endpoint, live != NULL ? "READY" : "CREATE_FAILED");
    if (live != NULL)
        json_object_set(endpoint->data, "targetVersion", live);
    else
        gt_set_text(endpoint->data, "failureReason", reason);
}

bool gt_endpoint_uses(struct gt_local *local, const struct gt_object *runtime, const char *version)
{
    struct gt_object *at = NULL;
    while ((at = gt_object_next(local, &gt_kind_runtime_endpoint, runtime->account, runtime->region,
                                runtime->id, at)) != NULL) {
        if (gt_streq(gt_text_at(at->data, "/liveVersion"), version) ||
            gt_streq(gt_text_at(at->data, "/targetVersion"), version))
            return true;
    }
    return false;
}

/* -- invocations -- */

/* The version that a qualifier stands for, or NULL. */
static const char *served_version(struct gt_local *local, const struct gt_object *runtime,
                                  const char *qualifier)
{
    if (qualifier[strspn(qualifier, "0123456789")] == '\0') {
        const json_t *version = gt_runtime_version(runtime, qualifier);
        return gt_text_at(version, "/agentRuntimeVersion");
    }
    const struct gt_object *endpoint =
        gt_object_find(local, &gt_kind_runtime_endpoint, runtime->account, runtime->region,
                       runtime->id, qualifier);
    return endpoint != NULL ? gt_text_at(endpoint->data, "/liveVersion") : NULL;
}

struct gt_object *gt_runtime_resolve(struct gt_local *local, const char *runtime_arn,
                                     const char *qualifier, const char **version, const char **code,
                                     const char **message, struct gt_arena *arena)
{
    struct gt_object *runtime = gt_object_find_arn(local, runtime_arn);
    if (qualifier == NULL || *qualifier == '\0')
        qualifier = "DEFAULT";
    if (runtime != NULL && runtime->kind == &gt_kind_runtime &&
        !gt_streq(gt_status(runtime), "DELETING")) {
        const char *found = served_version(local, runtime, qualifier);
        if (found != NULL) {
            *version = gt_strdup(arena, found);
            return runtime;
        }
    }
    *code = "ResourceNotFoundException";
    *message = gt_printf(arena, "No endpoint or agent found with qualifier '%s' for agent '%s'",
                         qualifier, runtime_arn);
    return NULL;
}

/* -- calls -- */

static json_t *shape(const struct gt_object *endpoint)
{
    json_t *doc = json_copy(endpoint->data);
    gt_set_text(doc, "agentRuntimeId", endpoint->parent);
    gt_set_text(doc, "endpointName", endpoint->id);
    json_object_set_new(doc, "createdAt", gt_json_time(endpoint->created_ms));
    json_object_set_new(doc, "lastUpdatedAt", gt_json_time(endpoint->updated_ms));
    return doc;
}

/* What is not there is refused as one that the caller has no right to. */
static struct gt_object *find_runtime(struct gt_serve *call)
{
    const char *id = gt_input_text(call, "/agentRuntimeId");
    struct gt_object *runtime =
        gt_object_find(call->local, &gt_kind_runtime, call->account, call->region, "", id);
    if (runtime == NULL)
        gt_serve_fail(call, "AccessDeniedException", "Agent %s was not found", id);
    return runtime;
}

static struct gt_object *find(struct gt_serve *call)
{
    struct gt_object *runtime = find_runtime(call);
    if (runtime == NULL)
        return NULL;
    const char *name = gt_input_text(call, "/endpointName");
    struct gt_object *endpoint = gt_object_find(call->local, &gt_kind_runtime_endpoint,
                                                call->account, call->region, runtime->id, name);
    if (endpoint == NULL)
        gt_serve_fail(call, "AccessDeniedException", "Endpoint %s of agent %s was not found", name,
                      runtime->id);
    return endpoint;
}

/* The version of the input, or the newest; NULL after failing for one that is not there. */
static const char *wanted_version(struct gt_serve *call, const struct gt_object *runtime)
{
    const char *version = gt_input_text(call, "/agentRuntimeVersion");
    if (version == NULL)
        return gt_text_at(runtime->data, "/agentRuntimeVersion");
    if (gt_runtime_version(runtime, version) != NULL)
        return version;
    gt_serve_fail(call, "ValidationException", "Version %s of agent %s does not exist", version,
                  runtime->id);
    return NULL;
}

static json_t *create(struct gt_serve *call)
{
    struct gt_object *runtime = find_runtime(call);
    if (runtime == NULL)
        return NULL;
    const char *status = gt_status(runtime), *name = gt_input_text(call, "/name");
    if (gt_streq(status, "CREATING") || gt_streq(status, "CREATE_FAILED") ||
        gt_streq(status, "DELETING"))
        return gt_serve_fail(call, "ConflictException", "Agent %s is in %s status", runtime->id,
                             status);
    if (gt_streq(name, "DEFAULT") ||
        gt_object_find(call->local, &gt_kind_runtime_endpoint, call->account, call->region,
                       runtime->id, name) != NULL)
        return gt_serve_fail(call, "ConflictException",
                             "An endpoint with the specified name already exists: %s", name);
    const char *version = wanted_version(call, runtime);
    if (version == NULL || !gt_check_tags(call) ||
        !gt_check_quota(call, &gt_kind_runtime_endpoint, runtime->id, ENDPOINTS_MOST))
        return NULL;
    gt_endpoint_add(call->local, runtime, name, version, gt_local_knob(call->local)->ready_ms);
    struct gt_object *endpoint = gt_object_find(call->local, &gt_kind_runtime_endpoint,
                                                call->account, call->region, runtime->id, name);
    gt_set_text(endpoint->data, "description", gt_input_text(call, "/description"));
    json_object_update(endpoint->tags, gt_at(call->input, "/tags"));
    return gt_answer(call, shape(endpoint));
}

static json_t *get(struct gt_serve *call)
{
    struct gt_object *endpoint = find(call);
    return endpoint != NULL ? gt_answer(call, shape(endpoint)) : NULL;
}

/* What is left out is reset: the description goes, the version becomes the newest. */
static json_t *update(struct gt_serve *call)
{
    struct gt_object *endpoint = find(call);
    if (endpoint == NULL)
        return NULL;
    if (gt_streq(endpoint->id, "DEFAULT"))
        return gt_serve_fail(call, "ConflictException", "The DEFAULT endpoint cannot be updated");
    if (!gt_refuse_busy(call, endpoint, "Endpoint"))
        return NULL;
    const char *version = wanted_version(call, runtime_of(call->local, endpoint));
    if (version == NULL)
        return NULL;
    gt_set_text(endpoint->data, "targetVersion", version);
    gt_set_text(endpoint->data, "description", gt_input_text(call, "/description"));
    gt_status_move(call->local, endpoint, "UPDATING", "READY",
                   gt_local_knob(call->local)->ready_ms);
    return gt_answer(call, shape(endpoint));
}

static json_t *delete (struct gt_serve *call)
{
    struct gt_object *endpoint = find(call);
    if (endpoint == NULL)
        return NULL;
    if (gt_streq(endpoint->id, "DEFAULT"))
        return gt_serve_fail(call, "ConflictException", "The DEFAULT endpoint cannot be deleted");
    if (!gt_refuse_busy(call, endpoint, "Endpoint"))
        return NULL;
    gt_status_delete(call->local, endpoint);
    return gt_answer(call, shape(endpoint));
}

static json_t *list(struct gt_serve *call)
{
    struct gt_object *runtime = find_runtime(call), *at = NULL;
    if (runtime == NULL)
        return NULL;
    const struct gt_shape *summary = gt_shape_at(call->operation->output, "/runtimeEndpoints/*");
    json_auto_t *items = json_array();
    while ((at = gt_object_next(call->local, &gt_kind_runtime_endpoint, call->account, call->region,
                                runtime->id, at)) != NULL) {
        json_auto_t *doc = shape(at);
        json_array_append_new(items, gt_pick(summary, doc));
    }
    return gt_serve_page(call, items, "name");
}

#define ENDPOINT                                                                                   \
    "arn:{partition}:bedrock-agentcore:{region}:{account}:runtime/{agentRuntimeId}/"               \
    "runtime-endpoint/{endpointName}"
#define RUNTIME "arn:{partition}:bedrock-agentcore:{region}:{account}:runtime/{agentRuntimeId}"

const struct gt_handler gt_runtime_endpoint_handlers[] = {
    {.operation = &gt_op_bedrock_agentcore_control_CreateAgentRuntimeEndpoint,
     .run = create,
     .fidelity = GT_MODELLED,
     .resource = RUNTIME},
    {.operation = &gt_op_bedrock_agentcore_control_GetAgentRuntimeEndpoint,
     .run = get,
     .fidelity = GT_MODELLED,
     .resource = ENDPOINT},
    {.operation = &gt_op_bedrock_agentcore_control_UpdateAgentRuntimeEndpoint,
     .run = update,
     .fidelity = GT_MODELLED,
     .note = "that a version left out becomes the newest is a guess",
     .resource = ENDPOINT},
    {.operation = &gt_op_bedrock_agentcore_control_DeleteAgentRuntimeEndpoint,
     .run = delete,
     .fidelity = GT_MODELLED,
     .resource = ENDPOINT},
    {.operation = &gt_op_bedrock_agentcore_control_ListAgentRuntimeEndpoints,
     .run = list,
     .fidelity = GT_MODELLED,
     .resource = RUNTIME},
    {.operation = NULL},
};
