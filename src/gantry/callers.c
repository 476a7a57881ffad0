#include "callers.h"

#include "output.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/operations.h>

#include <string.h>

enum gt_exit gt_callers_open(struct gt_context *context)
{
    if (!gt_context_build(context, true))
        return GT_EXIT_FAILED;
    enum gt_exit code = gt_context_open_applied(context);
    if (code != GT_EXIT_DONE)
        return code;
    return gt_context_connect(context) ? GT_EXIT_DONE : GT_EXIT_FAILED;
}

bool gt_callers_collect(struct gt_context *context, const char *only, struct gt_callers *callers)
{
    size_t count = context->stack.clients.len;
    const struct gt_state *state = context->session->state;
    const char *issuer = gt_aws_endpoint(context->aws, &gt_service_cognito_idp);
    struct gt_client_facts *facts = gt_calloc(context->arena, count + 1, sizeof(*facts));
    if (!gt_fetch_secrets(context, facts, only))
        return false;
    *callers = (struct gt_callers){
        .clients = gt_calloc(context->arena, count + 1, sizeof(*callers->clients))};
    for (size_t i = 0; i < count; i++) {
        const struct gt_client_info *client = &context->stack.clients.at[i];
        struct gt_client_place place = gt_client_place(state, client);
        if (place.client_id == NULL || place.pool_id == NULL ||
            (only != NULL && !gt_streq(only, client->name)))
            continue;
        callers->clients[callers->count++] = (struct gt_verify_client){
            .name = client->name,
            .client_id = place.client_id,
            .secret = facts[i].secret,
            .scope = gt_client_scope(context->arena, state, client),
            .discovery_url = gt_printf(context->arena, "%s/%s/.well-known/openid-configuration",
                                       issuer, place.pool_id),
        };
    }
    return true;
}

const struct gt_verify_client *gt_callers_find(const struct gt_callers *callers, const char *name)
{
    for (size_t i = 0; i < callers->count; i++)
        if (gt_streq(callers->clients[i].name, name))
            return &callers->clients[i];
    return NULL;
}

static bool may_call(const struct gt_client_info *client, const char *gateway)
{
    for (size_t i = 0; i < client->gateways.len; i++)
        if (gateway == NULL || gt_streq(client->gateways.at[i], gateway))
            return true;
    return gateway == NULL;
}

/* Why no client was chosen; `names` are those that could have been, "" none. */
static void not_chosen(struct gt_context *context, const char *name, const char *gateway,
                       const char *names)
{
    const char *which = gateway == NULL ? context->stack_name
                                        : gt_printf(context->arena, "the gateway %s", gateway);
    struct gt_diag *diag;
    if (*names == '\0')
        diag = gt_error(context->diags, "no-client", "%s has no client of its own", which);
    else if (name != NULL)
        diag = gt_error(context->diags, "no-client", "%s has no client \"%s\"", which, name);
    else
        diag = gt_error(context->diags, "no-client", "%s has several clients", which);
    diag->hint = *names == '\0'
                     ? "clients are declared below identity.NAME.clients, and gateways name the "
                       "identity"
                     : gt_printf(context->arena, "choose one with --client: %s", names);
}

static const struct gt_client_info *choose(struct gt_context *context, const char *name,
                                           const char *gateway)
{
    const struct gt_client_info *chosen = NULL;
    const char *names = "";
    size_t fits = 0;
    for (size_t i = 0; i < context->stack.clients.len; i++) {
        const struct gt_client_info *client = &context->stack.clients.at[i];
        if (!may_call(client, gateway))
            continue;
        names =
            gt_printf(context->arena, "%s%s%s", names, *names == '\0' ? "" : ", ", client->name);
        if (name != NULL && !gt_streq(client->name, name))
            continue;
        chosen = client;
        fits++;
    }
    if (fits == 1)
        return chosen;
    not_chosen(context, name, gateway, names);
    return NULL;
}

bool gt_callers_check(struct gt_context *context, const char *name, const char *gateway)
{
    return choose(context, name, gateway) != NULL;
}

