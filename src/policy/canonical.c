#include <gantry/policy/policy.h>

#include "document.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A set of texts; sorted and without doubles once it becomes a list. */
struct texts {
    GT_VEC(const char *) list;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static json_t *sorted(struct texts *texts)
{
    json_t *list = json_array();
    if (texts->list.len > 0)
        qsort(texts->list.at, texts->list.len, sizeof(*texts->list.at), by_text);
    for (size_t i = 0; i < texts->list.len; i++)
        if (i == 0 || !gt_streq(texts->list.at[i - 1], texts->list.at[i]))
            json_array_append_new(list, json_string(texts->list.at[i]));
    return list;
}

typedef const char *spell_fn(struct gt_arena *arena, const char *text);

static const char *as_is(struct gt_arena *arena, const char *text)
{
    return gt_strdup(arena, text);
}

static const char *lower(struct gt_arena *arena, const char *text)
{
    return gt_lower(arena, text);
}

/* An account by its number, whichever way it was written. */
static const char *account(struct gt_arena *arena, const char *text)
{
    const char *number = gt_policy_account(arena, text);
    return number != NULL ? number : gt_strdup(arena, text);
}

/* One or many scalars as a sorted list; anything else stays as it is, as text. */
static json_t *scalars(struct gt_arena *arena, const json_t *values, spell_fn *spell)
{
    struct texts texts = {.list = {0}};
    for (size_t i = 0; i < gt_policy_count(values); i++) {
        const json_t *value = gt_policy_item(values, i);
        const char *text = gt_policy_text(arena, value);
        *GT_PUSH(arena, &texts.list) =
            spell(arena, text != NULL ? text : gt_json_canonical(arena, value));
    }
    return sorted(&texts);
}

static json_t *actions(struct gt_arena *arena, const json_t *value)
{
    return scalars(arena, value, lower);
}

static json_t *resources(struct gt_arena *arena, const json_t *value)
{
    return scalars(arena, value, as_is);
}

static json_t *principals(struct gt_arena *arena, const json_t *value)
{
    if (!json_is_object(value)) {
        json_t *all = json_object();
        json_object_set_new(all, "AWS", scalars(arena, value, account));
        return all;
    }
    json_t *out = json_object();
    const char *kind;
    json_t *names;
    json_object_foreach(gt_iterable(value), kind, names) json_object_set_new(
        out, kind, scalars(arena, names, gt_streq(kind, "AWS") ? account : as_is));
    return out;
}

/* A name in lower case, or as it is where another one differs only in case: then both must hold,
 * which one entry could not say. */
static const char *caseless(struct gt_arena *arena, const json_t *object, const char *name)
{
    const char *other;
    json_t *value;
    json_object_foreach(gt_iterable(object), other, value) if (strcasecmp(other, name) == 0 &&
                                                               !gt_streq(other, name)) return name;
    return gt_lower(arena, name);
}

/* The keys of one operator, whose values are words in any case for some. */
static json_t *operator_keys(struct gt_arena *arena, const char *name, const json_t *keys)
{
    name = gt_lower(arena, name);
    bool words = strstr(name, "bool") != NULL || gt_streq(name, "null");
    json_t *out = json_object();
    const char *key;
    json_t *values;
    json_object_foreach(gt_iterable(keys), key, values) json_object_set_new(
        out, caseless(arena, keys, key), scalars(arena, values, words ? lower : as_is));
    return out;
}

/* NULL for a condition without operators, which is none. */
static json_t *condition(struct gt_arena *arena, const json_t *value)
{
    if (json_object_size(value) == 0)
        return json_is_object(value) ? NULL : json_deep_copy(value);
    json_t *out = json_object();
    const char *name;
    json_t *keys;
    json_object_foreach(gt_iterable(value), name, keys)
    {
        json_object_set_new(out, caseless(arena, value, name),
                            json_is_object(keys) ? operator_keys(arena, name, keys)
                                                 : json_deep_copy(keys));
    }
    return out;
}

/* NULL for an empty one, which is none. */
static json_t *identifier(struct gt_arena *arena, const json_t *value)
{
    (void)arena;
    return gt_streq(json_string_value(value), "") ? NULL : json_deep_copy(value);
}

static const struct element {
    const char *name;
    json_t *(*canonical)(struct gt_arena *arena, const json_t *value); /* new reference or NULL */
} elements[] = {
    {"Sid", identifier},          {"Action", actions},        {"NotAction", actions},
    {"Resource", resources},      {"NotResource", resources}, {"Principal", principals},
    {"NotPrincipal", principals}, {"Condition", condition},
};

static json_t *canonical_element(struct gt_arena *arena, const char *name, const json_t *value)
{
    for (size_t i = 0; i < GT_COUNT(elements); i++)
        if (gt_streq(elements[i].name, name))
            return elements[i].canonical(arena, value);
    return json_deep_copy(value);
}

static json_t *canonical_statement(struct gt_arena *arena, const json_t *statement)
{
    json_t *out = json_object();
    const char *name;
    json_t *value;
    json_object_foreach(gt_iterable(statement), name, value)
    {
        json_t *element = canonical_element(arena, name, value);
        if (element != NULL)
            json_object_set_new(out, name, element);
    }
    return out;
}

/* Statements in the order of their texts, equal ones once. */
static json_t *canonical_statements(struct gt_arena *arena, const json_t *statements)
{
    struct texts texts = {.list = {0}};
    for (size_t i = 0; i < gt_policy_count(statements); i++) {
        json_t *one = canonical_statement(arena, gt_policy_item(statements, i));
        *GT_PUSH(arena, &texts.list) = gt_json_canonical(arena, gt_keep(arena, one));
    }
    json_t *ordered = gt_keep(arena, sorted(&texts));
    json_t *out = json_array();
    for (size_t i = 0; i < json_array_size(ordered); i++)
        json_array_append_new(out,
                              json_loads(json_string_value(json_array_get(ordered, i)), 0, NULL));
    return out;
}

json_t *gt_policy_canonical(const json_t *policy)
{
    json_t *document = gt_policy_parse(policy);
    if (document == NULL)
        return NULL;
    struct gt_arena *arena = gt_arena_new();
    gt_keep(arena, document);
    json_t *out = json_object();
    const char *name;
    json_t *value;
    json_object_set_new(out, "Version", json_string("2008-10-17")); /* what no version means */
    json_object_foreach(document, name, value) json_object_set(out, name, value);
    json_object_set_new(out, "Statement",
                        canonical_statements(arena, json_object_get(document, "Statement")));
    gt_arena_free(arena);
    return out;
}

/* A JSON text as what it says; anything else as it is. New reference. */
static json_t *unpacked(const json_t *value)
{
    json_t *inner =
        json_is_string(value) ? json_loads(json_string_value(value), JSON_DECODE_ANY, NULL) : NULL;
    return inner != NULL ? inner : json_incref(gt_iterable(value));
}

bool gt_policy_equal(const json_t *a, const json_t *b)
{
    json_t *left = gt_policy_canonical(a), *right = gt_policy_canonical(b);
    if (left == NULL && right == NULL) {
        left = unpacked(a);
        right = unpacked(b);
    }
    bool equal = (left == NULL && right == NULL) || json_equal(left, right);
    json_decref(left);
    json_decref(right);
    return equal;
}
