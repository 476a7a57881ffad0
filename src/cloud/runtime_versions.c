/* Versions of runtimes and their servers: which one a request goes to, who waits for it, and which
 * ones nobody needs any more. */
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

static struct gt_loop *loop_of(const struct gt_backend *backend)
{
    return gt_local_loop(backend->plane->local);
}

static int64_t now_of(const struct gt_backend *backend)
{
    return gt_monotonic_ms(gt_loop_sys(loop_of(backend)));
}

/* -- those who wait -- */

static void answer_wait(struct gt_backend_wait *wait, const char *problem)
{
    struct gt_backend *backend = wait->backend;
    gt_timer_cancel(wait->timer);
    wait->timer = NULL;
    wait->backend = NULL;
    wait->fn(wait, problem == NULL ? backend : NULL, problem);
}

static void unlink_wait(struct gt_backend_wait *wait)
{
    for (struct gt_backend_wait **at = &wait->backend->waits; *at != NULL; at = &(*at)->next) {
        if (*at == wait) {
            *at = wait->next;
            return;
        }
    }
}

/* In the order of their coming: the list has the last first. */
void gt_backend_answer_all(struct gt_backend *backend, const char *problem)
{
    struct gt_backend_wait *reversed = NULL;
    while (backend->waits != NULL) {
        struct gt_backend_wait *wait = backend->waits;
        backend->waits = wait->next;
        wait->next = reversed;
        reversed = wait;
    }
    while (reversed != NULL) {
        struct gt_backend_wait *wait = reversed;
        reversed = wait->next;
        answer_wait(wait, problem);
    }
    gt_backend_drain(backend);
}

static void on_wait_over(void *payload)
{
    struct gt_backend_wait *wait = payload;
    struct gt_backend *backend = wait->backend;
    struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
    const char *why = backend->last_probe != NULL  ? backend->last_probe
                      : backend->last_exit != NULL ? backend->last_exit
                                                   : "it does not answer";
    wait->timer = NULL;
    unlink_wait(wait);
    answer_wait(wait, gt_printf(arena, "the server was not ready within %d seconds: %s",
                                GT_BACKEND_WAIT_MS / 1000, why));
    gt_backend_drain(backend);
}

void gt_backend_await_cancel(struct gt_backend_wait *wait)
{
    struct gt_backend *backend = wait->backend;
    if (backend == NULL)
        return;
    unlink_wait(wait);
    gt_timer_cancel(wait->timer);
    wait->timer = NULL;
    wait->backend = NULL;
    gt_backend_drain(backend);
}

/* -- versions -- */

struct gt_backend *gt_backend_of(struct gt_plane *plane, const struct gt_object *runtime,
                                 const char *version)
{
    for (struct gt_backend *at = plane->backends; at != NULL; at = at->next)
        if (!at->stale && gt_streq(at->version, version) && at->runtime.order == runtime->order &&
            gt_object_again(plane->local, &at->runtime) == runtime)
            return at;
    struct gt_arena *arena = gt_arena_new();
    struct gt_backend *backend = GT_NEW(arena, struct gt_backend);
    const char *name = gt_text_at(runtime->data, "/agentRuntimeName");
    backend->plane = plane;
    backend->arena = arena;
    backend->runtime = gt_object_key_of(arena, runtime);
    backend->version = gt_strdup(arena, version);
    backend->arn = gt_strdup(arena, runtime->arn);
    backend->name = gt_strdup(arena, name == NULL ? runtime->id : name);
    backend->state = GT_BACKEND_DOWN;
    backend->out = backend->err = -1;
    backend->next = plane->backends;
    plane->backends = backend;
    return backend;
}

