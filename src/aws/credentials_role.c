/* Roles that profiles name (role_arn), with the keys of another profile or place; and the role that
 * the manifest puts on top of whatever the chain gives. */
#include "providers.h"
#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>

struct role {
    struct gt_fetch *fetch;
    struct gt_role_request request;
    struct gt_visit visit;
    const char *from; /* the source, for people */
};

static const struct {
    const char *name;
    const struct gt_provider *provider;
} credential_sources[] = {
    {"Environment", &gt_provider_environment},
    {"Ec2InstanceMetadata", &gt_provider_imds},
    {"EcsContainer", &gt_provider_container},
};

static void source_done(void *payload, enum gt_found found, const struct gt_keys *keys)
{
    struct role *role = payload;
    switch (found) {
    case GT_FOUND_KEYS:
        gt_sts_fetch(role->fetch, &role->request, keys);
        return;
    case GT_FOUND_NONE:
        gt_fetch_fail(role->fetch, "a role needs keys that may assume it: give them to its source",
                      "profile \"%s\": %s has no keys", role->visit.profile, role->from);
        return;
    case GT_FOUND_FAILED:
        gt_fetch_failed(role->fetch);
        return;
    }
}

static bool has_keys(const struct gt_profile *profile, const char *name)
{
    return gt_profile_of(profile, name, "aws_access_key_id") != NULL ||
           gt_profile_of(profile, name, "aws_secret_access_key") != NULL;
}

static bool has_role(const struct gt_profile *profile, const char *name)
{
    return gt_profile_of(profile, name, "role_arn") != NULL &&
           gt_profile_of(profile, name, "web_identity_token_file") == NULL;
}

/* "a -> b -> c", from the profile that was asked for inwards. */
static const char *path_text(struct gt_arena *arena, const struct gt_visit *visit)
{
    if (visit->outer == NULL)
        return visit->profile;
    return gt_printf(arena, "%s -> %s", path_text(arena, visit->outer), visit->profile);
}

static bool is_visited(const struct gt_visit *visit, const char *profile)
{
    for (; visit != NULL; visit = visit->outer)
        if (strcmp(visit->profile, profile) == 0)
            return true;
    return false;
}

static void ask_place(struct role *role, const char *name)
{
    struct gt_fetch sub = *role->fetch;
    sub.visited = &role->visit;
    sub.done = source_done;
    sub.payload = role;
    role->from = gt_printf(sub.run->arena, "credential_source %s", name);
    for (size_t i = 0; i < GT_COUNT(credential_sources); i++) {
        if (strcmp(credential_sources[i].name, name) != 0)
            continue;
        const struct gt_provider **list = gt_calloc(sub.run->arena, 2, sizeof(*list));
        list[0] = credential_sources[i].provider;
        gt_chain_fetch(list, &sub);
        return;
    }
    gt_fetch_fail(role->fetch, "it is one of Environment, Ec2InstanceMetadata and EcsContainer",
                  "profile \"%s\": unknown credential_source \"%s\"", role->visit.profile, name);
}

static void ask_profile(struct role *role, const char *source)
{
    static const struct gt_provider *const role_only[] = {&gt_provider_role, NULL};
    struct gt_fetch sub = *role->fetch;
    const struct gt_profile *profile = sub.run->options->profile;
    const char *name = role->visit.profile;
    if (!gt_profile_exists(profile, source)) {
        gt_fetch_fail(role->fetch, "name a profile that exists as source_profile",
                      "profile \"%s\": its source_profile \"%s\" does not exist", name, source);
        return;
    }
    /* A profile may be its own source when it has keys, and nothing else may come twice. */
    bool own = strcmp(source, name) == 0 && has_keys(profile, source);
    if (is_visited(&role->visit, source) && !own) {
        gt_fetch_fail(role->fetch, "give one of these profiles keys of its own, or another source",
                      "the source profiles form a loop: %s -> %s",
                      path_text(sub.run->arena, &role->visit), source);
        return;
    }
    role->from = gt_printf(sub.run->arena, "source_profile \"%s\"", source);
    sub.profile = source;
    sub.without_env = true;
    sub.visited = &role->visit;
    sub.done = source_done;
    sub.payload = role;
    bool deeper = !has_keys(profile, source) && has_role(profile, source);
    gt_chain_fetch(deeper ? role_only : gt_profile_providers, &sub);
}

/* Sets the request's duration; false when the setting is no number of seconds that STS takes. */
static bool read_duration(struct role *role)
{
    enum { MIN_DURATION_S = 900, MAX_DURATION_S = 43200 };
    const char *text = gt_fetch_setting(role->fetch, "duration_seconds");
    if (text == NULL)
        return true;
    char *end;
    long seconds = strtol(text, &end, 10);
    if (*end != '\0' || seconds < MIN_DURATION_S || seconds > MAX_DURATION_S)
        return false;
    role->request.duration_s = (int)seconds;
    return true;
}

static void fetch_role(struct gt_fetch *fetch)
{
    const char *name = fetch->profile;
    const struct gt_profile *profile = fetch->run->options->profile;
    if (!has_role(profile, name)) {
        gt_fetch_none(fetch, "profile \"%s\" has no role_arn%s", name,
                      gt_fetch_setting(fetch, "role_arn") != NULL ? " for keys" : "");
        return;
    }
    struct role *role = GT_NEW(fetch->run->arena, struct role);
    role->fetch = fetch;
    role->visit = (struct gt_visit){name, fetch->visited};
    role->request = (struct gt_role_request){
        .role_arn = gt_fetch_setting(fetch, "role_arn"),
        .session_name = gt_fetch_setting(fetch, "role_session_name"),
        .external_id = gt_fetch_setting(fetch, "external_id"),
        .source = gt_printf(fetch->run->arena, "profile %s (assume role)", name),
    };
    const char *source_profile = gt_fetch_setting(fetch, "source_profile");
    const char *credential_source = gt_fetch_setting(fetch, "credential_source");
    if (gt_fetch_setting(fetch, "mfa_serial") != NULL)
        gt_fetch_fail(fetch,
                      "get a session with another tool (aws configure export-credentials "
                      "--format env) and give it in the environment",
                      "profile \"%s\" has mfa_serial, and gantry does not ask for MFA codes", name);
    else if (!read_duration(role))
        gt_fetch_fail(fetch, "give a number of seconds from 900 to 43200",
                      "profile \"%s\": duration_seconds is out of range", name);
    else if (source_profile != NULL && credential_source != NULL)
        gt_fetch_fail(fetch, "remove one of the two",
                      "profile \"%s\" has both source_profile and credential_source", name);
    else if (credential_source != NULL)
        ask_place(role, credential_source);
    else if (source_profile != NULL)
        ask_profile(role, source_profile);
    else
        gt_fetch_fail(fetch, "say where the keys for the role come from",
                      "profile \"%s\" has role_arn, but neither source_profile nor "
                      "credential_source",
                      name);
}

void gt_assume_on_top(struct gt_fetch *fetch, const struct gt_keys *source)
{
    const struct gt_assume_role *top = fetch->run->options->assume_role;
    const struct gt_role_request request = {
        .role_arn = top->role_arn,
        .session_name = top->session_name,
        .external_id = top->external_id,
        .duration_s = top->duration_s,
        .source = gt_printf(fetch->run->arena, "role %s (by %s)", top->role_arn, source->source),
    };
    gt_sts_fetch(fetch, &request, source);
}

const struct gt_provider gt_provider_role = {"profile with a role", fetch_role};
