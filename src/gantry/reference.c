#include "reference.h"

#include <gantry/base/str.h>
#include <gantry/ui/table.h>

#include <inttypes.h>
#include <string.h>

enum { WIDTH = 88, DEPTH_MAX = 5 };

void gt_reference_list(struct gt_stream *stream, struct gt_arena *arena)
{
    static const char *const titles[] = {"TYPE", "WHAT IT IS", NULL};
    struct gt_table table = gt_table_new(arena, titles);
    for (const struct gt_type *const *type = gt_types; *type != NULL; type++)
        gt_table_add(&table, (const char *const[]){(*type)->name, (*type)->summary});
    gt_table_print(stream, &table);
    gt_stream_adds(stream, "\n`gantry help TYPE` tells more.\n");
}

static const char *const kind_names[] = {
    [GT_SHAPE_STRUCTURE] = "object", [GT_SHAPE_LIST] = "list",       [GT_SHAPE_MAP] = "map",
    [GT_SHAPE_STRING] = "text",      [GT_SHAPE_INTEGER] = "integer", [GT_SHAPE_LONG] = "integer",
    [GT_SHAPE_FLOAT] = "number",     [GT_SHAPE_DOUBLE] = "number",   [GT_SHAPE_BOOLEAN] = "boolean",
    [GT_SHAPE_TIMESTAMP] = "time",   [GT_SHAPE_BLOB] = "bytes",      [GT_SHAPE_DOCUMENT] = "any",
};

static const char *kind_text(struct gt_arena *arena, const struct gt_shape *shape)
{
    const char *name = kind_names[shape->kind];
    if (shape->kind == GT_SHAPE_LIST || shape->kind == GT_SHAPE_MAP)
        return gt_printf(arena, "%s of %s", name, kind_names[shape->element->kind]);
    return shape->flags & GT_SHAPE_UNION ? "one of its members" : name;
}

static const char *join(struct gt_arena *arena, const char *text, const char *part)
{
    return *text == '\0' ? part : gt_printf(arena, "%s; %s", text, part);
}

static const char *limits_text(struct gt_arena *arena, const struct gt_shape *shape)
{
    const char *text = "";
    bool least = shape->min != INT64_MIN, most = shape->max != INT64_MAX;
    const char *what = shape->kind == GT_SHAPE_STRING                                ? " characters"
                       : shape->kind == GT_SHAPE_LIST || shape->kind == GT_SHAPE_MAP ? " entries"
                                                                                     : "";
    if (least && most)
        text = gt_printf(arena, "%" PRId64 " to %" PRId64 "%s", shape->min, shape->max, what);
    else if (most)
        text = gt_printf(arena, "at most %" PRId64 "%s", shape->max, what);
    else if (least)
        text = gt_printf(arena, "%" PRId64 " or more%s", shape->min, what);
    if (shape->values != NULL) {
        const char *all = "";
        for (const char *const *value = shape->values; *value != NULL; value++)
            all = gt_printf(arena, "%s%s%s", all, *all == '\0' ? "one of " : ", ", *value);
        text = join(arena, text, all);
    }
    return shape->pattern == NULL
               ? text
               : join(arena, text, gt_printf(arena, "matches %s", shape->pattern));
}

static const struct {
    unsigned flag;
    const char *words;
} flag_words[] = {
    {GT_ATTR_IMMUTABLE, "another value needs a new object"},
    {GT_ATTR_KIND, "another kind needs a new object"},
    {GT_ATTR_GROWS, "entries may only be added without a new object"},
    {GT_ATTR_SET, "order means nothing"},
    {GT_ATTR_WRITE_ONLY, "no read gives it back"},
    {GT_ATTR_POLICY, "a policy document"},
    {GT_ATTR_JSON, "JSON text"},
    {GT_ATTR_CASELESS, "case means nothing"},
};

static const char *rules_text(struct gt_arena *arena, const struct gt_type *type,
                              const char *pointer)
{
    const struct gt_attr *attr = gt_type_attr(type, pointer);
    const char *text = gt_type_secret(type, pointer) ? "secret" : "";
    for (size_t i = 0; attr != NULL && i < GT_COUNT(flag_words); i++)
        if (attr->flags & flag_words[i].flag)
            text = join(arena, text, flag_words[i].words);
    if (attr != NULL && attr->words != NULL)
        text = join(arena, text, attr->words);
    return text;
}

