/* The tables of the manifest: every key, once. */
#include "manifest.h"

#define TEXT(key, about)                                                                           \
    {                                                                                              \
        .name = key, .takes = GT_TAKES_TEXT, .summary = about                                      \
    }
#define LITERAL(key, about)                                                                        \
    {                                                                                              \
        .name = key, .takes = GT_TAKES_TEXT, .flags = GT_KEY_LITERAL, .summary = about             \
    }
#define BOOLEAN(key, about)                                                                        \
    {                                                                                              \
        .name = key, .takes = GT_TAKES_BOOLEAN, .flags = GT_KEY_LITERAL, .summary = about          \
    }
#define INTEGER(key, about)                                                                        \
    {                                                                                              \
        .name = key, .takes = GT_TAKES_INTEGER, .summary = about                                   \
    }
#define ANY(key, about)                                                                            \
    {                                                                                              \
        .name = key, .takes = GT_TAKES_ANY, .summary = about                                       \
    }
#define TEXTS(key, about)                                                                          \
    {                                                                                              \
        .name = key, .takes = GT_TAKES_LIST, .summary = about, .element = &any_text                \
    }
#define LITERALS(key, about)                                                                       \
    {                                                                                              \
        .name = key, .takes = GT_TAKES_LIST, .summary = about, .element = &literal_text            \
    }
#define TEXT_MAP(key, about)                                                                       \
    {                                                                                              \
        .name = key, .takes = GT_TAKES_MAP, .summary = about, .element = &any_text                 \
    }
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static const struct gt_rule stack_name = {"[a-z][a-z0-9-]{0,31}",
                                          "a lower-case letter, then up to 31 of a-z, 0-9 and '-'"};
static const struct gt_rule logical_name = {"[A-Za-z][A-Za-z0-9_-]{0,63}",
                                            "a letter, then up to 63 letters, digits, '_' and '-'"};
static const struct gt_rule account_id = {"[0-9]{12}", "the 12 digits of an AWS account id"};
static const struct gt_rule role_arn = {"arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/.+",
                                        "the ARN of an IAM role"};
static const struct gt_rule region_name = {"[a-z]{2,5}(-[a-z0-9]+)+", "a region such as us-east-1"};

static const struct gt_key any_text = {.takes = GT_TAKES_TEXT, .summary = "text"};
static const struct gt_key literal_text = {
    .takes = GT_TAKES_TEXT, .flags = GT_KEY_LITERAL, .summary = "text"};
static const struct gt_key anything = {.takes = GT_TAKES_ANY, .summary = "any value"};

/* Keys that every entry which becomes a resource has. */
#define COMMON_KEYS                                                                                \
    LITERAL("name",                                                                                \
            "the name at the service, instead of the one made from stack, environment and "        \
            "entry"),                                                                              \
        {.name = "properties",                                                                     \
         .takes = GT_TAKES_ANY,                                                                    \
         .summary = "members of the API's create call, merged over what Gantry made"},             \
        BOOLEAN("protect",                                                                         \
                "refuse to delete or replace it, and set the service's own protection"),           \
        BOOLEAN("retain", "keep it, and what it needs, when the stack is destroyed"),              \
        LITERALS("ignore", "properties whose drift is left alone, such as description"),           \
        LITERALS("unchecked", "properties that Gantry does not know yet and sends as they are"),   \
        LITERALS("after", "addresses to wait for, beside those that are referred to")
#define TAGS TEXT_MAP("tags", "tags, beside those of defaults.tags")
#define EXISTING                                                                                   \
    {                                                                                              \
        .name = "existing", .takes = GT_TAKES_FIELDS, .fields = existing_keys,                     \
        .summary = "something that exists already: read and referred to, never written"            \
    }
#define ROLE_EXTRAS                                                                                \
    {.name = "policies",                                                                           \
     .takes = GT_TAKES_MAP,                                                                        \
     .element = &anything,                                                                         \
     .rule = &logical_name,                                                                        \
     .summary = "further inline policies of its role: name to document, or list of statements"},   \
        TEXTS("managedPolicies", "ARNs of managed policies to attach to its role")

static const struct gt_key existing_keys[] = {
    LITERAL("id", "its id"),
    LITERAL("arn", "its ARN"),
    LITERAL("name", "its name"),
    END,
};

