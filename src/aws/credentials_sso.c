/*
 * Keys by the token that `aws sso login` left in ~/.aws/sso/cache. A token of an sso-session that
 * is about to expire is renewed as long as the login lasts, and written back for the other tools.
 */
#include "endpoint.h"
#include "providers.h"
#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/endpoints.h>
#include <gantry/sys/file.h>
#include <openssl/evp.h>
#include <string.h>

enum { MAX_FILE = 1 << 20, RENEW_MS = 15 * 60 * 1000 };

static const struct gt_keys_form sso_form = {
    .access_key_id = "accessKeyId",
    .secret_access_key = "secretAccessKey",
    .session_token = "sessionToken",
    .expiration = "expiration",
    .token_required = true,
};

enum setting { ACCOUNT, ROLE, START_URL, REGION, SETTINGS };
static const char *const setting_names[SETTINGS] = {
    [ACCOUNT] = "sso_account_id",
    [ROLE] = "sso_role_name",
    [START_URL] = "sso_start_url",
    [REGION] = "sso_region",
};

struct sso {
    struct gt_fetch *fetch;
    const char *session; /* of sso_session, or NULL: legacy */
    const char *settings[SETTINGS];
    const char *path; /* of the token */
    json_t *token;    /* of the run's arena, wiped when done */
    int64_t expires_ms;
};

static void wipe_token(void *arg)
{
    struct sso *sso = arg;
    gt_json_wipe(sso->token);
    json_decref(sso->token);
}

static void login_needed(struct sso *sso, const char *why)
{
    const char *hint =
        gt_printf(sso->fetch->run->arena, "run aws sso login --profile %s", sso->fetch->profile);
    gt_fetch_fail(sso->fetch, hint, "profile \"%s\": %s", sso->fetch->profile, why);
}

/* The address of one of the two services that are not in the tables; `id` is that of the variables.
 */
static const char *service_url(struct sso *sso, const char *id, const char *prefix)
{
    struct gt_run *run = sso->fetch->run;
    const char *source, *region = sso->settings[REGION];
    const char *url =
        gt_configured_endpoint(run->arena, run->sys, run->options->profile, id, &source);
    if (url == NULL)
        return gt_printf(run->arena, "https://%s.%s.%s", prefix, region,
                         gt_partition_of_region(region)->dns_suffix);
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/')
        len--;
    return gt_strndup(run->arena, url, len);
}

static void role_answered(void *payload, const struct gt_http_response *response)
{
    struct sso *sso = payload;
    struct gt_fetch *fetch = sso->fetch;
    struct gt_arena *arena = fetch->run->arena;
    if (response->outcome == GT_HTTP_ANSWERED && response->status == 401) {
        login_needed(sso, "the login has expired, or was ended");
        return;
    }
    const char *problem = gt_answer_problem(arena, response);
    if (problem != NULL) {
        gt_fetch_fail(fetch, "look whether the login may use that role in that account",
                      "no keys for role %s in account %s: %s", sso->settings[ROLE],
                      sso->settings[ACCOUNT], problem);
        return;
    }
    json_t *document = gt_keep(arena, json_loadb(response->body, response->body_len, 0, NULL));
    const char *source = gt_printf(arena, "profile %s (sso)", fetch->profile);
    const char *why = NULL;
    const struct gt_keys *keys =
        gt_keys_parse(arena, json_object_get(document, "roleCredentials"), &sso_form, source, &why);
    if (keys == NULL) {
        gt_fetch_fail(fetch, "try again", "profile \"%s\": %s", fetch->profile, why);
        return;
    }
    struct gt_keys *complete = GT_NEW(arena, struct gt_keys);
    *complete = *keys;
    complete->account_id = sso->settings[ACCOUNT];
    gt_fetch_give(fetch, complete);
}

