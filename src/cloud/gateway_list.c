/* What one target offers: declared with it, or asked of its server when it is made, changed or
 * synchronised. */
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

const struct gt_offer gt_offers[] = {
    [GT_OFFER_TOOLS] = {"tools/list", "tools", "tools", NULL},
    [GT_OFFER_PROMPTS] = {"prompts/list", "prompts", "prompts", NULL},
    [GT_OFFER_RESOURCES] = {"resources/list", "resources", "resources", "uri"},
    [GT_OFFER_TEMPLATES] = {"resources/templates/list", "resourceTemplates", "resources",
                            "uriTemplate"},
};

const struct gt_offer *gt_offer_of(const char *method)
{
    for (size_t i = 0; i < GT_OFFERS; i++)
        if (gt_streq(gt_offers[i].method, method))
            return &gt_offers[i];
    return NULL;
}

bool gt_target_is_dynamic(const struct gt_object *target)
{
    return gt_streq(gt_text_at(target->data, "/targetConfiguration/mcp/mcpServer/listingMode"),
                    "DYNAMIC");
}

/* Whether a server is somewhere else than on this machine. */
static bool leads_away(struct gt_local *local, struct gt_arena *arena,
                       const struct gt_object *target)
{
    const char *endpoint = gt_text_at(target->data, "/targetConfiguration/mcp/mcpServer/endpoint");
    struct gt_url url;
    return endpoint != NULL &&
           gt_url_split(arena, gt_local_map_url(local, arena, endpoint), &url) &&
           !gt_url_is_loopback(&url);
}

/* Tools that are declared with the target; NULL with a reason, or without one when the server is to
 * be asked. New reference. */
static json_t *declared_tools(struct gt_local *local, struct gt_arena *arena,
                              const struct gt_object *target, const char **reason)
{
    bool assume = gt_local_knob(local)->assume_targets;
    static const struct {
        const char *pointer, *reason;
    } without[] = {
        {"/targetConfiguration/mcp/openApiSchema", "OpenAPI targets"},
        {"/targetConfiguration/mcp/smithyModel", "Smithy targets"},
        {"/targetConfiguration/mcp/apiGateway", "API Gateway targets"},
        {"/targetConfiguration/mcp/connector", "connector targets"},
        {"/targetConfiguration/http", "HTTP targets"},
        {"/targetConfiguration/inference", "inference targets"},
        {"/targetConfiguration/mcp/lambda/toolSchema/s3", "tool schemas in S3"},
        {"/targetConfiguration/mcp/mcpServer/mcpToolSchema/s3", "tool schemas in S3"},
    };
    for (size_t i = 0; i < GT_COUNT(without); i++) {
        if (gt_at(target->data, without[i].pointer) != NULL) {
            if (assume)
                return json_array();
            *reason = gt_printf(arena, "The embedded cloud does not have %s.", without[i].reason);
            return NULL;
        }
    }
    const json_t *schema =
        gt_at(target->data, "/targetConfiguration/mcp/lambda/toolSchema/inlinePayload");
    if (schema != NULL)
        return gt_tools_of_schema(schema);
    const char *text =
        gt_text_at(target->data, "/targetConfiguration/mcp/mcpServer/mcpToolSchema/inlinePayload");
    if (text == NULL)
        return assume && leads_away(local, arena, target) ? json_array() : NULL;
    json_auto_t *parsed = gt_rpc_parse(arena, text, strlen(text), 64, reason);
    json_t *tools = json_is_array(parsed) ? parsed : json_object_get(parsed, "tools");
    if (json_is_array(tools))
        return json_incref(tools);
    *reason = "The tool schema is no list of tools.";
    return NULL;
}

json_t *gt_target_offers(struct gt_local *local, struct gt_arena *arena,
                         const struct gt_object *target, const struct gt_offer *offer)
{
    json_t *listed = json_object_get(target->hidden, offer->member);
    const char *problem = NULL;
    if (listed != NULL || offer != &gt_offers[GT_OFFER_TOOLS])
        return json_incref(listed);
    return declared_tools(local, arena, target, &problem);
}

struct listing {
    struct gt_job job;
    struct gt_plane *plane;
    struct gt_object_key target;
    gt_listed_fn *fn;
    struct gt_upstream *link;
    struct gt_timer *timer;
    const char *reason;
    size_t next; /* of the offers, that is asked for */
    json_t *found[GT_OFFERS];
};

