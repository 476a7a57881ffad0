/* What belongs to a Cognito user pool and is owned through it: domain, resource servers, clients.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/Welcome.html */
#include "types.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/operations.h>
#include <string.h>

static const struct gt_absence absent[] = {
    {.code = "ResourceNotFoundException"},
    {.code = NULL},
};

#define BUSY                                                                                       \
    {                                                                                              \
        .code = "ConcurrentModificationException", .limit_ms = MINUTE, .pacing = true              \
    }

/* The domain. Its name is unique among all accounts of a region. */

static const struct gt_bind domain_by_name[] = {
    {"Domain", GT_FROM_IDENTITY, "Domain"},
    {0},
};

static const struct gt_bind domain_of_pool[] = {
    {"UserPoolId", GT_FROM_IDENTITY, "UserPoolId"},
    {"Domain", GT_FROM_IDENTITY, "Domain"},
    {0},
};

static const struct gt_step domain_steps[] = {
    {.use = {.operation = &gt_op_cognito_idp_UpdateUserPoolDomain, .in = domain_of_pool},
     .when = GT_STEP_CHANGED,
     .merge_live = true},
    {.use = {.operation = NULL}},
};

static const struct gt_identity domain_identity[] = {
    {.name = "UserPoolId", .property = "/UserPoolId"},
    {.name = "Domain", .property = "/Domain"},
    {.name = NULL},
};

static const struct gt_absence domain_exists[] = {
    {.code = "InvalidParameterException", .text = "domain already"},
    {.code = NULL},
};

static const struct gt_absence domain_absent[] = {
    {.code = "ResourceNotFoundException"},
    {.code = "InvalidParameterException", .text = "No such domain"},
    {.code = NULL},
};

static const struct gt_transient domain_transients[] = {
    BUSY,
    {.code = NULL},
};

static const char *const domain_settled[] = {"ACTIVE", NULL};
static const char *const domain_pending[] = {"CREATING", "UPDATING", NULL};
static const char *const domain_failed[] = {"FAILED", NULL};
static const char *const domain_deleting[] = {"DELETING", NULL};

static const char new_token_url[] = "the token URL changes: every client must be changed";

static const struct gt_attr domain_attributes[] = {
    {.path = "Domain", .flags = GT_ATTR_IMMUTABLE, .words = new_token_url},
    {.path = "UserPoolId", .flags = GT_ATTR_IMMUTABLE, .words = new_token_url},
    {.path = NULL},
};

static const char *const domain_outputs[] = {"Domain", "UserPoolId", "CloudFrontDistribution",
                                             NULL};

static void domain_check(const json_t *properties, const struct gt_validation *how,
                         struct gt_diags *diags)
{
    static const char *const reserved[] = {"aws", "amazon", "cognito", NULL};
    const char *domain = gt_known_text(properties, "/Domain");
    if (domain == NULL || json_object_get(properties, "CustomDomainConfig") != NULL)
        return;
    for (const char *const *word = reserved; *word != NULL; word++)
        if (gt_mentions(domain, *word))
            gt_property_error(how, "/Domain", diags, "reserved-name",
                              "a domain prefix must not contain \"%s\"", *word)
                ->hint = "choose another prefix";
}

const struct gt_type gt_type_user_pool_domain = {
    .name = "user_pool_domain",
    .summary = "domain of a user pool: where clients fetch tokens",
    .service = &gt_service_cognito_idp,
    .create = {.operation = &gt_op_cognito_idp_CreateUserPoolDomain},
    .read = {.operation = &gt_op_cognito_idp_DescribeUserPoolDomain,
             .in = domain_by_name,
             .out = "/DomainDescription"},
    .remove = {.operation = &gt_op_cognito_idp_DeleteUserPoolDomain, .in = domain_of_pool},
    .appear_ms = 30 * SECOND,
    .steps = domain_steps,
    .identity = domain_identity,
    .exists = domain_exists,
    .absent = domain_absent,
    .absent_without = "/UserPoolId",
    .status = {.path = "/Status",
               .settled = domain_settled,
               .pending = domain_pending,
               .failed = domain_failed,
               .deleting = domain_deleting,
               .limit_ms = 60 * MINUTE},
    .transients = domain_transients,
    .attributes = domain_attributes,
    .outputs = domain_outputs,
    .parent = "UserPoolId",
    .owner = "/UserPoolId",
    .breaks_callers = true,
    .breaks_words = "the token URL goes: no client can fetch a token",
    .check = domain_check,
};

