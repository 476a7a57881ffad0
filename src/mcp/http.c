#include <gantry/mcp/http.h>

#include "post.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>
#include <strings.h>

enum { DEFAULT_DEPTH = 64 };

/* The id is left out from 2026-07-28 on, and null before. */
void gt_mcp_reply_error(struct gt_exchange *exchange, int status, const struct gt_header *header,
                        const char *message)
{
    const char *version = gt_request_header(gt_exchange_request(exchange), "mcp-protocol-version");
    bool legacy = !gt_mcp_is_modern(gt_mcp_version_find(version));
    struct gt_arena *arena = gt_exchange_arena(exchange);
    const json_t *error =
        gt_keep(arena, gt_rpc_error(NULL, legacy, GT_RPC_INVALID_REQUEST, message, NULL));
    const char *text = gt_json_canonical(arena, error);
    struct gt_header headers[2] = {{"Content-Type", "application/json"}};
    if (header != NULL)
        headers[1] = *header;
    gt_reply(exchange, status, headers, header != NULL ? 2 : 1, text, strlen(text));
}

/* Whether a list of media ranges (Accept) has one of two, quality left aside. */
static bool lists(const char *ranges, const char *exact, const char *wide)
{
    while (*ranges != '\0') {
        ranges += strspn(ranges, " \t,");
        size_t len = strcspn(ranges, ",; \t");
        if ((len == strlen(exact) && strncasecmp(ranges, exact, len) == 0) ||
            (len == strlen(wide) && strncasecmp(ranges, wide, len) == 0))
            return true;
        ranges += strcspn(ranges, ",");
    }
    return false;
}

static bool is_json(const char *type)
{
    size_t len = strcspn(type, "; \t");
    return len == strlen("application/json") && strncasecmp(type, "application/json", len) == 0;
}

/* Method and media types; answers and returns false where they do not fit. */
static bool fits(struct gt_exchange *exchange)
{
    static const struct gt_header allow = {"Allow", "POST"};
    const struct gt_request *request = gt_exchange_request(exchange);
    const char *type = gt_request_header(request, "content-type");
    const char *accept = gt_request_header(request, "accept");
    if (strcmp(request->method, "POST") != 0) {
        gt_mcp_reply_error(exchange, 405, &allow, "only POST is served here");
    } else if (type != NULL && !is_json(type)) {
        gt_mcp_reply_error(exchange, 415, NULL, "the body must be application/json");
    } else if (accept != NULL && !lists(accept, "application/json", "application/*") &&
               !lists(accept, "text/event-stream", "*/*")) {
        gt_mcp_reply_error(exchange, 406, NULL,
                           "Accept must list application/json and text/event-stream");
    } else {
        return true;
    }
    return false;
}

static void take_request(struct gt_mcp_post *post, const struct gt_rpc *rpc, const char *header)
{
    struct gt_mcp_claim claim =
        gt_mcp_claimed_version(post->server, rpc, header, true, GT_MCP_2025_03_26);
    post->modern = claim.modern;
    if (claim.code == 0) {
        gt_mcp_post_request(post, rpc, claim.version);
        return;
    }
    json_t *data = claim.code == GT_MCP_UNSUPPORTED_VERSION
                       ? gt_mcp_version_data(post->server, claim.requested)
                       : NULL;
    gt_mcp_post_error(post, 400, rpc->id, claim.code, claim.message, data);
}

/* A request of a batch. */
static void take_member(struct gt_mcp_post *post, const struct gt_rpc *rpc)
{
    const char *problem = gt_mcp_batch_member_problem(rpc);
    if (problem == NULL)
        gt_mcp_post_request(post, rpc, GT_MCP_2025_03_26);
    else
        gt_mcp_post_error(post, 400, rpc->id, GT_RPC_INVALID_REQUEST, problem, NULL);
}

/* Notifications are accepted whether or not they mean anything to this server. */
static void take_notification(struct gt_mcp_post *post, const struct gt_rpc *rpc,
                              const char *header)
{
    enum gt_mcp_version version = gt_mcp_version_find(header);
    if (header != NULL && !gt_mcp_supports(post->server, version))
        gt_mcp_post_error(post, 400, NULL, GT_MCP_UNSUPPORTED_VERSION,
                          "the protocol version is not supported",
                          gt_mcp_version_data(post->server, header));
    else if (!gt_mcp_is_modern(version) && strcmp(rpc->method, "notifications/cancelled") == 0)
        gt_mcp_post_cancel(post, rpc->params);
}

static void take(struct gt_mcp_post *post, const json_t *message, const char *header)
{
    struct gt_rpc rpc = gt_rpc_read(message);
    switch (rpc.kind) {
    case GT_RPC_INVALID:
        gt_mcp_post_error(post, 400, rpc.id, GT_RPC_INVALID_REQUEST, rpc.problem, NULL);
        break;
    case GT_RPC_REQUEST:
        if (post->batch)
            take_member(post, &rpc);
        else
            take_request(post, &rpc, header);
        break;
    case GT_RPC_NOTIFICATION:
        take_notification(post, &rpc, header);
        break;
    case GT_RPC_RESPONSE:
        if (!gt_mcp_take_answer(post->server, &rpc) && !post->batch)
            gt_mcp_post_error(post, 400, NULL, GT_RPC_INVALID_REQUEST,
                              "nothing was asked with this id", NULL);
        break;
    }
}

static void take_batch(struct gt_mcp_post *post, const json_t *messages, const char *header)
{
    const char *problem =
        header != NULL && strcmp(header, gt_mcp_version_name(GT_MCP_2025_03_26)) != 0
            ? "batches are served at 2025-03-26 only"
            : gt_mcp_batch_problem(post->server, messages, GT_MCP_2025_03_26);
    if (problem != NULL) {
        gt_mcp_post_error(post, 400, NULL, GT_RPC_INVALID_REQUEST, problem, NULL);
        return;
    }
    post->batch = true;
    for (size_t i = 0; i < json_array_size(messages); i++)
        take(post, json_array_get(messages, i), header);
}

void gt_mcp_http_serve(struct gt_mcp_server *server, const struct gt_mcp_http_options *options,
                       struct gt_exchange *exchange, void *endpoint)
{
    if (!fits(exchange))
        return;
    const struct gt_request *request = gt_exchange_request(exchange);
    const char *accept = gt_request_header(request, "accept");
    bool twice;
    const char *header = gt_mcp_header_only(request, "", "mcp-protocol-version", &twice);
    struct gt_mcp_post *post = gt_mcp_post_new(server, exchange, endpoint);
    post->accepts_stream = accept != NULL && lists(accept, "text/event-stream", "text/*");
    post->accepts_json = accept == NULL || lists(accept, "application/json", "application/*") ||
                         lists(accept, "*/*", "*/*");
    if (header != NULL && (twice || (header = gt_mcp_header_trim(post->arena, header)) == NULL))
        header = ""; /* no version, and none that could be left out */
    post->modern = gt_mcp_is_modern(gt_mcp_version_find(header));
    const char *problem = NULL;
    size_t depth = options->max_depth != 0 ? options->max_depth : DEFAULT_DEPTH;
    const json_t *message = gt_keep(
        post->arena, gt_rpc_parse(post->arena, request->body, request->body_len, depth, &problem));
    if (message == NULL)
        gt_mcp_post_error(post, 400, NULL, GT_RPC_PARSE_ERROR, problem, NULL);
    else if (json_is_array(message))
        take_batch(post, message, header);
    else
        take(post, message, header);
    gt_mcp_post_read(post);
}
