#include "run.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum {
    MESSAGE_MAX = 400,
    POINTER_MAX = 1024,
    QUOTED_MAX = 80,   /* of a name or value in a message */
    OPTIONS_MAX = 200, /* of the values of an enum */
    CANDIDATES_MAX = 1000
};

/* Long ones lose their end. */
static const char *pointer_of(struct gt_run *run, const struct gt_spot *spot)
{
    const struct gt_spot *way[GT_CHECK_DEPTH_MAX + 1];
    size_t len = 0;
    for (; spot->parent != NULL && len < GT_COUNT(way); spot = spot->parent)
        way[len++] = spot;
    const char *pointer = "";
    while (len-- > 0 && strlen(pointer) <= POINTER_MAX) {
        const char *key = way[len]->key;
        pointer = key == NULL ? gt_pointer_index(run->arena, pointer, way[len]->index)
                              : gt_pointer_join(run->arena, pointer, key);
    }
    return gt_one_line(run->arena, pointer, POINTER_MAX);
}

static void tell(struct gt_run *run, struct gt_schema_problems *problems,
                 const struct gt_spot *spot, const char *message)
{
    if (problems == NULL || problems->len == GT_SCHEMA_PROBLEMS_MAX)
        return;
    problems->at[problems->len++] = (struct gt_schema_problem){
        pointer_of(run, spot), gt_one_line(run->arena, message, MESSAGE_MAX)};
}

/* Whether anybody reads a message; making one costs. */
static bool is_asked(const struct gt_run *run)
{
    return !run->given_up && run->problems != NULL && run->problems->len < GT_SCHEMA_PROBLEMS_MAX;
}

bool gt_check_fail(struct gt_run *run, const struct gt_spot *spot, const char *format, ...)
{
    if (!is_asked(run))
        return false;
    va_list args;
    va_start(args, format);
    tell(run, run->problems, spot, gt_vprintf(run->arena, format, args));
    va_end(args);
    return false;
}

bool gt_check_give_up(struct gt_run *run, const struct gt_spot *spot, const char *message)
{
    if (!run->given_up)
        tell(run, run->told, spot, message);
    run->given_up = true;
    return false;
}

const char *gt_check_quoted(struct gt_run *run, const char *text)
{
    if (!is_asked(run))
        return "";
    return gt_printf(run->arena, "\"%s\"", gt_one_line(run->arena, text, QUOTED_MAX));
}

static const char *shown(struct gt_run *run, const json_t *value)
{
    char number[GT_NUMBER_TEXT];
    if (json_is_string(value))
        return gt_check_quoted(run, json_string_value(value));
    if (json_is_number(value)) {
        gt_number_text(value, number);
        return gt_strdup(run->arena, number);
    }
    return gt_one_line(run->arena, gt_json_canonical(run->arena, value), QUOTED_MAX);
}

/* The name of the value's own type: the narrowest. */
static const struct gt_type_name *type_name(const json_t *value)
{
    unsigned bits = gt_type_of(value);
    const struct gt_type_name *type = gt_type_names;
    while ((type->bit & bits) == 0)
        type++;
    return type;
}

bool gt_fail_type(struct gt_run *run, const struct gt_rules *rules, const struct gt_spot *spot)
{
    if (!is_asked(run))
        return false;
    const char *wanted = "";
    for (const struct gt_type_name *type = gt_type_names; type->name != NULL; type++)
        if ((rules->types & type->bit) != 0)
            wanted = gt_printf(run->arena, "%s%s%s%s", wanted, *wanted == '\0' ? "" : " or ",
                               type->article, type->name);
    const struct gt_type_name *is = type_name(spot->value);
    return gt_check_fail(run, spot, "must be %s, not %s%s", wanted, is->article, is->name);
}

bool gt_fail_constant(struct gt_run *run, const json_t *constant, const struct gt_spot *spot)
{
    return is_asked(run) && gt_check_fail(run, spot, "must be %s", shown(run, constant));
}

/* The word that was probably meant, as the end of a message. */
static const char *did_you_mean(struct gt_run *run, const char *word, const char *const *candidates)
{
    const char *nearest = gt_nearest(word, candidates);
    return nearest == NULL
               ? ""
               : gt_printf(run->arena, "; did you mean %s?", gt_check_quoted(run, nearest));
}

bool gt_fail_options(struct gt_run *run, const json_t *options, const struct gt_spot *spot)
{
    if (!is_asked(run))
        return false;
    size_t len = json_array_size(options), told = 0, words = 0;
    const char *list = "", *word = json_string_value(spot->value);
    for (; told < len && strlen(list) < OPTIONS_MAX; told++)
        list = gt_printf(run->arena, "%s%s%s", list, told == 0 ? "" : ", ",
                         shown(run, json_array_get(options, told)));
    if (told < len)
        list = gt_printf(run->arena, "%s and %zu more", list, len - told);
    len = len > CANDIDATES_MAX ? CANDIDATES_MAX : len;
    const char **candidates = gt_calloc(run->arena, len + 1, sizeof(char *));
    for (size_t i = 0; i < len; i++)
        if (json_is_string(json_array_get(options, i)))
            candidates[words++] = json_string_value(json_array_get(options, i));
    return gt_check_fail(run, spot, "is not one of %s%s", list,
                         word == NULL ? "" : did_you_mean(run, word, candidates));
}

bool gt_fail_number(struct gt_run *run, const struct gt_spot *spot, const char *what,
                    const json_t *number)
{
    return is_asked(run) && gt_check_fail(run, spot, "%s %s", what, shown(run, number));
}

bool gt_fail_unknown(struct gt_run *run, const struct gt_object_rules *object,
                     const struct gt_spot *spot, const char *name)
{
    if (!is_asked(run))
        return false;
    size_t len = object == NULL ? 0 : object->members_len, names = 0;
    len = len > CANDIDATES_MAX ? CANDIDATES_MAX : len;
    const char **candidates = gt_calloc(run->arena, len + 1, sizeof(char *));
    for (size_t i = 0; i < len; i++)
        if (json_object_get(spot->value, object->members[i].name) == NULL)
            candidates[names++] = object->members[i].name;
    return gt_check_fail(run, spot, "unknown property %s%s", gt_check_quoted(run, name),
                         did_you_mean(run, name, candidates));
}

bool gt_check_length(struct gt_run *run, const struct gt_range *range, const struct gt_spot *spot,
                     size_t length, const char *const unit[2])
{
    if (length >= range->min && length <= range->max)
        return true;
    bool few = length < range->min;
    size_t limit = few ? range->min : range->max;
    return gt_check_fail(run, spot, "must have at %s %zu %s, has %zu", few ? "least" : "most",
                         limit, unit[limit != 1], length);
}
