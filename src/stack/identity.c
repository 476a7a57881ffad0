/*
 * identity: who may call. A Cognito pool with domain, resource server and app clients, or an issuer
 * elsewhere; and from either the authorizer of gateways and runtimes.
 */
#include "lower.h"

#include <gantry/doc/keys.h>
#include <gantry/doc/template.h>
#include <string.h>

static const char DISCOVERY[] = "/.well-known/openid-configuration";

static void keep_password_policy(struct gt_low *low, struct gt_resource *pool)
{
    /* Nobody signs in to a pool for machines; should people be added, they get a sound policy. */
    json_t *policy = json_pack("{si,sb,sb,sb,sb,si}", "MinimumLength", 12, "RequireUppercase", 1,
                               "RequireLowercase", 1, "RequireNumbers", 1, "RequireSymbols", 1,
                               "TemporaryPasswordValidityDays", 7);
    gt_low_put(low, pool, "/Policies/PasswordPolicy", policy, NULL);
    gt_low_put(low, pool, "/AdminCreateUserConfig/AllowAdminCreateUserOnly", json_true(), NULL);
}

static void lower_pool(struct gt_low *low, struct gt_identity_facts *facts)
{
    static const char *const beside[] = {"domain",
                                         "resourceServer",
                                         "scopes",
                                         "clients",
                                         "allowedClients",
                                         "allowedScopes",
                                         "allowedAudience",
                                         "customClaims",
                                         "protect",
                                         "retain",
                                         NULL};
    const struct gt_item *item = &facts->item;
    struct gt_resource *pool = gt_low_add(low, item, "user_pool", "user_pool.%s", item->name);
    const char *region = low->region;
    facts->pool = pool->address;
    if (gt_low_existing(low, pool, item, beside)) {
        /* A pool's id starts with its region. */
        size_t len = strcspn(pool->existing, "_");
        if (pool->existing[len] == '_' && strncmp(pool->existing, "arn:", 4) != 0)
            region = gt_strndup(low->arena, pool->existing, len);
    } else {
        gt_low_name(low, pool, "/PoolName", item, GT_NAME_POOL);
        keep_password_policy(low, pool);
        gt_low_common(low, pool, item);
    }
    const char *id = gt_ref(low->arena, pool->address, "Id");
    facts->discovery_url =
        low->options->local
            ? gt_printf(low->arena, "${aws.endpoint.cognito-idp}/%s%s", id, DISCOVERY)
            : gt_printf(low->arena, "https://cognito-idp.%s.%s/%s%s", region,
                        gt_partition_of_region(region)->dns_suffix, id, DISCOVERY);
}

static void lower_domain(struct gt_low *low, struct gt_identity_facts *facts)
{
    const struct gt_item *item = &facts->item;
    const json_t *domain = json_object_get(item->value, "domain");
    bool existing = json_object_get(item->value, "existing") != NULL;
    if (json_is_false(domain) || (existing && !json_is_string(domain)))
        return;
    struct gt_resource *resource =
        gt_low_add(low, item, "user_pool_domain", "user_pool_domain.%s", item->name);
    facts->domain = resource->address;
    if (json_is_string(domain))
        gt_low_copy(low, resource, "/Domain", item, "domain");
    else
        gt_low_put_text(low, resource, "/Domain",
                        gt_printf(low->arena, "%s-${%s.Id|domain-suffix}",
                                  gt_make_name(low, GT_NAME_DOMAIN, NULL), facts->pool));
    gt_low_put_text(low, resource, "/UserPoolId", gt_ref(low->arena, facts->pool, "Id"));
    gt_low_tags(low, resource, item);
    resource->protect = gt_item_true(item, "protect", false);
}

static const json_t *default_scopes(struct gt_low *low)
{
    return gt_pack(low->arena, "{ss}", "invoke", "Invoke tools");
}

/* A resource server's Name takes fewer characters than its Identifier, which may be a URL. */
static const char *server_name(struct gt_low *low, const char *identifier)
{
    char *name = gt_strdup(low->arena, identifier);
    for (char *c = name; *c != '\0'; c++) {
        if (strchr(":/?#[]@!$&'()*;%", *c) != NULL)
            *c = '-';
    }
    return name;
}

