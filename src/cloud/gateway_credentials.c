/*
 * How a gateway shows a target's server who it is: nothing, a request signed by the gateway's role,
 * a token by client credentials, an API key, the client's own token. What the gateway's role may do
 * is asked of IAM. Source: AgentCore developer guide, "Gateway outbound authorization".
 */
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/sign/sigv4.h>
#include <string.h>

enum {
    KEYS_LIFE_MS = 3600 * 1000,
    KEYS_SPARE_MS = 5 * 60 * 1000, /* before their end they are replaced */
    TOKEN_SPARE_MS = 60 * 1000,
    HEADERS_MAX = 64
};

static const char service_principal[] = "bedrock-agentcore.amazonaws.com";

struct credential {
    const char *type, *detail; /* and the member of credentialProvider that it needs, or NULL */
    void (*authorise)(struct gt_upstream *link, struct gt_object *gateway, const json_t *provider,
                      struct gt_mcp_sending *sending, const struct gt_http_request *request);
};

static void fail(struct gt_upstream *link, struct gt_mcp_sending *sending, const char *problem)
{
    struct gt_arena *arena = gt_arena_new();
    link->trouble = gt_strdup(arena, problem);
    gt_arena_free(link->trouble_arena);
    link->trouble_arena = arena;
    gt_mcp_send_fail(sending, link->trouble);
}

static json_t *source_context(struct gt_arena *arena, const struct gt_object *gateway)
{
    return gt_pack(arena, "{s:s, s:s}", "aws:SourceArn", gateway->arn, "aws:SourceAccount",
                   gateway->account);
}

/* Whether the service may act as the gateway's role at all. */
static bool trusted(struct gt_local *local, struct gt_arena *arena, const struct gt_object *gateway,
                    const char **why)
{
    const char *role = gt_text_at(gateway->data, "/roleArn");
    const struct gt_access access = {
        .action = "sts:AssumeRole",
        .resource = role,
        .principal_kind = "Service",
        .principal = service_principal,
        .context = source_context(arena, gateway),
    };
    if (role != NULL)
        return gt_iam_trusts(local, role, &access, why, arena);
    *why = "the gateway has no role";
    return false;
}

static bool may(struct gt_local *local, struct gt_arena *arena, const struct gt_object *gateway,
                const char *action, const char *resource, const char **why)
{
    const struct gt_access access = {.action = action, .resource = resource};
    return gt_iam_role_may(local, gt_text_at(gateway->data, "/roleArn"), gateway->region, &access,
                           why, arena);
}

/* Keys of the gateway's role, kept until shortly before their end. */
static bool role_keys(struct gt_upstream *link, struct gt_arena *arena, struct gt_object *gateway,
                      const char **why)
{
    struct gt_local *local = link->plane->local;
    const struct gt_object *role = gt_iam_role(local, gt_text_at(gateway->data, "/roleArn"));
    if (link->keys.access_key_id != NULL && role != NULL && link->keys_of == role->order &&
        link->keys.expires_ms - KEYS_SPARE_MS > gt_local_now_ms(local))
        return true;
    *why = "the gateway's role does not exist";
    if (!trusted(local, arena, gateway, why) || role == NULL)
        return false;
    gt_arena_free(link->keys_arena);
    link->keys_arena = gt_arena_new_secret();
    gt_keys_issue(local, link->keys_arena, role,
                  gt_printf(link->keys_arena, "gateway-%.50s", gateway->id), KEYS_LIFE_MS, NULL,
                  &link->keys);
    link->keys_of = role->order;
    return true;
}

static void by_role(struct gt_upstream *link, struct gt_object *gateway, const json_t *provider,
                    struct gt_mcp_sending *sending, const struct gt_http_request *request)
{
    const char *why = NULL, *region = gt_text_at(provider, "/region");
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new_secret();
    struct gt_url url;
    if (!role_keys(link, arena, gateway, &why)) {
        fail(link, sending, why);
        return;
    }
    if (!gt_url_split(arena, request->url, &url)) {
        fail(link, sending, "the endpoint is no URL");
        return;
    }
    struct gt_sign_header headers[HEADERS_MAX];
    size_t count = 0;
    headers[count++] = (struct gt_sign_header){"host", url.authority};
    for (size_t i = 0; i < request->header_count && count < HEADERS_MAX; i++)
        headers[count++] =
            (struct gt_sign_header){request->headers[i].name, request->headers[i].value};
    const struct gt_sign_request sign = {
        .method = request->method,
        .path = url.path,
        .query = url.query,
        .headers = headers,
        .header_count = count,
        .body = request->body,
        .body_len = request->body_len,
    };
    const struct gt_sign_options options = {
        .access_key_id = link->keys.access_key_id,
        .secret_access_key = {link->keys.secret_access_key, strlen(link->keys.secret_access_key)},
        .session_token = link->keys.session_token,
        .region = region != NULL ? region : gateway->region,
        .service = gt_text_at(provider, "/service"),
        .unix_ms = gt_local_now_ms(link->plane->local),
    };
    struct gt_signature signature = gt_sigv4_sign(arena, &sign, &options);
    struct gt_header added[HEADERS_MAX];
    size_t more = 0;
    for (; more < signature.added_count && more < HEADERS_MAX; more++)
        added[more] = (struct gt_header){signature.added[more].name, signature.added[more].value};
    gt_mcp_send(sending, added, more);
}

