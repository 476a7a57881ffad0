#include "internal.h"

static void on_turn(void *payload)
{
    struct gt_engine *engine = payload;
    if (engine->run != NULL)
        gt_mutations_flush(engine->run);
}

struct gt_engine *gt_engine_new(struct gt_arena *arena, const struct gt_engine_options *options)
{
    struct gt_engine *engine = GT_NEW(arena, struct gt_engine);
    engine->arena = arena;
    engine->o = *options;
    if (engine->o.poll_min_ms == 0)
        engine->o.poll_min_ms = 250;
    if (engine->o.poll_max_ms == 0)
        engine->o.poll_max_ms = 10000;
    gt_loop_on_turn(options->loop, on_turn, engine);
    return engine;
}

void gt_engine_free(struct gt_engine *engine)
{
    if (engine == NULL)
        return;
    gt_loop_on_turn(engine->o.loop, NULL, NULL);
    gt_items_free(engine);
}

void gt_engine_interrupt(struct gt_engine *engine)
{
    engine->interrupted = true; /* reads that are under way finish */
    if (engine->run != NULL)
        gt_run_interrupt(engine->run);
}

const json_t *gt_engine_live(const struct gt_engine *engine)
{
    return engine->live;
}
