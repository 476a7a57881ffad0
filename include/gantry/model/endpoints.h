/*
 * Where the services are: partitions, DNS suffixes and host names, from botocore's endpoint rules
 * (see src/model/generate/README.md). Endpoints that a user configured come before these; that is
 * the client's business.
 */
#ifndef GANTRY_MODEL_ENDPOINTS_H
#define GANTRY_MODEL_ENDPOINTS_H

#include <gantry/model/model.h>

struct gt_partition {
    const char *id;                    /* "aws", "aws-cn", "aws-us-gov" */
    const char *region_pattern;        /* of its regions' names */
    const char *dns_suffix;            /* "amazonaws.com" */
    const char *dual_stack_dns_suffix; /* "api.aws" */
    const char *global_region;         /* that of services without regions: "us-east-1" */
};

/* The partition of a region; a region that no pattern knows, and NULL, are in "aws". Never NULL. */
const struct gt_partition *gt_partition_of_region(const char *region);

struct gt_host {
    const char *host;           /* "iam.amazonaws.com"; without scheme and port */
    const char *signing_region; /* for the credential scope: "us-east-1" */
};

/*
 * The host of a service in a region and the region to sign for; services that are global in a
 * partition (IAM) have one host. S3's is that of path-style addressing; the virtual-hosted form is
 * the bucket, a dot, and this. Strings live in `arena`.
 */
struct gt_host gt_service_host(struct gt_arena *arena, const struct gt_service *service,
                               const char *region);

#endif
