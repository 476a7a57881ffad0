/* What can be known to be wrong before any call, and is not a matter of one section. */
#include "lower.h"

#include "grants.h"
#include <ctype.h>
#include <gantry/base/pattern.h>
#include <gantry/doc/keys.h>
#include <gantry/doc/template.h>
#include <gantry/model/validate.h>
#include <gantry/policy/policy.h>
#include <string.h>

static struct gt_diag *complain(const struct gt_resource *resource, const char *property,
                                struct gt_diag *diag)
{
    diag->pos = gt_marks_pos(resource->marks, property);
    diag->subject = resource->address;
    return diag;
}

static void check_properties(struct gt_low *low, struct gt_resource *resource)
{
    struct gt_validation how = {
        .marks = resource->marks, .subject = resource->address, .unchecked = resource->unchecked};
    resource->properties =
        gt_keep(low->arena, gt_type_coerce(resource->type, resource->properties, resource->marks));
    gt_type_validate(resource->type, resource->properties, &how, low->diags);
}

/* Access tokens that Cognito gives for client credentials have no `aud`: an audience lets nobody
 * in. */
static void check_audience(struct gt_low *low, const struct gt_resource *resource)
{
    static const char base[] = "/authorizerConfiguration/customJWTAuthorizer";
    static const char audience[] = "/authorizerConfiguration/customJWTAuthorizer/allowedAudience";
    const json_t *authorizer = gt_at(resource->properties, base);
    const char *url = gt_text_at(authorizer, "/discoveryUrl");
    if (url == NULL || json_array_size(json_object_get(authorizer, "allowedAudience")) == 0)
        return;
    bool ours = strstr(url, "${user_pool.") != NULL;
    bool clients = json_array_size(json_object_get(authorizer, "allowedClients")) > 0;
    if (!ours && strstr(url, "://cognito-idp.") == NULL)
        return;
    struct gt_diag *diag =
        ours || !clients
            ? gt_error(low->diags, "audience-without-claim",
                       "allowedAudience refuses every client: Cognito's client-credentials tokens "
                       "have no aud claim")
            : gt_warning(low->diags, "audience-without-claim",
                         "allowedAudience refuses clients with client credentials: Cognito gives "
                         "their tokens no aud claim");
    complain(resource, audience, diag)->hint = "use allowedClients and allowedScopes";
}

static bool has_word(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strstr(text, *words) != NULL)
            return true;
    }
    return false;
}

/* "api_key", "apiKey" and "API-KEY" are all "apikey". */
static char *squeezed(struct gt_arena *arena, const char *name)
{
    char *out = gt_lower(arena, name), *to = out;
    for (const char *from = out; *from != '\0'; from++) {
        if (isalnum((unsigned char)*from))
            *to++ = *from;
    }
    *to = '\0';
    return out;
}

static bool names_secret(struct gt_arena *arena, const char *name)
{
    static const char *const words[] = {"password",   "passwd",        "secret",     "token",
                                        "apikey",     "accesskey",     "privatekey", "credential",
                                        "signingkey", "encryptionkey", NULL};
    static const char *const harmless[] = {"arn",    "name",   "id",  "url",  "uri",
                                           "file",   "path",   "ttl", "type", "endpoint",
                                           "header", "region", NULL};
    const char *plain = squeezed(arena, name);
    for (const char *const *suffix = harmless; *suffix != NULL; suffix++) {
        if (gt_ends_with(plain, *suffix))
            return false;
    }
    return has_word(plain, words);
}

static bool looks_secret(const char *value)
{
    static const char *const patterns[] = {
        "(AKIA|ASIA)[A-Z0-9]{16}",
        "-----BEGIN [A-Z ]*PRIVATE KEY-----[\\s\\S]*",
        "(gh[pousr]|github_pat)_[A-Za-z0-9_]{20,}",
        "sk-[A-Za-z0-9_-]{20,}",
        "xox[abprs]-[A-Za-z0-9-]{10,}",
        "eyJ[A-Za-z0-9_-]+\\.eyJ[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]*",
        "[a-z][a-z0-9+.-]*://[^/@:\\s]*:[^/@\\s]+@.*",
    };
    for (size_t i = 0; i < GT_COUNT(patterns); i++) {
        if (gt_pattern_matches(patterns[i], value))
            return true;
    }
    return false;
}