static const struct gt_key assume_role_keys[] = {
    {.name = "roleArn",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_REQUIRED | GT_KEY_LITERAL,
     .rule = &role_arn,
     .summary = "the role's ARN"},
    LITERAL("externalId", "the external id that the role's trust policy asks for"),
    LITERAL("sessionName", "the session's name; gantry-STACK by default"),
    {.name = "durationSeconds",
     .takes = GT_TAKES_INTEGER,
     .flags = GT_KEY_LITERAL,
     .summary = "how long a session lasts: 900 to 43200"},
    END,
};

static const struct gt_key web_identity_keys[] = {
    LITERAL("env", "the environment variable that holds the token"),
    LITERAL("file", "the file that holds the token"),
    LITERAL("roleArn", "the role to assume with it; AWS_ROLE_ARN by default"),
    LITERAL("audience", "the audience to ask the token for; sts.amazonaws.com by default"),
    END,
};

static const struct gt_key provider_keys[] = {
    {.name = "region",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_LITERAL,
     .rule = &region_name,
     .summary = "the region; else AWS_REGION, or that of the profile"},
    {.name = "account",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_LITERAL,
     .rule = &account_id,
     .summary = "the account; any other is refused"},
    LITERAL("profile", "the profile of the AWS configuration files"),
    LITERAL("endpointUrl", "where all calls go, instead of AWS's own endpoints"),
    {.name = "assumeRole",
     .takes = GT_TAKES_FIELDS,
     .fields = assume_role_keys,
     .summary = "a role to assume with the credentials found"},
    {.name = "webIdentity",
     .takes = GT_TAKES_TEXT | GT_TAKES_FIELDS,
     .flags = GT_KEY_LITERAL,
     .fields = web_identity_keys,
     .summary = "where a pipeline's token comes from: github, {env: NAME} or {file: PATH}"},
    END,
};

static const struct gt_key default_role_keys[] = {
    TEXT("path", "the path of roles that Gantry makes, such as /gantry/"),
    TEXT("permissionsBoundary", "the ARN of the permissions boundary of roles that Gantry makes"),
    END,
};

static const struct gt_key defaults_keys[] = {
    TEXT_MAP("tags", "tags of everything that carries tags"),
    {.name = "role",
     .takes = GT_TAKES_FIELDS,
     .fields = default_role_keys,
     .summary = "what all roles that Gantry makes have"},
    END,
};

static const char *const variable_types[] = {"string", "number", "integer", "boolean",
                                             "list",   "map",    NULL};
static const struct gt_key variable_keys[] = {
    {.name = "type",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_LITERAL,
     .values = variable_types,
     .summary = "what values are; without it they are taken as they are written"},
    ANY("default", "the value where none is given; without it one must be given"),
    LITERAL("description", "what it is for"),
    END,
};
static const struct gt_key variable_entry = {
    .takes = GT_TAKES_FIELDS | GT_TAKES_TEXT | GT_TAKES_LIST | GT_TAKES_BOOLEAN | GT_TAKES_INTEGER,
    .fields = variable_keys,
    .element = &anything,
    .summary = "a declaration, or just the default"};

static const struct gt_key client_keys[] = {
    LITERALS("scopes", "the scopes it gets: names of the identity's scopes, or SERVER/SCOPE; all "
                       "by default"),
    LITERAL("description", "what it is for; shown in the client's configuration"),
    INTEGER("accessTokenMinutes", "how long an access token is valid: 5 to 1440"),
    COMMON_KEYS,
    END,
};
static const struct gt_key client_entry = {
    .takes = GT_TAKES_FIELDS, .fields = client_keys, .summary = "an app client"};

static const struct gt_key claim_keys[] = {
    {.name = "name", .takes = GT_TAKES_TEXT, .flags = GT_KEY_REQUIRED, .summary = "the claim"},
    TEXT("equals", "the claim is this text"),
    TEXT("contains", "the claim is a list that holds this text"),
    TEXTS("containsAny", "the claim is a list that holds one of these texts"),
    END,
};
static const struct gt_key claim_entry = {
    .takes = GT_TAKES_FIELDS, .fields = claim_keys, .summary = "a claim that tokens must have"};

