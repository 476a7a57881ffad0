#include <gantry/server/service.h>

#include "parts.h"

#include <gantry/base/str.h>

enum { CUT_MS = 2000 }; /* after the cancelling of what still ran */

void gt_service_event(struct gt_service *service, json_t *event)
{
    if (service->options.event != NULL)
        service->options.event(service->options.payload, event);
    else
        json_decref(event);
}

struct gt_service *gt_service_new(const struct gt_service_options *options,
                                  struct gt_config *config)
{
    const struct gt_http_options http = {.user_agent = "gantry-mcp"};
    struct gt_arena *arena = gt_arena_new();
    struct gt_service *service = GT_NEW(arena, struct gt_service);
    *service = (struct gt_service){.arena = arena, .options = *options, .loop = options->loop};
    service->gates = gt_map_init(arena);
    service->text = gt_buf_init((size_t)256 * 1024 * 1024);
    service->http = gt_http_new(options->loop, &http);
    service->workers = gt_workers_new(options->loop, 0);
    service->issuers =
        gt_issuers_new(&(struct gt_issuers_options){.loop = options->loop, .http = service->http});
    service->live = gt_live_new(config);
    gt_sources_follow(service);
    return service;
}

/* -- listeners -- */

static void say_listening(struct gt_service *service, const struct gt_listener *listener)
{
    gt_service_event(service, json_pack("{s:s, s:s, s:s}", "event", "listening", "tier",
                                        listener->tier, "url", listener->url));
}

/* Whether the listener is where the tier wants one: by its address, whatever the tier's name was;
 * where any free port will do, by the name. */
static bool is_place_of(const struct gt_listener *listener, const struct gt_tier *tier)
{
    return !listener->closing && listener->http != NULL && gt_streq(listener->host, tier->host) &&
           listener->port == tier->port &&
           (tier->port != 0 || gt_streq(listener->tier, tier->name));
}

/* The tier of a configuration that a listener is to serve, or NULL. */
static const struct gt_tier *tier_at(const struct gt_config *config,
                                     const struct gt_listener *listener)
{
    for (size_t i = 0; i < config->tiers.len; i++)
        if (is_place_of(listener, &config->tiers.at[i]))
            return &config->tiers.at[i];
    return NULL;
}

/* Opens what a configuration has more than there is; all or nothing. */
static bool open_new(struct gt_service *service, const struct gt_config *config,
                     struct gt_diags *diags)
{
    struct gt_listener *made = NULL, **end = &made;
    for (size_t i = 0; i < config->tiers.len; i++) {
        const struct gt_tier *tier = &config->tiers.at[i];
        const struct gt_listener *at = service->listeners;
        while (at != NULL && !is_place_of(at, tier))
            at = at->next;
        if (at != NULL)
            continue;
        if (!gt_listener_open(service, tier, end, diags)) {
            while (made != NULL) {
                struct gt_listener *next = made->next;
                gt_listener_free(made);
                made = next;
            }
            return false;
        }
        end = &(*end)->next;
    }
    for (const struct gt_listener *at = made; at != NULL; at = at->next)
        say_listening(service, at);
    struct gt_listener **last = &service->listeners;
    while (*last != NULL)
        last = &(*last)->next;
    *last = made;
    return true;
}

static void closed(void *payload)
{
    struct gt_listener *listener = payload;
    listener->closed = true;
}

static void begin_closing(struct gt_listener *listener)
{
    if (listener->closing)
        return;
    listener->closing = true;
    if (listener->http != NULL)
        gt_server_drain(listener->http, INT64_MAX / 2, closed, listener);
    gt_mcp_server_quiesce(listener->mcp);
}

static bool is_idle(const struct gt_listener *listener)
{
    return (listener->http == NULL || listener->closed) && gt_mcp_server_open(listener->mcp) == 0 &&
           listener->gate.in_flight == 0;
}

static void on_turn(void *payload)
{
    enum { LOOK_MS = 50 };
    struct gt_service *service = payload;
    bool closing = false;
    service->turn = NULL;
    gt_sources_tidy(service);
    for (struct gt_listener **at = &service->listeners; *at != NULL;) {
        struct gt_listener *listener = *at;
        if (!listener->closing || !is_idle(listener)) {
            closing |= listener->closing;
            at = &listener->next;
            continue;
        }
        *at = listener->next;
        gt_listener_free(listener);
    }
    if (closing && !service->draining)
        service->turn = gt_timer_start(service->loop, LOOK_MS, on_turn, service);
}

void gt_service_tidy(struct gt_service *service)
{
    if (service->turn == NULL && !service->draining)
        service->turn = gt_timer_start(service->loop, 0, on_turn, service);
}

bool gt_service_listen(struct gt_service *service, struct gt_diags *diags)
{
    return open_new(service, service->live->config, diags);
}

const char *gt_service_url(const struct gt_service *service, const char *tier)
{
    const struct gt_listener *listener = gt_listener_find(service, tier);
    return listener != NULL ? listener->url : NULL;
}

void gt_service_stdio(struct gt_service *service, const char *tier, int in, int out,
                      gt_timer_fn *fn, void *payload)
{
    const struct gt_tier *found = gt_live_tier(service->live, tier);
    struct gt_listener *listener = gt_listener_new(service, found);
    listener->asked = gt_strdup(listener->arena, tier);
    listener->stdio_visit = GT_NEW(listener->arena, struct gt_visit);
    /* Who started the program is the caller. */
    *listener->stdio_visit = (struct gt_visit){.listener = listener, .trusted = true};
    listener->next = service->listeners;
    service->listeners = listener;
    listener->stdio = gt_mcp_stdio_serve(listener->mcp, service->loop, in, out,
                                         listener->stdio_visit, fn, payload);
}

