/*
 * The listener of a tier: which path is what, who may come in (Host, Origin, token, limits), and on
 * to MCP. Source: MCP specification, "Transports", "Authorization"; RFC 9728 section 3.
 */
#include "parts.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <math.h>
#include <string.h>

enum { MAX_HEADERS = 16 * 1024, MAX_CONNECTIONS = 20000 };

static const char metadata_path[] = "/.well-known/oauth-protected-resource";

static struct gt_mcp_http_options http_options(const struct gt_tier *tier)
{
    return (struct gt_mcp_http_options){.allowed_origins = tier->allowed_origins,
                                        .allowed_hosts = tier->allowed_hosts,
                                        .any_host = tier->any_host,
                                        .cors = tier->cors};
}

/* Too many requests: with how long to wait. Source: RFC 6585 section 4, RFC 9110 section 10.2.3. */
static void overloaded(struct gt_exchange *exchange, int status, int64_t wait_ms, const char *why)
{
    struct gt_arena *arena = gt_exchange_arena(exchange);
    json_auto_t *error = gt_rpc_error(NULL, true, GT_SERVER_OVERLOADED, why, NULL);
    const char *text = gt_json_canonical(arena, error);
    const struct gt_header headers[] = {
        {"Content-Type", "application/json"},
        {"Retry-After", gt_printf(arena, "%lld", (long long)((wait_ms + 999) / 1000))},
    };
    gt_reply(exchange, status, headers, GT_COUNT(headers), text, strlen(text));
}

/* Whether the message is a notification or a response: these cost nothing, and may end what is too
 * much (notifications/cancelled). */
static bool asks_nothing(struct gt_exchange *exchange)
{
    enum { LOOKED_AT = 64 * 1024, DEPTH = 64 };
    struct gt_arena *arena = gt_exchange_arena(exchange);
    const struct gt_request *request = gt_exchange_request(exchange);
    const char *problem;
    if (request->body_len > LOOKED_AT)
        return false;
    enum gt_rpc_kind kind =
        gt_rpc_read(
            gt_keep(arena, gt_rpc_parse(arena, request->body, request->body_len, DEPTH, &problem)))
            .kind;
    return kind == GT_RPC_NOTIFICATION || kind == GT_RPC_RESPONSE;
}

/* The tier's rate and room; false after answering. */
static bool admit(struct gt_listener *listener, const struct gt_tier *tier,
                  struct gt_exchange *exchange)
{
    int64_t now = gt_monotonic_ms(gt_loop_sys(listener->service->loop));
    bool room = gt_gate_has_room(&listener->gate, &tier->limits);
    int64_t wait = room ? gt_gate_take(&listener->gate, &tier->limits, now) : 0;
    if ((room && wait == 0) || asks_nothing(exchange))
        return true;
    if (!room)
        overloaded(exchange, 503, 1000, "too many calls are under way: try again soon");
    else
        overloaded(exchange, 429, wait, "too many requests: try again soon");
    return false;
}

/* How clients reach the tier: said, or as the request's Host says. */
static const char *resource_url(const struct gt_listener *listener, const struct gt_tier *tier,
                                struct gt_exchange *exchange, const char *path)
{
    struct gt_arena *arena = gt_exchange_arena(exchange);
    const char *host = gt_request_header(gt_exchange_request(exchange), "host");
    if (tier->public_url != NULL)
        return gt_printf(arena, "%s%s", tier->public_url, path);
    if (host != NULL)
        return gt_printf(arena, "http://%s%s", host, path);
    return gt_printf(arena, "%.*s%s", (int)(strlen(listener->url) - strlen("/mcp")), listener->url,
                     path);
}

/* "/mcp", "/mcp/NAME": false for anything else. */
static bool mcp_path(const char *path, const char **toolset)
{
    if (!gt_starts_with(path, "/mcp"))
        return false;
    path += strlen("/mcp");
    *toolset = *path == '/' && path[1] != '\0' ? path + 1 : NULL;
    return *path == '\0' || (*path == '/' && strchr(path + 1, '/') == NULL);
}

static void not_found(struct gt_exchange *exchange, const char *toolset)
{
    static const struct gt_header type = {"Content-Type", "text/plain; charset=utf-8"};
    struct gt_arena *arena = gt_exchange_arena(exchange);
    const char *text = toolset != NULL ? gt_printf(arena, "there is no toolset \"%s\"\n",
                                                   gt_one_line(arena, toolset, 128))
                                       : "not found: MCP is at /mcp\n";
    gt_reply(exchange, 404, &type, 1, text, strlen(text));
}

