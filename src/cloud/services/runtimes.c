/* AgentCore runtimes and their versions.
 * https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateAgentRuntime.html
 */
#include "services.h"

#include "../data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <stdlib.h>

/* Quotas:
 * https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/bedrock-agentcore-limits.html
 */
enum { RUNTIME_ID_TAIL = 10, RUNTIMES_MOST = 1000, IDLE_S = 900, LIFE_S = 28800 };

/* Configuration, all of which an update gives anew. */
static const char *const members[] = {"agentRuntimeArtifact",
                                      "roleArn",
                                      "networkConfiguration",
                                      "description",
                                      "authorizerConfiguration",
                                      "requestHeaderConfiguration",
                                      "protocolConfiguration",
                                      "lifecycleConfiguration",
                                      "metadataConfiguration",
                                      "environmentVariables",
                                      "filesystemConfigurations",
                                      "capacityProviderConfiguration",
                                      NULL};

static const char *const kept[] = {"agentRuntimeArn", "agentRuntimeId", "agentRuntimeName",
                                   "workloadIdentityDetails", NULL};

/* -- what happens by itself -- */

/* The service makes a log group for each endpoint that it starts. */
static void add_log_group(struct gt_local *local, const struct gt_object *runtime)
{
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    const char *name = gt_printf(arena, "/aws/bedrock-agentcore/runtimes/%s-DEFAULT", runtime->id);
    gt_log_group_ensure(local, runtime->account, runtime->region, name);
}

static void settle(struct gt_local *local, struct gt_object *runtime)
{
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    bool creating = gt_streq(gt_status(runtime), "CREATING");
    const char *obstacle = gt_runtime_obstacle(local, runtime, arena);
    if (obstacle == NULL) {
        gt_status_settle(local, runtime);
        add_log_group(local, runtime);
        return;
    }
    gt_status_set(local, runtime, creating ? "CREATE_FAILED" : "UPDATE_FAILED");
    gt_set_text(runtime->data, "failureReason", obstacle);
    gt_endpoint_stay(local, runtime, obstacle);
}

static void due(struct gt_local *local, struct gt_object *runtime, const char *what)
{
    if (gt_streq(what, GT_DUE_SETTLE)) {
        settle(local, runtime);
    } else if (gt_streq(what, "endpoint")) {
        gt_endpoint_add(local, runtime, "DEFAULT", "1", gt_local_knob(local)->ready_ms);
        const char *reason = gt_text_at(runtime->data, "/failureReason");
        if (reason != NULL)
            gt_endpoint_stay(local, runtime, reason);
    } else {
        gt_workload_identity_remove(local, runtime);
        gt_object_remove(local, runtime);
    }
}

static void gone(struct gt_local *local, struct gt_object *runtime, bool closing)
{
    if (!closing)
        gt_runtime_changed(local, runtime);
}

const struct gt_kind gt_kind_runtime = {.name = "runtime", .due = due, .gone = gone};

/* -- versions -- */

static const char *newest(const struct gt_object *runtime)
{
    return gt_text_at(runtime->data, "/agentRuntimeVersion");
}

static void set_default(json_t *data, const char *pointer, json_t *value)
{
    if (gt_at(data, pointer) == NULL)
        gt_put_at(data, pointer, value);
    else
        json_decref(value);
}

/* A new version of the input's configuration; what is left out gets its default. */
static void set_version(struct gt_serve *call, struct gt_object *runtime, const char *version)
{
    json_t *data = json_object();
    gt_members_copy(data, runtime->data, kept);
    gt_members_copy(data, call->input, members);
    set_default(data, "/lifecycleConfiguration/idleRuntimeSessionTimeout", json_integer(IDLE_S));
    set_default(data, "/lifecycleConfiguration/maxLifetime", json_integer(LIFE_S));
    set_default(data, "/networkConfiguration/networkMode", json_string("PUBLIC"));
    set_default(data, "/protocolConfiguration/serverProtocol", json_string("HTTP"));
    if (gt_at(data, "/networkConfiguration/networkModeConfig") != NULL)
        gt_put_at(data, "/networkConfiguration/networkModeConfig/requireServiceS3Endpoint",
                  json_false());
    static const char *const empty[] = {"environmentVariables", "filesystemConfigurations"};
    for (size_t i = 0; i < GT_COUNT(empty); i++) {
        if (gt_json_empty(json_object_get(data, empty[i])))
            json_object_del(data, empty[i]);
    }
    gt_set_text(data, "agentRuntimeVersion", version);
    json_t *copy = json_deep_copy(data);
    json_object_set_new(copy, "lastUpdatedAt", gt_json_time(gt_local_now_ms(call->local)));
    if (json_object_get(runtime->hidden, "versions") == NULL)
        json_object_set_new(runtime->hidden, "versions", json_object());
    json_object_set_new(json_object_get(runtime->hidden, "versions"), version, copy);
    json_decref(runtime->data);
    runtime->data = data;
}