struct use { /* of a credential provider */
    const json_t *config;
    const char *action, *secret; /* pointer of its secret's ARN */
};

/* A credential provider by its ARN, and whether the gateway's role may use it and read its secret.
 */
static struct gt_object *usable_provider(struct gt_local *local, struct gt_arena *arena,
                                         struct gt_object *gateway, const struct use *use,
                                         const char **why)
{
    const char *arn = gt_text_at(use->config, "/providerArn");
    struct gt_object *provider = arn == NULL ? NULL : gt_object_find_arn(local, arn);
    if (provider == NULL || (provider->kind != &gt_kind_oauth_provider &&
                             provider->kind != &gt_kind_api_key_provider)) {
        *why = "the credential provider does not exist";
        return NULL;
    }
    const char *secret = gt_text_at(provider->data, use->secret);
    bool good = trusted(local, arena, gateway, why) &&
                may(local, arena, gateway, use->action, arn, why) &&
                (secret == NULL ||
                 may(local, arena, gateway, "secretsmanager:GetSecretValue", secret, why));
    return good ? provider : NULL;
}

struct gt_grant_wait {
    struct gt_grant_wait *next;
    struct gt_mcp_sending *sending;
};

static void send_token(struct gt_upstream *link, struct gt_mcp_sending *sending)
{
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new_secret();
    const struct gt_header header = {"authorization", gt_printf(arena, "Bearer %s", link->token)};
    gt_mcp_send(sending, &header, 1);
}

static void on_token(void *payload, const char *token, int64_t life_ms, const char *problem)
{
    struct gt_upstream *link = payload;
    struct gt_grant_wait *waiting = link->waiting;
    struct gt_arena *arena = link->wait_arena;
    link->waiting = NULL;
    link->wait_arena = NULL;
    if (token != NULL) {
        gt_arena_free(link->keys_arena);
        link->keys_arena = gt_arena_new_secret();
        link->token = gt_strdup(link->keys_arena, token);
        int64_t spare = life_ms > 4 * TOKEN_SPARE_MS ? TOKEN_SPARE_MS : life_ms / 4;
        link->token_until_ms = gt_local_now_ms(link->plane->local) + life_ms - spare;
    }
    for (; waiting != NULL; waiting = waiting->next) {
        if (token != NULL)
            send_token(link, waiting->sending);
        else
            fail(link, waiting->sending, problem);
    }
    gt_arena_free(arena);
    gt_upstream_release(link);
}

static void by_token(struct gt_upstream *link, struct gt_object *gateway, const json_t *config,
                     struct gt_mcp_sending *sending, const struct gt_http_request *request)
{
    const char *why = NULL;
    (void)request;
    if (link->token != NULL && link->token_until_ms > gt_local_now_ms(link->plane->local)) {
        send_token(link, sending);
        return;
    }
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    const struct use use = {config, "bedrock-agentcore:GetResourceOauth2Token",
                            "/clientSecretArn/secretArn"};
    struct gt_object *provider = usable_provider(link->plane->local, arena, gateway, &use, &why);
    if (provider == NULL) {
        fail(link, sending, why);
        return;
    }
    bool first = link->waiting == NULL;
    if (first)
        link->wait_arena = gt_arena_new();
    struct gt_grant_wait *wait = GT_NEW(link->wait_arena, struct gt_grant_wait);
    wait->sending = sending;
    wait->next = link->waiting;
    link->waiting = wait;
    if (!first)
        return;
    const struct gt_grant_ask ask = {
        .provider = provider,
        .scopes = json_object_get(config, "scopes"),
        .parameters = json_object_get(config, "customParameters"),
    };
    gt_upstream_hold(link);
    gt_grant_fetch(link->plane, &ask, on_token, link);
}

struct gt_header gt_credential_header(struct gt_arena *arena, const json_t *provider,
                                      const char *key)
{
    const char *name = gt_text_at(provider, "/credentialParameterName");
    const char *prefix = gt_text_at(provider, "/credentialPrefix");
    if (prefix == NULL && name == NULL)
        prefix = "Bearer";
    return (struct gt_header){
        .name = name != NULL ? name : "Authorization",
        .value = prefix == NULL || *prefix == '\0' ? gt_strdup(arena, key)
                                                   : gt_printf(arena, "%s %s", prefix, key),
    };
}

