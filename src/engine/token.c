/* Tokens by client credentials (RFC 6749 section 4.4), as Cognito's token endpoint gives them. */
#include "verify_internal.h"

#include <gantry/base/base64.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>

#include <string.h>

enum {
    ATTEMPT_TIMEOUT_MS = 10000,
    SHORTEST_TIMEOUT_MS = 1000,
    LONGEST_PAUSE_MS = 4000,
    BODY_MAX = 1 << 20,
    UNKNOWN_LIFE_S = 300,
    LONGEST_LIFE_S = 24 * 3600
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

bool gt_is_over(const struct gt_fetch_options *options)
{
    return options->is_over != NULL && options->is_over(options->payload);
}

static int64_t left_ms(const struct gt_fetch_options *options)
{
    return options->end_ms - gt_monotonic_ms(gt_loop_sys(options->loop));
}

int64_t gt_longer_pause(int64_t ms)
{
    return ms * 2 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : ms * 2;
}

bool gt_pause(const struct gt_fetch_options *options, int64_t ms)
{
    struct wait wait = {.loop = options->loop};
    if (left_ms(options) < ms || gt_is_over(options))
        return false;
    struct gt_timer *timer = gt_timer_start(options->loop, ms, on_time, &wait);
    while (!wait.done && !gt_is_over(options))
        gt_loop_run(options->loop);
    if (!wait.done)
        gt_timer_cancel(timer);
    return wait.done;
}

bool gt_is_passing(const struct gt_fetched *fetched)
{
    return fetched->outcome != GT_HTTP_ANSWERED || fetched->status >= 500 || fetched->status == 429;
}

/* One attempt; it is given at least a second, so that a deadline does not make it worthless. */
static void attempt(struct gt_arena *arena, const struct gt_fetch_options *options,
                    const struct gt_http_request *request, struct gt_fetched *out)
{
    struct gt_http_request sent = *request;
    int64_t left = left_ms(options);
    struct wait wait = {.loop = options->loop, .arena = arena, .fetched = out};
    sent.timeout_ms = left > ATTEMPT_TIMEOUT_MS    ? ATTEMPT_TIMEOUT_MS
                      : left < SHORTEST_TIMEOUT_MS ? SHORTEST_TIMEOUT_MS
                                                   : left;
    sent.max_body = BODY_MAX;
    *out = (struct gt_fetched){.outcome = GT_HTTP_NOT_SENT, .error = "interrupted", .body = ""};
    struct gt_http_open *open = gt_http_start(options->http, &sent, on_answer, &wait);
    while (!wait.done && !gt_is_over(options))
        gt_loop_run(options->loop);
    if (!wait.done)
        gt_http_cancel(open);
}

void gt_fetch(struct gt_arena *arena, const struct gt_fetch_options *options,
              const struct gt_http_request *request, struct gt_fetched *out)
{
    attempt(arena, options, request, out);
    for (int64_t pause_ms = GT_FIRST_PAUSE_MS; gt_is_passing(out) && gt_pause(options, pause_ms);
         pause_ms = gt_longer_pause(pause_ms))
        attempt(arena, options, request, out);
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

const char *gt_token_cause(const struct gt_fetched *fetched)
{
    if (fetched->outcome != GT_HTTP_ANSWERED)
        return "the domain of the user pool is not there (yet), or its name does not resolve here";
    const char *error = gt_text_at(fetched->document, "/error");
    for (size_t i = 0; i < GT_COUNT(causes); i++)
        if (gt_streq(error, causes[i].error))
            return causes[i].cause;
    if (fetched->status == 404)
        return "the user pool has no domain, or another one than its discovery document says";
    return gt_is_passing(fetched) ? "the token endpoint is overloaded or failing"
                                  : "what answers at the token URL is no token endpoint";
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
    json_int_t life_s = json_integer_value(gt_at(fetched->document, "/expires_in"));
    if (fetched->status != 200 || text == NULL)
        return false;
    *token = (struct gt_token){
        .access_token = text,
        .type = gt_text_at(fetched->document, "/token_type"),
        .scope = gt_text_at(fetched->document, "/scope"),
        .expires_in_s = life_s <= 0               ? UNKNOWN_LIFE_S
                        : life_s > LONGEST_LIFE_S ? LONGEST_LIFE_S
                                                  : life_s,
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
    int64_t deadline_ms = options->deadline_ms > 0 ? options->deadline_ms : GT_TOKEN_DEADLINE_MS;
    struct gt_fetch_options fetch = {
        .loop = options->loop,
        .http = options->http,
        .end_ms = gt_monotonic_ms(gt_loop_sys(options->loop)) + deadline_ms,
        .is_over = options->is_over,
        .payload = options->payload,
    };
    const json_t *document;
    const char *url = *token_url;
    if (url == NULL) {
        if (!gt_discover(arena, &fetch, options->client->discovery_url, &document, failure))
            return false;
        url = gt_text_at(document, "/token_endpoint");
    }
    if (url == NULL) {
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
    gt_token_request(arena, url, options->client, options->scope, &request);
    gt_fetch(arena, &fetch, &request.http, &fetched);
    if (gt_token_read(&fetched, token)) {
        *token_url = url;
        return true;
    }
    bool held_back = fetched.status / 100 == 2; /* it may be a token in another form */
    *failure = (struct gt_token_failure){
        .message = "no token could be had",
        .sent = gt_printf(arena, "POST %s as client %s, %s", url, options->client->client_id,
                          request.http.body),
        .received = held_back ? gt_printf(arena, "HTTP %d without an access_token", fetched.status)
                              : gt_received(arena, &fetched),
        .cause = gt_token_cause(&fetched),
    };
    return false;
}