static void lower_server(struct gt_low *low, struct gt_identity_facts *facts)
{
    const struct gt_item *item = &facts->item;
    bool existing = json_object_get(item->value, "existing") != NULL;
    const char *given = gt_item_text(item, "resourceServer");
    facts->scopes = json_object_get(item->value, "scopes");
    facts->server = given != NULL ? gt_template_unescape(low->arena, given)
                                  : gt_make_name(low, GT_NAME_POOL, item->name);
    if (existing && facts->scopes == NULL)
        return; /* the pool's own scopes are used, by their full names */
    if (json_object_size(facts->scopes) == 0)
        facts->scopes = default_scopes(low);
    struct gt_resource *server =
        gt_low_add(low, item, "resource_server", "resource_server.%s", item->name);
    facts->server_address = server->address;
    gt_low_put_text(low, server, "/UserPoolId", gt_ref(low->arena, facts->pool, "Id"));
    if (given != NULL)
        gt_low_copy(low, server, "/Identifier", item, "resourceServer");
    else
        gt_low_put_text(low, server, "/Identifier", facts->server);
    gt_low_put_text(low, server, "/Name", server_name(low, facts->server));
    gt_low_put(low, server, "/Scopes", json_array(), gt_item_pointer(low, item, "scopes"));
    const char *name, *scopes = gt_item_pointer(low, item, "scopes");
    json_t *description;
    size_t i = 0;
    json_object_foreach(gt_iterable(facts->scopes), name, description)
    {
        const char *at = gt_pointer_index(low->arena, "/Scopes", i++);
        json_t *scope = json_pack("{ss,sO}", "ScopeName", name, "ScopeDescription", description);
        gt_low_put(low, server, at, scope, gt_pointer_join(low->arena, scopes, name));
    }
    gt_low_tags(low, server, item);
    server->protect = gt_item_true(item, "protect", false);
}

/* A scope as tokens spell it: SERVER/NAME. NULL with an error when nothing defines it. */
static const char *full_scope(struct gt_low *low, const struct gt_identity_facts *facts,
                              const char *scope, const char *pointer)
{
    if (gt_is_reported(scope))
        return NULL;
    if (json_object_get(facts->scopes, scope) != NULL)
        return gt_printf(low->arena, "%s/%s", facts->server, scope);
    const char *slash = strrchr(scope, '/');
    if (slash != NULL) {
        const char *server = gt_strndup(low->arena, scope, (size_t)(slash - scope));
        bool own = facts->server_address != NULL && strcmp(server, facts->server) == 0;
        if (own && json_object_get(facts->scopes, slash + 1) != NULL)
            return scope;
        if (!own && json_object_get(facts->item.value, "existing") != NULL)
            return scope; /* a scope of the pool that exists: only Cognito knows */
        const char *name;
        json_t *entry;
        json_object_foreach(json_object_get(low->doc, "resources"), name, entry)
        {
            const char *identifier = gt_text_at(entry, "/properties/Identifier");
            if (gt_streq(identifier, server))
                return scope;
        }
    }
    struct gt_map names = gt_map_init(low->arena);
    const char *name;
    json_t *ignored;
    json_object_foreach(gt_iterable(facts->scopes), name, ignored)
        gt_map_set(&names, name, ignored);
    struct gt_diag *diag = gt_low_error(low, pointer, "unknown-scope",
                                        "no resource server defines the scope \"%s\"", scope);
    diag->hint = gt_low_suggest(low, &names, scope);
    return NULL;
}

/* The scopes that an entry lists below "scopes", or all; new reference. */
static json_t *full_scopes(struct gt_low *low, const struct gt_identity_facts *facts,
                           const struct gt_item *item)
{
    const json_t *listed = json_object_get(item->value, "scopes");
    const char *pointer = gt_item_pointer(low, item, "scopes"), *name;
    json_t *out = json_array(), *scope;
    size_t i;
    if (json_is_array(listed)) {
        json_array_foreach(listed, i, scope)
        {
            const char *full = full_scope(low, facts, json_string_value(scope),
                                          gt_pointer_index(low->arena, pointer, i));
            if (full != NULL)
                json_array_append_new(out, json_string(full));
        }
    } else if (facts->server_address != NULL) {
        json_object_foreach(gt_iterable(facts->scopes), name, scope) json_array_append_new(
            out, json_string(gt_printf(low->arena, "%s/%s", facts->server, name)));
    }
    return out;
}

