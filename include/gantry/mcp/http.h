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
    bool any_host; /* Host is not checked (a listener that is not loopback) */
    /* Pages of the allowed origins may read answers: they carry the headers of CORS, and
     * preflights are answered (204). Without it a browser keeps the answers from the page. */
    bool cors;
    size_t max_depth; /* of JSON; 0: 64 */
};

/*
 * Whether Host and Origin are allowed and the request is more than a preflight; else answers (403,
 * 204) and returns false. Before any authorization, which a preflight does not carry. Also for
 * paths that are no MCP (health checks, metadata), and whatever answers them later (401 with
 * WWW-Authenticate) can be read by an allowed page. A request without Origin passes; a Unix socket
 * has no Host that means anything.
 */
bool gt_mcp_http_admit(const struct gt_mcp_http_options *options, struct gt_exchange *exchange);

/*
 * Serves one HTTP request that was already admitted and authorised: POST is worked on (202 for
 * notifications and responses, JSON or SSE for requests), any other method 405 with Allow. Takes
 * over the exchange. `endpoint` goes to the methods; it must live until the call is answered.
 */
void gt_mcp_http_serve(struct gt_mcp_server *server, const struct gt_mcp_http_options *options,
                       struct gt_exchange *exchange, void *endpoint);

#endif
