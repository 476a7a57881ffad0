/*
 * Keys that `aws login` left in ~/.aws/login/cache (or AWS_LOGIN_CACHE_DIRECTORY). They are used
 * until they expire, 15 minutes after they were made, and read again when another tool has renewed
 * them. Renewing them here is not supported: it takes a proof of possession (RFC 9449) with a key
 * of that login; the hint names the way that has it.
 */
#include "providers.h"
#include <gantry/base/buf.h>
#include <gantry/base/hash.h>
#include <gantry/sys/file.h>
#include <string.h>

enum { MAX_FILE = 1 << 20 };

static const struct gt_keys_form login_form = {
    .access_key_id = "accessKeyId",
    .secret_access_key = "secretAccessKey",
    .session_token = "sessionToken",
    .expiration = "expiresAt",
    .account_id = "accountId",
    .token_required = true,
};

static const char *cache_path(struct gt_run *run, const char *session)
{
    const char *folder = gt_env(run->sys, "AWS_LOGIN_CACHE_DIRECTORY");
    folder = gt_home_path(run->arena, run->sys, folder != NULL ? folder : "~/.aws/login/cache");
    return gt_printf(run->arena, "%s/%s.json", folder,
                     gt_sha256_hex(run->arena, session, strlen(session)));
}

static void login_needed(struct gt_fetch *fetch, const char *why)
{
    const char *hint = gt_printf(
        fetch->run->arena,
        "run aws login --profile %s; for longer runs, use a profile with credential_process = aws "
        "configure export-credentials --profile %s --format process",
        fetch->profile, fetch->profile);
    gt_fetch_fail(fetch, hint, "profile \"%s\": %s", fetch->profile, why);
}

static void fetch_login(struct gt_fetch *fetch)
{
    struct gt_run *run = fetch->run;
    const char *session = gt_fetch_setting(fetch, "login_session");
    if (session == NULL) {
        gt_fetch_none(fetch, "profile \"%s\" has no login_session", fetch->profile);
        return;
    }
    char *text = NULL;
    size_t len = 0;
    const char *path = cache_path(run, session);
    switch (gt_file_read(run->arena, path, MAX_FILE, &text, &len, &run->diags)) {
    case GT_READ_FAILED:
        gt_fetch_failed(fetch);
        return;
    case GT_READ_ABSENT:
        login_needed(fetch, "nobody has logged in");
        return;
    case GT_READ_OK:
        break;
    }
    json_t *document = gt_keep(run->arena, json_loadb(text, len, 0, NULL));
    gt_wipe(text, len);
    const char *source = gt_printf(run->arena, "profile %s (login)", fetch->profile);
    const char *why = NULL;
    const struct gt_keys *keys = gt_keys_parse(run->arena, json_object_get(document, "accessToken"),
                                               &login_form, source, &why);
    gt_json_wipe(document);
    if (keys == NULL)
        login_needed(fetch, gt_printf(run->arena, "%s holds no keys: %s", path, why));
    else if (keys->expires_ms != 0 && keys->expires_ms <= gt_now_ms(run->sys))
        login_needed(fetch, "the login's keys have expired");
    else
        gt_fetch_give(fetch, keys);
}

const struct gt_provider gt_provider_login = {"login", fetch_login};
