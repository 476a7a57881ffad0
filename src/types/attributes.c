/* Attributes and shapes: what a pointer into the properties or into live is. */
#include "types.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>

/* Whether a row's path ("a/b" with "*" for any part, a last "**" for any parts) is that of a
 * pointer
 * ("/a/b"). */
static bool path_fits(const char *path, const char *pointer)
{
    while (*pointer == '/') {
        if (strcmp(path, "**") == 0)
            return true;
        pointer++;
        size_t want = strcspn(path, "/"), have = strcspn(pointer, "/");
        bool any = want == 1 && *path == '*';
        if (!any && (want != have || strncmp(path, pointer, want) != 0))
            return false;
        path += want;
        pointer += have;
        if (*path == '/')
            path++;
        else if (*pointer == '/')
            return false;
    }
    return *path == '\0' || strcmp(path, "**") == 0;
}

const struct gt_attr *gt_type_attr(const struct gt_type *type, const char *pointer)
{
    const struct gt_attr *row = type->attributes;
    for (; row != NULL && row->path != NULL; row++)
        if (*pointer == '/' && path_fits(row->path, pointer))
            return row;
    return NULL;
}

bool gt_use_binds(const struct gt_use *use, const char *member)
{
    for (const struct gt_bind *bind = use->in; bind != NULL && bind->member != NULL; bind++)
        if (gt_streq(bind->member, member))
            return true;
    return false;
}

/* A member of a call's input that comes from the property of the same name. */
static const struct gt_member *taken_member(const struct gt_use *use, const char *name)
{
    const struct gt_member *member = gt_member_find(use->operation->input, name);
    if (member == NULL || member->flags & GT_MEMBER_IDEMPOTENCY_TOKEN || gt_use_binds(use, name))
        return NULL;
    return member;
}

