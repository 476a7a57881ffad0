/*
 * What of a client's HTTP request goes on to a target, and of the target's answer back: headers and
 * query parameters that the target's metadataConfiguration names.
 * Source: AgentCore developer guide, "Header propagation with Gateway".
 */
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>
#include <strings.h>

/* Headers that cannot be configured for propagation: credentials, the message's own, the
 * connection's. */
static const char *const restricted[] = {
    "authorization",
    "proxy-authorization",
    "proxy-authenticate",
    "www-authenticate",
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "content-type",
    "content-length",
    "content-encoding",
    "content-language",
    "content-location",
    "content-range",
    "cache-control",
    "etag",
    "expires",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "pragma",
    "vary",
    "connection",
    "keep-alive",
    "proxy-connection",
    "upgrade",
    "host",
    "user-agent",
    "referer",
    "from",
    "range",
    "accept-ranges",
    "transfer-encoding",
    "te",
    "trailer",
    "server",
    "date",
    "location",
    "retry-after",
    "set-cookie",
    "cookie",
    "content-security-policy",
    "content-security-policy-report-only",
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
};

/* What each connection says of itself: the gateway's own towards the server, whatever is allowed.
 */
static const char *const own[] = {"mcp-protocol-version", "mcp-method", "mcp-name", "expect"};

static bool is_in(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(names[i], name) == 0)
            return true;
    return false;
}

bool gt_header_is_restricted(const char *name)
{
    return is_in(restricted, GT_COUNT(restricted), name);
}

static bool names_header(const json_t *allowed, const char *name)
{
    if (gt_header_is_restricted(name) || is_in(own, GT_COUNT(own), name))
        return false;
    size_t i;
    json_t *entry;
    json_array_foreach(gt_iterable(allowed), i, entry)
    {
        if (json_is_string(entry) && strcasecmp(json_string_value(entry), name) == 0)
            return true;
    }
    return false;
}

static bool names_parameter(const json_t *allowed, const char *name)
{
    size_t i;
    json_t *entry;
    json_array_foreach(gt_iterable(allowed), i, entry)
    {
        if (gt_streq(json_string_value(entry), name))
            return true;
    }
    return false;
}

/* The allowed ones as they were sent; NULL: there are none. */
static const char *parameters_of(struct gt_arena *arena, const char *query, const json_t *allowed)
{
    const char *passed = NULL;
    if (query == NULL || json_array_size(allowed) == 0)
        return NULL;
    for (const char *at = query; *at != '\0';) {
        size_t len = strcspn(at, "&"), name_len = strcspn(at, "=&");
        const char *name = gt_percent_decode(arena, gt_strndup(arena, at, name_len));
        if (name != NULL && names_parameter(allowed, name))
            passed = gt_printf(arena, "%s%s%.*s", passed == NULL ? "" : passed,
                               passed == NULL ? "" : "&", (int)len, at);
        at += len + (at[len] == '&');
    }
    return passed;
}

struct gt_passing gt_passing_of(struct gt_arena *arena, const struct gt_object *target,
                                const struct gt_request *request)
{
    const json_t *allowed = gt_at(target->data, "/metadataConfiguration/allowedRequestHeaders");
    GT_VEC(struct gt_header) headers = {0};
    for (size_t i = 0; i < request->header_count && json_array_size(allowed) > 0; i++) {
        const struct gt_header *header = &request->headers[i];
        if (names_header(allowed, header->name))
            *GT_PUSH(arena, &headers) =
                (struct gt_header){gt_strdup(arena, header->name), gt_strdup(arena, header->value)};
    }
    return (struct gt_passing){
        .headers = headers.at,
        .header_count = headers.len,
        .query =
            parameters_of(arena, request->query,
                          gt_at(target->data, "/metadataConfiguration/allowedQueryParameters")),
        .back = gt_keep(arena, json_deep_copy(gt_at(
                                   target->data, "/metadataConfiguration/allowedResponseHeaders"))),
    };
}

void gt_passing_back(struct gt_mcp_call *call, const struct gt_passing *passing,
                     const struct gt_mcp_outcome *outcome)
{
    for (size_t i = 0; i < outcome->header_count; i++)
        if (names_header(passing->back, outcome->headers[i].name))
            gt_mcp_answer_header(call, outcome->headers[i].name, outcome->headers[i].value);
}
