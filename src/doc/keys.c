/* Checks a document against the tables of keys.h. */
#include <gantry/doc/keys.h>

#include <gantry/base/json.h>
#include <gantry/base/pattern.h>
#include <gantry/base/str.h>
#include <gantry/doc/template.h>
#include <inttypes.h>
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
        {GT_TAKES_TEXT, "text"},       {GT_TAKES_INTEGER, "a whole number"},
        {GT_TAKES_NUMBER, "a number"}, {GT_TAKES_BOOLEAN, "true or false"},
        {GT_TAKES_LIST, "a list"},     {GT_TAKES_FIELDS | GT_TAKES_MAP, "a map"},
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

static json_t *wrong_type(const struct gt_keys_run *run, const struct gt_key *key,
                          const json_t *value, const char *pointer)
{
    struct gt_diag *diag =
        gt_error(run->diags, "wrong-type", "%s must be %s, not %s", path_of(run->arena, pointer),
                 wanted(run->arena, key), kind_of(value));
    diag->pos = gt_marks_pos(run->marks, pointer);
    return json_string(GT_REPORTED);
}

const char *gt_marks_shown(const struct gt_marks *marks, const char *pointer, const char *text)
{
    const struct gt_mark *mark = gt_marks_get(marks, pointer);
    bool referred = mark != NULL && mark->raw != NULL && gt_template_is(mark->raw);
    return referred ? mark->raw : text;
}

static const char *shown(const struct gt_keys_run *run, const struct gt_key *key, const char *text,
                         const char *pointer)
{
    return key->flags & GT_KEY_SECRET ? "(secret)" : gt_marks_shown(run->marks, pointer, text);
}

static void check_rule(const struct gt_keys_run *run, const struct gt_rule *rule, const char *text,
                       const char *as, const char *pointer, struct gt_pos pos)
{
    if (rule == NULL || gt_pattern_matches(rule->pattern, text))
        return;
    struct gt_diag *diag = gt_error(run->diags, "bad-name", "\"%s\" is not allowed here", as);
    diag->pos = pos;
    diag->subject = path_of(run->arena, pointer);
    diag->hint = gt_printf(run->arena, "use %s", rule->words);
}

static void warn_secret(const struct gt_keys_run *run, const struct gt_key *key, const char *text,
                        const char *pointer)
{
    const struct gt_mark *mark = gt_marks_get(run->marks, pointer);
    bool literal = mark != NULL && mark->raw != NULL && !gt_template_is(mark->raw);
    if (!(key->flags & GT_KEY_SECRET) || !literal || *text == '\0')
        return;
    struct gt_diag *diag = gt_warning(run->diags, "literal-secret", "%s is written in the file",
                                      path_of(run->arena, pointer));
    diag->pos = mark->pos;
    diag->hint = "use ${env.NAME} or ${file.PATH}, so that who reads the file does not learn it";
}

static json_t *check_text(const struct gt_keys_run *run, const struct gt_key *key, const char *text,
                          const char *pointer)
{
    json_auto_t *as_value = json_string(text);
    bool refers = gt_has_refs(as_value);
    if (refers && (key->flags & GT_KEY_LITERAL) && run->referred != NULL && !gt_is_reported(text) &&
        !run->overlay) {
        struct gt_diag *diag =
            gt_error(run->diags, "reference-not-allowed", "%s cannot refer to %s",
                     path_of(run->arena, pointer), run->referred);
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
        struct gt_diag *diag =
            gt_error(run->diags, "unknown-value", "%s cannot be \"%s\"",
                     path_of(run->arena, pointer), shown(run, key, text, pointer));
        diag->pos = gt_marks_pos(run->marks, pointer);
        diag->hint = near != NULL ? gt_printf(run->arena, "did you mean \"%s\"?", near)
                                  : gt_printf(run->arena, "use one of %s", all);
        return json_string(GT_REPORTED);
    }
    if (!(key->takes & (GT_TAKES_MAP)))
        check_rule(run, key->rule, text, shown(run, key, text, pointer), pointer,
                   gt_marks_pos(run->marks, pointer));
    warn_secret(run, key, text, pointer);
    return json_string(text);
}

static bool in_range(const struct gt_key *key, const json_t *number)
{
    double value = json_number_value(number);
    if (key->min == 0 && key->max == 0)
        return true;
    if (json_is_integer(number))
        return json_integer_value(number) >= key->min &&
               (key->max == 0 || json_integer_value(number) <= key->max);
    return value >= (double)key->min && (key->max == 0 || value <= (double)key->max);
}