/* Resource servers. A scope's full name is IDENTIFIER/SCOPE. */

static const struct gt_bind server_by_identifier[] = {
    {"UserPoolId", GT_FROM_IDENTITY, "UserPoolId"},
    {"Identifier", GT_FROM_IDENTITY, "Identifier"},
    {0},
};

static const struct gt_step server_steps[] = {
    {.use = {.operation = &gt_op_cognito_idp_UpdateResourceServer, .in = server_by_identifier},
     .when = GT_STEP_CHANGED,
     .merge_live = true},
    {.use = {.operation = NULL}},
};

static const struct gt_identity server_identity[] = {
    {.name = "UserPoolId", .property = "/UserPoolId"},
    {.name = "Identifier", .property = "/Identifier"},
    {.name = NULL},
};

static const struct gt_absence server_exists[] = {
    {.code = "InvalidParameterException", .text = "already exists"},
    {.code = NULL},
};

static const struct gt_transient server_transients[] = {
    BUSY,
    {.code = NULL},
};

static const struct gt_attr server_attributes[] = {
    {.path = "UserPoolId", .flags = GT_ATTR_IMMUTABLE},
    {.path = "Identifier",
     .flags = GT_ATTR_IMMUTABLE,
     .words = "every scope gets another name: clients and gateways must be changed"},
    {.path = "Scopes", .flags = GT_ATTR_SET, .key = "ScopeName"},
    {.path = NULL},
};

static const char *const server_outputs[] = {"Identifier", "Name", "UserPoolId", NULL};

const struct gt_type gt_type_resource_server = {
    .name = "resource_server",
    .summary = "resource server of a user pool: the scopes that clients may ask for",
    .service = &gt_service_cognito_idp,
    .create = {.operation = &gt_op_cognito_idp_CreateResourceServer, .out = "/ResourceServer"},
    .read = {.operation = &gt_op_cognito_idp_DescribeResourceServer,
             .in = server_by_identifier,
             .out = "/ResourceServer"},
    .remove = {.operation = &gt_op_cognito_idp_DeleteResourceServer, .in = server_by_identifier},
    .appear_ms = 30 * SECOND,
    .steps = server_steps,
    .identity = server_identity,
    .exists = server_exists,
    .absent = absent,
    .transients = server_transients,
    .attributes = server_attributes,
    .outputs = server_outputs,
    .parent = "UserPoolId",
    .goes_with_parent = true,
};

/* App clients. Names are not unique. The secret is in every answer and is kept nowhere. */

static const char new_secret[] =
    "the client gets a new id and a new secret: callers must be changed";

static const struct gt_bind client_by_id[] = {
    {"UserPoolId", GT_FROM_IDENTITY, "UserPoolId"},
    {"ClientId", GT_FROM_IDENTITY, "ClientId"},
    {0},
};

static const struct gt_bind clients_of_pool[] = {
    {"UserPoolId", GT_FROM_PROPERTY, "/UserPoolId"},
    {"MaxResults", GT_FROM_JSON, "60"},
    {0},
};

static const struct gt_step client_steps[] = {
    {.use = {.operation = &gt_op_cognito_idp_UpdateUserPoolClient, .in = client_by_id},
     .when = GT_STEP_CHANGED,
     .merge_live = true},
    {.use = {.operation = NULL}},
};

static const struct gt_identity client_identity[] = {
    {.name = "UserPoolId", .property = "/UserPoolId"},
    {.name = "ClientId", .created = "/ClientId", .listed = "/ClientId"},
    {.name = NULL},
};

