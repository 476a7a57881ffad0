#include "auth_fixture.h"

#include <gantry/base/base64.h>
#include <gantry/jose/jose.h>
#include <loop_run.h>
#include <string.h>

enum { PATIENCE_MS = 60000, CONNECTIONS = 200 };

struct fixture fixture;
json_t *fixture_keys[KEYS];

void fixture_keys_setup(void)
{
    for (size_t i = 0; i < KEYS; i++)
        fixture_keys[i] = gt_jwk_generate();
}

void fixture_keys_teardown(void)
{
    for (size_t i = 0; i < KEYS; i++)
        json_decref(fixture_keys[i]);
}

/* -- the issuer -- */

static json_t *key_set(void)
{
    json_t *keys = json_array();
    for (size_t i = 0; i < KEYS; i++)
        if (fixture.shown[i])
            json_array_append_new(keys, gt_jwk_public(fixture_keys[i]));
    return json_pack("{s:o}", "keys", keys);
}

static json_t *document_of(const char *path)
{
    if (strcmp(path, "/keys") == 0)
        return key_set();
    return json_pack("{s:s, s:o}", "issuer", fixture.name, "jwks_uri",
                     json_sprintf("http://127.0.0.1:%d/keys", fixture.port));
}

static void answer_right(struct gt_exchange *exchange)
{
    json_auto_t *document = document_of(gt_exchange_request(exchange)->path);
    gt_reply_json(exchange, 200, document);
}

static void on_issuer(void *payload, struct gt_exchange *exchange)
{
    bool keys = strcmp(gt_exchange_request(exchange)->path, "/keys") == 0;
    const struct page *page = keys ? &fixture.keys : &fixture.discovery;
    (void)payload;
    gt_exchange_add_header(exchange, "Connection", "close"); /* it would be too old at once */
    *(keys ? &fixture.key_sets : &fixture.discoveries) += 1;
    if (page->hangs) {
        *GT_PUSH(fixture.arena, &fixture.held) = exchange;
    } else if (page->body == NULL && page->status == 0) {
        answer_right(exchange);
    } else {
        const struct gt_header location = {"Location", page->location};
        const char *body = page->body == NULL ? "" : page->body;
        gt_reply(exchange, page->status == 0 ? 200 : page->status, &location,
                 page->location != NULL, body, page->body_len > 0 ? page->body_len : strlen(body));
    }
}

void fixture_release(void)
{
    fixture.discovery.hangs = fixture.keys.hangs = false;
    for (size_t i = 0; i < fixture.held.len; i++)
        answer_right(fixture.held.at[i]);
    fixture.held.len = 0;
}

void fixture_issuer_start(void)
{
    struct gt_diags diags = gt_diags_init(fixture.arena);
    const struct gt_server_options options = {.port = fixture.port, .handler = on_issuer};
    ck_assert(gt_server_start(fixture.loop, &options, &fixture.issuer, &diags));
    fixture.port = gt_server_port(fixture.issuer);
}

void fixture_issuer_stop(void)
{
    gt_server_free(fixture.issuer);
    fixture.issuer = NULL;
}

static bool own_issuer(void *payload, const char *discovery_url, json_t **document, json_t **jwks)
{
    (void)payload, (void)discovery_url;
    if (!fixture.own)
        return false;
    *document = document_of("/");
    *jwks = key_set();
    return true;
}

/* -- the resource -- */

static void on_checked(void *payload, struct gt_exchange *exchange,
                       const struct gt_refusal *refusal, const json_t *claims)
{
    ck_assert_ptr_eq(payload, &fixture);
    ck_assert_int_eq(refusal == NULL, claims != NULL);
    if (refusal != NULL) {
        gt_bearer_refuse(exchange, "http://resource/metadata", refusal);
        return;
    }
    fixture.passed++;
    gt_reply_json(exchange, 200, claims);
}

static void on_resource(void *payload, struct gt_exchange *exchange)
{
    (void)payload;
    gt_bearer_check(fixture.issuers, exchange, &fixture.rule, gt_now_ms(&fixture.sys), on_checked,
                    &fixture);
}

/* -- clients -- */

static void on_answer(void *payload, const struct gt_http_response *response)
{
    struct answer *answer = payload;
    ck_assert_msg(response->outcome == GT_HTTP_ANSWERED, "%s", response->error);
    *answer = (struct answer){
        .done = true,
        .status = response->status,
        .challenge = gt_strdup(fixture.arena, gt_http_header(response, "www-authenticate")),
        .retry_after = gt_strdup(fixture.arena, gt_http_header(response, "retry-after")),
        .body = gt_strdup(fixture.arena, response->body),
    };
    gt_loop_stop(fixture.loop);
}