static json_t *check_number(const struct gt_keys_run *run, const struct gt_key *key,
                            const json_t *value, const char *pointer)
{
    if (in_range(key, value))
        return json_incref(gt_iterable(value));
    const char *as = shown(run, key, gt_json_canonical(run->arena, value), pointer);
    const char *range = key->max == 0
                            ? gt_printf(run->arena, "at least %" PRId64, key->min)
                            : gt_printf(run->arena, "%" PRId64 " to %" PRId64, key->min, key->max);
    struct gt_diag *diag = gt_error(run->diags, "out-of-range", "%s must be %s, not %s",
                                    path_of(run->arena, pointer), range, as);
    diag->pos = gt_marks_pos(run->marks, pointer);
    return json_string(GT_REPORTED);
}

static bool is_number_of(const struct gt_key *key, const json_t *value)
{
    return ((key->takes & (GT_TAKES_INTEGER | GT_TAKES_NUMBER)) && json_is_integer(value)) ||
           ((key->takes & GT_TAKES_NUMBER) && json_is_real(value));
}

static json_t *check_scalar(const struct gt_keys_run *run, const struct gt_key *key,
                            const json_t *value, const char *pointer)
{
    if ((key->takes & GT_TAKES_BOOLEAN) && json_is_boolean(value))
        return json_incref(gt_iterable(value));
    if (is_number_of(key, value))
        return check_number(run, key, value, pointer);
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
    if (text != NULL && (key->takes & (GT_TAKES_INTEGER | GT_TAKES_NUMBER))) {
        json_error_t ignored;
        json_auto_t *number = json_loads(text, JSON_DECODE_ANY, &ignored);
        if (is_number_of(key, number))
            return check_number(run, key, number, pointer);
    }
    return gt_is_reported(text) ? json_string(GT_REPORTED) : wrong_type(run, key, value, pointer);
}

static void unknown_key(const struct gt_keys_run *run, const char *near, const char *name,
                        const char *pointer)
{
    struct gt_diag *diag = gt_error(run->diags, "unknown-key", "unknown key \"%s\"", name);
    diag->pos = gt_marks_key_pos(run->marks, pointer);
    if (near != NULL)
        diag->hint = gt_printf(run->arena, "did you mean \"%s\"?", near);
}

static const char *nearest_key(const struct gt_keys_run *run, const struct gt_key *fields,
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

static void require_keys(const struct gt_keys_run *run, const struct gt_key *key, json_t *out,
                         const char *pointer)
{
    for (const struct gt_key *k = key->fields; k->name != NULL; k++) {
        if (!(k->flags & GT_KEY_REQUIRED) || json_object_get(out, k->name) != NULL || run->overlay)
            continue;
        const char *whose = *pointer != '\0' ? path_of(run->arena, pointer) : run->document;
        struct gt_diag *diag =
            gt_error(run->diags, "missing-key", "%s has no \"%s\"", whose, k->name);
        diag->pos = gt_marks_key_pos(run->marks, pointer);
        diag->hint = gt_printf(run->arena, "add %s: %s", k->name, k->summary);
        json_object_set_new(out, k->name, json_string(GT_REPORTED));
    }
}

static json_t *check_fields(const struct gt_keys_run *run, const struct gt_key *key,
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
            json_object_set_new(out, row->name, gt_keys_check(run, row, member, at));
    }
    require_keys(run, key, out, pointer);
    return out;
}

static json_t *check_map(const struct gt_keys_run *run, const struct gt_key *key,
                         const json_t *value, const char *pointer)
{
    json_t *out = json_object(), *member;
    const char *name;
    json_object_foreach(gt_iterable(value), name, member)
    {
        const char *at = gt_pointer_join(run->arena, pointer, name);
        check_rule(run, key->rule, name, name, at, gt_marks_key_pos(run->marks, at));
        bool object = key->element->takes & (GT_TAKES_FIELDS | GT_TAKES_MAP);
        json_auto_t *empty = json_object();
        if (!json_is_null(member))
            json_object_set_new(out, name, gt_keys_check(run, key->element, member, at));
        else if (object && !run->overlay)
            json_object_set_new(out, name, gt_keys_check(run, key->element, empty, at));
    }
    return out;
}

static json_t *check_list(const struct gt_keys_run *run, const struct gt_key *key,
                          const json_t *value, const char *pointer)
{
    json_t *out = json_array(), *item;
    size_t i;
    json_array_foreach(value, i, item) json_array_append_new(
        out, gt_keys_check(run, key->element, item, gt_pointer_index(run->arena, pointer, i)));
    return out;
}

json_t *gt_keys_check(const struct gt_keys_run *run, const struct gt_key *key, const json_t *value,
                      const char *pointer)
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