/* -- answers -- */

/* As GetAgentRuntime answers for a version; NULL: the newest. New reference. */
static json_t *shape(const struct gt_object *runtime, const char *version)
{
    bool old = version != NULL && !gt_streq(version, newest(runtime));
    json_t *doc =
        json_copy(gt_iterable(old ? gt_runtime_version(runtime, version) : runtime->data));
    if (old)
        gt_set_text(doc, "status", "READY");
    else
        json_object_set_new(doc, "lastUpdatedAt", gt_json_time(runtime->updated_ms));
    json_object_set_new(doc, "createdAt", gt_json_time(runtime->created_ms));
    json_t *shown = gt_shown_authorizer(json_object_get(doc, "authorizerConfiguration"));
    if (shown != NULL)
        json_object_set_new(doc, "authorizerConfiguration", shown);
    return doc;
}

static json_t *summary(const struct gt_serve *call, const struct gt_object *runtime,
                       const char *version)
{
    json_auto_t *doc = shape(runtime, version);
    set_default(doc, "/description", json_string(""));
    return gt_pick(gt_shape_at(call->operation->output, "/agentRuntimes/*"), doc);
}

/* -- checks -- */

/* A runtime with a command of its own needs no image. */
static bool has_command(const struct gt_serve *call, const char *name)
{
    return gt_object_find(call->local, &gt_kind_command, call->account, call->region, "", name) !=
           NULL;
}

static bool check(struct gt_serve *call, const char *name, const char *arn)
{
    const char *mode = gt_input_text(call, "/networkConfiguration/networkMode");
    const json_t *network = gt_at(call->input, "/networkConfiguration/networkModeConfig");
    const char *problem = NULL;
    if (json_object_get(network, "requireServiceS3Endpoint") != NULL)
        problem = "requireServiceS3Endpoint cannot be set";
    else if (gt_streq(mode, "VPC") != (network != NULL))
        problem = "networkModeConfig goes with network mode VPC, and only with it";
    else if (gt_input_number(call, "/lifecycleConfiguration/idleRuntimeSessionTimeout", IDLE_S) >
             gt_input_number(call, "/lifecycleConfiguration/maxLifetime", LIFE_S))
        problem = "idleRuntimeSessionTimeout must not exceed maxLifetime";
    if (problem != NULL) {
        gt_serve_fail(call, "ValidationException", "%s", problem);
        return false;
    }
    const char *role = gt_input_text(call, "/roleArn");
    const char *uri =
        gt_input_text(call, "/agentRuntimeArtifact/containerConfiguration/containerUri");
    return gt_check_jwt(call) && gt_check_role(call, role, arn) &&
           (uri == NULL || gt_check_image(call, role, uri, !has_command(call, name)));
}

static bool is_name_free(struct gt_serve *call, const char *name)
{
    struct gt_object *at = NULL;
    while ((at = gt_object_next(call->local, &gt_kind_runtime, call->account, call->region, NULL,
                                at)) != NULL) {
        if (gt_streq(gt_text_at(at->data, "/agentRuntimeName"), name)) {
            gt_serve_fail(call, "ConflictException",
                          "An agent with the specified name already exists in your account: %s",
                          name);
            return false;
        }
    }
    return true;
}