struct answer *fixture_send(const char *token)
{
    struct answer *answer = GT_NEW(fixture.arena, struct answer);
    const struct gt_header header = {"Authorization", gt_printf(fixture.arena, "Bearer %s", token)};
    const struct gt_http_request request = {
        .method = "GET",
        .url = gt_printf(fixture.arena, "http://127.0.0.1:%d/", gt_server_port(fixture.resource)),
        .headers = &header,
        .header_count = token != NULL,
    };
    gt_http_send(fixture.clients, &request, on_answer, answer);
    return answer;
}

void fixture_await(const struct answer *answer)
{
    int64_t end = gt_monotonic_ms(gt_sys_real()) + PATIENCE_MS;
    while (!answer->done) {
        gt_loop_run(fixture.loop);
        ck_assert_int_lt(gt_monotonic_ms(gt_sys_real()), end);
    }
}

struct answer *fixture_ask(const char *token)
{
    struct answer *answer = fixture_send(token);
    fixture_await(answer);
    return answer;
}

void fixture_run_ms(int64_t ms)
{
    gt_test_run_ms(fixture.loop, ms);
}

/* -- tokens -- */

char *fixture_base64url(const void *bytes, size_t len)
{
    char *text = gt_base64(fixture.arena, bytes, len);
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    text[strcspn(text, "=")] = '\0';
    return text;
}

const char *fixture_claims(const char *extra)
{
    long long now_s = (long long)(gt_now_ms(&fixture.sys) / 1000);
    return gt_printf(fixture.arena,
                     "{%s\"iss\":\"%s\",\"aud\":\"tools\",\"client_id\":\"agent\","
                     "\"scope\":\"read call\",\"exp\":%lld}",
                     extra, fixture.name, now_s + 600);
}

char *fixture_token(size_t key, const char *claims)
{
    json_auto_t *parsed = json_loads(claims, 0, NULL);
    char *token = gt_jwt_sign(fixture.arena, fixture_keys[key], parsed);
    ck_assert_msg(token != NULL, "%s", claims);
    return token;
}

char *fixture_good(size_t key)
{
    return fixture_token(key, fixture_claims(""));
}

/* -- life -- */

static int64_t skewed_now(void *self)
{
    (void)self;
    return gt_now_ms(gt_sys_real()) + fixture.skew_ms;
}

static int64_t skewed_monotonic(void *self)
{
    (void)self;
    return gt_monotonic_ms(gt_sys_real()) + fixture.skew_ms;
}

void fixture_setup(void)
{
    fixture = (struct fixture){.arena = gt_arena_new(), .sys = *gt_sys_real(), .shown = {true}};
    struct gt_diags diags = gt_diags_init(fixture.arena);
    fixture.sys.now_ms = skewed_now;
    fixture.sys.monotonic_ms = skewed_monotonic;
    fixture.loop = gt_loop_new(&fixture.sys);
    fixture.http = gt_http_new(fixture.loop, &(struct gt_http_options){0});
    fixture.clients =
        gt_http_new(fixture.loop, &(struct gt_http_options){.connections_per_host = CONNECTIONS});
    fixture.issuers = gt_issuers_new(&(struct gt_issuers_options){
        .loop = fixture.loop, .http = fixture.http, .own = own_issuer});
    const struct gt_server_options options = {.handler = on_resource, .max_headers = 64 * 1024};
    ck_assert(gt_server_start(fixture.loop, &options, &fixture.resource, &diags));
    fixture_issuer_start();
    fixture.name = gt_printf(fixture.arena, "http://127.0.0.1:%d", fixture.port);
    fixture.rule = (struct gt_bearer_rule){
        .discovery_url =
            gt_printf(fixture.arena, "%s/.well-known/openid-configuration", fixture.name),
        .issuer = fixture.name,
        .authorizer =
            gt_pack(fixture.arena, "{s:[s, s], s:[s], s:[s, s]}", "allowedAudience", "tools",
                    "other", "allowedClients", "agent", "allowedScopes", "call", "admin"),
        .scopes = gt_pack(fixture.arena, "[s, s]", "call", "admin"),
    };
}

void fixture_teardown(void)
{
    gt_issuers_free(fixture.issuers);
    gt_http_free(fixture.clients);
    gt_http_free(fixture.http);
    gt_server_free(fixture.issuer);
    gt_server_free(fixture.resource);
    gt_loop_free(fixture.loop);
    gt_arena_free(fixture.arena);
}
