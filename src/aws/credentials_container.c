/* Keys from the metadata service of a container (ECS, EKS Pod Identity, CloudShell). */
#include "providers.h"
#include <gantry/base/str.h>
#include <gantry/base/url.h>
#include <gantry/net/loop.h>
#include <string.h>

enum { ATTEMPTS = 3, PAUSE_MS = 1000, TIMEOUT_MS = 2000 };

static const char *const allowed_hosts[] = {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};

static const struct gt_keys_form container_form = {
    .access_key_id = "AccessKeyId",
    .secret_access_key = "SecretAccessKey",
    .session_token = "Token",
    .expiration = "Expiration",
    .account_id = "AccountId",
};

struct container {
    struct gt_fetch *fetch;
    const char *url, *token;
    int attempts;
};

static bool is_allowed(struct gt_arena *arena, const char *text)
{
    struct gt_url url;
    if (!gt_url_split(arena, text, &url))
        return false;
    for (size_t i = 0; i < GT_COUNT(allowed_hosts); i++)
        if (strcmp(allowed_hosts[i], url.host) == 0)
            return true;
    return gt_url_is_safe(&url);
}

static void ask(struct container *container);

static void ask_again(void *payload)
{
    ask(payload);
}

static const char *problem_of(struct gt_arena *arena, const struct gt_http_response *response,
                              const struct gt_keys **keys)
{
    const char *problem = gt_answer_problem(arena, response);
    if (problem != NULL)
        return problem;
    json_t *document = gt_keep(arena, json_loadb(response->body, response->body_len, 0, NULL));
    if (!json_is_object(document))
        return "the answer is no JSON object";
    const char *why = NULL;
    *keys = gt_keys_parse(arena, document, &container_form, "container", &why);
    return why;
}

static void answered(void *payload, const struct gt_http_response *response)
{
    struct container *container = payload;
    struct gt_fetch *fetch = container->fetch;
    const struct gt_keys *keys = NULL;
    const char *problem = problem_of(fetch->run->arena, response, &keys);
    if (problem == NULL)
        gt_fetch_give(fetch, keys);
    else if (container->attempts < ATTEMPTS)
        fetch->run->timer =
            gt_timer_start(fetch->run->options->loop, PAUSE_MS, ask_again, container);
    else
        gt_fetch_fail(fetch, "the container's task needs a role, and its agent has to be up",
                      "%s, %d times tried: %s", container->url, container->attempts, problem);
}

static void ask(struct container *container)
{
    struct gt_run *run = container->fetch->run;
    run->timer = NULL;
    container->attempts++;
    const struct gt_header headers[] = {{"Accept", "application/json"},
                                        {"Authorization", container->token}};
    const struct gt_http_request request = {
        .method = "GET",
        .url = container->url,
        .headers = headers,
        .header_count = container->token == NULL ? 1 : 2,
        .connect_timeout_ms = TIMEOUT_MS,
        .timeout_ms = TIMEOUT_MS,
        .no_proxy = true,
    };
    gt_run_send(run, &request, answered, container);
}

/* Whether all is well; *token stays NULL when none is configured. */
static bool read_token(struct gt_fetch *fetch, const char **token)
{
    struct gt_run *run = fetch->run;
    const char *path = gt_env(run->sys, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *text = gt_env(run->sys, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (path != NULL) {
        text = gt_fetch_token_file(fetch, path);
        if (text == NULL)
            return false;
    }
    if (text != NULL && strpbrk(text, "\r\n") != NULL) {
        gt_fetch_fail(fetch, "the token goes into a header and must be one line without its end",
                      "the token in %s has a line break",
                      path != NULL ? path : "AWS_CONTAINER_AUTHORIZATION_TOKEN");
        return false;
    }
    *token = text;
    return true;
}

static void fetch_container(struct gt_fetch *fetch)
{
    struct gt_run *run = fetch->run;
    const char *relative = gt_env(run->sys, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = gt_env(run->sys, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (relative == NULL && full == NULL) {
        gt_fetch_none(fetch, "no AWS_CONTAINER_CREDENTIALS_... variable is set");
        return;
    }
    struct container *container = GT_NEW(run->arena, struct container);
    container->fetch = fetch;
    container->url = relative != NULL ? gt_printf(run->arena, "http://169.254.170.2%s", relative)
                                      : gt_strdup(run->arena, full);
    if (!is_allowed(run->arena, container->url)) {
        gt_fetch_fail(fetch,
                      "https, a loopback address, 169.254.170.2, 169.254.170.23 and fd00:ec2::23 "
                      "are allowed",
                      "%s is not asked for keys: its host is not one that they may come from",
                      container->url);
        return;
    }
    if (read_token(fetch, &container->token))
        ask(container);
}

const struct gt_provider gt_provider_container = {"container", fetch_container};