static bool listed(const char *const *names, const char *name)
{
    for (; names != NULL && *names != NULL; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

const struct gt_member *gt_property_member(const struct gt_type *type, const char *name)
{
    const struct gt_member *member = taken_member(&type->create, name);
    const struct gt_step *step = type->steps;
    for (; member == NULL && step != NULL && step->use.operation != NULL; step++)
        if (step->properties == NULL || listed(step->properties, name))
            member = taken_member(&step->use, name);
    return member;
}

static int by_name(const void *a, const void *b)
{
    const struct gt_member *x = a, *y = b;
    return strcmp(x->name, y->name);
}

const struct gt_shape *gt_properties_shape(const struct gt_type *type, struct gt_arena *arena)
{
    GT_VEC(struct gt_member) members = {0};
    const struct gt_shape *input = type->create.operation->input;
    for (size_t i = 0; i < input->member_count; i++)
        if (taken_member(&type->create, input->members[i].name) != NULL)
            *GT_PUSH(arena, &members) = input->members[i];
    const struct gt_step *step = type->steps;
    for (; step != NULL && step->use.operation != NULL; step++) {
        const struct gt_shape *taken = step->use.operation->input;
        for (size_t i = 0; i < taken->member_count; i++) {
            const struct gt_member *member = &taken->members[i];
            bool known = false;
            for (size_t j = 0; j < members.len; j++)
                known |= strcmp(members.at[j].name, member->name) == 0;
            if (known || gt_property_member(type, member->name) != member)
                continue;
            struct gt_member *added = GT_PUSH(arena, &members);
            *added = *member;
            added->flags &= ~(unsigned)GT_MEMBER_REQUIRED;
        }
    }
    qsort(members.at, members.len, sizeof(*members.at), by_name);
    struct gt_shape *shape = GT_NEW(arena, struct gt_shape);
    *shape = (struct gt_shape){.name = type->name,
                               .kind = GT_SHAPE_STRUCTURE,
                               .members = members.at,
                               .member_count = members.len,
                               .min = INT64_MIN,
                               .max = INT64_MAX};
    return shape;
}

const char *const *gt_type_properties(const struct gt_type *type, struct gt_arena *arena)
{
    const struct gt_shape *shape = gt_properties_shape(type, arena);
    const char **names = gt_calloc(arena, shape->member_count + 1, sizeof(*names));
    for (size_t i = 0; i < shape->member_count; i++)
        names[i] = shape->members[i].name;
    return names;
}

const struct gt_shape *gt_type_property_shape(const struct gt_type *type, const char *pointer)
{
    if (*pointer != '/')
        return NULL;
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    size_t len = strcspn(pointer + 1, "/");
    const struct gt_member *member =
        gt_property_member(type, gt_strndup(scratch, pointer + 1, len));
    return member == NULL ? NULL : gt_shape_at(member->shape, pointer + 1 + len);
}

/* The shape of something in live that is no property: by the read's output. */
static const struct gt_shape *live_shape(const struct gt_type *type, const char *pointer)
{
    const struct gt_shape *object = type->read.operation->output;
    if (type->read_items != NULL)
        object = gt_shape_at(object, type->read_items), object = object ? object->element : NULL;
    else if (type->read.out != NULL)
        object = gt_shape_at(object, type->read.out);
    return object == NULL ? NULL : gt_shape_at(object, pointer);
}

/* Whether a value is secret, when the one that holds it is (`above`). */
static bool secret_below(const struct gt_type *type, const char *pointer, bool above)
{
    const struct gt_attr *attr = gt_type_attr(type, pointer);
    if (attr != NULL && attr->flags & GT_ATTR_SECRET)
        return true;
    if (attr != NULL && attr->flags & GT_ATTR_NOT_SECRET)
        return false;
    const struct gt_shape *shape = gt_type_property_shape(type, pointer);
    if (shape == NULL)
        shape = live_shape(type, pointer);
    return above || (shape != NULL && shape->flags & GT_SHAPE_SENSITIVE);
}

bool gt_type_secret(const struct gt_type *type, const char *pointer)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    char *prefix = gt_strdup(scratch, pointer);
    bool secret = false;
    for (char *at = prefix; *at != '\0';) {
        at += 1 + strcspn(at + 1, "/");
        char after = *at;
        *at = '\0';
        secret = secret_below(type, prefix, secret);
        *at = after;
    }
    return secret;
}

static json_t *redact(struct gt_arena *scratch, const struct gt_type *type, const char *pointer,
                      const json_t *value, bool above)
{
    bool secret = *pointer != '\0' && secret_below(type, pointer, above);
    if (json_is_object(value)) {
        json_t *copy = json_object();
        const char *key;
        json_t *member;
        json_object_foreach(gt_iterable(value), key, member) json_object_set_new(
            copy, key,
            redact(scratch, type, gt_pointer_join(scratch, pointer, key), member, secret));
        return copy;
    }
    if (json_is_array(value)) {
        json_t *copy = json_array();
        size_t i;
        json_t *item;
        json_array_foreach(value, i, item) json_array_append_new(
            copy, redact(scratch, type, gt_pointer_index(scratch, pointer, i), item, secret));
        return copy;
    }
    return secret && !json_is_null(value) ? json_string("(secret)") : json_deep_copy(value);
}

json_t *gt_type_redact_at(const struct gt_type *type, const char *pointer, const json_t *value)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    return redact(scratch, type, pointer, value, gt_type_secret(type, pointer));
}

json_t *gt_type_redact(const struct gt_type *type, const json_t *properties)
{
    return gt_type_redact_at(type, "", properties);
}

static void collect(struct gt_arena *scratch, const struct gt_type *type, const char *pointer,
                    const json_t *value, json_t *out)
{
    const char *key;
    size_t i;
    json_t *member;
    if (json_is_object(value)) {
        json_object_foreach(gt_iterable(value), key, member)
            collect(scratch, type, gt_pointer_join(scratch, pointer, key), member, out);
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, member)
            collect(scratch, type, gt_pointer_index(scratch, pointer, i), member, out);
    } else if (*pointer != '\0' && gt_type_secret(type, pointer)) {
        json_object_set(out, pointer, gt_iterable(value));
    }
}

json_t *gt_type_secrets(const struct gt_type *type, const json_t *properties)
{
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new();
    json_t *out = json_object();
    collect(scratch, type, "", properties, out);
    return out;
}
