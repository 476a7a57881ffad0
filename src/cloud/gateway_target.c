/* Connections to the servers of targets: made at the first use, kept, thrown away when the target,
 * its credentials or its gateway change. */
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum {
    CONNECT_TIMEOUT_MS = 60 * 1000,
    TOKENS_MAX = 16, /* connections to one target with different clients' tokens */
    REASON_MAX = 600
};

static void link_free(void *what)
{
    struct gt_upstream *link = what;
    gt_mcp_client_free(link->client);
    json_decref(link->basis);
    gt_arena_free(link->keys_arena);
    gt_arena_free(link->wait_arena);
    gt_arena_free(link->trouble_arena);
    gt_arena_free(link->arena);
}

void gt_upstream_hold(struct gt_upstream *link)
{
    link->uses++;
}

void gt_upstream_release(struct gt_upstream *link)
{
    link->uses--;
    if (link->uses == 0 && link->dropped)
        gt_plane_later(link->plane, link_free, link);
}

static void drop(struct gt_upstream **at)
{
    struct gt_upstream *link = *at;
    *at = link->next;
    link->dropped = true;
    if (link->uses == 0)
        gt_plane_later(link->plane, link_free, link);
}

void gt_upstream_forget(struct gt_upstream *link)
{
    gt_arena_free(link->keys_arena);
    link->keys_arena = NULL;
    link->keys = (struct gt_issued){0};
    link->token = NULL;
    gt_mcp_client_reset(link->client);
}

void gt_upstream_drop_all(struct gt_plane *plane)
{
    while (plane->links != NULL) {
        struct gt_upstream *link = plane->links;
        plane->links = link->next;
        link_free(link);
    }
}

/* Those whose target is gone. */
static void sweep(struct gt_plane *plane)
{
    for (struct gt_upstream **at = &plane->links; *at != NULL;) {
        if (gt_object_again(plane->local, &(*at)->target) == NULL ||
            gt_object_again(plane->local, &(*at)->gateway) == NULL)
            drop(at);
        else
            at = &(*at)->next;
    }
}

/* The address to call, or NULL with one line. */
static const char *address(struct gt_plane *plane, struct gt_arena *arena,
                           const struct gt_object *target, const char **problem)
{
    struct gt_local *local = plane->local;
    const char *endpoint = gt_text_at(target->data, "/targetConfiguration/mcp/mcpServer/endpoint");
    struct gt_url url, own;
    if (endpoint == NULL) {
        *problem = "the target is no MCP server";
        return NULL;
    }
    const char *called = gt_local_map_url(local, arena, endpoint);
    if (!gt_url_split(arena, called, &url) || !gt_url_split(arena, gt_local_url(local), &own)) {
        *problem = "the endpoint is no URL";
        return NULL;
    }
    *problem = gt_url_obstacle(&url, &own);
    if (*problem == NULL)
        *problem =
            gt_credential_obstacle(gt_at(target->data, "/credentialProviderConfigurations/0"));
    if (*problem != NULL)
        return NULL;
    const char *query = gt_credential_query(
        local, arena, gt_at(target->data, "/credentialProviderConfigurations/0"));
    return query == NULL ? called
                         : gt_printf(arena, "%s%c%s", called, url.query == NULL ? '?' : '&', query);
}

static json_t *basis_of(const struct gt_object *gateway, const struct gt_object *target)
{
    return json_pack("{s:O, s:O?, s:O?}", "configuration",
                     json_object_get(target->data, "targetConfiguration"), "credentials",
                     json_object_get(target->data, "credentialProviderConfigurations"), "role",
                     json_object_get(gateway->data, "roleArn"));
}

