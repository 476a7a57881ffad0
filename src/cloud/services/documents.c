/* Small helpers of the handlers for documents. */
#include "services.h"

#include <gantry/base/json.h>

enum { TAGS_MAX = 50 };

void gt_members_copy(json_t *to, const json_t *from, const char *const *names)
{
    for (; *names != NULL; names++) {
        json_t *value = json_object_get(from, *names);
        if (value != NULL)
            json_object_set_new(to, *names, json_deep_copy(value));
    }
}

json_t *gt_answer(struct gt_serve *call, json_t *from)
{
    json_t *output = gt_pick(call->operation->output, from);
    json_decref(from);
    return output;
}

void gt_set_text(json_t *object, const char *name, const char *value)
{
    if (value == NULL)
        json_object_del(object, name);
    else
        json_object_set_new(object, name, json_string(value));
}

void gt_tags_touch(struct gt_local *local, struct gt_object *object)
{
    int64_t updated_ms = object->updated_ms;
    gt_object_touch(local, object);
    object->updated_ms = updated_ms;
}

bool gt_tags_add(struct gt_local *local, struct gt_object *object, const json_t *tags)
{
    json_t *merged = json_copy(object->tags);
    json_object_update(merged, gt_iterable(tags));
    if (json_object_size(merged) > TAGS_MAX) {
        json_decref(merged);
        return false;
    }
    json_decref(object->tags);
    object->tags = merged;
    gt_tags_touch(local, object);
    return true;
}

void gt_tags_remove(struct gt_local *local, struct gt_object *object, const json_t *names)
{
    size_t index;
    json_t *name;
    json_array_foreach(gt_iterable(names), index, name)
        json_object_del(object->tags, json_string_value(name));
    gt_tags_touch(local, object);
}
