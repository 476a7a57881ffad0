#include <gantry/model/validate.h>

#include <gantry/base/json.h>

static const char mask[] = "(sensitive)";

static const struct gt_shape *inner_shape(const struct gt_shape *shape, const char *key)
{
    if (shape == NULL || shape->kind != GT_SHAPE_STRUCTURE)
        return shape == NULL ? NULL : shape->element;
    const struct gt_member *member = gt_member_find(shape, key);
    return member == NULL ? NULL : member->shape;
}

/* New reference. Below a sensitive shape every string is masked, known to the model or not. */
static json_t *masked(const struct gt_shape *shape, json_t *value, bool sensitive)
{
    sensitive = sensitive || (shape != NULL && (shape->flags & GT_SHAPE_SENSITIVE));
    if (json_is_string(value))
        return sensitive ? json_string(mask) : json_incref(value);
    if (json_is_object(value)) {
        json_t *copy = json_object();
        const char *key;
        json_t *item;
        json_object_foreach(value, key, item)
            json_object_set_new(copy, key, masked(inner_shape(shape, key), item, sensitive));
        return copy;
    }
    if (json_is_array(value)) {
        json_t *copy = json_array();
        size_t index;
        json_t *item;
        json_array_foreach(value, index, item) json_array_append_new(
            copy, masked(shape == NULL ? NULL : shape->element, item, sensitive));
        return copy;
    }
    return json_deep_copy(value);
}

json_t *gt_mask_sensitive(const struct gt_shape *shape, const json_t *value)
{
    return masked(shape, gt_iterable(value), false);
}