static const struct gt_key identity_keys[] = {
    LITERAL("resourceServer", "identifier of the resource server, the first part of each scope"),
    {.name = "scopes",
     .takes = GT_TAKES_MAP,
     .element = &any_text,
     .summary = "scopes that the resource server defines: name to description"},
    {.name = "clients",
     .takes = GT_TAKES_MAP,
     .element = &client_entry,
     .rule = &logical_name,
     .summary = "app clients for the client-credentials flow, each with a generated secret"},
    {.name = "domain",
     .takes = GT_TAKES_TEXT | GT_TAKES_BOOLEAN,
     .summary = "prefix of the token URL's host; made from stack and pool by default; false: none"},
    TEXT("discoveryUrl", "an issuer outside this stack: the URL of its openid-configuration"),
    TEXTS("allowedClients", "client ids that may call, beside this stack's clients"),
    TEXTS("allowedAudience", "audiences of which a token must have one"),
    TEXTS("allowedScopes", "scopes that a token may have, as the token spells them"),
    {.name = "customClaims",
     .takes = GT_TAKES_LIST,
     .element = &claim_entry,
     .summary = "claims that a token must have"},
    EXISTING,
    TAGS,
    COMMON_KEYS,
    END,
};

static const char *const authorizers[] = {"AWS_IAM", "NONE", "AUTHENTICATE_ONLY", NULL};
static const char *const searches[] = {"SEMANTIC", NULL};

static const struct gt_key gateway_keys[] = {
    TEXT("description", "what it is for"),
    LITERAL("identity", "who may call it: an entry of identity"),
    LITERALS("clients", "the identity's clients that may call it; all by default"),
    LITERALS("scopes", "the identity's scopes that let a token in; all by default"),
    {.name = "authorizer",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_LITERAL,
     .values = authorizers,
     .summary = "who may call it, where no identity says so"},
    TEXT("instructions", "what the gateway tells agents about its tools"),
    {.name = "search",
     .takes = GT_TAKES_TEXT,
     .values = searches,
     .summary = "SEMANTIC: agents can search the tools"},
    TEXT("role", "a role of your own: its ARN, or an entry of roles; never written to"),
    ROLE_EXTRAS,
    EXISTING,
    TAGS,
    COMMON_KEYS,
    END,
};

static const char *const network_modes[] = {"PUBLIC", "VPC", NULL};
static const struct gt_key network_keys[] = {
    {.name = "mode",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_LITERAL,
     .values = network_modes,
     .summary = "PUBLIC, or VPC; VPC where subnets are given"},
    TEXTS("subnets", "ids of the subnets"),
    TEXTS("securityGroups", "ids of the security groups"),
    END,
};

static const struct gt_key lifecycle_keys[] = {
    INTEGER("idleRuntimeSessionTimeout", "seconds after which an idle session ends: 60 to 1209600"),
    INTEGER("maxLifetime", "seconds after which any session ends: 60 to 1209600"),
    END,
};

static const struct gt_key endpoint_keys[] = {
    TEXT("version", "the version of the runtime that it serves; the newest by default"),
    TEXT("description", "what it is for"),
    TAGS,
    COMMON_KEYS,
    END,
};
static const struct gt_key endpoint_entry = {
    .takes = GT_TAKES_FIELDS, .fields = endpoint_keys, .summary = "a named endpoint"};

static const struct gt_key code_keys[] = {
    {.name = "bucket", .takes = GT_TAKES_TEXT, .flags = GT_KEY_REQUIRED, .summary = "the bucket"},
    {.name = "prefix",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_REQUIRED,
     .summary = "the object's key"},
    TEXT("versionId", "the object's version"),
    {.name = "runtime",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_REQUIRED,
     .summary = "the language, such as PYTHON_3_13"},
    {.name = "entryPoint",
     .takes = GT_TAKES_LIST,
     .element = &any_text,
     .flags = GT_KEY_REQUIRED,
     .summary = "the command: one or two texts"},
    END,
};

static const char *const transports[] = {"http", "stdio", NULL};

static const struct gt_key local_keys[] = {
    {.name = "command",
     .takes = GT_TAKES_LIST,
     .element = &literal_text,
     .flags = GT_KEY_REQUIRED,
     .summary = "program and arguments"},
    {.name = "environment",
     .takes = GT_TAKES_MAP,
     .element = &any_text,
     .summary = "environment variables for this machine only"},
    LITERAL("directory", "where it runs; that of the manifest by default"),
    {.name = "transport",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_LITERAL,
     .values = transports,
     .summary = "how it is spoken to: http (on the port that PORT names) by default, or stdio"},
    END,
};

