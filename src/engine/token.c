/* Tokens by client credentials (RFC 6749 section 4.4), as Cognito's token endpoint gives them. */
#include "verify_internal.h"

#include <gantry/base/base64.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>

#include <string.h>

enum {
    ATTEMPT_TIMEOUT_MS = 10000,
    FIRST_PAUSE_MS = 250,
    LONGEST_PAUSE_MS = 4000,
    BODY_MAX = 1 << 20
};

struct wait {
    struct gt_loop *loop;
    struct gt_arena *arena;
    struct gt_fetched *fetched;
    bool done;
};

void gt_fetched_read(struct gt_arena *arena, const struct gt_http_response *response,
                     struct gt_fetched *out)
{
    bool answered = response->outcome == GT_HTTP_ANSWERED;
    *out = (struct gt_fetched){
        .outcome = response->outcome,
        .status = response->status,
        .error = gt_strdup(arena, response->error),
        .body = response->body == NULL ? "" : gt_strndup(arena, response->body, response->body_len),
        .document = answered
                        ? gt_keep(arena, json_loadb(response->body, response->body_len, 0, NULL))
                        : NULL,
    };
}

static void on_answer(void *payload, const struct gt_http_response *response)
{
    struct wait *wait = payload;
    gt_fetched_read(wait->arena, response, wait->fetched);
    wait->done = true;
    gt_loop_stop(wait->loop);
}

static void on_time(void *payload)
{
    struct wait *wait = payload;
    wait->done = true;
    gt_loop_stop(wait->loop);
}

void gt_pause(struct gt_loop *loop, int64_t ms)
{
    struct wait wait = {.loop = loop};
    gt_timer_start(loop, ms, on_time, &wait);
    while (!wait.done)
        gt_loop_run(loop);
}

void gt_fetch(struct gt_arena *arena, const struct gt_fetch_options *options,
              const struct gt_http_request *request, struct gt_fetched *out)
{
    const struct gt_sys *sys = gt_loop_sys(options->loop);
    struct gt_http_request attempt = *request;
    int64_t pause_ms = FIRST_PAUSE_MS, end_ms = gt_monotonic_ms(sys) + options->deadline_ms;
    attempt.timeout_ms = ATTEMPT_TIMEOUT_MS;
    attempt.max_body = BODY_MAX;
    for (;;) {
        struct wait wait = {.loop = options->loop, .arena = arena, .fetched = out};
        *out = (struct gt_fetched){0};
        gt_http_send(options->http, &attempt, on_answer, &wait);
        while (!wait.done)
            gt_loop_run(options->loop);
        bool passing = out->outcome != GT_HTTP_ANSWERED || out->status >= 500 || out->status == 429;
        if (!passing || gt_monotonic_ms(sys) + pause_ms > end_ms)
            return;
        gt_pause(options->loop, pause_ms);
        pause_ms = pause_ms * 2 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : pause_ms * 2;
    }
}

const char *gt_received(struct gt_arena *arena, const struct gt_fetched *fetched)
{
    enum { SHOWN = 300 };
    if (fetched->outcome != GT_HTTP_ANSWERED)
        return fetched->error;
    const char *body = gt_one_line(arena, fetched->body, SHOWN);
    return gt_printf(arena, "HTTP %d%s%s", fetched->status, *body == '\0' ? "" : ": ", body);
}

bool gt_discover(struct gt_arena *arena, const struct gt_fetch_options *options,
                 const char *discovery_url, const json_t **document,
                 struct gt_token_failure *failure)
{
    struct gt_http_request request = {.method = "GET", .url = discovery_url};
    struct gt_fetched fetched;
    gt_fetch(arena, options, &request, &fetched);
    if (fetched.status == 200 && gt_text_at(fetched.document, "/issuer") != NULL) {
        *document = fetched.document;
        return true;
    }
    *failure = (struct gt_token_failure){
        .message = "the discovery document of the issuer cannot be read",
        .sent = gt_printf(arena, "GET %s", discovery_url),
        .received = gt_received(arena, &fetched),
        .cause = fetched.outcome == GT_HTTP_ANSWERED
                     ? "the user pool is gone, or the discovery URL is that of another issuer"
                     : "the issuer's host cannot be reached from here",
    };
    return false;
}

