/* Keys of an EC2 instance's role, by version 2 of the instance metadata service: a session token
 * first, then the role's name, then its keys. */
#include "providers.h"
#include "scalar.h"
#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_TEXT = 300 };

static const char token_path[] = "latest/api/token";
static const char role_path[] = "latest/meta-data/iam/security-credentials/";

static const struct gt_keys_form imds_form = {
    .access_key_id = "AccessKeyId",
    .secret_access_key = "SecretAccessKey",
    .session_token = "Token",
    .expiration = "Expiration",
    .token_required = true,
};

struct imds {
    struct gt_fetch *fetch;
    const char *base, *token, *role;
    long attempts, attempts_left;
    int64_t timeout_ms;
    const struct step *step;
};

/* One request after the other; `take` uses a good answer. */
struct step {
    const char *what;
    const char *method;
    void (*take)(struct imds *imds, const struct gt_http_response *response);
};

static void take_token(struct imds *imds, const struct gt_http_response *response);
static void take_role(struct imds *imds, const struct gt_http_response *response);
static void take_keys(struct imds *imds, const struct gt_http_response *response);

static const struct step token_step = {"a session token", "PUT", take_token};
static const struct step role_step = {"the role's name", "GET", take_role};
static const struct step keys_step = {"the role's keys", "GET", take_keys};

static void ask(struct imds *imds);

static void go(struct imds *imds, const struct step *step)
{
    imds->step = step;
    imds->attempts_left = imds->attempts;
    ask(imds);
}

static void take_token(struct imds *imds, const struct gt_http_response *response)
{
    imds->token = gt_secret_text(imds->fetch->run->arena, response->body, response->body_len);
    go(imds, &role_step);
}

static void take_role(struct imds *imds, const struct gt_http_response *response)
{
    const char *role = gt_one_line(imds->fetch->run->arena, response->body, MAX_TEXT);
    imds->role = gt_percent_encode(imds->fetch->run->arena, role, "+=,@");
    if (*role == '\0')
        gt_fetch_none(imds->fetch, "the instance has no role");
    else
        go(imds, &keys_step);
}

static void take_keys(struct imds *imds, const struct gt_http_response *response)
{
    struct gt_fetch *fetch = imds->fetch;
    struct gt_arena *arena = fetch->run->arena;
    static const char hint[] = "look at the role of the instance's profile";
    json_t *document = gt_keep(arena, json_loadb(response->body, response->body_len, 0, NULL));
    if (!json_is_object(document)) {
        gt_fetch_fail(fetch, hint, "the answer for role %s is no JSON object", imds->role);
        return;
    }
    const char *code = json_string_value(json_object_get(document, "Code"));
    const char *source = gt_printf(arena, "instance role %s", imds->role);
    code = code == NULL ? "" : gt_one_line(arena, code, MAX_TEXT);
    const char *why = NULL;
    const struct gt_keys *keys = gt_keys_parse(arena, document, &imds_form, source, &why);
    if (keys != NULL)
        gt_fetch_give(fetch, keys);
    else
        gt_fetch_fail(fetch, hint, "role %s: %s%s%s", imds->role, why,
                      *code != '\0' ? ", code " : "", code);
}

static void answered(void *payload, const struct gt_http_response *response)
{
    struct imds *imds = payload;
    const char *problem = gt_answer_problem(imds->fetch->run->arena, response);
    if (problem == NULL)
        imds->step->take(imds, response);
    else if (response->outcome == GT_HTTP_ANSWERED && response->status == 404)
        gt_fetch_none(imds->fetch, "the instance has no role");
    else if (--imds->attempts_left > 0)
        ask(imds);
    else
        gt_fetch_none(imds->fetch, "%s gave no answer for %s: %s", imds->base, imds->step->what,
                      problem);
}

static void ask(struct imds *imds)
{
    struct gt_run *run = imds->fetch->run;
    bool is_token = imds->step == &token_step;
    const struct gt_header header = {is_token ? "x-aws-ec2-metadata-token-ttl-seconds"
                                              : "x-aws-ec2-metadata-token",
                                     is_token ? "21600" : imds->token};
    const char *path = is_token ? token_path : role_path;
    const struct gt_http_request request = {
        .method = imds->step->method,
        .url = gt_printf(run->arena, "%s%s%s", imds->base, path,
                         imds->step == &keys_step ? imds->role : ""),
        .headers = &header,
        .header_count = 1,
        .connect_timeout_ms = imds->timeout_ms,
        .timeout_ms = imds->timeout_ms,
        .no_proxy = true,
    };
    gt_run_send(run, &request, answered, imds);
}

/* A variable, else the selected profile's setting. */
static const char *configured(const struct gt_run *run, const char *variable, const char *key)
{
    const char *value = gt_env(run->sys, variable);
    return value != NULL ? value : gt_profile_get(run->options->profile, key);
}

static long number(const char *text, long usual, long max)
{
    char *end;
    long value = text == NULL ? 0 : strtol(text, &end, 10);
    return text == NULL || *end != '\0' || value < 1 || value > max ? usual : value;
}

static const char *base_url(const struct gt_run *run)
{
    const char *base =
        configured(run, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
    const char *mode = configured(run, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                  "ec2_metadata_service_endpoint_mode");
    if (base != NULL)
        return gt_ends_with(base, "/") ? base : gt_printf(run->arena, "%s/", base);
    return mode != NULL && strcasecmp(mode, "ipv6") == 0 ? "http://[fd00:ec2::254]/"
                                                         : "http://169.254.169.254/";
}

static void fetch_imds(struct gt_fetch *fetch)
{
    struct gt_run *run = fetch->run;
    const char *disabled = gt_env(run->sys, "AWS_EC2_METADATA_DISABLED");
    if (disabled != NULL && strcasecmp(disabled, "true") == 0) {
        gt_fetch_none(fetch, "not asked, since AWS_EC2_METADATA_DISABLED is true");
        return;
    }
    struct imds *imds = GT_NEW(run->arena, struct imds);
    imds->fetch = fetch;
    imds->base = base_url(run);
    imds->timeout_ms =
        1000 *
        number(configured(run, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout"), 1, 60);
    imds->attempts = number(
        configured(run, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts"), 1,
        20);
    if (!gt_starts_with(imds->base, "http://") && !gt_starts_with(imds->base, "https://")) {
        gt_fetch_fail(fetch, "give a URL like http://169.254.169.254",
                      "the metadata service's endpoint is no http URL");
        return;
    }
    go(imds, &token_step);
}

const struct gt_provider gt_provider_imds = {"instance metadata", fetch_imds};