static void ask_for_role(struct sso *sso)
{
    struct gt_run *run = sso->fetch->run;
    const char *base = service_url(sso, "SSO", "portal.sso");
    struct gt_header *header = GT_NEW(run->arena, struct gt_header);
    *header = (struct gt_header){"x-amz-sso_bearer_token", gt_text_at(sso->token, "/accessToken")};
    struct gt_http_request *request = GT_NEW(run->arena, struct gt_http_request);
    *request = (struct gt_http_request){
        .method = "GET",
        .url = gt_printf(run->arena, "%s/federation/credentials?role_name=%s&account_id=%s", base,
                         gt_percent_encode(run->arena, sso->settings[ROLE], ""),
                         gt_percent_encode(run->arena, sso->settings[ACCOUNT], "")),
        .headers = header,
        .header_count = 1,
        .timeout_ms = 20000,
    };
    gt_run_get(run, request, role_answered, sso);
}

/* Not being able to write is no failure: the token is good for this run all the same. */
static void write_back(struct sso *sso)
{
    struct gt_buf text = gt_buf_init(MAX_FILE);
    struct gt_diags ignored = gt_diags_init(sso->fetch->run->arena);
    gt_buf_add_json(&text, sso->token, JSON_COMPACT);
    if (!text.overflow)
        gt_file_write(sso->path, text.ptr, text.len, 0600, NULL, &ignored);
    gt_buf_wipe(&text);
}

static void take_renewed(struct sso *sso, const json_t *answer)
{
    struct gt_run *run = sso->fetch->run;
    static const char *const members[] = {"accessToken", "refreshToken"};
    for (size_t i = 0; i < GT_COUNT(members); i++) {
        const char *value = json_string_value(json_object_get(answer, members[i]));
        if (value == NULL)
            continue;
        gt_json_wipe(json_object_get(sso->token, members[i]));
        json_object_set_new(sso->token, members[i], json_string(value));
    }
    int64_t lasts_s = (int64_t)json_integer_value(json_object_get(answer, "expiresIn"));
    sso->expires_ms = gt_now_ms(run->sys) + lasts_s * 1000;
    json_object_set_new(sso->token, "expiresAt",
                        json_string(gt_time_iso(run->arena, sso->expires_ms)));
    write_back(sso);
}

static void renewal_answered(void *payload, const struct gt_http_response *response)
{
    struct sso *sso = payload;
    struct gt_run *run = sso->fetch->run;
    const char *problem = gt_answer_problem(run->arena, response);
    json_t *answer =
        problem != NULL
            ? NULL
            : gt_keep(run->arena, json_loadb(response->body, response->body_len, 0, NULL));
    if (json_is_string(json_object_get(answer, "accessToken")))
        take_renewed(sso, answer);
    gt_json_wipe(answer);
    if (sso->expires_ms > gt_now_ms(run->sys))
        ask_for_role(sso);
    else
        login_needed(sso, "the login has expired");
}

/* False: the token has nothing to renew it by. */
static bool renew(struct sso *sso)
{
    static const char *const members[] = {"clientId", "clientSecret", "refreshToken"};
    struct gt_run *run = sso->fetch->run;
    int64_t registered_ms = 0;
    const char *registered =
        json_string_value(json_object_get(sso->token, "registrationExpiresAt"));
    if (sso->session == NULL || registered == NULL || !gt_time_parse(registered, &registered_ms) ||
        registered_ms <= gt_now_ms(run->sys))
        return false;
    json_t *body = gt_keep(run->arena, json_pack("{s:s}", "grantType", "refresh_token"));
    for (size_t i = 0; i < GT_COUNT(members); i++) {
        json_t *value = json_object_get(sso->token, members[i]);
        if (!json_is_string(value))
            return false;
        json_object_set(body, members[i], value);
    }
    struct gt_buf text = gt_buf_init(MAX_FILE);
    gt_buf_add_json(&text, body, JSON_COMPACT);
    const struct gt_header header = {"Content-Type", "application/json"};
    const struct gt_http_request request = {
        .method = "POST",
        .url = gt_printf(run->arena, "%s/token", service_url(sso, "SSO_OIDC", "oidc")),
        .headers = &header,
        .header_count = 1,
        .body = gt_buf_text(&text),
        .body_len = text.len,
        .timeout_ms = 20000,
    };
    gt_run_send(run, &request, renewal_answered, sso);
    gt_buf_wipe(&text);
    return true;
}