const struct gt_verify_client *gt_callers_one(struct gt_context *context, const char *gateway)
{
    struct gt_callers callers;
    const struct gt_client_info *chosen =
        choose(context, gt_option_text(context->program, OPTION_CLIENT), gateway);
    if (chosen == NULL || !gt_callers_collect(context, chosen->name, &callers))
        return NULL;
    const struct gt_verify_client *client = gt_callers_find(&callers, chosen->name);
    if (client == NULL)
        gt_error(context->diags, "not-applied", "the client %s was not applied", chosen->name)
            ->hint = "run `gantry apply`";
    else if (client->secret == NULL)
        gt_error(context->diags, "no-secret", "the client %s has no secret", chosen->name)->hint =
            "tokens by client credentials take one: GenerateSecret: true";
    return client != NULL && client->secret != NULL ? client : NULL;
}

int64_t gt_callers_deadline_ms(const struct gt_context *context)
{
    int64_t given = context->program->args->values[OPTION_CALLER_DEADLINE].number;
    return given > 0 ? given : GT_TOKEN_DEADLINE_MS;
}

const char *gt_gateway_name(const struct gt_resource *resource)
{
    static const char prefix[] = "gateway.";
    return gt_starts_with(resource->address, prefix) ? resource->address + strlen(prefix) : NULL;
}

const char *const *gt_gateway_names(struct gt_context *context, const char **listed)
{
    GT_VEC(const char *) names = {0};
    *listed = "";
    for (size_t i = 0; i < context->stack.resources.len; i++) {
        const char *name = gt_gateway_name(&context->stack.resources.at[i]);
        if (name == NULL)
            continue;
        *listed = gt_printf(context->arena, "%s%s%s", *listed, names.len == 0 ? "" : ", ", name);
        *GT_PUSH(context->arena, &names) = name;
    }
    *GT_PUSH(context->arena, &names) = NULL;
    return names.at;
}

bool gt_callers_check_gateway(struct gt_context *context, const char *wanted)
{
    const char *listed;
    const char *const *names = gt_gateway_names(context, &listed);
    for (size_t i = 0; names[i] != NULL; i++)
        if (gt_streq(names[i], wanted))
            return true;
    const char *nearest = gt_nearest(wanted, names);
    gt_error(context->diags, "no-gateway", "%s has no gateway \"%s\"", context->stack_name,
             gt_one_line(context->arena, wanted, 100))
        ->hint = *listed == '\0'   ? "gateways are declared below gateways:"
                 : nearest != NULL ? gt_printf(context->arena, "did you mean %s?", nearest)
                                   : gt_printf(context->arena, "its gateways are: %s", listed);
    return false;
}

bool gt_callers_gateway(struct gt_context *context, const char *name,
                        struct gt_verify_gateway *gateway)
{
    const char *address = gt_printf(context->arena, "gateway.%s", name);
    const struct gt_entry *entry = gt_state_find(context->session->state, address);
    const char *id = entry == NULL ? NULL : gt_text_at(entry->identity, "/gatewayId");
    if (id == NULL)
        id = entry == NULL || entry->outputs == NULL ? NULL
                                                     : gt_text_at(entry->outputs, "/gatewayId");
    if (id == NULL) {
        gt_error(context->diags, "not-applied", "the gateway %s was not applied", name)->hint =
            "`gantry status` lists what is there";
        return false;
    }
    json_t *output;
    json_t *input = gt_pack(context->arena, "{s:s}", "gatewayIdentifier", id);
    if (!gt_aws_call(context->aws, context->arena, &gt_op_bedrock_agentcore_control_GetGateway,
                     input, &output, context->diags))
        return false;
    *gateway = (struct gt_verify_gateway){
        .name = name,
        .url = gt_text_at(output, "/gatewayUrl"),
        .authorizer = gt_at(output, "/authorizerConfiguration/customJWTAuthorizer"),
        .open = gt_streq(gt_text_at(output, "/authorizerType"), "NONE"),
    };
    if (gateway->url != NULL)
        return true;
    gt_error(context->diags, "no-url", "the gateway %s has no URL (yet)", name)->hint =
        "its status is in `gantry status`";
    return false;
}
