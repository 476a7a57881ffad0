#include <gantry/model/endpoints.h>

#include "endpoint_rules.h"

#include <gantry/base/pattern.h>
#include <gantry/base/str.h>
#include <string.h>

const struct gt_partition *gt_partition_of_region(const char *region)
{
    for (const struct gt_partition *p = gt_partitions; region != NULL && p->id != NULL; p++)
        if (gt_pattern_matches(p->region_pattern, region))
            return p;
    return gt_partitions;
}

/* `text` with the first occurrence of `name` replaced, if there is one. */
static const char *fill(struct gt_arena *arena, const char *text, const char *name,
                        const char *value)
{
    const char *at = strstr(text, name);
    if (at == NULL)
        return text;
    return gt_printf(arena, "%.*s%s%s", (int)(at - text), text, value, at + strlen(name));
}

struct gt_host gt_service_host(struct gt_arena *arena, const struct gt_service *service,
                               const char *region)
{
    const struct gt_partition *partition = gt_partition_of_region(region);
    const struct gt_host_rule *rule = gt_host_rules;
    for (; rule->service != NULL; rule++)
        if (gt_streq(rule->service, service->name) &&
            (rule->partition == NULL || gt_streq(rule->partition, partition->id)) &&
            (rule->region == NULL || gt_streq(rule->region, region)))
            break;
    if (rule->service == NULL)
        gt_die("no host name is known for the service %s", service->name);
    if (region == NULL)
        region = partition->global_region;
    const char *host = fill(arena, rule->host, "{region}", region);
    return (struct gt_host){
        .host = fill(arena, host, "{suffix}", partition->dns_suffix),
        .signing_region =
            rule->signing_region != NULL ? rule->signing_region : gt_strdup(arena, region),
    };
}
