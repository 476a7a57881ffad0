/*
 * subscriptions/listen (2026-07-28): one long response stream that tells what changed; and the same
 * news for legacy clients that can hear them.
 */
#include "work.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

struct kind {
    const char *list;       /* "tools" */
    const char *member;     /* of the filter */
    const char *capability; /* that a server has which tells of changes */
    const char *method;
};

static const struct kind kinds[] = {
    {"tools", "toolsListChanged", "/tools/listChanged", "notifications/tools/list_changed"},
    {"prompts", "promptsListChanged", "/prompts/listChanged", "notifications/prompts/list_changed"},
    {"resources", "resourcesListChanged", "/resources/listChanged",
     "notifications/resources/list_changed"},
};

/* What of the wanted the server can give. New reference. */
static json_t *grant(const struct gt_mcp_server *server, const json_t *wanted)
{
    json_t *granted = json_object();
    for (size_t i = 0; i < GT_COUNT(kinds); i++)
        if (json_is_true(json_object_get(wanted, kinds[i].member)) &&
            gt_mcp_offers(server, kinds[i].capability))
            json_object_set_new(granted, kinds[i].member, json_true());
    json_t *uris = json_object_get(wanted, "resourceSubscriptions");
    if (json_is_array(uris) && gt_mcp_offers(server, "/resources/subscribe"))
        json_object_set(granted, "resourceSubscriptions", uris);
    return granted;
}

static json_t *tagged(const struct gt_mcp_work *work, json_t *params)
{
    json_t *meta = json_object();
    json_object_set(meta, GT_META_SUBSCRIPTION, gt_iterable(work->call.id));
    json_object_set_new(params, "_meta", meta);
    return params;
}

void gt_mcp_listen(void *self, struct gt_mcp_call *call)
{
    struct gt_mcp_work *work = (struct gt_mcp_work *)call;
    const json_t *wanted = json_object_get(call->params, "notifications");
    (void)self;
    if (!json_is_object(wanted)) {
        gt_mcp_error(call, GT_RPC_INVALID_PARAMS, "params.notifications is missing", NULL);
        return;
    }
    if (!work->carrier->can_send(work)) {
        gt_mcp_refuse(work, 406, GT_RPC_INVALID_REQUEST,
                      "subscriptions/listen answers as text/event-stream, which is not accepted",
                      NULL);
        return;
    }
    work->listens = gt_keep(call->arena, grant(call->server, wanted));
    json_t *params = json_pack("{s:O}", "notifications", work->listens);
    gt_mcp_send_notification(work, "notifications/subscriptions/acknowledged",
                             tagged(work, params));
    if (call->server->quiescing)
        gt_mcp_result(call, tagged(work, json_object()));
}

void gt_mcp_end_listeners(struct gt_mcp_server *server)
{
    for (struct gt_mcp_work *work = server->open, *next; work != NULL; work = next) {
        next = work->next;
        if (work->listens != NULL)
            gt_mcp_result(&work->call, tagged(work, json_object()));
    }
}

/* Legacy clients hear of it where something listens already. */
static void tell_legacy(struct gt_mcp_server *server, const char *method)
{
    for (struct gt_mcp_work *work = server->open, *next; work != NULL; work = next) {
        next = work->next;
        if (!gt_mcp_is_modern(work->call.version) && work->carrier->is_streaming(work))
            gt_mcp_send_notification(work, method, NULL);
    }
    for (struct gt_mcp_stdio *pipe = server->pipes; pipe != NULL; pipe = gt_mcp_stdio_next(pipe)) {
        const struct gt_buf *text = gt_mcp_text(server, gt_rpc_notification(method, NULL));
        gt_mcp_stdio_notify(pipe, text->ptr, text->len);
    }
}

void gt_mcp_list_changed(struct gt_mcp_server *server, const char *list)
{
    const struct kind *kind = NULL;
    for (size_t i = 0; i < GT_COUNT(kinds); i++)
        if (strcmp(kinds[i].list, list) == 0)
            kind = &kinds[i];
    if (kind == NULL)
        gt_die("there is no list of %s", list);
    if (!gt_mcp_offers(server, kind->capability))
        return;
    for (struct gt_mcp_work *work = server->open, *next; work != NULL; work = next) {
        next = work->next;
        if (json_is_true(json_object_get(work->listens, kind->member)))
            gt_mcp_send_notification(work, kind->method, tagged(work, json_object()));
    }
    tell_legacy(server, kind->method);
}

static bool subscribed(const struct gt_mcp_work *work, const char *uri)
{
    json_t *item;
    size_t i;
    json_array_foreach(json_object_get(work->listens, "resourceSubscriptions"), i,
                       item) if (gt_streq(json_string_value(item), uri)) return true;
    return false;
}

void gt_mcp_resource_updated(struct gt_mcp_server *server, const char *uri)
{
    for (struct gt_mcp_work *work = server->open, *next; work != NULL; work = next) {
        next = work->next;
        if (subscribed(work, uri))
            gt_mcp_send_notification(work, "notifications/resources/updated",
                                     tagged(work, json_pack("{s:s}", "uri", uri)));
    }
}