static const char *cache_path(struct gt_run *run, const char *name)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    if (EVP_Digest(name, strlen(name), digest, &len, EVP_sha1(), NULL) != 1)
        gt_die("SHA-1 is not available");
    return gt_home_path(
        run->arena, run->sys,
        gt_printf(run->arena, "~/.aws/sso/cache/%s.json", gt_hex(run->arena, digest, len)));
}

/* Whether there is a token; otherwise the fetch is finished. */
static bool load_token(struct sso *sso)
{
    struct gt_run *run = sso->fetch->run;
    char *text = NULL;
    size_t len = 0;
    switch (gt_file_read(run->arena, sso->path, MAX_FILE, &text, &len, &run->diags)) {
    case GT_READ_FAILED:
        gt_fetch_failed(sso->fetch);
        return false;
    case GT_READ_ABSENT:
        login_needed(sso, "nobody has logged in");
        return false;
    case GT_READ_OK:
        break;
    }
    sso->token = json_loadb(text, len, 0, NULL);
    gt_wipe(text, len);
    gt_arena_defer(run->arena, wipe_token, sso);
    const char *expires = json_string_value(json_object_get(sso->token, "expiresAt"));
    if (!json_is_string(json_object_get(sso->token, "accessToken")) || expires == NULL ||
        !gt_time_parse(expires, &sso->expires_ms)) {
        login_needed(sso, gt_printf(run->arena, "%s holds no token", sso->path));
        return false;
    }
    return true;
}

/* The profile's settings and those of its sso-session; false: the fetch is finished. */
static bool read_settings(struct sso *sso)
{
    struct gt_fetch *fetch = sso->fetch;
    struct gt_arena *arena = fetch->run->arena;
    const char *missing = NULL;
    sso->session = gt_fetch_setting(fetch, "sso_session");
    for (size_t i = 0; i < SETTINGS; i++) {
        const char *own = gt_fetch_setting(fetch, setting_names[i]), *shared = NULL;
        if (sso->session != NULL)
            shared = gt_profile_section(fetch->run->options->profile,
                                        gt_printf(arena, "sso-session %s", sso->session), NULL,
                                        setting_names[i]);
        if (own != NULL && shared != NULL && strcmp(own, shared) != 0) {
            gt_fetch_fail(fetch, "leave it out of the profile",
                          "profile \"%s\" and sso-session \"%s\" have different %s", fetch->profile,
                          sso->session, setting_names[i]);
            return false;
        }
        sso->settings[i] = own != NULL ? own : shared;
        if (sso->settings[i] == NULL)
            missing = missing == NULL ? setting_names[i]
                                      : gt_printf(arena, "%s, %s", missing, setting_names[i]);
    }
    if (missing != NULL)
        gt_fetch_fail(fetch, "aws configure sso sets all of it", "profile \"%s\" lacks %s%s",
                      fetch->profile, missing,
                      sso->session == NULL
                          ? ""
                          : gt_printf(arena, " (with sso-session \"%s\")", sso->session));
    return missing == NULL;
}

static void fetch_sso(struct gt_fetch *fetch)
{
    struct gt_run *run = fetch->run;
    if (gt_fetch_setting(fetch, setting_names[ACCOUNT]) == NULL &&
        gt_fetch_setting(fetch, setting_names[ROLE]) == NULL) {
        gt_fetch_none(fetch, "profile \"%s\" has no sso_account_id", fetch->profile);
        return;
    }
    struct sso *sso = GT_NEW(run->arena, struct sso);
    sso->fetch = fetch;
    if (!read_settings(sso))
        return;
    sso->path = cache_path(run, sso->session != NULL ? sso->session : sso->settings[START_URL]);
    if (!load_token(sso))
        return;
    int64_t left_ms = sso->expires_ms - gt_now_ms(run->sys);
    if (left_ms < RENEW_MS && renew(sso))
        return;
    if (left_ms > 0)
        ask_for_role(sso);
    else
        login_needed(sso, "the login has expired");
}

const struct gt_provider gt_provider_sso = {"sso", fetch_sso};
