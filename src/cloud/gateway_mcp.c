/*
 * The gateways' own addresses: /gateway/ID/mcp, guarded by the gateway's authorizer and served by
 * an MCP server of its own, and the metadata by which clients find the authorizer (RFC 9728).
 */
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { UNAUTHORIZED = -32001 };

static const char gateway_prefix[] = "/gateway/", mcp_suffix[] = "/mcp";
static const char metadata_prefix[] = "/.well-known/oauth-protected-resource";

static const struct gt_mcp_method methods[] = {
    {.name = "tools/list", .flags = GT_MCP_LIST, .run = gt_gateway_list},
    {.name = "tools/call", .flags = GT_MCP_NAMED, .run = gt_gateway_call_tool},
    {.name = "prompts/list", .flags = GT_MCP_LIST, .run = gt_gateway_list},
    {.name = "prompts/get", .flags = GT_MCP_NAMED, .run = gt_gateway_get_prompt},
    {.name = "resources/list", .flags = GT_MCP_LIST, .run = gt_gateway_list},
    {.name = "resources/templates/list", .flags = GT_MCP_LIST, .run = gt_gateway_list},
    {.name = "resources/read",
     .flags = GT_MCP_NAMED | GT_MCP_LIST,
     .run = gt_gateway_read_resource},
    {0},
};

/* -- calls under way -- */

static void door_free(void *what)
{
    struct gt_door *door = what;
    gt_mcp_server_free(door->server);
    json_decref(door->basis);
    gt_arena_free(door->arena);
}

static void on_cancel(void *payload)
{
    struct gt_visit *visit = payload;
    if (visit->end != NULL)
        visit->end(visit, "the request was cancelled");
}

void gt_visit_begin(struct gt_door *door, struct gt_mcp_call *call, struct gt_visit *visit)
{
    visit->door = door;
    visit->call = call;
    visit->exchange = door->guest;
    visit->next = door->visits;
    door->visits = visit;
    gt_mcp_on_cancel(call, on_cancel, visit);
}

void gt_visit_done(struct gt_visit *visit)
{
    struct gt_door *door = visit->door;
    for (struct gt_visit **at = &door->visits; *at != NULL; at = &(*at)->next) {
        if (*at == visit) {
            *at = visit->next;
            break;
        }
    }
    gt_mcp_on_cancel(visit->call, NULL, NULL);
    if (!door->dropped || door->visits != NULL || door->plane->closing)
        return;
    struct gt_door **at = &door->plane->old_doors;
    while (*at != door)
        at = &(*at)->next;
    *at = door->next;
    gt_plane_later(door->plane, door_free, door);
}

static void end_doors(struct gt_door **list)
{
    while (*list != NULL) {
        struct gt_door *door = *list;
        while (door->visits != NULL)
            door->visits->end(door->visits, "the embedded cloud is ending");
        *list = door->next;
        door_free(door);
    }
}

void gt_door_drop_all(struct gt_plane *plane)
{
    end_doors(&plane->doors);
    end_doors(&plane->old_doors);
}

/* -- doors -- */

static void drop(struct gt_door **at)
{
    struct gt_door *door = *at;
    *at = door->next;
    door->dropped = true;
    if (door->visits == NULL) {
        gt_plane_later(door->plane, door_free, door);
        return;
    }
    door->next = door->plane->old_doors;
    door->plane->old_doors = door;
}

static json_t *basis_of(const struct gt_object *gateway)
{
    return json_pack("{s:O?, s:O?}", "name", json_object_get(gateway->data, "name"), "protocol",
                     json_object_get(gateway->data, "protocolConfiguration"));
}

static const enum gt_mcp_version *versions_of(struct gt_arena *arena, const json_t *names)
{
    enum gt_mcp_version *versions = gt_calloc(arena, json_array_size(names) + 1, sizeof(*versions));
    size_t count = 0, i;
    json_t *name;
    json_array_foreach(gt_iterable(names), i, name)
    {
        enum gt_mcp_version version = gt_mcp_version_find(json_string_value(name));
        if (version != GT_MCP_UNKNOWN)
            versions[count++] = version;
    }
    return count == 0 ? NULL : versions;
}

static struct gt_door *make(struct gt_plane *plane, const struct gt_object *gateway)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_door *door = GT_NEW(arena, struct gt_door);
    json_auto_t *basis = basis_of(gateway);
    door->plane = plane;
    door->arena = arena;
    door->gateway = gt_object_key_of(arena, gateway);
    door->basis = json_deep_copy(basis);
    const json_t *mcp = gt_at(door->basis, "/protocol/mcp");
    door->streams = json_is_true(gt_at(mcp, "/streamingConfiguration/enableResponseStreaming"));
    const char *name = gt_text_at(door->basis, "/name");
    const struct gt_mcp_server_options options = {
        .loop = gt_local_loop(plane->local),
        .server_info =
            gt_pack(arena, "{s:s, s:s}", "name", name == NULL ? "" : name, "version", "1.0.0"),
        .capabilities =
            gt_pack(arena, "{s:{s:b}, s:{}, s:{}, s:o*}", "tools", "listChanged", 0, "prompts",
                    "resources", "logging", door->streams ? json_object() : NULL),
        .instructions = gt_text_at(mcp, "/instructions"),
        .methods = methods,
        .self = door,
        .private_lists = true,
        .versions = versions_of(arena, json_object_get(mcp, "supportedVersions")),
    };
    door->server = gt_mcp_server_new(&options);
    door->next = plane->doors;
    plane->doors = door;
    return door;
}

