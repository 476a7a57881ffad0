/* What a gateway offers as a whole: the lists of its targets put together, those of DYNAMIC targets
 * asked for each time. */
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 100, USUAL_PRIORITY = 1000 };

/* -- targets in order -- */

static int by_name(const void *a, const void *b)
{
    const struct gt_object *const *x = a, *const *y = b;
    return strcmp(gt_text_at((*x)->data, "/name"), gt_text_at((*y)->data, "/name"));
}

static json_int_t priority_of(const struct gt_object *target)
{
    const json_t *given =
        gt_at(target->data, "/targetConfiguration/mcp/mcpServer/resourcePriority");
    return json_is_integer(given) ? json_integer_value(given) : USUAL_PRIORITY;
}

/* Of two with the same resource the one with the lower number has it. */
static int by_priority(const void *a, const void *b)
{
    const struct gt_object *const *x = a, *const *y = b;
    json_int_t one = priority_of(*x), other = priority_of(*y);
    return one < other ? -1 : one > other ? 1 : by_name(a, b);
}

static struct gt_object **ready_targets(struct gt_local *local, struct gt_arena *arena,
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
    return ready.at;
}

/* -- gathering -- */

struct gathering {
    struct gt_job job;
    struct gt_visit *visit; /* NULL: nobody waits any more */
    const struct gt_offer *offer;
    gt_gathered_fn *fn;
    struct part {
        struct gathering *gathering;
        struct gt_upstream *link; /* NULL: not asked, or it has answered */
        const char *target;
        json_t *listed; /* kept by the arena */
    } * parts;
    size_t count, open;
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
    json_t *found = gt_keep(gathering->job.arena, json_object());
    struct gt_visit *visit = gathering->visit;
    for (size_t i = 0; i < gathering->count; i++)
        if (gathering->parts[i].listed != NULL)
            json_object_set(found, gathering->parts[i].target, gathering->parts[i].listed);
    if (visit != NULL) {
        visit->work = NULL;
        gathering->fn(visit, found);
    }
    gt_job_free(gathering);
}

/* A server that has no such method offers nothing of the kind. */
static bool is_failure(const struct gt_mcp_outcome *outcome, const struct gt_offer *offer)
{
    return outcome->failure != GT_MCP_OK &&
           (outcome->failure != GT_MCP_REFUSED || offer == &gt_offers[GT_OFFER_TOOLS]);
}

/* The list is without this target's items: the client is not told, the cloud's owner is. */
static void tell_silent(struct gt_local *local, const char *target, const char *reason)
{
    gt_local_event(
        local, json_pack("{s:s, s:s, s:s}", "event", "status", "target", target, "reason", reason));
}

static void on_part(void *payload, const struct gt_mcp_outcome *outcome)
{
    struct part *part = payload;
    struct gathering *gathering = part->gathering;
    struct gt_plane *plane = part->link->plane;
    if (outcome->failure == GT_MCP_OK) {
        part->listed =
            gt_keep(gathering->job.arena,
                    json_incref(json_object_get(outcome->result, gathering->offer->member)));
    } else if (is_failure(outcome, gathering->offer)) {
        tell_silent(plane->local, part->target,
                    gt_upstream_reason(gathering->job.arena, part->link, outcome));
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

static void fill_part(struct gathering *gathering, struct part *part, struct gt_object *gateway,
                      struct gt_object *target)
{
    struct gt_arena *arena = gathering->job.arena;
    const struct gt_visit *visit = gathering->visit;
    const char *problem = NULL;
    part->gathering = gathering;
    part->target = gt_strdup(arena, gt_text_at(target->data, "/name"));
    if (!gt_target_is_dynamic(target)) {
        part->listed = gt_keep(
            arena, gt_target_offers(visit->door->plane->local, arena, target, gathering->offer));
        return;
    }
    part->link = gt_upstream_of(visit->door->plane, gateway, target,
                                gt_exchange_request(visit->exchange), &problem);
    if (part->link != NULL) {
        gt_upstream_hold(part->link);
        gathering->open++;
        return;
    }
    tell_silent(visit->door->plane->local, part->target, problem);
}

void gt_gateway_gather(struct gt_visit *visit, const struct gt_offer *offer, gt_gathered_fn *fn)
{
    struct gt_plane *plane = visit->door->plane;
    struct gt_object *gateway = gt_object_again(plane->local, &visit->door->gateway);
    struct gathering *gathering = gt_job_new(plane, sizeof(*gathering), drop_gathering);
    struct gt_arena *arena = gathering->job.arena;
    struct gt_object **targets = NULL;
    gathering->visit = visit;
    gathering->offer = offer;
    gathering->fn = fn;
    visit->work = gathering;
    visit->end = gathering_end;
    if (gateway != NULL)
        targets = ready_targets(plane->local, arena, gateway, &gathering->count);
    if (gathering->count > 1)
        qsort(targets, gathering->count, sizeof(*targets),
              offer->key == NULL ? by_name : by_priority);
    gathering->parts = gt_calloc(arena, gathering->count + 1, sizeof(*gathering->parts));
    for (size_t i = 0; i < gathering->count; i++)
        fill_part(gathering, &gathering->parts[i], gateway, targets[i]);
    if (gathering->open == 0) {
        gathered(gathering);
        return;
    }
    for (size_t i = 0; i < gathering->count; i++)
        if (gathering->parts[i].link != NULL)
            gt_mcp_list(gathering->parts[i].link->client, offer->method, offer->member, on_part,
                        &gathering->parts[i]);
}

/* -- the methods -- */

json_t *gt_names_merged(struct gt_arena *arena, const json_t *found)
{
    json_t *all = json_array(), *listed;
    const char *target;
    json_object_foreach(gt_iterable(found), target, listed)
        gt_tools_add(arena, all, target, listed);
    return all;
}

/* Addresses have no prefix: of those that come twice the first counts. */
static json_t *addresses_merged(const json_t *found, const char *key)
{
    json_t *all = json_array(), *listed, *item;
    json_auto_t *seen = json_object();
    const char *target;
    size_t i;
    json_object_foreach(gt_iterable(found), target, listed)
    {
        json_array_foreach(listed, i, item)
        {
            const char *address = json_string_value(json_object_get(item, key));
            if (address == NULL || json_object_get(seen, address) != NULL)
                continue;
            json_object_set_new(seen, address, json_true());
            json_array_append(all, item);
        }
    }
    return all;
}

static void answer_list(struct gt_visit *visit, const json_t *found)
{
    struct gt_local *local = visit->door->plane->local;
    struct gt_mcp_call *call = visit->call;
    const struct gt_offer *offer = gt_offer_of(call->method);
    const struct gt_knobs *knobs = gt_local_knob(local);
    size_t page = knobs->page_size > 0 && knobs->page_size < PAGE ? (size_t)knobs->page_size : PAGE;
    json_auto_t *items = offer->key == NULL ? gt_names_merged(call->arena, found)
                                            : addresses_merged(found, offer->key);
    if (offer == &gt_offers[GT_OFFER_TOOLS] &&
        gt_gateway_searches(gt_object_again(local, &visit->door->gateway)))
        json_array_insert_new(items, 0, gt_search_tool());
    gt_visit_done(visit);
    json_t *result = gt_mcp_page(call, offer->member, items, page);
    if (result != NULL)
        gt_mcp_result(call, result);
}

void gt_gateway_list(void *self, struct gt_mcp_call *call)
{
    struct gt_visit *visit = GT_NEW(call->arena, struct gt_visit);
    gt_visit_begin(self, call, visit);
    gt_gateway_gather(visit, gt_offer_of(call->method), answer_list);
}
