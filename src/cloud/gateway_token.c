/* Access tokens by client credentials for an OAuth credential provider. Source: RFC 6749 section
 * 4.4; OpenID Connect Discovery 1.0 for the token endpoint. */
#include "data_plane.h"

#include <gantry/base/base64.h>
#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { TIMEOUT_MS = 15 * 1000, DOCUMENT_MAX = 1 << 20, FORM_MAX = 64 * 1024, LIFE_S = 3600 };

struct fetch {
    struct gt_job job;
    struct gt_plane *plane;
    const json_t *config; /* of the provider, by its vendor */
    const char *client_id, *client_secret;
    const json_t *scopes, *parameters;
    gt_grant_fn *fn;
    void *payload;
    struct gt_http_open *open;
    struct gt_timer *timer;
    const char *problem;
};

static void stop(struct fetch *fetch)
{
    gt_http_cancel(fetch->open);
    gt_timer_cancel(fetch->timer);
}

static void drop(void *job)
{
    struct fetch *fetch = job;
    stop(fetch);
    fetch->fn(fetch->payload, NULL, 0, "the gateway is gone");
}

void gt_grant_cancel(struct gt_job *job)
{
    stop((struct fetch *)job);
    gt_job_free(job);
}

static void finish(struct fetch *fetch, const char *token, int64_t life_ms, const char *problem)
{
    fetch->fn(fetch->payload, token, life_ms, problem);
    gt_job_free(fetch);
}

static void fail_now(void *payload)
{
    struct fetch *fetch = payload;
    fetch->timer = NULL;
    finish(fetch, NULL, 0, fetch->problem);
}

/* The completion comes from the loop also when nothing was sent. */
static void fail(struct fetch *fetch, const char *problem)
{
    fetch->problem = problem;
    fetch->timer = gt_timer_start(gt_local_loop(fetch->plane->local), 0, fail_now, fetch);
}

static void on_token(void *payload, const struct gt_http_response *response)
{
    struct fetch *fetch = payload;
    struct gt_arena *arena = fetch->job.arena;
    const char *problem = NULL;
    fetch->open = NULL;
    if (response->outcome != GT_HTTP_ANSWERED) {
        finish(fetch, NULL, 0,
               gt_printf(arena, "the token endpoint does not answer: %s", response->error));
        return;
    }
    json_t *document =
        gt_keep(arena, gt_rpc_parse(arena, response->body, response->body_len, 16, &problem));
    const char *token = gt_text_at(document, "/access_token");
    const char *error = gt_text_at(document, "/error");
    const char *text = gt_text_at(document, "/error_description");
    if (response->status != 200 || token == NULL) {
        const char *said = gt_printf(arena, "HTTP %d%s%s%s%s", response->status,
                                     error == NULL ? "" : " ", error == NULL ? "" : error,
                                     text == NULL ? "" : ": ", text == NULL ? "" : text);
        finish(fetch, NULL, 0,
               gt_printf(arena, "the token endpoint gave no token: %s",
                         gt_one_line(arena, said, 300)));
        return;
    }
    json_t *life = json_object_get(document, "expires_in");
    int64_t seconds = json_is_integer(life) && json_integer_value(life) > 0 &&
                              json_integer_value(life) <= 10 * 24 * LIFE_S
                          ? json_integer_value(life)
                          : LIFE_S;
    finish(fetch, token, seconds * 1000, NULL);
}

static void add_field(struct gt_arena *arena, struct gt_buf *form, const char *name,
                      const char *value)
{
    gt_buf_addf(form, "%s%s=%s", form->len > 0 ? "&" : "", gt_percent_encode(arena, name, ""),
                gt_percent_encode(arena, value, ""));
}

static void add_scopes(struct fetch *fetch, struct gt_buf *form)
{
    struct gt_buf scopes = gt_buf_init(FORM_MAX);
    size_t i;
    json_t *scope;
    json_array_foreach(gt_iterable(fetch->scopes), i, scope)
    {
        if (json_is_string(scope))
            gt_buf_addf(&scopes, "%s%s", scopes.len > 0 ? " " : "", json_string_value(scope));
    }
    if (scopes.len > 0)
        add_field(fetch->job.arena, form, "scope", gt_buf_text(&scopes));
    gt_buf_done(&scopes);
}

