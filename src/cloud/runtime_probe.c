/* Whether a server that was started answers already: its port accepts, GET /ping where it has one
 * says nothing against it, and its path takes a POST. Source: AgentCore developer guide, "MCP
 * protocol contract". */
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { FIRST_MS = 20, LONGEST_MS = 500, PROBE_TIMEOUT_MS = 2000 };

static const struct {
    const char *protocol, *path;
} paths[] = {{"MCP", "/mcp"}, {"HTTP", "/invocations"}, {"A2A", "/"}, {"AGUI", "/invocations"}};

const char *gt_protocol_path(const char *protocol)
{
    for (size_t i = 0; i < GT_COUNT(paths); i++)
        if (gt_streq(paths[i].protocol, protocol))
            return paths[i].path;
    return paths[0].path;
}

static void step(void *payload);

static int64_t now_of(const struct gt_backend *backend)
{
    return gt_monotonic_ms(gt_loop_sys(gt_local_loop(backend->plane->local)));
}

static void again(struct gt_backend *backend, const char *why)
{
    gt_arena_free(backend->probe_arena);
    backend->probe_arena = gt_arena_new();
    backend->last_probe = gt_strdup(backend->probe_arena, why);
    backend->pinged = false;
    if (now_of(backend) - backend->probed_ms >= backend->start_ms) {
        gt_backend_late(backend);
        return;
    }
    int64_t wait_ms = FIRST_MS;
    for (unsigned i = 0; i < backend->probes && wait_ms < LONGEST_MS; i++)
        wait_ms += wait_ms / 2;
    backend->probes++;
    backend->timer = gt_timer_start(gt_local_loop(backend->plane->local),
                                    wait_ms < LONGEST_MS ? wait_ms : LONGEST_MS, step, backend);
}

/* A POST that no server takes for more than it is; any answer to it shows that the path is served,
 * but for a 404 that does not come from MCP. */
static void on_post(void *payload, const struct gt_http_response *response)
{
    struct gt_backend *backend = payload;
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    const char *path = gt_protocol_path("MCP");
    backend->probe = NULL;
    if (response->outcome != GT_HTTP_ANSWERED && !response->too_large) {
        again(backend, gt_printf(arena, "POST %s: %s", path, response->error));
        return;
    }
    if (response->status == 404 && strstr(response->body, "jsonrpc") == NULL) {
        again(backend, gt_printf(arena, "POST %s is answered with HTTP 404", path));
        return;
    }
    if (response->status >= 500) {
        again(backend,
              gt_printf(arena, "POST %s is answered with HTTP %d", path, response->status));
        return;
    }
    gt_backend_ready(backend);
}

static void on_ping(void *payload, const struct gt_http_response *response)
{
    struct gt_backend *backend = payload;
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    backend->probe = NULL;
    if (response->outcome == GT_HTTP_NOT_SENT) {
        again(backend, gt_printf(arena, "nothing listens on port %d", backend->port));
        return;
    }
    if (response->outcome == GT_HTTP_ANSWERED && response->status >= 500) {
        again(backend, gt_printf(arena, "GET /ping is answered with HTTP %d", response->status));
        return;
    }
    backend->pinged = true;
    if (backend->mcp)
        step(backend);
    else if (response->outcome == GT_HTTP_ANSWERED)
        gt_backend_ready(backend);
    else
        again(backend, gt_printf(arena, "GET /ping: %s", response->error));
}

static void step(void *payload)
{
    static const char message[] = "{\"jsonrpc\":\"2.0\",\"id\":\"health\",\"method\":\"ping\"}";
    static const struct gt_header headers[] = {
        {"content-type", "application/json"},
        {"accept", "application/json, text/event-stream"},
    };
    struct gt_backend *backend = payload;
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    bool post = backend->pinged;
    struct gt_http_request request = {
        .method = post ? "POST" : "GET",
        .url = gt_printf(arena, "http://127.0.0.1:%d%s", backend->port,
                         post ? gt_protocol_path("MCP") : "/ping"),
        .headers = headers,
        .header_count = post ? GT_COUNT(headers) : 0,
        .body = post ? message : NULL,
        .body_len = post ? strlen(message) : 0,
        .timeout_ms = PROBE_TIMEOUT_MS,
    };
    backend->timer = NULL;
    backend->probe = gt_http_start(gt_local_http(backend->plane->local), &request,
                                   post ? on_post : on_ping, backend);
}

void gt_probe_start(struct gt_backend *backend)
{
    gt_probe_stop(backend);
    backend->probes = 0;
    backend->probed_ms = now_of(backend);
    backend->pinged = false;
    backend->timer = gt_timer_start(gt_local_loop(backend->plane->local), FIRST_MS, step, backend);
}

void gt_probe_stop(struct gt_backend *backend)
{
    gt_http_cancel(backend->probe);
    gt_timer_cancel(backend->timer);
    backend->probe = NULL;
    backend->timer = NULL;
}