static const char *const protocols[] = {"MCP", "HTTP", "A2A", "AGUI", NULL};

static const struct gt_key runtime_keys[] = {
    TEXT("image", "the container image in ECR, linux/arm64"),
    {.name = "code",
     .takes = GT_TAKES_FIELDS,
     .fields = code_keys,
     .summary = "code in S3, instead of an image"},
    TEXT("description", "what it is for"),
    {.name = "protocol",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_LITERAL,
     .values = protocols,
     .summary = "what the server speaks; MCP by default"},
    TEXT_MAP("environment", "environment variables; readable by whoever may read the runtime"),
    TEXT_MAP("secrets",
             "variable to the ARN of a secret in Secrets Manager: the variable holds the "
             "ARN, and the runtime's role may read the secret"),
    {.name = "network",
     .takes = GT_TAKES_FIELDS,
     .fields = network_keys,
     .summary = "the network it is in; public by default"},
    {.name = "lifecycle",
     .takes = GT_TAKES_FIELDS,
     .fields = lifecycle_keys,
     .summary = "how long sessions live"},
    {.name = "endpoints",
     .takes = GT_TAKES_MAP,
     .element = &endpoint_entry,
     .rule = &logical_name,
     .summary = "named endpoints, beside DEFAULT"},
    LITERAL("identity", "who may call it with a token: an entry of identity; by default only AWS "
                        "credentials may"),
    LITERALS("clients", "the identity's clients that may call it; all by default"),
    LITERALS("scopes", "the identity's scopes that let a token in; all by default"),
    TEXTS("headers", "request headers that are passed on to the server"),
    BOOLEAN("pin", "send the image's digest instead of its tag; true by default"),
    BOOLEAN("logs", "keep the runtime's log groups in the stack; true by default"),
    INTEGER("logRetention", "days after which log events go; they stay for ever by default"),
    {.name = "local",
     .takes = GT_TAKES_FIELDS,
     .fields = local_keys,
     .summary = "what the embedded cloud runs instead of the image"},
    TEXT("role", "a role of your own: its ARN, or an entry of roles; never written to"),
    ROLE_EXTRAS,
    EXISTING,
    TAGS,
    COMMON_KEYS,
    END,
};

static const char *const grants[] = {"CLIENT_CREDENTIALS", "AUTHORIZATION_CODE", "TOKEN_EXCHANGE",
                                     NULL};
static const struct gt_key oauth_use_keys[] = {
    {.name = "provider",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_REQUIRED,
     .summary = "an entry of providers, or the ARN of one"},
    TEXTS("scopes", "the scopes to ask for"),
    {.name = "grant",
     .takes = GT_TAKES_TEXT,
     .values = grants,
     .summary = "CLIENT_CREDENTIALS by default"},
    TEXT_MAP("parameters", "further parameters of the token request"),
    TEXT("returnUrl", "where a person lands after consenting"),
    END,
};

static const char *const locations[] = {"HEADER", "QUERY_PARAMETER", NULL};
static const struct gt_key api_key_use_keys[] = {
    {.name = "provider",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_REQUIRED,
     .summary = "an entry of providers, or the ARN of one"},
    {.name = "location",
     .takes = GT_TAKES_TEXT,
     .values = locations,
     .summary = "where the key goes: HEADER or QUERY_PARAMETER"},
    TEXT("parameter", "the header's or parameter's name"),
    TEXT("prefix", "what stands before the key, such as Bearer"),
    END,
};

static const struct gt_key signing_keys[] = {
    {.name = "service",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_REQUIRED,
     .summary = "the service to sign for, such as execute-api"},
    TEXT("region", "the region to sign for; the gateway's by default"),
    END,
};

static const char *const listings[] = {"DEFAULT", "DYNAMIC", NULL};

