/* Configured endpoints of the services that hand out keys: variables, then the profile. */
#include "providers.h"
#include <ctype.h>
#include <gantry/base/str.h>
#include <string.h>
#include <strings.h>

static bool is_true(const char *text)
{
    return text != NULL && strcasecmp(text, "true") == 0;
}

static const char *configured(struct gt_run *run, const char *service)
{
    const struct gt_profile *profile = run->options->profile;
    const char *ignored = gt_env(run->sys, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    if (is_true(ignored != NULL ? ignored
                                : gt_profile_get(profile, "ignore_configured_endpoint_urls")))
        return NULL;
    const char *url = gt_env(run->sys, gt_printf(run->arena, "AWS_ENDPOINT_URL_%s", service));
    if (url == NULL)
        url = gt_env(run->sys, "AWS_ENDPOINT_URL");
    const char *services = gt_profile_get(profile, "services");
    if (url == NULL && services != NULL)
        url = gt_profile_section(profile, gt_printf(run->arena, "services %s", services),
                                 gt_lower(run->arena, service), "endpoint_url");
    return url != NULL ? url : gt_profile_get(profile, "endpoint_url");
}

const char *gt_run_endpoint(struct gt_run *run, const char *service, const char *first,
                            const char *usual)
{
    const char *url = first != NULL ? first : configured(run, service);
    if (url == NULL)
        url = usual;
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/')
        len--;
    return gt_strndup(run->arena, url, len);
}