static void describe_client(struct gt_low *low, const struct gt_identity_facts *facts,
                            const struct gt_resource *client, const struct gt_item *item)
{
    struct gt_client_info *info = GT_PUSH(low->arena, &low->stack->clients);
    const json_t *scopes = json_object_get(client->properties, "AllowedOAuthScopes");
    const char *text = "";
    size_t i;
    json_t *scope;
    json_array_foreach(scopes, i, scope) text =
        gt_printf(low->arena, "%s%s%s", text, i > 0 ? " " : "", json_string_value(scope));
    info->name = gt_printf(low->arena, "%s.%s", facts->item.name, item->name);
    info->client = client->address;
    info->pool = facts->pool;
    info->domain = facts->domain;
    info->resource_server = facts->server_address;
    info->scope = text;
    info->description = gt_template_unescape(low->arena, gt_item_text(item, "description"));
}

static void lower_client(struct gt_low *low, struct gt_identity_facts *facts,
                         const struct gt_item *item)
{
    struct gt_resource *client = gt_low_add(low, item, "user_pool_client", "user_pool_client.%s.%s",
                                            facts->item.name, item->name);
    const json_t *minutes = json_object_get(item->value, "accessTokenMinutes");
    gt_low_put_text(low, client, "/UserPoolId", gt_ref(low->arena, facts->pool, "Id"));
    gt_low_name(low, client, "/ClientName", item, GT_NAME_POOL);
    gt_low_put(low, client, "/GenerateSecret", json_true(), NULL);
    gt_low_put(low, client, "/AllowedOAuthFlows", json_pack("[s]", "client_credentials"), NULL);
    gt_low_put(low, client, "/AllowedOAuthFlowsUserPoolClient", json_true(), NULL);
    const char *scopes = gt_item_pointer(low, item, "scopes");
    gt_low_put(low, client, "/AllowedOAuthScopes", full_scopes(low, facts, item),
               json_object_get(item->value, "scopes") != NULL ? scopes : NULL);
    gt_low_put(low, client, "/SupportedIdentityProviders", json_pack("[s]", "COGNITO"), NULL);
    if (minutes != NULL) {
        gt_low_copy(low, client, "/AccessTokenValidity", item, "accessTokenMinutes");
        gt_low_put_text(low, client, "/TokenValidityUnits/AccessToken", "minutes");
    }
    if (facts->server_address != NULL) /* its scopes must exist */
        *GT_PUSH(low->arena, &client->after) = facts->server_address;
    gt_low_common(low, client, item);
    client->retain = client->retain || gt_item_true(&facts->item, "retain", false);
    *GT_PUSH(low->arena, &facts->clients) =
        (struct gt_identity_client){.name = item->name, .address = client->address};
    describe_client(low, facts, client, item);
}

static void lower_cognito(struct gt_low *low, struct gt_identity_facts *facts)
{
    const struct gt_item *item = &facts->item;
    const char *name;
    json_t *value;
    lower_pool(low, facts);
    lower_domain(low, facts);
    lower_server(low, facts);
    json_object_foreach(json_object_get(item->value, "clients"), name, value)
    {
        if (!json_is_object(value))
            continue;
        struct gt_item client = gt_item_child(low, item, name, value, "clients");
        lower_client(low, facts, &client);
    }
    const char *outside[] = {"allowedClients", "allowedScopes", "customClaims", "allowedAudience"};
    bool anybody = facts->clients.len > 0;
    for (size_t i = 0; i < GT_COUNT(outside); i++)
        anybody = anybody || json_object_get(item->value, outside[i]) != NULL;
    if (!anybody)
        gt_low_warning(low, item->pointer, "no-clients", "identity %s has no clients", item->name)
            ->hint = "add clients: {NAME: {}}; until then nobody can fetch a token";
}

