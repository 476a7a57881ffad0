/*
 * App clients of user pools, and their secrets.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
 */
#include "../identity.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/sys/sys.h>
#include <string.h>

enum { CLIENT_ID = 26, SECRET = 51, MAX_SECRETS = 2 };

#define POOL "arn:{partition}:cognito-idp:{region}:{account}:userpool/{UserPoolId}"

const struct gt_kind gt_kind_user_pool_client = {.name = "user_pool_client",
                                                 .parent = &gt_kind_user_pool};

static const char client_defaults[] =
    "{\"RefreshTokenValidity\": 30,"
    " \"ExplicitAuthFlows\": [\"ALLOW_CUSTOM_AUTH\", \"ALLOW_REFRESH_TOKEN_AUTH\","
    "                       \"ALLOW_USER_SRP_AUTH\"],"
    " \"AllowedOAuthFlowsUserPoolClient\": false,"
    " \"EnableTokenRevocation\": true,"
    " \"EnablePropagateAdditionalUserContextData\": false,"
    " \"AuthSessionValidity\": 3}";
static const char default_units[] =
    "{\"AccessToken\": \"hours\", \"IdToken\": \"hours\", \"RefreshToken\": \"days\"}";

static bool fail(struct gt_serve *call, const char *code, const char *message)
{
    gt_serve_fail(call, code, "%s", message);
    return false;
}

static bool lists(const json_t *list, const char *word)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (gt_streq(json_string_value(json_array_get(list, i)), word))
            return true;
    return false;
}

/* -- checks -- */

static bool check_flows(struct gt_serve *call, bool has_secret)
{
    const json_t *flows = json_object_get(call->input, "AllowedOAuthFlows");
    const json_t *scopes = json_object_get(call->input, "AllowedOAuthScopes");
    bool enabled = json_is_true(json_object_get(call->input, "AllowedOAuthFlowsUserPoolClient"));
    bool some = json_array_size(flows) > 0 && json_array_size(scopes) > 0;
    if (enabled != some)
        return fail(call, "InvalidParameterException",
                    "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is "
                    "allowed to use OAuth flows.");
    bool machine = lists(flows, "client_credentials");
    if (machine && json_array_size(flows) > 1)
        return fail(call, "InvalidOAuthFlowException",
                    "client_credentials flow can not be selected along with code flow or implicit "
                    "flow.");
    if (machine && !has_secret)
        return fail(call, "InvalidOAuthFlowException",
                    "client_credentials flow can not be selected if client does not have a client "
                    "secret.");
    const json_t *urls = json_object_get(call->input, "CallbackURLs");
    if (!machine && json_array_size(flows) > 0 && json_array_size(urls) == 0)
        return fail(call, "InvalidParameterException",
                    "CallbackURLs is required for code or implicit flow.");
    const char *redirect = gt_input_text(call, "/DefaultRedirectURI");
    if (redirect != NULL && !lists(urls, redirect))
        return fail(call, "InvalidParameterException",
                    "DefaultRedirectURI must be one of the CallbackURLs.");
    return true;
}

static bool check_scopes(struct gt_serve *call, const struct gt_object *pool)
{
    static const char *const standard[] = {"openid", "email", "phone", "profile",
                                           "aws.cognito.signin.user.admin"};
    const json_t *scopes = json_object_get(call->input, "AllowedOAuthScopes");
    const char *unknown = NULL;
    for (size_t i = 0; i < json_array_size(scopes); i++) {
        const char *scope = json_string_value(json_array_get(scopes, i));
        bool known = gt_pool_has_scope(call->local, pool, scope);
        for (size_t at = 0; at < GT_COUNT(standard); at++)
            known = known || gt_streq(standard[at], scope);
        if (!known)
            unknown = unknown == NULL ? scope : gt_printf(call->arena, "%s, %s", unknown, scope);
    }
    if (unknown == NULL)
        return true;
    gt_serve_fail(call, "ScopeDoesNotExistException", "Invalid scopes requested: %s", unknown);
    return false;
}

