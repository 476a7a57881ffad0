#include <gantry/model/validate.h>

#include "path.h"

#include <gantry/base/json.h>
#include <gantry/base/pattern.h>
#include <gantry/base/str.h>
#include <gantry/doc/template.h>
#include <inttypes.h>
#include <string.h>

struct check {
    const struct gt_validation *how;
    struct gt_diags *diags;
    struct gt_arena *arena;
};

static const char timestamp_pattern[] =
    "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:?\\d\\d)";

/* Patterns longer than this do not help a reader. */
enum { PATTERN_SHOWN = 160 };

/* Adds place and subject to a diagnostic. */
static struct gt_diag *place(const struct check *check, const struct gt_model_path *path,
                             struct gt_diag *diag)
{
    if (check->how->marks != NULL) {
        const char *pointer = gt_model_path_pointer(check->arena, path);
        diag->pos = path->at_key ? gt_marks_key_pos(check->how->marks, pointer)
                                 : gt_marks_pos(check->how->marks, pointer);
    }
    diag->subject = check->how->subject;
    return diag;
}

static struct gt_diag *wrong(const struct check *check, const struct gt_model_path *path,
                             const char *code, const char *message)
{
    const char *at = gt_model_path_text(check->arena, path);
    return place(check, path,
                 gt_error(check->diags, code, "%s%s%s", at, *at == '\0' ? "" : ": ", message));
}

/* Whether `pointer` stands at or below `pattern`, in which "*" is any one token. */
static bool covers(const char *pattern, const char *pointer)
{
    while (*pattern == '/') {
        if (*pointer != '/')
            return false;
        pattern++;
        pointer++;
        size_t want = strcspn(pattern, "/"), have = strcspn(pointer, "/");
        bool any = want == 1 && *pattern == '*';
        if (!any && (want != have || strncmp(pattern, pointer, want) != 0))
            return false;
        pattern += want;
        pointer += have;
    }
    return *pattern == '\0';
}

static bool unchecked(const struct check *check, const struct gt_model_path *path)
{
    const char *const *list = check->how->unchecked;
    if (list == NULL || *list == NULL)
        return false;
    const char *pointer = gt_model_path_pointer(check->arena, path);
    for (; *list != NULL; list++)
        if (covers(*list, pointer))
            return true;
    return false;
}

static const char *kind_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "a map";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "text";
    case JSON_INTEGER:
        return "a whole number";
    case JSON_REAL:
        return "a number with a fraction";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        break;
    }
    return "null";
}

static void wrong_type(const struct check *check, const struct gt_model_path *path,
                       const char *wanted, const json_t *value)
{
    wrong(check, path, "wrong-type",
          gt_printf(check->arena, "must be %s, not %s", wanted, kind_of(value)));
}

/* Reports a size outside the limits of a shape; `what` is what has that size. */
static void check_size(const struct check *check, const struct gt_model_path *path,
                       const struct gt_shape *shape, int64_t size, const char *what)
{
    if (size >= shape->min && size <= shape->max)
        return;
    const char *limits;
    if (shape->min == shape->max)
        limits = gt_printf(check->arena, "exactly %" PRId64 " wanted", shape->min);
    else if (shape->max == INT64_MAX)
        limits = gt_printf(check->arena, "at least %" PRId64 " wanted", shape->min);
    else if (shape->min == INT64_MIN || shape->min == 0)
        limits = gt_printf(check->arena, "at most %" PRId64 " allowed", shape->max);
    else
        limits =
            gt_printf(check->arena, "%" PRId64 " to %" PRId64 " allowed", shape->min, shape->max);
    wrong(check, path, "bad-length",
          gt_printf(check->arena, "%s %" PRId64 ", %s", what, size, limits));
}

static void check_enum(const struct check *check, const struct gt_model_path *path,
                       const struct gt_shape *shape, const char *text)
{
    for (const char *const *value = shape->values; *value != NULL; value++)
        if (gt_streq(*value, text))
            return;
    const char *at = gt_model_path_text(check->arena, path);
    struct gt_diag *diag =
        path->sensitive
            ? gt_warning(check->diags, "unknown-value", "%s: unknown value", at)
            : gt_warning(check->diags, "unknown-value", "%s: unknown value \"%s\"", at, text);
    place(check, path, diag);
    const char *nearest = gt_nearest(text, shape->values);
    if (nearest != NULL) {
        diag->hint = gt_printf(check->arena, "did you mean \"%s\"?", nearest);
        return;
    }
    const char *list = shape->values[0];
    for (const char *const *value = shape->values + 1; *value != NULL; value++)
        list = gt_printf(check->arena, "%s, %s", list, *value);
    diag->hint = gt_printf(check->arena, "known values: %s", list);
}

