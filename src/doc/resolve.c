#include "refs.h"
#include "scalar.h"

#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { MAX_TEXT = 16 * 1024 * 1024 };

struct resolving {
    struct gt_arena *arena;
    bool final;
    gt_resolve_fn *fn;
    void *payload;
    bool unknown, failed;
    struct gt_diags *diags;
};

/* The values of a template's expressions, by part; NULL: a literal, or not known. */
struct values {
    json_t **at;
    size_t known, unknown, failed;
};

static void fail(struct resolving *resolving, const char *pointer, const char *message)
{
    gt_error(resolving->diags, "bad-reference", "%s", message)->subject =
        gt_strdup(resolving->diags->arena, pointer);
    resolving->failed = true;
}

static struct values look_up(struct resolving *resolving, const struct gt_template *template,
                             const char *pointer)
{
    struct values values = {.at =
                                gt_calloc(resolving->arena, template->parts.len, sizeof(json_t *))};
    for (size_t i = 0; i < template->parts.len; i++) {
        const struct gt_template_part *part = &template->parts.at[i];
        if (!part->expression)
            continue;
        json_t *value = NULL;
        switch (resolving->fn(resolving->payload, pointer, part->text, &value, resolving->diags)) {
        case GT_RESOLVED:
            values.at[i] = gt_keep(resolving->arena, value);
            values.known++;
            break;
        case GT_UNKNOWN:
            values.unknown++;
            break;
        case GT_FAILED:
            values.failed++;
            break;
        }
    }
    resolving->unknown = resolving->unknown || values.unknown > 0;
    resolving->failed = resolving->failed || values.failed > 0;
    return values;
}

/* A copy of a value with the strings in it escaped, so that a later pass does not read them. */
static json_t *escaped(struct gt_arena *arena, const json_t *value)
{
    if (json_is_string(value) && strstr(json_string_value(value), "${") != NULL)
        return json_string(gt_template_escape(arena, json_string_value(value)));
    if (json_is_array(value)) {
        json_t *list = json_array();
        for (size_t i = 0; i < json_array_size(value); i++)
            json_array_append_new(list, escaped(arena, json_array_get(value, i)));
        return list;
    }
    if (!json_is_object(value))
        return json_deep_copy(value);
    json_t *map = json_object();
    json_t *object = gt_iterable(value);
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at))
        json_object_set_new_nocheck(map, json_object_iter_key(at),
                                    escaped(arena, json_object_iter_value(at)));
    return map;
}

/* A scalar as text within a text; NULL where it has none. */
static const char *inserted(struct gt_arena *arena, const json_t *value)
{
    char *real;
    switch (json_typeof(value)) {
    case JSON_STRING:
        return json_string_value(value);
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    case JSON_INTEGER:
        return gt_printf(arena, "%lld", (long long)json_integer_value(value));
    case JSON_REAL:
        real = gt_alloc(arena, GT_REAL_TEXT);
        gt_real_text(json_real_value(value), real);
        return real;
    case JSON_OBJECT:
    case JSON_ARRAY:
    case JSON_NULL:
        break;
    }
    return NULL;
}

/*
 * The text that is being put together: what is settled since the last open reference stands in
 * `run`, unescaped, and is escaped as a whole, since a "$" of one piece and a "{" of the next would
 * otherwise become a reference.
 */
struct text {
    struct gt_buf run, all;
};

static void end_run(const struct resolving *resolving, struct text *text)
{
    const char *run = gt_buf_text(&text->run);
    gt_buf_adds(&text->all, resolving->final ? run : gt_template_escape(resolving->arena, run));
    gt_buf_done(&text->run);
    text->run = gt_buf_init(MAX_TEXT);
}

static void add_open(struct resolving *resolving, struct text *text, const char *expression,
                     const char *pointer)
{
    if (gt_ends_with(gt_buf_text(&text->run), "$"))
        fail(resolving, pointer,
             gt_printf(resolving->arena,
                       "\"$\" stands right before ${%s}, which would then be read as literal text",
                       expression));
    end_run(resolving, text);
    gt_buf_addf(&text->all, "${%s}", expression);
}

