/* InvokeAgentRuntime: which runtime and version, whether the caller may, and which sessions the
 * request belongs to. Source: AgentCore API and developer guide, "Invoke an agent runtime". */
#include "call.h"
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

static const char runtimes_prefix[] = "/runtimes/", invocations[] = "/invocations";
static const char session_header[] = "x-amzn-bedrock-agentcore-runtime-session-id";
static const char mismatch[] =
    "Authorization method mismatch. The agent is configured for a different authorization method "
    "than what was used in your request. Check the agent's authorization configuration and ensure "
    "your request uses the matching method (OAuth or SigV4)";

enum { SESSION_MIN = 33, SESSION_MAX = 256, DEPTH = 64 };

static const json_t *authorizer_of(const struct gt_object *runtime)
{
    return gt_at(runtime->data, "/authorizerConfiguration/customJWTAuthorizer");
}

/* Stateful servers give the id of a session in their answer to initialize, so that request gets
 * none; every other one that has none does. */
static bool is_initialize(const struct gt_request *request, struct gt_arena *arena)
{
    const char *method = gt_request_header(request, "mcp-method"), *problem = NULL;
    if (method != NULL)
        return gt_streq(method, "initialize");
    json_auto_t *message = gt_rpc_parse(arena, request->body, request->body_len, DEPTH, &problem);
    return gt_streq(gt_text_at(message, "/method"), "initialize");
}

static void set_sessions(struct gt_invocation *invocation)
{
    const struct gt_request *request = gt_exchange_request(invocation->exchange);
    struct gt_arena *arena = gt_exchange_arena(invocation->exchange);
    const struct gt_sys *sys = gt_loop_sys(gt_local_loop(invocation->plane->local));
    invocation->session = gt_request_header(request, session_header);
    if (invocation->session == NULL)
        invocation->session = gt_uuid(sys, arena);
    invocation->mcp_session = gt_request_header(request, "mcp-session-id");
    if (invocation->mcp_session == NULL && gt_streq(invocation->path, gt_protocol_path("MCP")) &&
        !is_initialize(request, arena))
        invocation->mcp_session = invocation->session;
}

/* With the knob `cold` the calls of gateways find no server that others have not started. */
static bool is_warm(struct gt_invocation *invocation, struct gt_object *runtime,
                    const char *version)
{
    struct gt_local *local = invocation->plane->local;
    if (!gt_local_knob(local)->cold)
        return true;
    bool warm = json_object_get(json_object_get(runtime->hidden, "warm"), version) != NULL;
    if (!warm && gt_exchange_is_own(invocation->exchange)) {
        gt_invocation_fail(invocation, "InternalServerException",
                           "The runtime has not started yet");
        return false;
    }
    if (!warm) {
        if (json_object_get(runtime->hidden, "warm") == NULL)
            json_object_set_new(runtime->hidden, "warm", json_object());
        json_object_set_new(json_object_get(runtime->hidden, "warm"), version, json_true());
        gt_object_changed(local, runtime);
    }
    return true;
}

static void invoke(struct gt_invocation *invocation, struct gt_object *runtime, const char *version)
{
    struct gt_arena *arena = gt_exchange_arena(invocation->exchange);
    const json_t *data = gt_runtime_version(runtime, version);
    if (!is_warm(invocation, runtime, version))
        return;
    if (data == NULL) {
        gt_invocation_fail(invocation, "ResourceNotFoundException",
                           "The version of the runtime does not exist");
        return;
    }
    invocation->path = gt_protocol_path(gt_text_at(data, "/protocolConfiguration/serverProtocol"));
    invocation->allowed = gt_keep(
        arena, json_deep_copy(gt_at(data, "/requestHeaderConfiguration/requestHeaderAllowlist")));
    invocation->backend = gt_backend_of(invocation->plane, runtime, version);
    set_sessions(invocation);
    gt_runtime_proxy(invocation);
}