/* Checks a string, or the key of a map. */
static void check_text(const struct check *check, const struct gt_model_path *path,
                       const struct gt_shape *shape, const char *text)
{
    if (gt_template_is(text))
        return;
    text = gt_template_unescape(check->arena, text);
    if (shape->values != NULL) {
        check_enum(check, path, shape, text);
        return;
    }
    check_size(check, path, shape, gt_utf8_length(text),
               path->at_key ? "length of the key is" : "length is");
    if (shape->pattern == NULL || gt_pattern_matches(shape->pattern, text))
        return;
    const char *subject = path->at_key ? "the key does" : "does";
    wrong(check, path, "pattern-mismatch",
          strlen(shape->pattern) <= PATTERN_SHOWN
              ? gt_printf(check->arena, "%s not match %s", subject, shape->pattern)
              : gt_printf(check->arena, "%s not have the form of a %s", subject, shape->name));
}

static void check_integer(const struct check *check, const struct gt_model_path *path,
                          const struct gt_shape *shape, const json_t *value)
{
    if (!json_is_integer(value)) {
        wrong_type(check, path, "a whole number", value);
        return;
    }
    int64_t low = shape->min, high = shape->max, number = json_integer_value(value);
    if (shape->kind == GT_SHAPE_INTEGER) {
        low = low < INT32_MIN ? INT32_MIN : low;
        high = high > INT32_MAX ? INT32_MAX : high;
    }
    if (number >= low && number <= high)
        return;
    const char *limits = gt_printf(check->arena, "%" PRId64 " to %" PRId64, low, high);
    if (shape->max == INT64_MAX && number < low)
        limits = gt_printf(check->arena, "at least %" PRId64, low);
    else if (shape->min == INT64_MIN && number > high)
        limits = gt_printf(check->arena, "at most %" PRId64, high);
    wrong(check, path, "out-of-range",
          gt_printf(check->arena, "must be %s, not %" PRId64, limits, number));
}

static void check_double(const struct check *check, const struct gt_model_path *path,
                         const struct gt_shape *shape, const json_t *value)
{
    static const char *const names[] = {"NaN", "Infinity", "-Infinity", NULL};
    for (const char *const *name = names; json_is_string(value) && *name != NULL; name++)
        if (gt_streq(*name, json_string_value(value)))
            return;
    if (!json_is_number(value)) {
        wrong_type(check, path, "a number", value);
        return;
    }
    double number = json_number_value(value);
    if ((shape->min != INT64_MIN && number < (double)shape->min) ||
        (shape->max != INT64_MAX && number > (double)shape->max))
        wrong(check, path, "out-of-range",
              gt_printf(check->arena, "must be from %" PRId64 " to %" PRId64 ", not %g", shape->min,
                        shape->max, number));
}

static void check_scalar(const struct check *check, const struct gt_model_path *path,
                         const struct gt_shape *shape, const json_t *value)
{
    bool text = json_is_string(value);
    if (text && gt_template_is(json_string_value(value)))
        return;
    if (shape->kind == GT_SHAPE_BOOLEAN) {
        if (!json_is_boolean(value))
            wrong_type(check, path, "true or false", value);
    } else if (shape->kind == GT_SHAPE_TIMESTAMP) {
        if (!text && !json_is_number(value))
            wrong_type(check, path, "a time", value);
        else if (text && !gt_pattern_matches(timestamp_pattern, json_string_value(value)))
            wrong(check, path, "pattern-mismatch", "no time in the form 2026-08-07T12:00:00Z");
    } else if (!text) {
        wrong_type(check, path, "text", value);
    } else if (shape->kind == GT_SHAPE_STRING) {
        check_text(check, path, shape, json_string_value(value));
    }
}

static void check_value(const struct check *check, const struct gt_model_path *path,
                        const struct gt_shape *shape, json_t *value);

static void unknown_member(const struct check *check, const struct gt_model_path *path,
                           const struct gt_shape *shape)
{
    struct gt_diag *diag = wrong(check, path, "unknown-member", "unknown member");
    const char **names = gt_calloc(check->arena, shape->member_count + 1, sizeof(*names));
    const char *list = "";
    for (size_t i = 0; i < shape->member_count; i++) {
        names[i] = shape->members[i].name;
        list = gt_printf(check->arena, "%s%s%s", list, i == 0 ? "" : ", ", names[i]);
    }
    const char *nearest = gt_nearest(path->key, names);
    if (nearest != NULL)
        diag->hint = gt_printf(check->arena, "did you mean \"%s\"?", nearest);
    else if (shape->member_count == 0)
        diag->hint = "there are no members here";
    else
        diag->hint = gt_printf(check->arena, "known members: %s", list);
}

static bool may_miss(const struct check *check, const struct gt_model_path *path,
                     const struct gt_member *member)
{
    if (!(member->flags & GT_MEMBER_REQUIRED) || (member->flags & GT_MEMBER_IDEMPOTENCY_TOKEN))
        return true;
    if (path->up != NULL)
        return false;
    for (const char *const *skip = check->how->skip_members; skip != NULL && *skip != NULL; skip++)
        if (gt_streq(*skip, member->name))
            return true;
    return check->how->partial;
}

