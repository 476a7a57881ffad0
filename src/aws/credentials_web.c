/* A token of an OIDC provider for the keys of a role: from a file that the environment or the
 * profile names (Kubernetes), or from where the manifest says that a pipeline hands it out. */
#include "providers.h"
#include <gantry/base/str.h>
#include <gantry/base/url.h>
#include <string.h>

/* The environment's value wins over the profile's. */
static const char *configured(const struct gt_fetch *fetch, const char *variable, const char *key)
{
    bool by_env = !fetch->without_env && !fetch->run->options->profile_explicit;
    const char *value = by_env ? gt_env(fetch->run->sys, variable) : NULL;
    return value != NULL ? value : gt_fetch_setting(fetch, key);
}

/* The token without the white space around it; NULL: finished as failed. */
static const char *read_token(struct gt_fetch *fetch, const char *path)
{
    static const char blanks[] = " \t\r\n";
    const char *text = gt_fetch_token_file(fetch, path);
    if (text == NULL)
        return NULL;
    text += strspn(text, blanks);
    size_t len = strlen(text);
    while (len > 0 && strchr(blanks, text[len - 1]) != NULL)
        len--;
    if (len > 0)
        return gt_secret_text(fetch->run->arena, text, len);
    gt_fetch_fail(fetch, "whoever hands out tokens has to write it before gantry runs",
                  "the token file %s is empty", path);
    return NULL;
}

static void fetch_web_identity(struct gt_fetch *fetch)
{
    const char *path = configured(fetch, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
    const char *role_arn = configured(fetch, "AWS_ROLE_ARN", "role_arn");
    if (path == NULL) {
        gt_fetch_none(fetch, "neither AWS_WEB_IDENTITY_TOKEN_FILE nor web_identity_token_file is "
                             "set");
        return;
    }
    if (role_arn == NULL) {
        gt_fetch_fail(fetch, "set AWS_ROLE_ARN, or role_arn in the profile",
                      "there is a token file, but no role to assume with it");
        return;
    }
    /* Read anew at each refresh: the file's owner rotates it. */
    const char *token = read_token(fetch, path);
    if (token == NULL)
        return;
    const struct gt_role_request request = {
        .role_arn = role_arn,
        .session_name = configured(fetch, "AWS_ROLE_SESSION_NAME", "role_session_name"),
        .web_token = token,
        .source = "web identity",
    };
    gt_sts_fetch(fetch, &request, NULL);
}

static void assume_by_token(struct gt_fetch *fetch, const char *token, const char *source)
{
    const struct gt_web_identity *pipeline = fetch->run->options->web_identity;
    const struct gt_role_request request = {
        .role_arn = pipeline->role_arn,
        .session_name = pipeline->session_name,
        .web_token = token,
        .source = source,
    };
    gt_sts_fetch(fetch, &request, NULL);
}

static const char github_hint[] = "give the job the permission id-token: write";

static void github_answered(void *payload, const struct gt_http_response *response)
{
    struct gt_fetch *fetch = payload;
    struct gt_arena *arena = fetch->run->arena;
    const char *problem = gt_answer_problem(arena, response);
    if (problem != NULL) {
        gt_fetch_fail(fetch, github_hint, "GitHub gave no token: %s", problem);
        return;
    }
    json_t *document = gt_keep(arena, json_loadb(response->body, response->body_len, 0, NULL));
    const char *value = json_string_value(json_object_get(document, "value"));
    const char *token = value == NULL ? NULL : gt_secret_text(arena, value, strlen(value));
    gt_json_wipe(document);
    if (token == NULL)
        gt_fetch_fail(fetch, github_hint, "GitHub's answer has no token");
    else
        assume_by_token(fetch, token, "web identity (GitHub)");
}

/* The token goes in clear to nobody but this machine. */
static bool is_private_url(struct gt_arena *arena, const char *text)
{
    struct gt_url url;
    return gt_url_split(arena, text, &url) && gt_url_is_safe(&url);
}

static void fetch_from_github(struct gt_fetch *fetch)
{
    struct gt_run *run = fetch->run;
    const char *url = gt_env(run->sys, "ACTIONS_ID_TOKEN_REQUEST_URL");
    const char *bearer = gt_env(run->sys, "ACTIONS_ID_TOKEN_REQUEST_TOKEN");
    if (url == NULL || bearer == NULL) {
        gt_fetch_fail(fetch, github_hint, "%s is not set",
                      url == NULL ? "ACTIONS_ID_TOKEN_REQUEST_URL"
                                  : "ACTIONS_ID_TOKEN_REQUEST_TOKEN");
        return;
    }
    if (!is_private_url(run->arena, url)) {
        gt_fetch_fail(fetch, "GitHub sets it to an https URL",
                      "ACTIONS_ID_TOKEN_REQUEST_URL is no https URL");
        return;
    }
    const char *audience = run->options->web_identity->audience;
    const char *encoded =
        gt_percent_encode(run->arena, audience != NULL ? audience : "sts.amazonaws.com", "");
    const char *value = gt_printf(run->arena, "bearer %s", bearer);
    struct gt_header *headers = gt_calloc(run->arena, 2, sizeof(*headers));
    headers[0] =
        (struct gt_header){"Authorization", gt_secret_text(run->arena, value, strlen(value))};
    headers[1] = (struct gt_header){"Accept", "application/json; api-version=2.0"};
    struct gt_http_request *request = GT_NEW(run->arena, struct gt_http_request);
    *request = (struct gt_http_request){
        .method = "GET",
        .url = gt_printf(run->arena, "%s%saudience=%s", url, strchr(url, '?') != NULL ? "&" : "?",
                         encoded),
        .headers = headers,
        .header_count = 2,
        .timeout_ms = 20000,
    };
    gt_run_get(run, request, github_answered, fetch);
}

static void fetch_pipeline(struct gt_fetch *fetch)
{
    struct gt_run *run = fetch->run;
    const struct gt_web_identity *pipeline = run->options->web_identity;
    if (pipeline->github) {
        fetch_from_github(fetch);
        return;
    }
    if (pipeline->file != NULL) {
        const char *token = read_token(fetch, pipeline->file);
        if (token != NULL)
            assume_by_token(fetch, token, "web identity (file)");
        return;
    }
    const char *token = pipeline->env == NULL ? NULL : gt_env(run->sys, pipeline->env);
    if (token == NULL)
        gt_fetch_fail(fetch, "the pipeline has to put the token into that variable",
                      "%s is not set", pipeline->env == NULL ? "the variable" : pipeline->env);
    else
        assume_by_token(fetch, token, "web identity (variable)");
}

const struct gt_provider gt_provider_web_identity = {"web identity", fetch_web_identity};
const struct gt_provider gt_provider_pipeline = {"provider.webIdentity", fetch_pipeline};