/* What a runtime must be before anything is sent to it. Fails the invocation otherwise. */
static bool is_callable(struct gt_invocation *invocation, const struct gt_object *runtime,
                        const char *version)
{
    const char *status = gt_text_at(runtime->data, "/status");
    bool newest = gt_streq(gt_text_at(runtime->data, "/agentRuntimeVersion"), version);
    if (gt_streq(status, "READY") || (!newest && !gt_streq(status, "DELETING")))
        return true;
    const char *reason = gt_text_at(runtime->data, "/failureReason");
    gt_invocation_fail(invocation, "ValidationException",
                       gt_printf(gt_exchange_arena(invocation->exchange),
                                 "The runtime is in status %s and cannot be invoked%s%s", status,
                                 reason == NULL ? "" : ": ", reason == NULL ? "" : reason));
    return false;
}

/* Who speaks for a user needs a permission for that too. */
static const struct {
    const char *action, *header; /* only for requests with this header */
} needed[] = {
    {"bedrock-agentcore:InvokeAgentRuntime", NULL},
    {"bedrock-agentcore:InvokeAgentRuntimeForUser", "x-amzn-bedrock-agentcore-runtime-user-id"},
};

/* `access` gets what was asked last. */
static bool may_invoke(struct gt_serve *call, const struct gt_object *runtime,
                       const char *qualifier, struct gt_access *access)
{
    const struct gt_request *request = gt_exchange_request(call->exchange);
    const char *why = NULL;
    const char *const resources[] = {
        runtime->arn,
        gt_printf(call->arena, "%s/runtime-endpoint/%s", runtime->arn,
                  qualifier == NULL ? "DEFAULT" : qualifier),
    };
    for (size_t i = 0; i < GT_COUNT(needed) * GT_COUNT(resources); i++) {
        const char *header = needed[i / GT_COUNT(resources)].header;
        if (header != NULL && gt_request_header(request, header) == NULL)
            continue;
        *access = (struct gt_access){.action = needed[i / GT_COUNT(resources)].action,
                                     .resource = resources[i % GT_COUNT(resources)]};
        if (!gt_streq(call->account, runtime->account) || !gt_serve_allowed(call, access, &why))
            return false;
    }
    return true;
}

/* The path takes an ARN, or an id with the account as a parameter. */
static const char *arn_of(struct gt_serve *call)
{
    const char *given = gt_input_text(call, "/agentRuntimeArn");
    const char *account = gt_input_text(call, "/accountId");
    if (gt_starts_with(given, "arn:"))
        return given;
    return gt_printf(call->arena, "arn:%s:bedrock-agentcore:%s:%s:runtime/%s", call->partition,
                     call->region, account == NULL ? call->account : account, given);
}

void gt_runtime_invoke(struct gt_serve *call)
{
    const char *version = NULL, *code = NULL, *message = NULL;
    const char *qualifier = gt_input_text(call, "/qualifier");
    struct gt_access access = {0};
    struct gt_plane *plane = gt_plane_of(call->local);
    struct gt_object *runtime = gt_runtime_resolve(call->local, arn_of(call), qualifier, &version,
                                                   &code, &message, call->arena);
    struct gt_invocation *invocation =
        GT_NEW(gt_exchange_arena(call->exchange), struct gt_invocation);
    invocation->exchange = call->exchange;
    invocation->call = call;
    invocation->plane = plane;
    invocation->request_id = call->request_id;
    invocation->body = gt_buf_init(0);
    if (plane == NULL)
        gt_invocation_fail(invocation, "InternalServerException", "The embedded cloud is ending");
    else if (runtime == NULL)
        gt_invocation_fail(invocation, code, message);
    else if (!may_invoke(call, runtime, qualifier, &access))
        gt_invocation_fail(invocation, "AccessDeniedException",
                           gt_printf(call->arena,
                                     "User: %s is not authorized to perform: %s on resource: %s",
                                     call->caller_arn, access.action, access.resource));
    else if (authorizer_of(runtime) != NULL)
        gt_invocation_fail(invocation, "AccessDeniedException", mismatch);
    else if (is_callable(invocation, runtime, version))
        invoke(invocation, runtime, version);
}

