#include "marks.h"

#include <gantry/base/json.h>

/* One side of a merge: a value (NULL where the side has none) and the branch of its marks. */
struct side {
    const json_t *value;
    const struct gt_marks *marks;
    const struct gt_marks_node *node;
};

struct target {
    struct gt_marks *marks; /* NULL: no marks are wanted */
    struct gt_marks_node *node;
};

static struct side member_of(const struct side *side, const char *key)
{
    return (struct side){.value = json_object_get(side->value, key),
                         .marks = side->marks,
                         .node = gt_marks_look(side->marks, side->node, key)};
}

static struct target below(const struct target *target, const char *key)
{
    if (target->marks == NULL)
        return *target;
    return (struct target){.marks = target->marks,
                           .node = gt_marks_member(target->marks, target->node, key)};
}

static json_t *copy(const struct side *side, const struct target *target)
{
    if (target->marks != NULL)
        gt_marks_copy_branch(target->marks, target->node, side->node);
    return json_deep_copy(side->value);
}

static json_t *merge(const struct side *base, const struct side *over, const struct target *target);

static void merge_member(const struct side *base, const struct side *over,
                         const struct target *target, const char *key, json_t *out)
{
    struct side base_member = member_of(base, key), over_member = member_of(over, key);
    if (json_is_null(over_member.value))
        return;
    struct target place = below(target, key);
    json_t *value = over_member.value == NULL ? copy(&base_member, &place)
                                              : merge(&base_member, &over_member, &place);
    json_object_set_new_nocheck(out, key, value);
}

/* `over` has a value that is not null. */
static json_t *merge(const struct side *base, const struct side *over, const struct target *target)
{
    if (!json_is_object(over->value))
        return copy(over, target);
    bool both = json_is_object(base->value);
    if (target->marks != NULL)
        gt_marks_copy_own(target->node, both ? base->node : over->node);
    struct side nothing = {0};
    if (!both)
        base = &nothing; /* nulls within a new branch go all the same */
    json_t *out = json_object();
    const char *key;
    json_t *value;
    json_object_foreach(gt_iterable(base->value), key, value)
        merge_member(base, over, target, key, out);
    json_object_foreach(gt_iterable(over->value), key,
                        value) if (json_object_get(base->value, key) == NULL)
        merge_member(base, over, target, key, out);
    return out;
}

json_t *gt_doc_merge(const json_t *base, const struct gt_marks *base_marks, const json_t *over,
                     const struct gt_marks *over_marks, struct gt_marks *out_marks)
{
    struct side base_side = {base, base_marks, gt_marks_look_root(base_marks)};
    struct side over_side = {over, over_marks, gt_marks_look_root(over_marks)};
    struct target target = {out_marks, out_marks == NULL ? NULL : gt_marks_root(out_marks)};
    if (over == NULL || json_is_null(over))
        return copy(&base_side, &target);
    return merge(&base_side, &over_side, &target);
}
