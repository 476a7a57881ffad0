#include "work.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

static void initialize(void *self, struct gt_mcp_call *call);
static void discover(void *self, struct gt_mcp_call *call);
static void ping(void *self, struct gt_mcp_call *call);
static void set_level(void *self, struct gt_mcp_call *call);

/* What every server serves; a row of the server's own comes first. Their `self` is the server. */
static const struct gt_mcp_method own_methods[] = {
    {"initialize", GT_MCP_LEGACY, initialize},
    {"ping", GT_MCP_LEGACY, ping},
    {"logging/setLevel", GT_MCP_LEGACY, set_level},
    {"server/discover", GT_MCP_MODERN | GT_MCP_LIST, discover},
    {"subscriptions/listen", GT_MCP_MODERN, gt_mcp_listen},
    {NULL, 0, NULL},
};

bool gt_mcp_supports(const struct gt_mcp_server *server, enum gt_mcp_version version)
{
    return version != GT_MCP_UNKNOWN && (server->supported & 1U << version) != 0;
}

enum gt_mcp_version gt_mcp_negotiate(const struct gt_mcp_server *server, const json_t *params)
{
    enum gt_mcp_version wanted =
        gt_mcp_version_find(json_string_value(json_object_get(params, "protocolVersion")));
    if (!gt_mcp_is_modern(wanted) && gt_mcp_supports(server, wanted))
        return wanted;
    for (int v = GT_MCP_LATEST_LEGACY; v > GT_MCP_UNKNOWN; v--)
        if (gt_mcp_supports(server, (enum gt_mcp_version)v))
            return (enum gt_mcp_version)v;
    return GT_MCP_UNKNOWN;
}

static const struct gt_mcp_method *find(const struct gt_mcp_method *rows, const char *name,
                                        bool modern)
{
    unsigned excluded = modern ? GT_MCP_LEGACY : GT_MCP_MODERN;
    for (; rows != NULL && rows->name != NULL; rows++)
        if ((rows->flags & excluded) == 0 && strcmp(rows->name, name) == 0)
            return rows;
    return NULL;
}

const struct gt_mcp_method *gt_mcp_find_method(const struct gt_mcp_server *server, const char *name,
                                               enum gt_mcp_version version)
{
    bool modern = gt_mcp_is_modern(version);
    const struct gt_mcp_method *row = find(server->options.methods, name, modern);
    if (row == NULL)
        row = find(own_methods, name, modern);
    if (row != NULL && row->run == set_level && !gt_mcp_offers(server, "/logging"))
        return NULL;
    return row;
}

json_t *gt_mcp_version_data(const struct gt_mcp_server *server, const char *requested)
{
    return json_pack("{s:O, s:s*}", "supported", server->supported_names, "requested", requested);
}

static const char only_batches[] = "batches are served at 2025-03-26 only";

const char *gt_mcp_batch_problem(const struct gt_mcp_server *server, const json_t *messages,
                                 enum gt_mcp_version version)
{
    enum { MOST = 100 };
    size_t count = json_array_size(messages);
    if ((version != GT_MCP_UNKNOWN && version != GT_MCP_2025_03_26) ||
        !gt_mcp_supports(server, GT_MCP_2025_03_26))
        return only_batches;
    if (count > MOST)
        return "the batch has too many messages";
    return count == 0 ? "the batch is empty" : NULL;
}

const char *gt_mcp_batch_member_problem(const struct gt_rpc *rpc)
{
    const json_t *meta = json_object_get(rpc->params, "_meta");
    const json_t *version = json_object_get(meta, GT_META_VERSION);
    const char *own = gt_mcp_version_name(GT_MCP_2025_03_26);
    if (rpc->method != NULL && strcmp(rpc->method, "initialize") == 0)
        return "initialize does not go into a batch";
    return version == NULL || gt_streq(json_string_value(version), own) ? NULL : only_batches;
}

bool gt_mcp_offers(const struct gt_mcp_server *server, const char *pointer)
{
    const json_t *value = gt_at(server->options.capabilities, pointer);
    return json_is_object(value) || json_is_true(value);
}

