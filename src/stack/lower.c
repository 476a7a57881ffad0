/* What the sections share: entries, resources, properties with their places, tags. */
#include "lower.h"

#include <gantry/base/pattern.h>
#include <gantry/doc/keys.h>
#include <stdlib.h>
#include <string.h>

/* Values are pointed at themselves, entries by their names. */
static void place(struct gt_low *low, struct gt_diag *diag, const char *pointer)
{
    if (pointer != NULL && low->doc != NULL && json_is_object(gt_at(low->doc, pointer)))
        diag->pos = gt_marks_key_pos(low->marks, pointer);
    else if (pointer != NULL)
        diag->pos = gt_marks_pos(low->marks, pointer);
}

struct gt_diag *gt_low_error(struct gt_low *low, const char *pointer, const char *code,
                             const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct gt_diag *diag = gt_error(low->diags, code, "%s", gt_vprintf(low->arena, format, args));
    va_end(args);
    place(low, diag, pointer);
    return diag;
}

struct gt_diag *gt_low_warning(struct gt_low *low, const char *pointer, const char *code,
                               const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct gt_diag *diag = gt_warning(low->diags, code, "%s", gt_vprintf(low->arena, format, args));
    va_end(args);
    place(low, diag, pointer);
    return diag;
}

const char *gt_low_suggest(struct gt_low *low, const struct gt_map *names, const char *word)
{
    enum { LISTED = 8 };
    size_t count = names->entries.len;
    const char **all = gt_calloc(low->arena, count + 1, sizeof(*all)), *list = "";
    for (size_t i = 0; i < count; i++)
        all[i] = names->entries.at[i].key;
    const char *near = gt_nearest(word, all);
    if (near != NULL)
        return gt_printf(low->arena, "did you mean \"%s\"?", near);
    for (size_t i = 0; i < count && i < LISTED; i++)
        list = gt_printf(low->arena, "%s%s%s", list, i > 0 ? ", " : "", all[i]);
    return count == 0 ? "there is none yet: add it to the manifest"
           : count > LISTED
               ? gt_printf(low->arena, "there are %s and %zu more", list, count - LISTED)
               : gt_printf(low->arena, "there is %s", list);
}

void gt_each_item(struct gt_low *low, const char *section, gt_item_fn *fn)
{
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(low->doc, section), name, value)
    {
        if (!json_is_object(value)) /* reported by the schema */
            continue;
        const char *in_section = gt_pointer_join(low->arena, "", section);
        struct gt_item item = {.section = section,
                               .name = gt_strdup(low->arena, name),
                               .pointer = gt_pointer_join(low->arena, in_section, name),
                               .value = value};
        fn(low, &item);
    }
}

const char *gt_item_text(const struct gt_item *item, const char *key)
{
    return json_string_value(json_object_get(item->value, key));
}