static void check_required(const struct check *check, const struct gt_model_path *path,
                           const struct gt_shape *shape, const json_t *value)
{
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct gt_member *member = &shape->members[i];
        const json_t *given = json_object_get(value, member->name);
        struct gt_model_path below = {.up = path, .key = member->name};
        if ((given != NULL && !json_is_null(given)) || may_miss(check, path, member) ||
            unchecked(check, &below))
            continue;
        wrong(check, &below, "missing-member", "required, but missing");
    }
}

static void check_union(const struct check *check, const struct gt_model_path *path,
                        const struct gt_shape *shape, size_t given)
{
    if (given == 1)
        return;
    const char *list = "";
    for (size_t i = 0; i < shape->member_count; i++)
        list = gt_printf(check->arena, "%s%s%s", list, i == 0 ? "" : ", ", shape->members[i].name);
    wrong(check, path, "not-one-of",
          given == 0 ? "none of the alternatives is given" : "more than one alternative is given")
        ->hint = gt_printf(check->arena, "give exactly one of: %s", list);
}

static void check_structure(const struct check *check, const struct gt_model_path *path,
                            const struct gt_shape *shape, json_t *value)
{
    size_t given = 0;
    const char *key;
    json_t *item;
    json_object_foreach(value, key, item)
    {
        struct gt_model_path below = {.up = path, .key = key, .sensitive = path->sensitive};
        given += !json_is_null(item);
        if (unchecked(check, &below))
            continue;
        const struct gt_member *member = gt_member_find(shape, key);
        below.at_key = member == NULL;
        if (member == NULL)
            unknown_member(check, &below, shape);
        else if (!json_is_null(item))
            check_value(check, &below, member->shape, item);
    }
    check_required(check, path, shape, value);
    if (shape->flags & GT_SHAPE_UNION)
        check_union(check, path, shape, given);
}

static void check_list(const struct check *check, const struct gt_model_path *path,
                       const struct gt_shape *shape, json_t *value)
{
    check_size(check, path, shape, (int64_t)json_array_size(value), "number of entries is");
    size_t index;
    json_t *item;
    json_array_foreach(value, index, item)
    {
        struct gt_model_path below = {.up = path, .index = index, .sensitive = path->sensitive};
        if (!(json_is_null(item) && (shape->flags & GT_SHAPE_SPARSE)) && !unchecked(check, &below))
            check_value(check, &below, shape->element, item);
    }
}

static void check_map(const struct check *check, const struct gt_model_path *path,
                      const struct gt_shape *shape, json_t *value)
{
    check_size(check, path, shape, (int64_t)json_object_size(value), "number of entries is");
    const char *key;
    json_t *item;
    json_object_foreach(value, key, item)
    {
        struct gt_model_path below = {.up = path, .key = key, .sensitive = path->sensitive};
        if (unchecked(check, &below))
            continue;
        below.at_key = true;
        check_text(check, &below, shape->key, key);
        below.at_key = false;
        if (!(json_is_null(item) && (shape->flags & GT_SHAPE_SPARSE)))
            check_value(check, &below, shape->element, item);
    }
}

static void check_value(const struct check *check, const struct gt_model_path *where,
                        const struct gt_shape *shape, json_t *value)
{
    struct gt_model_path path = *where;
    path.sensitive = path.sensitive || (shape->flags & GT_SHAPE_SENSITIVE);
    bool whole = json_is_string(value) && gt_template_is_whole(json_string_value(value));
    switch (shape->kind) {
    case GT_SHAPE_STRUCTURE:
        if (json_is_object(value))
            check_structure(check, &path, shape, value);
        else if (!whole)
            wrong_type(check, &path, "a map", value);
        break;
    case GT_SHAPE_LIST:
        if (json_is_array(value))
            check_list(check, &path, shape, value);
        else if (!whole)
            wrong_type(check, &path, "a list", value);
        break;
    case GT_SHAPE_MAP:
        if (json_is_object(value))
            check_map(check, &path, shape, value);
        else if (!whole)
            wrong_type(check, &path, "a map", value);
        break;
    case GT_SHAPE_INTEGER:
    case GT_SHAPE_LONG:
        if (!json_is_string(value) || !gt_template_is(json_string_value(value)))
            check_integer(check, &path, shape, value);
        break;
    case GT_SHAPE_FLOAT:
    case GT_SHAPE_DOUBLE:
        if (!json_is_string(value) || !gt_template_is(json_string_value(value)))
            check_double(check, &path, shape, value);
        break;
    case GT_SHAPE_STRING:
    case GT_SHAPE_BOOLEAN:
    case GT_SHAPE_TIMESTAMP:
    case GT_SHAPE_BLOB:
        check_scalar(check, &path, shape, value);
        break;
    case GT_SHAPE_DOCUMENT:
        break;
    }
}

bool gt_validate(const struct gt_shape *shape, const json_t *value, const struct gt_validation *how,
                 struct gt_diags *diags)
{
    static const struct gt_validation plain;
    size_t errors = diags->errors;
    struct check check = {.how = how == NULL ? &plain : how, .diags = diags, .arena = diags->arena};
    struct gt_model_path root = {.up = NULL};
    if (shape != NULL && !unchecked(&check, &root))
        check_value(&check, &root, shape, gt_iterable(value));
    return diags->errors == errors;
}
