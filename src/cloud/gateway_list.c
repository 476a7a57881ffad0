/* What a gateway offers: the tools of its targets, and asking a target's server for them. */
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 100 };

static int by_name(const void *a, const void *b)
{
    const struct gt_object *const *x = a, *const *y = b;
    return strcmp(gt_text_at((*x)->data, "/name"), gt_text_at((*y)->data, "/name"));
}

struct gt_object **gt_gateway_targets(struct gt_local *local, struct gt_arena *arena,
                                      const struct gt_object *gateway, size_t *count)
{
    GT_VEC(struct gt_object *) ready = {0};
    for (struct gt_object *at = NULL;
         (at = gt_object_next(local, &gt_kind_target, gateway->account, gateway->region,
                              gateway->id, at)) != NULL;) {
        if (gt_streq(gt_text_at(at->data, "/status"), "READY") &&
            gt_text_at(at->data, "/name") != NULL)
            *GT_PUSH(arena, &ready) = at;
    }
    *count = ready.len;
    if (ready.len > 1)
        qsort(ready.at, ready.len, sizeof(*ready.at), by_name);
    return ready.at;
}

bool gt_target_is_dynamic(const struct gt_object *target)
{
    return gt_streq(gt_text_at(target->data, "/targetConfiguration/mcp/mcpServer/listingMode"),
                    "DYNAMIC");
}

/* -- what the control plane asks for -- */

/* Tools that are declared with the target; NULL with a reason, or without one when the server is to
 * be asked. New reference. */
static json_t *declared_tools(struct gt_arena *arena, const struct gt_object *target,
                              const char **reason)
{
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
        return NULL;
    json_auto_t *parsed = gt_rpc_parse(arena, text, strlen(text), 64, reason);
    json_t *tools = json_is_array(parsed) ? parsed : json_object_get(parsed, "tools");
    if (json_is_array(tools))
        return json_incref(tools);
    *reason = "The tool schema is no list of tools.";
    return NULL;
}

struct listing {
    struct gt_job job;
    struct gt_plane *plane;
    struct gt_object_key target;
    gt_listed_fn *fn;
    struct gt_upstream *link;
    struct gt_timer *timer;
    const char *reason;
    json_t *tools;
};

static void drop_listing(void *job)
{
    struct listing *listing = job;
    gt_timer_cancel(listing->timer);
    if (listing->link != NULL)
        gt_upstream_release(listing->link);
}

static void listing_done(struct listing *listing, const char *reason, const json_t *tools)
{
    struct gt_object *target = gt_object_again(listing->plane->local, &listing->target);
    if (target != NULL)
        listing->fn(listing->plane->local, target, reason, tools);
    if (listing->link != NULL)
        gt_upstream_release(listing->link);
    gt_job_free(listing);
}

static void listing_due(void *payload)
{
    struct listing *listing = payload;
    listing_done(listing, listing->reason, listing->tools);
}

static void on_listed(void *payload, const struct gt_mcp_outcome *outcome)
{
    struct listing *listing = payload;
    if (outcome->failure != GT_MCP_OK) {
        /* The next attempt shall find what was changed meanwhile: a role's policy, a server. */
        const char *reason = gt_upstream_reason(listing->job.arena, listing->link, outcome);
        gt_upstream_forget(listing->link);
        listing_done(listing, reason, NULL);
        return;
    }
    listing_done(listing, NULL, json_object_get(outcome->result, "tools"));
}

void gt_target_list(struct gt_local *local, struct gt_object *target, gt_listed_fn *fn)
{
    struct gt_plane *plane = gt_plane_of(local);
    if (plane == NULL)
        return;
    struct listing *listing = gt_job_new(plane, sizeof(*listing), drop_listing);
    struct gt_arena *arena = listing->job.arena;
    listing->plane = plane;
    listing->target = gt_object_key_of(arena, target);
    listing->fn = fn;
    listing->tools = gt_keep(arena, declared_tools(arena, target, &listing->reason));
    struct gt_object *gateway = gt_object_find(local, &gt_kind_gateway, target->account,
                                               target->region, "", target->parent);
    if (listing->tools == NULL && listing->reason == NULL && gateway != NULL) {
        const char *problem = NULL;
        listing->link = gt_upstream_of(plane, gateway, target, &problem);
        if (listing->link != NULL) {
            gt_upstream_hold(listing->link);
            gt_mcp_client_reset(listing->link->client);
            gt_mcp_list(listing->link->client, "tools/list", "tools", on_listed, listing);
            return;
        }
        listing->reason =
            gt_printf(arena,
                      "Failed to connect and fetch tools from the provided MCP target server. "
                      "Error - %s",
                      problem);
    } else if (listing->tools == NULL && listing->reason == NULL) {
        listing->reason = "The gateway does not exist.";
    }
    listing->timer = gt_timer_start(gt_local_loop(local), 0, listing_due, listing);
}

/* -- tools/list -- */

struct gathering {
    struct gt_job job;
    struct gt_visit *visit; /* NULL: nobody waits any more */
    gt_tools_fn *fn;
    struct part {
        struct gathering *gathering;
        struct gt_upstream *link; /* NULL: not asked, or it has answered */
        const char *target;
        json_t *listed; /* kept by the arena */
    } * parts;
    size_t count, open;
    bool search;
};