bool gt_item_true(const struct gt_item *item, const char *key, bool otherwise)
{
    const json_t *value = json_object_get(item->value, key);
    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

const char *gt_item_pointer(struct gt_low *low, const struct gt_item *item, const char *key)
{
    return gt_printf(low->arena, "%s/%s", item->pointer, key);
}

struct gt_item gt_item_child(struct gt_low *low, const struct gt_item *item, const char *name,
                             const json_t *value, const char *path)
{
    const char *parent = gt_item_pointer(low, item, path);
    return (struct gt_item){.section = item->section,
                            .name = gt_strdup(low->arena, name),
                            .pointer = gt_pointer_join(low->arena, parent, name),
                            .value = value};
}

static void tag(struct gt_low *low, struct gt_resource *resource, const char *key,
                const char *value)
{
    if (resource->type->tags.property == NULL)
        return;
    if (resource->tags == NULL)
        resource->tags = gt_keep(low->arena, json_object());
    json_object_set_new(resource->tags, key, json_string(value));
}

struct gt_resource *gt_low_add(struct gt_low *low, const struct gt_item *item, const char *type,
                               const char *address, ...)
{
    struct gt_resource *resource = GT_NEW(low->arena, struct gt_resource);
    va_list args;
    va_start(args, address);
    resource->address = gt_vprintf(low->arena, address, args);
    va_end(args);
    resource->type = gt_type_find(type);
    if (resource->type == NULL)
        gt_die("there is no resource type %s", type);
    resource->properties = gt_keep(low->arena, json_object());
    resource->marks = gt_marks_new(low->arena);
    resource->pos = gt_marks_key_pos(low->marks, item->pointer);
    resource->origin = item->pointer;
    gt_marks_set(resource->marks, "", (struct gt_mark){.pos = resource->pos, .key = resource->pos});
    tag(low, resource, "gantry:stack", low->stack->name);
    tag(low, resource, "gantry:environment", low->stack->environment);
    tag(low, resource, "gantry:address", resource->address);
    const struct gt_resource *other = gt_map_get(&low->by_address, resource->address);
    if (other != NULL) {
        struct gt_diag *diag = gt_low_error(low, item->pointer, "duplicate-address",
                                            "two resources have the address %s", resource->address);
        diag->hint = gt_printf(low->arena, "rename this entry; the other is at %s:%u:%u",
                               other->pos.file != NULL ? other->pos.file : "?", other->pos.line,
                               other->pos.column);
        return resource;
    }
    *GT_PUSH(low->arena, &low->resources) = resource;
    gt_map_set(&low->by_address, resource->address, resource);
    return resource;
}

/* Whether a scalar stands in the way to a property: one that was reported, in place of a map. */
static bool blocked(struct gt_low *low, const struct gt_resource *resource, const char *property)
{
    for (const char *slash = strchr(property + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        const json_t *at = gt_at(resource->properties,
                                 gt_strndup(low->arena, property, (size_t)(slash - property)));
        if (at != NULL && !json_is_object(at) && !json_is_array(at))
            return true;
    }
    return false;
}

void gt_low_put(struct gt_low *low, struct gt_resource *resource, const char *property,
                json_t *value, const char *from)
{
    if (value == NULL || blocked(low, resource, property)) {
        json_decref(value);
        return;
    }
    gt_put_at(resource->properties, property, value);
    if (from != NULL) {
        struct gt_mark mark = {.pos = gt_marks_pos(low->marks, from),
                               .key = gt_marks_key_pos(low->marks, from)};
        gt_marks_set(resource->marks, property, mark);
        gt_marks_graft(resource->marks, property, low->marks, from);
    }
}

void gt_low_put_text(struct gt_low *low, struct gt_resource *resource, const char *property,
                     const char *text)
{
    gt_low_put(low, resource, property, text != NULL ? json_string(text) : NULL, NULL);
}

void gt_low_copy(struct gt_low *low, struct gt_resource *resource, const char *property,
                 const struct gt_item *item, const char *key)
{
    json_t *value = json_object_get(item->value, key);
    gt_low_put(low, resource, property, json_incref(value), gt_item_pointer(low, item, key));
}

const char *gt_ref(struct gt_arena *arena, const char *address, const char *attribute)
{
    return gt_printf(arena, "${%s.%s}", address, attribute);
}

const char *gt_low_arn(struct gt_low *low, const char *service, const char *resource)
{
    return gt_printf(low->arena, "arn:%s:%s:%s:%s:%s", low->partition->id, service, low->region,
                     low->account, resource);
}

/* "/a/b" of "a.b", "a/b" or "/a/b". */
static const char *as_pointer(struct gt_low *low, const char *path)
{
    if (*path == '/')
        return gt_strdup(low->arena, path);
    char *pointer = gt_printf(low->arena, "/%s", path);
    if (strchr(pointer + 1, '/') == NULL) {
        for (char *c = pointer; *c != '\0'; c++)
            *c = *c == '.' ? '/' : *c;
    }
    return pointer;
}

/* `tags` is what entries call them, whatever the API does. */
static const char *tag_pointer(struct gt_low *low, const struct gt_type *type, const char *pointer)
{
    static const char tags[] = "/tags";
    size_t len = strlen(tags);
    if (type->tags.property == NULL || !gt_starts_with(pointer, tags) ||
        (pointer[len] != '\0' && pointer[len] != '/'))
        return pointer;
    return gt_printf(low->arena, "/%s%s", type->tags.property, pointer + len);
}

static bool is_tag(const struct gt_type *type, const char *pointer)
{
    size_t len = strcspn(pointer + 1, "/");
    return type->tags.property != NULL && strlen(type->tags.property) == len &&
           strncmp(type->tags.property, pointer + 1, len) == 0;
}

/* The list or document above a pointer that is compared as a whole, or NULL. */
static const char *whole_above(struct gt_low *low, const struct gt_type *type, const char *pointer)
{
    for (const char *end = strchr(pointer + 1, '/'); end != NULL; end = strchr(end + 1, '/')) {
        const char *above = gt_strndup(low->arena, pointer, (size_t)(end - pointer));
        const struct gt_shape *shape = gt_type_property_shape(type, above);
        const struct gt_attr *attr = gt_type_attr(type, above);
        if ((shape != NULL && shape->kind == GT_SHAPE_LIST) ||
            (attr != NULL && attr->flags & (GT_ATTR_POLICY | GT_ATTR_JSON)))
            return above;
    }
    return NULL;
}

static void check_pointer(struct gt_low *low, const struct gt_resource *resource, const char *given,
                          const char *pointer, const char *from)
{
    const struct gt_type *type = resource->type;
    const char *whole = whole_above(low, type, pointer);
    if (gt_is_reported(given) || is_tag(type, pointer) ||
        (whole == NULL && gt_type_property_shape(type, pointer) != NULL))
        return;
    struct gt_diag *diag;
    if (whole != NULL) {
        diag = gt_low_error(low, from, "bad-ignore", "\"%s\" cannot be ignored alone", given);
        diag->hint = gt_printf(low->arena, "%s is compared as a whole: ignore that", whole + 1);
    } else {
        const char *head = gt_strndup(low->arena, pointer + 1, strcspn(pointer + 1, "/"));
        const char *near = gt_nearest(head, gt_type_properties(type, low->arena));
        diag = gt_low_error(low, from, "unknown-property", "%s has no property \"%s\"", type->name,
                            given);
        if (near != NULL && strcmp(near, head) != 0)
            diag->hint = gt_printf(low->arena, "did you mean \"%s\"?", near);
    }
    diag->subject = resource->address;
}

static const char *const *pointers(struct gt_low *low, const struct gt_resource *resource,
                                   const struct gt_item *item, const char *key, bool known)
{
    const json_t *list = json_object_get(item->value, key);
    const char **out = gt_calloc(low->arena, json_array_size(list) + 1, sizeof(*out));
    size_t i;
    json_t *path;
    if (json_array_size(list) == 0)
        return NULL;
    json_array_foreach(list, i, path)
    {
        const char *text = json_string_value(path);
        out[i] = tag_pointer(low, resource->type, as_pointer(low, text));
        if (known)
            check_pointer(low, resource, text, out[i],
                          gt_pointer_index(low->arena, gt_item_pointer(low, item, key), i));
    }
    return out;
}

/* `tags` below `properties` go where all tags are: the engine keeps them apart from the rest. */
static void take_tags(struct gt_low *low, struct gt_resource *resource)
{
    const char *property = resource->type->tags.property;
    json_t *given = property == NULL ? NULL : json_object_get(resource->properties, property);
    if (given == NULL)
        return;
    json_auto_t *map = gt_type_tags_map(resource->type, given);
    const char *key;
    json_t *value;
    json_object_foreach(map, key, value) tag(low, resource, key, json_string_value(value));
    json_object_del(resource->properties, property);
}

static void merge_properties(struct gt_low *low, struct gt_resource *resource,
                             const struct gt_item *item)
{
    const json_t *over = json_object_get(item->value, "properties");
    const char *pointer = gt_item_pointer(low, item, "properties");
    if (over == NULL || json_is_null(over))
        return;
    if (!json_is_object(over)) {
        if (!gt_is_reported(json_string_value(over)))
            gt_low_error(low, pointer, "wrong-type", "properties must be a map");
        return;
    }
    struct gt_marks *over_marks = gt_marks_new(low->arena), *merged = gt_marks_new(low->arena);
    gt_marks_graft(over_marks, "", low->marks, pointer);
    resource->properties = gt_keep(
        low->arena, gt_doc_merge(resource->properties, resource->marks, over, over_marks, merged));
    resource->marks = merged;
    gt_marks_set(merged, "", (struct gt_mark){.pos = resource->pos, .key = resource->pos});
    take_tags(low, resource);
}

static void set_protection(struct gt_low *low, struct gt_resource *resource,
                           const struct gt_item *item)
{
    const struct gt_type *type = resource->type;
    json_error_t ignored;
    if (type->protection == NULL || json_object_get(item->value, "protect") == NULL)
        return;
    const char *property = as_pointer(low, type->protection);
    if (gt_at(resource->properties, property) != NULL)
        return;
    const char *value = resource->protect ? type->protection_on : type->protection_off;
    gt_low_put(low, resource, property, json_loads(value, JSON_DECODE_ANY, &ignored),
               gt_item_pointer(low, item, "protect"));
}

static void check_tag(struct gt_low *low, const char *key, const json_t *value, const char *pointer)
{
    static const char pattern[] = "[a-zA-Z0-9\\s._:/=+@-]*";
    const char *text = json_string_value(value);
    struct gt_diag *diag = NULL;
    if (gt_starts_with(key, "aws:") || gt_starts_with(key, "gantry:"))
        diag = gt_low_error(low, pointer, "bad-tag", "tags that start with \"%.*s\" are reserved",
                            (int)strcspn(key, ":") + 1, key);
    else if (gt_utf8_length(key) > 128 || *key == '\0' || gt_utf8_length(text) > 256)
        diag = gt_low_error(low, pointer, "bad-tag", "tag \"%s\" is too long", key);
    else if (!gt_pattern_matches(pattern, key) || !gt_pattern_matches(pattern, text))
        diag = gt_low_error(low, pointer, "bad-tag",
                            "tag \"%s\" has characters that are not allowed", key);
    if (diag != NULL)
        diag->hint =
            "keys have 1 to 128 and values up to 256 of letters, digits, spaces and ._:/=+@-";
}

/* The user's tags at a manifest pointer. */
static void add_tags(struct gt_low *low, struct gt_resource *resource, const char *pointer)
{
    const json_t *tags = gt_at(low->doc, pointer);
    const char *key;
    json_t *value;
    if (resource->type->tags.property == NULL)
        return;
    json_object_foreach(gt_iterable(tags), key, value)
    {
        const char *text = json_string_value(value);
        if (!gt_has_refs(value) && !gt_starts_with(key, "gantry:"))
            tag(low, resource, key, text);
        else if (!gt_is_reported(text) && gt_has_refs(value))
            gt_low_error(low, gt_pointer_join(low->arena, pointer, key), "reference-not-allowed",
                         "tags cannot refer to resources");
    }
}

void gt_low_check_tags(struct gt_low *low, const char *pointer)
{
    const json_t *tags = gt_at(low->doc, pointer);
    const char *key;
    json_t *value;
    enum { MAX = 50, OURS = 4 };
    json_object_foreach(gt_iterable(tags), key, value)
    {
        if (!gt_has_refs(value))
            check_tag(low, key, value, gt_pointer_join(low->arena, pointer, key));
    }
    if (json_object_size(tags) + OURS > MAX)
        gt_low_error(low, pointer, "bad-tag", "there are %zu tags", json_object_size(tags))->hint =
            "services take 50, of which Gantry needs 4";
}

void gt_low_tags(struct gt_low *low, struct gt_resource *resource, const struct gt_item *item)
{
    add_tags(low, resource, "/defaults/tags");
    add_tags(low, resource, gt_item_pointer(low, item, "tags"));
    resource->retain = resource->retain || gt_item_true(item, "retain", false);
}

static void add_after(struct gt_low *low, struct gt_resource *resource, const struct gt_item *item)
{
    size_t i;
    json_t *address;
    json_array_foreach(json_object_get(item->value, "after"), i, address) *
        GT_PUSH(low->arena, &resource->after) = json_string_value(address);
}

void gt_low_common(struct gt_low *low, struct gt_resource *resource, const struct gt_item *item)
{
    gt_low_check_tags(low, gt_item_pointer(low, item, "tags"));
    gt_low_tags(low, resource, item);
    resource->protect = gt_item_true(item, "protect", false);
    resource->unchecked = pointers(low, resource, item, "unchecked", false);
    resource->ignore = pointers(low, resource, item, "ignore", resource->unchecked == NULL);
    add_after(low, resource, item);
    merge_properties(low, resource, item);
    set_protection(low, resource, item);
}

void gt_low_uncheck(struct gt_low *low, struct gt_resource *resource, const char *property)
{
    size_t count = 0;
    while (resource->unchecked != NULL && resource->unchecked[count] != NULL)
        count++;
    const char **all = gt_calloc(low->arena, count + 2, sizeof(*all));
    for (size_t i = 0; i < count; i++)
        all[i] = resource->unchecked[i];
    all[count] = property;
    resource->unchecked = all;
}

static void warn_idle(struct gt_low *low, const struct gt_resource *resource,
                      const struct gt_item *item, const char *const *beside)
{
    const char *key, *idle = "";
    json_t *value;
    json_object_foreach(gt_iterable(item->value), key, value)
    {
        bool known = strcmp(key, "existing") == 0;
        for (const char *const *one = beside; *one != NULL && !known; one++)
            known = strcmp(key, *one) == 0;
        if (!known)
            idle = gt_printf(low->arena, "%s%s%s", idle, *idle != '\0' ? ", " : "", key);
    }
    if (*idle != '\0')
        gt_low_warning(low, gt_item_pointer(low, item, "existing"), "idle-keys",
                       "%s exists already: nothing is made of %s", resource->address, idle)
            ->hint = "Gantry never writes to what exists already: take them out, or existing:";
}

bool gt_low_existing(struct gt_low *low, struct gt_resource *resource, const struct gt_item *item,
                     const char *const *beside)
{
    const json_t *existing = json_object_get(item->value, "existing");
    if (!json_is_object(existing))
        return false;
    const char *key = "";
    json_t *value;
    if (json_object_size(existing) != 1) {
        gt_low_error(low, gt_item_pointer(low, item, "existing"), "bad-existing",
                     "existing names %s", json_object_size(existing) == 0 ? "nothing" : "too much")
            ->hint = "give one of id, arn and name";
    }
    json_object_foreach(gt_iterable(existing), key, value) resource->existing =
        gt_template_unescape(low->arena, json_string_value(value));
    if (resource->existing == NULL)
        resource->existing = "";
    resource->tags = NULL;
    warn_idle(low, resource, item, beside);
    return true;
}