/* Basic, or in the form where the provider says CLIENT_SECRET_POST. */
static void ask_token(struct fetch *fetch, const char *endpoint)
{
    struct gt_arena *arena = fetch->job.arena;
    struct gt_url url;
    const char *obstacle =
        gt_url_split(arena, endpoint, &url) ? gt_url_obstacle(&url, NULL) : "it is no URL";
    if (obstacle != NULL) {
        fail(fetch, gt_printf(arena, "the token endpoint cannot be called: %s", obstacle));
        return;
    }
    bool post =
        gt_streq(gt_text_at(fetch->config, "/clientAuthenticationMethod"), "CLIENT_SECRET_POST");
    struct gt_buf form = gt_buf_init(FORM_MAX);
    add_field(arena, &form, "grant_type", "client_credentials");
    add_scopes(fetch, &form);
    if (post) {
        add_field(arena, &form, "client_id", fetch->client_id);
        add_field(arena, &form, "client_secret", fetch->client_secret);
    }
    const char *name;
    json_t *value;
    json_object_foreach(gt_iterable(fetch->parameters), name, value)
    {
        if (json_is_string(value))
            add_field(arena, &form, name, json_string_value(value));
    }
    const char *pair = gt_printf(arena, "%s:%s", gt_percent_encode(arena, fetch->client_id, ""),
                                 gt_percent_encode(arena, fetch->client_secret, ""));
    const struct gt_header headers[] = {
        {"content-type", "application/x-www-form-urlencoded"},
        {"accept", "application/json"},
        {"authorization", gt_printf(arena, "Basic %s", gt_base64(arena, pair, strlen(pair)))},
    };
    const struct gt_http_request request = {
        .method = "POST",
        .url = endpoint,
        .headers = headers,
        .header_count = post ? 2 : GT_COUNT(headers),
        .body = gt_buf_text(&form),
        .body_len = form.len,
        .timeout_ms = TIMEOUT_MS,
        .max_body = DOCUMENT_MAX,
        .secret = true,
    };
    fetch->open = gt_http_start(gt_local_http(fetch->plane->local), &request, on_token, fetch);
    gt_buf_wipe(&form);
}

static void on_discovery(void *payload, const struct gt_http_response *response)
{
    struct fetch *fetch = payload;
    struct gt_arena *arena = fetch->job.arena;
    const char *problem = NULL, *endpoint = NULL;
    fetch->open = NULL;
    if (response->outcome == GT_HTTP_ANSWERED && response->status == 200)
        endpoint = gt_text_at(
            gt_keep(arena, gt_rpc_parse(arena, response->body, response->body_len, 32, &problem)),
            "/token_endpoint");
    if (endpoint != NULL)
        ask_token(fetch, endpoint);
    else
        finish(fetch, NULL, 0,
               response->outcome == GT_HTTP_ANSWERED
                   ? gt_printf(arena,
                               "the provider's discovery document names no token endpoint "
                               "(HTTP %d)",
                               response->status)
                   : gt_printf(arena, "the provider's discovery document cannot be fetched: %s",
                               response->error));
}

static void discover(struct fetch *fetch)
{
    struct gt_arena *arena = fetch->job.arena;
    const char *endpoint =
        gt_text_at(fetch->config, "/oauthDiscovery/authorizationServerMetadata/tokenEndpoint");
    const char *discovery = gt_text_at(fetch->config, "/oauthDiscovery/discoveryUrl");
    json_t *own = discovery == NULL
                      ? NULL
                      : gt_keep(arena, gt_oauth_own_discovery(fetch->plane->local, discovery));
    struct gt_url url;
    if (endpoint == NULL)
        endpoint = gt_text_at(own, "/token_endpoint");
    if (endpoint != NULL) {
        ask_token(fetch, endpoint);
        return;
    }
    if (own != NULL) {
        fail(fetch, "the user pool has no domain, so it has no token endpoint");
        return;
    }
    if (discovery == NULL || !gt_url_split(arena, discovery, &url) ||
        gt_url_obstacle(&url, NULL) != NULL) {
        fail(fetch, "the credential provider has no https discoveryUrl");
        return;
    }
    const struct gt_http_request request = {
        .method = "GET",
        .url = discovery,
        .timeout_ms = TIMEOUT_MS,
        .max_body = DOCUMENT_MAX,
    };
    fetch->open = gt_http_start(gt_local_http(fetch->plane->local), &request, on_discovery, fetch);
}

/* The only member of the union: customOauth2ProviderConfig, ... */
static json_t *config_of(struct gt_arena *arena, const struct gt_object *provider)
{
    json_t *output = json_object_get(provider->data, "oauth2ProviderConfigOutput");
    void *first = json_object_iter(output);
    return first == NULL ? NULL : gt_keep(arena, json_deep_copy(json_object_iter_value(first)));
}

struct gt_job *gt_grant_fetch(struct gt_plane *plane, const struct gt_grant_ask *ask,
                              gt_grant_fn *fn, void *payload)
{
    struct fetch *fetch = gt_job_new(plane, sizeof(*fetch), drop);
    struct gt_arena *arena = fetch->job.arena;
    fetch->plane = plane;
    fetch->config = config_of(arena, ask->provider);
    fetch->client_id = gt_strdup(arena, gt_text_at(fetch->config, "/clientId"));
    fetch->client_secret = gt_strdup(arena, gt_text_at(ask->provider->hidden, "/clientSecret"));
    fetch->scopes = gt_keep(arena, json_deep_copy(ask->scopes));
    fetch->parameters = gt_keep(arena, json_deep_copy(ask->parameters));
    fetch->fn = fn;
    fetch->payload = payload;
    if (fetch->client_id == NULL || fetch->client_secret == NULL)
        fail(fetch, "the credential provider has no client id and secret here");
    else
        discover(fetch);
    return &fetch->job;
}