static int64_t seconds_of(const char *unit)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {{"seconds", 1}, {"minutes", 60}, {"hours", 3600}, {"days", 86400}};
    for (size_t i = 0; i < GT_COUNT(units); i++)
        if (gt_streq(units[i].name, unit))
            return units[i].seconds;
    return 0;
}

static bool check_validity(struct gt_serve *call)
{
    static const struct {
        const char *member, *unit, *otherwise;
        int64_t min, max; /* seconds */
    } rows[] = {
        {"AccessTokenValidity", "AccessToken", "hours", 300, 86400},
        {"IdTokenValidity", "IdToken", "hours", 300, 86400},
        {"RefreshTokenValidity", "RefreshToken", "days", 3600, 315360000},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const char *unit =
            gt_input_text(call, gt_printf(call->arena, "/TokenValidityUnits/%s", rows[i].unit));
        int64_t value = gt_input_number(call, gt_printf(call->arena, "/%s", rows[i].member), 0);
        int64_t seconds = value * seconds_of(unit == NULL ? rows[i].otherwise : unit);
        if (value != 0 && (seconds < rows[i].min || seconds > rows[i].max)) {
            gt_serve_fail(call, "InvalidParameterException",
                          "Invalid range for token validity: %s.", rows[i].member);
            return false;
        }
    }
    return true;
}

static bool check_providers(struct gt_serve *call, const struct gt_object *pool)
{
    const json_t *providers = json_object_get(call->input, "SupportedIdentityProviders");
    for (size_t i = 0; i < json_array_size(providers); i++) {
        const char *name = json_string_value(json_array_get(providers, i));
        if (gt_streq(name, "COGNITO"))
            continue;
        gt_serve_fail(call, "InvalidParameterException",
                      "The provider %s does not exist for User Pool %s.", name, pool->id);
        return false;
    }
    return true;
}

/* -- documents -- */

static const struct gt_shape *client_shape(void)
{
    return gt_member_find(gt_op_cognito_idp_DescribeUserPoolClient.output, "UserPoolClient")->shape;
}

/* The client's members by the input; what is left out gets its default, on updates too. NULL after
 * failing. */
static json_t *data_of(struct gt_serve *call, const struct gt_object *pool, bool has_secret)
{
    if (!check_providers(call, pool) || !check_flows(call, has_secret) ||
        !check_scopes(call, pool) || !check_validity(call))
        return NULL;
    json_t *data = gt_pick(client_shape(), call->input);
    json_object_del(data, "ClientSecret");
    json_auto_t *defaults = json_loads(client_defaults, 0, NULL);
    json_object_update_missing(data, defaults);
    if (json_object_get(data, "AccessTokenValidity") != NULL ||
        json_object_get(data, "IdTokenValidity") != NULL ||
        json_object_get(data, "TokenValidityUnits") != NULL) {
        json_t *units = json_loads(default_units, 0, NULL);
        json_object_update(units, json_object_get(data, "TokenValidityUnits"));
        json_object_set_new(data, "TokenValidityUnits", units);
    }
    if (json_integer_value(json_object_get(data, "RefreshTokenValidity")) == 0)
        json_object_set(data, "RefreshTokenValidity",
                        json_object_get(defaults, "RefreshTokenValidity"));
    return data;
}

static json_t *shown(const struct gt_object *client)
{
    json_t *shown = json_deep_copy(client->data);
    json_object_set_new(shown, "CreationDate", gt_json_time(client->created_ms));
    json_object_set_new(shown, "LastModifiedDate", gt_json_time(client->updated_ms));
    /* Of two secrets the older one, which every caller has: a guess. */
    const char *secret = gt_text_at(client->hidden, "/secrets/0/value");
    if (secret != NULL)
        json_object_set_new(shown, "ClientSecret", json_string(secret));
    return json_pack("{s:o}", "UserPoolClient", shown);
}

static struct gt_object *client_of(struct gt_serve *call)
{
    const struct gt_object *pool = gt_pool_of(call);
    if (pool == NULL)
        return NULL;
    const char *id = gt_input_text(call, "/ClientId");
    struct gt_object *client = gt_object_find(call->local, &gt_kind_user_pool_client, pool->account,
                                              pool->region, pool->id, id);
    if (client == NULL)
        gt_serve_fail(call, "ResourceNotFoundException", "User pool client %s does not exist.", id);
    return client;
}