/* -- another configuration -- */

/* Whether whoever was shown a tool is shown it still. */
static bool same_scopes(const struct gt_shelf *a, const struct gt_shelf *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        const char *const *old = a->tools[i]->scopes, *const *new = b->tools[i]->scopes;
        while (*old != NULL && gt_streq(*old, *new)) {
            old++;
            new ++;
        }
        if (*old != NULL || *new != NULL)
            return false;
    }
    return true;
}

static bool same_tools(const struct gt_live *a, const struct gt_live *b)
{
    if (a->config->tools.len != b->config->tools.len || a->shelves.len != b->shelves.len)
        return false;
    for (size_t i = 0; i < a->shelves.len; i++)
        if (!json_equal(a->shelves.at[i].listed, b->shelves.at[i].listed) ||
            !same_scopes(&a->shelves.at[i], &b->shelves.at[i]))
            return false;
    return true;
}

/* False where the tier is not there any more: a client would be left without a tool or a word. */
static bool stdio_follows(const struct gt_service *service, const struct gt_live *live,
                          struct gt_diags *diags)
{
    for (struct gt_listener *at = service->listeners; at != NULL; at = at->next) {
        const struct gt_tier *tier = gt_live_tier(live, at->asked);
        if (at->stdio == NULL)
            continue;
        if (tier == NULL) {
            gt_error(diags, "dangling-reference",
                     "the tier \"%s\", which is served over stdio, is not there any more",
                     at->asked)
                ->hint = "give a tier this name, or start with another --tier";
            return false;
        }
        if (!gt_streq(at->tier, tier->name))
            at->tier = gt_strdup(at->arena, tier->name);
    }
    return true;
}

bool gt_service_replace(struct gt_service *service, struct gt_config *config,
                        struct gt_diags *diags)
{
    bool listens = service->listeners != NULL && service->listeners->http != NULL;
    if (listens && !open_new(service, config, diags)) {
        gt_config_free(config);
        return false;
    }
    struct gt_live *before = service->live, *live = gt_live_new(config);
    if (!stdio_follows(service, live, diags)) {
        gt_live_release(live);
        return false;
    }
    service->live = live;
    gt_sources_follow(service);
    gt_ready_forget(service);
    for (struct gt_listener *at = service->listeners; at != NULL; at = at->next) {
        if (at->http == NULL || at->closing)
            continue;
        const struct gt_tier *tier = tier_at(config, at);
        if (tier == NULL) {
            begin_closing(at);
            gt_service_tidy(service);
        } else if (!gt_streq(at->tier, tier->name)) {
            at->tier = gt_strdup(at->arena, tier->name);
        }
    }
    bool changed = !same_tools(before, service->live);
    for (struct gt_listener *at = service->listeners; at != NULL; at = at->next)
        gt_listener_follow(at);
    gt_live_release(before);
    for (struct gt_listener *at = service->listeners; changed && at != NULL; at = at->next)
        if (!at->closing)
            gt_mcp_list_changed(at->mcp, "tools");
    for (struct gt_listener *at = service->listeners; at != NULL; at = at->next)
        gt_calls_admit(at);
    return true;
}

void gt_service_call(struct gt_service *service, const char *tool, const json_t *arguments,
                     gt_service_called_fn *fn, void *payload)
{
    const struct gt_tool *found = gt_config_tool(service->live->config, tool);
    if (found == NULL) {
        fn(payload, NULL, "there is no such tool");
        return;
    }
    const struct gt_call_order order = {
        .tool = found, .arguments = arguments, .checked = true, .fn = fn, .payload = payload};
    gt_call_start(service, &order);
}

/* -- the end -- */

static bool is_quiet(const struct gt_service *service)
{
    for (const struct gt_listener *at = service->listeners; at != NULL; at = at->next)
        if (!is_idle(at))
            return false;
    return service->calls == NULL;
}

static void on_drain(void *payload)
{
    enum { STEP_MS = 5 };
    struct gt_service *service = payload;
    int64_t now = gt_monotonic_ms(gt_loop_sys(service->loop));
    service->drain_timer = NULL;
    bool late = now >= service->drain_until_ms;
    if (is_quiet(service) || (late && service->cut)) {
        service->drained(service->drained_payload);
        return;
    }
    if (late) {
        service->cut = true;
        service->drain_until_ms = now + CUT_MS;
        gt_calls_cancel(service);
    }
    service->drain_timer = gt_timer_start(service->loop, STEP_MS, on_drain, service);
}

void gt_service_drain(struct gt_service *service, gt_timer_fn *fn, void *payload)
{
    if (service->draining)
        return;
    service->draining = true;
    service->drained = fn;
    service->drained_payload = payload;
    service->drain_until_ms =
        gt_monotonic_ms(gt_loop_sys(service->loop)) + service->live->config->shutdown_ms;
    for (struct gt_listener *at = service->listeners; at != NULL; at = at->next)
        begin_closing(at);
    service->drain_timer = gt_timer_start(service->loop, 0, on_drain, service);
}

void gt_service_free(struct gt_service *service)
{
    if (service == NULL)
        return;
    service->draining = service->cut = true;
    gt_timer_cancel(service->drain_timer);
    gt_timer_cancel(service->turn);
    gt_calls_cancel(service);
    gt_sources_close(service);
    gt_ready_forget(service);
    gt_workers_free(service->workers); /* what it worked on ends its calls */
    gt_issuers_free(service->issuers);
    while (service->listeners != NULL) {
        struct gt_listener *listener = service->listeners;
        service->listeners = listener->next;
        gt_listener_free(listener);
    }
    gt_http_free(service->http);
    gt_buf_done(&service->text);
    gt_live_release(service->live);
    gt_arena_free(service->arena);
}