/* The resource server may have been made a moment ago. */
static const struct gt_transient client_transients[] = {
    {.code = "ScopeDoesNotExistException", .limit_ms = 20 * SECOND},
    BUSY,
    {.code = NULL},
};

static const struct gt_attr client_attributes[] = {
    {.path = "UserPoolId", .flags = GT_ATTR_IMMUTABLE, .words = new_secret},
    {.path = "GenerateSecret", .flags = GT_ATTR_IMMUTABLE, .words = new_secret},
    {.path = "ClientSecret", .flags = GT_ATTR_IMMUTABLE | GT_ATTR_SECRET, .words = new_secret},
    {.path = "ClientId", .flags = GT_ATTR_NOT_SECRET},
    {.path = "AllowedOAuthScopes", .flags = GT_ATTR_SET},
    {.path = "AllowedOAuthFlows", .flags = GT_ATTR_SET},
    {.path = "ExplicitAuthFlows", .flags = GT_ATTR_SET},
    {.path = "SupportedIdentityProviders", .flags = GT_ATTR_SET},
    {.path = "CallbackURLs", .flags = GT_ATTR_SET},
    {.path = "LogoutURLs", .flags = GT_ATTR_SET},
    {.path = "ReadAttributes", .flags = GT_ATTR_SET},
    {.path = "WriteAttributes", .flags = GT_ATTR_SET},
    {.path = NULL},
};

static const char *const client_outputs[] = {"ClientId", "ClientName", "UserPoolId", NULL};

/* No read says whether a secret was asked for; it is there, or it is not. */
static json_t *client_normalize(const json_t *read)
{
    json_t *live = json_deep_copy(read);
    json_object_set_new(live, "GenerateSecret",
                        json_boolean(!gt_json_empty(json_object_get(live, "ClientSecret"))));
    return live;
}

static void client_check(const json_t *properties, const struct gt_validation *how,
                         struct gt_diags *diags)
{
    if (!gt_list_has(properties, "/AllowedOAuthFlows", "client_credentials"))
        return;
    if (json_array_size(json_object_get(properties, "AllowedOAuthFlows")) > 1)
        gt_property_error(how, "/AllowedOAuthFlows", diags, "not-allowed",
                          "client_credentials must be the only flow of a client")
            ->hint = "make another client for the other flows";
    const json_t *generate = json_object_get(properties, "GenerateSecret");
    bool secret = json_object_get(properties, "ClientSecret") != NULL || json_is_true(generate) ||
                  json_is_string(generate);
    if (!secret)
        gt_property_error(how, "/AllowedOAuthFlows", diags, "missing-member",
                          "client_credentials needs a client with a secret")
            ->hint = "add GenerateSecret: true";
}

const struct gt_type gt_type_user_pool_client = {
    .name = "user_pool_client",
    .summary = "app client of a user pool: an id and a secret to fetch tokens with",
    .service = &gt_service_cognito_idp,
    .create = {.operation = &gt_op_cognito_idp_CreateUserPoolClient, .out = "/UserPoolClient"},
    .read = {.operation = &gt_op_cognito_idp_DescribeUserPoolClient,
             .in = client_by_id,
             .out = "/UserPoolClient"},
    .remove = {.operation = &gt_op_cognito_idp_DeleteUserPoolClient, .in = client_by_id},
    .appear_ms = 30 * SECOND,
    .steps = client_steps,
    .identity = client_identity,
    .lookup = {.list = {.operation = &gt_op_cognito_idp_ListUserPoolClients, .in = clients_of_pool},
               .items = "/UserPoolClients",
               .match = {{"/ClientName", "/ClientName"}},
               .ambiguous = true},
    .absent = absent,
    .transients = client_transients,
    .attributes = client_attributes,
    .outputs = client_outputs,
    .parent = "UserPoolId",
    .goes_with_parent = true,
    .breaks_callers = true,
    .breaks_words = "the client's id and secret go: whoever uses them can fetch no token",
    .create_before_delete = true,
    .normalize = client_normalize,
    .check = client_check,
};