static const struct gt_key target_keys[] = {
    {.name = "gateway",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_REQUIRED | GT_KEY_LITERAL,
     .summary = "an entry of gateways"},
    TEXT("description", "what it is for"),
    LITERAL("runtime", "an MCP server of this stack: an entry of runtimes"),
    LITERAL("runtimeEndpoint", "one of the runtime's named endpoints; DEFAULT by default"),
    TEXT("endpoint", "any MCP server: its https URL"),
    TEXT("lambda", "a Lambda function: its ARN"),
    {.name = "tools",
     .takes = GT_TAKES_LIST | GT_TAKES_TEXT,
     .element = &anything,
     .summary = "a Lambda function's tools: name, description, inputSchema, outputSchema"},
    TEXT("schema", "a Lambda function's tools, as a file in S3: s3://BUCKET/KEY"),
    ANY("openapi", "an OpenAPI document: s3://BUCKET/KEY, text, or the document itself"),
    ANY("smithy", "a Smithy model: s3://BUCKET/KEY, text, or the model itself"),
    {.name = "oauth",
     .takes = GT_TAKES_TEXT | GT_TAKES_FIELDS,
     .fields = oauth_use_keys,
     .summary = "call the target with a token of this provider"},
    {.name = "apiKey",
     .takes = GT_TAKES_TEXT | GT_TAKES_FIELDS,
     .fields = api_key_use_keys,
     .summary = "call the target with the API key of this provider"},
    {.name = "iam",
     .takes = GT_TAKES_FIELDS | GT_TAKES_BOOLEAN,
     .flags = GT_KEY_LITERAL,
     .fields = signing_keys,
     .summary = "call the target signed with the gateway's role; false: without credentials"},
    {.name = "listing",
     .takes = GT_TAKES_TEXT,
     .values = listings,
     .summary = "DYNAMIC: tools are listed at each call instead of when the target is made"},
    TEXTS("requestHeaders", "request headers that are passed on to the target"),
    TEXTS("queryParameters", "query parameters that are passed on to the target"),
    TEXTS("responseHeaders", "response headers that are passed back"),
    COMMON_KEYS,
    END,
};

static const struct gt_key role_keys[] = {
    {.name = "trust",
     .takes = GT_TAKES_ANY,
     .summary = "who may assume it: a service such as lambda.amazonaws.com, a list of them, or a "
                "policy document"},
    {.name = "policies",
     .takes = GT_TAKES_MAP,
     .element = &anything,
     .rule = &logical_name,
     .summary = "inline policies: name to document, or list of statements"},
    TEXTS("managedPolicies", "ARNs of managed policies to attach"),
    TEXT("description", "what it is for"),
    TEXT("path", "its path; defaults.role.path by default"),
    TEXT("permissionsBoundary", "the ARN of its permissions boundary"),
    INTEGER("maxSessionDuration", "seconds: 3600 to 43200"),
    EXISTING,
    TAGS,
    COMMON_KEYS,
    END,
};

static const struct gt_key oauth_provider_keys[] = {
    {.name = "vendor",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_LITERAL,
     .summary = "CustomOauth2 by default; or GithubOauth2, GoogleOauth2 and so on"},
    TEXT("discoveryUrl", "CustomOauth2: the URL of the issuer's openid-configuration"),
    TEXT("clientId", "the client id that the issuer gave"),
    {.name = "secret",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_REQUIRED,
     .summary = "ARN or name of the Secrets Manager secret that holds the client secret"},
    TEXT("secretKey", "the secret's JSON key; clientSecret by default"),
    TEXT("tenantId", "MicrosoftOauth2: the tenant"),
    TEXT("issuer", "other vendors: the issuer"),
    TEXT("authorizationEndpoint", "other vendors: the authorization endpoint"),
    TEXT("tokenEndpoint", "other vendors: the token endpoint"),
    END,
};

static const struct gt_key api_key_provider_keys[] = {
    {.name = "secret",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_REQUIRED,
     .summary = "ARN or name of the Secrets Manager secret that holds the API key"},
    TEXT("secretKey", "the secret's JSON key; apiKey by default"),
    END,
};

static const struct gt_key credential_keys[] = {
    {.name = "oauth",
     .takes = GT_TAKES_FIELDS,
     .fields = oauth_provider_keys,
     .summary = "an OAuth 2.0 client of somebody else's issuer"},
    {.name = "apiKey",
     .takes = GT_TAKES_FIELDS,
     .fields = api_key_provider_keys,
     .summary = "an API key"},
    TAGS,
    COMMON_KEYS,
    END,
};

static const struct gt_key resource_keys[] = {
    {.name = "type",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_REQUIRED | GT_KEY_LITERAL,
     .summary = "the resource type, such as log_group"},
    EXISTING,
    TAGS,
    COMMON_KEYS,
    END,
};

