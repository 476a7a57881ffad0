/* Source of the order: AWS SDKs and Tools Reference Guide, "Service-specific endpoints". */
#include "endpoint.h"

#include "scalar.h"

#include <gantry/base/str.h>
#include <gantry/model/endpoints.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *gt_aws_partition(const char *region)
{
    return gt_partition_of_region(region)->id;
}

const char *gt_aws_dns_suffix(const char *region)
{
    return gt_partition_of_region(region)->dns_suffix;
}

static bool is_true(const char *text)
{
    return text != NULL && strcasecmp(text, "true") == 0;
}

static const char *services_section(struct gt_arena *arena, const struct gt_profile *profile,
                                    const char *endpoint_env)
{
    const char *name = gt_profile_get(profile, "services");
    if (name == NULL)
        return NULL;
    return gt_profile_section(profile, gt_printf(arena, "services %s", name),
                              gt_lower(arena, endpoint_env), "endpoint_url");
}

const char *gt_configured_endpoint(struct gt_arena *arena, const struct gt_sys *sys,
                                   const struct gt_profile *profile, const char *endpoint_env,
                                   const char **source)
{
    const char *ignore = gt_env(sys, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    if (is_true(ignore != NULL ? ignore
                               : gt_profile_get(profile, "ignore_configured_endpoint_urls")))
        return NULL;
    const char *variable = gt_printf(arena, "AWS_ENDPOINT_URL_%s", endpoint_env);
    const struct {
        const char *source, *url;
    } places[] = {
        {variable, gt_env(sys, variable)},
        {"AWS_ENDPOINT_URL", gt_env(sys, "AWS_ENDPOINT_URL")},
        {"the profile's services section", services_section(arena, profile, endpoint_env)},
        {"the profile's endpoint_url", gt_profile_get(profile, "endpoint_url")},
    };
    for (size_t i = 0; i < GT_COUNT(places); i++) {
        if (places[i].url == NULL)
            continue;
        *source = places[i].source;
        return places[i].url;
    }
    return NULL;
}

/* Cuts "host:port" and says what is wrong with it, if anything. */
static const char *check_authority(const char *authority, bool tls, size_t *len)
{
    const char *port = strrchr(authority, ':');
    if (*authority == '[') {
        const char *end = strchr(authority, ']');
        if (end == NULL ||
            strspn(authority + 1, "0123456789abcdefABCDEF:.") != (size_t)(end - authority) - 1)
            return "has a malformed IPv6 address";
        port = end[1] == ':' ? end + 1 : NULL;
        if (end[1] != '\0' && port == NULL)
            return "has a malformed IPv6 address";
    }
    size_t host_len = port != NULL ? (size_t)(port - authority) : strlen(authority);
    *len = strlen(authority);
    if (*authority != '[' &&
        strspn(authority, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._") !=
            host_len)
        return "has a malformed host name";
    if (host_len == 0)
        return "has no host";
    if (port == NULL)
        return NULL;
    size_t digits = strspn(port + 1, "0123456789");
    long number = digits > 0 && digits <= 5 ? strtol(port + 1, NULL, 10) : 0;
    if (port[1 + digits] != '\0' || number < 1 || number > 65535)
        return "has a malformed port";
    if (number == (tls ? 443 : 80)) /* left out of the Host header, and so of the signature */
        *len = host_len;
    return NULL;
}

/* Fills in scheme, host and prefix of a configured URL; returns what is wrong with it, or NULL. */
static const char *parse(struct gt_arena *arena, const char *url, struct gt_endpoint *endpoint)
{
    bool tls = strncasecmp(url, "https://", 8) == 0;
    if (!tls && strncasecmp(url, "http://", 7) != 0)
        return "is neither an http nor an https URL";
    for (const unsigned char *c = (const unsigned char *)url; *c != '\0'; c++)
        if (*c <= ' ' || *c >= 0x7f)
            return "holds a space or a character outside of ASCII";
    const char *authority = url + (tls ? 8 : 7);
    size_t authority_len = strcspn(authority, "/?#"), host_len = 0;
    if (memchr(authority, '@', authority_len) != NULL)
        return "holds a user name";
    if (strpbrk(authority, "?#") != NULL)
        return "holds a query or a fragment";
    const char *flaw = check_authority(gt_strndup(arena, authority, authority_len), tls, &host_len);
    if (flaw != NULL)
        return flaw;
    size_t path_len = strlen(authority + authority_len);
    while (path_len > 0 && authority[authority_len + path_len - 1] == '/')
        path_len--;
    endpoint->scheme = tls ? "https://" : "http://";
    endpoint->host = gt_strndup(arena, authority, host_len);
    endpoint->prefix = gt_strndup(arena, authority + authority_len, path_len);
    endpoint->url = gt_printf(arena, "%s%s%s", endpoint->scheme, endpoint->host, endpoint->prefix);
    return NULL;
}

/* A region becomes part of a host name. */
static const char *region_flaw(struct gt_arena *arena, const char *region)
{
    if (region == NULL || *region == '\0')
        return "no region is set";
    if (strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(region) ||
        strlen(region) > 63 || *region == '-')
        return gt_printf(arena, "\"%s\" is no region", gt_one_line(arena, region, 80));
    return NULL;
}

struct gt_endpoint gt_endpoint_find(struct gt_arena *arena, const struct gt_aws_options *options,
                                    const struct gt_service *service)
{
    struct gt_endpoint endpoint = {.url = "", .scheme = "", .host = "", .prefix = ""};
    const char *source = "--endpoint-url", *url = options->endpoint_url;
    if (url == NULL && !options->ignore_configured_endpoints)
        url = gt_configured_endpoint(arena, gt_loop_sys(options->loop), options->profile,
                                     service->endpoint_env, &source);
    endpoint.flaw = region_flaw(arena, options->region);
    if (endpoint.flaw == NULL) {
        struct gt_host host = gt_service_host(arena, service, options->region);
        endpoint.signing_region = host.signing_region;
        endpoint.official = url == NULL;
        endpoint.scheme = "https://";
        endpoint.host = host.host;
        endpoint.url = gt_printf(arena, "https://%s", host.host);
    }
    if (url == NULL)
        return endpoint;
    endpoint.url = gt_one_line(arena, url, 200);
    const char *flaw = parse(arena, url, &endpoint);
    if (flaw != NULL) /* not quoted: it may hold a password */
        endpoint.flaw = gt_printf(arena, "the endpoint from %s %s", source, flaw);
    return endpoint;
}

/* A name that works as one label of a host name under a wildcard certificate. */
static bool is_dns_label(const char *bucket)
{
    size_t len = strlen(bucket);
    return len >= 3 && len <= 63 &&
           strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-") == len && *bucket != '-' &&
           bucket[len - 1] != '-';
}

struct gt_address gt_endpoint_address(struct gt_arena *arena, const struct gt_endpoint *endpoint,
                                      const struct gt_service *service, const char *path)
{
    struct gt_address address = {endpoint->host, path};
    size_t bucket_len = strcspn(path + 1, "/");
    const char *bucket = gt_strndup(arena, path + 1, bucket_len);
    if (endpoint->official && gt_streq(service->name, "s3") && is_dns_label(bucket)) {
        address.host = gt_printf(arena, "%s.%s", bucket, endpoint->host);
        address.path = path[1 + bucket_len] == '\0' ? "/" : path + 1 + bucket_len;
    }
    address.path = gt_printf(arena, "%s%s", endpoint->prefix, address.path);
    return address;
}