static void check_environment(struct gt_low *low, const struct gt_resource *resource)
{
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(resource->properties, "environmentVariables"), name, value)
    {
        const char *text = json_string_value(value);
        if (text == NULL || *text == '\0' || gt_has_refs(value) || gt_starts_with(text, "arn:"))
            continue;
        bool harmless = strspn(text, "0123456789.") == strlen(text) || gt_streq(text, "true") ||
                        gt_streq(text, "false") || *text == '/';
        if (!looks_secret(text) && (harmless || !names_secret(low->arena, name)))
            continue;
        struct gt_diag *diag = gt_warning(low->diags, "secret-in-environment",
                                          "%s looks like a secret, and environment variables are "
                                          "readable by whoever may read the runtime",
                                          name);
        complain(resource, gt_pointer_join(low->arena, "/environmentVariables", name), diag)->hint =
            "put it into Secrets Manager and name it below secrets:";
    }
}

struct tools {
    struct gt_low *low;
    const struct gt_resource *target;
    const char *name;
    struct gt_map seen;
};

static void check_tool(struct tools *tools, const char *tool, const char *property)
{
    enum { MAX = 64 }; /* what clients allow as the name of a tool */
    if (tool == NULL || strstr(tool, "${") != NULL)
        return;
    const char *full = gt_printf(tools->low->arena, "%s___%s", tools->name, tool);
    if (gt_utf8_length(full) > MAX)
        complain(tools->target, property,
                 gt_error(tools->low->diags, "tool-name-too-long",
                          "tool %s has a name of %ld characters, and clients take 64", full,
                          gt_utf8_length(full)))
            ->hint = "shorten the tool's name, or give the target a shorter name:";
    if (gt_map_get(&tools->seen, tool) != NULL)
        complain(tools->target, property,
                 gt_error(tools->low->diags, "duplicate-tool", "there are two tools \"%s\"", tool));
    gt_map_set(&tools->seen, tool, tools);
}

static void check_openapi(struct tools *tools, const json_t *document, const char *base,
                          bool inside)
{
    const char *path, *method;
    json_t *item, *operation;
    json_object_foreach(json_object_get(document, "paths"), path, item)
    {
        json_object_foreach(item, method, operation)
        {
            const char *at = gt_pointer_join(tools->low->arena, base, "paths");
            at = gt_pointer_join(tools->low->arena, at, path);
            at = gt_pointer_join(tools->low->arena, at, method);
            check_tool(tools, gt_text_at(operation, "/operationId"),
                       inside ? gt_pointer_join(tools->low->arena, at, "operationId") : base);
        }
    }
}

static void check_tools(struct gt_low *low, const struct gt_resource *target)
{
    static const char lambda[] = "/targetConfiguration/mcp/lambda/toolSchema/inlinePayload";
    static const char openapi[] = "/targetConfiguration/mcp/openApiSchema/inlinePayload";
    struct tools tools = {.low = low,
                          .target = target,
                          .seen = gt_map_init(low->arena),
                          .name = gt_text_at(target->properties, "/name")};
    size_t i;
    json_t *tool;
    if (tools.name == NULL || strstr(tools.name, "${") != NULL)
        return;
    json_array_foreach(gt_at(target->properties, lambda), i, tool) check_tool(
        &tools, gt_text_at(tool, "/name"), gt_printf(low->arena, "%s/%zu/name", lambda, i));
    const json_t *document = gt_at(target->properties, openapi);
    if (json_is_object(document)) {
        check_openapi(&tools, document, openapi, true);
    } else if (json_is_string(document)) {
        struct gt_diags ignored = gt_diags_init(low->arena);
        struct gt_doc parsed;
        const char *text = gt_template_unescape(low->arena, json_string_value(document));
        if (gt_doc_parse(low->arena, "openapi", text, strlen(text), &parsed, &ignored))
            check_openapi(&tools, parsed.root, openapi, false);
    }
}

enum { NAME_PARTS = 4 };

/* The properties by which a service tells objects of a type apart: those in the identity and, where
 * it has members that the service makes, those of the look-up by name. Ends with NULL; false where
 * names need not be unique. */
static bool naming(const struct gt_type *type, const char *parts[NAME_PARTS + 1])
{
    const char *const(*match)[2] = type->lookup.match;
    size_t count = 0;
    bool made = false;
    for (const struct gt_identity *member = type->identity; member->name != NULL; member++) {
        if (member->property != NULL && count < NAME_PARTS)
            parts[count++] = member->property;
        made = made || member->property == NULL;
    }
    for (size_t i = 0; made && i < GT_COUNT(type->lookup.match) && count < NAME_PARTS; i++) {
        if (match[i][1] != NULL)
            parts[count++] = match[i][1];
    }
    parts[count] = NULL;
    return count > 0 && !(made && type->lookup.ambiguous);
}