static void add_value(struct resolving *resolving, struct text *text,
                      const struct gt_template_part *part, const json_t *value, const char *pointer)
{
    const char *insert = inserted(resolving->arena, value);
    if (insert != NULL) {
        gt_buf_adds(&text->run, insert);
        return;
    }
    const char *what = json_is_null(value) ? "null" : json_is_object(value) ? "a map" : "a list";
    fail(resolving, pointer,
         gt_printf(resolving->arena, "${%s} is %s, which cannot be put into a text", part->text,
                   what));
}

static json_t *put_together(struct resolving *resolving, const struct gt_template *template,
                            const struct values *values, const char *pointer)
{
    struct text text = {.run = gt_buf_init(MAX_TEXT), .all = gt_buf_init(MAX_TEXT)};
    for (size_t i = 0; i < template->parts.len; i++) {
        const struct gt_template_part *part = &template->parts.at[i];
        if (!part->expression)
            gt_buf_adds(&text.run, part->text);
        else if (values->at[i] == NULL)
            add_open(resolving, &text, part->text, pointer);
        else
            add_value(resolving, &text, part, values->at[i], pointer);
    }
    bool overflow = text.run.overflow;
    end_run(resolving, &text);
    if (overflow || text.all.overflow)
        fail(resolving, pointer, "the text with its references put in is longer than 16 MiB");
    json_t *value = json_string(gt_buf_text(&text.all));
    gt_buf_done(&text.run);
    gt_buf_done(&text.all);
    return value;
}

static json_t *resolve_text(struct resolving *resolving, const json_t *value,
                            const struct gt_path *path)
{
    const char *text = json_string_value(value);
    if (strstr(text, "${") == NULL)
        return json_deep_copy(value);
    const char *pointer = gt_path_pointer(resolving->arena, path);
    struct gt_template template = {0};
    const char *error = NULL;
    if (!gt_template_parse(resolving->arena, text, &template, &error)) {
        fail(resolving, pointer, error);
        return json_null();
    }
    struct values values = look_up(resolving, &template, pointer);
    if (values.failed > 0)
        return json_null();
    if (values.known == 0 && (values.unknown > 0 || !resolving->final))
        return json_deep_copy(value);
    if (values.unknown > 0 && resolving->final)
        return json_deep_copy(value);
    if (template.parts.len == 1 && values.known == 1)
        return resolving->final ? json_deep_copy(values.at[0])
                                : escaped(resolving->arena, values.at[0]);
    return put_together(resolving, &template, &values, pointer);
}

static json_t *resolve_value(struct resolving *resolving, const json_t *value,
                             const struct gt_path *path)
{
    if (json_is_string(value))
        return resolve_text(resolving, value, path);
    if (json_is_array(value)) {
        json_t *list = json_array();
        for (size_t i = 0; i < json_array_size(value); i++) {
            struct gt_path below = {.up = path, .index = i};
            json_array_append_new(list, resolve_value(resolving, json_array_get(value, i), &below));
        }
        return list;
    }
    if (!json_is_object(value))
        return json_deep_copy(value);
    json_t *map = json_object();
    json_t *object = gt_iterable(value);
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        struct gt_path below = {.up = path, .key = json_object_iter_key(at)};
        json_object_set_new_nocheck(map, below.key,
                                    resolve_value(resolving, json_object_iter_value(at), &below));
    }
    return map;
}

json_t *gt_resolve(struct gt_arena *arena, const json_t *value, bool final, gt_resolve_fn *fn,
                   void *payload, bool *unknown, struct gt_diags *diags)
{
    struct resolving resolving = {
        .arena = arena, .final = final, .fn = fn, .payload = payload, .diags = diags};
    json_auto_t *result = resolve_value(&resolving, value, NULL);
    if (resolving.failed)
        return NULL;
    if (unknown != NULL)
        *unknown = resolving.unknown;
    return json_incref(result);
}
