/*
 * Reads of the engine. The client repeats a read a few times; a storm of throttling, which a
 * planning run of many resources may well cause itself, is waited out here.
 */
#include "internal.h"

enum { PAUSE_MIN_MS = 1000, PAUSE_MAX_MS = 10000, STORM_LIMIT_MS = 120000 };

struct read_call {
    struct gt_engine *engine;
    struct gt_arena *arena;
    const struct gt_operation *operation;
    json_t *input; /* kept by the arena */
    gt_aws_fn *fn;
    void *payload;
    int64_t begin_ms, pause_ms;
};

static void submit(void *payload);

static void on_answer(void *payload, const struct gt_aws_answer *answer)
{
    struct read_call *call = payload;
    struct gt_engine *engine = call->engine;
    bool in_time = gt_engine_now(engine) - call->begin_ms < STORM_LIMIT_MS;
    if (answer->failure != GT_AWS_OK && answer->throttled && in_time && !engine->interrupted) {
        gt_timer_start(engine->o.loop, call->pause_ms, submit, call);
        call->pause_ms =
            call->pause_ms * 3 / 2 < PAUSE_MAX_MS ? call->pause_ms * 3 / 2 : PAUSE_MAX_MS;
        return;
    }
    call->fn(call->payload, answer);
    gt_arena_free(call->arena);
}

static void submit(void *payload)
{
    struct read_call *call = payload;
    struct gt_call wanted = {
        .operation = call->operation, .input = call->input, .repeatable = true};
    gt_aws_submit(call->engine->o.aws, &wanted, on_answer, call);
}

void gt_read_call(struct gt_engine *engine, const struct gt_operation *operation,
                  const json_t *input, gt_aws_fn *fn, void *payload)
{
    struct gt_arena *arena = gt_arena_new();
    struct read_call *call = GT_NEW(arena, struct read_call);
    *call = (struct read_call){.engine = engine,
                               .arena = arena,
                               .operation = operation,
                               .input = gt_keep(arena, json_deep_copy(input)),
                               .fn = fn,
                               .payload = payload,
                               .begin_ms = gt_engine_now(engine),
                               .pause_ms = PAUSE_MIN_MS};
    submit(call);
}
