/*
 * The Model Context Protocol: versions, eras, error codes, JSON-RPC messages. Pure.
 * Source: the MCP specification of the versions named; JSON-RPC 2.0.
 */
#ifndef GANTRY_MCP_PROTOCOL_H
#define GANTRY_MCP_PROTOCOL_H

#include <gantry/base/arena.h>
#include <stdbool.h>

enum gt_mcp_version {
    GT_MCP_UNKNOWN, /* none that we speak */
    GT_MCP_2025_03_26,
    GT_MCP_2025_06_18,
    GT_MCP_2025_11_25,
    GT_MCP_2026_07_28
};
#define GT_MCP_LATEST_LEGACY GT_MCP_2025_11_25 /* of those with the initialize handshake */

const char *gt_mcp_version_name(enum gt_mcp_version version); /* "2025-11-25" */
enum gt_mcp_version gt_mcp_version_find(const char *name);    /* NULL: UNKNOWN */
/* From 2026-07-28 on: no handshake, version and capabilities in every request's _meta. */
bool gt_mcp_is_modern(enum gt_mcp_version version);

enum gt_rpc_code {
    GT_RPC_PARSE_ERROR = -32700,
    GT_RPC_INVALID_REQUEST = -32600,
    GT_RPC_METHOD_NOT_FOUND = -32601,
    GT_RPC_INVALID_PARAMS = -32602,
    GT_RPC_INTERNAL_ERROR = -32603,
    GT_MCP_RESOURCE_NOT_FOUND = -32002, /* legacy only */
    GT_MCP_HEADER_MISMATCH = -32020,
    GT_MCP_MISSING_CAPABILITY = -32021,
    GT_MCP_UNSUPPORTED_VERSION = -32022
};

enum gt_rpc_kind { GT_RPC_INVALID, GT_RPC_REQUEST, GT_RPC_NOTIFICATION, GT_RPC_RESPONSE };

struct gt_rpc {
    enum gt_rpc_kind kind;
    const json_t *id;     /* string or integer; NULL in notifications and id-less errors */
    const char *method;   /* requests, notifications */
    const json_t *params; /* object or NULL */
    const json_t *result; /* responses: this or error */
    const json_t *error;
    const char *problem; /* of INVALID: one line */
};

/* What a document is as a JSON-RPC message; everything borrowed from it. An array is INVALID here:
 * batches are the transport's business. */
struct gt_rpc gt_rpc_read(const json_t *message);

/* Parses bytes: UTF-8, no duplicate keys, at most `max_depth` levels. New reference, or NULL with
 * *problem (in the arena). */
json_t *gt_rpc_parse(struct gt_arena *arena, const char *bytes, size_t len, size_t max_depth,
                     const char **problem);

/* Messages; new references. `id` is borrowed (NULL: left out, or JSON null where `legacy`),
 * result, params and data are stolen (NULL: absent, results {}). */
json_t *gt_rpc_request(json_t *id, const char *method, json_t *params);
json_t *gt_rpc_notification(const char *method, json_t *params);
json_t *gt_rpc_result(const json_t *id, json_t *result);
json_t *gt_rpc_error(const json_t *id, bool legacy, int code, const char *message, json_t *data);

#endif