static void drop_listing(void *job)
{
    struct listing *listing = job;
    gt_timer_cancel(listing->timer);
    if (listing->link != NULL)
        gt_upstream_release(listing->link);
}

static void listing_done(struct listing *listing, const char *reason)
{
    struct gt_object *target = gt_object_again(listing->plane->local, &listing->target);
    const json_t *tools = reason == NULL ? listing->found[GT_OFFER_TOOLS] : NULL;
    for (size_t i = GT_OFFER_TOOLS + 1; target != NULL && reason == NULL && i < GT_OFFERS; i++) {
        if (listing->found[i] != NULL)
            json_object_set(target->hidden, gt_offers[i].member, listing->found[i]);
        else
            json_object_del(target->hidden, gt_offers[i].member);
    }
    if (target != NULL)
        listing->fn(listing->plane->local, target, reason, tools);
    if (listing->link != NULL)
        gt_upstream_release(listing->link);
    gt_job_free(listing);
}

static void listing_due(void *payload)
{
    struct listing *listing = payload;
    listing_done(listing, listing->reason);
}

static void on_listed(void *payload, const struct gt_mcp_outcome *outcome);

/* Tools in any case; the rest where the server says that it has it. */
static void list_next(struct listing *listing)
{
    struct gt_mcp_client *client = listing->link->client;
    const json_t *capabilities = gt_at(gt_mcp_client_server(client), "/capabilities");
    while (listing->next > GT_OFFER_TOOLS && listing->next < GT_OFFERS &&
           json_object_get(capabilities, gt_offers[listing->next].capability) == NULL)
        listing->next++;
    if (listing->next == GT_OFFERS) {
        listing_done(listing, NULL);
        return;
    }
    const struct gt_offer *offer = &gt_offers[listing->next];
    gt_mcp_list(client, offer->method, offer->member, on_listed, listing);
}

static void on_listed(void *payload, const struct gt_mcp_outcome *outcome)
{
    struct listing *listing = payload;
    size_t kind = listing->next++;
    bool absent = kind > GT_OFFER_TOOLS && outcome->failure == GT_MCP_REFUSED;
    if (outcome->failure != GT_MCP_OK && !absent) {
        /* The next attempt shall find what was changed meanwhile: a role's policy, a server. */
        const char *reason = gt_upstream_reason(listing->job.arena, listing->link, outcome);
        gt_upstream_forget(listing->link);
        listing_done(listing, reason);
        return;
    }
    if (!absent)
        listing->found[kind] =
            gt_keep(listing->job.arena,
                    json_incref(json_object_get(outcome->result, gt_offers[kind].member)));
    list_next(listing);
}

void gt_target_list(struct gt_local *local, struct gt_object *target, gt_listed_fn *fn)
{
    struct gt_plane *plane = gt_plane_of(local);
    if (plane == NULL)
        return;
    struct listing *listing = gt_job_new(plane, sizeof(*listing), drop_listing);
    struct gt_arena *arena = listing->job.arena;
    const char *problem = NULL;
    listing->plane = plane;
    listing->target = gt_object_key_of(arena, target);
    listing->fn = fn;
    json_t *declared = gt_keep(arena, declared_tools(local, arena, target, &listing->reason));
    listing->found[GT_OFFER_TOOLS] = declared;
    struct gt_object *gateway = gt_object_find(local, &gt_kind_gateway, target->account,
                                               target->region, "", target->parent);
    bool ask = declared == NULL && listing->reason == NULL;
    if (ask && gateway != NULL) {
        listing->link = gt_upstream_of(plane, gateway, target, NULL, &problem);
        if (listing->link != NULL) {
            gt_upstream_hold(listing->link);
            gt_mcp_client_reset(listing->link->client);
            list_next(listing);
            return;
        }
        listing->reason =
            gt_printf(arena,
                      "Failed to connect and fetch tools from the provided MCP target server. "
                      "Error - %s",
                      problem);
    } else if (ask) {
        listing->reason = "The gateway does not exist.";
    }
    listing->timer = gt_timer_start(gt_local_loop(local), 0, listing_due, listing);
}
