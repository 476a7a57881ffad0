/* The sources that are open: found by name, kept over reloads, closed with their last user. */
#include "parts.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

struct gt_open_source *gt_source_of(struct gt_service *service, const char *name)
{
    struct gt_open_source *open = service->sources;
    while (open != NULL && (open->retired || !gt_streq(open->source->name, name)))
        open = open->next;
    return open;
}

static void close_source(struct gt_service *service, struct gt_open_source *open)
{
    struct gt_open_source **at = &service->sources;
    while (*at != open)
        at = &(*at)->next;
    *at = open->next;
    open->closing = true;
    open->type->close(open->source);
    gt_arena_free(open->arena);
}

void gt_source_use(struct gt_open_source *open)
{
    open->users++;
}

void gt_source_leave(struct gt_service *service, struct gt_open_source *open)
{
    /* Whoever leaves is the source itself, most often. */
    if (--open->users == 0 && open->retired && !open->closing)
        gt_service_tidy(service);
}

void gt_sources_tidy(struct gt_service *service)
{
    for (struct gt_open_source *open = service->sources, *next; open != NULL; open = next) {
        next = open->next;
        if (open->retired && open->users == 0)
            close_source(service, open);
    }
}

static void open_source(struct gt_service *service, const struct gt_source_config *config)
{
    struct gt_arena *arena = gt_arena_new_secret();
    struct gt_open_source *open = GT_NEW(arena, struct gt_open_source);
    open->arena = arena;
    open->type = config->type;
    open->settings = gt_keep(arena, json_deep_copy(config->settings));
    const struct gt_source_host host = {service->loop, service->workers, service};
    struct gt_source_config *kept = GT_NEW(arena, struct gt_source_config);
    *kept = (struct gt_source_config){.name = gt_strdup(arena, config->name),
                                      .type = config->type,
                                      .settings = open->settings,
                                      .pointer = gt_strdup(arena, config->pointer)};
    open->source = config->type->open(&host, kept);
    open->next = service->sources;
    service->sources = open;
}

static bool is_same(const struct gt_open_source *open, const struct gt_source_config *config)
{
    return config != NULL && open->type == config->type &&
           json_equal(open->settings, config->settings);
}

void gt_sources_follow(struct gt_service *service)
{
    const struct gt_config *config = service->live->config;
    for (struct gt_open_source *open = service->sources, *next; open != NULL; open = next) {
        next = open->next;
        if (open->retired || is_same(open, gt_config_source(config, open->source->name)))
            continue;
        open->retired = true;
    }
    gt_sources_tidy(service);
    for (size_t i = 0; i < config->sources.len; i++)
        if (gt_source_of(service, config->sources.at[i].name) == NULL)
            open_source(service, &config->sources.at[i]);
}

void gt_sources_close(struct gt_service *service)
{
    while (service->sources != NULL)
        close_source(service, service->sources);
}

void gt_source_note(struct gt_source *source, const char *reason)
{
    struct gt_service *service = source->host.service;
    struct gt_open_source *open = service != NULL ? service->sources : NULL;
    while (open != NULL && open->source != source)
        open = open->next;
    if (open == NULL || open->down == (reason != NULL))
        return;
    open->down = reason != NULL;
    gt_service_event(service,
                     json_pack("{s:s, s:s, s:s, s:s*}", "event", "source", "source", source->name,
                               "state", reason == NULL ? "up" : "down", "reason", reason));
}
