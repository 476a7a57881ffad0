/*
 * Makes a Streamable HTTP server of a server that speaks only stdio (or of any client connection):
 * requests of any era are answered by asking the child, with progress and cancellation passed on.
 */
#ifndef GANTRY_MCP_RELAY_H
#define GANTRY_MCP_RELAY_H

#include <gantry/mcp/client.h>
#include <gantry/mcp/http.h>

struct gt_mcp_relay;
/*
 * `client` is borrowed and must live longer; one relay for each client. The child is connected to
 * with the first request, and its capabilities and serverInfo are what is told from then on.
 *
 * A child that ends fails its calls with a JSON-RPC error (-32603), and all that come later, until
 * gt_mcp_client_rebind gives the client the descriptors of a new one: relay and client stay, and so
 * do requests that wait. (Both can be freed and made anew as well: relay first.)
 */
struct gt_mcp_relay *gt_mcp_relay_new(struct gt_loop *loop, struct gt_mcp_client *client);
/* Open calls and waiting requests are answered with an error. NULL is allowed. */
void gt_mcp_relay_free(struct gt_mcp_relay *relay);
/* Takes over an admitted and authorised exchange; of `options` the lists must live as long. */
void gt_mcp_relay_serve(struct gt_mcp_relay *relay, const struct gt_mcp_http_options *options,
                        struct gt_exchange *exchange);

#endif
