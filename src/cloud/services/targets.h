/* What the handlers of targets and their checks share. */
#ifndef GANTRY_CLOUD_TARGETS_H
#define GANTRY_CLOUD_TARGETS_H

#include "services.h"

struct gt_target_shape {
    const char *family, *kind; /* "mcp", "mcpServer" */
    const json_t *configuration;
};
/* Of a target's data or of the input of Create or Update. */
struct gt_target_shape gt_target_shape(const json_t *data);

/* Whether a person has to consent first (grant type AUTHORIZATION_CODE). */
bool gt_target_needs_consent(const json_t *data);
/* Whether the gateway connects and keeps what the server offers: an MCP server in listing mode
 * DEFAULT without a schema of its own. */
bool gt_target_is_listed(const json_t *data);
/* What the input of Create or Update says fits the gateway; false after failing the call. */
bool gt_target_check(struct gt_serve *call, const struct gt_object *gateway);

#endif