static void drop_gathering(void *job)
{
    struct gathering *gathering = job;
    for (size_t i = 0; i < gathering->count; i++)
        if (gathering->parts[i].link != NULL)
            gt_upstream_release(gathering->parts[i].link);
}

static void gathered(struct gathering *gathering)
{
    struct gt_arena *arena = gathering->job.arena;
    json_t *tools = gt_keep(arena, json_array());
    struct gt_visit *visit = gathering->visit;
    if (visit != NULL) {
        if (gathering->search)
            json_array_append_new(tools, gt_search_tool());
        for (size_t i = 0; i < gathering->count; i++)
            gt_tools_add(arena, tools, gathering->parts[i].target, gathering->parts[i].listed);
        visit->work = NULL;
        gathering->fn(visit, tools);
    }
    gt_job_free(gathering);
}

static void on_part(void *payload, const struct gt_mcp_outcome *outcome)
{
    struct part *part = payload;
    struct gathering *gathering = part->gathering;
    struct gt_plane *plane = part->link->plane;
    if (outcome->failure == GT_MCP_OK) {
        part->listed =
            gt_keep(gathering->job.arena, json_incref(json_object_get(outcome->result, "tools")));
    } else {
        gt_local_event(plane->local,
                       json_pack("{s:s, s:s, s:s}", "event", "status", "target", part->target,
                                 "reason",
                                 gt_upstream_reason(gathering->job.arena, part->link, outcome)));
        gt_upstream_forget(part->link);
    }
    gt_upstream_release(part->link);
    part->link = NULL;
    if (--gathering->open == 0)
        gathered(gathering);
}

static void gathering_end(struct gt_visit *visit, const char *why)
{
    struct gathering *gathering = visit->work;
    if (gathering != NULL)
        gathering->visit = NULL;
    gt_visit_done(visit);
    gt_mcp_error(visit->call, GT_RPC_INTERNAL_ERROR, why, NULL);
}

static void fill_part(struct gathering *gathering, struct part *part, struct gt_plane *plane,
                      struct gt_object *gateway, struct gt_object *target)
{
    struct gt_arena *arena = gathering->job.arena;
    const char *problem = NULL;
    part->gathering = gathering;
    part->target = gt_strdup(arena, gt_text_at(target->data, "/name"));
    if (gt_target_is_dynamic(target)) {
        part->link = gt_upstream_of(plane, gateway, target, &problem);
    } else {
        json_t *tools = json_object_get(target->hidden, "tools");
        part->listed = tools != NULL ? gt_keep(arena, json_incref(tools))
                                     : gt_keep(arena, declared_tools(arena, target, &problem));
    }
}

void gt_gateway_tools(struct gt_visit *visit, gt_tools_fn *fn)
{
    struct gt_plane *plane = visit->door->plane;
    struct gt_object *gateway = gt_object_again(plane->local, &visit->door->gateway);
    struct gathering *gathering = gt_job_new(plane, sizeof(*gathering), drop_gathering);
    struct gt_arena *arena = gathering->job.arena;
    struct gt_object **targets = NULL;
    gathering->visit = visit;
    gathering->fn = fn;
    visit->work = gathering;
    visit->end = gathering_end;
    if (gateway != NULL) {
        gathering->search = gt_streq(
            gt_text_at(gateway->data, "/protocolConfiguration/mcp/searchType"), "SEMANTIC");
        targets = gt_gateway_targets(plane->local, arena, gateway, &gathering->count);
    }
    gathering->parts = gt_calloc(arena, gathering->count + 1, sizeof(*gathering->parts));
    for (size_t i = 0; i < gathering->count; i++) {
        struct part *part = &gathering->parts[i];
        fill_part(gathering, part, plane, gateway, targets[i]);
        if (part->link == NULL)
            continue;
        gt_upstream_hold(part->link);
        gathering->open++;
    }
    if (gathering->open == 0) {
        gathered(gathering);
        return;
    }
    for (size_t i = 0; i < gathering->count; i++)
        if (gathering->parts[i].link != NULL)
            gt_mcp_list(gathering->parts[i].link->client, "tools/list", "tools", on_part,
                        &gathering->parts[i]);
}

static void answer_list(struct gt_visit *visit, const json_t *tools)
{
    const struct gt_knobs *knobs = gt_local_knob(visit->door->plane->local);
    size_t page = knobs->page_size > 0 && knobs->page_size < PAGE ? (size_t)knobs->page_size : PAGE;
    struct gt_mcp_call *call = visit->call;
    gt_visit_done(visit);
    json_t *result = gt_mcp_page(call, "tools", tools, page);
    if (result != NULL)
        gt_mcp_result(call, result);
}

void gt_gateway_list_tools(void *self, struct gt_mcp_call *call)
{
    struct gt_visit *visit = GT_NEW(call->arena, struct gt_visit);
    gt_visit_begin(self, call, visit);
    gt_gateway_tools(visit, answer_list);
}
