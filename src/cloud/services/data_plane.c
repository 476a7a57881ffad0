/* bedrock-agentcore, the data plane's API: invocations, and tokens of workload identities. */
#include "../data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/jose/jose.h>

enum { TOKEN_LIFE_MS = 15 * 60 * 1000 };

static const char key_name[] = "workload-identities";

/* -- tokens of workload identities -- */

static json_t *workload_token(struct gt_serve *call, const char *user)
{
    const char *name = gt_input_text(call, "/workloadName");
    if (gt_object_find(call->local, &gt_kind_workload_identity, call->account, call->region, "",
                       name) == NULL)
        return gt_serve_fail(call, "ResourceNotFoundException", "Workload identity %s not found",
                             name);
    int64_t now_ms = gt_local_now_ms(call->local);
    json_auto_t *claims =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:s*}", "sub", name, "account", call->account,
                  "region", call->region, "iat", (json_int_t)(now_ms / 1000), "exp",
                  (json_int_t)((now_ms + TOKEN_LIFE_MS) / 1000), "user", user);
    char *token = gt_jwt_sign(call->arena, gt_local_jwk(call->local, key_name), claims);
    if (token == NULL)
        return gt_serve_fail(call, "InternalServerException", "The token cannot be signed");
    return json_pack("{s:s}", "workloadAccessToken", token);
}

static json_t *get_token(struct gt_serve *call)
{
    return workload_token(call, NULL);
}

static json_t *get_token_for_user(struct gt_serve *call)
{
    return workload_token(call, gt_input_text(call, "/userId"));
}

static json_t *get_token_for_jwt(struct gt_serve *call)
{
    json_t *claims = NULL;
    if (!gt_jwt_decode(gt_input_text(call, "/userToken"), NULL, &claims))
        return gt_serve_fail(call, "ValidationException", "The user token is no JSON Web Token");
    const char *user = gt_text_at(gt_keep(call->arena, claims), "/sub");
    return workload_token(call, user);
}

/* Whether the input's workloadIdentityToken is one that was issued here and still lasts. */
static bool check_token(struct gt_serve *call)
{
    json_auto_t *key = gt_jwk_public(gt_local_jwk(call->local, key_name));
    json_auto_t *jwks = json_pack("{s:[O]}", "keys", key);
    json_t *claims = NULL;
    if (gt_jwt_verify(gt_input_text(call, "/workloadIdentityToken"), jwks, &claims) == GT_JWT_OK) {
        gt_keep(call->arena, claims);
        int64_t end = json_integer_value(json_object_get(claims, "exp"));
        if (end * 1000 > gt_local_now_ms(call->local) &&
            gt_streq(gt_text_at(claims, "/account"), call->account))
            return true;
    }
    gt_serve_fail(call, "UnauthorizedException", "The workload access token is not valid");
    return false;
}

static struct gt_object *provider(struct gt_serve *call, const struct gt_kind *kind)
{
    const char *name = gt_input_text(call, "/resourceCredentialProviderName");
    struct gt_object *found =
        gt_object_find(call->local, kind, call->account, call->region, "", name);
    if (found == NULL)
        gt_serve_fail(call, "ResourceNotFoundException", "Credential provider %s not found", name);
    return found;
}

static json_t *get_api_key(struct gt_serve *call)
{
    struct gt_object *found = check_token(call) ? provider(call, &gt_kind_api_key_provider) : NULL;
    if (found == NULL)
        return NULL;
    const char *key = gt_text_at(found->hidden, "/apiKey");
    return key != NULL ? json_pack("{s:s}", "apiKey", key)
                       : gt_serve_fail(call, "ValidationException",
                                       "The credential provider has no API key here");
}

/* -- GetResourceOauth2Token -- */

struct token_call {
    struct gt_serve *call;
    struct gt_job *fetch;
};

static void on_gone(void *payload)
{
    struct token_call *waiting = payload;
    gt_grant_cancel(waiting->fetch);
    gt_exchange_abort(waiting->call->exchange);
}