static struct gt_object *find(struct gt_serve *call, bool reading)
{
    const char *id = gt_input_text(call, "/agentRuntimeId");
    struct gt_object *runtime =
        gt_object_find(call->local, &gt_kind_runtime, call->account, call->region, "", id);
    if (runtime != NULL && (!reading || gt_visible(call->local, runtime)))
        return runtime;
    gt_serve_fail(call, "ResourceNotFoundException",
                  "No endpoint or agent found with qualifier 'DEFAULT' for agent '%s'", id);
    return NULL;
}

/* -- calls -- */

static json_t *create(struct gt_serve *call)
{
    const char *name = gt_input_text(call, "/agentRuntimeName");
    const char *id = gt_printf(call->arena, "%s-%s", name,
                               gt_random_id(call->local, call->arena, RUNTIME_ID_TAIL));
    const char *arn =
        gt_serve_arn(call, "bedrock-agentcore", gt_printf(call->arena, "runtime/%s", id));
    if (!is_name_free(call, name) || !check(call, name, arn) || !gt_check_tags(call) ||
        !gt_check_quota(call, &gt_kind_runtime, NULL, RUNTIMES_MOST))
        return NULL;
    struct gt_object *runtime =
        gt_object_new(call->local, &gt_kind_runtime, call->account, call->region, "", id, NULL);
    gt_object_set_arn(runtime, arn);
    gt_set_text(runtime->data, "agentRuntimeArn", arn);
    gt_set_text(runtime->data, "agentRuntimeId", id);
    gt_set_text(runtime->data, "agentRuntimeName", name);
    gt_put_at(runtime->data, "/workloadIdentityDetails/workloadIdentityArn",
              json_string(gt_workload_identity_add(call->local, runtime)));
    json_object_update(runtime->tags, gt_at(call->input, "/tags"));
    set_version(call, runtime, "1");
    int64_t ready_ms = gt_local_knob(call->local)->ready_ms;
    gt_status_move(call->local, runtime, "CREATING", "READY", ready_ms);
    gt_object_due(call->local, runtime, "endpoint", ready_ms / 2);
    return gt_answer(call, shape(runtime, NULL));
}

static json_t *get(struct gt_serve *call)
{
    struct gt_object *runtime = find(call, true);
    const char *version = gt_input_text(call, "/agentRuntimeVersion");
    if (runtime == NULL)
        return NULL;
    if (version != NULL && gt_runtime_version(runtime, version) == NULL)
        return gt_serve_fail(call, "ResourceNotFoundException", "Version %s of agent %s not found",
                             version, runtime->id);
    return gt_answer(call, shape(runtime, version));
}

/* Each update is a new version, even without a change; DEFAULT moves to it by itself. */
static json_t *update(struct gt_serve *call)
{
    static const char code[] = "/agentRuntimeArtifact/codeConfiguration";
    struct gt_object *runtime = find(call, false);
    if (runtime == NULL || !gt_refuse_busy(call, runtime, "Agent"))
        return NULL;
    if ((gt_at(call->input, code) != NULL) != (gt_at(runtime->data, code) != NULL))
        return gt_serve_fail(call, "ValidationException",
                             "The kind of artifact of an agent cannot be changed");
    if (!check(call, gt_text_at(runtime->data, "/agentRuntimeName"), runtime->arn))
        return NULL;
    long number = strtol(newest(runtime), NULL, 10) + 1;
    set_version(call, runtime, gt_printf(call->arena, "%ld", number));
    gt_status_move(call->local, runtime, "UPDATING", "READY", gt_local_knob(call->local)->ready_ms);
    gt_endpoint_follow(call->local, runtime);
    return gt_answer(call, shape(runtime, NULL));
}

static json_t *delete_version(struct gt_serve *call, struct gt_object *runtime, const char *version)
{
    if (gt_runtime_version(runtime, version) == NULL)
        return gt_serve_fail(call, "ResourceNotFoundException", "Version %s of agent %s not found",
                             version, runtime->id);
    if (gt_streq(version, newest(runtime)) || gt_endpoint_uses(call->local, runtime, version))
        return gt_serve_fail(call, "ConflictException", "Version %s of agent %s is in use", version,
                             runtime->id);
    json_object_del(json_object_get(runtime->hidden, "versions"), version);
    gt_object_touch(call->local, runtime);
    return json_pack("{s:s, s:s, s:s}", "status", "DELETING", "agentRuntimeId", runtime->id,
                     "agentRuntimeVersion", version);
}