static void by_key(struct gt_upstream *link, struct gt_object *gateway, const json_t *config,
                   struct gt_mcp_sending *sending, const struct gt_http_request *request)
{
    const char *why = NULL;
    (void)request;
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new_secret();
    const struct use use = {config, "bedrock-agentcore:GetResourceApiKey",
                            "/apiKeySecretArn/secretArn"};
    struct gt_object *provider = usable_provider(link->plane->local, arena, gateway, &use, &why);
    const char *key = provider == NULL ? NULL : gt_text_at(provider->hidden, "/apiKey");
    if (key == NULL) {
        fail(link, sending, why != NULL ? why : "the credential provider has no API key here");
        return;
    }
    if (gt_streq(gt_text_at(config, "/credentialLocation"), "QUERY_PARAMETER")) {
        gt_mcp_send(sending, NULL, 0); /* it is in the URL */
        return;
    }
    const struct gt_header header = gt_credential_header(arena, config, key);
    gt_mcp_send(sending, &header, 1);
}

/* The token with which the client came, if it did: the server judges it. */
static void by_passing(struct gt_upstream *link, struct gt_object *gateway, const json_t *config,
                       struct gt_mcp_sending *sending, const struct gt_http_request *request)
{
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new_secret();
    (void)gateway, (void)config, (void)request;
    if (link->passed == NULL) {
        gt_mcp_send(sending, NULL, 0);
        return;
    }
    const struct gt_header header = {"authorization", gt_printf(arena, "Bearer %s", link->passed)};
    gt_mcp_send(sending, &header, 1);
}

const char *gt_credential_query(struct gt_local *local, struct gt_arena *arena,
                                const json_t *configuration)
{
    const json_t *config = gt_at(configuration, "/credentialProvider/apiKeyCredentialProvider");
    const char *arn = gt_text_at(config, "/providerArn");
    if (!gt_streq(gt_text_at(configuration, "/credentialProviderType"), "API_KEY") ||
        !gt_streq(gt_text_at(config, "/credentialLocation"), "QUERY_PARAMETER") || arn == NULL)
        return NULL;
    const struct gt_object *provider = gt_object_find_arn(local, arn);
    const char *key = provider == NULL ? NULL : gt_text_at(provider->hidden, "/apiKey");
    const char *name = gt_text_at(config, "/credentialParameterName");
    const char *prefix = gt_text_at(config, "/credentialPrefix");
    if (key == NULL)
        return NULL;
    if (prefix != NULL && *prefix != '\0')
        key = gt_printf(arena, "%s %s", prefix, key);
    return gt_printf(arena, "%s=%s", gt_percent_encode(arena, name == NULL ? "api_key" : name, ""),
                     gt_percent_encode(arena, key, ""));
}

static const struct credential credentials[] = {
    {"GATEWAY_IAM_ROLE", "/credentialProvider/iamCredentialProvider", by_role},
    {"OAUTH", "/credentialProvider/oauthCredentialProvider", by_token},
    {"API_KEY", "/credentialProvider/apiKeyCredentialProvider", by_key},
    {"JWT_PASSTHROUGH", NULL, by_passing},
};

static const struct credential *find_credential(const char *type)
{
    for (size_t i = 0; i < GT_COUNT(credentials); i++)
        if (gt_streq(credentials[i].type, type))
            return &credentials[i];
    return NULL;
}

bool gt_credential_passes(const json_t *configuration)
{
    return gt_streq(gt_text_at(configuration, "/credentialProviderType"), "JWT_PASSTHROUGH");
}

const char *gt_credential_obstacle(const json_t *configuration)
{
    const char *type = gt_text_at(configuration, "/credentialProviderType");
    const struct credential *credential = find_credential(type);
    if (configuration == NULL)
        return NULL;
    if (credential == NULL)
        return "the embedded cloud does not have this kind of credential provider";
    if (credential->detail != NULL && gt_at(configuration, credential->detail) == NULL)
        return "the credential provider's configuration is missing";
    if (credential->authorise == by_role &&
        gt_text_at(configuration, "/credentialProvider/iamCredentialProvider/service") == NULL)
        return "the gateway's role needs the service that requests are signed for";
    const char *grant =
        gt_text_at(configuration, "/credentialProvider/oauthCredentialProvider/grantType");
    if (credential->authorise == by_token && grant != NULL &&
        !gt_streq(grant, "CLIENT_CREDENTIALS"))
        return "the embedded cloud gets tokens by CLIENT_CREDENTIALS only";
    return NULL;
}

void gt_upstream_authorise(void *payload, struct gt_mcp_sending *sending,
                           const struct gt_http_request *request)
{
    struct gt_upstream *link = payload;
    struct gt_object *gateway = gt_object_again(link->plane->local, &link->gateway);
    const json_t *configuration = gt_at(link->basis, "/credentials/0");
    if (gateway == NULL) {
        gt_mcp_send_fail(sending, "the gateway is gone");
        return;
    }
    link->trouble = NULL;
    if (configuration == NULL) {
        gt_mcp_send(sending, NULL, 0);
        return;
    }
    const struct credential *credential =
        find_credential(gt_text_at(configuration, "/credentialProviderType"));
    if (credential == NULL) /* such a target gets no connection */
        fail(link, sending, gt_credential_obstacle(configuration));
    else
        credential->authorise(link, gateway,
                              credential->detail == NULL ? NULL
                                                         : gt_at(configuration, credential->detail),
                              sending, request);
}