/* -- secrets -- */

/* Adds one; the id is "CLIENT--EPOCH", apart from its neighbour's. Borrowed. */
static json_t *add_secret(struct gt_local *local, struct gt_object *client, const char *value)
{
    json_t *secrets = json_object_get(client->hidden, "secrets");
    if (secrets == NULL) {
        secrets = json_array();
        json_object_set_new(client->hidden, "secrets", secrets);
    }
    int64_t now = gt_local_now_ms(local);
    char *id = NULL;
    for (int64_t epoch = now;; epoch++) {
        id = gt_printf(client->arena, "%s--%lld", client->id, (long long)epoch);
        if (!gt_streq(id, gt_text_at(secrets, "/0/id")))
            break;
    }
    json_array_append_new(secrets, json_pack("{s:s, s:s, s:I}", "id", id, "value", value,
                                             "createdMs", (json_int_t)now));
    return json_array_get(secrets, json_array_size(secrets) - 1);
}

static json_t *described(const json_t *secret)
{
    json_int_t created = json_integer_value(json_object_get(secret, "createdMs"));
    return json_pack("{s:O, s:o}", "ClientSecretId", json_object_get(secret, "id"),
                     "ClientSecretCreateDate", gt_json_time(created));
}

static const char *random_secret(struct gt_serve *call)
{
    return gt_identity_random(call->local, call->arena, GT_ALPHABET_LOWER, SECRET);
}

/* The value comes back once, and only one that Cognito made. */
static json_t *add_client_secret(struct gt_serve *call)
{
    struct gt_object *client = client_of(call);
    if (client == NULL)
        return NULL;
    size_t count = json_array_size(json_object_get(client->hidden, "secrets"));
    if (count == 0)
        return gt_serve_fail(call, "InvalidParameterException",
                             "Client %s has no client secret and cannot get one.", client->id);
    if (count >= MAX_SECRETS)
        return gt_serve_fail(call, "LimitExceededException",
                             "Client %s has the maximum number of client secrets: %d", client->id,
                             MAX_SECRETS);
    const char *given = gt_input_text(call, "/ClientSecret");
    const char *value = given == NULL ? random_secret(call) : given;
    json_t *shown = described(add_secret(call->local, client, value));
    if (given == NULL)
        json_object_set_new(shown, "ClientSecretValue", json_string(value));
    gt_object_touch(call->local, client);
    return json_pack("{s:o}", "ClientSecretDescriptor", shown);
}

static json_t *list_client_secrets(struct gt_serve *call)
{
    const struct gt_object *client = client_of(call);
    if (client == NULL)
        return NULL;
    if (gt_input_text(call, "/NextToken") != NULL)
        return gt_serve_fail(call, "InvalidParameterException", "Invalid pagination token given.");
    json_t *list = json_array();
    const json_t *secrets = json_object_get(client->hidden, "secrets");
    for (size_t i = 0; i < json_array_size(secrets); i++)
        json_array_append_new(list, described(json_array_get(secrets, i)));
    return json_pack("{s:o}", "ClientSecrets", list);
}

static json_t *delete_client_secret(struct gt_serve *call)
{
    struct gt_object *client = client_of(call);
    if (client == NULL)
        return NULL;
    const char *id = gt_input_text(call, "/ClientSecretId");
    json_t *secrets = json_object_get(client->hidden, "secrets");
    size_t at = 0;
    while (at < json_array_size(secrets) &&
           !gt_streq(gt_text_at(json_array_get(secrets, at), "/id"), id))
        at++;
    if (at == json_array_size(secrets))
        return gt_serve_fail(call, "ResourceNotFoundException", "Client secret %s does not exist.",
                             id);
    if (json_array_size(secrets) == 1)
        return gt_serve_fail(call, "InvalidParameterException",
                             "The last client secret of a client cannot be deleted.");
    json_array_remove(secrets, at);
    gt_object_touch(call->local, client);
    return json_object();
}