struct printer {
    struct gt_stream *stream;
    struct gt_arena *arena;
    const struct gt_type *type;
};

static void print_members(const struct printer *printer, const struct gt_shape *shape,
                          const char *pointer, size_t depth);

static void print_property(const struct printer *printer, const char *name,
                           const struct gt_shape *shape, const char *pointer, size_t depth)
{
    struct gt_arena *arena = printer->arena;
    size_t indent = 2 + 2 * depth;
    const char *text = kind_text(arena, shape);
    const char *limits = limits_text(arena, shape);
    const char *rules = rules_text(arena, printer->type, pointer);
    if (*limits != '\0')
        text = join(arena, text, limits);
    if (*rules != '\0')
        text = join(arena, text, rules);
    gt_stream_addf(printer->stream, "%*s", (int)indent, "");
    gt_wrap(printer->stream, gt_printf(arena, "%s: %s", name, text), indent + 4, WIDTH);
    print_members(printer, shape, pointer, depth + 1);
}

/* The members of a structure, also of one that is the element of a list or map. */
static void print_members(const struct printer *printer, const struct gt_shape *shape,
                          const char *pointer, size_t depth)
{
    while ((shape->kind == GT_SHAPE_LIST || shape->kind == GT_SHAPE_MAP) &&
           shape->element != NULL) {
        shape = shape->element;
        pointer = gt_printf(printer->arena, "%s/*", pointer);
    }
    if (shape->kind != GT_SHAPE_STRUCTURE || depth > DEPTH_MAX)
        return;
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct gt_member *member = &shape->members[i];
        const char *name = member->flags & GT_MEMBER_REQUIRED
                               ? gt_printf(printer->arena, "%s (required)", member->name)
                               : member->name;
        print_property(printer, name, member->shape,
                       gt_printf(printer->arena, "%s/%s", pointer, member->name), depth);
    }
}

static bool is_required(const struct gt_type *type, const char *name)
{
    const struct gt_operation *create = type->create.operation;
    const struct gt_member *member = create == NULL ? NULL : gt_member_find(create->input, name);
    return member != NULL && (member->flags & GT_MEMBER_REQUIRED) != 0;
}

static void print_words(struct gt_stream *stream, const char *title, const char *const *words)
{
    if (words == NULL || *words == NULL)
        return;
    gt_stream_addf(stream, "\n%s\n", title);
    for (; *words != NULL; words++)
        gt_stream_addf(stream, "  %s\n", *words);
}

static void print_notes(struct gt_stream *stream, const struct gt_type *type)
{
    if (type->breaks_callers && type->breaks_words != NULL)
        gt_stream_addf(stream, "\nReplacing or deleting it breaks callers: %s.\n",
                       type->breaks_words);
    if (type->kept_by_service && type->kept_words != NULL)
        gt_stream_addf(stream, "\nAfter it is deleted: %s.\n", type->kept_words);
}

void gt_reference_type(struct gt_stream *stream, struct gt_arena *arena, const struct gt_type *type)
{
    struct printer printer = {.stream = stream, .arena = arena, .type = type};
    gt_stream_addf(stream, "%s: %s\n\nresources:\n  NAME:\n    type: %s\n    properties: ...\n",
                   type->name, type->summary, type->name);
    gt_stream_adds(stream, "\nProperties:\n");
    for (const char *const *name = gt_type_properties(type, arena); *name != NULL; name++) {
        const char *pointer = gt_printf(arena, "/%s", *name);
        const struct gt_shape *shape = gt_type_property_shape(type, pointer);
        if (shape != NULL)
            print_property(&printer,
                           is_required(type, *name) ? gt_printf(arena, "%s (required)", *name)
                                                    : *name,
                           shape, pointer, 0);
    }
    print_words(stream, "References may read, as ${ADDRESS.ATTRIBUTE}:", type->outputs);
    print_notes(stream, type);
}
