#include "callers.h"

#include "output.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/operations.h>

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
        if (place.client_id == NULL || facts[i].secret == NULL)
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

const struct gt_client_info *gt_callers_choose(struct gt_context *context, const char *name,
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
    const char *which = gateway == NULL ? context->stack_name : gateway;
    struct gt_diag *diag =
        *names == '\0' ? gt_error(context->diags, "no-client",
                                  "%s has no client of its own that may call it", which)
        : name != NULL
            ? gt_error(context->diags, "no-client", "%s has no client \"%s\"", which, name)
            : gt_error(context->diags, "no-client", "%s has several clients", which);
    diag->hint = *names == '\0'
                     ? "clients are declared below identity.NAME.clients, and gateways name the "
                       "identity"
                     : gt_printf(context->arena, "choose one with --client: %s", names);
    return NULL;
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
    };
    if (gateway->url != NULL && gateway->authorizer != NULL)
        return true;
    gt_error(context->diags, "no-authorizer",
             "the gateway %s is not one that clients call with tokens", name)
        ->hint = "its status and authorizer are in `gantry status` and `gantry output`";
    return false;
}
