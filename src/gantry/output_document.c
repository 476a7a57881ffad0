#include "output.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

#include <string.h>

/* A member of what the service told about an entry, or of its identity. */
static const char *attribute(const struct gt_entry *entry, const char *pointer)
{
    if (entry == NULL)
        return NULL;
    const char *value = entry->outputs == NULL ? NULL : gt_text_at(entry->outputs, pointer);
    return value != NULL || entry->identity == NULL ? value : gt_text_at(entry->identity, pointer);
}

static const struct gt_entry *entry_at(const struct gt_state *state, const char *address)
{
    return address == NULL ? NULL : gt_state_find(state, address);
}

struct gt_client_place gt_client_place(const struct gt_state *state,
                                       const struct gt_client_info *client)
{
    return (struct gt_client_place){
        .client_id = attribute(entry_at(state, client->client), "/ClientId"),
        .pool_id = attribute(entry_at(state, client->pool), "/Id"),
        .domain = attribute(entry_at(state, client->domain), "/Domain"),
    };
}

const char *gt_token_url(struct gt_arena *arena, const char *domain, const char *region)
{
    if (domain == NULL || strchr(domain, '.') != NULL)
        return domain == NULL ? NULL : gt_printf(arena, "https://%s/oauth2/token", domain);
    bool gov = region != NULL && gt_starts_with(region, "us-gov-");
    return gt_printf(arena, "https://%s.%s.%s.amazoncognito.com/oauth2/token", domain,
                     gov ? "auth-fips" : "auth", region == NULL ? "us-east-1" : region);
}

static void set_text(json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, text == NULL ? json_null() : json_string(text));
}

/* Kinds of entries that are listed under their logical names, with the members shown of each. */
static const struct {
    const char *type, *key, *members[4][2];
} listed[] = {
    {"gateway",
     "gateways",
     {{"id", "/gatewayId"}, {"arn", "/gatewayArn"}, {"url", "/gatewayUrl"}, {NULL, NULL}}},
    {"runtime",
     "runtimes",
     {{"id", "/agentRuntimeId"},
      {"arn", "/agentRuntimeArn"},
      {"version", "/agentRuntimeVersion"},
      {NULL, NULL}}},
};

static json_t *list_entries(const struct gt_state *state, size_t kind)
{
    json_t *out = json_object();
    for (size_t i = 0; i < state->entries.entries.len; i++) {
        const struct gt_entry *entry = state->entries.entries.at[i].value;
        if (entry == NULL || !gt_streq(entry->type, listed[kind].type))
            continue;
        const char *dot = strchr(entry->address, '.');
        json_t *one = json_object();
        for (size_t j = 0; listed[kind].members[j][0] != NULL; j++)
            set_text(one, listed[kind].members[j][0], attribute(entry, listed[kind].members[j][1]));
        if (json_is_null(json_object_get(one, "arn")) && entry->arn != NULL)
            set_text(one, "arn", entry->arn);
        json_object_set_new(out, dot == NULL ? entry->address : dot + 1, one);
    }
    return out;
}

const char *gt_client_scope(struct gt_arena *arena, const struct gt_state *state,
                            const struct gt_client_info *client)
{
    const struct gt_entry *entry = entry_at(state, client->client);
    const json_t *scopes = entry == NULL || entry->applied == NULL
                               ? NULL
                               : json_object_get(entry->applied, "AllowedOAuthScopes");
    const char *text = "";
    for (size_t i = 0; i < json_array_size(scopes); i++)
        text = gt_printf(arena, "%s%s%s", text, i > 0 ? " " : "",
                         json_string_value(json_array_get(scopes, i)));
    return *text == '\0' ? client->scope : text;
}

static json_t *client_document(struct gt_arena *arena, const struct gt_state *state,
                               const struct gt_client_info *client,
                               const struct gt_client_facts *facts)
{
    struct gt_client_place place = gt_client_place(state, client);
    json_t *out = json_object();
    set_text(out, "clientId", place.client_id);
    set_text(out, "clientSecret", facts->secret == NULL ? GT_MASKED : facts->secret);
    set_text(out, "tokenUrl",
             facts->token_url != NULL ? facts->token_url
                                      : gt_token_url(arena, place.domain, state->cloud.region));
    set_text(out, "scope", gt_client_scope(arena, state, client));
    return out;
}

static void add_integrations(struct gt_arena *arena, const struct gt_state *state,
                             const struct gt_client_info *client, struct gt_output *out)
{
    for (size_t i = 0; i < client->gateways.len; i++) {
        const char *gateway = client->gateways.at[i];
        const struct gt_entry *entry = entry_at(state, gt_printf(arena, "gateway.%s", gateway));
        if (entry == NULL)
            continue;
        const char *name = attribute(entry, "/name");
        const char *description =
            entry->applied == NULL ? NULL : gt_text_at(entry->applied, "/description");
        *GT_PUSH(arena, &out->integrations) = (struct gt_integration){
            .gateway = gateway,
            .client = client->name,
            .name = name == NULL ? gateway : name,
            .description = description != NULL ? description : client->description,
            .url = attribute(entry, "/gatewayUrl"),
        };
    }
}

void gt_output_collect(struct gt_arena *arena, const struct gt_stack *stack,
                       const struct gt_state *state, const struct gt_client_facts *facts,
                       const char *only, struct gt_output *out)
{
    json_t *document = gt_keep(arena, json_object());
    json_object_set_new(document, "outputs",
                        state->outputs == NULL ? json_object() : json_deep_copy(state->outputs));
    for (size_t i = 0; i < GT_COUNT(listed); i++)
        json_object_set_new(document, listed[i].key, list_entries(state, i));
    json_t *clients = json_object();
    for (size_t i = 0; i < stack->clients.len; i++) {
        const struct gt_client_info *client = &stack->clients.at[i];
        if (entry_at(state, client->client) == NULL ||
            (only != NULL && !gt_streq(only, client->name)))
            continue;
        json_object_set_new(clients, client->name,
                            client_document(arena, state, client, &facts[i]));
        add_integrations(arena, state, client, out);
    }
    json_object_set_new(document, "clients", clients);
    out->stack = state->stack;
    out->environment = state->environment;
    out->document = document;
}

bool gt_output_select(struct gt_arena *arena, struct gt_output *output, const char *name)
{
    json_t *value = json_object_get(json_object_get(output->document, "outputs"), name);
    if (value == NULL)
        return false;
    json_t *document = json_pack("{s:{s:O}, s:{}, s:{}, s:{}}", "outputs", name, value, "gateways",
                                 "runtimes", "clients");
    output->document = gt_keep(arena, document);
    output->integrations.len = 0;
    output->single = true;
    return true;
}
