/* Which update steps a set of changes needs. */
#include "types.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

bool gt_type_step_writes(const struct gt_type *type, const struct gt_step *step,
                         const char *property)
{
    if (gt_streq(type->tags.property, property))
        return false;
    if (step->properties == NULL) {
        const struct gt_member *member = gt_member_find(step->use.operation->input, property);
        return member != NULL && !(member->flags & GT_MEMBER_IDEMPOTENCY_TOKEN) &&
               !gt_use_binds(&step->use, property);
    }
    for (const char *const *name = step->properties; *name != NULL; name++)
        if (strcmp(*name, property) == 0)
            return true;
    return false;
}

enum reach { NONE, PART, WHOLE };

/* How much of a property that the step writes is in a list of pointers. */
static enum reach reach(const struct gt_type *type, const struct gt_step *step,
                        const json_t *pointers)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    enum reach most = NONE;
    size_t i;
    json_t *item;
    json_array_foreach(pointers, i, item)
    {
        const char *pointer = json_string_value(item);
        if (pointer == NULL)
            continue;
        pointer += *pointer == '/';
        size_t len = strcspn(pointer, "/");
        if (!gt_type_step_writes(type, step, gt_pointer_unescape(scratch, pointer, len)))
            continue;
        if (pointer[len] == '\0')
            return WHOLE;
        most = PART;
    }
    return most;
}

bool gt_type_step_wanted(const struct gt_type *type, const struct gt_step *step,
                         const json_t *changed, const json_t *dropped)
{
    enum reach gone = reach(type, step, dropped);
    bool set = reach(type, step, changed) != NONE || gone == PART;
    switch (step->when) {
    case GT_STEP_SET:
        return set;
    case GT_STEP_REMOVED:
        return gone == WHOLE;
    case GT_STEP_CHANGED:
        break;
    }
    return set || gone != NONE;
}

bool gt_type_step_after_create(const struct gt_type *type, const struct gt_step *step,
                               const json_t *properties)
{
    if (!step->on_create || step->when == GT_STEP_REMOVED)
        return false;
    const char *name;
    json_t *value;
    json_object_foreach(gt_iterable(properties), name,
                        value) if (!gt_json_empty(value) && gt_type_step_writes(type, step, name) &&
                                   gt_member_find(type->create.operation->input, name) ==
                                       NULL) return true;
    return false;
}
