/* Statuses of AgentCore objects, which change by themselves. */
#include "services.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

const char *gt_status(const struct gt_object *object)
{
    const char *status = gt_text_at(object->data, "/status");
    return status != NULL ? status : "";
}

void gt_status_set(struct gt_local *local, struct gt_object *object, const char *status)
{
    gt_set_text(object->data, "status", status);
    gt_set_text(object->hidden, "next", NULL);
    gt_object_due_cancel(local, object, GT_DUE_SETTLE);
    gt_object_touch(local, object);
}

void gt_status_move(struct gt_local *local, struct gt_object *object, const char *pending,
                    const char *settled, int64_t delay_ms)
{
    gt_set_text(object->data, "status", pending);
    gt_set_text(object->hidden, "next", settled);
    json_object_del(object->data, "statusReasons");
    json_object_del(object->data, "failureReason");
    gt_object_touch(local, object);
    gt_object_due(local, object, GT_DUE_SETTLE, delay_ms);
}

void gt_status_settle(struct gt_local *local, struct gt_object *object)
{
    const char *next = gt_text_at(object->hidden, "/next");
    if (next == NULL)
        return;
    gt_set_text(object->data, "status", next);
    gt_set_text(object->hidden, "next", NULL);
    gt_object_touch(local, object);
}

void gt_status_delete(struct gt_local *local, struct gt_object *object)
{
    gt_status_set(local, object, "DELETING");
    gt_object_due(local, object, GT_DUE_REMOVE, gt_local_knob(local)->delete_ms);
}

static bool is_busy(const char *status)
{
    static const char *const busy[] = {"CREATING", "UPDATING", "DELETING", "SYNCHRONIZING"};
    for (size_t i = 0; i < GT_COUNT(busy); i++) {
        if (gt_streq(status, busy[i]))
            return true;
    }
    return false;
}

bool gt_refuse_busy(struct gt_serve *call, const struct gt_object *object, const char *what)
{
    if (!is_busy(gt_status(object)))
        return true;
    gt_serve_fail(call, "ConflictException", "%s %s is in %s status and cannot be changed now",
                  what, object->id, gt_status(object));
    return false;
}

bool gt_visible(const struct gt_local *local, const struct gt_object *object)
{
    int64_t hidden_ms = gt_local_knob(local)->hidden_ms;
    return hidden_ms == 0 || gt_local_now_ms(local) - object->created_ms >= hidden_ms;
}