static void lower_issuer(struct gt_low *low, struct gt_identity_facts *facts)
{
    static const char *const cognito_only[] = {"resourceServer", "scopes",  "clients", "domain",
                                               "existing",       "protect", "retain",  "name"};
    const struct gt_item *item = &facts->item;
    facts->discovery_url = gt_item_text(item, "discoveryUrl");
    for (size_t i = 0; i < GT_COUNT(cognito_only); i++) {
        if (json_object_get(item->value, cognito_only[i]) == NULL)
            continue;
        gt_low_error(low, gt_item_pointer(low, item, cognito_only[i]), "conflicting-keys",
                     "%s has no meaning beside discoveryUrl", cognito_only[i])
            ->hint = "an issuer elsewhere has its own clients and scopes: use allowedClients and "
                     "allowedScopes";
    }
}

static void lower_one(struct gt_low *low, const struct gt_item *item)
{
    struct gt_identity_facts *facts = GT_NEW(low->arena, struct gt_identity_facts);
    facts->item = *item;
    gt_map_set(&low->identities, item->name, facts);
    if (json_object_get(item->value, "discoveryUrl") != NULL)
        lower_issuer(low, facts);
    else
        lower_cognito(low, facts);
}

void gt_lower_identity(struct gt_low *low)
{
    gt_each_item(low, "identity", lower_one);
}

/* The clients that an entry lets in: those it lists, or all of the identity; as references. */
static json_t *allowed_clients(struct gt_low *low, const struct gt_identity_facts *facts,
                               const struct gt_item *item)
{
    json_t *out = json_array(), *client;
    const json_t *listed = json_object_get(item->value, "clients");
    struct gt_map names = gt_map_init(low->arena);
    size_t i;
    for (i = 0; i < facts->clients.len; i++) {
        const struct gt_identity_client *one = &facts->clients.at[i];
        const char *id = gt_ref(low->arena, one->address, "ClientId");
        char *copy = gt_strdup(low->arena, id);
        gt_map_set(&names, one->name, copy);
        if (!json_is_array(listed))
            json_array_append_new(out, json_string(id));
    }
    json_array_foreach(listed, i, client)
    {
        const char *name = json_string_value(client), *id = gt_map_get(&names, name);
        if (id != NULL)
            json_array_append_new(out, json_string(id));
        else if (!gt_is_reported(name))
            gt_low_error(
                low, gt_pointer_index(low->arena, gt_item_pointer(low, item, "clients"), i),
                "unknown-client", "identity %s has no client \"%s\"", facts->item.name, name)
                ->hint = gt_low_suggest(low, &names, name);
    }
    if (!json_is_array(listed))
        json_array_extend(out, json_object_get(facts->item.value, "allowedClients"));
    return out;
}

static json_t *allowed_scopes(struct gt_low *low, const struct gt_identity_facts *facts,
                              const struct gt_item *item)
{
    if (facts->pool == NULL) {
        const json_t *listed = json_object_get(item->value, "scopes");
        return json_incref(gt_iterable(
            listed != NULL ? listed : json_object_get(facts->item.value, "allowedScopes")));
    }
    json_t *out = full_scopes(low, facts, item);
    if (json_object_get(item->value, "scopes") == NULL)
        json_array_extend(out, json_object_get(facts->item.value, "allowedScopes"));
    return out;
}