static void serve(struct gt_listener *listener, struct gt_exchange *exchange, const json_t *claims)
{
    struct gt_service *service = listener->service;
    const struct gt_tier *tier = gt_live_tier(service->live, listener->tier);
    const struct gt_request *request = gt_exchange_request(exchange);
    struct gt_visit *visit = GT_NEW(gt_exchange_arena(exchange), struct gt_visit);
    *visit = (struct gt_visit){.listener = listener, .claims = claims, .admitted = true};
    if (tier == NULL || !mcp_path(request->path, &visit->toolset) ||
        gt_live_shelf(service->live, listener->tier, visit->toolset) == NULL) {
        not_found(exchange, visit->toolset);
        return;
    }
    if (strcmp(request->method, "POST") == 0 && !admit(listener, tier, exchange))
        return;
    visit->caller = gt_text_at(claims, "/client_id");
    if (visit->caller == NULL)
        visit->caller = gt_text_at(claims, "/sub");
    const struct gt_mcp_http_options options = http_options(tier);
    gt_mcp_http_serve(listener->mcp, &options, exchange, visit);
}

struct checking { /* of a token, in the exchange's arena */
    struct gt_listener *listener;
    struct gt_live *live; /* whose rule the token is checked by */
};

static void on_request(void *payload, struct gt_exchange *exchange);

static void on_checked(void *payload, struct gt_exchange *exchange,
                       const struct gt_refusal *refusal, const json_t *claims)
{
    const struct checking *checking = payload;
    struct gt_listener *listener = checking->listener;
    const struct gt_tier *tier = gt_live_tier(listener->service->live, listener->tier);
    bool holds = checking->live == listener->service->live;
    gt_live_release(checking->live);
    if (!holds && refusal == NULL) { /* keys were waited for, and the rule may be another one */
        on_request(listener, exchange);
        return;
    }
    if (refusal == NULL && tier != NULL) {
        serve(listener, exchange,
              gt_keep(gt_exchange_arena(exchange), json_incref(gt_iterable(claims))));
        return;
    }
    static const struct gt_refusal gone = {.status = 503, .description = "the tier is gone"};
    const char *path = gt_printf(gt_exchange_arena(exchange), "%s%s", metadata_path,
                                 gt_exchange_request(exchange)->path);
    gt_bearer_refuse(exchange, tier != NULL ? resource_url(listener, tier, exchange, path) : "",
                     tier != NULL ? refusal : &gone);
}

static const json_t *scopes_of(const struct gt_tier *tier)
{
    return json_object_get(tier->jwt->authorizer, "allowedScopes");
}

static void check_token(struct gt_listener *listener, const struct gt_tier *tier,
                        struct gt_exchange *exchange)
{
    const struct gt_bearer_rule rule = {.discovery_url = tier->jwt->discovery_url,
                                        .issuer = tier->jwt->issuer,
                                        .authorizer = tier->jwt->authorizer,
                                        .scopes = scopes_of(tier)};
    struct checking *checking = GT_NEW(gt_exchange_arena(exchange), struct checking);
    *checking = (struct checking){listener, listener->service->live};
    gt_live_hold(checking->live);
    gt_bearer_check(listener->service->issuers, exchange, &rule,
                    gt_now_ms(gt_loop_sys(listener->service->loop)), on_checked, checking);
}

static void answer_health(struct gt_exchange *exchange)
{
    json_auto_t *document = json_pack("{s:s}", "status", "ok");
    gt_reply_json(exchange, 200, document);
}

static void answer_metadata(struct gt_listener *listener, const struct gt_tier *tier,
                            struct gt_exchange *exchange)
{
    const char *path = gt_exchange_request(exchange)->path + strlen(metadata_path);
    const char *url = resource_url(listener, tier, exchange, *path != '\0' ? path : "/mcp");
    json_auto_t *document = gt_resource_metadata(url, tier->jwt->issuer, scopes_of(tier));
    gt_reply_json(exchange, 200, document);
}

static void on_request(void *payload, struct gt_exchange *exchange)
{
    struct gt_listener *listener = payload;
    const struct gt_request *request = gt_exchange_request(exchange);
    const struct gt_tier *tier = gt_live_tier(listener->service->live, listener->tier);
    const char *toolset;
    bool reads = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
    /* Load balancers and the platform ask by address, not by name: these tell nothing secret. */
    if (reads && (strcmp(request->path, "/health") == 0 || strcmp(request->path, "/ping") == 0)) {
        answer_health(exchange);
        return;
    }
    if (tier == NULL) {
        gt_reply(exchange, 404, NULL, 0, NULL, 0);
        return;
    }
    const struct gt_mcp_http_options options = http_options(tier);
    if (!gt_mcp_http_admit(&options, exchange))
        return;
    if (reads && strcmp(request->path, "/ready") == 0)
        gt_ready_answer(listener, exchange);
    else if (reads && tier->jwt != NULL && gt_starts_with(request->path, metadata_path) &&
             (request->path[strlen(metadata_path)] == '\0' ||
              mcp_path(request->path + strlen(metadata_path), &toolset)))
        answer_metadata(listener, tier, exchange);
    else if (tier->jwt != NULL && mcp_path(request->path, &toolset))
        check_token(listener, tier, exchange);
    else
        serve(listener, exchange, NULL);
}

