/* Endpoint URLs as users configure them, and the addresses of requests there (src/aws). The first
 * line is the URL, the second the region, the third a path. */
#include "endpoint.h"
#include "fuzz.h"

#include <gantry/base/str.h>
#include <string.h>

static char *cut_line(char **at)
{
    char *line = *at, *end = strchr(line, '\n');
    *at = end == NULL ? line + strlen(line) : end + 1;
    if (end != NULL)
        *end = '\0';
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const services[] = {"s3", "iam", "bedrock-agentcore-control"};
    struct gt_arena *arena = gt_arena_new();
    char *at = fuzz_text(arena, data, size);
    const char *url = cut_line(&at), *region = cut_line(&at);
    struct gt_aws_options options = {.endpoint_url = *url == '\0' ? NULL : url,
                                     .region = region,
                                     .ignore_configured_endpoints = true};
    for (size_t i = 0; i < GT_COUNT(services); i++) {
        const struct gt_service *service = gt_service_find(services[i]);
        struct gt_endpoint endpoint = gt_endpoint_find(arena, &options, service);
        if (endpoint.flaw != NULL)
            continue;
        fuzz_check(gt_starts_with(endpoint.url, endpoint.scheme) && *endpoint.host != '\0');
        fuzz_check(strpbrk(endpoint.host, "/@?# \r\n") == NULL);
        fuzz_check(!gt_ends_with(endpoint.url, "/"));
        const char *path = gt_printf(arena, "/%s", at);
        struct gt_address address = gt_endpoint_address(arena, &endpoint, service, path);
        fuzz_check(gt_ends_with(address.host, endpoint.host) && *address.path == '/');
    }
    gt_arena_free(arena);
    return 0;
}