static void on_token(void *payload, const char *token, int64_t life_ms, const char *problem)
{
    struct gt_serve *call = ((struct token_call *)payload)->call;
    (void)life_ms;
    gt_exchange_on_gone(call->exchange, NULL, NULL);
    gt_serve_answer(call, token != NULL
                              ? json_pack("{s:s}", "accessToken", token)
                              : gt_serve_fail(call, "ValidationException", "%s", problem));
}

static void get_oauth_token(struct gt_serve *call)
{
    struct gt_plane *plane = gt_plane_of(call->local);
    struct gt_object *found = NULL;
    if (plane == NULL)
        gt_serve_fail(call, "InternalServerException", "The embedded cloud is ending");
    else if (!gt_streq(gt_input_text(call, "/oauth2Flow"), "M2M"))
        gt_serve_fail(call, "ValidationException", "The embedded cloud has the flow M2M only");
    else if (check_token(call))
        found = provider(call, &gt_kind_oauth_provider);
    if (found == NULL) {
        gt_serve_answer(call, NULL);
        return;
    }
    const struct gt_grant_ask ask = {
        .provider = found,
        .scopes = json_object_get(call->input, "scopes"),
        .parameters = json_object_get(call->input, "customParameters"),
    };
    struct token_call *waiting = GT_NEW(call->arena, struct token_call);
    waiting->call = call;
    waiting->fetch = gt_grant_fetch(plane, &ask, on_token, waiting);
    gt_exchange_on_gone(call->exchange, on_gone, waiting);
}

/* -- sessions -- */

/* All sessions of a runtime share one process here, so there is nothing to stop. */
static json_t *stop_session(struct gt_serve *call)
{
    const char *version, *code, *message;
    if (gt_runtime_resolve(call->local, gt_input_text(call, "/agentRuntimeArn"),
                           gt_input_text(call, "/qualifier"), &version, &code, &message,
                           call->arena) == NULL)
        return gt_serve_fail(call, code, "%s", message);
    return json_pack("{s:s, s:i}", "runtimeSessionId", gt_input_text(call, "/runtimeSessionId"),
                     "statusCode", 200);
}

#define OWN "arn:{partition}:bedrock-agentcore:{region}:{account}:"
#define IDENTITY OWN "workload-identity-directory/default/workload-identity/{workloadName}"
#define PROVIDER(type) OWN "token-vault/default/" type "/{resourceCredentialProviderName}"

const struct gt_handler gt_data_plane_handlers[] = {
    {.operation = &gt_op_bedrock_agentcore_InvokeAgentRuntime,
     .take = gt_runtime_invoke,
     .fidelity = GT_MODELLED,
     .note = "one process for all sessions of a version; refusals of MCP itself (4xx with a "
             "JSON-RPC error) are passed on, other errors of the server are RuntimeClientError",
     .action = ""},
    {.operation = &gt_op_bedrock_agentcore_StopRuntimeSession,
     .run = stop_session,
     .fidelity = GT_GUESSED,
     .note = "sessions share one process, none is ended",
     .resource = "{agentRuntimeArn}"},
    {.operation = &gt_op_bedrock_agentcore_GetWorkloadAccessToken,
     .run = get_token,
     .fidelity = GT_GUESSED,
     .note = "the token is a JSON Web Token of the cloud's own",
     .resource = IDENTITY},
    {.operation = &gt_op_bedrock_agentcore_GetWorkloadAccessTokenForJWT,
     .run = get_token_for_jwt,
     .fidelity = GT_GUESSED,
     .note = "the user's token is not verified",
     .resource = IDENTITY},
    {.operation = &gt_op_bedrock_agentcore_GetWorkloadAccessTokenForUserId,
     .run = get_token_for_user,
     .fidelity = GT_GUESSED,
     .resource = IDENTITY},
    {.operation = &gt_op_bedrock_agentcore_GetResourceOauth2Token,
     .take = get_oauth_token,
     .fidelity = GT_GUESSED,
     .note = "client credentials (M2M) only",
     .resource = PROVIDER("oauth2credentialprovider")},
    {.operation = &gt_op_bedrock_agentcore_GetResourceApiKey,
     .run = get_api_key,
     .fidelity = GT_GUESSED,
     .resource = PROVIDER("apikeycredentialprovider")},
    {.operation = NULL},
};