/* -- clients -- */

static json_t *create_client(struct gt_serve *call)
{
    const struct gt_object *pool = gt_pool_of(call);
    if (pool == NULL)
        return NULL;
    bool generate = json_is_true(json_object_get(call->input, "GenerateSecret"));
    const char *given = gt_input_text(call, "/ClientSecret");
    if (generate && given != NULL)
        return gt_serve_fail(call, "InvalidParameterException",
                             "GenerateSecret and ClientSecret cannot be given together.");
    json_t *data = data_of(call, pool, generate || given != NULL);
    if (data == NULL)
        return NULL;
    const char *id = gt_identity_random(call->local, call->arena, GT_ALPHABET_LOWER, CLIENT_ID);
    json_object_set_new(data, "ClientId", json_string(id));
    struct gt_object *client = gt_object_new(call->local, &gt_kind_user_pool_client, pool->account,
                                             pool->region, pool->id, id, data);
    if (generate || given != NULL)
        add_secret(call->local, client, given == NULL ? random_secret(call) : given);
    gt_object_touch(call->local, client);
    return shown(client);
}

static json_t *describe_client(struct gt_serve *call)
{
    const struct gt_object *client = client_of(call);
    return client == NULL ? NULL : shown(client);
}

/* Resets what is left out; the name and the secrets stay. */
static json_t *update_client(struct gt_serve *call)
{
    struct gt_object *client = client_of(call);
    if (client == NULL)
        return NULL;
    bool has_secret = json_array_size(json_object_get(client->hidden, "secrets")) > 0;
    json_t *data = data_of(call, gt_pool_of(call), has_secret);
    if (data == NULL)
        return NULL;
    if (json_object_get(data, "ClientName") == NULL)
        json_object_set(data, "ClientName", json_object_get(client->data, "ClientName"));
    json_decref(client->data);
    client->data = data;
    gt_object_touch(call->local, client);
    return shown(client);
}

static json_t *delete_client(struct gt_serve *call)
{
    struct gt_object *client = client_of(call);
    if (client == NULL)
        return NULL;
    gt_object_remove(call->local, client);
    return json_object();
}

static json_t *list_clients(struct gt_serve *call)
{
    const struct gt_object *pool = gt_pool_of(call);
    if (pool == NULL)
        return NULL;
    const struct gt_shape *shape =
        gt_member_find(call->operation->output, "UserPoolClients")->shape->element;
    json_auto_t *items = json_array();
    struct gt_object *client = NULL;
    while ((client = gt_object_next(call->local, &gt_kind_user_pool_client, pool->account,
                                    pool->region, pool->id, client)) != NULL)
        json_array_append_new(items, gt_pick(shape, client->data));
    return gt_serve_page(call, items, "ClientId");
}

const struct gt_handler gt_user_pool_client_handlers[] = {
    {.operation = &gt_op_cognito_idp_CreateUserPoolClient,
     .run = create_client,
     .fidelity = GT_MODELLED,
     .note = "no identity provider but COGNITO",
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_DescribeUserPoolClient,
     .run = describe_client,
     .fidelity = GT_MODELLED,
     .note = "of two secrets the older one is shown: a guess",
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_UpdateUserPoolClient,
     .run = update_client,
     .fidelity = GT_MODELLED,
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_DeleteUserPoolClient,
     .run = delete_client,
     .fidelity = GT_MODELLED,
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_ListUserPoolClients,
     .run = list_clients,
     .fidelity = GT_MODELLED,
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_AddUserPoolClientSecret,
     .run = add_client_secret,
     .fidelity = GT_GUESSED,
     .note = "the words of refusals are guesses",
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_ListUserPoolClientSecrets,
     .run = list_client_secrets,
     .fidelity = GT_GUESSED,
     .resource = POOL},
    {.operation = &gt_op_cognito_idp_DeleteUserPoolClientSecret,
     .run = delete_client_secret,
     .fidelity = GT_GUESSED,
     .note = "the words of refusals are guesses",
     .resource = POOL},
    {.operation = NULL},
};
