/* Checks a document against the tables of schema.h. */
#include "schema.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/doc/template.h>
#include <gantry/model/validate.h>
#include <string.h>

const struct gt_key *gt_key_find(const struct gt_key *fields, const char *name)
{
    for (const struct gt_key *key = fields; key != NULL && key->name != NULL; key++) {
        if (strcmp(key->name, name) == 0)
            return key;
    }
    return NULL;
}

bool gt_is_reported(const char *text)
{
    static const char *const heads[] = {"${gantry.", "${var.", "${env.", "${file."};
    for (size_t i = 0; text != NULL && i < GT_COUNT(heads); i++) {
        const char *at = strstr(text, heads[i]);
        if (at != NULL && (at == text || at[-1] != '$'))
            return true;
    }
    return false;
}

static const char *kind_of(const json_t *value)
{
    static const char *const words[] = {
        [JSON_OBJECT] = "a map",     [JSON_ARRAY] = "a list",  [JSON_STRING] = "text",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number", [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",      [JSON_NULL] = "nothing",
    };
    return words[json_typeof(value)];
}

static const char *wanted(struct gt_arena *arena, const struct gt_key *key)
{
    static const struct {
        unsigned takes;
        const char *words;
    } kinds[] = {
        {GT_TAKES_TEXT, "text"},
        {GT_TAKES_INTEGER, "a whole number"},
        {GT_TAKES_BOOLEAN, "true or false"},
        {GT_TAKES_LIST, "a list"},
        {GT_TAKES_FIELDS | GT_TAKES_MAP, "a map"},
    };
    const char *words = "";
    for (size_t i = 0; i < GT_COUNT(kinds); i++) {
        if (key->takes & kinds[i].takes)
            words = gt_printf(arena, "%s%s%s", words, *words != '\0' ? " or " : "", kinds[i].words);
    }
    return words;
}

/* "gateways.tools.identity" of "/gateways/tools/identity", for messages. */
static const char *path_of(struct gt_arena *arena, const char *pointer)
{
    char *path = gt_strdup(arena, *pointer == '/' ? pointer + 1 : pointer);
    for (char *c = path; *c != '\0'; c++) {
        if (*c == '/')
            *c = '.';
    }
    return path;
}

static json_t *wrong_type(const struct gt_schema_run *run, const struct gt_key *key,
                          const json_t *value, const char *pointer)
{
    struct gt_diag *diag =
        gt_error(run->diags, "wrong-type", "%s must be %s, not %s", path_of(run->arena, pointer),
                 wanted(run->arena, key), kind_of(value));
    diag->pos = gt_marks_pos(run->marks, pointer);
    return json_string(GT_REPORTED);
}

static void check_rule(const struct gt_schema_run *run, const struct gt_rule *rule,
                       const char *text, const char *pointer, struct gt_pos pos)
{
    if (rule == NULL || gt_pattern_matches(rule->pattern, text))
        return;
    struct gt_diag *diag = gt_error(run->diags, "bad-name", "\"%s\" is not allowed here", text);
    diag->pos = pos;
    diag->subject = path_of(run->arena, pointer);
    diag->hint = gt_printf(run->arena, "use %s", rule->words);
}

static json_t *check_text(const struct gt_schema_run *run, const struct gt_key *key,
                          const char *text, const char *pointer)
{
    json_auto_t *as_value = json_string(text);
    bool refers = gt_has_refs(as_value);
    if (refers && (key->flags & GT_KEY_LITERAL) && !gt_is_reported(text) && !run->overlay) {
        struct gt_diag *diag =
            gt_error(run->diags, "reference-not-allowed", "%s cannot refer to resources",
                     path_of(run->arena, pointer));
        diag->pos = gt_marks_pos(run->marks, pointer);
        diag->hint = "write the value, or use ${var.NAME} or ${env.NAME}";
        return json_string(GT_REPORTED);
    }
    if (refers)
        return json_string(text);
    if (key->values != NULL) {
        for (const char *const *v = key->values; *v != NULL; v++) {
            if (strcmp(*v, text) == 0)
                return json_string(text);
        }
        const char *near = gt_nearest(text, key->values), *all = "";
        for (const char *const *v = key->values; *v != NULL; v++)
            all = gt_printf(run->arena, "%s%s%s", all, *all != '\0' ? ", " : "", *v);
        struct gt_diag *diag = gt_error(run->diags, "unknown-value", "%s cannot be \"%s\"",
                                        path_of(run->arena, pointer), text);
        diag->pos = gt_marks_pos(run->marks, pointer);
        diag->hint = near != NULL ? gt_printf(run->arena, "did you mean \"%s\"?", near)
                                  : gt_printf(run->arena, "use one of %s", all);
        return json_string(GT_REPORTED);
    }
    if (!(key->takes & (GT_TAKES_MAP)))
        check_rule(run, key->rule, text, pointer, gt_marks_pos(run->marks, pointer));
    return json_string(text);
}

