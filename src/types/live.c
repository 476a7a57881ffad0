/* What a read gave, and tags in their two forms. */
#include "types.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

static bool is_item(const struct gt_type *type, const json_t *identity, const json_t *item)
{
    for (size_t i = 0; i < GT_COUNT(type->read_match) && type->read_match[i][0] != NULL; i++) {
        const json_t *value = gt_at(item, type->read_match[i][0]);
        if (value == NULL || !json_equal(value, json_object_get(identity, type->read_match[i][1])))
            return false;
    }
    return true;
}

const json_t *gt_type_read_item(const struct gt_type *type, const json_t *identity,
                                const json_t *page)
{
    size_t i;
    json_t *item;
    json_array_foreach(gt_at(page, type->read_items), i,
                       item) if (is_item(type, identity, item)) return item;
    return NULL;
}

json_t *gt_type_live(const struct gt_type *type, const json_t *identity, const json_t *output)
{
    bool inner = type->read_items == NULL && type->read.out != NULL;
    const json_t *object = inner ? gt_at(output, type->read.out) : output;
    if (!json_is_object(object) ||
        (type->absent_without != NULL && gt_json_empty(gt_at(object, type->absent_without))))
        return NULL;
    json_t *live = type->normalize == NULL ? json_deep_copy(object) : type->normalize(object);
    for (const struct gt_identity *member = type->identity; member->name != NULL; member++) {
        json_t *value = json_object_get(identity, member->name);
        if (member->property != NULL && value != NULL && gt_at(live, member->property) == NULL)
            gt_put_at(live, member->property, json_incref(value));
    }
    return live;
}

bool gt_type_reads_tags(const struct gt_type *type)
{
    const struct gt_tagging *tags = &type->tags;
    return tags->property != NULL && (tags->in_read || tags->list.operation != NULL);
}

json_t *gt_type_tags_map(const struct gt_type *type, const json_t *tags)
{
    (void)type;
    if (json_is_object(tags))
        return json_deep_copy(tags);
    json_t *map = json_object();
    size_t i;
    json_t *tag;
    json_array_foreach(tags, i, tag)
    {
        const char *key = json_string_value(json_object_get(tag, "Key"));
        json_t *value = json_object_get(tag, "Value");
        if (key != NULL)
            json_object_set_new(map, key, value == NULL ? json_string("") : json_incref(value));
    }
    return map;
}

json_t *gt_type_tags_form(const struct gt_type *type, const json_t *map)
{
    if (type->tags.form == GT_TAGS_MAP || json_is_array(map))
        return json_deep_copy(map);
    json_t *list = json_array();
    const char *key;
    json_t *value;
    json_object_foreach(gt_iterable(map), key, value)
        json_array_append_new(list, json_pack("{s:s, s:O}", "Key", key, "Value", value));
    return list;
}
