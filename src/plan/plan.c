#include <gantry/plan/plan.h>

#include <gantry/base/hash.h>
#include <gantry/base/json.h>
#include <string.h>

static const char *const action_names[GT_ACTION_COUNT] = {
    [GT_ACTION_NOOP] = "none",     [GT_ACTION_READ] = "read",     [GT_ACTION_CREATE] = "create",
    [GT_ACTION_ADOPT] = "adopt",   [GT_ACTION_UPDATE] = "update", [GT_ACTION_REPLACE] = "replace",
    [GT_ACTION_DELETE] = "delete", [GT_ACTION_FORGET] = "forget",
};

const char *gt_action_name(enum gt_action action)
{
    return action_names[action];
}

bool gt_action_parse(const char *name, enum gt_action *action)
{
    for (int i = 0; name != NULL && i < GT_ACTION_COUNT; i++) {
        if (strcmp(action_names[i], name) == 0) {
            *action = (enum gt_action)i;
            return true;
        }
    }
    return false;
}

struct gt_plan_counts gt_plan_count(const struct gt_plan *plan)
{
    size_t by_action[GT_ACTION_COUNT] = {0};
    for (size_t i = 0; i < plan->steps.len; i++)
        by_action[plan->steps.at[i].action]++;
    return (struct gt_plan_counts){
        .create = by_action[GT_ACTION_CREATE],
        .update = by_action[GT_ACTION_UPDATE],
        .replace = by_action[GT_ACTION_REPLACE],
        .remove = by_action[GT_ACTION_DELETE],
        .adopt = by_action[GT_ACTION_ADOPT],
        .noop = by_action[GT_ACTION_NOOP],
        .read = by_action[GT_ACTION_READ],
        .forget = by_action[GT_ACTION_FORGET],
    };
}

bool gt_plan_has_changes(const struct gt_plan *plan)
{
    struct gt_plan_counts counts = gt_plan_count(plan);
    return counts.create + counts.update + counts.replace + counts.remove + counts.adopt +
               counts.forget >
           0;
}

const char *gt_plan_step_digest(struct gt_arena *arena, const struct gt_plan_step *step)
{
    json_auto_t *document = gt_plan_step_document(step);
    json_object_del(document, "digest");
    char *text = gt_json_canonical(arena, document);
    return gt_sha256_hex(arena, text, strlen(text));
}
