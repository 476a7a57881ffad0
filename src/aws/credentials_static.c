/* Keys that stand somewhere as they are: the environment and the two shared files. */
#include "providers.h"
#include <string.h>

static void fetch_environment(struct gt_fetch *fetch)
{
    const struct gt_sys *sys = fetch->run->sys;
    if (fetch->run->options->profile_explicit && fetch->visited == NULL) {
        gt_fetch_none(fetch, "not asked, since a profile was given by name");
        return;
    }
    const char *access = gt_env(sys, "AWS_ACCESS_KEY_ID");
    const char *secret = gt_env(sys, "AWS_SECRET_ACCESS_KEY");
    if (access == NULL) {
        gt_fetch_none(fetch, "AWS_ACCESS_KEY_ID is not set");
        return;
    }
    if (secret == NULL) {
        gt_fetch_fail(fetch, "set both variables, or neither",
                      "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
        return;
    }
    struct gt_keys keys = {.access_key_id = access,
                           .secret_access_key = {secret, strlen(secret)},
                           .session_token = gt_env(sys, "AWS_SESSION_TOKEN"),
                           .account_id = gt_env(sys, "AWS_ACCOUNT_ID"),
                           .source = "environment"};
    const char *expiration = gt_env(sys, "AWS_CREDENTIAL_EXPIRATION");
    if (expiration != NULL && !gt_time_parse(expiration, &keys.expires_ms)) {
        gt_fetch_fail(fetch, "set it to a time like 2026-01-17T12:34:56Z, or not at all",
                      "AWS_CREDENTIAL_EXPIRATION is no time");
        return;
    }
    gt_fetch_give(fetch, gt_keys_copy(fetch->run->arena, &keys));
}

static void fetch_file(struct gt_fetch *fetch, enum gt_profile_file file)
{
    const struct gt_profile *profile = fetch->run->options->profile;
    const char *name = fetch->profile;
    if (profile == NULL) {
        gt_fetch_none(fetch, "the shared files are not read");
        return;
    }
    const char *path = gt_profile_path(profile, file);
    const char *access = gt_profile_of_file(profile, file, name, "aws_access_key_id");
    const char *secret = gt_profile_of_file(profile, file, name, "aws_secret_access_key");
    if (access == NULL && secret == NULL) {
        gt_fetch_none(fetch, "profile \"%s\" has no aws_access_key_id in %s", name, path);
        return;
    }
    if (access == NULL || secret == NULL) {
        gt_fetch_fail(fetch, "set both in the same file, or neither",
                      "profile \"%s\" has no %s in %s", name,
                      access == NULL ? "aws_access_key_id" : "aws_secret_access_key", path);
        return;
    }
    struct gt_keys keys = {.access_key_id = access,
                           .secret_access_key = {secret, strlen(secret)},
                           .session_token =
                               gt_profile_of_file(profile, file, name, "aws_session_token"),
                           .account_id = gt_profile_of(profile, name, "aws_account_id"),
                           .source = gt_printf(fetch->run->arena, "profile %s (%s)", name, path)};
    gt_fetch_give(fetch, gt_keys_copy(fetch->run->arena, &keys));
}

static void fetch_shared_file(struct gt_fetch *fetch)
{
    fetch_file(fetch, GT_PROFILE_CREDENTIALS);
}

static void fetch_config_file(struct gt_fetch *fetch)
{
    fetch_file(fetch, GT_PROFILE_CONFIG);
}

const struct gt_provider gt_provider_environment = {"environment", fetch_environment};
const struct gt_provider gt_provider_shared_file = {"credentials file", fetch_shared_file};
const struct gt_provider gt_provider_config_file = {"config file", fetch_config_file};