/* The name of a resource as one text; NULL where a part of it is missing. */
static const char *whole_name(struct gt_low *low, const struct gt_resource *resource,
                              const char *const *parts)
{
    const char *name = resource->type->name;
    for (; *parts != NULL; parts++) {
        const char *text = gt_text_at(resource->properties, *parts);
        const struct gt_attr *attr = gt_type_attr(resource->type, *parts);
        if (text == NULL || gt_is_reported(text))
            return NULL;
        if (attr != NULL && attr->flags & GT_ATTR_CASELESS)
            text = gt_lower(low->arena, text);
        name = gt_printf(low->arena, "%s\n%s", name, text);
    }
    return name;
}

/* Two resources that a service would take for one. */
static void check_names(struct gt_low *low)
{
    struct gt_map names = gt_map_init(low->arena);
    for (size_t i = 0; i < low->resources.len; i++) {
        struct gt_resource *resource = low->resources.at[i];
        const char *parts[NAME_PARTS + 1] = {NULL};
        if (resource->existing != NULL || !naming(resource->type, parts))
            continue;
        const char *name = whole_name(low, resource, parts), *last = parts[0];
        const struct gt_resource *other = name != NULL ? gt_map_get(&names, name) : NULL;
        if (name == NULL)
            continue;
        if (other == NULL) {
            gt_map_set(&names, name, resource);
            continue;
        }
        for (size_t p = 1; parts[p] != NULL; p++)
            last = parts[p];
        complain(resource, last,
                 gt_error(low->diags, "duplicate-name", "%s has the name of %s: %s",
                          resource->address, other->address,
                          gt_text_at(resource->properties, last)))
            ->hint = "give one of them another name";
    }
}

/* IAM counts the inline policies of a role together: 10,240 characters without white space.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
static void check_policy_sizes(struct gt_low *low)
{
    enum { MAX = 10240 };
    struct sum {
        size_t size;
        bool told;
    };
    struct gt_map sums = gt_map_init(low->arena);
    for (size_t i = 0; i < low->resources.len; i++) {
        const struct gt_resource *policy = low->resources.at[i];
        const char *role = gt_text_at(policy->properties, "/RoleName");
        const json_t *document = json_object_get(policy->properties, "PolicyDocument");
        if (role == NULL || document == NULL)
            continue;
        struct sum *sum = gt_map_get(&sums, role);
        if (sum == NULL) {
            sum = GT_NEW(low->arena, struct sum);
            gt_map_set(&sums, role, sum);
        }
        json_auto_t *guessed = gt_guessed(low, document);
        sum->size += gt_policy_size(guessed);
        if (sum->size <= MAX || sum->told)
            continue;
        sum->told = true;
        complain(policy, "/PolicyDocument",
                 gt_error(low->diags, "policy-too-large",
                          "the inline policies of one role come to about %zu characters, and IAM "
                          "takes 10240",
                          sum->size))
            ->hint =
            "spread the targets over more gateways, or give the gateway a role of your own";
    }
}

/* Gateways that are referred to as the parent of something, by that reference. */
static struct gt_map parents(struct gt_low *low)
{
    struct gt_map out = gt_map_init(low->arena);
    for (size_t i = 0; i < low->resources.len; i++) {
        const char *parent = gt_text_at(low->resources.at[i]->properties, "/gatewayIdentifier");
        if (parent != NULL)
            gt_map_set(&out, parent, low);
    }
    return out;
}

static void check_gateways(struct gt_low *low)
{
    struct gt_map used = parents(low);
    for (size_t i = 0; i < low->gateways.entries.len; i++) {
        const struct gt_gateway_facts *gateway = low->gateways.entries.at[i].value;
        if (gateway->target_count > 0 || gateway->name == NULL || low->lost_targets ||
            gt_map_get(&used, gt_ref(low->arena, gateway->address, "gatewayId")) != NULL)
            continue;
        gt_low_warning(low, gateway->item.pointer, "no-targets", "gateway %s has no targets",
                       gateway->item.name)
            ->hint = "add targets: {NAME: {gateway: ...}}; until then it offers no tools";
    }
}

void gt_low_check(struct gt_low *low)
{
    static const struct {
        const char *type;
        void (*check)(struct gt_low *low, const struct gt_resource *resource);
    } checks[] = {
        {"gateway", check_audience},
        {"runtime", check_audience},
        {"runtime", check_environment},
        {"target", check_tools},
    };
    for (size_t i = 0; i < low->resources.len; i++) {
        struct gt_resource *resource = low->resources.at[i];
        if (resource->existing != NULL)
            continue;
        check_properties(low, resource);
        for (size_t c = 0; c < GT_COUNT(checks); c++) {
            if (strcmp(checks[c].type, resource->type->name) == 0)
                checks[c].check(low, resource);
        }
    }
    gt_low_check_tags(low, "/defaults/tags");
    check_names(low);
    check_policy_sizes(low);
    check_gateways(low);
    gt_low_check_references(low);
}