/* -- with a bearer token -- */

struct bearer {
    struct gt_invocation invocation;
    struct gt_local *local;
    const char *arn, *qualifier, *metadata_url;
};

static void on_judged(void *payload, struct gt_exchange *exchange, const struct gt_refusal *refusal,
                      const json_t *claims)
{
    struct bearer *bearer = payload;
    struct gt_invocation *invocation = &bearer->invocation;
    const char *version = NULL, *code = NULL, *message = NULL;
    (void)claims;
    if (refusal != NULL) {
        gt_bearer_refuse(exchange, bearer->metadata_url, refusal);
        return;
    }
    invocation->plane = gt_plane_of(bearer->local);
    struct gt_object *runtime =
        gt_runtime_resolve(bearer->local, bearer->arn, bearer->qualifier, &version, &code, &message,
                           gt_exchange_arena(exchange));
    if (invocation->plane == NULL)
        gt_invocation_fail(invocation, "InternalServerException", "The embedded cloud is ending");
    else if (runtime == NULL)
        gt_invocation_fail(invocation, code, message);
    else if (is_callable(invocation, runtime, version))
        invoke(invocation, runtime, version);
}

/* The path's ARN; NULL when the path is none of an invocation. */
static const char *arn_of_path(struct gt_arena *arena, const char *path)
{
    if (!gt_starts_with(path, runtimes_prefix))
        return NULL;
    const char *start = path + strlen(runtimes_prefix);
    size_t len = strcspn(start, "/");
    if (!gt_streq(start + len, invocations))
        return NULL;
    return gt_percent_decode(arena, gt_strndup(arena, start, len));
}

bool gt_runtime_take_bearer(struct gt_local *local, struct gt_exchange *exchange,
                            const char *base_url)
{
    struct gt_arena *arena = gt_exchange_arena(exchange);
    const struct gt_request *request = gt_exchange_request(exchange);
    const char *authorization = gt_request_header(request, "authorization");
    const char *arn = arn_of_path(arena, request->path);
    if (arn == NULL || (authorization != NULL && gt_starts_with(authorization, "AWS4-")))
        return false;
    const char *request_id = gt_uuid(gt_loop_sys(gt_local_loop(local)), arena);
    const char *session = gt_request_header(request, session_header);
    const struct gt_object *runtime = gt_object_find_arn(local, arn);
    if (authorization == NULL &&
        (runtime == NULL || runtime->kind != &gt_kind_runtime || authorizer_of(runtime) == NULL))
        return false; /* neither token nor signature, and no token is wanted */
    if (!gt_streq(request->method, "POST")) {
        const struct gt_header allow = {"Allow", "POST"};
        gt_reply(exchange, 405, &allow, 1, "", 0);
    } else if (runtime == NULL || runtime->kind != &gt_kind_runtime) {
        gt_runtime_fail(exchange, request_id, "ResourceNotFoundException",
                        gt_printf(arena, "No endpoint or agent found for agent '%s'",
                                  gt_one_line(arena, arn, 300)));
    } else if (authorizer_of(runtime) == NULL) {
        gt_runtime_fail(exchange, request_id, "AccessDeniedException", mismatch);
    } else if (session != NULL &&
               (strlen(session) < SESSION_MIN || strlen(session) > SESSION_MAX)) {
        gt_runtime_fail(exchange, request_id, "ValidationException",
                        "The runtime session id must have 33 to 256 characters");
    } else {
        struct bearer *bearer = GT_NEW(arena, struct bearer);
        bearer->local = local;
        bearer->arn = arn;
        bearer->qualifier = gt_request_query(request, arena, "qualifier");
        bearer->metadata_url =
            gt_printf(arena, "%s/.well-known/oauth-protected-resource%s", base_url, request->path);
        bearer->invocation.exchange = exchange;
        bearer->invocation.request_id = request_id;
        bearer->invocation.body = gt_buf_init(0);
        gt_inbound_check(local, exchange, authorizer_of(runtime), on_judged, bearer);
    }
    return true;
}