/* A runtime that is not there is refused as one that the caller has no right to. */
static json_t *delete (struct gt_serve *call)
{
    const char *id = gt_input_text(call, "/agentRuntimeId"),
               *version = gt_input_text(call, "/agentRuntimeVersion");
    struct gt_object *runtime =
        gt_object_find(call->local, &gt_kind_runtime, call->account, call->region, "", id);
    if (runtime == NULL)
        return gt_serve_fail(
            call, "AccessDeniedException",
            "User: %s is not authorized to perform: bedrock-agentcore:DeleteAgentRuntime on "
            "resource: %s",
            call->caller_arn,
            gt_serve_arn(call, "bedrock-agentcore", gt_printf(call->arena, "runtime/%s", id)));
    if (!gt_refuse_busy(call, runtime, "Agent"))
        return NULL;
    if (version != NULL)
        return delete_version(call, runtime, version);
    struct gt_object *at = NULL;
    while ((at = gt_object_next(call->local, &gt_kind_runtime_endpoint, call->account, call->region,
                                id, at)) != NULL) {
        if (!gt_streq(at->id, "DEFAULT"))
            return gt_serve_fail(call, "ConflictException",
                                 "Agent %s has endpoints that must be deleted first", id);
    }
    gt_object_due_cancel(call->local, runtime, "endpoint");
    gt_status_delete(call->local, runtime);
    gt_runtime_changed(call->local, runtime);
    return json_pack("{s:s, s:s}", "status", "DELETING", "agentRuntimeId", id);
}

static json_t *list(struct gt_serve *call)
{
    json_auto_t *items = json_array();
    struct gt_object *at = NULL;
    while ((at = gt_object_next(call->local, &gt_kind_runtime, call->account, call->region, NULL,
                                at)) != NULL) {
        if (gt_visible(call->local, at))
            json_array_append_new(items, summary(call, at, NULL));
    }
    return gt_serve_page(call, items, "agentRuntimeId");
}

static json_t *list_versions(struct gt_serve *call)
{
    struct gt_object *runtime = find(call, false);
    if (runtime == NULL)
        return NULL;
    json_auto_t *items = json_array();
    long last = strtol(newest(runtime), NULL, 10);
    for (long number = 1; number <= last; number++) {
        const char *version = gt_printf(call->arena, "%ld", number);
        if (gt_runtime_version(runtime, version) != NULL)
            json_array_append_new(items, summary(call, runtime, version));
    }
    return gt_serve_page(call, items, "agentRuntimeVersion");
}

#define RUNTIME "arn:{partition}:bedrock-agentcore:{region}:{account}:runtime/{agentRuntimeId}"

const struct gt_handler gt_runtime_handlers[] = {
    {.operation = &gt_op_bedrock_agentcore_control_CreateAgentRuntime,
     .run = create,
     .fidelity = GT_MODELLED,
     .note = "VPC mode, file systems and capacity providers are kept and not used"},
    {.operation = &gt_op_bedrock_agentcore_control_GetAgentRuntime,
     .run = get,
     .fidelity = GT_MODELLED,
     .resource = RUNTIME},
    {.operation = &gt_op_bedrock_agentcore_control_UpdateAgentRuntime,
     .run = update,
     .fidelity = GT_MODELLED,
     .resource = RUNTIME},
    {.operation = &gt_op_bedrock_agentcore_control_DeleteAgentRuntime,
     .run = delete,
     .fidelity = GT_MODELLED,
     .note = "that named endpoints must be deleted first is a guess",
     .resource = RUNTIME},
    {.operation = &gt_op_bedrock_agentcore_control_ListAgentRuntimes,
     .run = list,
     .fidelity = GT_MODELLED},
    {.operation = &gt_op_bedrock_agentcore_control_ListAgentRuntimeVersions,
     .run = list_versions,
     .fidelity = GT_MODELLED,
     .resource = RUNTIME},
    {.operation = NULL},
};