/* The errors of RFC 6749 section 5.2, as Cognito means them. */
static const struct {
    const char *error, *cause;
} causes[] = {
    {"invalid_client", "the client id or the secret is wrong, or the client was made anew since"},
    {"invalid_scope", "the client may not ask for that scope, or no resource server defines it"},
    {"unauthorized_client", "the client is not allowed the flow client_credentials"},
    {"unsupported_grant_type", "the client is not allowed the flow client_credentials"},
    {"invalid_grant", "the client has no scope that it may ask for"},
};

static const char *cause_of(const struct gt_fetched *fetched)
{
    if (fetched->outcome != GT_HTTP_ANSWERED)
        return "the domain of the user pool is not there (yet), or its name does not resolve here";
    const char *error = gt_text_at(fetched->document, "/error");
    for (size_t i = 0; i < GT_COUNT(causes); i++)
        if (gt_streq(error, causes[i].error))
            return causes[i].cause;
    return fetched->status == 404 ? "the user pool has no domain" : NULL;
}

/* The form of RFC 6749 section 4.4.2; the client is named by HTTP Basic. */
static const char *form(struct gt_arena *arena, const char *scope)
{
    if (scope == NULL || *scope == '\0')
        return "grant_type=client_credentials";
    return gt_printf(arena, "grant_type=client_credentials&scope=%s",
                     gt_percent_encode(arena, scope, ""));
}

bool gt_token_read(const struct gt_fetched *fetched, struct gt_token *token)
{
    const char *text = gt_text_at(fetched->document, "/access_token");
    if (fetched->status != 200 || text == NULL)
        return false;
    *token = (struct gt_token){
        .access_token = text,
        .type = gt_text_at(fetched->document, "/token_type"),
        .scope = gt_text_at(fetched->document, "/scope"),
        .expires_in_s = json_integer_value(gt_at(fetched->document, "/expires_in")),
    };
    return true;
}

void gt_token_request(struct gt_arena *arena, const char *token_url,
                      const struct gt_verify_client *client, const char *scope,
                      struct gt_token_request *out)
{
    const char *pair = gt_printf(arena, "%s:%s", client->client_id, client->secret);
    const char *body = form(arena, scope == NULL ? client->scope : scope);
    *out = (struct gt_token_request){
        .headers = {
            {"Authorization", gt_printf(arena, "Basic %s", gt_base64(arena, pair, strlen(pair)))},
            {"Content-Type", "application/x-www-form-urlencoded"},
            {"Accept", "application/json"}}};
    out->http = (struct gt_http_request){
        .method = "POST",
        .url = token_url,
        .headers = out->headers,
        .header_count = GT_COUNT(out->headers),
        .body = body,
        .body_len = strlen(body),
        .secret = true,
    };
}

bool gt_token_fetch(struct gt_arena *arena, const struct gt_token_options *options,
                    const char **token_url, struct gt_token *token,
                    struct gt_token_failure *failure)
{
    struct gt_fetch_options fetch = {options->loop, options->http, options->deadline_ms};
    const json_t *document;
    if (*token_url == NULL) {
        if (!gt_discover(arena, &fetch, options->client->discovery_url, &document, failure))
            return false;
        *token_url = gt_text_at(document, "/token_endpoint");
    }
    if (*token_url == NULL) {
        *failure = (struct gt_token_failure){
            .message = "the issuer has no token endpoint",
            .sent = gt_printf(arena, "GET %s", options->client->discovery_url),
            .received = "a discovery document without token_endpoint",
            .cause = "the user pool has no domain",
        };
        return false;
    }
    struct gt_token_request request;
    struct gt_fetched fetched;
    gt_token_request(arena, *token_url, options->client, options->scope, &request);
    gt_fetch(arena, &fetch, &request.http, &fetched);
    if (gt_token_read(&fetched, token))
        return true;
    bool held_back = fetched.status == 200; /* it may be a token in another form */
    *failure = (struct gt_token_failure){
        .message = "no token",
        .sent = gt_printf(arena, "POST %s as client %s, %s", *token_url, options->client->client_id,
                          request.http.body),
        .received = held_back ? "HTTP 200 without an access_token" : gt_received(arena, &fetched),
        .cause = cause_of(&fetched),
    };
    return false;
}
