/* Readiness: whether the sources answer. Liveness is another question and asks no source. */
#include "parts.h"

#include <gantry/base/json.h>

enum { PROBE_MS = 2000, KEPT_MS = 1000 };

struct asking {
    struct gt_exchange *exchange;
    const char *tier;
};

/* One round of asking. Who comes meanwhile waits for its answer, and who comes a moment later gets
 * the same: sources are asked once a second, however many want to know. */
struct gt_readiness {
    struct gt_arena *arena;
    struct gt_service *service;
    GT_VEC(struct asking) waiting;
    json_t *sources;  /* what is known of each, by name */
    size_t open;      /* that have not answered */
    int64_t until_ms; /* how long the answers hold */
};

struct probe {
    struct gt_readiness *readiness;
    struct gt_open_source *source;
};

static int64_t now_ms(const struct gt_service *service)
{
    return gt_monotonic_ms(gt_loop_sys(service->loop));
}

/* A tier is told of the sources that its own tools work on. */
static void answer(const struct gt_readiness *readiness, const struct asking *asking)
{
    const struct gt_tier *tier = gt_live_tier(readiness->service->live, asking->tier);
    json_t *sources = json_object();
    bool all = tier != NULL;
    for (size_t i = 0; tier != NULL && i < tier->tools.len; i++) {
        const char *name = tier->tools.at[i]->source;
        json_t *state = name != NULL ? json_object_get(readiness->sources, name) : NULL;
        if (state == NULL)
            continue;
        json_object_set(sources, name, state);
        all = all && json_is_true(json_object_get(state, "ready"));
    }
    json_auto_t *document =
        json_pack("{s:s, s:o}", "status", all ? "ready" : "unavailable", "sources", sources);
    gt_reply_json(asking->exchange, all ? 200 : 503, document);
}

static void finish(struct gt_readiness *readiness)
{
    if (--readiness->open > 0)
        return;
    readiness->until_ms = now_ms(readiness->service) + KEPT_MS;
    for (size_t i = 0; i < readiness->waiting.len; i++)
        answer(readiness, &readiness->waiting.at[i]);
    readiness->waiting.len = 0;
    if (readiness->service->readiness != readiness) /* it was forgotten meanwhile */
        gt_arena_free(readiness->arena);
}

static void on_probed(void *payload, const char *reason)
{
    struct probe *probe = payload;
    struct gt_readiness *readiness = probe->readiness;
    json_object_set_new(readiness->sources, probe->source->source->name,
                        json_pack("{s:b, s:s*}", "ready", reason == NULL, "reason", reason));
    gt_source_leave(readiness->service, probe->source);
    finish(readiness);
}

/* Its own turn counts as one that has not answered: sources may answer at once. */
static struct gt_readiness *begin(struct gt_service *service)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_readiness *readiness = GT_NEW(arena, struct gt_readiness);
    *readiness = (struct gt_readiness){
        .arena = arena, .service = service, .sources = gt_keep(arena, json_object()), .open = 1};
    for (struct gt_open_source *open = service->sources; open != NULL; open = open->next) {
        if (open->retired)
            continue;
        struct probe *probe = GT_NEW(arena, struct probe);
        *probe = (struct probe){readiness, open};
        readiness->open++;
        gt_source_use(open);
        open->type->probe(open->source, PROBE_MS, on_probed, probe);
    }
    return readiness;
}

void gt_ready_answer(struct gt_listener *listener, struct gt_exchange *exchange)
{
    struct gt_service *service = listener->service;
    const struct asking asking = {exchange, listener->tier};
    struct gt_readiness *readiness = service->readiness;
    if (readiness != NULL && readiness->open == 0 && now_ms(service) >= readiness->until_ms) {
        gt_ready_forget(service);
        readiness = NULL;
    }
    if (readiness != NULL && readiness->open == 0) {
        answer(readiness, &asking);
        return;
    }
    bool first = readiness == NULL;
    if (first)
        readiness = service->readiness = begin(service);
    *GT_PUSH(readiness->arena, &readiness->waiting) = asking;
    if (first)
        finish(readiness);
}

void gt_ready_forget(struct gt_service *service)
{
    struct gt_readiness *readiness = service->readiness;
    service->readiness = NULL;
    if (readiness != NULL && readiness->open == 0) /* else the end of the round does */
        gt_arena_free(readiness->arena);
}