static struct gt_door *door_of(struct gt_plane *plane, const struct gt_object *gateway)
{
    for (struct gt_door **at = &plane->doors; *at != NULL; at = &(*at)->next) {
        struct gt_door *door = *at;
        if (door->gateway.order != gateway->order ||
            gt_object_again(plane->local, &door->gateway) != gateway)
            continue;
        json_auto_t *basis = basis_of(gateway);
        if (json_equal(basis, door->basis))
            return door;
        drop(at);
        break;
    }
    for (struct gt_door **at = &plane->doors; *at != NULL;) {
        if (gt_object_again(plane->local, &(*at)->gateway) == NULL)
            drop(at);
        else
            at = &(*at)->next;
    }
    return make(plane, gateway);
}

/* -- requests -- */

struct visitor {
    struct gt_local *local;
    struct gt_object_key gateway;
    const char *metadata_url;
};

static void refuse(struct gt_exchange *exchange, int status, int code, const char *message)
{
    json_auto_t *body = gt_rpc_error(NULL, true, code, message, NULL);
    gt_reply_json(exchange, status, body);
}

static struct gt_object *gateway_with_id(struct gt_local *local, const char *id)
{
    for (struct gt_object *at = NULL;
         (at = gt_object_next(local, &gt_kind_gateway, NULL, NULL, NULL, at)) != NULL;)
        if (gt_streq(at->id, id))
            return at;
    return NULL;
}

/* READY, or READY and being changed: what has a URL that answers. */
static bool is_open(const struct gt_object *gateway)
{
    static const char *const open[] = {"READY", "UPDATING", "UPDATE_UNSUCCESSFUL"};
    const char *status = gt_text_at(gateway->data, "/status");
    for (size_t i = 0; i < GT_COUNT(open); i++)
        if (gt_streq(status, open[i]))
            return true;
    return false;
}

static void serve(struct gt_exchange *exchange, const struct visitor *visitor)
{
    static const struct gt_mcp_http_options options = {0};
    struct gt_plane *plane = gt_plane_of(visitor->local);
    struct gt_object *gateway = gt_object_again(visitor->local, &visitor->gateway);
    if (plane == NULL || gateway == NULL) {
        refuse(exchange, 404, GT_RPC_INVALID_REQUEST, "the gateway does not exist");
        return;
    }
    struct gt_door *door = door_of(plane, gateway);
    door->guest = exchange;
    gt_mcp_http_serve(door->server, &options, exchange, door);
    door->guest = NULL;
}

static void on_judged(void *payload, struct gt_exchange *exchange, const struct gt_refusal *refusal,
                      const json_t *claims)
{
    const struct visitor *visitor = payload;
    (void)claims;
    if (refusal != NULL)
        gt_bearer_refuse(exchange, visitor->metadata_url, refusal);
    else
        serve(exchange, visitor);
}

static void by_token(struct gt_exchange *exchange, const struct gt_object *gateway,
                     struct visitor *visitor)
{
    gt_inbound_check(visitor->local, exchange,
                     gt_at(gateway->data, "/authorizerConfiguration/customJWTAuthorizer"),
                     on_judged, visitor);
}

/* The token counts, what is in it does not. */
static void by_any_token(struct gt_exchange *exchange, const struct gt_object *gateway,
                         struct visitor *visitor)
{
    const char *url =
        gt_text_at(gateway->data, "/authorizerConfiguration/customJWTAuthorizer/discoveryUrl");
    json_auto_t *authorizer = json_pack("{s:s*}", "discoveryUrl", url);
    gt_inbound_check(visitor->local, exchange, authorizer, on_judged, visitor);
}

static void by_signature(struct gt_exchange *exchange, const struct gt_object *gateway,
                         struct visitor *visitor)
{
    struct gt_arena *arena = gt_exchange_arena(exchange);
    struct gt_caller caller = {0};
    const char *code = NULL, *message = NULL;
    if (!gt_caller_verify(visitor->local, exchange, &caller, &code, &message)) {
        refuse(exchange, 403, UNAUTHORIZED, gt_printf(arena, "%s: %s", code, message));
        return;
    }
    if (!gt_streq(caller.service, "bedrock-agentcore") ||
        !gt_streq(caller.region, gateway->region)) {
        refuse(exchange, 403, UNAUTHORIZED,
               gt_printf(arena,
                         "InvalidSignatureException: Credential should be scoped to the service "
                         "bedrock-agentcore and the region %s",
                         gateway->region));
        return;
    }
    const struct gt_access access = {.action = "bedrock-agentcore:InvokeGateway",
                                     .resource = gateway->arn,
                                     .context = gt_caller_context(visitor->local, arena, &caller)};
    bool allowed =
        gt_streq(caller.account, gateway->account) &&
        (caller.role_arn == NULL || gt_iam_allows(visitor->local, caller.role_arn,
                                                  caller.session_policy, &access, &message, arena));
    if (allowed)
        serve(exchange, visitor);
    else
        refuse(exchange, 403, UNAUTHORIZED,
               gt_printf(arena,
                         "AccessDeniedException: User: %s is not authorized to perform: %s on "
                         "resource: %s",
                         caller.arn, access.action, access.resource));
}