/* {name, equals | contains | containsAny} as the API has it; NULL with an error. */
static json_t *claim(struct gt_low *low, const json_t *given, const char *pointer)
{
    static const struct {
        const char *key, *type, *operator, * member;
    } forms[] = {
        {"equals", "STRING", "EQUALS", "matchValueString"},
        {"contains", "STRING_ARRAY", "CONTAINS", "matchValueString"},
        {"containsAny", "STRING_ARRAY", "CONTAINS_ANY", "matchValueStringList"},
    };
    json_t *out = NULL;
    size_t found = 0;
    for (size_t i = 0; i < GT_COUNT(forms); i++) {
        json_t *value = json_object_get(given, forms[i].key);
        if (value == NULL || found++ > 0)
            continue;
        out = json_pack("{sO,ss,s{s{sO},ss}}", "inboundTokenClaimName",
                        json_object_get(given, "name"), "inboundTokenClaimValueType", forms[i].type,
                        "authorizingClaimMatchValue", "claimMatchValue", forms[i].member, value,
                        "claimMatchOperator", forms[i].operator);
    }
    if (found != 1)
        gt_low_error(low, pointer, "bad-claim",
                     "a claim has one of equals, contains and containsAny");
    return out;
}

static void put_list(struct gt_low *low, struct gt_resource *resource, const char *member,
                     json_t *list, const char *from)
{
    if (json_array_size(list) == 0) { /* the service refuses empty lists */
        json_decref(list);
        return;
    }
    gt_low_put(low, resource,
               gt_printf(low->arena, "/authorizerConfiguration/customJWTAuthorizer/%s", member),
               list, from);
}

static void note_gateway(struct gt_low *low, const struct gt_identity_facts *facts,
                         const struct gt_item *item, const json_t *allowed)
{
    if (strcmp(item->section, "gateways") != 0)
        return;
    for (size_t i = 0; i < facts->clients.len; i++) {
        const char *address = facts->clients.at[i].address;
        const char *id = gt_ref(low->arena, address, "ClientId");
        size_t at;
        json_t *one;
        bool may = false;
        json_array_foreach(allowed, at, one) may = may || strcmp(json_string_value(one), id) == 0;
        for (size_t c = 0; may && c < low->stack->clients.len; c++) {
            if (strcmp(low->stack->clients.at[c].client, address) == 0)
                *GT_PUSH(low->arena, &low->stack->clients.at[c].gateways) = item->name;
        }
    }
}

const struct gt_identity_facts *gt_low_identity(struct gt_low *low, const struct gt_item *item)
{
    const char *name = gt_item_text(item, "identity");
    const struct gt_identity_facts *facts = gt_map_get(&low->identities, name);
    if (facts == NULL && !gt_is_reported(name))
        gt_low_error(low, gt_item_pointer(low, item, "identity"), "unknown-identity",
                     "there is no identity \"%s\"", name)
            ->hint = gt_low_suggest(low, &low->identities, name);
    return facts;
}

bool gt_low_authorizer(struct gt_low *low, struct gt_resource *resource, const struct gt_item *item)
{
    if (gt_item_text(item, "identity") == NULL)
        return false;
    const struct gt_identity_facts *facts = gt_low_identity(low, item);
    if (facts == NULL) {
        gt_low_put_text(low, resource, "/authorizerConfiguration/customJWTAuthorizer/discoveryUrl",
                        GT_REPORTED);
        return true;
    }
    const struct gt_item *who = &facts->item;
    const char *from = gt_item_pointer(low, item, "identity");
    gt_low_put(low, resource, "/authorizerConfiguration/customJWTAuthorizer/discoveryUrl",
               json_string(facts->discovery_url),
               facts->pool == NULL ? gt_item_pointer(low, who, "discoveryUrl") : from);
    json_t *clients = allowed_clients(low, facts, item);
    note_gateway(low, facts, item, clients);
    put_list(low, resource, "allowedClients", clients, from);
    put_list(low, resource, "allowedScopes", allowed_scopes(low, facts, item), from);
    put_list(low, resource, "allowedAudience",
             json_incref(json_object_get(who->value, "allowedAudience")),
             gt_item_pointer(low, who, "allowedAudience"));
    json_t *claims = json_array(), *one;
    size_t i;
    const char *pointer = gt_item_pointer(low, who, "customClaims");
    json_array_foreach(json_object_get(who->value, "customClaims"), i, one)
    {
        json_t *made =
            json_is_object(one) ? claim(low, one, gt_pointer_index(low->arena, pointer, i)) : NULL;
        if (made != NULL)
            json_array_append_new(claims, made);
    }
    put_list(low, resource, "customClaims", claims, pointer);
    return true;
}
