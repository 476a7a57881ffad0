/* What a version adds to messages: _meta, and headers that mirror the body. Source: MCP
 * specification, "Base protocol" and "Transports" of each version. */
#include "client_parts.h"

#include <gantry/base/base64.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

#define META "io.modelcontextprotocol/"
static const char meta_version[] = META "protocolVersion";
static const char meta_client[] = META "clientInfo";
static const char meta_capabilities[] = META "clientCapabilities";
static const char meta_log_level[] = META "logLevel";

enum gt_mcp_version gt_client_request_version(const struct gt_mcp_open *open)
{
    if (open->handshake)
        return gt_streq(open->method, "initialize") ? GT_MCP_LATEST_LEGACY : GT_MCP_2026_07_28;
    return open->client->link.version;
}

static void set_modern_meta(json_t *meta, const struct gt_mcp_client_options *options,
                            enum gt_mcp_version version)
{
    json_object_set_new(meta, meta_version, json_string(gt_mcp_version_name(version)));
    if (json_object_get(meta, meta_capabilities) == NULL)
        json_object_set_new(meta, meta_capabilities, json_object());
    if (json_object_get(meta, meta_client) == NULL)
        json_object_set_new(
            meta, meta_client,
            json_pack("{s:s, s:s}", "name", options->name, "version", options->version));
}

/* A caller that passes on what it got has the keys of another version, and another's token. */
static void drop_foreign_meta(json_t *meta, bool modern)
{
    json_object_del(meta, "progressToken");
    if (modern)
        return;
    json_object_del(meta, meta_version);
    json_object_del(meta, meta_client);
    json_object_del(meta, meta_capabilities);
    json_object_del(meta, meta_log_level);
}

json_t *gt_client_message(const struct gt_mcp_open *open)
{
    enum gt_mcp_version version = gt_client_request_version(open);
    bool modern = gt_mcp_is_modern(version);
    json_t *params = open->params != NULL ? json_copy(gt_iterable(open->params)) : json_object();
    const json_t *given = json_object_get(params, "_meta");
    json_t *meta = json_is_object(given) ? json_copy(gt_iterable(given)) : json_object();
    if (params == NULL || meta == NULL)
        gt_die("out of memory");
    drop_foreign_meta(meta, modern);
    if (modern)
        set_modern_meta(meta, &open->client->options, version);
    if (open->on_notification != NULL)
        json_object_set_new(meta, "progressToken", json_integer(open->id));
    if (json_object_size(meta) > 0)
        json_object_set(params, "_meta", meta);
    else
        json_object_del(params, "_meta");
    json_decref(meta);
    json_auto_t *id = json_integer(open->id);
    return gt_rpc_request(id, open->method, params);
}

static bool is_wrapped(const char *value)
{
    return gt_starts_with(value, "=?base64?") && gt_ends_with(value, "?=");
}

/* Visible ASCII stands as it is; the rest in base64, as well as what looks like it. */
static const char *header_value(struct gt_arena *arena, const char *value)
{
    size_t len = strlen(value);
    bool plain = len > 0 && value[0] != ' ' && value[len - 1] != ' ' && !is_wrapped(value);
    for (const char *c = value; plain && *c != '\0'; c++)
        plain = *c >= ' ' && *c <= '~';
    return plain ? value : gt_printf(arena, "=?base64?%s?=", gt_base64(arena, value, len));
}

static void add(struct gt_arena *arena, gt_header_vec *headers, const char *name, const char *value)
{
    *GT_PUSH(arena, headers) = (struct gt_header){name, value};
}

/* The parameter that Mcp-Name mirrors. */
static const struct {
    const char *method, *pointer;
} named[] = {
    {"tools/call", "/name"},
    {"prompts/get", "/name"},
    {"resources/read", "/uri"},
};

static const char *argument_text(struct gt_arena *arena, const json_t *value)
{
    if (json_is_string(value))
        return header_value(arena, json_string_value(value));
    if (json_is_boolean(value))
        return json_is_true(value) ? "true" : "false";
    if (json_is_integer(value))
        return gt_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return NULL;
}

static void add_mirrored(struct gt_arena *arena, const struct gt_link *link, const json_t *params,
                         gt_header_vec *headers)
{
    const char *tool = gt_text_at(params, "/name");
    const json_t *list = tool != NULL ? json_object_get(link->mirrored, tool) : NULL;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i), *path = json_object_get(entry, "path");
        const json_t *at = json_object_get(params, "arguments");
        for (size_t j = 0; at != NULL && j < json_array_size(path); j++)
            at = json_object_get(at, json_string_value(json_array_get(path, j)));
        const char *value = argument_text(arena, at);
        if (value != NULL)
            add(arena, headers, gt_printf(arena, "Mcp-Param-%s", gt_text_at(entry, "/header")),
                value);
    }
}

void gt_client_headers(struct gt_arena *arena, const struct gt_link *link, const json_t *message,
                       gt_header_vec *headers)
{
    if (link->version_name != NULL)
        add(arena, headers, "MCP-Protocol-Version", link->version_name);
    if (link->session != NULL)
        add(arena, headers, "Mcp-Session-Id", link->session);
    struct gt_rpc rpc = gt_rpc_read(message);
    if (!gt_mcp_is_modern(link->version) || rpc.method == NULL)
        return;
    add(arena, headers, "Mcp-Method", header_value(arena, rpc.method));
    for (size_t i = 0; i < GT_COUNT(named); i++) {
        const char *name =
            gt_streq(rpc.method, named[i].method) ? gt_text_at(rpc.params, named[i].pointer) : NULL;
        if (name != NULL)
            add(arena, headers, "Mcp-Name", header_value(arena, name));
    }
    if (gt_streq(rpc.method, "tools/call"))
        add_mirrored(arena, link, rpc.params, headers);
}

enum { SCHEMA_DEPTH_MAX = 32 };

static bool is_token(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (*c <= ' ' || *c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", *c) != NULL)
            return false;
    return *text != '\0';
}

/* Annotations count on properties that are reached through "properties" alone. */
static void note_properties(json_t *list, const json_t *schema, const json_t *path, int depth)
{
    const char *name;
    json_t *property, *properties = json_object_get(schema, "properties");
    if (depth > SCHEMA_DEPTH_MAX || !json_is_object(properties))
        return;
    json_object_foreach(properties, name, property)
    {
        json_auto_t *here = json_copy(gt_iterable(path));
        json_array_append_new(here, json_string(name));
        const char *header = gt_text_at(property, "/x-mcp-header");
        if (header != NULL && is_token(header))
            json_array_append_new(list, json_pack("{s:O, s:s}", "path", here, "header", header));
        note_properties(list, property, here, depth + 1);
    }
}

void gt_client_note_tools(struct gt_link *link, const json_t *result)
{
    size_t i;
    json_t *tool;
    json_auto_t *root = json_array();
    json_array_foreach(json_object_get(result, "tools"), i, tool)
    {
        const char *name = gt_text_at(tool, "/name");
        json_auto_t *list = json_array();
        note_properties(list, json_object_get(tool, "inputSchema"), root, 0);
        if (name == NULL || link->arena == NULL)
            continue;
        if (link->mirrored == NULL)
            link->mirrored = gt_keep(link->arena, json_object());
        if (json_array_size(list) > 0)
            json_object_set(link->mirrored, name, list);
        else
            json_object_del(link->mirrored, name);
    }
}
