/* Readiness: whether every source answers now. Liveness is another question and asks no source. */
#include "parts.h"

enum { PROBE_MS = 2000 };

/* One round of asking. Who comes meanwhile waits for its answer: a source is asked once at a time,
 * however many want to know. */
struct gt_readiness {
    struct gt_arena *arena;
    struct gt_service *service;
    GT_VEC(struct gt_exchange *) waiting;
    json_t *sources;
    size_t open;
    bool all;
};

struct probe {
    struct gt_readiness *readiness;
    struct gt_open_source *source;
};

static void finish(struct gt_readiness *readiness)
{
    if (--readiness->open > 0)
        return;
    readiness->service->readiness = NULL;
    json_auto_t *document =
        json_pack("{s:s, s:o}", "status", readiness->all ? "ready" : "unavailable", "sources",
                  readiness->sources);
    for (size_t i = 0; i < readiness->waiting.len; i++)
        gt_reply_json(readiness->waiting.at[i], readiness->all ? 200 : 503, document);
    gt_arena_free(readiness->arena);
}

static void on_probed(void *payload, const char *reason)
{
    struct probe *probe = payload;
    struct gt_readiness *readiness = probe->readiness;
    json_object_set_new(readiness->sources, probe->source->source->name,
                        json_pack("{s:b, s:s*}", "ready", reason == NULL, "reason", reason));
    readiness->all = readiness->all && reason == NULL;
    gt_source_leave(readiness->service, probe->source);
    finish(readiness);
}

void gt_ready_answer(struct gt_service *service, struct gt_exchange *exchange)
{
    struct gt_readiness *readiness = service->readiness;
    if (readiness != NULL) {
        *GT_PUSH(readiness->arena, &readiness->waiting) = exchange;
        return;
    }
    struct gt_arena *arena = gt_arena_new();
    readiness = service->readiness = GT_NEW(arena, struct gt_readiness);
    *readiness = (struct gt_readiness){
        .arena = arena, .service = service, .sources = json_object(), .open = 1, .all = true};
    *GT_PUSH(arena, &readiness->waiting) = exchange;
    for (struct gt_open_source *open = service->sources; open != NULL; open = open->next) {
        if (open->retired)
            continue;
        struct probe *probe = GT_NEW(arena, struct probe);
        *probe = (struct probe){readiness, open};
        readiness->open++;
        gt_source_use(open);
        open->type->probe(open->source, PROBE_MS, on_probed, probe);
    }
    finish(readiness);
}
