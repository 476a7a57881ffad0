#include "internal.h"

int64_t gt_engine_now(const struct gt_engine *engine)
{
    return gt_monotonic_ms(gt_loop_sys(engine->o.loop));
}

void gt_emit(struct gt_engine *engine, enum gt_event_kind kind, const struct gt_item *item,
             enum gt_action action, int64_t since_ms, const char *message)
{
    if (engine->o.event == NULL)
        return;
    struct gt_event event = {
        .kind = kind,
        .time_ms = gt_now_ms(gt_loop_sys(engine->o.loop)),
        .elapsed_ms = gt_engine_now(engine) - since_ms,
        .address = item == NULL ? NULL : item->address,
        .type = item == NULL ? NULL : item->type->name,
        .action = action,
        .message = message,
    };
    engine->o.event(engine->o.event_payload, &event);
}
