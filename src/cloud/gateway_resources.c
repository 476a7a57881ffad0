/* resources/read: to the target that lists the address, else to one with a template that fits it.
 */
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

/* The end of the expression that `at` begins with ("{path}"), or NULL. */
static const char *past_expression(const char *at)
{
    const char *end = *at == '{' ? strchr(at, '}') : NULL;
    return end == NULL ? NULL : end + 1;
}

/* An expression fits any text: what its operators allow is for the server to say (RFC 6570). */
bool gt_template_fits(const char *template, const char *uri)
{
    const char *retry = NULL, *retry_uri = NULL;
    while (*uri != '\0') {
        const char *past = past_expression(template);
        if (past != NULL) {
            retry = template = past;
            retry_uri = uri;
        } else if (*template == *uri) {
            template ++;
            uri++;
        } else if (retry != NULL) {
            template = retry;
            uri = ++retry_uri;
        } else {
            return false;
        }
    }
    for (const char *past; (past = past_expression(template)) != NULL;)
        template = past;
    return *template == '\0';
}

static bool is_same(const char *listed, const char *uri)
{
    return gt_streq(listed, uri);
}

/* The name of the first target with an item that fits, or NULL. */
static const char *owner_of(const json_t *found, const char *key, const char *uri,
                            bool (*fits)(const char *listed, const char *uri))
{
    const char *target;
    json_t *listed, *item;
    size_t i;
    json_object_foreach(gt_iterable(found), target, listed)
    {
        json_array_foreach(listed, i, item)
        {
            const char *given = json_string_value(json_object_get(item, key));
            if (given != NULL && fits(given, uri))
                return target;
        }
    }
    return NULL;
}

static bool forward(struct gt_visit *visit, const char *name)
{
    struct gt_local *local = visit->door->plane->local;
    struct gt_object *gateway = gt_object_again(local, &visit->door->gateway);
    struct gt_object *target =
        gateway == NULL || name == NULL ? NULL : gt_gateway_target(local, gateway, name);
    if (target != NULL)
        gt_gateway_forward(visit, gateway, target, NULL);
    return target != NULL;
}

static void on_templates(struct gt_visit *visit, const json_t *found)
{
    struct gt_mcp_call *call = visit->call;
    const char *uri = gt_text_at(call->params, "/uri");
    if (forward(visit, owner_of(found, "uriTemplate", uri, gt_template_fits)))
        return;
    gt_visit_done(visit);
    gt_mcp_error(call, GT_MCP_RESOURCE_NOT_FOUND, "Resource not found",
                 json_pack("{s:s}", "uri", uri));
}

static void on_resources(struct gt_visit *visit, const json_t *found)
{
    const char *uri = gt_text_at(visit->call->params, "/uri");
    if (!forward(visit, owner_of(found, "uri", uri, is_same)))
        gt_gateway_gather(visit, &gt_offers[GT_OFFER_TEMPLATES], on_templates);
}

void gt_gateway_read_resource(void *self, struct gt_mcp_call *call)
{
    struct gt_visit *visit = GT_NEW(call->arena, struct gt_visit);
    gt_visit_begin(self, call, visit);
    if (gt_text_at(call->params, "/uri") != NULL) {
        gt_gateway_gather(visit, &gt_offers[GT_OFFER_RESOURCES], on_resources);
        return;
    }
    gt_visit_done(visit);
    gt_mcp_error(call, GT_RPC_INVALID_PARAMS, "params.uri is missing", NULL);
}