static struct gt_upstream *make(struct gt_plane *plane, struct gt_object *gateway,
                                struct gt_object *target, const char *url, const char *token)
{
    struct gt_arena *arena = gt_arena_new_secret();
    struct gt_upstream *link = GT_NEW(arena, struct gt_upstream);
    link->arena = arena;
    link->plane = plane;
    link->gateway = gt_object_key_of(arena, gateway);
    link->target = gt_object_key_of(arena, target);
    json_auto_t *basis = basis_of(gateway, target);
    link->basis = json_deep_copy(basis);
    link->url = gt_strdup(arena, url);
    link->passed = gt_strdup(arena, token);
    const struct gt_mcp_client_options options = {
        .loop = gt_local_loop(plane->local),
        .http = gt_local_http(plane->local),
        .url = link->url,
        .authorise = gt_upstream_authorise,
        .payload = link,
        .name = "agentcore-gateway",
        .version = "1.0.0",
        .prefer_legacy = true,
        .timeout_ms = CONNECT_TIMEOUT_MS,
    };
    link->client = gt_mcp_client_new(&options);
    link->next = plane->links;
    plane->links = link;
    return link;
}

/* The link with this token, or NULL; those of the target as it was before are dropped, and of those
 * with other tokens the oldest when there are too many. */
static struct gt_upstream *find(struct gt_plane *plane, struct gt_object *gateway,
                                struct gt_object *target, const char *url, const char *token)
{
    json_auto_t *basis = basis_of(gateway, target);
    struct gt_upstream **oldest = NULL;
    size_t others = 0;
    for (struct gt_upstream **at = &plane->links; *at != NULL;) {
        struct gt_upstream *link = *at;
        if (link->target.order != target->order ||
            gt_object_again(plane->local, &link->target) != target) {
            at = &link->next;
            continue;
        }
        if (!json_equal(link->basis, basis) || !gt_streq(link->url, url)) {
            drop(at);
            continue;
        }
        if (gt_streq(link->passed, token))
            return link;
        others++;
        oldest = at;
        at = &link->next;
    }
    if (others >= TOKENS_MAX)
        drop(oldest);
    return NULL;
}

struct gt_upstream *gt_upstream_of(struct gt_plane *plane, struct gt_object *gateway,
                                   struct gt_object *target, const struct gt_request *request,
                                   const char **problem)
{
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new_secret();
    const char *url = address(plane, arena, target, problem);
    const char *token = NULL;
    if (url == NULL)
        return NULL;
    if (request != NULL &&
        gt_credential_passes(gt_at(target->data, "/credentialProviderConfigurations/0")))
        token = gt_bearer_token(arena, gt_request_header(request, "authorization"));
    struct gt_upstream *link = find(plane, gateway, target, url, token);
    if (link != NULL)
        return link;
    sweep(plane);
    return make(plane, gateway, target, url, token);
}

/* What the error of a service, a runtime's for one, says in words; NULL: nothing. */
static const char *said(struct gt_arena *arena, const struct gt_mcp_outcome *outcome)
{
    enum { DEPTH = 16 };
    const char *problem = NULL;
    if (outcome->failure != GT_MCP_HTTP_STATUS || outcome->body == NULL)
        return NULL;
    const json_t *body =
        gt_keep(arena, gt_rpc_parse(arena, outcome->body, strlen(outcome->body), DEPTH, &problem));
    return gt_text_at(body, "/message");
}

const char *gt_upstream_reason(struct gt_arena *arena, const struct gt_upstream *link,
                               const struct gt_mcp_outcome *outcome)
{
    static const char prefix[] =
        "Failed to connect and fetch tools from the provided MCP target server. Error - ";
    const char *message = outcome->message != NULL ? outcome->message : "no answer";
    if ((link != NULL && link->trouble != NULL) || outcome->http_status == 401 ||
        outcome->http_status == 403)
        return gt_printf(arena, "%sAuthorization error when sending message", prefix);
    if (outcome->failure == GT_MCP_HTTP_STATUS && outcome->http_status >= 500)
        return gt_printf(arena, "%sAn internal error occurred while processing the request",
                         prefix);
    const char *words = said(arena, outcome);
    if (words != NULL)
        message = gt_printf(arena, "%s: %s", message, words);
    return gt_printf(arena, "%s%s", prefix, gt_one_line(arena, message, REASON_MAX));
}
