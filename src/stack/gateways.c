/* gateways: AgentCore gateways with their roles. What their targets need is in roles_policy.c. */
#include "lower.h"

#include "grants.h"
#include <gantry/doc/keys.h>
#include <gantry/doc/template.h>
#include <string.h>

static void lower_who(struct gt_low *low, struct gt_resource *gateway, const struct gt_item *item)
{
    bool raw = gt_at(item->value, "/properties/authorizerType") != NULL;
    if (gt_low_authorizer(low, gateway, item)) {
        gt_low_put(low, gateway, "/authorizerType", json_string("CUSTOM_JWT"),
                   gt_item_pointer(low, item, "identity"));
        if (json_object_get(item->value, "authorizer") != NULL)
            gt_low_error(low, gt_item_pointer(low, item, "authorizer"), "conflicting-keys",
                         "authorizer has no meaning beside identity");
    } else if (json_object_get(item->value, "authorizer") != NULL) {
        gt_low_copy(low, gateway, "/authorizerType", item, "authorizer");
    } else if (!raw) {
        gt_low_error(low, item->pointer, "missing-key", "gateway %s does not say who may call it",
                     item->name)
            ->hint = "add identity: NAME, or authorizer: AWS_IAM";
        gt_low_put_text(low, gateway, "/authorizerType", GT_REPORTED);
    }
}

static const char *key_arn(struct gt_low *low, const char *key)
{
    return key == NULL || gt_starts_with(key, "arn:") || *key == '$'
               ? key
               : gt_low_arn(low, "kms", gt_printf(low->arena, "key/%s", key));
}

/* What the gateway itself needs, from its final properties. */
static struct gt_grants *own_needs(struct gt_low *low, const struct gt_resource *gateway,
                                   const char *arn_name)
{
    struct gt_grants *grants = gt_grants_new(low->arena);
    const json_t *properties = gateway->properties;
    const struct gt_word words[] = {
        {"self", arn_name},
        {"engine", gt_text_at(properties, "/policyEngineConfiguration/arn")},
        {"key", key_arn(low, gt_text_at(properties, "/kmsKeyArn"))},
        {0},
    };
    size_t i;
    json_t *one;
    gt_grants_add(low, grants, GT_NEED_GATEWAY, words);
    if (words[1].value != NULL)
        gt_grants_add(low, grants, GT_NEED_POLICY_ENGINE, words);
    if (words[2].value != NULL)
        gt_grants_add(low, grants, GT_NEED_KEY, words);
    json_array_foreach(json_object_get(properties, "interceptorConfigurations"), i, one)
    {
        const struct gt_word lambda[] = {{"lambda", gt_text_at(one, "/interceptor/lambda/arn")},
                                         {0}};
        if (lambda[0].value != NULL)
            gt_grants_add(low, grants, GT_NEED_INTERCEPTOR, lambda);
    }
    return grants;
}

static void lower_made(struct gt_low *low, struct gt_resource *gateway, const struct gt_item *item,
                       struct gt_gateway_facts *facts)
{
    facts->name = gt_low_name(low, gateway, "/name", item, GT_NAME_GATEWAY);
    facts->arn_name = gt_lower(low->arena, facts->name); /* ids are the lower-case name */
    gt_low_copy(low, gateway, "/description", item, "description");
    gt_low_put_text(low, gateway, "/protocolType", "MCP");
    lower_who(low, gateway, item);
    gt_low_copy(low, gateway, "/protocolConfiguration/mcp/instructions", item, "instructions");
    gt_low_copy(low, gateway, "/protocolConfiguration/mcp/searchType", item, "search");
    gt_low_common(low, gateway, item);
    gt_low_service_role(low, gateway, item, "gateway",
                        gt_printf(low->arena, "gateway/%s-*", facts->arn_name), &facts->role);
    struct gt_grants *grants = own_needs(low, gateway, facts->arn_name);
    if (facts->role == NULL) {
        gt_grants_note(low, grants, item, gt_text_at(gateway->properties, "/roleArn"));
        return;
    }
    const char *prefix = gt_printf(low->arena, "gateway.%s", item->name);
    gt_low_role_policy(low, item, facts->role, prefix, "gateway", gt_grants_document(grants));
    gt_low_role_extras(low, item, facts->role, prefix);
}

static void lower_one(struct gt_low *low, const struct gt_item *item)
{
    static const char *const beside[] = {NULL};
    struct gt_resource *gateway = gt_low_add(low, item, "gateway", "gateway.%s", item->name);
    struct gt_gateway_facts *facts = GT_NEW(low->arena, struct gt_gateway_facts);
    facts->item = *item;
    facts->address = gateway->address;
    gt_map_set(&low->gateways, item->name, facts);
    if (gt_low_existing(low, gateway, item, beside))
        facts->arn_name = "*";
    else
        lower_made(low, gateway, item, facts);
}

void gt_lower_gateways(struct gt_low *low)
{
    gt_each_item(low, "gateways", lower_one);
}
