/* The generated rules behind gantry/model/endpoints.h. */
#ifndef GANTRY_MODEL_ENDPOINT_RULES_H
#define GANTRY_MODEL_ENDPOINT_RULES_H

#include <gantry/model/endpoints.h>

struct gt_host_rule {
    const char *service;
    const char *partition;      /* NULL: any */
    const char *region;         /* NULL: any */
    const char *host;           /* with {region} and {suffix} */
    const char *signing_region; /* NULL: the region itself */
};

extern const struct gt_partition gt_partitions[]; /* ends with an entry without id */
extern const struct gt_host_rule gt_host_rules[]; /* special ones first; ends without service */

#endif