static json_t *check_scalar(const struct gt_schema_run *run, const struct gt_key *key,
                            const json_t *value, const char *pointer)
{
    if ((key->takes & GT_TAKES_BOOLEAN) && json_is_boolean(value))
        return json_incref(gt_iterable(value));
    if ((key->takes & GT_TAKES_INTEGER) && json_is_integer(value))
        return json_incref(gt_iterable(value));
    if (key->takes & GT_TAKES_TEXT) {
        const struct gt_mark *mark = gt_marks_get(run->marks, pointer);
        const char *text = json_string_value(value);
        if (text == NULL && mark != NULL && mark->raw != NULL)
            text = mark->raw;
        if (text == NULL)
            text = gt_json_canonical(run->arena, value);
        return check_text(run, key, text, pointer);
    }
    const char *text = json_string_value(value);
    if (text != NULL && !(key->flags & GT_KEY_LITERAL) && gt_has_refs(value))
        return json_string(text);
    if (text != NULL && (key->takes & GT_TAKES_BOOLEAN) &&
        (gt_streq(text, "true") || gt_streq(text, "false")))
        return json_boolean(*text == 't');
    if (text != NULL && (key->takes & GT_TAKES_INTEGER)) {
        json_error_t ignored;
        json_t *number = json_loads(text, JSON_DECODE_ANY, &ignored);
        if (json_is_integer(number))
            return number;
        json_decref(number);
    }
    return gt_is_reported(text) ? json_string(GT_REPORTED) : wrong_type(run, key, value, pointer);
}

static void unknown_key(const struct gt_schema_run *run, const char *near, const char *name,
                        const char *pointer)
{
    struct gt_diag *diag = gt_error(run->diags, "unknown-key", "unknown key \"%s\"", name);
    diag->pos = gt_marks_key_pos(run->marks, pointer);
    if (near != NULL)
        diag->hint = gt_printf(run->arena, "did you mean \"%s\"?", near);
}

static const char *nearest_key(const struct gt_schema_run *run, const struct gt_key *fields,
                               const char *name)
{
    size_t count = 0;
    while (fields[count].name != NULL)
        count++;
    const char **names = gt_calloc(run->arena, count + 1, sizeof(*names));
    for (size_t i = 0; i < count; i++)
        names[i] = fields[i].name;
    return gt_nearest(name, names);
}

static void require_keys(const struct gt_schema_run *run, const struct gt_key *key, json_t *out,
                         const char *pointer)
{
    for (const struct gt_key *k = key->fields; k->name != NULL; k++) {
        if (!(k->flags & GT_KEY_REQUIRED) || json_object_get(out, k->name) != NULL || run->overlay)
            continue;
        const char *whose = *pointer != '\0' ? path_of(run->arena, pointer) : "the manifest";
        struct gt_diag *diag =
            gt_error(run->diags, "missing-key", "%s has no \"%s\"", whose, k->name);
        diag->pos = gt_marks_key_pos(run->marks, pointer);
        diag->hint = gt_printf(run->arena, "add %s: %s", k->name, k->summary);
        json_object_set_new(out, k->name, json_string(GT_REPORTED));
    }
}

static json_t *check_fields(const struct gt_schema_run *run, const struct gt_key *key,
                            const json_t *value, const char *pointer)
{
    json_t *out = json_object(), *member;
    const char *name;
    json_object_foreach(gt_iterable(value), name, member)
    {
        const char *at = gt_pointer_join(run->arena, pointer, name);
        const struct gt_key *row = gt_key_find(key->fields, name);
        if (row == NULL) {
            /* A misspelt key is checked as the one that was meant, if that is not there too: else
             * the entry would be told that it lacks what it has. */
            const char *near = nearest_key(run, key->fields, name);
            unknown_key(run, near, name, at);
            if (near == NULL || json_object_get(value, near) != NULL)
                continue;
            row = gt_key_find(key->fields, near);
            if (run->corrected != NULL)
                gt_marks_graft(run->corrected, gt_pointer_join(run->arena, pointer, near),
                               run->corrected, at);
        }
        if (!json_is_null(member))
            json_object_set_new(out, row->name, gt_schema_check(run, row, member, at));
    }
    require_keys(run, key, out, pointer);
    return out;
}

static json_t *check_map(const struct gt_schema_run *run, const struct gt_key *key,
                         const json_t *value, const char *pointer)
{
    json_t *out = json_object(), *member;
    const char *name;
    json_object_foreach(gt_iterable(value), name, member)
    {
        const char *at = gt_pointer_join(run->arena, pointer, name);
        check_rule(run, key->rule, name, at, gt_marks_key_pos(run->marks, at));
        bool object = key->element->takes & (GT_TAKES_FIELDS | GT_TAKES_MAP);
        json_auto_t *empty = json_object();
        if (!json_is_null(member))
            json_object_set_new(out, name, gt_schema_check(run, key->element, member, at));
        else if (object && !run->overlay)
            json_object_set_new(out, name, gt_schema_check(run, key->element, empty, at));
    }
    return out;
}

static json_t *check_list(const struct gt_schema_run *run, const struct gt_key *key,
                          const json_t *value, const char *pointer)
{
    json_t *out = json_array(), *item;
    size_t i;
    json_array_foreach(value, i, item) json_array_append_new(
        out, gt_schema_check(run, key->element, item, gt_pointer_index(run->arena, pointer, i)));
    return out;
}

json_t *gt_schema_check(const struct gt_schema_run *run, const struct gt_key *key,
                        const json_t *value, const char *pointer)
{
    if (key->takes & GT_TAKES_ANY)
        return json_incref(gt_iterable(value));
    if (json_is_object(value) && (key->takes & GT_TAKES_FIELDS))
        return check_fields(run, key, value, pointer);
    if (json_is_object(value) && (key->takes & GT_TAKES_MAP))
        return check_map(run, key, value, pointer);
    if (json_is_array(value) && (key->takes & GT_TAKES_LIST))
        return check_list(run, key, value, pointer);
    if (json_is_object(value) || json_is_array(value) || json_is_null(value))
        return wrong_type(run, key, value, pointer);
    return check_scalar(run, key, value, pointer);
}
