/* Where a gateway may call: addresses of servers, issuers and token endpoints. */
#include "data_plane.h"

#include <gantry/base/str.h>

const char *gt_url_obstacle(const struct gt_url *url, const struct gt_url *own)
{
    if (!gt_url_is_safe(url))
        return "the address must be an https URL, or http on this machine";
    if (own != NULL && gt_url_is_loopback(url) && url->port == own->port &&
        !gt_starts_with(url->path, "/runtimes/"))
        return "of the embedded cloud's own addresses a gateway calls only runtimes";
    return NULL;
}