static json_t *capabilities(void)
{
    return json_pack("{s:{s:b}}", "tools", "listChanged", 1);
}

/* What the live configuration says about the server, in an arena of its own: it changes with each
 * reload. */
static struct gt_mcp_server_options mcp_options(struct gt_listener *listener,
                                                const struct gt_tier *tier)
{
    struct gt_arena *arena = listener->told = gt_arena_new();
    const struct gt_service *service = listener->service;
    const struct gt_config *config = service->live->config;
    bool narrowed = tier->jwt != NULL; /* lists depend on who asks */
    for (size_t i = 0; i < tier->tools.len; i++)
        narrowed |= tier->tools.at[i]->scopes != NULL && tier->tools.at[i]->scopes[0] != NULL;
    return (struct gt_mcp_server_options){
        .loop = service->loop,
        .server_info = gt_keep(arena, json_pack("{s:s, s:s*, s:s}", "name", config->name, "title",
                                                config->title, "version", config->version)),
        .capabilities = listener->capabilities,
        .instructions = gt_strdup(arena, config->instructions),
        .methods = gt_server_methods,
        .ttl_ms = 60 * 1000,
        .private_lists = narrowed,
    };
}

void gt_listener_follow(struct gt_listener *listener)
{
    const struct gt_service *service = listener->service;
    const struct gt_tier *tier = gt_live_tier(service->live, listener->tier);
    if (tier == NULL || service->options.conformance != NULL)
        return;
    struct gt_arena *before = listener->told;
    const struct gt_mcp_server_options options = mcp_options(listener, tier);
    gt_mcp_server_describe(listener->mcp, &options);
    gt_arena_free(before);
}

struct gt_listener *gt_listener_new(struct gt_service *service, const struct gt_tier *tier)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_listener *listener = GT_NEW(arena, struct gt_listener);
    *listener = (struct gt_listener){.service = service,
                                     .arena = arena,
                                     .tier = gt_strdup(arena, tier->name),
                                     .host = gt_strdup(arena, tier->host),
                                     .port = tier->port};
    listener->waiting_end = &listener->waiting;
    listener->capabilities = gt_keep(arena, capabilities());
    const struct gt_mcp_server_options options = mcp_options(listener, tier);
    const struct gt_mcp_server_options *conformance = service->options.conformance;
    listener->mcp = gt_mcp_server_new(conformance != NULL ? conformance : &options);
    return listener;
}

bool gt_listener_open(struct gt_service *service, const struct gt_tier *tier,
                      struct gt_listener **out, struct gt_diags *diags)
{
    struct gt_listener *listener = gt_listener_new(service, tier);
    const struct gt_server_options options = {.host = listener->host,
                                              .port = listener->port,
                                              .handler = on_request,
                                              .payload = listener,
                                              .max_headers = MAX_HEADERS,
                                              .max_connections = MAX_CONNECTIONS};
    if (!gt_server_start(service->loop, &options, &listener->http, diags)) {
        diags->list.at[diags->list.len - 1]->subject = gt_strdup(diags->arena, tier->name);
        gt_listener_free(listener);
        return false;
    }
    bool six = strchr(listener->host, ':') != NULL;
    listener->url = gt_printf(listener->arena, "http://%s%s%s:%d/mcp", six ? "[" : "",
                              listener->host, six ? "]" : "", gt_server_port(listener->http));
    *out = listener;
    return true;
}

struct gt_listener *gt_listener_find(const struct gt_service *service, const char *tier)
{
    struct gt_listener *listener = service->listeners;
    while (listener != NULL &&
           (listener->closing || (tier != NULL && !gt_streq(listener->tier, tier))))
        listener = listener->next;
    return listener;
}

void gt_listener_free(struct gt_listener *listener)
{
    gt_mcp_stdio_free(listener->stdio);
    gt_mcp_server_free(listener->mcp);
    gt_server_free(listener->http);
    gt_arena_free(listener->told);
    gt_arena_free(listener->arena);
}
