/* Which address a service has: configured by the user, or by the rules of the tables. */
#ifndef GANTRY_AWS_ENDPOINT_H
#define GANTRY_AWS_ENDPOINT_H

#include <gantry/aws/aws.h>

struct gt_endpoint {
    const char *url;    /* without a final slash */
    const char *scheme; /* "https://" */
    const char *host;   /* as in the Host header: with the port unless it is the scheme's own */
    const char *prefix; /* of paths: "", or "/local" */
    const char *signing_region;
    bool official;    /* by the rules, not configured */
    const char *flaw; /* why it cannot be used, one line; NULL: it can */
};

/* The URL that the user configured and where ("AWS_ENDPOINT_URL_IAM"), or NULL. */
const char *gt_configured_endpoint(struct gt_arena *arena, const struct gt_sys *sys,
                                   const struct gt_profile *profile, const char *endpoint_env,
                                   const char **source);

/* Strings live in the arena or are the options'. */
struct gt_endpoint gt_endpoint_find(struct gt_arena *arena, const struct gt_aws_options *options,
                                    const struct gt_service *service);

/*
 * Where a request goes that the codec wrote. S3's buckets are part of the host at the official
 * endpoint (unless a name would break TLS) and of the path at others.
 */
struct gt_address {
    const char *host, *path;
};
struct gt_address gt_endpoint_address(struct gt_arena *arena, const struct gt_endpoint *endpoint,
                                      const struct gt_service *service, const char *path);

#endif
