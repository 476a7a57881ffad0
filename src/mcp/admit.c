/*
 * Who may ask: Host and Origin against DNS rebinding, and what browsers want to know before they
 * let a page of another origin read an answer. Source: MCP specification, "Transports", Security;
 * WHATWG Fetch, section 3.2 (CORS protocol).
 */
#include <gantry/mcp/http.h>

#include "post.h"

#include <gantry/base/str.h>
#include <gantry/base/url.h>
#include <string.h>
#include <strings.h>

/* The length of the host in "host:port", "[::1]:port". */
static size_t host_length(const char *text)
{
    if (*text == '[')
        return strcspn(text, "]") + (strchr(text, ']') != NULL);
    return strcspn(text, ":");
}

/* What stands behind the host: nothing, or ':' and digits. */
static bool port_or_nothing(const char *rest)
{
    return *rest == '\0' || (*rest == ':' && rest[1 + strspn(rest + 1, "0123456789")] == '\0');
}

static bool host_allowed(const struct gt_mcp_http_options *options, const char *host)
{
    if (host == NULL)
        return false;
    if (options->allowed_hosts == NULL)
        return gt_authority_is_loopback(host);
    size_t len = host_length(host);
    for (const char *const *allowed = options->allowed_hosts; *allowed != NULL; allowed++) {
        if (strcmp(*allowed, "*") == 0 || strcasecmp(*allowed, host) == 0)
            return true;
        if (strlen(*allowed) == len && strncasecmp(*allowed, host, len) == 0 &&
            port_or_nothing(host + len))
            return true;
    }
    return false;
}

static bool origin_allowed(const struct gt_mcp_http_options *options, const char *origin)
{
    if (options->allowed_origins == NULL) {
        const char *rest = strstr(origin, "://");
        bool web = gt_starts_with(origin, "http://") || gt_starts_with(origin, "https://");
        return web && rest != NULL && gt_authority_is_loopback(rest + 3);
    }
    for (const char *const *allowed = options->allowed_origins; *allowed != NULL; allowed++)
        if (strcmp(*allowed, "*") == 0 || strcasecmp(*allowed, origin) == 0)
            return true;
    return false;
}

/* What pages may do and see besides the plainest: the headers of all versions and of the
 * authorization are asked for, and named in answers; GET and DELETE only learn that they are not
 * served. */
static const struct gt_header preflight_headers[] = {
    {"Access-Control-Allow-Methods", "GET, POST, DELETE"},
    {"Access-Control-Max-Age", "7200"},
};
static const char exposed[] = "Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate, Retry-After";

static bool any_origin(const struct gt_mcp_http_options *options)
{
    const char *const *allowed = options->allowed_origins;
    while (allowed != NULL && *allowed != NULL && strcmp(*allowed, "*") != 0)
        allowed++;
    return allowed != NULL && *allowed != NULL;
}

static void let_read(const struct gt_mcp_http_options *options, struct gt_exchange *exchange,
                     const char *origin)
{
    bool any = any_origin(options);
    if (!any)
        gt_exchange_add_header(exchange, "Vary", "Origin");
    if (origin == NULL)
        return;
    gt_exchange_add_header(exchange, "Access-Control-Allow-Origin", any ? "*" : origin);
    gt_exchange_add_header(exchange, "Access-Control-Expose-Headers", exposed);
}

/* Which headers a page sends depends on the tool (Mcp-Param-...), so those that it asks for are
 * allowed. */
static void answer_preflight(struct gt_exchange *exchange)
{
    static const char names[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "!#$%&'*+-.^_`|~, ";
    const char *wanted =
        gt_request_header(gt_exchange_request(exchange), "access-control-request-headers");
    if (wanted != NULL && *wanted != '\0' && wanted[strspn(wanted, names)] == '\0')
        gt_exchange_add_header(exchange, "Access-Control-Allow-Headers", wanted);
    gt_reply(exchange, 204, preflight_headers, GT_COUNT(preflight_headers), NULL, 0);
}

static bool is_preflight(const struct gt_request *request)
{
    return strcmp(request->method, "OPTIONS") == 0 &&
           gt_request_header(request, "origin") != NULL &&
           gt_request_header(request, "access-control-request-method") != NULL;
}

bool gt_mcp_http_admit(const struct gt_mcp_http_options *options, struct gt_exchange *exchange)
{
    const struct gt_request *request = gt_exchange_request(exchange);
    const char *origin = gt_request_header(request, "origin");
    bool check_host = !options->any_host && strcmp(request->peer, "unix") != 0;
    if (check_host && !host_allowed(options, gt_request_header(request, "host"))) {
        gt_mcp_reply_error(exchange, 403, NULL, "the Host header is not one of this server's");
        return false;
    }
    if (origin != NULL && !origin_allowed(options, origin)) {
        gt_mcp_reply_error(exchange, 403, NULL, "the origin is not allowed");
        return false;
    }
    if (options->cors)
        let_read(options, exchange, origin);
    if (options->cors && is_preflight(request)) {
        answer_preflight(exchange);
        return false;
    }
    return true;
}
