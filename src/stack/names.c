/*
 * Names at the services, made from stack, environment (left out when it is "default") and logical
 * name within each service's rule. A name that is cut carries a hash of the whole, so that two long
 * names stay two.
 */
#include "lower.h"

#include <ctype.h>
#include <gantry/base/hash.h>
#include <gantry/base/pattern.h>
#include <gantry/doc/keys.h>
#include <string.h>

struct rule {
    char separator; /* what takes the place of '-' and '_' and of what is not allowed */
    bool both;      /* '-' and '_' are both allowed */
    size_t max;
    bool scoped;   /* starts with stack and environment */
    bool regional; /* ends with the region: the name is unique in the whole account */
    const char *words;
};

/* Sources: the patterns of CreateGateway, CreateAgentRuntime, CreateAgentRuntimeEndpoint,
 * CreateGatewayTarget, CreateUserPool, CreateRole, CreateOauth2CredentialProvider and
 * CreateUserPoolDomain. A domain keeps 11 characters for '-' and the suffix from the pool's id. */
static const struct rule rules[] = {
    [GT_NAME_GATEWAY] =
        {.separator = '-',
         .max = 48,
         .scoped = true,
         .words = "use letters, digits and single hyphens between them, at most 48 characters"},
    [GT_NAME_RUNTIME] = {.separator = '_',
                         .max = 48,
                         .scoped = true,
                         .words =
                             "use a letter, then letters, digits and '_', at most 48 characters"},
    [GT_NAME_ENDPOINT] = {.separator = '_',
                          .max = 48,
                          .words =
                              "use a letter, then letters, digits and '_', at most 48 characters"},
    [GT_NAME_TARGET] =
        {.separator = '-',
         .max = 100,
         .words = "use letters, digits and single hyphens between them, at most 100 characters"},
    [GT_NAME_POOL] = {.separator = '-',
                      .both = true,
                      .max = 128,
                      .scoped = true,
                      .words = "use letters, digits, spaces and +=,.@-_, at most 128 characters"},
    [GT_NAME_ROLE] = {.separator = '-',
                      .both = true,
                      .max = 64,
                      .scoped = true,
                      .regional = true,
                      .words = "use letters, digits and +=,.@-_, at most 64 characters"},
    [GT_NAME_PROVIDER] = {.separator = '-',
                          .both = true,
                          .max = 128,
                          .scoped = true,
                          .words = "use letters, digits, '-' and '_', at most 128 characters"},
    [GT_NAME_DOMAIN] = {.separator = '-',
                        .max = 52,
                        .scoped = true,
                        .words = "use a-z, 0-9 and hyphens between them"},
};

enum { HASH = 8 };

/* The text in the rule's alphabet: separators never double, first or last. */
static char *in_alphabet(struct gt_arena *arena, const struct rule *rule, const char *text)
{
    char *out = gt_alloc(arena, strlen(text) + 1);
    size_t len = 0;
    for (; *text != '\0'; text++) {
        bool separator = !isalnum((unsigned char)*text);
        bool kept = rule->both && (*text == '-' || *text == '_');
        if (!separator || kept)
            out[len++] = *text;
        else if (len > 0 && out[len - 1] != rule->separator)
            out[len++] = rule->separator;
    }
    while (len > 0 && out[len - 1] == rule->separator)
        len--;
    out[len] = '\0';
    return out;
}

static const char *shortened(struct gt_arena *arena, const struct rule *rule, const char *name,
                             const char *whole)
{
    if (strlen(name) <= rule->max)
        return name;
    char *out = gt_strndup(arena, name, rule->max - HASH - 1);
    for (size_t len = strlen(out); len > 0 && out[len - 1] == rule->separator; len--)
        out[len - 1] = '\0';
    const char *hash = gt_sha256_hex(arena, whole, strlen(whole));
    return gt_printf(arena, "%s%c%.*s", out, rule->separator, HASH, hash);
}

/* Cognito refuses domain prefixes with these words in them: a hyphen makes them other words. */
static const char *without_refused(struct gt_arena *arena, const char *name)
{
    static const struct {
        const char *word;
        size_t at;
    } refused[] = {{"aws", 1}, {"amazon", 2}, {"cognito", 3}};
    for (size_t i = 0; i < GT_COUNT(refused); i++) {
        const char *found;
        while ((found = strstr(name, refused[i].word)) != NULL) {
            size_t at = (size_t)(found - name) + refused[i].at;
            name = gt_printf(arena, "%.*s-%s", (int)at, name, name + at);
        }
    }
    return name;
}

const char *gt_make_name(struct gt_low *low, enum gt_name_kind kind, const char *logical)
{
    const struct rule *rule = &rules[kind];
    const char *environment = low->stack->environment, *whole = "";
    if (rule->scoped) {
        whole = strcmp(environment, "default") == 0
                    ? low->stack->name
                    : gt_printf(low->arena, "%s-%s", low->stack->name, environment);
    }
    if (logical != NULL)
        whole = gt_printf(low->arena, "%s%s%s", whole, *whole != '\0' ? "-" : "", logical);
    if (rule->regional)
        whole = gt_printf(low->arena, "%s-%s", whole, low->region);
    if (kind == GT_NAME_DOMAIN)
        whole = without_refused(low->arena, whole);
    return shortened(low->arena, rule, in_alphabet(low->arena, rule, whole), whole);
}

/* Whether the service takes the name; else an error in words instead of a pattern. */
static bool allowed(struct gt_low *low, const struct gt_resource *resource, const char *property,
                    enum gt_name_kind kind, const char *name, const char *from)
{
    const struct gt_shape *shape = gt_type_property_shape(resource->type, property);
    json_auto_t *value = json_string(name);
    if (shape == NULL || value == NULL || gt_has_refs(value) || gt_is_reported(name))
        return true;
    if ((shape->pattern == NULL || gt_pattern_matches(shape->pattern, name)) &&
        gt_utf8_length(name) >= shape->min && gt_utf8_length(name) <= shape->max)
        return true;
    struct gt_diag *diag = gt_low_error(low, from, "bad-name", "\"%s\" cannot be the name of a %s",
                                        name, resource->type->name);
    diag->subject = resource->address;
    diag->hint = rules[kind].words;
    return false;
}

const char *gt_low_name(struct gt_low *low, struct gt_resource *resource, const char *property,
                        const struct gt_item *item, enum gt_name_kind kind)
{
    const char *given = gt_item_text(item, "name"), *from = gt_item_pointer(low, item, "name");
    if (given == NULL) { /* what is derived from the name must know the final one */
        given = gt_text_at(json_object_get(item->value, "properties"), property);
        from = gt_printf(low->arena, "%s/properties%s", item->pointer, property);
    }
    if (given == NULL) {
        const char *name = gt_make_name(low, kind, item->name);
        gt_low_put_text(low, resource, property, name);
        return name;
    }
    bool good = allowed(low, resource, property, kind, given, from);
    gt_low_put(low, resource, property, json_string(good ? given : GT_REPORTED), from);
    return gt_template_unescape(low->arena, given);
}
