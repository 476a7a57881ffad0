/*
 * Streamable HTTP, the server's side, for both protocol eras on one path, stateless: POST with one
 * message (or, at 2025-03-26, a batch), answers as JSON or as an event stream when the work needs
 * one. Source: MCP specification, "Transports" of each version.
 */
#ifndef GANTRY_MCP_HTTP_H
#define GANTRY_MCP_HTTP_H

#include <gantry/mcp/server.h>
#include <gantry/net/server.h>

struct gt_mcp_http_options {
    /* Each ends with NULL. Origins as browsers send them ("https://app.example"), "*" any; hosts
     * with or without port. NULL: loopback names and addresses only. */
    const char *const *allowed_origins, *const *allowed_hosts;
    bool any_host;    /* Host is not checked (a listener that is not loopback) */
    size_t max_depth; /* of JSON; 0: 64 */
};

/* Whether Host and Origin are allowed; else answers 403 and returns false. Also for paths that are
 * no MCP (health checks, metadata). */
bool gt_mcp_http_admit(const struct gt_mcp_http_options *options, struct gt_exchange *exchange);

/*
 * Serves one HTTP request that was already admitted and authorised: POST is worked on (202 for
 * notifications and responses, JSON or SSE for requests), any other method 405 with Allow. Takes
 * over the exchange. `endpoint` goes to the methods; it must live until the call is answered.
 */
void gt_mcp_http_serve(struct gt_mcp_server *server, const struct gt_mcp_http_options *options,
                       struct gt_exchange *exchange, void *endpoint);

#endif
