/* Which version, and with that which era, a request belongs to. Source: MCP specification
 * 2026-07-28, "Versioning", "Streamable HTTP"; 2025-11-25, "Transports". */
#include "work.h"

#include <string.h>

/* The rules for requests that name a legacy version or none. */
static void claim_legacy(const struct gt_mcp_server *server, struct gt_mcp_claim *claim,
                         const char *named, enum gt_mcp_version otherwise)
{
    claim->version = named == NULL ? otherwise : gt_mcp_version_find(named);
    if (gt_mcp_supports(server, claim->version))
        return;
    claim->requested = named;
    claim->code = named == NULL ? GT_MCP_HEADER_MISMATCH : GT_MCP_UNSUPPORTED_VERSION;
    claim->message = named == NULL ? "the request names no protocol version"
                                   : "the protocol version is not supported";
}

static void claim_modern(const struct gt_mcp_server *server, struct gt_mcp_claim *claim,
                         const json_t *meta, const char *header)
{
    const json_t *member = json_object_get(meta, GT_META_VERSION);
    const char *version = json_string_value(member);
    claim->modern = true;
    if (meta == NULL) {
        claim->code = GT_RPC_INVALID_PARAMS;
        claim->message = "params._meta is missing";
    } else if (version == NULL) {
        claim->code = GT_RPC_INVALID_PARAMS;
        claim->message = "_meta has no " GT_META_VERSION;
    } else if (header != NULL && strcmp(version, header) != 0) {
        claim->code = GT_MCP_HEADER_MISMATCH;
        claim->message = "the MCP-Protocol-Version header is not the version of the body";
    } else if (!gt_mcp_supports(server, gt_mcp_version_find(version))) {
        claim->code = GT_MCP_UNSUPPORTED_VERSION;
        claim->message = "the protocol version is not supported";
        claim->requested = version;
    } else {
        claim->version = gt_mcp_version_find(version);
        claim->modern = gt_mcp_is_modern(claim->version);
    }
    if (claim->code == 0 && claim->modern &&
        !json_is_object(json_object_get(meta, GT_META_CAPABILITIES))) {
        claim->code = GT_RPC_INVALID_PARAMS;
        claim->message = "_meta has no " GT_META_CAPABILITIES;
    }
}

struct gt_mcp_claim gt_mcp_claimed_version(const struct gt_mcp_server *server,
                                           const struct gt_rpc *rpc, const char *header,
                                           bool has_headers, enum gt_mcp_version otherwise)
{
    struct gt_mcp_claim claim = {.version = GT_MCP_UNKNOWN};
    const json_t *meta = json_object_get(rpc->params, "_meta");
    bool in_meta = json_object_get(meta, GT_META_VERSION) != NULL;
    if (!in_meta && rpc->method != NULL && strcmp(rpc->method, "initialize") == 0) {
        claim.version = gt_mcp_negotiate(server, rpc->params);
        if (claim.version == GT_MCP_UNKNOWN)
            claim_legacy(server, &claim,
                         json_string_value(json_object_get(rpc->params, "protocolVersion")),
                         GT_MCP_UNKNOWN);
    } else if (in_meta || gt_mcp_is_modern(gt_mcp_version_find(header))) {
        claim_modern(server, &claim, meta, header);
        if (claim.code == 0 && claim.modern && has_headers && header == NULL) {
            claim.code = GT_MCP_HEADER_MISMATCH;
            claim.message = "the MCP-Protocol-Version header is missing";
        }
    } else {
        claim_legacy(server, &claim, header, otherwise);
    }
    return claim;
}