static void initialize(void *self, struct gt_mcp_call *call)
{
    struct gt_mcp_server *server = call->server;
    (void)self;
    if (!json_is_string(json_object_get(call->params, "protocolVersion"))) {
        gt_mcp_error(call, GT_RPC_INVALID_PARAMS, "protocolVersion is missing", NULL);
        return;
    }
    enum gt_mcp_version version = gt_mcp_negotiate(server, call->params);
    gt_mcp_result(
        call, json_pack("{s:s, s:O, s:O, s:s*}", "protocolVersion", gt_mcp_version_name(version),
                        "capabilities", server->options.capabilities, "serverInfo",
                        server->options.server_info, "instructions", server->options.instructions));
}

static void discover(void *self, struct gt_mcp_call *call)
{
    struct gt_mcp_server *server = call->server;
    (void)self;
    gt_mcp_result(call, json_pack("{s:O, s:O, s:s*}", "supportedVersions", server->supported_names,
                                  "capabilities", server->options.capabilities, "instructions",
                                  server->options.instructions));
}

static void ping(void *self, struct gt_mcp_call *call)
{
    (void)self;
    gt_mcp_result(call, NULL);
}

int gt_mcp_log_level(const char *name)
{
    static const char *const levels[] = {"debug", "info",     "notice", "warning",
                                         "error", "critical", "alert",  "emergency"};
    for (size_t i = 0; i < GT_COUNT(levels); i++)
        if (gt_streq(name, levels[i]))
            return (int)i;
    return -1;
}

/* Over HTTP there is no connection to remember it for: every request is alone. */
static void set_level(void *self, struct gt_mcp_call *call)
{
    struct gt_mcp_work *work = (struct gt_mcp_work *)call;
    int level = gt_mcp_log_level(json_string_value(json_object_get(call->params, "level")));
    (void)self;
    if (level < 0) {
        gt_mcp_error(call, GT_RPC_INVALID_PARAMS, "level is none of the log levels", NULL);
        return;
    }
    if (work->log_level != NULL)
        *work->log_level = level;
    gt_mcp_result(call, NULL);
}

static void set_versions(struct gt_mcp_server *server)
{
    const enum gt_mcp_version *only = server->options.versions;
    if (only == NULL)
        server->supported = ~0U;
    for (; only != NULL && *only != GT_MCP_UNKNOWN; only++)
        server->supported |= 1U << *only;
    server->supported_names = gt_keep(server->arena, json_array());
    for (int v = GT_MCP_2026_07_28; v > GT_MCP_UNKNOWN; v--)
        if (gt_mcp_supports(server, (enum gt_mcp_version)v))
            json_array_append_new(server->supported_names,
                                  json_string(gt_mcp_version_name((enum gt_mcp_version)v)));
}

static void write_info(struct gt_mcp_server *server)
{
    json_auto_t *meta = json_pack("{s:O}", GT_META_SERVER_INFO, server->options.server_info);
    gt_arena_free(server->told);
    server->told = gt_arena_new();
    server->info = gt_json_canonical(server->told, meta);
}

struct gt_mcp_server *gt_mcp_server_new(const struct gt_mcp_server_options *options)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_mcp_server *server = GT_NEW(arena, struct gt_mcp_server);
    server->arena = arena;
    server->options = *options;
    server->empty = gt_keep(arena, json_object());
    server->text = gt_buf_init((size_t)256 * 1024 * 1024);
    set_versions(server);
    write_info(server);
    return server;
}

void gt_mcp_server_describe(struct gt_mcp_server *server,
                            const struct gt_mcp_server_options *options)
{
    server->options.server_info = options->server_info;
    server->options.instructions = options->instructions;
    server->options.ttl_ms = options->ttl_ms;
    server->options.private_lists = options->private_lists;
    write_info(server);
}

void gt_mcp_server_quiesce(struct gt_mcp_server *server)
{
    server->quiescing = true;
    gt_mcp_end_listeners(server);
}

size_t gt_mcp_server_open(const struct gt_mcp_server *server)
{
    size_t count = 0;
    for (const struct gt_mcp_work *work = server->open; work != NULL; work = work->next)
        count++;
    return count;
}

void gt_mcp_server_free(struct gt_mcp_server *server)
{
    if (server == NULL)
        return;
    gt_mcp_end_listeners(server);
    while (server->open != NULL)
        gt_mcp_work_abandon(server->open);
    gt_buf_done(&server->text);
    gt_arena_free(server->told);
    gt_arena_free(server->arena);
}