static void by_nothing(struct gt_exchange *exchange, const struct gt_object *gateway,
                       struct visitor *visitor)
{
    (void)gateway;
    serve(exchange, visitor);
}

static const struct {
    const char *type;
    void (*judge)(struct gt_exchange *exchange, const struct gt_object *gateway,
                  struct visitor *visitor);
} authorizers[] = {
    {"CUSTOM_JWT", by_token},
    {"AUTHENTICATE_ONLY", by_any_token},
    {"AWS_IAM", by_signature},
    {"NONE", by_nothing},
};

static void take_mcp(struct gt_local *local, struct gt_exchange *exchange, const char *base_url,
                     const struct gt_object *gateway)
{
    struct gt_arena *arena = gt_exchange_arena(exchange);
    struct visitor *visitor = GT_NEW(arena, struct visitor);
    visitor->local = local;
    visitor->gateway = gt_object_key_of(arena, gateway);
    visitor->metadata_url = gt_printf(arena, "%s%s%s%s%s", base_url, metadata_prefix,
                                      gateway_prefix, gateway->id, mcp_suffix);
    const char *type = gt_text_at(gateway->data, "/authorizerType");
    for (size_t i = 0; i < GT_COUNT(authorizers); i++) {
        if (gt_streq(authorizers[i].type, type)) {
            authorizers[i].judge(exchange, gateway, visitor);
            return;
        }
    }
    refuse(exchange, 403, UNAUTHORIZED, "the gateway's authorizer type is not known");
}

static void reply_metadata(struct gt_local *local, struct gt_exchange *exchange,
                           const char *resource, const json_t *authorizer)
{
    if (!gt_streq(gt_exchange_request(exchange)->method, "GET")) {
        const struct gt_header allow = {"Allow", "GET"};
        gt_reply(exchange, 405, &allow, 1, "", 0);
        return;
    }
    json_auto_t *document = gt_inbound_metadata(local, resource, authorizer);
    gt_reply_json(exchange, 200, document);
}

/* Metadata of a runtime with a token authorizer: below the prefix, its invocation path. */
static void take_runtime_metadata(struct gt_local *local, struct gt_exchange *exchange,
                                  const char *base_url, const char *path)
{
    struct gt_arena *arena = gt_exchange_arena(exchange);
    const char *start = path + strlen("/runtimes/");
    char *arn = gt_percent_decode(arena, gt_strndup(arena, start, strcspn(start, "/")));
    const struct gt_object *runtime = gt_object_find_arn(local, arn);
    const json_t *authorizer =
        runtime == NULL || runtime->kind != &gt_kind_runtime
            ? NULL
            : gt_at(runtime->data, "/authorizerConfiguration/customJWTAuthorizer");
    if (authorizer == NULL)
        refuse(exchange, 404, GT_RPC_INVALID_REQUEST, "there is no such resource");
    else
        reply_metadata(local, exchange, gt_printf(arena, "%s%s", base_url, path), authorizer);
}

bool gt_gateway_take(struct gt_local *local, struct gt_exchange *exchange, const char *base_url)
{
    struct gt_arena *arena = gt_exchange_arena(exchange);
    const char *path = gt_exchange_request(exchange)->path;
    bool metadata = gt_starts_with(path, metadata_prefix);
    if (metadata)
        path += strlen(metadata_prefix);
    if (metadata && gt_starts_with(path, "/runtimes/")) {
        take_runtime_metadata(local, exchange, base_url, path);
        return true;
    }
    if (!gt_starts_with(path, gateway_prefix)) {
        if (metadata)
            refuse(exchange, 404, GT_RPC_INVALID_REQUEST, "there is no such resource");
        return metadata;
    }
    const char *start = path + strlen(gateway_prefix);
    size_t len = strcspn(start, "/");
    const struct gt_object *gateway = gateway_with_id(local, gt_strndup(arena, start, len));
    if (gateway == NULL || !is_open(gateway) || !gt_streq(start + len, mcp_suffix))
        refuse(exchange, 404, GT_RPC_INVALID_REQUEST, "the gateway does not exist");
    else if (metadata)
        reply_metadata(local, exchange, gt_gateway_url(arena, base_url, gateway->id),
                       gt_at(gateway->data, "/authorizerConfiguration/customJWTAuthorizer"));
    else
        take_mcp(local, exchange, base_url, gateway);
    return true;
}