void gt_backend_await(struct gt_backend *backend, struct gt_backend_wait *wait)
{
    int64_t left = backend->next_start_ms - now_of(backend);
    wait->backend = backend;
    if (backend->client != NULL && gt_mcp_client_ended(backend->client))
        gt_output_doubt(backend);
    if (backend->state == GT_BACKEND_READY) {
        answer_wait(wait, NULL);
        return;
    }
    if (backend->state == GT_BACKEND_ENDING || backend->forgotten) {
        answer_wait(wait, "the server is being stopped");
        return;
    }
    if (backend->state == GT_BACKEND_DOWN && left > GT_BACKEND_NEAR_MS) {
        struct gt_arena *arena GT_CLEANUP(gt_arena_cleanup) = gt_arena_new();
        answer_wait(wait, gt_printf(arena, "%s (started again in %d s)", backend->last_exit,
                                    (int)((left + 999) / 1000)));
        return;
    }
    wait->timer = gt_timer_start(loop_of(backend), GT_BACKEND_WAIT_MS, on_wait_over, wait);
    wait->next = backend->waits;
    backend->waits = wait;
    if (backend->state == GT_BACKEND_DOWN && backend->timer == NULL)
        backend->timer =
            gt_timer_start(loop_of(backend), left > 0 ? left : 0, gt_backend_restart, backend);
}

static bool is_served(struct gt_local *local, const struct gt_object *runtime, const char *version)
{
    for (struct gt_object *at = NULL;
         (at = gt_object_next(local, &gt_kind_runtime_endpoint, runtime->account, runtime->region,
                              runtime->id, at)) != NULL;)
        if (gt_streq(gt_text_at(at->data, "/liveVersion"), version))
            return true;
    return false;
}

void gt_runtime_changed(struct gt_local *local, struct gt_object *runtime)
{
    struct gt_plane *plane = gt_plane_find(local);
    if (plane == NULL)
        return;
    struct gt_object_key key = {.kind = runtime->kind,
                                .account = runtime->account,
                                .region = runtime->region,
                                .parent = runtime->parent,
                                .id = runtime->id,
                                .order = runtime->order};
    bool ran = false, gone = gt_object_again(local, &key) == NULL;
    for (struct gt_backend *at = plane->backends; at != NULL; at = at->next) {
        if (at->runtime.order != runtime->order || !gt_streq(at->runtime.id, runtime->id) ||
            at->stale || (!gone && is_served(local, runtime, at->version)))
            continue;
        ran = ran || at->alive;
        gt_backend_retire(at);
        if (gone)
            gt_backend_answer_all(at, "the runtime is gone");
    }
    if (!ran || gone)
        return;
    /* What served the old version shall find the new one running. */
    for (struct gt_object *at = NULL;
         (at = gt_object_next(local, &gt_kind_runtime_endpoint, runtime->account, runtime->region,
                              runtime->id, at)) != NULL;) {
        const char *live = gt_text_at(at->data, "/liveVersion");
        struct gt_backend *backend = live == NULL ? NULL : gt_backend_of(plane, runtime, live);
        if (backend == NULL || backend->state != GT_BACKEND_DOWN || backend->timer != NULL)
            continue;
        backend->timer = gt_timer_start(loop_of(backend), 0, gt_backend_restart, backend);
    }
}

json_t *gt_runtime_list(struct gt_local *local)
{
    struct gt_plane *plane = gt_plane_find(local);
    json_t *list = json_array();
    for (struct gt_backend *at = plane == NULL ? NULL : plane->backends; at != NULL;
         at = at->next) {
        json_t *item = json_pack("{s:s, s:s, s:s, s:s, s:i}", "runtime", at->name, "arn", at->arn,
                                 "version", at->version, "state", gt_backend_state_names[at->state],
                                 "restarts", (int)at->restarts);
        if (at->alive && at->transport == GT_OVER_HTTP)
            json_object_set_new(item, "port", json_integer(at->port));
        if (at->last_exit != NULL)
            json_object_set_new(item, "lastExit", json_string(at->last_exit));
        json_array_append_new(list, item);
    }
    return list;
}