static const struct gt_key move_keys[] = {
    {.name = "from",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_REQUIRED | GT_KEY_LITERAL,
     .summary = "the address that the resource had"},
    {.name = "to",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_REQUIRED | GT_KEY_LITERAL,
     .summary = "the address that it has now"},
    END,
};
static const struct gt_key move_entry = {
    .takes = GT_TAKES_FIELDS, .fields = move_keys, .summary = "a renaming"};

#define SECTION(key, keys, about)                                                                  \
    {                                                                                              \
        .name = key, .takes = GT_TAKES_MAP, .rule = &logical_name, .summary = about,               \
        .element = &(const struct gt_key)                                                          \
        {                                                                                          \
            .takes = GT_TAKES_FIELDS, .fields = keys, .summary = about                             \
        }                                                                                          \
    }
#define VARIABLES                                                                                  \
    {                                                                                              \
        .name = "variables", .takes = GT_TAKES_MAP, .element = &variable_entry,                    \
        .rule = &logical_name, .summary = "values that --var and --var-file give: ${var.NAME}"     \
    }
#define SECTIONS                                                                                   \
    {.name = "provider",                                                                           \
     .takes = GT_TAKES_FIELDS,                                                                     \
     .fields = provider_keys,                                                                      \
     .summary = "account, region and credentials"},                                                \
        {.name = "defaults",                                                                       \
         .takes = GT_TAKES_FIELDS,                                                                 \
         .fields = defaults_keys,                                                                  \
         .summary = "what all resources have"},                                                    \
        SECTION("identity", identity_keys,                                                         \
                "who may call: Cognito pools with their app clients, "                             \
                "or issuers elsewhere"),                                                           \
        SECTION("gateways", gateway_keys, "AgentCore gateways"),                                   \
        SECTION("runtimes", runtime_keys, "MCP servers on AgentCore Runtime"),                     \
        SECTION("targets", target_keys, "what gateways offer: each is one MCP server or API"),     \
        SECTION("roles", role_keys, "further IAM roles"),                                          \
        SECTION("providers", credential_keys, "credentials that gateways use to call targets"),    \
        SECTION("resources", resource_keys, "any resource by its type and the API's own members"), \
        {.name = "outputs",                                                                        \
         .takes = GT_TAKES_MAP,                                                                    \
         .element = &anything,                                                                     \
         .rule = &logical_name,                                                                    \
         .summary = "values that gantry output prints"},                                           \
    {                                                                                              \
        .name = "moved", .takes = GT_TAKES_LIST, .element = &move_entry,                           \
        .summary = "resources that were renamed in the manifest"                                   \
    }

static const struct gt_key overlay_keys[] = {VARIABLES, SECTIONS, END};
static const struct gt_key environment_entry = {.takes = GT_TAKES_FIELDS,
                                                .fields = overlay_keys,
                                                .summary = "what differs in this environment"};

static const struct gt_key manifest_keys[] = {
    {.name = "gantry",
     .takes = GT_TAKES_INTEGER,
     .flags = GT_KEY_REQUIRED | GT_KEY_LITERAL,
     .summary = "the version of this grammar: 1"},
    {.name = "stack",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_REQUIRED | GT_KEY_LITERAL,
     .rule = &stack_name,
     .summary = "the stack's name"},
    VARIABLES,
    {.name = "environments",
     .takes = GT_TAKES_MAP,
     .element = &environment_entry,
     .rule = &stack_name,
     .summary = "gantry -e NAME: merged over the rest; each has its own state"},
    {.name = "defaultEnvironment",
     .takes = GT_TAKES_TEXT,
     .flags = GT_KEY_LITERAL,
     .summary = "the environment where -e is not given"},
    SECTIONS,
    END,
};

const struct gt_key gt_manifest = {
    .takes = GT_TAKES_FIELDS, .fields = manifest_keys, .summary = "a Gantry manifest"};

struct gt_keys_run gt_manifest_run(struct gt_arena *arena, const struct gt_marks *marks,
                                   struct gt_diags *diags)
{
    return (struct gt_keys_run){.arena = arena,
                                .document = "the manifest",
                                .referred = "resources",
                                .marks = marks,
                                .diags = diags};
}
